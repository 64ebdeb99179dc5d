"""Every command has a model for its answer, with an example."""

from __future__ import annotations

from app.api.schemas import ANSWERS
from app.commands.table import COMMANDS
from tests.app.api.schemas.wire import check_examples


def test_every_command_with_a_route_has_a_model() -> None:
    routed = {entry.words for entry in COMMANDS if entry.method != "WS"}
    assert set(ANSWERS) == routed


def test_every_model_has_a_right_example_and_says_what_its_keys_are() -> None:
    check_examples(*{model.__name__: model for model in ANSWERS.values()}.values())
