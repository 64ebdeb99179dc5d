"""What a client's person looks at and edits: said here or over the WebSocket, again every few seconds."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from app import attention, versions
from app.api.desk import Desk
from app.api.reply import reply
from app.api.schemas.peers import Noticed
from app.attention import HOLD, LONGEST_FIELD, MOST_FIELDS

PROJECT: Final = "The project's id, as `GET /projects` says it."


class Edited(BaseModel):
    """An asset that is edited."""

    model_config = ConfigDict(extra="forbid")
    asset: str = Field(min_length=1, max_length=200, description="The asset, by id or name.")
    fields: list[Annotated[str, Field(min_length=1, max_length=LONGEST_FIELD)]] = Field(
        default=[], max_length=MOST_FIELDS, description="Its fields; none for all of them."
    )


class Attending(BaseModel):
    """What a person looks at and edits."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"looking": "SH010", "editing": {"asset": "SH010", "fields": ["prompt"]}}]
        },
    )
    looking: str | None = Field(default=None, max_length=200, description="The asset on the screen.")
    editing: Edited | None = Field(default=None, description="What is being changed.")
    client: str = Field(
        default="", max_length=64, description="A word of your own that tells your clients apart."
    )


def router(desk: Desk) -> APIRouter:
    """The one route."""
    made = APIRouter()

    @made.post(
        "/projects/{project}/presence",
        tags=["peers"],
        operation_id="attend",
        summary="Say what is looked at and edited.",
        responses={200: {"model": Noticed}},
    )
    async def attend(
        request: Request, project: Annotated[str, Path(description=PROJECT, max_length=200)], body: Attending
    ) -> Response:
        """The others see it until it is said anew, or `seconds` have passed. Nothing is locked."""
        return reply(request, say(desk, project, f"route {body.client}", body))

    return made


def say(desk: Desk, project: str | None, client: str, said: Attending) -> dict[str, Any]:
    """Pass on what a client says; the answer holds who else edits that asset. Raises `NotFound`, `BadField`."""
    studio = desk.studio(project)
    index = studio.project.index
    looking = versions.find(index, said.looking, gone=True).id if said.looking else ""
    editing = said.editing
    edited = versions.find(index, editing.asset, gone=True).id if editing is not None else ""
    if studio.company is not None:
        fields = editing.fields if editing is not None else []
        studio.company.attention.say(client, looking, (edited, fields) if edited else None)
    return {"seconds": HOLD, "editing": attention.edited(studio).get(edited or looking, [])}


def left(desk: Desk, client: str) -> None:
    """A client has gone, and its word with it."""
    company = desk.studio().company
    if company is not None:
        company.attention.left(client)
