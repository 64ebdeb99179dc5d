"""Versions from the command line: history, differences, going back, forks."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from app import settings
from sync.project import Edit, Project, asset_document
from sync.records import AssetId, VersionId
from tests.app.commandline import Film


@pytest.fixture
def mara(film: Film) -> Film:
    """A film with MARA at v03."""
    film("asset", "add", "character", "MARA", "prompt=red", "seed=1")
    film("asset", "set", "MARA", "prompt=green", "--note", "greener")
    film("asset", "set", "MARA", "steps=9", "tier=high")
    return film


def fork(film: Film, name: str, **other: Any) -> None:
    """A version beside the current one, as another device would have saved it: same number, same parents."""
    asset = AssetId(film("asset", "show", name)["id"])

    def build(edit: Edit) -> None:
        newest = max(edit.asset(asset).versions, key=lambda one: one.number)
        parameters = {**newest.parameters, **other, "chosen": sorted({*newest.parameters["chosen"], *other})}
        edit.add(asset_document(asset), replace(newest, id=VersionId(edit.new_id()), parameters=parameters))

    async def commit() -> None:
        async with Project.open(film.folder, home=settings.home()) as project:
            project.commit(build)

    asyncio.run(commit())


def test_history_holds_the_contract_keys(mara: Film) -> None:
    found = mara("asset", "history", "MARA")["versions"]
    assert [one["label"] for one in found] == ["v01", "v02", "v03"]
    assert set(["id", "number", "label", "parents", "author", "time", "note", "tier", "recipe_key"]) <= set(
        found[0]
    )
    assert found[1]["parents"] == [found[0]["id"]]
    assert found[1]["note"] == "greener"
    assert "greener" in mara.text("asset", "history", "MARA")


def test_diff_in_both_spellings(mara: Film) -> None:
    changed = mara("asset", "diff", "MARA", "v01", "3")["changed"]
    assert {"field": "prompt", "from": "red", "to": "green"} in changed
    assert {"field": "tier", "from": "standard", "to": "high"} in changed
    assert "steps" in {one["field"] for one in changed}
    assert mara("asset", "diff", "MARA", "v02", "v02")["changed"] == []
    error = mara.error("asset", "diff", "MARA", "v01", "v04", status=3)
    assert "v01, v02, v03" in error["hint"]


def test_diff_names_inputs(mara: Film) -> None:
    mara("asset", "add", "style", "INK", "prompt=ink")
    mara("asset", "set", "MARA", "--input", "INK")
    changed = mara("asset", "diff", "MARA", "3", "4")["changed"]
    assert changed == [{"field": "input:INK", "from": None, "to": "style"}]


def test_restore_saves_a_new_version_of_the_old_fields(mara: Film) -> None:
    first = mara("asset", "history", "MARA")["versions"][0]
    value = mara("asset", "restore", "MARA", "v01")
    assert value["version"] == 4
    assert value["recipe_key"] == first["recipe_key"]
    assert value["note"] == "restored from v01"
    assert value["tier"] == "standard"
    assert "same" in mara("asset", "restore", "MARA", "v04")["message"]
    assert mara.error("asset", "restore", "MARA", "v09", status=3)
    assert mara.error("asset", "restore", "MARA", "v01", "--expect-version", "3", status=4)


def test_a_fork_is_shown_and_settled_from_one_tip(mara: Film) -> None:
    mara("asset", "set", "MARA", "prompt=yellow")
    fork(mara, "MARA", prompt="blue")
    [one] = mara("asset", "forks")["forks"]
    assert one["name"] == "MARA"
    labels = sorted(tip["label"] for tip in one["tips"])
    assert labels[0] == "v04"
    assert labels[1].startswith("v04-")
    assert [each["field"] for each in one["changed"]] == ["prompt"]
    assert mara("asset", "show", "MARA")["forked"] is True
    assert "v04" in mara.text("asset", "forks")
    prompts = {label: _prompt(mara, label) for label in labels}
    value = mara("asset", "resolve", "MARA", "--take-from", labels[1])
    assert value["forked"] is False
    assert value["version"] == 5
    assert value["parameters"]["prompt"] == prompts[labels[1]]
    assert len(mara("asset", "history", "MARA")["versions"][-1]["parents"]) == 2
    assert mara("asset", "forks")["forks"] == []
    assert mara.error("asset", "resolve", "MARA", status=2)["code"] == "wrong_use"


def _prompt(film: Film, label: str) -> str:
    [found] = [one for one in film("asset", "history", "MARA")["versions"] if one["label"] == label]
    return str(found["parameters"]["prompt"])


def test_changes_of_different_fields_join_by_themselves(mara: Film) -> None:
    asset = AssetId(mara("asset", "show", "MARA")["id"])

    def build(edit: Edit) -> None:
        by_number = {one.number: one for one in edit.asset(asset).versions}
        parameters = {
            **by_number[2].parameters,
            "guidance": 3,
            "chosen": ["guidance", "model", "prompt", "seed"],
        }
        beside = replace(
            by_number[3], id=VersionId(edit.new_id()), parameters=parameters, tier=by_number[2].tier
        )
        edit.add(asset_document(asset), beside)

    async def commit() -> None:
        async with Project.open(mara.folder, home=settings.home()) as project:
            project.commit(build)

    asyncio.run(commit())
    shown = mara("asset", "show", "MARA")
    assert not shown["forked"]
    assert (shown["version"], len(shown["merged"]), shown["fork"]) == (4, 2, None)
    assert (shown["parameters"]["guidance"], shown["parameters"]["steps"]) == (3, 9)
    assert [one["saved"] for one in mara("asset", "history", "MARA")["versions"]] == [True] * 4 + [False]
    assert {one["field"] for one in mara("asset", "diff", "MARA", "v02", "v04")["changed"]}
    assert mara("asset", "forks")["forks"] == []
    value = mara("asset", "resolve", "MARA")
    assert value["parameters"]["guidance"] == 3
    assert value["parameters"]["steps"] == 9
    assert value["tier"] == "high"


def test_the_same_field_changed_twice_waits_for_a_person(mara: Film) -> None:
    mara("asset", "set", "MARA", "prompt=yellow")
    asset = AssetId(mara("asset", "show", "MARA")["id"])

    def build(edit: Edit) -> None:
        by_number = {one.number: one for one in edit.asset(asset).versions}
        parameters = {**by_number[4].parameters, "prompt": "purple", "steps": 11}
        edit.add(
            asset_document(asset), replace(by_number[4], id=VersionId(edit.new_id()), parameters=parameters)
        )

    async def commit() -> None:
        async with Project.open(mara.folder, home=settings.home()) as project:
            project.commit(build)

    asyncio.run(commit())
    error = mara.error("asset", "resolve", "MARA", status=2)
    assert "prompt" in error["message"]
    assert "--take-from" in error["hint"]
    [one] = mara("asset", "forks")["forks"]
    yellow, purple = (
        next(tip["label"] for tip in one["tips"] if tip["parameters"]["prompt"] == word)
        for word in ("yellow", "purple")
    )
    assert mara.error("asset", "resolve", "MARA", "--take-from", yellow, "--field", "nope=v03", status=2)
    value = mara(
        "asset", "resolve", "MARA", "--take-from", yellow, "--field", f"steps={purple}", "--field", "tier=v01"
    )
    assert value["parameters"]["prompt"] == "yellow"
    assert value["parameters"]["steps"] == 11
    assert value["tier"] == "standard"
