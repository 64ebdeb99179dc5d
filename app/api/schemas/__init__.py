"""What every route answers, as models: for the API's own description and for tests. Nothing is checked at run time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pydantic import BaseModel

from app.api.schemas.assets import (
    Asset,
    AssetDiff,
    AssetForks,
    AssetHistory,
    AssetInFull,
    AssetList,
    AssetRemoved,
    AssetSaved,
)
from app.api.schemas.carrying import Exported, Imported, RelayState
from app.api.schemas.content import Returning, SignedUrl
from app.api.schemas.jobs import (
    CancelledJobs,
    Job,
    JobCancelled,
    JobChanged,
    Jobs,
    JobWhy,
    Queued,
    QueuePaused,
    SubmittedJobs,
    Work,
)
from app.api.schemas.models import ModelChanged, ModelList, ModelsVerified
from app.api.schemas.peers import Joined, Peers
from app.api.schemas.problem import Problem
from app.api.schemas.projects import Demo, Projects, ProjectStarted, ProjectStatus, ServerInfo
from app.api.schemas.regenerative import RegenerativeState, SavedParameters
from app.api.schemas.storage import StorageDropped, StorageFetched, StorageReport
from app.api.schemas.stream import Line
from app.api.schemas.takes import Take, TakeChanged, TakeExported, TakeList, TakesCompared, TakesStruck
from app.api.schemas.team import Admissions, Adoptions, Invitation, Revoked, TeamMembers
from app.api.schemas.templates import TemplateApplied, TemplateSaved
from app.api.schemas.trouble import Doctor, Help, Verified

__all__ = [
    "ANSWERS",
    "FIXED",
    "Asset",
    "CancelledJobs",
    "Job",
    "Jobs",
    "Line",
    "Problem",
    "Projects",
    "RegenerativeState",
    "Returning",
    "SavedParameters",
    "ServerInfo",
    "SignedUrl",
    "StorageReport",
    "SubmittedJobs",
    "Take",
]

ANSWERS: Final[Mapping[str, type[BaseModel]]] = {
    "demo": Demo,
    "init": ProjectStarted,
    "status": ProjectStatus,
    "asset add": AssetSaved,
    "asset set": AssetSaved,
    "asset list": AssetList,
    "asset show": AssetInFull,
    "asset rename": AssetSaved,
    "asset remove": AssetRemoved,
    "asset history": AssetHistory,
    "asset diff": AssetDiff,
    "asset restore": AssetSaved,
    "asset forks": AssetForks,
    "asset resolve": AssetSaved,
    "template save": TemplateSaved,
    "template apply": TemplateApplied,
    "render": Queued,
    "jobs": Jobs,
    "jobs pause": QueuePaused,
    "jobs resume": QueuePaused,
    "job show": Job,
    "job why": JobWhy,
    "job cancel": JobCancelled,
    "job retry": JobChanged,
    "job claim": JobChanged,
    "job release": JobChanged,
    "job vote": Job,
    "serve": ServerInfo,
    "worker": Work,
    "take list": TakeList,
    "take show": Take,
    "take export": TakeExported,
    "take approve": TakeChanged,
    "take compare": TakesCompared,
    "take prove": TakesStruck,
    "storage report": StorageReport,
    "storage drop": StorageDropped,
    "storage fetch": StorageFetched,
    "model list": ModelList,
    "model add": ModelChanged,
    "model verify": ModelsVerified,
    "model supersede": ModelChanged,
    "invite": Invitation,
    "members": TeamMembers,
    "revoke": Revoked,
    "admit": Admissions,
    "adopt": Adoptions,
    "join": Joined,
    "peers": Peers,
    "export": Exported,
    "import": Imported,
    "relay": RelayState,
    "verify": Verified,
    "doctor": Doctor,
    "help": Help,
}
"""The model of each command's answer, by the command's words."""

FIXED: Final[tuple[type[BaseModel], ...]] = (
    CancelledJobs,
    Projects,
    RegenerativeState,
    Returning,
    SavedParameters,
    ServerInfo,
    SignedUrl,
    SubmittedJobs,
)
"""The models of what the routes answer that are no commands."""
