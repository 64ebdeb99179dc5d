"""What an answer holds when something went wrong."""

from __future__ import annotations

from pathlib import Path

from app.api import problems
from app.api.complaints import of
from app.api.schemas.problem import EXAMPLES, Problem
from engine.faults import BadField, NotFound
from tests.app.api.schemas.wire import check


def test_problems_are_what_their_model_says() -> None:
    for fault in (
        NotFound("there is no asset MARRA", "did you mean MARA?"),
        BadField("steps", 0, "1 to 1000"),
        of([{"type": "missing", "loc": ("body", "name"), "msg": "Field required", "input": {}}]),
    ):
        check(Problem, problems.problem(fault, instance="/api/v1/projects", paths=(Path("/film"),)))


def test_examples_are_what_the_program_says() -> None:
    for status, one in EXAMPLES.items():
        check(Problem, one)
        known, title = problems.PROBLEMS[one["code"]]
        assert one["title"] == title
        assert status in (str(known), "5XX")
