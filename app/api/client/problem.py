"""What a server refuses, or why it could not be asked, as one exception."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

_EXIT_STATUS: Final = {401: 5, 403: 5, 404: 3, 409: 4}


class Problem(Exception):
    """A request failed: `message` says what, `hint` what to do, `code` is for programs.

    `exit_status` is what `restrike` would end with (2 wrong use, 3 not found, 4 conflict, 5 refused, else 1), `fields`
    everything else that the server said, such as `field` and `allowed`, or the present `state` of a conflict.

        try:
            client.set_asset("MARA", steps=0)
        except Problem as problem:
            print(problem.code, problem.fields.get("allowed"))
    """

    def __init__(
        self,
        message: str,
        hint: str = "",
        *,
        code: str = "failed",
        status: int = 0,
        fields: Mapping[str, Any] | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.code = code
        self.status = status
        self.fields: Mapping[str, Any] = fields or {}
        self.retry_after = retry_after

    def __str__(self) -> str:
        return f"{self.message} ({self.hint})" if self.hint else self.message

    @property
    def exit_status(self) -> int:
        """The exit status that the command line has for it."""
        return _EXIT_STATUS.get(self.status, 2 if 400 <= self.status < 500 else 1)


class Unreachable(Problem):
    """Nobody answers at the address; the request was not sent."""

    def __init__(self, why: str) -> None:
        super().__init__(f"nobody answers there: {why}", "start it again: restrike serve", code="unreachable")


class Ended(Problem):
    """The connection ended before the answer was complete; what was asked for may have been done."""

    def __init__(self, why: str) -> None:
        super().__init__(
            f"the program that has the project open ended before it answered: {why}",
            "look at restrike status; nothing that was reported as done is lost",
            code="ended",
        )


def of_details(details: Any, status: int, headers: Mapping[str, str] | None = None) -> Problem:
    """The problem that RFC 9457 problem details describe; of any other answer, what its status says."""
    retry = _seconds((headers or {}).get("retry-after"))
    if not isinstance(details, Mapping):
        code = "foreign" if status < 500 else "failed"
        return Problem(
            f"the server answered with status {status}", code=code, status=status, retry_after=retry
        )
    known = {"type", "title", "status", "detail", "code", "hint", "instance"}
    given = details.get("status")
    return Problem(
        str(details.get("detail") or details.get("title") or f"the server answered with status {status}"),
        str(details.get("hint") or ""),
        code=str(details.get("code") or "failed"),
        status=given if isinstance(given, int) else status,
        fields={name: value for name, value in details.items() if name not in known},
        retry_after=retry,
    )


def _seconds(text: str | None) -> float | None:
    try:
        return None if text is None else max(0.0, float(text))
    except ValueError:
        return None
