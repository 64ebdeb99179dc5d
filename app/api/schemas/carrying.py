"""A project as a file, and the relay of this machine."""

from __future__ import annotations

from app.api.schemas.trouble import Fault
from app.api.schemas.values import Bytes, Count, Shape, Time, always, shown


class ExportFile(Shape):
    """A file's contents."""

    filename: str = always("What it may be called.")
    media_type: str = always("What it is.")
    base64: str = always("Its bytes in Base64.", json_schema_extra={"contentEncoding": "base64"})


class Exported(Shape):
    """A project as a file."""

    model_config = shown(
        {
            "bundles": 118,
            "bytes": 52214,
            "file": {
                "filename": "file.octet-stream",
                "media_type": "application/octet-stream",
                "base64": "UlNGMQ==",
            },
            "message": "file.octet-stream holds 118 bundles in 52214 bytes.",
        }
    )

    bundles: Count = always("How many bundles are in it.")
    bytes: Bytes = always("How large it is.")
    file: ExportFile = always("The file.")
    message: str = always("The same as a sentence.")


class Imported(Shape):
    """What was new in a file."""

    model_config = shown(
        {
            "bundles": 12,
            "entries": 1,
            "waiting": 0,
            "documents": 3,
            "faults": [],
            "message": "12 bundles are new, in 3 documents.",
        }
    )

    bundles: Count = always("How many bundles were new.")
    entries: Count = always("How many membership entries were new.")
    waiting: Count = always("How many bundles wait for others that are not here yet.")
    documents: Count = always("In how many documents something changed.")
    faults: list[Fault] = always("What was set aside, and why.")
    message: str = always("The same as a sentence.")


class RelayState(Shape):
    """The relay of this machine."""

    model_config = shown(
        {
            "running": True,
            "address": "ws://127.0.0.1:8427",
            "started": "2026-11-22T18:12:50.549Z",
            "message": "A relay listens on ws://127.0.0.1:8427.",
        }
    )

    running: bool = always("Whether one runs for this user.")
    address: str | None = always("Where it listens, null where none runs.")
    started: Time | None = always("Since when, null where none runs.")
    message: str = always("The same as a sentence.")
