"""The whole state in parts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.api import whole
from app.api.whole import ONE_PART, PART, Whole, divided
from app.commands.assets import asset_remove
from app.studio import Studio
from sync.records import AssetId
from tests.app.studios import add, ask, film


async def parts_of(
    studio: Studio, before: Callable[[], object] = lambda: None
) -> tuple[list[int], list[dict[str, Any]]]:
    """The numbers asked for, and all parts of the whole state."""
    numbers: list[int] = []

    def reserve(count: int) -> range:
        before()
        numbers.append(count)
        return range(count)

    found = [one async for one in Whole(studio).parts(lambda: {"paused": False, "sessions": []}, reserve)]
    return numbers, found


async def test_the_whole_state_of_an_empty_film_has_one_part(tmp_path: Path) -> None:
    async with film(tmp_path / "film") as studio:
        numbers, [part] = await parts_of(studio)
        assert numbers == [1]
        assert (part["project"], part["name"], part["assets"], part["jobs"]) == (
            studio.project.id, "A test film", [], [],
        )  # fmt: skip
        assert part["version"] == studio.project.version


async def test_the_whole_state_comes_in_parts_of_bounded_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(whole, "ONE_PART", 6000)
    monkeypatch.setattr(whole, "PART", 6000)
    monkeypatch.setattr(whole, "MOST_JOBS", 2)
    async with film(tmp_path / "film") as studio:
        for number in range(5):
            await add(studio, "prop", f"LAMP{number}", f"seed={number}", f"prompt={'lamp ' * 100}")
        asked = ask(studio)
        [number], parts = await parts_of(studio)
        assert number == len(parts) > 2
        assert {one["name"] for part in parts for one in part["assets"]} == {f"LAMP{n}" for n in range(5)}
        assert {one["id"] for part in parts for one in part["jobs"]} == {one.job for one in asked}
        assert all(len(part["jobs"]) <= 2 for part in parts)


async def test_what_comes_and_goes_while_it_is_worked_out_is_not_missed(tmp_path: Path) -> None:
    async with film(tmp_path / "film") as studio:
        for number in range(3):
            await add(studio, "prop", f"LAMP{number}")
        state = Whole(studio)
        dividing = state._divide().__await__()
        next(dividing)  # it has read what there was, and lets others have a turn
        await asset_remove(studio, name="LAMP0")
        await add(studio, "prop", "NEW")
        for _ in dividing:
            pass
        state._version = studio.project.version - 1  # as it was when it began
        found = [
            one["name"]
            async for part in state.parts(lambda: {"paused": False, "sessions": []}, range)
            for one in part["assets"]
        ]
        assert sorted(found) == ["LAMP1", "LAMP2", "NEW"]


@given(st.lists(st.integers(1, 200_000), max_size=60))
def test_portions_hold_everything_once_and_little_at_a_time(sizes: list[int]) -> None:
    known = [(AssetId(str(number)), size) for number, size in enumerate(sizes)]
    found = divided(known)
    assert [one for portion in found for one in portion] == [one for one, _ in known]
    if sum(sizes) <= ONE_PART:
        assert len(found) <= 1
    else:
        by_id = dict(known)
        assert all(len(one) == 1 or sum(by_id[each] for each in one) <= PART for one in found)
