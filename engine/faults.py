"""What can go wrong, as sentences for the person in front of the program; each class carries its exit status."""

from __future__ import annotations

from typing import ClassVar


class Fault(Exception):
    """Something failed and the user is told what, and what to do about it."""

    code: ClassVar[str] = "failed"
    exit_status: ClassVar[int] = 1

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} ({self.hint})"


class WrongUse(Fault):
    """A command was called with arguments that cannot be meant."""

    code = "wrong_use"
    exit_status = 2


class BadField(WrongUse):
    """A field has an unknown name, a wrong type or a value out of range; nothing was stored."""

    code = "bad_field"

    def __init__(self, field: str, value: object, allowed: str) -> None:
        shown = repr(value) if len(repr(value)) <= 80 else repr(value)[:77] + "…"
        super().__init__(f"{field} cannot be {shown}", f"allowed: {allowed}")
        self.field = field
        self.value = value
        self.allowed = allowed


class NotFound(Fault):
    """The thing that was named does not exist here."""

    code = "not_found"
    exit_status = 3


class Conflict(Fault):
    """Somebody else changed the same thing first."""

    code = "conflict"
    exit_status = 4


class Refused(Fault):
    """It could be done, and is not allowed: no membership, no vote, not safe."""

    code = "refused"
    exit_status = 5


class Damaged(Fault):
    """Stored bytes are not what was stored; they were set aside and reported, never used."""

    code = "damaged"


class NoSpace(Fault):
    """The disk is full; nothing that was reported as done is lost."""

    code = "no_space"
