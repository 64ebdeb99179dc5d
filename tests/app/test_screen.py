"""What comes by itself: small pictures of the first of the list, bounded, and nothing that was deleted here."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from app import screen
from app.commands.assets import asset_add
from app.commands.takes import take_approve
from app.screen import MOST, Screen, small
from app.studio import Studio
from engine.recipe import FileDigest
from sync.blobs.spoken import SMALL
from sync.project import Edit, asset_document
from sync.promises import Promise
from sync.records import AssetFacts, Dropped, FactId, Grade, Kind, Time
from tests.app.mates import Mate, mates
from tests.app.studios import takes_of
from tests.sync.company import until


async def drawn(studio: Studio, folder: Path, name: str, side: int) -> FileDigest:
    """An asset made of a picture of noise; the digest of the picture."""
    seed = int.from_bytes(name.encode(), "big") % 2**32
    file = folder / f"{name}.png"
    Image.fromarray(np.random.default_rng(seed).integers(0, 256, (side, side, 3), np.uint8)).save(file)
    await asset_add(studio, kind=Kind.PROP, name=name, assignments=[], from_image=file)
    return takes_of(studio, name)[-1].sha256


def facts(studio: Studio, name: str) -> AssetFacts:
    row = studio.project.index.find_asset(name)
    assert row is not None
    return studio.project.asset(row.id)


def delete(studio: Studio, name: str) -> None:
    """Delete the picture of an asset here, as `storage drop` does."""
    take = facts(studio, name).takes[-1]

    def build(edit: Edit) -> None:
        gone = Dropped(
            id=FactId(edit.new_id()), take=take.id, sha256=take.sha256, bytes=take.bytes, grade=Grade.R0,
            member=edit.member, device=edit.device.id, time=edit.now,
        )  # fmt: skip
        edit.add(asset_document(facts(studio, name).asset.id), gone)

    studio.project.commit(build)
    studio.blobs.delete(take.sha256)


async def here(mate: Mate, found: Callable[[], object]) -> None:
    """Wait until something is so; blobs come without any news."""
    async with asyncio.timeout(20):
        while not found():
            await asyncio.sleep(0)


async def test_small_pictures_come_by_themselves_and_large_ones_do_not(tmp_path: Path) -> None:
    async with mates(tmp_path, "anna", "ben") as (anna, ben):
        tiny = await drawn(anna.studio, tmp_path, "TINY", 16)
        large = await drawn(anna.studio, tmp_path, "LARGE", 300)
        [take] = takes_of(anna.studio, "LARGE")
        assert take.thumb is not None
        assert takes_of(anna.studio, "TINY")[0].bytes <= SMALL
        thumb = take.thumb
        await here(ben, lambda: ben.studio.blobs.has(tiny) and ben.studio.blobs.has(thumb))
        assert not ben.studio.blobs.has(large)
        assert await ben.exchange.bring(large)


async def test_what_was_deleted_here_stays_deleted_until_somebody_asks(tmp_path: Path) -> None:
    async with mates(tmp_path, "anna", "ben") as (anna, ben):
        tiny = await drawn(anna.studio, tmp_path, "TINY", 16)
        await here(ben, lambda: ben.studio.blobs.has(tiny))
        delete(ben.studio, "TINY")
        own = Screen(ben.studio, ben.session.overview, ben.exchange.sources)
        assert await own.fill() == 0
        other = await drawn(anna.studio, tmp_path, "VASE", 16)
        await here(ben, lambda: ben.studio.blobs.has(other))
        assert not ben.studio.blobs.has(tiny)
        assert small(facts(ben.studio, "TINY"), ben.studio.project.device.id) is None
        assert small(facts(ben.studio, "TINY"), anna.studio.project.device.id) == tiny
        assert await ben.exchange.bring(tiny)


async def test_what_is_promised_comes_before_it_is_proved(tmp_path: Path) -> None:
    async with mates(tmp_path, "anna", "ben") as (anna, ben):
        digest = anna.studio.blobs.put(b"a small picture")
        promise = Promise(
            asset="a" * 26, name="LAMP", kind="prop", scene=None, version=None, number=None, label=None, tier=None,
            forked=0, stale=0, versions=1, takes=1, approved=None, time="2026-11-22T12:00:00.000Z", take="b" * 26,
            thumb=digest,
        )  # fmt: skip
        ben.session.overview.keep([promise], anna.studio.project.device.id)
        assert await Screen(ben.studio, ben.session.overview, ben.exchange.sources).fill() == 1
        assert ben.studio.blobs.get(digest) == b"a small picture"


async def test_there_is_an_end_to_what_comes_by_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(screen, "MOST", -1)
    async with mates(tmp_path, "anna", "ben") as (anna, ben):
        for name in ("A", "B", "C"):
            await drawn(anna.studio, tmp_path, name, 16)
        await until(lambda: ben.studio.project.index.counts()["assets"] == 3, ben.session)
        own = Screen(ben.studio, ben.session.overview, ben.exchange.sources)
        assert await own.fill() == 0
        monkeypatch.setattr(screen, "MOST", MOST)
        assert await own.fill(2) == 2
        [last] = takes_of(ben.studio, "C")
        assert not ben.studio.blobs.has(last.sha256)


async def test_nobody_is_asked_twice_until_there_is_a_chance(tmp_path: Path) -> None:
    async with mates(tmp_path, "anna", "ben") as (anna, ben):
        tiny = await drawn(anna.studio, tmp_path, "TINY", 16)
        data = anna.studio.blobs.get(tiny)
        await here(ben, lambda: ben.studio.blobs.has(tiny))
        anna.studio.blobs.delete(tiny)
        ben.studio.blobs.delete(tiny)
        own = Screen(ben.studio, ben.session.overview, ben.exchange.sources)
        assert await own.fill() == 0
        anna.studio.blobs.put(data)
        own.stir()
        assert await own.fill() == 0
        own.stir(chance=True)
        assert await own.fill() == 1


async def test_the_approved_take_stands_for_its_asset(tmp_path: Path) -> None:
    async with mates(tmp_path, "anna") as (anna,):
        await drawn(anna.studio, tmp_path, "LAMP", 16)
        known = facts(anna.studio, "LAMP")
        [first] = known.takes
        second = replace(
            first,
            id=type(first.id)("z" * 26),
            sha256=FileDigest("2" * 64),
            time=Time("2099" + first.time[4:]),
        )
        both = replace(known, takes=(first, second))
        assert small(both, "") == second.sha256
        await take_approve(anna.studio, take="LAMP")
        assert small(replace(both, approved=facts(anna.studio, "LAMP").approved), "") == first.sha256
        huge = replace(second, bytes=SMALL + 1)
        assert small(replace(known, takes=(huge,)), "") is None
        assert small(replace(known, takes=()), "") is None
