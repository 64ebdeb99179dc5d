"""A session: an open project that finds its other devices, talks with them, and stays in agreement.

It owns the networks, decides by `sync.dialling` whom to dial, runs a `Pump` for each link, and takes in what they
bring: one commit for everything that a link has delivered, after which all the others are told. What other processes
of this device write is looked for every `POLL` seconds. Everything runs on one event loop, and nothing here blocks it
for longer than a commit takes.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from types import TracebackType
from typing import Final, Literal, Self

from engine.faults import NoSpace
from sync import contacts, delays, dialling, identity, obstacles
from sync.actions import (
    Action,
    Authenticated,
    BlobSaid,
    Diverged,
    Drop,
    InSync,
    Knocked,
    Presence,
    Shown,
)
from sync.apart import Apart
from sync.chatter import Chatter
from sync.contacts import Contact, Knowledge, PeerState, Reason
from sync.database import Busy
from sync.deliveries import Deliveries
from sync.dialler import Dialler
from sync.dialling import Route, Standing
from sync.doorstep import Doorstep
from sync.feed import Change
from sync.identity import Clock, Random
from sync.links.link import Link
from sync.membership import Members
from sync.networks import Hint, Network, Step
from sync.news import News, What
from sync.overview import Overview
from sync.peer import Conversation
from sync.presence import Present, Preview
from sync.project import Project
from sync.pump import Now, Pump
from sync.rates import Limits
from sync.records import DeviceId, LogId
from sync.replica import Replica
from sync.tasks import Crew
from sync.tickets import Ticket

POLL: Final = 0.05
"""Seconds between looks for what other processes wrote."""
LEAVING: Final = 1.0
"""Seconds that farewells may take."""

_log = logging.getLogger(__name__)


class Session:
    """To be entered with `async with`; `now` is a monotonic clock. `ticket` is what a device joins with."""

    def __init__(
        self,
        project: Project,
        replica: Replica,
        networks: Sequence[Network],
        *,
        now: Now,
        random: Random,
        clock: Clock = identity.utc_now,
        limits: Limits | None = None,
        ticket: Ticket | None = None,
        apart: Apart | None = None,
        strangers: bool = True,
    ) -> None:
        self.project = project
        self.replica = replica
        self.networks = tuple(networks)
        self.doorstep = Doorstep(project.team, project.device, open=strangers, now=now())
        self.chatter = Chatter(self._say, now)
        self.room = self.chatter.room
        self.contacts: dict[DeviceId, Contact] = {}
        self.blobs: Callable[[DeviceId, bytes], None] | None = None
        self._now = now
        self._random = random
        self._limits = limits or Limits()
        self._clock = clock
        self._ticket = ticket
        self._own, self._own_key = project.device.id, project.device.public
        self._dialler = Dialler(self.networks, self._converse, self._unreached, now=now, random=random)
        self._pumps: set[Pump] = set()
        self._live: dict[DeviceId, Pump] = {}
        self._routes: dict[Pump, Route] = {}
        self._keys: dict[Pump, str] = {}
        self._knocking: dict[DeviceId, Pump] = {}
        self.overview = Overview(project)
        self._deliveries = Deliveries(replica, self._tell_all, now, apart)
        self._told: dict[object, Callable[[News], None]] = {}
        self._members: Members | None = None
        self._ended = asyncio.Event()
        self._stirred = asyncio.Event()
        self._crew = Crew()
        self._stack = ExitStack()
        self._leaving = False

    # --- entering and leaving ---

    async def __aenter__(self) -> Self:
        await self._crew.__aenter__()
        self.doorstep.sweep()
        self._stack.enter_context(self.project.subscribe(self._changed))
        works = (self._dialler.run(self._crew), self._deliveries.run(), self._tell(), self._watch())
        for work in (*(network.run(self) for network in self.networks), *works):
            self._crew.start(work)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._leaving = True
        self._dialler.close()
        try:
            for pump in list(self._pumps):
                pump.close("leaving")
            await self._left()
        finally:
            self._stack.close()
            await self._crew.__aexit__(kind, error, trace)

    async def _left(self) -> None:
        """Wait for the farewells, but not for long."""
        try:
            async with asyncio.timeout(LEAVING):
                while self._pumps:
                    self._ended.clear()
                    await self._ended.wait()
        except TimeoutError:
            _log.info("%d links did not end in time", len(self._pumps))

    # --- what it says ---

    def peers(self) -> list[PeerState]:
        """Every other device that is linked, or was a moment ago and works still."""
        heads = self.replica.heads()
        for device, pump in self._live.items():
            self.contacts[device].rtt = pump.conversation.rtt
        return [
            contacts.state(device, contact, self.room.of(device), heads)
            for device, contact in sorted(self.contacts.items())
            if contact.route is not None or self.room.of(device) is not None
        ]

    def why(self, device: DeviceId, public: bytes) -> list[Reason]:
        """Why this device and that one do or do not agree."""
        tries, strangers = self._dialler.known()
        if said := self.project.team.farewell():
            return [Reason("removed", said, "an owner can admit it again; what is here can still be read")]
        known = Knowledge(
            own=self._own,
            members=self.project.members,
            contacts=self.contacts,
            tries=tries,
            strangers=strangers,
            heads=self.replica.heads(),
            steps=tuple(self.steps()),
            now=self._now(),
            delays=delays.between(self.project, self._tails(), public, self._clock()),
        )
        return contacts.why(device, public, known)

    def _tails(self) -> dict[bytes, Mapping[LogId, int]]:
        return {pump.conversation.public or b"": pump.conversation.theirs for pump in self._live.values()}

    def progress(self) -> tuple[int, int]:
        """How many bundles are here, and of how many is known."""
        return delays.progress(self.replica.have(), self._tails().values())

    @property
    def received(self) -> int:
        """How many bytes of messages came over the links that stand."""
        return sum(pump.received for pump in self._pumps)

    @property
    def linked(self) -> int:
        """How many devices are linked now."""
        return len(self._live)

    def places(self, which: Literal["port", "pictures"] = "port") -> dict[DeviceId, str]:
        """Where on the LAN the devices that are linked now can be dialled, for links or for pictures."""
        found = {}
        for device, pump in self._live.items():
            seen = self.room.of(device)
            port: int = getattr(seen.present, which) if seen is not None else 0
            if port and self._routes[pump] is Route.LAN:
                host = pump.link.remote
                found[device] = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        return found

    def steps(self) -> list[Step]:
        """The steps of a connection, from this device outwards."""
        found = [step for network in self.networks for step in network.steps()]
        live = [(self.contacts[one], self.room.of(one)) for one in self._live]
        return [*found, *obstacles.steps(self._dialler, live, self._now())]

    @contextmanager
    def subscribe(self, told: Callable[[News], None]) -> Iterator[None]:
        """Call `told` after everything that happens to other devices, as long as the context is entered."""
        token = object()
        self._told[token] = told
        try:
            yield
        finally:
            del self._told[token]

    def say(self, present: Present) -> None:
        """This device does something else now; the others hear it as soon as the limits allow."""
        self.chatter.present = present

    def show(self, preview: Preview) -> bool:
        """Show the others a picture of what is being rendered; false, and left out, when the last one is too fresh."""
        return self.chatter.show(preview)

    def tell(self, device: DeviceId, message: bytes) -> Link | None:
        """Say something about blobs to a device; returns the link that carries it, None when there is none."""
        if (pump := self._live.get(device)) is not None:
            pump.act(pump.conversation.ask(message, self._now()))
        return pump.link if pump is not None else None

    def stir(self) -> None:
        """The network changed, or the machine woke up: old links are doubted, and everybody is dialled at once."""
        self._dialler.stir()
        for pump in list(self._pumps):
            pump.act(pump.conversation.doubt(self._now()))

    def decline(self, device: DeviceId) -> None:
        """Send somebody who knocks away."""
        pump = self._knocking.get(device)
        if pump is not None:
            pump.close("declined")

    def stored(self) -> None:
        """The project has something new that no commit of this process told of, such as a membership entry."""
        self._stirred.set()

    # --- what networks tell ---

    def hint(self, hint: Hint) -> None:
        """Somebody was found, moved, or is gone."""
        self._dialler.hint(hint)

    async def came(self, link: Link, route: Route) -> None:
        """Somebody dialled this device."""
        if self._leaving:
            await link.close()
            return
        await self._converse(link, route, None)

    # --- links ---

    async def _converse(self, link: Link, route: Route, key: str | None) -> Pump:
        conversation = Conversation(
            self.replica,
            device=self.project.device,
            binding=link.binding,
            dialled=key is not None,
            now=self._now(),
            random=self._random,
            ticket=self._ticket,
            showing=self.overview,
            limits=self._limits,
        )
        pump = Pump(link, conversation, self, self._now, dialled=key is not None)
        self._pumps.add(pump)
        self._routes[pump] = route
        if key is not None:
            self._keys[pump] = key
        try:
            await pump.run()
        finally:
            self._parted(pump)
        return pump

    def _parted(self, pump: Pump) -> None:
        """The link is over."""
        self._pumps.discard(pump)
        del self._routes[pump]
        self._keys.pop(pump, None)
        for device in [one for one, knocking in self._knocking.items() if knocking is pump]:
            del self._knocking[device]
            self.doorstep.left(device)
            self._announce("knock_over", device)
        self._unlinked(pump)
        self._ended.set()

    def _unlinked(self, pump: Pump) -> None:
        """The device at its other end is linked no more, though the link itself may take a moment to close."""
        device_id = pump.device
        if device_id is not None and self._live.get(device_id) is pump:
            del self._live[device_id]
            contact = self.contacts[device_id]
            contact.route, contact.rtt, contact.reason = None, None, pump.reason
            reason = pump.reason.code if pump.reason is not None else "silent"
            self.chatter.left(device_id, gone=reason == "leaving")
            self._dialler.dialling.lost(device_id, self._now(), gone=reason != "silent")
            self._announce("down", device_id)
        self._dialler.wake()

    def heard(self, pump: Pump, action: Action) -> None:
        """What a conversation finds out, carried out."""
        match action:
            case Authenticated(peer):
                pump.device = identity.device_id(peer.public)
                self._admitted(pump, Contact(peer, self._routes[pump], self._now()))
            case InSync(heads) if pump.device in self.contacts:
                self.contacts[pump.device].heads = heads
                self.overview.settle(identity.now(self._clock))
                self._announce("synced", pump.device)
            case Diverged(documents):
                self.replica.mend(documents)
            case Shown(promises, last) if pump.device is not None:
                self.overview.keep(promises, pump.device)
                if last and not self.overview.full:
                    self.overview.full = True
                    self._announce("shown", pump.device)
            case Presence(data, preview) if pump.device is not None:
                self._listen(pump.device, data, preview)
            case BlobSaid(data) if pump.device is not None and self.blobs is not None:
                self.blobs(pump.device, data)
            case Knocked(public, name):
                self._knocked(pump, public, name)
            case Drop(reason):
                _log.info("a link to %s ends: %s %s", pump.link.remote, reason.code, reason.detail)
                self._unlinked(pump)
                self.project.team.suspensions.blame(pump.conversation.public, reason, self._now())
            case _:
                pass

    def _knocked(self, pump: Pump, public: bytes, name: str) -> None:
        device, before = identity.device_id(public), self._knocking
        if (code := self.doorstep.came(public, name, pump.link.remote, self._now())) is not None:
            pump.close(code)
            return
        if device in before:
            before[device].end()
        self._knocking[device] = pump
        self._announce("knock", device)

    def _admitted(self, pump: Pump, fresh: Contact) -> None:
        device, now = pump.device, self._now()
        assert device is not None
        assert fresh.route is not None
        known = self.contacts.get(device)
        old = self._live.get(device)
        if old is pump and known is not None:  # it has another role or name now
            known.peer = fresh.peer
            self._announce("changed", device)
            return
        if self.project.team.suspensions.of(fresh.peer.public) is not None:
            pump.device = None
            return pump.close("suspended")
        if old is not None:
            if not dialling.replaces(self._standing(old), self._standing(pump), now):
                pump.end()
                return
            old.end()
        if known is not None:
            fresh.heads, fresh.links = known.heads, known.links
        fresh.links += 1
        self.contacts[device] = fresh
        self._live[device] = pump
        self.room.entered(device, now)
        self._dialler.linked(self._keys.get(pump), device, fresh.route, pump.link.remote)
        for said in self.chatter.greeting():
            pump.act(pump.conversation.present(said, now))
        self._announce("up", device)

    def _standing(self, pump: Pump) -> Standing:
        assert pump.device is not None
        dialler = self._own if pump.dialled else pump.device
        return Standing(self._routes[pump], dialler, pump.heard, pump.began)

    # --- presence ---

    def _listen(self, device: DeviceId, data: bytes, preview: bool) -> None:
        found = self.chatter.heard(device, data, preview=preview)
        if found is None:
            return
        if found != "changed":
            self._announce(found, device)
            return
        seen = self.room.of(device)
        if seen is not None and seen.present.instance:
            self._dialler.dialling.identify(seen.present.instance, device)
            if device in self._live:
                self._dialler.dialling.linked(device, self._routes[self._live[device]], self._now())
        self._announce("changed", device)

    def _say(self, data: bytes) -> None:
        for pump in list(self._live.values()):
            pump.act(pump.conversation.present(data, self._now()))

    # --- taking in and telling on ---

    def deliver(self, pump: Pump) -> None:
        """A link brought something to take in."""
        self._deliveries.add(pump)

    def _changed(self, change: Change) -> None:
        self._stirred.set()

    async def _tell(self) -> None:
        while True:
            await self._stirred.wait()
            self._stirred.clear()
            self._tell_all()
            await asyncio.sleep(0)

    def _tell_all(self) -> None:
        self._stirred.clear()
        for pump in list(self._pumps):
            pump.stored()

    # --- time ---

    async def _watch(self) -> None:
        """Look for what other processes wrote, say what is due, count out who is silent, notice sleep."""
        looked, wall = self._now(), self._clock()
        while True:
            await asyncio.sleep(POLL)
            try:
                self.project.poll()
                self._look_at_members()
            except (Busy, NoSpace):  # it is there still when the other has finished, or room was made
                continue
            now = self._now()
            if dialling.slept((self._clock() - wall).total_seconds(), now - looked):
                self.stir()
            looked, wall = now, self._clock()
            self.chatter.tick()
            for device in self.chatter.out():
                self._announce("down", device)

    def _look_at_members(self) -> None:
        """Others may be let in or removed by new entries, and this device may have secrets to hand on."""
        for device in self.doorstep.sent_away() if self._knocking else ():
            self.decline(device)
        team = self.project.team
        if team.refresh() is self._members:
            return
        team.tend()
        if team.farewell() and self._members is not None and self._own_key in self._members.devices:
            self._announce("removed", self._own)
        self._members = team.members
        self._tell_all()
        self._dialler.stir()

    def _unreached(self, device: DeviceId) -> None:
        self._announce("attempt", device)

    def _announce(self, what: What, device: DeviceId) -> None:
        news = News(what, device)
        for told in list(self._told.values()):
            told(news)
