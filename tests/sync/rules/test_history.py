"""Versions: labels, tips, forks and their merge, whatever odd facts a peer sends."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.records import AssetFacts, AssetId, FactId, Link, MemberId, Removed, Renamed, Tier, Version
from sync.rules import history
from sync.rules.forks import Merge
from sync.rules.history import Changed
from tests.sync.rules import facts
from tests.sync.rules.facts import at, version

many = st.lists(facts.versions, max_size=7)


def fork(left: Version, right: Version, origin: Version) -> Merge:
    return history.merge([left, right], [origin, left, right])


# --- tips and numbers ---------------------------------------------------------------------------------------------


def test_a_line_has_one_tip() -> None:
    line = [version("a", 1), version("b", 2, ["a"]), version("c", 3, ["b"])]
    assert [one.id for one in history.tips(line)] == ["c"]
    assert history.current(line) == line[2]
    assert history.next_number(line) == 4


def test_two_children_are_a_fork_and_a_common_child_ends_it() -> None:
    forked = [version("a", 1), version("b", 2, ["a"]), version("c", 2, ["a"])]
    assert [one.id for one in history.tips(forked)] == ["b", "c"]
    assert history.current(forked) == forked[1]
    assert [one.id for one in history.tips([*forked, version("d", 3, ["b", "c"])])] == ["d"]


def test_nothing_has_no_tip() -> None:
    assert history.tips([]) == ()
    assert history.current([]) is None
    assert history.next_number([]) == 1


def test_a_version_whose_parents_are_not_here_is_a_tip_like_any_other() -> None:
    assert [one.id for one in history.tips([version("b", 2, ["lost"])])] == ["b"]


def test_a_circle_has_one_tip() -> None:
    circle = [version("a", 1, ["b"]), version("b", 2, ["a"])]
    assert [one.id for one in history.tips(circle)] == ["b"]
    assert [one.id for one in history.tips([version("a", 1, ["a"])])] == ["a"]
    assert [one.id for one in history.tips([*circle, version("c", 1, ["a"])])] == ["c"]


def test_a_circle_above_another_is_the_tip_even_with_smaller_numbers() -> None:
    below = [version("a", 8, ["b"]), version("b", 9, ["a"])]
    above = [version("c", 1, ["d", "b"]), version("d", 2, ["c"])]
    assert [one.id for one in history.tips(below + above)] == ["d"]


@given(many, st.data())
def test_tips_are_the_same_for_every_order(ones: list[Version], data: st.DataObject) -> None:
    assert history.tips(ones) == history.tips(data.draw(st.permutations(ones + ones[:3])))


@given(many)
def test_every_version_is_a_tip_or_behind_one_and_no_tip_is_behind_another(ones: list[Version]) -> None:
    tips = history.tips(ones)
    behind = [history.ancestors(tip, ones) for tip in tips]
    assert {one.id for one in ones} == {tip.id for tip in tips}.union(*behind)
    assert not any(tip.id in past for tip, past in zip(tips, behind, strict=True))
    for one in tips:
        assert not any(one.id in past and other != one for other, past in zip(tips, behind, strict=True))


@given(many)
def test_the_version_shown_is_the_tip_with_the_highest_number(ones: list[Version]) -> None:
    shown = history.current(ones)
    assert (shown is None) == (not ones)
    assert shown is None or shown.number == max(one.number for one in history.tips(ones))


def test_ancestors_are_all_that_are_known() -> None:
    line = [version("a", 1, ["lost"]), version("b", 2, ["a"]), version("c", 3, ["b"])]
    assert history.ancestors(line[2], line) == {"a", "b"}
    assert history.ancestors(line[0], line) == set()


# --- labels -------------------------------------------------------------------------------------------------------


def test_labels_are_numbers_and_only_the_smallest_id_goes_without_suffix() -> None:
    ones = [version("k7qdxx", 3), version("b2cdxx", 3), version("zzzzzz", 4), version("m4abxx", 3)]
    labels = [history.label(one, ones) for one in ones]
    assert labels == ["v03-k7qd", "v03", "v04", "v03-m4ab"]


def test_suffixes_that_begin_alike_grow() -> None:
    ones = [version("aaaaaa", 1), version("bbbbxy", 1), version("bbbbxz", 1)]
    assert [history.label(one, ones) for one in ones] == ["v01", "v01-bbbbxy", "v01-bbbbxz"]


def test_a_short_id_is_its_own_suffix() -> None:
    assert history.label(version("b", 1), [version("a", 1), version("b", 1)]) == "v01-b"


@given(many)
def test_labels_are_unique_and_lead_back(ones: list[Version]) -> None:
    known = list(history.known(ones).values())
    labels = {history.label(one, known): one for one in known}
    assert len(labels) == len(known)
    for label, one in labels.items():
        if one.number >= 0:
            assert history.named(label, known) == one


@given(many, st.data())
def test_labels_are_the_same_for_every_order(ones: list[Version], data: st.DataObject) -> None:
    again = data.draw(st.permutations(ones))
    assert [history.label(one, ones) for one in ones] == [history.label(one, again) for one in ones]


@pytest.mark.parametrize("text", ["v02", "2", "v2", " V02 ", "bbbbbb"])
def test_a_version_is_found_by_what_people_write(text: str) -> None:
    ones = [version("aaaaaa", 1), version("bbbbbb", 2), version("cccccc", 2)]
    assert history.named(text, ones) == ones[1]
    assert history.named("v02-cccc", ones) == ones[2]


@pytest.mark.parametrize("text", ["", "v", "v03", "latest", "v02-zzzz", "v-2", "²", "9" * 5000])
def test_what_means_no_version(text: str) -> None:
    assert history.named(text, [version("aaaaaa", 1), version("bbbbbb", 2)]) is None


# --- what changed, and merging ------------------------------------------------------------------------------------


def link(asset: str, role: str = "character") -> Link:
    return Link(asset=AssetId(asset), role=role)


def test_changes_are_tier_then_parameters_then_inputs() -> None:
    before = version("a", parameters={"prompt": "a", "steps": 10, "chosen": ["prompt"]}, links=(link("x"),))
    after = version(
        "b",
        parameters={"prompt": "b", "guidance": 3.0, "steps": 10, "chosen": ["prompt", "guidance"]},
        links=(link("x", "style"), link("y")),
        tier=Tier.HIGH,
    )
    assert history.changed(before, after) == [
        Changed("tier", Tier.STANDARD, Tier.HIGH),
        Changed("guidance", None, 3.0),
        Changed("prompt", "a", "b"),
        Changed("input:x", "character", "style"),
        Changed("input:y", None, "character"),
    ]


@given(facts.versions, facts.versions)
def test_nothing_changed_between_equals_and_back_is_the_reverse(a: Version, b: Version) -> None:
    assert history.changed(a, a) == []
    there, back = history.changed(a, b), history.changed(b, a)
    assert [Changed(one.field, one.after, one.before) for one in there] == back


def test_disjoint_changes_merge() -> None:
    origin = version("a", 1, parameters={"prompt": "a", "steps": 10})
    left = version("b", 2, ["a"], parameters={"prompt": "b", "steps": 10}, links=(link("x"),))
    right = version("c", 2, ["a"], parameters={"prompt": "a", "steps": 20}, tier=Tier.LOW)
    merged = fork(left, right, origin)
    assert merged.parameters == {"prompt": "b", "steps": 20}
    assert merged.links == (link("x"),)
    assert merged.tier is Tier.LOW
    assert merged.conflicts == ()


def test_one_field_changed_in_two_ways_waits_for_a_person() -> None:
    origin = version("a", 1, parameters={"prompt": "a"}, links=(link("x"),))
    left = version("b", 2, ["a"], parameters={"prompt": "b"}, links=(link("x", "style"),))
    right = version("c", 3, ["a"], parameters={"prompt": "c"})
    merged = fork(left, right, origin)
    assert merged.conflicts == ("prompt", "input:x")
    assert merged.parameters == {"prompt": "c"}


def test_the_same_change_on_both_sides_is_no_conflict() -> None:
    origin = version("a", 1, parameters={"prompt": "a"})
    left = version("b", 2, ["a"], parameters={"prompt": "b"})
    assert fork(left, replace(left, id=facts.version("c").id), origin).conflicts == ()


def test_what_one_side_took_out_stays_out() -> None:
    origin = version("a", 1, parameters={"prompt": "a", "salt": "s"}, links=(link("x"), link("y")))
    left = version("b", 2, ["a"], parameters={"prompt": "a"}, links=(link("y"),))
    right = version("c", 2, ["a"], parameters={"prompt": "c", "salt": "s"}, links=(link("x"), link("y")))
    merged = fork(left, right, origin)
    assert merged.parameters == {"prompt": "c"}
    assert merged.links == (link("y"),)
    assert merged.conflicts == ()


def test_what_nobody_chose_is_no_conflict_and_choices_unite() -> None:
    origin = version("a", 1, parameters={"steps": 10, "prompt": "a", "chosen": ["prompt"]})
    left = version("b", 2, ["a"], tier=Tier.LOW, parameters={"steps": 5, "prompt": "a", "chosen": ["prompt"]})
    right = version(
        "c", 2, ["a"], parameters={"steps": 20, "prompt": "a", "seed": 3, "chosen": ["prompt", "seed"]}
    )
    merged = fork(left, right, origin)
    assert merged.conflicts == ()
    assert merged.tier is Tier.LOW
    assert merged.parameters["chosen"] == ["prompt", "seed"]


def test_tips_without_a_shared_past_agree_only_where_they_are_equal() -> None:
    left, right = (
        version("b", 1, parameters={"prompt": "a", "seed": 1}),
        version("c", 1, parameters={"prompt": "b"}),
    )
    merged = history.merge([left, right], [left, right])
    assert merged.conflicts == ("prompt",)
    assert merged.parameters["seed"] == 1


def test_a_merge_of_nothing_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="at least one"):
        history.merge([], [])


@given(many.filter(bool), st.data())
def test_a_merge_is_the_same_for_every_order(ones: list[Version], data: st.DataObject) -> None:
    tips = history.tips(ones)
    again = history.merge(data.draw(st.permutations(tips)), data.draw(st.permutations(ones)))
    assert history.merge(tips, ones) == again


@given(many.filter(bool))
def test_one_tip_merges_to_itself(ones: list[Version]) -> None:
    shown = history.tips(ones)[0]
    merged = history.merge([shown], ones)
    resolved = replace(shown, parameters=merged.parameters, links=merged.links, tier=merged.tier)
    assert history.changed(shown, resolved) == []
    assert merged.conflicts == ()


# --- names --------------------------------------------------------------------------------------------------------


def test_the_newest_name_counts() -> None:
    known = AssetFacts(asset=facts.asset("Ana"))
    assert history.name(known) == "Ana"
    assert not history.gone(known)
    renamed = tuple(
        Renamed(id=FactId(id), name=name, author=MemberId("m"), time=at(second))
        for id, name, second in [("b", "Bea", 2), ("a", "Ada", 2), ("c", "Cem", 1)]
    )
    assert history.name(replace(known, renamed=renamed)) == "Bea"


def test_what_was_removed_can_be_brought_back() -> None:
    removed = tuple(
        Removed(id=FactId(id), gone=gone, author=MemberId("m"), time=at(second))
        for id, gone, second in [("a", True, 1), ("b", False, 2)]
    )
    assert history.gone(AssetFacts(asset=facts.asset(), removed=removed[:1]))
    assert not history.gone(AssetFacts(asset=facts.asset(), removed=removed))


@given(facts.assets, st.data())
def test_name_and_presence_are_the_same_for_every_order(known: AssetFacts, data: st.DataObject) -> None:
    again = facts.reordered(data.draw, known, facts.ASSET_LISTS)
    assert (history.name(known), history.gone(known)) == (history.name(again), history.gone(again))
