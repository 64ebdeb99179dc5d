"""The check of everything stored."""

from __future__ import annotations

from pathlib import Path

from sync.verification import REBUILD, SALVAGE
from tests.sync.stage import Desk, rename


async def test_a_sound_project_has_nothing_to_say(tmp_path: Path) -> None:
    async with Desk.under(tmp_path).started("MARA", "NORA") as project:
        for n in range(80):
            rename(project, project.index.assets()[0].id, f"N{n}")
        assert project.verify() == []
        assert project.verify(rebuild=True) == []


async def test_an_index_that_says_something_else_is_found_and_mended(tmp_path: Path) -> None:
    async with Desk.under(tmp_path).started("MARA") as project:
        project._ledger.file.connection.execute("UPDATE facts SET text = replace(text, 'MARA', 'MALA')")
        assert [(one.what, one.fix) for one in project.verify()] == [("index", REBUILD)]
        assert project.verify(rebuild=True) == []


async def test_a_tampered_log_is_found(tmp_path: Path) -> None:
    desk = Desk.under(tmp_path)
    async with desk.started("MARA", "NORA") as project:
        connection = project._ledger.store.connection
        first, second = (
            row[0] for row in connection.execute("SELECT data FROM bundles ORDER BY position LIMIT 2")
        )
        connection.execute("UPDATE bundles SET data = ? WHERE position = 2", (first,))
        found = project.verify()
        assert {one.fix for one in found} == {SALVAGE}
        assert any("does not follow" in one.detail for one in found)
        connection.execute("UPDATE bundles SET data = ? WHERE position = 2", (second,))
        forged = bytearray(second)
        forged[10] ^= 1
        connection.execute("UPDATE bundles SET data = ? WHERE position = 2", (bytes(forged),))
        assert any("signature" in one.detail for one in project.verify())
    async with desk.open() as project:
        assert project.found
        assert len(project.index.assets()) == 2
