"""The promise: pictures are lost and come back identical, and nothing is deleted that could not come back."""

from __future__ import annotations

from pathlib import Path

import pytest

from app import finding, renewal, storage
from app.commands.storage import storage_drop, storage_fetch, storage_report
from app.commands.table import News
from app.commands.takes import take_approve, take_export, take_list, take_prove, take_show
from app.studio import Studio
from engine.faults import Refused
from engine.image import decode, pixel_digest
from sync.records import Grade
from tests.app.studios import add, ask, change, film, takes_of, work
from tests.fakes.renderer import FakeRenderer


def silent(news: News) -> None:
    """Nobody listens."""


async def scene(studio: Studio) -> None:
    """A place, somebody in it, and two shots."""
    await add(studio, "environment", "BAY", "prompt=sea at dawn", "seed=1")
    await add(studio, "character", "MIRA", "prompt=a purple traveller", "seed=2")
    for number in (10, 20):
        await add(
            studio, "shot", f"SH0{number}", "prompt=wide shot", f"seed={number}",
            inputs=["BAY", "MIRA"], scene="SC-01",
        )  # fmt: skip


async def test_pictures_come_back_identical_with_their_inputs_first(tmp_path: Path) -> None:
    folder = tmp_path / "film"
    async with film(folder) as studio:
        await scene(studio)
        ask(studio)
        await work(studio)
        proved = await take_prove(studio, silent, all=True)
        assert [one["class"] for one in proved["takes"]] == ["R0"] * 4
        before = {one.take.id: one.take.sha256 for one in studio.project.index.takes()}
        dry = await storage_drop(studio, silent, all=True, dry_run=True)
        dropped = await storage_drop(studio, silent, all=True)
        assert [one["take"] for one in dry["dropped"]] == [one["take"] for one in dropped["dropped"]]
        assert dry["freed_bytes"] == dropped["freed_bytes"] > 0
        assert not list(folder.glob("0*/**/*.png"))
        assert not any(studio.blobs.has(digest) for digest in before.values())
    async with film(folder) as studio:
        assert len((await take_list(studio, missing=True))["takes"]) == 4
        back = await storage_fetch(studio, silent, names=["SH010"])
        assert [one["class"] for one in back["takes"]] == ["R0"]
        assert back["takes"][0]["identical"]
        bay = await take_show(studio, take="BAY")
        assert bay["present"] == ["here"], "the input came back first"
        assert (await take_show(studio, take="MIRA"))["present"] == [], "words need no picture"
        rest = await storage_fetch(studio, silent, all=True)
        assert all(one["restored"] for one in rest["takes"])
        assert (await storage_fetch(studio, silent, all=True))["takes"] == []
        assert len(list(folder.glob("0*/**/*.png"))) == 4
        for row in studio.project.index.takes():
            data = (folder / row.take.file).read_bytes()
            assert pixel_digest(decode(data)) == row.take.pixels


async def test_a_picture_that_comes_back_different_never_takes_the_originals_place(tmp_path: Path) -> None:
    folder = tmp_path / "film"
    async with film(folder) as studio:
        await add(studio, "environment", "BAY", "prompt=sea", "seed=1")
        ask(studio)
        await work(studio)
        await take_prove(studio, silent, all=True)
        await storage_drop(studio, silent, all=True)
    async with film(folder, lambda found: FakeRenderer(drift=1)) as studio:
        back = await storage_fetch(studio, silent, names=["BAY"])
        assert back.exit_status == 1  # type: ignore[attr-defined]
        [take] = back["takes"]
        assert (take["restored"], take["identical"], take["present"]) == (False, False, [])
        assert not (folder / takes_of(studio, "BAY")[0].file).exists()
        with pytest.raises(Refused, match="other pixels"):
            await take_export(studio, silent, take="BAY", file=tmp_path / "bay.png")
        assert not (tmp_path / "bay.png").exists()


async def test_a_proof_measures_how_far_another_machine_is(tmp_path: Path) -> None:
    async with film(tmp_path / "film", lambda found: FakeRenderer(drift=1)) as studio:
        await add(studio, "environment", "BAY", "prompt=sea", "seed=1")
        ask(studio)
        await work(studio)
        original = studio.blobs.get(takes_of(studio, "BAY")[0].sha256)
        proved = await take_prove(studio, silent, take="BAY")
        [take] = proved["takes"]
        assert take["class"] == "R1"
        assert take["proofs"][0]["psnr_db"] > 45
        assert studio.blobs.get(takes_of(studio, "BAY")[0].sha256) == original
        with pytest.raises(Refused, match="identical"):
            await storage_drop(studio, silent, all=True)


async def test_nothing_unproved_is_deleted_and_proving_first_helps(tmp_path: Path) -> None:
    async with film(tmp_path / "film") as studio:
        await add(studio, "environment", "BAY", "prompt=sea", "seed=1")
        ask(studio)
        await work(studio)
        dry = await storage_drop(studio, silent, takes=["BAY"], dry_run=True)
        assert dry.exit_status == 5  # type: ignore[attr-defined]
        assert dry["dropped"] == []
        assert "not proved" in dry["kept"][0]["reasons"][0]
        with pytest.raises(Refused, match="not proved"):
            await storage_drop(studio, silent, takes=["BAY"])
        assert studio.blobs.has(takes_of(studio, "BAY")[0].sha256)
        dropped = await storage_drop(studio, silent, takes=["BAY"], prove=True)
        assert len(dropped["dropped"]) == 1


async def test_a_batch_is_judged_as_a_whole_and_what_stays_is_said(tmp_path: Path) -> None:
    async with film(tmp_path / "film") as studio:
        await scene(studio)
        ask(studio)
        await work(studio)
        row = finding.take(studio, "SH010")
        await renewal.prove(studio, [(row.asset, row.take)], silent)
        plan = storage.plan(studio, storage.choose(studio, ["BAY", "SH010"]))
        assert [one.take.id for one in plan.drops] == [row.take.id]
        [(_, kept, reasons)] = plan.kept
        assert kept == takes_of(studio, "BAY")[0]
        assert any("not proved identical" in one or "not proved" in one for one in reasons)


async def test_an_export_brings_the_picture_back(tmp_path: Path) -> None:
    async with film(tmp_path / "film") as studio:
        await add(studio, "environment", "BAY", "prompt=sea", "seed=1")
        ask(studio)
        await work(studio)
        await storage_drop(studio, silent, all=True, prove=True)
        await take_export(studio, silent, take="BAY", file=tmp_path / "bay.png")
        assert pixel_digest(decode((tmp_path / "bay.png").read_bytes())) == takes_of(studio, "BAY")[0].pixels


async def test_the_report_counts_what_can_come_back(tmp_path: Path) -> None:
    async with film(tmp_path / "film") as studio:
        await add(studio, "environment", "BAY", "prompt=sea", "seed=1")
        ask(studio)
        await work(studio)
        unproved = await storage_report(studio)
        assert unproved["regeneratable_bytes"] == 0
        assert unproved["bytes"] == unproved["permanent_bytes"]
        await take_prove(studio, silent, all=True)
        proved = await storage_report(studio)
        take = takes_of(studio, "BAY")[0]
        assert proved["regeneratable_bytes"] >= take.bytes
        assert proved["by_asset"] == [{"asset": "BAY", "bytes": proved["regeneratable_bytes"]}]
        assert proved["by_class"][0]["class"] == str(Grade.R0)
        assert proved["bytes"] == proved["permanent_bytes"] + proved["regeneratable_bytes"]


async def test_an_approved_take_feeds_what_is_rendered_next(tmp_path: Path) -> None:
    async with film(tmp_path / "film") as studio:
        await scene(studio)
        ask(studio, "BAY", "MIRA")
        await work(studio)
        await take_approve(studio, take="BAY")
        await take_approve(studio, take="MIRA")
        await change(studio, "BAY", "prompt=sea at night")
        ask(studio, "BAY")
        await work(studio)
        ask(studio, "SH010")
        await work(studio)
        [shot] = takes_of(studio, "SH010")
        assert not shot.provisional
        assert [one.sha256 for one in shot.consumed] == [takes_of(studio, "BAY")[0].sha256]
