"""The worker: claim, prepare, render, publish, over and over, with three jobs in flight.

While the child renders one job, the next is claimed and prepared, and the one before is published, so the child waits
for nobody. What a job's facts mean is said by `sync.rules.jobs`, and every decision is made under the write lock.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

from app.render import again, claiming, elsewhere, prepare, publish, queue, spool
from app.render.doing import Doing, Notice
from app.render.observer import Observer
from app.render.own import Own
from app.render.prepare import Work
from app.render.publish import Published
from app.render.queue import Held
from app.roster import Roster
from engine.faults import Damaged, Fault, NoSpace, NotFound
from engine.models import ModelFault
from engine.renderer import Progress, Rendered, Renderer, RenderFault
from sync.project import Change
from sync.records import AssetId, JobId, Take, Tier
from sync.rules import jobs
from sync.rules.jobs import State

if TYPE_CHECKING:
    from app.studio import Studio

CLAIM_AHEAD: Final = 4.0
"""Seconds before the end of a render at which the next job is claimed, so that nobody hoards."""
LOOK: Final = 0.1
"""Seconds between looks for words of other processes, such as a cancellation, while nothing else happens."""
REST: Final = 0.25
"""Seconds between looks for work when there is none just now."""

Gate = Callable[[], str | None]
"""Says why nothing new is begun just now; None when work may begin."""
What = Literal["started", "step", "finished", "failed", "cancelled", "aside", "resting"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """News of one job: what happened, how far it is, its takes once it is finished, a sentence where one helps.

    `resting` is of no job: the worker begins nothing for the reason in its message, or goes on where that is empty.
    """

    what: What
    job: JobId
    asset: AssetId
    name: str
    progress: Progress | None = None
    takes: tuple[tuple[AssetId, Take], ...] = ()
    message: str = ""
    eta_s: float | None = None


Report = Callable[[Told], None]


@dataclass(frozen=True, slots=True)
class Struck:
    """A finished strike that is not published yet."""

    work: Work
    rendered: Rendered


@dataclass(slots=True)
class Pace:
    """How fast the present strike goes: whether the child has its order, and whether it is time to claim the next."""

    now: Callable[[], float]
    ordered: asyncio.Event = field(default_factory=asyncio.Event)
    soon: asyncio.Event = field(default_factory=asyncio.Event)
    began: float | None = None

    def step(self, progress: Progress) -> float | None:
        """The seconds that are left, from the steps so far; sets `soon` near the end."""
        self.ordered.set()
        if progress.stage == "rendering" and self.began is None:
            self.began = self.now()
        if progress.stage in ("decoding", "saving"):
            self.soon.set()
            return 0.0
        if self.began is None or not progress.step:
            return None
        left = (self.now() - self.began) / progress.step * (progress.steps - progress.step)
        if left < CLAIM_AHEAD:
            self.soon.set()
        return left


class Worker:
    """Works the queue of a studio with one renderer; `now` is a monotonic clock and `rest` waits for so many seconds.

    While one of `gates` gives a reason nothing new is begun.

    `jobs.vt` and back-offs follow the queue's rules; a job whose model is not here is set aside with the reason
    (`aside`), and the others go on.
    """

    def __init__(
        self,
        studio: Studio,
        renderer: Renderer,
        *,
        only: Tier | None = None,
        gates: Sequence[Gate] = (),
        now: Callable[[], float] = time.monotonic,
        rest: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.studio = studio
        self.roster = Roster(studio, now, studio.clock)
        self.observer = Observer(studio, now, only, self.roster)
        self._own = Own(studio, only)
        self._gates = tuple(gates)
        self._resting: str | None = None
        self._renderer = renderer
        self._now = now
        self._rest = rest
        self._held: dict[JobId, Held] = {}
        self._wanted: Collection[JobId] | None = None
        self._report: Report = _silence
        self._trouble: Fault | None = None
        self._done: Struck | None = None
        self._stirred = False
        self._notice = Notice(studio, now)

    @property
    def aside(self) -> dict[JobId, Fault]:
        """The jobs that this machine cannot render, each with the reason."""
        return self.observer.aside

    async def run(
        self, *, until_idle: bool, jobs: Collection[JobId] | None = None, report: Report | None = None
    ) -> None:
        """Work until cancelled; with `until_idle` until nothing is left that this worker could ever do.

        Of `jobs` alone when they are named. Raises `NoSpace` when the disk is full: the job stays queued. Claims are
        given back on the way out, whatever the reason.
        """
        self._wanted, self._report, self._trouble = jobs, report or _silence, None
        try:
            with self._own.placed(), self.studio.project.subscribe(self._stir):
                await self._work(until_idle)
        finally:
            self._notice.clear()
            self._publish()
            self._give_back()
            self.roster.clear()

    async def _work(self, until_idle: bool) -> None:
        ready: Work | None = None
        while True:
            if ready is None:
                self._publish()
                self._raise_trouble()
                ready = self._next()
            if ready is not None:
                ready = await self._strike(ready)
            elif until_idle and not self._waiting():
                return
            else:
                self.roster.say(self._own.card())
                await self._rest(REST)

    # --- one strike, with its neighbours ---

    async def _strike(self, work: Work) -> Work | None:
        """Render `work`; meanwhile publish the one before, and prepare the next, which is returned."""
        await self._settled(work)
        pace = Pace(self._now)
        self._tell(work, "started")
        async with asyncio.TaskGroup() as group:
            rendering = group.create_task(self._render(work, pace))
            preparing = group.create_task(self._meanwhile(pace))
            rendered = await rendering
            self._own.left = None
            if not pace.soon.is_set():
                preparing.cancel()
        self._publish()
        if rendered is not None:
            self._done = Struck(work, rendered)
        return None if preparing.cancelled() else preparing.result()

    async def _settled(self, work: Work) -> None:
        """Wait until a claim that others made at the same moment has arrived."""
        until = self._held[work.job].settled
        while (left := until - self._now()) > 0:
            await self._rest(min(left, REST))
            self.studio.project.poll()

    async def _meanwhile(self, pace: Pace) -> Work | None:
        await pace.ordered.wait()  # publishing syncs files for some 20 ms, which the child need not wait for
        self._publish()
        await pace.soon.wait()
        return None if self._trouble is not None else self._next()

    async def _render(self, work: Work, pace: Pace) -> Rendered | None:
        """The picture, or None when the strike ended otherwise, which is then recorded."""
        if not queue.still_mine(self.studio, work.job, work.epoch):
            self._held.pop(work.job, None)
            self._tell(work, "cancelled")
            return None
        kept = spool.find(self.studio.home, work.recipe.key)
        if kept is not None:
            return kept
        try:
            await self._complete(work)
            strike = prepare.strike(self.studio, work)
        except (NotFound, Damaged, RenderFault) as fault:
            self._failed(work, fault)
            return None
        try:
            return await self._watched(work, lambda told: self._renderer.render(strike, told), pace)
        except RenderFault as fault:
            self._failed(work, fault)
            return None

    async def _complete(self, work: Work) -> None:
        """Bring back the pictures of inputs that were dropped, before the strike that reads them."""
        for source in work.missing:
            facts = self.studio.project.asset(source.asset)
            take = next(one for one in facts.takes if one.id == source.take)
            if await elsewhere.shown(self.studio, take, facts) is None:
                await again.bring_back(self.studio, self._renderer, facts.asset.id, take)

    async def _watched(
        self, work: Work, render: Callable[[Callable[[Progress], None]], Awaitable[Rendered]], pace: Pace
    ) -> Rendered | None:
        """Render, and stop within one step when the job is called off, or is no longer ours."""
        task = asyncio.current_task()
        assert task is not None
        called_off = False

        def look() -> None:
            nonlocal called_off
            if not called_off and self._lost(work):
                called_off = True
                task.cancel()

        def told(progress: Progress) -> None:
            eta = pace.step(progress)
            doing = Doing(work.job, progress.stage, progress.step, progress.steps, eta)
            self._notice.show(doing, progress.preview)
            self._own.left = eta
            self.roster.say(self._own.card(doing))
            self._tell(work, "step", progress=progress, eta_s=eta)
            look()

        try:
            async with _Every(LOOK, look):
                rendered = await render(told)
                if called_off:
                    await asyncio.sleep(0)  # where the cancellation arrives
                return rendered
        except asyncio.CancelledError:
            if not called_off or task.uncancel() > 0:
                raise
        self._held.pop(work.job, None)
        self._tell(work, "cancelled")
        return None

    def _lost(self, work: Work) -> bool:
        """Whether the job was just called off or taken over, by somebody who will have it sooner."""
        self.studio.project.poll()
        if not self._stirred:
            return False
        self._stirred = False
        view = jobs.view(self.studio.project.job(work.job))
        if view.state is not State.OWNED or view.owner is None:
            return True
        if view.owner == self.studio.project.session:
            return view.epoch != work.epoch
        self.observer.look()
        free = self.roster.claimer.free(view.owner, self._now())
        return free is not None and (self._own.left is None or self._own.left > free)

    # --- before and after ---

    def _next(self) -> Work | None:
        """Claim and prepare the next job that can be rendered here; None when there is none now."""
        if self._rests():
            return None
        while True:
            held = claiming.claim_next(
                self.studio,
                self.observer,
                self._held,
                self._wanted,
                self._own.hand(),
                idle=self._own.left is None,
            )
            if held is None:
                return None
            self._held[held.job] = held
            facts = self.studio.project.asset(held.asset)
            version = next(one for one in facts.versions if one.id == held.version)
            recipe = self.observer.recipe(version, held.item)
            try:
                return Work(
                    job=held.job,
                    epoch=held.epoch,
                    asset=held.asset,
                    name=prepare.label(facts, version, held.item),
                    version=version,
                    item=held.item,
                    tier=held.tier,
                    recipe=recipe,
                    models=prepare.models(self.studio, recipe),
                    sources=prepare.sources(self.studio, version, recipe),
                    provisional=prepare.provisional(self.studio.project, version, recipe),
                )
            except (ModelFault, NotFound, Damaged) as fault:
                self._set_aside(held, prepare.label(facts, version, held.item), fault)

    def _rests(self) -> bool:
        """Whether nothing new is to be begun now; told when that changes."""
        reason = next(filter(None, (gate() for gate in self._gates)), None)
        if reason != self._resting:
            self._resting = reason
            self._report(
                Told(what="resting", job=JobId(""), asset=AssetId(""), name="", message=reason or "")
            )
        return reason is not None

    def _set_aside(self, held: Held, name: str, fault: Fault) -> None:
        self.aside[held.job] = fault
        self._end(held.job, None)
        self._report(
            Told(
                what="aside",
                job=held.job,
                asset=held.asset,
                name=name,
                message=f"{fault.message}: {fault.hint}",
            )
        )

    def _stir(self, change: Change) -> None:
        self._stirred = True

    def _publish(self) -> None:
        """Publish what was struck; a full disk is remembered, and the picture kept where there is room for it."""
        struck, self._done = self._done, None
        if struck is None:
            return
        work = struck.work
        try:
            published = publish.publish(self.studio, work, struck.rendered)
        except NoSpace as fault:
            saved = spool.save(self.studio.home, work.recipe.key, struck.rendered)
            where = "its finished picture is kept" if saved else "its picture has to be rendered again"
            self._trouble = NoSpace(f"{work.name} stays in the queue, {where}: {fault.message}", fault.hint)
            return
        spool.drop(self.studio.home, work.recipe.key)
        self._held.pop(work.job, None)
        self.observer.worked(work.recipe)
        self._own.measured(work.recipe, struck.rendered)
        self._tell_published(work, published)

    def _tell_published(self, work: Work, published: Published) -> None:
        what: What = "finished" if published.takes else "cancelled"
        self._tell(work, what, takes=published.takes, message="; ".join(published.trouble))

    def _failed(self, work: Work, fault: Fault) -> None:
        self._end(work.job, fault)
        self.observer.failed(work.job, work.recipe)
        self._tell(work, "failed", message=f"{fault.message} ({fault.hint})")

    def _end(self, job: JobId, fault: Fault | None) -> None:
        held = self._held.pop(job)
        queue.end(self.studio, job, held.epoch, fault)

    def _give_back(self) -> None:
        """Release every claim that is still ours; on a full disk the claims end with this process."""
        for job in list(self._held):
            try:
                self._end(job, None)
            except NoSpace:
                self._held.pop(job, None)

    def _raise_trouble(self) -> None:
        if self._trouble is not None:
            raise self._trouble

    def _waiting(self) -> bool:
        """Whether something may still come our way: a back-off that ends, or a job that another worker is at."""
        if self.observer.paused:
            return False
        for row in queue.live(self.studio, self._wanted):
            if row.id in self.aside:
                continue
            view = jobs.view(self.studio.project.job(row.id))
            reason = jobs.may_claim(view, self.observer.standpoint(view))
            if reason is None or reason.code in ("owned", "mine", "backing_off"):
                return True
        return False

    def _tell(
        self,
        work: Work,
        what: What,
        *,
        progress: Progress | None = None,
        takes: tuple[tuple[AssetId, Take], ...] = (),
        message: str = "",
        eta_s: float | None = None,
    ) -> None:
        told = Told(
            what=what,
            job=work.job,
            asset=work.asset,
            name=work.name,
            progress=progress,
            takes=takes,
            message=message,
            eta_s=eta_s,
        )
        self._report(told)


class _Every:
    """Calls `look` every so many seconds while it is entered, on the event loop's own timer."""

    def __init__(self, seconds: float, look: Callable[[], None]) -> None:
        self._seconds = seconds
        self._look = look
        self._timer: asyncio.TimerHandle | None = None

    async def __aenter__(self) -> None:
        self._again()

    async def __aexit__(self, *exc: object) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _again(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(self._seconds, self._once)

    def _once(self) -> None:
        self._again()
        self._look()


def _silence(told: Told) -> None:
    """Nobody listens."""


__all__ = ["Report", "State", "Told", "Worker"]
