"""One peer as a source of blobs: the line to it, its place in the conversation, and how fast it was so far."""

from __future__ import annotations

import asyncio
import bisect
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from engine.faults import Fault
from engine.recipe import FileDigest
from sync.blobs import spoken
from sync.blobs.budget import Now
from sync.blobs.frames import PART, Broken
from sync.blobs.peer import Caller, Gone, Line
from sync.blobs.pieces import Piece
from sync.blobs.spoken import Ask, Here, Large, NotHere, Part

LANES: Final = 4
"""How many parts are asked of one source at once."""
ANSWERED: Final = 10.0
"""Seconds in which a question in the conversation must be answered."""
SPAN: Final = 0.25
"""For how many seconds' work a source is asked at once."""
LOOK: Final = 0.25
"""Seconds after which a source that has nothing to do looks whether another has become slow."""
LONGEST: Final = 4 * 1024 * 1024
QUESTIONS: Final = 64
"""How many questions of a peer wait for an answer; more are not heard."""
_FIRST_RATE: Final = 2e6
_FIRST_LATENCY: Final = 0.05
_DIAL_AGAIN: Final = 30.0

Say = Callable[[bytes], None]
Quiet = Callable[[], Awaitable[None]]
"""Waits until little of what was said is still under way."""
Found = int | bytes | None
"""What a source said of a blob: its size, at once its bytes, or that it is not there."""
Key = tuple[int, int, FileDigest]


@dataclass(slots=True, eq=False)
class Source:
    """A peer that may have blobs; `rate` in bytes a second and `latency` in seconds are as measured.

    `stumbles` are its failures since it last gave something, `attempt` counts the ways to it that were tried.
    """

    key: bytes
    addresses: tuple[str, ...]
    say: Say | None
    caller: Caller
    now: Now
    quiet: Quiet | None = None
    rate: float = _FIRST_RATE
    latency: float = _FIRST_LATENCY
    busy: int = 0
    stumbles: int = 0
    attempt: int = 0
    unasked: list[Key] = field(default_factory=list)
    questions: deque[Ask | Part] = field(default_factory=deque)
    _line: Line | None = None
    _dialling: asyncio.Lock = field(default_factory=asyncio.Lock)
    _dial_at: float = -1e18
    _dials: int = 0
    _asked: dict[FileDigest, asyncio.Future[Found]] = field(default_factory=dict)
    _parts: dict[tuple[FileDigest, int, int], asyncio.Future[bytes | None]] = field(default_factory=dict)

    @property
    def length(self) -> int:
        """How many bytes it is asked for at once."""
        if self._line is None and not self._may_dial():
            return spoken.SMALL
        return int(min(max(self.rate * SPAN, PART), LONGEST))

    @property
    def batch(self) -> int:
        """How many blobs it is asked about at once."""
        return 1024 if self.say is None else spoken.MOST

    def takes(self, length: int) -> float:
        """In how many seconds so many bytes would be here."""
        return self.latency + length * (1 + self.busy) / self.rate

    def outruns(self, owner: Source | None, piece: Piece) -> bool:
        """Whether a part would come at least twice as fast from this source as from the one that was asked."""
        if owner is None:
            return True
        left, got = piece.stop - piece.at, piece.at - piece.first
        elapsed = self.now() - piece.since
        rate = owner.rate if elapsed < LOOK else max(got, 1) / elapsed
        return left / rate > 2 * self.takes(left)

    def close(self) -> None:
        """End the line."""
        if self._line is not None:
            self._line.close()
            self._line = None

    async def sizes(self, digests: Sequence[FileDigest]) -> Mapping[FileDigest, Found]:
        """What it has of these; small blobs come at once where there is a conversation."""
        if self.say is None:
            line = await self._reached()
            if line is None:
                raise Broken("the peer cannot be reached")
            return await line.sizes(digests)
        loop = asyncio.get_running_loop()
        answers = {one: loop.create_future() for one in digests}
        self._asked.update(answers)
        try:
            self.tell(spoken.encode(Ask(tuple(digests))))
            await asyncio.wait(answers.values(), timeout=ANSWERED)
            return {one: answer.result() if answer.done() else None for one, answer in answers.items()}
        finally:
            for one in digests:
                self._asked.pop(one, None)

    async def read(self, digest: FileDigest, start: int, stop: int, take: Callable[[bytes], None]) -> None:
        """Have `take` called with the bytes of a range as they come, over the line or else in the conversation."""
        asked, first, got = self.now(), 0.0, 0

        def measured(data: bytes) -> None:
            nonlocal first, got
            if not got:
                first = self.now()
                self.latency += (min(first - asked, 5.0) - self.latency) / (4 if self.busy <= 1 else 32)
            got += len(data)
            take(data)

        line = await self._reached()
        if line is not None:
            await line.read(digest, start, stop, measured)
        else:
            await self._read_spoken(digest, start, stop, measured)
        span = self.now() - (first if got > PART else asked)
        self.rate += (got / max(span, 1e-4) - self.rate) / 4

    def heard(self, message: Here | Large | NotHere) -> None:
        """An answer in the conversation; one to no question is not listened to."""
        match message:
            case Here(digest, size, start, data):
                part = self._parts.get((digest, start, start + len(data)))
                if part is not None and not part.done():
                    part.set_result(data)
                elif start == 0 and len(data) == size:
                    self._answered(digest, data)
            case Large(sizes):
                for digest, size in sizes.items():
                    self._answered(digest, size)
            case NotHere(digests):
                for digest in digests:
                    self._answered(digest, None)
                    for (one, _, _), waiting in self._parts.items():
                        if one == digest and not waiting.done():
                            waiting.set_result(None)

    async def _read_spoken(
        self, digest: FileDigest, start: int, stop: int, take: Callable[[bytes], None]
    ) -> None:
        if self.say is None:
            raise Broken("the peer cannot be reached")
        for at in range(start, stop, spoken.SMALL):
            end = min(at + spoken.SMALL, stop)
            key = digest, at, end
            answer: asyncio.Future[bytes | None] = asyncio.get_running_loop().create_future()
            self._parts[key] = answer
            try:
                self.tell(spoken.encode(Part(*key)))
                async with asyncio.timeout(ANSWERED):
                    data = await answer
            except TimeoutError:
                self.attempt += 1
                raise
            finally:
                if self._parts.get(key) is answer:
                    del self._parts[key]
            if data is None:
                raise Gone
            take(data)

    def _answered(self, digest: FileDigest, found: Found) -> None:
        answer = self._asked.get(digest)
        if answer is not None and not answer.done():
            answer.set_result(found)

    def moved(self, addresses: tuple[str, ...]) -> None:
        """Its blobs are served elsewhere now; a line that stands is kept."""
        if addresses != self.addresses:
            self.addresses, self._dial_at, self._dials = addresses, -1e18, 0

    def tell(self, data: bytes) -> None:
        """Say something in the conversation; raises `Broken` where there is none, or it does not take it."""
        if self.say is None:
            raise Broken("there is no conversation with the peer")
        try:
            self.say(data)
        except Fault as fault:
            raise Broken(fault.message) from fault

    def _may_dial(self) -> bool:
        return bool(self.addresses) and self.now() >= self._dial_at

    async def _reached(self) -> Line | None:
        """The line, dialled if need be; None where none leads there now and there is a conversation."""
        async with self._dialling:
            if self._line is not None and not self._line.closed:
                return self._line
            self._line = None
            if not self._may_dial():
                return None
            self.attempt += 1
            try:
                self._line = await Line.dial(self.addresses, self.key, self.caller)
            except (OSError, EOFError, TimeoutError):
                self._dials += 1
                self._dial_at = self.now() + min(0.5 * 2**self._dials, _DIAL_AGAIN)
                if self.say is None:
                    raise
                return None
            self._dials = 0
            return self._line


def take_out(keys: list[Key], key: Key) -> bool:
    """Take a key out of sorted ones; false when it is not among them."""
    at = bisect.bisect_left(keys, key)
    if at < len(keys) and keys[at] == key:
        del keys[at]
        return True
    return False
