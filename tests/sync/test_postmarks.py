"""What was noted is known after a kill, and a damaged note costs work alone."""

from __future__ import annotations

from pathlib import Path

from sync.postmarks import COLLECTED, ENTRY, Posted, Postmarks
from sync.records import LogId

LOG = LogId("0f" * 16)


def mark(name: str, first: int, last: int) -> Posted:
    return Posted(name, LOG, first, last, 10, 1.0)


def test_what_lies_there_is_known_in_order(tmp_path: Path) -> None:
    marks = Postmarks(tmp_path / "new" / "notes.db")
    marks.post(mark("b", 3, 4))
    marks.post(mark("a", 1, 2))
    again = Postmarks(tmp_path / "new" / "notes.db")
    assert [one.name for one in again.posted()] == ["a", "b"]
    marks.post(mark("c", 1, 4), instead=again.posted())
    assert [one.name for one in marks.posted()] == ["c"]
    assert [one.name for one in marks.posted(doomed=True)] == ["a", "b"]
    marks.forget(["a"])
    assert [one.name for one in marks.posted(doomed=True)] == ["b"]
    marks.close()
    again.close()


def test_one_that_takes_its_own_place_is_not_doomed(tmp_path: Path) -> None:
    marks = Postmarks(tmp_path / "notes.db")
    marks.post(mark("a", 1, 2))
    marks.post(mark("a", 1, 2), instead=marks.posted())
    assert [one.name for one in marks.posted()] == ["a"]
    marks.close()


def test_what_is_known_can_be_forgotten(tmp_path: Path) -> None:
    marks = Postmarks(tmp_path / "notes.db")
    marks.learn(ENTRY, [b"1", b"2", b"1"])
    marks.learn(COLLECTED, ["x"])
    marks.unlearn(ENTRY, [b"1", b"9"])
    assert marks.known(ENTRY) == {b"2"}
    assert marks.known(COLLECTED) == {"x"}
    marks.close()


def test_what_was_set_aside_is_news_once_and_forgiven_when_it_is_whole(tmp_path: Path) -> None:
    marks = Postmarks(tmp_path / "notes.db")
    assert marks.set_aside("x", b"1", "it ends too early")
    assert not marks.set_aside("x", b"1", "it ends too early")
    assert marks.set_aside("x", b"2", "it ends too early")
    assert marks.aside() == {"x": "it ends too early"}
    marks.learn(COLLECTED, ["x"])
    assert marks.aside() == {}
    marks.close()


def test_a_damaged_file_is_moved_aside_and_begun_again(tmp_path: Path) -> None:
    path = tmp_path / "notes.db"
    marks = Postmarks(path)
    marks.learn(ENTRY, [b"1"])
    marks.close()
    path.write_bytes(b"this was a database " * 500)
    again = Postmarks(path)
    assert again.known(ENTRY) == set()
    again.learn(ENTRY, [b"2"])
    again.close()
    assert (tmp_path / "notes.db.damaged").exists()
