"""Model folders that the tests of this room share; torch is imported only by those that ask for one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import pipelines


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Stable Diffusion folder with random weights."""
    return pipelines.stable_diffusion(tmp_path_factory.mktemp("models") / "tiny")
