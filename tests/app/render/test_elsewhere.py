"""Pictures that somebody else has: they come instead of being rendered again, and prove nothing."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from app import film as places
from app.commands.storage import storage_fetch
from app.commands.table import News
from app.commands.takes import take_export
from app.render import elsewhere
from app.studio import Studio
from engine.recipe import FileDigest
from tests.app.studios import add, ask, film, takes_of, work


def silent(news: News) -> None:
    """Nobody listens."""


class Team:
    """Somebody who has these bytes; what was asked for is kept."""

    def __init__(self, studio: Studio, has: Mapping[FileDigest, bytes]) -> None:
        self.studio = studio
        self.has = has
        self.asked: list[FileDigest] = []

    async def __call__(self, digest: FileDigest) -> bool:
        self.asked.append(digest)
        if digest not in self.has:
            return False
        return self.studio.blobs.put(self.has[digest]) == digest


async def dropped(studio: Studio) -> Team:
    """A film of one rendered picture that is gone here, and a team that has it."""
    await add(studio, "prop", "LAMP", "prompt=a tower", "seed=1")
    ask(studio)
    await work(studio)
    [take] = takes_of(studio, "LAMP")
    has = {take.sha256: studio.blobs.get(take.sha256)}
    studio.blobs.delete(take.sha256)
    places.inside(studio.project.folder, take.file).unlink()
    studio.elsewhere = team = Team(studio, has)
    return team


async def test_a_picture_is_fetched_and_no_proof_is_recorded(tmp_path: Path) -> None:
    async with film(tmp_path / "film") as studio:
        team = await dropped(studio)
        fetched = await storage_fetch(studio, silent, names=["LAMP"])
        [take] = takes_of(studio, "LAMP")
        assert team.asked == [take.sha256]
        assert fetched["message"] == "1 of 1 back with the pixels they had."
        assert fetched["takes"][0]["how"] == elsewhere.FETCHED
        assert fetched["takes"][0]["came_back"] == "unproved"
        assert places.inside(studio.project.folder, take.file).read_bytes() == team.has[take.sha256]
        assert studio.project.asset(studio.project.index.takes()[0].asset).struck == ()


async def test_exporting_asks_before_rendering(tmp_path: Path) -> None:
    async with film(tmp_path / "film") as studio:
        team = await dropped(studio)
        await take_export(studio, silent, take="LAMP", file=tmp_path / "lamp.png")
        assert (tmp_path / "lamp.png").read_bytes() in team.has.values()
        assert studio.project.asset(studio.project.index.takes()[0].asset).struck == ()


@pytest.mark.parametrize("nobody", [True, False])
async def test_what_nobody_has_is_rendered_again(tmp_path: Path, nobody: bool) -> None:
    async with film(tmp_path / "film") as studio:
        team = await dropped(studio)
        team.has = {}
        if nobody:
            studio.elsewhere = None
        back = await storage_fetch(studio, silent, names=["LAMP"])
        assert back["takes"][0]["identical"]
        assert back["takes"][0]["came_back"] == "R0"
        assert bool(team.asked) != nobody


async def test_inputs_that_are_gone_are_fetched_before_the_strike(tmp_path: Path) -> None:
    async with film(tmp_path / "film") as studio:
        team = await dropped(studio)
        await add(
            studio, "shot", "SH010", "prompt=a tower at night", "seed=2", inputs=["LAMP:image"], scene="SC01"
        )
        ask(studio, "SH010")
        await work(studio)
        [lamp] = takes_of(studio, "LAMP")
        assert lamp.sha256 in team.asked
        assert studio.project.asset(studio.project.index.find_asset("LAMP").id).struck == ()  # type: ignore[union-attr]
        assert len(takes_of(studio, "SH010")) == 1


async def test_a_word_alone_is_not_believed(tmp_path: Path) -> None:
    async with film(tmp_path / "film") as studio:
        await dropped(studio)

        async def lies(digest: FileDigest) -> bool:
            return True

        studio.elsewhere = lies
        [take] = takes_of(studio, "LAMP")
        assert await elsewhere.fetched(studio, [take.sha256]) is None
