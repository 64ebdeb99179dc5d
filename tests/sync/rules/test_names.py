"""What an asset is called when several people named it."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from sync.records import AssetFacts, FactId, MemberId, Renamed
from sync.rules import names
from tests.sync.rules import facts
from tests.sync.rules.facts import at


def renamed(id: str, name: str, second: int, over: tuple[str, ...] = ()) -> Renamed:
    replaced = tuple(FactId(one) for one in over)
    return Renamed(id=FactId(id), name=name, author=MemberId("m"), time=at(second), over=replaced)


def known(*ones: Renamed) -> AssetFacts:
    return AssetFacts(asset=facts.asset("Ana"), renamed=ones)


def test_a_name_that_replaces_another_counts_whatever_the_clocks_say() -> None:
    one = known(renamed("a", "Bea", 9), renamed("b", "Cem", 2, ("a",)))
    assert names.name(one) == "Cem"
    assert len(names.standing(one)) == 1
    assert names.over(one) == ("b",)


def test_names_given_apart_all_stand_and_the_newest_is_shown() -> None:
    one = known(renamed("a", "Bea", 1), renamed("b", "Cem", 2))
    assert [each.name for each in names.standing(one)] == ["Cem", "Bea"]
    assert names.name(one) == "Cem"
    settled = replace(one, renamed=(*one.renamed, renamed("c", "Bea", 3, names.over(one))))
    assert [each.name for each in names.standing(settled)] == ["Bea"]


def test_the_same_name_given_apart_is_no_fork() -> None:
    assert len(names.standing(known(renamed("a", "Bea", 1), renamed("b", "bea", 2)))) == 1


def test_names_that_replace_each_other_all_stand() -> None:
    one = known(renamed("a", "Bea", 1, ("b",)), renamed("b", "Cem", 2, ("a",)))
    assert names.name(one) == "Cem"
    assert names.name(known()) == "Ana"
    assert names.standing(known()) == ()


@given(facts.assets, st.data())
def test_names_are_the_same_for_every_order(one: AssetFacts, data: st.DataObject) -> None:
    again = facts.reordered(data.draw, one, facts.ASSET_LISTS)
    assert names.standing(again) == names.standing(one)
