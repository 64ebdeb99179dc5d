"""Requests for pictures as commands make them: selecting, asking, waiting, and a word on single jobs."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from app import versions, views
from app.commands.table import Outcome, Report, Said, Working
from app.listing import Listing, workers
from app.render import serving
from app.render.wishes import Asked, Asking, served
from app.versions import show_recipe
from engine.faults import Conflict, Refused, WrongUse
from sync.project import Edit
from sync.records import AssetId, Claim, Ended, JobId, Kind, Tier, Vote, Wish
from sync.rules import estimate, history
from sync.rules import jobs as rules
from sync.rules.jobs import RELEASED, State, View

if TYPE_CHECKING:
    from app.studio import Studio
    from app.worker import Told

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
        raise WrongUse("nothing was selected", "name assets, or use --all, --stale, --scene, --kind or --where")
    rows = views.rows(studio, kind=kind, scene=scene, where=where, stale=stale)
    return [row.id for row in rows if row.version is not None]


def request(studio: Studio, selected: Sequence[AssetId], tier: Tier | None, count: int) -> list[Asked]:
    """Ask for pictures, durably: versions, jobs and takes on known pictures in one commit, then the files."""
    vt = served(studio)

    def build(edit: Edit) -> tuple[Asking, list[Asked]]:
        asking = Asking(studio, edit, vt)
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
        asking = Asking(studio, edit, 0.0)
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
    found = [
        {**_planned(studio, one), "eta_s": None if part.range is None else round(part.range[1], 1)}
        for one, part in zip(new, parts, strict=True)
    ]
    found += [_planned(studio, one) for one in asked if one.deduplicated]
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


def _planned(studio: Studio, one: Asked) -> Shape:
    """A job as it would be, before anything is stored."""
    facts = studio.project.asset(one.asset)
    return {
        "id": one.job,
        "asset": one.asset,
        "asset_name": history.name(facts),
        "version": one.version.number,
        "version_id": one.version.id,
        "version_label": history.label(one.version, [*facts.versions, one.version]),
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
    listing = Listing(studio)
    return {"jobs": [_asked(studio, listing, one) for one in asked]}


def _asked(studio: Studio, listing: Listing, one: Asked) -> Shape:
    if one.take is not None:
        return _planned(studio, one)
    shape = listing.job(one.job)
    take = _take_of(studio, one)
    return {**shape, **_whose(studio, one), "take": take or shape["take"], "deduplicated": one.deduplicated}


def _whose(studio: Studio, one: Asked) -> Shape:
    """Of a job that several assets wished for, the asset that was asked for here."""
    planned = _planned(studio, one)
    return {name: planned[name] for name in ("asset", "asset_name", "version", "version_id", "version_label", "item")}


def _take_of(studio: Studio, one: Asked) -> str | None:
    rows = studio.project.index.takes(asset=one.asset, recipe_key=one.recipe.key)
    return rows[-1].take.id if rows else None


# --- working on them ---


@dataclass(slots=True)
class Done:
    """What a worker did in one run, as shapes of jobs."""

    finished: list[Shape] = field(default_factory=list)
    failed: list[Shape] = field(default_factory=list)
    aside: list[Shape] = field(default_factory=list)


async def wait(studio: Studio, asked: Sequence[Asked], report: Report) -> Shape:
    """Work the queue here until these jobs have ended; exit status 1 when one of them has no picture then."""
    wanted = {one.job for one in asked if one.take is None}
    if wanted:
        await work(studio, report, wanted=wanted, until_idle=True)
    value = answer(studio, asked)
    left = [one for one in value["jobs"] if one["take"] is None]
    if not left:
        return value
    why = _why(studio, left[0])
    value["message"] = f"{len(left)} of {len(value['jobs'])} not rendered: {left[0]['asset_name']}: {why}"
    return Outcome(value, 1)


def _why(studio: Studio, job: Shape) -> str:
    from app.render.observer import Observer

    view = rules.view(studio.project.job(JobId(job["id"])))
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
    """Work the queue in this process with a renderer of its own; SIGTERM ends it as Ctrl-C does."""
    from app.worker import Worker

    done = Done()
    bars = _Bars(studio, report, done, wanted)
    async with studio.renderer() as renderer:
        worker = Worker(studio, renderer, only=only)
        with _ends_on_sigterm():
            await worker.run(until_idle=until_idle, jobs=wanted, report=bars)
    for job, fault in worker.aside.items():
        report(Said(f"{fault.message} ({fault.hint})"))
        done.aside.append({"job": job, "code": fault.code, "message": fault.message, "hint": fault.hint})
    return done


@contextlib.contextmanager
def _ends_on_sigterm() -> Iterator[None]:
    """While entered, SIGTERM cancels the current task, so that claims are given back; where the system has it."""
    task = asyncio.current_task()
    loop = asyncio.get_running_loop()
    try:
        loop.add_signal_handler(signal.SIGTERM, task.cancel if task is not None else loop.stop)
    except (NotImplementedError, RuntimeError, ValueError):
        yield
        return
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGTERM)


class _Bars:
    """A worker's news as bars: steps of the present picture, and how many are done of how many."""

    def __init__(
        self, studio: Studio, report: Report, done: Done, wanted: Collection[JobId] | None
    ) -> None:
        self._studio = studio
        self._report = report
        self._done = done
        self._wanted = wanted
        self._ended = 0
        self._total = 0

    def __call__(self, told: Told) -> None:
        if told.what in ("started", "step"):
            self._step(told)
            return
        self._ended += told.what == "finished"
        stage = {"finished": "rendered", "failed": "failed", "cancelled": "called off", "aside": "set aside"}
        words = f"{stage[told.what]}{': ' + told.message if told.message else ''}"
        self._report(self._working(told, words, over=True))
        shape = {"job": told.job, "asset": told.asset, "name": told.name, "message": told.message}
        if told.what == "finished":
            self._done.finished.append({**shape, "takes": [take.id for _, take in told.takes]})
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
            eta_s=told.eta_s,
            over=over,
        )


# --- single jobs ---


def retry(studio: Studio, job: JobId) -> JobId:
    """Wish for the next generation of a job that failed or was cancelled; raises `Conflict` for any other."""
    vt = served(studio)

    def build(edit: Edit) -> JobId:
        view = rules.view(edit.job(job))
        wish = view.wish
        if wish is None or view.state not in (State.FAILED, State.CANCELLED):
            hint = "its take is there" if view.state is State.FINISHED else "restrike job why says what it waits for"
            raise Conflict(f"the job is {view.state}", hint)
        again = rules.next_generation(job)
        if not edit.job(again).wishes:
            fresh = Wish(
                job=again,
                session=edit.session,
                asset=wish.asset,
                version=wish.version,
                item=wish.item,
                tier=view.tier,
                vt=vt,
                member=edit.member,
                time=edit.now,
            )
            edit.add(edit.queue_document(again), fresh)
        return again

    return studio.project.commit(build)


def reserve(studio: Studio, job: JobId) -> None:
    """Claim a job for the worker that runs on this machine; raises `Conflict` when none does, or the job is taken."""
    sessions = studio.project.sessions()
    alive = workers(sessions.items(), studio.project.session)
    if not alive:
        raise Conflict("no worker of yours is running here", "start one: restrike worker")

    def build(edit: Edit) -> None:
        view = rules.view(edit.job(job))
        taken = view.state is State.OWNED and sessions.get(view.owner or edit.session, True)
        if view.state.terminal or taken:
            raise Conflict(f"the job is {view.state}", "restrike job show says by whom, or how it ended")
        claim = Claim(job=job, session=alive[-1], epoch=view.epoch + 1, member=edit.member, time=edit.now)
        edit.add(edit.queue_document(job), claim)

    studio.project.commit(build)


def release(studio: Studio, job: JobId) -> None:
    """End the claim on a job; raises `Conflict` when nobody has it, `Refused` when it is another member's."""

    def build(edit: Edit) -> None:
        view = rules.view(edit.job(job))
        if view.state is not State.OWNED or view.owner is None:
            raise Conflict(f"the job is {view.state}, nobody has it", "restrike job why says what it waits for")
        [claim] = [
            one for one in edit.job(job).claims if (one.session, one.epoch) == (view.owner, view.epoch)
        ]
        if claim.member != edit.member:
            raise Refused(f"{claim.member} has claimed it", "ask them to release it")
        ended = Ended(
            job=job, session=view.owner, epoch=view.epoch, code=RELEASED, message="", time=edit.now
        )
        edit.add(edit.queue_document(job), ended)

    studio.project.commit(build)


def vote(studio: Studio, job: JobId, value: int) -> View:
    """Cast or change this member's vote."""

    def build(edit: Edit) -> View:
        facts = edit.job(job)
        mine = [one for one in facts.votes if one.member == edit.member]
        count = max((one.count for one in mine), default=0) + 1
        last = max(mine, key=lambda one: one.count, default=None)
        if last is None or last.value != value:
            cast = Vote(job=job, member=edit.member, value=value, count=count, time=edit.now)
            edit.add(edit.queue_document(job), cast)
        return rules.view(edit.job(job))

    return studio.project.commit(build)


