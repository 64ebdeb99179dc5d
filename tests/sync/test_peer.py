"""Whole conversations: who is let in, what nothing new costs, when one is over."""

from __future__ import annotations

import random
import time

from sync.actions import Authenticated, BlobSaid, InSync, Presence, Send
from sync.links.link import Channel
from sync.records import DocumentId
from sync.wire import Entries, Have
from tests.sync.talks import Team, put


def test_both_are_let_in_and_know_each_other() -> None:
    talk = Team(2).talk().begin()
    for end in (0, 1):
        (found,) = talk.of(end, Authenticated)
        assert found.peer == talk.ends[end].peer
        assert found.peer.public == talk.replicas[1 - end].mine_public()
    assert (talk.ends[0].peer and talk.ends[0].peer.name, talk.ends[0].peer and talk.ends[0].peer.role) == (
        "m1",
        "artist",
    )
    assert talk.of(0, InSync)
    assert talk.of(1, InSync)


def test_nothing_new_costs_little() -> None:
    team = Team(50)
    for k, one in enumerate(team.replicas):
        put(one, f"k{k}", DocumentId(f"asset/a{k}"))
    everything = [data for one in team.replicas for name in one.mine() for data in one.bundles(name, 1, 9)]
    for one in team.replicas[:2]:
        one.take(everything, ())
        assert len(one.have()) == 50
    talk = team.talk()
    began = time.process_time()
    talk.begin()
    spent = time.process_time() - began
    talk.tick(1.5)
    assert talk.of(0, InSync)
    assert not any(isinstance(one, Have | Entries) for _, one in talk.said)
    assert max(talk.bytes) <= 2048
    assert spent < 1.0  # the benchmark says how little; this only notices a loop


def test_a_silent_peer_is_noticed_within_four_seconds() -> None:
    dead: list[bool] = []
    talk = Team(2).talk(alter=lambda end, _channel, data: None if end == 1 and dead else data).begin()
    talk.tick(10)
    assert talk.dropped(0) is None
    dead.append(True)
    began = talk.now
    while talk.dropped(0) is None:
        talk.tick(0.1)
    assert talk.now - began <= 4.1
    found = talk.dropped(0)
    assert found is not None
    assert found.code == "silent"


def test_lost_heartbeats_do_not_end_a_link_that_works() -> None:
    draw = random.Random(5)
    lossy = Team(2).talk(
        alter=lambda _end, channel, data: (
            None if channel is Channel.PRESENCE and draw.random() < 0.2 else data
        )
    )
    lossy.begin().tick(600)
    assert lossy.dropped(0) is None
    assert lossy.dropped(1) is None


def test_a_link_that_is_doubted_is_given_up_within_a_second_unless_it_answers() -> None:
    dead: list[bool] = []
    talk = Team(2).talk(alter=lambda _end, _channel, data: None if dead else data).begin()
    talk.tick(10)
    talk.act(0, talk.ends[0].doubt(talk.now))
    talk.pump()
    talk.tick(3)
    assert talk.dropped(0) is None
    dead.append(True)
    talk.act(0, talk.ends[0].doubt(talk.now))
    talk.tick(1.1)
    found = talk.dropped(0)
    assert found is not None
    assert found.code == "silent"


def test_presence_and_blobs_are_passed_on() -> None:
    talk = Team(2).talk().begin()
    talk.act(0, talk.ends[0].present(b"here", talk.now))
    talk.act(0, talk.ends[0].present(b"p" * 5000, talk.now))
    talk.act(1, talk.ends[1].ask(b"have you?", talk.now))
    talk.pump()
    talk.receive(1, b"raw", Channel.BULK)
    assert talk.of(1, Presence) == [Presence(b"here"), Presence(b"p" * 5000, preview=True)]
    assert talk.of(0, BlobSaid) == [BlobSaid(b"have you?")]
    assert talk.of(1, BlobSaid) == [BlobSaid(b"raw")]


def test_bytes_of_blobs_do_not_stand_before_edits() -> None:
    talk = Team(2).talk().begin()
    said = [talk.ends[0].ask(bytes(size), talk.now)[-1] for size in (100, 40_000)]
    assert [one.channel for one in said if isinstance(one, Send)] == [Channel.SYNC, Channel.BULK]


def test_the_way_there_and_back_is_timed() -> None:
    talk = Team(2).talk().begin()
    talk.tick(3)
    assert talk.ends[0].rtt == 0.0


def test_after_the_end_nothing_more_is_said() -> None:
    talk = Team(2).talk().begin()
    talk.act(0, talk.ends[0].close("leaving", talk.now))
    talk.pump()
    assert [one and (one.code, one.theirs) for one in (talk.dropped(0), talk.dropped(1))] == [
        ("leaving", False),
        ("leaving", True),
    ]
    assert talk.ends[0].tick(talk.now + 100) == talk.ends[0].stored(talk.now) == []
    assert talk.ends[0].next == float("inf")
