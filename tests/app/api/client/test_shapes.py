"""Answers as values, also those of a server that knows more or less."""

from __future__ import annotations

import dataclasses

import pytest

from app.api.client import shapes
from app.api.client.problem import Problem
from app.api.client.shapes import Asset, Job, Link, Proof, Take, shaped


def test_unknown_keys_are_left_out_and_missing_ones_have_defaults() -> None:
    found = shaped(
        Asset, {"id": "a", "name": "MARA", "tomorrow": 1, "inputs": [{"asset": "b", "role": "style"}]}
    )
    assert (found.name, found.version, found.inputs) == ("MARA", 0, (Link("b", "style"),))
    assert found.takes == ()


def test_the_class_of_a_take_is_its_grade() -> None:
    found = shaped(Take, {"id": "t", "class": "R0", "proofs": [{"class": "R1"}], "present": ["here"]})
    assert (found.grade, found.proofs, found.present) == ("R0", (Proof(grade="R1"),), ("here",))


@pytest.mark.parametrize("value", [None, [], "x", {}])
def test_what_is_none_of_it_is_a_problem(value: object) -> None:
    with pytest.raises(Problem, match="Job"):
        shaped(Job, value)


@pytest.mark.parametrize(("state", "ended"), [("running", False), ("failed", True), ("cancelled", True)])
def test_jobs_that_ended(state: str, ended: bool) -> None:
    assert Job("j", state=state).ended is ended


def test_all_shapes_are_frozen() -> None:
    found = [one for one in vars(shapes).values() if dataclasses.is_dataclass(one) and isinstance(one, type)]
    assert len(found) > 12
    assert all(one.__dataclass_params__.frozen for one in found)  # type: ignore[attr-defined]
