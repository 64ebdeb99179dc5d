"""Who is here, and joining: as commands, without others."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from app.commands.peers import join, peers
from app.company import together
from app.place import Place
from engine.faults import Conflict, Refused, WrongUse
from sync.project import Project
from sync.tickets import BadTicket, Ticket, expiry
from tests.app.studios import film


async def test_nobody_is_here_while_nobody_has_it_open(tmp_path: Path) -> None:
    async with film(tmp_path / "film") as studio:
        assert await peers(studio) == {"peers": [], "reasons": [], "checks": []}
        with pytest.raises(Refused, match="not open"):
            await peers(studio, why="Mara")
        async with together(studio, Place(tmp_path, studio.home), lan=False):
            assert (await peers(studio))["peers"] == []
            assert [one["code"] for one in (await peers(studio, why="owner"))["reasons"]] == ["no_lan"]


async def test_folders_and_tickets_that_cannot_be_meant(tmp_path: Path) -> None:
    async with film(tmp_path / "film") as studio:
        place, project = Place(tmp_path, studio.home), studio.project
        other = Ticket.fresh(
            type(project.id)("7a" * 32), "artist", expiry(studio.clock(), timedelta(hours=1)), place.random
        )
        (tmp_path / "file").write_text("")
        with pytest.raises(BadTicket):
            await join(place, print, ticket="restrike", folder=Path("new"))
        with pytest.raises(WrongUse, match="is a file"):
            await join(place, print, ticket=other.encode(), folder=Path("file"))
        with pytest.raises(Refused, match="lies inside"):
            await join(place, print, ticket=other.encode(), folder=Path("film/inside"))
    assert not (tmp_path / "new").exists()
    with pytest.raises(Conflict, match="another project"):
        await join(place, print, ticket=other.encode(), folder=Path("film"))
    async with Project.open(tmp_path / "film", home=place.home):
        pass
