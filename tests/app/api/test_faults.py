"""Why requests are turned away, and what the headers of those answers say."""

from __future__ import annotations

import pytest

from app.api import faults
from engine.faults import Fault, Refused, WrongUse

ALL: list[tuple[faults.Turned, str]] = [
    (faults.Unauthorized(), "WWW-Authenticate"),
    (faults.TooLarge(64), "Connection"),
    (faults.TooSlow(30.0), "Connection"),
    (faults.TooMany(0.2), "Retry-After"),
    (faults.KeyRunning(), "Retry-After"),
    (faults.NoSuchRange(7), "Content-Range"),
    (faults.ForeignHost(), ""),
    (faults.ForeignOrigin(), ""),
    (faults.UrlTooLong(64), ""),
    (faults.HeadersTooLarge(64), ""),
    (faults.BadKey(), ""),
    (faults.KeyMismatch(), ""),
    (faults.BadJson("the body is not JSON", "send JSON"), ""),
    (faults.MethodNotAllowed("no", "see Allow"), ""),
    (faults.UnsupportedMediaType("no", "send JSON"), ""),
]


@pytest.mark.parametrize(("fault", "header"), ALL)
def test_each_says_what_to_do(fault: faults.Turned, header: str) -> None:
    assert isinstance(fault, Fault)
    assert fault.message
    assert fault.hint
    assert list(fault.headers) == ([header] if header else [])


def test_each_has_a_code_and_ends_a_command_as_the_like_of_it_do() -> None:
    assert len({fault.code for fault, _ in ALL}) == len(ALL)
    for fault, _ in ALL:
        if isinstance(fault, (Refused, WrongUse)):
            kind = Refused if isinstance(fault, Refused) else WrongUse
            assert fault.exit_status == kind.exit_status


@pytest.mark.parametrize(("wait", "said"), [(0.0, "1"), (0.2, "1"), (1.0, "1"), (1.01, "2"), (60.0, "60")])
def test_a_wait_is_told_in_whole_seconds(wait: float, said: str) -> None:
    assert faults.TooMany(wait).headers == {"Retry-After": said}
