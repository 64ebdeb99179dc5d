"""Links through a relay, honest or hostile: it can be late, or nothing at all, and neither read nor say anything.

What every link must do is in tests/contracts/test_links.py.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from sync.links import relayed
from sync.links.link import Channel, Link, LinkClosed
from sync.relay.client import RelayUnreachable
from sync.relay.sealing import LINK_BYTES, Card, Envelope, Ephemeral
from tests.sync.relay.hostile import Passed, hostile
from tests.sync.relay.stage import ROOM, Visitor, device, linked, seeded, visitors

CANARY = b"the plaintext that nobody but the two may see"


async def test_a_link_says_whose_relay_it_goes_through(tmp_path: Path) -> None:
    async with visitors(tmp_path, 1, 2) as (one, other), linked(one, other) as (here, there):
        assert here.kind == there.kind == "relay"
        assert here.remote == one.client.relay
        assert here.binding == there.binding


async def test_every_link_has_a_binding_of_its_own(tmp_path: Path) -> None:
    bindings = set()
    async with visitors(tmp_path, 1, 2) as (one, other):
        for _ in range(3):
            async with linked(one, other) as (here, _):
                bindings.add(here.binding)
    assert len(bindings) == 3


async def test_nobody_answers_for_a_device_that_is_not_there(tmp_path: Path) -> None:
    async with visitors(tmp_path, 1, 2) as (one, _):
        with pytest.raises(RelayUnreachable):
            async with one.links.dial(bytes(16)):
                raise AssertionError("somebody answered")
        with pytest.raises(RelayUnreachable):
            await one.links.ask(bytes(16), b"offer")


async def test_an_offer_is_asked_and_answered(tmp_path: Path) -> None:
    async with visitors(tmp_path, 1, 2) as (one, other):
        there = await one.sees(other)
        async with asyncio.TaskGroup() as group:
            answer = group.create_task(one.links.ask(there, b"offer" * 1000))
            question = await other.links.question()
            assert (question.address, question.data) == (one.client.address, b"offer" * 1000)
            question.answer(b"answer" * 1000)
        assert answer.result() == b"answer" * 1000


async def test_a_question_that_nobody_answers_ends(tmp_path: Path) -> None:
    async with visitors(tmp_path, 1, 2) as (one, other):
        with pytest.raises(RelayUnreachable, match="does not answer"):
            await one.links.ask(await one.sees(other), b"offer", 0.05)


async def test_a_link_ends_when_the_other_side_leaves_or_the_visit_ends(tmp_path: Path) -> None:
    async with visitors(tmp_path, 1, 2) as (one, other), linked(one, other) as (here, there):
        one.links.gone(other.client.address, "the other side left the relay")
        with pytest.raises(LinkClosed, match="left the relay"):
            await here.receive()
        other.links.over("the relay went away")
        with pytest.raises(LinkClosed):
            await there.receive()
        for _ in range(2):
            with pytest.raises(RelayUnreachable, match="went away"):
                await other.links.accept()
            with pytest.raises(RelayUnreachable, match="went away"):
                await other.links.question()


async def test_one_device_cannot_fill_another_with_links(tmp_path: Path) -> None:
    async with visitors(tmp_path, 1, 2) as (one, other):
        there = await one.sees(other)
        for number in range(relayed.MOST_EACH):
            own = Ephemeral.fresh(seeded(number))
            one.links.tell(relayed.OPEN, there, bytes([number]) * LINK_BYTES + own.public)
        async with linked(one, other) as (here, answered):
            here.send(Channel.SYNC, b"real")
            assert await answered.receive() == (Channel.SYNC, b"real")


# --- a hostile relay ---


def changed(kinds: Sequence[int], change: Callable[[bytes], bytes]) -> Callable[[Passed], list[Passed]]:
    """Change messages of some kinds."""
    return lambda one: [(one[0], one[1], change(one[2])) if one[2][0] in kinds else one]


def flipped(data: bytes) -> bytes:
    """One bit in the middle turned."""
    at = len(data) // 2
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


async def test_nothing_that_passes_can_be_read(tmp_path: Path) -> None:
    async with hostile(tmp_path, 1, 2) as (meddler, one, other), linked(one, other) as (here, there):
        for channel in Channel:
            here.send(channel, CANARY)
            assert await there.receive() == (channel, CANARY)
        async with asyncio.TaskGroup() as group:
            group.create_task(one.links.ask(await one.sees(other), CANARY))
            (await other.links.question()).answer(CANARY)
        seen = b"".join(b"".join(parts) for parts in meddler.seen)
        for secret in (CANARY, CANARY[:12], device(1).public, device(2).public, here.binding):
            assert secret not in seen


def once(spoil: Callable[[Passed], list[Passed]]) -> Callable[[Passed], list[Passed]]:
    """Spoil one message, and pass on all others."""
    left = [spoil]
    return lambda message: left.pop()(message) if left else [message]


async def test_what_is_dropped_ends_the_link(tmp_path: Path) -> None:
    async with hostile(tmp_path, 1, 2) as (meddler, one, other), linked(one, other) as (here, there):
        here.send(Channel.SYNC, b"first")
        assert await there.receive() == (Channel.SYNC, b"first")
        meddler.meddle = once(lambda message: [])
        here.send(Channel.SYNC, b"lost")
        here.send(Channel.SYNC, b"after")
        with pytest.raises(LinkClosed, match="lost on the way"):
            await there.receive()


async def test_what_is_doubled_and_replayed_is_heard_once(tmp_path: Path) -> None:
    async with hostile(tmp_path, 1, 2) as (meddler, one, other), linked(one, other) as (here, there):
        meddler.meddle = lambda message: [message, *meddler.seen]
        for number in range(20):
            here.send(Channel.SYNC, bytes([number]))
        heard = [(await there.receive())[1] for _ in range(20)]
        assert heard == [bytes([number]) for number in range(20)]
        there.send(Channel.SYNC, b"end")
        assert await here.receive() == (Channel.SYNC, b"end")


async def test_what_comes_in_another_order_is_never_heard_so(tmp_path: Path) -> None:
    held: list[Passed] = []

    def swap(message: Passed) -> list[Passed]:
        held.append(message)
        return [held.pop(), held.pop()] if len(held) == 2 else []

    async with hostile(tmp_path, 1, 2) as (meddler, one, other), linked(one, other) as (here, there):
        meddler.meddle = swap
        for number in range(4):
            here.send(Channel.SYNC, bytes([number]))
        with pytest.raises(LinkClosed, match="lost on the way"):
            await there.receive()


async def test_what_is_held_up_is_heard_later_and_whole(tmp_path: Path) -> None:
    held: list[Passed] = []

    def hold(message: Passed) -> list[Passed]:
        held.append(message)
        return [held.pop(0) for _ in tuple(held)] if len(held) > 9 else []

    async with hostile(tmp_path, 1, 2) as (meddler, one, other), linked(one, other) as (here, there):
        meddler.meddle = hold
        for number in range(10):
            here.send(Channel.SYNC, bytes([number]))
        assert [(await there.receive())[1] for _ in range(10)] == [bytes([number]) for number in range(10)]


@pytest.mark.parametrize(
    "change", [flipped, lambda data: data[:-1], lambda data: data[:20], lambda data: data + b"x"]
)
async def test_what_is_changed_or_cut_is_ignored_and_missed(
    tmp_path: Path, change: Callable[[bytes], bytes]
) -> None:
    async with hostile(tmp_path, 1, 2) as (meddler, one, other), linked(one, other) as (here, there):
        meddler.meddle = once(lambda message: [(message[0], message[1], change(message[2]))])
        here.send(Channel.SYNC, b"spoilt")
        here.send(Channel.SYNC, b"after")
        with pytest.raises(LinkClosed, match="lost on the way"):
            await there.receive()


async def test_forged_frames_are_ignored_and_the_link_goes_on(tmp_path: Path) -> None:
    draw = random.Random(1)

    def forge(message: Passed) -> list[Passed]:
        sender, to, data = message
        made_up = data[: 1 + LINK_BYTES] + draw.randbytes(len(data) - 1 - LINK_BYTES)
        reflected = (to, sender, data)
        return [
            (sender, to, made_up),
            reflected,
            (sender, to, draw.randbytes(300)),
            (sender, to, b""),
            message,
        ]

    async with hostile(tmp_path, 1, 2) as (meddler, one, other), linked(one, other) as (here, there):
        meddler.meddle = forge
        for number in range(50):
            here.send(Channel.SYNC, bytes([number]))
            assert await there.receive() == (Channel.SYNC, bytes([number]))
        assert other.links.ignored["forged"] > 0


async def test_too_much_that_is_forged_ends_the_link(tmp_path: Path) -> None:
    async with hostile(tmp_path, 1, 2) as (meddler, one, other), linked(one, other) as (here, there):
        meddler.meddle = lambda message: [(message[0], message[1], flipped(message[2]))] * 1001
        here.send(Channel.SYNC, b"x")
        with pytest.raises(LinkClosed, match="too much that is forged"):
            await there.receive()


async def test_what_belongs_to_another_link_or_device_is_not_heard_here(tmp_path: Path) -> None:
    """The relay swaps what two devices send to a third, and the frames of two links of one pair."""
    async with (
        hostile(tmp_path, 1, 2) as (meddler, one, other),
        linked(one, other) as (first, first_end),
        linked(one, other) as (second, second_end),
    ):

        def crossed(message: Passed) -> list[Passed]:
            links = {seen[2][1 : 1 + LINK_BYTES] for seen in meddler.seen if seen[2][0] == relayed.FRAME}
            copies = [message[2][:1] + link + message[2][1 + LINK_BYTES :] for link in links]
            return [*((message[0], message[1], copy) for copy in copies if copy != message[2]), message]

        meddler.meddle = crossed
        first.send(Channel.SYNC, b"first")
        second.send(Channel.SYNC, b"second")
        assert await first_end.receive() == (Channel.SYNC, b"first")
        assert await second_end.receive() == (Channel.SYNC, b"second")


@pytest.mark.parametrize("kind", [relayed.OPEN, relayed.ACCEPT])
@pytest.mark.parametrize("change", [flipped, lambda data: data[:30], lambda data: data[:1] + bytes(300)])
async def test_a_link_does_not_come_about_with_changed_keys(
    tmp_path: Path, kind: int, change: Callable[[bytes], bytes]
) -> None:
    async with hostile(tmp_path, 1, 2) as (meddler, one, other):
        meddler.meddle = changed([kind], change)
        with pytest.raises(RelayUnreachable):
            async with one.links.dial(await one.sees(other), 0.1):
                raise AssertionError("it came about")


async def test_an_opening_that_is_replayed_opens_nothing(tmp_path: Path) -> None:
    async with hostile(tmp_path, 1, 2) as (meddler, one, other):
        async with linked(one, other):
            pass
        old = [message for message in meddler.seen if message[0] == one.client.address]
        meddler.meddle = lambda message: [*old, message]
        async with linked(one, other) as (here, there):
            here.send(Channel.SYNC, b"fresh")
            assert await there.receive() == (Channel.SYNC, b"fresh")
        assert other.links.ignored["repeated"] > 0


async def test_an_offer_cannot_be_swapped(tmp_path: Path) -> None:
    async with hostile(tmp_path, 1, 2) as (meddler, one, other):
        there = await one.sees(other)
        async with asyncio.TaskGroup() as group:
            group.create_task(one.links.ask(there, b"first offer"))
            (await other.links.question()).answer(b"first answer")
        first = meddler.seen[-1]
        meddler.meddle = lambda message: [first] if message[2][0] == relayed.ANSWER else [message]
        async with asyncio.TaskGroup() as group:
            group.create_task(unanswered(one, there))
            (await other.links.question()).answer(b"second answer")
        assert one.links.ignored["repeated"] > 0


async def unanswered(visitor: Visitor, address: bytes) -> None:
    with pytest.raises(RelayUnreachable, match="does not answer"):
        await visitor.links.ask(address, b"second offer", 0.1)


async def test_whoever_knows_the_room_and_sits_between_gives_himself_away_by_the_binding(
    tmp_path: Path,
) -> None:
    """A removed member runs the relay: he can agree on keys with both sides, and then their bindings differ."""
    async with hostile(tmp_path, 1, 2) as (meddler, one, other):
        cards: dict[bytes, Card] = {
            one.client.address: one.client.card,
            other.client.address: other.client.card,
        }
        between = Ephemeral.fresh(seeded(9))

        def swap_keys(message: Passed) -> list[Passed]:
            sender, to, data = message
            purpose = relayed.PURPOSES.get(data[0])
            if data[0] not in (relayed.OPEN, relayed.ACCEPT) or purpose is None:
                return [message]
            text = Envelope(ROOM, cards[to].visit, cards[sender].visit).open(purpose, data[1:])
            assert text is not None
            mine = Envelope(ROOM, cards[sender].visit, cards[to].visit)
            forged = mine.seal(purpose, text[:LINK_BYTES] + between.public, seeded(8))
            return [(sender, to, data[:1] + forged)]

        meddler.meddle = swap_keys
        async with one.links.dial(await one.sees(other)) as here:
            assert here.binding != other_binding(other)


def other_binding(visitor: Visitor) -> bytes:
    """The binding of the link that is coming about at a visitor."""
    [end] = visitor.links._ends.values()
    link: Link = end.line
    return link.binding
