"""Spoken codes: both sides get one key, or one guess was wrong and all is over."""

from __future__ import annotations

from random import Random

import pytest

from sync import codes, seal
from sync.codes import Code, WrongCode
from tests.sync.test_tickets import FULL

RANDOM = Random(5).randbytes
WORDS = "7-otter-maple"


def pair(one: str = WORDS, other: str = WORDS) -> tuple[Code, Code]:
    return Code(one, inviter=True, random=RANDOM), Code(other, inviter=False, random=RANDOM)


def test_a_ticket_is_handed_over_under_a_code() -> None:
    ada, ben = pair(WORDS, " 7 OTTER  maple")
    proofs = ada.receive(ben.message), ben.receive(ada.message)
    ada.prove(proofs[1])
    ben.prove(proofs[0])
    assert ada.key == ben.key
    sealed = ada.hand_over(FULL)
    assert FULL.secret not in sealed
    assert ben.take_over(sealed) == FULL


def test_another_code_gives_another_key_and_no_second_guess() -> None:
    ada, eve = pair(WORDS, "7-otter-lava")
    ada.receive(eve.message)
    proof = eve.receive(ada.message)
    with pytest.raises(WrongCode, match="another code"):
        ada.prove(proof)
    with pytest.raises(WrongCode):
        ada.prove(proof)
    with pytest.raises(WrongCode):
        _ = ada.key
    again = Code(WORDS, inviter=False, random=RANDOM)
    with pytest.raises(WrongCode, match="already"):
        ada.receive(again.message)


def test_nothing_is_handed_over_before_the_other_side_has_proved_itself() -> None:
    ada, ben = pair()
    with pytest.raises(WrongCode):
        ada.hand_over(FULL)
    with pytest.raises(WrongCode, match="too early"):
        ada.prove(b"")
    ada.receive(ben.message)
    with pytest.raises(WrongCode):
        ada.hand_over(FULL)


def test_one_s_own_message_and_noise_are_refused() -> None:
    ada, _ = pair()
    with pytest.raises(WrongCode):
        ada.receive(ada.message)
    for noise in (b"", b"B", b"B" + bytes(31), b"B" + b"\xff" * 32, b"X" * 33):
        fresh, _ = pair()
        with pytest.raises(WrongCode):
            fresh.receive(noise)


def test_one_s_own_proof_is_no_proof() -> None:
    ada, ben = pair()
    proof = ada.receive(ben.message)
    with pytest.raises(WrongCode):
        ada.prove(proof)


def test_what_is_handed_over_is_opened_by_the_key_alone() -> None:
    ada, ben = pair()
    proofs = ada.receive(ben.message), ben.receive(ada.message)
    ada.prove(proofs[1])
    ben.prove(proofs[0])
    with pytest.raises(seal.Unopened):
        ben.take_over(ada.hand_over(FULL)[:-1])


def test_codes_are_said_easily() -> None:
    assert len(codes.WORDS) == len(set(codes.WORDS)) >= 200
    for _ in range(20):
        code = codes.fresh(RANDOM)
        assert codes.plain(code.upper().replace("-", " ")) == code
    for wrong in ("", "otter-maple", "7-otter", "x-otter-maple", "7-otter-xyzzy", "7-otter-maple-lava"):
        with pytest.raises(WrongCode):
            codes.plain(wrong)
