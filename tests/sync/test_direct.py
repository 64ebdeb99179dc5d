"""Direct links by way of a relay: they come about, and whoever swaps descriptions gains nothing."""

from __future__ import annotations

import asyncio
import dataclasses
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from sync import direct
from sync.dialling import Route
from sync.direct import Doorman
from sync.links import description
from sync.links.link import Channel, Link, NoLink
from sync.links.relayed import ANSWER, ASK, PURPOSES
from sync.links.webrtc import Answerer, IceServer, dial
from sync.networks import Hint
from sync.relay.client import RelayUnreachable
from sync.relay.sealing import LINK_BYTES, Envelope
from sync.tasks import Crew
from tests.sync.relay.hostile import Passed, hostile
from tests.sync.relay.stage import ROOM, Visitor, visitors


class Hall:
    """Guests that keep every link that comes, until they are left."""

    def __init__(self) -> None:
        self.links: asyncio.Queue[Link] = asyncio.Queue()

    def hint(self, hint: Hint) -> None:
        """Nobody is told of anybody."""

    def stir(self) -> None:
        """Nothing to stir."""

    async def came(self, link: Link, route: Route) -> None:
        """Keep it until the other side closes it."""
        assert route is Route.DIRECT
        self.links.put_nowait(link)
        await link.receive()


@asynccontextmanager
async def waiting(other: Visitor, willing: bool = True) -> AsyncIterator[Hall]:
    """A device that answers offers."""
    hall = Hall()
    async with Crew() as crew:
        crew.start(Doorman(direct.none).run(other.links, lambda: willing, crew, hall))
        yield hall


async def test_a_direct_link_comes_about_and_has_one_binding(tmp_path: Path) -> None:
    async with visitors(tmp_path, 1, 2) as (one, other), waiting(other) as hall:
        address = await one.sees(other)
        async with direct.dialled(one.links, address, ()) as link:
            theirs = await hall.links.get()
            assert (link.kind, theirs.kind) == ("webrtc", "webrtc")
            assert link.binding == theirs.binding
            link.send(Channel.SYNC, b"done")


async def test_who_does_not_want_to_answers_so(tmp_path: Path) -> None:
    async with visitors(tmp_path, 1, 2) as (one, other), waiting(other, willing=False):
        with pytest.raises(NoLink, match="cannot make"):
            async with direct.dialled(one.links, await one.sees(other), ()):
                pytest.fail("it came about")


@pytest.mark.parametrize("offer", [b"", b"\xff\xfe", b"v=0", b"m=application 9\r\n" * 50])
async def test_what_is_no_offer_is_answered_with_no(tmp_path: Path, offer: bytes) -> None:
    async with visitors(tmp_path, 1, 2) as (one, other), waiting(other):
        assert await one.links.ask(await one.sees(other), offer) == b"\0"


async def test_a_relay_cannot_read_a_description(tmp_path: Path) -> None:
    async with hostile(tmp_path, 1, 2) as (meddler, one, other), waiting(other) as hall:
        async with direct.dialled(one.links, await one.sees(other), ()) as link:
            await hall.links.get()
            link.send(Channel.SYNC, b"done")
        seen = b"".join(data for _, _, data in meddler.seen)
        assert len(meddler.seen) == 2
        assert not any(word in seen for word in (b"candidate", b"fingerprint", b"ice-pwd", b"v=0"))


async def test_descriptions_that_a_relay_swaps_or_repeats_are_ignored(tmp_path: Path) -> None:
    async with hostile(tmp_path, 1, 2) as (meddler, one, other), waiting(other):
        kept: list[Passed] = []

        def swap(message: Passed) -> Sequence[Passed]:
            """Hand out the sealed offer as the answer, and an answer of before in place of a new one."""
            kept.append(message)
            sender, receiver, data = message
            return [message] if data[0] == ASK else [(sender, receiver, bytes((ANSWER,)) + kept[0][2][1:])]

        meddler.meddle = swap
        address = await one.sees(other)
        with pytest.raises(NoLink):
            async with _quick(one, address):
                pytest.fail("it came about")
        assert one.links.ignored["forged"] == 1


@asynccontextmanager
async def _quick(one: Visitor, address: bytes) -> AsyncIterator[Link]:
    async def signal(offer: str) -> str:
        try:
            return (await one.links.ask(address, offer.encode(), 0.5)).decode()
        except RelayUnreachable as error:
            raise NoLink(error.message) from error

    async with dial(signal) as link:
        yield link


async def test_an_insider_who_swaps_descriptions_makes_two_links_with_two_bindings(tmp_path: Path) -> None:
    """A relay and a member who was removed work together: they open the envelope and put themselves in between."""
    async with hostile(tmp_path, 1, 2) as (meddler, one, other), waiting(other) as hall, Answerer() as spy:
        arriving = []
        middle = asyncio.Queue[bytes]()

        def purposed(message: Passed) -> tuple[Envelope, bytes]:
            sender, _, data = message
            visits = {
                one.client.address: one.client.card.visit,
                other.client.address: other.client.card.visit,
            }
            theirs = visits.pop(sender)
            (mine,) = visits.values()
            envelope = Envelope(ROOM, mine, theirs)
            text = envelope.open(PURPOSES[data[0]], data[1:])
            assert text is not None
            return Envelope(ROOM, theirs, mine), text

        def meddle(message: Passed) -> Sequence[Passed]:
            sealing, text = purposed(message)
            middle.put_nowait(text)
            if message[2][0] == ANSWER:
                return []
            swapped.set_result((sealing, text, message))
            return []

        swapped: asyncio.Future[tuple[Envelope, bytes, Passed]]
        swapped = asyncio.get_running_loop().create_future()
        meddler.meddle = meddle

        async def between() -> None:
            """Answer the offer oneself, as the other device."""
            _, text, (sender, receiver, _) = await swapped
            answer, link = await spy.answer(text[LINK_BYTES:].decode())
            arriving.append(link)
            back = Envelope(ROOM, other.client.card.visit, one.client.card.visit)
            data = bytes((ANSWER,)) + back.seal(
                "answer", text[:LINK_BYTES] + b"\1" + answer.encode(), os.urandom
            )
            meddler.meddle = lambda message: [message]
            one.links.passed(receiver, data)
            assert sender == one.client.address

        async with Crew() as crew:
            crew.start(between())
            async with direct.dialled(one.links, await one.sees(other), ()) as link:
                spied = await arriving[0]
                # the same to the other device: whatever the spy shows there has another certificate
                async with direct.dialled(one.links, await one.sees(other), ()) as honest:
                    theirs = await hall.links.get()
                    assert honest.binding == theirs.binding
                    assert link.binding == spied.binding != theirs.binding
                    honest.send(Channel.SYNC, b"done")
                await spied.close()


async def test_a_changed_fingerprint_makes_no_link() -> None:
    async with Answerer(timeout=1.0) as answerer:

        async def signal(offer: str) -> str:
            answer, _ = await answerer.answer(offer)
            return dataclasses.replace(description.read(answer), fingerprint=os.urandom(32)).text()

        with pytest.raises(NoLink):
            async with dial(signal, timeout=3.0):
                pytest.fail("it came about")


def test_dead_servers_are_given_their_time() -> None:
    assert direct.none() == ()
    assert direct.seconds([IceServer("stun:203.0.113.1")]) > direct.seconds(()) > 0
