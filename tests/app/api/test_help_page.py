"""The help page on the API knows the routes, the codes and the events that there are, and no others."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path

from app import events
from app.api.problems import PROBLEMS
from app.api.routes.events import PRESENCE, REGENERATE, SYNC
from app.commands.table import COMMANDS
from resources import RESOURCES
from tests.app.api.served import served

PAGE = (RESOURCES / "help" / "api.md").read_text("utf-8")
ROUTE = re.compile(r"^ {4}(GET|POST|PUT|PATCH|DELETE|WS) +(/\S+) +(\S.*)$", re.MULTILINE)


def section(title: str) -> str:
    """The part of the page below a heading."""
    return PAGE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


async def test_every_route_is_in_the_table_and_no_other(tmp_path: Path) -> None:
    async with served(tmp_path / "film") as film:
        paths = (await film.get("/openapi.json"))["paths"]
    there = {
        (method.upper(), path.removeprefix("/api/v1"))
        for path, methods in paths.items()
        for method in methods
        if method in ("get", "post", "put", "patch", "delete")
    }
    shown = [(method, path) for method, path, _ in ROUTE.findall(section("Routes"))]
    assert len(shown) == len(set(shown))
    assert set(shown) == there | {("WS", "/events")}


def test_every_command_stands_beside_its_route() -> None:
    shown = {(f"{method} {path}", words) for method, path, words in ROUTE.findall(section("Routes"))}
    assert {(entry.route, entry.words) for entry in COMMANDS} <= shown


def test_every_code_stands_beside_its_status() -> None:
    expected: dict[int, list[str]] = defaultdict(list)
    for code, (status, _) in PROBLEMS.items():
        expected[status].append(code)
    table = re.findall(r"^ {4}(\d{3}) +([^\n]+(?:\n {10}[^\n]+)*)", section("Problems"), re.MULTILINE)
    shown = {int(status): re.findall(r"\w+", codes) for status, codes in table}
    assert {status: sorted(codes) for status, codes in shown.items()} == {
        status: sorted(codes) for status, codes in expected.items()
    }


def test_every_event_is_told_of() -> None:
    shown = re.findall(r"^ {4}((?:server|client):\w+) ", section("Events"), re.MULTILINE)
    assert sorted(shown) == sorted((*events.TYPES, events.ERROR, REGENERATE, SYNC, PRESENCE))
