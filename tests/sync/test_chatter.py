"""What devices say of themselves reaches the others, newest first, and nobody speaks for another's workers."""

from __future__ import annotations

from sync.chatter import CARD_EVERY, CARD_SPACING, DEALT, MOST_CARDS, Chatter
from sync.farm import card as cards
from sync.farm.card import Card
from sync.farm.hands import Hand
from sync.presence import AWAY, Present
from sync.records import DeviceId, SessionId

ANNA, BEN = DeviceId("a" * 64), DeviceId("b" * 64)


def worker(device: DeviceId, number: int = 0, *, free: float = 0.0) -> Card:
    return Card(hand=Hand(session=SessionId(f"s{number}"), slot=f"{device}/{number}", free=free))


class Time:
    """Seconds that pass when told."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def pair() -> tuple[Chatter, Chatter, Time]:
    """Two, of which the second hears what the first says."""
    time = Time()
    second = Chatter(lambda data: None, time)

    def pass_on(data: bytes) -> None:
        second.heard(ANNA, data, preview=False)

    return Chatter(pass_on, time), second, time


def test_a_word_and_the_workers_are_heard_by_who_is_there_and_by_who_comes() -> None:
    anna, ben, _ = pair()
    anna.present = Present(looking="LAMP")
    anna.deal([worker(ANNA), worker(ANNA, 1)])
    anna.tick()
    seen = ben.room.of(ANNA)
    assert seen is not None
    assert seen.present.looking == "LAMP"
    assert [one.card for one in ben.workers()] == [worker(ANNA), worker(ANNA, 1)]
    late = Chatter(lambda data: None, Time())
    assert [late.heard(ANNA, data, preview=False) for data in anna.greeting()] == [
        "changed",
        "worker",
        "worker",
    ]


def test_a_card_is_said_soon_when_it_changed_and_else_as_a_heartbeat() -> None:
    said: list[bytes] = []
    time = Time()
    anna = Chatter(said.append, time)
    anna.deal([worker(ANNA)])

    def dealt() -> int:
        said.clear()
        anna.tick()
        return sum(one.startswith(DEALT) for one in said)

    assert dealt() == 1
    anna.deal([worker(ANNA, free=3.0)])
    assert dealt() == 0
    time.now += CARD_SPACING
    assert dealt() == 1
    time.now += CARD_EVERY - 0.01
    assert dealt() == 0
    time.now += 0.02
    assert dealt() == 1
    anna.deal([])
    time.now += CARD_EVERY
    assert dealt() == 0


def test_a_device_speaks_for_its_own_workers_and_for_so_many() -> None:
    ben = Chatter(lambda data: None, time := Time())
    assert ben.heard(ANNA, DEALT + cards.encode(worker(BEN)), preview=False) is None
    assert ben.heard(ANNA, DEALT + b"{}", preview=False) is None
    for number in range(MOST_CARDS + 3):
        time.now += 1
        ben.heard(ANNA, DEALT + cards.encode(worker(ANNA, number)), preview=False)
    assert len(ben.workers()) == MOST_CARDS


def test_who_leaves_or_falls_silent_takes_its_workers_along() -> None:
    anna, ben, time = pair()
    anna.present = Present(worker=True)
    anna.deal([worker(ANNA)])
    anna.tick()
    ben.left(ANNA, gone=False)
    assert len(ben.workers()) == 1
    time.now += AWAY
    assert ben.out() == [ANNA]
    assert ben.workers() == []
    anna.tick()
    ben.left(ANNA, gone=True)
    assert ben.workers() == []
