"""Which recipe feeds which: the order in which to render, what lies up- or downstream, and what an edit makes stale.

Edges go from a node to its inputs. Everything here is linear in nodes and edges, keeps the order it was given, and
knows nothing of what a node is: assets, versions and recipe keys all serve.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from engine.faults import WrongUse

N = TypeVar("N", bound=Hashable)


class Cycle(WrongUse):
    """Inputs lead back to where they started, so nothing of it could ever be rendered."""

    code = "cycle"

    def __init__(self, path: tuple[str, ...]) -> None:
        super().__init__(
            "these inputs go in a circle: " + " ← ".join(path),
            f"take one of them out, for example {path[1]} out of the inputs of {path[0]}",
        )
        self.path = path


@dataclass(frozen=True, slots=True)
class Node(Generic[N]):
    """One asset as staleness sees it.

    `feeds` are the identities (recipe key, pixel digest) under which others would be made from it now; empty when it
    is not known. `inputs` are the nodes it is made from, each with the identities that were recorded when its current
    version was frozen (none recorded: counts as unchanged). `outdated` says that it has takes, and none of its current
    version.
    """

    feeds: frozenset[str]
    inputs: tuple[tuple[N, frozenset[str]], ...] = ()
    outdated: bool = False


def order(edges: Mapping[N, Iterable[N]], name: Callable[[N], str] = str) -> list[N]:
    """Every node of `edges`, inputs before what they feed and otherwise as given.

    Nodes that are only named as inputs are included. Raises `Cycle`, its path in the words of `name`.
    """
    done: dict[N, None] = {}
    for start in edges:
        if start not in done:
            _visit(start, edges, done, name)
    return list(done)


def _visit(start: N, edges: Mapping[N, Iterable[N]], done: dict[N, None], name: Callable[[N], str]) -> None:
    trail: dict[N, Iterator[N]] = {start: iter(edges.get(start, ()))}
    while trail:
        node, left = next(reversed(trail.items()))
        for one in left:
            if one in trail:
                walked = list(trail)
                raise Cycle(tuple(name(step) for step in [*walked[walked.index(one) :], one]))
            if one not in done:
                trail[one] = iter(edges.get(one, ()))
                break
        else:
            del trail[node]
            done[node] = None


def dependents(edges: Mapping[N, Iterable[N]]) -> dict[N, list[N]]:
    """The edges turned round: for each input the nodes that are made from it, each once, in the order given."""
    found: dict[N, dict[N, None]] = {}
    for node, inputs in edges.items():
        for one in inputs:
            found.setdefault(one, {})[node] = None
    return {one: list(users) for one, users in found.items()}


def reach(edges: Mapping[N, Iterable[N]], starts: Iterable[N]) -> dict[N, None]:
    """Everything that following `edges` from `starts` comes to, the starts first, each once; cycles are harmless.

    With a node's inputs as edges this is what lies upstream, with `dependents` what lies downstream.
    """
    found = dict.fromkeys(starts)
    waiting = list(found)
    while waiting:
        for one in edges.get(waiting.pop(), ()):
            if one not in found:
                found[one] = None
                waiting.append(one)
    return found


def stale_assets(
    nodes: Mapping[N, Node[N]], among: Collection[N] | None = None, known: Collection[N] = frozenset()
) -> set[N]:
    """The nodes that are stale: outdated, made from something that is fed differently now, or from a stale node.

    After an edit only what lies downstream can change: pass the edited nodes and their downstream as `among` and what
    was stale before as `known`, and the answer is that of the whole for these nodes. `nodes` must hold `among` and
    its direct inputs; an input that it lacks counts as unchanged.
    """
    asked = nodes.keys() if among is None else [one for one in dict.fromkeys(among) if one in nodes]
    inside = set(asked)
    outside = set(known) - inside if among is not None else set()
    users: dict[N, list[N]] = {}
    stale: set[N] = set()
    for name in asked:
        node = nodes[name]
        for one, _ in node.inputs:
            if one in inside:
                users.setdefault(one, []).append(name)
        if node.outdated or _differs(node, nodes) or any(one in outside for one, _ in node.inputs):
            stale.add(name)
    return set(reach(users, stale))


def _differs(node: Node[N], nodes: Mapping[N, Node[N]]) -> bool:
    """Whether an input would be fed under another identity than the one recorded."""
    for one, recorded in node.inputs:
        fed = nodes.get(one)
        if fed is not None and fed.feeds and recorded and fed.feeds.isdisjoint(recorded):
            return True
    return False
