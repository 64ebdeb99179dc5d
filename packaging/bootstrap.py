"""Runs Restrike from its sources, in an environment that is made when it is needed.

    python3 packaging/bootstrap.py COMMAND …   make or refresh .venv, then run `restrike COMMAND …` in it
    python3 packaging/bootstrap.py test        … then run the whole check (packaging/check.py)
    python3 packaging/bootstrap.py version     … then print the release

The first run takes minutes, the next ones start at once. A set-up that was cut short is noticed and done again.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TextIO

import builds
import interpreters
import libraries
from progress import Progress, SetupFailed, alone

ROOT = Path(__file__).resolve().parent.parent
WINDOWS = sys.platform == "win32"


class Environment:
    """The folder `.venv` beside the sources and the note in it that says what it was made for.

    The note reads `building` from before the first byte is installed until the last one is, so an environment whose
    note is not readable or says so was cut short. It names this folder too: an environment cannot be moved.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.folder = root / ".venv"
        self.programs = self.folder / ("Scripts" if WINDOWS else "bin")
        self.python = self.programs / ("python.exe" if WINDOWS else "python")
        self.note = self.folder / "restrike-setup.json"
        self.log = self.folder / "bootstrap.log"

    def key(self) -> str:
        """A digest of everything the environment depends on; whatever changes it asks for a refresh."""
        parts = [self.root / "constraints.txt", self.root / "pyproject.toml", self.folder / "pyvenv.cfg"]
        digest = hashlib.sha256(f"1 {self.folder} {builds.may_have_gpu()}".encode())
        for path in parts:
            digest.update(path.read_bytes() if path.exists() else b"-")
        return digest.hexdigest()

    def read_note(self) -> dict[str, object]:
        """What the note says; empty without one, `building` where it cannot be read."""
        try:
            found = json.loads(self.note.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError):
            return {"state": "building"}
        return found if isinstance(found, dict) else {"state": "building"}

    def write_note(self, state: str, test: bool) -> None:
        """Replace the note in one step, so that nobody ever reads half of it."""
        draft = self.note.with_suffix(".new")
        draft.write_text(json.dumps({"state": state, "key": self.key(), "test": test}), encoding="utf-8")
        os.replace(draft, self.note)

    def is_ready(self, test: bool) -> bool:
        """Whether it can be used as it is; one made for the tests serves every other command too."""
        note = self.read_note()
        fits = note.get("state") == "ready" and note.get("key") == self.key()
        return fits and bool(note.get("test") or not test) and self.python.exists()

    def must_be_remade(self) -> bool:
        """Whether what lies there is of no use: cut short, or its Python is gone or too old or too new."""
        if self.read_note().get("state") == "building" or not self.python.exists():
            return True
        found = interpreters.probe((str(self.python),))
        return found is None or found.version not in interpreters.SUPPORTED


def make_ready(environment: Environment, test: bool) -> None:
    """Make or refresh the environment if it needs that; several at once take turns."""
    if environment.is_ready(test):
        return
    with alone(environment.root / ".venv.lock") as lock:
        if environment.is_ready(test):
            return
        say(f"Setting up Restrike in {environment.folder} (the first time takes a few minutes).")
        test = test or bool(environment.read_note().get("test"))
        remade = environment.must_be_remade()
        if remade:
            clear(environment)
        environment.write_note("building", test)
        with environment.log.open("w", encoding="utf-8") as log:
            progress = Progress(log, lock)
            if remade:
                make_folder(environment, progress)
            install_packages(environment, test, progress)
            look_at_libraries(log)
        environment.write_note("ready", test)


def clear(environment: Environment) -> None:
    """Empty the folder of all but its note, which goes on saying `building`; refuses a folder that is not ours."""
    folder, note = environment.folder, environment.note
    folder.mkdir(exist_ok=True)
    found = [path for path in folder.iterdir() if path != note]
    if found and not note.exists() and not (folder / "pyvenv.cfg").exists():
        raise SetupFailed(f"{folder} exists and is no Python environment; move it away, then run this again.")
    environment.write_note("building", test=False)
    if found:
        say("Removing an environment that was cut short or cannot be used any more.")
    for path in found:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def make_folder(environment: Environment, progress: Progress) -> None:
    """An empty environment of a suitable Python, which uv brings where this machine has none."""
    chosen, lacking = interpreters.choose(interpreters.candidates(environment.folder))
    uv = interpreters.find_uv()
    if chosen is not None:
        label = "{}.{}".format(*chosen.version)
        command = [*chosen.command, "-I", "-m", "venv", str(environment.folder)]
    elif uv is not None:
        label = "3.12, by uv"
        command = [uv, "venv", "--python", "3.12", "--seed", "--allow-existing", str(environment.folder)]
    else:
        raise SetupFailed(interpreters.explain(lacking))
    progress.run(f"an environment of Python {label}", command)


def install_packages(environment: Environment, test: bool, progress: Progress) -> None:
    """PyTorch first, in the build for this machine, then everything else and Restrike itself, editable."""
    build = choose_build(environment)
    pip = [str(environment.python), "-I", "-m", "pip", "--no-input", "--disable-pip-version-check"]
    install = [*pip, "install", "--progress-bar=off", "-c", "constraints.txt"]
    extra = ["--extra-index-url", build.extra_index] if build.extra_index else []
    label = f"PyTorch {torch_release(environment.root)}, {build.label}"
    progress.run(label, [*install, *extra, build.requirement, "setuptools"], environment.root)
    itself = ".[test]" if test else "."
    label = "Restrike and the libraries it uses" + (", with the test tools" if test else "")
    progress.run(label, [*install, "--no-build-isolation", "-e", itself], environment.root)


def choose_build(environment: Environment) -> builds.Build:
    """The build of PyTorch, by a look at the machine, at pip's settings and, for three seconds, at the network."""
    python = str(environment.python)
    line = subprocess.check_output(
        [python, "-I", "-c", "import sys; print(*sys.version_info[:2])"], universal_newlines=True
    )
    major, minor = (int(word) for word in line.split())
    settings = subprocess.check_output([python, "-I", "-m", "pip", "config", "list"], universal_newlines=True)
    release = torch_release(environment.root)
    local = builds.finds_by_itself(settings, release, (major, minor))
    return builds.choose(release, builds.this_machine((major, minor)), local, builds.fetch_page)


def look_at_libraries(log: TextIO) -> None:
    """Name the libraries that a window will need, and install them where we may; never a reason to stop."""
    lacking = libraries.missing()
    if not lacking:
        return
    tool = libraries.package_tool()
    if libraries.may_install(tool):
        say(f"  Installing {len(lacking)} system libraries for the window.")
        if libraries.install(lacking, log) and not libraries.missing():
            return
    say(
        "  The window will need system libraries that are not here; all else works without. This installs them:"
    )
    say(f"    {libraries.install_command(lacking, tool)}")


def torch_release(root: Path) -> str:
    """The release of PyTorch in constraints.txt."""
    return found_in(root / "constraints.txt", r"^torch==(\S+)$")


def release(root: Path) -> str:
    """The release of Restrike in pyproject.toml."""
    return found_in(root / "pyproject.toml", r'^version = "([^"]+)"$')


def found_in(path: Path, pattern: str) -> str:
    """The first match in one of the files that ship with the sources."""
    found = re.search(pattern, path.read_text(encoding="utf-8"), re.MULTILINE)
    if found is None:
        raise SetupFailed(f"{path} is damaged; take it from the release again.")
    return found.group(1)


def run(command: list[str]) -> int:
    """Become the command; on Windows, which cannot, run it and pass its status on."""
    sys.stdout.flush()
    sys.stderr.flush()
    if not WINDOWS:
        os.execv(command[0], command)
    return subprocess.call(command)


def say(text: str) -> None:
    """Tell the person; standard output belongs to the command."""
    print(text, file=sys.stderr, flush=True)


def main(arguments: list[str]) -> int:
    """Make the environment ready, then do what was asked in it."""
    if arguments[:1] in (["-h"], ["--help"]):
        print(__doc__)
        return 0
    environment = Environment(ROOT)
    word = arguments[0] if arguments else ""
    try:
        make_ready(environment, test=word == "test")
    except SetupFailed as failure:
        say(str(failure))
        return 1
    except OSError as error:
        say(
            f"The environment cannot be made: {error}. Is the disk full, or the folder not yours to write in?"
        )
        return 1
    except KeyboardInterrupt:
        say("\nStopped. The next run starts the set-up again.")
        return 130
    if word == "version":
        print(f"restrike {release(ROOT)}")
        return 0
    if word == "test":
        return run([str(environment.python), str(ROOT / "packaging" / "check.py"), *arguments[1:]])
    return run([str(environment.programs / ("restrike.exe" if WINDOWS else "restrike")), *arguments])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
