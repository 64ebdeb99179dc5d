"""What a client's person looks at and edits, said by request and over the WebSocket."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

from app.attention import HOLD
from sync.presence import Doing, Present
from sync.project import Edit
from sync.records import Claim, JobId, SessionId
from tests.app.api.routes.test_events import client, until
from tests.app.api.served import served
from tests.app.colleagues import colleague
from tests.app.studios import add, ask
from tests.app.test_elsewhere import WEBP


async def test_a_request_counts_for_a_while_and_tells_who_else_edits(tmp_path: Path) -> None:
    async with served(tmp_path / "film") as there:
        asset = await add(there.studio, "prop", "LAMP")
        route = f"{there.project}/presence"
        said = {"looking": "LAMP", "editing": {"asset": asset, "fields": ["prompt"]}}
        assert (await there.http.post(route, json=said)).json() == {"seconds": HOLD, "editing": []}
        async with colleague(there.studio) as ben:
            ben.says(Present(editing=(asset, ("prompt",))))
            [held] = (await there.http.post(route, json=said)).json()["editing"]
            assert (held["name"], held["field"]) == ("Ben", "prompt")
            company = there.studio.company
            assert company is not None
            assert company.attention.current().editing == (asset, ("prompt",))
            await there.http.post(route, json={})
            assert company.attention.current().editing is None
            assert (await there.get(f"{there.project}/assets/LAMP"))["editing"] == [held]


async def test_over_the_websocket_it_ends_with_the_connection(tmp_path: Path) -> None:
    async with served(tmp_path / "film") as there, colleague(there.studio):
        asset = await add(there.studio, "prop", "LAMP")
        company = there.studio.company
        assert company is not None
        async with client(there) as heard:
            await heard.send(json.dumps({"type": "client:presence", "data": {"editing": {"asset": "LAMP"}}}))
            bads: list[dict[str, object]] = [
                {"looking": "NOBODY"},
                {"editing": {}},
                {"editing": {"asset": "LAMP", "fields": [""]}},
            ]
            for bad in bads:
                await heard.send(json.dumps({"type": "client:presence", "id": "bad", "data": bad}))
                [*_, told] = await until(heard, lambda one: one.get("reply_to") == "bad")
                assert told["type"] == "server:error"
            assert company.attention.current().editing == (asset, ())
        async with asyncio.timeout(10):
            while company.attention.current().editing is not None:
                await asyncio.sleep(0)


async def test_a_job_that_is_rendered_elsewhere_shows_its_picture(tmp_path: Path) -> None:
    async with served(tmp_path / "film") as there, colleague(there.studio) as ben:
        asset = await add(there.studio, "prop", "LAMP")
        [asked] = ask(there.studio, "LAMP")
        there.studio.project.commit(lambda edit: claim(edit, asked.job))
        ben.says(Present(doing=Doing(asked.job, asset, "rendering", 3, 8)))
        ben.shows(asked.job, WEBP)
        for path in (f"{there.project}/jobs/{asked.job}", f"/api/v1/regeneration/jobs/{asked.job}"):
            found = await there.get(path)
            assert (found["state"], found["progress"]) == ("running", 0.375)
            assert found["preview"].startswith("data:image/webp;base64,")


def claim(edit: Edit, job: JobId) -> None:
    """Somebody claims a job."""
    session = SessionId("s" * 26)
    fact = Claim(job=job, session=session, epoch=1, member=edit.member, time=edit.now)
    edit.add(edit.queue_document(job), fact)
