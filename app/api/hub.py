"""The hub of a running program: it notices what anybody changes in the project, and tells it as numbered events.

Changes of other processes are polled, own ones are told by the project; both go through one list of what was touched,
so that a burst becomes one event for each asset and job. What an event says is looked up when somebody hears it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from app import events, views
from app.api import attendance, looks
from app.api.attendance import Attendance, Notice
from app.api.channel import Channel, Listener, Reserve
from app.api.ring import MOST_EVENTS
from app.api.whole import Whole
from app.commands.table import News, Working
from app.elsewhere import Elsewhere
from app.events import Touched
from engine.faults import NoSpace, NotFound
from sync.database import Busy
from sync.feed import Change
from sync.identity import new_id
from sync.records import AssetId, JobId
from sync.rules import jobs

if TYPE_CHECKING:
    from app.studio import Studio

POLL: Final = 0.05
"""Seconds between looks for what other processes wrote."""
LOOK: Final = 5
"""Polls between looks at the workers of this machine."""
HEARTBEAT: Final = 100
"""Looks between two words of who is there when nothing changes: 25 seconds."""
SETTLE: Final = 1.0
"""Seconds between measurements of the stored bytes: facts come first, and bytes follow."""
AT_A_TIME: Final = 8
ENDED_KEPT: Final = 10_000
_log = logging.getLogger(__name__)


class Hub:
    """The events of one open project; to be entered with `async with Hub.open(…)`."""

    def __init__(self, studio: Studio, clock: Callable[[], datetime], random: Callable[[int], bytes]) -> None:
        self._studio = studio
        self._attendance = Attendance(studio)
        self._state = Whole(studio)
        self._channel = Channel(new_id(random), clock, self._whole)
        self._touched = Touched()
        self._stir = asyncio.Event()
        self._stored: dict[AssetId, None] = {}
        self._stored_stir = asyncio.Event()
        self._elsewhere = Elsewhere(studio)
        self._stale: dict[AssetId, bool] = {}
        self._ended: dict[JobId, str] = {}
        self._silence = 0

    @classmethod
    @asynccontextmanager
    async def open(
        cls, studio: Studio, clock: Callable[[], datetime], random: Callable[[int], bytes]
    ) -> AsyncIterator[Hub]:
        """The hub of a studio; its numbers begin anew each time. What the caller raises comes out as it is."""
        hub = cls(studio, clock, random)
        try:
            with studio.project.subscribe(hub._changed):
                async with asyncio.TaskGroup() as group:
                    tasks = [group.create_task(one) for one in (hub._watch(), hub._tell(), hub._weigh())]
                    try:
                        yield hub
                    finally:
                        hub.close()
                        for task in tasks:
                            task.cancel()
        except BaseExceptionGroup as several:
            raise _alone(several)  # noqa: B904 - the group has nothing to add to the one that is in it

    @property
    def epoch(self) -> str:
        """What tells this hub's numbers from those of others."""
        return self._channel.epoch

    @property
    def listeners(self) -> int:
        """How many listen now."""
        return len(self._channel)

    def connect(self, since: str | None, types: frozenset[str] | None = None) -> Listener:
        """Somebody new, to be entered: what happened after the event `since`, else the whole state first."""
        return self._channel.connect(since, types)

    def close(self) -> None:
        """End all listeners."""
        self._channel.close()

    def working(self, news: News) -> None:
        """Tell how far work is that is no job, such as bringing a picture back; sentences are for its asker alone."""
        if not isinstance(news, Working):
            return
        if news.over:
            self._channel.ring.discard(events.PROGRESS, news.key)
            return
        at = attendance.steps(self._studio, news.stage, news.step, news.steps, news.eta_s)
        shape = {"job": news.key, "asset": None, "asset_name": news.what, **at, "preview": None}
        self._channel.publish(events.PROGRESS, news.key, lambda: shape)

    # --- what is going on ---

    def _changed(self, change: Change) -> None:
        self._touched.add(change)
        self._stir.set()

    async def _watch(self) -> None:
        """Poll the project, and now and then look who is there."""
        while True:
            for _ in range(LOOK):
                await asyncio.sleep(POLL)
                with _put_off():
                    self._studio.project.poll()
                    continue
                await asyncio.sleep(SETTLE)
            with _put_off():
                self._look()

    def _look(self) -> None:
        news = self._attendance.look()
        for notice in news.moved:
            shape = self._attendance.progress(notice)
            self._channel.publish(events.PROGRESS, notice.doing.job, partial(_same, shape))
        for job in news.turned:
            if not any(notice.doing.job == job for notice in news.moved):
                self._channel.ring.discard(events.PROGRESS, job)
            self._tell_job(job)
        self._look_afar()
        self._silence += 1
        if news.presence or self._silence >= HEARTBEAT:
            self._tell_presence()

    def _look_afar(self) -> None:
        moved, turned = self._elsewhere.look()
        for one in moved:
            name = views.name_of(self._studio, one.row.asset)
            shape = self._attendance.progress(Notice(one.doing, one.row.asset, name, one.picture))
            self._channel.publish(events.PROGRESS, one.row.id, partial(_same, shape))
        for job in turned:
            if not any(one.row.id == job for one in moved):
                self._channel.ring.discard(events.PROGRESS, job)
            self._tell_job(job)

    def _tell_presence(self) -> None:
        self._silence = 0
        shape = self._attendance.presence()
        self._channel.publish(events.PRESENCE, "", partial(_same, shape))

    # --- what was touched ---

    async def _tell(self) -> None:
        """Make events of what was touched, a few at a time."""
        while True:
            await self._stir.wait()
            self._stir.clear()
            if len(self._touched) > MOST_EVENTS:
                self._start_over()
            while self._touched:
                for _ in range(AT_A_TIME):
                    await self._tell_next()
                await asyncio.sleep(0)

    def _start_over(self) -> None:
        """So much has changed that everybody is told everything."""
        self._touched.clear()
        self._stale.clear()
        self._channel.forget()
        self._tell_presence()

    async def _tell_next(self) -> None:
        touched = self._touched
        if touched.project:
            touched.project.clear()
            self._tell_presence()
        elif touched.assets:
            asset = next(iter(touched.assets))
            collections = touched.assets.pop(asset)
            self._tell_asset(asset, collections)
            self._tell_migrations(asset)
            if collections & events.FEEDING:
                await self._tell_users(asset)
            if collections & events.STORED:
                self._stored[asset] = None
                self._stored_stir.set()
        elif touched.jobs:
            job = next(iter(touched.jobs))
            collections = touched.jobs.pop(job)
            self._tell_job(job)
            if collections & events.ENDING:
                self._tell_ending(job)

    def _tell_asset(self, asset: AssetId, marks: set[str]) -> None:
        self._channel.publish(events.ASSET_CHANGED, asset, partial(looks.asset, self._studio, asset), marks)

    async def _tell_users(self, asset: AssetId) -> None:
        """Tell of the assets that this one feeds, directly or not, and that may have become outdated by it."""
        seen, waiting = {asset}, [asset]
        while waiting:
            await asyncio.sleep(0)
            for number, row in enumerate(self._studio.project.index.users_of(waiting.pop()), 1):
                if number % 64 == 0:
                    await asyncio.sleep(0)
                if row.id in seen:
                    continue
                seen.add(row.id)
                waiting.append(row.id)
                if self._stale.get(row.id) != row.stale:
                    self._stale[row.id] = row.stale
                    self._tell_asset(row.id, {"stale"})

    def _tell_migrations(self, asset: AssetId) -> None:
        fresh = self._touched.versions.pop(asset, [])
        if not fresh:
            return
        try:
            facts = self._studio.project.asset(asset)
        except NotFound:  # its first fact has not come yet
            return
        for version, before, after in events.migrations(facts, fresh):
            shape = looks.migrated(facts, version, before, after)
            self._channel.publish(events.MIGRATED, version.id, partial(_same, shape))

    def _tell_job(self, job: JobId) -> None:
        self._channel.publish(events.JOB_CHANGED, job, partial(looks.job, self._studio, job))

    def _tell_ending(self, job: JobId) -> None:
        """Tell once that a job has ended, and how."""
        view = jobs.view(self._studio.project.job(job))
        if not view.state.terminal or self._ended.get(job) == view.state:
            return
        self._ended[job] = str(view.state)
        if len(self._ended) > ENDED_KEPT:
            del self._ended[next(iter(self._ended))]
        self._channel.publish(events.COMPLETE, job, partial(looks.complete, self._studio, view))

    async def _weigh(self) -> None:
        """Say what is stored after something was added or dropped, again and again until that stands still."""
        told: dict[str, int] | None = None
        assets: list[AssetId] = []
        while True:
            await self._stored_stir.wait()
            found = told
            with _put_off():
                found = await looks.stored(self._studio.project.folder)
            if found is None:
                await asyncio.sleep(SETTLE)
                continue
            fresh, self._stored = list(self._stored), {}
            assets = fresh or assets
            if not fresh and found == told:
                self._stored_stir.clear()
                continue
            told = found
            for asset in assets:
                shape = {**found, "assets": [asset]}
                self._channel.publish(events.STORAGE_UPDATED, asset, partial(_same, shape))
            await asyncio.sleep(SETTLE)

    # --- the whole state ---

    async def _whole(self, reserve: Reserve) -> AsyncGenerator[dict[str, Any], None]:
        async for part in self._state.parts(self._attendance.presence, reserve):
            yield part


@contextmanager
def _put_off() -> Iterator[None]:
    """What the system refuses just now (no descriptors left, another is writing, no room) is looked at again later."""
    try:
        yield
    except (Busy, NoSpace, OSError) as error:
        _log.warning("a look at the project has to wait: %s", error)


def _same(shape: dict[str, Any]) -> dict[str, Any]:
    return shape


def _alone(several: BaseExceptionGroup[BaseException]) -> BaseException:
    """The one exception in a group that holds no other; else the group."""
    found: BaseException = several
    while isinstance(found, BaseExceptionGroup) and len(found.exceptions) == 1:
        found = found.exceptions[0]
    return found
