"""The regenerative state of a project: read it in pages, save parameters on the number they were based on."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from app import attention, regenerative
from app.api import problems
from app.api.bodies import LONGEST_LIST
from app.api.desk import Desk
from app.api.reply import pathless, reply, sparse, tag, unchanged
from app.api.routes.commands import FIELDS, PROJECT
from app.api.schemas import RegenerativeState, SavedParameters
from app.regenerative import Outdated, Save, Selection
from sync.records import Kind, Tier

PAGE = 500
LARGEST_VERSION = 2**53 - 1


class FedInput(BaseModel):
    """An asset that feeds another."""

    model_config = ConfigDict(extra="forbid")
    asset: str = Field(min_length=1, max_length=200, description="The asset, by id or name.")
    role: Literal["image", "environment", "character", "prop", "style"] | None = Field(
        default=None, description="What it is for; otherwise as its kind suggests."
    )


class AssetParameters(BaseModel):
    """What is saved of one asset."""

    model_config = ConfigDict(extra="forbid")
    asset: str = Field(min_length=1, max_length=200, description="The asset, by id or name.")
    parameters: dict[str, str | int | float | None] = Field(
        default={},
        description="Fields of the recipe; null goes back to the default, others stay as they are.",
    )
    tier: Tier | None = Field(default=None, description="The quality tier; otherwise as it is.")
    inputs: list[FedInput] | None = Field(
        default=None, max_length=100, description="All that feeds the asset from now on; otherwise as it is."
    )
    note: str = Field(default="", max_length=2000, description="A remark kept with the version.")


class SaveParameters(BaseModel):
    """Parameters to save, with the number of the state that the edit was based on."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "version": 412,
                    "assets": [
                        {"asset": "SH010", "parameters": {"prompt": "the harbour at dusk", "steps": 12}}
                    ],
                }
            ]
        },
    )
    version: int = Field(ge=0, le=LARGEST_VERSION, description="The `version` of the state that was read.")
    assets: list[AssetParameters] = Field(
        min_length=1, max_length=LONGEST_LIST, description="What to save; all or nothing."
    )


ProjectPath = Annotated[str, Path(description=PROJECT, max_length=200)]
KindQuery = Annotated[Kind | None, Query(description="Only assets of this kind.")]
SceneQuery = Annotated[str | None, Query(description="Only shots of this scene.", max_length=200)]
WhereQuery = Annotated[
    str | None,
    Query(description="Only what a query selects, such as `kind = shot and stale`.", max_length=4000),
]
StaleQuery = Annotated[bool, Query(description="Only assets whose takes are out of date.")]
SinceQuery = Annotated[
    int | None,
    Query(
        ge=0,
        le=LARGEST_VERSION,
        description="Only what became known after this version; removed assets are then in it too.",
    ),
]
LimitQuery = Annotated[int, Query(ge=1, le=LONGEST_LIST, description="At most so many assets.")]
OffsetQuery = Annotated[
    int, Query(ge=0, le=2**31, description="Leave out so many first: `next` of the page before.")
]
FieldsQuery = Annotated[str | None, Query(description=FIELDS, max_length=500)]
DryRun = Annotated[bool, Query(description="Only check and say what would be saved.")]


def router(desk: Desk) -> APIRouter:
    """GET and PUT of `/projects/{project}/regenerative`."""
    made = APIRouter(tags=["regenerative"])
    _add_read(desk, made)
    _add_save(desk, made)
    return made


def _add_read(desk: Desk, made: APIRouter) -> None:
    @made.get(
        "/projects/{project}/regenerative",
        operation_id="regenerative_state",
        summary="Read the whole regenerative state, page by page.",
        responses={200: {"model": RegenerativeState}},
    )
    async def read(
        request: Request,
        project: ProjectPath,
        kind: KindQuery = None,
        scene: SceneQuery = None,
        where: WhereQuery = None,
        stale: StaleQuery = False,
        since: SinceQuery = None,
        limit: LimitQuery = PAGE,
        offset: OffsetQuery = 0,
        fields: FieldsQuery = None,
    ) -> Response:
        """Every asset with its recipe, inputs and takes, by name. The answer's ETag follows `version`."""
        studio = desk.studio(project)
        edited = attention.edited(studio)
        etag = tag(studio.project.version, desk.release, request.url.path, request.url.query, edited)
        if (found := unchanged(request, etag)) is not None:
            return found
        selection = Selection(kind=kind, scene=scene, where=where, stale=stale, since=since)
        page = regenerative.state(studio, selection, limit=limit, offset=offset)
        return reply(request, sparse(page, fields, "assets"), etag=etag, paths=False)


def _add_save(desk: Desk, made: APIRouter) -> None:
    @made.put(
        "/projects/{project}/regenerative",
        operation_id="save_parameters",
        summary="Save parameters of assets as new versions.",
        responses={200: {"model": SavedParameters}},
    )
    async def save(
        request: Request, project: ProjectPath, body: SaveParameters, dry_run: DryRun = False
    ) -> Response:
        """All or nothing; 409, with the current state, where one of them was edited after `version`."""
        studio = desk.studio(project)
        wanted = [_wanted(one) for one in body.assets]
        try:
            return reply(request, regenerative.save(studio, body.version, wanted, dry_run=dry_run))
        except Outdated as fault:
            state = pathless(regenerative.state_of(studio, fault.assets))
            found = problems.problem(fault, instance=request.url.path, paths=desk.paths)
            return problems.response({**found, "state": state})


def _wanted(one: AssetParameters) -> Save:
    inputs = None if one.inputs is None else [(each.asset, each.role) for each in one.inputs]
    return Save(asset=one.asset, parameters=one.parameters, tier=one.tier, inputs=inputs, note=one.note)
