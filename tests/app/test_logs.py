"""The log: surprises are in it, secrets are not."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from app import logs


@pytest.fixture(autouse=True)
def closed_afterwards() -> Iterator[None]:
    yield
    logs.close()


def test_a_surprise_is_written_with_its_traceback(tmp_path: Path) -> None:
    try:
        raise ValueError("odd")
    except ValueError as error:
        path = logs.record_unexpected(tmp_path, error)
    assert path is not None
    text = path.read_text()
    assert "ValueError: odd" in text
    assert "Traceback" in text


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Bearer HUSH",
        "secret=HUSH",
        "api_key: 'HUSH'",
        "https://me:HUSH@bucket.example/x",
        '{"token": "HUSH"}',
        "password = HUSH",
    ],
)
def test_secrets_are_blotted_out(tmp_path: Path, text: str) -> None:
    path = logs.open_log(tmp_path)
    logging.getLogger("app.x").warning("%s", text)
    assert "HUSH" not in path.read_text()
    assert path.read_text()


def test_no_log_is_better_than_no_answer(tmp_path: Path) -> None:
    (tmp_path / "logs").write_text("a file in the way")
    assert logs.record_unexpected(tmp_path, ValueError("odd")) is None
