"""Wishes between programs of one folder: taken up, ended, or left where nobody is."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from app import asking, onlyone
from engine.faults import NoSpace
from engine.recipe import FileDigest
from sync.tasks import Crew
from tests.app.studios import Clock, film

ONE, OTHER = FileDigest("1" * 64), FileDigest("2" * 64)


async def rest(seconds: float) -> None:
    """Let the others have a turn."""
    await asyncio.sleep(0)


def asked(folder: Path, digest: FileDigest, whose: str = "me") -> Awaitable[None]:
    return asking.ask(folder, digest, whose, over=lambda: False, rest=rest)


def noting(seen: list[FileDigest]) -> Callable[[FileDigest], Awaitable[bool]]:
    async def bring(digest: FileDigest) -> bool:
        seen.append(digest)
        await asyncio.sleep(0)
        return True

    return bring


async def test_wishes_are_taken_up_and_end(tmp_path: Path) -> None:
    seen: list[FileDigest] = []
    folder = tmp_path / asking.FOLDER
    async with Crew() as crew, asyncio.timeout(10):
        crew.start(asking.answer(folder, noting(seen), rest=rest))
        await asyncio.gather(asked(folder, ONE), asked(folder, OTHER), asked(folder, ONE, "another"))
    assert sorted(seen) == [ONE, ONE, OTHER]
    assert list(folder.iterdir()) == []


async def test_where_nobody_is_a_wish_is_given_up(tmp_path: Path) -> None:
    clock = Clock()
    folder = tmp_path / asking.FOLDER
    await asking.ask(folder, ONE, "me", over=lambda: False, rest=clock.rest)
    assert asking.TAKEN_UP <= sum(clock.rests) <= asking.TAKEN_UP + 2 * asking.LOOK
    assert list(folder.iterdir()) == []
    clock.rests.clear()
    await asking.ask(folder, ONE, "me", over=lambda: True, rest=clock.rest)
    assert clock.rests == []


async def test_what_cannot_be_fetched_ends_too_and_the_dead_leave_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / asking.FOLDER
    folder.mkdir()
    (folder / f"{OTHER}-dead.busy").touch()

    async def full(digest: FileDigest) -> bool:
        raise NoSpace("the disk is full", "make room")

    async with Crew() as crew, asyncio.timeout(10):
        crew.start(asking.answer(folder, full, rest=rest))
        await asked(folder, ONE)
    assert "the disk is full" in caplog.text
    assert list(folder.iterdir()) == []


async def test_without_a_program_in_company_nobody_is_asked(tmp_path: Path) -> None:
    clock = Clock()
    async with film(tmp_path / "film") as studio:
        lock = tmp_path / "session.lock"
        elsewhere = asking.through(studio, lock, over=lambda: False, rest=clock.rest)
        assert not await elsewhere(ONE)
        assert clock.rests == []
        with onlyone.held(lock) as ours:
            assert ours
            assert not await elsewhere(ONE)
            assert sum(clock.rests) >= asking.TAKEN_UP
            digest = studio.blobs.put(b"a picture")
            clock.rests.clear()
            assert await asking.through(studio, lock, over=lambda: True, rest=clock.rest)(digest)
            assert clock.rests == []
