"""The running server: its address file, one at a time, TLS off loopback, and who may not come in."""

from __future__ import annotations

import asyncio
import contextlib
import os
import stat
from pathlib import Path

import httpx
import pytest

from app.api import address
from app.api.server import CannotListen, Listening, serving
from app.place import Place
from engine.faults import BadField, Conflict, WrongUse
from tests.app.api.served import Served, served
from tests.app.studios import film


async def test_the_address_is_the_owners_alone_and_goes_with_the_server(tmp_path: Path) -> None:
    folder = tmp_path / "film"
    async with served(folder) as there:
        path = address.path(folder)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        found = address.read(folder)
        assert found is not None
        assert (found.by, found.project, found.pid) == ("serve", there.studio.project.id, os.getpid())
    assert not address.path(folder).exists()


async def test_a_project_is_served_once(tmp_path: Path) -> None:
    async with served(tmp_path / "film") as there, film(tmp_path / "film") as again:
        with pytest.raises(Conflict):
            async with serving(again, Place(tmp_path, again.home), Listening(), by="worker"):
                pass
        assert (await there.http.get("/api/v1/projects")).status_code == 200


async def test_a_server_takes_over_from_a_worker_that_only_lends_itself(tmp_path: Path) -> None:
    folder = tmp_path / "film"
    async with film(folder) as one, film(folder) as other:
        place = Place(tmp_path, one.home)
        async with serving(one, place, Listening(), by="worker"):
            async with serving(other, place, Listening(), by="serve") as desk:
                found = address.read(folder)
                assert found is not None
                assert (found.by, found.url) == ("serve", desk.url)
            found = address.read(folder)
            assert found is not None
            assert found.by == "worker"
        assert address.read(folder) is None


async def test_without_the_token_or_by_another_name_nobody_comes_in(tmp_path: Path) -> None:
    async with served(tmp_path / "film") as there:
        base = str(there.http.base_url)
        async with httpx.AsyncClient(base_url=base, trust_env=False) as stranger:
            assert (await stranger.get("/api/v1/projects")).status_code == 401
            assert (await stranger.get("/docs")).status_code == 200
            assert (await stranger.get("/openapi.json")).status_code == 200
        rebound = await there.http.get("/api/v1/projects", headers={"Host": "evil.example"})
        assert (rebound.status_code, rebound.json()["code"]) == (403, "foreign_host")
        page = await there.http.get("/api/v1/projects", headers={"Origin": "https://evil.example"})
        assert (page.status_code, page.json()["code"]) == (403, "foreign_origin")
        assert "access-control-allow-origin" not in page.headers


async def test_only_named_pages_may_call(tmp_path: Path) -> None:
    listening = Listening(origins=("https://tools.example",))
    async with served(tmp_path / "film", listening=listening) as there:
        found = await there.http.get("/api/v1/projects", headers={"Origin": "https://tools.example"})
        assert found.headers["access-control-allow-origin"] == "https://tools.example"


async def test_off_loopback_it_speaks_tls_with_a_certificate_that_the_address_names(tmp_path: Path) -> None:
    folder = tmp_path / "film"
    async with film(folder) as studio:
        listening = Listening(host="0.0.0.0")
        async with serving(studio, Place(tmp_path, studio.home), listening, by="serve"):
            found = address.read(folder)
            assert found is not None
            assert found.url.startswith("https://127.0.0.1:")
            assert found.certificate is not None
            async with httpx.AsyncClient(verify=False, trust_env=False) as http:
                bearer = {"Authorization": f"Bearer {found.token}"}
                assert (await http.get(f"{found.url}/api/v1/projects", headers=bearer)).status_code == 200


@pytest.mark.parametrize("listening", [Listening(host="203.0.113.7"), Listening(port=70000)])
async def test_an_address_that_is_not_ours_is_said(tmp_path: Path, listening: Listening) -> None:
    async with film(tmp_path / "film") as studio:
        with pytest.raises(CannotListen):
            async with serving(studio, Place(tmp_path, studio.home), listening, by="serve"):
                pass


async def test_a_certificate_needs_its_key(tmp_path: Path) -> None:
    async with film(tmp_path / "film") as studio:
        listening = Listening(certificate=tmp_path / "a.pem")
        with pytest.raises(WrongUse):
            async with serving(studio, Place(tmp_path, studio.home), listening, by="serve"):
                pass


async def test_an_origin_that_is_none_is_refused_before_anybody_calls(tmp_path: Path) -> None:
    with pytest.raises(BadField, match="origin"):
        async with served(tmp_path / "film", listening=Listening(origins=("*",))):
            pass


async def test_a_request_that_is_cut_off_gives_back_what_it_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from app.api import server

    held: list[str] = []
    begun = asyncio.Event()

    async def slow(*given: object, **more: object) -> None:
        held.append("held")
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.to_thread(str)  # it takes its time
            held.append("given back")

    monkeypatch.setattr(server, "GRACE_SECONDS", 1)
    async with asyncio.TaskGroup() as group:
        async with served(tmp_path / "film") as there:
            monkeypatch.setattr(type(there.desk), "perform", slow)
            group.create_task(_asked(there))
            await begun.wait()
        assert held == ["held", "given back"]


async def _asked(there: Served) -> None:
    with contextlib.suppress(httpx.HTTPError):
        await there.http.get(f"{there.project}/status", timeout=30)
