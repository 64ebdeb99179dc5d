"""Rows that nobody believes yet: read exactly, or not at all."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.faults import Damaged
from sync import promises
from sync.promises import Promise

ROW = Promise(
    asset="ge3dsmrrgu2tkmzsgizdkmjqga",
    name="SHOT-001",
    kind="shot",
    scene="SC-01",
    version="gq2tkmzsgizdkmjqgae3dsmrru",
    number=3,
    label="v03",
    tier="standard",
    forked=0,
    stale=1,
    versions=3,
    takes=2,
    approved=None,
    time="2026-01-31T12:00:00.000Z",
    take="p7fui3jlnv6vbyhlkfcb42fkfu",
    thumb="ab" * 32,
)


def test_what_is_written_is_read() -> None:
    assert promises.read(promises.write(ROW)) == ROW
    bare = replace(ROW, scene=None, version=None, number=None, label=None, tier=None, take=None, thumb=None)
    assert promises.read(promises.write(bare)) == bare


@pytest.mark.parametrize(
    "wrong",
    [
        {"asset": None},
        {"asset": "../etc"},
        {"asset": "a" * 65},
        {"name": ""},
        {"name": "a\u202eb\n"},
        {"name": "n" * 600},
        {"name": 7},
        {"kind": "virus"},
        {"kind": ["shot"]},
        {"tier": "highest"},
        {"number": -1},
        {"number": 10**30},
        {"versions": "3"},
        {"takes": True},
        {"takes": 1.5},
        {"stale": 2},
        {"thumb": "ab"},
        {"time": None},
    ],
)
def test_what_no_list_shows_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(Damaged):
        promises.read(promises.write(replace(ROW, **wrong)))


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b"[" * 4000, b"\xff", json.dumps(["a"] * 16).encode()])
def test_what_is_no_row_is_refused(data: bytes) -> None:
    with pytest.raises(Damaged):
        promises.read(data)


def test_a_row_is_small() -> None:
    with pytest.raises(Damaged):
        promises.read(promises.write(ROW) + b" " * 5000)


@given(st.binary(max_size=200) | st.lists(st.integers() | st.text() | st.none(), max_size=20).map(
    lambda row: json.dumps(row).encode()
))  # fmt: skip
def test_nothing_else_ever_comes_out(data: bytes) -> None:
    try:
        found = promises.read(data)
    except Damaged:
        return
    assert promises.read(promises.write(found)) == found
