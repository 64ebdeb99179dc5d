"""Whole or not at all, with a full disk played by a limit on the size of files in a process of its own."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from engine.faults import NoSpace
from sync.blobs.durable import UNFINISHED, make_folder, room_for, sweep, sync_folder, write_whole


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_a_full_disk_is_said_in_plain_words(number: int) -> None:
    with pytest.raises(NoSpace, match="no room for the picture") as told, room_for("the picture"):
        raise OSError(number, os.strerror(number))
    assert "storage drop" in told.value.hint


def test_other_errors_stay_what_they_are() -> None:
    with pytest.raises(PermissionError), room_for("the picture"):
        raise PermissionError(errno.EACCES, "no")


def test_writing_replaces_in_one_step_and_leaves_a_read_only_file(tmp_path: Path) -> None:
    target = tmp_path / "picture"
    write_whole(target, b"first", tmp_path)
    before = target.stat().st_ino
    write_whole(target, b"second", tmp_path)
    assert target.read_bytes() == b"second"
    assert target.stat().st_ino != before
    assert target.stat().st_mode & 0o222 == 0
    assert [path.name for path in tmp_path.iterdir()] == ["picture"]


def test_a_write_that_fails_leaves_nothing_and_the_old_content(tmp_path: Path) -> None:
    program = """
import resource, sys
from pathlib import Path
from engine.faults import NoSpace
from sync.blobs.durable import room_for, write_whole
folder = Path(sys.argv[1])
write_whole(folder / "picture", b"old", folder)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    with room_for("the picture"):
        write_whole(folder / "picture", bytes(1_000_000), folder)
except NoSpace as fault:
    print(fault)
"""
    told = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, check=True, timeout=60
    )
    assert "no room for the picture" in told.stdout
    assert [path.name for path in tmp_path.iterdir()] == ["picture"]
    assert (tmp_path / "picture").read_bytes() == b"old"


def test_a_folder_is_made_once(tmp_path: Path) -> None:
    make_folder(tmp_path / "a")
    make_folder(tmp_path / "a")
    sync_folder(tmp_path / "a")
    assert (tmp_path / "a").is_dir()


def test_sweeping_takes_old_unfinished_files_alone(tmp_path: Path) -> None:
    (tmp_path / f"{UNFINISHED}1").write_bytes(b"half")
    (tmp_path / "mine").write_bytes(b"whole")
    (tmp_path / f"{UNFINISHED}2").symlink_to(tmp_path / "mine")
    now = (tmp_path / f"{UNFINISHED}1").stat().st_ctime
    assert sweep(tmp_path, now - 10) == 0
    assert sweep(tmp_path, now + 10) == 2
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]
