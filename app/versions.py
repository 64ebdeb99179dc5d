"""How parameters become a version: defaults, inputs and model looked up, cycles refused, the recipe frozen.

Everything here happens inside one `Project.commit`, so that what is checked is what is stored. `Draft` sees the facts
that it added itself before they are committed: a template's assets may link to each other.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from app import film
from app.catalogue import Shelf, model_record
from app.errors import did_you_mean
from engine import graph, parameters
from engine.faults import BadField, NotFound
from engine.recipe import ModelDigest, PixelDigest, Recipe, normal_text
from sync.project import PROJECT_DOCUMENT, Edit, asset_document
from sync.records import (
    Asset,
    AssetFacts,
    AssetId,
    Kind,
    Link,
    Tier,
    Version,
    VersionId,
)
from sync.rules import history, takes
from sync.rules.history import CHOSEN

if TYPE_CHECKING:
    from app.studio import Studio
    from sync.index import Index
    from sync.tables import AssetRow


@dataclass(frozen=True, slots=True)
class Choice:
    """What an artist wants of an asset: explicit fields (the model by digest), inputs, tier."""

    fields: Mapping[str, Any]
    links: tuple[Link, ...]
    tier: Tier


class Facts(Protocol):
    """Where the facts of assets come from: a project, or an edit under way."""

    def asset(self, asset: AssetId) -> AssetFacts:
        """All that is known of one asset."""
        ...


class Draft:
    """Assets and versions being added in one commit."""

    def __init__(self, studio: Studio, edit: Edit) -> None:
        self.edit = edit
        self.shelf = Shelf.of(studio)
        self._fresh: dict[str, AssetId] = {}
        self._models = {one.digest for one in studio.project.models()}

    def asset(self, asset: AssetId) -> AssetFacts:
        """All that is known of one asset, with what this draft added."""
        return self.edit.asset(asset)

    def find(self, name: str) -> AssetId | None:
        """The asset of this name, also when it was added in this draft."""
        if name.casefold() in self._fresh:
            return self._fresh[name.casefold()]
        row = self.edit.index.find_asset(name)
        return None if row is None or row.gone else row.id

    def add_asset(self, kind: Kind, name: str, scene: str | None) -> AssetFacts:
        """A new asset without versions; its name must be free and fit for a file."""
        name = film.check_name(normal_text(name))
        if scene is not None:
            scene = film.check_name(normal_text(scene), "scene")
            if kind is not Kind.SHOT:
                raise BadField(
                    "scene", scene, "nothing for a character, style, environment or prop: shots have scenes"
                )
        self._check_free(name)
        edit = self.edit
        asset = Asset(
            id=AssetId(edit.new_id()), kind=kind, name=name, scene=scene, author=edit.member, time=edit.now
        )
        edit.add(asset_document(asset.id), asset)
        self._fresh[name.casefold()] = asset.id
        return edit.asset(asset.id)

    def add_version(
        self,
        asset: AssetId,
        choice: Choice,
        *,
        parents: Sequence[Version] | None = None,
        note: str = "",
        recipe: Recipe | None = None,
    ) -> Version:
        """Save `choice` as a new version on top of `parents` (what is shown unless named).

        `recipe` is given for imported pictures alone. Raises `BadField` and, for inputs, `NotFound` or a cycle's fault.
        """
        facts, edit = self.asset(asset), self.edit
        check_note(note)
        if parents is None:
            parents = self._shown(asset)
            facts = self.asset(asset)
        self._check_cycles(asset, choice.links)
        if recipe is None:
            resolved, recipe = freeze(self, self.shelf, choice)
            self._introduce(ModelDigest(resolved["model"]))
        else:
            resolved = {**choice.fields, CHOSEN: sorted(choice.fields)}
        version = Version(
            id=VersionId(edit.new_id()),
            number=history.next_number(facts.versions),
            parents=tuple(one.id for one in parents),
            author=edit.member,
            time=edit.now,
            note=normal_text(note),
            tier=choice.tier,
            parameters=resolved,
            links=choice.links,
            recipe=recipe.canonical().decode(),
            recipe_key=recipe.key,
        )
        edit.add(asset_document(asset), version)
        return version

    def save_merge(self, asset: AssetId) -> Version | None:
        """Where a merge is shown that nobody saved yet, save it as it is: what is rendered or edited is a version."""
        top = history.top(self.asset(asset).versions)
        if top is None or top.saved:
            return None
        self.edit.add(asset_document(asset), top.version)
        return top.version

    def _shown(self, asset: AssetId) -> list[Version]:
        """The versions that a new one goes on from: those that are shown together, without a fork's other sides."""
        self.save_merge(asset)
        top = history.top(self.asset(asset).versions)
        return list(top.joined) if top is not None else []

    def seed(self) -> int:
        """A fresh seed of 32 bits, for a recipe whose author named none."""
        return int.from_bytes(hashlib.sha256(self.edit.new_id().encode()).digest()[:4], "big")

    def _check_free(self, name: str) -> None:
        if self.find(name) is not None:
            allowed = f"a name that is not taken; restrike asset show {name} shows the asset that has it"
            raise BadField("name", name, allowed)

    def _check_cycles(self, asset: AssetId, links: Iterable[Link]) -> None:
        """Refuse inputs that lead back to `asset`, naming the way."""
        edges: dict[AssetId, list[AssetId]] = {asset: [link.asset for link in links]}
        todo = list(edges[asset])
        while todo:
            one = todo.pop()
            if one not in edges:
                edges[one] = [link.asset for link in self._links(one)]
                todo += edges[one]
        graph.order(edges, lambda one: history.name(self.asset(one)))

    def _links(self, asset: AssetId) -> tuple[Link, ...]:
        current = history.current(self.asset(asset).versions)
        return current.links if current is not None else ()

    def _introduce(self, digest: ModelDigest) -> None:
        """Write a model that this project has not heard of into its document."""
        if digest in self._models:
            return
        [facts] = [one for one in self.shelf.known if one.digest == digest]
        self.edit.add(PROJECT_DOCUMENT, model_record(self.edit, facts))
        self._models.add(digest)


def freeze(facts: Facts, shelf: Shelf, choice: Choice) -> tuple[dict[str, Any], Recipe]:
    """The resolved parameters of a choice, with their `chosen`, and its recipe; nothing is stored."""
    model = shelf.find(str(choice.fields["model"]))
    wanted = parameters.check({**choice.fields, "model": model.digest})
    resolved = parameters.resolve(wanted, str(choice.tier), model)
    recipe = parameters.freeze(resolved, model, [fed(facts, link) for link in choice.links])
    return {**resolved, CHOSEN: sorted(choice.fields)}, recipe


def fed(facts: Facts, link: Link) -> parameters.Fed:
    """What an input lends: the recipe or pixels of the version that feeds, and its prompt."""
    source = facts.asset(link.asset)
    found = takes.fed(source)
    if found is None:
        raise NotFound(
            f"{history.name(source)} has no version here yet", "its document is not complete; merge again"
        )
    picture = imported_pixels(found[0])
    return parameters.Fed(
        role=link.role,
        recipe=None if picture else takes.fed_key(source),
        pixels=picture,
        fragment=str(found[0].parameters.get("prompt") or ""),
    )


def imported_pixels(version: Version) -> PixelDigest | None:
    """The picture that an imported version consists of; None for a version that is rendered."""
    recipe = json.loads(version.recipe)
    if recipe["operation"] != "imported":
        return None
    return PixelDigest(recipe["inputs"][0]["pixels"])


def check_note(note: str) -> None:
    """Refuse notes that are no plain text of up to 2,000 characters."""
    if len(note) > 2000 or any(not one.isprintable() and one not in "\n\t" for one in note):
        raise BadField("note", note, "up to 2,000 characters of plain text")


def show_recipe(folder: Path, facts: AssetFacts, version: Version) -> Path:
    """Write a version's recipe, pretty-printed, beside where its pictures lie; returns the file.

    Derived from the version: it is written after the commit, whole or not at all, and may be written again.
    """
    label = history.label(version, facts.versions)
    relative = film.recipe_path(facts.asset.kind, facts.asset.scene, history.name(facts), label)
    path = film.inside(folder, relative)
    text = json.dumps(json.loads(version.recipe), indent=2, ensure_ascii=False, sort_keys=True) + "\n"
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.tmp")
    fresh.write_text(text, encoding="utf-8")
    fresh.replace(path)
    return path


def find(index: Index, wanted: str, *, gone: bool = False) -> AssetRow:
    """The index's row of the asset with this name or id; `NotFound` with near matches otherwise."""
    row = index.find_asset(wanted)
    if row is not None and (gone or not row.gone):
        return row
    if row is not None:
        raise NotFound(f"{row.name} was removed", f"bring it back: restrike asset remove {row.name} --undo")
    names = [one.name for one in index.assets()]
    guess = did_you_mean(wanted, names)
    raise NotFound(
        f"there is no asset {wanted!r}", " ".join(filter(None, (guess, "restrike asset list shows all")))
    )
