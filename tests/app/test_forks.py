"""What was made apart, as front ends show it, and what becomes of it when somebody goes on."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from app import settings
from sync.project import Edit, Project, asset_document
from sync.records import AssetId, FactId, MemberId, Removed, Renamed, Time, VersionId
from tests.app.commandline import Film


@pytest.fixture
def bay(film: Film) -> Film:
    """BAY at v02, and another v02 beside it: one changed the prompt, the other the steps."""
    film("asset", "add", "environment", "BAY", "prompt=red", "seed=1")
    film("asset", "set", "BAY", "prompt=green")
    beside(film, "BAY", steps=9)
    return film


def commit(film: Film, build: Any) -> None:
    async def done() -> None:
        async with Project.open(film.folder, home=settings.home()) as project:
            project.commit(build)

    asyncio.run(done())


def beside(film: Film, name: str, **other: Any) -> None:
    """A version that another device saved on top of v01 without knowing of what came after."""
    asset = AssetId(film("asset", "show", name)["id"])

    def build(edit: Edit) -> None:
        first = min(edit.asset(asset).versions, key=lambda one: one.number)
        parameters = {**first.parameters, **other, "chosen": sorted({*first.parameters["chosen"], *other})}
        fresh = replace(
            first, id=VersionId(edit.new_id()), number=2, parents=(first.id,), parameters=parameters
        )
        edit.add(asset_document(asset), fresh)

    commit(film, build)


def test_a_merge_is_shown_and_an_edit_goes_on_from_it(bay: Film) -> None:
    shown = bay("asset", "show", "BAY")
    assert (shown["version"], shown["forked"], shown["fork"]) == (3, False, None)
    assert len(shown["merged"]) == 2
    assert "not saved yet" in bay.text("asset", "history", "BAY")
    assert bay.error("asset", "set", "BAY", "salt=x", "--expect-version", "2", status=4)
    value = bay("asset", "set", "BAY", "salt=x", "--expect-version", "3")
    assert value["version"] == 4
    said = value["parameters"]
    assert (said["prompt"], said["steps"], said["salt"]) == ("green", 9, "x")
    versions = bay("asset", "history", "BAY")["versions"]
    assert [one["number"] for one in versions] == [1, 2, 2, 3, 4]
    assert all(one["saved"] for one in versions)
    assert versions[3]["id"] == shown["version_id"]
    assert set(versions[3]["parents"]) == {versions[1]["id"], versions[2]["id"]}
    assert versions[4]["parents"] == [shown["version_id"]]


def test_rendering_a_merge_saves_it_and_nothing_else(bay: Film) -> None:
    shown = bay("asset", "show", "BAY")
    [job] = bay("render", "BAY")["jobs"]
    assert (job["version_id"], job["version_label"]) == (shown["version_id"], "v03")
    after = bay("asset", "show", "BAY")
    assert (after["version_id"], after["recipe_key"]) == (shown["version_id"], shown["recipe_key"])
    assert after["merged"] == []
    assert bay("render", "BAY")["jobs"][0]["deduplicated"]
    assert not bay("verify")["faults"]


def test_lists_show_the_merge(bay: Film) -> None:
    [row] = bay("asset", "list", "--where", "steps = 9 and prompt = green and not forked")["assets"]
    assert (row["version"], row["parameters"]["steps"]) == (3, 9)
    assert row["recipe_key"] == bay("asset", "show", "BAY")["recipe_key"]
    assert not bay("verify")["faults"]


def test_a_fork_says_who_and_what_and_an_edit_leaves_it_open(bay: Film) -> None:
    beside(bay, "BAY", prompt="blue")
    fork = bay("asset", "show", "BAY")["fork"]
    assert fork["conflicts"] == ["prompt"]
    assert all(one["author_name"] for one in fork["tips"])
    assert bay("asset", "set", "BAY", "salt=x")["forked"]
    [fork] = bay("asset", "forks")["forks"]
    assert {one["parameters"]["prompt"] for one in fork["tips"]} == {"green", "blue"}
    other = next(one["label"] for one in fork["tips"] if one["parameters"]["prompt"] == "blue")
    value = bay(
        "asset", "resolve", "BAY", "--take-from", fork["tips"][0]["label"], "--field", f"prompt={other}"
    )
    said = value["parameters"]
    assert (said["prompt"], said["steps"], said["salt"]) == ("blue", 9, "x")
    assert not value["forked"]


def test_inputs_are_named(bay: Film) -> None:
    bay("asset", "add", "style", "INK", "prompt=ink")
    bay("asset", "set", "BAY", "--input", "INK:style")
    changed = bay("asset", "diff", "BAY", "v03", "v04")["changed"]
    assert changed == [{"field": "input:INK", "from": None, "to": "style"}]


def test_names_given_apart_are_a_fork_that_a_new_name_settles(bay: Film) -> None:
    asset = AssetId(bay("asset", "show", "BAY")["id"])
    bay("asset", "rename", "BAY", "COAST")

    def build(edit: Edit) -> None:
        name = Renamed(
            id=FactId(edit.new_id()),
            name="SHORE",
            author=MemberId("m"),
            time=Time("2020-01-01T00:00:00.000Z"),
        )
        edit.add(asset_document(asset), name)

    commit(bay, build)
    fork = bay("asset", "show", "COAST")["fork"]
    assert fork["conflicts"] == ["name"]
    assert fork["changed"][0] == {"field": "name", "from": "COAST", "to": "SHORE"}
    assert "asset rename COAST" in bay.text("asset", "forks")
    assert not bay("asset", "rename", "COAST", "COAST")["forked"]


def test_an_edit_of_something_removed_elsewhere_is_shown_and_comes_back_with_it(film: Film) -> None:
    asset = AssetId(film("asset", "add", "environment", "BAY", "prompt=red", "seed=1")["id"])
    first = film("asset", "history", "BAY")["versions"][0]["id"]
    film("asset", "set", "BAY", "prompt=green")

    def build(edit: Edit) -> None:
        fact = Removed(
            id=FactId(edit.new_id()), gone=True, author=edit.member, time=edit.now, seen=(VersionId(first),)
        )
        edit.add(asset_document(asset), fact)

    commit(film, build)
    shown = film("asset", "show", "BAY")
    assert shown["removed"]
    assert shown["unseen"] == ["v02"]
    assert "Edited since" in film.text("asset", "show", "BAY")
    film("asset", "remove", "BAY", "--undo")
    back = film("asset", "show", "BAY")
    assert (back["removed"], back["unseen"], back["parameters"]["prompt"]) == (False, [], "green")
