"""A conversation with one other device, without any I/O: bytes and times go in, `Action`s come out.

It greets, proves, lets in (`handshake`, `admission`), and then keeps both sides equal (`reconciling`, `equality`) until
either goes. Whoever runs it sends what it says to send, calls `tick` at `next`, gives what it takes to the replica and
then calls `took` here and `stored` on all conversations. After `Drop` it says nothing more.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Final

from sync import wire
from sync.actions import (
    Action,
    Authenticated,
    BlobSaid,
    Drop,
    Peer,
    Presence,
    Send,
)
from sync.admission import Admission, admitted, entries_digest, said
from sync.arrivals import Taken
from sync.equality import Equality
from sync.handshake import Handshake, Refused, Wish
from sync.identity import Device, Random
from sync.links.link import Channel
from sync.rates import LIMITS, Bucket, Limits
from sync.reconciling import Reconciling
from sync.records import LogId, ProjectId
from sync.refusals import REFUSALS, Refusal
from sync.refusals import said as given
from sync.replica import Replica
from sync.snapshots import Showing, Snapshots
from sync.wire import (
    Blob,
    Check,
    Close,
    Detail,
    Glance,
    Hello,
    Ping,
    Pong,
    Present,
    Preview,
    Proof,
    Snapshot,
)

if TYPE_CHECKING:
    from sync.tickets import Ticket

_OFTEN: Final = (Ping, Pong, Present, Preview)
"""What travels on the presence channel, where it may be lost."""
BRIEF: Final = 2048
"""The longest word about blobs that has no bytes of blobs in it."""


class Conversation:
    """One side of a conversation; `peer` is the other device once it is let in, `rtt` seconds there and back."""

    def __init__(
        self,
        replica: Replica,
        *,
        device: Device,
        binding: bytes,
        dialled: bool,
        now: float,
        random: Random,
        ticket: Ticket | None = None,
        knock: str | None = None,
        expected: bytes | None = None,
        showing: Showing | None = None,
        limits: Limits = LIMITS,
    ) -> None:
        self.peer: Peer | None = None
        self.rtt: float | None = None
        self.over: Refusal | None = None
        self._replica = replica
        self._dialled = dialled
        self._random = random
        self._limits = limits
        self._now = self._began = self._heard = now
        self._wish = Wish(ticket, knock, expected)
        self._handshake = Handshake(device, binding, dialled, random, self._wish)
        self._digest = b""
        self._begun = self._proved = False
        self._received = 0
        self._admission: Admission | None = None
        self._reconciling: Reconciling | None = None
        self._equality: Equality | None = None
        self._beaten = now - limits.heartbeat
        self._snapshots: Snapshots | None = None
        self._showing = showing
        self._pings: dict[int, float] = {}
        self._words = Bucket(limits.words, limits.words_burst, now)
        self._presence = {
            Present: Bucket(limits.presence, limits.presence_burst, now),
            Preview: Bucket(limits.previews, limits.previews_burst, now),
        }

    # --- what goes in ---

    def receive(self, channel: Channel, data: bytes, now: float) -> list[Action]:
        """A message of the other side."""
        return self._act(now, lambda: self._receive(channel, data))

    def tick(self, now: float) -> list[Action]:
        """Time has passed: at `next`, or at any other time."""
        return self._act(now, self._tick)

    def stored(self, now: float, *, whole: bool = True) -> list[Action]:
        """The replica has something new, of this device or of any other; `whole` when no `Take` of this waits."""
        return self._act(now, lambda: self._stored(whole=whole))

    def took(self, taken: Taken, now: float) -> list[Action]:
        """What became of a `Take` of this conversation: who sends what is not sound is dropped."""
        return self._act(now, lambda: self._took(taken))

    def present(self, data: bytes, now: float) -> list[Action]:
        """Tell the other side what this member does; at most a kilobyte, or a preview of at most 60."""
        return self._act(now, lambda: self._present(data))

    def ask(self, message: bytes, now: float) -> list[Action]:
        """Say something about blobs."""
        return self._act(now, lambda: self._ask(message))

    def close(self, reason: str, now: float) -> list[Action]:
        """Go, and tell the other side why (a code of `sync.refusals`)."""
        return self._act(now, lambda: self._refuse(REFUSALS[reason]))

    def doubt(self, now: float) -> list[Action]:
        """The network is another one: the other side is asked at once, and given up unless it answers soon."""
        if self._reconciling is not None:
            self._heard = min(self._heard, now - self._limits.silence + self._limits.doubt)
        return self.tick(now)

    @property
    def next(self) -> float:
        """When `tick` wants to be called."""
        if self.over is not None:
            return math.inf
        times = [self._due, self._heard + self._limits.silence]
        if self._dialled and not self._begun:
            times.append(self._began)
        if self._reconciling is None and not self._patient:
            times.append(self._began + self._limits.handshake)
        for one in (self._reconciling, self._equality, self._snapshots):
            if one is not None:
                times.append(one.next)
        return min(times)

    @property
    def theirs(self) -> Mapping[LogId, int]:
        """How far each log goes there, as far as it was told."""
        return {} if self._reconciling is None else self._reconciling.theirs

    @property
    def public(self) -> bytes | None:
        """The key that the other side has proved to hold, also before it is let in."""
        return self._admission.greeted.public if self._admission is not None else None

    # --- inside ---

    def _act(self, now: float, act: Callable[[], Iterable[Action]]) -> list[Action]:
        if self.over is not None:
            return []
        self._now = max(self._now, now)
        found: list[Action] = []
        try:
            for one in act():
                found.append(one)
        except Refused as refused:
            found.extend(self._refuse(refused.refusal))
        return found

    def _refuse(self, reason: Refusal) -> Iterator[Action]:
        self.over = reason
        if not reason.theirs and reason.code != "silent":
            yield said(Close(reason.code))
        yield Drop(reason)

    @property
    def _patient(self) -> bool:
        """Whether a person has to decide, so that the handshake may take its time."""
        return self._admission is not None and self._admission.waiting

    def _tick(self) -> Iterator[Action]:
        now = self._now
        if now >= self._heard + self._limits.silence:
            raise Refused("silent" if self._reconciling is not None else "too_slow")
        if self._patient:
            self._began = now  # the handshake goes on when somebody has decided
        if self._reconciling is None and now >= self._began + self._limits.handshake:
            raise Refused("too_slow")
        if self._dialled and not self._begun:
            self._begun = True
            yield Send(Channel.SYNC, self._handshake.hello)
        if now >= self._due:
            self._beaten = now
            if self._admission is not None:
                yield self._ping()
        if self._reconciling is not None and self._equality is not None:
            yield from self._reconciling.tick(now)
            yield from self._equality.tick(now, settled=self._reconciling.settled)
        if self._snapshots is not None:
            yield from self._snapshots.tick(now)

    @property
    def _due(self) -> float:
        """When the next heartbeat is due: often while the other side's is overdue, for single ones get lost."""
        overdue = self._heard + self._limits.heartbeat + self._limits.hurry
        return min(self._beaten + self._limits.heartbeat, max(overdue, self._beaten + self._limits.hurry))

    def _ping(self) -> Action:
        number = int.from_bytes(self._random(4), "big")
        self._pings = {**dict(list(self._pings.items())[-3:]), number: self._now}
        return said(Ping(number), Channel.PRESENCE)

    def _stored(self, *, whole: bool) -> Iterator[Action]:
        if self._patient:
            self._began = self._now
        if self._reconciling is not None:
            yield from self._reconciling.stored(self._now, whole=whole)
            yield from self._judge_again()
        elif self._admission is not None:
            yield from self._admission.stored()
            yield from self._enter()

    def _took(self, taken: Taken) -> Iterator[Action]:
        for finding in taken.unsound:
            code = "bad_entry" if finding.what == "entry" else "bad_bundle"
            raise Refused(code, f"{finding.id}: {finding.detail}")
        if self._reconciling is not None:
            for finding in taken.findings:
                self._reconciling.doubt(LogId(finding.id.partition("/")[0]))
            if not taken.waiting:
                self._reconciling.nothing_waits()
        yield from ()

    def _present(self, data: bytes) -> Iterator[Action]:
        kind = Present if len(data) <= wire.LARGEST_PRESENT else Preview
        if self.peer is not None and len(data) <= wire.LARGEST_PREVIEW:
            yield said(kind(data), Channel.PRESENCE)

    def _ask(self, message: bytes) -> Iterator[Action]:
        """Bytes of blobs never stand before edits; they answer a question, so the other side knows this one by then."""
        if self.peer is not None:
            yield Send(Channel.BULK, message) if len(message) > BRIEF else said(Blob(message))

    def _receive(self, channel: Channel, data: bytes) -> Iterator[Action]:
        if channel is Channel.BULK:
            yield from self._bulk(data)
            return
        if channel is Channel.PRESENCE and not self._proved:
            return  # it overtook the proof
        if not self._proved:
            self._received += len(data)
            if self._received > self._limits.handshake_bytes:
                raise Refused("too_large", f"{self._received} bytes before its proof")
        if not self._handshake.greeted:
            yield from self._greeted(data)
            return
        message = self._read(channel, data)
        self._heard = self._now
        yield from self._understood(message, data)

    def _understood(self, message: wire.Message, data: bytes) -> Iterator[Action]:
        if isinstance(message, Close):
            yield from self._refuse(given(message.reason))
        elif isinstance(message, Hello):
            raise Refused("second_hello")
        elif isinstance(message, Proof) and not self._proved:
            yield from self._check(message, data)
        elif not self._proved:
            raise Refused("unexpected", type(message).__name__)
        elif isinstance(message, _OFTEN):
            yield from self._said_often(message)
        else:
            yield from self._proper(message)

    def _bulk(self, data: bytes) -> Iterator[Action]:
        if self.peer is None:
            raise Refused("unexpected", "blobs before it was let in")
        self._heard = self._now
        yield BlobSaid(data)

    def _said_often(self, message: Ping | Pong | Present | Preview) -> Iterator[Action]:
        match message:
            case Ping(number):
                yield said(Pong(number), Channel.PRESENCE)
            case Pong(number):
                if number in self._pings:
                    self.rtt = self._now - self._pings.pop(number)
            case Present(data) | Preview(data) if self.peer is not None:
                if not self._presence[type(message)].take(1, self._now):
                    raise Refused("too_many", type(message).__name__)
                yield Presence(data, isinstance(message, Preview))

    def _read(self, channel: Channel, data: bytes) -> wire.Message:
        if not self._words.take(1, self._now):
            raise Refused("too_many")
        try:
            found = wire.decode(data)
        except wire.Malformed as error:
            raise Refused("malformed", error.message) from error
        if isinstance(found, _OFTEN) != (channel is Channel.PRESENCE):
            raise Refused("malformed", f"{type(found).__name__} on the {channel} channel")
        return found

    def _greeted(self, data: bytes) -> Iterator[Action]:
        if len(data) > wire.LARGEST_HELLO:
            raise Refused("too_large", f"a greeting of {len(data)} bytes")
        try:
            self._handshake.greet(data)
        except wire.Malformed as error:
            raise Refused("malformed", error.message) from error
        self._heard = self._now
        if not self._dialled:
            yield Send(Channel.SYNC, self._handshake.hello)
        digest = entries_digest(self._replica.entries())
        self._digest = self._handshake.blind(self._replica.project, digest)
        yield Send(Channel.SYNC, self._handshake.prove(self._replica.project, self._digest))

    def _check(self, message: Proof, data: bytes) -> Iterator[Action]:
        greeted = self._handshake.check(message, data)
        self._proved = True

        def knows(project: ProjectId) -> bool:
            return self._handshake.knows(greeted, project)

        self._admission = Admission(self._replica, greeted, self._wish, knows, self._digest)
        yield from self._admission.begin()
        yield from self._enter()

    def _proper(self, message: wire.Message) -> Iterator[Action]:
        """What is said once both have proved their keys."""
        if self._reconciling is None or self._equality is None or self._snapshots is None:
            assert self._admission is not None
            yield from self._admission.receive(message)
            yield from self._enter()
            return
        match message:
            case Blob(data):
                yield BlobSaid(data)
            case Check() | Detail():
                yield from self._equality.receive(message)
            case Glance() | Snapshot():
                yield from self._snapshots.receive(message, self._now)
                if isinstance(message, Snapshot) and message.last:
                    yield from self._reconciling.release(self._now)
            case _:
                yield from self._reconciling.receive(message, self._now)

    def _enter(self) -> Iterator[Action]:
        """Begin in earnest once both have let the other in."""
        admission = self._admission
        if admission is None or not admission.done or self._reconciling is not None:
            return
        self.peer = admission.peer()
        self._reconciling = Reconciling(self._replica, self._limits, self._random, self._now, admission.told)
        logs = self._reconciling.digest_of_logs
        self._equality = Equality(self._replica, self._limits, self._now, asks=self._dialled, logs=logs)
        understood = bool(self.peer.features & wire.SNAPSHOTS)
        self._snapshots = Snapshots(self._showing, understood=understood)
        yield Authenticated(self.peer)
        asked = list(self._snapshots.begin())
        if asked:  # names first
            self._reconciling.hold(self._now + self._limits.retry)
        yield from asked
        yield from self._reconciling.stored(self._now)

    def _judge_again(self) -> Iterator[Action]:
        """Membership may have changed: a device that was removed has been told so by now, and is let go."""
        assert self._admission is not None
        found = admitted(self._replica.members, self._admission.greeted)
        if found != self.peer:
            self.peer = found
            yield Authenticated(found)
