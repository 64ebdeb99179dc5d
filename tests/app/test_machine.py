"""What doctor looks at, and that each fault has a fix."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from app import machine
from app.place import PRIVATE, Place


def by_name(place: Place) -> dict[str, dict[str, object]]:
    return {one["name"]: one for one in machine.checks(place)}


def test_every_fault_has_a_fix(tmp_path: Path) -> None:
    for one in machine.checks(Place(tmp_path, tmp_path / "home")):
        assert set(one) == {"name", "ok", "detail", "fix"}
        assert one["detail"]
        assert bool(one["fix"]) != one["ok"]


def test_torch_is_looked_up_and_not_imported(tmp_path: Path) -> None:
    before = "torch" in sys.modules
    assert by_name(Place(tmp_path, tmp_path))["torch"]["detail"]
    assert ("torch" in sys.modules) == before


def test_broken_settings_are_a_fault(tmp_path: Path) -> None:
    (tmp_path / "settings.json").write_text("{")
    assert not by_name(Place(tmp_path, tmp_path))["settings"]["ok"]


def test_a_gpu_that_is_asked_for_and_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    (tmp_path / "settings.json").write_text('{"device": "cuda"}')
    device = by_name(Place(tmp_path, tmp_path))["device"]
    assert not device["ok"]
    assert "settings.json" in str(device["fix"])


def test_a_keyring_that_is_asked_for_and_not_there(tmp_path: Path) -> None:
    (tmp_path / "settings.json").write_text('{"keyring": true}')
    assert not by_name(Place(tmp_path, tmp_path))["keyring"]["ok"]


@pytest.mark.skipif(os.name != "posix", reason="file modes are POSIX")
def test_a_device_key_that_others_can_read(tmp_path: Path) -> None:
    key = tmp_path / "device.json"
    key.write_text("{}")
    key.chmod(0o644)
    assert not by_name(Place(tmp_path, tmp_path))["device key"]["ok"]
    key.chmod(0o600)
    assert by_name(Place(tmp_path, tmp_path))["device key"]["ok"]


def test_inside_a_project_its_folder_is_looked_at(tmp_path: Path) -> None:
    assert "project" not in by_name(Place(tmp_path, tmp_path))
    (tmp_path / PRIVATE).mkdir()
    assert by_name(Place(tmp_path, tmp_path))["project"]["ok"]
