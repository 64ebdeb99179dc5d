"""The folders and file names that a project shows to other programs, and the names that assets may have.

Every path that comes from a record passes `inside`: records are written by others, and none may name a file outside the
project or in its private folder.
"""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path, PurePosixPath
from typing import Final

from app.place import PRIVATE
from engine.faults import BadField, Damaged
from sync.records import Kind

ASSETS: Final = PurePosixPath("01_Assets/Generative_Assets")
RENDERS: Final = PurePosixPath("03_Renders")
UNSORTED: Final = "UNSORTED"
"""The scene folder of shots that belong to no scene."""

FOLDERS: Final = {
    Kind.CHARACTER: ASSETS / "Characters",
    Kind.STYLE: ASSETS / "Styles",
    Kind.ENVIRONMENT: ASSETS / "Environments",
    Kind.PROP: ASSETS / "Props",
}

MEDIA: Final = (
    "png",
    "jpg",
    "jpeg",
    "webp",
    "mp4",
    "mov",
    "mkv",
    "wav",
    "mp3",
    "flac",
    "safetensors",
    "ckpt",
)
GIT_ATTRIBUTES: Final = "".join(f"*.{one} filter=lfs diff=lfs merge=lfs -text\n" for one in MEDIA)
GIT_IGNORE: Final = f"/{PRIVATE}/\n"
EXTENSIONS: Final = {"image/png": "png", "image/jpeg": "jpg", "image/webp": "webp", "video/mp4": "mp4"}

LONGEST_NAME: Final = 192
"""Bytes of UTF-8: what file systems leave of their 255 once version, take and ending follow a name."""

_NAME = re.compile(r"(?![.\-])[\w.\-]{1,64}(?<!\.)")
_LABEL = re.compile(r"v\d{2,9}(-[a-z0-9]{1,26})?")
_TAKE = re.compile(r"take\d{2,9}(-[a-z0-9]{1,26})?")
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
_SEGMENT = re.compile(r"(?!\.)[^\x00-\x1f/\\:*?\"<>|]{1,160}(?<![. ])")
_UNSEEN = frozenset("\u034f\u17b4\u17b5\u180b\u180c\u180d\u180f") | {
    *map(chr, range(0xFE00, 0xFE10)),
    *map(chr, range(0xE0100, 0xE01F0)),
}
_ALLOWED = (
    "1 to 64 letters, digits, - _ and ., the first no - or ., the last no ., and no name of Windows' own"
)


def check_name(name: str, field: str = "name") -> str:
    """`name` if an asset or a scene may have it; raises `BadField`."""
    plain = name[:1] + "".join(one for one in name[1:] if not _vowel_sign(one))
    fits = len(name) <= 64 and len(name.encode()) <= LONGEST_NAME
    if not fits or not _NAME.fullmatch(plain) or _RESERVED.fullmatch(name):
        raise BadField(field, name, _ALLOWED)
    return name


def _vowel_sign(one: str) -> bool:
    """Whether a character belongs to the letter before it, as Hindi, Thai and Arabic write vowels.

    The marks that nobody sees are not among them, since two names must not look alike.
    """
    return unicodedata.category(one) in ("Mn", "Mc") and one not in _UNSEEN


def media_folder(kind: Kind, scene: str | None, name: str) -> PurePosixPath:
    """Where an asset's files lie, below the project's folder."""
    check_name(name)
    if kind is Kind.SHOT:
        return RENDERS / (check_name(scene, "scene") if scene else UNSORTED) / name
    return FOLDERS[kind] / name


def media_path(
    kind: Kind,
    scene: str | None,
    name: str,
    version_label: str,
    take_label: str,
    media_type: str = "image/png",
) -> PurePosixPath:
    """The immutable name of a take's file, such as `…/MARA_v03_take02.png`."""
    _check_label(version_label, _LABEL)
    _check_label(take_label, _TAKE)
    if media_type not in EXTENSIONS:
        raise BadField("media type", media_type, ", ".join(EXTENSIONS))
    return media_folder(kind, scene, name) / f"{name}_{version_label}_{take_label}.{EXTENSIONS[media_type]}"


def recipe_path(kind: Kind, scene: str | None, name: str, version_label: str) -> PurePosixPath:
    """Where a version's recipe is shown, pretty-printed, to Git and to people."""
    _check_label(version_label, _LABEL)
    return media_folder(kind, scene, name) / f"{name}_{version_label}.recipe.json"


def inside(folder: Path, path: str | PurePosixPath) -> Path:
    """The file that `path` names below the project's folder; raises `Damaged` if it could be any other.

    Refused are absolute paths, `..`, other roots than the two of the contract, and folders that are links to elsewhere.
    """
    text = str(path)
    parts = text.split("/")
    roots = (ASSETS.parts, RENDERS.parts)
    fits = any(tuple(parts[: len(root)]) == root and len(parts) > len(root) for root in roots)
    if not fits or not all(_SEGMENT.fullmatch(part) for part in parts):
        raise _outside(text)
    target = folder.joinpath(*parts)
    root, real = folder.resolve(), target.parent.resolve()
    if not real.is_relative_to(root) or real.is_relative_to(root / PRIVATE):
        raise _outside(text)
    return target


def _outside(text: str) -> Damaged:
    shown = text if len(text) <= 120 else text[:117] + "…"
    return Damaged(
        f"a record names the file {shown!r}, which is not in the project's media folders",
        "it is left alone; restrike verify says whose record it is",
    )


def _check_label(label: str, pattern: re.Pattern[str]) -> None:
    if not pattern.fullmatch(label):
        raise BadField("label", label, "such as v03, v03-k7qd or take02")
