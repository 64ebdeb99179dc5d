"""The system's libraries that Qt needs for a window on Linux: which are missing, and what installs them.

Wheels bring Qt itself but not these. Nothing here can make a set-up fail: rendering, the command line and the local
API need none of them.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import sys
from typing import Callable, Iterable, NamedTuple, Sequence, TextIO


class Library(NamedTuple):
    """A shared library and the package that holds it on Debian, Fedora and Arch."""

    file: str
    debian: str
    fedora: str
    arch: str


LIBRARIES = (
    Library("libEGL.so.1", "libegl1", "libglvnd-egl", "libglvnd"),
    Library("libGL.so.1", "libgl1", "libglvnd-glx", "libglvnd"),
    Library("libdbus-1.so.3", "libdbus-1-3", "dbus-libs", "dbus"),
    Library("libfontconfig.so.1", "libfontconfig1", "fontconfig", "fontconfig"),
    Library("libxkbcommon.so.0", "libxkbcommon0", "libxkbcommon", "libxkbcommon"),
    Library("libxkbcommon-x11.so.0", "libxkbcommon-x11-0", "libxkbcommon-x11", "libxkbcommon-x11"),
    Library("libxcb-cursor.so.0", "libxcb-cursor0", "xcb-util-cursor", "xcb-util-cursor"),
    Library("libxcb-icccm.so.4", "libxcb-icccm4", "xcb-util-wm", "xcb-util-wm"),
    Library("libxcb-image.so.0", "libxcb-image0", "xcb-util-image", "xcb-util-image"),
    Library("libxcb-keysyms.so.1", "libxcb-keysyms1", "xcb-util-keysyms", "xcb-util-keysyms"),
    Library("libxcb-randr.so.0", "libxcb-randr0", "libxcb", "libxcb"),
    Library("libxcb-render-util.so.0", "libxcb-render-util0", "xcb-util-renderutil", "xcb-util-renderutil"),
    Library("libxcb-shape.so.0", "libxcb-shape0", "libxcb", "libxcb"),
    Library("libxcb-xinerama.so.0", "libxcb-xinerama0", "libxcb", "libxcb"),
    Library("libxcb-xkb.so.1", "libxcb-xkb1", "libxcb", "libxcb"),
)

APT = ("apt-get", "-o", "DPkg::Lock::Timeout=60", "-o", "Acquire::http::Timeout=20")
APT_SECONDS = 120


def missing(load: Callable[[str], object] = ctypes.CDLL) -> list[Library]:
    """The libraries that the dynamic loader does not find; none anywhere but on Linux."""
    return (
        [library for library in LIBRARIES if not _loads(library.file, load)]
        if sys.platform == "linux"
        else []
    )


def install_command(lacking: Sequence[Library], tool: str | None) -> str:
    """The one command that installs what is missing with the system's package tool."""
    if tool == "apt-get":
        return "sudo apt-get install -y " + _names(library.debian for library in lacking)
    if tool == "dnf":
        return "sudo dnf install -y " + _names(library.fedora for library in lacking)
    if tool == "pacman":
        return "sudo pacman -S --needed " + _names(library.arch for library in lacking)
    return "install the packages that hold " + _names(library.file for library in lacking)


def package_tool() -> str | None:
    """The system's package tool, where it is one of those we know."""
    return next((tool for tool in ("apt-get", "dnf", "pacman") if shutil.which(tool)), None)


def may_install(tool: str | None) -> bool:
    """Whether we may install by ourselves: as root on Debian and its kin."""
    return tool == "apt-get" and sys.platform != "win32" and os.geteuid() == 0


def install(lacking: Sequence[Library], log: TextIO) -> bool:
    """Install with apt-get, reading its package lists anew only where the old ones do not do; says whether it did."""
    names = sorted({library.debian for library in lacking})
    fetch = (*APT, "install", "-y", "--no-install-recommends", *names)
    return _apt(fetch, log) or (_apt((*APT, "update"), log) and _apt(fetch, log))


def _apt(command: Sequence[str], log: TextIO) -> bool:
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=quiet,
            timeout=APT_SECONDS,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return False
    return done.returncode == 0


def _loads(file: str, load: Callable[[str], object]) -> bool:
    try:
        load(file)
    except OSError:
        return False
    return True


def _names(names: Iterable[str]) -> str:
    return " ".join(sorted(set(names)))
