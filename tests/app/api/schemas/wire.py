"""Answers as they go over the wire, held against their models."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema_rs
from pydantic import BaseModel

from app import settings
from app.api import bodies
from app.api.reply import dumped, pathless
from app.api.schemas import ANSWERS
from app.commands.table import load
from app.place import Place
from app.studio import Studio


def check(model: type[BaseModel], value: Any) -> None:
    """Fails unless `value` is what the model's JSON schema says."""
    schema = model.model_json_schema(mode="serialization")
    validator = jsonschema_rs.Draft202012Validator(schema, validate_formats=True)
    found = [f"{one.message} at {list(one.instance_path)}" for one in validator.iter_errors(value)]
    assert not found, f"{model.__name__}: " + "; ".join(found)


def check_examples(*models: type[BaseModel]) -> None:
    """Fails unless each model has an example, and is right about it; and says something of each of its keys."""
    for model in models:
        schema = model.model_json_schema(mode="serialization")
        assert schema.get("description"), f"{model.__name__} has no docstring"
        assert schema.get("examples"), f"{model.__name__} has no example"
        for one in schema["examples"]:
            check(model, one)
        for part in (schema, *schema.get("$defs", {}).values()):
            for name, key in part.get("properties", {}).items():
                assert key.keys() & {"description", "$ref"}, f"{part['title']}.{name} is not described"


async def answer(studio: Studio, words: str, **given: Any) -> Any:
    """What a command answers over the wire to these values; fails unless it is what its model says."""
    command = load(words)
    folder = studio.project.folder
    with bodies.values(command, given) as (values, files):
        place = Place(folder.parent, settings.home())
        value = await command.call(values, studio=studio, place=place, report=lambda news: None)
        found = json.loads(dumped({**pathless(value), **files.contents()}))
    check(ANSWERS[words], found)
    text = json.dumps(found)
    for one in (folder, Path.home(), settings.home()):
        assert str(one) not in text, f"{words} names {one}"
    return found
