"""A shift: working the queue in this process, until certain jobs have ended, until it is idle, or until stopped."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Collection, Coroutine, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from app import reasons, requests
from app.commands.table import Outcome, Report, Said, Working
from app.render.wishes import Asked
from engine.faults import Conflict, Fault
from sync.records import JobId, Tier

if TYPE_CHECKING:
    from app.studio import Studio
    from app.worker import Gate, Told
    from engine.renderer import Renderer

Shape = dict[str, Any]


@dataclass(slots=True)
class Done:
    """What a worker did in one run, as shapes of jobs; `stopped` when it was told to end before it was done."""

    finished: list[Shape] = field(default_factory=list)
    failed: list[Shape] = field(default_factory=list)
    aside: list[Shape] = field(default_factory=list)
    stopped: bool = False


async def wait(studio: Studio, asked: Sequence[Asked], report: Report) -> Shape:
    """Work the queue here until these jobs have ended; exit status 1 when one of them has no picture then."""
    wanted = {one.job for one in asked if one.take is None}
    if wanted and studio.resident is not None:
        await studio.resident.ended(wanted, _Bars(studio, report, Done(), wanted, None))
    elif wanted:
        await work(studio, report, wanted=wanted, until_idle=True)
    value = requests.answer(studio, asked)
    left = [one for one in value["jobs"] if one["take"] is None]
    if not left:
        return value
    why = reasons.why_not(studio, JobId(left[0]["id"]))
    value["message"] = f"{len(left)} of {len(value['jobs'])} not rendered: {left[0]['asset_name']}: {why}"
    return Outcome(value, 1)


async def work_all(
    studios: Sequence[Studio],
    report: Report,
    *,
    only: Tier | None = None,
    until_idle: bool = False,
    gates: Sequence[Gate] = (),
) -> Done:
    """Work the queue with one renderer for each studio, all of them of one project, as `work` does with one."""
    done = Done()

    async def one(studio: Studio) -> None:
        part = await work(studio, report, only=only, until_idle=until_idle, gates=gates, listening=False)
        done.finished += part.finished
        done.failed += part.failed
        done.aside += part.aside

    working = together(one(studio) for studio in studios)
    await (working if studios[0].served else _until_sigterm(working, done))
    return done


async def work(
    studio: Studio,
    report: Report,
    *,
    wanted: Collection[JobId] | None = None,
    only: Tier | None = None,
    until_idle: bool = False,
    gates: Sequence[Gate] = (),
    listening: bool = True,
) -> Done:
    """Work the queue in this process with a renderer of its own; raises `Conflict` where a worker does that already."""
    if studio.resident is not None:
        raise Conflict("a worker works here already", "its jobs are in restrike jobs")
    async with studio.working, studio.renderer() as renderer:
        return await work_with(
            studio,
            renderer,
            report,
            wanted=wanted,
            only=only,
            until_idle=until_idle,
            gates=gates,
            listening=listening,
        )


async def stay(
    studios: Sequence[Studio], report: Report, *, only: Tier | None = None, gates: Sequence[Gate] = ()
) -> Done:
    """Work the queue until SIGTERM as the workers that everybody in this process relies on; raises `NoSpace`.

    One for each studio, all of them of one project.
    """
    from app.resident import Resident

    done = Done()
    residents = [Resident(one, only=only, patient=False, gates=gates) for one in studios]
    with ExitStack() as stack:
        for studio, resident in zip(studios, residents, strict=True):
            studio.resident = resident
            stack.callback(setattr, studio, "resident", None)
            stack.enter_context(resident.heard(_Bars(studio, report, done, None, None)))
        await _until_sigterm(together(resident.run() for resident in residents), done)
    for resident in residents:
        _tell_aside(resident.aside, report, done)
    return done


async def together(works: Iterable[Coroutine[Any, Any, None]]) -> None:
    """Await all; the first that fails ends the others, and its error is raised as it is."""
    try:
        async with asyncio.TaskGroup() as group:
            for work in works:
                group.create_task(work)
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from None


async def work_with(
    studio: Studio,
    renderer: Renderer,
    report: Report,
    *,
    wanted: Collection[JobId] | None = None,
    only: Tier | None = None,
    until_idle: bool = False,
    told: Callable[[], None] | None = None,
    gates: Sequence[Gate] = (),
    listening: bool = True,
) -> Done:
    """Work the queue in this process; SIGTERM ends it, claims given back. `told` is called after each finished job.

    Unless `listening`, SIGTERM is left to the caller.
    """
    from app.worker import Worker

    done = Done()
    worker = Worker(studio, renderer, only=only, gates=gates)
    bars = _Bars(studio, report, done, wanted, told)
    running = worker.run(until_idle=until_idle, jobs=wanted, report=bars)
    await (_until_sigterm(running, done) if listening and not studio.served else running)
    _tell_aside(worker.aside, report, done)
    return done


def _tell_aside(aside: Mapping[JobId, Fault], report: Report, done: Done) -> None:
    """Say what could not be rendered here."""
    for job, fault in aside.items():
        report(Said(f"{fault.message} ({fault.hint})"))
        done.aside.append({"job": job, "code": fault.code, "message": fault.message, "hint": fault.hint})


async def _until_sigterm(running: Coroutine[Any, Any, None], done: Done) -> None:
    """Await the worker; SIGTERM, where the system has it, cancels it and is noted in `done`."""
    task, loop = asyncio.current_task(), asyncio.get_running_loop()
    assert task is not None

    def stop() -> None:
        done.stopped = True
        task.cancel()

    listening = True
    try:
        loop.add_signal_handler(signal.SIGTERM, stop)
    except (NotImplementedError, RuntimeError, ValueError):
        listening = False  # Windows, or not the main thread
    try:
        await running
    except asyncio.CancelledError:
        if not done.stopped or task.uncancel() > 0:
            raise
    finally:
        if listening:
            loop.remove_signal_handler(signal.SIGTERM)


class _Bars:
    """A worker's news as bars: steps of the present picture, and how many are done of how many."""

    def __init__(
        self,
        studio: Studio,
        report: Report,
        done: Done,
        wanted: Collection[JobId] | None,
        told: Callable[[], None] | None,
    ) -> None:
        self._told = told
        self._studio = studio
        self._report = report
        self._done = done
        self._wanted = wanted
        self._ended = 0
        self._total = 0
        self._seconds: list[float] = []

    def __call__(self, told: Told) -> None:
        if told.what == "resting":
            self._report(Said(f"rests: {told.message}" if told.message else "goes on"))
            return
        if told.what in ("started", "step"):
            self._step(told)
            return
        self._ended += told.what == "finished"
        self._seconds += [take.seconds for _, take in told.takes if take.seconds > 0]
        stage = {"finished": "rendered", "failed": "failed", "cancelled": "called off", "aside": "set aside"}
        words = f"{stage[told.what]}{': ' + told.message if told.message else ''}"
        self._report(self._working(told, words, over=True))
        shape = {"job": told.job, "asset": told.asset, "name": told.name, "message": told.message}
        if told.what == "finished":
            self._done.finished.append({**shape, "takes": [take.id for _, take in told.takes]})
            if self._told is not None:
                self._told()
        elif told.what == "failed":
            self._done.failed.append(shape)

    def _step(self, told: Told) -> None:
        if told.what == "started":
            left = self._studio.project.index.counts()["jobs"] if self._wanted is None else {}
            live = left.get("pending", 0) + left.get("owned", 0) + self._ended
            self._total = len(self._wanted) if self._wanted is not None else max(live, 1)
        self._report(self._working(told, told.progress.stage if told.progress else "preparing", over=False))

    def _working(self, told: Told, stage: str, *, over: bool) -> Working:
        progress = told.progress
        done = self._ended - (1 if over and told.what == "finished" else 0)
        return Working(
            key=told.job,
            what=told.name,
            stage=stage,
            step=progress.step if progress is not None else 0,
            steps=progress.steps if progress is not None else 0,
            done=min(done, max(self._total - 1, 0)),
            total=max(self._total, 1),
            eta_s=self._left(told),
            over=over,
        )

    def _left(self, told: Told) -> float | None:
        """The seconds that remain of everything: of this picture, and of those to come as long as those before took."""
        after = self._total - self._ended - 1
        if told.eta_s is None or (after > 0 and not self._seconds):
            return None
        mean = sum(self._seconds) / len(self._seconds) if self._seconds else 0.0
        return told.eta_s + max(after, 0) * mean
