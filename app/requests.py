"""Requests for pictures as commands make them: selecting, asking, and waiting for them."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Collection, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from app import versions, views
from app.commands.table import Outcome, Report, Said, Working
from app.listing import Listing, workers
from app.render import serving
from app.render.wishes import Asked, Asking
from app.versions import show_recipe
from engine.faults import Conflict, Fault, WrongUse
from sync.project import Edit
from sync.records import AssetId, JobId, Kind, Tier, VersionId
from sync.rules import estimate, history
from sync.rules import jobs as rules

if TYPE_CHECKING:
    from app.studio import Studio
    from app.worker import Told
    from engine.renderer import Renderer
    from sync.rules.jobs import View
    from sync.rules.reasons import Reason

Shape = dict[str, Any]


class _OnlyLooked(Exception):
    """Leaves a commit without adding anything; carries what would have been asked for."""

    def __init__(self, asked: list[Asked], saved: int) -> None:
        super().__init__()
        self.asked = asked
        self.saved = saved


def select(
    studio: Studio,
    names: Sequence[str],
    *,
    scene: str | None,
    all: bool,
    stale: bool,
    kind: Kind | None,
    where: str | None,
) -> list[AssetId]:
    """The assets that were named or selected; selections narrow each other. Raises `WrongUse` when nothing was."""
    options = scene is not None or kind is not None or where is not None or all or stale
    if names and options:
        raise WrongUse("name assets or select them, not both", "leave out the names, or the options")
    if names:
        return list(dict.fromkeys(versions.find(studio.project.index, name).id for name in names))
    if not options:
        raise WrongUse(
            "nothing was selected", "name assets, or use --all, --stale, --scene, --kind or --where"
        )
    rows = views.rows(studio, kind=kind, scene=scene, where=where, stale=stale)
    return [row.id for row in rows if row.version is not None]


def request(studio: Studio, selected: Sequence[AssetId], tier: Tier | None, count: int) -> list[Asked]:
    """Ask for pictures, durably: versions, jobs and takes on known pictures in one commit, then the files."""

    def build(edit: Edit) -> tuple[Asking, list[Asked]]:
        asking = Asking(studio, edit)
        return asking, asking.ask(selected, tier, count)

    asking, asked = studio.project.commit(build)
    for asset, version in asking.saved:
        show_recipe(studio.project.folder, studio.project.asset(asset), version)
    for take in asking.twins:
        if studio.blobs.has(take.sha256):
            serving.show_file(studio, take, take.sha256)
    return asked


def preview(studio: Studio, selected: Sequence[AssetId], tier: Tier | None, count: int) -> Shape:
    """What `request` would ask for, and how long that would take; nothing is stored."""

    def build(edit: Edit) -> None:
        asking = Asking(studio, edit)
        raise _OnlyLooked(asking.ask(selected, tier, count), len(asking.saved))

    try:
        studio.project.commit(build)
    except _OnlyLooked as looked:
        asked, saved = looked.asked, looked.saved
    else:
        raise AssertionError("a preview never commits")
    listing = Listing(studio)
    new = [one for one in asked if not one.deduplicated]
    parts = [listing.estimate(one.recipe) for one in new]
    whole = estimate.total(parts)
    called = _called(studio, asked)
    found = [
        {**_planned(one, called), "eta_s": None if part.range is None else round(part.range[1], 1)}
        for one, part in zip(new, parts, strict=True)
    ]
    found += [_planned(one, called) for one in asked if one.deduplicated]
    seconds = None if whole.range is None else [round(one, 1) for one in whole.range]
    words = f"{len(new)} to render, {len(asked) - len(new)} there or asked for already"
    about = f", about {seconds[1]:g} s" if seconds and new else ""
    return {
        "dry_run": True,
        "jobs": found,
        "versions": saved,
        "seconds": seconds,
        "message": f"{words}{about}. Nothing was asked for yet.",
    }


@dataclass(frozen=True, slots=True)
class _Called:
    """What the assets and versions of a request are called."""

    names: Mapping[AssetId, str]
    labels: Mapping[VersionId, str]


def _called(studio: Studio, asked: Sequence[Asked]) -> _Called:
    index = studio.project.index
    rows = index.assets_of({one.asset for one in asked})
    labels = index.labels_of({one.version.id for one in asked})
    for one in asked:
        if one.version.id not in labels:  # a preview's version, which nobody saved
            known = studio.project.asset(one.asset).versions
            labels[one.version.id] = history.label(one.version, [*known, one.version])
    return _Called({asset: row.name for asset, row in rows.items()}, labels)


def _planned(one: Asked, called: _Called) -> Shape:
    """A job as it would be, before anything is stored."""
    return {
        "id": one.job,
        "asset": one.asset,
        "asset_name": called.names[one.asset],
        "version": one.version.number,
        "version_id": one.version.id,
        "version_label": called.labels[one.version.id],
        "item": one.item,
        "tier": str(one.tier),
        "state": "finished" if one.take is not None else "pending",
        "owner": None,
        "votes": 0,
        "generation": rules.split(one.job)[1],
        "progress": None,
        "stage": None,
        "eta_s": None,
        "reason": None,
        "attempts": [],
        "take": one.take,
        "deduplicated": one.deduplicated,
    }


def answer(studio: Studio, asked: Sequence[Asked]) -> Shape:
    """The jobs of a request as they are now."""
    listing, called = Listing(studio), _called(studio, asked)
    waiting = [one for one in asked if one.take is None]
    for one in waiting:
        listing.knows(one.version.id, one.recipe)
    jobs = {shape["id"]: shape for shape in listing.jobs(list({one.job: None for one in waiting}))}
    return {
        "jobs": [
            _asked(studio, jobs[one.job], one, called) if one.take is None else _planned(one, called)
            for one in asked
        ]
    }


def _asked(studio: Studio, shape: Shape, one: Asked, called: _Called) -> Shape:
    """A job as it is; of one that several assets wished for, for the asset that was asked for here."""
    take = _take_of(studio, one)
    whose = {name: value for name, value in _planned(one, called).items() if name in _WHOSE}
    return {**shape, **whose, "take": take or shape["take"], "deduplicated": one.deduplicated}


_WHOSE: Final = ("asset", "asset_name", "version", "version_id", "version_label", "item")


def _take_of(studio: Studio, one: Asked) -> str | None:
    rows = studio.project.index.takes(asset=one.asset, recipe_key=one.key)
    return rows[-1].take.id if rows else None


# --- working on them ---


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
    value = answer(studio, asked)
    left = [one for one in value["jobs"] if one["take"] is None]
    if not left:
        return value
    why = why_not(studio, JobId(left[0]["id"]))
    value["message"] = f"{len(left)} of {len(value['jobs'])} not rendered: {left[0]['asset_name']}: {why}"
    return Outcome(value, 1)


def shown(studio: Studio, job: JobId) -> Shape:
    """A job with the reason that it waits for, where it does."""
    shape = Listing(studio).job(job)
    if shape["state"] == "pending" and shape["reason"] is None:
        [first, *_] = reasons(studio, rules.view(studio.project.job(job)))
        return {**shape, "reason": first.sentence}
    return shape


def reasons(studio: Studio, view: View) -> list[Reason]:
    """Why a job is not being rendered, the deciding reason first."""
    from app.render.observer import Observer

    alive = workers(studio.project.sessions().items(), studio.project.session)
    count = len(alive) + (studio.resident is not None)
    at = replace(Observer(studio, lambda: 0.0).standpoint(view), workers=count, session=None)
    return list(rules.why(view, at))


def why_not(studio: Studio, job: JobId) -> str:
    """Why a job has not ended, in a sentence, with what would help."""
    from app.render.observer import Observer

    view = rules.view(studio.project.job(job))
    [reason, *_] = rules.why(view, Observer(studio, lambda: 0.0).standpoint(view))
    return reason.sentence + (f" ({reason.fix})" if reason.fix else "")


async def work(
    studio: Studio,
    report: Report,
    *,
    wanted: Collection[JobId] | None = None,
    only: Tier | None = None,
    until_idle: bool = False,
) -> Done:
    """Work the queue in this process with a renderer of its own; raises `Conflict` where a worker does that already."""
    if studio.resident is not None:
        raise Conflict("a worker works here already", "its jobs are in restrike jobs")
    async with studio.working, studio.renderer() as renderer:
        return await work_with(studio, renderer, report, wanted=wanted, only=only, until_idle=until_idle)


async def stay(studio: Studio, report: Report, *, only: Tier | None = None) -> Done:
    """Work the queue until SIGTERM as the worker that everybody in this process relies on; raises `NoSpace`."""
    from app.resident import Resident

    done = Done()
    resident = studio.resident = Resident(studio, only=only, patient=False)
    try:
        with resident.heard(_Bars(studio, report, done, None, None)):
            await _until_sigterm(resident.run(), done)
    finally:
        studio.resident = None
    _tell_aside(resident.aside, report, done)
    return done


async def work_with(
    studio: Studio,
    renderer: Renderer,
    report: Report,
    *,
    wanted: Collection[JobId] | None = None,
    only: Tier | None = None,
    until_idle: bool = False,
    told: Callable[[], None] | None = None,
) -> Done:
    """Work the queue in this process; SIGTERM ends it, claims given back. `told` is called after each finished job."""
    from app.worker import Worker

    done = Done()
    worker = Worker(studio, renderer, only=only)
    bars = _Bars(studio, report, done, wanted, told)
    running = worker.run(until_idle=until_idle, jobs=wanted, report=bars)
    await (running if studio.served else _until_sigterm(running, done))
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
