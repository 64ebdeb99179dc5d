"""The program as a person runs it: whole processes, each with the project and the home of one benchmark."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

SOURCES = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Program:
    """`restrike` with a project folder and a RESTRIKE_HOME of its own."""

    folder: Path
    home: Path

    def environment(self) -> dict[str, str]:
        """What every process of it is started with."""
        threads = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
        return {**os.environ, **threads, "RESTRIKE_HOME": str(self.home), "PYTHONPATH": str(SOURCES)}

    def words(self, *words: str) -> list[str]:
        """The command line of one command."""
        return [sys.executable, "-m", "app", *words]

    def run(self, *words: str) -> Any:
        """What a command prints with `--json`; raises with the program's own words where it fails."""
        done = subprocess.run(
            self.words(*words, "--json"),
            cwd=self.folder,
            env=self.environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"{' '.join(words)}: exit {done.returncode}\n{done.stderr}{done.stdout}")
        return json.loads(done.stdout)

    def start(self, *words: str, output: IO[bytes] | int = subprocess.DEVNULL) -> subprocess.Popen[bytes]:
        """A command that goes on by itself, in a process group of its own."""
        return subprocess.Popen(
            self.words(*words),
            cwd=self.folder,
            env=self.environment(),
            stdout=output,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
