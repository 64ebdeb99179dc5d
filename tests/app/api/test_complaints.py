"""Pydantic's complaints in the words of the contract: the field, and what is allowed."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from app.api import complaints
from app.api.complaints import BadFields
from app.api.faults import BadJson, UnsupportedMediaType


class Wish(BaseModel):
    """A body."""

    model_config = ConfigDict(extra="forbid")
    steps: int = Field(ge=1, le=1000)
    tiers: list[str] = []


def of(value: Any) -> BadFields:
    with pytest.raises(ValidationError) as caught:
        Wish.model_validate(value)
    errors = [{**one, "loc": ("body", *one["loc"])} for one in caught.value.errors()]
    found = complaints.of(errors, content_type="application/json")
    assert isinstance(found, BadFields)
    return found


@pytest.mark.parametrize(
    ("value", "field", "message"),
    [
        ({}, "steps", "steps is missing"),
        ({"steps": 0}, "steps", "steps cannot be 0; allowed: greater than or equal to 1"),
        (
            {"steps": "x"},
            "steps",
            "steps cannot be 'x'; allowed: a valid integer, unable to parse string as an integer",
        ),
        ({"steps": 1, "seps": 2}, "seps", "there is no field seps"),
        ({"steps": 1, "tiers": ["a", 2]}, "tiers.1", "tiers.1 cannot be 2; allowed: a valid string"),
        ([], "body", "body cannot be []; allowed: a valid dictionary or instance of Wish"),
    ],
)
def test_a_sentence_names_the_field_and_what_is_allowed(value: Any, field: str, message: str) -> None:
    fault = of(value)
    assert (fault.field, fault.message, fault.code) == (field, message, "bad_field")


def test_all_of_them_are_listed() -> None:
    fault = of({"steps": 0, "odd": 1})
    assert [one.field for one in fault.complaints] == ["steps", "odd"]
    assert fault.value == 0
    assert fault.allowed == "greater than or equal to 1"


def test_a_body_that_is_no_json() -> None:
    error = {
        "type": "json_invalid",
        "loc": ("body", 1),
        "msg": "JSON decode error",
        "ctx": {"error": "Expecting value"},
    }
    fault = complaints.of([error], content_type="application/json")
    assert isinstance(fault, BadJson)
    assert fault.message == "the body is not JSON: Expecting value"


@pytest.mark.parametrize(("kind", "said"), [("text/plain", "of the type text/plain"), ("", "without a type")])
def test_a_body_of_another_kind(kind: str, said: str) -> None:
    error = {
        "type": "model_attributes_type",
        "loc": ("body",),
        "msg": "Input should be a dictionary",
        "input": b"x",
    }
    fault = complaints.of([error], content_type=kind)
    assert isinstance(fault, UnsupportedMediaType)
    assert said in fault.message
    for json in ("application/json; charset=utf-8", "application/merge-patch+json"):
        assert isinstance(complaints.of([error], content_type=json), BadFields)
