"""Schemathesis finds nothing in the API of a program that serves a film."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.app import studios
from tests.app.api.served import Served, served
from tests.journeys.fuzzing import LEFT_OUT, Fuzzed, fuzz


async def fuzzed(one: Served, *, examples: int, coverage: bool) -> Fuzzed:
    """Try the whole API of a film with a place, a shot, their takes and a job that waits."""
    studio = one.studio
    await studios.add(studio, "environment", "BAY", "prompt=sea", "seed=1")
    await studios.add(studio, "shot", "SH010", inputs=["BAY:environment"], scene="SC-01")
    studios.ask(studio)
    await studios.work(studio)
    await studios.change(studio, "BAY", "prompt=storm")
    jobs: list[str] = [asked.job for asked in studios.ask(studio, "BAY")]
    takes: list[str] = [row.take.id for row in studio.project.index.takes()]
    known: dict[str, list[str]] = {
        "name": ["BAY", "SH010"],
        "asset": ["BAY", *takes],
        "take": ["SH010", *takes],
        "job": jobs,
        "sha256": [row.take.sha256 for row in studio.project.index.takes()],
        "version": ["v01", "v02", "starter-v1", "starter-v2", "prompt=v01", "prompt=fog"],
    }
    return await asyncio.to_thread(
        fuzz, one.desk.url, one.token, studio.project.id, known, examples=examples, coverage=coverage
    )


@pytest.mark.slow
async def test_nothing_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "app.api.gate.FAILURES_A_MINUTE", 1_000_000
    )  # requests without a token are part of it
    async with served(tmp_path / "film") as one:
        found = await fuzzed(one, examples=5, coverage=True)
        described = (await one.get("/openapi.json"))["paths"]
    assert not found.failures, f"{len(found.failures)} of {found.cases}:\n" + "\n\n".join(found.failures)
    operations = sum(len(methods) for methods in described.values())
    assert len(found.operations) == operations - len(LEFT_OUT)
    assert found.cases > 30 * len(found.operations)
    assert {200, 201, 202, 401, 404, 422} <= set(found.statuses)
