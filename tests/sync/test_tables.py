"""The tables of the index."""

from __future__ import annotations

import sqlite3

from sync.tables import EPOCH, TABLES


def test_the_tables_can_be_made_and_hold_a_heads_sum_apart() -> None:
    connection = sqlite3.connect(":memory:")
    connection.executescript(TABLES)
    found = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    assert {"meta", "tails", "documents", "touched", "facts", "assets", "takes", "jobs", "links"} <= found
    assert EPOCH >= 1
    connection.close()
