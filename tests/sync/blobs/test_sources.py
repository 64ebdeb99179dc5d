"""Blobs from several peers over real sockets: cuts, liars, slow ones, and what is urgent."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from engine.faults import NoSpace
from engine.recipe import FileDigest
from sync.blobs import frames
from sync.blobs.budget import Budget
from sync.blobs.frames import Kind
from sync.blobs.partial import PREFIX
from sync.blobs.source import LANES
from sync.blobs.sources import Sources
from sync.blobs.store import digest_of
from tests.sync.blobs.mates import BLOB, PROJECT, Converse, Mate, mates, rogue

LARGE = BLOB * 5
DIGEST = digest_of(LARGE)


def wanting(mate: Mate, **more: object) -> Sources:
    admitted = mate.admitted.__contains__
    return Sources(mate.store, mate.device, PROJECT, admitted, **more)  # type: ignore[arg-type]


def unfinished(mate: Mate) -> list[Path]:
    return sorted(mate.store.unfinished.glob(f"{PREFIX}*"))


def lying(
    size: int, content: Callable[[int, int], bytes], after: Callable[[int], None] = lambda sent: None
) -> Converse:
    """Says that it has everything, in that size, and gives `content`; told how many bytes were sent."""

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        sent = 0
        while True:
            kind, body = await frames.read_frame(reader, Kind.HAS, Kind.GET)
            if kind is Kind.HAS:
                writer.write(frames.sizes([size] * len(frames.named(body))))
                continue
            _, start, stop = frames.asked(body)
            for part in frames.cut(content(start, stop), frames.PART):
                writer.write(frames.frame(Kind.BYTES, part))
                await writer.drain()
                sent += len(part)
                after(sent)
            writer.write(frames.frame(Kind.END))

    return converse


@asynccontextmanager
async def served_by(*those: Mate) -> AsyncIterator[list[str]]:
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(one.serving()) for one in those]


async def test_a_blob_comes_from_several_peers_and_is_kept(tmp_path: Path) -> None:
    ann, ben, cyd = mates(tmp_path, 3)
    for one in (ann, ben):
        one.store.put(LARGE)
    async with served_by(ann, ben) as (at_ann, at_ben), wanting(cyd) as sources:
        sources.peer_up(ann.device.public, [at_ann])
        sources.peer_up(ben.device.public, [at_ben])
        assert await sources.want(DIGEST)
        assert cyd.store.get(DIGEST) == LARGE
        assert await sources.want(DIGEST), "it is there already"
    assert unfinished(cyd) == []


async def test_a_peer_that_moves_is_found_at_its_new_address(tmp_path: Path) -> None:
    ann, ben = mates(tmp_path)
    ann.store.put(LARGE)
    async with ann.serving() as there, wanting(ben) as sources:
        sources.peer_up(ann.device.public, ["127.0.0.1:1"], lambda data: None)
        sources.peer_moved(ann.device.public, [there])
        sources.peer_moved(ben.device.public, [there])
        source = sources.sources[ann.device.public]
        assert source.addresses == (there,)
        assert await source._reached() is not None


@pytest.mark.parametrize("data", [b"", b"picture", BLOB])
async def test_blobs_of_any_size_come(tmp_path: Path, data: bytes) -> None:
    ann, ben = mates(tmp_path)
    digest = ann.store.put(data)
    async with ann.serving() as address, wanting(ben) as sources:
        sources.peer_up(ann.device.public, [address])
        assert await sources.want(digest, size=len(data))
    assert ben.store.get(digest) == data


async def test_what_nobody_has_is_said_at_once(tmp_path: Path) -> None:
    ann, ben = mates(tmp_path)
    async with ann.serving() as address, wanting(ben) as sources:
        assert not await sources.want(DIGEST)
        sources.peer_up(ann.device.public, [address])
        assert not await sources.want(DIGEST)
        assert not await sources.want(FileDigest("../../etc/passwd"))


async def test_a_patient_one_waits_for_a_peer_to_come(tmp_path: Path) -> None:
    ann, ben = mates(tmp_path)
    ann.store.put(LARGE)
    async with ann.serving() as address, wanting(ben) as sources, asyncio.TaskGroup() as group:
        waiting = group.create_task(sources.want(DIGEST, patient=True))
        await asyncio.sleep(0)
        assert not waiting.done()
        sources.peer_up(ann.device.public, [address])
        assert await waiting


async def test_it_is_fetched_once_however_many_ask(tmp_path: Path) -> None:
    ann, ben = mates(tmp_path)
    sent = 0

    def count(now: int) -> None:
        nonlocal sent
        sent = now

    converse = lying(len(LARGE), lambda start, stop: LARGE[start:stop], count)
    async with rogue(ann.device, converse) as address, wanting(ben) as sources:
        sources.peer_up(ann.device.public, [address])
        assert await asyncio.gather(*(sources.want(DIGEST) for _ in range(20))) == [True] * 20
    assert sent == len(LARGE)


async def test_a_cut_transfer_goes_on_where_it_was(tmp_path: Path) -> None:
    ann, ben = mates(tmp_path)
    sent = 0
    connections = 0

    async def cutting(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1

        def count(now: int) -> None:
            nonlocal sent
            sent += frames.PART
            if connections < 4 and now > len(LARGE) // 5:
                raise ConnectionResetError

        await lying(len(LARGE), lambda start, stop: LARGE[start:stop], count)(reader, writer)

    async with rogue(ann.device, cutting) as address, wanting(ben) as sources:
        sources.peer_up(ann.device.public, [address])
        assert await sources.want(DIGEST)
    assert connections >= 4
    assert sent < 2 * len(LARGE), "it began anew at every cut"
    assert ben.store.get(DIGEST) == LARGE


async def test_a_restart_goes_on_where_it_was(tmp_path: Path) -> None:
    ann, ben = mates(tmp_path)
    half = asyncio.Event()
    asked: list[int] = []

    async def stopping(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        def count(now: int) -> None:
            if now > len(LARGE) // 2:
                half.set()
                raise ConnectionResetError

        await lying(len(LARGE), lambda start, stop: LARGE[start:stop], count)(reader, writer)

    async with rogue(ann.device, stopping) as address, wanting(ben) as sources, asyncio.TaskGroup() as group:
        sources.peer_up(ann.device.public, [address])
        waiting = group.create_task(sources.want(DIGEST))
        await half.wait()
        sources.cancel(DIGEST)
        assert not await waiting
    [left] = unfinished(ben)
    kept = left.stat().st_size
    assert 0 < kept < len(LARGE)

    def noted(start: int, stop: int) -> bytes:
        asked.append(start)
        return LARGE[start:stop]

    async with rogue(ann.device, lying(len(LARGE), noted)) as address, wanting(ben) as sources:
        sources.peer_up(ann.device.public, [address])
        assert await sources.want(DIGEST)
    assert min(asked) == kept
    assert ben.store.get(DIGEST) == LARGE
    assert unfinished(ben) == []


KILLED = """
import asyncio, sys
from pathlib import Path
from sync.blobs.sources import Sources
from tests.sync.blobs.mates import PROJECT, Mate

async def main():
    mate = Mate(Path(sys.argv[1]))
    async with Sources(mate.store, mate.device, PROJECT, lambda key: True) as sources:
        sources.peer_up(bytes.fromhex(sys.argv[2]), [sys.argv[3]])
        await sources.want(sys.argv[4])

asyncio.run(main())
"""


async def test_a_killed_process_loses_little(tmp_path: Path) -> None:
    ann, ben = mates(tmp_path)
    asked: list[int] = []

    def content(start: int, stop: int) -> bytes:
        asked.append(start)
        return LARGE[start:stop]

    async def halting(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        def halt(now: int) -> None:
            if now > len(LARGE) // 2:
                raise InterruptedError

        try:
            await lying(len(LARGE), content, halt)(reader, writer)
        except InterruptedError:
            await reader.read()

    async with rogue(ann.device, halting) as address:
        arguments = (str(ben.folder), ann.device.public.hex(), address, DIGEST)
        child = await asyncio.create_subprocess_exec(sys.executable, "-c", KILLED, *arguments)
        while not any(one.stat().st_size for one in unfinished(ben)):
            await asyncio.sleep(0)
        child.kill()
        await child.wait()
    asked.clear()
    async with rogue(ann.device, lying(len(LARGE), content)) as address, wanting(ben) as sources:
        sources.peer_up(ann.device.public, [address])
        assert await sources.want(DIGEST)
    assert min(asked) > 0
    assert ben.store.get(DIGEST) == LARGE
    assert unfinished(ben) == []


async def test_a_liar_is_named_and_the_honest_one_asked(tmp_path: Path) -> None:
    ann, ben, eve = mates(tmp_path, 3)
    ann.store.put(LARGE)
    named: list[tuple[bytes, FileDigest]] = []

    def wrong(peer: bytes, digest: FileDigest, words: str) -> None:
        assert digest[:16] in words
        named.append((peer, digest))

    spoiled = lying(len(LARGE), lambda start, stop: bytes(stop - start))
    async with (
        ann.serving() as at_ann,
        rogue(eve.device, spoiled) as at_eve,
        wanting(ben, wrong=wrong) as sources,
    ):
        sources.peer_up(eve.device.public, [at_eve])
        sources.peer_up(ann.device.public, [at_ann])
        assert await sources.want(DIGEST)
        assert ben.store.get(DIGEST) == LARGE
        assert set(named) <= {(eve.device.public, DIGEST)}
        ben.store.delete(DIGEST)
        sources.peer_down(ann.device.public)
        assert not await sources.want(DIGEST)
        assert named == [(eve.device.public, DIGEST)]
        assert not await sources.want(DIGEST), "she was asked again"
        assert len(named) == 1
    assert unfinished(ben) == []


async def test_a_liar_among_several_is_found_by_asking_one_alone(tmp_path: Path) -> None:
    ann, ben, eve = mates(tmp_path, 3)
    named: list[bytes] = []
    both = asyncio.Event()
    lied = False

    def honest(start: int, stop: int) -> bytes:
        return LARGE[start:stop]

    def dishonest(start: int, stop: int) -> bytes:
        nonlocal lied
        lied = True
        both.set()
        return bytes(stop - start)

    async def waiting(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        _, body = await frames.read_frame(reader, Kind.HAS)
        await both.wait()
        writer.write(frames.sizes([len(LARGE)] * len(frames.named(body))))
        await lying(len(LARGE), honest)(reader, writer)

    def wrong(peer: bytes, digest: FileDigest, words: str) -> None:
        named.append(peer)

    spoiled = lying(len(LARGE), dishonest)
    async with (
        rogue(ann.device, waiting) as at_ann,
        rogue(eve.device, spoiled) as at_eve,
        wanting(ben, wrong=wrong, download=Budget(40e6)) as sources,
    ):
        sources.peer_up(eve.device.public, [at_eve])
        sources.peer_up(ann.device.public, [at_ann])
        assert await sources.want(DIGEST)
    assert lied
    assert named == [eve.device.public]
    assert ben.store.get(DIGEST) == LARGE
    assert unfinished(ben) == []


@pytest.mark.parametrize("size", [0, len(LARGE) - 1, len(LARGE) + 1])
async def test_who_says_another_length_is_found_out(tmp_path: Path, size: int) -> None:
    ann, ben, eve = mates(tmp_path, 3)
    ann.store.put(LARGE)
    short = lying(size, lambda start, stop: LARGE[start:stop].ljust(stop - start))
    async with ann.serving() as at_ann, rogue(eve.device, short) as at_eve, wanting(ben) as sources:
        sources.peer_up(eve.device.public, [at_eve])
        assert not await sources.want(DIGEST)
        assert DIGEST in sources.convicted[eve.device.public]
        sources.peer_up(ann.device.public, [at_ann])
        assert await sources.want(DIGEST)


async def test_a_length_that_was_not_expected_is_not_even_begun(tmp_path: Path) -> None:
    ann, ben = mates(tmp_path)
    endless = lying(2**40, lambda start, stop: bytes(stop - start))
    async with rogue(ann.device, endless) as address, wanting(ben) as sources:
        sources.peer_up(ann.device.public, [address])
        assert not await sources.want(DIGEST, size=len(LARGE))
        assert not await sources.want(DIGEST), "nothing is that large"
    assert unfinished(ben) == []


@pytest.mark.parametrize(
    "answer",
    [
        frames.frame(Kind.BYTES, bytes(frames.PART)) * 200,  # it never ends
        frames.frame(Kind.END),
        frames.frame(Kind.BYTES),
        frames.frame(Kind.BYTES, b"short") + frames.frame(Kind.END),
        b"\xff\xff\xff\xff\x06",
        frames.frame(Kind.SIZES, bytes(8)),
        frames.frame(Kind.GONE),
        b"",
    ],
)
async def test_a_peer_that_breaks_the_rules_does_no_harm(tmp_path: Path, answer: bytes) -> None:
    ann, ben, eve = mates(tmp_path, 3)
    ann.store.put(LARGE)

    async def breaking(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        _, body = await frames.read_frame(reader, Kind.HAS)
        writer.write(frames.sizes([len(LARGE)] * len(frames.named(body))))
        await frames.read_frame(reader, Kind.GET)
        writer.write(answer)
        await writer.drain()

    async with ann.serving() as at_ann, rogue(eve.device, breaking) as at_eve, wanting(ben) as sources:
        sources.peer_up(eve.device.public, [at_eve])
        sources.peer_up(ann.device.public, [at_ann])
        assert await sources.want(DIGEST)
    assert ben.store.get(DIGEST) == LARGE
    assert unfinished(ben) == []


async def test_a_source_that_stalls_does_not_hold_up_a_fast_one(tmp_path: Path) -> None:
    ann, ben, eve = mates(tmp_path, 3)
    ann.store.put(LARGE)
    stalled = asyncio.Event()

    async def stalling(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        _, body = await frames.read_frame(reader, Kind.HAS)
        writer.write(frames.sizes([len(LARGE)] * len(frames.named(body))))
        await frames.read_frame(reader, Kind.GET)
        writer.write(frames.frame(Kind.BYTES, LARGE[:1000]))
        stalled.set()
        await reader.read()

    async with (
        rogue(eve.device, stalling) as at_eve,
        ann.serving() as at_ann,
        wanting(ben) as sources,
        asyncio.TaskGroup() as group,
    ):
        sources.peer_up(eve.device.public, [at_eve])
        waiting = group.create_task(sources.want(DIGEST))
        await stalled.wait()
        sources.peer_up(ann.device.public, [at_ann])
        assert await waiting
    assert ben.store.get(DIGEST) == LARGE


async def test_what_is_on_screen_comes_first(tmp_path: Path) -> None:
    ann, ben = mates(tmp_path)
    pictures = [bytes([number]) * 70_000 for number in range(40)]
    digests = [ann.store.put(one) for one in pictures]
    order: list[int] = []

    async with ann.serving() as address, wanting(ben, download=Budget(5e6)) as sources:

        async def fetched(number: int) -> None:
            assert await sources.want(digests[number], 0 if number >= 30 else 5, patient=True)
            order.append(number)

        async with asyncio.TaskGroup() as group:
            for number in range(len(digests)):
                group.create_task(fetched(number))
            await asyncio.sleep(0)
            sources.peer_up(ann.device.public, [address])
    assert sorted(order) == list(range(40))
    assert set(order[: 10 + LANES]) >= set(range(30, 40)), "what others have in work already may overtake"


async def test_wanting_again_changes_the_priority(tmp_path: Path) -> None:
    ann, ben = mates(tmp_path)
    digests = [ann.store.put(bytes([number]) * 70_000) for number in range(20)]
    order: list[int] = []

    async with ann.serving() as address, wanting(ben, download=Budget(5e6)) as sources:

        async def fetched(number: int, priority: int) -> None:
            assert await sources.want(digests[number], priority, patient=True)
            order.append(number)

        async with asyncio.TaskGroup() as group:
            for number in range(len(digests)):
                group.create_task(fetched(number, 5))
            group.create_task(fetched(19, 0))
            await asyncio.sleep(0)
            sources.peer_up(ann.device.public, [address])
    assert 19 in order[:LANES]


async def test_who_gives_up_leaves_the_others_waiting(tmp_path: Path) -> None:
    ann, ben = mates(tmp_path)
    ann.store.put(LARGE)
    async with ann.serving() as address, wanting(ben) as sources, asyncio.TaskGroup() as group:
        first = group.create_task(sources.want(DIGEST, patient=True))
        second = group.create_task(sources.want(DIGEST, patient=True))
        await asyncio.sleep(0)
        first.cancel()
        await asyncio.sleep(0)
        sources.peer_up(ann.device.public, [address])
        assert await second
        assert first.cancelled()


async def test_a_peer_that_leaves_is_waited_for_no_longer(tmp_path: Path) -> None:
    ann, ben = mates(tmp_path)
    begun = asyncio.Event()

    async def stalling(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        begun.set()
        await reader.read()

    async with rogue(ann.device, stalling) as address, wanting(ben) as sources, asyncio.TaskGroup() as group:
        sources.peer_up(ann.device.public, [address])
        waiting = group.create_task(sources.want(DIGEST))
        await begun.wait()
        sources.peer_down(ann.device.public)
        assert not await waiting


async def test_a_full_disk_is_said_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann, ben = mates(tmp_path)
    ann.store.put(LARGE)

    def full(*_: object) -> None:
        raise NoSpace("there is no room", "free some")

    monkeypatch.setattr("sync.blobs.partial.Partial.append", full)
    async with ann.serving() as address, wanting(ben) as sources:
        sources.peer_up(ann.device.public, [address])
        with pytest.raises(NoSpace):
            await sources.want(DIGEST)
    assert unfinished(ben) == []
