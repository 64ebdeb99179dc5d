"""SQLite's errors in the words of this program."""

from __future__ import annotations

import errno
import sqlite3
from pathlib import Path

import pytest

from engine.faults import Fault, NoSpace
from sync import database


def test_a_transaction_is_kept_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    connection = database.connect(path, synchronous="FULL")
    with database.writing(connection, path):
        connection.execute("CREATE TABLE t(a)")
        connection.execute("INSERT INTO t VALUES(1)")

    def fail() -> None:
        with database.writing(connection, path):
            connection.execute("INSERT INTO t VALUES(2)")
            raise ValueError("stop")

    with pytest.raises(ValueError, match="stop"):
        fail()
    assert connection.execute("SELECT a FROM t").fetchall() == [(1,)]
    connection.close()


def test_another_writer_makes_it_busy(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    one = database.connect(path, synchronous="NORMAL", busy=0.05)
    two = database.connect(path, synchronous="NORMAL", busy=0.05)
    with database.writing(one, path), pytest.raises(database.Busy), database.writing(two, path):
        pass
    one.close()
    two.close()


def test_a_full_disk_is_no_space(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    connection = database.connect(path, synchronous="NORMAL")
    connection.execute("CREATE TABLE t(a)")
    connection.execute("PRAGMA max_page_count=4")
    with pytest.raises(NoSpace, match=r"x\.db"), database.writing(connection, path), database.faults(path):
        connection.execute("INSERT INTO t VALUES(zeroblob(100000))")
    assert connection.execute("SELECT count(*) FROM t").fetchone() == (0,)
    connection.close()
    with pytest.raises(NoSpace), database.faults(path):
        raise OSError(errno.ENOSPC, "full")
    with pytest.raises(FileNotFoundError), database.faults(path):
        raise FileNotFoundError(path)


def test_what_is_no_database_is_broken(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    path.write_bytes(b"no database " * 1000)
    with pytest.raises(database.Broken) as caught:
        database.connect(path, synchronous="NORMAL")
    assert caught.value.path == path


def test_what_cannot_be_opened_is_said_plainly(tmp_path: Path) -> None:
    with pytest.raises(Fault, match="cannot be opened"):
        database.connect(tmp_path / "nowhere" / "x.db", synchronous="NORMAL")
    assert isinstance(database.fault(sqlite3.OperationalError("other"), tmp_path), database.Broken)
