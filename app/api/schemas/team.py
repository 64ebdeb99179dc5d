"""The team: tickets, members, removals, who knocks, and what waits for an owner."""

from __future__ import annotations

from typing import Literal

from app.api.schemas.values import Count, Id, Shape, Time, always, maybe, shown

MemberRole = Literal["owner", "artist", "worker", "viewer"]
_DEVICE = "1f3a-90bc-77d1-02e4-5b6c-8a9f-0c1d-2e3f-kq"
_MEMBER = "ge3dsmrrgu2tkmzsgizdkmjqga"


class Invitation(Shape):
    """A ticket, to be handed over where nobody reads along."""

    model_config = shown(
        {
            "ticket": "restrike1aebagbafaydqqcikbmga2dqpcaireeyuculbogazdinryhi6d4",
            "id": "0c9f7a30bd26e8d1",
            "role": "artist",
            "expires": "2026-02-01T12:00:00.000Z",
            "uses": 1,
        }
    )

    ticket: str | None = always("The ticket; whoever has it can join. Null for a spoken code.")
    code: str = maybe("The spoken code: whoever types it on this network within ten minutes can join.")
    id: Id | None = always("What revoke calls it by, without its secret; null for a spoken code.")
    role: MemberRole = always("What the newcomer may do.")
    expires: Time = always("Until when it serves.")
    uses: Count = always("How many may join with it.")


class Member(Shape):
    """A person with the devices that speak for him."""

    id: Id = always("The member's id.")
    name: str = always("What he is called.")
    role: MemberRole = always("What he may do.")
    devices: list[str] = always("The ids of his devices, in groups, with two letters that check them.")


class OpenInvite(Shape):
    """A ticket that somebody may still join with."""

    id: Id = always("What revoke calls it by.")
    role: MemberRole = always("What the newcomer may do.")
    uses: Count = always("How many may join with it.")
    used: Count = always("How many have.")
    expires: Time = always("Until when it serves.")


class RemovedDevice(Shape):
    """A device that has no rights any more."""

    device: str = always("Its id.")
    member: Id = always("Whose it was.")
    time: Time = always("When it was removed.")
    waiting: Count = always("How many bundles of it wait for an owner.")
    can: str = always("What it can still do.")


class Knocking(Shape):
    """A device that asks to be let in."""

    key: str = always("Its whole key.")
    device: str = always("Its id, as its own screen shows it.")
    name: str = always("What it calls itself.")
    time: Time = always("When it asked.")


class SuspendedDevice(Shape):
    """A device whose links are refused at the device that answers."""

    device: str = always("Its id.")
    why: str = always("Why, in a sentence.")
    time: Time | None = always("Since when; null where it signed one number twice.")


class SpokenCode(Shape):
    """A spoken code that the program gave out, by its number, and what became of it."""

    number: Count = always("The number that it begins with.")
    state: Literal["open", "asked", "used", "wrong", "expired"] = always(
        "wrong: somebody guessed, or began and did not end, and the code is spent."
    )


class TeamMembers(Shape):
    """Who belongs to the project."""

    model_config = shown(
        {
            "members": [{"id": _MEMBER, "name": "Mara", "role": "owner", "devices": [_DEVICE]}],
            "invites": [],
            "removed": [],
            "knocks": [],
            "codes": [{"number": 7, "state": "open"}],
            "farewell": "",
            "suspended": [],
            "this_device": _DEVICE,
        }
    )

    members: list[Member] = always("Everybody, the first owner first.")
    invites: list[OpenInvite] = always("The tickets that still serve.")
    removed: list[RemovedDevice] = always("The devices that were removed.")
    knocks: list[Knocking] = always("The devices that ask to be let in, the newest first.")
    suspended: list[SuspendedDevice] = always("The devices whose links are refused here.")
    codes: list[SpokenCode] = always("The spoken codes that were given out lately.")
    farewell: str = always("What this device is told if it was removed; empty otherwise.")
    this_device: str = always("The device that answers.")


class Revoked(Shape):
    """What was taken away."""

    model_config = shown(
        {
            "what": "member",
            "name": "Mara",
            "member": _MEMBER,
            "devices": [_DEVICE],
            "tickets": [],
            "still": "What it had it keeps.",
            "dry_run": True,
            "message": "Mara would be removed. What it had it keeps.",
        }
    )

    what: Literal["member", "device", "ticket"] = always("What was named.")
    name: str = always("What it is called.")
    member: Id | None = always("Whose devices they are; null for a ticket.")
    devices: list[str] = always("The devices that lose their rights.")
    tickets: list[str] = always("The tickets that end with them, by id.")
    still: str = always("What a removed device can still do; empty for a ticket.")
    dry_run: bool = always("Whether it was only said.")
    message: str = always("The same for people.")


class Admitted(Shape):
    """A device that was let in."""

    device: str = always("Its id.")
    member: Id = always("Whom it speaks for.")
    name: str = always("What he is called.")
    role: MemberRole = always("What he may do.")


class Admissions(Shape):
    """Who knocks, and who was let in."""

    model_config = shown({"knocks": [], "admitted": None})

    knocks: list[Knocking] = always("The devices that ask to be let in, the newest first.")
    admitted: Admitted | None = always("Who was let in; null when nobody was named.")
    message: str = maybe("The same for people.")


class WithheldWork(Shape):
    """Work of a device that had no right to it any more."""

    device: str = always("Its id.")
    log: Id = always("The log.")
    first: Count = always("The first bundle that waits.")
    last: Count = always("The last one.")
    bundles: Count = always("How many wait.")


class DiscardedWork(Shape):
    """Work that an owner dropped for everybody."""

    device: str = always("Whose it was.")
    bundles: Count = always("How many bundles.")


class Adoptions(Shape):
    """What waits for an owner, and how much of it counts now."""

    model_config = shown({"withheld": [], "adopted": 3, "message": "3 bundles count now."})

    withheld: list[WithheldWork] = always("What still waits.")
    adopted: Count = always("How many bundles were taken in.")
    discarded: list[DiscardedWork] = maybe("What goes for good, that of others which builds on it included.")
    dry_run: bool = maybe("Whether it was only said.")
    message: str = maybe("The same for people.")
