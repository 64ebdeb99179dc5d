"""Jobs, takes and storage as people read them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.app.cli.test_show import CHANGED, shown

JOB: dict[str, Any] = {
    "id": "3f9a" + "0" * 60 + ".0",
    "asset": "a",
    "asset_name": "MARA",
    "version_label": "v01",
    "item": 2,
    "tier": "high",
    "state": "running",
    "owner": "s1",
    "votes": 2,
    "eta_s": 40.0,
    "progress": 0.5,
    "reason": None,
    "take": None,
    "attempts": [{"worker": "s0", "code": "crashed", "message": "it died"}],
}
TAKE: dict[str, Any] = {
    "id": "4h2k9c0123456789abcdefghij",
    "asset": "a",
    "asset_name": "MARA",
    "version": 1,
    "version_label": "v01",
    "label": "take02",
    "class": "R0",
    "class_reason": "rendered again: identical",
    "bytes": 7000,
    "seconds": 1.2,
    "approved": True,
    "provisional": False,
    "present": [],
    "width": 96,
    "height": 56,
    "media_type": "image/png",
    "file": "/film/x.png",
    "time": "2026-01-31T12:00:00.000Z",
    "recipe_key": "0" * 64,
    "sha256": "1" * 64,
    "pixels_sha256": "2" * 64,
    "consumed": [{"role": "environment", "sha256": "3" * 64}],
    "fingerprint": {"device_name": "cpu", "torch": "2.13.0"},
    "proofs": [
        {
            "class": "R1",
            "purpose": "prove",
            "time": "2026-01-31T12:00:00.000Z",
            "psnr_db": 51.23,
            "ssim": 0.9999,
        }
    ],
}
REPORT: dict[str, Any] = {
    "bytes": 1000,
    "regeneratable_bytes": 950,
    "permanent_bytes": 50,
    "recipes_bytes": 10,
    "by_kind": [{"kind": "shot", "bytes": 700}],
}


@pytest.mark.parametrize(
    ("words", "value", "expected"),
    [
        (
            "jobs",
            {"jobs": [JOB]},
            ["3f9a00000000.0", "MARA v01 #2", "▂▄▆ high", "◑ running 50 %", "+2", "40 s"],
        ),
        ("jobs", {"jobs": []}, ["Nothing to render"]),
        (
            "render",
            {"jobs": [{**JOB, "state": "finished", "deduplicated": True}]},
            ["● finished (already rendered)"],
        ),
        ("render", {"jobs": [], "message": "All there."}, ["All there."]),
        ("render", {"jobs": []}, ["every recipe asked for has a take"]),
        ("job show", JOB, ["MARA v01 #2", "crashed: it died"]),
        (
            "job why",
            {
                "reasons": [
                    {"code": "paused", "sentence": "The project is paused.", "fix": "restrike jobs resume"}
                ]
            },
            ["paused", "resume"],
        ),
        ("job why", {"reasons": []}, ["Nothing stands in its way."]),
        (
            "take list",
            {"takes": [TAKE]},
            ["4h2k9c0123", "v01 take02", "●✓ R0", "7 kB", "approved, can come back"],
        ),
        ("take list", {"takes": []}, ["No takes yet"]),
        (
            "take show",
            TAKE,
            ["MARA v01 take02  96 × 56", "storage fetch", "○✓ R1", "51.2 dB", "cpu torch 2.13.0"],
        ),
        (
            "take compare",
            {"class": "R2", "psnr_db": 20.0, "ssim": 0.5, "identical": False, "changed": CHANGED},
            ["○~ R2", "20.0 dB", "prompt: a → –"],
        ),
        (
            "take compare",
            {"class": "R0", "psnr_db": None, "ssim": 1.0, "identical": True, "changed": []},
            ["identical"],
        ),
        ("storage report", REPORT, ["950 B (95 %)", "shot"]),
        (
            "storage drop",
            {"dropped": [TAKE], "kept": [{**TAKE, "reasons": ["not proved"]}], "message": "7 kB freed."},
            ["–  MARA v01 take02  7 kB", "stays: not proved", "7 kB freed."],
        ),
        (
            "storage fetch",
            {"fetched": [TAKE], "failed": [{**TAKE, "reason": "no model"}]},
            ["●✓ R0  MARA v01 take02", "✕ MARA v01 take02: no model"],
        ),
        (
            "demo",
            {"project": "p", "folder": "/f", "takes": [1, 2], "contact_sheet": "/f/c.png", "seconds": 61.0},
            ["Contact sheet  /f/c.png", "1 min 1 s"],
        ),
    ],
)
def test_pictures(words: str, value: dict[str, Any], expected: list[str]) -> None:
    text = shown(words, value)
    for one in expected:
        assert one in text
    assert all(len(line) <= 100 for line in text.splitlines())
    assert "\x1b" not in text
