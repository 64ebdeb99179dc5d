"""The mailboxes of an open project in a running program: a relay's rooms and a shared folder, posted to and emptied.

What this device has made is put there sealed soon after it was made, what others have put is taken in as from a peer,
by the same replica with the same verifier. So two who are never here together merge. In the room that everybody is in
lies everything; in the others, where somebody may be who lacks the newest secret, lie membership entries alone.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

from engine.faults import Damaged, Fault
from sync import arrivals, log
from sync.carriers import Carrier, FolderCarrier
from sync.mailbox import Collected, Mailbox
from sync.meeting import Kind
from sync.networks import Step
from sync.tasks import Crew

if TYPE_CHECKING:
    from app.place import Place
    from sync.far import Far, Visit
    from sync.project import Project
    from sync.replica import Replica
    from sync.session import Session

FOLDER: Final = "mailboxes"
LOOK: Final = 0.5
"""Seconds between looks whether there is something to post, and where."""
GATHER: Final = 1.0
"""Seconds for which what is new gathers before it is posted."""
EVERY: Final = 10.0
"""Seconds between looks for what others have put into a folder."""
EVERY_RELAYED: Final = 30.0
"""The same at a relay, where those who are there talk to each other anyway."""
FAILED: Final = 15.0
LEAVING: Final = 3.0
"""Seconds that the last posting may take."""
PORTION: Final = 256
"""Bundles that are taken in at once; others have a turn after each portion."""
MOST_NOTES: Final = 16

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Box:
    """One mailbox, and how it is."""

    name: str
    mailbox: Mailbox
    every: float
    whole: Callable[[], bool]
    fresh: bool = True
    next: float = 0.0
    fault: Fault | None = None
    waits: str = ""
    left: int = 0
    task: asyncio.Task[None] | None = None
    stack: AsyncExitStack = field(default_factory=AsyncExitStack)


class Post:
    """Keeps the mailboxes in step for as long as it is entered; `far` is the relay, `folder` the shared folder."""

    def __init__(
        self,
        project: Project,
        replica: Replica,
        session: Session,
        private: Path,
        place: Place,
        *,
        far: Far | None = None,
        folder: Path | None = None,
    ) -> None:
        self._project = project
        self._replica = replica
        self._session = session
        self._notes = private / FOLDER
        self._place = place
        self._far = far
        self._folder = folder
        self._boxes: dict[bytes, Box] = {}
        self._crew = Crew()
        self._members: object = None
        self._since: float | None = None
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        await self._crew.__aenter__()
        self._stack.enter_context(self._project.subscribe(lambda change: self._stirred()))
        self._crew.start(self._run())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            async with asyncio.timeout(LEAVING):
                for box in list(self._boxes.values()):
                    await self._last(box)
        except TimeoutError:
            _log.info("the last of what is new was not posted; the next start does it")
        finally:
            await self._stack.aclose()
            await self._crew.__aexit__(kind, error, trace)
            for box in self._boxes.values():
                await box.stack.aclose()

    def steps(self) -> list[Step]:
        """How each mailbox is."""
        found = [_step(box) for box in self._boxes.values() if box.whole()]
        if self._folder is not None and not found:
            found.append(Step("mailbox", True, f"{self._folder} is being looked at"))
        return found

    # --- which boxes there are ---

    async def _run(self) -> None:
        while True:
            await self._choose()
            now = time.monotonic()
            if self._project.team.members is not self._members:
                self._members = self._project.team.members
                self._stirred()
            if self._since is not None and now - self._since >= GATHER:
                self._since = None
                for box in self._boxes.values():
                    box.fresh = True
            for box in self._boxes.values():
                if (box.fresh or now >= box.next) and (box.task is None or box.task.done()):
                    box.task = self._crew.start(self._round(box))
            await asyncio.sleep(LOOK)

    def _stirred(self) -> None:
        self._since = self._since or time.monotonic()

    async def _choose(self) -> None:
        """Open the mailboxes that can be reached, and close those that cannot."""
        visits = self._far.visits.values() if self._far is not None else ()
        wanted: dict[bytes, Visit | None] = {
            one.meeting.room.name + one.client.card.visit: one for one in visits if one.client is not None
        }
        if self._folder is not None:
            wanted[b"folder"] = None
        for name in self._boxes.keys() - wanted.keys():
            box = self._boxes.pop(name)
            if box.task is not None:
                box.task.cancel()
                await asyncio.wait([box.task])
            await box.stack.aclose()
        for name, visit in wanted.items():
            if name not in self._boxes and (visit is None or visit.client is not None):
                self._boxes[name] = await self._open(visit)

    async def _open(self, visit: Visit | None) -> Box:
        if visit is None:
            assert self._folder is not None
            digest = hashlib.sha256(str(self._folder).encode()).hexdigest()[:16]
            box = await self._opened(
                f"folder-{digest}", FolderCarrier(self._folder), str(self._folder), EVERY
            )
            return box
        assert visit.client is not None
        assert self._far is not None
        known = self._latest()
        notes = f"relay-{visit.meeting.room.name.hex()[:16]}"
        begun = not (self._notes / f"{notes}.db").exists()
        box = await self._opened(notes, visit.client, self._far.relay, EVERY_RELAYED)
        box.whole = lambda: visit.meeting.kind is Kind.NEWEST
        if begun and known is not None and box.whole():
            box.mailbox.follow(known)
        return box

    async def _opened(self, notes: str, carrier: Carrier, name: str, every: float) -> Box:
        stack = AsyncExitStack()
        mailbox = await stack.enter_async_context(
            Mailbox.open(
                self._replica,
                carrier,
                self._project.device,
                self._notes / f"{notes}.db",
                clock=self._place.clock,
                random=self._place.random,
            )
        )
        return Box(name, mailbox, every, lambda: True, stack=stack)

    def _latest(self) -> Path | None:
        """The notes that were written last of a room, which the next room follows; very old ones are deleted."""
        found = sorted(self._notes.glob("relay-*.db"), key=lambda one: one.stat().st_mtime, reverse=True)
        for old in found[MOST_NOTES:]:
            for part in self._notes.glob(f"{old.name}*"):
                part.unlink(missing_ok=True)
        return found[0] if found else None

    # --- posting and taking in ---

    async def _round(self, box: Box) -> None:
        """Take in what is there, then put what is new; a fault is kept for those who ask, and it is tried again."""
        due = time.monotonic() >= box.next
        box.fresh = False
        try:
            if due:
                await self._collect(box)
            sent = await box.mailbox.post(bundles=box.whole())
            box.fault, box.waits = None, sent.waits
            if due:
                box.next = time.monotonic() + box.every
        except Fault as fault:
            _log.info("the mailbox %s: %s", box.name, fault.message)
            box.fault = fault
            box.next = time.monotonic() + FAILED

    async def _last(self, box: Box) -> None:
        if box.task is not None and not box.task.done():
            await asyncio.wait([box.task])
        try:
            await box.mailbox.post(bundles=box.whole())
        except Fault as fault:
            _log.info("the mailbox %s: %s", box.name, fault.message)

    async def _collect(self, box: Box) -> None:
        more = True
        while more:
            collected = await box.mailbox.collect()
            for finding in collected.findings:
                _log.warning("%s in the mailbox %s: %s", finding.id, box.name, finding.detail)
            if await self._take(collected):
                box.mailbox.keep(collected)
                more = collected.more
            else:
                more = False

    async def _take(self, collected: Collected) -> bool:
        """Take in what was collected, in portions; False where too much waits, and has to be brought again."""
        entries: Sequence[bytes] = collected.entries
        waiting = 0
        for portion in _portions(_ordered(collected.bundles)):
            if portion or entries:
                waiting = self._replica.take(portion, entries).waiting
                self._session.stored()
            entries = ()
            await asyncio.sleep(0)
        return waiting < arrivals.MOST_WAITING


def _ordered(bundles: Sequence[bytes]) -> list[bytes]:
    """Bundles in the order in which they were made, as far as their authors say: most then find what they build on."""
    found: list[tuple[int, int, bytes]] = []
    for data in bundles:
        try:
            bundle = log.decode(data)
        except Damaged:  # it is taken in like the others, and named there
            found.append((0, 0, data))
            continue
        found.append((bundle.wall, bundle.n, data))
    return [data for _, _, data in sorted(found)]


def _portions(bundles: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    for at in range(0, max(len(bundles), 1), PORTION):
        yield bundles[at : at + PORTION]


def _step(box: Box) -> Step:
    if box.fault is not None:
        return Step("mailbox", False, f"{box.name}: {box.fault.message}", box.fault.hint)
    if box.waits:
        return Step("mailbox", False, f"{box.name}: {box.waits}", "let an owner's device be here once")
    return Step("mailbox", True, f"{box.name}: what is new is left there for those who are away")
