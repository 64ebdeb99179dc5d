from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.faults import BadField
from engine.models import ModelFacts, read
from tests.engine.models.written import write_model
from tests.engine.strategies import JSON

NAMES = sorted(ModelFacts.__dataclass_fields__)


@pytest.fixture(scope="module")
def facts(tmp_path_factory: pytest.TempPathFactory) -> ModelFacts:
    return read(write_model(tmp_path_factory.mktemp("facts") / "tiny"))


def test_facts_survive_being_stored(facts: ModelFacts) -> None:
    assert ModelFacts.from_json(json.loads(json.dumps(facts.to_json()))) == facts


def test_what_a_later_release_added_is_ignored(facts: ModelFacts) -> None:
    assert ModelFacts.from_json({**facts.to_json(), "mood": "calm"}) == facts


@pytest.mark.parametrize("name", NAMES)
def test_a_fact_that_is_missing_is_named(facts: ModelFacts, name: str) -> None:
    stored = facts.to_json()
    del stored[name]
    with pytest.raises(BadField, match=name):
        ModelFacts.from_json(stored)


@given(st.sampled_from(NAMES), JSON)
def test_a_fact_of_any_type_is_read_or_refused(facts: ModelFacts, name: str, value: object) -> None:
    fault: BadField | None = None
    try:
        ModelFacts.from_json({**facts.to_json(), name: value})
    except BadField as error:
        fault = error
    assert fault is None or name in fault.field


def test_every_tier_has_its_steps(facts: ModelFacts) -> None:
    with pytest.raises(BadField, match=r"steps\.high"):
        ModelFacts.from_json({**facts.to_json(), "steps": {"low": 1, "standard": 2}})


def test_the_folder_is_no_fact(facts: ModelFacts, tmp_path: Path) -> None:
    assert str(tmp_path.parent) not in json.dumps(facts.to_json())
