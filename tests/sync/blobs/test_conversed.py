"""Blobs in the conversation: small ones at once, others where no line leads, and who is not answered."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from engine.recipe import FileDigest
from sync.blobs import frames, spoken
from sync.blobs.source import QUESTIONS
from sync.blobs.sources import Sources
from sync.blobs.store import digest_of
from tests.sync.blobs.mates import BLOB, PROJECT, Mate, mates

DIGEST = digest_of(BLOB * 5)


def wanting(mate: Mate) -> Sources:
    return Sources(mate.store, mate.device, PROJECT, mate.admitted.__contains__)


def introduce(one: Sources, mine: Mate, other: Sources, theirs: Mate) -> list[bytes]:
    """Let two talk, as a session has their conversation do; what was said is kept."""
    loop = asyncio.get_running_loop()
    said: list[bytes] = []

    def to(sources: Sources, sender: Mate) -> Callable[[bytes], None]:
        def say(data: bytes) -> None:
            said.append(data)
            loop.call_soon(sources.said, sender.device.public, data)

        return say

    one.peer_up(theirs.device.public, [], to(other, mine))
    other.peer_up(mine.device.public, [], to(one, theirs))
    return said


async def test_thumbnails_come_in_the_conversation(tmp_path: Path) -> None:
    ann, ben = mates(tmp_path)
    thumbs = [ann.store.put(bytes([number]) * 9_000) for number in range(100)]
    async with wanting(ann) as hers, wanting(ben) as his:
        said = introduce(his, ben, hers, ann)
        found = await asyncio.gather(*(his.want(one) for one in thumbs), his.want(DIGEST))
    assert found == [True] * 100 + [False]
    assert max(map(len, said)) <= 64 * 1024
    assert all(ben.store.has(one) for one in thumbs)


async def test_larger_ones_come_in_the_conversation_where_no_line_leads(tmp_path: Path) -> None:
    ann, ben = mates(tmp_path)
    digest = ann.store.put(BLOB)
    async with wanting(ann) as hers, wanting(ben) as his:
        said = introduce(his, ben, hers, ann)
        assert await his.want(digest)
    assert ben.store.get(digest) == BLOB
    assert max(map(len, said)) <= 64 * 1024


async def test_what_can_wait_is_asked_of_one_after_the_other(tmp_path: Path) -> None:
    ann, ben, cyd = mates(tmp_path, 3)
    both = [ann.store.put(bytes([number]) * 5_000) for number in range(40)]
    for number in range(40):
        cyd.store.put(bytes([number]) * 5_000)
    alone = cyd.store.put(b"only here" * 100)
    gave: dict[FileDigest, Sequence[bytes]] = {}
    async with (
        wanting(ann) as hers,
        Sources(ben.store, ben.device, PROJECT, ben.admitted.__contains__, given=gave.__setitem__) as his,
        wanting(cyd) as theirs,
    ):
        said = [introduce(his, ben, hers, ann), introduce(his, ben, theirs, cyd)]
        found = await asyncio.gather(*(his.want(one, 9, thrifty=True) for one in [*both, alone]))
    assert all(found)
    heard = [spoken.decode(one) for part in said for one in part]
    assert sum(isinstance(one, spoken.Here) for one in heard) == 41
    assert gave.keys() == {*both, alone}
    assert gave[alone] == [cyd.device.public]


async def test_none_over_the_most_is_taken_until_somebody_takes_more(tmp_path: Path) -> None:
    ann, ben = mates(tmp_path)
    digest = ann.store.put(BLOB)
    async with wanting(ann) as hers, wanting(ben) as his:
        introduce(his, ben, hers, ann)
        assert not await his.want(digest, most=len(BLOB) - 1)
        async with asyncio.TaskGroup() as group:
            modest = group.create_task(his.want(digest, most=1000, patient=True))
            await asyncio.sleep(0)
            assert await his.want(digest)
        assert modest.result()


async def test_answers_wait_until_the_conversation_is_quiet(tmp_path: Path) -> None:
    ann, ben = mates(tmp_path)
    digest = ann.store.put(b"thumbnail")
    calm, waited = asyncio.Event(), asyncio.Event()
    said: list[bytes] = []

    async def quiet() -> None:
        waited.set()
        await calm.wait()

    async with wanting(ann) as hers:
        hers.peer_up(ben.device.public, [], said.append, quiet)
        hers.said(ben.device.public, spoken.encode(spoken.Ask((digest,))))
        await waited.wait()
        assert said == []
        calm.set()
        async with asyncio.timeout(5):
            while not said:
                await asyncio.sleep(0)


async def test_a_wrong_thumbnail_is_thrown_away_and_its_sender_named(tmp_path: Path) -> None:
    ann, ben = mates(tmp_path)
    digest = digest_of(b"thumbnail")
    async with wanting(ben) as sources:

        def say(data: bytes) -> None:
            assert spoken.decode(data) == spoken.Ask((digest,))
            answer = spoken.Here(digest, 9, 0, b"thumbnial")
            asyncio.get_running_loop().call_soon(sources.said, ann.device.public, spoken.encode(answer))

        sources.peer_up(ann.device.public, [], say)
        assert not await sources.want(digest)
        assert digest in sources.convicted[ann.device.public]
    assert not ben.store.has(digest)


async def test_a_removed_device_is_not_answered_in_the_conversation(tmp_path: Path) -> None:
    ann, ben = mates(tmp_path)
    digest = ann.store.put(b"thumbnail")
    said: list[bytes] = []
    async with wanting(ann) as hers:
        hers.peer_up(ben.device.public, [], said.append)
        ann.admitted.discard(ben.device.public)
        hers.said(ben.device.public, spoken.encode(spoken.Ask((digest,))))
        assert not hers.sources[ben.device.public].questions
    assert said == []


async def test_what_is_no_message_is_refused_and_a_flood_not_heard(tmp_path: Path) -> None:
    ann, ben = mates(tmp_path)
    async with wanting(ann) as hers:
        hers.peer_up(ben.device.public, [], lambda data: None)
        for wrong in (b"", b"\x63", b"\x01abc"):
            with pytest.raises(frames.Broken):
                hers.said(ben.device.public, wrong)
        for _ in range(1000):
            hers.said(ben.device.public, spoken.encode(spoken.Ask((DIGEST,))))
        assert len(hers.sources[ben.device.public].questions) == QUESTIONS
