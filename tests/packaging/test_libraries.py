"""Which system libraries a window needs, and how they are named to a person."""

from __future__ import annotations

import os
from pathlib import Path

import libraries
import pytest
from libraries import LIBRARIES, install_command, missing


def nothing_loads(file: str) -> object:
    """A system without any shared library."""
    raise OSError(file)


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="only Linux lacks libraries of this kind")
def test_what_the_loader_does_not_find_is_missing() -> None:
    assert missing(nothing_loads) == list(LIBRARIES)
    assert missing(str) == []


@pytest.mark.parametrize(
    ("tool", "expected"),
    [
        ("apt-get", "sudo apt-get install -y libegl1 libxcb-cursor0"),
        ("dnf", "sudo dnf install -y libglvnd-egl xcb-util-cursor"),
        ("pacman", "sudo pacman -S --needed libglvnd xcb-util-cursor"),
        (None, "install the packages that hold libEGL.so.1 libxcb-cursor.so.0"),
    ],
)
def test_one_command_installs_them(tool: str | None, expected: str) -> None:
    lacking = [one for one in LIBRARIES if one.debian in ("libegl1", "libxcb-cursor0")]
    assert install_command(lacking, tool) == expected


def test_only_root_on_debian_installs_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert libraries.may_install("apt-get")
    assert not libraries.may_install("dnf")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert not libraries.may_install("apt-get")
