"""Answers line by line: in order, bounded, and cancelled with their reader."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import pytest

from app.api.stream import MOST_SAID, lines
from app.commands.table import Outcome, Report, Said, Working
from engine.faults import Refused


def described(error: BaseException) -> dict[str, Any]:
    """A problem of nothing but its words."""
    return {"detail": str(error)}


async def read(perform: Any) -> list[dict[str, Any]]:
    """All lines."""
    return [json.loads(line) async for line in lines(perform, described)]


async def test_what_was_said_comes_before_the_answer() -> None:
    async def perform(report: Report) -> Mapping[str, Any]:
        report(Said("one"))
        await asyncio.sleep(0)
        report(Said("two"))
        return Outcome({"a": 1}, 4)

    assert await read(perform) == [{"said": "one"}, {"said": "two"}, {"answer": {"a": 1}, "exit_status": 4}]


async def test_who_reads_slowly_gets_the_newest_step_of_each_piece() -> None:
    async def perform(report: Report) -> Mapping[str, Any]:
        for step in range(50):
            report(Working(key="a", what="a", stage="rendering", step=step, steps=50))
        report(Working(key="a", what="a", stage="done", step=50, steps=50, over=True))
        return {}

    *told, last = await read(perform)
    assert [one["working"]["step"] for one in told] == [49, 50]
    assert last["answer"] == {}


async def test_what_waits_is_bounded() -> None:
    async def perform(report: Report) -> Mapping[str, Any]:
        for number in range(3 * MOST_SAID):
            report(Said(str(number)))
        return {}

    told = await read(perform)
    assert len(told) == MOST_SAID + 1
    assert told[-2] == {"said": str(3 * MOST_SAID - 1)}


async def test_a_failure_is_the_last_line() -> None:
    async def perform(report: Report) -> Mapping[str, Any]:
        raise Refused("no", "ask")

    assert await read(perform) == [{"problem": {"detail": "no (ask)"}}]


async def test_leaving_early_cancels_the_work() -> None:
    stopped = asyncio.Event()

    async def perform(report: Report) -> Mapping[str, Any]:
        report(Said("begun"))
        try:
            await asyncio.Event().wait()
        finally:
            stopped.set()
        return {}

    stream = lines(perform, described)
    assert json.loads(await anext(stream)) == {"said": "begun"}
    with pytest.raises((asyncio.CancelledError, StopAsyncIteration, GeneratorExit, BaseExceptionGroup)):
        await stream.athrow(asyncio.CancelledError())
    assert stopped.is_set()
