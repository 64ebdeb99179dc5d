"""The other end: what a device does with whatever a relay says."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.faults import Conflict, NotFound, Refused
from sync.relay import frames
from sync.relay.client import RelayClient, RelayRefused, RelayUnreachable
from sync.relay.frames import Came, Challenge, Done, Frame, Names, Prove, Put, Welcome
from sync.relay.names import Room, address_of
from sync.relay.server import Relay
from tests.sync.relay.pretender import pretending
from tests.sync.relay.stage import ROOM, SMALL, at, device, seeded, visitor, visitors
from tests.sync.stage import Ticks


async def test_devices_of_a_project_see_each_other_and_no_others(tmp_path: Path) -> None:
    async with Relay.listening(tmp_path, clock=Ticks()) as relay:
        strangers = Room.of(b"\xcd" * 32)
        async with (
            visitor(at(relay), 1) as one,
            visitor(at(relay), 3, strangers) as stranger,
            visitor(at(relay), 2) as other,
        ):
            there = await one.sees(other)
            assert await other.sees(one) == one.client.address
            assert one.client.others[there].public == device(2).public
            assert stranger.client.others == {}
            assert relay.metrics.counts["visits_total"] == 3


async def test_a_device_that_leaves_is_seen_to_leave(tmp_path: Path) -> None:
    async with Relay.listening(tmp_path, clock=Ticks()) as relay, visitor(at(relay), 1) as one:
        async with visitor(at(relay), 2) as other:
            await one.sees(other)
        while one.client.others:
            await one.client.changed()


async def test_a_mailbox_carries_objects(tmp_path: Path) -> None:
    async with visitors(tmp_path, 1, 2) as (one, other):
        await one.client.put("a/1", b"data")
        await one.client.put("b/1", bytes(1_000_000))
        assert await other.client.names() == ["a/1", "b/1"]
        assert await other.client.names("b/") == ["b/1"]
        assert await other.client.get("a/1") == b"data"
        with pytest.raises(NotFound):
            await other.client.get("a/2")
        with pytest.raises(Conflict):
            await other.client.put("a/1", b"other")
        with pytest.raises(Refused):
            await other.client.delete("a/1")
        await one.client.delete("a/1")
        assert await other.client.names() == ["b/1"]


async def test_all_names_are_listed_however_many(tmp_path: Path) -> None:
    async with visitors(tmp_path, 1) as (one,):
        wanted = [f"a/{n:05d}" for n in range(frames.MOST_NAMES + 5)]
        for name in wanted:
            await one.client.put(name, b"x")
        assert await one.client.names() == wanted


async def test_a_second_process_of_a_device_takes_the_firsts_place(tmp_path: Path) -> None:
    async with (
        Relay.listening(tmp_path, clock=Ticks()) as relay,
        visitor(at(relay), 1) as first,
        visitor(at(relay), 1),
    ):
        with pytest.raises(RelayRefused, match="another process"):
            await first.client.changed()
        with pytest.raises(RelayRefused):
            await first.client.names()


async def test_a_full_room_is_said(tmp_path: Path) -> None:
    async with (
        Relay.listening(tmp_path, limits=SMALL, clock=Ticks()) as relay,
        visitor(at(relay), 1),
        visitor(at(relay), 2),
        visitor(at(relay), 3),
    ):
        with pytest.raises(RelayRefused, match="devices in the room"):
            async with visitor(at(relay), 4):
                raise AssertionError("it was let in")


async def test_a_relay_that_is_not_there_is_named() -> None:
    with pytest.raises(RelayUnreachable, match=r"ws://127\.0\.0\.1:1"):
        async with visitor("ws://127.0.0.1:1", 1):
            raise AssertionError("nobody is there")


async def test_a_relay_that_goes_away_ends_the_visit_and_all_that_waits(tmp_path: Path) -> None:
    async with (
        pretending(lambda frame: [] if isinstance(frame, Put) else None) as url,
        visitor(url, 1) as one,
    ):
        one.client.post(bytes(16), b"close")
        with pytest.raises(RelayUnreachable, match="went away"):
            await one.client.put("a", b"x")
        assert isinstance(one.client.closed, RelayUnreachable)
        with pytest.raises(RelayUnreachable):
            await one.client.changed()


LIES: list[tuple[str, Frame | bytes]] = [
    ("another version", Challenge(99, bytes(32))),
    ("no challenge", Welcome(bytes(16))),
    ("nonsense", b"\xff\xff"),
    ("nothing", b""),
]


@pytest.mark.parametrize(("name", "first"), LIES)
async def test_what_is_no_relay_is_refused(name: str, first: Frame | bytes) -> None:
    async with pretending(lambda frame: None, first=first) as url:
        with pytest.raises(RelayRefused):
            async with visitor(url, 1):
                raise AssertionError("it was believed")


async def test_a_relay_cannot_give_a_device_anothers_address() -> None:
    def answer(frame: Frame) -> list[Frame] | None:
        return [Welcome(bytes(16))] if isinstance(frame, Prove) else None

    async with pretending(answer) as url:
        with pytest.raises(RelayRefused, match="another's address"):
            async with visitor(url, 1):
                raise AssertionError("it was believed")


async def test_cards_that_a_relay_makes_up_or_moves_are_ignored() -> None:
    def answer(frame: Frame) -> list[Frame] | None:
        if isinstance(frame, Prove):
            own = address_of(frame.public)
            return [
                Welcome(own),
                Came(bytes(16), frame.card),
                Came(bytes(16), b"made up"),
                Came(own, frame.card),
            ]
        return [Done(frame.number, b"")] if isinstance(frame, Names) else None

    async with pretending(answer) as url, visitor(url, 1) as one:
        assert await one.client.names() == []
        assert one.client.others == {}
        assert one.client.ignored["card"] == 3


@pytest.mark.parametrize("listing", [b"a\na\n", b"b\na\n", b"x" * 99 + b"\n", b"\n"])
async def test_a_list_of_names_that_is_none_is_refused(listing: bytes) -> None:
    def answer(frame: Frame) -> list[Frame] | None:
        return [Done(frame.number, listing)] if isinstance(frame, Names) else None

    async with pretending(answer) as url, visitor(url, 1) as one:
        with pytest.raises(RelayRefused, match="list of names"):
            await one.client.names("a" if listing.startswith(b"x") else "")


async def test_what_goes_wrong_inside_a_visit_comes_out_as_it_is(tmp_path: Path) -> None:
    async with Relay.listening(tmp_path, clock=Ticks()) as relay:
        with pytest.raises(NotFound):
            async with RelayClient.visiting(at(relay), device(1), ROOM, seeded()) as client:
                await client.get("nothing")
