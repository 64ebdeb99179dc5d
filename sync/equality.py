"""Whether two devices that hold the same changes make the same of them: compared in portions, when all is quiet.

Equal heads do not prove equal contents, so the facts are compared as well. The side that dialled asks about one portion
at a time; where a digest differs both name the documents of it, and each reads those that differ again from its log.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterator
from typing import Final

from sync.actions import Action, Diverged
from sync.admission import said
from sync.handshake import Refused
from sync.rates import Limits
from sync.records import DocumentId
from sync.replica import SHARES, Replica
from sync.wire import Check, Detail, Row

AT_ONCE: Final = 64
MOST: Final = 4096
"""So many documents are read again at once, and in one conversation, for whatever reason the other side gives."""


class Equality:
    """One side of the comparison; `next` is when `tick` asks about the next portion."""

    def __init__(
        self, replica: Replica, limits: Limits, now: float, *, asks: bool, logs: Callable[[], bytes]
    ) -> None:
        self._replica = replica
        self._limits = limits
        self._logs = logs
        self._asked = 0
        self._mended: set[DocumentId] = set()
        self.next = now + limits.check if asks else math.inf

    def tick(self, now: float, *, settled: bool) -> Iterator[Action]:
        """Ask about the next portion, if it is time and nothing else is under way."""
        if now < self.next:
            return
        done = self._asked >= SHARES
        self.next = now + (self._limits.check_again if done else self._limits.check)
        if settled:
            number = self._asked % SHARES
            self._asked += 1
            yield said(self._check(number))

    def receive(self, message: Check | Detail) -> Iterator[Action]:
        """What the other side says of a portion; said of other logs than these it means nothing."""
        if message.share >= SHARES:
            raise Refused("malformed", f"portion {message.share}")
        if message.logs != self._logs():
            return
        if isinstance(message, Check):
            if message != self._check(message.share):
                yield said(self._detail(message.share))
            return
        yield from self._differing(message)

    def _differing(self, message: Detail) -> Iterator[Action]:
        mine = {row.document: row for row in self._detail(message.share).rows}
        theirs = {row.document: row for row in message.rows}
        names = sorted(name for name in mine.keys() | theirs.keys() if mine.get(name) != theirs.get(name))
        fresh = tuple(DocumentId(name) for name in names if DocumentId(name) not in self._mended)[:AT_ONCE]
        if fresh and len(self._mended) < MOST:
            self._mended.update(fresh)
            yield said(self._detail(message.share))
            yield Diverged(fresh)

    def _check(self, number: int) -> Check:
        heads, facts = hashlib.sha256(), hashlib.sha256()
        for name, (one, two) in sorted(self._replica.share(number).items()):
            heads.update(name.encode() + b"\0" + one)
            facts.update(name.encode() + b"\0" + two)
        return Check(number, self._logs(), heads.digest(), facts.digest())

    def _detail(self, number: int) -> Detail:
        found = sorted(self._replica.share(number).items())
        rows = tuple(Row(str(name), one[:8], two[:8]) for name, (one, two) in found[:4096])
        return Detail(number, self._logs(), rows)
