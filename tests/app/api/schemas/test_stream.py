"""The lines of a streamed answer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from app.api.schemas.examples import STREAM
from app.api.schemas.problem import EXAMPLES
from app.api.schemas.stream import Line
from app.api.stream import lines
from app.commands.table import Outcome, Report, Said, Working
from engine.faults import NotFound
from tests.app.api.schemas.wire import check


async def perform(report: Report) -> Mapping[str, Any]:
    """Work that says something."""
    report(Said("reading …"))
    report(Working(key="a", what="MARA", stage="rendering", step=1, steps=2))
    return Outcome({"done": 1}, 1)


async def refuse(report: Report) -> Mapping[str, Any]:
    """Work that fails."""
    raise NotFound("there is no asset MARRA", "did you mean MARA?")


async def test_lines_are_what_their_model_says() -> None:
    found = [json.loads(one) async for one in lines(perform, lambda error: {})]
    found += [json.loads(one) async for one in lines(refuse, lambda error: EXAMPLES["404"])]
    assert [next(iter(one)) for one in found] == ["said", "working", "answer", "problem"]
    for one in found:
        check(Line, one)


def test_the_example_is_what_the_model_says() -> None:
    for one in STREAM.splitlines():
        check(Line, json.loads(one))
