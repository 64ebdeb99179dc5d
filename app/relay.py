"""The relay of this machine: which process is it, and where does it listen."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from sync import process

FOLDER: Final = "relay"
FILE: Final = "running.json"


@contextmanager
def noted(home: Path, address: str, started: str) -> Iterator[None]:
    """Say, as long as the context is entered, that this process is the relay."""
    pid, start = process.own()
    path = home / FOLDER / FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{FILE}.{pid}")
    fresh.write_text(
        json.dumps({"address": address, "started": started, "pid": pid, "start": start}), "utf-8"
    )
    fresh.replace(path)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def state(home: Path) -> dict[str, Any]:
    """Whether a relay runs here for the user of `home`, at which address and since when."""
    try:
        found = json.loads((home / FOLDER / FILE).read_text("utf-8"))
        running = process.alive(int(found["pid"]), str(found["start"]))
        address, started = str(found["address"]), str(found["started"])
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        running = False
    if not running:
        return {"running": False, "address": None, "started": None, "message": "No relay runs here."}
    return {
        "running": True,
        "address": address,
        "started": started,
        "message": f"A relay listens on {address}.",
    }
