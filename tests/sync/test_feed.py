"""Who is told of what; tests/sync/test_project.py tells it with two processes."""

from __future__ import annotations

from pathlib import Path

from sync.feed import Change, Feed, Mark
from sync.indexfile import IndexFile
from sync.records import DocumentId
from sync.schema import STEPS, Fact

ONE = Fact(DocumentId("asset/a"), "renamed", "k", "{}")
TWO = Fact(DocumentId("asset/a"), "renamed", "l", "{}")


def test_subscribers_are_told_while_they_listen() -> None:
    feed, told = Feed(), list[Change]()
    with feed.subscribe(told.append), feed.subscribe(told.append):
        feed.tell([])
        feed.tell([ONE, TWO])
    feed.tell([ONE])
    change = Change((ONE.document,), ((ONE.document, "renamed", "k"), (ONE.document, "renamed", "l")))
    assert told == [change, change]


def test_what_others_added_is_given_once() -> None:
    feed = Feed()
    assert feed.take([]) is None
    feed.pending.append(ONE)
    assert feed.take([TWO]) == Change.of([ONE, TWO])
    assert feed.take([]) is None


def test_news_are_what_came_since_the_mark_or_all_of_another_index(tmp_path: Path) -> None:
    feed, index = Feed(), IndexFile(tmp_path, STEPS)
    with index.writing():
        index.add([ONE], {ONE.document: 1})
    assert feed.fresh(index) == [ONE]
    with index.writing():
        index.add([TWO], {TWO.document: 2})
    assert feed.news(index) == feed.fresh(index) == [TWO]
    assert feed.news(index) == []
    index.close()
    index.remove()
    again = IndexFile(tmp_path, STEPS)
    with again.writing():
        again.add([ONE], {ONE.document: 1})
    assert feed.news(again) == [ONE]
    again.close()


def test_what_comes_while_one_looks_is_told_of_next_time(tmp_path: Path) -> None:
    feed, index = Feed(), IndexFile(tmp_path, STEPS)
    with index.writing():
        index.add([ONE], {ONE.document: 1})
    mark = Mark.of(index)
    with index.writing():
        index.add([TWO], {TWO.document: 2})
    assert feed.news(index, mark.seq) == [ONE]
    feed.mark(mark)
    assert feed.fresh(index) == [TWO]
    index.close()
