"""Tables and paragraphs on a stream: coloured and fitted on a terminal, plain and complete everywhere else."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Sequence
from typing import TextIO

from app.errors import one_line


def colourful(stream: TextIO) -> bool:
    """Whether the stream is a terminal that wants colours (https://no-color.org)."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def say(stream: TextIO, text: str = "") -> None:
    """One line, or several when the text has several; control characters are made visible."""
    for each in text.split("\n"):
        indent = len(each) - len(each.lstrip(" "))
        stream.write((" " * indent + _visible(each[indent:])).rstrip() + "\n")


def pairs(stream: TextIO, rows: Iterable[tuple[str, str]], *, indent: int = 0) -> None:
    """Names and values in two aligned columns; a value may have several lines."""
    known = [(name, value) for name, value in rows if value != ""]
    width = max((len(name) for name, _ in known), default=0)
    for name, value in known:
        first, *rest = value.split("\n")
        say(stream, " " * indent + f"{name:<{width}}  {first}")
        for each in rest:
            say(stream, " " * (indent + width + 2) + each)


def table(
    stream: TextIO,
    headings: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    right: Sequence[str] = (),
    give: Sequence[str] = (),
) -> None:
    """Rows under headings. `right` names the columns of figures, `give` those that are shortened to fit a terminal."""
    if not stream.isatty():
        _plain_table(stream, headings, rows, right)
        return
    from rich.cells import cell_len
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    width = shutil.get_terminal_size().columns
    widths = [max(cell_len(_visible(line[at])) for line in (headings, *rows)) for at in range(len(headings))]
    shown = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for name, fitted in zip(headings, _fitted(headings, widths, give, width), strict=True):
        shown.add_column(
            name,
            justify="right" if name in right else "left",
            no_wrap=True,
            overflow="ellipsis",
            width=fitted,
        )
    for row in rows:
        shown.add_row(*(Text(_visible(cell)) for cell in row))
    Console(file=stream, width=width, no_color=not colourful(stream), highlight=False).print(shown)


def _fitted(headings: Sequence[str], widths: Sequence[int], give: Sequence[str], room: int) -> list[int]:
    """Widths that fit into `room` together, two columns of space between them: the widest of `give` shrink first."""
    fitted = list(widths)
    spare = sum(fitted) + 2 * (len(fitted) - 1) - room
    giving = [at for at, name in enumerate(headings) if name in give]
    while spare > 0 and giving:
        widest = max(giving, key=lambda at: fitted[at])
        if fitted[widest] <= 6:
            break
        fitted[widest] -= 1
        spare -= 1
    return fitted


def _plain_table(
    stream: TextIO, headings: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[str]
) -> None:
    lines = [list(headings), *([_visible(cell) for cell in row] for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(headings))]
    for line in lines:
        cells = (
            cell.rjust(width) if name in right else cell.ljust(width)
            for name, cell, width in zip(headings, line, widths, strict=True)
        )
        stream.write("  ".join(cells).rstrip() + "\n")


def _visible(text: str) -> str:
    """Text that cannot move the cursor: what others wrote into the project is shown, never obeyed."""
    return text if text.isprintable() else "  ".join(one_line(part) for part in text.split("  "))
