"""Addresses written down: read back, and never in the way when the file is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from sync import reach
from sync.reach import Reach
from sync.records import DeviceId

ANNA, BEN = DeviceId("a" * 64), DeviceId("b" * 64)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    found = Reach(4001, {BEN: "192.168.1.2:4000"})
    reach.write(tmp_path, found)
    assert reach.read(tmp_path) == found
    (hint,) = found.hints(ANNA)
    assert (hint.addresses, hint.first, hint.device, hint.kept) == (("192.168.1.2:4000",), True, BEN, True)
    (back,) = Reach(0, {ANNA: "[fd00::1]:4000"}).hints(BEN)
    assert not back.first


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"port": 1}', '{"port": -1, "peers": {}}', '{"port": 1, "peers": []}', "[" * 9999],
)
def test_what_is_none_is_nothing(tmp_path: Path, text: str) -> None:
    assert reach.read(tmp_path) == Reach()
    (tmp_path / reach.FILE).write_text(text)
    assert reach.read(tmp_path) == Reach()


def test_odd_addresses_are_left_out(tmp_path: Path) -> None:
    (tmp_path / reach.FILE).write_text('{"port": 1, "peers": {"a": 1, "b": "x\\u0007", "c": "host:1"}}')
    assert reach.read(tmp_path) == Reach(1, {DeviceId("c"): "host:1"})


def test_no_more_than_a_team_is_kept(tmp_path: Path) -> None:
    reach.write(tmp_path, Reach(1, {DeviceId(str(number)): "host:1" for number in range(reach.MOST + 5)}))
    assert len(reach.read(tmp_path).peers) == reach.MOST
