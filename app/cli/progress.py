"""How far a command is, on stderr: bars on a terminal, a line for each finished piece everywhere else.

Lines of the answer itself go to stdout as they come.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, TextIO

from app.cli import marks, paper
from app.commands.table import Line, News, Report, Said, Working

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID


@contextlib.contextmanager
def on(stream: TextIO) -> Iterator[Report]:
    """What a command may report to until it returns; on a terminal the bars are gone afterwards."""
    if not stream.isatty():
        yield _Lines(stream)
        return
    bars = _Bars(stream)
    try:
        yield bars
    finally:
        bars.close()


class _Lines:
    """One line for each sentence and each finished piece."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __call__(self, news: News) -> None:
        if isinstance(news, Line):
            _answer(news)
        elif isinstance(news, Said):
            paper.say(self._stream, news.sentence)
        elif news.over:
            paper.say(self._stream, f"{_counted(news)}{news.what}: {news.stage}")
        self._stream.flush()


class _Bars:
    """A bar for each piece in work; rich is imported when the first one is drawn."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._progress: Progress | None = None
        self._tasks: dict[str, TaskID] = {}

    def __call__(self, news: News) -> None:
        if isinstance(news, Line):
            _answer(news)
            return
        progress = self._drawn()
        if isinstance(news, Said):
            progress.console.print(news.sentence, markup=False, highlight=False)
        elif news.over:
            if (task := self._tasks.pop(news.key, None)) is not None:
                progress.remove_task(task)
            progress.console.print(
                f"{_counted(news)}{news.what}: {news.stage}", markup=False, highlight=False
            )
        else:
            self._advance(progress, news)

    def close(self) -> None:
        """Take the bars off the terminal."""
        if self._progress is not None:
            self._progress.stop()

    def _advance(self, progress: Progress, news: Working) -> None:
        if news.key not in self._tasks:
            self._tasks[news.key] = progress.add_task(news.what, total=max(news.steps, 1), stage="", left="")
        left = "" if news.eta_s is None else f"about {marks.duration(news.eta_s)} left"
        progress.update(
            self._tasks[news.key],
            description=f"{_counted(news)}{news.what}",
            completed=news.step,
            total=max(news.steps, 1),
            stage=news.stage,
            left=left,
        )

    def _drawn(self) -> Progress:
        if self._progress is None:
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

            console = Console(file=self._stream, no_color=not paper.colourful(self._stream), highlight=False)
            columns = (
                TextColumn("{task.description}", markup=False),
                BarColumn(bar_width=24),
                MofNCompleteColumn(),
                TextColumn("{task.fields[stage]}", markup=False),
                TextColumn("{task.fields[left]}", markup=False),
            )
            self._progress = Progress(*columns, console=console, transient=True)
            self._progress.start()
        return self._progress


def _answer(line: Line) -> None:
    sys.stdout.write(line.text + "\n")
    sys.stdout.flush()


def _counted(news: Working) -> str:
    return f"[{news.done + 1}/{news.total}] " if news.total > 1 else ""
