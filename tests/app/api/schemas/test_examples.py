"""Realistic values for requests."""

from __future__ import annotations

from app.api import bodies
from app.api.schemas.examples import BODIES
from app.commands.table import COMMANDS, load


def test_every_command_with_a_body_has_an_example_that_fits() -> None:
    for entry in COMMANDS:
        if entry.method in ("WS", "GET", "DELETE"):
            continue
        model = bodies.body_model(load(entry.words))
        if model is not None:
            model.model_validate(BODIES[entry.function_name])
        else:
            assert entry.function_name not in BODIES
