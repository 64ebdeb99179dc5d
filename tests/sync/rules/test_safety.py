"""What may be deleted: each rule by an example, and what must hold for every film."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.recipe import FileDigest, ModelDigest, RecipeKey
from sync.records import Grade, TakeId, Tier
from sync.rules.closure import Ground, Holding, Picture, comes_back, identical, pooled
from sync.rules.safety import may_drop
from tests.sync.rules.test_closure import GROUND, MODEL, ids, picture

TEAM = Ground(members=3, models={MODEL: Holding(name="starter-v1", members=2)})


def reasons(one: Picture, *others: Picture, ground: Ground = GROUND) -> str:
    return "; ".join(may_drop([one.take], [one, *others], ground)[one.take])


def team(tier: Tier, **fields: Any) -> Picture:
    return picture("a", tier=tier, **{"grade": Grade.UNPROVED, "fresh": False, **fields})


def test_a_proved_picture_goes() -> None:
    assert reasons(picture("a")) == ""


@pytest.mark.parametrize(
    ("one", "words"),
    [
        (picture("a", pinned=True), "it is pinned (unpin it first)"),
        (picture("a", locked=True), "approved and locked"),
        (picture("a", claimed=True), "a job that needs it"),
        (picture("a", review=True), "review"),
        (picture("a", imported=True, grade=Grade.UNPROVED), "came from outside"),
        (picture("a", complete=False), "does not name everything"),
        (picture("a", models=()), "names no model"),
        (picture("a", models=(ModelDigest("gone"),)), "its model gone… is not verified on this machine"),
        (picture("a", grade=Grade.UNPROVED), "`restrike take prove a`"),
        (picture("a", grade=Grade.R1), "proved equal, not identical"),
        (picture("a", fresh=False), "not fresh"),
        (picture("a", "lost"), "what it was made from"),
    ],
)
def test_alone_only_what_is_proved_identical_and_free_goes(one: Picture, words: str) -> None:
    assert words in reasons(one)


@pytest.mark.parametrize(
    ("one", "safe"),
    [
        (team(Tier.LOW), True),
        (team(Tier.STANDARD), False),
        (team(Tier.STANDARD, grade=Grade.R0), False),
        (team(Tier.STANDARD, elsewhere=Grade.R1), True),
        (team(Tier.STANDARD, elsewhere=Grade.R2), False),
        (team(Tier.STANDARD, latents=2), True),
        (team(Tier.HIGH, latents=2), False),
        (team(Tier.HIGH, grade=Grade.R0), True),
        (team(Tier.HIGH, grade=Grade.R1), False),
        (team(Tier.HIGH, grade=Grade.R1, latents=1), True),
        (team(Tier.HIGH, grade=Grade.R1, latents=1, against=1), False),
        (team(Tier.HIGH, grade=Grade.R0, against=1), True),
    ],
)
def test_in_a_team_the_tier_decides(one: Picture, safe: bool) -> None:
    assert (reasons(one, ground=TEAM) == "") is safe
    few = replace(TEAM, models={MODEL: Holding(name="starter-v1", members=1)})
    assert "held by too few" in reasons(one, ground=few)


def test_any_doubt_stops_everything() -> None:
    assert "the clock is in doubt (wait" in reasons(
        picture("a"), ground=replace(GROUND, doubts=("the clock is in doubt",))
    )
    assert "votes" in reasons(picture("a"), ground=replace(GROUND, agreed=False))


def test_what_others_were_made_from_goes_only_when_identical() -> None:
    source = team(Tier.LOW)
    user = picture("shot", "a", present=False)
    assert reasons(source, ground=TEAM) == ""
    assert "shot was made from it" in reasons(source, user, ground=TEAM)
    assert reasons(replace(source, grade=Grade.R0), user, ground=TEAM) == ""


def test_a_picture_with_its_only_source_is_refused_and_without_it_goes() -> None:
    source, shot = team(Tier.LOW), picture("shot", "a", tier=Tier.LOW)
    both = may_drop([source.take, shot.take], [source, shot], TEAM)
    assert both[source.take]
    assert both[shot.take] == []  # for its source stays


def test_a_whole_chain_goes_when_each_link_is_identical() -> None:
    chain = [picture("ink"), picture("ana", "ink"), picture("shot", "ana")]
    found = may_drop([one.take for one in chain], chain, GROUND)
    assert found == {TakeId("ink"): [], TakeId("ana"): [], TakeId("shot"): []}


def test_bytes_go_together_or_not_at_all() -> None:
    a, b = picture("a", sha256=FileDigest("x")), picture("b", sha256=FileDigest("x"), locked=True)
    found = may_drop([a.take], [a, b], GROUND)
    assert found[a.take] == ["b has the same bytes: it is approved and locked (unlock it first)"]
    assert found[b.take]
    assert may_drop([a.take], [a, replace(b, locked=False)], GROUND) == {a.take: [], b.take: []}


def test_an_unknown_take_is_refused() -> None:
    assert "nothing is known" in may_drop([TakeId("lost")], [], GROUND)[TakeId("lost")][0]


# --- for every film -----------------------------------------------------------------------------------------------

NAMES = "abcdef"
OTHER = ModelDigest("other")
_bytes = st.sampled_from([FileDigest(one) for one in NAMES])


def mostly(usual: Any, *unusual: Any) -> st.SearchStrategy[Any]:
    """`usual` six times in seven, so that some of a film may go and the rules have something to get wrong."""
    return st.integers(0, 6).flatmap(lambda n: st.sampled_from(unusual) if n == 6 else st.just(usual))


@st.composite
def pictures(draw: st.DrawFn) -> Picture:
    """A picture that may go as a rule, made from others as a rule before it; now and then anything else."""
    name = draw(st.sampled_from(NAMES))
    before = [one for one in NAMES if one < name]
    consumed = draw(st.lists(st.sampled_from(before), max_size=2)) if before else []
    if draw(mostly(False, True)):
        consumed = draw(st.lists(_bytes, max_size=2))
    return picture(
        name,
        *consumed,
        tier=draw(st.sampled_from(Tier)),
        recipe_key=draw(mostly(RecipeKey(name), RecipeKey("shared"))),
        sha256=draw(mostly(FileDigest(name), *map(FileDigest, NAMES))),
        grade=draw(mostly(Grade.R0, *Grade)),
        elsewhere=draw(mostly(Grade.R1, *Grade)),
        fresh=draw(mostly(True, False)),
        imported=draw(mostly(False, True)),
        present=draw(mostly(True, False)),
        models=draw(mostly((MODEL,), (MODEL, OTHER), ())),
        latents=draw(st.integers(0, 2)),
        against=draw(st.integers(0, 1)),
        locked=draw(mostly(False, True)),
    )


films = st.lists(pictures(), max_size=8)
holdings = st.builds(Holding, name=st.just("m"), members=mostly(2, 0, 1), here=mostly(True, False))
grounds = st.builds(
    Ground,
    members=st.integers(1, 3),
    models=st.fixed_dictionaries({MODEL: holdings}, optional={OTHER: holdings}),
)
batches = st.sets(st.sampled_from([TakeId(one) for one in NAMES]), min_size=2)


def allowed(batch: set[TakeId], film: list[Picture], ground: Ground) -> set[TakeId]:
    return {take for take, why in may_drop(batch, film, ground).items() if not why}


@given(films, batches, grounds)
def test_all_that_goes_comes_back_and_so_does_what_did_before(
    film: list[Picture], batch: set[TakeId], ground: Ground
) -> None:
    gone = allowed(batch, film, ground)
    after = comes_back(film, gone, ground)
    assert gone <= after
    assert comes_back(film, set(), ground) <= after


@given(films, batches, batches, grounds)
def test_a_larger_batch_allows_nothing_that_a_smaller_one_refuses(
    film: list[Picture], batch: set[TakeId], more: set[TakeId], ground: Ground
) -> None:
    small, large = may_drop(batch, film, ground), may_drop(batch | more, film, ground)
    assert all(large[take] for take, why in small.items() if why)


@given(films, batches, grounds, st.data())
def test_less_ground_allows_nothing_new(
    film: list[Picture], batch: set[TakeId], ground: Ground, data: st.DataObject
) -> None:
    kept = data.draw(st.sets(st.sampled_from(sorted(ground.models)))) if ground.models else set()
    less = replace(ground, models={model: ground.models[model] for model in kept})
    assert allowed(batch, film, less) <= allowed(batch, film, ground)
    assert allowed(batch, film, replace(ground, doubts=("a doubt",))) == set()


@given(films, batches, grounds, st.data())
def test_the_answer_is_the_same_for_every_order(
    film: list[Picture], batch: set[TakeId], ground: Ground, data: st.DataObject
) -> None:
    again = data.draw(st.permutations(film + film[:2]))
    assert may_drop(batch, film, ground) == may_drop(sorted(batch), again, ground)


@given(films, batches, batches, grounds)
def test_two_cleanups_one_after_the_other_leave_everything_recoverable(
    film: list[Picture], first: set[TakeId], second: set[TakeId], ground: Ground
) -> None:
    gone = allowed(first, film, ground)
    left = [replace(one, present=one.present and one.take not in gone) for one in film]
    both = gone | allowed(second, left, ground)
    assert both <= comes_back(left, both, ground)


@given(films, batches, grounds)
def test_what_others_were_made_from_goes_only_when_it_is_identical(
    film: list[Picture], batch: set[TakeId], ground: Ground
) -> None:
    known = pooled(film)
    for take in allowed(batch, film, ground):
        users = [one for one in known.values() if known[take].sha256 in one.consumed and one.take != take]
        assert not users or identical(known[take], ground)


def test_reasons_say_what_to_do() -> None:
    one = picture("a", pinned=True, claimed=True, grade=Grade.R2, models=(), complete=False)
    found = may_drop(ids("a"), [one], GROUND)[one.take]
    assert len(found) == 5
    assert all(sentence.endswith(")") and "(" in sentence for sentence in found)
