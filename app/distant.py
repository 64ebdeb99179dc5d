"""The relay as one of an open project's networks, with the rooms that the project's secrets lead to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from app import ice
from app.ice import Secrets
from app.ways import Ways

if TYPE_CHECKING:
    from app.place import Place
    from sync.far import Far
    from sync.identity import Device
    from sync.links.webrtc import IceServer
    from sync.meeting import Meeting
    from sync.membership import Members
    from sync.project import Project
    from sync.tickets import Ticket


class Rooms:
    """Where an open project is to be met; looked up again when its membership has changed, and every hour."""

    def __init__(self, project: Project, place: Place) -> None:
        self._project = project
        self._place = place
        self._seen: tuple[Members, int] | None = None
        self._found: list[Meeting] = []

    def __call__(self) -> Sequence[Meeting]:
        """The rooms, the best first."""
        from sync import meeting

        members, now = self._project.team.members, self._place.clock()
        hour = int(now.timestamp()) // 3600
        if self._seen is None or self._seen[0] is not members or self._seen[1] != hour:
            self._seen = (members, hour)
            self._found = meeting.meetings(self._project.device, members, now)
        return self._found


def far(project: Project, ways: Ways, place: Place, secrets: Secrets | None = None) -> Far:
    """The relay of an open project as a network."""
    from sync.far import Far

    assert ways.relay is not None
    known = secrets or Secrets()
    named = [ice.parse(one) for one in ways.ice or ()]

    def servers() -> list[IceServer]:
        return ice.servers(named, known, place.clock())

    return Far(ways.relay, project.device, Rooms(project, place), random=place.random, servers=servers)


def to_join(ticket: Ticket, device: Device, place: Place) -> Far:
    """The relay of a ticket as a network: the ticket's door is where its giver waits."""
    from sync.far import Far
    from sync.meeting import door

    assert ticket.relay is not None
    where = [door(ticket.project, ticket.key().public)]
    return Far(ticket.relay, device, lambda: where, random=place.random)
