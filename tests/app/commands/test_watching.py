"""`restrike events`, on its own and through a server that comes and goes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app import settings
from app.commands.table import Line, News, Said
from app.commands.watching import events
from app.place import Place
from engine.faults import BadField
from tests.app.api.served import served
from tests.app.commandline import Film, run
from tests.app.studios import add, film


class Heard:
    """What the command prints, and a way to wait for it."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.said: list[str] = []
        self._more = asyncio.Event()

    def __call__(self, news: News) -> None:
        if isinstance(news, Line):
            self.events.append(json.loads(news.text))
        elif isinstance(news, Said):
            self.said.append(news.sentence)
        self._more.set()

    async def until(self, wanted: Callable[[], object]) -> None:
        """Wait until that is so."""
        async with asyncio.timeout(20):
            while not wanted():
                self._more.clear()
                await self._more.wait()

    def named(self, name: str) -> list[str]:
        """The ids of the events about an asset of this name."""
        return [one["id"] for one in self.events if one["data"].get("name") == name and "kind" in one["data"]]


def test_it_prints_lines_of_json(film: Film) -> None:
    film("asset", "add", "prop", "LAMP", "prompt=a lamp")
    ran = run("events", "--count", "1", "--project", str(film.folder))
    assert (ran.status, ran.err) == (0, "")
    [line] = ran.out.splitlines()
    event = json.loads(line)
    assert event["type"] == "server:full_sync"
    assert [one["name"] for one in event["data"]["assets"]] == ["LAMP"]


def test_it_ends_after_a_while(film: Film) -> None:
    ran = run("events", "--for", "0.05", "--types", "job_changed", "--project", str(film.folder))
    assert (ran.status, ran.out, ran.err) == (0, "", "")


def test_it_refuses_what_makes_no_sense(film: Film) -> None:
    for wrong in (("--for", "-1"), ("--for", "nan"), ("--count", "0"), ("--types", "weather")):
        ran = run("events", *wrong, "--project", str(film.folder))
        assert (ran.status, ran.out) == (2, "")
    assert "asset_changed" in ran.err


async def test_without_a_server_it_watches_on_its_own(tmp_path: Path) -> None:
    async with film(tmp_path / "film") as studio:
        heard = Heard()
        async with asyncio.TaskGroup() as group:
            place = Place(tmp_path / "film", settings.home())
            watching = group.create_task(events(place, heard, types="full_sync,asset_changed", count=2))
            await heard.until(lambda: heard.events)
            await add(studio, "prop", "LAMP")
            assert await watching == {}
        assert len(heard.named("LAMP")) == 1


async def test_it_waits_for_the_server_that_went_away(tmp_path: Path) -> None:
    folder, heard = tmp_path / "film", Heard()
    async with asyncio.TaskGroup() as group:
        async with served(folder) as there:
            place = Place(folder, settings.home())
            watching = group.create_task(events(place, heard, types="full_sync,asset_changed"))
            await heard.until(lambda: heard.events)
            await add(there.studio, "prop", "LAMP")
            await heard.until(lambda: heard.named("LAMP"))
        await heard.until(lambda: heard.said)
        async with served(folder) as there:
            await heard.until(lambda: len([one for one in heard.events if "parts" in one["data"]]) == 2)
            await add(there.studio, "prop", "TOWER")
            await heard.until(lambda: heard.named("TOWER"))
            watching.cancel()
    assert heard.said == ["the server went away; waiting for it to come back"]
    again = [one for one in heard.events if "parts" in one["data"]][1]
    assert [one["name"] for one in again["data"]["assets"]] == ["LAMP"]


async def test_it_goes_on_after_an_event_of_the_server_that_still_runs(tmp_path: Path) -> None:
    async with served(tmp_path / "film") as there:
        place, heard = Place(tmp_path / "film", settings.home()), Heard()
        await events(place, heard, count=1)
        await add(there.studio, "prop", "LAMP")
        since = heard.events[-1]["id"]
        await events(place, heard, since=since, types="full_sync,asset_changed", count=1)
        assert heard.named("LAMP") == [heard.events[-1]["id"]]


async def test_a_stranger_behind_the_address_is_not_told_the_token(tmp_path: Path) -> None:
    from dataclasses import replace

    from app.api import address
    from app.api.server import Listening
    from app.commands.watching import ForeignCertificate

    folder = tmp_path / "film"
    async with served(folder, listening=Listening(host="0.0.0.0")) as there:
        heard = Heard()
        place = Place(folder, settings.home())
        await events(place, heard, count=1)
        assert heard.events[0]["type"] == "server:full_sync"
        ours = address.read(folder)
        assert ours is not None
        assert there.desk.url.startswith("https:")
        address.write(folder, replace(ours, certificate="0" * 64))
        with pytest.raises(ForeignCertificate):
            await events(place, heard, count=1)
        address.write(folder, ours)


def test_wrong_values_are_named() -> None:
    with pytest.raises(BadField) as refused:
        asyncio.run(events(Place(Path("."), Path(".")), Heard(), seconds=-1))
    assert refused.value.field == "--for"
