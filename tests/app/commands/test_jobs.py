"""Jobs from the command line."""

from __future__ import annotations

import os

import pytest

from sync.records import ProjectId, Time
from sync.tickets import Ticket
from tests.app.commandline import Film
from tests.fakes.renderer import FakeRenderer


@pytest.fixture
def shot(film: Film, monkeypatch: pytest.MonkeyPatch) -> Film:
    """A film with a place and a shot in it, rendered by fakes."""
    monkeypatch.setattr("app.studio.render_process", lambda found: FakeRenderer())
    film("asset", "add", "environment", "BAY", "prompt=sea", "seed=1")
    film("asset", "add", "shot", "SH010", "prompt=wide", "seed=2", "--scene", "SC-01", "--input", "BAY")
    return film


def test_render_asks_for_inputs_first_and_says_the_same_again(shot: Film) -> None:
    asked = shot("render", "SH010")["jobs"]
    assert [one["asset_name"] for one in asked] == ["BAY", "SH010"]
    assert {one["state"] for one in asked} == {"pending"}
    assert not any(one["deduplicated"] for one in asked)
    again = shot("render", "SH010")["jobs"]
    assert [one["id"] for one in again] == [one["id"] for one in asked]
    assert all(one["deduplicated"] for one in again)


def test_render_and_wait_leaves_takes(shot: Film) -> None:
    asked = shot("render", "--all", "--wait")["jobs"]
    assert {one["state"] for one in asked} == {"finished"}
    assert all(one["take"] for one in asked)
    assert shot("status")["takes"] == 2
    assert shot("render", "--all")["jobs"][0]["deduplicated"]


def test_a_dry_run_stores_nothing_and_says_what_would_happen(shot: Film) -> None:
    before = shot("status")["heads"]
    planned = shot("render", "--all", "--tier", "high", "--dry-run")
    assert planned["dry_run"]
    assert shot("status")["heads"] == before
    asked = shot("render", "--all", "--tier", "high")
    assert [one["id"] for one in asked["jobs"]] == [one["id"] for one in planned["jobs"]]
    assert {one["tier"] for one in asked["jobs"]} == {"high"}


def test_another_tier_is_another_version_and_an_earlier_one_is_used_again(shot: Film) -> None:
    shot("render", "BAY", "--tier", "low", "--wait")
    assert shot("asset", "show", "BAY")["version"] == 2
    shot("render", "BAY", "--tier", "standard", "--wait")
    assert shot("asset", "show", "BAY")["version"] == 2
    assert shot("render", "BAY", "--tier", "low")["jobs"][0]["deduplicated"]


def test_the_queue_is_listed_in_order_and_what_ended_only_on_request(shot: Film) -> None:
    shot("render", "--all", "--wait")
    assert shot("jobs")["jobs"] == []
    assert len(shot("jobs", "--all")["jobs"]) == 2
    shot("render", "SH010", "--count", "3")
    assert [one["item"] for one in shot("jobs")["jobs"]] == [1, 2]


def test_a_job_is_found_by_the_beginning_of_its_id(shot: Film) -> None:
    job = shot("render", "BAY")["jobs"][0]["id"]
    assert shot("job", "show", job[:12])["id"] == job
    assert shot("job", "show", f"{job[:12]}.0")["id"] == job
    assert shot("job", "vote", job[:8], "+1")["votes"] == 1
    assert shot("job", "vote", job[:8], "-1")["votes"] == -1
    assert shot("job", "cancel", job)["state"] == "cancelled"
    again = shot("job", "retry", job)
    assert (again["generation"], again["state"]) == (1, "pending")
    assert shot("job", "show", job[:12])["generation"] == 1
    shot.error("job", "show", "nothing", status=3)


def test_why_names_the_reason_and_the_way_out(shot: Film) -> None:
    [bay, sh010] = shot("render", "SH010")["jobs"]
    why = shot("job", "why", sh010["id"])["reasons"]
    assert why[0]["code"] == "inputs"
    assert shot("job", "why", bay["id"])["reasons"][0]["code"] == "no_worker"
    assert "worker" in shot("job", "why", bay["id"])["reasons"][0]["fix"]


def test_pause_and_resume(shot: Film) -> None:
    assert shot("jobs", "pause")["paused"]
    shot("render", "BAY")
    assert shot("worker", "--until-idle")["finished"] == []
    shot("render", "BAY", "--wait", status=1)
    assert not shot("jobs", "resume")["paused"]
    assert len(shot("worker", "--until-idle")["finished"]) == 1


def test_a_worker_may_keep_to_a_tier(shot: Film) -> None:
    shot("render", "BAY")
    assert shot("worker", "--until-idle", "--only-tier", "low")["finished"] == []
    assert len(shot("worker", str(shot.folder), "--until-idle", "--only-tier", "standard")["finished"]) == 1


def test_what_cannot_be_meant_is_refused(shot: Film) -> None:
    shot.error("render", status=2)
    shot.error("render", "BAY", "--all", status=2)
    shot.error("render", "NOBODY", status=3)
    shot.error("render", "BAY", "--count", "0", status=2)
    shot.error("job", "vote", shot("render", "BAY")["jobs"][0]["id"], "+7", status=2)
    shot.error("job", "claim", shot("render", "BAY")["jobs"][0]["id"], status=4)
    shot.error("job", "release", shot("render", "BAY")["jobs"][0]["id"], status=4)
    shot.error("worker", "--device", "abacus", status=2)


def test_selection_by_query_kind_and_scene(shot: Film) -> None:
    assert [one["asset_name"] for one in shot("render", "--kind", "environment")["jobs"]] == ["BAY"]
    assert {one["asset_name"] for one in shot("render", "--scene", "SC-01")["jobs"]} == {"BAY", "SH010"}
    assert shot("render", "--where", "takes > 0")["jobs"] == []


def test_people_can_read_it(shot: Film) -> None:
    assert "BAY v01" in shot.text("render", "BAY", "--wait")
    assert "BAY v01" in shot.text("jobs", "--all")


def test_a_part_of_the_queue_with_how_much_there_is(shot: Film) -> None:
    asked = shot("render", "BAY", "--count", "5")["jobs"]
    whole = shot("jobs")
    assert whole["total"] == len(whole["jobs"]) == 5
    part = shot("jobs", "--limit", "2", "--offset", "1")
    assert part["total"] == 5
    assert [one["id"] for one in part["jobs"]] == [one["id"] for one in asked[1:3]]
    assert shot("jobs", "--limit", "0", "--all") == {**part, "jobs": []}


def test_calling_off_may_be_tried(shot: Film) -> None:
    [asked] = shot("render", "BAY")["jobs"]
    tried = shot("job", "cancel", asked["id"], "--dry-run")
    assert (tried["dry_run"], tried["state"], tried["message"]) == (
        True,
        "pending",
        "It would be called off.",
    )
    assert shot("job", "show", asked["id"])["state"] == "pending"
    assert shot("job", "cancel", asked["id"])["state"] == "cancelled"
    assert shot("job", "cancel", asked["id"], "--dry-run")["message"] == "It is cancelled."


def test_a_worker_comes_with_a_ticket_for_its_folder(shot: Film) -> None:
    own, other = (str(shot.folder), shot("invite", "--role", "worker")["ticket"])
    assert shot("worker", own, "--join", other, "--until-idle")["finished"] == []
    other = f"{other[:-1]}{'a' if other[-1] != 'a' else 'b'}"
    assert "mistyped" in shot.error("worker", own, "--join", other, "--until-idle", status=2)["message"]
    elsewhere = Ticket.fresh(ProjectId("7a" * 32), "worker", Time("2030-01-01T00:00:00.000Z"), os.urandom)
    shot.error("worker", own, "--join", elsewhere.encode(), "--until-idle", status=4)
    assert "where" in shot.error("worker", "--join", other, status=2)["message"]
