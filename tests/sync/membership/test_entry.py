"""Entries as bytes: what is none of ours is refused, and the form of each kind is fixed for good."""

from __future__ import annotations

import base64
from pathlib import Path
from random import Random
from typing import Any

import pytest

from engine.faults import Damaged
from sync import codec, seal
from sync.membership import Members, decode, parse, statements, view
from sync.membership.entry import DOMAIN, LARGEST, Entry
from sync.records import DeviceId, LogId, MemberId, Time
from sync.tickets import Ticket
from tests.sync.membership.people import EVER, device, time

GOLDEN = Path(__file__).parents[2] / "golden" / "membership-1.entries"
LOG = LogId("0f" * 16)


def every_kind() -> list[Entry]:
    """One entry of each kind, always the same bytes."""
    ada, ben, cyd = device("ada"), device("ben"), device("cyd")
    fixed = Random(1).randbytes
    found = [statements.create(ada, "Ada", time(0), fixed)]

    def add(entry: Entry) -> Members:
        found.append(entry)
        return view(found)

    now = view(found)
    ticket = Ticket(now.project, bytes(16), "worker", EVER)
    key, box = ticket.key(), seal.box_key(ben)
    now = add(statements.admit_new(ada, now, cyd.public, "artist", "Cyd", time(1), fixed))
    now = add(statements.invite(ada, now, key.public, "worker", 2, EVER, None, time(2), fixed))
    now = add(statements.join(key, ben, box, now, "Ben", time(3), fixed))
    now = add(statements.revoke_invite(ada, now, key.public, time(4), fixed))
    now = add(statements.box(ada, now, seal.box_key(ada), time(5), fixed))
    sealed = {DeviceId(ben.id): bytes(80)}
    now = add(statements.epoch(ada, now, 1, bytes(32), sealed, {bytes(32): bytes(60)}, time(6), fixed))
    member = now.devices[ben.public]
    now = add(statements.set_role(ada, now, member, "viewer", {LOG: 3}, time(7), fixed))
    now = add(statements.rename(ada, now, member, "Benn", time(8), fixed))
    now = add(statements.remove_device(ada, now, ben.public, {LOG: 3}, time(9), fixed))
    now = add(statements.adopt(ada, now, LOG, 5, time(10), fixed))
    add(statements.remove_member(ada, now, now.devices[cyd.public], {}, time(11), fixed))
    return found


def test_the_bytes_of_every_kind_are_what_they_were() -> None:
    held = [base64.b64decode(one) for one in GOLDEN.read_text("utf-8").split()]
    assert [one.data for one in every_kind()] == held
    members = view(decode(one) for one in held)
    assert [one.name for one in members.people.values()] == ["Ada"]
    assert members.adopted == {LOG: 5}
    assert len(members.removed) == 2


def _signed(**changed: Any) -> bytes:
    """An entry with other contents, rightly signed."""
    ada = device("ada")
    value: dict[str, Any] = {
        "kind": "add-device",
        "by": base64.b64encode(ada.public).decode(),
        "parents": [],
        "device": base64.b64encode(bytes(32)).decode(),
        "member": "m",
        "role": "artist",
        "name": "n",
        "time": time(0),
        "nonce": "00",
        **changed,
    }
    body = codec.dumps({name: one for name, one in value.items() if one is not None}).encode()
    return ada.sign(DOMAIN + body) + body


WRONG: dict[str, dict[str, Any]] = {
    "no kind": {"kind": None},
    "no author": {"by": "%%"},
    "short parents": {"parents": ["00"]},
    "parents that are no list": {"parents": 3},
    "an unknown role": {"role": "god"},
    "more that is no object": {"more": [1]},
    "a removal without seen": {"kind": "remove-device", "more": {}},
    "a removal with a wrong log": {"kind": "remove-device", "more": {"seen": {"zz": 1}}},
    "a removal below zero": {"kind": "remove-device", "more": {"seen": {LOG: -1}}},
    "a removal of no key": {"kind": "remove-device", "device": "", "more": {"seen": {}}},
    "an invitation without uses": {"kind": "invite", "more": {"expires": EVER, "for": ""}},
    "an invitation with true uses": {"kind": "invite", "more": {"uses": True, "expires": EVER, "for": ""}},
    "a join without proof": {"kind": "join", "more": {"box": base64.b64encode(bytes(32)).decode()}},
    "a join with a short proof": {
        "kind": "join",
        "more": {"box": base64.b64encode(bytes(32)).decode(), "proof": "AA=="},
    },
    "a join without a name": {
        "kind": "join",
        "name": "",
        "more": {name: base64.b64encode(bytes(n)).decode() for name, n in (("box", 32), ("proof", 64))},
    },
    "a name without end": {"kind": "rename", "name": "x" * 200},
    "a box that is no key": {"kind": "box", "more": {"box": "AA=="}},
    "an epoch without number": {"kind": "epoch", "more": {"commitment": "", "sealed": {}, "earlier": {}}},
    "an epoch of number nought": {
        "kind": "epoch",
        "more": {"number": 0, "commitment": "00" * 32, "sealed": {}, "earlier": {}},
    },
    "an adoption of no log": {"kind": "adopt", "more": {"log": 7, "n": 1}},
    "an adoption of half a bundle": {"kind": "adopt", "more": {"log": LOG, "n": 1.5}},
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_no_entry_is_refused(case: str) -> None:
    assert decode(_signed()).role == "artist"
    with pytest.raises(Damaged):
        decode(_signed(**WRONG[case]))


def test_nesting_and_length_are_bounded() -> None:
    with pytest.raises(Damaged):
        parse(bytes(64) + b"[" * 60_000)
    with pytest.raises(Damaged):
        parse(bytes(LARGEST + 1))


def test_kinds_that_nobody_knows_yet_are_read() -> None:
    entry = decode(_signed(kind="from the future", more={"x": [1, {"y": None}]}))
    assert (entry.kind, entry.member, entry.time) == ("from the future", MemberId("m"), Time(time(0)))
