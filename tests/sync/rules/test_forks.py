"""Versions made apart: what merges by itself, what is a fork, and that no value is ever lost."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from engine.recipe import Recipe, RecipeKey
from sync.records import AssetId, Link, Tier, Version, VersionId
from sync.rules import forks, history
from tests.sync.rules import facts
from tests.sync.rules.facts import version

RECIPE: dict[str, Any] = {
    "pipeline": "StableDiffusionPipeline",
    "operation": "text-to-image",
    "model": "m" * 64,
    "width": 96,
    "height": 56,
    "seed": "7",
    "steps": 20,
    "guidance": 3,
    "dtype": "float32",
    "scheduler": {"name": "DDIM", "config": {"a": 1}},
}
FIELDS = {
    "model": "m" * 64,
    "negative_prompt": "",
    "width": 96,
    "height": 56,
    "seed": 7,
    "steps": 20,
    "guidance": 3.0,
    "strength": 0.7,
    "scheduler": "DDIM",
    "dtype": "float32",
    "salt": "",
    "prompt": "a",
}
SET = ("prompt", "steps", "guidance", "salt")


def made(id: str, number: int, parents: Sequence[str] = (), **other: Any) -> Version:
    """A version as a device freezes it."""
    links, tier = other.pop("links", ()), other.pop("tier", Tier.STANDARD)
    said = {**FIELDS, **other}
    recipe = {**RECIPE, **{name: said[name] for name in ("steps", "guidance", "prompt")}}
    if said["salt"]:
        recipe["salt"] = said["salt"]
    if links:
        recipe["operation"], recipe["strength"] = "image-to-image", said["strength"]
        recipe["inputs"] = [
            {"role": one.role, "recipe": f"of {one.asset}", **({"argument": "image"} if not place else {})}
            for place, one in enumerate(links)
        ]
    frozen = Recipe.from_json(recipe)
    parameters = {**said, "chosen": sorted({"model", "seed", *SET})}
    text = {"recipe": frozen.canonical().decode(), "recipe_key": frozen.key}
    return version(id, number, parents, parameters=parameters, links=links, tier=tier, **text)


def test_different_fields_are_shown_as_one_version_that_nobody_saved() -> None:
    line = [made("a", 1), made("b", 2, ["a"], steps=30), made("c", 2, ["a"], prompt="new", tier=Tier.LOW)]
    top = history.top(line)
    assert top is not None
    assert not top.saved
    assert not top.apart
    shown = top.version
    assert (shown.number, shown.parents, shown.tier) == (3, ("b", "c"), Tier.LOW)
    assert (shown.parameters["steps"], shown.parameters["prompt"]) == (30, "new")
    assert shown.recipe_key == made("x", 1, steps=30, prompt="new").recipe_key
    saved = history.top([*line, shown])
    assert saved is not None
    assert saved.saved
    assert saved.version == shown


def test_two_devices_that_save_a_merge_save_the_same() -> None:
    line = [made("a", 1), made("b", 2, ["a"], steps=30), made("c", 2, ["a"], prompt="new")]
    there, here = history.current(line), history.current(list(reversed(line)))
    assert there == here
    assert there is not None
    assert history.tips([*line, there, replace(there)]) == (there,)


def test_one_field_set_twice_is_a_fork_and_others_join_what_is_shown() -> None:
    line = [
        made("a", 1),
        made("b", 2, ["a"], prompt="left"),
        made("c", 2, ["a"], prompt="right"),
        made("d", 2, ["a"], steps=30),
    ]
    top = history.top(line)
    assert top is not None
    assert [one.id for one in top.joined] == ["b", "d"]
    assert [one.id for one in top.apart] == ["c"]
    assert (top.version.parameters["prompt"], top.version.parameters["steps"]) == ("left", 30)
    assert history.merge(top.tips, line).conflicts == ("prompt",)


def test_the_same_value_on_both_sides_shows_a_version_that_is_there() -> None:
    line = [made("a", 1), made("b", 2, ["a"], steps=30), made("c", 2, ["a"], steps=30, prompt="new")]
    top = history.top(line)
    assert top is not None
    assert top.version == line[2]
    assert top.saved
    assert not top.apart


def test_a_value_set_and_taken_back_meanwhile_is_not_lost_against_another() -> None:
    line = [
        made("a", 1),
        made("b", 2, ["a"], steps=30),
        made("c", 2, ["a"], steps=40),
        made("d", 3, ["c"], steps=20),
    ]
    top = history.top(line)
    assert top is not None
    assert top.apart
    assert history.merge(top.tips, line).conflicts == ("steps",)


def test_criss_cross_merges_stay_merged() -> None:
    base = [made("a", 1), made("b", 2, ["a"], steps=30), made("c", 2, ["a"], prompt="new")]
    left = made("d", 3, ["b", "c"], steps=30, prompt="new", guidance=5.0)
    right = made("e", 3, ["c", "b"], steps=30, prompt="new", salt="s")
    top = history.top([*base, left, right])
    assert top is not None
    assert not top.apart
    said = top.version.parameters
    assert [said[one] for one in ("steps", "prompt", "guidance", "salt")] == [30, "new", 5.0, "s"]


def test_a_decision_settles_what_later_edits_of_one_side_did_not_touch() -> None:
    base = [made("a", 1), made("b", 2, ["a"], prompt="left"), made("c", 2, ["a"], prompt="right")]
    settled = made("d", 3, ["b", "c"], prompt="right")
    meanwhile = made("e", 3, ["b"], prompt="left", steps=30)
    top = history.top([*base, settled, meanwhile])
    assert top is not None
    assert not top.apart
    assert (top.version.parameters["prompt"], top.version.parameters["steps"]) == ("right", 30)


def test_inputs_merge_one_by_one_with_their_recipes() -> None:
    one, other = Link(asset=AssetId("x"), role="style"), Link(asset=AssetId("y"), role="image")
    line = [made("a", 1), made("b", 2, ["a"], links=(one,)), made("c", 2, ["a"], links=(other,), steps=9)]
    shown = history.current(line)
    assert shown is not None
    assert set(shown.links) == {one, other}
    recipe = Recipe.from_json(json.loads(shown.recipe))
    assert [(each.recipe, each.argument) for each in recipe.inputs] == [("of y", "image"), ("of x", None)]
    assert recipe.steps == 9


def test_recipes_that_cannot_be_read_stay_apart() -> None:
    line = [
        version("a", 1, parameters={"prompt": "a", "steps": 1}),
        version("b", 2, ["a"], parameters={"prompt": "b", "steps": 1}),
        version("c", 2, ["a"], parameters={"prompt": "a", "steps": 2}),
    ]
    top = history.top(line)
    assert top is not None
    assert top.version == line[1]
    assert top.apart == (line[2],)


def test_more_tips_than_are_looked_at_stay_a_fork() -> None:
    many = [made(f"t{n:03d}", 2, ["a"], steps=30) for n in range(forks.MOST_TIPS + 2)]
    top = history.top([made("a", 1), *many])
    assert top is not None
    assert len(top.apart) == 2


# --- stories: several devices edit, merge and see some of what the others did ---------------------------------------


class Story:
    """Devices that edit one asset, each knowing a part; `seen` says whose writes a version saw of each field."""

    def __init__(self) -> None:
        first = made("v000", 1)
        self.all: dict[str, Version] = {"v000": first}
        self.known: list[set[str]] = [{"v000"} for _ in range(3)]
        self.past: dict[str, set[str]] = {"v000": set()}
        self.wrote: dict[str, dict[str, Any]] = {"v000": {name: FIELDS[name] for name in SET}}

    def edit(self, device: int, name: str, value: Any) -> None:
        """A device sets a field of what it is shown, as the program does."""
        known = [self.all[one] for one in sorted(self.known[device])]
        top = history.top(known)
        assert top is not None
        if not top.saved:
            self._keep(device, top.version, {one.id for one in top.joined}, {})
            known.append(top.version)
            top = history.top(known)
            assert top is not None
        said = {one: top.version.parameters[one] for one in SET} | {name: value}
        if top.version.parameters[name] == value:
            return
        parents = [one.id for one in top.joined]
        fresh = made(f"v{len(self.all):03d}", history.next_number(known), parents, **said)
        self._keep(device, fresh, set(parents), {name: value})

    def _keep(self, device: int, one: Version, parents: set[str], wrote: dict[str, Any]) -> None:
        if one.id not in self.all:
            self.all[one.id] = one
            self.past[one.id] = parents.union(*(self.past[each] for each in parents))
            self.wrote[one.id] = wrote
        self.known[device].add(one.id)

    def hear(self, device: int, other: int) -> None:
        """One device gets everything that another has."""
        self.known[device] |= self.known[other]

    def standing(self, name: str) -> set[Any]:
        """By an independent count: what was set of a field by somebody, and by nobody since who knew of it."""
        writers = [one for one, said in self.wrote.items() if name in said]
        left = [one for one in writers if not any(one in self.past[other] for other in writers)]
        return {self.wrote[one][name] for one in left}


_acts = st.lists(
    st.one_of(
        st.tuples(
            st.just("edit"), st.integers(0, 2), st.sampled_from(SET), st.sampled_from([11, 12, 13, 14])
        ),
        st.tuples(st.just("hear"), st.integers(0, 2), st.integers(0, 2)),
    ),
    max_size=14,
)


def told(acts: Sequence[tuple[Any, ...]]) -> Story:
    story = Story()
    for what, device, *rest in acts:
        if what == "edit":
            name, value = rest
            story.edit(
                device,
                name,
                f"w{value}" if name in ("prompt", "salt") else float(value) if name == "guidance" else value,
            )
        else:
            story.hear(device, rest[0])
    return story


@given(_acts)
def test_every_value_is_shown_or_in_a_fork_or_was_replaced_by_somebody_who_knew_it(
    acts: list[tuple[Any, ...]],
) -> None:
    story = told(acts)
    everything = list(story.all.values())
    top = history.top(everything)
    assert top is not None
    for name in SET:
        standing = story.standing(name)
        held = {one.parameters[name] for one in (top.version, *top.apart)}
        assert standing <= held
        conflict = name in history.merge(top.tips, everything).conflicts
        assert conflict == (len(standing) > 1)
        if not top.apart:
            assert standing == {top.version.parameters[name]}
    assert bool(top.apart) == any(len(story.standing(name)) > 1 for name in SET)


@given(_acts, st.randoms(use_true_random=False))
def test_what_is_shown_does_not_depend_on_the_order_of_arrival(
    acts: list[tuple[Any, ...]], random: Any
) -> None:
    everything = list(told(acts).all.values())
    again = [*everything, *everything[:3]]
    random.shuffle(again)
    assert history.top(again) == history.top(everything)


@given(_acts)
def test_saving_what_is_shown_changes_nothing(acts: list[tuple[Any, ...]]) -> None:
    everything = list(told(acts).all.values())
    top = history.top(everything)
    assert top is not None
    after = history.top([*everything, top.version])
    assert after is not None
    assert (after.version, after.apart) == (top.version, top.apart)


@given(st.lists(facts.versions, max_size=7))
def test_odd_versions_show_something_and_lose_no_tip(ones: list[Version]) -> None:
    top = history.top(ones)
    if top is None:
        assert not ones
        return
    assert sorted(one.id for one in top.tips) == sorted(one.id for one in history.tips(ones))
    again = history.top([*ones, top.version])
    assert again is not None
    assert isinstance(top.version.id, str)
    assert VersionId(top.version.id)
    assert RecipeKey(top.version.recipe_key)
