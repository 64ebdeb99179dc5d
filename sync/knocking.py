"""Knocking: how a device without a ticket asks to be let in by whoever is on the same network.

It knows no project, so it cannot know a project's tag. It finds whatever announces itself as Restrike and asks under
`discovery.KNOCK`, one tag for all projects. Who answers says its key and nothing of its project: no name, no member,
nothing that tells two projects apart. What its owner sees is this device's name and key, to be compared with this
screen. Once an owner has admitted the key, the membership entries come over the same link, and everything further is as
with a ticket.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

from engine.faults import Fault, NotFound, Refused
from sync.actions import Action, Drop
from sync.dialling import Route
from sync.identity import Clock, Device, Random
from sync.joining import Applicant
from sync.links.link import Link
from sync.membership import Entry
from sync.networks import Hint, Network
from sync.peer import Conversation
from sync.pump import Now, Pump
from sync.refusals import Refusal
from sync.tasks import Crew

SECONDS: Final = 300.0
"""How long a knock waits for a person."""
AGAIN: Final = 2.0
"""Seconds between two attempts at one address."""
MOST: Final = 32
"""So many devices are asked at once."""
_SENT_AWAY: Final = ("declined", "knocks_closed", "removed_device")


class Knocker:
    """Knocks at every device that the networks find, under the name `called`, until one of them lets it in.

    `told` hears for people what is going on.
    """

    def __init__(
        self,
        device: Device,
        called: str,
        networks: Sequence[Network],
        *,
        now: Now,
        clock: Clock,
        random: Random,
        told: Callable[[str], None] = lambda sentence: None,
    ) -> None:
        self._device = device
        self._called = called
        self._networks = networks
        self._now = now
        self._clock = clock
        self._random = random
        self._told = told
        self._hints: dict[str, Hint] = {}
        self._asked: set[str] = set()
        self._waits: set[str] = set()
        self._heard = False
        self._refused: list[Refusal] = []
        self._faults: list[Fault] = []
        self._entries: list[Entry] = []
        self._over = asyncio.Event()
        self._crew = Crew()

    async def entries(self, seconds: float = SECONDS) -> list[Entry]:
        """The membership entries of the project that let this device in; raises `Refused` or `NotFound`."""
        try:
            async with asyncio.timeout(seconds), self._crew:
                for network in self._networks:
                    self._crew.start(network.run(self))
                await self._over.wait()
        except TimeoutError:
            pass
        if not self._entries:
            raise self._fault()
        return self._entries

    def _fault(self) -> Fault:
        if self._refused:
            return Refused(self._refused[-1].sentence, self._refused[-1].fix)
        if self._asked:
            return Refused("nobody has let this device in", "tell an owner that it knocks, and knock again")
        why = f": {self._faults[-1].message}" if self._faults else ""
        return NotFound(
            f"nobody on this network could be asked{why}",
            "let an owner have the project open (restrike serve) on the same network, or ask him for a ticket",
        )

    # --- what networks tell ---

    def hint(self, hint: Hint) -> None:
        """Somebody was found: he is asked."""
        self._hints[hint.key] = hint
        if hint.addresses and hint.key not in self._asked and len(self._asked) < MOST:
            self._asked.add(hint.key)
            self._crew.start(self._ask(hint.key))

    async def came(self, link: Link, route: Route) -> None:
        """Nobody has a reason to come."""
        await link.close()

    def stir(self) -> None:
        """Attempts go on anyway."""

    async def _ask(self, key: str) -> None:
        while not self._over.is_set():
            hint = self._hints[key]
            network = next((one for one in self._networks if hint.route in one.routes()), None)
            if network is None or not hint.addresses:
                self._asked.discard(key)
                return
            try:
                async with network.dial(hint.route, hint.addresses) as link:
                    refusal = await self._talk(key, link)
            except Fault as fault:
                self._faults.append(fault)
            else:
                if refusal is not None and refusal.code in _SENT_AWAY:
                    self._sent_away(refusal)
                    return
            await asyncio.sleep(AGAIN)

    def _sent_away(self, refusal: Refusal) -> None:
        self._refused.append(refusal)
        if refusal.code == "declined" and not self._waits:
            self._over.set()

    async def _talk(self, key: str, link: Link) -> Refusal | None:
        applicant = Applicant(None, self._device, self._clock)
        conversation = Conversation(
            applicant,
            device=self._device,
            binding=link.binding,
            dialled=True,
            now=self._now(),
            random=self._random,
            knock=self._called,
        )
        host = _Talk(applicant, lambda: self._let_in(applicant))
        if not self._heard:
            self._heard = True
            self._told("asking whoever is here; an owner sees this device now")
        self._waits.add(key)
        try:
            await Pump(link, conversation, host, self._now, dialled=True).run()
        finally:
            self._waits.discard(key)
        return host.reason

    def _let_in(self, applicant: Applicant) -> None:
        if not self._entries:
            self._entries = applicant.found()
            self._over.set()


class _Talk:
    """Hears one conversation; `let_in` is called once the entries that came admit this device."""

    def __init__(self, applicant: Applicant, let_in: Callable[[], None]) -> None:
        self.reason: Refusal | None = None
        self._applicant = applicant
        self._let_in = let_in

    def heard(self, pump: Pump, action: Action) -> None:
        """A refusal is kept."""
        if isinstance(action, Drop):
            self.reason = action.reason

    def deliver(self, pump: Pump) -> None:
        """Entries came: with those that it needs, all that is left belongs into a folder."""
        while pump.untaken:
            take = pump.untaken.popleft()
            pump.took(self._applicant.take(take.bundles, take.entries))
            if self._applicant.members is not None:
                self._let_in()
                pump.close("leaving")
                return
            pump.stored()
