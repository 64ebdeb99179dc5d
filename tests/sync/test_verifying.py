"""What is asked of the child and what it answers, without the child."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync import verifying
from sync.document import Document
from tests.sync import corpus

changes = st.lists(st.binary(max_size=40), max_size=4)
questions = st.builds(verifying.Question, st.binary(min_size=32, max_size=32), changes, changes, changes)


@given(st.lists(questions, max_size=3))
def test_requests_come_back(asked: list[verifying.Question]) -> None:
    stream = io.BytesIO(verifying.pack(asked))
    body = verifying.read(stream)
    assert body is not None
    assert list(verifying.unpack(body)) == asked
    assert verifying.read(stream) is None


def test_half_a_request_is_none() -> None:
    whole = verifying.pack([verifying.Question(bytes(32), [b"a"], [], [])])
    assert verifying.read(io.BytesIO(whole[:-1])) is None
    assert verifying.read(io.BytesIO(b"")) is None


def asked(known: list[bytes], fresh: list[bytes], *, whole: bool = True) -> verifying.Question:
    before = verifying.name((*corpus.GENESIS, *known))
    return verifying.Question(before, corpus.GENESIS if whole else [], known if whole else [], fresh)


def test_answers_say_what_is_new_or_why_not() -> None:
    raw = Document.load(corpus.GENESIS, [], corpus.ACTOR).put([("renamed", "k", "é")])
    trial = verifying.Trial()
    assert trial.answer(asked([], [raw])) == {"facts": [["renamed", "k", "é"]]}
    assert "refused" in trial.answer(asked([], [raw[:-1]]))


def test_a_document_that_was_tried_need_not_be_told_again() -> None:
    live = Document.load(corpus.GENESIS, [], corpus.ACTOR)
    raws = [live.put([("renamed", f"k{number}", "text")]) for number in range(3)]
    trial = verifying.Trial()
    assert trial.answer(asked(raws[:1], raws[1:2], whole=False)) == {"unknown": True}
    trial.answer(asked(raws[:1], raws[1:2]))
    assert trial.answer(asked(raws[:2], raws[2:], whole=False)) == {"facts": [["renamed", "k2", "text"]]}
    assert "refused" in trial.answer(asked(raws, [raws[0][:-1]], whole=False))
    assert trial.answer(asked(raws, raws[2:], whole=False)) == {"facts": []}


def test_what_is_kept_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verifying, "MOST_KEPT", 2)
    trial = verifying.Trial()
    tails = []
    for number in range(3):
        live = Document.load(corpus.GENESIS, [], bytes([number + 1]) * 16)
        tails.append([live.put([("renamed", f"k{number}{one}", "text")]) for one in "ab"])
        trial.answer(asked([], tails[-1][:1]))
    assert trial.answer(asked(tails[0][:1], tails[0][1:], whole=False)) == {"unknown": True}
    assert "facts" in trial.answer(asked(tails[2][:1], tails[2][1:], whole=False))
