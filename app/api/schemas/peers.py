"""The team's other devices: who is here, and joining them."""

from __future__ import annotations

from typing import Literal

from app.api.schemas.assets import Editing
from app.api.schemas.team import MemberRole
from app.api.schemas.trouble import Check
from app.api.schemas.values import Count, Digest, Id, Shape, always, maybe, shown

_DEVICE = "1f3a90bc77d102e45b6c8a9f0c1d2e3f1f3a90bc77d102e45b6c8a9f0c1d2e3f"
_PEER = {
    "id": _DEVICE,
    "device": "1f3a-90bc-77d1-02e4-5b6c-8a9f-0c1d-2e3f-kq",
    "name": "Mara",
    "member": "ge3dsmrrgu2tkmzsgizdkmjqga",
    "role": "artist",
    "link": "lan",
    "worker": True,
    "state": "rendering",
    "doing": {
        "job": "p7fui3jlnv6vbyhlkfcb42fkfu",
        "asset": "gq2tkmzsgizdkmjqgae3dsmrru",
        "asset_name": "SH010",
        "stage": "rendering",
        "step": 3,
        "steps": 8,
    },
    "region": None,
    "synced": True,
    "looking": None,
    "editing": None,
}


class PeerDoing(Shape):
    """A picture that a device renders just now."""

    job: Id = always("The job.")
    asset: str = always("The asset; empty while it is not known here.")
    asset_name: str = maybe("Its name; empty while it is not known here.")
    stage: str = always("What it is at, such as rendering.")
    step: Count = always("The step.")
    steps: Count = always("Of how many.")


class PeerEditing(Shape):
    """What a person edits just now: a soft lock, which keeps nobody from editing the same."""

    asset: str = always("The asset.")
    asset_name: str = maybe("Its name; empty while it is not known here.")
    fields: list[str] = always("The fields; none for all of them.")


class PresentPeer(Shape):
    """Another device of the team that is here, as events tell of it."""

    id: Digest = always("The device's id.")
    device: str = always("The same in groups, with two letters that check it.")
    name: str = always("What its member is called.")
    member: Id = always("The member's id.")
    role: MemberRole = always("What the member may do.")
    link: Literal["lan", "direct", "relay"] | None = always(
        "The way to it; null while a worker may come back."
    )
    worker: bool = always("Whether it works on the queue.")
    state: Literal["idle", "editing", "rendering", "paused", "away"] = always("In one word.")
    doing: PeerDoing | None = always("What it renders.")
    region: str | None = always("Where it stands, if it says so.")
    synced: bool = always("Whether it holds the same as this device.")
    looking: str | None = always("The asset that its person looks at.")
    editing: PeerEditing | None = always("What its person edits.")


class Peer(PresentPeer):
    """Another device of the team that is here."""

    rtt_ms: float | None = always("Milliseconds there and back.")


class SyncReason(Shape):
    """Why two devices do or do not agree."""

    code: str = always("Which reason: in_sync, catching_up, not_found, removed_device …")
    sentence: str = always("The reason for people.")
    fix: str = always("What to do; empty when nothing is wrong.")


class Peers(Shape):
    """The team's devices that are here."""

    model_config = shown({"peers": [{**_PEER, "rtt_ms": 1.2}], "reasons": [], "checks": []})

    peers: list[Peer] = always("Everybody who is linked, or was a moment ago and works still.")
    reasons: list[SyncReason] = always("The answer to why; empty unless it was asked.")
    checks: list[Check] = always(
        "The steps of a connection, from this device outwards, and which is blocked."
    )


class Noticed(Shape):
    """What was said was heard."""

    model_config = shown({"seconds": 10.0, "editing": []})

    seconds: float = always("For how long it counts; say it anew before.", ge=0)
    editing: list[Editing] = always("Who else edits that asset just now.")


class Joined(Shape):
    """A project that this device has joined."""

    model_config = shown(
        {
            "project": _DEVICE,
            "name": "Harbour",
            "member": "ge3dsmrrgu2tkmzsgizdkmjqga",
            "role": "artist",
            "device": "1f3a-90bc-77d1-02e4-5b6c-8a9f-0c1d-2e3f-kq",
            "assets": 42,
            "heads": _DEVICE,
            "message": "Harbour is here, with 42 assets; you are its artist.",
        }
    )

    project: Digest = always("The project's id.")
    name: str = always("What the film is called.")
    member: Id = always("The member that this device speaks for.")
    role: MemberRole = always("What the member may do.")
    device: str = always("This device's id, in groups.")
    assets: Count = always("How many assets came.")
    heads: Digest = always("A digest over everything: equal where two hold the same.")
    message: str = always("The same as a sentence.")
