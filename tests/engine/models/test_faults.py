from __future__ import annotations

from engine.models import ModelDamaged, ModelFault, ModelMissing, ModelRefused


def test_each_fault_has_its_code_and_exit_status() -> None:
    found = {kind: (kind.code, kind.exit_status) for kind in (ModelMissing, ModelDamaged, ModelRefused)}
    assert found == {
        ModelMissing: ("model_missing", 3),
        ModelDamaged: ("model_damaged", 1),
        ModelRefused: ("model_refused", 5),
    }
    assert all(issubclass(kind, ModelFault) for kind in found)
