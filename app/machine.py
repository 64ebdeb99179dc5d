"""What `doctor` looks at: the parts of this machine's set-up that the program stands on, each with a fix.

Nothing heavy is imported: whether torch is there is read from its metadata.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import sqlite3
import stat
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

from app import settings, shapes
from app.place import Place, enclosing
from engine.faults import Fault
from sync import identity

Shape = dict[str, Any]

ROOM: Final = 2_000_000_000
"""Bytes that should be free on the disk of the home and of the project."""
MEMORY: Final = 2_000_000_000
"""Bytes of memory that should be available for rendering with the starter model."""
TORCH: Final = "2.13.0"
"""The release that recipes are rendered with: another one may give other pixels."""
_BOOTSTRAP: Final = "python3 packaging/bootstrap.py doctor mends the environment"
_NEEDED: Final = (
    "automerge",
    "cryptography",
    "diffusers",
    "numpy",
    "pillow",
    "rich",
    "safetensors",
    "transformers",
    "typer",
)


def checks(place: Place) -> list[Shape]:
    """Everything that was looked at, what is fine and what is not."""
    found = [_python(), _torch(), _libraries(), _sqlite(), *_home(place.home), _settings(place.home)]
    found += [_room("disk of RESTRIKE_HOME", place.home), _memory(), _device(place.home), _models(place.home)]
    found += [_keyring(place.home), _terminal(), _git()]
    folder = place.project or enclosing(place.folder)
    return found + (_project(Path(folder)) if folder is not None else [])


def _python() -> Shape:
    release = ".".join(map(str, sys.version_info[:3]))
    fix = f"use Python 3.11 or 3.12; {_BOOTSTRAP}"
    return shapes.check(
        "Python", (3, 11) <= sys.version_info[:2] <= (3, 12), f"{release} in {sys.prefix}", fix
    )


def _installed(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _torch() -> Shape:
    found = _installed("torch")
    if found is None or importlib.util.find_spec("torch") is None:
        return shapes.check("torch", False, "not installed: nothing can be rendered here", _BOOTSTRAP)
    same = found.partition("+")[0] == TORCH
    return shapes.check("torch", same, found, f"pixels are promised for torch {TORCH} alone; {_BOOTSTRAP}")


def _libraries() -> Shape:
    missing = [name for name in _NEEDED if _installed(name) is None]
    detail = (
        f"missing: {', '.join(missing)}"
        if missing
        else f"automerge {_installed('automerge')}, diffusers {_installed('diffusers')}"
    )
    return shapes.check("libraries", not missing, detail, _BOOTSTRAP)


def _sqlite() -> Shape:
    fix = "use a Python with SQLite 3.37 or newer"
    return shapes.check("SQLite", sqlite3.sqlite_version_info >= (3, 37), sqlite3.sqlite_version, fix)


def _home(home: Path) -> list[Shape]:
    if not home.exists():
        above = next(one for one in home.parents if one.exists())
        fix = f"make {above} writable, or set RESTRIKE_HOME to another folder"
        return [
            shapes.check("RESTRIKE_HOME", os.access(above, os.W_OK), f"{home}, made when it is needed", fix)
        ]
    fix = f"make {home} writable, or set RESTRIKE_HOME to another folder"
    found = [
        shapes.check("RESTRIKE_HOME", home.is_dir() and os.access(home, os.W_OK | os.X_OK), str(home), fix)
    ]
    key = home / "device.json"
    if os.name == "posix" and key.exists():
        private = not stat.S_IMODE(key.stat().st_mode) & 0o077
        detail = "only you can read it" if private else "others on this machine can read it"
        found.append(shapes.check("device key", private, detail, f"chmod 600 {key}"))
    return found


def _settings(home: Path) -> Shape:
    try:
        found = settings.read(home)
    except Fault as fault:
        return shapes.check("settings", False, fault.message, fault.hint)
    return shapes.check("settings", True, f"device {found.device}, {found.threads} thread(s)")


def _room(name: str, folder: Path) -> Shape:
    existing = next(one for one in (folder, *folder.parents) if one.exists())
    free = shutil.disk_usage(existing).free
    fix = "free some space: restrike storage drop deletes pictures that can come back"
    return shapes.check(name, free >= ROOM, f"{free / 1e9:.1f} GB free", fix)


def _memory() -> Shape:
    import psutil

    free = psutil.virtual_memory().available
    return shapes.check(
        "memory", free >= MEMORY, f"{free / 1e9:.1f} GB available", "close other programs while rendering"
    )


def _device(home: Path) -> Shape:
    """Whether the device that the settings ask for is there; without a GPU the CPU renders."""
    try:
        wanted = settings.read(home).device
    except Fault:
        wanted = "auto"
    gpu = _nvidia()
    built_for_gpu = "+cpu" not in (_installed("torch") or "+cpu")
    if wanted.startswith("cuda") and gpu is None:
        fix = 'install the driver, or set "device": "auto" in settings.json'
        return shapes.check("device", False, "the settings ask for cuda, and no NVIDIA GPU answers", fix)
    if gpu is not None and not built_for_gpu and sys.platform != "darwin":
        return shapes.check("device", False, f"{gpu} is there, but torch is the build for CPUs", _BOOTSTRAP)
    return shapes.check("device", True, f"{gpu or 'no GPU found: the CPU renders'} (set to {wanted})")


def _nvidia() -> str | None:
    program = shutil.which("nvidia-smi")
    if program is None:
        return None
    command = [program, "--query-gpu=name", "--format=csv,noheader"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip().splitlines()[0] if done.returncode == 0 and done.stdout.strip() else None


def _models(home: Path) -> Shape:
    from engine.models import Installed
    from resources import bundled_models

    try:
        found = Installed(home, bundled_models()).facts()
    except Fault as fault:
        return shapes.check("models", False, fault.message, fault.hint)
    names = ", ".join(one.name for one in found)
    return shapes.check(
        "models",
        bool(found),
        names or "none",
        "get the sources again, the starter model is missing; or restrike model add FOLDER",
    )


def _keyring(home: Path) -> Shape:
    try:
        wanted = settings.read(home).keyring
    except Fault:
        wanted = False
    where = _where_the_key_lies(home)
    if not wanted:
        return shapes.check("keyring", True, f"not asked for; {where}")
    import keyring
    from keyring.backends import fail

    usable = not isinstance(keyring.get_keyring(), fail.Keyring)
    fix = 'start the system\'s keyring, or set "keyring": false in settings.json'
    return shapes.check("keyring", usable, f"{type(keyring.get_keyring()).__module__}; {where}", fix)


def _where_the_key_lies(home: Path) -> str:
    try:
        found = identity.kept(home)
    except Fault as fault:
        return fault.message
    if found == "file":
        return f"the device key lies in {home / identity.FILE}, which only you can read"
    return (
        "the device key lies in the system's keyring" if found == "keyring" else "there is no device key yet"
    )


def _terminal() -> Shape:
    encoding = (sys.stdout.encoding or "ascii").lower()
    fix = "set PYTHONIOENCODING=utf-8, otherwise marks are shown as question marks"
    return shapes.check("terminal", encoding.replace("-", "") == "utf8", encoding, fix)


def _git() -> Shape:
    git, lfs = shutil.which("git"), shutil.which("git-lfs")
    detail = "git and git-lfs" if git and lfs else "git without git-lfs" if git else "no git"
    return shapes.check("Git", True, f"{detail} (only needed to keep a film in Git)")


def _project(folder: Path) -> list[Shape]:
    fix = f"give yourself write access to {folder}"
    writable = os.access(folder, os.W_OK | os.X_OK)
    return [shapes.check("project", writable, str(folder), fix), _room("disk of the project", folder)]
