"""The program as a person calls it, in this process: words in; status, stdout and stderr out."""

from __future__ import annotations

import contextlib
import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.cli import main


@dataclass(frozen=True)
class Ran:
    """What one call left behind."""

    status: int
    out: str
    err: str

    @property
    def value(self) -> Any:
        """The one JSON value on stdout."""
        return json.loads(self.out)


def run(*words: str) -> Ran:
    """Call the program."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = main(list(words))
    return Ran(status, out.getvalue(), err.getvalue())


@dataclass(frozen=True)
class Film:
    """A project that commands are called on."""

    folder: Path

    def __call__(self, *words: str, status: int = 0) -> Any:
        """The JSON that a command answers with; fails unless it ends with `status`."""
        ran = run(*words, "--json", "--project", str(self.folder))
        assert ran.status == status, (words, ran.status, ran.err)
        value = ran.value
        if "error" in value:
            assert ran.err.count("restrike: error: ") == 1
            assert ran.err.strip().splitlines()[-1].startswith("restrike: error: ")
        return value

    def error(self, *words: str, status: int) -> dict[str, str]:
        """The error object of a command that must fail with `status`."""
        error: dict[str, str] = self(*words, status=status)["error"]
        assert error["message"]
        assert error["hint"]
        return error

    def text(self, *words: str, status: int = 0) -> str:
        """What people read of a command's answer."""
        ran = run(*words, "--project", str(self.folder))
        assert ran.status == status, (words, ran.err)
        return ran.out
