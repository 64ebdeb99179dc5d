from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from starter.__main__ import main

STAGES = (
    "frames",
    "text",
    "vae",
    "refine",
    "latents",
    "judge",
    "unet",
    "release",
    "card",
    "grid",
    "stopwatch",
    "all",
)


def test_help_names_every_stage_and_the_way_to_a_release(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["--help"])
    text = capsys.readouterr().out
    assert left.value.code == 0
    assert all(f"    {stage} " in text for stage in STAGES)
    assert "python -m starter release FOLDER" in text


@pytest.mark.parametrize("stage", STAGES)
def test_every_stage_has_help(stage: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main([stage, "--help"])
    assert left.value.code == 0
    assert len(capsys.readouterr().out.splitlines()) > 3


def test_without_a_stage_it_says_how_it_is_used(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main([])
    assert left.value.code == 2
    assert "usage" in capsys.readouterr().err


def test_frames_are_drawn_into_the_work_folder(tmp_path: Path) -> None:
    main(["--work", str(tmp_path), "frames", "--count", "2"])
    assert np.load(tmp_path / "frames.npz")["pixels"].shape == (2, 56, 96, 3)
