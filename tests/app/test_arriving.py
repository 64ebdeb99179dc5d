"""Saying how far a film is, while real sessions bring it over a link in memory."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from app.arriving import Arriving, synced
from app.commands.table import Report, Said
from app.company import Company, together
from app.place import Place
from app.ways import Ways
from engine.faults import NotFound
from sync import identity
from sync.project import Project
from tests.app.studios import film
from tests.sync.company import Ether, session
from tests.sync.films import Film, populate
from tests.sync.stage import Desk


def noting(said: list[str]) -> Report:
    def report(one: object) -> None:
        assert isinstance(one, Said)
        said.append(one.sentence)

    return report


async def test_names_are_told_first_and_then_how_much_is_proved(tmp_path: Path) -> None:
    desk, laptop = Desk.under(tmp_path, "desk"), Desk.under(tmp_path, "laptop")
    key = identity.load_or_create(laptop.home).public
    said: list[str] = []
    async with desk.started() as here, film(tmp_path / "other") as studio:
        here.admit(key)
        here.export(tmp_path / "all", since={name: 10**6 for name in here.have()})
        here.commit(lambda edit: populate(edit, Film.seeded(), ["A", "B", "C"]))
        async with laptop.join(tmp_path / "all") as there:
            company = Company(studio, Place(tmp_path, studio.home), True, Ways())
            arriving = Arriving(company, noting(said), time.monotonic() - 60)
            await _fetched(there, here, company, arriving)
    assert any(one.startswith("3 names are there after 60.") for one in said)


async def _fetched(there: Project, here: Project, company: Company, arriving: Arriving) -> None:
    ether = Ether()
    async with session(ether, there, "0") as newcomer, session(ether, here, "1"):
        company.session = newcomer
        with newcomer.subscribe(company._announce):
            await synced(there, company, 10.0, arriving)
        assert newcomer.progress()[0] == newcomer.progress()[1] > 0
        assert newcomer.overview.open == 0
        assert there.index.assets() == here.index.assets()


async def test_what_does_not_come_is_said(tmp_path: Path) -> None:
    place = Place(tmp_path, tmp_path / "home")
    async with film(tmp_path / "film") as studio, together(studio, place, lan=False) as company:
        arriving = Arriving(company, noting([]), time.monotonic())
        with pytest.raises(NotFound, match="did not come"):
            await synced(studio.project, company, 0.01, arriving)
