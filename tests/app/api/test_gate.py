"""Who comes in, who does not, and what every answer carries."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from app.api.gate import Gate, own_hosts
from engine.faults import BadField
from tests.app.api.asgi import BEARER, HOST, TOKEN, Got, ask

PAGE = "http://localhost:5173"
EVENTS = "/api/v1/events"


async def inside(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept", "subprotocol": scope["state"]["subprotocol"]})
        return
    headers = {"ETag": '"a"'} if scope["path"] == "/api/v1/tagged" else {}
    await JSONResponse(scope["state"]["authorized"], headers=headers)(scope, receive, send)


def gate(**more: Any) -> Gate:
    return Gate(inside, token=TOKEN, hosts=own_hosts("127.0.0.1", 8000), origins=[PAGE], **more)


async def socket(
    *headers: tuple[str, str], path: str = EVENTS, offers: tuple[str, ...] = (), **more: Any
) -> Got:
    given = (("host", HOST), *headers)
    more = {"extensions": {"websocket.http.response": {}}, **more}
    return await ask(
        gate(), path=path, headers=given, type="websocket", scheme="ws", subprotocols=list(offers), **more
    )


def test_own_hosts() -> None:
    loopback = ["127.0.0.1:80", "localhost:80", "[::1]:80"]
    assert own_hosts("127.0.0.1", 9) == ["127.0.0.1:9", "localhost:9", "[::1]:9"]
    assert own_hosts("0.0.0.0", 9) == own_hosts("::", 9) == own_hosts("::1", 9) == own_hosts("localhost", 9)
    assert own_hosts("Studio.local", 9)[3:] == ["studio.local:9"]
    assert own_hosts("fe80::1%eth0", 9)[3:] == ["[fe80::1]:9"]
    assert own_hosts("127.0.0.1", 80) == [*loopback, "127.0.0.1", "localhost", "[::1]"]


async def test_the_token_opens() -> None:
    app = gate()
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=f"http://{HOST}") as caller:
        right = {"Authorization": f"Bearer {TOKEN}"}
        assert (await caller.get("/api/v1/x", headers=right)).json() is True
        assert (
            await caller.get("/api/v1/x", headers={"Authorization": f"bearer   {TOKEN}"})
        ).status_code == 200
        for wrong in ({}, {"Authorization": f"Bearer {TOKEN}x"}, {"Authorization": TOKEN}, {"Cookie": TOKEN}):
            refused = await caller.get(f"/api/v1/x?token={TOKEN}", headers=wrong)
            assert (refused.status_code, refused.json()["code"]) == (401, "unauthorized")
            assert refused.headers["www-authenticate"].startswith("Bearer")
            assert refused.headers["content-type"] == "application/problem+json"
            assert TOKEN not in refused.text


@given(st.text().filter(lambda text: text.strip(" ") != TOKEN))
async def test_no_other_token_opens(token: str) -> None:
    shown = token.encode().decode("latin-1")
    assert (await ask(gate(), headers=[("host", HOST), ("authorization", f"Bearer {shown}")])).status == 401
    assert (await socket(offers=(f"restrike.bearer.{token}",))).status == 401


@pytest.mark.parametrize(
    "hosts",
    [
        [], [""], ["evil.example:8000"], ["127.0.0.1"], ["127.0.0.1:8001"], ["localhost.:8000"], ["a@127.0.0.1:8000"],
        ["127.0.0.1:8000@evil.example"], ["127.0.0.1:08000"], ["[0:0:0:0:0:0:0:1]:8000"], ["::1:8000"], ["127.1:8000"],
        ["0.0.0.0:8000"], ["2130706433:8000"], ["127.0.0.1:8000, evil.example"], ["localhost:8000/x"],
        ["localhost:8000#"], [HOST, "evil.example"], ["evil.example", HOST], [HOST, HOST], ["localhost:8000\x00"],
        ["①27.0.0.1:8000".encode().decode("latin-1")], ["http://127.0.0.1:8000"],
    ],
)  # fmt: skip
async def test_a_foreign_host_is_refused(hosts: list[str]) -> None:
    for path in ("/docs", "/api/v1/x"):
        got = await ask(gate(), path=path, headers=[*(("Host", host) for host in hosts), BEARER])
        assert (got.status, got.code) == (403, "foreign_host")
        assert got.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "LocalHost:8000", "[::1]:8000"])
async def test_own_hosts_are_let_in(host: str) -> None:
    assert (await ask(gate(), headers=[("host", host), BEARER])).status == 200
    assert (
        await ask(gate(), headers=[("host", host), BEARER, ("origin", f"http://{host.lower()}")])
    ).status == 200


@pytest.mark.parametrize(
    "target", ["http://evil.example/docs", "http://127.0.0.1:8000/docs", "*", "evil:443", ""]
)
async def test_only_paths_are_asked_for(target: str) -> None:
    assert (await ask(gate(), path=target, headers=[("host", HOST), BEARER])).code == "foreign_host"
    assert (
        await ask(gate(), "CONNECT", path=target, headers=[("host", HOST), BEARER])
    ).code == "foreign_host"


FOREIGN = [
    ["null"], ["http://evil.example"], ["https://127.0.0.1:8000"], ["http://127.0.0.1:8001"], ["http://127.0.0.1"],
    ["http://127.0.0.1:8000.evil.example"], ["http://localhost:5173/"], ["http://localhost:51730"], [""], ["*"],
    [PAGE, "http://evil.example"], ["http://evil.example", PAGE], [f"{PAGE}, {PAGE}"], [f"{PAGE} http://evil.example"],
    ["file://"], ["http://a@localhost:5173"],
]  # fmt: skip


@pytest.mark.parametrize("origins", FOREIGN)
async def test_a_foreign_origin_is_refused(origins: list[str]) -> None:
    sent = [BEARER, *(("origin", origin) for origin in origins)]
    for method in ("GET", "POST", "OPTIONS"):
        asks = ("access-control-request-method", "POST")
        got = await ask(gate(), method, headers=[("host", HOST), *sent, asks])
        assert (got.status, got.code) == (403, "foreign_origin")
        assert not [name for name in got.headers if name.startswith("access-control")]
    refused = await socket(*sent)
    assert (refused.status, refused.code) == (403, "foreign_origin")
    assert (await socket(*sent, extensions={})).messages == [
        {"type": "websocket.close", "code": 1008, "reason": "foreign_origin"}
    ]


async def test_two_tokens_have_to_be_right_both() -> None:
    wrong = ("authorization", "Bearer other")
    basic = ("authorization", "Basic eDp5")
    for sent in (
        [BEARER, wrong],
        [wrong, BEARER],
        [BEARER, basic],
        [("authorization", f"Bearer {TOKEN}, Bearer x")],
    ):
        assert (await ask(gate(), headers=[("host", HOST), *sent])).status == 401
    assert (await socket(BEARER, path=f"{EVENTS}?token=other")).status == 401
    assert (await socket(BEARER, offers=("restrike.bearer.other",))).status == 401


async def test_a_web_socket_brings_its_token_in_one_of_three_ways() -> None:
    assert (await socket(BEARER)).messages == [{"type": "websocket.accept", "subprotocol": None}]
    offered = await socket(offers=("restrike.events", f"restrike.bearer.{TOKEN}"))
    assert offered.messages == [{"type": "websocket.accept", "subprotocol": "restrike.events"}]
    assert offered.scope["subprotocols"] == ["restrike.events"]
    asked = await socket(path=f"{EVENTS}?since=4&token={TOKEN}&x=%C3%A4")
    assert asked.messages[0]["type"] == "websocket.accept"
    assert asked.scope["query_string"] == b"since=4&x=%C3%A4"
    assert (await socket(("origin", PAGE), path=f"{EVENTS}?token={TOKEN}")).messages[0][
        "type"
    ] == "websocket.accept"


async def test_a_web_socket_without_it_is_closed_before_it_opens() -> None:
    for path, offers in (
        (EVENTS, ()),
        (f"{EVENTS}?token=", ()),
        (EVENTS, ("restrike.bearer.",)),
        ("/docs", ()),
    ):
        refused = await socket(path=path, offers=offers)
        assert (refused.status, refused.code) == (401, "unauthorized")
        assert refused.headers["x-content-type-options"] == "nosniff"
        closed = await socket(path=path, offers=offers, extensions={})
        assert closed.messages == [{"type": "websocket.close", "code": 1008, "reason": "unauthorized"}]


@pytest.mark.parametrize("path", ["/docs", "/docs/oauth2-redirect", "/openapi.json", "/api/v1/content/abc"])
async def test_open_paths_need_no_token(path: str) -> None:
    for method, status in (("GET", 200), ("HEAD", 200), ("POST", 401), ("TRACE", 401), ("OPTIONS", 401)):
        assert (await ask(gate(), method, path)).status == status
    assert (await ask(gate(), path=path)).body == b"false"
    assert (await ask(gate(), path=path, headers=[("host", HOST), BEARER])).body == b"true"
    assert (
        await ask(gate(), path=path, headers=[("host", HOST), ("authorization", "Bearer x")])
    ).body == b"false"


@pytest.mark.parametrize(
    "path",
    [
        "/docs/../api/v1/x", "/docs/..", "//docs", "/docs//x", "/docsx", "/DOCS", "/openapi.json/", "/openapi.jsonx",
        "/api/v1/content", "/docs/static/..\\..\\x", "/docs/static/./x", "/", "/api/v1/contents/x",
    ],
)  # fmt: skip
async def test_nothing_else_is_open(path: str) -> None:
    assert (await ask(gate(), path=path)).status == 401


async def test_an_allowed_page_learns_what_it_may_send() -> None:
    asks = [("host", HOST), ("origin", PAGE), ("access-control-request-method", "PATCH")]
    got = await ask(gate(), "OPTIONS", headers=asks)
    assert got.status == 204
    assert got.headers["access-control-allow-origin"] == PAGE
    for name in ("Authorization", "Idempotency-Key", "If-None-Match"):
        assert name in got.headers["access-control-allow-headers"]
    assert "PATCH" in got.headers["access-control-allow-methods"]
    assert (await ask(gate(), "OPTIONS", headers=asks[:2])).status == 401
    answered = await ask(gate(), headers=[*asks[:2], BEARER])
    assert answered.headers["access-control-allow-origin"] == PAGE
    assert "Restrike-Exit-Status" in answered.headers["access-control-expose-headers"]
    assert answered.headers["vary"] == "Origin"
    refused = await ask(gate(), headers=asks[:2])
    assert (refused.status, refused.headers["access-control-allow-origin"]) == (401, PAGE)


@pytest.mark.parametrize(
    "origin", ["null", "*", "", "localhost:5173", "http://", "http://x/y", "http://*.x", "file:///x"]
)
def test_an_origin_of_everybody_cannot_be_allowed(origin: str) -> None:
    with pytest.raises(BadField, match="origin"):
        Gate(inside, token=TOKEN, hosts=[HOST], origins=[origin])
    with pytest.raises(BadField, match="token"):
        Gate(inside, token="", hosts=[HOST])


async def test_every_answer_is_guarded() -> None:
    plain = await ask(gate(), headers=[("host", HOST), BEARER])
    assert plain.headers["cache-control"] == "no-store"
    assert plain.headers["referrer-policy"] == "no-referrer"
    assert plain.headers["cross-origin-resource-policy"] == "same-origin"
    assert "unsafe-inline" not in plain.headers["content-security-policy"]
    assert "access-control-allow-origin" not in plain.headers
    tagged = await ask(gate(), path="/api/v1/tagged", headers=[("host", HOST), BEARER])
    assert tagged.headers["cache-control"] == "private, no-cache"
    docs = await ask(gate(), path="/docs")
    assert "style-src 'self' 'unsafe-inline'" in docs.headers["content-security-policy"]
    assert "unsafe-inline" not in (await ask(gate(), path="/docs-x")).headers["content-security-policy"]


async def test_guessing_is_slowed_down_and_never_locks_the_owner_out() -> None:
    time = [0.0]
    app = gate(now=lambda: time[0])
    for _ in range(20):
        assert (await ask(app)).status == 401
    slowed = await ask(app)
    assert (slowed.status, slowed.code, slowed.headers["retry-after"]) == (429, "too_many", "3")
    assert (await ask(app, headers=[("host", HOST), BEARER])).status == 200
    assert (await ask(app, client=("192.0.2.1", 1))).status == 401
    time[0] = 3.0
    assert [(await ask(app)).status for _ in range(2)] == [401, 429]


async def test_the_life_of_the_server_is_none_of_its_business() -> None:
    seen: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope["type"])

    await Gate(app, token=TOKEN, hosts=[HOST])({"type": "lifespan"}, _nothing, _nothing)
    assert seen == ["lifespan"]


async def _nothing(*message: Any) -> Any:
    return Response()
