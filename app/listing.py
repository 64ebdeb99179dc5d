"""Jobs and takes as front ends show them: facts, what this machine adds, in the shapes of the contract."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from app import elsewhere, shapes
from app.render import serving
from app.render.doing import Doing, preview, seen
from engine.faults import BadField, Damaged, Fault, NotFound
from engine.models import ModelFault
from engine.recipe import ModelDigest, Recipe
from sync.records import AssetFacts, AssetId, Grade, JobId, SessionId, Take, Version, VersionId
from sync.rules import estimate, history, jobs, takes
from sync.rules.estimate import Estimate, Measured
from sync.rules.jobs import State, View
from sync.rules.takes import Graded

if TYPE_CHECKING:
    from app.studio import Studio
    from sync.tables import TakeRow, VersionRow

Shape = dict[str, Any]
TOGETHER: Final = 500
"""How many takes are looked at together: their assets' facts are read in one question, and kept no longer."""


class Listing:
    """One look at jobs and takes; what is the same for all of them is read once."""

    def __init__(self, studio: Studio) -> None:
        self.studio = studio
        self.sessions = studio.project.sessions()
        self._elsewhere = elsewhere.seen(studio)
        self._doing: dict[JobId, Doing] = {
            **{job: one.doing for job, one in self._elsewhere.items()},
            **seen(studio, self.sessions),
        }
        self._facts: dict[AssetId, AssetFacts] = {}
        self._models: dict[ModelDigest, ModelFault | None] = {}
        self._profiles: dict[str, Any] = {}
        self._measured: list[Measured] | None = None
        self._estimates: dict[tuple[str, int, int], Estimate] = {}

    def facts(self, asset: AssetId) -> AssetFacts:
        """All that is known of an asset, read once in this look."""
        if asset not in self._facts:
            self._facts[asset] = self.studio.project.asset(asset)
        return self._facts[asset]

    # --- takes ---

    def takes(self, rows: Sequence[TakeRow]) -> list[Shape]:
        """Takes with their classes, proofs and places, in the order given."""
        found = []
        for first in range(0, len(rows), TOGETHER):
            part = rows[first : first + TOGETHER]
            self._facts |= self.studio.project.assets({row.asset for row in part} - self._facts.keys())
            found += [self.take(row.asset, row.take) for row in part]
            self._facts.clear()
        return found

    def missing(self, rows: Sequence[TakeRow]) -> list[TakeRow]:
        """Those of the takes whose pictures are not here."""
        found = []
        for first in range(0, len(rows), TOGETHER):
            part = [
                row for row in rows[first : first + TOGETHER] if not self.studio.blobs.has(row.take.sha256)
            ]
            facts = self.studio.project.assets({row.asset for row in part})
            found += [
                row for row in part if not serving.present(self.studio.blobs, row.take, facts[row.asset])
            ]
        return found

    def take(self, asset: AssetId, take: Take) -> Shape:
        """One take with its class, proofs and place."""
        facts = self.facts(asset)
        version = serving.version_of(take, facts)
        graded = self.grade(take, facts)
        chosen = takes.chosen(facts)
        return shapes.take(
            take,
            facts,
            asset_name=history.name(facts),
            label=takes.take_label(take, facts.takes),
            version=version.number,
            version_label=history.label(version, facts.versions),
            grade=str(graded.grade),
            reason=graded.reason,
            approved=chosen is not None and chosen.id == take.id,
            present=["here"] if serving.present(self.studio.blobs, take, facts) else [],
            folder=self.studio.project.folder,
            fingerprint=self._profile(take.profile),
        )

    def grade(self, take: Take, facts: AssetFacts) -> Graded:
        """How well a take regenerates on this machine now, and why."""
        fault = None if take.imported else self._lost(take, facts)
        if fault is not None:
            return Graded(Grade.R3, f"it cannot be regenerated here now: {fault.message} ({fault.hint})")
        return takes.grade(take, facts)

    def _lost(self, take: Take, facts: AssetFacts) -> Fault | None:
        """What rendering the take again lacks: its recipe, or its model as it was."""
        try:
            return self._lost_model(take, facts)
        except (Damaged, BadField) as fault:
            return fault

    def _lost_model(self, take: Take, facts: AssetFacts) -> ModelFault | None:
        model = serving.recipe_of(take, facts).model
        if model is None:
            return None
        if model not in self._models:
            try:
                self.studio.models.locate(model)
                self._models[model] = None
            except ModelFault as fault:
                self._models[model] = fault
        return self._models[model]

    def _profile(self, profile: str) -> Any:
        if profile not in self._profiles:
            try:
                self._profiles[profile] = self.studio.project.profile(profile) if profile else None
            except NotFound:
                self._profiles[profile] = None
        return self._profiles[profile]

    # --- jobs ---

    def job(self, job: JobId, *, reason: str | None = None) -> Shape:
        """One job: its state (running while a worker of this machine is at it), attempts, and what is left."""
        [shape] = self.jobs([job])
        there = self._elsewhere.get(job)
        picture = there.picture if there is not None else None
        if shape["state"] == "running" and picture is None:
            picture = preview(self.studio, self.sessions, job)
        drawn = {} if picture is None else {"preview": picture}
        return {**shape, "reason": reason or shape["reason"], **drawn}

    def jobs(self, wanted: Sequence[JobId]) -> list[Shape]:
        """Jobs in the order given; raises `NotFound` for one that nobody asked for."""
        facts = self.studio.project.jobs(wanted)
        views = [jobs.view(facts[job]) for job in wanted]
        wishes = [view.wish for view in views if view.wish is not None]
        index = self.studio.project.index
        versions = index.versions_of({wish.version for wish in wishes})
        names = {one.id: one.name for one in index.assets_of({wish.asset for wish in wishes}).values()}
        return [self._job(view, versions, names) for view in views]

    def _job(
        self,
        view: View,
        versions: Mapping[VersionId, tuple[VersionRow, Version]],
        names: Mapping[AssetId, str],
    ) -> Shape:
        wish = view.wish
        if wish is None:
            raise NotFound(f"nobody asked for job {view.job}", "restrike jobs --all lists them")
        row, version = versions.get(wish.version, (None, None))
        if row is not None and row.asset != wish.asset:
            row, version = None, None
        doing = self._doing.get(view.job) if view.state is State.OWNED else None
        return shapes.job(
            view.job,
            asset=wish.asset,
            asset_name=names.get(wish.asset, wish.asset),
            version=row.number if row is not None else 0,
            version_id=wish.version,
            version_label=row.label if row is not None else "",
            item=wish.item,
            tier=str(view.tier),
            state="running" if doing is not None else str(view.state),
            owner=view.owner,
            votes=view.votes,
            generation=view.generation,
            attempts=[
                {"worker": one.session, "code": one.code, "message": one.message, "time": one.time}
                for one in view.attempts
            ],
            take=view.take,
            progress=doing.step / doing.steps if doing is not None and doing.steps else _ended(view),
            stage=doing.stage if doing is not None else None,
            eta_s=self._eta(view, version, doing),
            reason=_reason(view),
        )

    def estimate(self, recipe: Recipe) -> Estimate:
        """How long a recipe takes on this device, from what was measured."""
        return self._estimated(str(recipe.model), recipe.width * recipe.height, recipe.steps or 0)

    def _estimated(self, model: str, pixels: int, steps: int) -> Estimate:
        if self._measured is None:
            self._measured = [
                Measured(
                    model=one.model,
                    pixels=one.pixels,
                    steps=one.steps,
                    device=one.device,
                    seconds=one.seconds,
                )
                for one in self.studio.project.index.speeds()
            ]
        asked = model, pixels, steps
        if asked not in self._estimates:
            self._estimates[asked] = estimate.seconds(
                self._measured,
                model=model,
                pixels=pixels,
                steps=steps,
                device=self.studio.project.device.id,
            )
        return self._estimates[asked]

    def _eta(self, view: View, version: Version | None, doing: Doing | None) -> float | None:
        if view.state.terminal:
            return None
        if doing is not None and doing.eta_s is not None:
            return round(doing.eta_s, 1)
        if version is None or "model" not in version.parameters:
            return None
        chosen = version.parameters
        pixels = int(chosen["width"]) * int(chosen["height"])
        found = self._estimated(str(chosen["model"]), pixels, int(chosen.get("steps") or 0)).range
        return None if found is None else round(found[1], 1)


def _ended(view: View) -> float | None:
    return 1.0 if view.state is State.FINISHED else None


def _reason(view: View) -> str | None:
    """Why a job that ended did so, or what failed last."""
    if view.state is State.FAILED or (view.attempts and not view.state.terminal):
        last = view.attempts[-1]
        return f"{last.code}: {last.message}" if last.message else last.code
    return f"called off by {view.called.member}" if view.state is State.CANCELLED and view.called else None


def workers(sessions: Iterable[tuple[SessionId, bool]], own: SessionId) -> list[SessionId]:
    """The sessions of other processes of this machine that are alive."""
    return [one for one, alive in sessions if alive and one != own]
