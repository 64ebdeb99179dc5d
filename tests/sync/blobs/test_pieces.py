"""Which part is asked of whom: every byte once and in order, whatever the sources do."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from sync.blobs.pieces import MOST_OWNERS, Piece, Plan

OWNERS = (b"ann", b"ben", b"cyd")


def content(start: int, stop: int) -> bytes:
    return bytes(at % 251 for at in range(start, stop))


def never(piece: Piece) -> bool:
    return False


def always(piece: Piece) -> bool:
    return True


def handed_on(plan: Plan) -> bytes:
    return b"".join(data for _, data in plan.ready())


class Story:
    """A transfer in which anything happens, with what must hold at every step."""

    def __init__(self, size: int, done: int, window: int) -> None:
        self.plan = Plan(size, done, window)
        self.got = bytearray()
        self.flying: list[Piece] = []

    def ask(self, owner: bytes, length: int, *, impatient: bool) -> None:
        plan = self.plan
        piece = plan.next(owner, length, 0.0, always if impatient else never)
        if piece is not None:
            assert plan.done <= piece.start < piece.stop <= min(plan.size, plan.done + plan.window)
            assert piece.stop - piece.start <= length
            self.flying.append(piece)

    def land(self, piece: Piece, stop: int, *, cut: bool) -> None:
        self.plan.landed(piece, content(piece.at, stop))
        if cut or piece.at == piece.stop:
            self.plan.over(piece)
            self.flying.remove(piece)

    def write(self) -> None:
        self.got += handed_on(self.plan)

    def check(self) -> None:
        asked = [0] * self.plan.size
        for piece in self.flying:
            for at in range(max(piece.at, self.plan.done), piece.stop):
                asked[at] += 1
        assert max(asked, default=0) <= MOST_OWNERS

    def end(self) -> None:
        """From here on everything comes from one source."""
        for piece in list(self.flying):
            self.land(piece, piece.at, cut=True)
        self.write()
        while not self.plan.complete:
            self.ask(b"dee", 50, impatient=False)
            [piece] = self.flying
            self.land(piece, piece.stop, cut=False)
            self.write()


@settings(max_examples=150)
@given(data=st.data(), size=st.integers(0, 200), done=st.integers(0, 200), window=st.integers(1, 80))
def test_all_bytes_come_in_order_whatever_happens(
    data: st.DataObject, size: int, done: int, window: int
) -> None:
    done = min(done, size)
    story = Story(size, done, window)
    for _ in range(data.draw(st.integers(0, 60))):
        what = data.draw(st.sampled_from(("ask", "land", "write")))
        if what == "ask":
            owner, length = data.draw(st.sampled_from(OWNERS)), data.draw(st.integers(1, 60))
            story.ask(owner, length, impatient=data.draw(st.booleans()))
        elif what == "write":
            story.write()
        elif story.flying:
            piece = data.draw(st.sampled_from(story.flying))
            story.land(piece, data.draw(st.integers(piece.at, piece.stop)), cut=data.draw(st.booleans()))
        story.check()
    story.end()
    assert story.got == content(done, size)
    assert not story.plan.busy
    assert story.plan.next(b"dee", 50, 0.0, always) is None


def test_parts_do_not_overlap_while_nobody_is_impatient() -> None:
    plan = Plan(100)
    pieces = [plan.next(owner, 30, 0.0, never) for owner in (*OWNERS, *OWNERS)]
    found = [(one.start, one.stop) for one in pieces if one is not None]
    assert found == [(0, 30), (30, 60), (60, 90), (90, 100)]


def test_what_a_slow_source_was_asked_for_comes_from_another() -> None:
    plan = Plan(40)
    slow = plan.next(b"ann", 40, 0.0, never)
    assert slow is not None
    plan.landed(slow, content(0, 10))
    assert plan.next(b"ann", 40, 1.0, always) is None, "a source does not compete with itself"
    fast = plan.next(b"ben", 100, 1.0, always)
    assert fast is not None
    assert (fast.start, fast.stop) == (10, 40)
    assert plan.next(b"cyd", 100, 1.0, always) is None, "two are enough"
    plan.landed(fast, content(10, 40))
    plan.over(fast)
    assert [(owner, len(data)) for owner, data in plan.ready()] == [(b"ann", 10), (b"ben", 30)]
    plan.landed(slow, content(10, 40))
    plan.over(slow)
    assert plan.complete
    assert not plan.pieces, "what came late is not kept"


def test_a_source_cannot_give_more_than_it_was_asked_for() -> None:
    plan = Plan(10)
    piece = plan.next(b"ann", 4, 0.0, never)
    assert piece is not None
    try:
        plan.landed(piece, bytes(5))
    except ValueError:
        assert not piece.data
    else:
        raise AssertionError("more bytes were taken")


def test_who_runs_ahead_waits_at_the_window() -> None:
    plan = Plan(100, window=30)
    first = plan.next(b"ann", 10, 0.0, never)
    assert first is not None
    for _ in range(2):
        ahead = plan.next(b"ben", 10, 0.0, never)
        assert ahead is not None
        plan.landed(ahead, bytes(10))
        plan.over(ahead)
    assert plan.next(b"ben", 10, 0.0, never) is None
    assert handed_on(plan) == b""
    plan.landed(first, bytes(10))
    plan.over(first)
    assert handed_on(plan) == bytes(30)
    assert plan.next(b"ben", 10, 0.0, never) is not None
