"""Rows that follow from facts: the same whether they came one by one or all at once."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterable
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from sync import derive, schema
from sync.records import AssetId
from sync.schema import Fact
from sync.tables import TABLES
from tests.sync.films import Film, populate
from tests.sync.stage import Desk

DERIVED = ("assets", "parameters", "links", "versions", "takes", "jobs", "nodes")
COLLECTED: list[Fact] = []


async def test_collect_the_facts_of_a_film(tmp_path: Path) -> None:
    async with Desk.under(tmp_path).create() as project:
        project.commit(lambda edit: populate(edit, Film.seeded(), ["A", "B", "C"]))
        COLLECTED[:] = [
            fact for row in project.index.assets() for fact in project._ledger.file.facts_of(row.id)
        ]
        COLLECTED.extend(
            fact for row in project.index.jobs() for fact in project._ledger.file.facts_of(row.id)
        )
    assert len(COLLECTED) == 84
    assert tables([COLLECTED]) == tables([[one] for one in COLLECTED])


def tables(portions: Iterable[list[Fact]]) -> dict[str, list[tuple[object, ...]]]:
    """What the derived tables hold after facts came in portions; row numbers apart."""
    connection = sqlite3.connect(":memory:")
    connection.executescript(TABLES)
    for portion in portions:
        at = {one.document: 1 for one in portion}
        derive.derive(connection, derive.add_facts(connection, portion, at))
    found = {}
    for name in DERIVED:
        rows = connection.execute(f"SELECT * FROM {name}").fetchall()
        found[name] = sorted((row[1:] if isinstance(row[0], int) else row for row in rows), key=repr)
    connection.close()
    return found


@given(seed=st.integers(0, 2**32), size=st.integers(1, 40))
def test_order_and_portions_do_not_matter(seed: int, size: int) -> None:
    some = COLLECTED[:28] + COLLECTED[-6:]
    shuffled = [*some, *some[:5]]
    random.Random(seed).shuffle(shuffled)
    assert tables(shuffled[at : at + size] for at in range(0, len(shuffled), size)) == tables([some])


def test_facts_about_an_asset_that_is_not_here_yet_wait() -> None:
    lone = [fact for fact in COLLECTED if fact.collection == "versions"][:1]
    assert tables([lone])["assets"] == []
    assert derive.asset_facts(lone) is None


def test_an_asset_lies_in_its_own_document_alone() -> None:
    fact = next(fact for fact in COLLECTED if fact.collection == "asset")
    moved = Fact(schema.asset_document(AssetId("other")), fact.collection, fact.key, fact.text)
    assert tables([[moved]])["assets"] == []
