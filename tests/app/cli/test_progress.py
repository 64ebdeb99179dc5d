"""Progress on stderr: lines in a pipe, bars on a terminal."""

from __future__ import annotations

import io

import pytest

from app.cli import progress
from app.commands.table import Line, News, Said, Working
from tests.app.cli.test_paper import Terminal

STEPS: list[News] = [
    Said("reading starter …"),
    Working("j1", "MARA v01", "rendering", 3, 10, done=0, total=2, eta_s=4.0),
    Working("j1", "MARA v01", "take01 in 1.2 s", 10, 10, done=0, total=2, over=True),
]


def test_a_pipe_gets_a_line_for_each_finished_piece() -> None:
    out = io.StringIO()
    with progress.on(out) as report:
        for news in STEPS:
            report(news)
    assert out.getvalue() == "reading starter …\n[1/2] MARA v01: take01 in 1.2 s\n"


def test_a_terminal_gets_bars_that_go_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "xterm")
    out = Terminal()
    with progress.on(out) as report:
        for news in STEPS:
            report(news)
        report(Working("j2", "SH010 v01", "loading model", 0, 0))
    assert "[1/2] MARA v01: take01 in 1.2 s" in out.getvalue()
    assert "reading starter" in out.getvalue()


def test_a_line_of_the_answer_goes_to_stdout_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    for stream in (io.StringIO(), Terminal()):
        with progress.on(stream) as report:
            report(Line('{"type":1}'))
            assert capsys.readouterr().out == '{"type":1}\n'
        assert stream.getvalue() == ""


def test_nothing_said_draws_nothing() -> None:
    out = Terminal()
    with progress.on(out):
        pass
    assert out.getvalue() == ""
