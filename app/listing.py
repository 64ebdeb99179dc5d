"""Jobs and takes as front ends show them: facts, what this machine adds, in the shapes of the contract."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from app import shapes
from app.render import serving
from app.render.doing import Doing, seen
from engine.faults import BadField, Damaged, Fault, NotFound
from engine.models import ModelFault
from engine.recipe import ModelDigest, Recipe
from sync.records import AssetFacts, AssetId, Grade, JobId, SessionId, Take
from sync.rules import estimate, history, jobs, takes
from sync.rules.estimate import Estimate, Measured
from sync.rules.jobs import State, View
from sync.rules.takes import Graded

if TYPE_CHECKING:
    from app.studio import Studio

Shape = dict[str, Any]


class Listing:
    """One look at jobs and takes; what is the same for all of them is read once."""

    def __init__(self, studio: Studio) -> None:
        self.studio = studio
        self.sessions = studio.project.sessions()
        self._doing: dict[JobId, Doing] = seen(studio, self.sessions)
        self._facts: dict[AssetId, AssetFacts] = {}
        self._models: dict[ModelDigest, ModelFault | None] = {}
        self._profiles: dict[str, Any] = {}
        self._measured: list[Measured] | None = None

    def facts(self, asset: AssetId) -> AssetFacts:
        """All that is known of an asset, read once in this look."""
        if asset not in self._facts:
            self._facts[asset] = self.studio.project.asset(asset)
        return self._facts[asset]

    # --- takes ---

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
        view = jobs.view(self.studio.project.job(job))
        wish = view.wish
        if wish is None:
            raise NotFound(f"nobody asked for job {job}", "restrike jobs --all lists them")
        facts = self.facts(wish.asset)
        version = history.known(facts.versions).get(wish.version)
        doing = self._doing.get(job) if view.state is State.OWNED else None
        return shapes.job(
            job,
            asset=wish.asset,
            asset_name=history.name(facts),
            version=version.number if version is not None else 0,
            version_id=wish.version,
            version_label=history.label(version, facts.versions) if version is not None else "",
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
            eta_s=self._eta(view, doing),
            reason=reason or _reason(view),
        )

    def estimate(self, recipe: Recipe) -> Estimate:
        """How long a recipe takes on this device, from what was measured."""
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
        return estimate.seconds(
            self._measured,
            model=str(recipe.model),
            pixels=recipe.width * recipe.height,
            steps=recipe.steps or 0,
            device=self.studio.project.device.id,
        )

    def _eta(self, view: View, doing: Doing | None) -> float | None:
        if view.state.terminal:
            return None
        if doing is not None and doing.eta_s is not None:
            return round(doing.eta_s, 1)
        wish = view.wish
        assert wish is not None
        version = history.known(self.facts(wish.asset).versions).get(wish.version)
        if version is None:
            return None
        from app.render.prepare import recipe_of

        found = self.estimate(recipe_of(version, wish.item)).range
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
