"""A team whose devices are never online together: each has a copy of the project in memory, and a mailbox."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from sync import epochs, identity, seal
from sync.carriers import Carrier
from sync.identity import Device
from sync.mailbox import Collected, Mailbox
from sync.membership import statements
from sync.records import DocumentId
from tests.sync.relay.stage import device, seeded
from tests.sync.replicas import MemoryReplica
from tests.sync.stage import Ticks


class Killed(BaseException):
    """The process died here."""


@dataclass
class Fragile:
    """A carrier on which the process dies after `left` steps: before and after each thing that is done to it."""

    inner: Carrier
    left: int = 10**9

    def _step(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise Killed

    async def put(self, name: str, data: bytes) -> None:
        """Put, unless it dies."""
        self._step()
        await self.inner.put(name, data)
        self._step()

    async def names(self, prefix: str = "") -> list[str]:
        """List, unless it dies."""
        self._step()
        return await self.inner.names(prefix)

    async def get(self, name: str) -> bytes:
        """Get, unless it dies."""
        self._step()
        return await self.inner.get(name)

    async def delete(self, name: str) -> None:
        """Delete, unless it dies."""
        self._step()
        await self.inner.delete(name)
        self._step()


@dataclass
class Mate:
    """One device of the team."""

    device: Device
    replica: MemoryReplica
    notes: Path
    clock: Ticks

    @asynccontextmanager
    async def mailbox(self, carrier: Carrier) -> AsyncIterator[Mailbox]:
        """Its side of a mailbox."""
        async with Mailbox.open(
            self.replica,
            carrier,
            self.device,
            self.notes,
            clock=self.clock,
            random=seeded(len(str(self.notes))),
        ) as mailbox:
            yield mailbox

    async def online(self, carrier: Carrier) -> list[Collected]:
        """Start, post, collect all there is, and end."""
        found = []
        async with self.mailbox(carrier) as mailbox:
            await mailbox.post()
            while (collected := await mailbox.collect()).names or collected.findings:
                found.append(collected)
                self.replica.take(collected.bundles, collected.entries)
                mailbox.keep(collected)
            await mailbox.post()
        return found

    def edit(self, count: int, start: int = 0) -> None:
        """Commit so many edits."""
        for number in range(start, start + count):
            self.replica.commit((DOCUMENT, "settings", f"{self.device.name} {number}", '"x"'))


DOCUMENT = DocumentId("project")


def team(root: Path, count: int) -> list[Mate]:
    """An owner and others, who all know of each other and share the first epoch's secret."""
    clock = Ticks()

    def mate(number: int, replica: MemoryReplica) -> Mate:
        return Mate(device(number), replica, root / f"notes {number}.db", clock)

    owner = MemoryReplica.founded(device(1), seeded(1), lambda: identity.now(clock))
    mates = [mate(1, owner)]
    for number in range(2, count + 1):
        mates.append(mate(number, newcomer(owner, number, clock)))
    for one in (*mates[1:], mates[0]):
        share_box(owner, one.device, clock)
    assert owner.members is not None
    owner.add_entry(epochs.begin(device(1), owner.members, identity.now(clock), seeded(5)))
    for one in mates[1:]:
        one.replica.take([], list(owner.entries().values()))
    return mates


def newcomer(owner: MemoryReplica, number: int, clock: Ticks) -> MemoryReplica:
    """A device that an owner admits, with a copy of what the owner has."""
    assert owner.members is not None
    who = device(number)
    now = identity.now(clock)
    owner.add_entry(
        statements.admit_new(owner.device, owner.members, who.public, "artist", who.name, now, seeded(number))
    )
    copy = MemoryReplica(who, seeded(number), lambda: identity.now(clock), owner.project)
    copy.take([], list(owner.entries().values()))
    return copy


def share_box(owner: MemoryReplica, who: Device, clock: Ticks) -> None:
    """Let the owner know a device's box."""
    assert owner.members is not None
    key = seal.box_key(who)
    owner.add_entry(statements.box(who, owner.members, key, identity.now(clock), seeded(7)))
