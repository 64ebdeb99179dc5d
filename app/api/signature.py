"""Links that open without a token until they expire: a path and its query, signed with a secret of the server."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Iterable, Mapping
from typing import Final
from urllib.parse import quote, urlencode

from engine.faults import Refused

EXPIRES: Final = "expires"
SIGNATURE: Final = "signature"
_WHEN: Final = re.compile(r"[0-9]{1,12}", re.ASCII)


def sign(secret: bytes, path: str, query: Mapping[str, str], expires: int) -> str:
    """The link to GET `path` with this query, good until `expires` (seconds since 1970)."""
    if EXPIRES in query or SIGNATURE in query:
        raise ValueError(f"{EXPIRES} and {SIGNATURE} are no names of one's own in a signed link")
    pairs = [*query.items(), (EXPIRES, str(expires))]
    signed = [*pairs, (SIGNATURE, _signature(secret, path, pairs))]
    return f"{quote(path)}?{urlencode(signed)}"


def check(secret: bytes, path: str, query: Mapping[str, str] | Iterable[tuple[str, str]], now: float) -> None:
    """Raises `Refused` unless path and query (all of it, with every repetition) were signed and `now` is in time."""
    pairs = list(query.items()) if isinstance(query, Mapping) else list(query)
    given = [value for name, value in pairs if name == SIGNATURE]
    rest = [(name, value) for name, value in pairs if name != SIGNATURE]
    expected = _signature(secret, path, rest)
    if len(given) != 1 or not hmac.compare_digest(
        expected.encode(), given[0].encode("utf-8", "surrogatepass")
    ):
        raise Refused("this link was not made here, or was changed", "ask for a new one")
    expires = [value for name, value in rest if name == EXPIRES]
    if len(expires) != 1 or not _WHEN.fullmatch(expires[0]) or now >= int(expires[0]):
        raise Refused("this link has expired", "ask for a new one")


def _signature(secret: bytes, path: str, pairs: Iterable[tuple[str, str]]) -> str:
    """The HMAC-SHA256 of all that a link says; JSON keeps its parts apart whatever they hold."""
    said = json.dumps(["restrike link/1", "GET", path, sorted(pairs)], separators=(",", ":"))
    digest = hmac.new(secret, said.encode("ascii"), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).decode("ascii").rstrip("=")
