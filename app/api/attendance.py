"""Who works on the project on this machine, and at what: the sessions that are alive and their notices."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from app import shapes
from app.render import doing
from app.render.doing import Doing
from sync.records import AssetId, JobId, SessionId

if TYPE_CHECKING:
    from app.studio import Studio

SESSIONS_EVERY: Final = 8
"""Looks from one question who is alive to the next; a notice of somebody unknown asks at once."""
LARGEST_PREVIEW: Final = 256 * 1024


@dataclass(frozen=True, slots=True)
class Notice:
    """What one session says it is doing, with its preview as a data URI."""

    doing: Doing
    asset: AssetId | None
    name: str
    preview: str | None


@dataclass(frozen=True, slots=True)
class News:
    """What is different since the last look: notices that moved, jobs that were begun or left, who is there."""

    moved: tuple[Notice, ...] = ()
    turned: frozenset[JobId] = frozenset()
    presence: bool = False


@dataclass(slots=True)
class Attendance:
    """One look after the other at this machine's sessions."""

    studio: Studio
    _looks: int = 0
    _alive: dict[SessionId, bool] = field(default_factory=dict)
    _notices: dict[SessionId, Notice] = field(default_factory=dict)
    _read: dict[Path, int] = field(default_factory=dict)
    _previews: dict[SessionId, str] = field(default_factory=dict)
    _told: Any = None

    def look(self) -> News:
        """Look, and say what is different."""
        files = self._files()
        if self._looks % SESSIONS_EVERY == 0 or any(one not in self._alive for one in files):
            self._alive = {**dict.fromkeys(files, False), **self.studio.project.sessions()}
        self._looks += 1
        living = {one: stats for one, stats in files.items() if self._alive[one]}
        before = {one.doing.job for one in self._notices.values()}
        moved = [
            notice for session in living if (notice := self._fresh(session, living[session])) is not None
        ]
        for session in [one for one in self._notices if one not in living]:
            self._forget(session)
        after = {one.doing.job for one in self._notices.values()}
        shape = self.presence()
        different, self._told = shape != self._told, shape
        return News(tuple(moved), frozenset(before ^ after), different)

    def presence(self) -> dict[str, Any]:
        """Who is there: the sessions of this machine that are alive, and what each is at."""
        own = self.studio.project.session
        alive = [one for one, living in self._alive.items() if living]
        company = self.studio.company
        return {
            "paused": bool(self.studio.project.setting("paused", False)),
            "peers": company.here() if company is not None else [],
            "knocks": [shapes.knock(one) for one in self.studio.project.team.knocks()],
            "codes": [shapes.spoken(one) for one in company.spoken()] if company is not None else [],
            "sessions": [
                {
                    "id": one,
                    "here": one == own,
                    "state": "rendering" if one in self._notices else "idle",
                    "doing": _doing(self._notices.get(one)),
                }
                for one in sorted({*alive, own})
            ],
        }

    @property
    def alive(self) -> Mapping[SessionId, bool]:
        """Every session of this machine that was looked at, and whether it still runs."""
        return self._alive

    def working(self) -> list[Notice]:
        """What the sessions that work are at."""
        return list(self._notices.values())

    def progress(self, notice: Notice) -> dict[str, Any]:
        """How far a job is; `eta` is when it will be done, `eta_s` the seconds until then."""
        at = notice.doing
        return {
            "job": at.job,
            "asset": notice.asset,
            "asset_name": notice.name,
            **steps(self.studio, at.stage, at.step, at.steps, at.eta_s),
            "preview": notice.preview,
        }

    def _files(self) -> dict[SessionId, tuple[Path, int]]:
        """Each session's notice, with the time it was written."""
        found = {}
        folder = doing.folder(self.studio)
        for path in folder.glob("*.json") if folder.is_dir() else ():
            if (written := _written(path)) is not None:
                found[SessionId(path.stem)] = (path, written)
        return found

    def _fresh(self, session: SessionId, file: tuple[Path, int]) -> Notice | None:
        """The session's notice if it or its preview was written since the last look."""
        path, written = file
        picture = path.with_suffix(".webp")
        drawn = _written(picture)
        same = self._read.get(path) == written and self._read.get(picture) == drawn
        if same or (at := doing.read(path)) is None:
            return None
        if self._read.get(picture) != drawn:
            self._previews[session] = _data_uri(picture)
        self._read[path] = written
        if drawn is None:
            self._read.pop(picture, None)
        else:
            self._read[picture] = drawn
        row = self.studio.project.index.find_job(at.job)
        name = self.studio.project.index.find_asset(row.asset) if row is not None else None
        notice = Notice(
            at,
            row.asset if row is not None else None,
            name.name if name is not None else "",
            self._previews.get(session) or None,
        )
        self._notices[session] = notice
        return notice

    def _forget(self, session: SessionId) -> None:
        del self._notices[session]
        self._previews.pop(session, None)
        for path in [one for one in self._read if one.stem == session]:
            del self._read[path]


def steps(studio: Studio, stage: str, step: int, steps: int, eta_s: float | None) -> dict[str, Any]:
    """How far something is, as events say it."""
    eta = None
    if eta_s is not None:
        eta = (
            (studio.clock() + timedelta(seconds=eta_s))
            .isoformat(timespec="milliseconds")
            .replace("+00:00", "Z")
        )
    return {
        "stage": stage,
        "step": step,
        "steps": steps,
        "percent": round(100 * step / steps, 1) if steps else None,
        "eta": eta,
        "eta_s": None if eta_s is None else round(eta_s, 1),
    }


def _doing(notice: Notice | None) -> Mapping[str, Any] | None:
    if notice is None:
        return None
    return {
        "job": notice.doing.job,
        "asset": notice.asset,
        "asset_name": notice.name,
        "stage": notice.doing.stage,
    }


def _written(path: Path) -> int | None:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return None


def _data_uri(path: Path) -> str:
    """A WebP as a data URI; nothing when it is gone, or too large to be a preview."""
    try:
        data = path.read_bytes()
    except OSError:
        return ""
    return f"data:image/webp;base64,{base64.b64encode(data).decode()}" if len(data) <= LARGEST_PREVIEW else ""
