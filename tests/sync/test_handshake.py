"""Every way in that is none, each refused with its reason."""

from __future__ import annotations

import pytest

from sync import wire
from sync.links.link import Channel
from tests.sync.intruders import CASES, codes, refused
from tests.sync.talks import Team


@pytest.mark.parametrize("name", CASES)
def test_every_way_in_that_is_none_is_refused_with_its_reason(name: str) -> None:
    assert refused(name) == CASES[name][1]


def test_who_says_nothing_at_all_is_let_go_by_both() -> None:
    idle = Team(2).talk(alter=lambda _end, _channel, _data: None)
    idle.tick(5.1)
    assert codes(idle) == ("too_slow", "too_slow")


def test_what_two_devices_hold_is_said_to_those_who_know_the_project_alone() -> None:
    team = Team(2)
    heard: list[bytes] = []

    def listen(_end: int, _channel: Channel, data: bytes) -> bytes:
        message = wire.decode(data)
        if isinstance(message, wire.Proof):
            heard.append(message.entries)
        return data

    for seed in (1, 2):
        team.talk(seed=seed, alter=listen).begin()
    assert heard[0] == heard[1], "both hold the same"
    assert heard[0] != heard[2], "which nobody sees who listens twice"


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
