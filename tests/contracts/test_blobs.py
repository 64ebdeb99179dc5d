"""What every blob store must do; a new store joins by one more line in `SHELVES`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.faults import Damaged, NotFound
from engine.recipe import FileDigest
from sync.blobs.folder import FolderStore
from sync.blobs.store import BlobStore, digest_of
from tests.fakes.blobs import MemoryStore

ABSENT = FileDigest("0" * 64)


@dataclass
class Shelf:
    """A store under test, with the two things that a test does behind its back."""

    store: BlobStore
    spoil: Callable[[FileDigest, bytes], None]
    set_aside: Callable[[], list[bytes]]


def _folder(root: Path) -> Shelf:
    store = FolderStore(root)

    def spoil(digest: FileDigest, data: bytes) -> None:
        place = root / digest[:2] / digest
        place.unlink()
        place.write_bytes(data)

    def set_aside() -> list[bytes]:
        return [path.read_bytes() for path in sorted((root / "damaged").iterdir())]

    return Shelf(store, spoil, set_aside)


def _memory(_root: Path) -> Shelf:
    store = MemoryStore()
    return Shelf(store, store.contents.__setitem__, lambda: list(store.aside.values()))


SHELVES = {"folder": _folder, "memory": _memory}


@pytest.fixture(params=sorted(SHELVES))
def shelf(request: pytest.FixtureRequest, tmp_path: Path) -> Shelf:
    made: Callable[[Path], Shelf] = SHELVES[request.param]
    return made(tmp_path / "blobs")


@pytest.mark.parametrize("data", [b"", b"picture", bytes(range(256)) * 5000])
def test_what_was_put_is_there_under_its_sha256(shelf: Shelf, data: bytes) -> None:
    digest = shelf.store.put(data)
    assert digest == digest_of(data)
    assert shelf.store.get(digest) == data
    assert shelf.store.has(digest)
    assert shelf.store.size(digest) == len(data)
    assert shelf.store.verify(digest)


def test_putting_twice_keeps_one(shelf: Shelf) -> None:
    assert shelf.store.put(b"picture") == shelf.store.put(b"picture")
    assert list(shelf.store.digests()) == [digest_of(b"picture")]


@pytest.mark.parametrize(
    "digest", [ABSENT, "", "..", "../../etc/passwd", "A" * 64, "ab", "0" * 63, "0" * 64 + "\n"]
)
def test_what_is_not_there_is_said_to_be_missing(shelf: Shelf, digest: FileDigest) -> None:
    assert not shelf.store.has(digest)
    assert not shelf.store.verify(digest)
    assert shelf.store.delete(digest) == 0
    for ask in (shelf.store.get, shelf.store.size):
        with pytest.raises(NotFound) as told:
            ask(digest)
        assert told.value.hint


def test_deleting_frees_the_name_and_tells_the_bytes(shelf: Shelf) -> None:
    digest, other = shelf.store.put(b"picture"), shelf.store.put(b"other")
    assert shelf.store.delete(digest) == 7
    assert not shelf.store.has(digest)
    assert shelf.store.delete(digest) == 0
    assert list(shelf.store.digests()) == [other]
    assert shelf.store.put(b"picture") == digest
    assert shelf.store.get(digest) == b"picture"


def test_names_come_ascending(shelf: Shelf) -> None:
    kept = [shelf.store.put(bytes([n])) for n in range(30)]
    assert list(shelf.store.digests()) == sorted(kept)


@pytest.mark.parametrize("rotten", [b"", b"pict", b"pictura", b"picture and more", b"another picture"])
def test_damaged_bytes_are_named_set_aside_and_never_given_out(shelf: Shelf, rotten: bytes) -> None:
    digest = shelf.store.put(b"picture")
    shelf.spoil(digest, rotten)
    with pytest.raises(Damaged) as told:
        shelf.store.get(digest)
    assert digest[:16] in told.value.message
    assert told.value.hint
    assert shelf.set_aside() == [rotten]
    assert not shelf.store.has(digest)


def test_verify_finds_damage_and_sets_it_aside(shelf: Shelf) -> None:
    digest = shelf.store.put(b"picture")
    shelf.spoil(digest, b"pictura")
    assert not shelf.store.verify(digest)
    assert shelf.set_aside() == [b"pictura"]
    assert not shelf.store.has(digest)


@pytest.mark.parametrize("rotten", [b"", b"pictura"])
def test_putting_again_heals_damage(shelf: Shelf, rotten: bytes) -> None:
    digest = shelf.store.put(b"picture")
    shelf.spoil(digest, rotten)
    assert shelf.store.put(b"picture") == digest
    assert shelf.store.get(digest) == b"picture"
    assert shelf.set_aside() == [rotten]


def test_swapped_blobs_are_both_found_out(shelf: Shelf) -> None:
    a, b = shelf.store.put(b"a picture"), shelf.store.put(b"b picture")
    shelf.spoil(a, b"b picture")
    shelf.spoil(b, b"a picture")
    for digest in (a, b):
        with pytest.raises(Damaged):
            shelf.store.get(digest)


@pytest.mark.parametrize("name", sorted(SHELVES))
@settings(max_examples=15)
@given(steps=st.lists(st.tuples(st.booleans(), st.binary(max_size=3)), max_size=12))
def test_it_is_a_set_of_bytes(
    name: str, steps: list[tuple[bool, bytes]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    store = SHELVES[name](tmp_path_factory.mktemp("blobs")).store
    kept: set[bytes] = set()
    for put, data in steps:
        if put:
            store.put(data)
            kept.add(data)
        else:
            assert store.delete(digest_of(data)) == (len(data) if data in kept else 0)
            kept.discard(data)
    assert list(store.digests()) == sorted(map(digest_of, kept))
    assert {store.get(digest) for digest in store.digests()} == kept
