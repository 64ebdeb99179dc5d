"""Why two devices part: every reason has a code that travels, a sentence for people, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final


@dataclass(frozen=True, slots=True)
class Refusal:
    """One reason; `theirs` says that the other device gave it, `detail` what exactly was seen."""

    code: str
    sentence: str
    fix: str
    theirs: bool = False
    detail: str = ""

    def with_detail(self, detail: str) -> Refusal:
        """The same reason with what was seen."""
        return replace(self, detail=detail)

    @property
    def hostile(self) -> bool:
        """Whether no honest device of this release does this, so that its author is not to be dialled again."""
        return self.code in HOSTILE


_UPDATE: Final = "update Restrike on both devices to one release"
_AGAIN: Final = "it is tried again by itself"
_NETWORK: Final = "somebody may sit between the two devices; try another network"
_TICKET: Final = "ask an owner for a new ticket"
_FORGIVE: Final = "restrike admit --forgive, where it is refused, lets it in again"
_LOG: Final = "look at that device: it is damaged or is not what it seems"

_ALL: Final = (
    Refusal("too_slow", "the other device did not finish the handshake within 5 seconds", _AGAIN),
    Refusal("silent", "nothing was heard of the other device for 4 seconds", _AGAIN),
    Refusal("not_hello_first", "the other side did not begin with a greeting of this program", _UPDATE),
    Refusal("second_hello", "the other side greeted twice", _LOG),
    Refusal("malformed", "the other side sent what cannot be read", _UPDATE),
    Refusal("too_large", "the other side sent more than is allowed", _LOG),
    Refusal("unexpected", "the other side sent a message out of turn", _UPDATE),
    Refusal("version", "the two devices speak no common version", _UPDATE),
    Refusal("downgraded", "the greeting was altered on its way", _NETWORK),
    Refusal("replayed", "the other side answered with an old handshake", _NETWORK),
    Refusal("reflected", "the other side sent back this device's own words", _NETWORK),
    Refusal("bad_binding", "the handshake came over another connection than this one", _NETWORK),
    Refusal("bad_signature", "the other side could not prove that it holds its key", _NETWORK),
    Refusal("wrong_key", "another device answered than the one that was called", _AGAIN),
    Refusal("wrong_project", "the other device works on another project", "join that project with a ticket"),
    Refusal("unknown_device", "the other device is no member of the project", "let an owner admit it"),
    Refusal("removed_device", "the device was removed from the project", "an owner can admit it again"),
    Refusal("unknown_ticket", "nobody issued this ticket", _TICKET),
    Refusal("bad_ticket", "the other side could not prove that it holds its ticket", _TICKET),
    Refusal("expired_ticket", "the ticket has expired", _TICKET),
    Refusal("used_ticket", "the ticket was used already", _TICKET),
    Refusal("revoked_ticket", "the ticket was revoked", _TICKET),
    Refusal("no_entry", "the other device was let in and did not say who it is", _AGAIN),
    Refusal("knocks_closed", "this device admits nobody who knocks", "ask an owner for a ticket"),
    Refusal("crowded", "too many ask to join there just now", _AGAIN),
    Refusal("declined", "an owner declined the request to join", "ask an owner for a ticket"),
    Refusal("suspended", "the device was suspended for what it sent", _FORGIVE),
    Refusal("too_many", "the other device sent more messages than is allowed", _LOG),
    Refusal("too_far", "the other device pushed what nobody asked for", _LOG),
    Refusal("not_asked", "the other device answered a question that was not asked", _LOG),
    Refusal("bad_bundle", "the other device sent a bundle that is not sound", _LOG),
    Refusal("bad_entry", "the other device sent a membership entry that is not sound", _LOG),
    Refusal("closed_by_owner", "an owner closed the connection", "ask the owner"),
    Refusal("leaving", "the other device closed the project", "nothing: it comes back when it is opened"),
)
REFUSALS: Final = {one.code: one for one in _ALL}
HOSTILE: Final = frozenset(
    {"second_hello", "too_large", "bad_ticket", "too_many", "too_far", "not_asked", "bad_bundle", "bad_entry"}
)


def said(code: str) -> Refusal:
    """The reason that the other device gave; a code that this release does not know is kept as it is."""
    known = REFUSALS.get(code)
    if known is None:
        return Refusal(code, "the other device closed the connection", _UPDATE, theirs=True)
    return replace(known, theirs=True)
