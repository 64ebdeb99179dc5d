"""The client against the program itself, in another process."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.api.client import Client, Problem, Said, Unreachable, Working
from tests.app.api.client.scripted import answer, scripted
from tests.journeys.conftest import first_film, first_shot
from tests.journeys.serving import ROOT, serving

__all__ = ["first_film", "first_shot"]


@pytest.fixture(scope="module")
def served(first_shot: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A project with three pictures, open in another process that renders too."""
    folder = tmp_path_factory.mktemp("served")
    shutil.copytree(first_shot, folder, dirs_exist_ok=True)
    with serving(folder / "film", folder / "home", "--render"):
        yield folder / "film"


@pytest.fixture
def client(served: Path) -> Iterator[Client]:
    """A client of it."""
    with Client.of(served) as client:
        yield client


def test_looking(client: Client) -> None:
    [project] = client.projects()
    assert client.project == project.id
    status = client.status()
    assert (status.name, status.assets, status.jobs["failed"]) == (project.name, project.assets, 0)
    assert {"BAY", "MIRA", "SH010"} <= {one.name for one in client.assets()}
    assert [one.name for one in client.assets(kind="shot", where="prompt ~ wide")] == ["SH010"]
    assert {one.role for one in client.asset("SH010").inputs} == {"environment", "character"}
    assert {one.name for one in client.models()} >= {"starter-v1", "starter-v2"}
    assert client.storage().bytes > 0
    assert [one.grade for one in client.takes("MIRA")] == ["R0"]


def test_adding_and_changing(client: Client, tmp_path: Path) -> None:
    added = client.add_asset("prop", "LAMP", prompt="brass", steps=12, tier="low", note="first")
    assert (added.version, added.tier, added.parameters["steps"], added.note) == (1, "low", 12, "first")
    changed = client.set_asset("LAMP", expect_version=1, prompt="iron", steps=None)
    assert (changed.version, changed.parameters["prompt"]) == (2, "iron")
    with pytest.raises(Problem) as caught:
        client.set_asset("LAMP", expect_version=1, prompt="gold")
    assert (caught.value.code, caught.value.exit_status) == ("conflict", 4)
    with pytest.raises(Problem) as caught:
        client.set_asset("LAMP", steps=0)
    assert (caught.value.code, caught.value.fields["field"]) == ("bad_field", "steps")
    assert [one.label for one in client.history("LAMP")] == ["v01", "v02"]
    picture = client.content("MIRA", to=tmp_path / "mira.png")
    assert isinstance(picture, Path)
    assert client.add_asset("prop", "AGAIN", from_image=picture).parameters["seed"] == 2


def test_the_state_is_saved_on_the_number_that_was_read(client: Client) -> None:
    client.add_asset("style", "INK", prompt="black")
    state = client.state()
    assert client.state() == state
    saved = client.save(state.version, [{"asset": "INK", "parameters": {"prompt": "blue"}}])
    assert saved.version > state.version
    assert [one.name for one in client.state(since=state.version).assets] == ["INK"]
    with pytest.raises(Problem) as caught:
        client.save(state.version, [{"asset": "INK", "parameters": {"prompt": "red"}}])
    assert (caught.value.status, caught.value.exit_status) == (409, 4)
    assert caught.value.fields["state"]["assets"]


def test_pictures_are_asked_for_waited_for_and_read(client: Client) -> None:
    client.add_asset("prop", "BELL", prompt="bronze", seed=5)
    jobs = client.submit(["BELL"], quality="low", priority="high", idempotency_key="bell-1")
    assert client.submit(["BELL"], quality="low", priority="high", idempotency_key="bell-1") == jobs
    [done] = client.wait(jobs, timeout=60)
    assert (done.state, done.asset_name) == ("finished", "BELL")
    assert done.take is not None
    data = client.content(done.take)
    assert isinstance(data, bytes)
    assert data.startswith(b"\x89PNG")
    assert client.content("BELL", "thumb") == data  # the fake renders no smaller ones
    assert client.job(done.id).ended
    assert client.submit(["BELL"], quality="low")[0].deduplicated


def test_a_dropped_picture_comes_back_when_it_is_asked_for(client: Client) -> None:
    before = client.content("BAY")
    client.request("POST", client.path("storage", "drop"), body={"takes": ["BAY"]})
    assert [one.asset_name for one in client.takes(missing=True)] == ["BAY"]
    assert client.content("BAY") == before
    assert client.takes(missing=True) == []


def test_a_stream_tells_how_far_it_is(client: Client) -> None:
    news: list[Said | Working] = []
    found = client.stream("POST", client.path("verify"), body={}, report=news.append)
    assert found.value["faults"] == []
    assert any(isinstance(one, Said) for one in news)


def test_events_come_as_things_change(client: Client) -> None:
    with client.events(types=["server:asset_changed"]) as events:
        first = events.next(20)
        assert first is not None
        assert first.type == "server:full_sync"
        client.add_asset("prop", "CUP", prompt="clay")
        changed = events.next(20)
        assert changed is not None
        assert changed.type == "server:asset_changed"
        since = events.since
    client.set_asset("CUP", prompt="glass")
    with client.events(since, types=["server:asset_changed"]) as events:
        missed = events.next(20)
        assert missed is not None
        assert missed.type == "server:asset_changed"


def test_jobs_are_called_off_voted_for_and_asked_for_again(client: Client) -> None:
    client.request("POST", client.path("jobs", "pause"))
    client.add_asset("prop", "DRUM", prompt="skin", seed=6)
    [job] = client.submit(["DRUM"])
    assert client.vote(job.id, -1).votes == -1
    assert job.id in [one.id for one in client.jobs(["pending"])]
    assert client.cancel(job.id).state == "cancelled"
    assert client.retry(job.id).generation == 1
    client.request("POST", client.path("jobs", "resume"))


def test_no_program_has_it_open(tmp_path: Path) -> None:
    with pytest.raises(Unreachable):
        Client.of(tmp_path)


def test_what_is_unchanged_is_not_sent_again() -> None:
    first = answer({"projects": [{"id": "p"}]}, "200 OK", 'ETag: W/"1"')
    unchanged = b'HTTP/1.1 304 Not Modified\r\nETag: W/"1"\r\n\r\n'
    with scripted(first, unchanged) as server, Client(server.url, "T") as client:
        assert client.projects() == client.projects()
    assert server.heard[1].headers["if-none-match"] == 'W/"1"'


def test_the_folder_works_when_it_is_copied_alone(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "app" / "api" / "client", tmp_path / "film_client")
    code = (
        "import sys, film_client; film_client.Client; film_client.Events; "
        "print(*sorted(set(sys.modules) & {'app', 'engine', 'websockets', 'pydantic', 'httpx'}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (done.stdout.split(), done.stderr) == ([], "")
