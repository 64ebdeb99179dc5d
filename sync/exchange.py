"""Files that carry a project from device to device: membership first, then bundles, each in a frame of its own.

A frame is `RSF1`, its kind (`e` entry, `b` bundle), the length as 4 bytes, the first 8 bytes of the contents' SHA-256,
and the contents. A damaged frame costs itself alone: reading goes on at the next one.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from engine.faults import Damaged, NotFound
from sync import arrivals, database, log, membership
from sync.arrivals import Asked, Knows, Shadow, Taken
from sync.ledger import Ledger
from sync.membership import Entry, Members
from sync.records import DocumentId, LogId, Time
from sync.scrutiny import Scrutiny
from sync.store import Finding, Store

MAGIC: Final = b"RSF1"
ENTRY: Final = b"e"
BUNDLE: Final = b"b"
_HEAD: Final = len(MAGIC) + 1 + 4 + 8
_CHUNK: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Merged:
    """What a merge did: bundles and entries taken in, bundles that wait for others, and what was wrong."""

    bundles: int
    entries: int
    waiting: int
    documents: tuple[DocumentId, ...]
    faults: tuple[Finding, ...]


def export(store: Store, path: Path, since: Mapping[LogId, int]) -> int:
    """Write membership, and all bundles beyond `since`, to a file; returns how many bundles.

    What waits or was signed twice goes along uncounted: an owner elsewhere may adopt it, and judges alike.
    """
    fresh = path.with_name(path.name + ".part")
    count = 0
    with database.faults(path):
        try:
            with fresh.open("wb") as file:
                for entry in store.entries():
                    file.write(_frame(ENTRY, entry.data))
                for bundle in store.bundles():
                    if bundle.n > since.get(bundle.log, 0):
                        file.write(_frame(BUNDLE, bundle.encode()))
                        count += 1
                for data in (*store.evidence(), *store.waiting()):
                    file.write(_frame(BUNDLE, data))
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(path)
        finally:
            fresh.unlink(missing_ok=True)
    return count


def merge(ledger: Ledger, path: Path, time: Time) -> Merged:
    """Take in an export of the same project; raises `Damaged` where it is of another."""
    findings: list[Finding] = []
    frames = list(_frames(path, findings))
    entries = list(_entries(frames, findings))
    taken, fresh = deliver(ledger, entries, [data for kind, data in frames if kind == BUNDLE], time)
    if findings:
        with ledger.store.writing():
            for finding in findings:
                ledger.store.set_aside(finding, None, time)
    return Merged(taken.bundles, fresh, taken.waiting, taken.documents, (*findings, *taken.findings))


def deliver(
    ledger: Ledger,
    entries: Iterable[Entry],
    bundles: Sequence[bytes],
    time: Time,
    shadow: Shadow = arrivals.here,
    *,
    bounded: bool = False,
    scrutiny: Scrutiny | None = None,
) -> tuple[Taken, int]:
    """Take in decoded entries, then bundles; what became of the bundles, and how many entries were new.

    Where an entry takes a right away, what was written without it is taken back first. Raises `Damaged` for another
    project's entries.
    """
    with ledger.writing() as keep:
        fresh, refused, members = _judged(ledger, entries)
        for one in fresh:
            ledger.store.add_entry(one)
        ledger.file.keep_entries(fresh)
        for one in refused:
            ledger.store.set_aside(_stranger(one), one.data, time)
        taken = arrivals.take(ledger, members, bundles, time, shadow, bounded=bounded, scrutiny=scrutiny)
        keep()
    while taken.again:
        taken = _again(ledger, time, taken, shadow)
    ledger.shelf.drop(taken.documents)
    findings = tuple(_stranger(one) for one in refused)
    return replace(taken, findings=(*findings, *taken.findings), unsound=(*findings, *taken.unsound)), len(
        fresh
    )


def rehearse(
    ledger: Ledger,
    entries: Iterable[Entry],
    bundles: Sequence[bytes],
    shadow: Shadow,
    knows: Knows,
    scrutiny: Scrutiny,
) -> list[Asked]:
    """What `deliver` would ask `shadow` that it does not know yet (see `arrivals.rehearse`)."""
    ledger.catch_up()
    _, _, members = _judged(ledger, entries)
    return arrivals.rehearse(ledger, members, bundles, shadow, knows, scrutiny)


def _judged(ledger: Ledger, entries: Iterable[Entry]) -> tuple[list[Entry], list[Entry], Members]:
    """Which entries are new, which of those are strangers', and the membership with the rest."""
    known = {one.hash: one for one in ledger.store.entries()}
    fresh = [one for one in entries if one.hash not in known]
    strangers = membership.strangers([*known.values(), *fresh]) if fresh else frozenset()
    refused = [one for one in fresh if one.hash in strangers]
    fresh = [one for one in fresh if one.hash not in strangers]
    return fresh, refused, membership.view([*known.values(), *fresh])


def _again(ledger: Ledger, time: Time, before: Taken, shadow: Shadow) -> Taken:
    """Take in what waits, after something was taken back and the index was built anew."""
    with ledger.writing() as keep:
        members = membership.view(ledger.store.entries())
        taken = arrivals.take(ledger, members, [], time, shadow)
        keep()
    return replace(
        taken,
        findings=(*before.findings, *taken.findings),
        unsound=(*before.unsound, *taken.unsound),
    )


def _stranger(entry: Entry) -> Finding:
    why = "its author never had a right in this project"
    return Finding("entry", entry.hash.hex()[:16], why, "nothing to do; it was set aside")


def retry(ledger: Ledger, time: Time) -> Taken:
    """Try the bundles that wait again: an upgrade may have brought what they depend on, or an entry the right."""
    return deliver(ledger, [], [], time)[0]


def held_in(path: Path) -> dict[LogId, int]:
    """How far the logs in an export go: what `export(since=…)` leaves out for the device that made it."""
    found: dict[LogId, int] = {}
    for kind, data in _frames(path, []):
        if kind == BUNDLE:
            with suppress(Damaged):  # what cannot be read is no proof that the other device has it
                bundle = log.decode(data)
                found[bundle.log] = max(found.get(bundle.log, 0), bundle.n)
    return found


def entries_in(path: Path) -> list[Entry]:
    """The membership entries of an export; raises `Damaged` when it has none."""
    findings: list[Finding] = []
    found = list(_entries(_frames(path, findings), findings))
    if not found:
        raise Damaged(f"{path} is no export of a project", "export it again on the other device")
    return found


def _entries(
    frames: Iterator[tuple[bytes, bytes]] | list[tuple[bytes, bytes]], findings: list[Finding]
) -> Iterator[Entry]:
    for kind, data in frames:
        if kind == ENTRY:
            try:
                yield membership.decode(data)
            except Damaged as error:
                findings.append(
                    Finding("entry", hashlib.sha256(data).hexdigest()[:16], error.message, error.hint)
                )


def _frame(kind: bytes, data: bytes) -> bytes:
    return MAGIC + kind + len(data).to_bytes(4, "big") + hashlib.sha256(data).digest()[:8] + data


def _frames(path: Path, findings: list[Finding]) -> Iterator[tuple[bytes, bytes]]:
    try:
        contents = path.read_bytes()
    except FileNotFoundError as error:
        raise NotFound(f"there is no file {path}", "name the file that export wrote") from error
    at = 0
    while at < len(contents):
        frame = _frame_at(contents, at)
        if frame is None:
            after = contents.find(MAGIC, at + 1)
            end = after if after >= 0 else len(contents)
            findings.append(
                Finding(
                    "export", path.name, f"bytes {at} to {end} are damaged", "export again and merge again"
                )
            )
            at = end
            continue
        kind, data = frame
        yield kind, data
        at += _HEAD + len(data)


def _frame_at(contents: bytes, at: int) -> tuple[bytes, bytes] | None:
    head = contents[at : at + _HEAD]
    if len(head) < _HEAD or head[:4] != MAGIC or head[4:5] not in (ENTRY, BUNDLE):
        return None
    size = int.from_bytes(head[5:9], "big")
    if size > log.LARGEST + _CHUNK:
        return None
    data = contents[at + _HEAD : at + _HEAD + size]
    if len(data) != size or hashlib.sha256(data).digest()[:8] != head[9:17]:
        return None
    return head[4:5], data
