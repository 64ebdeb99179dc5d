"""The page that shows the API works without a network."""

from __future__ import annotations

import re
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from app.api import docs
from tests.app.api.served import served

ELSEWHERE = re.compile(r"(?:https?:)?//[a-z0-9.-]+", re.IGNORECASE)


@pytest.fixture
def asked() -> list[int]:
    """How often the description was made."""
    return []


@pytest.fixture
def client(asked: list[int]) -> httpx.AsyncClient:
    """Somebody who reads the page."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)

    def document() -> dict[str, str]:
        asked.append(1)
        return {"openapi": "3.1.0"}

    docs.install(app, document)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1:8000")


async def test_the_page_and_all_that_it_needs_come_from_here(client: httpx.AsyncClient) -> None:
    page = await client.get("/docs")
    assert page.status_code == 200
    assert "<title>Restrike: the local API</title>" in page.text
    assert not ELSEWHERE.search(page.text)
    parts = re.findall(r'(?:src|href)="(/[^"]+)"', page.text)
    assert len(parts) >= 4
    for part in parts:
        found = await client.get(part)
        assert found.status_code == 200, part
        assert found.content
    for own in (docs.SCRIPT, docs.STYLE):
        assert not ELSEWHERE.search((await client.get(own)).text)


async def test_the_token_is_kept_in_memory_alone(client: httpx.AsyncClient) -> None:
    script = (await client.get(docs.SCRIPT)).text
    assert "persistAuthorization: false" in script
    assert "validatorUrl: null" in script
    assert "localStorage" not in script


async def test_there_is_no_script_in_the_page_itself(client: httpx.AsyncClient) -> None:
    page = (await client.get("/docs")).text
    assert re.findall(r"<script[^>]*>([^<]*)</script>", page) == ["", ""]


async def test_the_description_is_made_once_and_has_a_tag(
    client: httpx.AsyncClient, asked: list[int]
) -> None:
    first = await client.get("/openapi.json")
    assert first.json() == {"openapi": "3.1.0"}
    again = await client.get("/openapi.json", headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == 304
    assert asked == [1]


async def test_the_page_of_a_running_program_can_be_read_without_the_token(tmp_path: Path) -> None:
    async with served(tmp_path / "film") as one, httpx.AsyncClient(base_url=one.desk.url) as stranger:
        for path in (docs.PAGE, docs.SCRIPT, docs.STYLE, f"{docs.STATIC}/swagger-ui.css"):
            found = await stranger.get(path)
            assert found.status_code == 200, path
            assert "script-src 'self'" in found.headers["content-security-policy"]
        described = (await stranger.get(docs.DESCRIPTION)).json()
        assert described["info"]["version"] == one.desk.release
        assert one.token not in str(described)
        assert str(tmp_path) not in str(described)
