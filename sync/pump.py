"""One link and the conversation over it: bytes go in from the link, what the conversation says is carried out.

Two tasks a link: one reads, one flushes and lets time pass. What waits to be sent is bounded: while the other side does
not take it, nothing of theirs is read. What has to be taken in is left to the session, which commits for all links.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from typing import Final, Protocol

from sync.actions import Action, Drop, Send, Take
from sync.arrivals import Taken
from sync.links.link import Channel, Link, LinkClosed, Overfull
from sync.peer import Conversation
from sync.records import DeviceId
from sync.refusals import Refusal

AT_A_TIME: Final = 32
"""Messages that are read in a row before others have their turn."""
MOST_UNTAKEN: Final = 4 << 20
"""Bytes to take in that may wait before reading stops."""
MOST_UNSENT: Final = 1 << 20
TICK: Final = 0.005
"""No tick comes earlier than this after another, so that nothing spins."""
FAREWELL: Final = 0.5

Now = Callable[[], float]


class Host(Protocol):
    """What runs the pumps: it hears what a conversation finds out, and takes in what came."""

    def heard(self, pump: Pump, action: Action) -> None:
        """Anything but sending and taking."""

    def deliver(self, pump: Pump) -> None:
        """Something waits in `pump.untaken`."""


class Pump:
    """Runs one conversation over one link, until either ends; `device` is set once the other side is known."""

    def __init__(
        self, link: Link, conversation: Conversation, host: Host, now: Now, *, dialled: bool
    ) -> None:
        self.link = link
        self.conversation = conversation
        self.dialled = dialled
        self.device: DeviceId | None = None
        self.began = self.heard = now()
        self.sent = self.received = 0
        self.untaken: deque[Take] = deque()
        self.reason: Refusal | None = None
        self._host = host
        self._now = now
        self._unsent: deque[Send] = deque()
        self._stir = asyncio.Event()
        self._taken = asyncio.Event()
        self._over = asyncio.Event()

    async def run(self) -> None:
        """Talk until the conversation or the link is over; the link is closed then."""
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(one) for one in (self._read(), self._flush())]
                await self._over.wait()
                for task in tasks:
                    task.cancel()
        finally:
            await self.link.close()

    def act(self, actions: Iterable[Action]) -> None:
        """Carry out what the conversation says."""
        for action in actions:
            if isinstance(action, Send):
                self._unsent.append(action)
            elif isinstance(action, Take):
                self.untaken.append(action)
                self._taken.clear()
                self._host.deliver(self)
            elif isinstance(action, Drop):
                self.reason = action.reason
                self._host.heard(self, action)
            else:
                self._host.heard(self, action)
        self._send()
        self._stir.set()

    def stored(self) -> None:
        """The replica has something new; of this link more may still have to be taken in."""
        self.act(self.conversation.stored(self._now(), whole=not self.untaken))

    def took(self, taken: Taken) -> None:
        """What was waiting has been taken in."""
        self.act(self.conversation.took(taken, self._now()))
        self._taken.set()

    def close(self, reason: str) -> None:
        """Go, and tell the other side why."""
        self.act(self.conversation.close(reason, self._now()))

    def end(self) -> None:
        """Stop without a word: the link is given up."""
        self._over.set()

    # --- the two tasks ---

    async def _read(self) -> None:
        read = 0
        try:
            while True:
                channel, data = await self.link.receive()
                self.heard = self._now()
                self.received += len(data)
                self.act(self.conversation.receive(channel, data, self.heard))
                read += 1
                if read % AT_A_TIME == 0:
                    await asyncio.sleep(0)
                while sum(_weight(one) for one in self.untaken) > MOST_UNTAKEN:
                    self._taken.clear()  # a portion of it may have been taken in, and too much be left
                    await self._taken.wait()
                while self._unsent:
                    await self.link.drained(Channel.SYNC)
                    self._send()
        except LinkClosed:
            self._over.set()

    async def _flush(self) -> None:
        try:
            while True:
                self._stir.clear()
                now = self._now()
                self.act(self.conversation.tick(now))
                self._stir.clear()
                if self.conversation.over is not None:
                    await self._farewell()
                    return
                wait = max(TICK, self.conversation.next - self._now())
                try:
                    async with asyncio.timeout(wait):
                        await self._stir.wait()
                except TimeoutError:
                    continue
        except LinkClosed:
            self._over.set()

    async def _farewell(self) -> None:
        """Let the last words go out, but not for long."""
        try:
            async with asyncio.timeout(FAREWELL):
                await self.link.drained(Channel.SYNC, 0)
        except (TimeoutError, LinkClosed):
            pass
        self._over.set()

    def _send(self) -> None:
        while self._unsent:
            one = self._unsent[0]
            try:
                self.link.send(one.channel, one.data)
            except Overfull:
                return
            except LinkClosed:
                self._unsent.clear()
                self._over.set()
                return
            self.sent += len(one.data)
            self._unsent.popleft()


def _weight(take: Take) -> int:
    return sum(map(len, take.bundles)) + sum(map(len, take.entries))
