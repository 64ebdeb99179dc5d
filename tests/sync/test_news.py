"""News say what happened and to whom."""

from __future__ import annotations

from typing import get_args

from sync.news import News, What
from sync.records import DeviceId


def test_each_kind_is_told_once() -> None:
    kinds = get_args(What)
    assert len(set(kinds)) == len(kinds)
    assert News("up", DeviceId("a")) == News("up", DeviceId("a")) != News("down", DeviceId("a"))
