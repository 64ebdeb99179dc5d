"""How both come to hold the same: pushed, told, asked for, found missing, found to contradict itself."""

from __future__ import annotations

from sync.actions import InSync, Take
from sync.links.link import Channel
from sync.records import DocumentId
from sync.wire import Bundles, Have, Want
from tests.sync.talks import Team, put


def test_what_either_has_comes_to_both() -> None:
    team = Team(2)
    for k in range(30):
        put(team.replicas[k % 2], f"k{k}", DocumentId(f"asset/a{k % 3}"))
    talk = team.talk().begin()
    talk.tick(3)
    assert team.replicas[0].contents() == team.replicas[1].contents()
    assert sum(len(found) for found in team.replicas[0].contents().values()) == 30
    assert team.replicas[0].heads() == team.replicas[1].heads()
    assert talk.of(0, InSync)[-1].heads == team.replicas[0].heads()


def test_an_edit_is_pushed_at_once_and_told_of_a_moment_later() -> None:
    team = Team(3)
    near, far = team.talk(0, 1).begin(), team.talk(1, 2).begin()
    put(team.replicas[0], "k")
    near.tick(0.1)
    before = near.now
    near.stored(0)
    near.pump()
    assert (near.now, near.of(1, Take)[-1].entries) == (before, ())
    assert team.replicas[1].have() == team.replicas[0].have()
    far.tick(0.1)
    far.stored(0)
    far.pump()
    assert not any(isinstance(one, Bundles) for end, one in far.said if end == 0)
    far.tick(0.3)
    assert [type(one) for end, one in far.said if isinstance(one, Have | Want | Bundles)] == [
        Have,
        Want,
        Bundles,
    ]
    assert team.replicas[2].have() == team.replicas[0].have()


def test_edits_in_quick_succession_go_out_together() -> None:
    team = Team(2)
    talk = team.talk().begin()
    talk.tick(0.1)
    for k in range(50):
        put(team.replicas[0], f"k{k}")
        talk.stored(0)
    talk.pump()
    talk.tick(0.1)
    pushed = [one for _, one in talk.said if isinstance(one, Bundles)]
    assert [len(one.bundles) for one in pushed] == [1, 49]


def test_many_bundles_come_in_answers_of_a_bounded_size() -> None:
    team = Team(2)
    for k in range(300):
        put(team.replicas[0], f"k{k}" + "x" * 200, DocumentId(f"asset/a{k % 7}"))
    talk = team.talk().begin()
    talk.tick(2)
    assert team.replicas[0].contents() == team.replicas[1].contents()
    assert not [one for _, one in talk.said if isinstance(one, Bundles) and not one.answer]


def test_a_lost_push_is_found_by_comparing() -> None:
    team = Team(2)
    lost: list[bytes] = []

    def lose(end: int, _channel: Channel, data: bytes) -> bytes | None:
        if end == 0 and data[0] == 13 and not lost:
            lost.append(data)
            return None
        return data

    talk = team.talk(alter=lose).begin()
    put(team.replicas[0], "k")
    talk.stored(0)
    talk.tick(0.5)
    assert lost
    assert team.replicas[1].have() == {}
    talk.tick(2)
    assert team.replicas[1].contents() == team.replicas[0].contents()


def test_evidence_against_a_log_reaches_whoever_believes_it() -> None:
    team = Team(3)
    liar = team.replicas[2]
    put(liar, "first")
    backup, intros = liar.shelves.copy(), dict(liar._intros)
    put(liar, "one way")
    put(liar, "and further")
    team.talk(0, 2).begin().tick(2)
    liar.shelves = backup
    liar._intros = intros
    put(liar, "or another")
    team.talk(1, 2).begin().tick(2)
    assert team.replicas[0].contents() != team.replicas[1].contents()
    talk = team.talk(0, 1).begin()
    talk.tick(5)
    assert team.replicas[0].have() == team.replicas[1].have()
    assert team.replicas[0].contents() == team.replicas[1].contents()
    assert team.replicas[0].evidence().keys() == team.replicas[1].evidence().keys()
