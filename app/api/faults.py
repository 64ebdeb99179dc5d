"""Why a request is turned away before any route sees it; each says what to do, and what its answer's headers say."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import ClassVar, Final

from engine.faults import Fault, Refused, WrongUse

_TOKEN_HINT: Final = "send `Authorization: Bearer TOKEN` with the token from .restrike's api.json"


class Turned(Fault):
    """A request was turned away; `headers` belong to the answer."""

    code: ClassVar[str] = "bad_request"
    exit_status: ClassVar[int] = 2

    def __init__(self, message: str, hint: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message, hint)
        self.headers: Mapping[str, str] = headers or {}


class Unauthorized(Turned, Refused):
    """There is no token, or not the right one."""

    code = "unauthorized"
    exit_status = 5

    def __init__(self, message: str = "this needs the token of the project") -> None:
        super().__init__(message, _TOKEN_HINT, {"WWW-Authenticate": 'Bearer realm="restrike"'})


class ForeignHost(Turned, Refused):
    """The request was meant for another host: somebody's name was made to point here."""

    code = "foreign_host"
    exit_status = 5

    def __init__(self) -> None:
        super().__init__("the request names another host than this one", "use the url from api.json")


class ForeignOrigin(Turned, Refused):
    """A web page of somebody else sent the request."""

    code = "foreign_origin"
    exit_status = 5

    def __init__(self) -> None:
        super().__init__(
            "pages of this origin may not use the API", "allow the origin when the server is started"
        )


class BadJson(Turned, WrongUse):
    """The body is no JSON."""

    code = "bad_json"


class MethodNotAllowed(Turned, WrongUse):
    """The thing is there, and cannot be asked that."""

    code = "method_not_allowed"


class UnsupportedMediaType(Turned, WrongUse):
    """The body is of a kind that is not read here."""

    code = "unsupported_media_type"


class TooLarge(Turned):
    """The body is larger than anything that is read here."""

    code = "too_large"

    def __init__(self, largest: int) -> None:
        super().__init__(
            f"the body is larger than {largest:,} bytes", "send less at once", {"Connection": "close"}
        )


class UrlTooLong(Turned):
    """The address of the request is longer than any address here."""

    code = "url_too_long"

    def __init__(self, largest: int) -> None:
        super().__init__(f"the URL is longer than {largest:,} bytes", "ask for less at once")


class HeadersTooLarge(Turned):
    """The headers of the request hold more than any request needs."""

    code = "headers_too_large"

    def __init__(self, largest: int) -> None:
        super().__init__(f"the headers are larger than {largest:,} bytes", "send fewer headers")


class TooSlow(Turned):
    """The body did not go on arriving."""

    code = "too_slow"

    def __init__(self, seconds: float) -> None:
        super().__init__(
            f"nothing more of the body came for {seconds:g} s", "send it again", {"Connection": "close"}
        )


class TooMany(Turned):
    """More requests in a short time than the server takes from one client."""

    code = "too_many"

    def __init__(self, wait: float, what: str = "requests") -> None:
        seconds = max(1, math.ceil(wait))
        super().__init__(
            f"too many {what} in a short time", f"try again in {seconds} s", {"Retry-After": str(seconds)}
        )


class BadKey(Turned, WrongUse):
    """The `Idempotency-Key` cannot be one."""

    code = "bad_idempotency_key"

    def __init__(self) -> None:
        super().__init__(
            "this cannot be an Idempotency-Key", "allowed: one of 1 to 255 printable ASCII signs"
        )


class KeyMismatch(Turned, WrongUse):
    """The `Idempotency-Key` was already used for something else."""

    code = "idempotency_mismatch"

    def __init__(self) -> None:
        super().__init__(
            "this Idempotency-Key was used for another request", "take a new key for each new request"
        )


class KeyRunning(Turned):
    """The request with this `Idempotency-Key` is still being answered."""

    code = "idempotency_running"
    exit_status = 4

    def __init__(self) -> None:
        super().__init__(
            "the first request with this Idempotency-Key is still running",
            "try again in 1 s",
            {"Retry-After": "1"},
        )


class NoSuchRange(Turned, WrongUse):
    """None of the bytes that were asked for are there."""

    code = "range_not_satisfiable"

    def __init__(self, size: int) -> None:
        super().__init__(
            "the range lies behind the end of the content",
            f"ask for bytes before {size}",
            {"Content-Range": f"bytes */{size}"},
        )
