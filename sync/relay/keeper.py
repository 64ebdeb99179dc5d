"""The mailboxes in a thread of their own: whoever waits for the disk keeps nobody else waiting.

Objects that arrive while others are being made durable share the next transaction, and each is acknowledged after it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final, TypeVar

from engine.faults import Fault
from sync.identity import Clock
from sync.relay.frames import Delete, Done, Get, Names, Put, Refused
from sync.relay.mailboxes import Deposit, Mailboxes
from sync.relay.metrics import Metrics
from sync.relay.quotas import Limits

BATCH: Final = 64
EXPIRY_SECONDS: Final = 600.0
T = TypeVar("T")
_log = logging.getLogger(__name__)


class Keeper:
    """Does what visitors wish of the mailboxes."""

    def __init__(
        self, mailboxes: Mailboxes, thread: ThreadPoolExecutor, clock: Clock, metrics: Metrics
    ) -> None:
        self.mailboxes = mailboxes
        self._thread = thread
        self._clock = clock
        self._metrics = metrics
        self._deposits: list[tuple[Deposit, asyncio.Future[Fault | None]]] = []
        self._storing = asyncio.Lock()
        self._next: asyncio.TimerHandle | None = None

    @classmethod
    @asynccontextmanager
    async def open(
        cls, folder: Path, limits: Limits, clock: Clock, metrics: Metrics
    ) -> AsyncIterator[Keeper]:
        """The mailboxes in `folder`, expiring by themselves."""
        with ThreadPoolExecutor(1, thread_name_prefix="relay-mailboxes") as thread:
            opening = thread.submit(Mailboxes, folder, limits)
            keeper: Keeper | None = None
            try:
                mailboxes = await asyncio.wrap_future(opening)
                keeper = cls(mailboxes, thread, clock, metrics)
                keeper._expire()
                yield keeper
            finally:
                if keeper is not None and keeper._next is not None:
                    keeper._next.cancel()
                thread.submit(_close, opening)

    async def fulfil(self, room: bytes, owner: bytes, wish: Put | Names | Get | Delete) -> Done | Refused:
        """Do what a visitor wishes, and say what came of it."""
        try:
            data = await self._fulfilled(room, owner, wish)
        except Fault as fault:
            self._metrics.refused[fault.code] += 1
            return Refused(wish.number, fault.code, fault.message[:100])
        return Done(wish.number, data)

    async def _fulfilled(self, room: bytes, owner: bytes, wish: Put | Names | Get | Delete) -> bytes:
        counts, mailboxes = self._metrics.counts, self.mailboxes
        if isinstance(wish, Put):
            await self._put(Deposit(room, owner, wish.name, wish.data))
            counts["put_total"] += 1
            return b""
        if isinstance(wish, Get):
            found = await self._in_thread(lambda: mailboxes.get(room, wish.name, self.now()))
            counts["got_total"] += 1
            return found
        if isinstance(wish, Delete):
            await self._in_thread(lambda: mailboxes.delete(room, owner, wish.name))
            counts["deleted_total"] += 1
            return b""
        listed = await self._in_thread(lambda: mailboxes.names(room, wish.prefix, wish.after, self.now()))
        return b"".join(one + b"\n" for one in listed)

    async def _put(self, deposit: Deposit) -> None:
        outcome: asyncio.Future[Fault | None] = asyncio.get_running_loop().create_future()
        self._deposits.append((deposit, outcome))
        async with self._storing:
            if not outcome.done():
                await self._store()
        fault = await outcome
        if fault is not None:
            raise fault

    async def _store(self) -> None:
        """Make what has gathered durable."""
        batch, self._deposits = self._deposits[:BATCH], self._deposits[BATCH:]
        deposits = [one for one, _ in batch]
        try:
            outcomes = await self._in_thread(lambda: self.mailboxes.put(deposits, self.now()))
        except Fault as fault:
            outcomes = [fault] * len(batch)
        for (_, outcome), fault_of in zip(batch, outcomes, strict=True):
            if not outcome.done():
                outcome.set_result(fault_of)

    def _expire(self) -> None:
        """Delete what is too old, now and from time to time, between what else the thread has to do."""
        self._thread.submit(self._expired)
        self._next = asyncio.get_running_loop().call_later(EXPIRY_SECONDS, self._expire)

    def _expired(self) -> None:
        try:
            gone = self.mailboxes.expire(self.now())
        except Fault:
            _log.exception("what is too old could not be deleted")
            return
        self._metrics.counts["expired_total"] += gone
        if gone:
            self._thread.submit(self._expired)

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def now(self) -> float:
        """The wall clock, in seconds since 1970."""
        return self._clock().timestamp()


def _close(opening: Future[Mailboxes]) -> None:
    """Close the mailboxes if they were opened, which those who wished for it may not have waited for."""
    if not opening.cancelled() and opening.exception() is None:
        opening.result().close()
