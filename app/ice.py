"""STUN and TURN servers as a person names them, and what a TURN server is told to let this device in.

`turn:USER@HOST` says who asks; the secret comes from the environment or the keyring and is written down nowhere:
RESTRIKE_TURN_SECRET is what coturn calls `static-auth-secret`, of which a password for a day is made;
RESTRIKE_TURN_PASSWORD is a plain password, and so is what the keyring has under `restrike turn` for `USER@HOST`.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from engine.faults import BadField

if TYPE_CHECKING:
    from sync.links.webrtc import IceServer

SECRET: Final = "RESTRIKE_TURN_SECRET"
PASSWORD: Final = "RESTRIKE_TURN_PASSWORD"
KEYRING: Final = "restrike turn"
LASTING: Final = timedelta(days=1)
_URL: Final = re.compile(
    r"(?P<kind>stun|turns?):(?:(?P<user>[A-Za-z0-9._~-]{1,64})@)?"
    r"(?P<host>[A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:]{2,45}\])(?::(?P<port>[0-9]{1,5}))?"
    r"(?:\?transport=(?P<transport>udp|tcp))?"
)
_ALLOWED: Final = "a server such as stun:stun.example.org or turn:USER@turn.example.org?transport=tcp"
Keyring = Callable[[str], str | None]


@dataclass(frozen=True, slots=True)
class Server:
    """A server as it was named; `text` is without the user."""

    kind: str
    host: str
    text: str
    user: str | None

    @property
    def turns(self) -> bool:
        """Whether it is a TURN server, which wants to know who asks."""
        return self.kind != "stun"

    @property
    def shown(self) -> str:
        """As a person named it."""
        return self.text if self.user is None else self.text.replace(":", f":{self.user}@", 1)


def parse(text: Any) -> Server:
    """The server that a text names; raises `BadField`."""
    found = _URL.fullmatch(text) if isinstance(text, str) else None
    if found is None or int(found["port"] or 1) not in range(1, 65536):
        raise BadField("--ice", text, _ALLOWED)
    if (found["kind"] == "stun") != (found["user"] is None):
        raise BadField("--ice", text, f"{_ALLOWED}: STUN knows no users, TURN knows nobody without one")
    plain = text.replace(f"{found['user']}@", "", 1) if found["user"] else text
    return Server(found["kind"], found["host"], plain, found["user"])


@dataclass(slots=True)
class Secrets:
    """Where the secrets of TURN servers come from; a keyring is asked once for each."""

    environment: Mapping[str, str] = field(default_factory=lambda: os.environ, repr=False)
    keyring: Keyring = field(default_factory=lambda: _from_keyring, repr=False)
    _known: dict[str, str | None] = field(default_factory=dict, repr=False)

    def credentials(self, server: Server, now: datetime) -> tuple[str, str] | None:
        """The name and password for a TURN server, None where nobody has told the secret."""
        assert server.user is not None
        if shared := self.environment.get(SECRET):
            name = f"{int((now + LASTING).timestamp())}:{server.user}"
            digest = hmac.new(shared.encode(), name.encode(), hashlib.sha1).digest()
            return name, base64.b64encode(digest).decode()
        if password := self.environment.get(PASSWORD):
            return server.user, password
        account = f"{server.user}@{server.host}"
        if account not in self._known:
            self._known[account] = self.keyring(account)
        kept = self._known[account]
        return None if kept is None else (server.user, kept)


def servers(wanted: Iterable[Server], secrets: Secrets, now: datetime) -> list[IceServer]:
    """What a connection asks; TURN servers whose secret is not known here are left out."""
    from sync.links.webrtc import IceServer

    found: list[IceServer] = []
    for one in wanted:
        if not one.turns:
            found.append(IceServer(one.text))
        elif (credentials := secrets.credentials(one, now)) is not None:
            found.append(IceServer(one.text, *credentials))
    return found


def locked(wanted: Sequence[Server], secrets: Secrets, now: datetime) -> list[Server]:
    """The TURN servers whose secret is not known here."""
    return [one for one in wanted if one.turns and secrets.credentials(one, now) is None]


def _from_keyring(account: str) -> str | None:
    import keyring
    from keyring.errors import KeyringError

    try:
        return keyring.get_password(KEYRING, account)
    except KeyringError:
        return None  # there is none on this machine, or it is locked: the steps say that the secret lacks
