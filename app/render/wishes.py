"""From assets to jobs: what is asked for, inputs first, and nothing that exists already.

A recipe that has a take is answered with that take; one that has a live job joins it; one that another asset has
rendered gets a take on the same bytes. Versions are saved only where the recipe would differ. All in one commit.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from app.choices import choice_of
from app.render import prepare, publish, recipes
from app.versions import Choice, Draft, freeze, imported_pixels
from engine import graph
from engine.faults import Conflict
from engine.recipe import Recipe, RecipeKey
from sync.project import Edit, asset_document
from sync.records import AssetFacts, AssetId, JobId, SessionId, Take, TakeId, Tier, Version, VersionId, Wish
from sync.rules import history, jobs, takes
from sync.rules.jobs import View

if TYPE_CHECKING:
    from app.studio import Studio

IN_ORDER: Final = 0.001
"""GPU-seconds by which a job of one request comes after the one before, so that they are done as they were asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One picture that was asked for: its job, or the take that made one needless (`deduplicated`)."""

    job: JobId
    asset: AssetId
    version: Version
    item: int
    tier: Tier
    recipe: Recipe
    key: RecipeKey
    take: TakeId | None
    deduplicated: bool
    selected: bool


class Asking:
    """One request in the making, inside a commit."""

    def __init__(self, studio: Studio, edit: Edit) -> None:
        self.studio = studio
        self.edit = edit
        self.draft = Draft(studio, edit)
        self.saved: list[tuple[AssetId, Version]] = []
        self.twins: list[Take] = []
        self.asked: dict[tuple[AssetId, RecipeKey], Asked] = {}
        self._feeding: dict[AssetId, tuple[Version, Take | None, bool] | None] = {}
        self._current: dict[AssetId, Version | None] = {}
        self._frozen: dict[VersionId, tuple[Recipe, RecipeKey]] = {}
        self._served: float | None = None
        self._unsaved = edit.index.unsaved()
        self._jobs: set[JobId] = set()

    def ask(self, selected: Sequence[AssetId], tier: Tier | None, count: int) -> list[Asked]:
        """Ask for `selected`, and first for what feeds them and has no take."""
        chosen = set(selected)
        order = self._in_order(selected)
        needed = self._needed(order, chosen)
        for asset in order:
            if asset in chosen:
                version = self._version(asset, tier)
                self._feed(version)
                for item in range(count):
                    self._one(asset, version, item, tier or version.tier, selected=True)
            elif asset in needed:
                version = self._version(asset, None)
                self._one(asset, version, 0, version.tier, selected=False)
        return list(self.asked.values())

    def _in_order(self, selected: Iterable[AssetId]) -> list[AssetId]:
        """The selected assets and all that feeds them, inputs first; raises `Cycle`."""
        edges: dict[AssetId, list[AssetId]] = {}
        todo = list(reversed(list(selected)))
        self._read(todo)
        while todo:
            asset = todo.pop()
            if asset not in edges:
                edges[asset] = self._inputs(asset)
                todo += reversed(edges[asset])
        return graph.order(edges, lambda one: history.name(self.draft.asset(one)))

    def _read(self, assets: Sequence[AssetId]) -> None:
        """Read the current versions of many assets together; one that is not known here is left to be missed."""
        self._current.update(self.edit.index.current_versions(assets))

    def _current_of(self, asset: AssetId) -> Version | None:
        """The version of an asset that is shown, as it was before this request."""
        if asset not in self._current:
            self._current[asset] = history.current(self.draft.asset(asset).versions)
        return self._current[asset]

    def _inputs(self, asset: AssetId) -> list[AssetId]:
        version = self._current_of(asset)
        return [link.asset for link in version.links] if version is not None else []

    def _needed(self, order: Sequence[AssetId], chosen: set[AssetId]) -> set[AssetId]:
        """The inputs, not selected themselves, that have nothing to feed yet."""
        found: set[AssetId] = set()
        for asset in reversed(order):
            if asset in chosen or asset in found:
                lacking = [one for one in self._inputs(asset) if one not in chosen and self._empty(one)]
                found.update(lacking)
        return found

    def _empty(self, asset: AssetId) -> bool:
        fed = self._fed(asset)
        return fed is not None and fed[1] is None

    def _fed(self, asset: AssetId) -> tuple[Version, Take | None, bool] | None:
        """What an asset feeds to others; of one that this request adds nothing to, it is read once."""
        if self.edit.adds_to(asset):
            return takes.fed(self.draft.asset(asset))
        if asset not in self._feeding:
            self._feeding[asset] = takes.fed(self.draft.asset(asset))
        return self._feeding[asset]

    def _feed(self, version: Version) -> None:
        """Ask for what the version names and nobody has rendered or asked for, such as an input's other tier."""
        for link in version.links:
            fed = self._fed(link.asset)
            if fed is not None and fed[1] is None and (link.asset, fed[0].recipe_key) not in self.asked:
                self._one(link.asset, fed[0], 0, fed[0].tier, selected=False)

    def _version(self, asset: AssetId, tier: Tier | None) -> Version:
        """The version to render: the current one, if need be frozen anew with its inputs and tier as they are now.

        Another tier may be an earlier version, which is then used again.
        """
        if asset in self._unsaved and (merge := self.draft.save_merge(asset)) is not None:
            self.saved.append((asset, merge))
        current = self._current_of(asset)
        if current is None:
            name = history.name(self.draft.asset(asset))
            raise Conflict(f"{name} has no version yet", "its document is not complete here; merge again")
        if imported_pixels(current) is not None:
            return current
        before = choice_of(current)
        choice = Choice(before.fields, before.links, tier or current.tier)
        _, recipe = freeze(self.draft, self.draft.shelf, choice)
        text = recipes.text(recipe)
        key = recipes.key_of(text)
        if key == current.recipe_key:
            if current.recipe == text:
                self._frozen[current.id] = recipe, key
            return current
        known = self.draft.asset(asset).versions
        same = [one for one in known if one.recipe_key == key] if tier is not None else []
        if same:
            return max(same, key=lambda one: (one.number, one.id))
        version = self.draft.add_version(asset, choice)
        self.saved.append((asset, version))
        return version

    def _recipe(self, version: Version, item: int) -> tuple[Recipe, RecipeKey]:
        """The recipe of item `item` of a version, with its key; that of a version is read once."""
        if version.id not in self._frozen:
            recipe = prepare.recipe_of(version, 0)
            self._frozen[version.id] = recipe, recipes.key(recipe)
        recipe, key = self._frozen[version.id]
        if item == 0:
            return recipe, key
        other = recipe.item(item)
        return other, recipes.key(other)

    def _one(self, asset: AssetId, version: Version, item: int, tier: Tier, *, selected: bool) -> None:
        recipe, key = self._recipe(version, item)
        if (asset, key) in self.asked:
            return
        job, take, live = self._found(asset, version, item, key, tier)
        self.asked[asset, key] = Asked(
            job=job,
            asset=asset,
            version=version,
            item=item,
            tier=tier,
            recipe=recipe,
            key=key,
            take=take,
            deduplicated=take is not None or live,
            selected=selected,
        )

    def _found(
        self, asset: AssetId, version: Version, item: int, key: RecipeKey, tier: Tier
    ) -> tuple[JobId, TakeId | None, bool]:
        """The job of a recipe, wished for where need be; the take that is there already; whether the job was live."""
        newest = self._newest(key)
        job = newest.job if newest is not None else jobs.job_id(key)
        others = self.edit.index.by_recipe(key)
        own = self._own_take(asset, key, others)
        if own is not None:
            return job, own, False
        if newest is not None and not newest.state.terminal:
            self._join(newest, asset, version, item, tier)
            return job, None, True
        if others:
            return job, self._twin(self.draft.asset(asset), version, item, others[-1][1]), False
        job = job if newest is None else jobs.next_generation(job)
        if job in self._jobs:
            return job, None, True  # another asset of this very request has the same recipe
        self._jobs.add(job)
        self._wish(job, self.edit.session, asset, version, item, tier)
        return job, None, False

    def _own_take(
        self, asset: AssetId, key: RecipeKey, known: Sequence[tuple[AssetId, Take]]
    ) -> TakeId | None:
        """The asset's newest take of that very recipe, of which the index knows those in `known`."""
        if self.edit.adds_to(asset):
            found = publish.has_take(self.draft.asset(asset), key)
            return found.id if found is not None else None
        return next((take.id for owner, take in reversed(known) if owner == asset), None)

    def _newest(self, key: RecipeKey) -> View | None:
        rows = self.edit.index.jobs(recipe_key=key)
        return jobs.newest(jobs.view(self.edit.job(row.id)) for row in rows)

    def _join(self, view: View, asset: AssetId, version: Version, item: int, tier: Tier) -> None:
        """Wish for a live job as well where that says something new: a stronger tier, or another asset."""
        known = {wish.asset for wish in self.edit.job(view.job).wishes}
        if tier.rank <= view.tier.rank and asset in known:
            return
        mine = {wish.session for wish in self.edit.job(view.job).wishes}
        session = self.edit.session if self.edit.session not in mine else SessionId(self.edit.new_id())
        self._wish(view.job, session, asset, version, item, tier)

    def _wish(
        self, job: JobId, session: SessionId, asset: AssetId, version: Version, item: int, tier: Tier
    ) -> None:
        if self._served is None:
            self._served = served(self.studio)
        wish = Wish(
            job=job,
            session=session,
            asset=asset,
            version=version.id,
            item=item,
            tier=tier,
            vt=round(self._served + IN_ORDER * len(self._jobs), 6),
            member=self.edit.member,
            time=self.edit.now,
        )
        self.edit.add(self.edit.queue_document(job), wish)

    def _twin(self, facts: AssetFacts, version: Version, item: int, other: Take) -> TakeId:
        take = publish.twin(self.studio, self.edit, facts, version, item, other)
        self.edit.add(asset_document(facts.asset.id), take)
        self.twins.append(take)
        return take.id


def served(studio: Studio) -> float:
    """The GPU-seconds of finished work in this device's view."""
    return round(studio.project.index.served(), 3)
