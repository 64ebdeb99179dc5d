"""The regenerative state: pages, what changed since, saving on a number, and who comes too late."""

from __future__ import annotations

from pathlib import Path

import pytest

from app import regenerative
from app.commands.assets import asset_remove
from app.commands.histories import asset_history
from app.regenerative import Outdated, Save, Selection
from engine.faults import BadField, NotFound
from sync.records import Kind, Tier
from tests.app.studios import add, change, film


async def test_pages_hold_every_asset_once_under_one_version(tmp_path: Path) -> None:
    async with film(tmp_path / "film") as studio:
        for number in range(7):
            await add(studio, "prop", f"P{number}", f"seed={number}")
        pages, at = [], 0
        while True:
            page = regenerative.state(studio, Selection(), limit=3, offset=at)
            pages.append(page)
            if page["next"] is None:
                break
            at = page["next"]
        assert [one["name"] for page in pages for one in page["assets"]] == [f"P{n}" for n in range(7)]
        assert {page["version"] for page in pages} == {studio.project.version}
        assert {page["total"] for page in pages} == {7}


async def test_the_version_grows_with_every_edit_and_says_what_changed_since(tmp_path: Path) -> None:
    async with film(tmp_path / "film") as studio:
        await add(studio, "prop", "OLD")
        await add(studio, "prop", "GONE")
        before = studio.project.version
        await add(studio, "prop", "NEW")
        await change(studio, "OLD", "steps=9")
        await asset_remove(studio, name="GONE")
        after = regenerative.state(studio, Selection(since=before))
        assert after["version"] > before
        assert {(one["name"], one["removed"]) for one in after["assets"]} == {
            ("OLD", False), ("NEW", False), ("GONE", True),
        }  # fmt: skip
        assert regenerative.state(studio, Selection(since=after["version"]))["assets"] == []


async def test_filters_narrow_the_state(tmp_path: Path) -> None:
    async with film(tmp_path / "film") as studio:
        await add(studio, "prop", "LAMP", "prompt=a lamp")
        await add(studio, "shot", "SH010", "prompt=a harbour", scene="SC1")
        assert regenerative.state(studio, Selection(kind=Kind.PROP))["total"] == 1
        assert regenerative.state(studio, Selection(scene="SC1"))["assets"][0]["name"] == "SH010"
        assert regenerative.state(studio, Selection(where="prompt ~ harbour", stale=True))["total"] == 0


async def test_saving_makes_a_version_of_what_differs_alone(tmp_path: Path) -> None:
    async with film(tmp_path / "film") as studio:
        await add(studio, "prop", "LAMP", "steps=8")
        await add(studio, "prop", "ROPE", "steps=8")
        wanted = [
            Save(asset="LAMP", parameters={"steps": 12, "prompt": "a lamp"}, note="brighter"),
            Save(asset="ROPE", parameters={"steps": 8}),
        ]
        saved = regenerative.save(studio, studio.project.version, wanted)
        assert [one["version"] for one in saved["assets"]] == [2, 1]
        assert len(saved["saved"]) == len(saved["unchanged"]) == 1
        assert saved["assets"][0]["parameters"]["steps"] == 12
        [_, second] = (await asset_history(studio, name="LAMP"))["versions"]
        assert second["note"] == "brighter"


async def test_who_saves_on_an_older_number_than_the_last_edit_is_too_late(tmp_path: Path) -> None:
    async with film(tmp_path / "film") as studio:
        lamp = await add(studio, "prop", "LAMP", "steps=8")
        rope = await add(studio, "prop", "ROPE", "steps=8")
        based_on = studio.project.version
        await change(studio, "LAMP", "steps=9")
        with pytest.raises(Outdated) as told:
            regenerative.save(
                studio, based_on,
                [Save(asset=rope, parameters={"steps": 3}), Save(asset=lamp, parameters={"steps": 4})],
            )  # fmt: skip
        assert told.value.assets == [lamp]
        assert str(studio.project.version) in told.value.hint
        assert studio.project.asset(rope).versions[-1].number == 1  # all or nothing
        fine = regenerative.save(studio, based_on, [Save(asset=rope, parameters={"steps": 3})])
        assert fine["assets"][0]["version"] == 2


async def test_a_take_is_no_edit(tmp_path: Path) -> None:
    from tests.app.studios import ask, work

    async with film(tmp_path / "film") as studio:
        await add(studio, "prop", "LAMP", "steps=8")
        based_on = studio.project.version
        ask(studio, "LAMP")
        await work(studio)
        assert studio.project.version > based_on
        saved = regenerative.save(studio, based_on, [Save(asset="LAMP", parameters={"steps": 3})])
        assert saved["assets"][0]["version"] == 2


async def test_inputs_that_are_given_are_all_that_feeds_it(tmp_path: Path) -> None:
    async with film(tmp_path / "film") as studio:
        await add(studio, "character", "MARA")
        storm = await add(studio, "environment", "STORM")
        await add(studio, "shot", "SH010", inputs=["MARA:character"])
        wanted = Save(asset="SH010", parameters={}, tier=Tier.LOW, inputs=[("STORM", None)])
        [shape] = regenerative.save(studio, studio.project.version, [wanted])["assets"]
        assert shape["inputs"] == [{"asset": storm, "role": "environment"}]
        assert shape["tier"] == "low"


async def test_a_dry_run_says_the_same_and_saves_nothing(tmp_path: Path) -> None:
    async with film(tmp_path / "film") as studio:
        asset = await add(studio, "prop", "LAMP", "steps=8")
        before = studio.project.version
        wanted = [Save(asset="LAMP", parameters={"steps": 12})]
        looked = regenerative.save(studio, before, wanted, dry_run=True)
        assert (looked["saved"], studio.project.version) == ([asset], before)
        assert regenerative.save(studio, before, wanted)["saved"] == [asset]


@pytest.mark.parametrize(
    ("wanted", "fault"),
    [
        (Save(asset="LAMP", parameters={"steps": "many"}), BadField),
        (Save(asset="LAMP", parameters={"stepz": 3}), BadField),
        (Save(asset="NOBODY", parameters={}), NotFound),
        (Save(asset="LAMP", parameters={}, inputs=[("NOBODY", None)]), NotFound),
    ],
)
async def test_what_cannot_be_saved_is_refused_whole(
    tmp_path: Path, wanted: Save, fault: type[Exception]
) -> None:
    async with film(tmp_path / "film") as studio:
        await add(studio, "prop", "LAMP", "steps=8")
        before = studio.project.version
        with pytest.raises(fault):
            regenerative.save(studio, before, [wanted])
        assert studio.project.version == before


async def test_a_number_that_was_never_given_out_and_an_asset_named_twice_are_refused(tmp_path: Path) -> None:
    async with film(tmp_path / "film") as studio:
        asset = await add(studio, "prop", "LAMP")
        version = studio.project.version
        with pytest.raises(BadField, match="version"):
            regenerative.save(studio, version + 1, [Save(asset="LAMP", parameters={})])
        with pytest.raises(BadField, match="assets"):
            regenerative.save(
                studio, version, [Save(asset="LAMP", parameters={}), Save(asset=asset, parameters={})]
            )
