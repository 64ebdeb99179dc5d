"""Device keys that sign for a TLS connection: any other connection, side, project or device is another text."""

from __future__ import annotations

import dataclasses
import os
import ssl
import tempfile
from pathlib import Path
from typing import Any

import pytest

from sync import identity
from sync.blobs import badge
from sync.blobs.badge import Meeting
from sync.records import ProjectId


@pytest.fixture
def pair(tmp_path: Path) -> tuple[identity.Device, identity.Device]:
    return identity.load_or_create(tmp_path / "a"), identity.load_or_create(tmp_path / "b")


def meeting(server: identity.Device, client: identity.Device) -> Meeting:
    return Meeting(ProjectId("ab" * 32), b"c" * 32, b"s" * 32, b"n" * 32, server.public, client.public)


def test_both_sign_for_their_own_side(pair: tuple[identity.Device, identity.Device]) -> None:
    met = meeting(*pair)
    assert met.is_server(met.signed_by_server(pair[0]))
    assert met.is_client(met.signed_by_client(pair[1]))
    assert not met.is_client(met.signed_by_server(pair[1])), "a signature thrown back is not the other's"
    assert not met.is_server(met.signed_by_client(pair[0]))
    assert not met.is_server(met.signed_by_server(pair[1]))
    assert not met.is_server(b"")


@pytest.mark.parametrize(
    "name", ["project", "certificate", "server_nonce", "client_nonce", "server", "client"]
)
def test_a_signature_is_for_one_meeting_alone(
    pair: tuple[identity.Device, identity.Device], name: str
) -> None:
    met = meeting(*pair)
    changed: Any = {name: "cd" * 32 if name == "project" else b"x" * 32}
    other = dataclasses.replace(met, **changed)
    assert not other.is_server(met.signed_by_server(pair[0]))
    assert not other.is_client(met.signed_by_client(pair[1]))


def test_each_certificate_is_a_new_one_and_its_key_stays_nowhere() -> None:
    context, digest = badge.listening(os.urandom)
    assert context.minimum_version is ssl.TLSVersion.TLSv1_3
    assert badge.dialling().minimum_version is ssl.TLSVersion.TLSv1_3
    assert digest != badge.listening(os.urandom)[1]
    assert os.listdir(tempfile.gettempdir()) == []
