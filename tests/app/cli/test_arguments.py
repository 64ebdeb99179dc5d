"""From words to calls: what is accepted where, and how mistakes are named."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from typer._click.exceptions import ClickException

from app.cli.arguments import parse, root
from app.cli.call import Call, Wishes
from app.cli.usage import as_wrong_use
from app.errors import UnknownCommand
from engine.faults import Fault


def call(*arguments: str) -> Call:
    found = parse(arguments)
    assert isinstance(found, Call)
    return found


def complaint(*arguments: str) -> Fault:
    with pytest.raises((Fault, ClickException)) as caught:
        parse(arguments)
    fault = caught.value if isinstance(caught.value, Fault) else as_wrong_use(caught.value)
    assert fault is not None
    return fault


@pytest.mark.parametrize(
    "arguments",
    [
        ("--json", "--project", "X", "asset", "show", "MARA"),
        ("asset", "--project=X", "--json", "show", "MARA"),
        ("asset", "show", "MARA", "--json", "--project", "X"),
        ("asset", "show", "--project", "X", "MARA", "--json"),
    ],
)
def test_wishes_may_stand_anywhere(arguments: tuple[str, ...]) -> None:
    assert call(*arguments).wishes == Wishes(project=Path("X"), json=True)
    assert call(*arguments).values == {"name": "MARA"}


def test_assignments_and_options_may_be_mixed() -> None:
    found = call("asset", "set", "MARA", "steps=3", "--note", "n", "prompt=a b", "--input", "X:image")
    assert found.values["assignments"] == ["steps=3", "prompt=a b"]
    assert found.values["input"] == ["X:image"]
    assert found.values["expect_version"] is None


def test_nothing_and_version() -> None:
    assert parse([]) == Wishes()
    assert parse(["--version"]) == "version"


def test_unknown_commands_name_near_ones() -> None:
    assert "did you mean asset?" in complaint("aset").hint
    assert "did you mean add?" in complaint("asset", "adds").hint
    assert "asset add" in complaint("add").hint
    assert isinstance(complaint("zzz"), UnknownCommand)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("asset",), "needs a command"),
        (("asset", "show"), "needs NAME"),
        (("asset", "add", "boat", "X"), "'boat'"),
        (("asset", "show", "--nope"), "has no option --nope"),
        (("asset", "show", "A", "B"), "unexpected"),
        (("asset", "set", "A", "--expect-version", "x"), "--expect-version"),
        (("--nope",), "has no option --nope"),
        (("asset", "list", "--scene"), "--scene"),
    ],
)
def test_wrong_usage_is_a_fault_of_exit_2(arguments: tuple[str, ...], said: str) -> None:
    fault = complaint(*arguments)
    assert fault.exit_status == 2
    assert said in fault.message
    assert fault.hint


def test_the_list_of_commands_imports_no_command_module() -> None:
    program = """if True:
        import sys
        from app.cli.arguments import root
        program = root()
        print(program.get_help(program.make_context("restrike", [], resilient_parsing=True)))
        plain = ("app.commands.table", "app.commands.entries")
        print([one for one in sys.modules if one.startswith("app.commands.") and one not in plain])
        print([one for one in ("rich", "torch", "automerge", "PIL", "numpy") if one in sys.modules])
    """
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-2:] == ["[]", "[]"]
    assert "asset" in done.stdout


def test_help_says_what_the_arguments_are() -> None:
    group = root()
    ctx = group.make_context("restrike", ["asset", "add"], resilient_parsing=True)
    _, asset, _ = group.resolve_command(ctx, ["asset"])
    _, add, _ = asset.resolve_command(ctx, ["add"])
    text = add.get_help(add.make_context("restrike asset add", [], parent=ctx, resilient_parsing=True))
    for word in (
        "KIND",
        "--scene",
        "--from-image PNG",
        "--input NAME:ROLE",
        "Examples:",
        "restrike asset add shot",
    ):
        assert word in text
