"""What the people at this machine look at and edit, as clients say it; and what the others edit just now.

A client (a window, an add-on) says so again and again: a word counts for `HOLD` seconds, and ends with the client. An
edit is a soft lock: the others see it, and nobody is kept from editing the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from engine.faults import BadField
from sync.presence import HOLD as HOLD

if TYPE_CHECKING:
    from app.studio import Studio

Shape = dict[str, Any]
Now = Callable[[], float]

MOST_CLIENTS: Final = 64
MOST_FIELDS: Final = 16
LONGEST_FIELD: Final = 64
LONGEST_FIELDS: Final = 400
"""Bytes that the fields may take together, so that all of it fits into one word to the others."""


@dataclass(frozen=True, slots=True)
class Word:
    """What one client said last: the asset that is looked at, and one with the fields that are edited in it.

    No fields are all of them.
    """

    looking: str = ""
    editing: tuple[str, tuple[str, ...]] | None = None
    at: float = 0.0


class Attention:
    """The words of this machine's clients."""

    def __init__(self, now: Now) -> None:
        self._now = now
        self._words: dict[str, Word] = {}

    def say(self, client: str, looking: str, editing: tuple[str, Sequence[str]] | None) -> None:
        """A client looks at an asset (none: at nothing) and edits; raises `BadField` where that is too much to say."""
        checked = None if editing is None else (editing[0], _checked(editing[1]))
        self._words.pop(client, None)
        if looking or checked:
            self._words[client] = Word(looking, checked, self._now())
            while len(self._words) > MOST_CLIENTS:
                del self._words[next(iter(self._words))]

    def left(self, client: str) -> None:
        """A client has gone."""
        self._words.pop(client, None)

    def current(self) -> Word:
        """What to tell the others: the newest edit, and the newest look."""
        late = self._now() - HOLD
        for client in [one for one, word in self._words.items() if word.at <= late]:
            del self._words[client]
        found = Word()
        for word in self._words.values():  # the newest is the last
            found = Word(word.looking or found.looking, word.editing or found.editing, word.at)
        return found


def _checked(fields: Sequence[str]) -> tuple[str, ...]:
    short = all(0 < len(one) <= LONGEST_FIELD and one.isprintable() for one in fields)
    if not short or len(fields) > MOST_FIELDS or sum(len(one.encode()) for one in fields) > LONGEST_FIELDS:
        raise BadField("fields", list(fields), f"up to {MOST_FIELDS} names of fields")
    return tuple(dict.fromkeys(fields))


def edited(studio: Studio) -> Mapping[str, list[Shape]]:
    """The assets that others edit just now, each with who edits which field; null stands for all fields."""
    company = studio.company
    if company is None or company.session is None:
        return {}
    session, found = company.session, dict[str, list[Shape]]()
    for asset, device, field in session.room.edited(company.now()):
        contact = session.contacts.get(device)
        if contact is not None:
            shape = {"member": contact.peer.member, "name": contact.peer.name, "field": field or None}
            held = found.setdefault(asset, [])
            if shape not in held:
                held.append(shape)
    return found


def warning(studio: Studio, asset: str, fields: Iterable[str]) -> str:
    """A sentence where others edit one of these fields of an asset just now; else nothing."""
    wanted = set(fields)
    by_name: dict[str, list[str]] = {}
    for one in edited(studio).get(asset, ()):
        if one["field"] is None or one["field"] in wanted:
            by_name.setdefault(one["name"], []).append(one["field"] or "it")
    who = [f"{name} edits {' and '.join(sorted(ones))}" for name, ones in sorted(by_name.items())]
    return f"; just now {' and '.join(who)}" if who else ""
