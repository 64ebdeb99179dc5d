"""Into which collections a change writes."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.faults import Damaged
from sync import schema, targets
from sync.document import Document, first_change
from sync.records import DocumentId

ACTOR = bytes(range(16))
DOCUMENTS = tuple(DocumentId(one) for one in ("asset/abc", "project", "queue/1"))


def maps(document: DocumentId) -> list[str]:
    return sorted(one.name for one in schema.COLLECTIONS if one.family == schema.family(document))


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_exactly_the_collections_that_were_written(data: st.DataObject) -> None:
    document = data.draw(st.sampled_from(DOCUMENTS))
    chosen = data.draw(st.lists(st.sampled_from(maps(document)), min_size=1, max_size=20))
    live = Document.load(schema.genesis(document), [], ACTOR)
    raw = live.put([(name, f"key {n}", "text é" * n) for n, name in enumerate(chosen)])
    assert targets.collections(document, raw) == set(chosen)


def test_what_lies_elsewhere_is_no_collection() -> None:
    for document in DOCUMENTS:
        raw = first_change(["more"], ACTOR, schema.genesis(document))
        assert targets.collections(document, raw) == {targets.ELSEWHERE}


def test_a_change_that_was_cut_is_not_read() -> None:
    document = DOCUMENTS[0]
    raw = Document.load(schema.genesis(document), [], ACTOR).put([("takes", "k", "text")])
    for at in range(len(raw)):
        with pytest.raises(Damaged):
            targets.collections(document, raw[:at])
