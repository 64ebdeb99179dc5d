"""Every way in that is none, each refused with its reason."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from sync import wire
from sync.links.link import Channel
from sync.membership import statements
from sync.records import Time
from sync.tickets import Ticket
from tests.sync.replicas import MemoryReplica
from tests.sync.talks import NOW, Alter, Talk, Team, straight

EXPIRES = Time("2026-02-01T12:00:00.000Z")


def codes(talk: Talk) -> tuple[str | None, str | None]:
    """Why both ends gave up, with a star where the other said so."""
    found = [talk.dropped(end) for end in (0, 1)]
    one, two = (None if one is None else one.code + "*" * one.theirs for one in found)
    return one, two


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


@pytest.mark.parametrize("name", ALTERED)
def test_what_is_altered_on_the_way_is_refused(name: str) -> None:
    alter, code = ALTERED[name]
    talk = Team(2).talk(alter=alter).begin()
    assert code in codes(talk)
    assert talk.ends[1].peer is None


def test_each_side_alters_alike() -> None:
    for kind, code in ((HELLO, "not_hello_first"), (PROOF, "unexpected")):
        talk = Team(2).talk(alter=altered(kind, lambda _: wire.Ready(), end=1)).begin()
        assert codes(talk)[0] == code


def test_a_link_with_somebody_between_is_refused() -> None:
    talk = Team(2).talk(bindings=(bytes(32), bytes([1]) * 32)).begin()
    assert "bad_binding" in codes(talk)


def test_an_echo_is_refused() -> None:
    team = Team(1)
    talk = Talk((team.owner, team.owner.device), (team.owner, team.owner.device)).begin()
    assert "reflected" in codes(talk)


def test_a_recorded_handshake_is_worth_nothing() -> None:
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
    assert codes(again)[1] == "replayed"


def test_another_device_than_the_one_that_was_called_is_refused() -> None:
    team = Team(3)
    talk = team.talk(0, 1, expected=team.replicas[2].device.public).begin()
    assert codes(talk)[0] == "wrong_key"


def test_another_project_is_refused() -> None:
    one, two = Team(2), Team(2, seed=2)
    left, right = one.replicas[1], two.replicas[0]
    talk = Talk((left, left.device), (right, right.device)).begin()
    assert "wrong_project" in codes(talk)
    assert right.entries().keys().isdisjoint(left.entries().keys())


def test_a_device_that_nobody_admitted_is_refused() -> None:
    team = Team(1)
    device = Team.device(9)
    stranger = MemoryReplica(device, team.draw.randbytes, lambda: NOW, team.owner.project)
    stranger.take((), list(team.owner.entries().values()))
    talk = Talk((stranger, device), (team.owner, team.owner.device)).begin()
    assert codes(talk) == ("unknown_device*", "unknown_device")


@pytest.mark.parametrize(
    "case",
    ["unknown_ticket", "revoked_ticket", "expired_ticket", "used_ticket", "bad_ticket", "wrong_project"],
)
def test_tickets_that_let_nobody_in(case: str) -> None:
    team = Team(1)
    owner = team.owner
    assert owner.project is not None
    assert owner.members is not None
    expires = Time("2026-01-30T12:00:00.000Z") if case == "expired_ticket" else EXPIRES
    ticket = Ticket.fresh(owner.project, "artist", expires, team.draw.randbytes)
    key = ticket.key().public
    if case != "unknown_ticket":
        owner.add_entry(
            statements.invite(
                owner.device, owner.members, key, "artist", 1, expires, None, NOW, team.draw.randbytes
            )
        )
    if case == "revoked_ticket":
        owner.add_entry(statements.revoke_invite(owner.device, owner.members, key, NOW, team.draw.randbytes))
    if case == "used_ticket":
        used = Team.device(8)
        owner.add_entry(
            statements.join(ticket.key(), used, bytes(32), owner.members, "first", NOW, team.draw.randbytes)
        )
    project = Team(1, seed=5).owner.project if case == "wrong_project" else owner.project
    assert project is not None
    device = Team.device(9)
    newcomer = MemoryReplica(device, team.draw.randbytes, lambda: NOW, project)
    alter = altered(HELLO, lambda one: replace(one, wants=wire.MEMBER)) if case == "bad_ticket" else straight
    given = replace(ticket, project=project)
    talk = Talk(
        (newcomer, device),
        (owner, owner.device),
        ticket=given,
        alter=alter,
    ).begin()
    expected = {"bad_ticket": "downgraded"}.get(case, case)
    assert expected in codes(talk)
    assert newcomer.entries() == {}


def test_who_says_nothing_is_let_go_after_five_seconds() -> None:
    talk = Team(2).talk(alter=lambda end, _channel, data: None if end == 1 else data).begin()
    talk.tick(5.1)
    assert codes(talk) == ("too_slow", "too_slow")
    idle = Team(2).talk(alter=lambda _end, _channel, _data: None)
    idle.tick(5.1)
    assert codes(idle) == ("too_slow", "too_slow")


def test_a_knock_can_be_declined() -> None:
    team = Team(1)
    device = Team.device(9)
    stranger = MemoryReplica(device, team.draw.randbytes, lambda: NOW)
    talk = Talk((stranger, device), (team.owner, team.owner.device), knock="Ada").begin()
    talk.act(1, talk.ends[1].close("declined", talk.now))
    talk.pump()
    assert codes(talk) == ("declined*", "declined")


@pytest.mark.parametrize(
    ("messages", "code"),
    [
        ([wire.Bundles(7, True, ())], "not_asked"),
        ([wire.Bundles(0, True, (b"\x02" + bytes(90),) * 201)], "too_many"),
        ([wire.Bundles(0, True, (b"\x02" + bytes(64) + bytes(16) + b"\xff\x7f" + bytes(40),))], "too_far"),
        ([wire.Bundles(0, True, (b"no bundle" * 20,))], "malformed"),
        ([wire.Bundles(0, True, (b"\x02" + bytes(64) + bytes(16) + b"\x01" + bytes(40),))], "bad_bundle"),
        ([wire.Entries(True, (b"no entry",))], "bad_entry"),
        ([wire.Hello(1, 1, bytes(32), bytes(32), 0, 0, "")], "second_hello"),
        ([wire.Ready()], "unexpected"),
        ([wire.Ping(1)], "malformed"),
        ([wire.Have(False, ())] * 1100, "too_many"),
        ([wire.Check(99, bytes(32), bytes(32), bytes(32))], "malformed"),
        ([wire.Close("a reason of tomorrow")], "a reason of tomorrow*"),
    ],
)
def test_members_that_misbehave_are_let_go(messages: list[wire.Message], code: str) -> None:
    talk = Team(2).talk().begin()
    for one in messages:
        talk.receive(1, wire.encode(one))
    assert codes(talk)[1] == code


def test_members_that_show_off_are_let_go() -> None:
    talk = Team(2).talk().begin()
    for k in range(25):
        talk.receive(1, wire.encode(wire.Present(bytes([k]))), Channel.PRESENCE)
    assert codes(talk) == ("too_many*", "too_many")
