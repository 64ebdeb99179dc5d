"""The messages of the WebSocket `/api/v1/events`: what clients are told, and what they may ask."""

from __future__ import annotations

from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict

from app.api.schemas.assets import ASSET, MODEL, Asset
from app.api.schemas.jobs import JOB, Job
from app.api.schemas.models import OLD
from app.api.schemas.peers import PresentPeer
from app.api.schemas.problem import EXAMPLES as PROBLEMS
from app.api.schemas.problem import Problem
from app.api.schemas.projects import PROJECT, BlobCounts
from app.api.schemas.takes import TAKE, Take
from app.api.schemas.team import Knocking, SpokenCode
from app.api.schemas.values import Count, Digest, Id, JobState, Seconds, Shape, Time, always, maybe
from sync.records import Tier

Json = dict[str, Any]
SCHEMAS: Final = "#/components/schemas/"
EPOCH: Final = "mmr7rsg2wbcozhzeycxz22avzu"


class Event(Shape):
    """What every message holds besides its data."""

    type: str = always("What it tells of.")
    id: str = always("EPOCH.SEQ; the last one you have, as `since`, resumes after it.", min_length=1)
    time: Time = always("When it happened, RFC 3339 in UTC.")
    seq: int = always("Its number: it rises within one run of the program.", ge=0)
    data: Any = always("What it says.")
    subject: str = maybe("What it is about: a newer message of the same type and subject takes its place.")
    reply_to: str | int = maybe("The id of your message that this answers.")


class SessionDoing(Shape):
    """What a session renders."""

    job: Id = always("The job's id.")
    asset: Id | None = always("The asset's id; null where it is not known.")
    asset_name: str = always("The asset's name.")
    stage: str = always("What is being done.")


class Session(Shape):
    """A running process that has the project open on this machine."""

    id: Id = always("The session's id.")
    here: bool = always("Whether it is the program that answers.")
    state: Literal["rendering", "idle"] = always("Whether it renders.")
    doing: SessionDoing | None = always("What it renders; null when it does not.")


class Presence(Shape):
    """Who is there, and at what."""

    paused: bool = always("Whether workers start nothing new.")
    sessions: list[Session] = always("The processes on this machine.")
    peers: list[PresentPeer] = always("The team's other devices that are here.")
    codes: list[SpokenCode] = always("The spoken codes that were given out lately.")
    knocks: list[Knocking] = always("The devices that ask to be let in, the newest first.")


class Counts(BaseModel):
    """How much there is."""

    model_config = ConfigDict(extra="allow")

    documents: Count = always("Documents.")
    assets: Count = always("Assets.")
    versions: Count = always("Versions.")
    takes: Count = always("Takes.")
    jobs: dict[str, Count] = always("Jobs by state; states without any may be left out.")


class FullSync(Presence):
    """The whole state, in parts: assets that are not removed, jobs that wait, run or failed."""

    project: Digest = always("The project's id.")
    name: str = always("What the film is called.")
    version: int = always("This device's monotone counter of everything known.", ge=0)
    counts: Counts = always("How much there is.")
    assets: list[Asset] = always("Assets of this part.")
    jobs: list[Job] = always("Jobs of this part.")
    epoch: str = always("What ids begin with in this run of the program.")
    seq: int = always("The number that the state is as of, once all parts are there.", ge=0)
    part: int = always("Which part this is, from 1.", ge=1)
    parts: int = always("How many parts there are.", ge=1)


class AssetNews(Asset):
    """An asset as it is now."""

    change: list[str] = maybe("What changed: versions, takes, approved, renamed, stale …")


class JobNews(Job):
    """A job as it is now."""

    change: list[str] = maybe("What changed.")


class RenderProgress(Shape):
    """How far a picture is."""

    job: str = always("The job's id, or what is being brought back.")
    asset: Id | None = always("The asset's id; null where it is not known.")
    asset_name: str = always("The asset's name, or what is being made.")
    stage: str = always("What is being done: loading model, rendering, saving.")
    step: Count = always("The present step.")
    steps: Count = always("How many steps there are; 0 where unknown.")
    percent: float | None = always("How far it is, 0 to 100; null where unknown.", ge=0, le=100)
    eta: Time | None = always("When it will be done, RFC 3339 in UTC; null where unknown.")
    eta_s: Seconds | None = always("Seconds until then; null where unknown.")
    preview: str | None = always("How the picture looks so far, a data URI of a WebP; null without one.")


class RenderComplete(Shape):
    """A job has ended."""

    job: Id = always("The job's id.")
    asset: Id = always("The asset's id.")
    asset_name: str = always("The asset's name.")
    state: JobState = always("How it ended: finished, failed or cancelled.")
    takes: list[Take] = always("The takes that it brought.")
    message: str = always("How it ended, in a sentence.")


class StorageNews(BlobCounts):
    """What is stored here now."""

    assets: list[Id] = always("The assets whose pictures came or went.")


class Migrated(Shape):
    """An asset has moved to another model."""

    asset: Id = always("The asset's id.")
    asset_name: str = always("The asset's name.")
    from_model: str = always("The digest of the model before.")
    to_model: str = always("The digest of the model now.")
    version: int = always("The number of the version that moved it.", ge=1)
    version_id: Id = always("The version's id.")
    version_label: str = always("The version as people see it.")


class FullSyncEvent(Event):
    """The whole state, or one part of it: after connecting, and when you ask."""

    type: Literal["server:full_sync"] = always("What it tells of.")
    data: FullSync = always("The state.")


class AssetChangedEvent(Event):
    """An asset is new, was changed, or went."""

    type: Literal["server:asset_changed"] = always("What it tells of.")
    data: AssetNews = always("The asset as it is now.")


class JobChangedEvent(Event):
    """A job is new, or was changed."""

    type: Literal["server:job_changed"] = always("What it tells of.")
    data: JobNews = always("The job as it is now.")


class ProgressEvent(Event):
    """How far a picture is, a few times a second."""

    type: Literal["server:regeneration_progress"] = always("What it tells of.")
    data: RenderProgress = always("How far it is.")


class CompleteEvent(Event):
    """A job has ended, with a picture or without."""

    type: Literal["server:regeneration_complete"] = always("What it tells of.")
    data: RenderComplete = always("How it ended.")


class StorageUpdatedEvent(Event):
    """Pictures were stored or deleted here."""

    type: Literal["server:storage_updated"] = always("What it tells of.")
    data: StorageNews = always("What is stored now.")


class ParameterMigratedEvent(Event):
    """An asset has moved to another model."""

    type: Literal["server:parameter_migrated"] = always("What it tells of.")
    data: Migrated = always("Which one, and to what.")


class PresenceEvent(Event):
    """Who is there; also the heartbeat, at least every half minute."""

    type: Literal["server:presence"] = always("What it tells of.")
    data: Presence = always("Who is there.")


class ErrorEvent(Event):
    """A message of yours could not be followed."""

    type: Literal["server:error"] = always("What it tells of.")
    data: Problem = always("What was wrong.")


class RegenerateAsset(Shape):
    """Assets to render."""

    asset: Id = maybe("The asset, by name or id.")
    assets: list[Id] = maybe("Or several of them.", min_length=1, max_length=1000)
    quality: Tier = maybe("The tier; otherwise each version's own.")
    priority: Literal["high", "normal", "low"] = maybe("Your vote for the jobs.")
    count: int = maybe("How many takes of each; otherwise 1.", ge=1, le=1000)
    project: Id = maybe("The project's id, where several are open.")


class RegenerateAssetMessage(Shape):
    """Ask for pictures; `server:job_changed` and `server:regeneration_progress` tell of them."""

    type: Literal["client:regenerate_asset"] = always("What is asked.")
    id: str | int = maybe("An id of yours; the answer names it in `reply_to`. Text: at most 200 characters.")
    data: RegenerateAsset = always("What to render.")


class SyncRequestMessage(Shape):
    """Ask for the whole state; `server:full_sync` answers."""

    type: Literal["client:sync_request"] = always("What is asked.")
    id: str | int = maybe("An id of yours; the answer names it in `reply_to`. Text: at most 200 characters.")
    data: dict[str, Any] = maybe("Nothing.")


class Edited(Shape):
    """An asset that is edited."""

    asset: Id = always("The asset, by name or id.")
    fields: list[str] = maybe("Its fields; none for all of them.", max_length=16)


class Attending(Shape):
    """What a person looks at and edits."""

    looking: Id | None = maybe("The asset on the screen, by name or id.")
    editing: Edited | None = maybe("What is being changed.")
    project: Id = maybe("The project's id, where several are open.")


class PresenceMessage(Shape):
    """Say what your person looks at and edits; it counts for ten seconds, or until you leave."""

    type: Literal["client:presence"] = always("What is said.")
    id: str | int = maybe("An id of yours; an error names it in `reply_to`. Text: at most 200 characters.")
    data: Attending = always("What is looked at and edited.")


FROM_SERVER: Final[dict[str, type[Event]]] = {
    "server:full_sync": FullSyncEvent,
    "server:asset_changed": AssetChangedEvent,
    "server:job_changed": JobChangedEvent,
    "server:regeneration_progress": ProgressEvent,
    "server:regeneration_complete": CompleteEvent,
    "server:storage_updated": StorageUpdatedEvent,
    "server:parameter_migrated": ParameterMigratedEvent,
    "server:presence": PresenceEvent,
    "server:error": ErrorEvent,
}
FROM_CLIENT: Final[dict[str, type[Shape]]] = {
    "client:regenerate_asset": RegenerateAssetMessage,
    "client:sync_request": SyncRequestMessage,
    "client:presence": PresenceMessage,
}
MODELS: Final[tuple[type[BaseModel], ...]] = (*FROM_SERVER.values(), *FROM_CLIENT.values())

_HERE: Final[Json] = {
    "paused": False,
    "sessions": [{"id": JOB["owner"], "here": True, "state": "idle", "doing": None}],
    "peers": [],
    "knocks": [],
    "codes": [],
}
_DATA: Final[dict[str, Json]] = {
    "server:full_sync": {
        "project": PROJECT,
        "name": "Harbour",
        "version": 112,
        "counts": {"documents": 4, "assets": 2, "versions": 2, "takes": 2, "jobs": {"finished": 2}},
        **_HERE,
        "assets": [ASSET],
        "jobs": [JOB],
        "epoch": EPOCH,
        "seq": 17,
        "part": 1,
        "parts": 1,
    },
    "server:asset_changed": {**ASSET, "change": ["versions"]},
    "server:job_changed": JOB,
    "server:regeneration_progress": {
        "job": JOB["id"],
        "asset": ASSET["id"],
        "asset_name": "MARA",
        "stage": "rendering",
        "step": 9,
        "steps": 20,
        "percent": 45.0,
        "eta": "2026-11-22T18:12:53.850Z",
        "eta_s": 3.2,
        "preview": None,
    },
    "server:regeneration_complete": {
        "job": JOB["id"],
        "asset": ASSET["id"],
        "asset_name": "MARA",
        "state": "finished",
        "takes": [TAKE],
        "message": "MARA v03 is rendered.",
    },
    "server:storage_updated": {"bytes": 5369, "count": 4, "assets": [ASSET["id"]]},
    "server:parameter_migrated": {
        "asset": ASSET["id"],
        "asset_name": "MARA",
        "from_model": OLD,
        "to_model": MODEL,
        "version": 3,
        "version_id": ASSET["version_id"],
        "version_label": "v03",
    },
    "server:presence": _HERE,
    "server:error": PROBLEMS["422"],
}
EXAMPLES: Final[dict[str, Json]] = {
    **{
        name: {"type": name, "id": f"{EPOCH}.17", "time": "2026-11-22T18:12:50.645Z", "seq": 17, "data": one}
        for name, one in _DATA.items()
    },
    "client:regenerate_asset": {
        "type": "client:regenerate_asset",
        "id": "1",
        "data": {"asset": "MARA", "quality": "low"},
    },
    "client:sync_request": {"type": "client:sync_request", "id": "2", "data": {}},
    "client:presence": {
        "type": "client:presence",
        "id": "3",
        "data": {"looking": "MARA", "editing": {"asset": "MARA", "fields": ["prompt"]}},
    },
}
"""One realistic message of each type."""


def webhooks() -> Json:
    """What clients are told, as webhooks: the messages come over the WebSocket instead of as requests."""
    return {
        name: {
            "post": {
                "operationId": name.replace("server:", "on_"),
                "summary": (model.__doc__ or "").split("\n")[0],
                "description": "A text message of `WS /api/v1/events`; there is nothing to answer.",
                "requestBody": {"required": True, "content": {"application/json": _media(name, model)}},
                "responses": {"200": {"description": "Nothing is sent back."}},
                "security": [],
            }
        }
        for name, model in FROM_SERVER.items()
    }


def from_clients() -> Json:
    """What clients may send over the WebSocket."""
    return {
        name: {"summary": (model.__doc__ or "").split("\n")[0], **_media(name, model)}
        for name, model in FROM_CLIENT.items()
    }


def _media(name: str, model: type[BaseModel]) -> Json:
    return {
        "schema": {"$ref": SCHEMAS + model.__name__},
        "examples": {"message": {"summary": name, "value": EXAMPLES[name]}},
    }
