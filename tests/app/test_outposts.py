"""Each step to a relay, to servers and to a folder: named, and with a fix where it fails."""

from __future__ import annotations

import asyncio
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aioice import stun

from app import outposts, settings
from app.ice import Secrets
from app.place import Place
from app.settings import Settings
from sync import interfaces
from sync.relay.quotas import Limits
from sync.relay.server import Relay
from tests.sync.relay.stage import at
from tests.sync.stage import Ticks


def told(home: Path, **known: Any) -> Place:
    """A machine whose settings say so."""
    settings.write(home, Settings(**known))
    return Place(home, home, clock=Ticks(), random=os.urandom)


async def steps(place: Place, secrets: Secrets | None = None) -> dict[str, dict[str, Any]]:
    found = {one["name"]: one for one in await outposts.checks(place, secrets)}
    assert all(one["ok"] or one["fix"] for one in found.values())
    return found


async def test_nothing_is_looked_at_that_nobody_told_of(tmp_path: Path) -> None:
    assert await steps(told(tmp_path)) == {}


async def test_an_honest_relay_passes_every_step(tmp_path: Path) -> None:
    async with Relay.listening(tmp_path / "relay", clock=Ticks()) as relay:
        found = await steps(told(tmp_path, relay=at(relay)))
        assert list(found) == ["relay address", "relay port", "relay", "relay clock"]
        assert all(one["ok"] for one in found.values())
        assert "32 MB of each device for 14 days" in found["relay clock"]["detail"]
        assert relay.gauges()["objects"] == 0


async def test_each_fault_is_named(tmp_path: Path) -> None:
    assert not (await steps(told(tmp_path, relay="ws://no-such-host.invalid")))["relay address"]["ok"]
    found = await steps(told(tmp_path, relay="ws://127.0.0.1:9"))
    assert list(found) == ["relay address", "relay port"]
    assert "9" in found["relay port"]["fix"]
    async with Relay.listening(tmp_path / "relay", clock=Ticks()) as relay:
        found = await steps(told(tmp_path, relay=f"wss://127.0.0.1:{relay.port}"))
        assert not found["relay certificate"]["ok"]
    async with Relay.listening(tmp_path / "full", clock=Ticks(), limits=Limits(mailbox=1)) as relay:
        found = await steps(told(tmp_path, relay=at(relay)))
        assert "full" in found["relay"]["detail"]
    late = Ticks(datetime(2026, 1, 31, 13, 7, tzinfo=UTC))
    async with Relay.listening(tmp_path / "late", clock=late) as relay:
        found = await steps(told(tmp_path, relay=at(relay)))
        assert "differ by 40" in found["relay clock"]["detail"]


class Stun(asyncio.DatagramProtocol):
    """A STUN server that tells everybody where it sees him."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: Any = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        asked = stun.parse_message(data)
        answer = stun.Message(stun.Method.BINDING, stun.Class.RESPONSE, transaction_id=asked.transaction_id)
        answer.attributes["XOR-MAPPED-ADDRESS"] = ("203.0.113.7", addr[1])
        self.transport.sendto(bytes(answer), addr)


async def test_servers_are_asked(tmp_path: Path) -> None:
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(Stun, local_addr=("0.0.0.0", 0))
    try:
        port = transport.get_extra_info("sockname")[1]
        here = next((one for one in interfaces.addresses() if "." in one and interfaces.reachable(one)), None)
        if here is None:
            pytest.skip("needs a network")
        found = await steps(told(tmp_path, ice=(f"stun:{here}:{port}",)))
        assert found["STUN server"]["ok"]
    finally:
        transport.close()


async def test_a_turn_server_without_its_secret_and_a_dead_one_are_named(tmp_path: Path) -> None:
    place = told(tmp_path, ice=("turn:mara@127.0.0.1:9",))
    locked = await steps(place, Secrets({}, lambda account: None))
    assert "keyring set" in locked["TURN server"]["fix"]
    dead = await steps(place, Secrets({"RESTRIKE_TURN_SECRET": "s"}, lambda account: None))
    assert "refuses without a word" in dead["TURN server"]["fix"]


def test_a_folder_is_there_and_can_be_written(tmp_path: Path) -> None:
    assert outposts._folder(tmp_path)["ok"]
    assert not outposts._folder(tmp_path / "stick")["ok"]
