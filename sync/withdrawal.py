"""Taking back what was believed: bundles beyond a removal, written without the role, or signed twice under one number.

What is taken back is not thrown away: it waits, with all that depends on it, and counts again as soon as an owner
adopts it; what an owner discards is dropped, and kept by nobody who brings it again. Of two bundles that their author
signed under one number both are kept as evidence, and the log ends with the one that has the smaller hash, for
everybody who has seen both. All of it follows from entries and bundles alone, so whoever holds the same believes the
same, in whatever order it came.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from sync import targets
from sync.change import header
from sync.ledger import Ledger
from sync.log import Bundle
from sync.membership import Members
from sync.membership.members import writes
from sync.records import LogId
from sync.store import Log, Store

Queues = Mapping[LogId, Mapping[int, list[tuple[Bundle, bytes]]]]


def settle(ledger: Ledger, members: Members, queues: Queues) -> bool:
    """Keep new evidence and take back what counts no more, inside `Ledger.writing`; whether anything was taken back.

    The index then has to be built anew before anything else is taken in: `Ledger.freshen` does it.
    """
    store = ledger.store
    found = list(_evidence(store, queues))
    for public, twins in found:
        store.keep_evidence(public, twins)
    if ledger.settled == members.heads and not found:
        return False
    for log_id in members.discarded:
        store.end(log_id)
    keep = receding(ledger, members)
    ledger.settled = members.heads
    if not keep:
        return False
    for bundle in store.withdraw(keep):
        if not members.discards(bundle.log, bundle.n):
            store.wait(bundle.log, bundle.n, bundle.encode())
    return True


def receding(ledger: Ledger, members: Members) -> dict[LogId, int]:
    """How far the logs count that go further here; those that are fine are left out."""
    store = ledger.store
    ends = store.ends()
    keep = {one.id: _counts(ledger, members, one, ends.get(one.id)) for one in store.logs().values()}
    last = {one.id: one.last for one in store.logs().values()}
    keep = {log: n for log, n in keep.items() if n < last[log]}
    return _with_dependents(store, keep) if keep else {}


def may(ledger: Ledger, members: Members, public: bytes, bundle: Bundle) -> bool:
    """Whether a device had the role for everything that its bundle writes."""
    role = members.role_in(public, bundle.log, bundle.n)
    if role in ("owner", "artist"):
        return True
    return role == "worker" and all(
        writes(role, collection)
        for document, raw in bundle.changes
        for collection in targets.collections(document, raw, ledger.steps)
    )


def _counts(ledger: Ledger, members: Members, one: Log, end: tuple[int, bytes] | None) -> int:
    last = one.last
    bound = members.bound(one.intro.public, one.id)
    if bound is not None:
        last = min(last, bound)
    if members.discards(one.id, last):
        last = max(members.discarded[one.id] - 1, members.adopted.get(one.id, 0))
    if end is not None and last >= end[0]:
        kept = ledger.store.at(one.id, end[0])
        last = end[0] if kept is not None and kept.hash == end[1] else end[0] - 1
    if members.lowered(one.intro.public):
        for n in range(1, last + 1):
            role = members.role_in(one.intro.public, one.id, n)
            if role in ("owner", "artist"):
                continue
            bundle = ledger.store.at(one.id, n)
            if bundle is None or not may(ledger, members, one.intro.public, bundle):
                return n - 1
    return last


def _with_dependents(store: Store, keep: Mapping[LogId, int]) -> dict[LogId, int]:
    """Add what depends on what is taken back: in the order in which it was taken in, nothing comes before its needs."""
    found = dict(keep)
    gone: set[bytes] = set()
    for bundle in store.bundles():
        changes = [header(raw) for _, raw in bundle.changes]
        if bundle.n <= found.get(bundle.log, bundle.n) and gone.isdisjoint(
            need for one in changes for need in one.dependencies
        ):
            continue
        found[bundle.log] = min(found.get(bundle.log, bundle.n - 1), bundle.n - 1)
        gone.update(one.hash for one in changes)
    return found


def _evidence(store: Store, queues: Queues) -> Iterator[tuple[bytes, list[Bundle]]]:
    """New bundles of one number after the same bundle that differ, all signed by the log's author."""
    logs = store.logs()
    for log_id, queue in queues.items():
        last = logs[log_id].last if log_id in logs else 0
        for n, found in queue.items():
            kept = store.at(log_id, n) if n <= last else None
            bundles = {one.hash: one for one, _ in found} | ({kept.hash: kept} if kept else {})
            author = _author(store, queues, log_id) if len(bundles) > 1 else b""
            if author and (twins := _twins(author, bundles.values())):
                yield author, twins


def _twins(public: bytes, bundles: Iterable[Bundle]) -> list[Bundle]:
    signed = [one for one in bundles if one.signed_by(public)]
    return [
        one
        for one in signed
        if any(other.previous == one.previous and other.hash != one.hash for other in signed)
    ]


def _author(store: Store, queues: Queues, log_id: LogId) -> bytes:
    """The key of a log's device, empty while its first bundle is nowhere."""
    known = store.logs().get(log_id)
    if known is not None:
        return known.intro.public
    for one, _ in queues.get(log_id, {}).get(1, ()):
        if one.intro is not None and one.intro.log == log_id:
            return one.intro.public
    return b""
