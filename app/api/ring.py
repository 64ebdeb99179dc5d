"""The newest event of every subject, in the order of their numbers: what a client that was away is told.

An event takes the place of the older one with its type and subject, so the ring's size is that of the subjects, never
of time. What has to be left out for room raises `floor`: who has less than that needs the whole state.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from app import events
from engine.faults import NotFound

MOST_EVENTS: Final = 4096
MOST_BYTES: Final = 16 * 1024 * 1024
UNMADE: Final = 256
"""The bytes that an event counts whose data nobody has asked for yet."""

Make = Callable[[], Mapping[str, Any]]
Key = tuple[str, str]


@dataclass(slots=True, eq=False)
class Event:
    """One event; its data are made when the first client gets it. `marks` say what changed, and by which event."""

    seq: int
    type: str
    subject: str
    time: str
    make: Make
    marks: Mapping[str, int] | None = None
    data: str | None = None
    void: bool = False

    @property
    def key(self) -> Key:
        """What tells the events apart of which only the newest counts."""
        return self.type, self.subject

    @property
    def size(self) -> int:
        """About how many bytes it takes."""
        return UNMADE if self.data is None else UNMADE + len(self.data)


class Ring:
    """Numbered events; `seq` is the last number given, `floor` the number from which on nothing is missing."""

    def __init__(self, most_events: int = MOST_EVENTS, most_bytes: int = MOST_BYTES) -> None:
        self.seq = 0
        self.floor = 0
        self.bytes = 0
        self._events: dict[Key, Event] = {}
        self._most = (most_events, most_bytes)

    def __len__(self) -> int:
        return len(self._events)

    def publish(
        self, type: str, subject: str, time: str, make: Make, marks: Iterable[str] | None = None
    ) -> Event:
        """Number a new event; it takes the place of the older one about this subject."""
        [seq] = self.reserve(1)
        old = self._take((type, subject))
        found = None
        if marks is not None:
            found = {**(old.marks or {} if old is not None else {}), **dict.fromkeys(sorted(marks), seq)}
        event = Event(seq, type, subject, time, make, found)
        self._events[event.key] = event
        self.bytes += event.size
        self._make_room()
        return event

    def reserve(self, count: int) -> range:
        """Numbers for messages that only one client gets."""
        first = self.seq + 1
        self.seq += count
        return range(first, self.seq + 1)

    def after(self, seq: int, limit: int) -> list[Event]:
        """The events after that number, at most `limit` of them, oldest first."""
        found = []
        for event in reversed(self._events.values()):
            if event.seq <= seq:
                break
            found.append(event)
        return found[-1 : -limit - 1 : -1]

    def has(self, event: Event) -> bool:
        """Whether this event is still the newest about its subject."""
        return self._events.get(event.key) is event

    def data(self, event: Event) -> str | None:
        """The event's data as JSON, made now if need be; None when its subject has nothing to show any more."""
        if event.data is not None or event.void:
            return event.data
        try:
            made = events.dumped(event.make())
        except NotFound:
            event.void = True
            return None
        if self.has(event):
            before = event.size
            event.data = made
            self.bytes += event.size - before
            self._make_room()  # perhaps of this very event
        return made

    def discard(self, type: str, subject: str) -> None:
        """Leave an event out that later ones have made pointless."""
        self._take((type, subject))

    def forget(self) -> None:
        """Leave everything out, what was not told yet as well: every client needs the whole state."""
        self._events.clear()
        self.bytes = 0
        [self.floor] = self.reserve(1)

    def _take(self, key: Key) -> Event | None:
        event = self._events.pop(key, None)
        if event is not None:
            self.bytes -= event.size
            event.data = None  # a listener may have the event in mind still; it shall not keep what it held
        return event

    def _make_room(self) -> None:
        events_, bytes_ = self._most
        while len(self._events) > events_ or (self.bytes > bytes_ and len(self._events) > 1):
            oldest = self._take(next(iter(self._events)))
            assert oldest is not None
            self.floor = oldest.seq
