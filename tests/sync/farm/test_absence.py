"""One who falls silent has crashed; several at once are cut off, and are left what they had for a while."""

from __future__ import annotations

from sync.farm.absence import RUNNING, TTL, UNCLAIMED, Absence
from sync.records import SessionId

A, B, C, D = (SessionId(name) for name in "abcd")


def heard(*sessions: SessionId, now: float = 0.0) -> Absence:
    absence = Absence()
    for one in sessions:
        absence.heard(one, now)
    return absence


def test_one_alone_has_crashed() -> None:
    absence = heard(A, B, C)
    absence.heard(B, 10.0)
    absence.heard(C, 10.0)
    absence.look(TTL + 0.1)
    assert absence.present == {B, C}
    assert not absence.cut_off()
    assert not absence.left_alone(A, TTL + 0.1)


def test_several_at_once_are_cut_off_and_left_what_they_had() -> None:
    absence = heard(A, B, C)
    absence.heard(C, 10.0)
    absence.look(TTL + 0.1)
    assert absence.cut_off() == {A, B}
    assert absence.left_alone(A, TTL + RUNNING)
    assert not absence.left_alone(A, TTL + RUNNING + 1)
    absence.heard(C, TTL + UNCLAIMED)
    absence.look(TTL + UNCLAIMED + 1)
    assert not absence.cut_off()


def test_two_of_many_are_not_cut_off() -> None:
    many = [SessionId(f"m{number}") for number in range(20)]
    absence = heard(A, B, *many)
    for one in many:
        absence.heard(one, 10.0)
    absence.look(TTL + 0.1)
    assert not absence.cut_off()


def test_who_comes_back_is_there_as_before() -> None:
    absence = heard(A, B)
    absence.look(TTL + 0.1)
    assert absence.cut_off() == {A, B}
    absence.heard(A, 20.0)
    assert absence.present == {A}
    assert absence.cut_off() == {B}


def test_who_says_goodbye_is_not_waited_for() -> None:
    absence = heard(A, B)
    absence.left(A)
    absence.left(D)
    absence.look(TTL + 0.1)
    assert not absence.cut_off()
    assert not absence.left_alone(A, TTL + 0.1)
