"""The LAN as a network of a session: others are found by multicast or by addresses, and links go over WebRTC."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final

from sync import dialling, interfaces, signalling
from sync.dialling import Route
from sync.discovery import KNOCK, Discovery, Found, Strangers, Tags
from sync.identity import Clock, Random, new_id
from sync.interfaces import Addresses
from sync.links.link import Link, NoLink
from sync.links.webrtc import Answerer, IceServer, dial
from sync.networks import Guests, Hint, Step
from sync.records import ProjectId
from sync.signalling import CannotListen, Signalling

SECONDS: Final = 2.0
"""How long one address has to answer; a LAN is quick, and there is always a next attempt."""
STAGGER: Final = 0.3
"""Seconds after which the next address is tried besides."""
LINGER: Final = 0.5
NO_CHANNEL: Final = "let UDP through the firewalls of both machines, or give both one --relay"


class Lan:
    """Finds the project's other devices on this network, answers them and dials them; `instance` is our name there.

    Without a project it finds whatever is Restrike, as a stranger, and answers nobody. `strangers` says whether who
    knows no project may ask here, and `aside` answers what is asked under tags that are no project's.
    """

    def __init__(
        self,
        project: ProjectId | None,
        *,
        clock: Clock,
        random: Random,
        port: int = 0,
        servers: Sequence[IceServer] = (),
        addresses: Callable[[], Addresses] = interfaces.addresses,
        known: Sequence[Hint] = (),
        strangers: Callable[[], bool] = lambda: False,
        aside: Callable[[bytes, str], str | None] = lambda tag, offer: None,
    ) -> None:
        self.instance = new_id(random)
        self.port = port
        self._tags: Tags | Strangers = Strangers() if project is None else Tags(project, clock)
        self._strangers = strangers
        self._aside = aside
        self._servers = servers
        self._addresses = addresses
        self._known = known
        self._listening = False
        self._found: dict[str, Found] = {}

    def routes(self) -> tuple[Route, ...]:
        """The LAN alone."""
        return (Route.LAN,)

    def addresses(self) -> tuple[str, ...]:
        """Where others reach this device, as `HOST:PORT`; nothing while it does not listen."""
        return tuple(_join(one, self.port) for one in self._addresses()) if self._listening else ()

    async def run(self, guests: Guests) -> None:
        """Find others and let them come in."""
        for hint in self._known:
            guests.hint(hint)
        async with Answerer(self._servers, linger=LINGER) as answerer, asyncio.TaskGroup() as group:

            async def answer(tag: bytes, offer: str) -> str:
                if (said := self._aside(tag, offer)) is not None:
                    return said
                if not self._answers(tag):
                    raise NoLink("no such project is open here")
                text, arrived = await answerer.answer(offer)
                group.create_task(_meet(arrived, guests))
                return text

            async with AsyncExitStack() as stack:
                self.port = (await self._open(answer, stack)).port
                self._listening = True
                stack.callback(self._closed)
                group.create_task(self._watch(guests))
                await self._find(guests)

    async def _open(self, answer: signalling.Answer, stack: AsyncExitStack) -> Signalling:
        """The endpoint at the port of last time, so that addresses written down stay good; else at any."""
        try:
            return await stack.enter_async_context(Signalling(answer, port=self.port))
        except CannotListen:
            return await stack.enter_async_context(Signalling(answer))

    def _answers(self, tag: bytes) -> bool:
        """Whether this device talks with whoever asks under a tag."""
        if isinstance(self._tags, Strangers):
            return False
        return self._tags.accepts(tag) or (tag == KNOCK and self._strangers())

    def _closed(self) -> None:
        self._listening = False

    async def _find(self, guests: Guests) -> None:
        today = self._tags
        async with Discovery(
            today.today, self.port, self.instance, accepts=today.accepts, addresses=self._addresses
        ) as discovery:
            async for found in discovery:
                self._found[found.instance] = found
                where = tuple(_join(one, found.port) for one in found.addresses)
                first = dialling.offers(self.instance, found.instance)
                guests.hint(Hint(found.instance, Route.LAN, where, first))

    async def _watch(self, guests: Guests) -> None:
        first = True
        async for _ in interfaces.changes(self._addresses):
            if not first:
                guests.stir()
            first = False

    @asynccontextmanager
    async def dial(self, route: Route, addresses: tuple[str, ...]) -> AsyncIterator[Link]:
        """A link to whoever answers first at one of the addresses."""
        tag = self._tags.today()
        answers: list[str] = []

        async def signal(offer: str) -> str:
            answers.append(await _first(addresses, lambda where: _ask(where, tag, offer)))
            return answers[0]

        async with AsyncExitStack() as stack:
            try:
                link = await stack.enter_async_context(dial(signal, self._servers, linger=LINGER))
            except NoLink as fault:
                if not answers:
                    raise
                raise NoLink(f"it answers, but no data channel opens: {fault.message}", NO_CHANNEL) from fault
            yield link

    def steps(self) -> list[Step]:
        """The steps of a connection on this network."""
        here = Step("network interface", *interfaces.standing(self._addresses))
        port = Step(
            "port for others",
            self._listening,
            f"TCP port {self.port} is open for the others" if self._listening else "no port could be opened",
            "" if self._listening else "end the program that has the port, or let it through the firewall",
        )
        others = sum(bool(one.addresses) for one in self._found.values())
        multicast = Step(
            "found on the network",
            True,
            f"{others} other devices are announced" if others else "nobody else is announced just now",
            "" if others else "start Restrike on the other device, on one network, with UDP port 5353 open",
        )
        return [here, port, multicast]


async def _meet(arrived: Awaitable[Link], guests: Guests) -> None:
    try:
        link = await arrived
    except NoLink:
        return
    await guests.came(link, Route.LAN)


async def _ask(where: str, tag: bytes, offer: str) -> str:
    host, port = split(where)
    return await signalling.ask(host, port, tag, offer, seconds=SECONDS)


async def _first(addresses: Sequence[str], ask: Callable[[str], Awaitable[str]]) -> str:
    """The first answer; the addresses are asked one after the other, each a little after the one before."""
    answers: list[str] = []
    faults: list[NoLink] = []
    done = asyncio.Event()

    async def one(number: int, where: str) -> None:
        await asyncio.sleep(number * STAGGER)
        try:
            answers.append(await ask(where))
            done.set()
        except NoLink as fault:
            faults.append(fault)
            if len(faults) == len(addresses):
                done.set()

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one(number, where)) for number, where in enumerate(addresses)]
        if tasks:
            await done.wait()
        for task in tasks:
            task.cancel()
    if not answers:
        raise faults[0] if faults else NoLink("there is no address to try")
    return answers[0]


def _join(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def split(where: str) -> tuple[str, int]:
    """Host and port of `HOST:PORT`; raises `NoLink` when it is none."""
    host, _, port = where.rpartition(":")
    if not host or not port.isdigit() or not 0 < int(port) < 1 << 16:
        raise NoLink(f"{where!r:.80} is no address")
    return host.strip("[]"), int(port)
