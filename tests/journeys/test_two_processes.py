"""Several processes in one film, and processes that are killed: nothing acknowledged is lost, nothing is done twice."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.app.commandline import Film, run
from tests.journeys.processes import Call, Processes, processes

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs processes that fork")


@pytest.fixture(scope="module")
def called() -> Iterator[Processes]:
    """Processes of the program."""
    with processes() as found:
        yield found


def of(film: Film, *words: str, die_at: int | None = None) -> Call:
    """A call on a film."""
    return Call([*words, "--json", "--project", str(film.folder)], die_at)


def whole(film: Film) -> None:
    """Every later command works, and nothing is wrong but what waits to be put right by a command."""
    for words in (("status",), ("asset", "list"), ("jobs",), ("take", "list"), ("storage", "report")):
        film(*words)
    run("verify", "--repair", "--project", str(film.folder))
    assert film("verify")["faults"] == []


def test_two_processes_that_edit_one_asset_make_a_version_each(film: Film, called: Processes) -> None:
    film("asset", "add", "prop", "LAMP", "seed=1")
    ended = called.together([of(film, "asset", "set", "LAMP", f"prompt=lamp {n}") for n in range(8)])
    assert [one.status for one in ended] == [0] * 8, [one.err for one in ended]
    said = sorted(one.value["message"].split()[1] for one in ended)
    assert said == [f"v{number:02d}" for number in range(2, 10)], "each names the version it saved"
    numbers = [one["number"] for one in film("asset", "history", "LAMP")["versions"]]
    assert sorted(numbers) == list(range(1, 10))
    assert not film("asset", "show", "LAMP")["forked"]
    prompts = {one["recipe_key"] for one in film("asset", "history", "LAMP")["versions"]}
    assert len(prompts) == 9
    whole(film)


def test_only_one_of_many_gets_a_name_or_an_expected_version(film: Film, called: Processes) -> None:
    ended = called.together([of(film, "asset", "add", "prop", "LAMP", f"seed={n}") for n in range(6)])
    assert sorted(one.status for one in ended) == [0, 2, 2, 2, 2, 2]
    assert len(film("asset", "list")["assets"]) == 1
    calls = [of(film, "asset", "set", "LAMP", f"prompt={n}", "--expect-version", "1") for n in range(5)]
    assert sorted(one.status for one in called.together(calls)) == [0, 4, 4, 4, 4]
    assert film("asset", "show", "LAMP")["version"] == 2


def test_several_workers_render_nothing_twice(film: Film, called: Processes) -> None:
    for n in range(5):
        film("asset", "add", "prop", f"P{n}", f"seed={n}")
    ended = called.together([of(film, "render", "--all", "--wait") for _ in range(3)])
    assert [one.status for one in ended] == [0, 0, 0], [one.err for one in ended]
    takes = film("take", "list")["takes"]
    assert sorted(one["asset_name"] for one in takes) == [f"P{n}" for n in range(5)]
    assert len({one["file"] for one in takes}) == 5
    jobs = film("jobs", "--all")["jobs"]
    assert [one["state"] for one in jobs] == ["finished"] * 5
    assert all(not one["attempts"] for one in jobs)
    for one in ended:
        assert all(job["take"] for job in one.value["jobs"])
    whole(film)


def test_editing_and_rendering_at_once(film: Film, called: Processes) -> None:
    film("asset", "add", "prop", "LAMP", "seed=1")
    film("asset", "add", "shot", "SH", "--input", "LAMP:prop", "seed=1")
    calls = [of(film, "render", "--all", "--wait") for _ in range(2)]
    calls += [of(film, "asset", "set", "LAMP", f"prompt={n}") for n in range(3)]
    calls += [
        of(film, "asset", "list"),
        of(film, "verify"),
        of(film, "storage", "report"),
        of(film, "status"),
    ]
    ended = called.together(calls)
    for one in ended:
        assert one.status in (0, 1), one.err
        assert '"unexpected"' not in one.out, one.out
    assert film("asset", "show", "LAMP")["version"] == 4
    takes = film("take", "list")["takes"]
    keys = [(one["asset"], one["recipe_key"]) for one in takes]
    assert len(keys) == len(set(keys)), "one take a recipe"
    whole(film)


def test_two_first_commands_of_a_new_machine_share_one_identity(tmp_path: Path, called: Processes) -> None:
    ended = called.together([Call(["init", str(tmp_path / f"film{n}"), "--json"]) for n in range(4)])
    assert [one.status for one in ended] == [0] * 4, [one.err for one in ended]
    same = called.together([Call(["init", str(tmp_path / "one"), "--json"]) for _ in range(4)])
    assert sorted(one.status for one in same) == [0, 4, 4, 4], [one.err for one in same]
    Film(tmp_path / "one")("asset", "add", "prop", "A", "seed=1")
    assert Film(tmp_path / "one")("verify")["faults"] == []


@pytest.mark.parametrize(
    "words",
    [
        ("asset", "add", "prop", "KILLED", "seed=5"),
        ("asset", "set", "LAMP", "prompt=killed"),
        ("render", "LAMP", "--wait"),
        ("storage", "drop", "DONE", "--prove"),
    ],
    ids=lambda words: " ".join(words),
)
def test_a_command_killed_at_any_point_costs_nothing_that_was_done(
    film: Film, called: Processes, words: tuple[str, ...]
) -> None:
    film("asset", "add", "prop", "LAMP", "seed=1")
    film("asset", "add", "prop", "DONE", "seed=2")
    assert called.together([of(film, "render", "DONE", "--wait")])[0].status == 0
    at, died = 3, 0
    while True:
        [ended] = called.together([of(film, *words, die_at=at)])
        if ended.status != -9:
            break
        died += 1
        at = at + 2 + at // 2
        [status] = called.together([of(film, "status")])
        assert status.status == 0, status.err
        assert status.value["versions"] >= 2
    assert died >= 5
    assert ended.status in (0, 2), ended.out
    assert {"LAMP", "DONE"} <= {one["name"] for one in film("asset", "list")["assets"]}
    [back] = called.together([of(film, "storage", "fetch", "--all")])
    assert back.status == 0, back.out
    [again] = called.together([of(film, "render", "--all", "--wait")])
    assert again.status == 0, again.out
    assert all(one["take"] for one in again.value["jobs"])
    names = [one["asset_name"] for one in film("take", "list")["takes"]]
    assert names.count("DONE") == 1
    whole(film)


def test_the_first_command_of_a_film_killed_at_any_point(tmp_path: Path, called: Processes) -> None:
    at = 3
    while True:
        ended = called("init", str(tmp_path / "film"), "--json", die_at=at)
        if (tmp_path / "film" / ".restrike").is_dir():
            [status] = called.together([of(Film(tmp_path / "film"), "status")])
            assert status.status == 0 or status.value["error"]["code"] == "not_found", status.out
        if ended.status != -9:
            break
        at = at + 2 + at // 2
    assert ended.status in (0, 4), ended.out
    film = Film(tmp_path / "film")
    film("asset", "add", "prop", "A", "seed=1")
    assert film("verify")["faults"] == []
