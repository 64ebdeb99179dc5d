"""Pictures that come from outside: of our own the recipe is recalled, any other is imported as it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from app import film, versions, views
from app.choices import linked, saved
from app.versions import Choice, Draft
from engine import image, parameters
from engine.faults import BadField, NotFound, WrongUse
from engine.models import ModelFacts
from engine.recipe import FileDigest, Input, PixelDigest, Recipe
from sync.project import Edit, asset_document
from sync.records import AssetId, Kind, Link, Take, TakeId, Tier, Version
from sync.rules import history, takes

if TYPE_CHECKING:
    from app.studio import Studio

LARGEST: Final = 256 * 1024 * 1024
"""Bytes of the largest picture that is imported."""

_SIGNATURES: Final = ((b"\x89PNG\r\n\x1a\n", "image/png"), (b"\xff\xd8\xff", "image/jpeg"))
_RECALLED: Final = (
    "prompt",
    "negative_prompt",
    "seed",
    "steps",
    "guidance",
    "width",
    "height",
    "dtype",
    "salt",
)


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture file that was read and decoded: its bytes, what they are, and the recipe inside, if it is ours."""

    file: Path
    data: bytes
    media_type: str
    pixels: PixelDigest
    width: int
    height: int
    recipe: Recipe | None


def read(file: Path) -> Picture:
    """Read and check a picture file; raises `NotFound`, `WrongUse` for no picture, `Damaged` for a broken one."""
    if not file.is_file():
        raise NotFound(f"there is no picture {file}", "check the path")
    if file.stat().st_size > LARGEST:
        raise WrongUse(f"{file} is larger than {LARGEST // 2**20} MB", "import a smaller picture")
    data = file.read_bytes()
    media_type = next((name for start, name in _SIGNATURES if data.startswith(start)), None)
    if media_type is None and data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        media_type = "image/webp"
    if media_type is None:
        raise WrongUse(f"{file} is no PNG, JPEG or WebP picture", "convert it to PNG first")
    pixels = image.decode(data)
    height, width = pixels.shape[:2]
    recipe = image.recipe_in(data) if media_type == "image/png" else None
    return Picture(file, data, media_type, image.pixel_digest(pixels), width, height, recipe)


def add(
    studio: Studio,
    picture: Picture,
    kind: Kind,
    name: str,
    scene: str | None,
    fields: Mapping[str, Any],
    tier: Tier | None,
    inputs: Sequence[tuple[str, str | None]],
    note: str,
) -> dict[str, Any]:
    """A new asset from a picture; what was set beside it counts more than what the picture says."""
    given = {key: value for key, value in fields.items() if value is not None}
    if picture.recipe is not None and picture.recipe.operation != "imported":
        return _recalled(studio, picture, kind, name, scene, given, tier, inputs, note)
    _check_importable(given, inputs)
    return _imported(studio, picture, kind, name, scene, given, tier or Tier.STANDARD, note)


def kept_recipe(before: Version, choice: Choice) -> Recipe | None:
    """The recipe that a version keeps because it is an imported picture; None for one that is rendered.

    An imported picture has words to lend and nothing else to set; naming a model makes it a recipe of its own.
    """
    pixels = versions.imported_pixels(before)
    if pixels is None or "model" in choice.fields:
        return None
    for name, value in choice.fields.items():
        if name != "prompt":
            raise BadField(
                name,
                value,
                "nothing but prompt: the picture was imported; model=… makes it a recipe to render",
            )
    if choice.links:
        raise BadField(
            "input", "an input", "nothing: the picture was imported; model=… makes it a recipe to render"
        )
    recipe = Recipe.from_json(_json(before.recipe))
    return parameters.imported(pixels, recipe.width, recipe.height)


def _json(text: str) -> Any:
    import json

    return json.loads(text)


def _check_importable(fields: Mapping[str, Any], inputs: Sequence[tuple[str, str | None]]) -> None:
    for name, value in fields.items():
        if name != "prompt":
            raise BadField(name, value, "nothing but prompt beside a picture that restrike did not render")
    if inputs:
        raise BadField("input", inputs[0][0], "nothing beside a picture that restrike did not render")


def _imported(
    studio: Studio,
    picture: Picture,
    kind: Kind,
    name: str,
    scene: str | None,
    fields: Mapping[str, Any],
    tier: Tier,
    note: str,
) -> dict[str, Any]:
    digest = studio.blobs.put(picture.data)
    small = _smaller(studio, picture)

    def build(edit: Edit) -> tuple[AssetId, Version, Take]:
        draft = Draft(studio, edit)
        asset = draft.add_asset(kind, name, scene).asset.id
        recipe = parameters.imported(picture.pixels, picture.width, picture.height)
        choice = Choice(parameters.check(fields), (), tier)
        version = draft.add_version(
            asset, choice, note=note or f"imported from {picture.file.name}", recipe=recipe
        )
        take = _take(edit, draft, asset, version, picture, digest, small)
        edit.add(asset_document(asset), take)
        return asset, version, take

    asset, version, take = studio.project.commit(build)
    target = film.inside(studio.project.folder, take.file)
    studio.blobs.link(digest, target, inside=studio.project.folder)
    versions.show_recipe(studio.project.folder, studio.project.asset(asset), version)
    shape = views.asset(studio, asset)
    label = f"{shape['name']} {shape['version_label']}"
    message = f"{label} imported from {picture.file.name}; it cannot be rendered again."
    return {**shape, "file": target, "message": message}


def _take(
    edit: Edit,
    draft: Draft,
    asset: AssetId,
    version: Version,
    picture: Picture,
    digest: FileDigest,
    small: tuple[FileDigest | None, FileDigest | None],
) -> Take:
    facts = draft.asset(asset)
    label = history.label(version, facts.versions)
    where = film.media_path(
        facts.asset.kind, facts.asset.scene, facts.asset.name, label, "take01", picture.media_type
    )
    return Take(
        id=TakeId(edit.new_id()),
        version=version.id,
        number=takes.next_take(version, facts.takes),
        item=0,
        recipe_key=version.recipe_key,
        sha256=digest,
        pixels=picture.pixels,
        bytes=len(picture.data),
        media_type=picture.media_type,
        width=picture.width,
        height=picture.height,
        frames=1,
        profile="",
        seconds=0.0,
        worker=edit.session,
        member=edit.member,
        device=edit.device.id,
        time=edit.now,
        provisional=False,
        own_noise=True,
        file=str(where),
        imported=True,
        thumb=small[0],
        proxy=small[1],
    )


def _smaller(studio: Studio, picture: Picture) -> tuple[FileDigest | None, FileDigest | None]:
    """A picture for lists and one of a screen's size; none where the picture itself is as small as that may be."""
    size = len(picture.data)
    if size <= image.THUMB_BYTES:
        return None, None
    pixels = image.decode(picture.data)
    thumb, proxy = image.thumbnail(pixels), image.proxy(pixels) if size > image.PROXY_BYTES else None
    return (
        studio.blobs.put(thumb) if len(thumb) < size else None,
        studio.blobs.put(proxy) if proxy is not None and len(proxy) < size else None,
    )


def _recalled(
    studio: Studio,
    picture: Picture,
    kind: Kind,
    name: str,
    scene: str | None,
    fields: Mapping[str, Any],
    tier: Tier | None,
    inputs: Sequence[tuple[str, str | None]],
    note: str,
) -> dict[str, Any]:
    """A rendered picture of ours brings its recipe back as parameters; its inputs are found by their recipe keys."""
    recipe = picture.recipe
    assert recipe is not None

    def build(edit: Edit) -> tuple[AssetId, Version]:
        draft = Draft(studio, edit)
        facts = draft.add_asset(kind, name, scene)
        links = linked(draft, _links(edit, recipe), inputs)
        recalled = _fields(draft, recipe, links)
        model = draft.shelf.find(str(fields.get("model", recalled["model"])))
        choice = Choice({**recalled, **fields, "model": model.digest}, links, tier or _tier(recipe, model))
        version = draft.add_version(facts.asset.id, choice, note=note or f"recalled from {picture.file.name}")
        return facts.asset.id, version

    asset, version = studio.project.commit(build)
    shape = saved(studio, asset, version)
    same = version.recipe_key == recipe.key
    words = (
        "the same recipe"
        if same
        else "not quite the same recipe, because of what was set or is not in this project"
    )
    message = f"{shape['name']} {shape['version_label']} recalled from {picture.file.name}: {words}."
    return {**shape, "same_recipe": same, "message": message}


def _links(edit: Edit, recipe: Recipe) -> tuple[Link, ...]:
    """The assets of this project whose recipes or pictures fed the recalled one, as far as they are here."""
    found = ((one.role, _feeding(edit, one)) for one in recipe.inputs)
    return tuple(Link(asset=asset, role=role) for role, asset in found if asset is not None)


def _feeding(edit: Edit, wanted: Input) -> AssetId | None:
    """The asset that was this input: one that would feed the same now, else one that ever had this recipe."""
    if wanted.recipe is not None:
        ever = [row.asset for row in edit.index.versions_with(wanted.recipe)]
        ever += [asset for asset, _ in edit.index.by_recipe(wanted.recipe)]
        now = [one for one in ever if takes.fed_key(edit.asset(one)) == wanted.recipe]
        return next(iter([*now, *ever]), None)
    rows = edit.index.assets(where="model = ''")
    pictures = ((row.id, history.current(edit.asset(row.id).versions)) for row in rows)
    fitting = (
        one for one, version in pictures if version and versions.imported_pixels(version) == wanted.pixels
    )
    return next(fitting, None)


def _fields(draft: Draft, recipe: Recipe, links: Sequence[Link]) -> dict[str, Any]:
    """The artist's fields of a recipe: the words that its inputs lent are taken off the prompt again."""
    found = {key: getattr(recipe, key) for key in _RECALLED}
    found["model"] = recipe.model
    found["scheduler"] = recipe.scheduler.name if recipe.scheduler is not None else None
    if recipe.operation == "image-to-image" and links:
        found["strength"] = recipe.strength
    lent = [versions.fed(draft, link).fragment for link in links]
    prompt = recipe.prompt
    for words in reversed([one for one in lent if one]):
        prompt = prompt.removesuffix(words).removesuffix(", ")
    return {key: value for key, value in {**found, "prompt": prompt}.items() if value not in (None, "")}


def _tier(recipe: Recipe, model: ModelFacts) -> Tier:
    """The tier whose steps the recipe has, otherwise standard."""
    return next((Tier(one) for one, steps in model.steps.items() if steps == recipe.steps), Tier.STANDARD)
