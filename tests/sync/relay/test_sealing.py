"""What the relay carries can be read by nobody else, and be passed off as nothing else."""

from __future__ import annotations

import hashlib

import pytest

from sync.relay.names import Room, padded_size
from sync.relay.sealing import Card, Envelope, Ephemeral, Gap, Tunnel
from tests.sync.relay.stage import ROOM, device, seeded

HERE, THERE, LINK = bytes(16), bytes([1]) * 16, bytes([2]) * 16
STRANGERS = Room.of(b"\xcd" * 32)


def tunnels() -> tuple[Tunnel, Tunnel]:
    one, other = Ephemeral.fresh(seeded(1)), Ephemeral.fresh(seeded(2))
    there, back = one.agree(other.public, ROOM, LINK), other.agree(one.public, ROOM, LINK)
    assert there is not None
    assert back is not None
    return there, back


def test_a_card_is_believed_at_its_own_address_in_its_own_room() -> None:
    data = Card.seal(device(1), ROOM, HERE, THERE, seeded())
    assert Card.open(data, ROOM, HERE) == Card(device(1).public, THERE)
    assert Card.open(data, ROOM, THERE) is None
    assert Card.open(data, STRANGERS, HERE) is None
    assert Card.open(data[:-1], ROOM, HERE) is None
    assert Card.open(b"", ROOM, HERE) is None
    assert device(1).public not in data


def test_nobody_shows_another_devices_card() -> None:
    """Whoever knows the room can seal, and still cannot sign for others."""
    theirs = Card.seal(device(1), ROOM, HERE, THERE, seeded())
    signed = Card.open(theirs, ROOM, HERE)
    assert signed is not None
    thief = Card.seal(device(2), ROOM, THERE, THERE, seeded())
    opened = Card.open(thief, ROOM, THERE)
    assert opened is not None
    assert opened.public == device(2).public


def test_an_envelope_is_for_one_visit_one_direction_and_one_purpose() -> None:
    mine, theirs = Envelope(ROOM, HERE, THERE), Envelope(ROOM, THERE, HERE)
    data = mine.seal("open", b"hello", seeded())
    assert theirs.open("open", data) == b"hello"
    assert mine.open("open", data) is None
    assert theirs.open("accept", data) is None
    assert Envelope(ROOM, THERE, LINK).open("open", data) is None
    assert Envelope(STRANGERS, THERE, HERE).open("open", data) is None
    assert len(data) == padded_size(len(data))


def test_both_ends_of_a_tunnel_agree_and_no_other_does() -> None:
    there, back = tunnels()
    assert there.binding == back.binding
    one, other = Ephemeral.fresh(seeded(1)), Ephemeral.fresh(seeded(2))
    assert there.binding == hashlib.sha256(b"".join(sorted((one.public, other.public)))).digest()
    assert back.open(there.seal(b"data")) == b"data"
    assert there.open(back.seal(b"back")) == b"back"
    for room, link in ((STRANGERS, LINK), (ROOM, HERE)):
        elsewhere = other.agree(one.public, room, link)
        assert elsewhere is not None
        assert elsewhere.open(tunnels()[0].seal(b"data")) is None


@pytest.mark.parametrize("key", [bytes(32), b"\1" + bytes(31), b"", bytes(31), bytes(33)])
def test_keys_that_are_none_are_refused(key: bytes) -> None:
    assert Ephemeral.fresh(seeded()).agree(key, ROOM, LINK) is None


def test_a_reflected_key_is_refused() -> None:
    own = Ephemeral.fresh(seeded())
    assert own.agree(own.public, ROOM, LINK) is None


def test_frames_are_taken_once_and_in_order() -> None:
    there, back = tunnels()
    first, second, third = (there.seal(text) for text in (b"1", b"2", b"3"))
    assert back.open(first) == b"1"
    assert back.open(first) is None
    with pytest.raises(Gap):
        back.open(third)
    assert back.open(second) == b"2"


def test_changed_cut_and_reflected_frames_are_nothing() -> None:
    there, back = tunnels()
    frame = there.seal(b"data" * 100)
    for at in range(len(frame)):
        changed = frame[:at] + bytes([frame[at] ^ 1]) + frame[at + 1 :]
        assert back.open(changed) is None
    for size in range(len(frame)):
        assert back.open(frame[:size]) is None
    assert there.open(frame) is None
    assert back.open(frame) == b"data" * 100


def test_sizes_say_little() -> None:
    there, _ = tunnels()
    assert {len(there.seal(bytes(size))) for size in range(228)} == {256}
