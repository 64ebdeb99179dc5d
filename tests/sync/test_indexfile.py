"""The index as a file that follows the log."""

from __future__ import annotations

from pathlib import Path

from sync import database, schema
from sync.change import header
from sync.indexfile import IndexFile
from sync.records import DocumentId
from tests.sync.stage import Desk, add_asset, names


async def test_an_index_of_another_epoch_is_built_anew(tmp_path: Path) -> None:
    desk = Desk.under(tmp_path)
    async with desk.started("MARA") as project:
        project._ledger.file.connection.execute("UPDATE meta SET value = '0.0' WHERE key = 'epoch'")
        before = project._ledger.file.generation
    async with desk.open() as project:
        assert project._ledger.file.generation != before
        assert names(project) == ["MARA"]
        assert project.found == ()


def test_an_empty_index_knows_the_beginning_of_every_document(tmp_path: Path) -> None:
    file = IndexFile(tmp_path, schema.STEPS)
    document = DocumentId("asset/a")
    first = header(schema.GENESIS["asset"]).hash
    assert (file.position, file.seq, file.tails(), file.touches(document)) == (0, 0, {}, [])
    assert file.heads(document) == (first,)
    assert file.known_changes(document) == {first}
    assert file.snapshot(document) is None
    with file.writing():
        file.keep_snapshot(document, 3, b"data")
    assert file.snapshot(document) == (3, b"data")
    file.close()


async def test_it_notes_what_each_bundle_touches(tmp_path: Path) -> None:
    async with Desk.under(tmp_path).started("MARA") as project:
        file = project._ledger.file
        asset = project.index.assets()[0].id
        document = schema.asset_document(asset)
        assert file.position == project._ledger.store.position
        assert len(file.touches(document)) == 1
        assert len(file.known_changes(document)) == 2
        assert file.tails() == {one.id: (one.last, one.hash) for one in project._ledger.store.logs().values()}
        fact = file.facts_of(asset)[0]
        assert file.text(fact) == fact.text
        before = file.seq
        add_asset(project, "NORA")
        assert [one.collection for one in file.facts_after(before)] == ["asset"]


async def test_junk_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "index.db").write_bytes(b"junk" * 3000)
    file = IndexFile(tmp_path, schema.STEPS)
    assert file.position == 0
    assert not file.replaced()
    file.path.unlink()
    assert file.replaced()
    file.close()
    assert issubclass(database.Broken, Exception)
