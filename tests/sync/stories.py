"""Seeded stories over the virtual network, and how each ended: everybody who belongs holds the same contents, or not.

A story is half a minute of edits and trouble, then peace until all agree. Nothing is lost silently either: what a
device wrote is in the contents of all, or still waits or stands aside where somebody can find it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TypeVar

from engine.faults import Damaged
from sync import log
from tests.sync.network import LATENCY, LIMITS, Box, Network, Weather

T = TypeVar("T")
Trouble = tuple[float, Callable[[], None]]
LOUD = 30.0
"""So long there is trouble."""
LONGEST = 400.0
FAR = (0.2, 0.9)
"""Seconds that a message takes over a bad line."""


@dataclass(frozen=True)
class Outcome:
    """How a story ended."""

    seed: int
    equal: bool
    devices: int
    edits: int
    messages: int
    seconds: float
    why: str = ""
    drops: tuple[str, ...] = ()


def story(seed: int, devices: int = 8) -> Outcome:
    """Play the story of a seed."""
    net = play(seed, devices)
    why = difference(net)
    return Outcome(seed, not why, devices, net.edits, net.messages, net.now, why, tuple(net.drops))


def campaign(first: int, count: int, devices: int = 8) -> Iterator[Outcome]:
    """Stories of consecutive seeds."""
    for seed in range(first, first + count):
        yield story(seed, devices)


def play(seed: int, devices: int = 8) -> Network:
    """The network as it is at the end of a story."""
    rots = seed % 20 == 7
    net = Network(seed, devices, replace(LIMITS, check=0.2, check_again=5.0) if rots else LIMITS)
    for one, other in net.pairs:
        net.at(net.draw.uniform(0.0, 2.0), _bound(lambda pair: net.dial(*pair), (one, other)))
    drop, duplicate, late = (net.draw.choice((0.0, 0.05, 0.25)) for _ in range(3))
    net.weather = Weather(drop, duplicate, late, FAR if net.draw.random() < 0.1 else LATENCY)
    for time, act in (*_edits(net), *_links(net), *_deaths(net), *_rights(net)):
        net.at(time, act)
    net.run(LOUD)
    _peace(net)
    if rots:
        net.rot(net.draw.choice(net.boxes))
    while net.now < LONGEST and not _agree(net):
        net.run(net.now + 3.0)
    return net


def _peace(net: Network) -> None:
    net.weather = Weather()
    net.cut.clear()
    net.lose_next_take.clear()
    net.die_after_take.clear()
    for box in net.boxes:
        for line in box.lines.values():
            line.deaf.clear()


# --- trouble ---


def _edits(net: Network) -> Iterator[Trouble]:
    for _ in range(net.draw.randrange(6, 20)):
        yield net.draw.uniform(0.0, LOUD), _bound(net.edit, net.draw.choice(net.boxes))


def _links(net: Network) -> Iterator[Trouble]:
    draw = net.draw
    for _ in range(draw.randrange(0, 3)):
        yield from _partition(net)
    for _ in range(draw.randrange(0, 3)):
        yield draw.uniform(1.0, 20.0), lambda: _deafen(net)


def _deaths(net: Network) -> Iterator[Trouble]:
    draw = net.draw
    for _ in range(draw.randrange(0, 4)):
        yield draw.uniform(1.0, 29.0), _bound(net.crash, draw.choice(net.boxes))
    for victims in (net.lose_next_take, net.die_after_take):
        if draw.random() < 0.4:
            yield draw.uniform(1.0, 29.0), _bound(victims.add, draw.choice(net.boxes).number)
    if draw.random() < 0.5:
        box, whole = draw.choice(net.boxes), draw.random() < 0.4
        yield draw.uniform(0.0, 10.0), _bound(_back_up, box)
        yield draw.uniform(11.0, 29.0), _bound(lambda one: net.restore(*one[:1], whole=one[1]), (box, whole))
    for _ in range(draw.randrange(0, 3)):
        yield draw.uniform(0.0, 30.0), _bound(_skew, (draw.choice(net.boxes), draw.uniform(-40, 40)))


def _rights(net: Network) -> Iterator[Trouble]:
    draw = net.draw
    for number in net.late:
        yield draw.uniform(3.0, 27.0), _bound(net.admit, net.boxes[number])
    if draw.random() < 0.3:
        box, time = draw.choice(net.boxes[1:]), draw.uniform(3.0, 25.0)
        yield time, _bound(net.revoke, box)
        for _ in range(draw.randrange(0, 3)):  # it has not heard, and goes on
            yield time + draw.uniform(0.0, 5.0), _bound(net.edit, box)
        if draw.random() < 0.5:
            other = draw.choice([one for one in net.boxes if one is not box])
            yield draw.uniform(time, 31.0), _bound(lambda pair: net.carry(*pair), (box, other))
    if draw.random() < 0.2:
        box, role = draw.choice(net.boxes[1:]), draw.choice(("worker", "viewer"))
        time = draw.uniform(3.0, 25.0)
        yield time, _bound(lambda one: net.lower(*one), (box, role))
        yield time + draw.uniform(0.0, 4.0), _bound(net.edit, box)
        if draw.random() < 0.3:
            yield time + draw.uniform(0.0, 5.0), _bound(lambda one: net.lower(*one), (box, "artist"))
    if draw.random() < 0.3:
        yield draw.uniform(20.0, 36.0), net.adopt


def _bound(act: Callable[[T], None], what: T) -> Callable[[], None]:
    return lambda: act(what)


def _partition(net: Network) -> Iterator[Trouble]:
    half = set(net.draw.sample(range(len(net.boxes)), len(net.boxes) // 2))
    apart = {frozenset(pair) for pair in net.pairs if (pair[0] in half) != (pair[1] in half)}
    start = net.draw.uniform(1.0, 20.0)
    yield start, lambda: net.cut.update(apart)
    yield start + net.draw.uniform(0.5, 15.0), lambda: net.cut.difference_update(apart)


def _deafen(net: Network) -> None:
    """One end of a link hears nothing any more, and the other does."""
    lines = [line for box in net.boxes for line in box.lines.values()]
    if lines:
        net.draw.choice(lines).deaf.add(net.draw.randrange(2))


def _back_up(box: Box) -> None:
    box.backup, box.noted = box.replica.shelves.copy(), dict(box.replica.noted)


def _skew(what: tuple[Box, float]) -> None:
    box, days = what
    box.skew = timedelta(days=days)


# --- how it ended ---


def _belonging(net: Network) -> list[Box]:
    """The devices that the owner has not removed, and has not left out either."""
    members = net.boxes[0].replica.members
    return [box for box in net.boxes if members is not None and box.replica.device.public in members.devices]


def _agree(net: Network) -> bool:
    """Whether all that belong hold the same logs, entries and evidence, and read the same in them."""
    here = [box.replica for box in _belonging(net)]
    first = here[0]
    return all(box.up for box in net.boxes) and all(
        one.have() == first.have()
        and one.entries().keys() == first.entries().keys()
        and one.evidence().keys() == first.evidence().keys()
        and one.shelves.facts_of == first.shelves.facts_of
        for one in here
    )


def difference(net: Network) -> str:
    """What differs between the devices that belong to the project, nothing when they are equal."""
    here = _belonging(net)
    wanted = here[0].replica.contents()
    for box in here:
        if box.replica.contents() != wanted:
            return f"contents of {box.number} and {here[0].number}"
        if box.replica.heads() != here[0].replica.heads():
            return f"heads of {box.number} and {here[0].number}"
        if any(box.replica.shelves.facts_of[name] != found for name, found in wanted.items()):
            return f"index of {box.number}"
        if box.replica.evidence().keys() != here[0].replica.evidence().keys():
            return f"evidence of {box.number} and {here[0].number}"
        if not (net.removed | net.lowered | net.copied) and box.replica.shelves.orphans:
            return f"{len(box.replica.shelves.orphans)} bundles wait at {box.number}"
    kept = {key for found in wanted.values() for _, key in found}
    lost = [key for key, number in net.written.items() if key not in kept and number not in net.restored]
    return f"edits are lost: {' '.join(gone)}" if lost and (gone := _gone(net, lost)) else ""


def _gone(net: Network, keys: list[str]) -> list[str]:
    """Those of some edits that no device keeps in any place."""
    held: list[bytes] = []
    for box in net.boxes:
        shelves = box.replica.shelves
        held += [one.body for one in (*shelves.order, *shelves.twins.values())]
        for data in (*shelves.orphans, *shelves.findings.values()):
            held += [log.decode(data).body] if data is not None and _readable(data) else []
    everything = b"\0".join(held)
    return [key for key in keys if key.encode() not in everything]


def _readable(data: bytes) -> bool:
    try:
        log.decode(data)
    except Damaged:
        return False
    return True
