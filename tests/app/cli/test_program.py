"""Exit statuses, streams and surprises: what holds for every command."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from app.cli import main, program
from app.place import Place
from engine.faults import NoSpace
from tests.app.commandline import Film, run


def test_nothing_said_shows_the_help() -> None:
    ran = run()
    assert ran.status == 0
    assert "Commands:" in ran.out
    assert run("--json").value["error"]["code"] == "wrong_use"


def test_version() -> None:
    assert run("--version").out.startswith("restrike ")
    assert "version" in run("--version", "--json").value


def test_wrong_usage_in_the_form_of_the_contract() -> None:
    ran = run("asset", "show", "--json")
    assert ran.status == 2
    assert ran.value["error"]["message"] == "restrike asset show needs NAME"
    assert (
        ran.err
        == "restrike: error: restrike asset show needs NAME (restrike asset show --help shows what it takes)\n"
    )
    plain = run("asset", "show")
    assert plain.out == ""
    assert plain.err == ran.err


def test_stdout_holds_one_value_and_stderr_the_rest(film: Film) -> None:
    ran = run("verify", "--json", "--project", str(film.folder))
    json.loads(ran.out)
    assert "checking" in ran.err


def _surprised(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    def surprise(place: Place) -> list[dict[str, object]]:
        raise error

    from app import machine

    monkeypatch.setattr(machine, "checks", surprise)


def test_a_surprise_is_one_line_and_the_log_has_the_rest(
    monkeypatch: pytest.MonkeyPatch, own_home: Path
) -> None:
    _surprised(monkeypatch, ZeroDivisionError("odd"))
    ran = run("doctor", "--json")
    assert ran.status == 1
    assert ran.value["error"]["code"] == "unexpected"
    assert ran.err.count("\n") == 1
    assert "Traceback" in (own_home / "logs" / "restrike.log").read_text()
    assert "Traceback" in run("doctor", "--debug").err


def test_a_fault_in_a_group_of_tasks_is_that_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    _surprised(
        monkeypatch, ExceptionGroup("tasks", [ExceptionGroup("inner", [NoSpace("full", "make room")])])
    )
    ran = run("doctor", "--json")
    assert ran.value["error"] == {"code": "no_space", "message": "full", "hint": "make room"}


def test_interrupted(monkeypatch: pytest.MonkeyPatch) -> None:
    _surprised(monkeypatch, KeyboardInterrupt())
    ran = run("doctor")
    assert ran.status == 130
    assert ran.err.count("\n") == 1


def test_a_reader_that_goes_away_is_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    class Gone(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError

    err = io.StringIO()
    monkeypatch.setattr(sys, "stdout", Gone())
    monkeypatch.setattr(sys, "stderr", err)
    assert main(["help"]) == program.BROKEN_PIPE
    assert err.getvalue() == ""


def test_arguments_that_are_no_text_are_refused() -> None:
    ran = run("asset", "show", "a\udcff")
    assert ran.status == 2
    assert "UTF-8" in ran.err


def process(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    command = [sys.executable, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder, env=environment)


def test_as_a_process(film: Film) -> None:
    done = process("-m", "app", "asset", "list", "--json", folder=film.folder / "03_Renders")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"assets": [], "total": 0}
    assert done.stderr == ""


def test_a_process_that_is_interrupted_says_so(tmp_path: Path) -> None:
    code = """if True:
        import os, signal, sys
        from app import machine
        from app.cli import main
        machine.checks = lambda place: os.kill(os.getpid(), signal.SIGINT) or []
        sys.exit(main(["doctor"]))
    """
    done = process("-c", code, folder=tmp_path)
    assert done.returncode == 130
    assert done.stderr.startswith("restrike: interrupted")
