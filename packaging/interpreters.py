"""Finds a Python that can hold Restrike's environment, or the one command that installs such a Python."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Callable, Iterable, NamedTuple

SUPPORTED = ((3, 12), (3, 11))  # the releases automerge has wheels for, the preferred one first
PROBE = """
import importlib.util, sys
complete = all(importlib.util.find_spec(name) for name in ("ensurepip", "venv", "ssl", "sqlite3"))
print(sys.version_info[0], sys.version_info[1], int(complete), int(sys.maxsize > 2**32))
"""


class Interpreter(NamedTuple):
    """A Python found on this machine; `complete` says that it has 64 bits, `venv` and `pip`."""

    command: tuple[str, ...]
    version: tuple[int, int]
    complete: bool


Probe = Callable[["tuple[str, ...]"], "Interpreter | None"]


def candidates(avoid: Path) -> Iterable[tuple[str, ...]]:
    """Commands that may start a suitable Python, best first; `avoid` is the environment about to be replaced."""
    yield (own_interpreter(),)
    search_path = outside(os.environ.get("PATH", ""), avoid)
    names = [f"python{major}.{minor}" for major, minor in SUPPORTED] + ["python3", "python"]
    yield from ((found,) for found in (shutil.which(name, path=search_path) for name in names) if found)
    yield from ((str(path),) for path in pyenv_interpreters())
    if sys.platform == "win32" and shutil.which("py"):
        yield from (("py", f"-{major}.{minor}") for major, minor in SUPPORTED)


def own_interpreter() -> str:
    """The Python that runs this file; inside a virtual environment, the one that environment was made of."""
    if sys.prefix == sys.base_prefix:
        return sys.executable
    base = Path(sys.base_prefix)
    name = "python{}.{}".format(*sys.version_info[:2])
    return str(base / "python.exe" if sys.platform == "win32" else base / "bin" / name)


def outside(search_path: str, avoid: Path) -> str:
    """The folders of `search_path` that do not lie in the environment `avoid`, which may be active just now."""
    folders = [folder for folder in search_path.split(os.pathsep) if folder]
    return os.pathsep.join(folder for folder in folders if avoid not in (Path(folder), *Path(folder).parents))


def pyenv_interpreters() -> list[Path]:
    """The Pythons that pyenv keeps, whether or not one of them is switched on."""
    versions = Path(os.environ.get("PYENV_ROOT", str(Path.home() / ".pyenv"))) / "versions"
    return [
        path / "bin" / "python"
        for major, minor in SUPPORTED
        for path in sorted(versions.glob(f"{major}.{minor}.*"), reverse=True)
    ]


def probe(command: tuple[str, ...]) -> Interpreter | None:
    """What the command starts, or None where it starts no Python."""
    try:
        done = subprocess.run(
            [*command, "-I", "-c", PROBE],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            stdin=subprocess.DEVNULL,
            timeout=30,
            check=True,
        )
        major, minor, complete, wide = (int(word) for word in done.stdout.split())
    except (OSError, subprocess.SubprocessError, ValueError):
        return None
    return Interpreter(command, (major, minor), bool(complete and wide))


def choose(
    commands: Iterable[tuple[str, ...]], look: Probe = probe
) -> tuple[Interpreter | None, Interpreter | None]:
    """The first complete supported Python, and the first supported one that lacks something."""
    lacking = None
    for command in commands:
        found = look(command)
        if found is None or found.version not in SUPPORTED:
            continue
        if found.complete:
            return found, lacking
        lacking = lacking or found
    return None, lacking


def find_uv() -> str | None:
    """uv, where it is on the PATH or where its own installers put it."""
    home = Path.home()
    folders = [os.environ.get("PATH", ""), str(home / ".local" / "bin"), str(home / ".cargo" / "bin")]
    return shutil.which("uv", path=os.pathsep.join(folders))


def distribution() -> dict[str, str]:
    """The names in /etc/os-release (ID, ID_LIKE, VERSION_ID, …); empty where the system has none."""
    try:
        lines = Path("/etc/os-release").read_text(encoding="utf-8").splitlines()
    except OSError:
        return {}
    pairs = (line.partition("=") for line in lines if "=" in line)
    return {name: value.strip("\"'") for name, _, value in pairs}


PACKAGED = {("debian", "12"): "3.11", ("ubuntu", "22.04"): "3.11", ("ubuntu", "24.04"): "3.12"}


def install_command(system: str, names: dict[str, str], lacking: Interpreter | None) -> str:
    """The one command that gives this machine a suitable Python, or uv, which brings one."""
    if system == "Darwin":
        return "brew install python@3.12"
    if system == "Windows":
        return "winget install --exact --id Python.Python.3.12"
    kin = {names.get("ID", ""), *names.get("ID_LIKE", "").split()}
    if kin & {"debian", "ubuntu"}:
        packaged = PACKAGED.get((names.get("ID", ""), names.get("VERSION_ID", "")))
        release = "{}.{}".format(*lacking.version) if lacking else packaged
        return f"sudo apt-get install python{release}-venv" if release else "pipx install uv"
    if kin & {"fedora", "rhel"}:
        return "sudo dnf install python3.12"
    return "sudo pacman -S uv" if "arch" in kin else "python3 -m pip install --user uv"


def explain(lacking: Interpreter | None) -> str:
    """Why there is no environment, and what to do about it, for the person at the terminal."""
    command = install_command(platform.system(), distribution(), lacking)
    found = "Restrike needs Python 3.11 or 3.12 (64 bit) and found neither here."
    if lacking:
        found = (
            f"{' '.join(lacking.command)} is a Python that Restrike can use, but it cannot make environments."
        )
    return f"{found}\nThis command puts that right; then run the same line again:\n\n    {command}"
