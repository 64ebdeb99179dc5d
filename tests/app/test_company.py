"""An open project in company: one process of a folder has the session, and tells the others what it does."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

from app import asking, onlyone
from app.company import LOCK, Company, together
from app.place import PRIVATE, Place
from app.studio import Studio
from app.ways import Ways
from engine.recipe import FileDigest
from sync import reach
from sync.blobs import budget
from sync.blobs.store import digest_of
from sync.tasks import Crew
from tests.app.studios import film


async def until(found: Callable[[], object]) -> None:
    """Look again each time that others have had their turn."""
    async with asyncio.timeout(20):
        while not found():
            await asyncio.sleep(0)


def place(studio: Studio) -> Place:
    return Place(studio.project.folder, studio.home)


async def test_the_session_begins_and_ends_with_it(tmp_path: Path) -> None:
    async with film(tmp_path / "film") as studio:
        async with together(studio, place(studio)) as company:
            assert studio.company is company
            await until(lambda: company.session is not None and company.addresses())
            assert (company.peers(), company.here(), company.count) == ([], [], 0)
            assert [step.name for step in company.steps()][-1] == "found on the network"
            assert [one.code for one in company.why(studio.project.member)] == ["self"]
            private = studio.project.folder / PRIVATE
            await until(lambda: reach.read(private).port)
        assert studio.company is None
        assert company.session is None


async def test_another_process_of_the_folder_waits_for_the_first(tmp_path: Path) -> None:
    async with film(tmp_path / "film") as studio:
        with onlyone.held(studio.project.folder / PRIVATE / LOCK) as ours:
            assert ours
            async with together(studio, place(studio)) as company:
                for _ in range(100):
                    await asyncio.sleep(0)
                assert company.session is None
                assert [one.code for one in company.why("anybody")] == ["elsewhere"]
                assert await _asked(studio)
                assert company.steps() == []


async def _asked(studio: Studio) -> bool:
    """Whether the program with the session, played here, is asked for a picture."""
    folder = studio.project.folder / PRIVATE / asking.FOLDER
    missing = digest_of(b"a picture")

    async def bring(digest: FileDigest) -> bool:
        return studio.blobs.put(b"a picture") == digest

    async with Crew() as crew:
        crew.start(asking.answer(folder, bring, rest=budget.rest))
        assert studio.elsewhere is not None
        return await studio.elsewhere(missing)


async def test_without_the_lan_nobody_is_looked_for(tmp_path: Path) -> None:
    async with film(tmp_path / "film") as studio:
        async with together(studio, place(studio), lan=False) as company:
            await until(lambda: company.session is not None)
            assert company.addresses() == ()
            assert company.session is not None
            assert company.session.networks == ()
            await company.first_pictures()
        alone = Company(studio, place(studio), lan=False, ways=Ways())
        assert [one.code for one in alone.why("anybody")] == ["no_lan"]
        assert os.listdir(studio.project.folder / PRIVATE)
