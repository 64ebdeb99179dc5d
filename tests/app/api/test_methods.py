"""What a 405 says can be asked."""

from __future__ import annotations

import httpx
import pytest
from fastapi import APIRouter, FastAPI

from app.api import methods


async def nothing() -> None:
    """Answers nothing."""


@pytest.fixture
def client() -> httpx.AsyncClient:
    """An app with a thing of several methods in two routers, and one whose path looks like a name."""
    app = FastAPI()
    for path, method in (("/takes/{take}", "GET"), ("/takes/compare", "POST"), ("/takes/{take}", "DELETE")):
        router = APIRouter()
        router.add_api_route(path, nothing, methods=[method])
        app.include_router(router, prefix="/api")
    methods.install(app)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1:8000")


@pytest.mark.parametrize(
    ("path", "allowed"),
    [("/api/takes/a", "DELETE, GET"), ("/api/takes/compare", "POST")],
)
async def test_all_methods_of_the_thing_are_named(client: httpx.AsyncClient, path: str, allowed: str) -> None:
    answer = await client.put(path)
    assert answer.status_code == 405
    assert answer.headers["allow"] == allowed


async def test_other_answers_stay_as_they_are(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/takes/a")
    assert answer.status_code == 200
    assert "allow" not in answer.headers
