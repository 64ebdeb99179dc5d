"""Tables and paragraphs: plain where nobody looks, fitted where somebody does, never obeyed."""

from __future__ import annotations

import io
import re

import pytest

from app.cli import paper


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_a_plain_table_is_complete_and_aligned() -> None:
    out = io.StringIO()
    paper.table(out, ("NAME", "SIZE"), [["MARA" * 40, "1"], ["B", "200"]], right=("SIZE",), give=("NAME",))
    lines = out.getvalue().splitlines()
    assert lines[1].startswith("MARA" * 40)
    assert [line[-3:].strip() for line in lines[1:]] == ["1", "200"]
    assert all(line == line.rstrip() for line in lines)


def test_a_terminal_gets_what_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setenv("NO_COLOR", "1")
    out = Terminal()
    paper.table(out, ("NAME", "STATE"), [["x" * 100, "approved"]], give=("NAME",))
    lines = re.sub(r"\x1b\[\d*m", "", out.getvalue()).splitlines()
    assert [len(line.rstrip()) for line in lines] == [37, 40]
    assert lines[1].endswith("…  approved")
    assert "\x1b[3" not in out.getvalue()


def test_what_others_wrote_cannot_move_the_cursor() -> None:
    out = io.StringIO()
    paper.say(out, "a\x1b[2Jb\n  c")
    paper.pairs(out, [("n", "x\x07\ny"), ("empty", "")])
    paper.table(out, ("A",), [["\x1b]0;t"]])
    assert "\x1b" not in out.getvalue()
    assert "\x07" not in out.getvalue()
    assert "\n  c\n" in out.getvalue()
    assert "empty" not in out.getvalue()


def test_colours_only_where_they_are_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert paper.colourful(Terminal())
    assert not paper.colourful(io.StringIO())
    monkeypatch.setenv("NO_COLOR", "1")
    assert not paper.colourful(Terminal())
