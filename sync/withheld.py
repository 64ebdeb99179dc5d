"""What waits for an owner: bundles that their device had no right to any more, and what others built on them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sync import log
from sync.change import header
from sync.log import Bundle
from sync.membership import Members
from sync.records import LogId
from sync.store import Store


@dataclass(frozen=True, slots=True)
class Withheld:
    """Bundles of a device that wait because it had no right to them any more; `last` is what adopting them names."""

    log: LogId
    device: bytes
    first: int
    last: int
    count: int


def found(store: Store, members: Members) -> list[Withheld]:
    """What waits of devices that were removed, or whose role was lowered."""
    bundles = [log.decode(one) for one in store.waiting()]
    numbers, known = dict[LogId, list[int]](), authors(store, bundles)
    for bundle in bundles:
        numbers.setdefault(bundle.log, []).append(bundle.n)
    answer = []
    for log_id, waiting in numbers.items():
        author = known.get(log_id, b"")
        if author in members.removed or members.lowered(author):
            answer.append(Withheld(log_id, author, min(waiting), max(waiting), len(waiting)))
    return sorted(answer, key=lambda one: (one.device, one.log))


def authors(store: Store, bundles: Iterable[Bundle]) -> dict[LogId, bytes]:
    """The key of each log's device, as far as it is known."""
    authors: dict[LogId, bytes] = {one.id: one.intro.public for one in store.logs().values()}
    for bundle in bundles:
        if bundle.intro is not None and bundle.intro.log == bundle.log:
            authors[bundle.log] = bundle.intro.public
    return authors


def dropped(store: Store, ends: Mapping[LogId, int]) -> dict[bytes, int]:
    """How many waiting bundles of each device go when logs end so."""
    bundles = [log.decode(one) for one in store.waiting()]
    known = authors(store, bundles)
    going = Counter(known.get(one.log, b"") for one in bundles if one.n >= ends.get(one.log, one.n + 1))
    return dict(going)


def with_dependents(store: Store, chosen: Sequence[Withheld]) -> dict[LogId, int]:
    """Where logs have to end for withheld bundles to go: those bundles' own, and those of what waits for them."""
    waiting = sorted(map(log.decode, store.waiting()), key=lambda one: (one.log, one.n))
    ends = {one.log: one.first for one in chosen}
    gone: set[bytes] = set()
    moved = True
    while moved:
        moved = False
        for bundle in waiting:
            if not _goes(bundle, ends, gone):
                continue
            fresh = {header(raw).hash for _, raw in bundle.changes} - gone
            if fresh or bundle.n < ends.get(bundle.log, bundle.n + 1):
                gone |= fresh
                ends[bundle.log] = min(bundle.n, ends.get(bundle.log, bundle.n))
                moved = True
    return ends


def _goes(bundle: Bundle, ends: dict[LogId, int], gone: set[bytes]) -> bool:
    if bundle.n >= ends.get(bundle.log, bundle.n + 1):
        return True
    return any(need in gone for _, raw in bundle.changes for need in header(raw).dependencies)
