"""The sources as the structure tests read them: every Python file once, with its syntax tree."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = ("engine", "sync", "app")
ROOMS = (*PROGRAM, "starter", "packaging", "tests")

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Source:
    """One Python file; `name` is its path from the root, with slashes."""

    name: str
    text: str
    tree: ast.Module

    @property
    def room(self) -> str:
        """The top-level folder it lies in."""
        return self.name.partition("/")[0]

    def at(self, node: ast.AST) -> str:
        """Where `node` stands, as editors understand it."""
        return f"{self.name}:{getattr(node, 'lineno', 1)}"

    def imports(self) -> Iterator[tuple[str, ast.stmt]]:
        """Every absolute import in it, at any depth: the dotted name and the statement."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from ((alias.name, node) for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                yield from ((f"{node.module}.{alias.name}", node) for alias in node.names)

    def functions(self) -> Iterator[Function]:
        """Every function and method in it."""
        return (node for node in ast.walk(self.tree) if isinstance(node, Function))


@cache
def sources(*rooms: str) -> tuple[Source, ...]:
    """All Python files of these rooms, in order."""
    found = (path for room in rooms for path in sorted((ROOT / room).rglob("*.py")))
    return tuple(_read(path) for path in found)


def _read(path: Path) -> Source:
    text = path.read_text(encoding="utf-8")
    return Source(path.relative_to(ROOT).as_posix(), text, ast.parse(text))


def report(complaint: str, found: list[str]) -> str:
    """A readable assertion message: the complaint, then one place a line."""
    return "\n".join([f"{complaint}:", *(f"  {one}" for one in found)])
