"""Failures on one line, as an object, and what people may have meant."""

from __future__ import annotations

import errno
import sqlite3
from pathlib import Path

import pytest

from app import errors
from engine.faults import BadField, Fault, NoSpace, NotFound, Refused


def test_a_fault_is_one_line() -> None:
    fault = NotFound("there is no asset\n'A'", "did you mean B?")
    assert errors.line(fault) == "restrike: error: there is no asset 'A' (did you mean B?)"


def test_a_fault_is_an_object() -> None:
    shape = errors.shape(BadField("steps", 0, "1 to 1000"))
    assert shape == {
        "error": {"code": "bad_field", "message": "steps cannot be 0", "hint": "allowed: 1 to 1000"}
    }


def test_control_characters_are_shown_and_never_obeyed() -> None:
    assert errors.one_line("a\x1b[2Jb\tc") == "a\\x1b[2Jb c"


def test_near_matches_without_regard_to_case() -> None:
    assert errors.did_you_mean("marra", ["MARA", "HARBOUR"]) == "did you mean MARA?"
    assert errors.near("SH", ["SH010", "SH020", "MARA"]) == ["SH010", "SH020"]
    assert errors.did_you_mean("zzz", ["MARA"]) == ""


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (OSError(errno.ENOSPC, "no space"), NoSpace),
        (sqlite3.OperationalError("database or disk is full"), NoSpace),
        (PermissionError(errno.EACCES, "no", "/x"), Refused),
        (OSError(errno.EROFS, "read-only", "/x"), Refused),
        (FileNotFoundError(errno.ENOENT, "gone", "/x"), NotFound),
    ],
)
def test_what_the_system_refuses_is_said_in_plain_words(error: BaseException, kind: type[Fault]) -> None:
    assert type(errors.of_the_system(error)) is kind


def test_a_surprise_names_the_log(tmp_path: Path) -> None:
    fault = errors.Unexpected(ValueError("odd\nthing"), tmp_path / "restrike.log")
    assert fault.exit_status == 1
    assert "odd thing" in fault.message
    assert str(tmp_path / "restrike.log") in fault.hint
    assert errors.of_the_system(ValueError()) is None


def test_the_fault_behind_an_exception(tmp_path: Path) -> None:
    fault = NotFound("there is no asset A", "add it")
    assert errors.fault_of(fault, tmp_path) is fault
    group = ExceptionGroup("tasks", [ValueError("odd"), ExceptionGroup("inner", [fault])])
    assert errors.fault_of(group, tmp_path) is fault
    assert errors.fault_of(KeyError("k"), tmp_path, lambda error: fault) is fault
    full = OSError(errno.ENOSPC, "no space")
    found = errors.fault_of(full, tmp_path, lambda error: None)
    assert (type(found), found.__cause__) == (NoSpace, full)


def test_a_surprise_is_in_the_log(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError) as caught:
        raise ZeroDivisionError("odd")
    fault = errors.fault_of(caught.value, tmp_path)
    assert (fault.code, fault.exit_status) == ("unexpected", 1)
    assert "Traceback" in (tmp_path / "logs" / "restrike.log").read_text()
