"""Bundles: signed, chained, and read without being believed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.faults import Damaged
from sync import identity, log
from sync.change import LARGEST
from sync.identity import Device
from sync.log import Intro
from sync.records import DocumentId, ProjectId

PROJECT = ProjectId("ab" * 32)


@pytest.fixture(scope="module")
def device(tmp_path_factory: pytest.TempPathFactory) -> Device:
    return identity.load_or_create(tmp_path_factory.mktemp("home"))


def signed(device: Device, *texts: bytes, n: int = 1) -> log.Bundle:
    intro = Intro("project", device.public, bytes(16), PROJECT)
    changes = [(DocumentId(f"asset/a{k}"), text) for k, text in enumerate(texts)]
    return log.sign(
        device,
        intro.log,
        n,
        log.NOTHING,
        changes,
        wall=1234,
        members=[bytes(32)],
        intro=intro if n == 1 else None,
    )


def test_a_bundle_comes_back_as_it_was(device: Device) -> None:
    for n in (1, 2, 300):
        bundle = signed(device, b"one", b"two" * 1000, n=n)
        again = log.decode(bundle.encode())
        assert again == bundle
        assert again.hash == bundle.hash
        assert again.signed_by(device.public)


def test_a_signature_covers_every_byte(device: Device, tmp_path: Path) -> None:
    bundle = signed(device, b"one")
    other = identity.load_or_create(tmp_path)
    assert not bundle.signed_by(other.public)
    for at in range(len(bundle.body)):
        changed = bytearray(bundle.body)
        changed[at] ^= 1
        assert not replace(bundle, body=bytes(changed)).signed_by(device.public)


def test_a_log_is_its_authors(device: Device) -> None:
    intro = signed(device).intro
    assert intro is not None
    assert intro.log == signed(device).log
    assert replace(intro, kind="queue").log != intro.log
    assert replace(intro, public=bytes(32)).log != intro.log


@given(at=st.integers(0, 10_000), flip=st.integers(1, 255))
def test_a_flipped_byte_is_found(device: Device, at: int, flip: int) -> None:
    bundle = signed(device, b"one", b"two")
    data = bytearray(bundle.encode())
    data[at % len(data)] ^= flip
    try:
        again = log.decode(bytes(data))
    except Damaged:
        return
    assert not again.signed_by(device.public)


@given(data=st.binary(max_size=300))
def test_anything_else_is_refused(data: bytes) -> None:
    with pytest.raises(Damaged):
        log.decode(data)
    with pytest.raises(Damaged):
        log.decode(bytes([1]) + bytes(64) + data)


def test_cut_short_it_is_refused(device: Device) -> None:
    data = signed(device, b"one").encode()
    for size in range(len(data)):
        with pytest.raises(Damaged):
            log.decode(data[:size])
    with pytest.raises(Damaged):
        log.decode(data + b"x")


def test_a_bomb_does_not_go_off(device: Device) -> None:
    huge = signed(device, bytes(LARGEST), *[bytes(LARGEST)] * 4)
    assert len(huge.encode()) < 4000
    with pytest.raises(Damaged, match="length"):
        log.decode(huge.encode())
