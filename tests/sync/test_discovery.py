"""Discovery with real multicast DNS on loopback."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from zeroconf import IPVersion
from zeroconf.asyncio import AsyncServiceInfo, AsyncZeroconf

from sync.discovery import KIND, Discovery, Found, Tags

TAG = b"12345678"
PATIENCE = 30.0
A, B = "aaaaaaaaaaaa", "bbbbbbbbbbbb"


def here() -> tuple[str, ...]:
    """Only this machine hears the tests."""
    return ("127.0.0.1",)


def discovery(instance: str, port: int, tag: Callable[[], bytes] = lambda: TAG, **more: Any) -> Discovery:
    return Discovery(
        tag, port, instance, **{"addresses": here, "every": 0.2, "look": 0.05, "ttl": 10, **more}
    )


async def until(found: Discovery, wanted: Callable[[Found], bool]) -> Found:
    """The first news that is wanted."""
    async with asyncio.timeout(PATIENCE):
        async for one in found:
            if wanted(one):
                return one
    raise AssertionError("discovery ended")


async def test_two_find_each_other_and_a_goodbye_is_heard() -> None:
    async with discovery(A, 1001) as one:
        async with discovery(B, 1002) as other:
            assert await until(one, lambda _: True) == Found(B, ("127.0.0.1",), 1002)
            assert await until(other, lambda _: True) == Found(A, ("127.0.0.1",), 1001)
        assert await until(one, lambda _: True) == Found(B, (), 0)


async def test_other_projects_are_left_out_and_a_new_day_is_told() -> None:
    tags = [b"another!"]
    async with discovery(A, 1001) as one, discovery(B, 1002, lambda: tags[0]), discovery("c" * 12, 1003):
        assert (await until(one, lambda _: True)).instance == "c" * 12
        tags[0] = TAG
        assert await until(one, lambda _: True) == Found(B, ("127.0.0.1",), 1002)


async def test_a_new_address_is_announced() -> None:
    mine: list[tuple[str, ...]] = [("127.0.0.1",)]
    async with discovery(A, 1001) as one, discovery(B, 1002, addresses=lambda: mine[0]):
        assert (await until(one, lambda _: True)).addresses == ("127.0.0.1",)
        mine[0] = ("127.0.0.1", "127.0.0.2")
        assert (await until(one, lambda news: "127.0.0.2" in news.addresses)).port == 1002


async def test_without_a_network_it_waits_for_one() -> None:
    mine: list[tuple[str, ...]] = [("192.0.2.250",)]  # not an address of this machine
    async with discovery(A, 1001) as one, discovery(B, 1002, addresses=lambda: mine[0]):
        mine[0] = ("127.0.0.1",)
        assert (await until(one, lambda news: news.addresses == ("127.0.0.1",))).instance == B


@pytest.mark.parametrize(
    ("instance", "properties", "port"),
    [
        ("x", {"t": TAG.hex(), "v": "1"}, 1002),
        ("With Spaces And More", {"t": TAG.hex(), "v": "1"}, 1002),
        ("d" * 12, {"t": TAG.hex()}, 1002),
        ("d" * 12, {"t": TAG.hex(), "v": "2"}, 1002),
        ("d" * 12, {"v": "1"}, 1002),
        ("d" * 12, {"t": "no hex at all..", "v": "1"}, 1002),
        ("d" * 12, {"t": b"\xff" * 16, "v": "1"}, 1002),
        ("d" * 12, {"t": TAG.hex(), "v": "1"}, 0),
    ],
)
async def test_announcements_that_are_none_of_ours_are_left_out(
    instance: str, properties: dict[str, Any], port: int
) -> None:
    stranger = AsyncZeroconf(interfaces=["127.0.0.1"], ip_version=IPVersion.V4Only)
    try:
        info = AsyncServiceInfo(
            KIND, f"{instance}.{KIND}", port=port, properties=properties, parsed_addresses=["127.0.0.1"]
        )
        await (await stranger.async_register_service(info, cooperating_responders=True))
        async with discovery(A, 1001) as one, discovery(B, 1002):
            assert (await until(one, lambda _: True)).instance == B
    finally:
        await stranger.async_close()


async def test_what_goes_wrong_in_the_body_comes_out_as_it_is() -> None:
    with pytest.raises(ZeroDivisionError):
        async with discovery(A, 1001):
            raise ZeroDivisionError


def test_tags_change_with_the_day_and_neighbouring_days_are_accepted() -> None:
    noon = datetime(2026, 3, 1, 12, tzinfo=UTC)
    today = Tags("project", lambda: noon)
    assert len(today.today()) == 8
    for days, accepted in ((-2, False), (-1, True), (0, True), (1, True), (2, False)):
        then = Tags("project", lambda days=days: noon + timedelta(days=days))  # type: ignore[misc]
        assert today.accepts(then.today()) is accepted
    assert not today.accepts(Tags("another", lambda: noon).today())
    assert not today.accepts(b"")
