"""State and saving as callers meet them: pages, tags, 409 with the state."""

from __future__ import annotations

from pathlib import Path

from tests.app.api.served import served
from tests.app.studios import add, change


async def test_what_did_not_change_is_not_sent_again(tmp_path: Path) -> None:
    async with served(tmp_path / "film") as there:
        await add(there.studio, "prop", "LAMP", "steps=8")
        path = f"{there.project}/regenerative"
        first = await there.http.get(path)
        assert first.json()["assets"][0]["name"] == "LAMP"
        tagged = {"If-None-Match": first.headers["etag"]}
        assert (await there.http.get(path, headers=tagged)).status_code == 304
        await change(there.studio, "LAMP", "steps=9")
        again = await there.http.get(path, headers=tagged)
        assert again.status_code == 200
        assert again.json()["version"] > first.json()["version"]


async def test_who_saves_too_late_gets_the_current_state(tmp_path: Path) -> None:
    async with served(tmp_path / "film") as there:
        lamp = await add(there.studio, "prop", "LAMP", "steps=8")
        state = await there.get(f"{there.project}/regenerative")
        body = {"version": state["version"], "assets": [{"asset": lamp, "parameters": {"steps": 9}}]}
        saved = await there.http.put(f"{there.project}/regenerative", json=body)
        assert saved.status_code == 200
        assert saved.json()["version"] > state["version"]
        late = await there.http.put(f"{there.project}/regenerative", json=body)
        assert late.status_code == 409
        problem = late.json()
        assert problem["code"] == "outdated"
        assert problem["state"]["assets"][0]["parameters"]["steps"] == 9
        assert problem["state"]["version"] == saved.json()["version"]
        assert late.headers["content-type"] == "application/problem+json"


async def test_only_the_fields_that_were_asked_for_come(tmp_path: Path) -> None:
    async with served(tmp_path / "film") as there:
        await add(there.studio, "prop", "LAMP")
        page = await there.get(f"{there.project}/regenerative", fields="name,stale")
        assert page["assets"] == [{"name": "LAMP", "stale": False}]
        wrong = await there.http.get(f"{there.project}/regenerative", params={"fields": "nam"})
        assert (wrong.status_code, wrong.json()["field"]) == (422, "fields")


async def test_bad_bodies_are_refused_with_the_field(tmp_path: Path) -> None:
    async with served(tmp_path / "film") as there:
        await add(there.studio, "prop", "LAMP")
        version = there.studio.project.version
        for parameters, field in (({"steps": "many"}, "steps"), ({"stepz": 1}, "stepz")):
            body = {"version": version, "assets": [{"asset": "LAMP", "parameters": parameters}]}
            found = await there.http.put(f"{there.project}/regenerative", json=body)
            assert (found.status_code, found.json()["field"]) == (422, field)
        assert there.studio.project.version == version
