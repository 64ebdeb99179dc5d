"""Damaged files: what can be read is kept, the rest is written again or named, and no start fails for ever."""

from __future__ import annotations

import random
import shutil
import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest

from engine.faults import Damaged, Refused
from sync import salvage
from sync.project import Project
from tests.sync.films import Film, populate
from tests.sync.stage import Desk, add_asset, contents, names, rename

FACTS = 40
Contents = dict[tuple[str, str, str], str]


@pytest.fixture(scope="module")
async def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Contents]:
    """A project of some pages, and what it holds."""
    root = tmp_path_factory.mktemp("made")
    desk = Desk.under(root)
    async with desk.started("MARA") as project:
        mara = project.index.assets()[0].id
        for n in range(FACTS):
            rename(project, mara, f"MARA{n}")
        project.commit(lambda edit: populate(edit, Film.seeded(), ["A", "B", "C"]))
        for n in range(FACTS):
            rename(project, mara, f"NORA{n}")
        found = contents(project)
    assert not desk.log.with_name("log.db-wal").exists()
    return root, found


@pytest.fixture
def desk(made: tuple[Path, Contents], tmp_path: Path) -> Desk:
    """A copy of it to break."""
    shutil.copytree(made[0], tmp_path, dirs_exist_ok=True)
    found = Desk.under(tmp_path)
    found.clock.now += timedelta(hours=1)
    return found


@pytest.fixture
def kept(made: tuple[Path, Contents]) -> Contents:
    """What the copy holds."""
    return made[1]


async def check(desk: Desk, kept: Contents) -> Project:
    """Open twice: everything is there, can be added to, and the second opening has nothing to say."""
    async with desk.open() as project:
        assert kept.items() <= contents(project).items()
        add_asset(project, "LATER")
    async with desk.open() as project:
        assert project.found == ()
        assert kept.items() <= contents(project).items()
        assert "LATER" in names(project)
        wrong = [one for one in project.verify() if one.what not in ("log", "index", "bundle", "waiting")]
        assert wrong == []
    return project


@pytest.mark.parametrize("which", ["log.db", "index.db"])
@pytest.mark.parametrize("seed", range(6))
async def test_flipped_bytes_lose_nothing(desk: Desk, kept: Contents, which: str, seed: int) -> None:
    path = desk.private / which
    data = bytearray(path.read_bytes())
    draw = random.Random(seed)
    for _ in range(3):
        start = draw.randrange(len(data))
        for at in range(start, min(len(data), start + draw.choice([1, 16, 4096]))):
            data[at] ^= draw.randrange(1, 256)
    path.write_bytes(bytes(data))
    await check(desk, kept)


@pytest.mark.parametrize("which", ["log.db", "index.db"])
@pytest.mark.parametrize("page", range(1, 12, 2))
async def test_a_page_of_noise_loses_nothing(desk: Desk, kept: Contents, which: str, page: int) -> None:
    path = desk.private / which
    data = bytearray(path.read_bytes())
    size = 4096 if which == "log.db" else 8192
    at = min(page - 1, len(data) // size - 1) * size
    data[at : at + size] = random.Random(page).randbytes(size)
    path.write_bytes(bytes(data))
    await check(desk, kept)


@pytest.mark.parametrize("which", ["log.db", "index.db"])
@pytest.mark.parametrize("share", [0.0, 0.01, 0.3, 0.7, 0.99])
async def test_a_truncated_file_loses_nothing(desk: Desk, kept: Contents, which: str, share: float) -> None:
    path = desk.private / which
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    await check(desk, kept)


async def test_a_missing_log_comes_back_from_the_index(desk: Desk, kept: Contents) -> None:
    desk.log.unlink()
    async with desk.open() as project:
        assert any("written again" in one.detail for one in project.found)
        assert contents(project).items() >= kept.items()
        assert [one.detail for one in project.verify()] == [one.detail for one in project.found]
        logs = project.have()
    assert len(logs) == 2
    await check(desk, kept)


async def test_without_its_wal_the_log_gets_back_what_the_index_knows(tmp_path: Path) -> None:
    desk, copy = Desk.under(tmp_path), Desk(tmp_path / "desk" / "home", tmp_path / "copy")
    async with desk.started("MARA") as project:
        for n in range(10):
            add_asset(project, f"A{n}")
        assert desk.log.with_name("log.db-wal").stat().st_size > 0
        shutil.copytree(desk.folder, copy.folder)  # as a crash leaves it
        kept = contents(project)
    copy.log.with_name("log.db-wal").unlink()
    copy.log.with_name("log.db-shm").unlink()
    await check(copy, kept)


async def test_a_damaged_log_that_can_be_read_back_is_not_written_again(desk: Desk, kept: Contents) -> None:
    (desk.private / "suspect").touch()
    connection = sqlite3.connect(desk.log)
    connection.execute(
        "UPDATE bundles SET data = substr(data, 1, 80) WHERE position = (SELECT max(position) FROM bundles)"
    )
    connection.commit()
    connection.close()
    async with desk.open() as project:
        assert project.found[0].what == "log"
        assert any("1 facts" in one.detail for one in project.found)
        assert not (desk.private / "suspect").exists()
        assert contents(project) == kept
    aside = sorted(one.name for one in (desk.private / "quarantine").iterdir())
    assert any(name.startswith("log-") for name in aside)


async def test_damage_that_shows_only_in_use_is_salvaged_on_the_spot(desk: Desk, kept: Contents) -> None:
    connection = sqlite3.connect(desk.log)
    connection.execute("UPDATE blocks SET data = zeroblob(300)")
    connection.commit()
    connection.close()
    async with desk.open() as project:
        assert project.found == ()
        mara = project.index.find_asset(f"NORA{FACTS - 1}")
        assert mara is not None
        rename(project, mara.id, "MORE")
        assert project.found
        assert "MORE" in names(project)
    await check(desk, kept)


async def test_a_salvage_that_was_interrupted_is_taken_up_again(desk: Desk, kept: Contents) -> None:
    data = bytearray(desk.log.read_bytes())
    data[4096:20000] = bytes(20000 - 4096)
    desk.log.write_bytes(bytes(data))
    rescued = salvage.open_ledger(desk.private, (), "2026-02-01T00:00:00.000Z", busy=1.0)  # type: ignore[arg-type]
    rescued.ledger.close()  # killed here: nothing was written again yet
    assert rescued.lost
    assert salvage.pending(desk.private)
    await check(desk, kept)
    assert not salvage.pending(desk.private)


async def test_an_older_copy_of_the_folder_goes_on_in_a_fresh_log(tmp_path: Path) -> None:
    desk = Desk.under(tmp_path)
    async with desk.started("MARA"):
        pass
    backup = tmp_path / "backup"
    shutil.copytree(desk.folder, backup)
    async with desk.open() as project:
        add_asset(project, "NORA")
        project.export(tmp_path / "x")
    shutil.rmtree(desk.folder)
    shutil.copytree(backup, desk.folder)
    async with desk.open() as project:
        add_asset(project, "OLGA")
        assert len(project.have()) == 2
        merged = project.merge(tmp_path / "x")
        assert merged.faults == ()
        assert names(project) == ["MARA", "NORA", "OLGA"]
        assert project.verify() == []


async def test_when_nothing_can_be_read_it_says_so_every_time(desk: Desk) -> None:
    desk.log.write_bytes(b"x" * 9000)
    desk.index.write_bytes(b"y" * 9000)
    for _ in range(2):
        with pytest.raises(Damaged, match="neither"):
            async with desk.open():
                pass
    assert len(list((desk.private / "quarantine").iterdir())) == 2


async def test_a_device_that_may_not_write_keeps_what_it_can_read(tmp_path: Path) -> None:
    desk = Desk.under(tmp_path)
    async with desk.started("MARA") as project:
        project.export(tmp_path / "x")
    other = Desk.under(tmp_path, "other")
    async with other.join(tmp_path / "x"):
        pass
    other.index.write_bytes(b"junk" * 5000)
    async with other.open() as project:
        assert names(project) == ["MARA"]
        with pytest.raises(Refused):
            add_asset(project, "NORA")
