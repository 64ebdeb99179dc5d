"""The real child: what libraries print cannot harm it, and memory that runs out takes it alone."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from engine.child import SOURCES
from engine.process import RenderProcess
from engine.renderer import OutOfMemory, Rendered, Strike
from tests import pipelines

TALKATIVE = """
import importlib.abc, os, sys

class Talkative(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name == "diffusers":
            print("Python says hello", flush=True)
            os.write(1, b"C says hello")

sys.meta_path.insert(0, Talkative())
"""


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the limit on memory is Linux's")
async def test_memory_that_runs_out_ends_the_child_and_a_new_one_serves_the_next_strike(
    tmp_path: Path,
) -> None:
    model = pipelines.stable_diffusion(tmp_path / "tiny")
    (tmp_path / "sitecustomize.py").write_text(
        TALKATIVE, "utf-8"
    )  # what libraries print is harmless meanwhile
    environment = {"PYTHONPATH": f"{SOURCES}:{tmp_path}"}
    async with RenderProcess(device="cpu", threads=1, memory=3 * 10**9, environment=environment) as process:

        async def render(strike: Strike) -> Rendered:
            return await process.render(strike, lambda progress: None)

        small = Strike(pipelines.recipe(), {pipelines.MODEL: model})
        large = Strike(pipelines.recipe(width=65528, height=65528, steps=1), {pipelines.MODEL: model})
        first, pid = await render(small), process.pid
        with pytest.raises(OutOfMemory, match="65528 × 65528") as caught:
            await render(large)
        assert "smaller" in caught.value.hint
        assert (await render(small)).pixels == first.pixels
        assert process.pid != pid
