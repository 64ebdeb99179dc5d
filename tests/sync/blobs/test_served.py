"""Blobs over TLS: who gets them, what is refused, and what a hostile caller can use up."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path

import pytest

from engine.recipe import FileDigest
from sync.blobs import badge, frames
from sync.blobs.badge import Meeting
from sync.blobs.frames import Kind
from sync.blobs.peer import Gone, Line
from sync.blobs.served import Limits, Served
from sync.blobs.store import digest_of
from sync.records import ProjectId
from tests.sync.blobs.mates import BLOB, PROJECT, Mate, mates

ENDED = (OSError, EOFError, TimeoutError)


async def raw(address: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    host, _, port = address.rpartition(":")
    return await asyncio.open_connection(host, int(port), ssl=badge.dialling())


async def dropped(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
    """Wait until the other side has ended the connection."""
    try:
        while await reader.read(65536):
            pass
    except ENDED:
        pass
    writer.transport.abort()
    return True


async def introduced(
    address: str, mate: Mate, other: Mate
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection over which a member may say what it likes."""
    reader, writer = await raw(address)
    _, greeting = await frames.read_frame(reader, Kind.GREETING)
    secured: ssl.SSLObject = writer.get_extra_info("ssl_object")
    nonce = bytes(32)
    meeting = Meeting(
        PROJECT, badge.seen(secured), greeting[1:], nonce, other.device.public, mate.device.public
    )
    proof = mate.device.public + nonce + meeting.signed_by_client(mate.device)
    writer.write(frames.frame(Kind.PROOF, proof))
    await frames.read_frame(reader, Kind.PROOF)
    return reader, writer


async def test_a_member_gets_bytes_by_digest_and_range(tmp_path: Path) -> None:
    ann, ben = mates(tmp_path)
    digest, absent = ann.store.put(BLOB), digest_of(b"absent")
    async with ann.serving() as address:
        line = await ben.dial(address, ann)
        assert await line.sizes([absent, digest]) == {absent: None, digest: len(BLOB)}
        for start, stop in ((0, len(BLOB)), (5, 5), (70_000, 700_001), (len(BLOB) - 1, len(BLOB))):
            got = bytearray()
            await line.read(digest, start, stop, got.extend)
            assert got == BLOB[start:stop]
        with pytest.raises(Gone):
            await line.read(absent, 0, 1, got.extend)
        assert await line.sizes([digest]) == {digest: len(BLOB)}
        line.close()


async def test_both_kinds_of_addresses_lead_there(tmp_path: Path) -> None:
    ann, ben = mates(tmp_path)
    async with Served(ann.store, ann.device, PROJECT, ann.admitted.__contains__) as served:
        line = await ben.dial(f"127.0.0.1:{served.port}", ann)
        line.close()


async def test_a_stranger_learns_nothing(tmp_path: Path) -> None:
    ann, ben = mates(tmp_path)
    eve = Mate(tmp_path / "eve")
    async with ann.serving() as address:
        with pytest.raises(ENDED):
            await eve.dial(address, ann)
        eve.device.public = ben.device.public  # says that she is Ben, and cannot sign for him
        with pytest.raises(ENDED):
            await eve.dial(address, ann)
        reader, writer = await raw(address)
        _, greeting = await frames.read_frame(reader, Kind.GREETING)
        assert ann.device.public not in greeting
        proof = ben.device.public + bytes(32) + Mate(tmp_path / "mallory").device.sign(b"something else")
        writer.write(frames.frame(Kind.PROOF, proof))
        assert await reader.read() == b""
        writer.transport.abort()


async def test_another_project_is_another_world(tmp_path: Path) -> None:
    ann, ben = mates(tmp_path)
    other = ProjectId("cd" * 32)
    async with Served(ann.store, ann.device, other, ann.admitted.__contains__, host="127.0.0.1") as served:
        with pytest.raises(ENDED):
            await ben.dial(f"127.0.0.1:{served.port}", ann)


async def test_somebody_in_the_middle_is_found_out(tmp_path: Path) -> None:
    ann, ben = mates(tmp_path)
    context, _ = badge.listening(lambda count: bytes(range(count)))

    async with ann.serving() as address:

        async def passed_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            inner_reader, inner_writer = await raw(address)
            try:
                writer.write(await inner_reader.readexactly(5 + 33))
                inner_writer.write(await reader.readexactly(5 + 128))
                writer.write(await inner_reader.read(1000))
            except ENDED:
                return
            finally:
                writer.transport.abort()
                inner_writer.transport.abort()

        middle = await asyncio.start_server(passed_on, "127.0.0.1", 0, ssl=context)
        with pytest.raises(ENDED):
            await ben.dial(f"127.0.0.1:{middle.sockets[0].getsockname()[1]}", ann)
        middle.close()


async def test_a_removed_device_gets_no_more_in_the_middle_of_an_answer(tmp_path: Path) -> None:
    ann, ben = mates(tmp_path)
    digest = ann.store.put(BLOB)
    got = 0

    def take(data: bytes) -> None:
        nonlocal got
        got += len(data)
        ann.admitted.discard(ben.device.public)

    async with ann.serving() as address:
        line = await ben.dial(address, ann)
        with pytest.raises(ENDED):
            await line.read(digest, 0, len(BLOB), take)
        with pytest.raises(ENDED):
            await ben.dial(address, ann)
    assert 0 < got < len(BLOB)


async def test_a_removed_device_is_not_answered_any_more(tmp_path: Path) -> None:
    ann, ben = mates(tmp_path)
    digest = ann.store.put(BLOB)
    async with ann.serving() as address:
        line = await ben.dial(address, ann)
        assert await line.sizes([digest]) == {digest: len(BLOB)}
        ann.admitted.clear()
        with pytest.raises(ENDED):
            await line.sizes([digest])


async def test_damaged_bytes_are_never_handed_out(tmp_path: Path) -> None:
    ann, ben = mates(tmp_path)
    digest = ann.store.put(BLOB)
    place = ann.store.path(digest)
    place.unlink()
    place.write_bytes(BLOB[:-1] + b"!")
    async with ann.serving() as address:
        line = await ben.dial(address, ann)
        with pytest.raises(Gone):
            await line.read(digest, 0, 10, lambda data: None)
        line.close()


@pytest.mark.parametrize(
    "said",
    [
        b"\xff\xff\xff\xff\x03",  # four gigabytes of digests
        frames.frame(Kind.HAS, b"../../etc/passwd"),
        frames.frame(Kind.GET, b"x" * 47),
        frames.frame(Kind.GET, bytes(32) + (9).to_bytes(8, "big") + (5).to_bytes(8, "big")),
        frames.frame(Kind.SIZES),
        frames.frame(Kind.PROOF, b""),
        b"\0\0\0\0\x63",
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    ],
)
async def test_what_is_no_question_ends_the_connection(tmp_path: Path, said: bytes) -> None:
    ann, ben = mates(tmp_path)
    async with ann.serving() as address:
        reader, writer = await introduced(address, ben, ann)
        writer.write(said)
        assert await reader.read() == b""
        writer.transport.abort()
        line = await ben.dial(address, ann)
        line.close()


async def test_a_range_behind_the_end_ends_the_connection(tmp_path: Path) -> None:
    ann, ben = mates(tmp_path)
    digest = ann.store.put(b"picture")
    async with ann.serving() as address:
        line = await ben.dial(address, ann)
        with pytest.raises(ENDED):
            await line.read(digest, 0, 2**63, lambda data: None)


@pytest.mark.parametrize("said", [b"", frames.frame(Kind.PROOF, bytes(128))[:20]])
async def test_who_does_not_show_himself_in_time_is_dropped(tmp_path: Path, said: bytes) -> None:
    ann, _ = mates(tmp_path)
    async with ann.serving(Limits(handshake=0.2)) as address:
        reader, writer = await raw(address)
        writer.write(said)
        assert await dropped(reader, writer)


async def test_a_connection_without_tls_is_dropped(tmp_path: Path) -> None:
    ann, _ = mates(tmp_path)
    async with ann.serving(Limits(handshake=0.2)) as address:
        host, _, port = address.rpartition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        assert await dropped(reader, writer)


@pytest.mark.parametrize(
    ("said", "limits"),
    [
        (b"", Limits(idle=0.2)),
        (frames.has([digest_of(b"")])[:9], Limits(request=0.2)),
        (frames.get(digest_of(BLOB), 0, len(BLOB)) * 8, Limits(stalled=0.2)),
    ],
)
async def test_a_slow_member_is_dropped(tmp_path: Path, said: bytes, limits: Limits) -> None:
    ann, ben = mates(tmp_path)
    ann.store.put(BLOB)
    async with Served(
        ann.store, ann.device, PROJECT, ann.admitted.__contains__, host="127.0.0.1", limits=limits
    ) as served:
        _, writer = await introduced(f"127.0.0.1:{served.port}", ben, ann)
        assert served.connected[ben.device.public] == 1
        writer.transport.pause_reading()  # type: ignore[attr-defined]
        writer.write(said)
        while served.connected:
            await asyncio.sleep(0)
        writer.transport.abort()


async def test_strangers_do_not_keep_members_out(tmp_path: Path) -> None:
    ann, ben = mates(tmp_path)
    async with ann.serving(Limits(strangers=2, handshake=0.3)) as address:
        crowd = await asyncio.gather(*(raw(address) for _ in range(2)), return_exceptions=True)
        assert len(crowd) == 2
        with pytest.raises(ENDED):
            await ben.dial(address, ann)
        for one in crowd:
            assert not isinstance(one, BaseException)
            assert await dropped(*one)
        line = await ben.dial(address, ann)
        line.close()


async def test_a_device_has_so_many_connections_and_no_more(tmp_path: Path) -> None:
    ann, ben = mates(tmp_path)
    digest = ann.store.put(b"picture")
    async with ann.serving(Limits(per_device=2)) as address:
        lines: list[Line] = [await ben.dial(address, ann) for _ in range(2)]
        assert [await line.sizes([digest]) for line in lines] == [{digest: 7}] * 2
        third = await ben.dial(address, ann)
        with pytest.raises(ENDED):
            await third.sizes([digest])
        for line in lines:
            line.close()


async def test_a_thousand_digests_are_one_question(tmp_path: Path) -> None:
    ann, ben = mates(tmp_path)
    kept = ann.store.put(b"picture")
    asked = [FileDigest(f"{number:064x}") for number in range(2000)] + [kept]
    async with ann.serving() as address:
        line = await ben.dial(address, ann)
        found = await line.sizes(asked)
        line.close()
    assert len(found) == 2001
    assert [one for one, size in found.items() if size is not None] == [kept]
