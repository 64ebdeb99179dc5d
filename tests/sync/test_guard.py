"""The guard lets through what a device of ours writes, and nothing else."""

from __future__ import annotations

import random
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.faults import Damaged
from sync import guard, schema
from sync.change import header
from sync.document import Document
from sync.records import DocumentId
from tests.sync import corpus

texts = st.text(max_size=12)
puts = st.lists(st.tuples(st.sampled_from(["renamed", "versions", "takes"]), texts, texts), max_size=30)


def test_the_crafted_sound_change_is_sound() -> None:
    raw = corpus.with_columns()
    assert corpus.accepted(raw)
    live = Document.load(corpus.GENESIS, [raw], corpus.ACTOR)
    assert [(key, text) for _, key, text in live.facts()] == [("k", "v")]
    assert corpus.accepted(corpus.many(2000))


@pytest.mark.parametrize("name", corpus.CHANGES)
def test_no_crafted_change_gets_through(name: str) -> None:
    began = time.process_time()
    assert not corpus.accepted(corpus.CHANGES[name]())
    assert time.process_time() - began < 1.0


@settings(max_examples=40)
@given(st.lists(puts, max_size=5), st.sampled_from(["asset/a", "project", "queue/3"]))
def test_everything_that_we_write_gets_through(found: list[list[tuple[str, str, str]]], name: str) -> None:
    genesis = schema.genesis(DocumentId(name))
    allowed = guard.allowed(genesis)
    live = Document.load(genesis, [], corpus.ACTOR)
    maps = sorted(live.collections)
    ends = {header(one).hash: guard.end(one, header(one)) for one in genesis}
    seen: set[tuple[str, str]] = set()
    for part in found:
        fresh = {(maps[len(one[0]) % len(maps)], one[1] or "k"): one[2] for one in part}
        fresh = {place: text for place, text in fresh.items() if place not in seen}
        seen |= fresh.keys()
        if not fresh:
            continue
        raw = live.put([(*place, text) for place, text in fresh.items()])
        assert guard.check(raw, allowed) == guard.operations(raw) == len(fresh)
        guard.check_place(header(raw), ends)
        ends[header(raw).hash] = guard.end(raw, header(raw))


def test_a_change_counts_on_from_all_that_it_depends_on() -> None:
    live, other = (Document.load(corpus.GENESIS, [], one) for one in (corpus.ACTOR, corpus.OTHER))
    one, two = live.put([("renamed", "a", "1")]), other.put([("renamed", k, "1") for k in "bcd"])
    live.apply([two])
    three = live.put([("renamed", "e", "1")])
    changes = [header(raw) for raw in (*corpus.GENESIS, one, two, three)]
    ends = {
        found.hash: guard.end(raw, found)
        for found, raw in zip(changes, (*corpus.GENESIS, one, two, three), strict=True)
    }
    guard.check_place(changes[-1], ends)
    with pytest.raises(Damaged, match="counts its operations"):
        guard.check_place(changes[-1], {**ends, changes[2].hash: 40})


def test_mutations_are_refused_or_harmless() -> None:
    tally = corpus.fuzz(4000)
    assert tally.tried == 4000
    assert tally.refused > 3000


def test_mutations_that_get_through_make_documents_that_load() -> None:
    draw = random.Random(3)
    live = Document.load(corpus.GENESIS, [], corpus.ACTOR)
    raw = live.put([("renamed", f"k{k}", "text") for k in range(5)])
    through = 0
    for _, broken in zip(range(4000), corpus.mutations(corpus.body(raw), draw), strict=False):
        made = corpus.chunk(broken)
        if corpus.accepted(made):
            through += 1
            loaded = Document.load(corpus.GENESIS, [made], corpus.OTHER)
            assert len(list(loaded.facts())) <= 5
            assert Document.load((), [loaded.save()], corpus.OTHER).heads == loaded.heads
    assert through > 20
