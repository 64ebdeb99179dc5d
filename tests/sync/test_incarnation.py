"""Which log a device goes on with."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.sync.stage import Desk, add_asset


@pytest.fixture
async def desk(tmp_path: Path) -> Desk:
    found = Desk.under(tmp_path)
    async with found.started("MARA"):
        pass
    return found


async def logs(desk: Desk) -> int:
    """How many logs there are after one more commit."""
    async with desk.open() as project:
        add_asset(project, f"A{project.index.asset_count()}")
        assert project.verify() == []
        return len(project.have())


async def test_a_restart_goes_on_with_the_same_log(desk: Desk) -> None:
    assert [await logs(desk) for _ in range(3)] == [1, 1, 1]


async def test_after_a_crash_the_note_is_behind_and_the_log_goes_on(desk: Desk) -> None:
    note = next((desk.home / "logs").iterdir())
    before = note.read_text()
    await logs(desk)
    note.write_text(before)
    assert await logs(desk) == 1


@pytest.mark.parametrize("contents", [None, "", "junk", "1"])
async def test_without_a_note_it_begins_a_fresh_one(desk: Desk, contents: str | None) -> None:
    note = next((desk.home / "logs").iterdir())
    note.unlink() if contents is None else note.write_text(contents)
    assert await logs(desk) == 2
    assert await logs(desk) == 2


async def test_a_copy_of_the_folder_and_the_original_write_apart(desk: Desk, tmp_path: Path) -> None:
    copy = Desk(desk.home, tmp_path / "copy")
    shutil.copytree(desk.folder, copy.folder)
    assert await logs(copy) == 2
    assert await logs(desk) == 1
    async with copy.open() as one, desk.open() as two:
        two.export(tmp_path / "x")
        merged = one.merge(tmp_path / "x")
        assert (merged.bundles, merged.faults) == (1, ())
        assert one.verify() == []


async def test_a_folder_that_was_moved_goes_on(desk: Desk, tmp_path: Path) -> None:
    moved = Desk(desk.home, tmp_path / "moved")
    desk.folder.rename(moved.folder)
    assert await logs(moved) == 1
