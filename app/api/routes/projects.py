"""What is open here, by whom, and how much it takes."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from app.api.desk import Desk
from app.api.reply import reply
from app.api.schemas import ANSWERS, Projects, ServerInfo
from app.commands.table import load


def router(desk: Desk) -> APIRouter:
    """`/projects`, `/server` and `/storage/analytics`."""
    made = APIRouter()

    @made.get(
        "/projects",
        tags=["projects"],
        operation_id="list_projects",
        summary="List the open projects.",
        responses={200: {"model": Projects}},
    )
    async def projects(request: Request) -> Response:
        """One running program has one project open."""
        return reply(request, {"projects": [_project(desk)]})

    @made.get(
        "/server",
        tags=["server"],
        operation_id="serve",
        summary="Say what is running here.",
        responses={200: {"model": ServerInfo}},
    )
    async def server(request: Request) -> Response:
        """The program that has the project open: its release, since when, how many listen to its events."""
        value = {
            "release": desk.release,
            "by": desk.by,
            "started": desk.started.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "renders": desk.studio().resident is not None,
            "listeners": desk.hub.listeners,
            "projects": [desk.studio().project.id],
        }
        return reply(request, value)

    @made.get(
        "/storage/analytics",
        tags=["storage"],
        operation_id="storage_analytics",
        summary="Say what is stored, for what, and how much of it could be rendered again.",
        responses={200: {"model": ANSWERS["storage report"]}},
    )
    async def analytics(
        request: Request,
        project: Annotated[
            str | None, Query(description="The project's id, where several are open.", max_length=200)
        ] = None,
    ) -> Response:
        """The same as the report of a project."""
        return reply(request, await desk.perform(load("storage report"), {}, project, lambda news: None))

    return made


def _project(desk: Desk) -> dict[str, Any]:
    project = desk.studio().project
    counts = project.index.counts()
    return {
        "id": project.id,
        "name": project.name,
        "version": project.version,
        "assets": counts["assets"],
        "versions": counts["versions"],
        "takes": counts["takes"],
        "by": desk.by,
    }
