"""The mailboxes of a running program: two who are never there together merge, and a bad mailbox is named and left."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from app.place import Place
from app.post import FOLDER, Post
from sync import arrivals
from sync.far import Far
from sync.meeting import Meeting, meetings
from sync.project import Project
from sync.relay.server import Relay
from sync.replica import ProjectReplica
from sync.session import Session
from tests.sync.relay.stage import at
from tests.sync.stage import Desk, Ticks, add_asset, names
from tests.sync.test_session import team


async def until(found: Callable[[], object], seconds: float = 20.0) -> None:
    """Look again each time that others have had their turn."""
    async with asyncio.timeout(seconds):
        while not found():
            await asyncio.sleep(0)


@pytest.fixture
def shared(tmp_path: Path) -> Path:
    found = tmp_path / "shared"
    found.mkdir()
    return found


@asynccontextmanager
async def posting(
    project: Project, *, relay: str | None = None, folder: Path | None = None
) -> AsyncIterator[Post]:
    """A program that has a project open, with a mailbox."""

    def where() -> list[Meeting]:
        return meetings(project.device, project.team.members, project._clock())

    far = Far(relay, project.device, where, random=os.urandom) if relay is not None else None
    replica = ProjectReplica(project, arrivals.here, project._clock)
    place = Place(folder=project.folder, home=project.folder.parent, clock=project._clock)
    networks = [far] if far is not None else []
    private = project.folder / ".restrike"
    async with (
        Session(project, replica, networks, now=time.monotonic, random=os.urandom) as session,
        Post(project, replica, session, private, place, far=far, folder=folder) as post,
    ):
        yield post


async def agreed(*projects: Project) -> None:
    """The team shares one secret: everybody's entries are carried to everybody by hand."""
    for _ in range(2):
        for one in projects:
            one.team.tend()
            export = one.folder / "export"
            one.export(export)
            for other in projects:
                if other is not one:
                    other.merge(export)


async def test_two_who_are_never_there_together_merge_by_a_folder(tmp_path: Path, shared: Path) -> None:
    async with team(tmp_path, "anna", "ben") as (anna, ben):
        await agreed(anna, ben)
        add_asset(anna, "LAMP")
        async with posting(anna, folder=shared) as post:
            await until(lambda: any(shared.iterdir()))
            add_asset(anna, "DESK")  # the last thing before it ends is posted as it ends
            assert all(step.ok for step in post.steps())
        add_asset(ben, "CHAIR")
        async with posting(ben, folder=shared):
            await until(lambda: len(names(ben)) == 3)
        async with posting(anna, folder=shared):
            await until(lambda: len(names(anna)) == 3)
        assert anna.index.heads() == ben.index.heads()


async def test_two_who_are_never_there_together_merge_by_a_relay(tmp_path: Path) -> None:
    async with (
        Relay.listening(tmp_path / "relay", clock=Ticks()) as relay,
        team(tmp_path, "anna", "ben") as (anna, ben),
    ):
        await agreed(anna, ben)
        add_asset(anna, "LAMP")
        async with posting(anna, relay=at(relay)):
            await until(lambda: relay.gauges()["objects"] >= 2)
        async with posting(ben, relay=at(relay)):
            await until(lambda: names(ben) == ["LAMP"])
        assert anna.index.heads() == ben.index.heads()


async def test_what_others_put_is_taken_in_while_it_runs(tmp_path: Path, shared: Path) -> None:
    async with AsyncExitStack() as stack:
        anna, ben = await stack.enter_async_context(team(tmp_path, "anna", "ben"))
        await agreed(anna, ben)
        for one in (anna, ben):
            await stack.enter_async_context(posting(one, folder=shared))
        add_asset(anna, "LAMP")
        await until(lambda: names(ben) == ["LAMP"], seconds=30)


async def test_a_folder_that_is_not_there_is_named_and_waited_for(tmp_path: Path, shared: Path) -> None:
    async with Desk.under(tmp_path).create() as project:
        async with posting(project, folder=tmp_path / "stick") as post:
            assert [step.name for step in post.steps()] == ["mailbox"]
            await until(lambda: not post.steps()[0].ok)
            assert "stick" in post.steps()[0].detail
            assert post.steps()[0].fix
        assert not (tmp_path / "stick").exists()


async def test_rubbish_in_a_folder_harms_nobody(tmp_path: Path, shared: Path) -> None:
    async with team(tmp_path, "anna", "ben") as (anna, ben):
        await agreed(anna, ben)
        add_asset(anna, "LAMP")
        async with posting(anna, folder=shared):
            await until(lambda: any(shared.iterdir()))
        for path in [one for one in shared.rglob("*") if one.is_file()]:
            (path.parent / "0123456789abcdef").write_bytes(os.urandom(500))
            (path.parent / "00000000").write_bytes(b"")
        async with posting(ben, folder=shared) as post:
            await until(lambda: names(ben) == ["LAMP"])
            assert all(step.ok for step in post.steps())


async def test_after_a_removal_the_next_room_is_posted_to(tmp_path: Path) -> None:
    async with (
        Relay.listening(tmp_path / "relay", clock=Ticks()) as relay,
        team(tmp_path, "anna", "ben") as (anna, ben),
    ):
        await agreed(anna, ben)
        add_asset(anna, "LAMP")
        async with posting(anna, relay=at(relay)):
            await until(lambda: relay.gauges()["objects"] >= 2)
            anna.team.revoke(anna.team.revocation(ben.device.id))
            notes = anna.folder / ".restrike" / FOLDER
            await until(lambda: len(list(notes.glob("relay-*.db"))) == 2)
            await until(lambda: relay.gauges()["objects"] >= 4)
