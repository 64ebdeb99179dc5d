"""The check's own arguments."""

from __future__ import annotations

import check
import pytest


def test_what_follows_two_dashes_is_pytests() -> None:
    assert check.split(["--fast", "--", "-k", "recipe"]) == (["--fast"], ["-k", "recipe"])
    assert check.split([]) == ([], [])


def test_fast_leaves_out_the_slow_tests_alone() -> None:
    fast, whole = check.pytest_command(True, ["-x"]), check.pytest_command(False, ["-x"])
    assert " ".join(fast).replace(" -m not slow", "") == " ".join(whole)
    assert "not slow" in fast


def test_an_unknown_argument_is_refused_before_anything_runs(capsys: pytest.CaptureFixture[str]) -> None:
    assert check.main(["--quick"]) == 2
    assert "unknown --quick" in capsys.readouterr().err
