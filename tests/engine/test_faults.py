from __future__ import annotations

import pytest

from engine.faults import BadField, Conflict, Damaged, Fault, NoSpace, NotFound, Refused, WrongUse


@pytest.mark.parametrize(
    ("kind", "code", "exit_status"),
    [
        (Fault, "failed", 1),
        (WrongUse, "wrong_use", 2),
        (BadField, "bad_field", 2),
        (NotFound, "not_found", 3),
        (Conflict, "conflict", 4),
        (Refused, "refused", 5),
        (Damaged, "damaged", 1),
        (NoSpace, "no_space", 1),
    ],
)
def test_each_fault_has_its_code_and_exit_status(kind: type[Fault], code: str, exit_status: int) -> None:
    assert (kind.code, kind.exit_status) == (code, exit_status)


def test_a_fault_says_what_and_what_to_do() -> None:
    assert str(NoSpace("the disk is full", "free some space")) == "the disk is full (free some space)"


def test_a_bad_field_names_field_value_and_what_is_allowed() -> None:
    fault = BadField("steps", "x" * 500, "1 to 1000")
    assert fault.message.startswith("steps cannot be 'xxx")
    assert len(fault.message) < 110
    assert fault.hint == "allowed: 1 to 1000"
