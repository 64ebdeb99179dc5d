"""A small client of the local API, for any Python from 3.11 on; this folder can also be copied and used alone.

    from app.api.client import Client, Problem      # copied beside your own code: from client import …

    with Client.of("/films/harbour") as client:     # reads .restrike/api.json there; `restrike serve` writes it
        state = client.state()
        client.save(state.version, [{"asset": "MARA", "parameters": {"prompt": "a green traveller"}}])
        for job in client.wait(client.submit(["MARA"], quality="low"), timeout=300):
            print(job.asset_name, job.state)
        client.content("MARA", "full", to="mara.png")

Whatever fails is a `Problem` with `message`, `hint`, `code` and `fields`. `Client.request` and `Client.stream` reach
every route that has no method here; `/docs` lists them. Events, and `wait` with them, need the package `websockets`.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from .client import Client as Client
    from .connection import Answer as Answer
    from .connection import Connection as Connection
    from .events import Events as Events
    from .problem import Ended as Ended
    from .problem import Problem as Problem
    from .problem import Unreachable as Unreachable
    from .shapes import Asset as Asset
    from .shapes import Event as Event
    from .shapes import Job as Job
    from .shapes import Link as Link
    from .shapes import Model as Model
    from .shapes import Project as Project
    from .shapes import Said as Said
    from .shapes import Saved as Saved
    from .shapes import State as State
    from .shapes import Status as Status
    from .shapes import Storage as Storage
    from .shapes import Take as Take
    from .shapes import Version as Version
    from .shapes import Working as Working

_WHERE: Final = {
    "client": ("Client",),
    "connection": ("Answer", "Connection"),
    "events": ("Events",),
    "problem": ("Ended", "Problem", "Unreachable"),
    "shapes": (
        "Asset",
        "Event",
        "Job",
        "Link",
        "Model",
        "Project",
        "Said",
        "Saved",
        "State",
        "Status",
        "Storage",
        "Take",
        "Version",
        "Working",
    ),
}


def __getattr__(name: str) -> Any:
    """What is named, imported now: the command line needs the connection alone, and soon."""
    for module, names in _WHERE.items():
        if name in names:
            return getattr(importlib.import_module(f".{module}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(name for names in _WHERE.values() for name in names)
