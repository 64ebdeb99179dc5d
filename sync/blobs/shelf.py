"""A picture under its name in the film's folders: a hard link to the blob, or a copy where the disk has no links.

The name is made or replaced in one step and read-only. It never leaves the film's folder, whatever `..` or symbolic
links a name or an older film holds.
"""

from __future__ import annotations

import errno
import hashlib
import os
import secrets
from contextlib import suppress
from pathlib import Path
from typing import Final

from engine.faults import Conflict, Refused
from sync.blobs.durable import UNFINISHED, sync_folder, write_whole

NO_LINKS: Final = frozenset(
    {errno.EXDEV, errno.EPERM, errno.EMLINK, errno.ENOTSUP, errno.ENOSYS, errno.EACCES}
)


def put(source: Path, digest: str, target: Path, *, inside: Path, scratch: Path, replace: bool) -> None:
    """Make `target`, in the folder `inside`, the bytes of the blob `source`.

    Done already when it holds them. Other content is replaced only with `replace` (the name belongs to this very
    picture), otherwise `Conflict`; a name that leads out of `inside` is `Refused`. `scratch` is the blobs' own folder
    for unfinished files.
    """
    folder = _folder(target, inside)
    name = folder / target.name
    if os.path.lexists(name):
        if holds(name, digest):
            return
        if name.is_dir() or not replace:
            raise Conflict(
                f"{name.name} already exists with other content", "rename it or move it away, then ask again"
            )
    try:
        _linked(source, name, scratch)
    except OSError as error:
        if error.errno not in NO_LINKS:
            raise
        write_whole(name, source.read_bytes(), folder)
    else:
        sync_folder(folder)


def take_away(digest: str, target: Path, *, inside: Path) -> bool:
    """Remove `target` if it holds the bytes of `digest`; false when it is missing or holds something else."""
    parent = target.parent
    if not parent.is_dir():
        return False
    name = _folder(target, inside) / target.name
    if not holds(name, digest):
        return False
    with suppress(FileNotFoundError):
        name.unlink()
    sync_folder(name.parent)
    return True


def holds(name: Path, digest: str) -> bool:
    """Whether `name` is an ordinary file with exactly these bytes."""
    if name.is_symlink() or not name.is_file():
        return False
    with name.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == digest


def _linked(source: Path, name: Path, scratch: Path) -> None:
    passing = scratch / f"{UNFINISHED}{secrets.token_hex(8)}"
    os.link(source, passing)
    try:
        os.replace(passing, name)
    finally:
        with suppress(FileNotFoundError):
            passing.unlink()


def _folder(target: Path, inside: Path) -> Path:
    """The real folder of `target`, made if need be, once it is certain that it lies within `inside`."""
    root = inside.resolve()
    wanted = Path(
        os.path.normpath(root / target.relative_to(inside) if target.is_relative_to(inside) else target)
    )
    if not wanted.is_relative_to(root) or wanted == root:
        raise _outside(target, inside)
    existing = wanted.parent
    while not existing.exists() and existing != existing.parent:
        existing = existing.parent
    if not existing.resolve().is_relative_to(root):
        raise _outside(target, inside)
    try:
        wanted.parent.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise Conflict(
            f"{wanted.parent} is in the way: no folder can be made there", "rename or move it away"
        ) from error
    found = wanted.parent.resolve()
    if not found.is_relative_to(root):
        raise _outside(target, inside)
    return found


def _outside(target: Path, inside: Path) -> Refused:
    return Refused(
        f"{target} leads out of the project", f"choose a name within {inside}; see what links lie there"
    )
