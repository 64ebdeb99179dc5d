"""Every module has its tests where one looks for them."""

from __future__ import annotations

from pathlib import PurePosixPath

from tests.structure.sources import PROGRAM, ROOT, report, sources

EXCEPTIONS = {
    "engine/renderer.py": "a protocol: tests/contracts says what every renderer does",
}
"""Modules that are tested elsewhere, each with where and why."""


def mirror(module: str) -> str:
    """Where the tests of a module live: `sync/rules/jobs.py` has tests/sync/rules/test_jobs.py."""
    path = PurePosixPath("tests", module)
    return str(path.with_name(f"test_{path.name.lstrip('_')}"))


def test_every_module_has_its_tests() -> None:
    found = [
        f"{source.name} needs {mirror(source.name)}"
        for source in sources(*PROGRAM)
        if PurePosixPath(source.name).stem not in ("__init__", "__main__")
        and source.name not in EXCEPTIONS
        and not (ROOT / mirror(source.name)).is_file()
    ]
    assert not found, report("Modules without tests of their own", found)


def test_exceptions_are_still_needed() -> None:
    gone = [name for name in EXCEPTIONS if not (ROOT / name).is_file()]
    spare = [name for name in EXCEPTIONS if (ROOT / mirror(name)).is_file()]
    assert not gone + spare, report("Exceptions that are no longer any", gone + spare)
