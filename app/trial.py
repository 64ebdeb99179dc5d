"""Dry runs: what a commit would add is built in full, checked by the same code, and then left without being kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from sync.project import Edit, Project

T = TypeVar("T")


class _Left(Exception):
    """Leaves a commit without adding anything; carries what was built."""

    def __init__(self, built: Any) -> None:
        super().__init__()
        self.built = built


def tried(project: Project, build: Callable[[Edit], T]) -> T:
    """What `build` gives for the newest facts; nothing of it is kept. Raises what a commit of it would raise."""

    def leave(edit: Edit) -> T:
        raise _Left(build(edit))

    try:
        return project.commit(leave)
    except _Left as left:
        built: T = left.built
        return built
