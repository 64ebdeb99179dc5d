"""A project goes from device to device as a file, whole or in part, over the command line and over the API."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from app.commands.carrying import export, import_
from app.commands.table import Outcome
from app.studio import Studio
from engine.faults import NotFound, WrongUse
from sync.project import Project
from tests.app.api.served import served
from tests.app.studios import add
from tests.sync.stage import Desk, add_asset, names


async def test_what_one_exports_the_other_imports(tmp_path: Path) -> None:
    file = tmp_path / "film.rsx"
    async with served(tmp_path / "film") as there:
        await add(there.studio, "prop", "LAMP")
        done = await export(there.studio, file=file)
        assert done["file"] == file
        assert done["bytes"] == file.stat().st_size > 0
        assert done["bundles"] >= 2
        again = await import_(there.studio, file=file)
        assert (again["bundles"], again["entries"], again["faults"]) == (0, 0, [])
        async with Project.join(file, tmp_path / "copy", home=tmp_path / "other home") as copy:
            assert names(copy) == ["LAMP"]
            copy.export(tmp_path / "theirs.rsx")
        await add(there.studio, "prop", "TABLE")
        part = await export(there.studio, file=tmp_path / "part.rsx", since_peer=tmp_path / "theirs.rsx")
        assert 0 < part["bundles"] < done["bundles"]
    async with Project.open(tmp_path / "copy", home=tmp_path / "other home") as copy:
        copy.merge(tmp_path / "part.rsx")
        assert sorted(names(copy)) == ["LAMP", "TABLE"]


async def test_a_damaged_file_is_named_and_the_rest_taken_in(tmp_path: Path) -> None:
    file = tmp_path / "film.rsx"
    async with served(tmp_path / "film") as there:
        await add(there.studio, "prop", "LAMP")
        there.studio.project.export(file)
        data = bytearray(file.read_bytes())
        data[-20] ^= 1
        file.write_bytes(data)
        done = await import_(there.studio, file=file)
        assert isinstance(done, Outcome)
        assert done.exit_status == 1
        assert [one["what"] for one in done["faults"]] == ["export"]
        assert "set aside" in done["message"]


async def test_what_is_no_export_of_this_project_is_refused(tmp_path: Path) -> None:
    other = Desk.under(tmp_path, "other")
    async with other.create() as project:
        add_asset(project, "MARA")
        project.export(tmp_path / "other.rsx")
    (tmp_path / "text.rsx").write_text("this is no export")
    async with served(tmp_path / "film") as there:
        with pytest.raises(WrongUse, match="another project"):
            await import_(there.studio, file=tmp_path / "other.rsx")
        with pytest.raises(WrongUse, match="no export"):
            await import_(there.studio, file=tmp_path / "text.rsx")
        with pytest.raises(NotFound):
            await import_(there.studio, file=tmp_path / "nothing.rsx")
        assert there.studio.project.index.asset_count() == 0


async def test_files_travel_over_the_api(tmp_path: Path) -> None:
    async with served(tmp_path / "film") as there:
        await add(there.studio, "prop", "LAMP")
        answer = await there.http.post(f"{there.project}/export", json={})
        assert answer.status_code == 200, answer.text
        data = base64.b64decode(answer.json()["file"]["base64"])
        assert len(data) == answer.json()["bytes"]
        body = {"file": {"filename": "film.rsx", "base64": base64.b64encode(data).decode()}}
        taken = await there.http.post(f"{there.project}/import", json=body)
        assert taken.status_code == 200, taken.text
        assert taken.json()["bundles"] == 0
        less = await there.http.post(f"{there.project}/export", json={"since_peer": body["file"]})
        assert less.json()["bundles"] == 0


async def test_who_was_admitted_by_a_file_says_what_secrets_are_sealed_to(tmp_path: Path) -> None:
    anna, ben = Desk.under(tmp_path, "anna"), Desk.under(tmp_path, "ben")
    file = tmp_path / "film.rsx"
    async with anna.create() as project:
        project.export(file)
        async with ben.join(file) as copy:
            public = copy.device.public
        project.team.admit(public, role="artist", name="Ben")
        project.team.tend()
        project.export(file)
    async with Studio.open(ben.folder, ben.home) as studio:
        await import_(studio, file=file)
        assert public in studio.project.members.boxes
        await export(studio, file=file)
    async with Studio.open(anna.folder, anna.home) as studio:
        await import_(studio, file=file)
        await export(studio, file=file)
    async with Studio.open(ben.folder, ben.home) as studio:
        await import_(studio, file=file)
        assert studio.project.team.secrets()
