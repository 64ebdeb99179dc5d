"""Pictures on their way back: what a caller asked to see and is not here, from another device or rendered.

A picture comes back once, however many ask. Each return has an id (`return-` and the take's id) and the shape of a job,
so that who waits can ask for it as for any job; it is kept until the program ends.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from app import renewal
from app.commands.table import News, Report, Working
from app.errors import fault_of
from app.listing import Listing
from engine.faults import Fault, NotFound
from sync.records import AssetId, Take

if TYPE_CHECKING:
    from app.studio import Studio

PREFIX: Final = "return-"
KEPT: Final = 256


@dataclass(slots=True)
class Return:
    """One picture that is brought back: how far it is, and how it ended."""

    asset: AssetId
    take: Take
    state: str = "pending"
    working: Working | None = None
    fault: Fault | None = None
    told: bool = False

    @property
    def id(self) -> str:
        """The id that callers know it by."""
        return f"{PREFIX}{self.take.id}"


@dataclass(slots=True)
class Returns:
    """The pictures that are being brought back, one after the other, in a task of the group it is made with."""

    studio: Studio
    group: asyncio.TaskGroup
    report: Report
    known: dict[str, Return] = field(default_factory=dict)
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def begin(self, asset: AssetId, take: Take) -> Return:
        """Have a picture brought back, unless that is under way; the fault of the last try is raised once."""
        found = self.known.get(f"{PREFIX}{take.id}")
        if found is not None and found.state in ("pending", "running"):
            return found
        if found is not None and found.fault is not None and not found.told:
            found.told = True
            raise found.fault
        fresh = Return(asset, take)
        self.known.pop(fresh.id, None)
        self.known[fresh.id] = fresh
        self._forget()
        task = self.group.create_task(self._bring_back(fresh))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return fresh

    def stop(self) -> None:
        """Bring nothing back any more."""
        for task in self._tasks:
            task.cancel()

    def find(self, wanted: str) -> Return:
        """The return of that id; raises `NotFound`."""
        if wanted not in self.known:
            raise NotFound(f"nothing is being brought back as {wanted!r:.80}", "ask for the picture again")
        return self.known[wanted]

    def shape(self, one: Return) -> dict[str, Any]:
        """A return as a job."""
        listing = Listing(self.studio)
        take = listing.take(one.asset, one.take)
        working = one.working
        done = one.state == "finished"
        progress = working.step / working.steps if working is not None and working.steps else None
        return {
            "id": one.id,
            "asset": one.asset,
            "asset_name": take["asset_name"],
            "version": take["version"],
            "version_id": take["version_id"],
            "version_label": take["version_label"],
            "item": one.take.item,
            "tier": str(self._tier(one)),
            "state": one.state,
            "owner": self.studio.project.session if one.state == "running" else None,
            "votes": 0,
            "generation": 0,
            "progress": 1.0 if done else progress,
            "stage": working.stage if working is not None and not done else None,
            "eta_s": None if done else round(one.take.seconds, 1),
            "reason": None if one.fault is None else f"{one.fault.code}: {one.fault.message}",
            "attempts": [],
            "take": one.take.id,
        }

    def _tier(self, one: Return) -> str:
        facts = self.studio.project.asset(one.asset)
        return next(str(version.tier) for version in facts.versions if version.id == one.take.version)

    async def _bring_back(self, one: Return) -> None:
        async with self._turn:
            one.state = "running"
            try:
                await renewal.picture(self.studio, one.asset, one.take, lambda news: self._told(one, news))
            except Exception as error:  # noqa: BLE001 - who asked is told; the others of the group go on
                one.state, one.fault = "failed", fault_of(error, self.studio.home)
            else:
                one.state = "finished"

    def _told(self, one: Return, news: News) -> None:
        if isinstance(news, Working):
            one.working = news
            self.report(replace(news, key=one.id))

    def _forget(self) -> None:
        """Leave out the oldest of those that ended, so that their number stays bounded."""
        ended = [name for name, one in self.known.items() if one.state in ("finished", "failed")]
        for name in ended[: max(len(self.known) - KEPT, 0)]:
            del self.known[name]
