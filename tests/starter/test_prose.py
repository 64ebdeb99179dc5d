from __future__ import annotations

from typing import Any

from starter.captions import WORDS
from starter.prose import readme

CARD: dict[str, Any] = {
    "name": "Starter v9",
    "licence": "Apache-2.0",
    "note": "A note.",
    "can": ["time", "colour"],
    "cannot": ["position"],
    "gates": {"time": 0.95, "position": 0.8},
    "following": {"time": 0.99, "position": 0.5},
    "following_paraphrased": {"time": 0.98, "position": 0.4},
    "following_prompts": 200,
    "following_paraphrased_prompts": 100,
    "defaults": {"steps": 20, "guidance": 5.0, "width": 96, "height": 56, "strength": 0.8},
    "speed": {"load_seconds": 0.4, "seconds_at_10_steps": 0.3, "seconds_at_20_steps": 0.6,
              "seconds_at_30_steps": 0.9, "peak_memory_mb": 700},
    "grammar": {name: list(values) for name, values in WORDS.items()},
    "synonyms": {name: {value: list(ways) for value, ways in values.items()} for name, values in WORDS.items()},
    "examples": ["medium shot, a red ship", "wide shot, a white tower"],
}  # fmt: skip


def test_what_does_not_pass_is_not_promised() -> None:
    page = readme(CARD)
    can, _, cannot = page.partition("## What it cannot draw")
    assert "dawn, noon, dusk, night" in can
    assert "left, centre, right" not in can
    assert "does not reliably follow where the subject stands" in cannot


def test_the_page_names_licence_numbers_and_settings() -> None:
    page = readme(CARD)
    for text in (
        "Apache-2.0",
        "| time of day | 0.99 | 0.98 | 0.95 |",
        "20 steps, guidance 5",
        "700 MB",
        "A note.",
    ):
        assert text in page
