"""Another process that has a project open and edits it, as a second program on the same machine does."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from tests.benchmarks.program import Program

SCRIPT: Final = """
import asyncio, sys, time
from dataclasses import replace
from pathlib import Path
from sync.project import Project
from sync.records import VersionId
from sync.rules import history
from sync.schema import asset_document
from tests.benchmarks import struck
from tests.benchmarks.film import version_of
_, facts = struck.newest()
async def main():
    async with Project.open(Path(sys.argv[1]), home=Path(sys.argv[2])) as project:
        for line in sys.stdin:
            name, words = line.rstrip("\\n").split("\\t")
            row = project.index.find_asset(name)
            versions = project.asset(row.id).versions
            parents, number = tuple(one.id for one in history.tips(versions)), history.next_number(versions)
            made, _ = version_of(project, facts, parents, number, (), words, 1)
            start = time.monotonic_ns()
            project.commit(
                lambda edit: edit.add(asset_document(row.id), replace(made, id=VersionId(edit.new_id())))
            )
            print(row.id, start, time.monotonic_ns(), flush=True)
asyncio.run(main())
"""
"""Gives the asset of each line a version with the line's words, and says when the commit began and was done."""


@dataclass(frozen=True, slots=True)
class Edited:
    """An edit: its asset's id, and when it began and was durable, in nanoseconds of the machine's clock."""

    asset: str
    start: int
    done: int


class Editor:
    """The process; edits that it is asked for are made one after another, and told in the same order."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def ask(self, edits: Iterable[tuple[str, str]]) -> None:
        """Have edits made: names of assets and what their prompts shall say."""
        assert self._process.stdin is not None
        self._process.stdin.writelines(f"{name}\t{words}\n" for name, words in edits)
        self._process.stdin.flush()

    def edited(self) -> Edited:
        """The next edit that was made."""
        assert self._process.stdout is not None
        asset, start, done = self._process.stdout.readline().split()
        return Edited(asset, int(start), int(done))


@contextmanager
def editing(program: Program) -> Iterator[Editor]:
    """An editor of the program's project, until left."""
    words = [sys.executable, "-c", SCRIPT, str(program.folder), str(program.home)]
    with subprocess.Popen(
        words, env=program.environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield Editor(process)
        finally:
            process.communicate()
