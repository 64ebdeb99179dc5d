"""An asset's node in the graph, read from its facts."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from engine.graph import stale_assets
from engine.recipe import PixelDigest, RecipeKey
from sync.records import AssetFacts, AssetId, FactId, Link, MemberId, Removed, Version
from sync.rules import staleness
from tests.sync.rules import facts
from tests.sync.rules.facts import approved, at, take, version


def recipe(*inputs: dict[str, str], operation: str = "text-to-image") -> str:
    return json.dumps({"operation": operation, "inputs": list(inputs)})


def made(**fields: Any) -> AssetFacts:
    return AssetFacts(asset=facts.asset(), **fields)


def shot(fed: str = "key-v1") -> Version:
    link = Link(asset=AssetId("ana"), role="character")
    return version("s1", 1, links=(link,), recipe=recipe({"role": "character", "recipe": fed}))


def stale(**nodes: AssetFacts) -> set[AssetId]:
    return stale_assets({AssetId(name): staleness.node(one) for name, one in nodes.items()})


def test_an_edit_of_what_feeds_it_makes_a_shot_stale() -> None:
    ana = made(versions=(version("v1", 1),))
    known = made(versions=(shot(),))
    assert stale(ana=ana, shot=known) == set()
    edited = replace(ana, versions=(*ana.versions, version("v2", 2, ["v1"])))
    assert stale(ana=edited, shot=known) == {"shot"}


def test_an_approved_take_goes_on_feeding_after_an_edit() -> None:
    ana = made(
        versions=(version("v1", 1), version("v2", 2, ["v1"])),
        takes=(take("t", "v1"),),
        approved=(approved("1", "t", 1),),
    )
    node = staleness.node(ana)
    assert node.feeds == {"key-v1"}
    assert node.outdated


def test_takes_of_the_current_recipe_are_what_counts() -> None:
    item = take("i", "v1", item=1, recipe_key=RecipeKey("key-v1-1"))
    assert not staleness.node(made(versions=(version("v1"),))).outdated
    assert not staleness.node(made(versions=(version("v1"),), takes=(take("t", "v1"), item))).outdated
    assert staleness.node(made(versions=(version("v1"),), takes=(item,))).outdated
    assert not staleness.node(
        made(versions=(version("v9", recipe_key=RecipeKey("key-v1")),), takes=(take("t", "v1"),))
    ).outdated


def test_an_imported_picture_feeds_by_its_pixels_and_by_its_recipe() -> None:
    picture = version("v1", recipe=recipe({"role": "picture", "pixels": "px"}, operation="imported"))
    one = made(versions=(picture,), takes=(take("t", "v1", imported=True, pixels=PixelDigest("px")),))
    assert staleness.node(one).feeds == {"key-v1", "px"}
    by_pixels = version(
        "s1",
        links=(Link(asset=AssetId("ana"), role="image"),),
        recipe=recipe({"role": "image", "pixels": "px"}),
    )
    assert stale(ana=one, shot=made(versions=(by_pixels,))) == set()
    assert staleness.node(made(versions=(by_pixels,))).feeds == {"key-s1"}


def test_a_recipe_that_cannot_be_read_makes_nothing_stale() -> None:
    ana = made(versions=(version("v1", 1),))
    for text in ("", "[]", "{", '{"inputs": 3}', '{"inputs": [3, {"role": 4}]}', "[" * 100_000):
        assert stale(ana=ana, shot=made(versions=(replace(shot(), recipe=text),))) == set()


def test_a_removed_asset_and_one_without_versions_are_not_stale() -> None:
    gone = (Removed(id=FactId("r"), gone=True, author=MemberId("m"), time=at(1)),)
    item = take("i", "v1", recipe_key=RecipeKey("old"))
    assert not staleness.node(made(versions=(version("v1"),), takes=(item,), removed=gone)).outdated
    empty = staleness.node(made(takes=(item,)))
    assert (empty.feeds, empty.inputs, empty.outdated) == (frozenset(), (), False)


@given(facts.assets, st.data())
def test_the_node_is_the_same_for_every_order(one: AssetFacts, data: st.DataObject) -> None:
    assert staleness.node(one) == staleness.node(facts.reordered(data.draw, one, facts.ASSET_LISTS))
