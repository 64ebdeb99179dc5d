"""The newest event of each subject."""

from __future__ import annotations

from app.api.ring import UNMADE, Ring
from engine.faults import NotFound


def publish(ring: Ring, subject: str, value: object = None, marks: list[str] | None = None) -> None:
    """An event of one type."""
    ring.publish("t", subject, "T", lambda: {"value": value}, marks)


def subjects(ring: Ring, after: int, limit: int = 99) -> list[tuple[int, str]]:
    """What the ring holds after a number."""
    return [(one.seq, one.subject) for one in ring.after(after, limit)]


def test_the_newest_event_takes_the_place_of_the_older() -> None:
    ring = Ring()
    for subject in "abab":
        publish(ring, subject)
    publish(ring, "c")
    assert subjects(ring, 0) == [(3, "a"), (4, "b"), (5, "c")]
    assert subjects(ring, 3) == [(4, "b"), (5, "c")]
    assert subjects(ring, 0, 2) == [(3, "a"), (4, "b")]
    assert (subjects(ring, 5), ring.floor) == ([], 0)


def test_data_are_made_once_and_only_when_asked_for() -> None:
    ring = Ring()
    made: list[int] = []

    def make() -> dict[str, int]:
        made.append(1)
        return {"n": len(made)}

    event = ring.publish("t", "a", "T", make)
    assert not made
    assert ring.data(event) == ring.data(event) == '{"n":1}'
    assert ring.bytes == UNMADE + len('{"n":1}')
    publish(ring, "a")
    assert ring.bytes == UNMADE
    assert event.data is None, "what was replaced holds nothing"


def test_a_subject_that_is_gone_has_nothing_to_show() -> None:
    def gone() -> dict[str, object]:
        raise NotFound("gone", "it is")

    ring = Ring()
    assert ring.data(ring.publish("t", "a", "T", gone)) is None


def test_what_is_left_out_for_room_raises_the_floor() -> None:
    ring = Ring(most_events=3)
    for subject in "abcda":
        publish(ring, subject)
    assert subjects(ring, 0) == [(3, "c"), (4, "d"), (5, "a")]
    assert ring.floor == 2, "b is not there any more; a is"
    heavy = Ring(most_bytes=3 * UNMADE)
    for subject in "ab":
        publish(heavy, subject, "x" * 400)
    assert [heavy.data(one) is not None for one in heavy.after(0, 9)] == [True, True]
    assert (subjects(heavy, 0), heavy.floor) == ([(2, "b")], 1)


def test_what_is_pointless_goes_without_a_gap_and_all_of_it_with_one() -> None:
    ring = Ring()
    publish(ring, "a")
    publish(ring, "b")
    ring.discard("t", "a")
    ring.discard("t", "nobody")
    assert (subjects(ring, 0), ring.floor, ring.bytes) == ([(2, "b")], 0, UNMADE)
    ring.forget()
    assert (len(ring), ring.floor, ring.bytes) == (0, 3, 0)
    assert list(ring.reserve(2)) == [4, 5]
    publish(ring, "a")
    assert subjects(ring, 0) == [(6, "a")]


def test_marks_of_older_events_stay_with_their_numbers() -> None:
    ring = Ring()
    publish(ring, "a", marks=["versions"])
    publish(ring, "a", marks=["takes"])
    [event] = ring.after(0, 9)
    assert event.marks == {"versions": 1, "takes": 2}
