"""Nothing half-done is kept, and nobody's own machine shows through."""

from __future__ import annotations

import re
from pathlib import Path

from tests.structure.sources import ROOMS, ROOT, report

TEXT = {
    ".py",
    ".md",
    ".toml",
    ".txt",
    ".json",
    ".cfg",
    ".ini",
    ".yml",
    ".yaml",
    ".html",
    ".css",
    ".svg",
    ".sh",
    "",
}
HALF_DONE = re.compile(
    r"\b(TODO|FIXME|XXX|HACK)\b|\b[Pp]laceholder\b|\b[Ll]orem ipsum\b|raise NotImplementedError"
)
HOSTS = re.compile(
    "|".join((r"pypi\.org", r"pythonhosted\.org", r"registry\.npmjs", r"deb\.debian", r"/work/main"))
)


def kept_files() -> list[Path]:
    """Every text file that ships, this one aside."""
    top = [path for path in ROOT.iterdir() if path.is_file()]
    rooms = [
        path for room in (*ROOMS, "resources", ".ci") for path in (ROOT / room).rglob("*") if path.is_file()
    ]
    return [
        path
        for path in (*top, *rooms)
        if path.suffix in TEXT and "__pycache__" not in path.parts and path != Path(__file__).resolve()
    ]


def lines_with(pattern: re.Pattern[str]) -> list[str]:
    """Each place where the pattern stands, as file, line and text."""
    return [
        f"{path.relative_to(ROOT).as_posix()}:{number}: {line.strip()[:100]}"
        for path in kept_files()
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1)
        if pattern.search(line)
    ]


def test_nothing_is_half_done() -> None:
    found = lines_with(HALF_DONE)
    assert not found, report("Finish it, or leave it out", found)


def test_no_host_of_a_registry_is_named() -> None:
    found = lines_with(HOSTS)
    assert not found, report("Each machine has its own registries; the clients know them", found)
