"""Order, reach and staleness over graphs of every shape."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.graph import Cycle, Node, dependents, order, reach, stale_assets

_names = st.integers(0, 9)
graphs = st.dictionaries(_names, st.lists(_names, max_size=4), max_size=10)
acyclic = graphs.map(lambda edges: {n: [one for one in inputs if one < n] for n, inputs in edges.items()})
_keys = st.frozensets(st.sampled_from("ab"), max_size=2)
nodes = st.dictionaries(
    _names,
    st.builds(
        Node,
        feeds=_keys,
        inputs=st.lists(st.tuples(_names, _keys), max_size=3).map(tuple),
        outdated=st.booleans(),
    ),
    max_size=10,
)


def test_inputs_come_first_and_the_rest_as_given() -> None:
    assert order({"shot": ["ana", "hall"], "ana": ["ink"], "b": [], "a": []}) == [
        "ink",
        "ana",
        "hall",
        "shot",
        "b",
        "a",
    ]


def test_a_circle_is_named_in_the_words_of_the_caller() -> None:
    with pytest.raises(Cycle) as told:
        order({1: [2], 2: [3], 3: [4], 4: [2]}, name=lambda one: f"asset-{one}")
    assert told.value.path == ("asset-2", "asset-3", "asset-4", "asset-2")
    assert "asset-2 ← asset-3 ← asset-4 ← asset-2" in told.value.message
    assert told.value.exit_status == 2
    with pytest.raises(Cycle, match="ana ← ana"):
        order({"ana": ["ana"]})


@given(acyclic)
def test_every_node_once_after_its_inputs(edges: dict[int, list[int]]) -> None:
    found = order(edges)
    assert sorted(found) == sorted({*edges, *(one for inputs in edges.values() for one in inputs)})
    place = {one: n for n, one in enumerate(found)}
    assert all(place[one] < place[node] for node, inputs in edges.items() for one in inputs)
    assert order({node: edges.get(node, []) for node in found}) == found


@given(graphs)
def test_a_circle_is_found_exactly_when_there_is_one(edges: dict[int, list[int]]) -> None:
    circular = any(node in reach(edges, edges[node]) for node in edges)
    try:
        order(edges)
    except Cycle as fault:
        assert circular
        path = [int(one) for one in fault.path]
        assert path[0] == path[-1]
        assert all(after in edges[before] for before, after in pairwise(path))
    else:
        assert not circular


@given(graphs)
def test_dependents_are_the_edges_turned_round(edges: dict[int, list[int]]) -> None:
    back = dependents(edges)
    assert {(node, one) for node, ones in edges.items() for one in ones} == {
        (user, one) for one, users in back.items() for user in users
    }
    assert all(len(set(users)) == len(users) for users in back.values())


@given(graphs, st.lists(_names, max_size=3))
def test_reach_is_closed_and_holds_nothing_else(edges: dict[int, list[int]], starts: list[int]) -> None:
    found = reach(edges, starts)
    assert set(starts) <= found.keys()
    assert all(one in found for node in found for one in edges.get(node, ()))
    reachable = set(starts)
    for _ in range(11):
        reachable |= {one for node in reachable for one in edges.get(node, ())}
    assert found.keys() == reachable


# --- staleness ----------------------------------------------------------------------------------------------------


def fed(*keys: str) -> frozenset[str]:
    return frozenset(keys)


def test_another_key_makes_stale_and_so_on_downstream() -> None:
    known = {
        "ink": Node(fed("new")),
        "ana": Node(fed("ana"), (("ink", fed("old")),)),
        "shot": Node(fed("shot"), (("ana", fed("ana")),)),
        "hall": Node(fed("hall"), (("ink", fed("new")),)),
    }
    assert stale_assets(known) == {"ana", "shot"}


def test_what_has_takes_of_other_versions_alone_is_stale_itself() -> None:
    assert stale_assets({"ana": Node(fed("k"), outdated=True), "hall": Node(fed("h"))}) == {"ana"}


def test_what_is_not_known_counts_as_unchanged() -> None:
    known = {
        "shot": Node(fed("s"), (("lost", fed("k")), ("empty", fed("k")), ("odd", fed()))),
        "empty": Node(fed()),
        "odd": Node(fed("o")),
    }
    assert stale_assets(known) == set()


def slowly(known: dict[int, Node[int]]) -> set[int]:
    """The definition, word by word, until nothing is added."""
    stale = {name for name, node in known.items() if node.outdated}
    while True:
        more = {
            name
            for name, node in known.items()
            for one, recorded in node.inputs
            if one in stale
            or (one in known and known[one].feeds and recorded and not known[one].feeds & recorded)
        }
        if more <= stale:
            return stale
        stale |= more


@given(nodes)
def test_staleness_is_its_definition_even_in_circles(known: dict[int, Node[int]]) -> None:
    assert stale_assets(known) == slowly(known)


@given(nodes, st.integers(0, 9), st.builds(Node, feeds=_keys, outdated=st.booleans()))
def test_after_an_edit_only_what_lies_downstream_need_be_asked(
    known: dict[int, Node[int]], edited: int, node: Node[int]
) -> None:
    before = stale_assets(known)
    after = {**known, edited: node}
    edges = {name: [one for one, _ in each.inputs] for name, each in after.items()}
    below = set(reach(dependents(edges), [edited]))
    found = (before - below) | stale_assets(after, below, before)
    assert found == stale_assets(after)


def test_ten_thousand_in_a_line_and_in_a_star() -> None:
    line = {n: [n - 1] if n else [] for n in range(10_000)}
    assert order(line) == list(range(10_000))
    assert order(dict(reversed(line.items()))) == list(range(10_000))
    known = {n: Node(fed(str(n)), ((n - 1, fed(str(n - 1))),) if n else (), n == 0) for n in line}
    assert len(stale_assets(known)) == 10_000
