from __future__ import annotations

import json
from dataclasses import fields

import pytest

from engine.fingerprint import Fingerprint

HERE = Fingerprint(
    app="0.1.0",
    torch="2.13.0",
    diffusers="0.42.1",
    transformers="5.1.0",
    numpy="2.4.6",
    device="cpu",
    device_name="a processor",
    driver="",
    threads=1,
    instruction_set="AVX2",
    onednn=True,
    attention="math",
    tf32=False,
    compiled=False,
    offload="none",
)


def test_a_profile_survives_being_stored() -> None:
    stored = json.loads(json.dumps(HERE.to_json()))
    assert Fingerprint.from_json({**stored, "weather": "fine"}) == HERE
    assert Fingerprint.from_json(stored).digest == HERE.digest
    assert len(HERE.digest) == 32


@pytest.mark.parametrize("name", [one.name for one in fields(Fingerprint)])
def test_every_field_tells_profiles_apart(name: str) -> None:
    value = getattr(HERE, name)
    other = not value if isinstance(value, bool) else value + 1 if isinstance(value, int) else value + "x"
    assert Fingerprint.from_json({**HERE.to_json(), name: other}).digest != HERE.digest
