"""`WS /events`: what changes, as it changes, and the things that a client may ask for or say on the way."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Mapping
from typing import Any, Final

from fastapi import APIRouter
from pydantic import ValidationError
from starlette.websockets import WebSocket, WebSocketDisconnect

from app import events
from app.api import complaints, problems
from app.api.channel import Listener
from app.api.desk import Desk
from app.api.faults import BadJson
from app.api.routes import presence
from app.api.routes.presence import Attending
from app.api.routes.regeneration import SubmitJobs, submit
from engine.faults import BadField, Fault

REGENERATE: Final = "client:regenerate_asset"
SYNC: Final = "client:sync_request"
PRESENCE: Final = "client:presence"

MOST_CLIENTS: Final = 256
MOST_BAD: Final = 10
"""So many messages in a row that cannot be understood end the conversation."""
LONGEST_ID: Final = 200

GOING_AWAY: Final = 1001
AGAINST_THE_RULES: Final = 1008
TRY_LATER: Final = 1013


def router(desk: Desk) -> APIRouter:
    """The one route; who may use it is decided before a request gets here."""
    made = APIRouter()

    @made.websocket("/events")
    async def listen(websocket: WebSocket, since: str | None = None, types: str | None = None) -> None:
        wanted = events.chosen(types)
        state = websocket.scope.get("state") or {}
        await websocket.accept(subprotocol=state.get("subprotocol"))
        if desk.hub.listeners >= MOST_CLIENTS:
            await websocket.close(TRY_LATER, "too many listen already")
            return
        async with desk.hub.connect(since, wanted) as listener:
            code = await _talked(websocket, listener, desk)
        if code is not None:
            await websocket.close(code)

    return made


async def _talked(websocket: WebSocket, listener: Listener, desk: Desk) -> int | None:
    """Send and receive until one of the two is over; the code to close with, None when the client has left."""
    async with asyncio.TaskGroup() as group:
        both = [
            group.create_task(_send(websocket, listener)),
            group.create_task(_Reader(websocket, listener, desk).read()),
        ]
        done, _ = await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        for task in both:
            task.cancel()
    return next((task.result() for task in done), None)


async def _send(websocket: WebSocket, listener: Listener) -> int | None:
    try:
        async for text in listener:
            await websocket.send_text(text)  # waits while the client does not read
    except WebSocketDisconnect:
        return None
    return GOING_AWAY


class _Reader:
    """What a client says, message by message."""

    def __init__(self, websocket: WebSocket, listener: Listener, desk: Desk) -> None:
        self._websocket = websocket
        self._listener = listener
        self._desk = desk
        self._bad = 0
        self._name = f"socket {id(self)}"

    async def read(self) -> int | None:
        """Answer until the client leaves, or has said too much that cannot be understood."""
        try:
            while self._bad < MOST_BAD:
                received = await self._websocket.receive()
                if received["type"] == "websocket.disconnect":
                    return None
                await self._answer(received)
            return AGAINST_THE_RULES
        finally:
            presence.left(self._desk, self._name)

    async def _answer(self, received: Mapping[str, Any]) -> None:
        reply_to: str | int | None = None
        try:
            said = _said(received)
            reply_to = _id(said)
            kind, data = _asked(said)
        except Fault as fault:
            self._bad += 1
            await self._refuse(fault, reply_to)
            return
        self._bad = 0
        if kind == SYNC:
            await self._listener.resync(reply_to)
            return
        try:
            if kind == PRESENCE:
                presence.say(self._desk, _project(data), self._name, _attending(data))
                return
            found = await submit(self._desk, _wanted(data), _project(data))
        except (Fault, OSError, BaseExceptionGroup) as error:
            await self._refuse(error, reply_to)
            return
        for job in found["jobs"]:
            await self._listener.answer(events.JOB_CHANGED, job, reply_to)

    async def _refuse(self, error: BaseException, reply_to: str | int | None) -> None:
        found = problems.described(error, home=self._desk.place.home, paths=self._desk.paths)
        await self._listener.answer(events.ERROR, found, reply_to)


def _said(received: Mapping[str, Any]) -> dict[str, Any]:
    """The object in a message."""
    text = received.get("text")
    raw: str | bytes = text if text is not None else received.get("bytes") or b""
    try:
        found = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise BadJson(f"the message is not JSON: {error}", "send one JSON object a message") from error
    if not isinstance(found, dict):
        raise BadJson("the message is no JSON object", 'send {"type", "id", "data"}')
    return found


def _id(said: Mapping[str, Any]) -> str | int | None:
    found = said.get("id")
    usable = found is None or type(found) is int or (isinstance(found, str) and _short(found))
    if not usable:
        raise BadField("id", found, f"text of at most {LONGEST_ID} characters, or an integer")
    return found


def _short(text: str) -> bool:
    """Whether a text can be sent back: short, and no half of a character in it."""
    return len(text) <= LONGEST_ID and not re.search("[\ud800-\udfff]", text)


def _asked(said: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """What a client wants, and its data."""
    kind, data = said.get("type"), said.get("data")
    if kind not in (REGENERATE, SYNC, PRESENCE):
        raise BadField("type", kind, f"{REGENERATE}, {SYNC}, {PRESENCE}")
    if data is not None and not isinstance(data, dict):
        raise BadField("data", data, "an object")
    return kind, data or {}


def _wanted(data: Mapping[str, Any]) -> SubmitJobs:
    """What to render: `asset` or `assets`, and the rest as `POST /regeneration/jobs` takes it."""
    given = {name: value for name, value in data.items() if name not in ("asset", "project")}
    if "asset" in data:
        if "assets" in data:
            raise BadField("asset", data["asset"], "either asset or assets")
        given["assets"] = [data["asset"]]
    try:
        return SubmitJobs.model_validate(given)
    except ValidationError as error:
        raise complaints.of(error.errors()) from error


def _attending(data: Mapping[str, Any]) -> Attending:
    """What is looked at and edited, as `POST /projects/{project}/presence` takes it."""
    try:
        return Attending.model_validate(
            {name: value for name, value in data.items() if name not in ("project", "client")}
        )
    except ValidationError as error:
        raise complaints.of(error.errors()) from error


def _project(data: Mapping[str, Any]) -> str | None:
    found = data.get("project")
    if found is not None and not isinstance(found, str):
        raise BadField("project", found, "a project's id")
    return found
