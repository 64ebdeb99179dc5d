"""The table, the functions behind it, and the help pages know the same commands."""

from __future__ import annotations

import importlib.util
import inspect
import re
import shlex

import pytest

from app.cli.arguments import parse
from app.cli.call import Call
from app.commands import table
from app.commands.table import COMMANDS, GIVEN, GROUPS, Arg, Entry, parameters
from resources import RESOURCES

PAGES = {path.stem: path.read_text("utf-8") for path in sorted((RESOURCES / "help").glob("*.md"))}
WRITTEN = [entry for entry in COMMANDS if importlib.util.find_spec(entry.module) is not None]


def examples_in(text: str) -> list[str]:
    """The command lines of a help page: indented lines that begin with the program's name."""
    return [line.strip() for line in text.splitlines() if re.match(r" {4}restrike\b", line)]


def test_every_command_has_words_of_its_own_and_a_summary() -> None:
    words = [entry.words for entry in COMMANDS]
    assert len(set(words)) == len(words)
    for entry in COMMANDS:
        assert entry.summary.endswith("."), entry.words
        assert len(entry.summary) <= 70, entry.words
        assert "!" not in entry.summary


def test_every_group_has_commands() -> None:
    firsts = {entry.words.split(" ")[0] for entry in COMMANDS if " " in entry.words}
    assert firsts == set(GROUPS)


@pytest.mark.parametrize("entry", WRITTEN, ids=lambda entry: entry.words)
def test_every_command_teaches(entry: Entry) -> None:
    command = table.load(entry.words)
    assert inspect.getdoc(command.function), "a docstring is the command's help"
    assert command.examples, "at least one example"
    assert inspect.iscoroutinefunction(command.function)
    for name, (_, about, _) in parameters(command).items():
        assert not about.help[:1].islower(), f"{name}: a sentence"
        assert "!" not in about.help
    assert not set(inspect.signature(command.function).parameters) & set(GIVEN) - {
        "studio",
        "place",
        "report",
    }


@pytest.mark.parametrize("entry", WRITTEN, ids=lambda entry: entry.words)
def test_every_example_parses_to_its_command(entry: Entry) -> None:
    for example in table.load(entry.words).examples:
        program, *arguments = shlex.split(example)
        assert program == "restrike"
        call = parse(arguments)
        assert isinstance(call, Call)
        assert call.command.entry == entry


@pytest.mark.parametrize("entry", COMMANDS, ids=lambda entry: entry.words)
def test_every_command_is_shown_in_a_help_page(entry: Entry) -> None:
    pattern = re.compile(rf"^ {{4}}restrike {entry.words}\b", re.MULTILINE)
    assert any(pattern.search(text) for text in PAGES.values())


@pytest.mark.parametrize("topic", PAGES)
def test_every_example_of_a_help_page_parses(topic: str) -> None:
    for example in examples_in(PAGES[topic]):
        _, *arguments = shlex.split(example)
        call = parse(arguments)
        assert isinstance(call, Call), example


@pytest.mark.parametrize("topic", PAGES)
def test_help_pages_fit_a_terminal(topic: str) -> None:
    text = PAGES[topic]
    assert text.startswith("# ")
    assert "!" not in text.replace("!=", "")
    assert [line for line in text.splitlines() if len(line) > 124] == []


def test_a_function_belongs_to_its_entry() -> None:
    async def other() -> dict[str, object]:
        return {}

    with pytest.raises(TypeError, match="belongs to"):
        table.command("status")(other)
    with pytest.raises(KeyError):
        table.entry_of("no such words")


def test_an_argument_can_be_a_project() -> None:
    assert Arg("A project.", opens=True).opens
