"""What routes take: names, places and types from the functions, and files by their contents."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from app.api import bodies
from app.commands.table import COMMANDS, load
from engine.faults import BadField

ROUTED = [entry for entry in COMMANDS if entry.method != "WS" and entry.words != "serve"]


@pytest.mark.parametrize("words", [entry.words for entry in ROUTED])
def test_everything_that_a_command_needs_stands_somewhere_in_its_route(words: str) -> None:
    command = load(words)
    taken = {one.name: one.place for one in bodies.taken(command)}
    for part in command.entry.path.split("/"):
        if part.startswith("{") and part != "{project}":
            assert taken[part[1:-1]] == "path"
    if command.entry.method in ("GET", "DELETE"):
        assert "body" not in taken.values()
    if "dry_run" in taken:
        assert taken["dry_run"] == "query"


def test_a_body_knows_its_members_and_no_others() -> None:
    model = bodies.body_model(load("asset add"))
    assert model is not None
    one = model.model_validate({"kind": "prop", "name": "LAMP", "parameters": {"steps": 3, "prompt": None}})
    assert one.model_fields_set == {"kind", "name", "parameters"}
    for wrong in ({"kind": "prop"}, {"kind": "lamp", "name": "A"}, {"kind": "prop", "name": "A", "x": 1}):
        with pytest.raises(ValidationError):
            model.model_validate(wrong)


def test_parameters_become_assignments() -> None:
    command = load("asset set")
    given = {"name": "LAMP", "parameters": {"steps": 3, "prompt": "a=b", "strength": None}}
    with bodies.values(command, given) as (values, _):
        assert values == {"name": "LAMP", "assignments": ["steps=3", "prompt=a=b", "strength="]}
    with pytest.raises(BadField), bodies.values(command, {"parameters": {"a=b": 1}}):
        pass


def test_a_file_comes_in_by_its_contents_and_is_gone_afterwards() -> None:
    picture = base64.b64encode(b"picture").decode()
    upload = {"filename": "C:\\x\\lamp.PNG", "base64": picture}
    given = {"kind": "prop", "name": "LAMP", "from_image": upload}
    with bodies.values(load("asset add"), given) as (values, _):
        path: Path = values["from_image"]
        assert path.read_bytes() == b"picture"
        assert path.suffix == ".PNG"
    assert not path.exists()
    given["from_image"] = {"filename": "", "base64": "???"}
    with pytest.raises(BadField, match="base64"), bodies.values(load("asset add"), given):
        pass
    with bodies.values(load("template apply"), {"file": {"format": "x"}}) as (values, _):
        assert json.loads(values["file"].read_text()) == {"format": "x"}


def test_a_file_goes_out_by_its_contents() -> None:
    with bodies.values(load("template save"), {"name": "LAMP"}) as (values, files):
        values["file"].write_text('{"a": 1}')
        assert files.contents()["file"]["json"] == {"a": 1}
    with bodies.values(load("take compare"), {"first": "a", "second": "b"}) as (values, files):
        assert "out" not in values
        assert files.contents() == {}
    with bodies.values(load("take compare"), {"first": "a", "second": "b", "out": True}) as (values, files):
        values["out"].write_bytes(b"both")
        assert base64.b64decode(files.contents()["out"]["base64"]) == b"both"


def test_half_a_character_is_refused() -> None:
    with (
        pytest.raises(BadField, match="name"),
        bodies.values(load("asset add"), {"kind": "prop", "name": "\ud800"}),
    ):
        pass
