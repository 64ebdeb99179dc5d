"""From a folder to the facts of the model in it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from engine import canonical
from engine.models import defaults as found
from engine.models.digest import digest_with_files
from engine.models.facts import ModelFacts
from engine.models.faults import ModelDamaged
from engine.models.folder import inspect
from engine.models.pipelines import OPERATIONS


def read(folder: Path, name: str | None = None) -> ModelFacts:
    """Check and hash a model folder; its name is the folder's unless one is given.

    Raises `ModelMissing` for what is not there, `ModelRefused` for what could run a stranger's code or is no pipeline
    to render with, `ModelDamaged` for bytes that contradict themselves.
    """
    try:
        return _read(folder, name)
    except OSError as error:
        said = f"{error.filename or folder} cannot be read: {error.strerror or error}"
        raise ModelDamaged(said, "look at the file's permissions and at the disk") from error


def _read(folder: Path, name: str | None) -> ModelFacts:
    inspected = inspect(folder)
    card = found.read_card(inspected)
    usual = found.defaults(inspected, card)
    digest, files = digest_with_files(inspected)
    return ModelFacts(
        digest=digest,
        name=canonical.word("name", name or folder.resolve().name),
        pipeline=inspected.pipeline,
        bytes=sum(path.stat().st_size for path in set(inspected.files())),
        operations=OPERATIONS[inspected.pipeline],
        scheduler=found.scheduler(inspected),
        width=usual.width,
        height=usual.height,
        multiple=usual.multiple,
        steps=usual.steps,
        guidance=usual.guidance,
        strength=usual.strength,
        dtype=usual.dtype,
        licence=_licence(folder, card),
        source=_said(card, "source"),
        draws=found.draws(card),
        files=files,
    )


def _licence(folder: Path, card: Mapping[str, Any]) -> str:
    """The licence by the card, else by the front matter of the README; empty where neither says."""
    if said := _said(card, "licence") or _said(card, "license"):
        return said
    readme = folder / "README.md"
    front = readme.read_text(encoding="utf-8", errors="replace")[:4096] if readme.is_file() else ""
    match = re.search(r"\A---\n(?:.*\n)*?license: *(\S+)", front)
    return match.group(1) if match else ""


def _said(card: Mapping[str, Any], name: str) -> str:
    return canonical.normal_text(said) if isinstance(said := card.get(name), str) else ""
