"""The parts that answers are made of."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from app.api.schemas.values import Open, Shape, Written, always, maybe


class Example(Shape):
    """An object."""

    there: int = always("Always.")
    sometimes: str = maybe("Sometimes.")


def test_a_key_that_is_not_always_there_is_neither_required_nor_null() -> None:
    schema = Example.model_json_schema(mode="serialization")
    assert schema["required"] == ["there"]
    assert schema["additionalProperties"] is False
    assert schema["properties"]["sometimes"] == {
        "description": "Sometimes.",
        "title": "Sometimes",
        "type": "string",
    }


def test_closed_objects_know_their_keys_and_open_ones_take_more() -> None:
    with pytest.raises(ValidationError):
        Example.model_validate({"there": 1, "else": 2})
    assert Open.model_validate({"else": 2}).model_dump() == {"else": 2}
    assert Written.model_json_schema()["properties"]["base64"]["contentEncoding"] == "base64"
