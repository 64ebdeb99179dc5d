"""What a relay sees says nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.faults import BadField
from sync.relay import names
from sync.relay.names import Pseudonym, Room
from tests.sync.relay.stage import PROJECT, ROOM, URL, device, pseudonym


@given(st.binary(max_size=100_000), st.integers(0, 200))
def test_padding_is_taken_off_again_and_costs_little(data: bytes, beside: int) -> None:
    padded = names.pad(data, beside=beside)
    assert names.unpad(padded) == data
    whole = len(padded) + beside
    assert whole == names.padded_size(whole)
    assert whole <= max(256, 2 * (len(data) + 4 + beside))
    assert whole <= 4096 or whole <= 1.126 * (len(data) + 4 + beside)


def test_few_sizes_are_ever_seen() -> None:
    seen = {len(names.pad(bytes(size))) for size in range(70_000)}
    assert len(seen) < 45


@pytest.mark.parametrize("data", [b"", b"\0\0", b"\0\0\0\x05abc", b"\0\0\0\x01a\0\x01"])
def test_what_is_not_padded_is_noticed(data: bytes) -> None:
    assert names.unpad(data) is None


def test_a_device_is_another_one_in_every_room_and_at_every_relay() -> None:
    other = Room.of(b"\xcd" * 32)
    seen = {
        Pseudonym.of(device(1), ROOM, URL).public,
        Pseudonym.of(device(1), other, URL).public,
        Pseudonym.of(device(1), ROOM, "wss://elsewhere.example.org").public,
        Pseudonym.of(device(2), ROOM, URL).public,
        device(1).public,
    }
    assert len(seen) == 5
    assert Pseudonym.of(device(1), ROOM, URL + ":80/").public in seen


def test_a_room_is_not_its_project() -> None:
    assert ROOM.name != ROOM.secret
    assert PROJECT not in (ROOM.name.hex(), ROOM.secret.hex())


def test_a_proof_holds_for_one_challenge_one_room_and_one_card() -> None:
    one, nonce = pseudonym(1), bytes(32)
    proof = one.prove(nonce, ROOM.name, b"card")
    assert names.proved(one.public, proof, nonce, ROOM.name, b"card")
    assert not names.proved(one.public, proof, bytes([1]) * 32, ROOM.name, b"card")
    assert not names.proved(one.public, proof, nonce, bytes(32), b"card")
    assert not names.proved(one.public, proof, nonce, ROOM.name, b"other")
    assert not names.proved(pseudonym(2).public, proof, nonce, ROOM.name, b"card")


@pytest.mark.parametrize(
    ("relay", "found"),
    [
        ("relay.example.org", "wss://relay.example.org:443"),
        ("wss://Relay.Example.org:8443/path", "wss://relay.example.org:8443"),
        ("ws://[::1]:9000", "ws://[::1]:9000"),
    ],
)
def test_a_relay_has_one_address(relay: str, found: str) -> None:
    assert names.origin(relay) == found


@pytest.mark.parametrize("relay", ["http://relay.example.org", "wss://", "wss://a:port", "wss://a:99999"])
def test_what_is_no_relay_is_named(relay: str) -> None:
    with pytest.raises(BadField, match="relay"):
        names.origin(relay)
