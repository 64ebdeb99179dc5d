"""Equal changes of which two devices make different things."""

from __future__ import annotations

from sync.actions import Diverged
from sync.records import DocumentId
from sync.wire import Check
from tests.sync.talks import Team, put


def test_equal_changes_with_other_contents_are_found_and_mended() -> None:
    team = Team(2)
    for k in range(10):
        put(team.replicas[0], f"k{k}", DocumentId(f"asset/a{k}"))
    talk = team.talk().begin()
    talk.tick(3)
    place = DocumentId("asset/a4")
    team.replicas[1].shelves.facts_of[place][("renamed", "k4")] = "something else"
    talk.tick(80)
    assert {one.documents for one in talk.of(1, Diverged)} == {(place,)}
    assert team.replicas[1].shelves.facts_of[place] == team.replicas[1].contents()[place]
    found = len(talk.of(1, Diverged))
    talk.tick(3000)
    assert len(talk.of(1, Diverged)) == found
    assert any(isinstance(one, Check) for _, one in talk.said)
