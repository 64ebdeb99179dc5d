"""What runs a relay names the command as it is."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from app.cli.arguments import parse
from app.cli.call import Call

FOLDER = Path(__file__).parents[2] / "packaging" / "relay"
UNIT = FOLDER / "restrike-relay.service"


def service() -> dict[str, str]:
    """The settings of the service; of those that stand several times the last."""
    lines = UNIT.read_text("utf-8").splitlines()
    return {line.partition("=")[0]: line.partition("=")[2] for line in lines if "=" in line}


def called(arguments: list[str]) -> Call:
    call = parse(arguments)
    assert isinstance(call, Call)
    assert call.command.entry.words == "relay"
    return call


def test_the_service_starts_the_real_command() -> None:
    program, *arguments = shlex.split(service()["ExecStart"])
    assert Path(program).name == "restrike"
    values = called(arguments).values
    assert values["host"] == "127.0.0.1"
    state = f"/var/lib/{service()['StateDirectory']}"
    assert str(values["data"]) == state
    assert service()["Environment"] == f"RESTRIKE_HOME={state}"


def test_the_container_starts_the_real_command_on_the_port_that_it_shows() -> None:
    text = (FOLDER / "Containerfile").read_text("utf-8")
    [line] = re.findall(r"^ENTRYPOINT (.+)$", text, re.MULTILINE)
    python, flag, module, *arguments = json.loads(line)
    assert (python, flag, module) == ("python", "-m", "app")
    values = called(arguments).values
    assert re.findall(r"^EXPOSE (\d+)$", text, re.MULTILINE) == [str(values["port"])]
    assert f"http://127.0.0.1:{values['port']}/health" in text
    assert "USER relay" in text


@pytest.mark.parametrize(
    "wanted",
    [
        "DynamicUser=yes",
        "NoNewPrivileges=yes",
        "ProtectSystem=strict",
        "ProtectHome=yes",
        "CapabilityBoundingSet=",
        "MemoryDenyWriteExecute=yes",
        "SystemCallFilter=@system-service",
        "KillSignal=SIGTERM",
        "Restart=always",
    ],
)
def test_the_service_is_kept_from_everything_else(wanted: str) -> None:
    assert wanted in UNIT.read_text("utf-8").splitlines()


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="there is no systemd-analyze here")
def test_systemd_understands_the_service(tmp_path: Path) -> None:
    program = tmp_path / "restrike"
    program.touch(0o755)
    copy = tmp_path / UNIT.name
    copy.write_text(UNIT.read_text("utf-8").replace("/usr/local/bin/restrike", str(program)), "utf-8")
    done = subprocess.run(
        ["systemd-analyze", "verify", str(copy)], capture_output=True, text=True, check=False, timeout=60
    )
    assert UNIT.name not in done.stderr, done.stderr
