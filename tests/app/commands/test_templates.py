"""Templates: from one film to another, as a whole or not at all."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.app.commandline import Film, run


@pytest.fixture
def template(film: Film, tmp_path: Path) -> Path:
    """A template of a shot with its inputs."""
    film("asset", "add", "environment", "HARBOUR", "prompt=a harbour", "seed=18446744073709551615")
    film("asset", "add", "character", "MARA", "prompt=a woman", "tier=low")
    film("asset", "add", "shot", "SH010", "--scene", "SC-01", "--input", "HARBOUR", "--input", "MARA:style")
    path = tmp_path / "harbour.json"
    value = film("template", "save", "SH010", str(path))
    assert value["assets"][-1] == "SH010"
    return path


@pytest.fixture
def other(tmp_path: Path) -> Film:
    assert run("init", str(tmp_path / "other")).status == 0
    return Film(tmp_path / "other")


def test_there_are_names_and_digests_in_it_and_no_ids(film: Film, template: Path) -> None:
    text = template.read_text()
    value = json.loads(text)
    assert [one["name"] for one in value["assets"]][-1] == "SH010"
    assert film("asset", "show", "SH010")["id"] not in text
    assert value["assets"][-1]["inputs"][0]["asset"] in ("HARBOUR", "MARA")
    assert all(len(one["model"]["digest"]) == 64 for one in value["assets"])


def test_applied_elsewhere_the_recipes_are_the_same(film: Film, template: Path, other: Film) -> None:
    dry = other("template", "apply", str(template), "--dry-run")
    assert [one["did"] for one in dry["assets"]] == ["added"] * 3
    assert other("asset", "list")["assets"] == []
    done = other("template", "apply", str(template))
    assert done["assets"] == dry["assets"]
    for name in ("HARBOUR", "MARA", "SH010"):
        here, there = film("asset", "show", name), other("asset", "show", name)
        assert here["recipe_key"] == there["recipe_key"]
        assert here["tier"] == there["tier"]
    assert (other.folder / "03_Renders/SC-01/SH010/SH010_v01.recipe.json").is_file()


def test_applied_again_only_what_differs_gets_a_version(template: Path, other: Film) -> None:
    other("template", "apply", str(template))
    again = other("template", "apply", str(template))
    assert [one["did"] for one in again["assets"]] == ["unchanged"] * 3
    other("asset", "set", "MARA", "prompt=another")
    dry = other("template", "apply", str(template), "--dry-run")
    assert {one["name"]: one["did"] for one in dry["assets"]}["MARA"] == "new version v03"
    assert other("template", "apply", str(template))["assets"] == dry["assets"]
    assert "MARA: unchanged" in other.text("template", "apply", str(template))


def test_a_clash_of_kinds_changes_nothing(template: Path, other: Film) -> None:
    other("asset", "add", "prop", "SH010")
    before = other("status")["heads"]
    assert other.error("template", "apply", str(template), status=4)["code"] == "conflict"
    assert other("status")["heads"] == before


def test_a_model_that_is_not_known_is_named(template: Path, other: Film) -> None:
    value = json.loads(template.read_text())
    value["assets"][0]["model"] = {"digest": "0" * 64, "name": "gone"}
    template.write_text(json.dumps(value))
    error = other.error("template", "apply", str(template), status=2)
    assert "gone" in error["message"]


def text_of(**asset: Any) -> str:
    return json.dumps({"format": "restrike-template/1", "assets": [asset]})


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        "{}",
        text_of(),
        text_of(name="A", kind="boat", fields={}, model={"digest": "x"}),
        text_of(name="A", kind="prop", fields={"seed": "x"}, model={"digest": "x"}),
        text_of(name="A", kind="prop", fields=[], model={}),
        text_of(name="A", kind="prop", fields={}, model={"digest": "x"}, id="1"),
        "[" * 100_000,
    ],
)
def test_what_is_no_template_is_refused(film: Film, tmp_path: Path, text: str) -> None:
    path = tmp_path / "bad.json"
    path.write_text(text)
    assert film.error("template", "apply", str(path), status=2)["code"] == "no_template"


def test_bad_fields_and_inputs_are_named(film: Film, template: Path, other: Film) -> None:
    value = json.loads(template.read_text())
    value["assets"][0]["fields"]["steps"] = 0
    template.write_text(json.dumps(value))
    assert "steps" in other.error("template", "apply", str(template), status=2)["message"]
    value["assets"] = value["assets"][-1:]
    value["assets"][0]["fields"].pop("steps", None)
    template.write_text(json.dumps(value))
    assert other.error("template", "apply", str(template), status=3)["code"] == "not_found"
    assert film.error("template", "apply", str(template.parent / "none"), status=3)
    assert film.error("template", "save", "NOBODY", str(template), status=3)
