"""Where a running program is reached: `DIR/.restrike/api.json`, which only its owner can read."""

from __future__ import annotations

import json
import os
import tempfile
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Final

from app.place import PRIVATE
from sync import process

FILE: Final = "api.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A running server: its URL, the token to show there, the process that it is, and what it has open.

    `start` is the process's start as `sync.process` tells it, `by` the command that serves, `certificate` the SHA-256
    of the certificate it shows, in hexadecimal digits, where it speaks TLS. `place` tells the folder from its copies.
    """

    url: str
    token: str
    pid: int
    start: str
    project: str
    by: str
    certificate: str | None = None
    place: str = ""


def path(folder: Path) -> Path:
    """The file that says where the project in `folder` is served."""
    return folder / PRIVATE / FILE


def read(folder: Path) -> Address | None:
    """Where the project in `folder` is served now; None when nobody serves it, whatever a killed process left there."""
    found = _written(folder)
    if found is None or found.place != place(folder) or not process.alive(found.pid, found.start):
        return None
    return found


def place(folder: Path) -> str:
    """What tells a project's folder from a copy of it, which has the same api.json: its private folder's inode."""
    found = (folder / PRIVATE).stat()
    return f"{found.st_dev}:{found.st_ino}"


def write(folder: Path, address: Address) -> None:
    """Tell the programs of this account where to call; in one step, readable by its owner alone."""
    target = path(folder)
    descriptor, name = tempfile.mkstemp(prefix=f"{FILE}.", dir=target.parent)  # made with mode 0600
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(asdict(address), file, indent=2)
        os.replace(name, target)
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(name)
        raise


def remove(folder: Path, address: Address) -> None:
    """Take the address away, unless another process has put its own there meanwhile."""
    if _written(folder) == address:
        path(folder).unlink(missing_ok=True)


def _written(folder: Path) -> Address | None:
    """What the file says; a broken one says nothing, for whoever serves writes it anew."""
    try:
        found = json.loads(path(folder).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return _address(found) if isinstance(found, dict) else None


def _address(found: dict[str, Any]) -> Address | None:
    values: dict[str, Any] = {one.name: found.get(one.name) for one in fields(Address)}
    texts = all(isinstance(values[name], str) for name in ("url", "token", "start", "project", "by", "place"))
    if (
        not texts
        or type(values["pid"]) is not int
        or not isinstance(values["certificate"], (str, type(None)))
    ):
        return None
    return Address(**values)
