"""Steps, their log, and the lock that lets one set-up in at a time."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from progress import Progress, SetupFailed, alone

HOLD = "import sys; print('held', flush=True); sys.stdin.read()"


def test_a_step_is_one_line_and_its_output_is_in_the_log(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "bootstrap.log"
    with alone(tmp_path / "lock") as lock, path.open("w", encoding="utf-8") as log:
        Progress(log, lock).run("greeting", [sys.executable, "-c", "print('hello from the step')"])
    assert "hello from the step" in path.read_text(encoding="utf-8")
    shown = capfd.readouterr()
    assert shown.out == ""
    assert re.fullmatch(r"  greeting: \d+ s\n", shown.err)


def test_a_failed_step_shows_the_end_of_the_log_and_a_cause(tmp_path: Path) -> None:
    code = "import sys; print('OSError: No space left on device'); sys.exit(1)"
    path = tmp_path / "bootstrap.log"
    with (
        alone(tmp_path / "lock") as lock,
        path.open("w", encoding="utf-8") as log,
        pytest.raises(SetupFailed) as failure,
    ):
        Progress(log, lock).run("filling", [sys.executable, "-c", code])
    text = str(failure.value)
    assert "No space left on device" in text
    assert "The disk is full" in text
    assert str(path) in text


@pytest.mark.skipif(sys.platform == "win32", reason="on Windows a lock is not handed down")
def test_a_step_that_outlives_its_set_up_keeps_others_out(tmp_path: Path) -> None:
    import fcntl

    path = tmp_path / "lock"
    with alone(path) as lock:
        orphan = subprocess.Popen(
            [sys.executable, "-c", HOLD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, pass_fds=(lock,)
        )
        assert orphan.stdout is not None
        assert orphan.stdout.readline() == b"held\n"
    with path.open("rb") as other:
        with pytest.raises(BlockingIOError):
            fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
        orphan.communicate()
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
