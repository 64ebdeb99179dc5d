"""One wanted blob on its way: who has it, what was asked of whom, and who is to blame when the bytes are wrong.

Only the whole can be compared with the digest. When it is wrong and several sources gave parts of it, it is fetched
again from one source alone; what then comes out right shows whose parts were not.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from engine.recipe import FileDigest
from sync.blobs.folder import FolderStore
from sync.blobs.partial import Partial, differs
from sync.blobs.pieces import Impatient, Piece, Plan
from sync.blobs.source import LANES, Key, Source

LARGEST: Final = 16 * 1024**3
MISSES: Final = 3
"""In how many attempts a source may give nothing before it is not asked for the blob any more."""

Given = list[tuple[int, int, bytes | None]]
"""Which source gave the bytes from where to where; None for those that an earlier transfer left."""


@dataclass(slots=True, eq=False)
class Transfer:
    """A blob that somebody waits for; `holders` are the sources that say they have it, with the size they say.

    A `thrifty` one is asked of one source after the other, `asking` is whom it is asked of now;
    `most` bytes it may have.
    """

    digest: FileDigest
    priority: int
    order: int
    expected: int | None = None
    patient: bool = False
    thrifty: bool = False
    most: int = LARGEST
    asking: set[bytes] = field(default_factory=set)
    waiters: list[asyncio.Future[bool]] = field(default_factory=list)
    holders: dict[bytes, int] = field(default_factory=dict)
    asked: set[bytes] = field(default_factory=set)
    misses: dict[bytes, set[int]] = field(default_factory=dict)
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    over: bool = False
    opening: bool = False
    plan: Plan | None = None
    partial: Partial | None = None
    given: Given = field(default_factory=list)
    alone: bool = False
    only: bytes | None = None
    apart: tuple[Path, Given] | None = None

    @property
    def key(self) -> Key:
        """Where it stands among all that is wanted: urgent first, then what was wanted first."""
        return self.priority, self.order, self.digest

    def has_work(self, source: Source) -> bool:
        """Whether a source may be asked for parts of it, as far as one can see before its plan is looked at."""
        size = self.holders.get(source.key)
        if size is None or self.over or self.opening:
            return False
        if self.alone and self.only not in (None, source.key):
            return False
        return self.plan is None or (self.plan.size == size and not self.plan.complete)

    def declines(self, source: Source, others: Iterable[Source]) -> bool:
        """Whether a source leaves it to a much faster one that has time for it."""
        own = source.takes(source.length)
        return any(
            other is not source and other.busy < LANES and self.has_work(other)
            and not other.stumbles and 2 * other.takes(source.length) < own
            for other in others
        )  # fmt: skip

    def next(self, source: Source, impatient: Impatient) -> Piece | None:
        """What to ask of a source now."""
        if self.plan is None:
            return None
        piece = self.plan.next(source.key, source.length, source.now(), impatient)
        if piece is not None and self.alone:
            self.only = source.key
        return piece

    @property
    def givers(self) -> list[bytes]:
        """The sources whose bytes it is made of."""
        return list(dict.fromkeys(owner for _, _, owner in self.given if owner is not None))

    def drop(self, key: bytes) -> None:
        """Ask a source no more; where all must come from one, begin anew with another."""
        self.holders.pop(key, None)
        if self.plan is None or self.plan.complete:
            return
        if self.alone and self.only == key:
            self.plan, self.only = None, None
        self.unstick()

    def unstick(self) -> None:
        """Give up a length that no source says any more."""
        plan = self.plan
        if (
            plan is not None
            and not plan.complete
            and not plan.busy
            and plan.size not in self.holders.values()
        ):
            self.plan = None

    def gave(self, key: bytes) -> None:
        """A source gave bytes: it may stumble anew."""
        self.misses.pop(key, None)

    def missed(self, key: bytes, attempt: int) -> None:
        """A source gave nothing in one of its attempts, whatever number of parts it was asked for meanwhile."""
        self.misses.setdefault(key, set()).add(attempt)
        if len(self.misses[key]) >= MISSES:
            self.drop(key)

    # --- what follows blocks, for a thread, one at a time -------------------------------------------------------

    def open(self, store: FolderStore, size: int) -> Plan:
        """The plan for a blob of that size, going on where an earlier transfer ended."""
        if self.partial is None:
            self.partial = Partial(store, self.digest)
        if self.alone or self.partial.size > size:
            self.partial.restart()
        self.given = [(0, self.partial.size, None)] if self.partial.size else []
        return Plan(size, self.partial.size)

    def write(self, parts: list[tuple[bytes, bytes]]) -> None:
        """Write bytes that continue those that are there, each with the source that gave them."""
        assert self.partial is not None
        for owner, data in parts:
            at = self.partial.size
            self.partial.append([data])
            if self.given and self.given[-1][2] == owner:
                self.given[-1] = self.given[-1][0], at + len(data), owner
            else:
                self.given.append((at, at + len(data), owner))

    def finish(self, store: FolderStore) -> tuple[bool, set[bytes]]:
        """Whether the blob is in the store now, and the sources that are shown to have given wrong bytes."""
        assert self.partial is not None
        if self.partial.finish():
            self.partial = None
            return True, self._liars(store)
        owners = {owner for _, _, owner in self.given}
        guilty = {one for one in owners if one is not None}
        if not owners:  # they said that it is empty
            return False, {key for key, size in self.holders.items() if size == 0}
        if len(owners) == 1:
            self.partial.restart()
        else:
            guilty = set()
            self._forget_apart()
            self.apart = self.partial.set_apart(), self.given
            self.alone = True
        self.given = []
        return False, guilty

    def leave(self, *, drop: bool) -> None:
        """Keep what is there for a later transfer, or delete it."""
        self._forget_apart()
        if self.partial is None:
            return
        if drop:
            self.partial.drop()
        else:
            self.partial.release()
        self.partial = None

    def _liars(self, store: FolderStore) -> set[bytes]:
        if self.apart is None:
            return set()
        wrong, given = self.apart
        right = store.path(self.digest)
        found = {
            owner for start, stop, owner in given if owner is not None and differs(wrong, right, start, stop)
        }
        self._forget_apart()
        return found

    def _forget_apart(self) -> None:
        if self.apart is not None:
            self.apart[0].unlink(missing_ok=True)
            self.apart = None
