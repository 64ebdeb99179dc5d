"""Answers as people read them: complete at 80 columns, in the contract's words, quiet."""

from __future__ import annotations

import io
from typing import Any

import pytest

from app.cli import show, show_work
from app.commands.table import COMMANDS

ASSET: dict[str, Any] = {
    "id": "a" * 26,
    "name": "MARA",
    "kind": "character",
    "scene": None,
    "version": 3,
    "version_label": "v03",
    "tier": "standard",
    "note": "green\nafter all",
    "parameters": {"model": "f" * 64, "prompt": "a woman", "seed": 7, "chosen": ["prompt"]},
    "recipe": {"prompt": "a woman, at dusk"},
    "recipe_key": "0" * 64,
    "forked": False,
    "stale": True,
    "removed": False,
    "approved": "t1",
    "inputs": [{"asset": "b" * 26, "role": "environment", "name": "HARBOUR"}],
    "takes": ["t1", "t2"],
    "model_name": "starter-v1",
    "used_by": ["SH010"],
}
VERSION: dict[str, Any] = {
    "id": "v1",
    "label": "v01",
    "parents": [],
    "time": "2026-01-31T12:00:00.000Z",
    "tier": "low",
    "recipe_key": "1" * 64,
    "note": "",
}
CHANGED = [{"field": "prompt", "from": "a", "to": None}]
STATUS: dict[str, Any] = {
    "project": "p",
    "name": "Film",
    "folder": "/film",
    "documents": 2,
    "heads": "9" * 64,
    "assets": 0,
    "versions": 0,
    "takes": 0,
    "jobs": {"pending": 2, "failed": 0},
    "paused": True,
    "peers": 0,
    "blobs": {"count": 1, "bytes": 5420},
}
MODEL: dict[str, Any] = {
    "name": "starter-v1",
    "digest": "d" * 64,
    "bytes": 14_500_000,
    "pipeline": "StableDiffusionPipeline",
    "assets": 3,
    "present": [],
    "default": True,
    "draws": "storyboard landscapes",
    "ok": False,
    "detail": "changed",
    "fix": "put it back",
}


def shown(words: str, value: dict[str, Any]) -> str:
    out = io.StringIO()
    show.show(words, value, out)
    return out.getvalue()


@pytest.mark.parametrize(
    ("words", "value", "expected"),
    [
        (
            "asset list",
            {"assets": [ASSET]},
            ["MARA", "character", "v03", "▂▄  standard", "2", "stale, approved"],
        ),
        ("asset list", {"assets": [ASSET], "more": 4}, ["4 more"]),
        ("asset list", {"assets": []}, ["No assets"]),
        (
            "asset show",
            ASSET,
            [
                "MARA v03  character",
                "(default)",
                "starter-v1  ffffffffffff",
                "HARBOUR as environment",
                "a woman, at dusk",
                "green",
                "SH010",
            ],
        ),
        ("asset history", {"versions": [VERSION]}, ["v01", "▂   low", "111111111111"]),
        ("asset diff", {"changed": CHANGED}, ["prompt\n  from  a\n  to    –"]),
        ("asset diff", {"changed": []}, ["Nothing changed"]),
        (
            "asset forks",
            {
                "forks": [
                    {
                        "name": "MARA",
                        "tips": [VERSION, {**VERSION, "label": "v01-ab", "author_name": "Ben"}],
                        "changed": CHANGED,
                        "conflicts": ["prompt"],
                    }
                ]
            },
            ["v01 and v01-ab", "set apart: prompt", "by Ben", "--take-from v01"],
        ),
        ("asset forks", {"forks": []}, ["No asset is forked."]),
        ("asset add", {**ASSET, "message": "MARA v01 saved"}, ["MARA v01 saved"]),
        (
            "template apply",
            {"assets": [{"name": "A", "did": "added"}], "message": "1 of 1."},
            ["A: added", "1 of 1."],
        ),
        ("status", STATUS, ["Film", "2 pending (paused", "1 files, 5.42 kB", "restrike asset add"]),
        (
            "model list",
            {"models": [MODEL]},
            ["starter-v1 (default)", "dddddddddddd", "14.5 MB", "not here", "storyboard landscapes"],
        ),
        ("model list", {"models": []}, ["restrike model add"]),
        ("model verify", {"models": [MODEL]}, ["✕  starter-v1", "put it back"]),
        (
            "verify",
            {"checked": {"blobs": 3}, "faults": [], "repaired": ["x"]},
            ["Checked blobs  3", "● repaired: x", "is what was stored"],
        ),
        (
            "verify",
            {"checked": {}, "faults": [{"what": "blob", "id": "1", "detail": "bad", "fix": "fetch"}]},
            ["✕ blob 1: bad", "    fetch"],
        ),
        (
            "doctor",
            {"checks": [{"name": "disk", "ok": False, "detail": "full", "fix": "empty it"}]},
            ["✕  disk  full", "empty it"],
        ),
        ("help", {"topics": [{"topic": "start", "title": "First steps"}]}, ["start  First steps"]),
        ("help", {"text": "# A\n\nb\n"}, ["# A\n\nb\n"]),
        ("version", {"version": "1.2"}, ["restrike 1.2"]),
        ("odd words", {"a": 1, "b": [1, 2]}, ["a  1", "b  1, 2"]),
    ],
)
def test_pictures(words: str, value: dict[str, Any], expected: list[str]) -> None:
    text = shown(words, value)
    for one in expected:
        assert one in text
    assert all(len(line) <= 100 for line in text.splitlines())
    assert "\x1b" not in text
    assert "!" not in text


def test_many_faults_of_a_kind_are_counted() -> None:
    faults = [{"what": "file", "id": str(one), "detail": "gone", "fix": "--repair"} for one in range(30)]
    faults.append({"what": "blob", "id": "b", "detail": "bad", "fix": "fetch"})
    text = shown("verify", {"checked": {}, "faults": faults})
    assert text.count("gone") == 10
    assert "20 more" in text
    assert "blob b: bad" in text


def test_every_picture_belongs_to_a_command() -> None:
    words = {entry.words for entry in COMMANDS} | {"version"}
    assert set(show.PICTURES) | set(show_work.PICTURES) <= words
    assert not set(show.PICTURES) & set(show_work.PICTURES)
