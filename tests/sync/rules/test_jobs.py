"""The rules of the queue have one name to ask for."""

from __future__ import annotations

from sync.rules import jobs, priority, reasons, view


def test_everything_is_the_thing_itself() -> None:
    rooms = (view, priority, reasons)
    for name in jobs.__all__:
        assert any(getattr(jobs, name) is getattr(room, name, None) for room in rooms), name
