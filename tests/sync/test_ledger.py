"""Log and index in step."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.faults import Refused
from sync import database, schema
from sync.ledger import Ledger
from tests.sync.stage import Desk, add_asset, names


async def test_a_process_killed_between_log_and_index_is_caught_up_on(tmp_path: Path) -> None:
    desk = Desk.under(tmp_path)
    async with desk.started("MARA") as project:
        copy = desk.index.read_bytes()
        project._ledger.file.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        copy = desk.index.read_bytes()
        add_asset(project, "NORA")
    for one in desk.private.glob("index.db*"):
        one.unlink()
    desk.index.write_bytes(copy)  # as if the index had not been written any more
    async with desk.open() as project:
        assert project.found == ()
        assert names(project) == ["MARA", "NORA"]
        assert project.verify() == []


async def test_leaving_without_keeping_keeps_nothing(tmp_path: Path) -> None:
    async with Desk.under(tmp_path).started("MARA") as project:
        ledger = project._ledger
        with ledger.writing():
            ledger.store.set_schema(9)
        assert ledger.store.schema == 1
        assert not ledger.locked


async def test_only_one_writes_at_a_time(tmp_path: Path) -> None:
    desk = Desk.under(tmp_path)
    desk.busy = 0.05
    async with desk.started("MARA") as one, desk.open() as two:
        with one._ledger.writing(), pytest.raises(database.Busy, match="another process"):
            add_asset(two, "NORA")
        add_asset(two, "NORA")


async def test_a_project_of_a_newer_schema_is_refused_untouched(tmp_path: Path) -> None:
    desk = Desk.under(tmp_path)
    async with desk.started("MARA") as project:
        with project._ledger.store.writing():
            project._ledger.store.set_schema(99)
    before = desk.index.read_bytes()
    with pytest.raises(Refused, match="schema 99"):
        Ledger(desk.private, schema.STEPS)
    with pytest.raises(Refused):
        async with desk.open():
            pass
    assert desk.index.read_bytes() == before
