"""Who else of this project is on the LAN, by multicast DNS.

An announcement holds a random name, a port, addresses, and a tag that changes every day and tells an outsider nothing.
All of it is a hint: anybody can announce anything, and who answers is settled in the conversation.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import ipaddress
import logging
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, timedelta
from types import TracebackType
from typing import Any, Final, Self

from zeroconf import (  # type: ignore[attr-defined]  # some are public, and left out of its list of names
    DNSOutgoing,
    DNSPointer,
    DNSQuestion,
    IPVersion,
    ServiceStateChange,
    Zeroconf,
)
from zeroconf import Error as ZeroconfError
from zeroconf.asyncio import AsyncServiceBrowser, AsyncServiceInfo, AsyncZeroconf

from sync import interfaces
from sync.identity import Clock
from sync.interfaces import Addresses
from sync.links import strays
from sync.tasks import Crew, to_the_end

KIND: Final = "_restrike._tcp.local."
VERSION: Final = "1"
KNOCK: Final = hashlib.sha256(b"restrike knock/1").digest()[:8]
"""The tag under which whoever knows no project asks."""
EVERY_SECONDS: Final = 10.0
TTL_SECONDS: Final = 30
"""How long an announcement is believed: who is gone without a word is forgotten after this."""

RESOLVE_SECONDS: Final = 3.0
MOST_INSTANCES: Final = 256
MOST_RESOLVING: Final = 16
_QUERY, _POINTER, _INTERNET = 0, 12, 1  # RFC 1035
_INSTANCE: Final = re.compile(r"[a-z0-9]{8,40}")
_log = logging.getLogger(__name__)


class Tags:
    """The names that a project goes by on the LAN: another one each UTC day, known to its members alone."""

    def __init__(self, project: str, clock: Clock) -> None:
        self._project, self._clock = project.encode(), clock

    def today(self) -> bytes:
        """The tag to announce."""
        return self._of(0)

    def accepts(self, tag: bytes) -> bool:
        """Whether it is today's tag, yesterday's or tomorrow's: clocks differ, and midnight comes."""
        return any(hmac.compare_digest(self._of(day), tag) for day in (-1, 0, 1))

    def _of(self, days: int) -> bytes:
        day = (self._clock().astimezone(UTC) + timedelta(days=days)).date().isoformat()
        return hmac.digest(self._project, b"restrike tag/1\0" + day.encode(), hashlib.sha256)[:8]


class Strangers:
    """The tags of somebody who knows no project: any project's devices are looked for, and asked as a stranger."""

    def today(self) -> bytes:
        """What is announced, and asked under."""
        return KNOCK

    def accepts(self, tag: bytes) -> bool:
        """Whether it is the tag of a project."""
        return bool(tag) and tag != KNOCK


@dataclass(frozen=True, slots=True)
class Found:
    """Somebody who says he is of this project, the newest address first; one without addresses has gone."""

    instance: str
    addresses: Addresses
    port: int


class Discovery:
    """Announces this instance and finds the others, from entering to leaving; iterate it for what is found.

    Each `Found` replaces what was found of that instance before. `addresses` are looked at all the time, and a change
    is announced at once. Without a network it waits for one.
    """

    def __init__(
        self,
        tag: Callable[[], bytes],
        port: int,
        instance: str,
        *,
        accepts: Callable[[bytes], bool] | None = None,
        addresses: Callable[[], Addresses] = interfaces.addresses,
        every: float = EVERY_SECONDS,
        look: float = interfaces.EVERY_SECONDS,
        ttl: int = TTL_SECONDS,
    ) -> None:
        self._tag, self._port, self._instance = tag, port, instance
        self._accepts = accepts if accepts is not None else lambda seen: hmac.compare_digest(seen, tag())
        self._addresses, self._every, self._look, self._ttl = addresses, every, look, ttl
        self._crew = Crew()
        self._known: dict[str, Found] = {}
        self._news: dict[str, Found] = {}
        self._told = asyncio.Event()
        self._resolving: set[str] = set()
        self._station: Station | None = None
        self._moving = asyncio.Lock()

    async def __aenter__(self) -> Self:
        strays.contain(asyncio.get_running_loop())
        await self._crew.__aenter__()
        self._crew.start(self._announce())
        self._crew.start(self._browse())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            await self._crew.__aexit__(kind, error, trace)
        finally:
            if self._station is not None:
                await to_the_end(self._station.leave())

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Found:
        while not self._news:
            self._told.clear()
            await self._told.wait()
        return self._news.pop(next(iter(self._news)))

    async def _announce(self) -> None:
        """Be there under the addresses of the moment."""
        async for now in interfaces.changes(self._addresses, every=self._look):
            await self._appear(now)

    async def _browse(self) -> None:
        """Ask again and again: announcements get lost, and a day's tag ends."""
        while True:
            await asyncio.sleep(self._every)
            if self._station is None or self._station.tag != self._tag():
                await self._appear(self._addresses())
            else:
                self._look_again(self._station)
                self._station.ask()

    async def _appear(self, addresses: Addresses) -> None:
        async with self._moving:
            try:
                await self._place(self._tag(), addresses)
            except (OSError, RuntimeError, ZeroconfError, TimeoutError) as error:
                _log.info("nothing can be announced on the network now: %r", error)
                if (station := self._station) is not None:
                    self._station = None
                    await to_the_end(station.leave())

    async def _place(self, tag: bytes, addresses: Addresses) -> None:
        if self._station is not None:
            await self._station.move(tag, addresses, self._ttl)
            return
        self._station = Station(self._instance, self._port, addresses, self._changed)
        await self._station.enter(tag, addresses, self._ttl)

    def _look_again(self, station: Station) -> None:
        """Judge anew what was heard lately: zeroconf tells neither each quick change, nor who left without a word."""
        heard = {info.name.removesuffix(f".{KIND}"): info for info in station.heard()}
        for instance in self._known.keys() - heard.keys():
            self._gone(instance)
        for instance, info in heard.items():
            if instance != self._instance and _INSTANCE.fullmatch(instance):
                self._judge(instance, info)

    def _changed(
        self, zeroconf: Zeroconf, service_type: str, name: str, state_change: ServiceStateChange
    ) -> None:
        instance = name.removesuffix(f".{KIND}")
        if self._crew.over or instance == self._instance or not _INSTANCE.fullmatch(instance):
            return
        if state_change is ServiceStateChange.Removed:
            self._gone(instance)
        elif instance not in self._resolving and len(self._resolving) < MOST_RESOLVING:
            self._resolving.add(instance)
            self._crew.start(self._resolve(zeroconf, instance))

    async def _resolve(self, zeroconf: Zeroconf, instance: str) -> None:
        try:
            info = AsyncServiceInfo(KIND, f"{instance}.{KIND}")
            with suppress(OSError, ZeroconfError):
                if await info.async_request(zeroconf, RESOLVE_SECONDS * 1000):
                    self._judge(instance, info)
        finally:
            self._resolving.discard(instance)

    def _judge(self, instance: str, info: AsyncServiceInfo) -> None:
        found, known = _found(instance, info), self._known.get(instance)
        if found is None or not self._accepts(_tag_in(info)):
            self._gone(instance)
        elif known is not None and (set(known.addresses), known.port) == (set(found.addresses), found.port):
            return
        elif known is not None or len(self._known) < MOST_INSTANCES:
            self._known[instance] = found
            self._tell(found)

    def _gone(self, instance: str) -> None:
        if self._known.pop(instance, None) is not None:
            self._tell(Found(instance, (), 0))

    def _tell(self, found: Found) -> None:
        self._news.pop(found.instance, None)
        self._news[found.instance] = found
        self._told.set()


class Station:
    """One presence on the network: the sockets, what is announced on them, and the browser that listens."""

    def __init__(self, instance: str, port: int, addresses: Addresses, changed: Callable[..., None]) -> None:
        self.tag = b""
        self._instance, self._port, self._changed = instance, port, changed
        self._zeroconf = AsyncZeroconf(interfaces=list(addresses), ip_version=_families(addresses))
        self._browser: AsyncServiceBrowser | None = None

    async def enter(self, tag: bytes, addresses: Addresses, ttl: int) -> None:
        """Announce, and begin to listen."""
        await self._zeroconf.zeroconf.async_wait_for_start()
        self._browser = AsyncServiceBrowser(self._zeroconf.zeroconf, KIND, handlers=[self._changed])
        self.tag = tag
        said = await self._zeroconf.async_register_service(
            self._info(tag, addresses, ttl), cooperating_responders=True
        )  # the name is random: nobody has to be asked whether it is free
        await said

    async def move(self, tag: bytes, addresses: Addresses, ttl: int) -> None:
        """Announce something else, perhaps on other interfaces."""
        self.tag = tag
        said = await self._zeroconf.async_update_service(self._info(tag, addresses, ttl))
        try:  # the interfaces come second, because a new one is told at once what is announced
            await self._zeroconf.async_update_interfaces(list(addresses), ip_version=_families(addresses))
        finally:
            await said
        self.ask()

    def ask(self) -> None:
        """Ask who is there, without saying whom we know already, so that all answer."""
        out = DNSOutgoing(_QUERY)
        out.add_question(DNSQuestion(KIND, _POINTER, _INTERNET))
        self._zeroconf.zeroconf.async_send(out)

    def heard(self) -> list[AsyncServiceInfo]:
        """What is known of the instances on this network without asking."""
        zeroconf = self._zeroconf.zeroconf
        names = {one.alias for one in zeroconf.cache.entries_with_name(KIND) if isinstance(one, DNSPointer)}
        found = [AsyncServiceInfo(KIND, name) for name in names if name.endswith(f".{KIND}")]
        return [info for info in found if info.load_from_cache(zeroconf)]

    async def leave(self) -> None:
        """Say goodbye."""
        if self._browser is not None:
            await self._browser.async_cancel()
        with suppress(OSError, ZeroconfError):
            await self._zeroconf.async_close()

    def _info(self, tag: bytes, addresses: Addresses, ttl: int) -> AsyncServiceInfo:
        return AsyncServiceInfo(
            KIND,
            f"{self._instance}.{KIND}",
            parsed_addresses=list(addresses),
            port=self._port,
            properties={"t": tag.hex(), "v": VERSION},
            server=f"{self._instance}.local.",
            host_ttl=ttl,
            other_ttl=ttl,
        )


def _families(addresses: Addresses) -> IPVersion:
    return IPVersion.All if any(":" in one for one in addresses) else IPVersion.V4Only


def _tag_in(info: AsyncServiceInfo) -> bytes:
    """The tag that is announced; empty when there is none."""
    properties: dict[bytes, Any] = info.properties
    text = properties.get(b"t")
    if properties.get(b"v") != VERSION.encode() or not isinstance(text, bytes) or len(text) != 16:
        return b""
    try:
        return bytes.fromhex(text.decode("ascii"))
    except ValueError:
        return b""


def _found(instance: str, info: AsyncServiceInfo) -> Found | None:
    usable = [one for one in info.parsed_scoped_addresses(IPVersion.All) if _can_be_dialled(one)]
    port = info.port
    if not usable or port is None or not 0 < port < 1 << 16:
        return None
    return Found(instance, tuple(dict.fromkeys(usable))[: interfaces.MOST], port)


def _can_be_dialled(text: str) -> bool:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    return not (address.is_multicast or address.is_unspecified or "%" in text)
