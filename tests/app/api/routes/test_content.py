"""Pictures by id: sizes, parts, links without a token, and bringing back what was dropped."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from app.commands.storage import storage_drop
from engine.recipe import FileDigest
from sync.records import Take
from tests.app.api.served import Served, served
from tests.app.studios import add, ask, takes_of, work


async def printed(there: Served) -> Take:
    """A take with its picture."""
    await add(there.studio, "prop", "LAMP")
    ask(there.studio, "LAMP")
    await work(there.studio)
    [take] = takes_of(there.studio, "LAMP")
    return take


async def test_bytes_come_whole_in_parts_or_not_at_all(tmp_path: Path) -> None:
    async with served(tmp_path / "film") as there:
        take = await printed(there)
        whole = there.studio.blobs.get(take.sha256)
        for name in ("LAMP", take.id, "LAMP_v01_take01"):
            found = await there.http.get(f"/api/v1/assets/{name}/content")
            assert (found.status_code, found.content) == (200, whole)
        assert found.headers["etag"] == f'"{take.sha256}"'
        assert found.headers["content-type"] == "image/png"
        part = await there.http.get(f"/api/v1/assets/{take.id}/content", headers={"Range": "bytes=10-19"})
        assert (part.status_code, part.content) == (206, whole[10:20])
        assert part.headers["content-range"] == f"bytes 10-19/{len(whole)}"
        beyond = {"Range": f"bytes={len(whole)}-"}
        assert (await there.http.get(f"/api/v1/assets/{take.id}/content", headers=beyond)).status_code == 416
        known = {"If-None-Match": found.headers["etag"]}
        assert (await there.http.get(f"/api/v1/assets/{take.id}/content", headers=known)).status_code == 304


@pytest.mark.parametrize("size", ["thumb", "proxy", "full"])
async def test_every_size_is_there(tmp_path: Path, size: str) -> None:
    async with served(tmp_path / "film") as there:
        take = await printed(there)
        wanted = {"thumb": take.thumb or take.proxy, "proxy": take.proxy, "full": None}[size] or take.sha256
        found = await there.http.get("/api/v1/assets/LAMP/content", params={"size": size})
        assert found.content == there.studio.blobs.get(wanted)
    assert found.headers["content-type"] == ("image/png" if wanted == take.sha256 else "image/webp")


async def test_a_link_opens_without_a_token_until_it_is_touched(tmp_path: Path) -> None:
    async with served(tmp_path / "film") as there:
        take = await printed(there)
        link = await there.get("/api/v1/assets/LAMP/content", url=True, valid=60)
        assert (link["sha256"], link["bytes"]) == (take.sha256, take.bytes)
        async with httpx.AsyncClient(trust_env=False) as stranger:
            found = await stranger.get(link["url"])
            assert found.content == there.studio.blobs.get(take.sha256)
            touched = link["url"].replace(f"expires={link['expires']}", f"expires={link['expires'] + 1}")
            assert (await stranger.get(touched)).status_code == 403
            other = urlsplit(link["url"]).path.rpartition("/")[2]
            assert (await stranger.get(link["url"].replace(other, "0" * 64))).status_code == 403
            assert (await stranger.get(link["url"] + "&name=x")).status_code == 403


async def test_a_dropped_picture_is_brought_back_and_the_caller_told_when(tmp_path: Path) -> None:
    async with served(tmp_path / "film") as there:
        take = await printed(there)
        whole = there.studio.blobs.get(take.sha256)
        await storage_drop(there.studio, lambda news: None, takes=["LAMP"], prove=True)
        assert not there.studio.blobs.has(take.sha256)
        lost = await there.http.get("/api/v1/assets/LAMP/content", params={"bring_back": False})
        assert lost.status_code == 404
        begun = await there.http.get("/api/v1/assets/LAMP/content")
        assert begun.status_code == 202
        assert int(begun.headers["retry-after"]) >= 1
        job = begun.json()["job"]
        assert (job["take"], begun.headers["location"]) == (take.id, f"/api/v1/regeneration/jobs/{job['id']}")
        state = job["state"]
        while state in ("pending", "running"):
            state = (await there.get(begun.headers["location"]))["state"]
        assert state == "finished"
        assert (await there.http.get("/api/v1/assets/LAMP/content")).content == whole


@pytest.mark.parametrize("size", ["thumb", "proxy"])
async def test_a_small_one_that_another_device_has_comes_at_once(tmp_path: Path, size: str) -> None:
    async with served(tmp_path / "film") as there:
        take = await printed(there)
        blobs = there.studio.blobs
        others = {one: blobs.get(one) for one in (take.sha256, take.thumb, take.proxy) if one is not None}
        for one in others:
            blobs.delete(one)

        async def elsewhere(digest: FileDigest) -> bool:
            return digest in others and blobs.put(others[digest]) == digest

        there.studio.elsewhere = elsewhere
        found = await there.http.get("/api/v1/assets/LAMP/content", params={"size": size})
        smaller = take.proxy if size == "proxy" else take.thumb or take.proxy
        if smaller is None:  # the picture itself is no larger, and that may take its time
            assert found.status_code == 202
        else:
            assert found.content == others[smaller]


async def test_a_picture_that_another_device_has_is_not_rendered(tmp_path: Path) -> None:
    async with served(tmp_path / "film") as there:
        take = await printed(there)
        whole = there.studio.blobs.get(take.sha256)
        there.studio.blobs.delete(take.sha256)

        async def elsewhere(digest: FileDigest) -> bool:
            return there.studio.blobs.put(whole) == digest

        there.studio.elsewhere = elsewhere
        begun = await there.http.get("/api/v1/assets/LAMP/content")
        assert begun.status_code == 202
        state = begun.json()["job"]["state"]
        while state in ("pending", "running"):
            state = (await there.get(begun.headers["location"]))["state"]
        assert (await there.http.get("/api/v1/assets/LAMP/content")).content == whole
        [row] = there.studio.project.index.takes()
        assert there.studio.project.asset(row.asset).struck == ()


async def test_damaged_bytes_are_never_sent(tmp_path: Path) -> None:
    async with served(tmp_path / "film") as there:
        take = await printed(there)
        path = there.studio.blobs.path(take.sha256)
        path.chmod(0o644)
        path.write_bytes(b"damage")
        found = await there.http.get("/api/v1/assets/LAMP/content")
        assert (found.status_code, found.json()["code"]) == (404, "not_found")
        assert (await there.http.get("/api/v1/assets/LAMP/content")).status_code == 202


async def test_what_has_no_picture_is_not_found(tmp_path: Path) -> None:
    async with served(tmp_path / "film") as there:
        await add(there.studio, "prop", "LAMP")
        for name in ("LAMP", "NOBODY"):
            assert (await there.http.get(f"/api/v1/assets/{name}/content")).status_code == 404
        wrong = await there.http.get("/api/v1/assets/LAMP/content", params={"size": "huge"})
        assert (wrong.status_code, wrong.json()["field"]) == (422, "size")


async def test_a_first_picture_is_waited_for(tmp_path: Path) -> None:
    async with served(tmp_path / "film") as there:
        await add(there.studio, "prop", "LAMP")
        [asked] = ask(there.studio, "LAMP")
        found = await there.http.get("/api/v1/assets/LAMP/content")
        assert (found.status_code, found.json()["job"]["id"], found.json()["take"]) == (202, asked.job, None)
        waiting = await there.get(found.headers["location"])
        assert "no worker" in waiting["reason"]
        await work(there.studio)
        assert (await there.http.get("/api/v1/assets/LAMP/content")).status_code == 200
