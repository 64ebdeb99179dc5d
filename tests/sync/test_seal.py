"""What is sealed can be opened by whom it is for, and by nobody else."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync import seal
from sync.seal import Unopened
from tests.sync.membership.people import device

RANDOM = Random(3).randbytes
KEY = bytes(range(32))


@settings(max_examples=50, deadline=None)
@given(st.binary(max_size=300), st.binary(max_size=40))
def test_what_is_sealed_comes_back_and_nothing_else(data: bytes, aad: bytes) -> None:
    sealed = seal.seal(KEY, data, aad, RANDOM)
    assert seal.open_(KEY, sealed, aad) == data
    assert data == b"" or data not in sealed or len(data) < 4
    for wrong in (sealed[:-1], sealed + b"x", b"", sealed[:5], bytes([sealed[0] ^ 1]) + sealed[1:]):
        with pytest.raises(Unopened):
            seal.open_(KEY, wrong, aad)
    for key, other in ((bytes(32), aad), (KEY, aad + b"x")):
        with pytest.raises(Unopened):
            seal.open_(key, sealed, other)


def test_a_box_opens_for_its_device_alone() -> None:
    ben, cyd = device("ben"), device("cyd")
    sealed = seal.seal_to(seal.box_key(ben), b"secret", b"for", RANDOM)
    assert seal.open_with(ben, sealed, b"for") == b"secret"
    for who, data, aad in ((cyd, sealed, b"for"), (ben, sealed, b""), (ben, sealed[:31], b"for")):
        with pytest.raises(Unopened):
            seal.open_with(who, data, aad)


def test_a_key_that_nothing_can_be_sealed_to() -> None:
    for public in (bytes(32), bytes(31), b"\x01" + bytes(31)):
        with pytest.raises(Unopened):
            seal.seal_to(public, b"secret", b"", RANDOM)


def test_the_box_key_is_no_other_key() -> None:
    ben = device("ben")
    assert seal.box_key(ben) == seal.box_key(device("ben"))
    assert seal.box_key(ben) not in (ben.public, seal.box_key(device("cyd")))
