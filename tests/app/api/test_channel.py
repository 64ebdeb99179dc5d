"""Listeners: what one who was away, or reads slowly, is told."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app import events
from app.api.channel import AT_ONCE, Channel, Listener
from app.api.ring import Ring

KIND = events.ASSET_CHANGED


@dataclass
class World:
    """What there is to know: a number for each subject, told through a channel with little room."""

    most: int = 4
    facts: dict[str, int] = field(default_factory=dict)
    count: int = 0
    channel: Channel = field(init=False)

    def __post_init__(self) -> None:
        self.channel = Channel("e", lambda: datetime(2026, 1, 1, tzinfo=UTC), self.whole, Ring(self.most))

    def change(self, subject: str) -> None:
        """Something happens."""
        self.count += 1
        self.facts[subject] = self.count
        self.channel.publish(KIND, subject, lambda: {"value": self.facts[subject]}, {f"c{self.count}"})

    async def whole(self, reserve: Callable[[int], range]) -> AsyncGenerator[dict[str, Any], None]:
        """Everything in two parts; others may do something before, between and after them."""
        await asyncio.sleep(0)
        names = sorted(self.facts)
        reserve(2)
        for some in (names[::2], names[1::2]):
            await asyncio.sleep(0)
            yield {"facts": {name: self.facts[name] for name in some}}


@dataclass
class Client:
    """Applies what it is told, and remembers the last id."""

    state: dict[str, int] = field(default_factory=dict)
    parts: dict[str, int] = field(default_factory=dict)
    last: str | None = None
    seqs: list[int] = field(default_factory=list)
    told: list[tuple[str, str | None]] = field(default_factory=list)

    def hear(self, text: str) -> None:
        """One message."""
        event = json.loads(text)
        assert set(event) <= {"type", "id", "time", "seq", "subject", "data", "reply_to"}
        self.last = event["id"]
        self.seqs.append(event["seq"])
        self.told.append((event["type"], event.get("subject")))
        if event["type"] == KIND:
            self.state[event["subject"]] = event["data"]["value"]
            return
        data = event["data"]
        self.parts = {} if data["part"] == 1 else self.parts
        self.parts |= data["facts"]
        if data["part"] == data["parts"]:
            self.state = dict(self.parts)


async def hear(listener: Listener, client: Client, most: int | None = None) -> None:
    """Read what is there, at most so many messages."""
    left = most
    while left != 0:
        text = await listener._ready()
        if text is None:
            return
        client.hear(text)
        left = None if left is None else left - 1


async def test_somebody_new_gets_the_whole_state_then_what_happens() -> None:
    world, client = World(), Client()
    world.change("a")
    async with world.channel.connect(None) as listener:
        await hear(listener, client)
        world.change("b")
        world.change("a")
        await hear(listener, client)
    assert client.told == [
        (events.FULL_SYNC, None), (events.FULL_SYNC, None), (KIND, "b"), (KIND, "a"),
    ]  # fmt: skip
    assert client.state == world.facts
    assert len(world.channel) == 0


async def test_who_was_away_gets_exactly_what_was_missed() -> None:
    world, client = World(), Client()
    async with world.channel.connect(None) as listener:
        world.change("a")
        await hear(listener, client)
    for subject in "bcb":
        world.change(subject)
    client.told.clear()
    async with world.channel.connect(client.last) as listener:
        await hear(listener, client)
        assert client.told == [(KIND, "c"), (KIND, "b")]
    async with world.channel.connect(client.last) as listener:
        await hear(listener, client)
        assert len(client.told) == 2, "nothing twice"


@pytest.mark.parametrize("since", [None, "", "other.1", "e.99", "e.1.p1", "nonsense"])
async def test_who_cannot_be_told_what_was_missed_gets_the_whole_state(since: str | None) -> None:
    world, client = World(), Client()
    world.change("a")
    async with world.channel.connect(since) as listener:
        await hear(listener, client)
    assert client.told == [(events.FULL_SYNC, None)] * 2


async def test_the_collections_of_replaced_events_are_told_until_they_were_heard() -> None:
    world = World()
    async with world.channel.connect(None) as listener:
        await hear(listener, Client())
        for subject in ("a", "b", "a"):
            world.change(subject)
        texts = [json.loads(await anext(listener)) for _ in range(2)]
        assert [one["data"]["change"] for one in texts] == [["c2"], ["c1", "c3"]]
        assert await listener._ready() is None
        world.change("a")
        assert json.loads(await anext(listener))["data"]["change"] == ["c4"]


async def test_only_the_chosen_types_and_the_whole_state_are_told() -> None:
    world, client = World(), Client()
    async with world.channel.connect(None, frozenset({events.PRESENCE})) as listener:
        world.change("a")
        world.channel.publish(events.PRESENCE, "", lambda: {"part": 1, "parts": 2, "facts": {}})
        await hear(listener, client)
        world.change("b")
        await hear(listener, client)
    assert [kind for kind, _ in client.told] == [events.FULL_SYNC, events.FULL_SYNC]
    async with world.channel.connect(client.last, frozenset({events.PRESENCE})) as listener:
        world.channel.publish(events.PRESENCE, "", lambda: {"part": 1, "parts": 2, "facts": {}})
        assert json.loads(await anext(listener))["type"] == events.PRESENCE


async def test_answers_reach_their_asker_alone_and_a_new_state_can_be_asked_for() -> None:
    world = World()
    async with world.channel.connect(None) as one, world.channel.connect(None) as other:
        await hear(one, Client())
        await hear(other, Client())
        await one.answer(events.ERROR, {"code": "no"}, "mine")
        await one.resync("again")
        found = [json.loads(await anext(one)) for _ in range(3)]
        assert [(each["type"], each["reply_to"]) for each in found] == [
            (events.ERROR, "mine"), (events.FULL_SYNC, "again"), (events.FULL_SYNC, "again"),
        ]  # fmt: skip
        assert await other._ready() is None
        assert events.seq_of(found[0]["id"], "e") == found[0]["seq"]


async def test_who_does_not_read_holds_little_and_makes_its_own_requests_wait() -> None:
    world = World(most=1000)
    async with world.channel.connect(None) as stalled, world.channel.connect(None) as reader:
        await hear(stalled, Client())
        client = Client()
        for number in range(5000):
            world.change(str(number % 2000))
            if number % 100 == 0:
                await hear(reader, client)
        await hear(reader, client)
        assert client.state == world.facts
        assert stalled.held == 0
        assert len(world.channel.ring) == 1000
        async with asyncio.TaskGroup() as group:

            async def ask() -> None:
                for _ in range(AT_ONCE + 1):
                    await stalled.answer(events.ERROR, {}, None)

            asking = group.create_task(ask())
            while stalled.held < AT_ONCE:
                await asyncio.sleep(0)
            assert not asking.done()
            await anext(stalled)


async def test_listeners_wait_and_end_with_the_channel() -> None:
    world, client = World(), Client()
    async with world.channel.connect(None) as listener, asyncio.TaskGroup() as group:

        async def listen() -> None:
            async for text in listener:
                client.hear(text)

        listening = group.create_task(listen())
        while len(client.told) < 2:
            await asyncio.sleep(0)
        world.change("a")
        while len(client.told) < 3:
            await asyncio.sleep(0)
        world.channel.forget()
        while len(client.told) < 5:
            await asyncio.sleep(0)
        world.channel.close()
        await listening
    assert client.state == {"a": 1}


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("change"), st.sampled_from("abcdefg")),
        st.tuples(st.just("read"), st.integers(1, 4)),
        st.tuples(st.sampled_from(["drop", "forget", "resync"]), st.none()),
    ),
    max_size=40,
)


@given(steps=STEPS)
def test_whatever_happens_a_client_ends_with_what_there_is(steps: list[tuple[str, Any]]) -> None:
    async def run() -> None:
        world, client = World(), Client()
        listener = world.channel.connect(None)
        for what, value in steps:
            if what == "change":
                world.change(value)
            elif what == "read":
                await hear(listener, client, value)
            elif what == "resync":
                await listener.resync(None)
            elif what == "forget":
                world.channel.forget()
            else:
                await listener.__aexit__(None, None, None)
                listener = world.channel.connect(client.last)
            assert listener.held <= AT_ONCE + 2
        await hear(listener, client)
        assert client.state == world.facts
        assert client.seqs == sorted(set(client.seqs))

    asyncio.run(run())
