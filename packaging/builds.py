"""Chooses the build of PyTorch for this machine: CUDA where an NVIDIA GPU is, otherwise CPU."""

from __future__ import annotations

import ast
import platform
import re
import shutil
import subprocess
import urllib.error
import urllib.request
from pathlib import Path
from typing import Callable, Iterable, NamedTuple
from urllib.parse import urlparse
from urllib.request import url2pathname

INDEX = "https://download.pytorch.org/whl"
PROBE_SECONDS = 3
CUDA_RELEASES = ((13, 2), (13, 0), (12, 9), (12, 8), (12, 6))
"""CUDA releases PyTorch has been built for, newest first; a driver runs those that are not newer than itself."""


class Build(NamedTuple):
    """What pip is asked for, where else it may look, and how the person reads it."""

    requirement: str
    extra_index: str | None
    label: str


class Machine(NamedTuple):
    """What decides between builds; `cuda` is the newest CUDA release that the driver runs, None without a GPU."""

    system: str
    architecture: str
    python: tuple[int, int]
    cuda: tuple[int, int] | None


Fetch = Callable[[str], "str | None"]


def choose(release: str, machine: Machine, local: bool, fetch: Fetch) -> Build:
    """The build for `machine`; `local` says that pip is set up to find PyTorch by itself.

    `fetch` answers a page, an empty string for a page that does not exist, and None where nothing answers.
    """
    plain = f"torch=={release}"
    if local:
        return Build(plain, None, "as pip is set up here")
    if machine.system == "Darwin":
        return Build(plain, None, "macOS build")
    for variant in variants(machine):
        index = f"{INDEX}/{variant}"
        page = fetch(f"{index}/torch/")
        if page is None:
            break
        if re.search(wheel_pattern(release, variant, machine), page):
            label = "CPU build" if variant == "cpu" else f"CUDA build {variant}"
            return Build(f"{plain}+{variant}", index, label)
    large = machine.system == "Linux" and machine.cuda is None
    return Build(
        plain, None, "default build" + (" with CUDA libraries, a download of gigabytes" if large else "")
    )


def variants(machine: Machine) -> Iterable[str]:
    """The names PyTorch gives the builds that run here, best first."""
    if machine.cuda is not None:
        yield from (f"cu{a}{b}" for a, b in CUDA_RELEASES if (a, b) <= machine.cuda)
    yield "cpu"


def wheel_pattern(release: str, variant: str, machine: Machine) -> str:
    """A pattern for the wheel's link on the index page, which may write `+` as `%2B`."""
    tag = "cp{}{}".format(*machine.python)
    place = "win" if machine.system == "Windows" else "linux"
    return (
        rf"torch-{re.escape(release)}(?:\+|%2B){variant}-{tag}-{tag}-"
        rf"[^\"'<>]*{place}[^\"'<>]*_{machine.architecture}\.whl"
    )


def this_machine(python: tuple[int, int]) -> Machine:
    """The machine that this runs on, for an environment of that Python."""
    architecture = platform.machine().lower()
    if platform.system() == "Linux" and architecture == "amd64":
        architecture = "x86_64"
    return Machine(platform.system(), architecture, python, driver_cuda())


def may_have_gpu() -> bool:
    """A look so cheap that every start can afford it: is there anything of an NVIDIA driver here?"""
    return Path("/proc/driver/nvidia").is_dir() or shutil.which("nvidia-smi") is not None


def driver_cuda() -> tuple[int, int] | None:
    """The CUDA release of the NVIDIA driver; None without a GPU it can use."""
    if not may_have_gpu():
        return None
    try:
        done = subprocess.run(
            ["nvidia-smi"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            stdin=subprocess.DEVNULL,
            timeout=30,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    found = re.search(rb"CUDA Version:\s*(\d+)\.(\d+)", done.stdout)
    return (int(found.group(1)), int(found.group(2))) if found else None


def fetch_page(url: str) -> str | None:
    """The page; empty where the server has none, None where no server answers within three seconds."""
    try:
        with urllib.request.urlopen(url, timeout=PROBE_SECONDS) as answer:
            page: bytes = answer.read()
    except urllib.error.HTTPError:
        return ""
    except (OSError, ValueError):
        return None
    return page.decode("utf-8", "replace")


def finds_by_itself(pip_settings: str, release: str, python: tuple[int, int]) -> bool:
    """Whether `pip config list` shows a pip that must not look elsewhere or has a wheel of PyTorch at hand."""
    settings = dict(_settings(pip_settings))
    if settings.get("no-index", "").lower() in ("1", "true", "yes", "on"):
        return True
    pattern = "torch-{}*-cp{}{}-*.whl".format(release, *python)
    folders = (_folder(link) for link in settings.get("find-links", "").split())
    return any(folder.is_dir() and any(folder.glob(pattern)) for folder in folders if folder)


def _settings(listing: str) -> Iterable[tuple[str, str]]:
    for line in listing.splitlines():
        name, equals, value = line.partition("=")
        if equals:
            yield name.rpartition(".")[2], str(ast.literal_eval(value))


def _folder(link: str) -> Path | None:
    parts = urlparse(link)
    if parts.scheme == "file":
        return Path(url2pathname(parts.path))
    return None if "://" in link else Path(link)
