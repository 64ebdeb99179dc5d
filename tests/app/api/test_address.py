"""Where a running program is reached."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from app.api import address
from app.api.address import Address
from sync import process


@pytest.fixture
def ours(tmp_path: Path) -> Address:
    """This process's address, and a folder for it."""
    (tmp_path / ".restrike").mkdir()
    pid, start = process.own()
    return Address(
        url="http://127.0.0.1:1",
        token="secret",
        pid=pid,
        start=start,
        project="p",
        by="serve",
        place=address.place(tmp_path),
    )


def test_what_is_written_is_read_by_its_owner_alone(tmp_path: Path, ours: Address) -> None:
    assert address.read(tmp_path) is None
    address.write(tmp_path, ours)
    assert address.read(tmp_path) == ours
    if os.name != "nt":
        assert address.path(tmp_path).stat().st_mode & 0o777 == 0o600
    assert os.listdir(tmp_path / ".restrike") == ["api.json"]
    address.remove(tmp_path, ours)
    assert address.read(tmp_path) is None
    address.remove(tmp_path, ours)


def test_nobody_is_reached_where_the_process_is_over(tmp_path: Path, ours: Address) -> None:
    address.write(tmp_path, replace(ours, start="long ago"))
    assert address.read(tmp_path) is None
    address.remove(tmp_path, ours)
    assert address.path(tmp_path).exists(), "it is another process's"


def test_a_broken_file_reaches_nobody(tmp_path: Path, ours: Address) -> None:
    address.write(tmp_path, ours)
    good = json.loads(address.path(tmp_path).read_text())
    for text in ("", "{", "[]", "1", "\ud800".encode("utf-8", "surrogatepass").decode("latin-1")):
        address.path(tmp_path).write_text(text, encoding="utf-8")
        assert address.read(tmp_path) is None
    for name, value in (("pid", "1"), ("pid", True), ("url", None), ("certificate", 4), ("start", 3)):
        address.path(tmp_path).write_text(json.dumps({**good, name: value}))
        assert address.read(tmp_path) is None
    address.path(tmp_path).write_text(json.dumps({**good, "more": 1}))
    assert address.read(tmp_path) == ours


def test_a_copy_of_the_folder_is_not_the_folder(tmp_path: Path, ours: Address) -> None:
    address.write(tmp_path, ours)
    copy = tmp_path / "copy"
    (copy / ".restrike").mkdir(parents=True)
    address.path(copy).write_text(address.path(tmp_path).read_text())
    assert address.read(tmp_path) == ours
    assert address.read(copy) is None
