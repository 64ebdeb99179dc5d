"""What the hub tells: changes of this process and of others, work in progress, and who is there."""

from __future__ import annotations

import asyncio
import errno
import json
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from app import events
from app.api.channel import Listener
from app.api.hub import Hub
from app.commands.jobs import jobs_pause
from app.commands.table import Line, Said, Working
from app.render import queue
from app.render.doing import Doing, Notice
from app.studio import Studio
from engine.faults import Refused
from sync.identity import utc_now
from tests.app.studios import Clock, add, ask, change, film, takes_of, work

Event = dict[str, Any]


@asynccontextmanager
async def listening(studio: Studio) -> AsyncIterator[tuple[Hub, Listener]]:
    """A hub and somebody who has heard the whole state."""
    async with Hub.open(studio, utc_now, os.urandom) as hub, hub.connect(None) as listener:
        assert json.loads(await anext(listener))["type"] == events.FULL_SYNC
        yield hub, listener


async def until(listener: Listener, wanted: Callable[[Event], bool]) -> list[Event]:
    """The events up to the first that is wanted."""
    found: list[Event] = []
    async with asyncio.timeout(20):
        while not found or not wanted(found[-1]):
            found.append(json.loads(await anext(listener)))
    return found


def about(kind: str, subject: str | None = None) -> Callable[[Event], bool]:
    """Whether an event is of this type, and about that."""
    return lambda one: one["type"] == kind and subject in (None, one.get("subject"))


async def test_a_new_asset_of_another_process_is_told(tmp_path: Path) -> None:
    async with (
        film(tmp_path / "film") as studio,
        film(tmp_path / "film") as other,
        listening(studio) as (
            hub,
            listener,
        ),
    ):
        lamp = await add(other, "prop", "LAMP", "prompt=a lamp")
        [*_, event] = await until(listener, about(events.ASSET_CHANGED))
        assert list(event) == ["type", "id", "time", "seq", "subject", "data"]
        assert event["id"] == f"{hub.epoch}.{event['seq']}"
        assert event["time"].endswith("Z")
        assert event["data"]["id"] == event["subject"] == lamp
        assert (event["data"]["name"], event["data"]["change"]) == ("LAMP", ["asset", "versions"])
        assert hub.listeners == 1


async def test_a_render_is_told_from_wish_to_take(tmp_path: Path) -> None:
    async with film(tmp_path / "film") as studio, listening(studio) as (_, listener):
        lamp = await add(studio, "prop", "LAMP")
        [asked] = ask(studio)
        await until(listener, about(events.JOB_CHANGED, asked.job))
        await work(studio)
        seen = await until(listener, about(events.STORAGE_UPDATED, lamp))
        [take] = takes_of(studio, "LAMP")
        [done] = [one for one in seen if one["type"] == events.COMPLETE]
        assert (done["data"]["job"], done["data"]["asset"], done["data"]["state"]) == (
            asked.job, lamp, "finished",
        )  # fmt: skip
        assert [one["id"] for one in done["data"]["takes"]] == [take.id]
        assert "file" not in done["data"]["takes"][0]
        job = [one for one in seen if one["type"] == events.JOB_CHANGED][-1]["data"]
        assert (job["state"], job["take"]) == ("finished", take.id)
        stored = seen[-1]["data"]
        assert (stored["assets"], stored["count"]) == ([lamp], len(list(studio.blobs.digests())))


async def test_a_job_that_was_called_off_has_ended_once(tmp_path: Path) -> None:
    async with film(tmp_path / "film") as studio, listening(studio) as (_, listener):
        await add(studio, "prop", "LAMP")
        [asked] = ask(studio)
        queue.call_off(studio, asked.job)
        queue.call_off(studio, asked.job)
        await jobs_pause(studio)
        seen = await until(listener, about(events.COMPLETE))
        [done] = [one for one in seen if one["type"] == events.COMPLETE]
        assert (done["data"]["state"], done["data"]["takes"]) == ("cancelled", [])


async def test_what_became_outdated_is_told_too(tmp_path: Path) -> None:
    async with film(tmp_path / "film") as studio, listening(studio) as (_, listener):
        await add(studio, "style", "LOOK", "prompt=oil")
        lamp = await add(studio, "prop", "LAMP", inputs=["LOOK:style"])
        ask(studio)
        await work(studio)
        await until(listener, about(events.STORAGE_UPDATED, lamp))
        await change(studio, "LOOK", "prompt=chalk")
        [*_, event] = await until(listener, about(events.ASSET_CHANGED, lamp))
        assert event["data"]["stale"] is True
        assert "stale" in event["data"]["change"]


async def test_another_model_is_told(tmp_path: Path) -> None:
    async with film(tmp_path / "film") as studio, listening(studio) as (_, listener):
        lamp = await add(studio, "prop", "LAMP")
        old = studio.project.asset(lamp).versions[0].parameters["model"]
        new = next(one.digest for one in studio.models.bundled() if one.digest != old)
        await change(studio, "LAMP", f"model={new}")
        [*_, event] = await until(listener, about(events.MIGRATED))
        data = event["data"]
        assert (data["asset"], data["from_model"], data["to_model"], data["version"]) == (lamp, old, new, 2)


async def test_work_of_another_process_is_told_with_its_preview(tmp_path: Path) -> None:
    async with (
        film(tmp_path / "film") as studio,
        film(tmp_path / "film") as other,
        listening(studio) as (
            _,
            listener,
        ),
    ):
        await add(other, "prop", "LAMP")
        [asked] = ask(other)
        notice = Notice(other, Clock())
        notice.show(Doing(asked.job, "rendering", 1, 4, 9.0), b"webp")
        [*_, event] = await until(listener, about(events.PROGRESS))
        assert event["subject"] == event["data"]["job"] == asked.job
        assert event["data"]["preview"].startswith("data:image/webp;base64,")
        [*_, event] = await until(listener, lambda one: about(events.PRESENCE)(one) and bool(rendering(one)))
        assert rendering(event) == [other.project.session]
        notice.clear()
        await until(listener, lambda one: about(events.PRESENCE)(one) and not rendering(one))


def rendering(event: Event) -> list[str]:
    """The sessions that render."""
    return [one["id"] for one in event["data"]["sessions"] if one["state"] == "rendering"]


async def test_work_that_is_no_job_is_told_too(tmp_path: Path) -> None:
    async with film(tmp_path / "film") as studio, listening(studio) as (hub, listener):
        hub.working(Said("a sentence"))
        hub.working(Line("a line"))
        hub.working(Working("LAMP_v01", "LAMP_v01", "rendering", 1, 2))
        [*_, event] = await until(listener, about(events.PROGRESS))
        assert (event["data"]["asset_name"], event["data"]["percent"]) == ("LAMP_v01", 50.0)
        hub.working(Working("LAMP_v01", "LAMP_v01", "done", 0, 0, over=True))
        async with hub.connect(f"{hub.epoch}.1") as late:
            assert not any(
                one["type"] == events.PROGRESS for one in await until(late, about(events.PRESENCE))
            )


async def test_a_burst_of_other_processes_leaves_everybody_with_what_there_is(tmp_path: Path) -> None:
    async with (
        film(tmp_path / "film") as studio,
        film(tmp_path / "film") as other,
        listening(studio) as (
            hub,
            listener,
        ),
        hub.connect(None) as stalled,
    ):
        for number in range(30):
            await add(other, "prop", f"LAMP{number}")
        for number in range(30):
            await change(other, f"LAMP{number}", "seed=7")
        state: dict[str, int] = {}
        while len(state) < 30 or set(state.values()) != {2}:
            [*_, event] = await until(listener, about(events.ASSET_CHANGED))
            state[event["data"]["name"]] = event["data"]["version"]
        assert stalled.held == 0


async def test_too_much_at_once_is_told_as_the_whole_state(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from app.api import hub as hubs

    monkeypatch.setattr(hubs, "MOST_EVENTS", 2)
    async with film(tmp_path / "film") as studio, listening(studio) as (_, listener):
        for name in ("LAMP", "TOWER", "HOUSE"):
            await add(studio, "prop", name)
        [*_, event] = await until(listener, about(events.FULL_SYNC))
        assert {one["name"] for one in event["data"]["assets"]} == {"LAMP", "TOWER", "HOUSE"}


async def test_what_the_caller_raises_comes_out_as_it_is(tmp_path: Path) -> None:
    async with film(tmp_path / "film") as studio:
        with pytest.raises(Refused, match="no"):
            async with Hub.open(studio, utc_now, os.urandom):
                raise Refused("no", "never")


async def test_what_the_system_refuses_for_a_moment_ends_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with film(tmp_path / "film") as studio, listening(studio) as (hub, listener):
        many, real = OSError(errno.EMFILE, "Too many open files", "/proc/1/stat"), hub._attendance.look
        refused, looked = iter((many, many)), asyncio.Event()

        def look() -> Any:
            if (error := next(refused, None)) is not None:
                raise error
            looked.set()
            return real()

        monkeypatch.setattr(type(hub._attendance), "look", lambda self: look())
        (tmp_path / "film/.restrike/blobs").mkdir(parents=True, exist_ok=True)
        (tmp_path / "film/.restrike/blobs/ab").write_text("no folder")
        (tmp_path / "film/.restrike/blobs/cd").symlink_to("nowhere")
        async with asyncio.timeout(10):
            await looked.wait()
        await add(studio, "prop", "LAMP")
        ask(studio, "LAMP")
        await work(studio)
        await until(listener, about(events.STORAGE_UPDATED))
