"""What the commands about other devices answer."""

from __future__ import annotations

from dataclasses import asdict

from app.api.schemas.peers import Peer, Peers, PresentPeer
from app.studio import Studio
from sync import contacts
from sync.actions import Peer as Known
from sync.contacts import Contact
from sync.dialling import Route
from sync.presence import Doing, Present, Seen
from sync.records import DeviceId, MemberId
from tests.app.api.schemas.wire import answer


async def test_nobody_is_here(studio: Studio) -> None:
    assert await answer(studio, "peers") == {"peers": [], "reasons": [], "checks": []}


def test_a_device_at_work_is_what_its_model_says() -> None:
    known = Contact(Known(b"b" * 32, MemberId("m"), "Ben", "artist", 0), Route.LAN, rtt=0.001)
    doing = Doing("j", "a", "rendering", 1, 2)
    seen = Seen(Present(doing=doing, worker=True, editing=("LAMP", ("seed",))), 0.0)
    shape = asdict(contacts.state(DeviceId("b" * 64), known, seen, "h"))
    Peers.model_validate({"peers": [shape], "reasons": [], "checks": []})
    Peer.model_validate(shape)
    del shape["rtt_ms"]
    PresentPeer.model_validate(shape)
