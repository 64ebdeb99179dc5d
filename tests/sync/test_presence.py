"""Who is here: words that are read back, limits that hold, and nothing that outlives its peer."""

from __future__ import annotations

import contextlib
import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.faults import Damaged
from sync import presence
from sync.presence import AWAY, HOLD, REPEAT, Doing, Present, Preview, Room, Voice
from sync.records import DeviceId

ANNA, BEN = DeviceId("a" * 64), DeviceId("b" * 64)
WORDS = st.text(string.ascii_letters + string.digits + "_-", max_size=20)
DOINGS = st.builds(
    Doing, job=WORDS, asset=WORDS, stage=WORDS, step=st.integers(0, 99), steps=st.integers(0, 99)
)
PRESENT = st.builds(
    Present,
    instance=WORDS,
    session=WORDS,
    looking=WORDS,
    editing=st.none() | st.tuples(WORDS, st.lists(WORDS, max_size=5).map(tuple)),
    doing=st.none() | DOINGS,
    worker=st.booleans(),
    paused=st.booleans(),
    region=WORDS,
    port=st.integers(0, 65_535),
    pictures=st.integers(0, 65_535),
)


def editing(*fields: str) -> bytes:
    return presence.encode(Present(editing=("LAMP", fields)))


@settings(max_examples=100, deadline=None)
@given(PRESENT)
def test_a_word_is_read_as_it_was_said(present: Present) -> None:
    assert presence.decode(presence.encode(present)) == present


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=1200) | st.text(max_size=200).map(str.encode))
def test_what_is_no_word_is_damaged_and_nothing_else(data: bytes) -> None:
    with contextlib.suppress(Damaged):
        presence.decode(data)


@pytest.mark.parametrize(
    "said",
    [
        b"[]",
        b'{"looking": 1}',
        b'{"region": "\\u0007"}',
        b'{"editing": ["LAMP"]}',
        b'{"editing": ["LAMP", "seed"]}',
        b'{"doing": {"job": "j"}}',
        b'{"doing": {"job": "j", "asset": "a", "stage": "s", "step": -1, "steps": 1}}',
        b'{"doing": {"job": "j", "asset": "a", "stage": "s", "step": true, "steps": 1}}',
        b"[" * 1000,
        b'{"looking": "' + b"x" * 1100 + b'"}',
    ],
)
def test_words_that_are_refused(said: bytes) -> None:
    with pytest.raises(Damaged):
        presence.decode(said)


def test_a_later_release_may_say_more() -> None:
    assert presence.decode(b'{"looking": "LAMP", "mood": "fine"}') == Present(looking="LAMP")


def test_too_long_a_word_is_not_said() -> None:
    with pytest.raises(ValueError, match="too long"):
        presence.encode(Present(looking="x" * 1100))
    with pytest.raises(ValueError, match="too large"):
        Preview("j", bytes(61 * 1024)).encode()


def test_fields_that_somebody_edits_are_theirs_until_they_fall_silent() -> None:
    room = Room()
    room.said(ANNA, editing("seed", "prompt"), 0.0)
    room.said(BEN, editing("seed"), 1.0)
    assert room.held("LAMP", 2.0) == {"seed": (ANNA, BEN), "prompt": (ANNA,)}
    assert room.held("MARA", 2.0) == {}
    assert room.held("LAMP", HOLD) == {"seed": (BEN,)}
    room.said(BEN, presence.encode(Present()), HOLD)
    assert room.held("LAMP", HOLD) == {}


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(0.0, 0.2), min_size=50, max_size=200))
def test_no_more_than_the_limit_is_taken(pauses: list[float]) -> None:
    room, now, taken = Room(), 0.0, 0
    for number, pause in enumerate(pauses):
        now += pause
        taken += room.said(ANNA, presence.encode(Present(looking=str(number))), now)
    assert taken <= presence.WORDS_A_SECOND * (now + presence.BURST_SECONDS)
    seen = room.of(ANNA)
    assert seen is not None
    assert seen.refused == len(pauses) - taken


def test_previews_count_apart_and_belong_to_a_job_at_hand() -> None:
    room = Room()
    picture = Preview("j1", b"picture").encode()
    assert room.showed(ANNA, picture, 0.0) is None, "nothing is being rendered"
    room.said(ANNA, presence.encode(Present(doing=Doing("j1", "LAMP", "rendering", 1, 4))), 0.0)
    shown = [room.showed(ANNA, picture, 0.1) for _ in range(20)]
    assert sum(one is not None for one in shown) == presence.PREVIEWS_A_SECOND * 2 - 1
    room.said(ANNA, presence.encode(Present()), 0.2)
    seen = room.of(ANNA)
    assert seen is not None
    assert seen.preview is None, "it goes with the job"


@pytest.mark.parametrize("data", [b"", b"job", b"job\0", b"\xff\0x", b"j\0" + bytes(61 * 1024)])
def test_previews_that_are_refused(data: bytes) -> None:
    with pytest.raises(Damaged):
        presence.decode_preview(data)


def test_a_person_goes_with_the_link_and_a_worker_a_little_later() -> None:
    room = Room()
    room.entered(ANNA, 0.0)
    room.said(ANNA, editing("seed"), 0.0)
    room.entered(BEN, 0.0)
    room.said(BEN, presence.encode(Present(worker=True, looking="LAMP", instance="x")), 1.0)
    room.left(ANNA, gone=False)
    room.left(BEN, gone=False)
    assert list(room) == [BEN]
    seen = room.of(BEN)
    assert seen is not None
    assert seen.present == Present(worker=True), "what it looked at is nobody's business any more"
    assert room.out(1.0 + AWAY - 0.1) == []
    assert room.out(1.0 + AWAY) == [BEN]
    assert list(room) == []


def test_who_comes_back_in_time_was_never_out() -> None:
    room = Room()
    room.said(BEN, presence.encode(Present(worker=True)), 0.0)
    room.left(BEN, gone=False)
    room.entered(BEN, AWAY - 1)
    assert room.out(AWAY + 5) == []
    room.left(BEN, gone=True)
    assert list(room) == []


def test_the_newest_is_said_as_soon_as_it_may_be_and_again_now_and_then() -> None:
    voice = Voice()
    assert voice.due(0.0) == presence.encode(Present())
    voice.present = Present(looking="LAMP")
    assert voice.due(0.05) is None
    voice.present = Present(looking="MARA")
    assert voice.next() == presence.SPACING
    assert voice.due(0.125) == presence.encode(Present(looking="MARA"))
    assert voice.due(1.0) is None
    assert voice.due(0.125 + REPEAT) == presence.encode(Present(looking="MARA"))


def test_previews_are_shown_no_more_often_than_they_are_taken() -> None:
    voice, room = Voice(), Room()
    room.said(ANNA, presence.encode(Present(doing=Doing("j", "a", "s"))), 0.0)
    sent = [voice.show(Preview("j", b"x"), at / 20) for at in range(200)]
    fresh = [(at / 20, data) for at, data in enumerate(sent) if data is not None]
    assert 28 <= len(fresh) <= 34
    assert all(room.showed(ANNA, data, at) is not None for at, data in fresh)


def test_a_job_is_named_by_its_whole_id() -> None:
    job = "f" * 64 + ".12"
    said = Present(doing=Doing(job, "a" * 26, "rendering", 3, 8))
    assert presence.decode(presence.encode(said)) == said
    assert presence.decode_preview(Preview(job, b"RIFF").encode()) == Preview(job, b"RIFF")


def test_everything_that_is_edited_is_listed_until_it_is_old() -> None:
    room = Room()
    said = Present(editing=("LAMP", ("prompt", "seed")))
    room.said(DeviceId("b"), presence.encode(said), 1.0)
    room.said(DeviceId("a"), presence.encode(Present(editing=("LAMP", ()))), 1.0)
    assert list(room.edited(2.0)) == [("LAMP", "a", ""), ("LAMP", "b", "prompt"), ("LAMP", "b", "seed")]
    assert list(room.edited(1.0 + presence.HOLD)) == []
