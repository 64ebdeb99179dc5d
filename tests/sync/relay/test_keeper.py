"""Durable before it is acknowledged, and many at once in one go."""

from __future__ import annotations

import asyncio
from pathlib import Path

from sync.relay.frames import Delete, Done, Get, Names, Put, Refused
from sync.relay.keeper import Keeper
from sync.relay.mailboxes import Deposit, Mailboxes
from sync.relay.metrics import Metrics
from sync.relay.quotas import Limits
from tests.sync.relay.stage import SMALL
from tests.sync.stage import Ticks

ROOM, ME, OTHER = b"r" * 32, b"a" * 16, b"b" * 16


async def test_wishes_are_fulfilled_or_refused_under_their_number(tmp_path: Path) -> None:
    async with Keeper.open(tmp_path, SMALL, Ticks(), Metrics()) as keeper:
        assert await keeper.fulfil(ROOM, ME, Put(1, b"a", b"data")) == Done(1, b"")
        assert await keeper.fulfil(ROOM, OTHER, Get(2, b"a")) == Done(2, b"data")
        assert await keeper.fulfil(ROOM, OTHER, Names(3, b"", b"")) == Done(3, b"a\n")
        refused = await keeper.fulfil(ROOM, OTHER, Delete(4, b"a"))
        assert isinstance(refused, Refused)
        assert (refused.number, refused.code) == (4, "refused")
        assert await keeper.fulfil(ROOM, ME, Delete(5, b"a")) == Done(5, b"")
        missing = await keeper.fulfil(ROOM, ME, Get(6, b"a"))
        assert isinstance(missing, Refused)
        assert (missing.number, missing.code) == (6, "not_found")


async def test_what_is_acknowledged_is_in_the_file(tmp_path: Path) -> None:
    async with Keeper.open(tmp_path, Limits(), Ticks(), Metrics()) as keeper:
        puts = [Put(n, b"a/%d" % n, b"data") for n in range(200)]
        answers = await asyncio.gather(*(keeper.fulfil(ROOM, ME, one) for one in puts))
        assert all(isinstance(one, Done) for one in answers)
        other = Mailboxes(tmp_path, Limits())
        assert len(other.names(ROOM, b"", b"", Ticks()().timestamp())) == 200
        other.close()


async def test_old_objects_go_when_a_relay_starts(tmp_path: Path) -> None:
    before = Mailboxes(tmp_path, Limits())
    now = Ticks()().timestamp()
    before.put([Deposit(ROOM, ME, b"%d" % n, b"x") for n in range(700)], now - Limits().kept - 1)
    before.put([Deposit(ROOM, ME, b"new", b"x")], now)
    before.close()
    metrics = Metrics()
    async with Keeper.open(tmp_path, Limits(), Ticks(), metrics) as keeper:
        await keeper.fulfil(ROOM, ME, Names(1, b"", b""))
        await keeper.fulfil(ROOM, ME, Names(1, b"", b""))
        assert keeper.mailboxes.objects <= 201
    assert metrics.counts["expired_total"] == 700
