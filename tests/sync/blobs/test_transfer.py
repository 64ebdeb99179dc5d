"""One blob on its way: whose bytes were wrong, and when to begin anew."""

from __future__ import annotations

from pathlib import Path

import pytest

from sync.blobs.folder import FolderStore
from sync.blobs.partial import PREFIX
from sync.blobs.store import digest_of
from sync.blobs.transfer import MISSES, Transfer

PICTURE = bytes(range(200)) * 10
SIZE = len(PICTURE)
ANN, BEN, EVE = b"ann", b"ben", b"eve"


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "blobs")


def transfer(store: FolderStore, *holders: bytes, size: int = SIZE) -> Transfer:
    made = Transfer(digest_of(PICTURE), 0, 1)
    made.holders = dict.fromkeys(holders, size)
    made.plan = made.open(store, size)
    return made


def left(store: FolderStore) -> list[Path]:
    return list(store.unfinished.glob(f"{PREFIX}*"))


def test_the_only_one_who_gave_is_to_blame(store: FolderStore) -> None:
    one = transfer(store, EVE)
    one.write([(EVE, bytes(SIZE))])
    assert one.finish(store) == (False, {EVE})
    assert not one.alone
    one.open(store, SIZE)
    one.write([(ANN, PICTURE)])
    assert one.finish(store) == (True, set())
    assert left(store) == []


def test_of_several_those_are_to_blame_whose_parts_were_wrong(store: FolderStore) -> None:
    one = transfer(store, ANN, BEN, EVE)
    one.write([(ANN, PICTURE[:500]), (EVE, bytes(500)), (BEN, PICTURE[1000:])])
    assert one.finish(store) == (False, set()), "nobody is blamed on suspicion"
    assert one.alone
    one.open(store, SIZE)
    one.write([(BEN, PICTURE)])
    assert one.finish(store) == (True, {EVE})
    assert store.get(one.digest) == PICTURE
    assert left(store) == []


def test_a_liar_who_is_asked_alone_convicts_himself(store: FolderStore) -> None:
    one = transfer(store, ANN, EVE)
    one.write([(ANN, PICTURE[:500]), (EVE, bytes(SIZE - 500))])
    assert one.finish(store) == (False, set())
    one.open(store, SIZE)
    one.write([(EVE, PICTURE[:500] + bytes(SIZE - 500))])
    assert one.finish(store) == (False, {EVE})
    one.open(store, SIZE)
    one.write([(ANN, PICTURE)])
    assert one.finish(store) == (True, {EVE})


def test_what_an_earlier_transfer_left_wrong_is_nobodys_fault(store: FolderStore) -> None:
    first = transfer(store, ANN)
    first.write([(EVE, bytes(500))])
    first.leave(drop=False)
    one = transfer(store, ANN)
    assert one.plan is not None
    assert one.plan.done == 500
    one.write([(ANN, PICTURE[500:])])
    assert one.finish(store) == (False, set())
    one.open(store, SIZE)
    one.write([(ANN, PICTURE)])
    assert one.finish(store) == (True, set())


def test_who_says_that_it_is_empty_is_to_blame(store: FolderStore) -> None:
    one = transfer(store, EVE, size=0)
    one.holders[ANN] = SIZE
    assert one.finish(store) == (False, {EVE})


def test_a_beginning_that_is_too_long_is_thrown_away(store: FolderStore) -> None:
    first = transfer(store, ANN)
    first.write([(ANN, PICTURE)])
    first.leave(drop=False)
    assert transfer(store, ANN, size=10).open(store, 10).done == 0


def test_where_all_must_come_from_one_another_begins_anew(store: FolderStore) -> None:
    one = transfer(store, ANN, BEN)
    one.alone, one.only = True, ANN
    one.drop(ANN)
    assert one.plan is None
    assert list(one.holders) == [BEN]


def test_a_length_that_nobody_says_any_more_is_given_up(store: FolderStore) -> None:
    one = transfer(store, EVE)
    one.holders[ANN] = SIZE + 1
    one.drop(EVE)
    assert one.plan is None


def test_who_gives_nothing_again_and_again_is_not_asked_any_more(store: FolderStore) -> None:
    one = transfer(store, ANN)
    for attempt in range(MISSES - 1):
        one.missed(ANN, attempt)
        one.missed(ANN, attempt)
    assert ANN in one.holders
    one.gave(ANN)
    for attempt in range(MISSES):
        assert ANN in one.holders
        one.missed(ANN, attempt)
    assert ANN not in one.holders


def test_leaving_keeps_or_deletes(store: FolderStore) -> None:
    one = transfer(store, ANN)
    one.write([(ANN, PICTURE[:10])])
    one.leave(drop=True)
    assert left(store) == []
