from __future__ import annotations

import json
from pathlib import Path

import pytest

from starter.release import LIMIT, settle, tidy


def test_files_become_readable_by_all_and_are_counted(tmp_path: Path) -> None:
    inner = tmp_path / "unet"
    inner.mkdir()
    (inner / "weights").write_bytes(b"12345")
    (inner / "weights").chmod(0o600)
    assert settle(tmp_path) == 5
    assert (inner / "weights").stat().st_mode & 0o777 == 0o644


def test_a_folder_over_the_limit_is_refused(tmp_path: Path) -> None:
    with (tmp_path / "big").open("wb") as file:
        file.truncate(LIMIT + 1)
    with pytest.raises(ValueError, match="at most"):
        settle(tmp_path)


def test_settings_lose_what_tells_of_the_machine(tmp_path: Path) -> None:
    (tmp_path / "vae").mkdir()
    settings = tmp_path / "vae" / "config.json"
    settings.write_text('{"_name_or_path": "/home/me", "block_out_channels": [1], "act_fn": "relu"}')
    tidy(tmp_path)
    assert json.loads(settings.read_text()) == {"act_fn": "relu"}
