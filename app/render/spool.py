"""Finished pictures that did not fit on the project's disk, kept in RESTRIKE_HOME until there is room again.

A picture is minutes of work; the home often lies on another disk. The job stays in the queue, and who works on it next
finds the picture here instead of rendering it.
"""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Final

from engine.fingerprint import Fingerprint
from engine.recipe import RecipeKey
from engine.renderer import Rendered

FOLDER: Final = "unpublished"
_SMALL: Final = ("picture", "thumb", "proxy", "latents", "fingerprint")


def save(home: Path, key: RecipeKey, rendered: Rendered) -> bool:
    """Keep a picture with what is said of it; false when there is no room here either."""
    said = {name: value for name, value in asdict(rendered).items() if name not in _SMALL}
    said["fingerprint"] = rendered.fingerprint.to_json()
    try:
        (home / FOLDER).mkdir(parents=True, exist_ok=True)
        _picture(home, key).write_bytes(rendered.picture)
        _said(home, key).write_text(json.dumps(said), encoding="utf-8")
    except OSError:
        drop(home, key)
        return False
    return True


def find(home: Path, key: RecipeKey) -> Rendered | None:
    """The picture kept for a recipe; one that is not whole counts as absent and is removed."""
    try:
        said = json.loads(_said(home, key).read_text(encoding="utf-8"))
        picture = _picture(home, key).read_bytes()
        said["fingerprint"] = Fingerprint.from_json(said["fingerprint"])
        if hashlib.sha256(picture).hexdigest() == said["sha256"]:
            return Rendered(picture=picture, **said)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        drop(home, key)
        return None
    drop(home, key)
    return None


def drop(home: Path, key: RecipeKey) -> None:
    """Forget a picture that was published."""
    for path in (_said(home, key), _picture(home, key)):
        with suppress(FileNotFoundError, NotADirectoryError):
            path.unlink()


def _picture(home: Path, key: RecipeKey) -> Path:
    return home / FOLDER / f"{key}.png"


def _said(home: Path, key: RecipeKey) -> Path:
    return home / FOLDER / f"{key}.json"
