"""What lies in a mailbox can be opened by those it is for, under its own name, and by nobody else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync import parcels, seal
from sync.epochs import Secret
from sync.parcels import BadParcel
from sync.records import LogId, ProjectId
from sync.relay.names import padded_size
from tests.sync.relay.stage import PROJECT, device, seeded

SECRET = Secret(1, bytes(32), b"k" * 32)
OTHER = Secret(2, bytes(32), b"o" * 32)
LOG = LogId("0f" * 16)
CONTENTS = [b"canary one", b"", b"canary two" * 500]
BOXES = {device(n).public: seal.box_key(device(n)) for n in (1, 2, 3)}


@given(st.lists(st.binary(max_size=2000), max_size=20))
def test_bundles_come_out_as_they_went_in(contents: list[bytes]) -> None:
    name, data = parcels.bundles(SECRET, LOG, 1, 3, contents, seeded())
    assert parcels.open_bundles(SECRET, name, data) == contents
    assert len(data) == padded_size(len(data))


def test_a_parcel_says_nothing_and_always_has_the_same_name() -> None:
    name, data = parcels.bundles(SECRET, LOG, 1, 3, CONTENTS, seeded())
    assert name == parcels.bundles(SECRET, LOG, 1, 3, [], seeded(2))[0]
    assert name.startswith(parcels.shelf(SECRET))
    names = {
        parcels.bundles(secret, log, first, last, [], seeded())[0]
        for secret in (SECRET, OTHER)
        for log in (LOG, LogId("1f" * 16))
        for first, last in ((1, 3), (1, 4), (2, 3))
    }
    assert len(names) == 12
    assert b"canary" not in data
    assert LOG not in name


def test_a_parcel_opens_with_its_secret_under_its_name() -> None:
    name, data = parcels.bundles(SECRET, LOG, 1, 3, CONTENTS, seeded())
    for secret, under, contents in (
        (OTHER, name, data),
        (SECRET, name + "0", data),
        (SECRET, name, data[:-1]),
        (SECRET, name, data[: len(data) // 2]),
        (SECRET, name, b""),
        (SECRET, name, data + b"0"),
        (SECRET, name, data[:50] + bytes([data[50] ^ 1]) + data[51:]),
    ):
        with pytest.raises(BadParcel):
            parcels.open_bundles(secret, under, contents)


def test_a_letter_is_for_those_it_is_addressed_to() -> None:
    name, data = parcels.letter(PROJECT, device(1), BOXES, CONTENTS, seeded())
    assert name.startswith(parcels.letterbox(PROJECT))
    for number in (1, 2, 3):
        assert parcels.open_letter(PROJECT, device(number), name, data) == CONTENTS
    assert parcels.open_letter(PROJECT, device(4), name, data) is None
    assert b"canary" not in data
    assert all(public not in data for public in BOXES)
    assert parcels.letterbox(ProjectId("cd" * 32)) != parcels.letterbox(PROJECT)


def test_how_many_a_letter_is_for_is_not_seen() -> None:
    few = dict(list(BOXES.items())[:1])
    assert len(parcels.letter(PROJECT, device(1), few, CONTENTS, seeded())[1]) == len(
        parcels.letter(PROJECT, device(1), BOXES, CONTENTS, seeded())[1]
    )


def test_a_letter_that_was_changed_is_noticed() -> None:
    name, data = parcels.letter(PROJECT, device(1), BOXES, CONTENTS, seeded())
    for changed in (
        b"",
        data[:1],
        data[:100],
        data[:-1],
        data[:-1] + bytes([data[-1] ^ 1]),
        b"\xff\xff" + data[2:],
    ):
        with pytest.raises(BadParcel):
            parcels.open_letter(PROJECT, device(1), name, changed)


def test_a_bomb_of_a_member_does_not_go_off() -> None:
    name, _ = parcels.bundles(SECRET, LOG, 1, 1, [], seeded())
    contents = [bytes(parcels.LARGEST_CONTENTS)]
    _, data = parcels.bundles(SECRET, LOG, 1, 1, contents, seeded())
    assert len(data) < 100_000
    with pytest.raises(BadParcel, match="length"):
        parcels.open_bundles(SECRET, name, data)
