"""One record a key, the same whichever came first."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sync.records import Version
from sync.rules.union import unique
from tests.sync.rules import facts


@given(st.data())
def test_the_same_for_every_order_and_repetition(data: st.DataObject) -> None:
    ones: list[Version] = data.draw(st.lists(facts.versions, max_size=6))
    again = data.draw(st.permutations(ones + ones[:2]))
    assert unique(ones, lambda one: one.id) == unique(again, lambda one: one.id)


def test_the_order_of_first_sight_is_kept() -> None:
    ones = [facts.version("c"), facts.version("a"), facts.version("c")]
    assert list(unique(ones, lambda one: one.id)) == ["c", "a"]
