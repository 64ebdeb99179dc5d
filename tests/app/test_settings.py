"""Settings of this machine: defaults, ranges, broken files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from app import settings
from app.settings import Settings
from engine.faults import BadField, Damaged


def test_home_is_where_the_variable_says(tmp_path: Path) -> None:
    assert settings.home({"RESTRIKE_HOME": str(tmp_path)}) == tmp_path
    assert settings.home({}).name == "restrike"


def test_defaults_without_a_file(tmp_path: Path) -> None:
    assert settings.read(tmp_path) == Settings()


def test_what_was_written_is_read_and_foreign_keys_stay(tmp_path: Path) -> None:
    (tmp_path / settings.FILE).write_text('{"later": 1}')
    settings.write(tmp_path, Settings(threads=2, device="cuda:1"))
    assert settings.read(tmp_path) == Settings(threads=2, device="cuda:1")
    assert json.loads((tmp_path / settings.FILE).read_text())["later"] == 1


@pytest.mark.parametrize(
    "text",
    ['{"threads": 0}', '{"threads": true}', '{"device": "tpu"}', '{"keyring": 1}', '{"member": "a\\nb"}'],
)
def test_values_out_of_range_are_named(tmp_path: Path, text: str) -> None:
    (tmp_path / settings.FILE).write_text(text)
    with pytest.raises(BadField):
        settings.read(tmp_path)


@pytest.mark.parametrize("data", [b"{", b"[]", b"\xff\xfe"])
def test_a_broken_file_is_said_to_be_broken(tmp_path: Path, data: bytes) -> None:
    (tmp_path / settings.FILE).write_bytes(data)
    with pytest.raises(Damaged):
        settings.read(tmp_path)
