"""Every command has a route, the words of the command line, and help; the routes do what the commands do."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path

import pytest

from app.api.reply import EXIT_STATUS
from app.commands.table import COMMANDS, Entry, load
from resources import RESOURCES
from tests.app.api.served import served
from tests.app.studios import add, ask, work

PAGES = "\n".join(path.read_text("utf-8") for path in (RESOURCES / "help").glob("*.md"))


@pytest.mark.parametrize("entry", COMMANDS, ids=lambda entry: entry.words)
def test_every_command_has_a_route_a_word_and_help(entry: Entry) -> None:
    assert re.fullmatch(r"(GET|POST|PATCH|DELETE|WS) /[a-z{}/_-]+", entry.route), entry.route
    command = load(entry.words)
    assert command.function.__doc__
    assert re.search(rf"^ {{4}}restrike {entry.words}\b", PAGES, re.MULTILINE)


def test_no_two_commands_share_a_route() -> None:
    routes = [re.sub(r"{\w+}", "{}", entry.route) for entry in COMMANDS]
    assert len(set(routes)) == len(routes)


async def test_every_route_of_the_table_is_served(tmp_path: Path) -> None:
    async with served(tmp_path / "film") as there:
        described = (await there.get("/openapi.json"))["paths"]
        for entry in COMMANDS:
            if entry.method != "WS":
                assert entry.method.lower() in described[f"/api/v1{entry.path}"], entry.words


async def test_an_asset_is_made_changed_looked_at_and_removed(tmp_path: Path) -> None:
    async with served(tmp_path / "film") as there:
        assets = f"{there.project}/assets"
        body = {"kind": "prop", "name": "LAMP", "parameters": {"prompt": "a lamp", "steps": 8}}
        made = await there.http.post(assets, json=body)
        assert made.status_code == 201
        assert "file" not in made.json()
        changed = await there.http.patch(f"{assets}/LAMP", json={"parameters": {"steps": None}, "note": "n"})
        assert (changed.json()["version"], changed.json()["note"]) == (2, "n")
        late = await there.http.patch(
            f"{assets}/LAMP", json={"parameters": {"steps": 3}, "expect_version": 1}
        )
        assert (late.status_code, late.json()["code"]) == (409, "conflict")
        shown = await there.get(f"{assets}/LAMP")
        assert shown["parameters"]["prompt"] == "a lamp"
        looked = await there.http.delete(f"{assets}/LAMP", params={"dry_run": True})
        assert looked.json()["dry_run"] is True
        assert (await there.get(assets))["total"] == 1
        assert (await there.http.delete(f"{assets}/LAMP")).status_code == 200
        assert (await there.get(assets))["total"] == 0
        gone = await there.http.get(f"{assets}/LOMP")
        assert (gone.status_code, gone.json()["code"]) == (404, "not_found")


async def test_lists_come_in_pages_with_the_fields_that_were_asked_for(tmp_path: Path) -> None:
    async with served(tmp_path / "film") as there:
        for number in range(5):
            await add(there.studio, "prop", f"P{number}")
        page = await there.get(f"{there.project}/assets", limit=2, offset=2, fields="name")
        assert page["assets"] == [{"name": "P2"}, {"name": "P3"}]
        assert page["total"] == 5
        assert (await there.http.get(f"{there.project}/assets", params={"limit": 1001})).status_code == 422


async def test_a_steady_list_is_not_even_made_when_nothing_changed(tmp_path: Path) -> None:
    async with served(tmp_path / "film") as there:
        await add(there.studio, "prop", "LAMP")
        first = await there.http.get(f"{there.project}/assets/LAMP/history")
        again = {"If-None-Match": first.headers["etag"]}
        assert (
            await there.http.get(f"{there.project}/assets/LAMP/history", headers=again)
        ).status_code == 304


async def test_files_travel_by_their_contents(tmp_path: Path) -> None:
    async with served(tmp_path / "film") as there:
        await add(there.studio, "prop", "LAMP", "prompt=a lamp")
        ask(there.studio, "LAMP")
        await work(there.studio)
        template = (await there.get(f"{there.project}/assets/LAMP/template"))["file"]["json"]
        applied = await there.http.post(
            f"{there.project}/templates", json={"file": template}, params={"dry_run": True}
        )
        assert applied.json()["assets"] == [{"name": "LAMP", "did": "unchanged"}]
        out = await there.http.post(f"{there.project}/takes/LAMP/export", json={})
        picture = out.json()["file"]["base64"]
        assert base64.b64decode(picture)[:4] == b"\x89PNG"
        upload = {"filename": "lamp.png", "base64": picture}
        body = {"kind": "prop", "name": "COPY", "from_image": upload}
        copied = (await there.http.post(f"{there.project}/assets", json=body)).json()
        assert copied["parameters"]["prompt"] == "a lamp"


async def test_long_work_streams_what_it_says_and_how_far_it_is(tmp_path: Path) -> None:
    async with served(tmp_path / "film") as there:
        await add(there.studio, "prop", "LAMP")
        ask(there.studio, "LAMP")
        headers = {"Accept": "application/x-ndjson"}
        found = await there.http.post(f"{there.project}/worker", json={"until_idle": True}, headers=headers)
        lines = [json.loads(line) for line in found.text.splitlines()]
        assert {key for line in lines[:-1] for key in line} <= {"said", "working"}
        assert lines[-1]["exit_status"] == 0
        assert len(lines[-1]["answer"]["finished"]) == 1
        wrong = await there.http.post(f"{there.project}/takes/prove", json={"take": "NO"}, headers=headers)
        assert json.loads(wrong.text)["problem"]["status"] == 404


async def test_what_takes_long_runs_apart_and_says_how_it_ended(tmp_path: Path) -> None:
    async with served(tmp_path / "film") as there:
        await add(there.studio, "prop", "LAMP")
        ask(there.studio, "LAMP")
        await work(there.studio)
        take = there.studio.project.index.takes()[0].take
        path = there.studio.blobs.path(take.sha256)
        path.chmod(0o644)
        path.write_bytes(b"damage")
        found = await there.http.post(f"{there.project}/verify", json={})
        assert found.status_code == 200
        assert found.headers[EXIT_STATUS] == "1"
        assert found.json()["faults"]
        assert str(tmp_path) not in found.text


async def test_a_project_that_is_not_open_is_not_found(tmp_path: Path) -> None:
    async with served(tmp_path / "film") as there:
        found = await there.http.get("/api/v1/projects/other/status")
        assert (found.status_code, found.json()["code"]) == (404, "not_found")
