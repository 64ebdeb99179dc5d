"""Bundles in a row, deflated together."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from pathlib import Path

import pytest

from engine.faults import Damaged
from sync import blocks, identity, log
from sync.log import Bundle
from sync.records import DocumentId, LogId

KEY = hashlib.sha512(b"key").hexdigest().encode()


def bundles(home: Path, count: int = 20) -> list[tuple[int, Bundle]]:
    device = identity.load_or_create(home)
    found = []
    for n in range(count):
        changes = [(DocumentId("asset/a"), KEY + bytes([n]))]
        found.append((7 + 2 * n, log.sign(device, LogId("ab" * 16), n + 2, bytes(32), changes, wall=n)))
    return found


def test_a_block_gives_its_bundles_back_and_is_smaller(tmp_path: Path) -> None:
    some = bundles(tmp_path)
    data = blocks.encode(some)
    assert blocks.decode(7, data) == some
    assert len(data) < sum(len(one.encode()) for _, one in some) * 0.7


def test_a_broken_block_is_damage(tmp_path: Path) -> None:
    some = bundles(tmp_path)
    data = blocks.encode(some)
    for at in range(0, len(data), 7):
        broken = bytearray(data)
        broken[at] ^= 0x10
        with suppress(Damaged):
            assert blocks.decode(7, bytes(broken)) == some  # an unused bit
        with pytest.raises(Damaged):
            blocks.decode(7, data[:at])
