"""Dials the other devices over the networks there are, when `dialling` says so, and remembers how each try ended."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from engine.faults import Fault
from sync.contacts import Tried
from sync.dialling import Attempt, Dialling, Route
from sync.identity import Random
from sync.links.link import Link
from sync.networks import Hint, Network
from sync.pump import Now, Pump
from sync.records import DeviceId
from sync.tasks import Crew

LOOK: Final = 60.0
"""Seconds after which is looked again in any case."""
AGAIN: Final = ("", "link_closed", "too_slow", "silent", "no_link", "no_answer", "unreachable")
"""How a try may end that had better be made again soon; after any other end a person has to do something."""

Converse = Callable[[Link, Route, str], Awaitable[Pump]]


class Dialler:
    """Runs until closed; a link it gets is given to `converse`, and `failed` is told which device was not reached."""

    def __init__(
        self,
        networks: Sequence[Network],
        converse: Converse,
        failed: Callable[[DeviceId], None],
        *,
        now: Now,
        random: Random,
    ) -> None:
        self.dialling = Dialling(random)
        self.tries: dict[str, Tried] = {}
        self._networks = tuple(networks)
        self._converse = converse
        self._failed = failed
        self._now = now
        self._trying: dict[str, Attempt] = {}
        self._woken = asyncio.Event()
        self._closed = False

    def hint(self, hint: Hint) -> None:
        """Somebody was found, moved, or is gone."""
        now = self._now()
        if hint.addresses:
            self.dialling.hint(hint.key, hint.route, hint.addresses, now, first=hint.first, kept=hint.kept)
            if hint.device is not None:
                self.dialling.identify(hint.key, hint.device)
        else:
            self.dialling.gone(hint.key, now)
            self.tries.pop(hint.key, None)
        self.wake()

    def stir(self) -> None:
        """The network is another one: everybody is dialled at once."""
        self.dialling.stir(self._now())
        self.wake()

    def linked(self, key: str | None, device: DeviceId, route: Route, remote: str) -> None:
        """A link to a device came about, by the try called `key` or by theirs."""
        now = self._now()
        if key is not None:
            self.tries[key] = Tried(route, (remote,), now)
            self._trying.pop(key, None)
        self.dialling.linked(device, route, now, key)
        self.wake()

    def wake(self) -> None:
        """Look again who is to be dialled."""
        self._woken.set()

    def known(self) -> tuple[dict[DeviceId, Tried], tuple[Tried, ...]]:
        """The last tries by device, and those of which nobody knows whom they would have reached."""
        tries: dict[DeviceId, Tried] = {}
        strangers: list[Tried] = []
        for key, tried in self.tries.items():
            device = self.dialling.device(key)
            if device is not None:
                tries[device] = tried
            else:
                strangers.append(tried)
        return tries, tuple(strangers)

    def close(self) -> None:
        """Dial nobody any more."""
        self._closed = True
        self.wake()

    async def run(self, crew: Crew) -> None:
        """Try what is due, each try as a task of `crew`."""
        while not self._closed:
            self._woken.clear()
            now = self._now()
            for attempt in self.dialling.due(now):
                self._trying[attempt.key] = attempt
                crew.start(self._try(attempt))
            try:
                async with asyncio.timeout(max(0.01, min(LOOK, self.dialling.next() - now))):
                    await self._woken.wait()
            except TimeoutError:
                continue

    async def _try(self, attempt: Attempt) -> None:
        announced = self.dialling.announced(attempt.key)
        tried = Tried(attempt.route, attempt.addresses, self._now(), announced=announced)
        network = next(one for one in self._networks if attempt.route in one.routes())
        try:
            async with network.dial(attempt.route, attempt.addresses) as link:
                pump = await self._converse(link, attempt.route, attempt.key)
            if pump.device is None:
                reason = pump.reason
                tried.code = reason.code if reason is not None else "link_closed"
                tried.message = reason.sentence if reason is not None else "the other side closed the link"
                tried.hint = reason.fix if reason is not None else "it is dialled again by itself"
        except Fault as fault:
            tried.code, tried.message, tried.hint = fault.code, fault.message, fault.hint
        except OSError as error:
            tried.code, tried.message, tried.hint = "unreachable", str(error), "it is tried again by itself"
        if self._trying.get(attempt.key) is not attempt:
            return self.wake()  # it led to a link, and a new one may be tried by now
        del self._trying[attempt.key]
        self.tries[attempt.key] = tried
        self.dialling.failed(attempt.key, self._now(), final=tried.code not in AGAIN)
        self.wake()
        if tried.code:
            self._failed(self.dialling.device(attempt.key) or DeviceId(""))
