"""The addresses of this machine."""

from __future__ import annotations

import itertools

import pytest

from sync import interfaces
from sync.interfaces import MOST, addresses, changes, reachable


def test_this_machine_has_addresses() -> None:
    found = addresses()
    assert 0 < len(found) <= MOST
    assert len(set(found)) == len(found)


@pytest.mark.parametrize("text", ["192.0.2.1", "10.0.0.1", "169.254.3.4", "fd00::2", "2001:db8::1"])
def test_addresses_that_others_can_use(text: str) -> None:
    assert reachable(text)


@pytest.mark.parametrize(
    "text", ["127.0.0.1", "::1", "fe80::1", "fe80::1%eth0", "0.0.0.0", "224.0.0.1", "", "x"]
)
def test_addresses_that_others_cannot_use(text: str) -> None:
    assert not reachable(text)


async def test_a_change_is_told_once() -> None:
    looks = itertools.chain([("a",), ("a",), ("b",), ("b",), ("a", "b")], itertools.repeat(("c",)))
    seen = []
    async for now in changes(lambda: next(looks), every=0):
        seen.append(now)
        if now == ("c",):
            break
    assert seen == [("a",), ("b",), ("a", "b"), ("c",)]


def test_where_this_machine_stands_is_said_with_what_to_do() -> None:
    assert interfaces.standing(lambda: ("10.0.0.1", "fd00::1")) == (True, "10.0.0.1, fd00::1", "")
    ok, sentence, fix = interfaces.standing(lambda: ("127.0.0.1",))
    assert not ok
    assert sentence
    assert fix
