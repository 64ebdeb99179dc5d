"""The child that tries changes: what it says, and that nothing outlives its death but the program."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from engine.faults import Damaged
from sync import arrivals
from sync.document import Document, first_change
from sync.verifier import Verifier
from tests.sync import corpus


@pytest.fixture
def verifier() -> Iterator[Verifier]:
    with Verifier() as found:
        yield found


def changes(count: int) -> list[bytes]:
    live = Document.load(corpus.GENESIS, [], corpus.ACTOR)
    return [live.put([("renamed", f"k{k}", f"text {k}")]) for k in range(count)]


def test_it_says_what_a_change_adds(verifier: Verifier) -> None:
    found = changes(3)
    assert verifier(corpus.GENESIS, found[:2], found[2:]) == {("renamed", "k2"): "text 2"}
    assert dict(arrivals.here(corpus.GENESIS, found[:2], found[2:])).keys() == {
        ("renamed", f"k{k}") for k in range(3)
    }
    assert verifier.ended == 0


def test_it_refuses_what_the_document_refuses(verifier: Verifier) -> None:
    shape = first_change(["more"], corpus.ACTOR, corpus.GENESIS)
    with pytest.raises(Damaged, match="shape"):
        verifier(corpus.GENESIS, [], [shape])
    with pytest.raises(Damaged, match=r"not taken|load"):
        verifier(corpus.GENESIS, [], changes(2)[1:])
    assert verifier.ended == 0


def test_what_ends_it_is_refused_and_the_next_is_tried_by_another() -> None:
    with Verifier(memory=64 << 20) as verifier:
        verifier.warm()
        killed = verifier._child
        assert killed is not None
        killed.kill()
        killed.wait()
        with pytest.raises(Damaged, match="SIGKILL"):
            verifier(corpus.GENESIS, [], changes(1))
        assert verifier.ended == 1
        assert verifier(corpus.GENESIS, [], changes(1)) == {("renamed", "k0"): "text 0"}


def test_what_takes_too_long_is_ended() -> None:
    with Verifier(seconds=0.0) as verifier, pytest.raises(Damaged, match="within"):
        verifier(corpus.GENESIS, [], changes(60))


@pytest.mark.parametrize("name", corpus.CHANGES)
def test_no_crafted_change_harms_more_than_the_child(verifier: Verifier, name: str) -> None:
    known = changes(2)
    try:
        found = verifier(corpus.GENESIS, known, [corpus.CHANGES[name]()])
    except Damaged:
        found = {}
    assert verifier(corpus.GENESIS, known[:1], known[1:]) == {("renamed", "k1"): "text 1"}
    assert len(found) < 3000
