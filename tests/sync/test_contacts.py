"""The answer to "why am I not in sync with X", for everything that can be the matter."""

from __future__ import annotations

from dataclasses import replace

from sync import contacts
from sync.actions import Peer
from sync.contacts import Contact, Knowledge, Tried
from sync.delays import Delays, Reason
from sync.dialling import Route
from sync.membership import Members
from sync.membership.members import Removal
from sync.networks import Step
from sync.presence import Doing, Present, Seen
from sync.records import DeviceId, MemberId, ProjectId, Time
from sync.refusals import REFUSALS, said

OWN, BEN = DeviceId("a" * 64), DeviceId("b" * 64)
PUBLIC = b"b" * 32
PEER = Peer(PUBLIC, MemberId("m"), "Ben", "artist", 0)
MEMBERS = Members(ProjectId("c" * 64), {}, {}, ())
NOTHING = Knowledge(
    own=OWN, members=MEMBERS, contacts={}, tries={}, strangers=(), heads="h1", steps=(), now=0.0
)


def codes(known: Knowledge, device: DeviceId = BEN) -> list[str]:
    found = contacts.why(device, PUBLIC, known)
    assert all(one.sentence for one in found)
    return [one.code for one in found]


def test_oneself() -> None:
    assert codes(NOTHING, OWN) == ["self"]


def test_one_who_was_never_found() -> None:
    assert codes(NOTHING) == ["not_found"]
    blocked = (Step("network interface", False, "none", "connect it"), Step("port", True, "open"))
    assert codes(replace(NOTHING, steps=blocked)) == ["not_found", "blocked"]


def test_one_who_is_reached_through_others() -> None:
    cleo = Contact(replace(PEER, name="Cleo"), Route.LAN, heads="h1")
    found = contacts.why(BEN, PUBLIC, replace(NOTHING, contacts={DeviceId("c" * 64): cleo}))
    assert [one.code for one in found] == ["not_found", "through_others"]
    assert "Cleo" in found[1].sentence


def test_what_a_try_says_is_not_said_again_by_its_step() -> None:
    tried = Tried(Route.LAN, ("10.0.0.2:1",), 1.0, "no_answer", "10.0.0.2:1 did not answer", "look")
    step = Step("asking others", False, "10.0.0.2:1 did not answer", "look")
    assert codes(replace(NOTHING, tries={BEN: tried}, steps=(step,))) == ["no_answer"]


def test_one_who_is_linked() -> None:
    linked = Contact(PEER, Route.LAN, heads="h1")
    assert codes(replace(NOTHING, contacts={BEN: linked})) == ["in_sync"]
    assert codes(replace(NOTHING, contacts={BEN: linked}, heads="h2")) == ["catching_up"]
    waiting = Delays(waiting=(Reason("waits_for_others", "3 bundles wait", "wait"),))
    assert codes(replace(NOTHING, contacts={BEN: linked}, delays=waiting)) == ["waits_for_others"]
    fetching = replace(NOTHING, contacts={BEN: linked}, heads="h2", delays=Delays(fetching=7))
    assert "7 bundles are still" in contacts.why(BEN, PUBLIC, fetching)[0].sentence
    behind = Delays(obstacles=(Reason("viewer", "it may only look", "ask"),))
    assert codes(replace(NOTHING, contacts={BEN: linked}, delays=behind)) == ["in_sync", "viewer"]
    assert codes(replace(NOTHING, delays=behind)) == ["not_found", "viewer"]


def test_one_who_was_linked_once() -> None:
    def gone(**more: object) -> Knowledge:
        return replace(NOTHING, contacts={BEN: Contact(PEER, **more)})  # type: ignore[arg-type]

    assert codes(gone()) == ["lost"]
    assert codes(gone(reason=REFUSALS["silent"])) == ["lost"]
    assert codes(gone(reason=said("leaving"))) == ["left"]
    assert codes(gone(reason=REFUSALS["too_many"])) == ["too_many"]
    tried = Tried(Route.LAN, ("10.0.0.2:1",), 1.0, "no_link", "it does not answer", "look")
    assert codes(replace(gone(), tries={BEN: tried})) == ["no_link"]


def test_one_who_was_found_and_refused_or_removed() -> None:
    tried = Tried(Route.LAN, ("10.0.0.2:1",), 1.0, "unknown_device", "it is no member", "admit it")
    assert codes(replace(NOTHING, strangers=(tried,))) == ["unknown_device"]
    gone = Removal(PUBLIC, MemberId("m"), "artist", {}, PUBLIC, Time("2026-01-31T12:00:00.000Z"))
    removed = replace(MEMBERS, removed={PUBLIC: gone})
    assert codes(replace(NOTHING, members=removed, strangers=(tried,))) == ["removed_device"]


def test_how_a_peer_is_shown() -> None:
    contact = Contact(PEER, Route.RELAY, rtt=0.0123, heads="h1")
    doing = Doing("j", "a", "rendering", 1, 2)
    seen = Seen(Present(doing=doing, worker=True, region="eu", editing=("LAMP", ("seed",))), 0.0)
    shown = contacts.state(BEN, contact, seen, "h1")
    assert (shown.link, shown.rtt_ms, shown.state, shown.synced) == ("relay", 12.3, "rendering", True)
    assert shown.doing == {"job": "j", "asset": "a", "stage": "rendering", "step": 1, "steps": 2}
    assert shown.editing == {"asset": "LAMP", "fields": ["seed"]}
    away = contacts.state(BEN, replace(contact, route=None), None, "h1")
    assert (away.link, away.rtt_ms, away.state, away.synced, away.doing) == (None, None, "away", False, None)
