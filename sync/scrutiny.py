"""What was found out about bundles by themselves, so that a delivery that is judged twice is read and checked once."""

from __future__ import annotations

from collections.abc import Callable

from engine.faults import Damaged
from sync import guard, log
from sync.change import Header
from sync.log import Bundle

Find = Callable[[], list[Header]]


class Scrutiny:
    """For as long as one delivery takes; only what follows from a bundle's own bytes and its log is kept here."""

    def __init__(self) -> None:
        self._bundles: dict[bytes, Bundle] = {}
        self._headers: dict[tuple[bytes, bytes], list[Header] | Damaged] = {}
        self._ends: dict[bytes, int] = {}

    def read(self, data: bytes) -> Bundle:
        """The bundle that these bytes are; raises `Damaged`."""
        found = self._bundles.get(data)
        if found is None:
            found = self._bundles[data] = log.decode(data)
        return found

    def headers(self, bundle: Bundle, find: Find) -> list[Header]:
        """The headers of a bundle's changes, each checked by `find`; raises the `Damaged` that it raised."""
        key = bundle.hash, bundle.signature
        found = self._headers.get(key)
        if found is None:
            try:
                found = find()
            except Damaged as error:
                found = error
            self._headers[key] = found
        if isinstance(found, Damaged):
            raise found
        return found

    def end(self, raw: bytes, one: Header) -> int:
        """The number of a change's last operation."""
        found = self._ends.get(one.hash)
        if found is None:
            found = self._ends[one.hash] = guard.end(raw, one)
        return found

    def forget(self) -> None:
        """Let go of everything."""
        self._bundles.clear()
        self._headers.clear()
        self._ends.clear()
