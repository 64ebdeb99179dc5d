"""The team as people read it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, TextIO

from app.cli import paper

Value = Mapping[str, Any]


def _invite(value: Value, stream: TextIO) -> None:
    if "code" in value:
        paper.say(stream, f"{value['code']}\n")
        paper.say(stream, f"Say it to one person; it serves for one try, until {value['expires']}.")
        paper.say(stream, f"On the other machine, on this network: restrike join --code {value['code']} DIR")
        paper.say(stream, "Keep restrike serve running here; restrike members shows what became of it.")
        return
    times = "once" if value["uses"] == 1 else f"{value['uses']} times"
    paper.say(stream, f"{value['ticket']}\n")
    paper.say(stream, f"Serves {times}, until {value['expires']}, for the role {value['role']}.")
    paper.say(stream, "On the other machine: restrike join TICKET DIR")
    paper.say(stream, f"Call it off with: restrike revoke {value['id']}")


def _members(value: Value, stream: TextIO) -> None:
    if value["farewell"]:
        paper.say(stream, f"{value['farewell'][0].upper()}{value['farewell'][1:]}.\n")
    rows = [
        [one["name"] if not at else "", one["role"] if not at else "", device + _here(value, device)]
        for one in value["members"]
        for at, device in enumerate(one["devices"])
    ]
    paper.table(stream, ("NAME", "ROLE", "DEVICE"), rows, give=("NAME",))
    for one in value["invites"]:
        paper.say(
            stream,
            f"\nTicket {one['id']} for {one['role']}: {one['used']} of {one['uses']} used, until {one['expires']}",
        )
    for one in value["removed"]:
        waiting = f"; {one['waiting']} bundles of it wait (restrike adopt)" if one["waiting"] else ""
        paper.say(stream, f"\nRemoved {one['time']}: {one['device']}{waiting}")
    if value["removed"]:
        paper.say(stream, value["removed"][0]["can"])
    for one in value["suspended"]:
        paper.say(
            stream,
            f"\nSuspended here: {one['device']}: {one['why']} (restrike admit --forgive {one['device']})",
        )
    for one in value["codes"]:
        paper.say(stream, f"\nSpoken code {one['number']}-…: {_CODES[one['state']]}")
    for one in value["knocks"]:
        paper.say(stream, f"\n{one['name']} knocks: {one['device']} (restrike admit)")


_CODES: Final = {
    "open": "open",
    "asked": "somebody is typing it in",
    "used": "used",
    "wrong": "guessed wrongly, and spent; make another one (restrike invite --spoken)",
    "expired": "nobody came, and it is over",
}


def _here(value: Value, device: str) -> str:
    return " (this one)" if device == value["this_device"] else ""


def _peers(value: Value, stream: TextIO) -> None:
    rows = [
        [
            one["name"],
            one["role"],
            one["link"] or "–",
            "–" if one["rtt_ms"] is None else f"{one['rtt_ms']:.0f} ms",
            "in sync" if one["synced"] else "catching up",
            _doing(one),
            one["device"],
        ]
        for one in value["peers"]
    ]
    if rows:
        paper.table(
            stream, ("NAME", "ROLE", "LINK", "AWAY", "SYNC", "DOING", "DEVICE"), rows, give=("DEVICE",)
        )
    elif not value["reasons"]:
        paper.say(stream, "Nobody else is here.")
        for one in value["checks"]:
            if not one["ok"]:
                paper.say(stream, f"{one['name']}: {one['detail']} ({one['fix']})")
    for one in value["reasons"]:
        paper.say(stream, f"{one['sentence']}{' (' + one['fix'] + ')' if one['fix'] else ''}")


def _doing(peer: Value) -> str:
    """What a person or a machine is at: the picture that is rendered, the fields that are edited, the asset in view."""
    if (at := peer["doing"]) is not None:
        name, step = (
            at.get("asset_name") or "a picture",
            f" {at['step']}/{at['steps']}" if at["steps"] else "",
        )
        return f"{at['stage']} {name}{step}"
    if (at := peer["editing"]) is not None:
        name, fields = at.get("asset_name") or "an asset", ", ".join(at["fields"])
        return f"edits {name}" + (f": {fields}" if fields else "")
    return str(peer["state"])


def _admit(value: Value, stream: TextIO) -> None:
    if "message" in value:
        paper.say(stream, str(value["message"]))
    elif not value["knocks"]:
        paper.say(stream, "Nobody knocks.")
    for one in value["knocks"]:
        paper.say(stream, f"{one['name']} knocks: {one['device']}")
    if value["knocks"]:
        paper.say(stream, "Compare with what that screen shows, then: restrike admit DEVICE")


def _adopt(value: Value, stream: TextIO) -> None:
    if "message" in value:
        paper.say(stream, str(value["message"]))
    elif not value["withheld"]:
        paper.say(stream, "Nothing waits for an owner.")
    for one in value["withheld"]:
        paper.say(stream, f"{one['bundles']} bundles of {one['device']} wait")
    if value["withheld"]:
        paper.say(stream, "An owner lets them count with: restrike adopt DEVICE")


PICTURES: Final[Mapping[str, Callable[[Value, TextIO], None]]] = {
    "peers": _peers,
    "invite": _invite,
    "members": _members,
    "admit": _admit,
    "adopt": _adopt,
}
