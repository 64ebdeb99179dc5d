"""Servers are read strictly, and their secrets come from outside and go nowhere but to the server."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime

import pytest

from app import ice
from app.ice import Secrets, Server
from engine.faults import BadField
from sync.links.webrtc import IceServer

NOW = datetime(2026, 1, 31, tzinfo=UTC)
TURN = ice.parse("turn:mara@turn.example.org:3478?transport=tcp")


def nobody(account: str) -> str | None:
    return None


def test_servers_are_read() -> None:
    assert ice.parse("stun:stun.example.org") == Server(
        "stun", "stun.example.org", "stun:stun.example.org", None
    )
    assert (TURN.user, TURN.text) == ("mara", "turn:turn.example.org:3478?transport=tcp")
    assert TURN.shown == "turn:mara@turn.example.org:3478?transport=tcp"
    assert ice.parse("turns:m@[2001:db8::1]:5349").host == "[2001:db8::1]"


@pytest.mark.parametrize(
    "text",
    ["", "http://example.org", "stun:", "stun:mara@stun.example.org", "turn:turn.example.org", "turn:a:b@c",
     "turn:a@host:70000", "stun:host:0", "turn:a@host?transport=sctp", "stun:host name", 7],
)  # fmt: skip
def test_what_is_no_server_is_refused(text: object) -> None:
    with pytest.raises(BadField):
        ice.parse(text)


def test_a_shared_secret_makes_a_password_for_a_day() -> None:
    secrets = Secrets({ice.SECRET: "north wind", ice.PASSWORD: "unused"}, nobody)
    name = f"{int(NOW.timestamp()) + 86400}:mara"
    digest = hmac.new(b"north wind", name.encode(), hashlib.sha1).digest()
    assert ice.servers([TURN], secrets, NOW) == [
        IceServer(TURN.text, name, base64.b64encode(digest).decode())
    ]
    assert "north wind" not in repr(secrets)


def test_a_password_comes_from_the_environment_or_the_keyring_which_is_asked_once() -> None:
    assert ice.servers([TURN], Secrets({ice.PASSWORD: "p"}, nobody), NOW) == [
        IceServer(TURN.text, "mara", "p")
    ]
    asked: list[str] = []

    def keyring(account: str) -> str | None:
        asked.append(account)
        return "kept"

    secrets = Secrets({}, keyring)
    assert ice.servers([TURN], secrets, NOW) == [IceServer(TURN.text, "mara", "kept")]
    assert ice.locked([TURN], secrets, NOW) == []
    assert asked == ["mara@turn.example.org"]


def test_a_server_without_its_secret_is_left_out_and_named() -> None:
    stun = ice.parse("stun:stun.example.org")
    assert ice.servers([TURN, stun], Secrets({}, nobody), NOW) == [IceServer("stun:stun.example.org")]
    assert ice.locked([TURN, stun], Secrets({}, nobody), NOW) == [TURN]
