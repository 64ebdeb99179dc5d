"""Typer's own complaints in the words of the contract."""

from __future__ import annotations

from engine.faults import Fault, WrongUse


def as_wrong_use(error: BaseException) -> Fault | None:
    """The same complaint as a fault with a hint; None if the exception is not one of typer's."""
    from typer._click.exceptions import (
        BadParameter,
        ClickException,
        MissingParameter,
        NoSuchOption,
        UsageError,
    )

    if not isinstance(error, ClickException):
        return None
    ctx = error.ctx if isinstance(error, UsageError) else None
    path = ctx.command_path if ctx is not None else "restrike"
    hint = f"{path} --help shows what it takes"
    if isinstance(error, NoSuchOption) and error.possibilities:
        hint = f"did you mean {' or '.join(sorted(error.possibilities))}? {hint}"
        return WrongUse(f"{path} has no option {error.option_name}", hint)
    if isinstance(error, NoSuchOption):
        return WrongUse(f"{path} has no option {error.option_name}", hint)
    if isinstance(error, MissingParameter):
        shown = _parameter(error)
        return WrongUse(f"{path} needs {shown}", hint)
    if isinstance(error, BadParameter):
        return WrongUse(f"{_parameter(error)}: {_lowered(error.message)}", hint)
    message = error.format_message()
    if message.startswith("Missing command") and ctx is not None:
        names = ", ".join(ctx.command.list_commands(ctx))  # type: ignore[attr-defined]
        return WrongUse(f"{path} needs a command", f"one of {names}")
    return WrongUse(f"{path}: {_lowered(message)}", hint)


def _parameter(error: object) -> str:
    """The argument or option that is wrong, as the help shows it."""
    parameter = getattr(error, "param", None)
    if parameter is None:
        return "an argument"
    if parameter.param_type_name == "option":
        return str(parameter.opts[0])
    return str(parameter.metavar or parameter.name)


def _lowered(text: str) -> str:
    text = text.strip().rstrip(".").removeprefix("Value error, ")
    return text[:1].lower() + text[1:]
