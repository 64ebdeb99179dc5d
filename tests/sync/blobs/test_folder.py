"""The folder store with other processes around it: killed, concurrent, out of space."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from engine.faults import Damaged
from engine.recipe import FileDigest
from sync.blobs.durable import UNFINISHED
from sync.blobs.folder import STRAY_SECONDS, FolderStore
from sync.blobs.store import digest_of

FULL = """
import resource, sys
from pathlib import Path
from engine.faults import NoSpace
from sync.blobs.folder import FolderStore
store = FolderStore(Path(sys.argv[1]))
small = store.put(b"small")
resource.setrlimit(resource.RLIMIT_FSIZE, (65_536, 65_536))
for _ in range(2):
    try:
        store.put(bytes(300_000))
    except NoSpace as fault:
        print(fault.code, fault)
print(store.get(small) == b"small", len(list(store.digests())), store.put(b"another"))
"""

PUTTING = """
import sys
from pathlib import Path
from sync.blobs.folder import FolderStore
store = FolderStore(Path(sys.argv[1]))
for n in range(int(sys.argv[2]), int(sys.argv[3])):
    print(store.put(n.to_bytes(4, "big") * 100_000), flush=True)
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "blobs"


def run(program: str, *arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", program, *map(str, arguments)], stdout=subprocess.PIPE, text=True
    )


def spoil(store: FolderStore, digest: FileDigest, data: bytes) -> None:
    place = store.path(digest)
    place.unlink()
    place.write_bytes(data)


def test_the_files_are_named_by_digest_and_read_only(root: Path) -> None:
    store = FolderStore(root)
    digest = store.put(b"picture")
    assert store.path(digest) == root / digest[:2] / digest
    assert store.path(digest).stat().st_mode & 0o777 == 0o444


def test_a_second_store_on_the_folder_sees_the_same(root: Path) -> None:
    digest = FolderStore(root).put(b"picture")
    again = FolderStore(root)
    assert again.get(digest) == b"picture"
    assert again.put(b"picture") == digest


def test_a_damaged_file_is_moved_and_named_by_its_digest_each_time(root: Path) -> None:
    store = FolderStore(root)
    for rotten in (b"first", b"second"):
        digest = store.put(b"picture")
        spoil(store, digest, rotten)
        with pytest.raises(Damaged, match="damaged"):
            store.get(digest)
    aside = sorted((root / "damaged").iterdir())
    assert [path.name for path in aside] == [digest, f"{digest}-2"]
    assert [path.read_bytes() for path in aside] == [b"first", b"second"]


def test_a_path_is_only_given_for_bytes_that_were_verified_since_they_changed(root: Path) -> None:
    store = FolderStore(root)
    digest = store.put(b"picture")
    spoil(store, digest, b"pictura")
    with pytest.raises(Damaged):
        store.path(digest)


def test_a_flipped_bit_behind_the_stores_back_is_found(root: Path) -> None:
    store = FolderStore(root)
    digest = store.put(bytes(5000))
    place = store.path(digest)
    place.chmod(0o644)
    with place.open("r+b") as file:
        file.seek(4000)
        file.write(b"\x01")
    with pytest.raises(Damaged):
        store.get(digest)


def test_other_files_in_the_folder_are_not_taken_for_blobs(root: Path) -> None:
    store = FolderStore(root)
    digest = store.put(b"picture")
    (root / digest[:2] / "notes.txt").write_text("mine")
    (root / "zz").mkdir()
    (root / "zz" / digest).write_bytes(b"in the wrong place")
    assert list(store.digests()) == [digest]


def test_strays_of_killed_puts_are_swept_when_they_are_old(root: Path) -> None:
    FolderStore(root)
    stray = root / "tmp" / f"{UNFINISHED}killed"
    stray.write_bytes(b"half")
    made = stray.stat().st_ctime
    FolderStore(root, clock=lambda: made + STRAY_SECONDS - 60)
    assert stray.exists()
    FolderStore(root, clock=lambda: made + STRAY_SECONDS + 60)
    assert not stray.exists()


def test_a_full_disk_refuses_and_leaves_nothing(root: Path) -> None:
    process = run(FULL, root)
    told, _ = process.communicate(timeout=60)
    lines = told.splitlines()
    assert [line.split()[0] for line in lines[:2]] == ["no_space", "no_space"]
    assert lines[2] == f"True 1 {digest_of(b'another')}"
    assert list((root / "tmp").iterdir()) == []
    assert len([path for path in root.rglob("*") if path.is_file()]) == 2


def test_several_processes_may_put_the_same(root: Path) -> None:
    processes = [run(PUTTING, root, 0, 12) for _ in range(3)]
    told = [process.communicate(timeout=60)[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0]
    assert told[0] == told[1] == told[2]
    store = FolderStore(root)
    assert sorted(told[0].split()) == list(store.digests())
    assert all(store.verify(digest) for digest in store.digests())
    assert list((root / "tmp").iterdir()) == []


def test_a_kill_leaves_whole_blobs_and_loses_none_that_was_reported(root: Path) -> None:
    for attempt in range(4):
        process = run(PUTTING, root, attempt * 1000, attempt * 1000 + 1000)
        assert process.stdout is not None
        reported = [process.stdout.readline().strip() for _ in range(3 + 5 * attempt)]
        process.send_signal(signal.SIGKILL)
        reported += [line.strip() for line in process.stdout if line.endswith("\n")]
        process.stdout.close()
        assert process.wait(timeout=60) == -signal.SIGKILL
        store = FolderStore(root)
        assert all(store.has(FileDigest(one)) for one in reported if one)
        assert all(store.verify(digest) for digest in store.digests())
        assert not list((root / "damaged").iterdir())
    FolderStore(root, clock=lambda: time.time() + 2 * STRAY_SECONDS)
    assert list((root / "tmp").iterdir()) == []


def test_deleting_leaves_the_names_in_the_film_alone(root: Path, tmp_path: Path) -> None:
    store = FolderStore(root)
    digest = store.put(b"picture")
    store.link(digest, tmp_path / "film" / "a.png", inside=tmp_path)
    assert store.delete(digest) == 7
    assert (tmp_path / "film" / "a.png").read_bytes() == b"picture"
    assert store.unlink(digest, tmp_path / "film" / "a.png", inside=tmp_path)
    assert not (tmp_path / "film" / "a.png").exists()


def test_a_link_shares_the_disk_space_and_leaves_no_scratch(root: Path, tmp_path: Path) -> None:
    store = FolderStore(root)
    digest = store.put(b"picture")
    target = tmp_path / "film" / "sc-01" / "a.png"
    for _ in range(2):
        store.link(digest, target, inside=tmp_path)
    assert os.path.samefile(target, store.path(digest))
    assert list((root / "tmp").iterdir()) == []


def test_a_finished_file_becomes_a_blob(root: Path) -> None:
    store = FolderStore(root)
    digest = digest_of(b"picture")
    for _ in range(2):
        file = store.unfinished / "arrived"
        file.write_bytes(b"picture")
        store.adopt(file, digest)
        assert not file.exists()
        assert store.get(digest) == b"picture"
        assert os.stat(store.path(digest)).st_mode & 0o222 == 0


def test_a_finished_file_takes_the_place_of_damage(root: Path) -> None:
    store = FolderStore(root)
    digest = store.put(b"picture")
    spoil(store, digest, b"pictura")
    file = store.unfinished / "arrived"
    file.write_bytes(b"picture")
    store.adopt(file, digest)
    assert store.get(digest) == b"picture"
    assert [one.read_bytes() for one in (root / "damaged").iterdir()] == [b"pictura"]
