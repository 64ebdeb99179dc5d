"""What an artist says becomes what a version is made of."""

from __future__ import annotations

import pytest

from app import choices, versions
from engine.faults import BadField
from sync.records import AssetId, Tier
from tests.app.commandline import Film
from tests.app.test_versions import with_studio


def test_assignments_go_back_to_defaults_except_what_is_steady() -> None:
    fields = {"model": "m", "seed": 1, "steps": 9, "prompt": "a"}
    found = choices.changed_fields(fields, {"steps": None, "seed": None, "prompt": "b"})
    assert found == {"model": "m", "seed": 1, "prompt": "b"}


def test_the_tier_is_taken_out_of_assignments() -> None:
    assert choices.split_tier(["steps=1", "tier=low"]) == (["steps=1"], Tier.LOW)
    assert choices.split_tier(["prompt=tier=low"]) == (["prompt=tier=low"], None)
    with pytest.raises(BadField):
        choices.split_tier(["tier="])


def test_what_was_chosen_is_where_the_next_version_starts(film: Film) -> None:
    film("asset", "add", "prop", "LAMP", "prompt=a lamp", "tier=low")
    asset = AssetId(film("asset", "show", "LAMP")["id"])
    [version] = with_studio(film, lambda studio: studio.project.asset(asset).versions)
    choice = choices.choice_of(version)
    assert set(choice.fields) == {"model", "seed", "prompt"}
    assert choice.tier is Tier.LOW
    assert versions.imported_pixels(version) is None


def test_inputs_may_follow_one_option() -> None:
    wanted = choices.read(["prompt=a: b", "MARA:prop", "tier=low"], ["HARBOUR"])
    assert wanted.fields == {"prompt": "a: b"}
    assert wanted.inputs == (("HARBOUR", None), ("MARA", "prop"))
    assert wanted.tier is Tier.LOW
    for wrong in (":prop", "MARA:", "MARA:uncle"):
        with pytest.raises(BadField):
            choices.read([], [wrong])
