"""Where the stories of these tests play: devices with homes of their own, a clock that only ticks when asked."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sync import schema
from sync.project import Edit, Project, asset_document
from sync.records import Asset, AssetId, FactId, Kind, Renamed
from sync.schema import Step


@dataclass
class Ticks:
    """A clock that moves a millisecond each time it is read."""

    now: datetime = datetime(2026, 1, 31, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        """The time, a little later than before."""
        self.now += timedelta(milliseconds=1)
        return self.now


@dataclass
class Desk:
    """One device with its home and its folder of the project."""

    home: Path
    folder: Path
    clock: Ticks = field(default_factory=Ticks)
    busy: float = 5.0

    @classmethod
    def under(cls, root: Path, name: str = "desk") -> Desk:
        """A device called `name`, its files below `root`."""
        return cls(root / name / "home", root / name / "film")

    @property
    def private(self) -> Path:
        """The project's private folder."""
        return self.folder / ".restrike"

    @property
    def log(self) -> Path:
        """The log's file."""
        return self.private / "log.db"

    @property
    def index(self) -> Path:
        """The index's file."""
        return self.private / "index.db"

    def create(self, name: str = "Harbour") -> AbstractAsyncContextManager[Project]:
        """A new project here."""
        return Project.create(self.folder, name, home=self.home, clock=self.clock, busy=self.busy)

    def open(self, steps: Sequence[Step] = schema.STEPS) -> AbstractAsyncContextManager[Project]:
        """The project that is here."""
        return Project.open(self.folder, home=self.home, clock=self.clock, steps=steps, busy=self.busy)

    def join(self, export: Path) -> AbstractAsyncContextManager[Project]:
        """The project of an export, begun here."""
        return Project.join(export, self.folder, home=self.home, clock=self.clock, busy=self.busy)

    @asynccontextmanager
    async def started(self, *names: str) -> AsyncIterator[Project]:
        """A new project that has assets of these names."""
        async with self.create() as project:
            for name in names:
                add_asset(project, name)
            yield project


def add_asset(project: Project, name: str, kind: Kind = Kind.CHARACTER) -> AssetId:
    """Commit a new asset."""

    def build(edit: Edit) -> AssetId:
        asset = AssetId(edit.new_id())
        edit.add(
            asset_document(asset),
            Asset(id=asset, kind=kind, name=name, scene=None, author=edit.member, time=edit.now),
        )
        return asset

    return project.commit(build)


def rename(project: Project, asset: AssetId, name: str) -> None:
    """Commit a new name."""

    def build(edit: Edit) -> None:
        fact = FactId(edit.new_id())
        edit.add(asset_document(asset), Renamed(id=fact, name=name, author=edit.member, time=edit.now))

    project.commit(build)


def names(project: Project) -> list[str]:
    """The names of all assets."""
    return [row.name for row in project.index.assets(gone=None)]


def contents(project: Project) -> dict[tuple[str, str, str], str]:
    """Every fact of a project, as its documents say."""

    def read() -> dict[tuple[str, str, str], str]:
        found = {}
        for document in project.index.documents():
            for (collection, key), text in project._ledger.shelf.facts(document).items():
                found[(str(document), collection, key)] = text
        return found

    return project._again(read)
