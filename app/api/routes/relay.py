"""Whether a relay runs on this machine."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from app import relay
from app.api.desk import Desk
from app.api.reply import reply
from app.api.schemas import ANSWERS


def router(desk: Desk) -> APIRouter:
    """`/relay`."""
    made = APIRouter()

    @made.get(
        "/relay",
        tags=["program"],
        operation_id="relay",
        summary="Say whether a relay runs on this machine.",
        responses={200: {"model": ANSWERS["relay"]}},
    )
    async def state(request: Request) -> Response:
        """The relay that the user of this program runs here, which is a process of its own."""
        return reply(request, relay.state(desk.place.home))

    return made
