"""`Project.version`: a number that only ever grows, and what it says of facts."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from sync.project import Project
from sync.records import AssetId
from tests.sync.films import Film, populate
from tests.sync.stage import Desk, add_asset, rename


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk.under(tmp_path)


async def test_it_grows_with_everything_that_is_added(desk: Desk) -> None:
    async with desk.create() as project:
        seen = [project.version]
        asset = add_asset(project, "MARA")
        seen.append(project.version)
        rename(project, asset, "NORA")
        seen.append(project.version)
        assert sorted(set(seen)) == seen
        project.commit(lambda edit: None)
        assert project.version == seen[-1]
    async with desk.open() as project:
        assert project.version == seen[-1]


async def test_everybody_on_a_device_counts_alike_and_what_others_send_counts(
    desk: Desk, tmp_path: Path
) -> None:
    async with desk.started("MARA") as one, desk.open() as two:
        before = two.version
        add_asset(one, "NORA")
        assert two.version == one.version > before
        one.export(tmp_path / "film.export")
    other = Desk.under(tmp_path, "other")
    async with other.join(tmp_path / "film.export") as joined:
        assert joined.version > 0
        assert sorted(joined.index.changed_since(0)) == sorted(row.id for row in joined.index.assets())


async def test_what_changed_since_and_what_was_edited_last(desk: Desk) -> None:
    async with desk.create() as project:
        film = Film.seeded()
        project.commit(lambda edit: populate(edit, film, ["A", "B"], jobs=False))
        a, b = (row.id for row in project.index.assets())
        start = project.version
        assert set(project.index.changed_since(0)) == {a, b}
        assert project.index.changed_since(start) == []
        rename(project, b, "C")
        renamed = project.version
        assert project.index.changed_since(start) == [b]
        assert (project.index.last_edit(a), project.index.last_edit(b)) == (start, renamed)
        take = project.asset(a).takes[0]
        project.commit(lambda edit: film.approve(edit, a, take))
        assert project.index.changed_since(renamed) == [a]
        assert project.index.last_edit(a) == start
        assert project.index.last_edit(AssetId("nobody")) == 0


async def test_an_index_that_is_built_anew_dates_nothing_back(desk: Desk) -> None:
    async with desk.create() as project:
        project.commit(lambda edit: populate(edit, Film.seeded(), ["A", "B", "C"]))
        for row in project.index.assets():
            rename(project, row.id, f"{row.name}2")
        before = positions(project)
        version = project.version
        project.verify(rebuild=True)
        assert project.version == version
        after = positions(project)
        assert all(version >= after[fact] >= position for fact, position in before.items())
        assert after.keys() == before.keys()


def positions(project: Project) -> dict[tuple[str, str, str], int]:
    rows = project._ledger.file.connection.execute("SELECT subject, collection, key, position FROM facts")
    return {(subject, collection, key): position for subject, collection, key, position in rows}


@pytest.mark.parametrize("broken", ["log.db", "both", "tail", "twice"])
async def test_it_never_goes_down_when_a_damaged_log_is_salvaged(desk: Desk, broken: str) -> None:
    async with desk.started("MARA", "NORA") as project:
        asset = project.index.assets()[0].id
        early = desk.private / "early.db"
        shutil.copy(desk.log, early)
        for n in range(20):
            rename(project, asset, f"MARA{n}")
        version = project.version
    for _ in range(2 if broken == "twice" else 1):
        if broken == "tail":  # an old log was put back: the index has seen more
            desk.log.write_bytes(early.read_bytes())
        else:
            damage(desk.log)
        if broken == "both":
            damage(desk.index)
        async with desk.open() as project:
            assert project.found
            assert project.version > version
            rename(project, asset, "LAST")
            assert project.index.last_edit(asset) == project.version > version
            version = project.version
    async with desk.open() as project:
        assert project.found == ()
        assert project.version == version


def damage(path: Path) -> None:
    """Make the file's last two thirds unreadable."""
    data = bytearray(path.read_bytes())
    third = len(data) // 3
    data[third:] = b"\xff" * (len(data) - third)
    path.write_bytes(bytes(data))


async def test_a_poll_where_nothing_happened_looks_no_further(desk: Desk) -> None:
    async with desk.started("MARA") as one, desk.open() as two:
        assert one.poll() is None
        asked: list[str] = []
        one._ledger.file.connection.set_trace_callback(asked.append)
        assert one.poll() is None
        assert asked == ["PRAGMA data_version"]
        one._ledger.file.connection.set_trace_callback(None)
        add_asset(two, "NORA")
        assert one.poll() is not None
        rename(one, one.index.assets()[0].id, "OLGA")
        assert one.poll() is None


async def test_a_poll_notices_that_the_index_was_thrown_away(desk: Desk) -> None:
    async with desk.started("MARA") as one, desk.open() as two:
        assert one.poll() is None
        two.verify(rebuild=True)
        add_asset(two, "NORA")
        found = one.poll()
        assert found is not None
        assert len(one.index.assets()) == 2
        assert one.version == two.version
