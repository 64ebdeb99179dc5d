"""Tickets as text: what was written comes back, and what is none is refused with the reason."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync import tickets
from sync.membership import ROLES
from sync.records import ProjectId, Time
from sync.tickets import PREFIX, BadTicket, Ticket

PROJECT = ProjectId("ab" * 32)
FULL = Ticket(
    PROJECT,
    bytes(range(16)),
    "artist",
    Time("2026-02-01T12:00:00.000Z"),
    ("192.168.1.20:41234", "[fe80::1]:5"),
    "wss://relay.example",
)
GOLDEN = Path(__file__).parents[1] / "golden" / "ticket-1.text"


def test_the_text_and_the_key_are_what_they_were() -> None:
    text, public = GOLDEN.read_text("utf-8").split()
    assert FULL.encode() == text
    assert FULL.key().public.hex() == public
    assert tickets.decode(text) == FULL


@settings(max_examples=50, deadline=None)
@given(
    st.binary(min_size=16, max_size=16),
    st.sampled_from(ROLES),
    st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1)),
    st.lists(st.text("abc.:[]0123456789é", max_size=60), max_size=5),
    st.none() | st.text("wss:/.é", min_size=1, max_size=60),
)
def test_every_ticket_comes_back(
    secret: bytes, role: str, until: datetime, addresses: list[str], relay: str | None
) -> None:
    expires = tickets.expiry(until.replace(tzinfo=UTC), timedelta())
    ticket = Ticket(PROJECT, secret, role, expires, tuple(addresses), relay)
    text = ticket.encode()
    assert text.isalnum()
    assert tickets.decode(text) == ticket
    assert tickets.decode(f" {text[:30].upper()}\n  {text[30:]} ") == ticket


def _of(body: bytes) -> str:
    return PREFIX + base64.b32encode(body + tickets._check(body)).decode().rstrip("=").lower()


BODY = bytes.fromhex(PROJECT) + bytes(16)
WRONG = {
    "nothing": ("", "no ticket"),
    "something else": ("hello", "no ticket"),
    "of another release": ("restrike2abcdef", "another release"),
    "a wrong letter": (PREFIX + "a1b8!", "a letter"),
    "incomplete": (FULL.encode()[:-1], "incomplete"),
    "half": (FULL.encode()[:60], "incomplete"),
    "twice": (FULL.encode() * 2, "letter|incomplete"),
    "mistyped": (FULL.encode().replace("a", "b", 1), "incomplete"),
    "endless": (PREFIX + "a" * 5000, "too long"),
    "empty": (PREFIX, "incomplete"),
    "cut and checked again": (_of(BODY), "too early"),
    "an unknown role": (_of(BODY + bytes([9]) + bytes(6) + b"\0\0"), "role"),
    "too many addresses": (_of(BODY + bytes([1]) + bytes(6) + b"\xff\0"), "too many"),
    "something behind it": (_of(BODY + bytes([1]) + bytes(6) + b"\0\0more"), "behind"),
    "an address that is no text": (_of(BODY + bytes([1]) + bytes(6) + b"\1\1\xff\0"), "no text"),
    "an address with control signs": (_of(BODY + bytes([1]) + bytes(6) + b"\1\1\x07\0"), "no text"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_no_ticket_is_refused_with_the_reason(case: str) -> None:
    text, why = WRONG[case]
    with pytest.raises(BadTicket, match=why):
        tickets.decode(text)


def test_a_ticket_does_not_show_its_secret() -> None:
    assert repr(FULL.secret) not in repr(FULL)
    assert FULL.key().public != Ticket(ProjectId("ac" * 32), *_rest(FULL)).key().public


def _rest(ticket: Ticket) -> tuple[bytes, str, Time]:
    return ticket.secret, ticket.role, ticket.expires
