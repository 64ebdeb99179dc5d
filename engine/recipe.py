"""A recipe is every choice that determines the pixels; its key is the identity of what was asked.

`recipe key = sha256("recipe/1\\0" + JCS(recipe))` with JCS as in RFC 8785: sorted keys, `7.0` written as `7`.
A recipe is normal from the moment it is made: text in NFC, numbers finite and exact in JSON, nulls of objects
left out, every default resolved before; what cannot be normalised raises `BadField`. What the machine
contributes is no part of it (see `engine.fingerprint`), nor are names, authors, times or the tier's label.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields, replace
from functools import partial
from typing import Any, Final, Literal, NewType, TypeVar, get_args

import rfc8785

from engine import canonical
from engine.canonical import normal_text as normal_text
from engine.faults import BadField

RecipeKey = NewType("RecipeKey", str)
ModelDigest = NewType("ModelDigest", str)
PixelDigest = NewType("PixelDigest", str)
FileDigest = NewType("FileDigest", str)

Json = Any
Operation = Literal["text-to-image", "image-to-image", "imported"]
Part = TypeVar("Part", "Scheduler", "Adapter", "Input")

SCHEMA: Final = 1
SEMANTICS: Final = 1
"""Raised when a change to the renderer is known to change pixels."""
RNG: Final = "philox/1"
LARGEST_SEED: Final = 2**64 - 1
LARGEST_SIDE: Final = 65_535
MOST_STEPS: Final = 10_000


@dataclass(frozen=True, slots=True)
class Scheduler:
    """A scheduler's class name and its whole configuration."""

    name: str
    config: Mapping[str, Json]

    def __post_init__(self) -> None:
        _put(self, "name", canonical.word("scheduler.name", self.name))
        _put(self, "config", canonical.mapping("scheduler.config", self.config))


@dataclass(frozen=True, slots=True)
class Adapter:
    """An adapter by digest with its scale; the order in which adapters apply is part of the recipe."""

    kind: str
    digest: str
    scale: float

    def __post_init__(self) -> None:
        _put(self, "kind", canonical.word("adapters.kind", self.kind))
        _put(self, "digest", canonical.word("adapters.digest", self.digest))
        _put(self, "scale", canonical.number("adapters.scale", self.scale))


@dataclass(frozen=True, slots=True)
class Input:
    """What feeds a recipe: another recipe's key, or for an imported picture its pixel digest; never both.

    `argument` names the pipeline argument that receives the pixels; without one only the words were used.
    """

    role: str
    recipe: RecipeKey | None = None
    pixels: PixelDigest | None = None
    argument: str | None = None

    def __post_init__(self) -> None:
        _put(self, "role", canonical.word("inputs.role", self.role))
        for name in ("recipe", "pixels", "argument"):
            if (value := getattr(self, name)) is not None:
                _put(self, name, canonical.word(f"inputs.{name}", value))
        if (self.recipe is None) == (self.pixels is None):
            raise BadField("inputs", self.role, "a role with either a recipe's key or the digest of pixels")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Recipe:
    """Every choice that determines the pixels of one picture; immutable, compared and stored by `key`.

    Sizes are in pixels, `seed` runs from 0 to 2**64 - 1, `strength` is the share of the steps that
    image-to-image runs.
    """

    pipeline: str
    operation: Operation
    model: ModelDigest | None = None
    prompt: str = ""
    negative_prompt: str | None = None
    width: int
    height: int
    seed: int = 0
    rng: str = RNG
    scheduler: Scheduler | None = None
    steps: int | None = None
    guidance: float | None = None
    strength: float | None = None
    adapters: tuple[Adapter, ...] = ()
    inputs: tuple[Input, ...] = ()
    dtype: str = "float32"
    output: str = "png"
    arguments: Mapping[str, Json] = field(default_factory=dict)
    schema: int = SCHEMA
    semantics: int = SEMANTICS
    salt: str | None = None

    def __post_init__(self) -> None:
        for name, normal in _NORMAL.items():
            value = getattr(self, name)
            if value is not None or name not in _OPTIONAL:
                _put(self, name, normal(name, value))

    def __eq__(self, other: object) -> bool:
        return self.canonical() == other.canonical() if isinstance(other, Recipe) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.key)

    def canonical(self) -> bytes:
        """The RFC 8785 bytes that the key is taken of."""
        return rfc8785.dumps(self.to_json())

    @property
    def key(self) -> RecipeKey:
        """The SHA-256 of `recipe/1`, a zero byte and the canonical bytes, as 64 hexadecimal digits."""
        return RecipeKey(hashlib.sha256(b"recipe/1\0" + self.canonical()).hexdigest())

    def to_json(self) -> dict[str, Json]:
        """The recipe as plain JSON values: nulls and empty collections omitted, the seed a decimal string."""
        found = {name: getattr(self, name) for name in _FIELDS}
        found["seed"] = str(self.seed)
        found["scheduler"] = self.scheduler and _given(self.scheduler)
        found["adapters"] = [_given(one) for one in self.adapters]
        found["inputs"] = [_given(one) for one in self.inputs]
        return {name: value for name, value in found.items() if value not in (None, [], {})}

    @classmethod
    def from_json(cls, value: Mapping[str, Json]) -> Recipe:
        """Read what `to_json` wrote; raises `BadField` naming the field that is unknown, missing or wrong."""
        found = _known("recipe", value, _FIELDS, _REQUIRED)
        if canonical.integer("schema", found.get("schema", SCHEMA), 1) > SCHEMA:
            raise BadField("schema", found["schema"], f"{SCHEMA}, the newest that this release reads")
        if "seed" in found:
            found["seed"] = parse_seed("seed", found["seed"])
        if "scheduler" in found:
            found["scheduler"] = _part("scheduler", Scheduler, found["scheduler"])
        if "adapters" in found:
            found["adapters"] = _parts("adapters", Adapter, found["adapters"])
        if "inputs" in found:
            found["inputs"] = _parts("inputs", Input, found["inputs"])
        return cls(**found)

    def item(self, k: int) -> Recipe:
        """The recipe of item `k` of a count: item 0 is itself, others differ in the seed (`item_seed`)."""
        return self if k == 0 else replace(self, seed=item_seed(self.seed, k))


def item_seed(seed: int, k: int) -> int:
    """The seed of item `k`: 8 bytes, big-endian, of the SHA-256 of `seed,k` in decimal; item 0: `seed`."""
    canonical.integer("item", k, 0)
    return seed if k == 0 else int.from_bytes(hashlib.sha256(f"{seed},{k}".encode()).digest()[:8], "big")


def parse_seed(field: str, value: object) -> int:
    """A seed from its decimal writing or as a number; raises `BadField` outside 0 to 2**64 - 1."""
    if isinstance(value, str) and re.fullmatch("[0-9]{1,20}", value, re.ASCII):
        value = int(value)
    return canonical.integer(field, value, 0, LARGEST_SEED)


def _operation(name: str, value: object) -> str:
    if value not in get_args(Operation):
        raise BadField(name, value, ", ".join(get_args(Operation)))
    return str(value)


def _instance(kind: type[Scheduler], name: str, value: object) -> Scheduler:
    if not isinstance(value, kind):
        raise BadField(name, value, "a scheduler's name and configuration")
    return value


def _instances(kind: type[Adapter] | type[Input], name: str, value: object) -> tuple[object, ...]:
    found = tuple(_several(name, value))
    for one in found:
        if not isinstance(one, kind):
            raise BadField(name, one, f"a list of {kind.__name__.lower()}s")
    return found


def _several(name: str, value: object) -> Sequence[object]:
    if not isinstance(value, (list, tuple)):
        raise BadField(name, value, "a list")
    return value


def _part(name: str, part: type[Part], value: object) -> Part:
    known = [one.name for one in fields(part)]
    needed = [one.name for one in fields(part) if one.default is MISSING]
    return part(**_known(name, value, known, needed))


def _parts(name: str, part: type[Part], value: object) -> tuple[Part, ...]:
    return tuple(_part(name, part, one) for one in _several(name, value))


def _known(name: str, value: object, known: Sequence[str], needed: Sequence[str]) -> dict[str, Json]:
    if not isinstance(value, Mapping):
        raise BadField(name, value, "a JSON object")
    for one in value:
        if one not in known:
            raise BadField(str(one), value[one], f"in {name}: " + ", ".join(sorted(known)))
    found = {one: each for one, each in value.items() if each is not None}
    for one in needed:
        if one not in found:
            raise BadField(one if name == "recipe" else f"{name}.{one}", None, "a value: it is missing")
    return found


def _given(part: Scheduler | Adapter | Input) -> dict[str, Json]:
    found = {one.name: getattr(part, one.name) for one in fields(part)}
    return {name: value for name, value in found.items() if value is not None}


def _put(record: object, name: str, value: object) -> None:
    # How a frozen record normalises its own fields while it is being made.
    object.__setattr__(record, name, value)


_FIELDS: Final = tuple(one.name for one in fields(Recipe))
_REQUIRED: Final = ("pipeline", "operation", "width", "height")
_OPTIONAL: Final = ("model", "negative_prompt", "scheduler", "steps", "guidance", "strength", "salt")
_NORMAL: Final[Mapping[str, Callable[[str, Any], object]]] = {
    "pipeline": canonical.word,
    "operation": _operation,
    "model": canonical.word,
    "prompt": canonical.text,
    "negative_prompt": canonical.text,
    "width": partial(canonical.integer, low=1, high=LARGEST_SIDE),
    "height": partial(canonical.integer, low=1, high=LARGEST_SIDE),
    "seed": partial(canonical.integer, low=0, high=LARGEST_SEED),
    "rng": canonical.word,
    "scheduler": partial(_instance, Scheduler),
    "steps": partial(canonical.integer, low=1, high=MOST_STEPS),
    "guidance": canonical.number,
    "strength": partial(canonical.number, low=0, high=1),
    "adapters": partial(_instances, Adapter),
    "inputs": partial(_instances, Input),
    "dtype": canonical.word,
    "output": canonical.word,
    "arguments": canonical.mapping,
    "schema": partial(canonical.integer, low=1),
    "semantics": partial(canonical.integer, low=1),
    "salt": canonical.text,
}
