"""The reasons for which two devices part."""

from __future__ import annotations

from sync.refusals import HOSTILE, REFUSALS, said


def test_every_reason_has_a_sentence_and_a_way_out() -> None:
    assert len(REFUSALS) >= 20
    assert all(one.sentence and one.fix and one.code == code for code, one in REFUSALS.items())
    assert len({one.sentence for one in REFUSALS.values()}) == len(REFUSALS)


def test_what_the_other_side_says_is_kept_even_when_nobody_knows_it() -> None:
    assert (said("leaving").theirs, said("leaving").sentence) == (True, REFUSALS["leaving"].sentence)
    assert (said("of_tomorrow").theirs, said("of_tomorrow").code) == (True, "of_tomorrow")


def test_only_what_no_honest_device_does_is_hostile() -> None:
    assert REFUSALS.keys() >= HOSTILE
    assert REFUSALS["bad_bundle"].with_detail("x").hostile
    assert not REFUSALS["silent"].hostile
