"""Intruders: every way into a project that is none, with the reason that it has to be refused for.

Tests go through them one by one, and the benchmark counts them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, Final

from sync import wire
from sync.links.link import Channel
from sync.membership import statements
from sync.records import Time
from sync.tickets import Ticket
from tests.sync.replicas import MemoryReplica
from tests.sync.talks import NOW, Alter, Talk, Team, straight

EXPIRES = Time("2026-02-01T12:00:00.000Z")


def altered(kind: type[Any], act: Callable[[Any], Any], end: int = 0) -> Alter:
    """Change what one end says of a kind."""

    def alter(sender: int, _channel: Channel, data: bytes) -> bytes | None:
        message = wire.decode(data)
        if sender != end or not isinstance(message, kind):
            return data
        made = act(message)
        return made if made is None or isinstance(made, bytes) else wire.encode(made)

    return alter


def flipped(data: bytes) -> bytes:
    return bytes([data[0] ^ 1]) + data[1:]


HELLO, PROOF = wire.Hello, wire.Proof
ALTERED: dict[str, tuple[Alter, str]] = {
    "no greeting first": (altered(HELLO, lambda _: wire.Ready()), "not_hello_first"),
    "a greeting of another program": (altered(HELLO, lambda _: b"GET / HTTP/1.1\r\n\r\n"), "not_hello_first"),
    "a newer version alone": (altered(HELLO, lambda one: replace(one, lowest=2, highest=9)), "version"),
    "an older version alone": (altered(HELLO, lambda one: replace(one, lowest=0, highest=0)), "version"),
    "a newer greeting with more in it": (
        altered(HELLO, lambda one: wire.encode(replace(one, lowest=2, highest=3)) + b"more"),
        "version",
    ),
    "a greeting that cannot be read": (altered(HELLO, lambda one: wire.encode(one)[:40]), "malformed"),
    "a greeting of 600 bytes": (altered(HELLO, lambda one: wire.encode(one) + bytes(600)), "too_large"),
    "features altered on the way": (
        altered(HELLO, lambda one: replace(one, features=one.features ^ 1)),
        "downgraded",
    ),
    "versions altered on the way": (altered(HELLO, lambda one: replace(one, highest=2)), "downgraded"),
    "another nonce": (altered(HELLO, lambda one: replace(one, nonce=bytes(32))), "downgraded"),
    "another key": (altered(HELLO, lambda one: replace(one, public=bytes(32))), "downgraded"),
    "wants what nobody knows": (altered(HELLO, lambda one: replace(one, wants=9)), "malformed"),
    "an old proof": (altered(PROOF, lambda one: replace(one, echo=bytes(32))), "replayed"),
    "a proof for another link": (altered(PROOF, lambda one: replace(one, binding=bytes(32))), "bad_binding"),
    "a proof of other words": (altered(PROOF, lambda one: replace(one, transcript=bytes(32))), "downgraded"),
    "a wrong signature": (
        altered(PROOF, lambda one: replace(one, signature=flipped(one.signature))),
        "bad_signature",
    ),
    "another project's tag": (altered(PROOF, lambda one: replace(one, tag=bytes(32))), "bad_signature"),
    "other entries in the proof": (
        altered(PROOF, lambda one: replace(one, entries=bytes(32))),
        "bad_signature",
    ),
    "a ticket slipped in": (
        altered(PROOF, lambda one: replace(one, ticket=bytes(32), ticket_signature=bytes(64))),
        "bad_signature",
    ),
    "a proof that cannot be read": (altered(PROOF, lambda one: wire.encode(one)[:90]), "malformed"),
    "let in before it proved": (altered(PROOF, lambda _: wire.Ready()), "unexpected"),
    "words before the proof": (altered(PROOF, lambda _: wire.Want(1, ())), "unexpected"),
    "a second greeting": (
        altered(PROOF, lambda _: wire.Hello(1, 1, bytes(32), bytes(32), 0, 0, "")),
        "second_hello",
    ),
    "5 kB before the proof": (altered(PROOF, lambda _: wire.encode(wire.Blob(bytes(5000)))), "too_large"),
    "bundles before it was let in": (
        altered(wire.Ready, lambda _: wire.Bundles(0, True, ())),
        "unexpected",
    ),
    "a proof twice": (
        altered(wire.Ready, lambda _: wire.encode(PROOF(*(bytes(32),) * 5, b"", b"", bytes(64)))),
        "unexpected",
    ),
}


def _altered(name: str) -> Talk:
    return Team(2).talk(alter=ALTERED[name][0]).begin()


def _answer_altered(kind: type[Any]) -> Talk:
    return Team(2).talk(alter=altered(kind, lambda _: wire.Ready(), end=1)).begin()


def _between() -> Talk:
    return Team(2).talk(bindings=(bytes(32), bytes([1]) * 32)).begin()


def _echo() -> Talk:
    team = Team(1)
    return Talk((team.owner, team.owner.device), (team.owner, team.owner.device)).begin()


def _recorded() -> Talk:
    team = Team(2)
    tape: list[bytes] = []

    def record(end: int, _channel: Channel, data: bytes) -> bytes:
        if end == 0:
            tape.append(data)
        return data

    team.talk(alter=record).begin()
    again = team.talk(seed=2, alter=lambda end, _channel, data: None if end == 0 else data)
    for data in tape[:2]:
        again.receive(1, data)
    return again


def _another_device() -> Talk:
    team = Team(3)
    return team.talk(0, 1, expected=team.replicas[2].device.public).begin()


def _another_project() -> Talk:
    one, two = Team(2), Team(2, seed=2)
    left, right = one.replicas[1], two.replicas[0]
    talk = Talk((left, left.device), (right, right.device)).begin()
    assert right.entries().keys().isdisjoint(left.entries().keys())
    return talk


def _nobody_admitted() -> Talk:
    team = Team(1)
    device = Team.device(9)
    stranger = MemoryReplica(device, team.draw.randbytes, lambda: NOW, team.owner.project)
    stranger.take((), list(team.owner.entries().values()))
    return Talk((stranger, device), (team.owner, team.owner.device)).begin()


def _removed() -> Talk:
    team = Team(3)
    assert team.owner.members is not None
    public = team.replicas[2].device.public
    entry = statements.remove_device(
        team.owner.device, team.owner.members, public, {}, NOW, team.draw.randbytes
    )
    team.owner.take((), [entry.data])
    return team.talk(2, 0).begin()


def _silent() -> Talk:
    talk = Team(2).talk(alter=lambda end, _channel, data: None if end == 1 else data).begin()
    talk.tick(5.1)
    return talk


def _declined(reason: str) -> Talk:
    team = Team(1)
    device = Team.device(9)
    stranger = MemoryReplica(device, team.draw.randbytes, lambda: NOW)
    talk = Talk((stranger, device), (team.owner, team.owner.device), knock="Ada").begin()
    talk.act(1, talk.ends[1].close(reason, talk.now))
    talk.pump()
    return talk


def _ticket(case: str) -> Talk:
    """A newcomer whose ticket lets nobody in."""
    team = Team(1)
    owner, draw = team.owner, team.draw.randbytes
    assert owner.project is not None
    assert owner.members is not None
    expires = Time("2026-01-30T12:00:00.000Z") if case == "expired_ticket" else EXPIRES
    ticket = Ticket.fresh(owner.project, "artist", expires, draw)
    key = ticket.key().public
    if case != "unknown_ticket":
        owner.add_entry(
            statements.invite(owner.device, owner.members, key, "artist", 1, expires, None, NOW, draw)
        )
    if case == "revoked_ticket":
        owner.add_entry(statements.revoke_invite(owner.device, owner.members, key, NOW, draw))
    if case == "used_ticket":
        used = Team.device(8)
        owner.add_entry(statements.join(ticket.key(), used, bytes(32), owner.members, "first", NOW, draw))
    project = Team(1, seed=5).owner.project if case == "wrong_project" else owner.project
    assert project is not None
    device = Team.device(9)
    newcomer = MemoryReplica(device, draw, lambda: NOW, project)
    alter = straight if case != "downgraded" else altered(HELLO, lambda one: replace(one, wants=wire.MEMBER))
    given = replace(ticket, project=project)
    talk = Talk((newcomer, device), (owner, owner.device), ticket=given, alter=alter).begin()
    assert newcomer.entries() == {}
    return talk


CASES: Final[Mapping[str, tuple[Callable[[], Talk], str]]] = {
    **{name: (partial(_altered, name), code) for name, (_, code) in ALTERED.items()},
    "an answer that is no greeting": (partial(_answer_altered, HELLO), "not_hello_first"),
    "an answer that is no proof": (partial(_answer_altered, PROOF), "unexpected"),
    "somebody between the two": (_between, "bad_binding"),
    "an echo of this device": (_echo, "reflected"),
    "a recorded handshake": (_recorded, "replayed"),
    "another device than the one called": (_another_device, "wrong_key"),
    "another project": (_another_project, "wrong_project"),
    "a device that nobody admitted": (_nobody_admitted, "unknown_device"),
    "a device that was removed": (_removed, "removed_device"),
    "a ticket that nobody gave out": (partial(_ticket, "unknown_ticket"), "unknown_ticket"),
    "a ticket that was called off": (partial(_ticket, "revoked_ticket"), "revoked_ticket"),
    "a ticket that has expired": (partial(_ticket, "expired_ticket"), "expired_ticket"),
    "a ticket that was used": (partial(_ticket, "used_ticket"), "used_ticket"),
    "a ticket of another project": (partial(_ticket, "wrong_project"), "wrong_project"),
    "a ticket whose greeting was altered": (partial(_ticket, "downgraded"), "downgraded"),
    "somebody who says nothing": (_silent, "too_slow"),
    "a stranger whom an owner declines": (partial(_declined, "declined"), "declined"),
    "a stranger where strangers are not heard": (partial(_declined, "knocks_closed"), "knocks_closed"),
    "a stranger where too many wait": (partial(_declined, "crowded"), "crowded"),
    "a device that is suspended": (partial(_declined, "suspended"), "suspended"),
}


def codes(talk: Talk) -> tuple[str | None, str | None]:
    """Why both ends gave up, with a star where the other said so."""
    found = [talk.dropped(end) for end in (0, 1)]
    one, two = (None if one is None else one.code + "*" * one.theirs for one in found)
    return one, two


def refused(name: str) -> str | None:
    """The reason that a case was refused for by whoever was to let it in or to call, None where it got in."""
    talk = CASES[name][0]()
    if all(end.peer is not None for end in talk.ends):
        return None
    found = [talk.dropped(end) for end in (1, 0)]
    own = [one.code for one in found if one is not None and not one.theirs]
    return CASES[name][1] if CASES[name][1] in own else next(iter(own), None)
