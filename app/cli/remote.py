"""A command through the API of the program that has the project open, with the answer that a run of one's own gives.

What the API leaves out is put back here: paths, files that are written for the caller, all pages of a list. What cannot
travel (a file that is not there, a name that fits into no URL) is left to the command itself, which says so best.
"""

from __future__ import annotations

import base64
import inspect
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from app.api.client.connection import Answer, Connection
from app.api.client.problem import Ended, Problem, Unreachable
from app.cli.call import Call, Plain
from app.cli.restored import delivered, with_paths
from app.commands.table import Arg, Entry, Opt, Outcome, Report, Said, Working, parameters
from engine.faults import Conflict, Fault, NotFound, Refused, WrongUse

if TYPE_CHECKING:
    from app.api.address import Address

JSON: Final = "application/json"
PAGE: Final = 1000
LONGEST: Final = 200
LONGEST_LIST: Final = 1000
LARGEST_FILE: Final = 256 * 1024 * 1024
TURNED_AWAY: Final = frozenset(
    (
        "unauthorized",
        "foreign",
        "foreign_host",
        "foreign_certificate",
        "too_large",
        "too_many",
        "too_slow",
        "url_too_long",
        "headers_too_large",
    )
)
"""Codes of requests that nothing was done for: the command then runs here."""
_FAMILIES: Final[Mapping[int, type[Fault]]] = {2: WrongUse, 3: NotFound, 4: Conflict, 5: Refused}


class _StaysHere(Exception):
    """The call cannot travel."""


@dataclass(slots=True)
class Asked:
    """A request that stands for a call; `read` are the caller's files in it, `written` those that it asks for."""

    entry: Entry
    path: str
    query: dict[str, Any] = field(default_factory=dict)
    body: dict[str, Any] = field(default_factory=dict)
    read: dict[str, Path] = field(default_factory=dict)
    written: dict[str, Path] = field(default_factory=dict)
    most: int | None = None
    force: bool = False
    reports: bool = False


def performed(call: Call | Plain, there: Address, folder: Path, report: Report) -> Mapping[str, Any] | None:
    """The command's answer from the program at `there`; None where the command has to be run here.

    Raises the fault that the command ended with there. A command that changes something is never asked for twice.
    """
    try:
        asked = _asked(call, there.project)
    except _StaysHere:
        return None
    connection = Connection(there.url, there.token, certificate=there.certificate, timeout=None)
    with connection:
        try:
            answer = _answer(connection, asked, report)
        except Unreachable:
            return None
        except Ended as ended:
            if asked.entry.method == "GET":
                return None
            raise _lost() from ended
        except Problem as problem:
            if problem.code in TURNED_AWAY:
                return None
            raise _fault(problem, asked) from problem
    value = delivered(asked.entry.words, answer.value, asked.written, force=asked.force)
    value = with_paths(asked.entry.words, value, folder, asked.read)
    return Outcome(value, answer.exit_status) if answer.exit_status else value


def _asked(call: Call | Plain, project: str) -> Asked:
    entry = call.entry
    asked = Asked(entry, entry.path.replace("{project}", quote(project, safe="")))
    if isinstance(call, Plain):
        asked.query["limit"] = PAGE
        return asked
    asked.reports = call.command.wants("report")
    asked.force = bool(call.values.get("force"))
    for name, (_, about, default) in parameters(call.command).items():
        if not (isinstance(about, Arg) and about.opens):
            _put(asked, name, about, default, call.values.get(name, default))
    if "limit" in parameters(call.command):
        _page(asked)
    return asked


def _page(asked: Asked) -> None:
    """Ask for a page as large as there are, and remember how many things are wanted."""
    asked.most = asked.query.get("limit")
    asked.query["limit"] = PAGE if asked.most is None else min(asked.most, PAGE)
    if min(asked.query["limit"], asked.query.get("offset", 0)) < 0:
        raise _StaysHere


def _put(asked: Asked, name: str, about: Arg | Opt, default: Any, value: Any) -> None:
    """Put one value where the route takes it."""
    if about.writes is not None:
        if value is None:
            return
        asked.written[name] = _writable(asked.entry.words, value, force=asked.force)
        if default is inspect.Parameter.empty:
            return
        value = True
    elif about.reads is not None and value is not None:
        asked.read[name] = value
        value = _contents(value, about.reads)
    elif isinstance(value, Path):
        value = _named(value)
    if f"{{{name}}}" in asked.path:
        asked.path = asked.path.replace(f"{{{name}}}", _segment(value))
    elif value is not default and value != default:
        if isinstance(value, list) and len(value) > LONGEST_LIST:
            raise _StaysHere
        reading = asked.entry.method in ("GET", "DELETE")
        (asked.query if reading or name == "dry_run" else asked.body)[name] = value


def _segment(value: Any) -> str:
    text = str(value)
    if not text or "/" in text or text in (".", "..") or len(text) > LONGEST:
        raise _StaysHere
    return quote(text, safe="")


def _named(path: Path) -> str:
    """A path that the other program is told: it may run in another folder."""
    if not path.exists():
        raise _StaysHere
    return str(path.absolute())


def _contents(path: Path, media: str) -> Any:
    """A file's contents as they travel."""
    try:
        if not path.is_file() or path.stat().st_size > LARGEST_FILE:
            raise _StaysHere
        data = path.read_bytes()
        if media != JSON:
            return {"filename": path.name, "base64": base64.b64encode(data).decode()}
        found = json.loads(data.decode("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise _StaysHere from error
    if not isinstance(found, dict):
        raise _StaysHere
    return found


def _writable(words: str, target: Path, *, force: bool) -> Path:
    """The file to write; where it cannot be, the command itself says so before it does anything."""
    exporting = words == "take export"
    into = target.is_dir()
    refused = not exporting if into else exporting and target.exists() and not force
    if refused or not (into or target.parent.is_dir()):
        raise _StaysHere
    return target


def _answer(connection: Connection, asked: Asked, report: Report) -> Answer:
    """The whole answer: streamed where the command reports, all pages of a list."""
    method, body = asked.entry.method, asked.body or None
    if asked.reports:
        return connection.stream(method, asked.path, asked.query, body, line=lambda line: _tell(report, line))
    answer = connection.request(method, asked.path, asked.query, body)
    if not isinstance(answer.value, dict):
        raise Problem("the answer is no object", "another program may be listening there", code="foreign")
    _add_pages(connection, asked, answer.value)
    return answer


def _add_pages(connection: Connection, asked: Asked, value: dict[str, Any]) -> None:
    """Add the pages after the first to a list that has more; `total` says how many things there are."""
    lists = [one for one in value.values() if isinstance(one, list)]
    if "limit" not in asked.query or "total" not in value or len(lists) != 1:
        return
    [things] = lists
    start, total = int(asked.query.get("offset", 0)), int(value["total"])
    end = total if asked.most is None else min(total, start + asked.most)
    while start + len(things) < end:
        left = min(PAGE, end - start - len(things))
        query = {**asked.query, "offset": start + len(things), "limit": left}
        more = connection.request("GET", asked.path, query).value
        found = next((one for one in more.values() if isinstance(one, list)), [])
        if not found:
            break
        things += found
    if "more" in value:
        del value["more"]
        value |= {"more": total - end} if total > end else {}


def _tell(report: Report, line: Mapping[str, Any]) -> None:
    if "said" in line:
        report(Said(str(line["said"])))
    elif "working" in line:
        known = Working.__dataclass_fields__
        report(Working(**{name: one for name, one in line["working"].items() if name in known}))


def _fault(problem: Problem, asked: Asked) -> Fault:
    """The fault that the command ended with there, which names the caller's files as the caller did."""
    family = _FAMILIES.get(problem.exit_status, Fault)
    kind = type(family.__name__, (family,), {"code": problem.code})
    message, hint = (_own_names(text, asked) for text in (problem.message, problem.hint))
    fault: Fault = kind(message, hint)
    return fault


def _own_names(text: str, asked: Asked) -> str:
    for name, path in {**asked.read, **asked.written}.items():
        if not path.name:
            continue  # the folder one is in has no name to look for
        there = rf"(?<!\S){re.escape(name)}\.(?:in\.)?\w+|(?<!\S){re.escape(path.name)}(?![\w-]|\.\w)"
        text = re.sub(there, lambda _, path=path: str(path), text, count=1)  # type: ignore[misc]
    return text


def _lost() -> Fault:
    return Fault(
        "the program that has the project open ended before it answered",
        "look at restrike status; nothing that was reported as done is lost",
    )
