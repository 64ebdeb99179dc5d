from __future__ import annotations

from pathlib import Path

import pytest

from tests.engine.models.written import write_model


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A whole small model folder called `tiny`."""
    return write_model(tmp_path / "tiny")
