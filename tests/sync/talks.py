"""Two conversations face to face: what one sends the other receives, at a time that only moves when asked."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable
from typing import Any, TypeVar

from sync import wire
from sync.actions import Action, Diverged, Drop, Send, Take
from sync.identity import Device
from sync.links.link import Channel
from sync.membership import statements
from sync.peer import Conversation
from sync.records import DocumentId, Time
from sync.refusals import Refusal
from sync.replica import Replica
from tests.sync.replicas import MemoryReplica

A = TypeVar("A")
ASSET = DocumentId("asset/abc")
NOW = Time("2026-01-31T12:00:00.000Z")
Alter = Callable[[int, Channel, bytes], bytes | None]
BINDING = bytes(range(32))


def straight(_end: int, _channel: Channel, data: bytes) -> bytes | None:
    """Everything arrives as it was sent."""
    return data


class Talk:
    """Two ends, 0 and 1, of which 0 has dialled; `alter` may change or drop what end k sends."""

    def __init__(
        self,
        left: tuple[Replica, Device],
        right: tuple[Replica, Device],
        *,
        alter: Alter = straight,
        bindings: tuple[bytes, bytes] = (BINDING, BINDING),
        seed: int = 1,
        **dialler: Any,
    ) -> None:
        draw = random.Random(seed)
        self.now = 100.0
        self.alter = alter
        self.replicas = (left[0], right[0])
        self.said: list[tuple[int, wire.Message]] = []
        self.bytes = [0, 0]
        self.seen: tuple[list[Action], list[Action]] = ([], [])
        self._way: list[tuple[int, Channel, bytes]] = []
        given: tuple[dict[str, Any], dict[str, Any]] = (dialler, {})
        self.ends = tuple(
            Conversation(
                replica,
                device=device,
                binding=bindings[end],
                dialled=end == 0,
                now=self.now,
                random=draw.randbytes,
                **given[end],
            )
            for end, (replica, device) in enumerate((left, right))
        )

    def begin(self) -> Talk:
        """Shake hands and talk until nothing more is to be said at this time."""
        self.tick()
        return self

    def tick(self, seconds: float = 0.0) -> None:
        """Let time pass, in steps that no timer is longer than."""
        until = self.now + seconds
        while True:
            for end in (0, 1):
                self.act(end, self.ends[end].tick(self.now))
            self.pump()
            if self.now >= until:
                return
            due = min(end.next for end in self.ends)
            self.now = min(until, max(due, self.now + 0.001))

    def act(self, end: int, actions: list[Action]) -> None:
        """Do what an end asks for."""
        for one in actions:
            self.seen[end].append(one)
            match one:
                case Send(channel, data):
                    self.said.append((end, wire.decode(data)))
                    altered = self.alter(end, channel, data)
                    if altered is not None:
                        self.bytes[end] += len(altered)
                        self._way.append((1 - end, channel, altered))
                case Take(bundles, entries):
                    taken = self.replicas[end].take(bundles, entries)
                    self.act(end, self.ends[end].took(taken, self.now))
                    self.stored(end)
                case Diverged(documents):
                    self.replicas[end].mend(documents)
                case _:
                    pass

    def stored(self, end: int) -> None:
        """The replica of an end has something new."""
        self.act(end, self.ends[end].stored(self.now))

    def receive(self, end: int, data: bytes, channel: Channel = Channel.SYNC) -> None:
        """Let an end hear something that nobody said."""
        self.act(end, self.ends[end].receive(channel, data, self.now))
        self.pump()

    def pump(self) -> None:
        """Deliver what is on its way, in order."""
        while self._way:
            end, channel, data = self._way.pop(0)
            self.act(end, self.ends[end].receive(channel, data, self.now))

    def of(self, end: int, kind: type[A]) -> list[A]:
        """What an end has asked for or said, of one kind."""
        return [one for one in self.seen[end] if isinstance(one, kind)]

    def dropped(self, end: int) -> Refusal | None:
        """Why an end has dropped the other, if it has."""
        found = self.of(end, Drop)
        return found[-1].reason if found else None


class Team:
    """Copies in memory of one project, all admitted."""

    def __init__(self, count: int, *, roles: str = "artist", seed: int = 1) -> None:
        self.draw = random.Random(seed)
        self.replicas = [MemoryReplica.founded(self.device(0), self.draw.randbytes, lambda: NOW)]
        self.owner = self.replicas[0]
        for number in range(1, count):
            device = self.device(number)
            assert self.owner.members is not None
            self.owner.add_entry(
                statements.admit_new(
                    self.owner.device,
                    self.owner.members,
                    device.public,
                    roles,
                    f"m{number}",
                    NOW,
                    self.draw.randbytes,
                )
            )
            self.replicas.append(MemoryReplica(device, self.draw.randbytes, lambda: NOW, self.owner.project))
        for one in self.replicas[1:]:
            one.take((), list(self.owner.entries().values()))

    @staticmethod
    def device(number: int) -> Device:
        """A device of its own for each number."""
        return Device.of_seed(hashlib.sha256(bytes([number])).digest(), f"device {number}")

    def talk(self, one: int = 0, other: int = 1, **given: Any) -> Talk:
        """Two of them, who have said nothing yet."""
        left, right = self.replicas[one], self.replicas[other]
        return Talk((left, left.device), (right, right.device), **given)


def put(replica: MemoryReplica, key: str, document: DocumentId = ASSET) -> None:
    """Write a fact."""
    replica.commit((document, "renamed", key, "text of " + key))
