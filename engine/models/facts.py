"""What is known of a model by its digest: enough to resolve every default of a recipe without loading it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from functools import partial
from typing import Any, Final

from engine import canonical
from engine.faults import BadField
from engine.recipe import FileDigest, ModelDigest, Scheduler

TIERS: Final = ("low", "standard", "high")


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFacts:
    """A model's identity and what it is best used with.

    `bytes` counts the files that loading reads, `files` gives each one's SHA-256 by its path inside the folder. Sizes
    are in pixels and multiples of `multiple`; `steps` goes by tier (low, standard, high); `draws` says in one sentence
    what the model can draw, and is empty where nobody said.
    """

    digest: ModelDigest
    name: str
    pipeline: str
    bytes: int
    operations: tuple[str, ...]
    scheduler: Scheduler
    width: int
    height: int
    multiple: int
    steps: Mapping[str, int]
    guidance: float
    strength: float
    dtype: str
    licence: str
    source: str
    draws: str
    files: Mapping[str, FileDigest]

    def to_json(self) -> dict[str, Any]:
        """The facts as plain JSON values."""
        found: dict[str, Any] = {one.name: getattr(self, one.name) for one in fields(self)}
        found["operations"] = list(self.operations)
        found["scheduler"] = {"name": self.scheduler.name, "config": dict(self.scheduler.config)}
        found["steps"], found["files"] = dict(self.steps), dict(self.files)
        return found

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> ModelFacts:
        """Read stored facts, ignoring what a later release added; raises `BadField` on what is missing or wrong."""
        stored = canonical.mapping("model", value)
        found: dict[str, Any] = {}
        for name, check in _CHECKS.items():
            if name not in stored:
                raise BadField(f"model.{name}", None, "a value: it is missing")
            found[name] = check(f"model.{name}", stored[name])
        return cls(**found)


def _scheduler(field: str, value: object) -> Scheduler:
    stored = canonical.mapping(field, value)
    return Scheduler(stored.get("name", ""), stored.get("config", {}))


def _operations(field: str, value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise BadField(field, value, "a list")
    return tuple(canonical.word(field, one) for one in value)


def _steps(field: str, value: object) -> dict[str, int]:
    stored = canonical.mapping(field, value)
    return {tier: canonical.integer(f"{field}.{tier}", stored.get(tier), 1) for tier in TIERS}


def _files(field: str, value: object) -> dict[str, str]:
    stored = canonical.mapping(field, value)
    return {path: canonical.word(f"{field}.{path}", one) for path, one in stored.items()}


_CHECKS: Final[Mapping[str, Callable[[str, Any], object]]] = {
    **dict.fromkeys(("digest", "name", "pipeline", "dtype"), canonical.word),
    **dict.fromkeys(("licence", "source", "draws"), canonical.text),
    **dict.fromkeys(("width", "height", "multiple"), partial(canonical.integer, low=1)),
    **dict.fromkeys(("guidance", "strength"), canonical.number),
    "bytes": partial(canonical.integer, low=0),
    "operations": _operations,
    "scheduler": _scheduler,
    "steps": _steps,
    "files": _files,
}
