"""Stories of whole farms: nothing lost, nothing done twice among those who see each other, little time wasted."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.sync.farm.simulation import Cut, Farm, Story

SPEEDS = tuple(1.0 / one for one in (1, 2, 3, 4, 5, 6, 7, 8))


@given(
    st.lists(st.floats(0.125, 1.0), min_size=1, max_size=8),
    st.integers(1, 60),
    st.sampled_from([0.001, 0.02, 0.2]),
    st.integers(0, 2**32),
)
@settings(max_examples=20, deadline=None)
def test_connected_workers_do_each_job_once(speeds: list[float], jobs: int, delay: float, seed: int) -> None:
    count = Farm(Story(speeds=tuple(speeds), jobs=jobs, delay=delay, seed=seed)).run()
    assert (count.finished, count.overlapping, count.duplicated) == (jobs, 0, 0.0)


@given(st.lists(st.tuples(st.floats(1, 200), st.integers(0, 4)), max_size=12), st.integers(0, 2**32))
@settings(max_examples=20, deadline=None)
def test_kills_lose_nothing(kills: list[tuple[float, int]], seed: int) -> None:
    story = Story(speeds=SPEEDS[:5], jobs=60, kills=tuple(kills), again=20.0, seed=seed)
    count = Farm(story).run()
    assert (count.finished, count.overlapping) == (60, 0)


def test_the_whole_is_done_about_as_fast_as_it_can_be() -> None:
    count = Farm(Story(speeds=SPEEDS, jobs=400)).run()
    assert count.makespan / count.bound < 1.05
    assert count.claims / 400 < 1.05


def test_the_halves_of_a_cut_hardly_work_twice() -> None:
    slower = tuple(8 * one for one in SPEEDS)
    story = Story(speeds=slower, jobs=300, cuts=(Cut(20.0, 620.0, frozenset({0, 2, 4, 6})),))
    count = Farm(story).run()
    assert count.finished == 300
    assert count.duplicated / count.spent < 0.01


def test_a_dead_workers_job_goes_on_elsewhere_soon() -> None:
    slower = tuple(8 * one for one in SPEEDS)
    count = Farm(Story(speeds=slower, jobs=100, kills=((30.0, 7),))).run()
    assert count.finished == 100
    assert count.orphaned
    assert max(count.orphaned) < 60.0


def test_a_straggler_is_helped() -> None:
    count = Farm(Story(speeds=(1.0, 1.0, 1.0), stalls=(1.0, 1.0, 50.0), jobs=9)).run()
    assert count.finished == 9
    assert (count.hedged, count.superseded, count.overlapping) == (1, 1, 0)
    assert count.makespan < 200.0
