"""What an artist may set, how it is checked, and how a recipe is frozen from it.

`parse` and `check` give typed values of the fields named, `resolve` fills every default from the model's facts and the
tier, `freeze` makes the recipe together with what feeds it. None of them stores anything; what cannot be meant raises
`BadField` with the field, the value and what is allowed.
"""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from engine import canonical
from engine.faults import BadField
from engine.models.facts import TIERS, ModelFacts
from engine.recipe import (
    LARGEST_SEED,
    Input,
    PixelDigest,
    Recipe,
    RecipeKey,
    Scheduler,
    parse_seed,
)
from engine.schedulers import CLASSES, WORDS, class_of, flows

LONGEST_PROMPT: Final = 8_000
LONGEST_WORD: Final = 200
ROLES: Final = ("image", "environment", "prop", "character", "style")
"""The roles of inputs, in the order in which the first one lends its pixels."""
DTYPES: Final = ("float32", "float16", "bfloat16")


@dataclass(frozen=True, slots=True)
class Field:
    """One thing an artist may set; text is at most `maximum` characters long, numbers run from `minimum` to it."""

    name: str
    kind: Literal["text", "integer", "number", "choice"]
    help: str
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()
    unit: str = ""


FIELDS: Final[Mapping[str, Field]] = {
    field.name: field
    for field in (
        Field("model", "text", "which model draws: its name, or how its digest starts", maximum=LONGEST_WORD),
        Field("prompt", "text", "what to draw, in words", maximum=LONGEST_PROMPT),
        Field("negative_prompt", "text", "what to keep away from, in words", maximum=LONGEST_PROMPT),
        Field("seed", "integer", "which of all pictures of the same words", 0, LARGEST_SEED),
        Field("steps", "integer", "how often the noise is thinned; by the tier where not set", 1, 1_000),
        Field("guidance", "number", "how strictly the words are followed; 1 is freely", 0, 100),
        Field("width", "integer", "width of the picture", 8, 16_384, unit="pixels"),
        Field("height", "integer", "height of the picture", 8, 16_384, unit="pixels"),
        Field("strength", "number", "how much of an input picture is drawn anew", 0.01, 1),
        Field("scheduler", "choice", "the way from noise to picture", choices=tuple(WORDS)),
        Field("dtype", "choice", "the numbers that the model computes in", choices=DTYPES),
        Field("salt", "text", "any word that makes two equal recipes two", maximum=LONGEST_WORD),
    )
}
"""Every field by name, in the order in which they are shown."""


@dataclass(frozen=True, slots=True)
class Fed:
    """One input as it is frozen: its recipe key, or the pixels of an imported picture, and the words it lends."""

    role: str
    recipe: RecipeKey | None
    pixels: PixelDigest | None
    fragment: str


def parse(assignments: Sequence[str]) -> dict[str, Any]:
    """Typed values from `name=value` texts; an empty value is None and means the default again."""
    found: dict[str, Any] = {}
    for one in assignments:
        name, equals, value = one.partition("=")
        name = name.strip()
        if not equals:
            raise BadField(name, one, "a field and its value, as in steps=12")
        field = _field(name, value)
        if name in found:
            raise BadField(name, value, "one value; it is given twice")
        found[name] = _checked(field, _typed(field, value)) if value else None
    return found


def check(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Typed values as they are kept: NFC, 7.0 as 7, schedulers by class name; None means the default again."""
    if not isinstance(parameters, Mapping):
        raise BadField("parameters", parameters, "an object of fields and values")
    found: dict[str, Any] = {}
    for name, value in parameters.items():
        field = _field(name, value)
        found[name] = None if value is None else _checked(field, value)
    return found


def resolve(parameters: Mapping[str, Any], tier: str, facts: ModelFacts) -> dict[str, Any]:
    """Every field with a value: what was given, else the model's default, `steps` by the tier.

    `model` becomes the digest of `facts`, which the caller found by it. The seed has no default and must be given.
    """
    if tier not in TIERS:
        raise BadField("tier", tier, ", ".join(TIERS))
    given = {name: value for name, value in check(parameters).items() if value is not None}
    if "seed" not in given:
        raise BadField("seed", None, f"a whole number from 0 to {LARGEST_SEED}")
    usual = {
        "prompt": "",
        "negative_prompt": "",
        "steps": facts.steps[tier],
        "guidance": facts.guidance,
        "width": facts.width,
        "height": facts.height,
        "strength": facts.strength,
        "scheduler": facts.scheduler.name,
        "dtype": facts.dtype,
        "salt": "",
    }
    found = {**usual, **given, "model": facts.digest}
    for side in ("width", "height"):
        if found[side] % facts.multiple:
            near = max(1, round(found[side] / facts.multiple)) * facts.multiple
            raise BadField(
                side, found[side], f"multiples of {facts.multiple} with {facts.name}, such as {near}"
            )
    _check_scheduler(found["scheduler"], facts)
    return {name: found[name] for name in FIELDS}


def freeze(parameters: Mapping[str, Any], facts: ModelFacts, fed: Sequence[Fed]) -> Recipe:
    """The recipe of resolved parameters and of what feeds them.

    Inputs count in the order of `ROLES`, equal roles as given. The first lends its pixels (image-to-image), all lend
    their words, which follow the prompt, each fragment once.
    """
    ordered = sorted(fed, key=_rank)
    operation: Literal["text-to-image", "image-to-image"] = "image-to-image" if ordered else "text-to-image"
    _check_operation(operation, parameters, facts)
    name = parameters["scheduler"]
    return Recipe(
        pipeline=facts.pipeline,
        operation=operation,
        model=facts.digest,
        prompt=_joined(parameters["prompt"], [one.fragment for one in ordered]),
        negative_prompt=parameters["negative_prompt"] or None,
        width=parameters["width"],
        height=parameters["height"],
        seed=parameters["seed"],
        scheduler=Scheduler(name, facts.scheduler.config),
        steps=parameters["steps"],
        guidance=parameters["guidance"],
        strength=parameters["strength"] if ordered else None,
        inputs=tuple(_input(one, first=place == 0) for place, one in enumerate(ordered)),
        dtype=parameters["dtype"],
        salt=parameters["salt"] or None,
    )


def imported(pixels: PixelDigest, width: int, height: int) -> Recipe:
    """The recipe of a picture that came from outside: nothing regenerates it, its pixels are its identity."""
    source = Input(role="picture", pixels=pixels)
    return Recipe(pipeline="imported", operation="imported", width=width, height=height, inputs=(source,))


def _field(name: object, value: object) -> Field:
    if isinstance(name, str) and name in FIELDS:
        return FIELDS[name]
    if name == "tier":
        raise BadField("tier", value, "--tier low, standard or high; it is no field of the recipe")
    near = difflib.get_close_matches(str(name), FIELDS, 1)
    known = "the fields " + ", ".join(FIELDS) + (f"; did you mean {near[0]}?" if near else "")
    raise BadField(str(name) or "a field without a name", value, known)


def _typed(field: Field, value: str) -> object:
    """A command line's text as the type of the field; what is no number stays text, for the check to refuse."""
    if field.kind not in ("integer", "number") or field.name == "seed":
        return value
    plain = value.strip()
    try:
        if plain.isdecimal():
            return int(plain) if len(plain) < 20 else value
        return float(plain)
    except ValueError:
        return value


def _checked(field: Field, value: object) -> object:
    if field.name == "seed":
        return parse_seed("seed", value.strip() if isinstance(value, str) else value)
    if field.kind == "integer":
        return canonical.integer(field.name, value, int(field.minimum or 0), int(field.maximum or 0))
    if field.kind == "number":
        return canonical.number(field.name, value, field.minimum or 0, field.maximum or 0)
    return _choice(field, value) if field.kind == "choice" else _text(field, value)


def _choice(field: Field, value: object) -> str:
    word = canonical.text(field.name, value)
    found = class_of(word) if field.name == "scheduler" else word if word in field.choices else None
    if found is None:
        classes = " or a class: " + ", ".join(CLASSES) if field.name == "scheduler" else ""
        raise BadField(field.name, value, ", ".join(field.choices) + classes)
    return found


def _text(field: Field, value: object) -> str:
    found = canonical.text(field.name, value)
    if len(found) > (field.maximum or 0):
        raise BadField(field.name, value, f"at most {field.maximum:,} characters; these are {len(found):,}")
    breaks = "\n\t" if field.name.endswith("prompt") else ""
    if not found.isprintable():
        odd = next((one for one in found if unicodedata.category(one) == "Cc" and one not in breaks), None)
        if odd is not None:
            raise BadField(field.name, value, f"text without control characters; this has U+{ord(odd):04X}")
    return found


def _rank(fed: Fed) -> int:
    if fed.role not in ROLES:
        raise BadField("role", fed.role, ", ".join(ROLES))
    return ROLES.index(fed.role)


def _input(fed: Fed, *, first: bool) -> Input:
    recipe = None if fed.pixels else fed.recipe
    return Input(role=fed.role, recipe=recipe, pixels=fed.pixels, argument="image" if first else None)


def _joined(prompt: str, fragments: Sequence[str]) -> str:
    parts = [canonical.normal_text(one.strip()) for one in (prompt, *fragments)]
    joined = ", ".join(dict.fromkeys(one for one in parts if one))
    if len(joined) > LONGEST_PROMPT:
        raise BadField(
            "prompt", joined, f"at most {LONGEST_PROMPT:,} characters together with the words of its inputs"
        )
    return joined


def _check_scheduler(name: str, facts: ModelFacts) -> None:
    """The model's own, or one of those that artists choose among, of the same kind."""
    own = facts.scheduler.name
    fitting = [word for word, one in WORDS.items() if flows(one) == flows(own)]
    if name != own and name not in {WORDS[word] for word in fitting}:
        raise BadField("scheduler", name, f"with {facts.name}: {', '.join(fitting)}")


def _check_operation(operation: str, parameters: Mapping[str, Any], facts: ModelFacts) -> None:
    if operation not in facts.operations:
        wanted = "takes an input picture" if operation == "image-to-image" else "draws from words alone"
        raise BadField(
            "model", facts.name, f"a model that {wanted}; this one does {', '.join(facts.operations)}"
        )
    if operation == "image-to-image" and int(parameters["steps"] * parameters["strength"]) < 1:
        least = f"at least {1 / parameters['steps']:.2g}, so that one of {parameters['steps']} steps runs"
        raise BadField("strength", parameters["strength"], least)
