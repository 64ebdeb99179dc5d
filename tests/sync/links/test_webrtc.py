"""What WebRTC links do beside the contract: failing dials, hostile ends, moments of closing."""

from __future__ import annotations

import asyncio
import dataclasses
import gc
import random
from collections.abc import Awaitable
from contextlib import AsyncExitStack
from typing import Any

import psutil
import pytest

from sync.links import webrtc
from sync.links.description import read
from sync.links.link import Channel, Link, LinkClosed, NoLink, closing
from sync.links.webrtc import Answerer, Connection, dial
from tests.sync.links.pairs import over_webrtc


async def nobody(_offer: str) -> str:
    """A signal that never brings an answer."""
    await asyncio.Event().wait()
    return ""


async def test_a_dial_that_nobody_answers_ends_in_time() -> None:
    with pytest.raises(NoLink, match=r"within 0\.05 s"):
        async with dial(nobody, timeout=0.05):
            pass


@pytest.mark.parametrize("answer", ["", "no description", "v=0\r\nm=application 9 x\r\n"])
async def test_an_answer_that_is_none_is_said_so(answer: str) -> None:
    async def signal(_offer: str) -> str:
        return answer

    with pytest.raises(NoLink, match="description"):
        async with dial(signal):
            pass


async def test_our_own_offer_as_an_answer_is_refused() -> None:
    async def mirror(offer: str) -> str:
        return offer.replace("a=setup:actpass", "a=setup:active")

    with pytest.raises(NoLink, match="own certificate"):
        async with dial(mirror):
            pass


async def test_an_offer_in_place_of_an_answer_is_refused() -> None:
    async with Answerer() as answerer:

        async def signal(offer: str) -> str:
            return (await answerer.answer(offer))[0].replace("a=setup:active", "a=setup:actpass")

        with pytest.raises(NoLink, match="no answer"):
            async with dial(signal):
                pass


async def test_a_swapped_certificate_makes_no_link() -> None:
    """What a relay that changes descriptions would do: the fingerprint is then not that of who answers."""
    async with Answerer(timeout=1.0) as answerer:
        arriving: list[Awaitable[Link]] = []

        async def signal(offer: str) -> str:
            answer, link = await answerer.answer(offer)
            arriving.append(link)
            theirs = read(answer)
            forged = random.Random(1).randbytes(32)
            return dataclasses.replace(theirs, fingerprint=forged).text()

        with pytest.raises(NoLink):
            async with dial(signal, timeout=5.0):
                pass
        with pytest.raises(NoLink):
            await arriving[0]


async def test_an_offer_whose_maker_does_not_come_is_given_up() -> None:
    async with Answerer(timeout=0.05) as answerer:
        connection = Connection((), 0.0)
        try:
            _, link = await answerer.answer(await connection.offer())
        finally:
            await connection.close()
        with pytest.raises(NoLink, match="did not come"):
            await link


async def test_what_is_no_offer_is_refused_and_only_so_many_are_under_way() -> None:
    async with Answerer(timeout=60.0) as answerer:
        for bad in ("", "v=0", "m=application x\r\n" * 100):
            with pytest.raises(NoLink):
                await answerer.answer(bad)
        connection = Connection((), 0.0)
        offer = await connection.offer()
        await connection.close()
        for _ in range(webrtc.MOST_PENDING):
            await answerer.answer(offer)
        with pytest.raises(NoLink, match="too many"):
            await answerer.answer(offer)
    with pytest.raises(NoLink):
        await answerer.answer(offer)


async def test_leaving_the_answerer_closes_its_links() -> None:
    async with AsyncExitStack() as stack:
        leaving = AsyncExitStack()
        answerer = await leaving.enter_async_context(Answerer())
        arriving: list[Awaitable[Link]] = []

        async def signal(offer: str) -> str:
            answer, link = await answerer.answer(offer)
            arriving.append(link)
            return answer

        dialled = await stack.enter_async_context(dial(signal))
        answered = await arriving[0]
        await leaving.aclose()
        for link in (dialled, answered):
            with pytest.raises(LinkClosed):
                await hear_out(link)


async def test_what_goes_wrong_in_the_body_comes_out_as_it_is() -> None:
    with pytest.raises(ZeroDivisionError):
        async with Answerer():
            raise ZeroDivisionError


async def test_a_link_ends_when_the_other_side_vanishes_without_a_word() -> None:
    async with over_webrtc() as (one, other):
        inner = inside(other)
        await inner.sctp.transport.stop()  # no goodbye of ours: as when the process ends
        with pytest.raises(LinkClosed):
            await hear_out(one)


async def test_channels_that_do_not_exist_end_the_link() -> None:
    async with over_webrtc() as (one, other):
        inside(other).createDataChannel("more")
        with pytest.raises(LinkClosed):
            await hear_out(one)


@pytest.mark.parametrize("data", ["text", b"", bytes(70_000), b"\x63"])
async def test_messages_that_are_no_frames_end_the_link(data: Any) -> None:
    async with over_webrtc() as (one, other):
        inside(other).sctp._remote_max_message_size = 0  # whoever is hostile does not ask
        channels(other)[Channel.SYNC].send(data)
        with pytest.raises(LinkClosed, match="rules of frames"):
            await hear_out(one)


async def test_pieces_without_an_end_end_the_link(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webrtc, "LOOK_SECONDS", 0.02)
    monkeypatch.setattr(webrtc, "MOST_PIECES", 20)
    async with over_webrtc() as (one, other):
        sctp = inside(other).sctp
        before = sctp._send_chunk

        async def endless(chunk: Any) -> None:
            if hasattr(chunk, "user_data"):
                chunk.flags &= ~1  # never the last fragment
            await before(chunk)

        sctp._send_chunk = endless
        for _ in range(4):
            channels(other)[Channel.BULK].send(bytes(16_000))
        with pytest.raises(LinkClosed, match="without an end"):
            await hear_out(one)


async def test_two_links_at_once_do_not_mix() -> None:
    async with over_webrtc() as (one, other), over_webrtc() as (third, fourth):
        assert one.binding != third.binding
        one.send(Channel.SYNC, b"first")
        third.send(Channel.SYNC, b"second")
        assert await fourth.receive() == (Channel.SYNC, b"second")
        assert await other.receive() == (Channel.SYNC, b"first")


async def test_a_dial_that_is_cancelled_at_any_moment_leaves_nothing() -> None:
    descriptors = psutil.Process().num_fds()
    async with Answerer(timeout=0.2) as answerer:

        async def signal(offer: str) -> str:
            return (await answerer.answer(offer))[0]

        async def live() -> None:
            async with dial(signal) as link, closing(link):
                await link.receive()

        for turns in range(0, 60, 3):
            async with asyncio.TaskGroup() as group:
                task = group.create_task(live())
                for _ in range(turns):
                    await asyncio.sleep(0)
                task.cancel()
    gc.collect()
    assert psutil.Process().num_fds() <= descriptors


async def hear_out(link: Link) -> None:
    """Read until the link ends."""
    while True:
        await link.receive()


def inside(link: Link) -> Any:
    """The peer connection of aiortc under a link."""
    return link._finish.__self__._inner  # type: ignore[attr-defined]


def channels(link: Link) -> Any:
    """The data channels of aiortc under a link."""
    return link._carrier._channels  # type: ignore[attr-defined]
