"""What is asked of the child and what it answers, without the child."""

from __future__ import annotations

import io

from hypothesis import given
from hypothesis import strategies as st

from sync import verifying
from sync.document import Document
from tests.sync import corpus

lists = st.lists(st.binary(max_size=40), max_size=4)


@given(lists, lists, lists)
def test_requests_come_back(genesis: list[bytes], known: list[bytes], fresh: list[bytes]) -> None:
    stream = io.BytesIO(verifying.pack((genesis, known, fresh)))
    body = verifying.read(stream)
    assert body is not None
    assert verifying.unpack(body) == (genesis, known, fresh)
    assert verifying.read(stream) is None


def test_half_a_request_is_none() -> None:
    whole = verifying.pack(([b"a"], [], []))
    assert verifying.read(io.BytesIO(whole[:-1])) is None
    assert verifying.read(io.BytesIO(b"")) is None


def test_answers_say_what_is_new_or_why_not() -> None:
    raw = Document.load(corpus.GENESIS, [], corpus.ACTOR).put([("renamed", "k", "é")])
    assert verifying.answer((corpus.GENESIS, [], [raw])) == {"facts": [["renamed", "k", "é"]]}
    assert "refused" in verifying.answer((corpus.GENESIS, [], [raw[:-1]]))
    assert verifying.answer(([], [], [])) == {"facts": []}
