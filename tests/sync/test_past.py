"""A document's past grows with it, and is read anew where the log has become another."""

from __future__ import annotations

from pathlib import Path

from sync.change import header
from sync.past import Past
from sync.project import asset_document
from tests.sync import corpus
from tests.sync.stage import Desk, add_asset, rename


def test_it_counts_actors_and_operations() -> None:
    past = Past(corpus.GENESIS)
    start = past.ends[corpus.HEAD]
    past.add(1, 0, corpus.many(5))
    assert past.seqs == {corpus.ACTOR: 1}
    assert past.ends[header(corpus.many(5)).hash] == start + 5
    assert past.last == (1, 0, header(corpus.many(5)).hash)
    assert past.size == len(corpus.many(5))


async def test_the_shelf_reads_only_what_is_new(tmp_path: Path) -> None:
    desk = Desk.under(tmp_path)
    async with desk.create() as project:
        asset = add_asset(project, "MARA")
        place = asset_document(asset)
        shelf = project._ledger.shelf
        first = shelf.past(place)
        assert len(first.changes) == 1
        rename(project, asset, "NORA")
        assert shelf.past(place) is first
        assert first.changes == shelf.changes(place)
        first.last = (1, 7, bytes(32))
        again = shelf.past(place)
        assert again is not first
        assert again.changes == first.changes
        assert again.ends.keys() == project._ledger.file.known_changes(place)
