"""The sample film as a new user meets it: made, lost and brought back, by whole processes."""

from __future__ import annotations

import tempfile
import time
from datetime import datetime
from pathlib import Path
from typing import Any

from engine.image import decode, pixel_digest
from tests.benchmarks.figure import Figure
from tests.benchmarks.film import bytes_of
from tests.benchmarks.program import Program


def measure(share: float) -> list[Figure]:
    """The demo is as long as it is; `share` changes nothing."""
    with tempfile.TemporaryDirectory() as place:
        return _measure(Path(place))


def _measure(place: Path) -> list[Figure]:
    program = Program(place, place / "home")
    wall, start = time.time(), time.monotonic()
    made = program.run("demo", str(place / "film"), "--headless")
    seconds = time.monotonic() - start
    film = Program(Path(made["folder"]), place / "home")
    takes = film.run("take", "list")["takes"]
    first = min(datetime.fromisoformat(take["time"]).timestamp() for take in takes) - wall
    film.run("storage", "drop", "--all")
    left = _present(film, takes)
    film.run("storage", "fetch", *sorted({take["asset"] for take in takes}))
    back = [_identical(film, take) for take in takes]
    pictures = sum(take["bytes"] for take in takes)
    kept = bytes_of(film.folder / ".restrike") - pictures
    return [
        Figure(what="demo, environment installed", unit="s", at_most=240, value=seconds),
        Figure(what="first picture of the demo", unit="s", at_most=30, value=first),
        Figure(what="deleted pictures that come back identical, fresh process", unit="%", at_least=100,
               value=100 * sum(back) / len(back), note=f"{len(takes)} takes, {left} could not be deleted"),
        Figure(what="sample film: share of its bytes that is not regeneratable", unit="%",
               value=100 * kept / (kept + pictures), note=f"pictures of {pictures / len(takes) / 1000:.0f} kB each"),
    ]  # fmt: skip


def _present(film: Program, takes: list[dict[str, Any]]) -> int:
    return sum((film.folder / take["file"]).exists() for take in takes)


def _identical(film: Program, take: dict[str, Any]) -> bool:
    file = film.folder / take["file"]
    return file.exists() and str(pixel_digest(decode(file.read_bytes()))) == str(take["pixels_sha256"])
