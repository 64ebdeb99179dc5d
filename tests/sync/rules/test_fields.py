"""Versions field by field: what each writes, and which writes still count."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from sync.records import AssetId, Link, Version
from sync.rules import fields, history
from sync.rules.fields import Past
from tests.sync.rules import facts
from tests.sync.rules.facts import version


def ids(past: Past, tips: list[Version], name: str) -> list[str]:
    """Whose writes of a field count."""
    return [past.versions[one].id for one in past.writes([one.id for one in tips]).get(name, ())]


def test_fields_in_the_order_in_which_they_are_shown() -> None:
    one = version(
        "a",
        parameters={"prompt": "a", "chosen": ["prompt"]},
        links=(Link(asset=AssetId("x"), role="style"), Link(asset=AssetId("x"), role="image")),
        recipe=json.dumps({"operation": "imported", "inputs": [{"pixels": "p"}]}),
    )
    found = fields.of(one)
    assert sorted(found, key=fields.order) == ["tier", "picture", "prompt", "input:x"]
    assert found["input:x"] == "image, style"
    assert found["picture"] == "p"


def test_a_recipe_that_cannot_be_read_has_no_picture() -> None:
    for text in ('"imported"', '{"operation": "imported"}', '{"operation": "imported", "inputs": [{}]}', "{"):
        assert fields.picture(version("a", recipe=text)) is None


def test_a_later_write_replaces_what_it_saw_and_nothing_else() -> None:
    first = version("a", 1)
    left = version("b", 2, ["a"], parameters={"prompt": "b"})
    right = version("c", 2, ["a"], parameters={"prompt": "c"})
    later = version("d", 3, ["b"], parameters={"prompt": "d"})
    past = Past(history.known([first, left, right, later]))
    assert ids(past, [later], "prompt") == ["d"]
    assert ids(past, [later, right], "prompt") == ["c", "d"]
    assert ids(past, [later, right], "tier") == ["a"]


def test_a_version_between_all_others_stands_for_its_past() -> None:
    line = [version(f"v{n}", n, [f"v{n - 1}"], parameters={"prompt": str(n // 3)}) for n in range(9)]
    ends = [version("x", 9, ["v8"], parameters={"prompt": "x"}), version("y", 9, ["v8"])]
    past = Past(history.known([*line, *ends]))
    assert ids(past, [ends[0]], "tier") == ["v8"]
    assert ids(past, ends, "prompt") == ["x", "y"]


def test_what_follows_by_itself_is_not_meant() -> None:
    first = version("a", 1, parameters={"steps": 20, "prompt": "a", "chosen": ["prompt"]})
    faster = version("b", 2, ["a"], parameters={"steps": 5, "prompt": "a", "chosen": ["prompt"]})
    by_hand = version("c", 2, ["a"], parameters={"steps": 9, "prompt": "a", "chosen": ["prompt", "steps"]})
    back = version("d", 3, ["c"], parameters={"steps": 20, "prompt": "a", "chosen": ["prompt"]})
    past = Past(history.known([first, faster, by_hand, back]))
    meant = {one.id: past.meant(place, "steps") for place, one in enumerate(past.versions)}
    assert meant == {"a": False, "b": False, "c": True, "d": True}


def test_a_parent_from_before_the_meeting_changes_nothing() -> None:
    line = [version("a", 1), version("b", 2, ["a"], parameters={"prompt": "b"})]
    ends = [version("c", 3, ["b", "a"], parameters={"prompt": "b"}), version("d", 3, ["b"])]
    past = Past(history.known([*line, *ends]))
    assert ids(past, ends, "prompt") == ["d"]
    assert ids(past, ends[:1], "prompt") == ["b"]


@given(st.lists(facts.versions, max_size=7))
def test_what_counts_at_a_version_says_what_the_version_says(ones: list[Version]) -> None:
    past = Past(history.known(ones))
    for tip in history.tips(ones):
        own = fields.of(tip)
        for name, writers in past.writes([tip.id]).items():
            said = {repr(past.wrote(one, name).value) for one in writers}
            assert said == {repr(own.get(name, fields.ABSENT))}
        assert own.keys() <= past.writes([tip.id]).keys()


@given(st.lists(facts.versions, max_size=7), st.data())
def test_versions_are_in_one_order_however_they_come(ones: list[Version], data: st.DataObject) -> None:
    again = data.draw(st.permutations(ones))
    assert Past(history.known(ones)).versions == Past(history.known(again)).versions
