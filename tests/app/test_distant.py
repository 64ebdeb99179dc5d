"""An open project's relay is in the rooms that its membership leads to, and a ticket's in the ticket's."""

from __future__ import annotations

import os
from pathlib import Path

from app import distant
from app.distant import Rooms
from app.ice import Secrets
from app.place import Place
from app.ways import Ways
from sync.dialling import Route
from sync.meeting import Kind, door
from tests.sync.stage import Desk


async def test_rooms_follow_the_membership(tmp_path: Path) -> None:
    desk = Desk.under(tmp_path)
    place = Place(folder=desk.folder, home=desk.home, clock=desk.clock, random=os.urandom)
    async with desk.create() as project:
        rooms = Rooms(project, place)
        assert [one.kind for one in rooms()] == [Kind.DOOR]
        project.team.tend()
        assert [one.kind for one in rooms()] == [Kind.NEWEST]
        assert rooms() is rooms()
        ticket = project.team.invite("artist", relay="wss://relay.example.org")
        there = door(project.id, ticket.key().public)
        assert there in rooms()
        far = distant.to_join(ticket, project.device, place)
        assert far._meetings() == [there]


async def test_servers_are_asked_for_anew_each_time(tmp_path: Path) -> None:
    desk = Desk.under(tmp_path)
    place = Place(folder=desk.folder, home=desk.home, clock=desk.clock)
    ways = Ways("wss://relay.example.org", ("turn:mara@turn.example.org",))
    async with desk.create() as project:
        environment: dict[str, str] = {}
        far = distant.far(project, ways, place, Secrets(environment, lambda account: None))
        assert set(far.routes()) == {Route.RELAY, Route.DIRECT}
        assert far._servers() == []
        environment["RESTRIKE_TURN_SECRET"] = "north wind"
        (server,) = far._servers()
        assert server.url == "turn:turn.example.org"
        assert "north wind" not in repr(server)
