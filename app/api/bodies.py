"""What a command takes, as a request takes it: path, query and body of its route, and back to the command's values."""

from __future__ import annotations

import base64
import binascii
import inspect
import json
import types
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, Literal, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, create_model

from app.commands.table import Arg, Command, Opt, parameters
from engine.faults import BadField

LONGEST_LIST: Final = 1000
LONGEST_FILENAME: Final = 200
PAGE: Final = 100
JSON: Final = "application/json"
MISSING: Final = inspect.Parameter.empty


class Upload(BaseModel):
    """A file's contents."""

    model_config = ConfigDict(extra="forbid")
    filename: str = Field(
        default="", max_length=255, description="What the file is called; notes and messages name it."
    )
    base64: str = Field(
        description="The bytes in Base64 (RFC 4648, section 4).",
        json_schema_extra={"contentEncoding": "base64"},
    )


@dataclass(frozen=True, slots=True)
class Taken:
    """One value that a route takes: its name, where it stands, its type, whether it may be left out."""

    name: str
    place: Literal["path", "query", "body"]
    kind: Any
    about: Arg | Opt
    default: Any = MISSING


@dataclass(frozen=True, slots=True)
class Files:
    """The files that a command writes for its caller: where, by parameter."""

    wanted: dict[str, tuple[Path, str]] = field(default_factory=dict)

    def contents(self) -> dict[str, dict[str, Any]]:
        """What was written, by parameter: JSON as it is, everything else in Base64."""
        return {name: _content(path, media) for name, (path, media) in self.wanted.items() if path.is_file()}


def taken(command: Command) -> list[Taken]:
    """What the route of a command takes, in the order of the function's parameters."""
    entry = command.entry
    reading = entry.method in ("GET", "DELETE")
    found = []
    for name, (kind, about, default) in parameters(command).items():
        if isinstance(about, Arg) and about.opens:
            continue
        if about.writes is not None:
            if default is MISSING:
                continue
            kind, default = bool, False
        in_path = f"{{{name}}}" in entry.path
        place: Literal["path", "query", "body"] = (
            "path" if in_path else "query" if reading or name == "dry_run" else "body"
        )
        found.append(Taken(name, place, _wire_type(kind, about), about, default))
    return found


def body_model(command: Command) -> type[BaseModel] | None:
    """The JSON object that a route takes, or None where it takes none."""
    fields: dict[str, Any] = {}
    for one in taken(command):
        if one.place != "body":
            continue
        default = ... if one.default is MISSING else one.default
        fields[one.name] = (one.kind, Field(default=default, description=one.about.help, **_limits(one.kind)))
        if one.about.complete == "field":
            described = "The same as an object: each field of the recipe with its value; null goes back to the default."
            fields["parameters"] = (
                dict[str, str | int | float | None],
                Field(default={}, description=described),
            )
    if not fields:
        return None
    name = "".join(word.capitalize() for word in command.entry.function_name.split("_"))
    return create_model(f"{name}Request", __config__=ConfigDict(extra="forbid"), **fields)


def _limits(kind: Any) -> dict[str, Any]:
    return {"max_length": LONGEST_LIST} if get_origin(kind) is list else {}


def _wire_type(kind: Any, about: Arg | Opt) -> Any:
    """The type on the wire: files are their contents, other paths are text."""
    if about.reads is not None:
        wire: Any = dict[str, Any] if about.reads == JSON else Upload
        return wire | None if _optional(kind) else wire
    if kind is Path:
        return str
    if kind == Path | None:
        return str | None
    return kind


def _optional(kind: Any) -> bool:
    return get_origin(kind) in (Union, types.UnionType) and type(None) in get_args(kind)


@contextmanager
def values(command: Command, given: Mapping[str, Any]) -> Iterator[tuple[dict[str, Any], Files]]:
    """The command's values from a request's, with the files that came and a place for those that it writes."""
    files = Files()
    for name, value in given.items():
        _check_text(name, value)
    with TemporaryDirectory(prefix="restrike-") as folder:
        found = dict(given)
        extra = found.pop("parameters", None)
        for name, (kind, about, default) in parameters(command).items():
            if isinstance(about, Arg) and about.opens:
                continue
            if about.writes is not None:
                if given.get(name) or default is MISSING:
                    ending = "json" if about.writes == JSON else about.writes.rpartition("/")[2]
                    target = Path(folder) / f"{name}.{ending}"
                    files.wanted[name] = (target, about.writes)
                    found[name] = target
                else:
                    found.pop(name, None)
            elif about.reads is not None and found.get(name) is not None:
                found[name] = _received(Path(folder), name, about.reads, found[name])
            elif kind in (Path, Path | None) and found.get(name) is not None:
                found[name] = Path(found[name])
            if extra and about.complete == "field":
                found[name] = [*found.get(name, ()), *(_assignment(*one) for one in extra.items())]
        yield found, files


def _check_text(name: str, value: object) -> None:
    """Refuse halves of characters, which JSON can say and no file can hold; raises `BadField`."""
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError as error:
            raise BadField(name, value, "text that can be written as UTF-8") from error
    elif isinstance(value, list):
        for one in value:
            _check_text(name, one)


def _assignment(name: str, value: object) -> str:
    if "=" in name:
        raise BadField("parameters", name, "the names of fields")
    return f"{name}=" if value is None else f"{name}={value}"


def _received(folder: Path, name: str, media: str, given: Any) -> Path:
    if media == JSON:
        path = folder / f"{name}.in.json"
        path.write_text(json.dumps(given), encoding="utf-8")
        return path
    try:
        data = base64.b64decode(given["base64"], validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadField(name, "its base64", "bytes in Base64") from error
    path = folder / f"{name}.in" / _filename(given["filename"], name)
    path.parent.mkdir()
    path.write_bytes(data)
    return path


def _filename(text: str, name: str) -> str:
    """What the caller calls the file, without folders: notes and messages name it; `name` where it says nothing."""
    last = text.replace("\\", "/").rpartition("/")[2]
    usable = last.isprintable() and last not in ("", ".", "..") and len(last.encode()) <= LONGEST_FILENAME
    return last if usable else name


def _content(path: Path, media: str) -> dict[str, Any]:
    data = path.read_bytes()
    if media == JSON:
        return {"filename": path.name, "media_type": media, "json": json.loads(data)}
    return {"filename": path.name, "media_type": media, "base64": base64.b64encode(data).decode()}
