"""Records to text and back."""

from __future__ import annotations

import json
import math
from dataclasses import MISSING, fields, replace
from enum import StrEnum
from typing import Any, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.faults import BadField, Damaged
from engine.recipe import FileDigest, ModelDigest, Recipe, RecipeKey, Scheduler
from sync import codec, schema
from sync.records import Consumed, FactId, Link, MemberId, Setting, Take, Tier, Time, Version, VersionId, Wish
from sync.schema import COLLECTIONS, Collection

IDS = st.text(alphabet="abcdefghijklmnopqrstuvwxyz234567", min_size=1, max_size=26)
TEXTS = st.text(st.characters(codec="utf-8"), max_size=40)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)


def values(hint: Any) -> st.SearchStrategy[Any]:
    """What a field of that type may hold."""
    hint = getattr(hint, "__supertype__", hint)
    if hint is Any:
        return JSON
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return st.sampled_from(list(hint))
    name = str(hint)
    if "None" in name or "Optional" in name:
        return st.none() | (NUMBERS if "float" in name else TEXTS)
    if "Mapping" in name:
        return st.dictionaries(TEXTS, JSON, max_size=3)
    if "Link" in name:
        return st.lists(st.builds(Link, asset=IDS, role=TEXTS), max_size=2).map(tuple)
    if "Consumed" in name:
        return st.lists(st.builds(Consumed, role=TEXTS, sha256=IDS), max_size=2).map(tuple)
    if "tuple" in name:
        return st.lists(IDS, max_size=3).map(tuple)
    kinds: dict[Any, st.SearchStrategy[Any]] = {
        int: st.integers(0, 2**53),
        float: NUMBERS,
        bool: st.booleans(),
        str: TEXTS,
    }
    return kinds[hint]


def records(place: Collection) -> st.SearchStrategy[Any]:
    """Any record of a collection, all fields at random, ids where the key needs them."""
    hints = get_type_hints(place.record)
    keyed = {name: IDS if hints[name] not in (int, Tier) else values(hints[name]) for name in place.keyed}
    return st.builds(
        place.record, **{f.name: keyed.get(f.name, values(hints[f.name])) for f in fields(place.record)}
    )


@pytest.mark.parametrize("place", COLLECTIONS, ids=lambda one: f"{one.family}-{one.name}")
@given(data=st.data())
def test_every_record_comes_back_as_it_was(place: Collection, data: st.DataObject) -> None:
    record = data.draw(records(place))
    text = codec.encode(record, place.keyed)
    assert codec.decode(place.record, place.keyed, codec.key(record, place.keyed), text) == record
    assert json.dumps(json.loads(text), ensure_ascii=False, separators=(",", ":"), sort_keys=True) == text


def version(**changes: Any) -> Version:
    recipe = Recipe(
        pipeline="StableDiffusionPipeline",
        operation="text-to-image",
        model=ModelDigest("a" * 64),
        prompt="a red tower",
        seed=7,
        steps=20,
        guidance=7.5,
        width=512,
        height=512,
        scheduler=Scheduler("DDIM", {"beta": 0.00085}),
    )
    found = Version(
        id=VersionId("v"),
        number=1,
        parents=(),
        author=MemberId("m"),
        time=Time("2026-01-01T00:00:00.000Z"),
        note="",
        tier=Tier.LOW,
        parameters={"prompt": "a red tower", "steps": 20, "guidance": 7.5, "width": 512, "seed": 7},
        links=(),
        recipe=recipe.canonical().decode(),
        recipe_key=recipe.key,
    )
    return replace(found, **changes)


def test_a_recipe_is_stored_as_what_its_parameters_do_not_say() -> None:
    text = codec.encode(version(), ("id",))
    assert text.count("a red tower") == 1
    assert codec.decode(Version, ("id",), "v", text) == version()


@pytest.mark.parametrize(
    "recipe", ["", "no json", "[1]", '{"b":1,"a":2}', '{"x":1e-06}', '{ "a": 1 }', '{"steps":20.0}']
)
def test_a_recipe_in_any_other_writing_is_stored_as_it_is(recipe: str) -> None:
    odd = version(recipe=recipe)
    assert codec.decode(Version, ("id",), "v", codec.encode(odd, ("id",))) == odd


def test_defaults_and_what_is_missing_are_not_written() -> None:
    plain = {"int": 1, "float": 1.0, "bool": True}
    given: dict[str, Any] = {
        f.name: plain.get(str(f.type), "x") for f in fields(Take) if f.default is MISSING
    }
    take = Take(**given)
    written = json.loads(codec.encode(take, ("id",)))
    assert not {"id", "consumed", "thumb", "proxy", "latents", "imported"} & set(written)
    assert codec.decode(Take, ("id",), "x", codec.encode(take, ("id",))) == take


def test_fields_of_a_later_release_are_ignored() -> None:
    text = codec.encode(version(), ("id",))
    assert codec.decode(Version, ("id",), "v", '{"zzz":[1],' + text[1:]) == version()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("number", "1"),
        ("number", True),
        ("number", 2**64),
        ("tier", "huge"),
        ("parents", "v"),
        ("parents", [1]),
        ("parameters", []),
        ("links", [[]]),
        ("links", [{"asset": 1, "role": "x"}]),
        ("links", [{"asset": "a"}]),
        ("note", None),
    ],
)
def test_a_field_of_another_type_is_damage(field: str, value: object) -> None:
    text = json.dumps({**json.loads(codec.encode(version(), ("id",))), field: value})
    with pytest.raises(Damaged):
        codec.decode(Version, ("id",), "v", text)


@pytest.mark.parametrize("text", ["", "1", "null", "[]", "{}", '{"a":', "[" * 10_000])
def test_a_text_that_is_no_record_is_damage(text: str) -> None:
    with pytest.raises(Damaged):
        codec.decode(Version, ("id",), "v", text)


def test_a_key_of_another_form_is_damage() -> None:
    wish = schema.OF_RECORD[Wish]
    with pytest.raises(Damaged):
        codec.decode(Wish, wish.keyed, "job/session", "{}")
    with pytest.raises(Damaged):
        codec.decode(Wish, wish.keyed, "job/session/huge", "{}")


def test_too_much_text_names_the_field() -> None:
    with pytest.raises(BadField) as caught:
        codec.encode(version(note="x" * 20_000), ("id",))
    assert caught.value.field == "note"


@pytest.mark.parametrize("value", [math.nan, math.inf, {1, 2}, "\ud800", b"x"])
def test_what_json_cannot_say_is_refused(value: object) -> None:
    setting = Setting(id=FactId("s"), key="k", value=value, author=MemberId("m"), time=Time("t"))
    with pytest.raises(BadField):
        codec.encode(setting, ("id",))


@pytest.mark.parametrize("bad", ["", "a/b", "x" * 300])
def test_a_key_has_no_slashes_and_is_short(bad: str) -> None:
    with pytest.raises(BadField):
        codec.key(version(id=VersionId(bad)), ("id",))


def test_types_of_digests_stay_plain_text() -> None:
    found = version(recipe_key=RecipeKey("k"))
    assert type(codec.decode(Version, ("id",), "v", codec.encode(found, ("id",))).recipe_key) is str
    assert codec.plain(Consumed(role="r", sha256=FileDigest("d"))) == {"role": "r", "sha256": "d"}
