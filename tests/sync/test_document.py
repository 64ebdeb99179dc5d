"""The one room that touches automerge."""

from __future__ import annotations

import random
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.faults import Damaged
from sync import document, schema
from sync.change import MAGIC, header
from sync.document import Document, DocumentBroken, first_change, shadow
from sync.records import DocumentId

ASSET = schema.genesis(DocumentId("asset/a"))
ONE, TWO = bytes([1]) * 16, bytes([2]) * 16

facts = st.lists(
    st.tuples(st.sampled_from(["renamed", "versions"]), st.text("abc", min_size=1, max_size=3), st.just("")),
    min_size=1,
    max_size=12,
    unique_by=lambda one: one[:2],
)


def fresh(actor: bytes = ONE) -> Document:
    return Document.load(ASSET, [], actor)


def test_what_is_put_comes_back_after_loading() -> None:
    live = fresh()
    changes = [
        live.put([("renamed", "a", '{"n":"é"}'), ("versions", "b", "{}")]),
        live.put([("takes", "c", "x" * 9000)]),
    ]
    again = Document.load(ASSET, changes, TWO)
    assert again.heads == live.heads
    assert sorted(again.facts()) == [
        ("renamed", "a", '{"n":"é"}'),
        ("takes", "c", "x" * 9000),
        ("versions", "b", "{}"),
    ]
    assert (again.get("renamed", "a"), again.get("renamed", "z")) == ('{"n":"é"}', None)


@given(facts, facts, st.integers(0, 2**32))
def test_merging_is_the_same_in_every_order_and_with_repetitions(left: list, right: list, seed: int) -> None:  # type: ignore[type-arg]
    changes = []
    for actor, found in ((ONE, left), (TWO, right)):
        live = fresh(actor)
        changes += [live.put([(collection, key, actor.hex())]) for collection, key, _ in found]
    straight = Document.load(ASSET, changes, ONE)
    shuffled = changes * 2
    random.Random(seed).shuffle(shuffled)
    assert sorted(Document.load(ASSET, shuffled, TWO).facts()) == sorted(straight.facts())
    stepwise = fresh()
    for raw in changes:
        stepwise.apply([raw])
    stepwise.apply(changes)
    assert stepwise.heads == straight.heads
    assert sorted(stepwise.facts()) == sorted(straight.facts())


def test_a_change_whose_past_is_missing_is_not_taken() -> None:
    live = fresh()
    live.put([("renamed", "a", "1")])
    late = live.put([("renamed", "b", "2")])
    other = fresh(TWO)
    with pytest.raises(DocumentBroken, match="not taken"):
        other.apply([late])
    with pytest.raises(DocumentBroken):
        Document.load(ASSET, [late], TWO).facts().__next__()


@given(st.integers(0, 300), st.integers(1, 255))
def test_broken_bytes_are_a_fault_and_no_panic(at: int, flip: int) -> None:
    live = fresh()
    broken = bytearray(live.put([("renamed", "a", "some text that is long enough")]))
    broken[at % len(broken)] ^= flip
    with pytest.raises(Damaged):
        Document.load(ASSET, [bytes(broken)], TWO)
    with pytest.raises(Damaged):
        fresh(TWO).apply([bytes(broken)])


def test_too_much_at_once_is_the_callers_mistake() -> None:
    with pytest.raises(ValueError, match="between"):
        fresh().put([])
    with pytest.raises(ValueError, match="between"):
        fresh().put([("renamed", "a", "x" * document.LARGEST_PUT + "y")])
    with pytest.raises(KeyError):
        fresh().put([("nowhere", "a", "x")])


def test_a_snapshot_is_the_document() -> None:
    live = fresh()
    changes = [live.put([("renamed", f"k{n}", str(n))]) for n in range(50)]
    again = Document.load((), [live.save()], TWO)
    assert (again.heads, sorted(again.facts())) == (live.heads, sorted(live.facts()))
    more = live.put([("renamed", "more", "x")])
    assert Document.load((), [live.save(), *changes, more], TWO).heads == live.heads


def test_a_shadow_shows_what_changes_would_do() -> None:
    live = fresh()
    known = [live.put([("renamed", "a", "1")])]
    more = [live.put([("renamed", "b", "2")])]
    assert shadow(ASSET, known, more) == {("renamed", "a"): "1", ("renamed", "b"): "2"}


def test_a_shadow_refuses_a_rewritten_fact_except_where_two_may_write() -> None:
    live = fresh()
    known = [live.put([("renamed", "a", "1")])]
    again = [live.put([("renamed", "a", "2")])]
    with pytest.raises(Damaged, match="rewrites"):
        shadow(ASSET, known, again)
    assert shadow(ASSET, known, again, {"renamed"}) == {("renamed", "a"): "2"}


@given(st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, max_size=4), st.randoms(use_true_random=False))
@settings(max_examples=50, deadline=None)
def test_facts_written_apart_under_one_key_are_the_same_in_every_order(
    keys: list[str], random: Random
) -> None:
    """Neither writer knew of the other, so neither is refused: whoever came first is no matter."""
    made: list[tuple[int, bytes]] = []
    for number in range(3):
        device = Document.load(ASSET, (), bytes([number + 1]) * 16)
        made += [(number, device.put([("renamed", key, f"{number}")])) for key in dict.fromkeys(keys)]
    shown = []
    for _ in range(3):
        queues = {number: [raw for owner, raw in made if owner == number] for number in range(3)}
        known: list[bytes] = []
        while any(queues.values()):
            chosen = random.choice([number for number, queue in queues.items() if queue])
            fresh = [queues[chosen].pop(0)]
            found = shadow(ASSET, known, fresh)
            known += fresh
        shown.append(dict(found))
    assert shown[0] == shown[1] == shown[2]
    assert shown[0] == shadow(ASSET, (), known)


def test_a_rewriting_is_refused_in_every_order_and_portion() -> None:
    live, other = fresh(), Document.load(ASSET, (), TWO)
    first, apart = live.put([("renamed", "a", "1")]), other.put([("renamed", "a", "x")])
    again = live.put([("renamed", "a", "2")])
    for known, more in (([first], [again]), ([first, apart], [again]), ([], [first, apart, again])):
        with pytest.raises(Damaged, match="rewrites"):
            shadow(ASSET, known, more)
    assert shadow(ASSET, [apart], [first]) == shadow(ASSET, [first], [apart])


def test_a_shadow_refuses_new_maps() -> None:
    maps = first_change(["extra"], TWO, ASSET)
    with pytest.raises(Damaged, match="shape"):
        shadow(ASSET, [], [maps])


def test_a_shadow_refuses_a_map_in_place_of_a_text() -> None:
    from automerge import core

    raw = core.Document.load(b"".join(ASSET))
    raw.set_actor(TWO)
    before = raw.get_heads()
    found = raw.get(core.ROOT, "renamed")
    assert found is not None
    with raw.transaction() as transaction:
        transaction.put_object(found[1], "k", core.ObjType.Map)
    nested = raw.get_changes(before)
    with pytest.raises(Damaged, match="no text"):
        shadow(ASSET, [], [nested[0].raw_bytes])
    with raw.transaction() as transaction:
        transaction.put(found[1], "n", core.ScalarType.Int, 7)
    with pytest.raises(Damaged, match="no text"):
        shadow(ASSET, [nested[0].raw_bytes], [raw.get_changes([nested[0].hash])[0].raw_bytes])


def test_the_first_change_of_a_family_is_always_the_same() -> None:
    assert first_change(["b", "a"], ONE) == first_change(["a", "b"], ONE)
    assert first_change(["a"], ONE)[:4] == MAGIC
    assert header(first_change(["a"], ONE)).actor == ONE
