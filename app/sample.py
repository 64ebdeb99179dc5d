"""The sample film: read from resources, built asset by asset, and drawn as a contact sheet."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from app.render import serving
from engine.recipe import PixelDigest
from sync.project import Edit, asset_document
from sync.records import Approved, AssetFacts, AssetId, FactId, Kind, Take, TakeId
from sync.rules import history, takes

if TYPE_CHECKING:
    from app.contact_sheet import Cell, Section, Source
    from app.studio import Studio
    from engine.image import Pixels


@dataclass(frozen=True, slots=True)
class Part:
    """One asset of the sample film, as commands take it."""

    kind: Kind
    name: str
    scene: str | None
    assignments: tuple[str, ...]
    inputs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Film:
    """The sample film: what it consists of, and what is approved at the end."""

    name: str
    note: str
    parts: tuple[Part, ...]
    approved: tuple[str, ...]
    cast: tuple[str, str]
    scenes: Mapping[str, tuple[str, str]]

    @property
    def sources(self) -> list[str]:
        """What feeds the shots."""
        return [one.name for one in self.parts if one.kind is not Kind.SHOT]

    @property
    def shots(self) -> list[str]:
        """The shots, in their order."""
        return [one.name for one in self.parts if one.kind is Kind.SHOT]


def read() -> Film:
    """The film that comes with the program."""
    from resources import RESOURCES

    found = json.loads((RESOURCES / "film" / "film.json").read_text(encoding="utf-8"))
    return Film(
        name=found["name"],
        note=found["note"],
        parts=tuple(_part(one, found["tier"]) for one in found["assets"]),
        approved=tuple(found["approved"]),
        cast=(found["cast"]["heading"], found["cast"]["note"]),
        scenes={name: (one["heading"], one["note"]) for name, one in found["scenes"].items()},
    )


def _part(value: Mapping[str, Any], tier: str) -> Part:
    fields = {
        name: value[name] for name in ("prompt", "seed", "strength", "guidance", "steps") if name in value
    }
    assignments = (*(f"{name}={one}" for name, one in fields.items()), f"tier={value.get('tier', tier)}")
    inputs = tuple(value.get("inputs", ()))
    return Part(Kind(value["kind"]), value["name"], value.get("scene"), assignments, inputs)


async def build(studio: Studio, film: Film) -> None:
    """Add the assets that are not there yet."""
    from app.commands.assets import asset_add

    for one in film.parts:
        row = studio.project.index.find_asset(one.name)
        if row is None:
            await asset_add(
                studio,
                kind=one.kind,
                name=one.name,
                assignments=list(one.assignments),
                scene=one.scene,
                input=list(one.inputs),
            )


def approve(studio: Studio, names: Sequence[str]) -> None:
    """Approve the newest take of each asset that has none approved yet."""

    def add(edit: Edit) -> None:
        for name in names:
            row = edit.index.find_asset(name)
            facts = edit.asset(row.id) if row is not None else None
            newest = takes.newest(facts.takes) if facts is not None else None
            if facts is None or newest is None or takes.chosen(facts) is not None:
                continue
            fact = Approved(
                id=FactId(edit.new_id()), take=newest.id, withdrawn=False, author=edit.member, time=edit.now
            )
            edit.add(asset_document(facts.asset.id), fact)

    studio.project.commit(add)


def pixels(studio: Studio) -> dict[TakeId, PixelDigest]:
    """The digest of the pixels of every picture that is here, read and decoded now."""
    from engine.image import pixel_digest

    found = {}
    for row in studio.project.index.takes():
        shown = _shown(studio, row.take, studio.project.asset(row.asset))
        if shown is not None:
            found[row.take.id] = pixel_digest(shown)
    return found


def sheet(studio: Studio, film: Film, footer: str) -> bytes:
    """The film's contact sheet as PNG."""
    from app.contact_sheet import Section, Sheet, draw

    wanted = {one.name: one for one in film.parts}
    cells = {name: cell for name in wanted if (cell := _cell(studio, name)) is not None}
    sections = [
        Section(*film.cast, len(film.sources), tuple(cells[one] for one in film.sources if one in cells))
    ]
    for scene, (heading, note) in film.scenes.items():
        shots = tuple(cells[one] for one in film.shots if one in cells and wanted[one].scene == scene)
        sections.append(Section(heading, note, 4, shots))
    filled: tuple[Section, ...] = tuple(one for one in sections if one.cells)
    return draw(Sheet(film.name, film.note, filled, footer))


def _cell(studio: Studio, name: str) -> Cell | None:
    from app.contact_sheet import Cell
    from app.listing import Listing

    row = studio.project.index.find_asset(name)
    facts = studio.project.asset(row.id) if row is not None else None
    take = (takes.chosen(facts) or takes.newest(facts.takes)) if facts is not None else None
    if facts is None or take is None:
        return None
    shown = _shown(studio, take, facts)
    if shown is None:
        return None
    version = serving.version_of(take, facts)
    chosen = takes.chosen(facts)
    return Cell(
        title=name,
        which=f"{history.label(version, facts.versions)} {takes.take_label(take, facts.takes)}",
        words=str(version.parameters.get("prompt") or ""),
        pixels=shown,
        grade=str(Listing(studio).grade(take, facts).grade),
        approved=chosen is not None and chosen.id == take.id,
        sources=tuple(
            source for link in version.links if (source := _source(studio, link.asset, link.role)) is not None
        ),
    )


def _source(studio: Studio, asset: AssetId, role: str) -> Source | None:
    from app.contact_sheet import Source

    facts = studio.project.asset(asset)
    fed = takes.fed(facts)
    shown = _shown(studio, fed[1], facts) if fed is not None and fed[1] is not None else None
    return None if shown is None else Source(history.name(facts), role, shown)


def _shown(studio: Studio, take: Take, facts: AssetFacts) -> Pixels | None:
    from engine.image import decode

    digest = serving.present(studio.blobs, take, facts)
    return None if digest is None else decode(studio.blobs.get(digest))
