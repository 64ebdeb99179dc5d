"""The types of events, their envelope, and what a change touches."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from app import events
from app.events import Touched
from engine.faults import BadField
from sync.feed import Change
from sync.records import DocumentId
from tests.app.studios import add, change, film


def test_an_id_tells_up_to_where_its_owner_has_everything() -> None:
    assert events.seq_of(events.event_id("abc", 7), "abc") == 7
    assert events.seq_of(events.event_id("abc", 7, "r2"), "abc") == 7
    assert events.seq_of(events.event_id("abc", 7, "p2"), "abc") is None
    for other in ("", "abc", "abd.7", "abc.x", "abc.7.", "abc.-7", "abc.7.r", "abc." + "9" * 400, "é.7"):
        assert events.seq_of(other, "abc") is None


def test_types_are_chosen_with_or_without_server() -> None:
    assert events.chosen(None) is None
    assert events.chosen(" , ") is None
    assert events.chosen("job_changed, server:presence") == frozenset({events.JOB_CHANGED, events.PRESENCE})
    with pytest.raises(BadField) as refused:
        events.chosen("job_changed,jobs")
    assert (refused.value.field, refused.value.value) == ("types", "jobs")


def test_a_message_is_the_envelope_around_the_data() -> None:
    head = {"type": "server:presence", "id": "a.1", "time": "T", "seq": 1, "subject": None}
    data = events.dumped({"name": "é\n", "file": Path("/secret")})
    assert json.loads(events.message(head, data)) == {
        "type": "server:presence", "id": "a.1", "time": "T", "seq": 1, "data": {"name": "é\n"},
    }  # fmt: skip
    assert json.loads(events.message(head, data, ["takes"]))["data"] == {"change": ["takes"], "name": "é\n"}
    assert json.loads(events.message(head, "{}", []))["data"] == {"change": []}


def test_touched_gathers_each_subject_once() -> None:
    asset, queue = DocumentId("asset/aa"), DocumentId("queue/1")
    touched = Touched()
    touched.add(Change((asset,), ((asset, "versions", "v1"), (asset, "takes", "t1"))))
    touched.add(Change((asset, queue), ((asset, "versions", "v2"), (queue, "q", "key.0/session/low"))))
    touched.add(Change((DocumentId("project"),), ((DocumentId("project"), "settings", "s"),)))
    assert (touched.assets, touched.jobs) == ({"aa": {"versions", "takes"}}, {"key.0": {"q"}})
    assert (touched.versions, touched.project) == ({"aa": ["v1", "v2"]}, {"settings"})
    assert len(touched) == 3
    touched.clear()
    assert not touched
    assert not touched.versions


async def test_only_another_model_is_a_migration(tmp_path: Path) -> None:
    async with film(tmp_path / "film") as studio:
        lamp = await add(studio, "prop", "LAMP", "prompt=a lamp")
        models = [one.digest for one in studio.models.bundled()]
        facts = studio.project.asset(lamp)
        [first] = facts.versions
        assert events.migrations(facts, [first.id]) == []
        old = str(first.parameters["model"])
        new = next(one for one in models if one != old)
        await change(studio, "LAMP", "seed=4")
        await change(studio, "LAMP", f"model={new}")
        facts = studio.project.asset(lamp)
        fresh = [one.id for one in facts.versions]
        [(version, before, after)] = events.migrations(facts, [*fresh, *fresh])
        assert (version.number, before, after) == (3, old, new)
