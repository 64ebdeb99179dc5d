"""How a device comes into a project with a ticket and nothing else: it asks whoever it finds for the membership.

What it gets is the membership entries, among them the invitation. It then begins a folder of its own, in which it
writes that it joins (`Project.begin`); everything further is an ordinary session, in which that entry goes to the
others. So a ticket counts as used only once there is a folder, and a kill in between costs nothing.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Final

from engine.faults import Damaged, Fault, NotFound, Refused
from sync import handshake, identity, membership
from sync.actions import Action, Drop
from sync.arrivals import Taken
from sync.dialling import Route
from sync.identity import Clock, Device, Random
from sync.links.link import Link
from sync.membership import Entry, Members
from sync.networks import Hint, Network
from sync.peer import Conversation
from sync.pump import Now, Pump
from sync.records import DocumentId, LogId, ProjectId, Time
from sync.refusals import Refusal
from sync.replica import Holdings
from sync.store import Finding
from sync.tasks import Crew
from sync.tickets import Ticket

SECONDS: Final = 20.0
"""How long somebody is looked for."""
AGAIN: Final = 1.0
"""Seconds between two attempts at one address."""
_FINAL: Final = ("expired_ticket", "used_ticket", "revoked_ticket", "bad_ticket", "removed_device")


class Applicant:
    """A replica that holds nothing but the membership entries that it was given."""

    def __init__(
        self, project: ProjectId | None, device: Device, clock: Clock, ticket: Ticket | None = None
    ) -> None:
        self.project = project
        self._key = ticket.key().public if ticket is not None else b""
        self.joined = asyncio.Event()
        self._device = device
        self._clock = clock
        self._entries: dict[bytes, Entry] = {}

    @property
    def members(self) -> Members | None:
        """Who may do what, once the entries that came hold what this device comes with."""
        try:
            found = membership.view(self._entries.values()) if self._entries else None
        except Damaged:  # the one that everything begins with is still to come
            return None
        known = found is not None and (self._key in found.invites or self._device.public in found.devices)
        return found if known else None

    def entries(self) -> Mapping[bytes, bytes]:
        """Every membership entry by its hash."""
        return {digest: one.data for digest, one in self._entries.items()}

    def found(self) -> list[Entry]:
        """The entries, to begin a folder with."""
        return list(self._entries.values())

    def have(self) -> Holdings:
        """Nothing."""
        return {}

    def time(self) -> Time:
        """The wall clock."""
        return identity.now(self._clock)

    def mine_public(self) -> bytes:
        """The key of this device."""
        return self._device.public

    def mine(self) -> frozenset[LogId]:
        """Nothing."""
        return frozenset()

    def bundles(self, log: LogId, first: int, last: int) -> Iterator[bytes]:
        """Nothing."""
        return iter(())

    def evidence(self) -> Mapping[bytes, bytes]:
        """Nothing."""
        return {}

    def take(self, bundles: Sequence[bytes], entries: Sequence[bytes]) -> Taken:
        """Keep entries; they count as a whole once the one that creates the project is among them."""
        fresh, findings = [], []
        for data in entries:
            try:
                fresh.append(membership.decode(data))
            except Damaged as fault:
                name = hashlib.sha256(data).hexdigest()[:16]
                findings.append(Finding("entry", name, fault.message, fault.hint))
        self._entries.update((one.hash, one) for one in fresh)
        if self.project is None and self._entries:
            with suppress(Damaged):  # the one that everything begins with is still to come
                self.project = membership.view(self._entries.values()).project
        return Taken(0, 0, (), tuple(findings), tuple(findings))

    def join(self, ticket: Ticket) -> None:
        """All that is needed is here: the conversation ends, for what comes next belongs into a folder."""
        self.joined.set()
        raise handshake.Refused("leaving")

    def heads(self) -> str:
        """Nothing."""
        return bytes(32).hex()

    def share(self, number: int) -> Mapping[DocumentId, tuple[bytes, bytes]]:
        """Nothing."""
        return {}

    def mend(self, documents: Iterable[DocumentId]) -> None:
        """Nothing to mend."""


class Visit:
    """Asks everybody whom the networks find, until one has given the entries; enter it with `async with`."""

    def __init__(
        self,
        applicant: Applicant,
        device: Device,
        networks: Sequence[Network],
        *,
        now: Now,
        random: Random,
        ticket: Ticket | None = None,
        knock: str | None = None,
        told: Callable[[str], None] = lambda sentence: None,
    ) -> None:
        self._applicant = applicant
        self._device = device
        self._networks = networks
        self._now = now
        self._random = random
        self._ticket = ticket
        self._knock = knock
        self._told = told
        self._hints: dict[str, Hint] = {}
        self._asked: set[str] = set()
        self._refused: list[Refusal] = []
        self._faults: list[Fault] = []
        self._over = asyncio.Event()
        self._crew = Crew()

    async def entries(self, seconds: float = SECONDS) -> list[Entry]:
        """The membership entries of the project; raises `Refused` with the reason, `NotFound` where nobody answers."""
        try:
            async with asyncio.timeout(seconds), self._crew:
                for network in self._networks:
                    self._crew.start(network.run(self))
                await self._over.wait()
        except TimeoutError:
            pass
        if not self._applicant.joined.is_set():
            raise self._fault()
        return self._applicant.found()

    def _fault(self) -> Fault:
        if self._refused:
            worst = next((one for one in self._refused if one.code in _FINAL), self._refused[-1])
            return Refused(worst.sentence, worst.fix)
        if self._faults:
            return NotFound(f"nobody could be asked: {self._faults[-1].message}", self._faults[-1].hint)
        return NotFound(
            "nobody of the project answers on this network",
            "let the project be open on a member's device (restrike serve), on the same network, and try again",
        )

    # --- what networks tell ---

    def hint(self, hint: Hint) -> None:
        """Somebody was found: he is asked, again and again."""
        self._hints[hint.key] = hint
        if hint.addresses and hint.key not in self._asked:
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
                    await self._talk(link)
            except Fault as fault:
                self._faults.append(fault)
            await asyncio.sleep(AGAIN)

    async def _talk(self, link: Link) -> None:
        conversation = Conversation(
            self._applicant,
            device=self._device,
            binding=link.binding,
            dialled=True,
            now=self._now(),
            random=self._random,
            ticket=self._ticket,
            knock=self._knock,
        )
        await Pump(link, conversation, self, self._now, dialled=True).run()
        if self._applicant.joined.is_set():
            self._over.set()

    # --- what the conversation says ---

    def heard(self, pump: Pump, action: Action) -> None:
        """A refusal is kept; one that nobody else can mend ends the visit."""
        if isinstance(action, Drop) and not self._applicant.joined.is_set():
            self._refused.append(action.reason)
            if action.reason.code in _FINAL:
                self._over.set()

    def deliver(self, pump: Pump) -> None:
        """Entries came."""
        while pump.untaken:
            take = pump.untaken.popleft()
            pump.took(self._applicant.take(take.bundles, take.entries))
            pump.stored()
