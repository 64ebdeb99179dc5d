"""Live documents, loaded when needed."""

from __future__ import annotations

from pathlib import Path

import pytest

from sync import database, shelf
from sync.project import asset_document
from tests.sync.stage import Desk, add_asset, rename

ACTOR = bytes(range(16))


async def test_a_large_document_is_loaded_from_a_snapshot_and_what_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shelf, "SNAPSHOT_AFTER", 10)
    async with Desk.under(tmp_path).started("MARA") as project:
        asset = project.index.assets()[0].id
        document = asset_document(asset)
        for n in range(25):
            rename(project, asset, f"N{n}")
        ledger = project._ledger
        kept = ledger.file.snapshot(document)
        assert kept is not None
        assert kept[0] > 10
        whole = sorted(ledger.shelf.facts(document))
        ledger.file.connection.execute("DELETE FROM snapshots")
        assert sorted(ledger.shelf.facts(document)) == whole
        assert len(whole) == 26
        ledger.file.connection.execute(
            "INSERT INTO snapshots SELECT number, ?, ? FROM documents", (kept[0], b"junk")
        )
        assert sorted(ledger.shelf.facts(document)) == whole
        assert project.verify() == []


async def test_a_bounded_number_is_kept_and_stale_ones_are_loaded_again(tmp_path: Path) -> None:
    desk = Desk.under(tmp_path)
    async with desk.create() as one, desk.open() as two:
        for n in range(shelf.MOST_DOCUMENTS + 10):
            add_asset(one, f"A{n}")
        assert len(one._ledger.shelf._documents) <= shelf.MOST_DOCUMENTS
        asset = one.index.assets()[-1].id
        live = one._ledger.shelf.get(asset_document(asset), ACTOR)
        rename(two, asset, "other")
        assert one._ledger.shelf.get(asset_document(asset), ACTOR) is not live
        one._ledger.shelf.clear()
        rename(one, asset, "mine")
        two.poll()
        assert one.index.heads() == two.index.heads()


async def test_an_index_that_names_other_heads_is_broken(tmp_path: Path) -> None:
    async with Desk.under(tmp_path).started("MARA") as project:
        asset = project.index.assets()[0].id
        project._ledger.file.connection.execute("UPDATE documents SET heads = zeroblob(32)")
        with pytest.raises(database.Broken):
            project._ledger.shelf.facts(asset_document(asset))
        rename(project, asset, "again")  # builds the index anew and goes on
        assert project.verify() == []
