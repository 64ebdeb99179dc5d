"""The application as a whole: what is unknown or malformed is answered by a problem, and nothing by a path."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.app.api.served import served


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("GET", "/api/v1/nothing", None, 404, "not_found"),
        ("PUT", "/api/v1/projects", None, 405, "method_not_allowed"),
        ("POST", "/api/v1/regeneration/jobs", b"{", 400, "bad_json"),
        ("POST", "/api/v1/regeneration/jobs", b"[]", 422, "bad_field"),
    ],
)
async def test_what_makes_no_sense_is_a_problem(
    tmp_path: Path, method: str, path: str, body: bytes | None, status: int, code: str
) -> None:
    async with served(tmp_path / "film") as there:
        headers = {"Content-Type": "application/json"}
        found = await there.http.request(method, path, content=body, headers=headers)
        assert (found.status_code, found.json()["code"]) == (status, code)
        assert found.headers["content-type"] == "application/problem+json"
        assert str(tmp_path) not in found.text


async def test_a_path_in_a_fault_stays_here(tmp_path: Path) -> None:
    async with served(tmp_path / "film") as there:
        missing = tmp_path / "models" / "none"
        found = await there.http.post(f"{there.project}/models", json={"folder": str(missing)})
        assert found.status_code == 404
        assert str(tmp_path) not in found.text
