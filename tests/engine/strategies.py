"""Random recipes and JSON values for the property tests."""

from __future__ import annotations

import json
import unicodedata
from typing import Any

from hypothesis import strategies as st

from engine.recipe import LARGEST_SEED, Adapter, Input, ModelDigest, PixelDigest, Recipe, RecipeKey, Scheduler

TEXT = st.text(st.characters(codec="utf-8"), max_size=20) | st.sampled_from(
    ["café", "Ångström", "", "日本の丘"]
)
WORD = TEXT.filter(bool)
NUMBER = st.integers(-(2**53) + 1, 2**53 - 1) | st.floats(-1e15, 1e15)
JSON = st.recursive(
    st.none() | st.booleans() | NUMBER | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abcdé"), inner, max_size=3),
    max_leaves=8,
)
OBJECT = st.dictionaries(
    st.sampled_from(["beta_end", "steps_offset", "trained_betas", "é"]), JSON, max_size=4
)
DIGEST = st.binary(min_size=32, max_size=32).map(bytes.hex)
ROLE = st.sampled_from(["image", "environment", "prop", "character", "style"])
INPUT = st.builds(
    Input, role=ROLE, recipe=DIGEST.map(RecipeKey), argument=st.sampled_from([None, "image"])
) | st.builds(Input, role=ROLE, pixels=DIGEST.map(PixelDigest))

RECIPE = st.builds(
    Recipe,
    pipeline=WORD,
    operation=st.sampled_from(["text-to-image", "image-to-image", "imported"]),
    model=st.none() | DIGEST.map(ModelDigest),
    prompt=TEXT,
    negative_prompt=st.none() | TEXT,
    width=st.integers(1, 4096),
    height=st.integers(1, 4096),
    seed=st.integers(0, LARGEST_SEED),
    scheduler=st.none() | st.builds(Scheduler, name=WORD, config=OBJECT),
    steps=st.none() | st.integers(1, 1000),
    guidance=st.none() | st.floats(0, 100) | st.integers(0, 100),
    strength=st.none() | st.floats(0, 1),
    adapters=st.lists(st.builds(Adapter, kind=WORD, digest=DIGEST, scale=st.floats(-2, 2)), max_size=2).map(
        tuple
    ),
    inputs=st.lists(INPUT, max_size=3).map(tuple),
    dtype=st.sampled_from(["float32", "bfloat16"]),
    arguments=OBJECT,
    salt=st.none() | TEXT,
)


def shuffled(value: Any) -> Any:
    """The same JSON value, the fields of each object the other way round."""
    if isinstance(value, dict):
        return {name: shuffled(value[name]) for name in reversed(value)}
    return [shuffled(one) for one in value] if isinstance(value, list) else value


def floats(value: Any) -> Any:
    """The same JSON value, each integer as a float."""
    if isinstance(value, dict):
        return {name: floats(one) for name, one in value.items()}
    if isinstance(value, list):
        return [floats(one) for one in value]
    return float(value) if type(value) is int else value


def decomposed(value: Any) -> Any:
    """The same JSON value, each text in NFD."""
    return json.loads(unicodedata.normalize("NFD", json.dumps(value, ensure_ascii=False)))


def with_nulls(value: Any) -> Any:
    """The same JSON value, a null more in each object."""
    if isinstance(value, dict):
        return {**{name: with_nulls(one) for name, one in value.items()}, "zz_nothing": None}
    return [with_nulls(one) for one in value] if isinstance(value, list) else value
