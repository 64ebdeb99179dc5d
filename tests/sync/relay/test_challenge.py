"""Nobody gets in without the key, and no answer counts twice."""

from __future__ import annotations

from dataclasses import replace

from sync.relay.challenge import Asked
from sync.relay.frames import Prove
from tests.sync.relay.stage import ROOM, pseudonym, seeded


def answer(asked: Asked, number: int = 1) -> Prove:
    one = pseudonym(number)
    return Prove(ROOM.name, one.public, one.prove(asked.nonce, ROOM.name, b"card"), b"card")


def test_the_right_answer_counts_once() -> None:
    asked = Asked.fresh(seeded(), 5.0)
    proof = answer(asked)
    assert asked.answered(proof, 1.0)
    assert not asked.answered(proof, 1.0)


def test_a_late_answer_does_not_count() -> None:
    asked = Asked.fresh(seeded(), 5.0)
    assert not asked.answered(answer(asked), 5.1)


def test_an_answer_to_another_challenge_does_not_count() -> None:
    asked, other = Asked.fresh(seeded(1), 5.0), Asked.fresh(seeded(2), 5.0)
    assert asked.nonce != other.nonce
    assert not asked.answered(answer(other), 1.0)


def test_a_key_of_somebody_else_cannot_be_claimed() -> None:
    asked = Asked.fresh(seeded(), 5.0)
    assert not asked.answered(replace(answer(asked), public=pseudonym(2).public), 1.0)


def test_a_wrong_answer_uses_the_challenge_up() -> None:
    asked = Asked.fresh(seeded(), 5.0)
    assert not asked.answered(replace(answer(asked), room=bytes(32)), 1.0)
    assert not asked.answered(answer(asked), 1.0)
