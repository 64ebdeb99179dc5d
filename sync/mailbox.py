"""A mailbox for devices that are never online together: each puts there what it has signed, the others collect it.

`post` puts this device's own new bundles, in ranges, and membership entries that nobody has put there yet; `collect`
brings what others have put. Any carrier will do (`sync.carriers`), because bundles prove themselves and what lies
there is sealed (`sync.parcels`). Whatever happens in between, everything can be done again: names follow from contents,
and what was put and read is noted durably after it was done (`sync.postmarks`).
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from engine.faults import Conflict, NotFound, Refused
from sync import epochs, parcels
from sync.carriers import LARGEST, Carrier, CarrierUnreachable, FolderCarrier
from sync.epochs import Secret
from sync.identity import Clock, Device, Random
from sync.membership import Members
from sync.parcels import BadParcel
from sync.postmarks import ADDRESSEE, COLLECTED, ENTRY, LETTER, Posted, Postmarks
from sync.records import LogId
from sync.store import Finding

if TYPE_CHECKING:
    from sync.replica import Replica

__all__ = ["Carrier", "CarrierUnreachable", "Collected", "FolderCarrier", "Mailbox", "Sent"]

RANGE_BYTES: Final = 512 * 1024
RANGE_BUNDLES: Final = 1_000
SMALL: Final = 64 * 1024
MANY: Final = 16
"""So many small objects in a row are put together into one."""
COLLECT_BYTES: Final = 8 * 1024 * 1024
MOST_LETTERS: Final = 8
"""So many letters of this device lie there before one takes their place."""
MISSED_SECONDS: Final = 13 * 24 * 3600.0
"""What was put within this time and lies there no longer is put again; a relay deletes what is older."""


@dataclass(frozen=True, slots=True)
class Sent:
    """What was put: bundles, entries, objects, their bytes; `waits` says why bundles could not be."""

    bundles: int = 0
    entries: int = 0
    objects: int = 0
    bytes: int = 0
    waits: str = ""


@dataclass(frozen=True, slots=True)
class Collected:
    """What others have put; to be taken in by the replica and then noted with `Mailbox.keep`.

    `foreign` counts objects that this device has no key for, `more` says that something was left for the next time.
    """

    bundles: tuple[bytes, ...] = ()
    entries: tuple[bytes, ...] = ()
    findings: tuple[Finding, ...] = ()
    names: tuple[str, ...] = ()
    foreign: int = 0
    more: bool = False


class Mailbox:
    """This device's side of one mailbox."""

    def __init__(
        self,
        replica: Replica,
        carrier: Carrier,
        device: Device,
        postmarks: Postmarks,
        *,
        clock: Clock,
        random: Random,
    ) -> None:
        self.replica = replica
        self.carrier = carrier
        self.device = device
        self.postmarks = postmarks
        self._clock = clock
        self._random = random

    @classmethod
    @asynccontextmanager
    async def open(
        cls, replica: Replica, carrier: Carrier, device: Device, notes: Path, *, clock: Clock, random: Random
    ) -> AsyncIterator[Mailbox]:
        """The mailbox whose notes are in the file `notes`; each carrier has one of its own."""
        postmarks = Postmarks(notes)
        try:
            yield cls(replica, carrier, device, postmarks, clock=clock, random=random)
        finally:
            postmarks.close()

    def follow(self, notes: Path) -> None:
        """This mailbox takes the place of another one: what had grown too old to be put there again is not put here."""
        now = self._clock().timestamp()
        before = Postmarks(notes)
        try:
            for one in before.posted():
                if now - one.time >= MISSED_SECONDS:
                    self.postmarks.post(one)
        finally:
            before.close()

    # --- putting ---

    async def post(self, *, bundles: bool = True) -> Sent:
        """Put what is new, each object noted as soon as the carrier has it; raises the carrier's faults.

        Without `bundles` membership entries alone are put.
        """
        members = self.replica.members
        if members is None:
            return Sent(waits="this device has not joined yet")
        await self._clear()
        entries = await self._post_entries(members)
        secret = epochs.newest(self.device, members)
        if not bundles:
            return Sent(entries=entries, objects=int(entries > 0))
        if secret is None:
            return Sent(entries=entries, objects=int(entries > 0), waits=_waits(members))
        count = size = objects = 0
        for log, first, last in self._missing():
            for part in self._parts(log, first, last):
                one = await self._put(secret, log, part)
                count, size, objects = count + len(part[1]), size + one.size, objects + 1
        await self._join(secret)
        return Sent(count, entries, objects + int(entries > 0), size)

    async def _post_entries(self, members: Members) -> int:
        """Put the entries that do not lie there yet, and all of them for devices that came since."""
        boxes = {one: box for one, box in members.boxes.items() if one in members.devices}
        fresh = boxes.keys() - self.postmarks.known(ADDRESSEE)
        known = set() if fresh else self.postmarks.known(ENTRY)
        there = {name: data for name, data in self.replica.entries().items() if name not in known}
        if not there or not boxes:
            return 0
        project = members.project
        name, data = parcels.letter(project, self.device, boxes, list(there.values()), self._random)
        with suppress(Conflict):
            await self.carrier.put(name, data)
        self.postmarks.learn(ENTRY, there)
        self.postmarks.learn(ADDRESSEE, boxes)
        self.postmarks.learn(COLLECTED, [name])
        self.postmarks.learn(LETTER, [name])
        await self._one_letter(members, boxes)
        return len(there)

    async def _one_letter(self, members: Members, boxes: Mapping[bytes, bytes]) -> None:
        """Put one letter with everything in place of many; whoever has not read the old ones reads this one."""
        mine = self.postmarks.known(LETTER)
        if len(mine) <= MOST_LETTERS:
            return
        entries = list(self.replica.entries().values())
        name, data = parcels.letter(members.project, self.device, boxes, entries, self._random)
        with suppress(Conflict):
            await self.carrier.put(name, data)
        self.postmarks.learn(COLLECTED, [name])
        self.postmarks.learn(LETTER, [name])
        for old in mine - {name}:
            with suppress(Refused):  # as below
                await self.carrier.delete(old)
            self.postmarks.unlearn(LETTER, [old])

    def _missing(self) -> Iterator[tuple[LogId, int, int]]:
        """The parts of this device's logs that do not lie there."""
        have = self.replica.have()
        covered: dict[LogId, int] = defaultdict(int)
        mine = self.replica.mine()
        for one in self.postmarks.posted():
            if one.log not in mine:
                continue
            if one.first > covered[one.log] + 1:
                yield one.log, covered[one.log] + 1, one.first - 1
            covered[one.log] = max(covered[one.log], one.last)
        for log in sorted(mine):
            last = have[log][0] if log in have else 0
            if last > covered[log]:
                yield log, covered[log] + 1, last

    def _parts(self, log: LogId, first: int, last: int) -> Iterator[tuple[int, list[bytes]]]:
        """A part of a log in portions that make one object each: the first number and the bundles."""
        start, gathered, size = first, list[bytes](), 0
        for bundle in self.replica.bundles(log, first, last):
            if gathered and (size + len(bundle) > RANGE_BYTES or len(gathered) == RANGE_BUNDLES):
                yield start, gathered
                start, gathered, size = start + len(gathered), [], 0
            gathered.append(bundle)
            size += len(bundle)
        if gathered:
            yield start, gathered

    async def _put(
        self, secret: Secret, log: LogId, part: tuple[int, list[bytes]], instead: Sequence[Posted] = ()
    ) -> Posted:
        first, contents = part
        last = first + len(contents) - 1
        name, data = parcels.bundles(secret, log, first, last, contents, self._random)
        with suppress(Conflict):  # put by this device under another of its addresses at a relay
            await self.carrier.put(name, data)
        one = Posted(name, log, first, last, len(data), self._clock().timestamp())
        self.postmarks.post(one, instead)
        return one

    async def _join(self, secret: Secret) -> None:
        """Put many small objects together, and delete them once the large one lies there."""
        for run in self._runs():
            parts = list(self._parts(run[0].log, run[0].first, run[-1].last))
            for number, part in enumerate(parts):
                await self._put(secret, run[0].log, part, run if number == len(parts) - 1 else ())
        await self._clear()

    def _runs(self) -> Iterator[list[Posted]]:
        """Small objects that follow each other, where there are many."""
        run: list[Posted] = []
        for one in [*self.postmarks.posted(), None]:
            if one is not None and one.size < SMALL and run and (one.log, one.first) == _next(run[-1]):
                run.append(one)
                continue
            if len(run) >= MANY:
                yield run
            run = [one] if one is not None and one.size < SMALL else []

    async def _clear(self) -> None:
        """Delete what larger objects have taken the place of."""
        for one in self.postmarks.posted(doomed=True):
            with suppress(Refused):  # as above; what is not deleted grows too old there
                await self.carrier.delete(one.name)
            self.postmarks.forget([one.name])

    # --- collecting ---

    async def collect(self) -> Collected:
        """What others have put since; the same again until it was kept. Raises the carrier's faults."""
        members = self.replica.members
        if members is None:
            return Collected()
        listed = await self.carrier.names()
        self._compare(set(listed))
        gathering = _Gathering(self, members)
        for name in listed:
            if not await gathering.add(name):
                break
        return gathering.done()

    def keep(self, collected: Collected) -> None:
        """Note that the replica has taken in what was collected."""
        self.postmarks.learn(ENTRY, [hashlib.sha256(one).digest() for one in collected.entries])
        self.postmarks.learn(COLLECTED, collected.names)

    def _compare(self, listed: set[str]) -> None:
        """Forget what is there no longer; what should still be there is put again by the next `post`."""
        self.postmarks.unlearn(COLLECTED, self.postmarks.known(COLLECTED) - listed)
        if letters := self.postmarks.known(LETTER) - listed:  # what they held is put once more
            self.postmarks.unlearn(LETTER, letters)
            self.postmarks.unlearn(ENTRY, self.postmarks.known(ENTRY))
        now = self._clock().timestamp()
        gone = [one for one in self.postmarks.posted() if one.name not in listed]
        self.postmarks.forget([one.name for one in gone if now - one.time < MISSED_SECONDS])


class _Gathering:
    """One round of collecting."""

    def __init__(self, mailbox: Mailbox, members: Members) -> None:
        self.mailbox = mailbox
        self.project = members.project
        self.letterbox = parcels.letterbox(members.project)
        self.secrets = {parcels.shelf(one): one for one in epochs.secrets(mailbox.device, members)}
        marks = mailbox.postmarks
        self.known = marks.known(COLLECTED) | {
            one.name for doomed in (False, True) for one in marks.posted(doomed=doomed)
        }
        self.bundles: list[bytes] = []
        self.entries: list[bytes] = []
        self.findings: list[Finding] = []
        self.names: list[str] = []
        self.foreign = 0
        self.size = 0

    async def add(self, name: str) -> bool:
        """Read one object, if it is news; False where enough was gathered."""
        start = name.partition("/")[0] + "/"
        if name in self.known:
            return True
        if start != self.letterbox and start not in self.secrets:
            self.foreign += 1
            return True
        if self.size >= COLLECT_BYTES:
            return False
        try:
            data = await self.mailbox.carrier.get(name)
        except NotFound:  # put together with others since the names were listed
            return True
        self.size += len(data)
        try:
            self._read(start, name, data)
        except BadParcel as error:
            digest = hashlib.sha256(data).digest()
            if self.mailbox.postmarks.set_aside(name, digest, error.message):
                self.findings.append(Finding("object", name, error.message, error.hint))
        return True

    def _read(self, start: str, name: str, data: bytes) -> None:
        if len(data) > LARGEST:
            raise BadParcel("an object in the mailbox is too large", "it was set aside; delete it there")
        if start == self.letterbox:
            found = parcels.open_letter(self.project, self.mailbox.device, name, data)
            self.entries += found or []
        else:
            self.bundles += parcels.open_bundles(self.secrets[start], name, data)
        self.names.append(name)

    def done(self) -> Collected:
        """What was gathered."""
        return Collected(
            tuple(self.bundles),
            tuple(self.entries),
            tuple(self.findings),
            tuple(self.names),
            self.foreign,
            self.size >= COLLECT_BYTES,
        )


def _next(one: Posted) -> tuple[LogId, int]:
    return one.log, one.last + 1


def _waits(members: Members) -> str:
    if not members.epochs:
        return "no secret to seal with has been handed out yet; an owner's device does that"
    return "this device has not been given the newest secret yet; an owner's device does that"
