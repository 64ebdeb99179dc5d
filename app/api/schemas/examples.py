"""Realistic values for what requests take, and the headers that many routes share."""

from __future__ import annotations

from typing import Any, Final

from app.api.schemas.assets import MODEL
from app.api.schemas.jobs import JOB
from app.api.schemas.models import OLD
from app.api.schemas.takes import TAKE
from app.api.schemas.templates import TEMPLATE

VALUES: Final[dict[str, Any]] = {
    "name": "MARA",
    "asset": "MARA",
    "take": "MARA_v03_take02",
    "job": JOB["id"],
    "sha256": TAKE["sha256"],
    "what": "Mara",
    "before": "v01",
    "after": "v03",
}
"""What parameters in paths and queries may hold, by name; a project's id is nobody else's."""

BODIES: Final[dict[str, Any]] = {
    "init": {"folder": "film", "name": "Harbour"},
    "demo": {"headless": True},
    "asset_add": {
        "kind": "character",
        "name": "MARA",
        "parameters": {"prompt": "a red traveller in the desert at dusk", "seed": 7},
        "note": "first try",
    },
    "asset_set": {"parameters": {"prompt": "a green traveller"}, "note": "greener", "expect_version": 3},
    "asset_rename": {"new": "MARA_OLD"},
    "asset_restore": {"version": "v01"},
    "asset_resolve": {"take_from": "v03", "field": ["prompt=v03-k7qd"]},
    "template_apply": {"file": TEMPLATE},
    "render": {"names": ["SH010"], "tier": "low"},
    "job_vote": {"vote": "+1"},
    "worker": {"until_idle": True},
    "take_export": {"force": False},
    "take_approve": {"withdraw": False},
    "take_compare": {"first": "MARA_v01_take01", "second": "MARA_v03_take02", "out": True},
    "take_prove": {"take": "MARA_v03_take02"},
    "storage_drop": {"takes": ["SH010"], "prove": True},
    "storage_fetch": {"names": ["SH010"]},
    "model_add": {"folder": "/models/harbour-v2", "name": "harbour-v2"},
    "model_verify": {"name": "starter-v2"},
    "model_supersede": {"old": OLD, "new": MODEL},
    "invite": {"role": "artist", "expires": "24h", "uses": 1},
    "join": {"ticket": "restrike1aebagbafaydqqcikbmga2dqpcaireeyuculbogazdinryhi6d4", "folder": "harbour"},
    "admit": {"key": "1f3a-90bc", "role": "viewer"},
    "adopt": {"device": "1f3a-90bc"},
    "export": {"since_peer": {"filename": "theirs.rsx", "base64": "UlNGMQ=="}},
    "import_": {"file": {"filename": "harbour.rsx", "base64": "UlNGMQ=="}},
    "verify": {"repair": False},
    "submit_jobs": {"assets": ["SH010", "SH020"], "quality": "low", "priority": "high", "count": 1},
    "vote_for_job": {"vote": 1},
    "save_parameters": {
        "version": 112,
        "assets": [{"asset": "MARA", "parameters": {"prompt": "a green traveller"}, "note": "greener"}],
    },
}
"""What bodies may hold, by operation."""

STREAM: Final = "\n".join(
    (
        '{"said": "proving, in a fresh process, that every picture comes back"}',
        '{"working": {"key": "MARA_v03_take02", "what": "MARA_v03_take02", "stage": "rendering", "step": 9, '
        '"steps": 20, "done": 0, "total": 1, "eta_s": 1.4, "over": false}}',
        '{"answer": {"takes": [], "failed": [], "message": "Nothing to do."}, "exit_status": 0}',
    )
)


def _header(description: str, **schema: Any) -> dict[str, Any]:
    return {"description": description, "schema": {"type": "string", **schema}}


HEADERS: Final[dict[str, Any]] = {
    "ETag": _header("What the answer is; send it back in If-None-Match.", examples=['W/"5f1c9a"']),
    "Cache-Control": _header("How long the answer may be kept.", examples=["private, no-cache"]),
    "Location": _header("Where to follow the work.", examples=["/api/v1/regeneration/jobs/return-p7fui3jl"]),
    "Retry-After": _header("In how many seconds to ask again.", pattern="^[0-9]+$", examples=["1"]),
    "WWW-Authenticate": _header("How to authenticate.", examples=["Bearer"]),
    "Restrike-Exit-Status": _header(
        "What the command line would have ended with; 0 where it is left out.",
        pattern="^[0-9]+$",
        examples=["1"],
    ),
    "Idempotency-Replayed": _header("That this is the answer to an earlier request.", examples=["true"]),
}

PARAMETERS: Final[dict[str, Any]] = {
    "Idempotency-Key": {
        "name": "Idempotency-Key",
        "in": "header",
        "required": False,
        "description": "One request, one key: sent again with the same key it is done once, and answered the same.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[ -~]*[!-~][ -~]*$"},
    },
    "If-None-Match": {
        "name": "If-None-Match",
        "in": "header",
        "required": False,
        "description": "The ETag of an answer you have; 304 when it is still the same.",
        "schema": {"type": "string"},
    },
    "Range": {
        "name": "Range",
        "in": "header",
        "required": False,
        "description": "The part of the bytes to send; one range.",
        "schema": {"type": "string"},
    },
    "If-Range": {
        "name": "If-Range",
        "in": "header",
        "required": False,
        "description": "The ETag of the bytes you have a part of: if they changed, all of them come.",
        "schema": {"type": "string"},
    },
}
