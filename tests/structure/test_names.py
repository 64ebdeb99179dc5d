"""What things are called, and the habits that do not enter this house."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from tests.structure.sources import ROOMS, report, sources

EMPTY_WORDS = {"manager", "service", "handler", "helper", "util", "utils", "base", "misc", "common"}
SLEEPS = {"time.sleep", "asyncio.sleep", "anyio.sleep"}


def words(name: str) -> set[str]:
    """The words of a name in any case: `RenderProcess` and `render_process` are render and process."""
    found = {word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)}
    return found | {word.removesuffix("s") for word in found}


def dotted(node: ast.AST) -> str:
    """`a.b.c` for an attribute chain, the name for a name, nothing for anything else."""
    if isinstance(node, ast.Name):
        return node.id
    return f"{dotted(node.value)}.{node.attr}" if isinstance(node, ast.Attribute) else ""


def is_sleep(node: ast.AST) -> bool:
    """A call that waits for a time; `sleep(0)` waits for a turn and is no sleep."""
    if not isinstance(node, ast.Call) or dotted(node.func) not in SLEEPS:
        return False
    first = node.args[0] if node.args else None
    return not (isinstance(first, ast.Constant) and first.value == 0)


def empty_names() -> Iterator[str]:
    """Modules and classes whose name says nothing of what they are."""
    for source in sources(*ROOMS):
        if words(PurePosixPath(source.name).stem) & EMPTY_WORDS:
            yield source.name
        for node in ast.walk(source.tree):
            if isinstance(node, ast.ClassDef) and words(node.name) & EMPTY_WORDS:
                yield f"{source.at(node)}: {node.name}"


def test_names_say_what_a_thing_is() -> None:
    found = list(empty_names())
    assert not found, report(f"Names made of {', '.join(sorted(EMPTY_WORDS))} say nothing", found)


def test_nothing_is_mocked() -> None:
    found = [
        source.at(node)
        for source in sources(*ROOMS)
        for name, node in source.imports()
        if name.startswith(("unittest.mock", "mock.", "pytest_mock")) or name == "mock"
    ]
    assert not found, report(
        "A fake that passes the real part's contract suite takes the place of a mock", found
    )


def test_every_task_belongs_to_a_group() -> None:
    loose = {"asyncio.create_task", "asyncio.ensure_future"}
    found = [
        source.at(node)
        for source in sources(*ROOMS)
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Attribute) and dotted(node) in loose
    ]
    assert not found, report("Use a TaskGroup: whoever starts a task also waits for it", found)


def test_tests_wait_for_what_happens_and_never_for_a_time() -> None:
    found = [
        source.at(node) for source in sources("tests") for node in ast.walk(source.tree) if is_sleep(node)
    ]
    assert not found, report("Tests wait for what is to happen, never for a time", found)


def test_no_bare_except() -> None:
    found = [
        source.at(node)
        for source in sources(*ROOMS)
        for node in ast.walk(source.tree)
        if isinstance(node, ast.ExceptHandler) and node.type is None
    ]
    assert not found, report("Name the exception that is expected", found)
