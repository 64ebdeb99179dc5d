"""Takes from the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.image import decode, recipe_in
from tests.app.commandline import Film
from tests.fakes.renderer import FakeRenderer


@pytest.fixture
def bay(film: Film, monkeypatch: pytest.MonkeyPatch) -> Film:
    """A film with one place and its take."""
    monkeypatch.setattr("app.studio.render_process", lambda found: FakeRenderer())
    film("asset", "add", "environment", "BAY", "prompt=sea", "seed=1")
    film("render", "BAY", "--wait")
    return film


def test_a_take_has_all_that_the_contract_names(bay: Film) -> None:
    [take] = bay("take", "list")["takes"]
    names = (
        "id asset version number label recipe_key sha256 pixels_sha256 bytes media_type width height frames class "
        "proofs fingerprint seconds worker member time approved provisional consumed present file"
    )
    assert set(names.split()) <= set(take)
    assert (take["version"], take["number"], take["label"], take["class"]) == (1, 1, "take01", "unproved")
    assert take["present"] == ["here"]
    assert take["fingerprint"]["app"] == "fake"
    assert Path(take["file"]).name == "BAY_v01_take01.png"
    recipe = recipe_in(Path(take["file"]).read_bytes())
    assert recipe is not None
    assert recipe.key == take["recipe_key"]


def test_a_take_is_found_in_every_way_people_write_it(bay: Film) -> None:
    [take] = bay("take", "list", "BAY")["takes"]
    for name in (
        take["id"],
        take["id"][:10],
        "BAY",
        "bay",
        "BAY_v01_take01",
        "BAY_v01_take01.png",
        take["file"],
    ):
        assert bay("take", "show", name)["id"] == take["id"], name
    bay.error("take", "show", "BAYE", status=3)
    bay.error("take", "show", "BAY_v09_take01", status=3)


def test_names_and_numbers_stay_what_they_are(bay: Film) -> None:
    bay("render", "BAY", "--count", "2", "--wait")
    first = bay("take", "list")["takes"]
    assert [one["label"] for one in first] == ["take01", "take02"]
    bay("asset", "rename", "BAY", "COVE")
    assert [one["file"] for one in bay("take", "list")["takes"]] == [one["file"] for one in first]
    bay("asset", "add", "environment", "BAY", "prompt=other", "seed=1")
    bay("render", "BAY", "--wait")
    files = [one["file"] for one in bay("take", "list")["takes"]]
    assert len(set(files)) == 3
    assert all(Path(one).is_file() for one in files)


def test_approve_and_withdraw(bay: Film) -> None:
    assert bay("take", "approve", "BAY")["approved"]
    assert bay("asset", "show", "BAY")["approved"] == bay("take", "list")["takes"][0]["id"]
    assert not bay("take", "approve", "BAY", "--withdraw")["approved"]
    assert bay("asset", "show", "BAY")["approved"] is None


def test_export_writes_the_picture_and_replaces_nothing_unasked(bay: Film, tmp_path: Path) -> None:
    target = tmp_path / "bay.png"
    bay("take", "export", "BAY", str(target))
    assert decode(target.read_bytes()).shape == (56, 96, 3)
    bay.error("take", "export", "BAY", str(target), status=4)
    bay("take", "export", "BAY", str(target), "--force")
    bay.error("take", "export", "BAY", str(tmp_path / "no" / "bay.png"), status=3)


def test_compare_measures_and_shows(bay: Film, tmp_path: Path) -> None:
    bay("asset", "set", "BAY", "prompt=desert")
    bay("render", "BAY", "--wait")
    found = bay("take", "compare", "BAY_v01_take01", "BAY_v02_take01", "--out", str(tmp_path / "both.png"))
    assert not found["identical"]
    assert found["class"] == "R2"
    assert [one["field"] for one in found["changed"]] == ["prompt"]
    assert decode((tmp_path / "both.png").read_bytes()).shape[1] > 1000
    same = bay("take", "compare", "BAY", "BAY")
    assert (same["identical"], same["psnr_db"], same["class"], same["changed"]) == (True, None, "R0", [])


def test_prove(bay: Film) -> None:
    bay.error("take", "prove", status=2)
    proved = bay("take", "prove", "BAY")
    assert [one["class"] for one in proved["takes"]] == ["R0"]
    assert bay("take", "show", "BAY")["proofs"][0]["purpose"] == "prove"
    assert bay("take", "prove", "--all")["takes"] == []
    assert "R0" in bay.text("take", "list")


def test_an_imported_picture_is_r3_with_the_reason(bay: Film, tmp_path: Path) -> None:
    from PIL import Image

    Image.new("RGB", (64, 64), "red").save(tmp_path / "red.png")
    bay("asset", "add", "prop", "LAMP", "--from-image", str(tmp_path / "red.png"))
    shown = bay("take", "show", "LAMP")
    assert shown["class"] == "R3"
    assert "outside" in shown["class_reason"]
    bay.error("take", "prove", "LAMP", status=5)
    assert bay("render", "LAMP")["jobs"][0]["deduplicated"]


def test_a_part_of_the_takes_with_how_many_there_are(bay: Film) -> None:
    bay("render", "BAY", "--count", "4", "--wait")
    whole = bay("take", "list")
    assert whole["total"] == len(whole["takes"]) == 4
    part = bay("take", "list", "BAY", "--limit", "2", "--offset", "1")
    assert part == {"takes": whole["takes"][1:3], "total": 4}
    assert bay("take", "list", "--missing", "--limit", "1") == {"takes": [], "total": 0}
    assert bay("take", "list", "--offset", "9") == {"takes": [], "total": 4}
