"""What people here look at and edit, how long a word of it counts, and what is seen of the others."""

from __future__ import annotations

from pathlib import Path

import pytest

from app import attention, views
from app.attention import HOLD, LONGEST_FIELDS, MOST_CLIENTS, Attention
from engine.faults import BadField
from sync import presence
from sync.presence import Present
from tests.app.colleagues import colleague
from tests.app.studios import add, change, film


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


def test_a_word_counts_until_it_is_old_or_its_client_has_gone() -> None:
    clock = Clock()
    here = Attention(clock)
    here.say("window", "SH010", ("SH010", ["prompt", "prompt"]))
    assert (here.current().looking, here.current().editing) == ("SH010", ("SH010", ("prompt",)))
    clock.seconds += HOLD - 0.1
    here.say("blender", "MARA", None)
    assert (here.current().looking, here.current().editing) == ("MARA", ("SH010", ("prompt",)))
    clock.seconds += 0.1
    assert here.current().editing is None
    here.left("blender")
    assert here.current().looking == ""
    here.left("blender")


def test_the_last_of_several_edits_is_told_and_saying_nothing_ends_it() -> None:
    here = Attention(Clock())
    here.say("a", "", ("X", []))
    here.say("b", "", ("Y", ["seed"]))
    here.say("a", "", ("X", ["steps"]))
    assert here.current().editing == ("X", ("steps",))
    here.say("a", "", None)
    assert here.current().editing == ("Y", ("seed",))


def test_clients_and_fields_are_bounded_and_a_full_word_fits() -> None:
    here = Attention(Clock())
    for number in range(MOST_CLIENTS + 5):
        here.say(str(number), f"asset {number}", None)
    assert len(here._words) == MOST_CLIENTS
    for bad in (["x" * 65], [""], ["a\n"], ["a"] * 17, ["é" * 60] * (LONGEST_FIELDS // 120 + 1)):
        with pytest.raises(BadField):
            here.say("a", "", ("X", bad))
    fields = [f"{n}" + "x" * 39 for n in range(10)]
    here.say("a", "l" * 64, ("X" * 64, fields))
    word = here.current()
    presence.encode(Present(instance="i" * 64, session="s" * 26, looking=word.looking, editing=word.editing))


async def test_alone_nobody_else_edits(tmp_path: Path) -> None:
    async with film(tmp_path / "film") as studio:
        await add(studio, "prop", "LAMP")
        assert attention.edited(studio) == {}
        assert attention.warning(studio, "x", ["prompt"]) == ""


async def test_what_others_edit_is_shown_and_warned_of_and_nobody_is_kept_out(tmp_path: Path) -> None:
    async with film(tmp_path / "film") as studio:
        asset = await add(studio, "prop", "LAMP", "prompt=a lamp")
        async with colleague(studio) as ben:
            ben.says(Present(looking=asset, editing=(asset, ("prompt", "seed"))))
            member = studio.project.member
            held = [{"member": member, "name": "Ben", "field": one} for one in ("prompt", "seed")]
            assert views.asset(studio, asset)["editing"] == held
            told = await change(studio, "LAMP", "prompt=a green lamp")
            assert told["message"].endswith("; just now Ben edits prompt")
            assert (await change(studio, "LAMP", "steps=3"))["message"].endswith("a green lamp")
            company = studio.company
            assert company is not None
            [peer] = company.peers()
            assert peer["editing"] == {"asset": asset, "asset_name": "LAMP", "fields": ["prompt", "seed"]}
            ben.says(Present(editing=(asset, ())))
            assert (await change(studio, "LAMP", "steps=4"))["message"].endswith("; just now Ben edits it")
            ben.says(Present())
            assert views.asset(studio, asset)["editing"] == []
