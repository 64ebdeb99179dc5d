"""What the API leaves out of an answer, put back: where things lie on this disk, and the files a caller asked for."""

from __future__ import annotations

import base64
import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from engine.faults import Conflict

_FILE: Final = re.compile(r"(?P<name>.+)_v\d{2,9}(?:-[a-z0-9]{1,26})?_take\d{2,9}(?:-[a-z0-9]{1,26})?\.\w+")
_SAVING: Final = ("asset add", "asset set", "asset restore", "asset resolve")
_PICTURES: Final = ((b"\x89PNG", "image/png"), (b"\xff\xd8\xff", "image/jpeg"), (b"RIFF", "image/webp"))


def with_paths(
    words: str, value: Mapping[str, Any], folder: Path, read: Mapping[str, Path]
) -> dict[str, Any]:
    """An answer with its paths, each where the command itself has it; `read` are the files that the caller sent."""
    if words == "status":
        return _placed(value, "folder", folder, after="name")
    found = _with_files(value, folder)
    if words in _SAVING and str(found.get("message", "")).startswith(
        f"{found.get('name')} {found.get('version_label')} "
    ):
        return _placed(found, "file", _saved(words, found, folder, read), before="message")
    return dict(found)


def _with_files(value: Any, folder: Path) -> Any:
    """Takes with their files: what has a `filename` and says what kind of asset it is of."""
    if isinstance(value, list):
        return [_with_files(one, folder) for one in value]
    if not isinstance(value, Mapping):
        return value
    found = {name: _with_files(one, folder) for name, one in value.items()}
    if found.get("filename") and {"kind", "scene", "sha256"} <= set(found):
        return _placed(found, "file", _picture(found, folder), after="filename")
    return found


def _picture(take: Mapping[str, Any], folder: Path) -> Path:
    """Where a take's picture lies: files keep the name that the asset had when they were written."""
    from app import film
    from sync.records import Kind

    filename = str(take["filename"])
    named = _FILE.fullmatch(filename)
    name = named["name"] if named else str(take["asset_name"])
    return folder / film.media_folder(Kind(take["kind"]), take["scene"], name) / filename


def _saved(words: str, asset: Mapping[str, Any], folder: Path, read: Mapping[str, Path]) -> Path:
    """The file that saving wrote: the recipe, or the picture that was imported."""
    from app import film
    from sync.records import Kind

    kind, scene, name, label = Kind(asset["kind"]), asset["scene"], asset["name"], asset["version_label"]
    if words == "asset add" and asset["recipe"].get("operation") == "imported":
        data = next(iter(read.values())).read_bytes()
        media = next((one for start, one in _PICTURES if data.startswith(start)), "image/png")
        return folder / film.media_path(kind, scene, name, label, "take01", media)
    return folder / film.recipe_path(kind, scene, name, label)


def delivered(
    words: str, value: Mapping[str, Any], written: Mapping[str, Path], *, force: bool
) -> dict[str, Any]:
    """An answer whose files lie where the caller wants them, written whole or not at all."""
    found = dict(value)
    for name, wanted in written.items():
        contents = found.get(name)
        if not isinstance(contents, Mapping):
            continue
        target = wanted
        if wanted.is_dir():
            target = wanted / str(found.get("filename") or contents["filename"])
            if target.exists() and not force:
                raise Conflict(f"{target} is there already", "choose another name, or --force")
        _write(target, _bytes(contents))
        found = _told(words, found, name, target, str(contents["filename"]))
    return found


def _told(words: str, value: dict[str, Any], name: str, target: Path, filename: str) -> dict[str, Any]:
    """The answer with the file's path in place of its contents, also in its sentence."""
    rest = {one: each for one, each in value.items() if one != name}
    key = "exported" if words == "take export" else "file"
    found = _placed(rest, key, target, before="assets" if words == "template save" else "message")
    if "message" in found:
        there = rf"\S*{re.escape(filename)}"
        found["message"] = re.sub(there, lambda _: str(target), str(found["message"]), count=1)
    return found


def _bytes(contents: Mapping[str, Any]) -> bytes:
    if "json" in contents:
        return (json.dumps(contents["json"], indent=2, ensure_ascii=False) + "\n").encode()
    return base64.b64decode(contents["base64"])


def _write(target: Path, data: bytes) -> None:
    fresh = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        fresh.write_bytes(data)
        fresh.replace(target)
    except OSError:
        fresh.unlink(missing_ok=True)
        raise


def _placed(
    value: Mapping[str, Any], key: str, one: Any, *, after: str | None = None, before: str | None = None
) -> dict[str, Any]:
    """`value` with one more key where it belongs; at the end when its neighbour is not there."""
    found: dict[str, Any] = {}
    for name, each in value.items():
        if name == key:
            continue
        if name == before:
            found[key] = one
        found[name] = each
        if name == after:
            found[key] = one
    found.setdefault(key, one)
    return found
