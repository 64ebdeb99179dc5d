"""What a relay does with whatever is said to it, hostile or not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pytest

from sync.relay import frames
from sync.relay.challenge import Asked
from sync.relay.frames import Delete, Get, Names, Pass, Prove, Put, Refused, Welcome
from sync.relay.metrics import Metrics
from sync.relay.quotas import Allowance, Limits
from sync.relay.rooms import Rooms
from sync.relay.visit import End, Reply, Step, Visit, Wait, Wish
from tests.sync.relay import corpus
from tests.sync.relay.stage import ROOM, SMALL, pseudonym, seeded


@dataclass
class Table:
    """A relay without a port: visits to it, and what each was sent."""

    limits: Limits = SMALL
    rooms: Rooms = field(default_factory=lambda: Rooms(SMALL.members))
    metrics: Metrics = field(default_factory=Metrics)
    sent: dict[int, list[frames.Frame]] = field(default_factory=dict)

    def visit(self, number: int) -> Visit:
        """Somebody who has just connected."""
        told = self.sent[number] = []
        asked = Asked.fresh(seeded(number), 5.0)
        return Visit(
            *(asked, self.rooms, self.limits, self.metrics, [Allowance.of(self.limits, 0.0)]),
            _recorded(told),
            lambda: None,
        )

    def let_in(self, number: int) -> Visit:
        """Somebody who has answered the challenge."""
        visit = self.visit(number)
        assert visit.receive(frames.encode(proof(visit, number)), 0.0) == []
        assert self.sent[number][0] == Welcome(pseudonym(number).address)
        return visit


def _recorded(told: list[frames.Frame]) -> Callable[[bytes], bool]:
    def send(data: bytes) -> bool:
        told.append(frames.decode(data))
        return True

    return send


def proof(visit: Visit, number: int) -> Prove:
    one = pseudonym(number)
    return Prove(ROOM.name, one.public, one.prove(visit.asked.nonce, ROOM.name, b"card"), b"card")


def ended(steps: list[Step]) -> str:
    """The reason for which a visit ended; the visitor is told the same."""
    reply, end = steps
    assert isinstance(reply, Reply)
    assert isinstance(end, End)
    said = frames.decode(reply.data)
    assert isinstance(said, Refused)
    assert (said.number, said.code) == (0, end.code)
    return end.code


def test_nothing_is_done_for_strangers() -> None:
    table = Table()
    table.let_in(1)
    for frame in corpus.FRAMES:
        if not isinstance(frame, Prove):
            assert ended(table.visit(2).receive(frames.encode(frame), 0.0)) == "no_proof"
    assert len(table.sent[1]) == 1


def test_a_wrong_proof_ends_the_visit() -> None:
    table = Table()
    visit = table.visit(1)
    wrong = replace(proof(visit, 1), public=pseudonym(2).public)
    assert ended(visit.receive(frames.encode(wrong), 0.0)) == "bad_proof"
    other = table.visit(2)
    replayed = proof(visit, 1)
    assert ended(other.receive(frames.encode(replayed), 0.0)) == "bad_proof"
    assert len(table.rooms) == 0


def test_who_says_nothing_is_shown_out() -> None:
    visit = Table().visit(1)
    assert visit.late(4.9) == []
    assert ended(visit.late(5.0)) == "silent"
    late = Table().visit(1)
    assert ended(late.receive(frames.encode(proof(late, 1)), 5.1)) == "bad_proof"


def test_a_full_room_lets_nobody_in() -> None:
    table = Table()
    for number in range(1, SMALL.members + 1):
        table.let_in(number)
    visit = table.visit(9)
    assert ended(visit.receive(frames.encode(proof(visit, 9)), 0.0)) == "room_full"


@pytest.mark.parametrize(("name", "data"), corpus.broken())
def test_bytes_that_are_no_frame_end_the_visit(name: str, data: bytes) -> None:
    table = Table()
    assert ended(table.visit(1).receive(data, 0.0)) == "malformed"
    assert ended(table.let_in(2).receive(data, 0.0)) == "malformed"


@pytest.mark.parametrize(("name", "data"), corpus.unasked())
def test_frames_that_nobody_asked_for_end_the_visit(name: str, data: bytes) -> None:
    code = ended(Table().let_in(1).receive(data, 0.0))
    assert code == ("too_large" if name.startswith("too large") else "unexpected")


@pytest.mark.parametrize("name", corpus.bad_names())
def test_bad_names_are_refused_and_reach_no_mailbox(name: bytes) -> None:
    visit = Table().let_in(1)
    for frame in (Put(1, name, b"x"), Get(2, name), Delete(3, name)):
        [reply] = visit.receive(frames.encode(frame), 0.0)
        assert isinstance(reply, Reply)
        said = frames.decode(reply.data)
        assert isinstance(said, Refused)
        assert (said.number, said.code) == (frame.number, "bad_name")


def test_wishes_go_to_the_mailboxes() -> None:
    visit = Table().let_in(1)
    for frame in (Put(1, b"a/1", b"x"), Get(2, b"a/1"), Delete(3, b"a/1"), Names(4, b"\xff", b"")):
        assert visit.receive(frames.encode(frame), 0.0) == [Wish(frame)]


def test_frames_pass_between_those_in_a_room() -> None:
    table = Table()
    one, _ = table.let_in(1), table.let_in(2)
    assert one.receive(frames.encode(Pass(pseudonym(2).address, b"data")), 0.0) == []
    assert table.sent[2][-1] == Pass(pseudonym(1).address, b"data")
    assert table.metrics.counts["passed_total"] == 1
    one.leave()
    one.leave()
    assert table.sent[2][-1:] == [frames.Left(pseudonym(1).address)]


def test_who_is_too_fast_waits_and_is_heard() -> None:
    table = Table(replace(SMALL, messages=10.0, messages_burst=5))
    visit = table.let_in(1)
    frame = frames.encode(Get(1, b"a"))
    steps = [visit.receive(frame, 0.0) for _ in range(6)]
    assert steps[0] == [Wish(Get(1, b"a"))]
    assert isinstance(steps[-1][0], Wait)
    assert 0.0 < steps[-1][0].seconds < 1.0
    assert table.metrics.throttled > 0


def test_who_puts_too_much_is_refused() -> None:
    visit = Table(replace(SMALL, stored=1.0, stored_burst=100)).let_in(1)
    assert visit.receive(frames.encode(Put(1, b"a", bytes(90))), 0.0) == [Wish(Put(1, b"a", bytes(90)))]
    [reply] = visit.receive(frames.encode(Put(2, b"a", bytes(90))), 0.0)
    assert isinstance(reply, Reply)
    assert b"too_many" in reply.data


def test_no_mutation_of_any_frame_does_harm() -> None:
    endure(3_000)


def endure(count: int) -> None:
    """Whatever comes, the visit goes on or ends with a reason, and others hear nothing but frames and comings."""
    table = Table(Limits())
    watching = table.let_in(1)
    for data in corpus.mutations(count):
        visit = table.let_in(2)
        for step in visit.receive(data, 0.0):
            assert isinstance(step, (Reply, Wish, Wait, End))
        visit.leave()
    allowed = (Welcome, frames.Came, frames.Left, Pass)
    assert all(isinstance(one, allowed) for one in table.sent[1])
    assert watching.receive(frames.encode(Get(1, b"a")), 0.0) == [Wish(Get(1, b"a"))]
