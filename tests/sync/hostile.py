"""What a hostile device may send by any way there is, made anew from sound things, and what reads it here.

A `Target` makes an input and has it read as the program would. Its faults are how the program says no; anything else
that is raised, and anything that takes longer than a second, is a finding. Where something may be believed, what came
of it is looked at as well: documents load and can be saved, texts can be written, and who sent what is bad is named.
"""

from __future__ import annotations

import asyncio
import json
import random
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from engine.faults import Damaged, Fault
from sync import exchange, handshake, log, membership, presence, seal, signalling, tickets, wire
from sync.blobs import frames as blob_frames
from sync.blobs import spoken
from sync.epochs import Secret
from sync.links import description
from sync.links import frames as link_frames
from sync.links.link import Channel, NoLink
from sync.parcels import BadParcel
from sync.records import DeviceId, LogId, ProjectId
from sync.relay import frames as relay_frames
from sync.relay import names, sealing
from sync.relay.names import Room
from sync.tickets import BadTicket
from tests.sync import corpus
from tests.sync.relay import corpus as relay_corpus
from tests.sync.talks import NOW, Team, put
from tests.sync.variations import broken, json_of
from tests.sync.victim import Found, Victim

LONG = 1.0
"""No input may keep the program busy for longer, in seconds of its own time."""


WRONG = (
    ArithmeticError, AssertionError, AttributeError, EOFError, LookupError, MemoryError, NameError, OSError,
    RuntimeError, TypeError, ValueError, Fault, Found,
)  # fmt: skip
"""What may come out besides a target's faults, and is what is looked for."""


@dataclass(frozen=True)
class Target:
    """One way in: `weight` is its part of all inputs."""

    name: str
    weight: int
    make: Callable[[], Any]
    read: Callable[[Any], object]
    faults: tuple[type[BaseException], ...] = (Damaged,)


@dataclass
class Tally:
    """What became of inputs of each target, and what was found."""

    tried: dict[str, int] = field(default_factory=dict)
    refused: dict[str, int] = field(default_factory=dict)
    longest: float = 0.0
    slow: list[str] = field(default_factory=list)
    found: list[str] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        """Count another tally in."""
        for mine, theirs in ((self.tried, other.tried), (self.refused, other.refused)):
            for name, count in theirs.items():
                mine[name] = mine.get(name, 0) + count
        self.longest = max(self.longest, other.longest)
        self.slow += other.slow
        self.found += other.found


def storm(size: int, seed: int = 1, only: str = "") -> Tally:
    """Send so many inputs to all targets by their weights, or to one of them."""
    draw, tally = random.Random(seed), Tally()
    found = [one for one in targets(draw) if not only or one.name == only]
    for number in range(size):
        one = draw.choices(found, [target.weight for target in found])[0]
        tally.tried[one.name] = tally.tried.get(one.name, 0) + 1
        start = time.thread_time()
        try:
            made = one.make()
            start = time.thread_time()
            one.read(made)
        except one.faults:
            tally.refused[one.name] = tally.refused.get(one.name, 0) + 1
        except WRONG as error:
            tally.found.append(
                f"{one.name}, seed {seed}, number {number}: {type(error).__name__}: {error}"[:300]
            )
        took = time.thread_time() - start
        tally.longest = max(tally.longest, took)
        if took > LONG:
            tally.slow.append(f"{one.name}, seed {seed}, number {number}: {took:.1f} s")
    return tally


def targets(draw: random.Random) -> list[Target]:
    """Every way in."""
    return [*_plain(draw), *_carried(draw), *_texts(draw), *_members(draw)]


# --- what is read alone ---


def _plain(draw: random.Random) -> Iterator[Target]:
    sources = [*corpus._sources(draw)]
    changes = [data for data, read in sources if read is corpus._change]
    bundles = [data for data, read in sources if read is log.decode]
    entries = [data for data, read in sources if read is membership.decode]
    said = [data for data, read in sources if read is wire.decode]
    yield Target("changes", 28, lambda: broken(draw.choice(changes), draw), corpus._change)
    yield Target("bundles", 12, lambda: broken(draw.choice(bundles), draw), log.decode)
    yield Target("entries", 5, lambda: broken(draw.choice(entries), draw), membership.decode)
    yield Target("messages", 18, lambda: broken(draw.choice(said), draw), wire.decode)
    relayed = [relay_frames.encode(one) for one in relay_corpus.FRAMES]
    yield Target("relay frames", 3, lambda: broken(draw.choice(relayed), draw), relay_frames.decode)
    digests = [bytes([one]) * 32 for one in range(3)]
    asked = [bytes([kind]) + b"".join(digests) for kind in spoken.Kind]
    yield Target(
        "words on blobs", 2, lambda: broken(draw.choice(asked), draw), spoken.decode, (blob_frames.Broken,)
    )
    served = [blob_frames.frame(kind, draw.randbytes(48)) for kind in blob_frames.Kind]
    yield Target(
        "blob frames", 1, lambda: broken(draw.choice(served), draw), _blob, (blob_frames.Broken, EOFError)
    )
    export = b"".join(exchange._frame(b"b", one) for one in bundles) + exchange._frame(b"e", entries[0])
    yield Target("exports", 1, lambda: broken(export, draw), _export)
    yield Target("frames of a link", 3, lambda: _pieces(draw), _link, (link_frames.Broken,))


def _blob(data: bytes) -> None:
    async def read() -> None:
        reader = asyncio.StreamReader()
        reader.feed_data(data)
        reader.feed_eof()
        kind, body = await blob_frames.read_frame(reader, *blob_frames.Kind)
        if kind is blob_frames.Kind.HAS:
            blob_frames.named(body)
        elif kind is blob_frames.Kind.GET:
            blob_frames.asked(body)
        elif kind is blob_frames.Kind.SIZES:
            blob_frames.read_sizes(body, 3)

    asyncio.run(read())


def _pieces(draw: random.Random) -> list[tuple[Channel, bytes]]:
    link, found = link_frames.Frames(), []
    for channel in Channel:
        link.put(channel, draw.randbytes(draw.choice((0, 10, 900))))
    while (one := link.next(lambda _: True)) is not None:
        found.append((one[0], broken(one[1], draw) if draw.random() < 0.4 else one[1]))
    return found * draw.choice((1, 1, 3))


def _link(pieces: list[tuple[Channel, bytes]]) -> None:
    link = link_frames.Frames()
    for channel, frame in pieces:
        link.take(channel, frame)
        while link.read() is not None:
            continue


def _export(data: bytes) -> None:
    with tempfile.NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        exchange.entries_in(Path(file.name))
        exchange.held_in(Path(file.name))


# --- what is sealed, carried, or shown ---


def _carried(draw: random.Random) -> Iterator[Target]:
    from sync import parcels

    team = Team(2)
    project, device = team.owner.project, team.owner.device
    assert project is not None
    secret = Secret(1, bytes(32), draw.randbytes(32))
    put(team.owner, "a")
    contents = [one for name, (n, _) in team.owner.have().items() for one in team.owner.bundles(name, 1, n)]
    parcel, sealed = parcels.bundles(secret, LogId("00" * 16), 1, 1, contents, draw.randbytes)
    boxes = {device.public: seal.box_key(device)}
    letter, posted = parcels.letter(
        project, device, boxes, list(team.owner.entries().values()), draw.randbytes
    )

    bomb = zlib.compress(bytes(parcels.LARGEST_CONTENTS - 4))

    def resealed() -> bytes:
        if draw.random() < 0.02:
            return seal.seal(secret.key, names.pad(bomb, beside=28), parcel.encode(), draw.randbytes)
        inside = names.unpad(seal.open_(secret.key, sealed, parcel.encode())) or b""
        data = names.pad(broken(inside, draw), beside=28) if draw.random() < 0.8 else broken(inside, draw)
        return seal.seal(secret.key, data, parcel.encode(), draw.randbytes)

    yield Target(
        "parcels",
        1,
        lambda: broken(sealed, draw),
        lambda data: parcels.open_bundles(secret, parcel, data),
        (BadParcel,),
    )
    yield Target("parcels sealed by a member", 1, resealed,
                 lambda data: parcels.open_bundles(secret, parcel, data), (BadParcel,))  # fmt: skip
    yield Target("letters", 1, lambda: broken(posted, draw),
                 lambda data: parcels.open_letter(project, device, letter, data), (BadParcel,))  # fmt: skip
    room = Room.of(bytes.fromhex(project))
    card = sealing.Card.seal(device, room, bytes(16), bytes(16), draw.randbytes)
    yield Target(
        "cards at a relay",
        1,
        lambda: broken(card, draw),
        lambda data: sealing.Card.open(data, room, bytes(16)),
    )
    there = sealing.Envelope(room, bytes(16), bytes([1]) * 16)
    here = sealing.Envelope(room, bytes([1]) * 16, bytes(16))
    envelope = there.seal("offer", b"text", draw.randbytes)
    yield Target(
        "envelopes at a relay", 1, lambda: broken(envelope, draw), lambda data: here.open("offer", data)
    )


def _texts(draw: random.Random) -> Iterator[Target]:
    sdp = DESCRIPTION
    asked = {"tag": "00" * signalling.TAG_BYTES, "offer": sdp}
    yield Target("signalling", 2, lambda: json_of(asked, draw), _asked, (NoLink,))
    yield Target(
        "descriptions",
        2,
        lambda: broken(sdp.encode(), draw).decode(errors="replace"),
        description.read,
        (NoLink,),
    )
    doing = presence.Doing("j1", "a1", "rendering", 1, 4)
    word = json.loads(
        presence.encode(presence.Present(worker=True, editing=("LAMP", ("seed",)), doing=doing))
    )
    yield Target("presence", 2, lambda: json_of(word, draw), _present)
    picture = presence.Preview("j1", b"picture").encode()
    yield Target("previews", 1, lambda: broken(picture, draw), presence.decode_preview)
    project = ProjectId("7a" * 32)
    ticket = tickets.Ticket(project, bytes(16), "artist", NOW, ("10.0.0.1:80",), None).encode()
    yield Target(
        "tickets",
        1,
        lambda: broken(ticket.encode(), draw).decode(errors="replace"),
        tickets.decode,
        (BadTicket,),
    )


def _asked(data: bytes) -> None:
    description.read(signalling.question(data).offer)


def _present(data: bytes) -> None:
    room = presence.Room()
    room.said(DeviceId("d1"), data, 0.0)
    json.dumps(presence.decode(data).editing, ensure_ascii=False).encode()


DESCRIPTION = "\r\n".join(
    (
        "v=0", "o=- 1 1 IN IP4 0.0.0.0", "s=-", "t=0 0", "a=group:BUNDLE 0",
        "m=application 9 UDP/DTLS/SCTP webrtc-datachannel", "c=IN IP4 0.0.0.0", "a=mid:0", "a=sctp-port:5000",
        "a=max-message-size:65536",
        "a=candidate:1 1 udp 2130706431 10.0.0.1 50000 typ host", "a=end-of-candidates",
        "a=ice-ufrag:abcd", "a=ice-pwd:abcdefghijklmnopqrstuv",
        "a=fingerprint:sha-256 " + ":".join(["AB"] * 32), "a=setup:actpass", "",
    )
)  # fmt: skip


def _members(draw: random.Random) -> Iterator[Target]:
    victim = Victim(draw)
    yield Target("bundles signed by a member", 6, victim.bundle, victim.judge)
    yield Target("entries signed by a member", 4, victim.entry, victim.admit)
    yield Target("words of a member", 2, victim.words, victim.hear)
    yield Target("greetings", 1, victim.greet, victim.shake, (handshake.Refused,))
