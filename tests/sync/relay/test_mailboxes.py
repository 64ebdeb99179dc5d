"""What is kept, for whom, how much and how long."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from engine.faults import NotFound, Refused
from sync.relay.mailboxes import Deposit, Full, Mailboxes, Taken
from tests.sync.relay.stage import SMALL

A, B, C = (bytes([one]) * 16 for one in range(3))
ROOM, OTHER = b"r" * 32, b"s" * 32


@pytest.fixture
def mailboxes(tmp_path: Path) -> Iterator[Mailboxes]:
    found = Mailboxes(tmp_path, SMALL)
    yield found
    found.close()


def put(mailboxes: Mailboxes, name: bytes, data: bytes, owner: bytes = A, room: bytes = ROOM) -> object:
    [outcome] = mailboxes.put([Deposit(room, owner, name, data)], 100.0)
    return outcome


def test_what_was_put_is_there_for_everybody_in_the_room_and_nobody_else(mailboxes: Mailboxes) -> None:
    assert put(mailboxes, b"a/1", b"one") is None
    assert mailboxes.get(ROOM, b"a/1", 100.0) == b"one"
    assert mailboxes.names(ROOM, b"", b"", 100.0) == [b"a/1"]
    assert mailboxes.names(OTHER, b"", b"", 100.0) == []
    with pytest.raises(NotFound):
        mailboxes.get(OTHER, b"a/1", 100.0)


def test_names_are_listed_by_prefix_and_from_where_one_was(mailboxes: Mailboxes) -> None:
    for name in (b"a/1", b"a/2", b"b/1"):
        put(mailboxes, name, b"x")
    assert mailboxes.names(ROOM, b"a/", b"", 100.0) == [b"a/1", b"a/2"]
    assert mailboxes.names(ROOM, b"", b"a/1", 100.0) == [b"a/2", b"b/1"]
    assert mailboxes.names(ROOM, b"%", b"", 100.0) == []


def test_only_its_owner_replaces_or_deletes_an_object(mailboxes: Mailboxes) -> None:
    put(mailboxes, b"a", b"one")
    assert isinstance(put(mailboxes, b"a", b"two", owner=B), Taken)
    with pytest.raises(Refused):
        mailboxes.delete(ROOM, B, b"a")
    assert put(mailboxes, b"a", b"three") is None
    assert mailboxes.get(ROOM, b"a", 100.0) == b"three"
    mailboxes.delete(ROOM, A, b"a")
    mailboxes.delete(ROOM, A, b"a")
    assert (mailboxes.objects, mailboxes.bytes) == (0, 0)


def test_a_mailbox_holds_so_much(mailboxes: Mailboxes) -> None:
    assert put(mailboxes, b"a", bytes(3000)) is None
    assert isinstance(put(mailboxes, b"b", bytes(2000)), Full)
    assert put(mailboxes, b"a", bytes(4000)) is None
    assert put(mailboxes, b"a", bytes(10)) is None
    for name in (b"b", b"c", b"d"):
        assert put(mailboxes, name, b"x") is None
    assert isinstance(put(mailboxes, b"e", b"x"), Full)


def test_a_room_has_so_many_mailboxes_and_a_relay_so_much_disk(mailboxes: Mailboxes) -> None:
    assert put(mailboxes, b"a", bytes(4000), owner=A) is None
    assert put(mailboxes, b"b", bytes(4000), owner=B) is None
    assert isinstance(put(mailboxes, b"c", b"x", owner=C), Full)
    assert put(mailboxes, b"c", bytes(3000), owner=C, room=OTHER) is None
    assert isinstance(put(mailboxes, b"d", bytes(1001), owner=C, room=OTHER), Full)


def test_one_that_does_not_fit_does_not_keep_others_out(mailboxes: Mailboxes) -> None:
    deposits = [
        Deposit(ROOM, A, name, data) for name, data in ((b"a", b"x"), (b"b", bytes(9999)), (b"c", b"y"))
    ]
    outcomes = mailboxes.put(deposits, 100.0)
    assert [one is None for one in outcomes] == [True, False, True]
    assert mailboxes.names(ROOM, b"", b"", 100.0) == [b"a", b"c"]


def test_what_is_too_old_is_gone(mailboxes: Mailboxes) -> None:
    put(mailboxes, b"a", b"one")
    later = 100.0 + SMALL.kept
    assert mailboxes.names(ROOM, b"", b"", later) == []
    with pytest.raises(NotFound):
        mailboxes.get(ROOM, b"a", later)
    assert mailboxes.expire(later - 1) == 0
    assert mailboxes.expire(later) == 1
    assert (mailboxes.objects, mailboxes.bytes) == (0, 0)


def test_another_process_finds_it_all(tmp_path: Path) -> None:
    first = Mailboxes(tmp_path, SMALL)
    put(first, b"a", b"one")
    second = Mailboxes(tmp_path, replace(SMALL, objects=1))
    first.close()
    assert second.get(ROOM, b"a", 100.0) == b"one"
    assert (second.objects, second.bytes) == (1, 3)
    assert isinstance(put(second, b"b", b"two"), Full)
    second.close()
