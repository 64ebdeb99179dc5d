"""Commands through the API: what is asked, and what happens when that goes wrong. All of them: tests/journeys."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.api import address
from app.api.address import Address
from sync import process
from tests.app.api.client.scripted import HANG_UP, Scripted, answer, lines, scripted
from tests.app.commandline import Film, run
from tests.structure.sources import ROOT


@contextlib.contextmanager
def served(film: Film, *answers: bytes) -> Iterator[Scripted]:
    """The film as a program has it open that gives these answers."""
    pid, start = process.own()
    with scripted(*answers) as server:
        where = Address(
            url=server.url,
            token="T",
            pid=pid,
            start=start,
            project="p1",
            by="serve",
            place=address.place(film.folder),
        )
        address.write(film.folder, where)
        try:
            yield server
        finally:
            address.remove(film.folder, where)


def problem(status: int, code: str, detail: str = "no", **more: Any) -> bytes:
    """A refusal."""
    return answer({"status": status, "code": code, "detail": detail, "hint": "h", **more}, f"{status} X")


def body(server: Scripted) -> Any:
    """What the last request carried."""
    return json.loads(server.heard[-1].body)


@pytest.mark.parametrize(
    ("words", "asked"),
    [
        ("status", "GET /api/v1/projects/p1/status?limit=1000"),
        ("asset list", "GET /api/v1/projects/p1/assets?limit=1000"),
        (
            "asset list --kind shot --stale --limit 5",
            "GET /api/v1/projects/p1/assets?kind=shot&stale=true&limit=5",
        ),
        ("asset show Žofie", "GET /api/v1/projects/p1/assets/%C5%BDofie"),
        (
            "asset remove MARA --undo --dry-run",
            "DELETE /api/v1/projects/p1/assets/MARA?undo=true&dry_run=true",
        ),
        ("asset diff MARA v01 v02", "GET /api/v1/projects/p1/assets/MARA/diff?before=v01&after=v02"),
        ("jobs pause", "POST /api/v1/projects/p1/jobs/pause"),
        ("job show 3f", "GET /api/v1/projects/p1/jobs/3f"),
    ],
)
def test_what_is_asked(film: Film, words: str, asked: str) -> None:
    with served(film, problem(409, "conflict")) as server:
        film(*words.split(" "), status=4)
    assert [one.line for one in server.heard] == [f"{asked} HTTP/1.1"]
    assert server.heard[0].headers["authorization"] == "Bearer T"


@pytest.mark.parametrize(
    ("words", "sent"),
    [
        ("asset add shot S1 prompt=red", {"kind": "shot", "name": "S1", "assignments": ["prompt=red"]}),
        ("asset set MARA --expect-version 3 steps=", {"assignments": ["steps="], "expect_version": 3}),
        ("render MARA --tier low --count 2", {"names": ["MARA"], "tier": "low", "count": 2}),
        ("job vote 3f -1", {"vote": "-1"}),
        ("take compare A B", {"first": "A", "second": "B"}),
    ],
)
def test_what_is_sent(film: Film, words: str, sent: object) -> None:
    with served(film, problem(409, "conflict")) as server:
        film(*words.split(" "), status=4)
        assert body(server) == sent


def test_files_travel_as_what_is_in_them(film: Film, tmp_path: Path) -> None:
    picture, template = tmp_path / "a.png", tmp_path / "t.json"
    picture.write_bytes(b"\x89PNG")
    template.write_text('{"format": "x", "assets": []}')
    with served(film, *2 * [problem(422, "wrong_use", "from_image.in.png is no picture")]) as server:
        error = film.error("asset", "add", "prop", "P", "--from-image", str(picture), status=2)
        assert error["message"] == f"{picture} is no picture"
        sent = {"filename": "a.png", "base64": base64.b64encode(b"\x89PNG").decode()}
        assert body(server)["from_image"] == sent
        film.error("template", "apply", str(template), "--dry-run", status=2)
        assert body(server) == {"file": {"format": "x", "assets": []}}
        assert "dry_run=true" in server.heard[-1].line


def test_faults_are_those_that_the_command_ended_with_there(film: Film) -> None:
    with served(film, problem(404, "model_missing", "there is no model x")):
        error = film.error("asset", "show", "MARA", status=3)
    assert error == {"code": "model_missing", "message": "there is no model x", "hint": "h"}
    with served(film, problem(404, "not_found", "there is no asset 'x'")):
        error = film.error("take", "export", "x", ".", status=3)
    assert error["message"] == "there is no asset 'x'"


def test_what_it_says_meanwhile_and_its_exit_status(film: Film) -> None:
    value: dict[str, Any] = {"checked": {}, "faults": [], "repaired": []}
    with served(film, lines({"said": "checking …"}, {"answer": value, "exit_status": 1})):
        ran = run("verify", "--json", "--project", str(film.folder))
    assert (ran.status, ran.value, ran.err) == (1, value, "checking …\n")


def test_all_pages_of_a_list(film: Film) -> None:
    def page(first: int, count: int) -> bytes:
        things = [{"id": str(at)} for at in range(first, first + count)]
        return answer({"takes": things, "total": 2500})

    with served(film, page(0, 1000), page(1000, 1000), page(2000, 500)) as server:
        found = film("take", "list")
    assert [one["id"] for one in found["takes"]] == [str(at) for at in range(2500)]
    assert [one.line.partition("?")[2] for one in server.heard] == [
        "limit=1000 HTTP/1.1",
        "limit=1000&offset=1000 HTTP/1.1",
        "limit=500&offset=2000 HTTP/1.1",
    ]


@pytest.mark.parametrize(
    "told",
    [
        problem(401, "unauthorized"),
        problem(429, "too_many"),
        answer(b"<html>", "404 Not Found", kind="text/html"),
    ],
    ids=["another token", "too many", "another program"],
)
def test_where_nothing_was_done_the_command_runs_here(film: Film, told: bytes) -> None:
    with served(film, told) as server:
        assert film("jobs", "pause")["paused"] is True
    assert len(server.heard) == 1


def test_where_nobody_listens_the_command_runs_here(film: Film) -> None:
    with served(film) as server:
        pass
    pid, start = process.own()
    where = Address(
        url=server.url,
        token="T",
        pid=pid,
        start=start,
        project="p1",
        by="serve",
        place=address.place(film.folder),
    )
    address.write(film.folder, where)
    assert film("asset", "add", "prop", "LAMP")["name"] == "LAMP"


def test_a_program_that_ends_before_it_answers_is_told_and_never_asked_twice(film: Film) -> None:
    with served(film, HANG_UP) as server:
        error = film.error("asset", "add", "prop", "LAMP", status=1)
    assert "ended before it answered" in error["message"]
    assert "status" in error["hint"]
    assert len(server.heard) == 1
    assert film("asset", "list")["assets"] == []


def test_looking_goes_on_here_when_the_program_ends(film: Film) -> None:
    with served(film, HANG_UP) as server:
        assert film("status")["assets"] == 0
    assert len(server.heard) == 1


def test_what_cannot_travel_is_said_here(film: Film, tmp_path: Path) -> None:
    (tmp_path / "broken.json").write_text("{")
    with served(film) as server:
        film.error("asset", "show", "a/b", status=3)
        film.error("asset", "show", "x" * 300, status=3)
        film.error("asset", "add", "prop", "P", "--from-image", str(tmp_path / "none.png"), status=3)
        film.error("template", "apply", str(tmp_path / "broken.json"), status=2)
        film.error("model", "add", str(tmp_path / "none"), status=3)
    assert server.heard == []


def test_ctrl_c_ends_the_connection(film: Film) -> None:
    waiting = lines({"said": "Content-Length"}, end=False)  # and nothing more
    command = [sys.executable, "-m", "app", "render", "--all", "--wait", "--project", str(film.folder)]
    with served(film, waiting) as server:
        with subprocess.Popen(
            command, cwd=ROOT, env=dict(os.environ), stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as asking:
            assert asking.stderr is not None
            assert asking.stderr.readline() == "Content-Length\n"
            asking.send_signal(signal.SIGINT)
            _, said = asking.communicate()
        assert server.left.wait(5)
    assert asking.returncode == 130
    assert said.startswith("restrike: interrupted")


def test_a_plain_call_through_the_api_imports_little(film: Film) -> None:
    code = """if True:
        import sys
        from app.cli import main
        main(["asset", "list", "--json", "--project", sys.argv[1]])
        heavy = {"typer", "asyncio", "app.commands.assets", "sync.records", "sqlite3", "app.errors"}
        print(*sorted(heavy & set(sys.modules)), file=sys.stderr)
    """
    with served(film, answer({"assets": [], "total": 0})):
        done = subprocess.run(
            [sys.executable, "-c", code, str(film.folder)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
    assert json.loads(done.stdout) == {"assets": [], "total": 0}
    assert done.stderr.strip() == ""
