"""The rows of the command table."""

from __future__ import annotations

from app.commands.entries import COMMANDS, GROUPS


def test_every_row_has_a_route_of_its_own() -> None:
    routes = [entry.route for entry in COMMANDS]
    assert len(set(routes)) == len(routes)
    for entry in COMMANDS:
        assert entry.method in ("GET", "POST", "PATCH", "DELETE", "WS")
        assert entry.path.startswith("/")
        assert entry.function_name.isidentifier()
    assert all(about.endswith(".") for about in GROUPS.values())
