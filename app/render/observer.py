"""What one worker sees besides the jobs' facts: who is alive, which inputs and models are here, what failed lately."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from app.render import prepare
from engine.faults import Fault
from engine.models import ModelFault
from engine.recipe import Input, ModelDigest, Recipe, RecipeKey
from sync.farm.absence import TTL
from sync.identity import now as time_of
from sync.records import JobId, SessionId, Tier, Version, VersionId
from sync.rules import history, jobs
from sync.rules.jobs import Attempt, Standpoint, View

if TYPE_CHECKING:
    from app.roster import Roster
    from app.studio import Studio
    from sync.tables import JobRow


class Observer:
    """One worker's view of the queue on its own monotonic clock `now`; `only` is the tier it keeps to.

    `roster` are the other workers, where this is a worker itself.
    """

    def __init__(
        self,
        studio: Studio,
        now: Callable[[], float],
        only: Tier | None = None,
        roster: Roster | None = None,
    ) -> None:
        self.studio = studio
        self.now = now
        self.only = only
        self.roster = roster
        self.aside: dict[JobId, Fault] = {}
        """Jobs that this machine cannot render, with the reason."""
        self._seen: dict[Attempt, float] = {}
        self._owners: dict[tuple[JobId, SessionId, int], float] = {}
        self._failures: dict[str, set[JobId]] = {}
        self._recipes: dict[tuple[VersionId, int], Recipe] = {}
        self._rendered: set[RecipeKey] = set()
        self._began = time_of(studio.clock)
        self.look()

    def look(self) -> None:
        """Read again what changes without the job's own facts: the pause, who is alive, which models are sound."""
        self.paused = bool(self.studio.project.setting("paused", False))
        self._alive = self.studio.project.sessions()
        self._models: dict[ModelDigest, ModelFault | None] = {}
        if self.roster is not None:
            self.roster.look(self._alive)

    def standpoint(self, view: View) -> Standpoint:
        """What stands in the way of a job here and now."""
        for attempt in view.attempts:
            if attempt.time >= self._began:
                self._seen.setdefault(attempt, self.now())
        inputs, model = self._needs(view)
        failures = {name: len(failed) for name, failed in self._failures.items()}
        lost = model is not None and self.model_fault(model) is not None
        return Standpoint(
            now=self.now(),
            session=self.studio.project.session,
            seen=self._seen,
            paused=self.paused,
            silent=self._silent(view),
            inputs=inputs,
            models=(self._model_name(model),) if lost and model is not None else (),
            aside=tuple(name for name in jobs.set_aside(failures) if name == model),
            only=self.only,
        )

    def blocked(self, row: JobRow) -> bool:
        """Whether inputs of a job are still to be rendered; cheaper than `standpoint`."""
        version = self.version(row)
        return version is None or bool(self._unrendered(version, self.recipe(version, row.item)))

    def recipe(self, version: Version, item: int) -> Recipe:
        """The recipe of an item, read once."""
        place = (version.id, item)
        if place not in self._recipes:
            self._recipes[place] = prepare.recipe_of(version, item)
        return self._recipes[place]

    def version(self, row: JobRow) -> Version | None:
        """The version that a job renders; None where its document is not complete here."""
        facts = self.studio.project.asset(row.asset)
        return history.known(facts.versions).get(row.version)

    def failed(self, job: JobId, recipe: Recipe) -> None:
        """A strike with this recipe's model failed; only failures of different jobs count against the model."""
        self._failures.setdefault(str(recipe.model), set()).add(job)

    def worked(self, recipe: Recipe) -> None:
        """The recipe's model works: what it failed before counts no longer."""
        self._failures.pop(str(recipe.model), None)

    def model_fault(self, model: ModelDigest) -> ModelFault | None:
        """Why a model cannot be used here; None when it can."""
        if model not in self._models:
            try:
                self.studio.models.locate(model)
                self._models[model] = None
            except ModelFault as fault:
                self._models[model] = fault
        return self._models[model]

    def _needs(self, view: View) -> tuple[tuple[str, ...], ModelDigest | None]:
        """The inputs that are not rendered yet, by name, and the model."""
        if view.wish is None:
            return (), None
        facts = self.studio.project.asset(view.wish.asset)
        version = history.known(facts.versions).get(view.wish.version)
        if version is None:
            return (history.name(facts),), None
        recipe = self.recipe(version, view.wish.item)
        return self._unrendered(version, recipe), recipe.model

    def _unrendered(self, version: Version, recipe: Recipe) -> tuple[str, ...]:
        lacking = [one for one in recipe.inputs if one.recipe is not None and not self._has_take(one.recipe)]
        return tuple(dict.fromkeys(self._input_name(version, one) for one in lacking))

    def _has_take(self, key: RecipeKey) -> bool:
        if key not in self._rendered and self.studio.project.index.takes(recipe_key=key, limit=1):
            self._rendered.add(key)
        return key in self._rendered

    def _input_name(self, version: Version, one: Input) -> str:
        """The asset that has the recipe which an input names, else the one that is linked in its role."""
        assert one.recipe is not None
        index = self.studio.project.index
        known = {row.asset for row in index.versions_with(one.recipe)}
        linked = [link.asset for link in version.links if link.role == one.role]
        for asset in sorted(linked, key=lambda each: each not in known):
            row = index.find_asset(asset)
            return row.name if row is not None else asset
        return one.role

    def _model_name(self, model: ModelDigest) -> str:
        known = {one.digest: one.name for one in self.studio.project.models()}
        fault = self.model_fault(model)
        words = known.get(model, model[:12] + "…")
        return (
            f"{words} as it was ({fault.message})"
            if fault is not None and fault.code == "model_damaged"
            else words
        )

    def _silent(self, view: View) -> frozenset[SessionId]:
        """The owner, if its process is over, or if it is of elsewhere and has been silent for the TTL."""
        if view.owner is None:
            return frozenset()
        if view.owner in self._alive:
            return frozenset() if self._alive[view.owner] else frozenset({view.owner})
        since = self._owners.setdefault((view.job, view.owner, view.epoch), self.now())
        silent = self.now() - since > TTL
        if silent and self.roster is not None:
            silent = self.roster.claimer.gone(view.owner, self.now())
        return frozenset({view.owner}) if silent else frozenset()
