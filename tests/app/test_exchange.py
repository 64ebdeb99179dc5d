"""Pictures between the devices of one team: asked for, given over a line or in the conversation, refused, replaced."""

from __future__ import annotations

import asyncio
from pathlib import Path

from PIL import Image

from app.commands.assets import asset_add
from app.exchange import LARGEST
from sync.blobs import spoken
from sync.blobs.store import digest_of
from sync.records import Kind
from tests.app.mates import Mate, mates
from tests.app.studios import takes_of
from tests.sync.company import until

LARGE = bytes(range(251)) * 8000
DIGEST = digest_of(LARGE)


def lines(giver: Mate, taker: Mate) -> int:
    """How many lines for pictures stand from one to the other."""
    assert giver.exchange.served is not None
    return giver.exchange.served.connected[taker.public]


async def test_a_picture_comes_over_a_line_and_its_giver_is_named(tmp_path: Path) -> None:
    async with mates(tmp_path, "anna", "ben") as (anna, ben):
        anna.studio.blobs.put(LARGE)
        assert ben.studio.elsewhere is not None
        assert await ben.studio.elsewhere(DIGEST)
        assert ben.studio.blobs.get(DIGEST) == LARGE
        assert ben.exchange.givers(DIGEST) == (anna.name,)
        assert lines(anna, ben) == 1
        assert not await ben.studio.elsewhere(digest_of(b"what nobody has"))
        async with ben.studio.once_more() as other:
            assert other.elsewhere is not None
            assert await other.elsewhere(DIGEST)
        assert ben.exchange.why(anna.session.project.device.id) == []
    assert ben.studio.elsewhere is None
    assert ben.session.blobs is None


async def test_where_no_line_leads_it_comes_in_the_conversation(tmp_path: Path) -> None:
    async with mates(tmp_path, "anna", "ben", lan=False) as (anna, ben):
        anna.studio.blobs.put(LARGE)
        assert (anna.exchange.port, ben.addresses()) == (0, [])
        assert await ben.exchange.bring(DIGEST)
        assert ben.studio.blobs.get(DIGEST) == LARGE


async def test_a_removed_device_gets_nothing_more(tmp_path: Path) -> None:
    async with mates(tmp_path, "anna", "ben") as (anna, ben):
        anna.studio.blobs.put(LARGE)
        other = anna.studio.blobs.put(b"another picture" * 9000)
        assert await ben.exchange.bring(DIGEST)
        anna.studio.project.team.revoke(anna.studio.project.team.revocation(ben.studio.project.device.id))
        assert not await ben.exchange.bring(other)
        await until(lambda: not anna.exchange.sources.sources, anna.session)


async def test_wrong_bytes_are_named_and_the_picture_comes_from_somebody_else(tmp_path: Path) -> None:
    async with mates(tmp_path, "anna", "ben", "cleo", lan=False) as (anna, ben, cleo):
        data = b"a small picture"
        digest = cleo.studio.blobs.put(data)
        wrong = spoken.encode(spoken.Here(digest, len(data), 0, b"A small picture"))
        anna.session.blobs = lambda device, said: anna.exchange._tell(device, wrong)
        assert await ben.exchange.bring(digest)
        assert ben.studio.blobs.get(digest) == data
        await until(lambda: ben.exchange.why(anna.studio.project.device.id), ben.session)
        (reason,) = ben.exchange.why(anna.studio.project.device.id)
        assert reason.code == "wrong_pictures"
        assert reason.sentence.startswith(f"{anna.name} gave wrong bytes for 1 picture;")
        assert ben.exchange.why(cleo.studio.project.device.id) == []


async def test_nobody_gives_more_than_a_take_has(tmp_path: Path) -> None:
    async with mates(tmp_path, "anna") as (anna,):
        Image.new("RGB", (8, 8)).save(tmp_path / "lamp.png")
        await asset_add(
            anna.studio, kind=Kind.PROP, name="LAMP", assignments=[], from_image=tmp_path / "lamp.png"
        )
        [take] = takes_of(anna.studio, "LAMP")
        assert anna.exchange._most(take.sha256) == take.bytes
        assert anna.exchange._most(DIGEST) == LARGEST


async def test_who_went_is_asked_no_more_and_nonsense_is_not_listened_to(tmp_path: Path) -> None:
    async with mates(tmp_path, "anna", "ben") as (anna, ben):
        anna.exchange._tell(ben.studio.project.device.id, b"\x63nonsense")
        anna.session.stir()
        for pump in list(anna.session._pumps):
            pump.close("leaving")
        await until(lambda: not ben.exchange.sources.sources, ben.session)
        async with asyncio.timeout(5):
            assert not await ben.exchange.bring(DIGEST)
