"""Beginnings of blobs: kept over a restart, one owner at a time, and never taken for the whole."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from engine.recipe import FileDigest
from sync.blobs.folder import FolderStore
from sync.blobs.partial import PREFIX, Partial, differs, sweep
from sync.blobs.store import digest_of
from tests.sync.blobs.mates import BLOB

DIGEST = digest_of(BLOB)

KILLED = """
import os, sys
from pathlib import Path
from sync.blobs.folder import FolderStore
from sync.blobs.partial import Partial
from engine.recipe import FileDigest
partial = Partial(FolderStore(Path(sys.argv[1])), FileDigest(sys.argv[2]))
partial.append([bytes(range(251)) * 100])
os.kill(os.getpid(), 9)
"""


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "blobs")


def left(store: FolderStore) -> list[str]:
    return sorted(one.name for one in store.unfinished.iterdir())


def test_a_whole_one_goes_into_the_store(store: FolderStore) -> None:
    partial = Partial(store, DIGEST)
    partial.append([BLOB[:5], BLOB[5:]])
    assert partial.finish()
    assert store.get(DIGEST) == BLOB
    assert store.path(DIGEST).stat().st_mode & 0o222 == 0
    assert left(store) == []


def test_another_transfer_may_have_been_faster(store: FolderStore) -> None:
    partial = Partial(store, DIGEST)
    partial.append([BLOB])
    store.put(BLOB)
    assert partial.finish()
    assert left(store) == []


@pytest.mark.parametrize("data", [BLOB[:-1], BLOB + b"x", BLOB[:-1] + b"x", b""])
def test_what_is_not_the_blob_stays_out(store: FolderStore, data: bytes) -> None:
    partial = Partial(store, DIGEST)
    partial.append([data])
    assert not partial.finish()
    assert not store.has(DIGEST)
    partial.restart()
    partial.append([BLOB])
    assert partial.finish()


def test_the_next_transfer_goes_on(store: FolderStore) -> None:
    first = Partial(store, DIGEST)
    first.append([BLOB[:1000]])
    first.release()
    second = Partial(store, DIGEST)
    assert second.size == 1000
    second.append([BLOB[1000:]])
    assert second.finish()


def test_what_another_has_in_work_is_not_touched(store: FolderStore) -> None:
    first, second = Partial(store, DIGEST), Partial(store, DIGEST)
    first.append([BLOB[:1000]])
    assert second.size == 0
    second.append([BLOB])
    assert second.finish()
    first.drop()
    assert store.get(DIGEST) == BLOB


def test_a_killed_process_leaves_its_beginning_to_the_next(store: FolderStore) -> None:
    done = subprocess.run([sys.executable, "-c", KILLED, str(store.root), DIGEST], check=False)
    assert done.returncode == -9
    partial = Partial(store, DIGEST)
    assert partial.size == 25_100
    partial.append([BLOB[partial.size :]])
    assert partial.finish()


def test_nothing_is_left_of_nothing(store: FolderStore) -> None:
    Partial(store, DIGEST).release()
    assert left(store) == []


def test_old_beginnings_are_deleted_and_those_in_work_are_not(store: FolderStore) -> None:
    old = Partial(store, DIGEST)
    old.append([b"old"])
    old.release()
    apart = Partial(store, digest_of(b"b"))
    apart.append([b"c"])
    apart.set_apart()
    for one in store.unfinished.iterdir():
        os.utime(one, (1000, 1000))
    assert sweep(store.unfinished, 2000) == 1
    assert all(digest_of(b"b") in one for one in left(store))
    assert len(left(store)) == 2
    assert all(one.startswith(PREFIX) for one in left(store))


def test_a_name_from_outside_never_becomes_a_path(store: FolderStore) -> None:
    with pytest.raises(ValueError, match="no digest"):
        Partial(store, FileDigest("../../x"))


def test_where_files_differ(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    one.write_bytes(BLOB)
    other.write_bytes(BLOB[:5000] + b"!" + BLOB[5001:])
    assert differs(one, other, 4000, 6000)
    assert not differs(one, other, 0, 5000)
    assert not differs(one, other, 5001, len(BLOB))
