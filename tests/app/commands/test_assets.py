"""Assets from the command line: adding, changing, listing, renaming, removing, and every refusal."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.app.commandline import Film, run


def test_add_fills_every_default_and_writes_the_recipe(film: Film) -> None:
    value = film(
        "asset", "add", "character", "MARA", "prompt=a woman in a red coat", "seed=7", "--note", "first"
    )
    wanted = [
        "id",
        "name",
        "kind",
        "scene",
        "version",
        "tier",
        "recipe",
        "recipe_key",
        "forked",
        "stale",
        "inputs",
        "takes",
    ]
    assert set(wanted) <= set(value)
    assert (value["version"], value["version_label"], value["tier"]) == (1, "v01", "standard")
    assert value["recipe"]["seed"] == "7"
    assert value["recipe"]["operation"] == "text-to-image"
    assert value["recipe"]["steps"] > 0
    assert value["stale"] is False
    path = film.folder / "01_Assets/Generative_Assets/Characters/MARA/MARA_v01.recipe.json"
    assert json.loads(path.read_text()) == value["recipe"]
    assert film("asset", "show", "MARA")["recipe_key"] == value["recipe_key"]
    assert film("asset", "show", value["id"])["name"] == "MARA"


def test_a_seed_that_nobody_named_stays(film: Film) -> None:
    first = film("asset", "add", "prop", "LAMP", "prompt=a lamp")
    second = film("asset", "set", "LAMP", "prompt=an old lamp")
    assert first["parameters"]["seed"] == second["parameters"]["seed"]
    assert film("asset", "add", "prop", "LAMP2")["parameters"]["seed"] != first["parameters"]["seed"]


def test_a_tier_changes_the_steps_unless_they_were_chosen(film: Film) -> None:
    film("asset", "add", "prop", "LAMP", "tier=low")
    low = film("asset", "show", "LAMP")["recipe"]["steps"]
    high = film("asset", "set", "LAMP", "tier=high")
    assert high["tier"] == "high"
    assert high["recipe"]["steps"] > low
    film("asset", "set", "LAMP", "steps=3")
    assert film("asset", "set", "LAMP", "tier=low")["recipe"]["steps"] == 3
    assert film("asset", "set", "LAMP", "steps=")["recipe"]["steps"] == low


def test_nothing_changed_saves_nothing(film: Film) -> None:
    film("asset", "add", "prop", "LAMP", "prompt=a lamp", "seed=1")
    value = film("asset", "set", "LAMP", "prompt=a lamp")
    assert value["version"] == 1
    assert "Nothing changed" in value["message"]


def test_expected_versions(film: Film) -> None:
    film("asset", "add", "prop", "LAMP")
    film("asset", "set", "LAMP", "prompt=b", "--expect-version", "1")
    error = film.error("asset", "set", "LAMP", "prompt=c", "--expect-version", "1", status=4)
    assert error["code"] == "conflict"
    assert "version 2" in error["message"]
    assert film("asset", "show", "LAMP")["version"] == 2


def test_inputs_lend_words_and_pictures(film: Film) -> None:
    film("asset", "add", "environment", "HARBOUR", "prompt=a harbour at dusk")
    film("asset", "add", "character", "MARA", "prompt=a woman in red")
    shot = film(
        "asset", "add", "shot", "SH010", "--scene", "SC-01", "prompt=waiting",
        "--input", "HARBOUR:environment", "--input", "MARA",
    )  # fmt: skip
    assert shot["recipe"]["prompt"] == "waiting, a harbour at dusk, a woman in red"
    assert shot["recipe"]["operation"] == "image-to-image"
    assert {one["role"] for one in shot["inputs"]} == {"environment", "character"}
    assert (film.folder / "03_Renders/SC-01/SH010/SH010_v01.recipe.json").is_file()
    fewer = film("asset", "set", "SH010", "--drop-input", "MARA")
    assert [one["role"] for one in fewer["inputs"]] == ["environment"]
    other = film("asset", "set", "SH010", "--input", "HARBOUR:style", "MARA:prop")
    assert {one["role"] for one in other["inputs"]} == {"style", "prop"}
    assert "MARA" in film.error("asset", "set", "HARBOUR", "--drop-input", "MARA", status=2)["message"]


def test_an_edit_makes_what_it_feeds_stale(film: Film) -> None:
    film("asset", "add", "environment", "HARBOUR", "prompt=a harbour")
    film("asset", "add", "shot", "SH010", "--input", "HARBOUR")
    film("asset", "add", "shot", "SH020", "--input", "SH010")
    assert film("asset", "list", "--stale")["assets"] == []
    film("asset", "set", "HARBOUR", "prompt=a storm")
    assert [one["name"] for one in film("asset", "list", "--stale")["assets"]] == ["SH010", "SH020"]
    fresh = film("asset", "set", "SH010")
    assert fresh["version"] == 2, "setting nothing takes in what the inputs are now"
    assert fresh["stale"] is False


def test_circles_are_refused_with_the_way_round(film: Film) -> None:
    film("asset", "add", "shot", "A")
    film("asset", "add", "shot", "B", "--input", "A")
    film("asset", "add", "shot", "C", "--input", "B")
    error = film.error("asset", "set", "A", "--input", "C", status=2)
    assert error["code"] == "cycle"
    for name in ("A", "B", "C"):
        assert name in error["message"]
    assert film.error("asset", "set", "A", "--input", "A", status=2)["code"] == "cycle"
    assert film("asset", "show", "A")["version"] == 1


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("add", "prop", "x/y"), 2, "name"),
        (("add", "prop", ".x"), 2, "name"),
        (("add", "prop", "MARA"), 2, "not taken"),
        (("add", "prop", "mara"), 2, "not taken"),
        (("add", "prop", "X", "--scene", "SC"), 2, "scene"),
        (("add", "shot", "X", "--scene", "../up"), 2, "scene"),
        (("add", "prop", "X", "stepz=3"), 2, "did you mean steps"),
        (("add", "prop", "X", "steps=many"), 2, "steps"),
        (("add", "prop", "X", "steps=0"), 2, "steps"),
        (("add", "prop", "X", "seed=-1"), 2, "seed"),
        (("add", "prop", "X", "tier=best"), 2, "low, standard, high"),
        (("add", "prop", "X", "model=nothing"), 2, "starter"),
        (("add", "prop", "X", "width=100"), 2, "multiples"),
        (("add", "prop", "X", "prompt=" + "a" * 100_000), 2, "8,000"),
        (("add", "prop", "X", "prompt=a\x1bb"), 2, "control"),
        (("add", "prop", "X", "loose"), 2, "field"),
        (("add", "prop", "X", "--input", "NOBODY:style"), 3, "NOBODY"),
        (("add", "prop", "X", "--input", "MARA:father"), 2, "environment"),
        (("add", "prop", "X", "--note", "a\x07"), 2, "note"),
        (("set", "MARRA", "steps=1"), 3, "did you mean MARA"),
        (("show", "nobody at all"), 3, "asset list"),
        (("list", "--where", "stepz = 3"), 2, "column 1"),
        (("list", "--where", "steps >"), 2, "the end"),
    ],
)
def test_bad_input_is_refused_and_nothing_is_stored(
    film: Film, words: tuple[str, ...], status: int, said: str
) -> None:
    film("asset", "add", "character", "MARA")
    before = film("status")["heads"]
    error = film.error("asset", *words, status=status)
    assert said in f"{error['message']} {error['hint']}"
    assert len(error["message"]) < 400
    assert film("status")["heads"] == before
    assert len(list(film.folder.rglob("*.recipe.json"))) == 1


def test_lists_and_queries(film: Film) -> None:
    film("asset", "add", "shot", "SH020", "--scene", "SC-02", "steps=30")
    film("asset", "add", "shot", "SH010", "--scene", "SC-01", "steps=10")
    film("asset", "add", "prop", "LAMP")

    def names(*words: str) -> list[str]:
        return [one["name"] for one in film("asset", "list", *words)["assets"]]

    assert names() == ["LAMP", "SH010", "SH020"]
    assert names("--kind", "shot") == ["SH010", "SH020"]
    assert names("--scene", "SC-02") == ["SH020"]
    assert names("--where", "steps > 20 or kind = prop and takes = 0") == ["LAMP", "SH020"]
    assert names("--kind", "shot", "--where", "not scene = SC-01") == ["SH020"]
    two = film("asset", "list", "--limit", "2")
    assert (len(two["assets"]), two["more"]) == (2, 1)
    table = film.text("asset", "list").splitlines()
    assert all(len(line) <= 80 for line in table)
    assert "SC-01" in film.text("asset", "list")


def test_rename_and_remove(film: Film) -> None:
    film("asset", "add", "character", "MARA")
    film("asset", "add", "shot", "SH010", "--input", "MARA")
    assert film("asset", "rename", "MARA", "NORA")["name"] == "NORA"
    assert film.error("asset", "show", "MARA", status=3)
    assert film.error("asset", "rename", "NORA", "SH010", status=2)["code"] == "bad_field"
    film("asset", "rename", "NORA", "nora")
    assert film.error("asset", "remove", "nora", status=5)["code"] == "refused"
    film("asset", "remove", "SH010", "--dry-run")
    assert film("asset", "list", "--kind", "shot")["assets"]
    assert film("asset", "remove", "SH010")["removed"] is True
    assert film("asset", "list", "--kind", "shot")["assets"] == []
    assert "--undo" in film.error("asset", "set", "SH010", "steps=2", status=3)["hint"]
    assert [one["name"] for one in film("asset", "list", "--removed")["assets"]] == ["SH010"]
    film("asset", "remove", "nora")
    film("asset", "add", "shot", "SH010")
    assert film.error("asset", "remove", "SH010", "--undo", status=4)["code"] == "conflict"
    assert film("asset", "remove", "nora", "--undo")["removed"] is False
    assert film.error("asset", "remove", "nora", "--undo", status=3)
    film("asset", "set", "nora", "prompt=again")
    assert (film.folder / "01_Assets/Generative_Assets/Characters/nora/nora_v02.recipe.json").is_file()


def test_show_for_people(film: Film) -> None:
    film("asset", "add", "environment", "HARBOUR", "prompt=a harbour")
    film("asset", "add", "shot", "SH010", "--input", "HARBOUR")
    text = film.text("asset", "show", "SH010")
    for words in ("SH010 v01", "HARBOUR as environment", "(default)", "starter", "a harbour"):
        assert words in text
    assert film("asset", "show", "HARBOUR")["used_by"] == ["SH010"]


def test_without_a_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    ran = run("asset", "list")
    assert ran.status == 3
    assert "restrike init" in ran.err


def test_a_part_of_the_assets_with_how_many_there_are(film: Film) -> None:
    for name in ("A", "B", "C"):
        film("asset", "add", "prop", name)
    part = film("asset", "list", "--limit", "1", "--offset", "1")
    assert [one["name"] for one in part["assets"]] == ["B"]
    assert (part["total"], part["more"]) == (3, 1)
    whole = film("asset", "list")
    assert whole["total"] == 3
    assert "more" not in whole
