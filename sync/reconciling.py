"""How two devices come to hold the same: each says how far its logs go, asks for what it lacks, pushes what is new.

A digest of everything goes first: where it is equal nothing more is said. Membership comes before bundles. A device
pushes the bundles of its own logs at once; of others' it only tells, a moment later, for most have heard by then. What
was asked for is not asked again until it came, or was overdue. Nothing here waits or sends: see `sync.peer`.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from engine.faults import Damaged
from sync import log, wire
from sync.actions import Action, InSync, Take
from sync.admission import SHORT, entries_digest, entries_said, said
from sync.handshake import Refused
from sync.identity import Random
from sync.rates import Bucket, Limits
from sync.records import LogId
from sync.replica import Holdings, Replica
from sync.wire import Bundles, Digest, Entries, Have, Range, Roll, Tail, Want

NEVER: Final = math.inf
TURNS: Final = 8
MOST_TRIES: Final = 6
"""How often the beginning of a fork is looked for; the last try goes back 32,768 bundles."""
TELL_SECONDS: Final = (0.05, 0.1)
"""How long others' bundles are kept to oneself: at least, and at most so much more by chance."""


class Reconciling:
    """One side of an admitted conversation; `next` is when `tick` has something to do."""

    def __init__(
        self, replica: Replica, limits: Limits, random: Random, now: float, told: Iterable[bytes]
    ) -> None:
        self._replica = replica
        self._limits = limits
        self._random = random
        self._told_entries = set(told)
        self._theirs: dict[LogId, int] = {}
        self._got: dict[LogId, int] = {}
        self._before: Holdings = {}
        self._judged: Holdings = {}
        self._stalled: set[LogId] = set()
        self._accused: set[bytes] = set()
        self._doubts: dict[LogId, int] = {}
        self._number = 0
        self._asked: frozenset[LogId] | None = None
        self._compared = False
        self._roll_pause = self._roll_after = 0.0
        self._accuse_pause, self._accuse_after = limits.retry, 0.0
        self._synced = ""
        self._flushed = -NEVER
        self._flush_at = self._tell_at = self._want_at = NEVER
        self._retry_at = self._roll_until = NEVER
        self._held_until = -NEVER
        self._answered = False
        self._patience = limits.settle
        self._digest_at = now
        self._may_push = Bucket(limits.bundles * 0.75, limits.bundles_burst * 0.75, now)
        self._pushed_here = Bucket(limits.bundles, limits.bundles_burst, now)

    @property
    def next(self) -> float:
        """When `tick` wants to be called."""
        asked = min(self._retry_at, self._roll_until)
        return min(self._flush_at, self._tell_at, self._want_at, asked, self._digest_at)

    @property
    def theirs(self) -> Mapping[LogId, int]:
        """How far each log goes on the other side, as far as it was told."""
        return self._theirs

    @property
    def settled(self) -> bool:
        """Whether both held the same when they last compared, and nothing is under way."""
        return bool(self._synced) and self._asked is None and min(self._flush_at, self._want_at) == NEVER

    def receive(self, message: wire.Message, now: float) -> Iterator[Action]:
        """What the other side says; raises `Refused`."""
        match message:
            case Digest():
                yield from self._compare(message, now)
            case Have(whole, tails):
                yield from self._heard(whole, tails, now)
            case Want(number, ranges):
                yield from self._serve(number, ranges)
            case Bundles():
                yield from self._arrived(message, now)
            case Roll(entries):
                yield from self._rolled_by(entries, now)
            case Entries(last, entries):
                yield from self._entries(last, entries, now)
            case _:
                raise Refused("unexpected", type(message).__name__)

    def hold(self, until: float) -> None:
        """Ask for nothing before that time."""
        self._held_until = until

    def release(self, now: float) -> Iterator[Action]:
        """Ask from now on."""
        self._held_until = -NEVER
        yield from self._want(now)

    def doubt(self, name: LogId) -> None:
        """A log goes on otherwise there than here: find the number from which on its device has signed twice."""
        self._doubts.setdefault(name, 0)

    def nothing_waits(self) -> None:
        """No bundle waits for others: what does not come forward may be asked for again."""
        self._stalled.clear()

    def stored(self, now: float, *, whole: bool = True) -> Iterator[Action]:
        """The replica has something new: push it, and go on asking; `whole` when all that came was taken in."""
        have = self._replica.have()
        if whole:
            self._judge(have)
        if whole and self._answered:  # taking it in may have lasted longer than settling does
            self._answered = False
            self._settle(now)
        moved = have != self._before
        self._patience = self._limits.settle if moved else self._patience
        self._before = have
        if moved or self._entries_untold() or self._replica.evidence().keys() - self._accused:
            self._flush_at = min(self._flush_at, max(now, self._flushed + self._limits.flush))
        yield from self.tick(now)
        yield from self._want(now)

    def _judge(self, have: Holdings) -> None:
        """Which logs did not get on with what came of them."""
        fruitless = False
        for name, n in self._got.items():
            reached = have.get(name, (0, b""))[0]
            if reached < n and reached == self._judged.get(name, (0, b""))[0]:
                self._stalled.add(name)
                fruitless = True
            else:
                self._stalled.discard(name)
        if fruitless:  # the same would come again and again, until something else changes
            self._patience = min(2 * self._patience, self._limits.anti_entropy)
        self._got.clear()
        self._judged = have

    def tick(self, now: float) -> Iterator[Action]:
        """Do what is due."""
        if now >= self._flush_at:
            yield from self._flush(now)
        if now >= self._tell_at:
            yield from self._tell(now)
        if now >= self._retry_at:
            self._asked, self._retry_at = None, NEVER
            self._digest_at = now
        if now >= self._roll_until:
            self._roll_until = NEVER
            self._digest_at = now
        if now >= self._want_at:
            self._want_at = NEVER
            yield from self._want(now)
        if now >= self._digest_at:
            self._stalled.clear()
            self._digest_at = now + self._limits.anti_entropy
            yield said(self._digest())

    # --- comparing ---

    def digest_of_logs(self) -> bytes:
        """A digest of how far every log goes here."""
        total = hashlib.sha256(b"restrike have/1\0")
        for name, (n, digest) in sorted(self._replica.have().items()):
            total.update(bytes.fromhex(name) + n.to_bytes(8, "big") + digest)
        total.update(b"".join(sorted(self._replica.evidence())))
        return total.digest()

    def _digest(self) -> Digest:
        entries = entries_digest(self._replica.entries())
        return Digest(self.digest_of_logs(), entries, bytes.fromhex(self._replica.heads()))

    def _compare(self, theirs: Digest, now: float) -> Iterator[Action]:
        mine = self._digest()
        if theirs.entries != mine.entries:
            yield from self._roll(now)
        else:
            self._roll_pause = self._roll_after = 0.0
        if theirs.logs != mine.logs:
            self._synced = ""
            self._accuse_anew(now)
            yield from self._accuse(now)
            yield said(Have(True, self._tails(self._replica.have())))
        elif theirs.entries == mine.entries:
            self._compared = True
            self._theirs = {name: n for name, (n, _) in self._replica.have().items()}
            heads = theirs.heads.hex()
            if theirs.heads == mine.heads and self._synced != heads:
                yield InSync(heads)
                yield said(mine)  # so that the other side knows it as well
            self._synced = heads

    def _heard(self, whole: bool, tails: tuple[Tail, ...], now: float) -> Iterator[Action]:
        have = self._replica.have()
        if whole:
            self._theirs, self._compared = {}, True
        for tail in tails:
            self._theirs[tail.log] = max(self._theirs.get(tail.log, 0), tail.n)
            mine = have.get(tail.log)
            if mine is not None and mine[0] == tail.n and mine[1][:16] != tail.hash:
                self.doubt(tail.log)
        if whole:
            ahead = {name: tail for name, tail in have.items() if tail[0] > self._theirs.get(name, 0)}
            if ahead:
                yield said(Have(False, self._tails(ahead)))
            yield from self._want(now)
        else:
            self._want_at = min(self._want_at, now + TELL_SECONDS[0] * self._chance())

    def _tails(self, have: Holdings) -> tuple[Tail, ...]:
        return tuple(Tail(name, n, digest[:16]) for name, (n, digest) in sorted(have.items()))

    # --- asking and answering ---

    def _want(self, now: float) -> Iterator[Action]:
        if self._asked is not None or self._roll_until < NEVER:
            return
        if now < self._held_until:
            self._want_at = min(self._want_at, self._held_until)
            return
        have = self._replica.have()
        missing: list[Range] = []
        for name, n in sorted(self._theirs.items()):
            reached = max(have.get(name, (0, b""))[0], self._got.get(name, 0))
            if reached < n and name not in self._stalled:
                missing.append(Range(name, reached + 1, n))
        ranges = self._doubtful(have) + _in_turns(missing, self._limits.window)
        if ranges:
            yield self._ask(ranges, now)

    def _doubtful(self, have: Holdings) -> list[Range]:
        """Ask for what is here as well, further back each time, until both bundles of one number are known."""
        known = {log.place(one)[0] for one in self._replica.evidence().values()}
        ranges = []
        for name, tries in self._doubts.items():
            last = have.get(name, (0, b""))[0]
            if tries < MOST_TRIES and last and name not in known:
                self._doubts[name] += 1
                ranges.append(Range(name, max(1, last + 1 - 8**tries), last))
        return ranges

    def _ask(self, ranges: list[Range], now: float) -> Action:
        self._number += 1
        self._asked = frozenset(one.log for one in ranges)
        self._retry_at = now + self._limits.retry
        return said(Want(self._number, tuple(ranges)))

    def _serve(self, number: int, ranges: tuple[Range, ...]) -> Iterator[Action]:
        """Answer with as much as one answer may hold; who wants more asks again."""
        part: list[bytes] = []
        size = total = 0
        for one in ranges:
            for data in self._replica.bundles(
                one.log, one.first, min(one.last, one.first + self._limits.window)
            ):
                if size + len(data) > self._limits.message_bytes and part:
                    yield said(Bundles(number, False, tuple(part)))
                    part, size = [], 0
                part.append(data)
                size += len(data)
                total += len(data)
                if total >= self._limits.answer_bytes:
                    break
            self._theirs[one.log] = max(self._theirs.get(one.log, 0), one.first - 1)
            if total >= self._limits.answer_bytes:
                break
        yield said(Bundles(number, True, tuple(part)))

    def _arrived(self, message: Bundles, now: float) -> Iterator[Action]:
        asked = self._asked if message.answer and message.answer == self._number else None
        if message.answer > self._number:
            raise Refused("not_asked")
        if not message.answer and not self._pushed_here.take(len(message.bundles), now):
            raise Refused("too_many", f"{len(message.bundles)} bundles that nobody asked for")
        have = self._replica.have()
        fresh = [one for one in message.bundles if self._is_news(one, have, pushed=not message.answer)]
        if asked is not None:
            self._retry_at = now + self._limits.retry
            if message.last:
                self._answered = True
                self._asked, self._retry_at = None, NEVER
                self._settle(now)
                yield from self._want(now)
        if fresh:
            yield Take(bundles=tuple(fresh))

    def _is_news(self, data: bytes, have: Holdings, *, pushed: bool) -> bool:
        try:
            name, n = log.place(data)
        except Damaged as error:
            raise Refused("malformed", error.message) from error
        reached = have.get(name, (0, b""))[0]
        if pushed and n > reached + self._limits.ahead:
            raise Refused("too_far", f"bundle {n} after {reached}")
        self._theirs[name] = max(self._theirs.get(name, 0), n)
        if n <= reached:  # the same once more, or a twin of what is here
            return (
                data not in self._replica.bundles(name, n, n)
                and data not in self._replica.evidence().values()
            )
        if n > 1 + max(reached, self._got.get(name, 0)):
            self._digest_at = min(self._digest_at, self._flushed + self._limits.settle)
        else:
            self._got[name] = n
        return True

    # --- pushing and telling ---

    def _flush(self, now: float) -> Iterator[Action]:
        self._flush_at, self._flushed = NEVER, now
        fresh = self._entries_untold()
        if fresh:
            self._told_entries |= {one[:SHORT] for one in fresh}
            yield from entries_said(fresh)
            self._settle(now)
        if not self._compared:
            self._digest_at = min(self._digest_at, now)
            return
        yield from self._accuse(now)
        have, mine = self._replica.have(), self._replica.mine()
        behind = {name: n for name, (n, _) in have.items() if n > self._theirs.get(name, 0)}
        for name in sorted(behind.keys() & mine):
            pushed = self._push(name, behind[name], now)
            if pushed is None:
                continue
            del behind[name]
            self._theirs[name] = have[name][0]
            self._settle(now)
            yield pushed
        if behind and self._tell_at == NEVER:
            at_once = bool(behind.keys() & mine)
            self._tell_at = now if at_once else now + TELL_SECONDS[0] + TELL_SECONDS[1] * self._chance()

    def _accuse(self, now: float) -> Iterator[Action]:
        """Pass on evidence against a log: whoever has it ends the log where everybody does."""
        fresh = {name: one for name, one in self._replica.evidence().items() if name not in self._accused}
        if fresh and self._may_push.take(len(fresh), now):
            self._accused.update(fresh)
            self._accuse_after = now + self._accuse_pause
            self._settle(now)
            yield said(Bundles(0, True, tuple(fresh.values())))

    def _accuse_anew(self, now: float) -> None:
        """What differs may differ because evidence was lost on the way: say it again, less and less often."""
        if self._accused and now >= self._accuse_after:
            self._accused.clear()
            self._accuse_pause = min(2 * self._accuse_pause, self._limits.anti_entropy)

    def _push(self, name: LogId, n: int, now: float) -> Action | None:
        """The newest bundles of an own log as one message, None where they are too many."""
        first = self._theirs.get(name, 0) + 1
        if n - first >= self._limits.push:
            return None
        bundles = tuple(self._replica.bundles(name, first, n))
        if len(bundles) != n - first + 1 or sum(map(len, bundles)) > self._limits.message_bytes:
            return None
        if not self._may_push.take(len(bundles), now):
            return None
        return said(Bundles(0, True, bundles))

    def _tell(self, now: float) -> Iterator[Action]:
        self._tell_at = NEVER
        have = self._replica.have()
        behind = {name: one for name, one in have.items() if one[0] > self._theirs.get(name, 0)}
        if behind:
            self._theirs.update((name, n) for name, (n, _) in behind.items())
            self._settle(now)
            yield said(Have(False, self._tails(behind)))

    def _settle(self, now: float) -> None:
        self._digest_at = min(self._digest_at, now + self._patience)

    def _chance(self) -> float:
        return self._random(1)[0] / 256

    # --- membership ---

    def _entries_untold(self) -> Mapping[bytes, bytes]:
        known = self._replica.entries()
        return {digest: data for digest, data in known.items() if digest[:SHORT] not in self._told_entries}

    def _roll(self, now: float) -> Iterator[Action]:
        if self._roll_until < NEVER:
            return
        if now < self._roll_after:
            self._digest_at = min(self._digest_at, self._roll_after)
            return
        self._roll_pause = max(1.0, 2 * self._roll_pause)
        self._roll_after = now + self._roll_pause
        self._roll_until = now + self._limits.retry
        yield said(Roll(tuple(sorted(one[:SHORT] for one in self._replica.entries()))))

    def _rolled_by(self, entries: tuple[bytes, ...], now: float) -> Iterator[Action]:
        theirs, known = set(entries), self._replica.entries()
        missing = {digest: data for digest, data in known.items() if digest[:SHORT] not in theirs}
        self._told_entries = theirs | {one[:SHORT] for one in missing}
        yield from entries_said(missing)
        if theirs - {one[:SHORT] for one in known}:
            yield from self._roll(now)

    def _entries(self, last: bool, entries: tuple[bytes, ...], now: float) -> Iterator[Action]:
        known = self._replica.entries()
        found = {hashlib.sha256(one).digest(): one for one in entries}
        self._told_entries |= {one[:SHORT] for one in found}
        fresh = tuple(data for digest, data in found.items() if digest not in known)
        if last:
            if self._roll_until < NEVER:
                self._settle(now)
            self._roll_until = NEVER
        if fresh:
            yield Take(entries=fresh)
        else:
            yield from self._want(now)


def _in_turns(missing: Sequence[Range], window: int) -> list[Range]:
    """What to ask for first: all logs abreast, for bundles depend on what others wrote at about the same time."""
    total = sum(one.last - one.first + 1 for one in missing)
    if total <= window and len(missing) == 1:
        return list(missing)
    found: list[Range] = []
    for turn in range(TURNS):
        for one in missing:
            share = min(1.0, window / total) * (one.last - one.first + 1)
            first = one.first + math.ceil(share * turn / TURNS)
            last = one.first + math.ceil(share * (turn + 1) / TURNS) - 1
            if first <= last and len(found) < wire.MOST_RANGES - 64:
                found.append(Range(one.log, first, last))
    return found
