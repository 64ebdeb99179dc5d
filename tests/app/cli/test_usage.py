"""Typer's complaints become faults; anything else does not."""

from __future__ import annotations

import pytest

from app.cli.arguments import parse
from app.cli.usage import as_wrong_use


def test_other_exceptions_are_not_usage() -> None:
    assert as_wrong_use(ValueError("x")) is None


def test_a_mistyped_option_names_the_near_one() -> None:
    with pytest.raises(Exception, match="No such option") as caught:
        parse(["asset", "list", "--scen", "X"])
    fault = as_wrong_use(caught.value)
    assert fault is not None
    assert "--scene" in fault.hint
    assert str(fault).count("\n") == 0
