"""The doorstep of a session: who stands there and waits to be let in, and who is not even listened to.

Everybody on the network can knock, so all of it is bounded: how many wait, how many of one address, how often somebody
new comes, how long a name is. Whom an owner declined is not heard again for a while. What is kept in the project's
store is for other processes of this device: they show who waits, and answer.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from engine.faults import NoSpace
from sync import identity
from sync.database import Busy
from sync.identity import Device
from sync.rates import Bucket
from sync.records import DeviceId
from sync.team import Team

MOST: Final = 16
MOST_OF_ONE: Final = 4
"""So many wait of one address."""
EACH_SECONDS: Final = 2.0
BURST: Final = 8
"""Somebody new is heard so often on average, and so many at once."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A stranger who waits to be let in, and where he called from."""

    device: DeviceId
    public: bytes
    name: str
    remote: str


class Doorstep:
    """Who waits at this device; `open` says that strangers are listened to at all."""

    def __init__(self, team: Team, device: Device, *, open: bool, now: float) -> None:
        self.waiting: dict[DeviceId, Waiting] = {}
        self._team = team
        self._device = device
        self._open = open
        self._fresh = Bucket(1 / EACH_SECONDS, BURST, now)

    @property
    def listens(self) -> bool:
        """Whether a stranger may knock here: it was not forbidden, and there is an owner to answer."""
        return self._open and self._team.members.owns(self._device.public)

    def sweep(self) -> None:
        """Forget who waited when the project was open before."""
        for one in self._team.knocks():
            self._team.gone(one.public)

    def came(self, public: bytes, name: str, remote: str, now: float) -> str | None:
        """Somebody knocks: note him, or say why he is sent away (a code of `sync.refusals`)."""
        if not self.listens:
            return "knocks_closed"
        if self._team.declined(public):
            return "declined"
        device = identity.device_id(public)
        if device not in self.waiting and not self._room(remote, now):
            return "crowded"
        try:
            called = self._team.knocked(public, name)
        except (Busy, NoSpace):
            return "crowded"
        self.waiting[device] = Waiting(device, public, called, remote)
        return None

    def _room(self, remote: str, now: float) -> bool:
        of_one = sum(one.remote == remote for one in self.waiting.values())
        return len(self.waiting) < MOST and of_one < MOST_OF_ONE and self._fresh.take(1, now)

    def left(self, device: DeviceId) -> None:
        """Somebody waits no more."""
        one = self.waiting.pop(device, None)
        if one is not None:
            try:
                self._team.gone(one.public)
            except (Busy, NoSpace):  # it is swept the next time
                return

    def sent_away(self) -> Iterator[DeviceId]:
        """Those who wait, and whom an owner has declined since."""
        for one in list(self.waiting.values()):
            if self._team.declined(one.public):
                yield one.device
