"""Takes: labels, the chosen one, what is fed, and the class that proofs bear out."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.recipe import PixelDigest, RecipeKey
from sync.records import AssetFacts, Grade
from sync.rules import takes
from tests.sync.rules import facts
from tests.sync.rules.facts import approved, at, struck, take, version


def known(**fields: Any) -> AssetFacts:
    return AssetFacts(asset=facts.asset(), **fields)


def test_labels_count_within_the_version() -> None:
    ones = [take("a", "v1", 1), take("k7qdxx", "v1", 2), take("b2cdxx", "v1", 2), take("c", "v2", 2)]
    assert [takes.take_label(one, ones) for one in ones] == ["take01", "take02-k7qd", "take02", "take02"]
    assert takes.next_take(version("v1"), ones) == 3
    assert takes.next_take(version("v9"), ones) == 1


def test_the_newest_approval_wins_and_a_withdrawn_one_gives_way_to_the_one_before() -> None:
    ones = known(takes=(take("a"), take("b")))
    assert takes.chosen(ones) is None
    both = replace(ones, approved=(approved("1", "a", 1), approved("2", "b", 2)))
    assert takes.chosen(both) == take("b")
    assert takes.chosen(replace(both, approved=(*both.approved, approved("3", "b", 3, True)))) == take("a")
    assert takes.chosen(replace(both, approved=(*both.approved, approved("3", "a", 3, True)))) == take("b")
    again = (*both.approved, approved("3", "a", 3, True), approved("4", "a", 4))
    assert takes.chosen(replace(both, approved=again)) == take("a")


def test_an_approval_of_a_take_that_is_not_here_yet_waits() -> None:
    assert takes.chosen(known(takes=(take("a"),), approved=(approved("1", "lost", 1),))) is None


def test_fed_is_the_approved_take_with_its_version() -> None:
    ones = known(
        versions=(version("v1", 1), version("v2", 2, ["v1"])),
        takes=(take("a", "v1"), take("b", "v2")),
        approved=(approved("1", "a", 1),),
    )
    assert takes.fed(ones) == (version("v1", 1), take("a", "v1"), False)
    assert takes.fed_key(ones) == "key-v1"


def test_with_none_approved_the_newest_take_of_the_current_version_is_fed_provisionally() -> None:
    ones = known(
        versions=(version("v1", 1),),
        takes=(take("a", "v1", time=at(1)), take("b", "v1", time=at(2)), take("c", "v0", time=at(3))),
    )
    assert takes.fed(ones) == (version("v1", 1), take("b", "v1", time=at(2)), True)
    assert takes.fed_key(ones) == "key-v1"
    assert takes.fed(known(versions=(version("v1", 1),))) == (version("v1", 1), None, True)


def test_items_of_a_count_feed_only_when_approved_and_then_under_their_own_key() -> None:
    item = take("b", "v1", item=2, recipe_key=RecipeKey("key-v1-2"), time=at(2))
    ones = known(versions=(version("v1", 1),), takes=(take("a", "v1"), item))
    assert takes.fed(ones) == (version("v1", 1), take("a", "v1"), True)
    chosen = replace(ones, approved=(approved("1", "b", 1),))
    assert takes.fed(chosen) == (version("v1", 1), item, False)
    assert takes.fed_key(chosen) == "key-v1-2"


def test_without_a_version_nothing_is_fed() -> None:
    assert takes.fed(known(takes=(take("a"),), approved=(approved("1", "a", 1),))) is None
    assert takes.fed_key(known()) is None


@given(facts.assets, st.data())
def test_answers_are_the_same_for_every_order_and_repetition(one: AssetFacts, data: st.DataObject) -> None:
    again = facts.reordered(data.draw, one, facts.ASSET_LISTS)
    assert takes.chosen(one) == takes.chosen(again)
    assert takes.fed(one) == takes.fed(again)
    assert takes.fed_key(one) == takes.fed_key(again)
    assert takes.newest(one.takes) == takes.newest(again.takes)
    for each in takes.known(one.takes).values():
        assert takes.take_label(each, one.takes) == takes.take_label(each, again.takes)
        assert takes.grade(each, one) == takes.grade(each, again)


# --- classes ------------------------------------------------------------------------------------------------------


def test_without_a_proof_it_is_unproved() -> None:
    graded = takes.grade(take("a"), known(takes=(take("a"),)))
    assert graded.grade is Grade.UNPROVED
    assert "no proof" in graded.reason


@pytest.mark.parametrize(
    ("grade", "words"),
    [(Grade.R0, "identical pixels"), (Grade.R1, "60.0 dB"), (Grade.R2, "other pixels, 20.0 dB")],
)
def test_the_proof_says_the_class(grade: Grade, words: str) -> None:
    graded = takes.grade(take("a"), known(takes=(take("a"),), struck=(struck("1", "a", grade),)))
    assert graded.grade is grade
    assert words in graded.reason
    assert "an equal machine" in graded.reason


def test_the_best_proof_counts_and_says_where() -> None:
    proofs = (
        struck("1", "a", Grade.R2),
        struck("2", "a", Grade.R0, profile="there"),
        struck("3", "b", Grade.R1),
    )
    graded = takes.grade(take("a"), known(takes=(take("a"),), struck=proofs))
    assert graded.grade is Grade.R0
    assert "different machine" in graded.reason


def test_a_proof_that_its_own_numbers_belie_counts_for_less() -> None:
    one = take("a")
    assert takes.outcome(struck("1", "a", Grade.R0, pixels=PixelDigest("other")), one) is Grade.R2
    assert takes.outcome(struck("1", "a", Grade.R1, psnr_db=44.9), one) is Grade.R2
    assert takes.outcome(struck("1", "a", Grade.R1, ssim=math.nan), one) is Grade.R2
    assert takes.outcome(struck("1", "a", Grade.R2, pixels=one.pixels), one) is Grade.R2
    assert takes.outcome(struck("1", "a", Grade.R3), one) is Grade.UNPROVED
    bare = takes.grade(one, known(struck=(struck("1", "a", Grade.R2, psnr_db=None),)))
    assert "no original" in bare.reason


def test_what_proves_one_take_proves_another_of_the_same_recipe_and_pixels() -> None:
    twin = take("b", pixels=PixelDigest("pixels-a"))
    ones = known(takes=(take("a"), twin, take("c")), struck=(struck("1", "a", Grade.R0),))
    assert takes.grade(twin, ones).grade is Grade.R0
    assert takes.grade(take("c"), ones).grade is Grade.UNPROVED


def test_what_is_missing_makes_it_r3_whatever_was_proved() -> None:
    ones = known(struck=(struck("1", "a", Grade.R0),))
    graded = takes.grade(take("a"), ones, missing=["model starter-v1"])
    assert graded.grade is Grade.R3
    assert "model starter-v1" in graded.reason
    assert takes.grade(take("a", imported=True), ones).grade is Grade.R3


@given(facts.assets, facts.proofs)
def test_another_proof_never_lowers_the_class(one: AssetFacts, proof: Any) -> None:
    more = replace(one, struck=(*(s for s in one.struck if s.id != proof.id), proof))
    less = replace(one, struck=more.struck[:-1])
    order = [Grade.R0, Grade.R1, Grade.R2, Grade.UNPROVED, Grade.R3]
    for each in takes.known(one.takes).values():
        assert order.index(takes.grade(each, more).grade) <= order.index(takes.grade(each, less).grade)
