"""Who may import whom, and what starting the command line must not cost."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.structure.sources import PROGRAM, ROOMS, ROOT, Source, report, sources

HEAVY = ("torch", "diffusers", "transformers", "accelerate")
WHERE_HEAVY = ("engine/diffusion/", "engine/diffusion.py", "engine/__main__.py")
NOT_AT_START = (*HEAVY, "automerge", "skimage", "PySide6")


def importers(library: str, among: tuple[Source, ...]) -> dict[str, str]:
    """The files that import `library`, each with the place where it does."""
    return {
        source.name: source.at(node)
        for source in among
        for name, node in source.imports()
        if name.partition(".")[0] == library
    }


def test_the_import_contracts_hold() -> None:
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr


def test_one_module_touches_automerge() -> None:
    found = importers("automerge", sources(*PROGRAM))
    strays = [place for name, place in found.items() if name != "sync/document.py"]
    assert not strays, report("Only sync/document.py may import automerge", strays)


def test_torch_stays_in_the_render_child() -> None:
    found = {place for library in HEAVY for place in importers(library, sources(*PROGRAM)).values()}
    strays = sorted(place for place in found if not place.startswith(WHERE_HEAVY))
    assert not strays, report("Only the render child may import torch and what stands on it", strays)


def test_nobody_imports_the_training_scripts() -> None:
    others = sources(*(room for room in ROOMS if room not in ("starter", "tests")))
    strays = sorted(importers("starter", others).values())
    assert not strays, report("The training scripts are no part of the program", strays)


def test_the_command_line_starts_light() -> None:
    code = f"import sys, app.cli; print(*sorted(set({NOT_AT_START!r}) & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [], f"`import app.cli` also imports {done.stdout}"
