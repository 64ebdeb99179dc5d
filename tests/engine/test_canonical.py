from __future__ import annotations

import json
import math
from typing import Any

import pytest
import rfc8785
from hypothesis import given

from engine import canonical
from engine.faults import BadField
from tests.engine.strategies import JSON, decomposed, floats, shuffled, with_nulls


@given(JSON)
def test_one_value_has_one_writing_however_it_is_given(value: Any) -> None:
    plain = canonical.plain("x", value)
    written = rfc8785.dumps(plain)
    for other in (shuffled(plain), floats(plain), decomposed(plain), with_nulls(plain), json.loads(written)):
        assert rfc8785.dumps(canonical.plain("x", other)) == written


@pytest.mark.parametrize(
    "value",
    [
        math.nan,
        math.inf,
        -math.inf,
        2**53,
        -(2**53),
        2.0**60,
        b"raw",
        {1, 2},
        object(),
        "\ud800",
        {"a": {3: 4}},
    ],
)
def test_what_json_lacks_is_refused_by_name(value: object) -> None:
    with pytest.raises(BadField, match="config"):
        canonical.plain("config", {"a": [value]})


def test_a_wrong_value_is_named_by_its_place() -> None:
    with pytest.raises(BadField) as caught:
        canonical.mapping("scheduler.config", {"betas": [0.1, math.nan]})
    assert caught.value.field == "scheduler.config.betas[1]"


def test_names_that_are_one_in_nfc_are_refused() -> None:
    with pytest.raises(BadField, match="accents"):
        canonical.mapping("config", {"caf\u00e9": 1, "cafe\u0301": 2})


def test_deep_nesting_is_refused_and_does_not_end_in_a_recursion() -> None:
    value: Any = 1
    for _ in range(900):
        value = [value]
    with pytest.raises(BadField, match="deep"):
        canonical.plain("config", value)


@pytest.mark.parametrize(("value", "read"), [(7, 7), (7.0, 7), (-0.0, 0)])
def test_integers_are_read(value: object, read: int) -> None:
    found = canonical.integer("steps", value, 0, 10)
    assert (found, type(found)) == (read, int)


@pytest.mark.parametrize("value", [None, True, "7", 7.5, math.nan, math.inf, 11, -1, 1e300, [], {}, b"7"])
def test_what_is_no_integer_in_range_is_refused(value: object) -> None:
    with pytest.raises(BadField, match="steps"):
        canonical.integer("steps", value, 0, 10)


@pytest.mark.parametrize("value", [None, False, "0.5", math.nan, math.inf, 1.01, -0.01, 2**70, [], {}])
def test_what_is_no_number_in_range_is_refused(value: object) -> None:
    with pytest.raises(BadField, match="strength"):
        canonical.number("strength", value, 0, 1)


def test_minus_zero_is_zero() -> None:
    assert math.copysign(1, canonical.number("x", -0.0)) == 1


def test_text_is_composed_and_words_are_not_empty() -> None:
    assert canonical.text("prompt", "cafe\u0301") == "caf\u00e9"
    with pytest.raises(BadField, match="not empty"):
        canonical.word("name", "")
