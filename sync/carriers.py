"""What brings objects from one device to another without understanding them: a folder, a relay, a bucket."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Protocol

from engine.faults import BadField, Fault, NotFound
from sync import database, identity

NAME: Final = re.compile(r"[0-9a-z][0-9a-z._-]{0,63}(/[0-9a-z][0-9a-z._-]{0,63}){0,3}")
LARGEST: Final = 2 * 1024 * 1024
"""The most bytes of an object."""
_UNFINISHED: Final = ".part-"


class CarrierUnreachable(Fault):
    """The folder, relay or bucket that carries a project's objects cannot be reached."""

    code = "carrier_unreachable"


class Carrier(Protocol):
    """Keeps objects under names, durably, for everybody who can reach it; raises faults and nothing else."""

    async def put(self, name: str, data: bytes) -> None:
        """Keep an object, whole or not at all; durable on return."""

    async def names(self, prefix: str = "") -> list[str]:
        """The names that begin with `prefix`, in order."""

    async def get(self, name: str) -> bytes:
        """An object; raises `NotFound` where it is gone."""

    async def delete(self, name: str) -> None:
        """Forget an object; one that is not there is nothing."""


class FolderCarrier:
    """Objects as files in a folder that somebody else takes care of: a network disk, a synchronised folder, a stick.

    A file is written aside, made durable and then renamed, so that nobody reads half of one. Files that are still being
    written, hidden files, and whatever has a name that no object has are not looked at.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    async def put(self, name: str, data: bytes) -> None:
        """Write a file."""
        await asyncio.to_thread(self._put, self._path(name), data)

    async def names(self, prefix: str = "") -> list[str]:
        """List the files that can be objects."""
        return await asyncio.to_thread(self._names, prefix)

    async def get(self, name: str) -> bytes:
        """Read a file."""
        return await asyncio.to_thread(self._get, self._path(name))

    async def delete(self, name: str) -> None:
        """Remove a file."""
        await asyncio.to_thread(self._delete, self._path(name))

    def _path(self, name: str) -> Path:
        if not NAME.fullmatch(name):
            raise BadField("name", name, "names of objects, such as 3f/a2")
        return self.folder / name

    def _put(self, path: Path, data: bytes) -> None:
        self._there()
        fresh = path.with_name(f"{_UNFINISHED}{identity.new_id()}")
        with _reached(self.folder), database.faults(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                with fresh.open("xb") as file:
                    file.write(data)
                    file.flush()
                    os.fsync(file.fileno())
                fresh.replace(path)
            finally:
                fresh.unlink(missing_ok=True)
            _sync(path.parent)

    def _names(self, prefix: str) -> list[str]:
        self._there()
        found: list[str] = []
        with _reached(self.folder):
            for root, folders, files in os.walk(self.folder):
                below = Path(root).relative_to(self.folder).as_posix()
                start = "" if below == "." else f"{below}/"
                folders[:] = [one for one in folders if not one.startswith(".") and start.count("/") < 3]
                found += [start + one for one in files]
        return sorted(one for one in found if one.startswith(prefix) and NAME.fullmatch(one))

    def _get(self, path: Path) -> bytes:
        self._there()
        with _reached(self.folder):
            try:
                with path.open("rb") as file:
                    return file.read(LARGEST + 1)
            except (FileNotFoundError, IsADirectoryError) as error:
                raise NotFound(f"{path.name} is gone", "list the names again") from error

    def _delete(self, path: Path) -> None:
        self._there()
        with _reached(self.folder):
            path.unlink(missing_ok=True)

    def _there(self) -> None:
        """A folder that is not there is a disk that is not mounted: writing beside it would reach nobody."""
        if not self.folder.is_dir():
            raise CarrierUnreachable(
                f"there is no folder {self.folder}", "connect the disk, or make the folder"
            )


@contextmanager
def _reached(folder: Path) -> Iterator[None]:
    """Turn the system's errors about a folder into faults."""
    try:
        yield
    except OSError as error:
        raise CarrierUnreachable(
            f"{folder} cannot be used: {error.strerror or error}", "check the disk and its permissions"
        ) from error


def _sync(folder: Path) -> None:
    """Make a rename durable, where the system lets folders be opened for that."""
    try:
        found = os.open(folder, os.O_RDONLY)
    except (PermissionError, IsADirectoryError):
        return
    try:
        os.fsync(found)
    except OSError:  # some network disks do not do this for folders
        return
    finally:
        os.close(found)
