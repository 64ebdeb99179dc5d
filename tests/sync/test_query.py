"""The language of `--where`, asked of a real table."""

from __future__ import annotations

import re
import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.faults import BadField
from sync import query
from sync.tables import TABLES

ROWS = [
    {
        "id": "1",
        "name_key": "mara",
        "kind": "character",
        "prompt_key": "a red-haired sailor",
        "steps": 20,
        "takes": 2,
    },
    {
        "id": "2",
        "name_key": "pier",
        "kind": "shot",
        "scene_key": "sc-01",
        "prompt_key": 'a pier "at" dusk',
        "stale": 1,
    },
    {
        "id": "3",
        "name_key": "wide",
        "kind": "shot",
        "scene_key": "sc-02",
        "forked": 1,
        "steps": 30,
        "guidance": 7.5,
    },
]


@pytest.fixture(scope="module")
def table() -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:")
    connection.executescript(TABLES)
    for row in ROWS:
        full = {
            "name": row["name_key"],
            "scene_key": "",
            "gone": 0,
            "forked": 0,
            "stale": 0,
            "versions": 1,
            "takes": 0,
            "time": "2026-01-31T12:00:00.000Z",
            "prompt_key": "",
            "negative_key": "",
            "words": "",
            "changed": 0,
            "edited": 0,
            **row,
        }
        marks = ", ".join("?" * len(full))
        connection.execute(f"INSERT INTO assets({', '.join(full)}) VALUES({marks})", tuple(full.values()))
    return connection


def ids(table: sqlite3.Connection, where: str) -> str:
    condition = query.parse(where)
    rows = table.execute(f"SELECT id FROM assets a WHERE {condition.sql} ORDER BY id", condition.values)
    return "".join(one for (one,) in rows)


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ("kind = shot", "23"),
        ("kind=SHOT", "23"),
        ("kind != shot", "1"),
        ("not kind = shot", "1"),
        ("stale", "2"),
        ("not stale", "13"),
        ("stale = yes or forked = true", "23"),
        ("stale = no", "13"),
        ("scene = SC-01", "2"),
        ("steps >= 20", "13"),
        ("steps > 20", "3"),
        ("steps < 20", "2"),
        ("steps <= 20", "12"),
        ("steps = 30", "3"),
        ("guidance = 7.5", "3"),
        ("prompt ~ RED", "1"),
        ('prompt ~ "a red"', "1"),
        ("prompt ~ 'red-haired sailor'", "1"),
        (r'prompt ~ "\"at\""', "2"),
        ("kind = shot and (scene = SC-01 or steps = 30)", "23"),
        ("kind = shot and scene = SC-01 or steps = 20", "12"),
        ("not not stale", "2"),
        ("NOT stale AND takes = 2", "1"),
        ("approved", ""),
        ("time >= 2026-01-01", "123"),
        ("scene = ''", "1"),
        ("name > n", "23"),
        ("version = 0", "123"),
    ],
)
def test_conditions_choose(table: sqlite3.Connection, where: str, found: str) -> None:
    assert ids(table, where) == found


@pytest.mark.parametrize(
    ("where", "column"),
    [
        ("", 1),
        ("kindd = shot", 1),
        ("kind shot", 6),
        ("kind =", 7),
        ("steps = many", 9),
        ("steps ~ 2", 7),
        ("kind = shot scene", 13),
        ("(kind = shot", 13),
        ("kind = shot)", 12),
        ("stale = maybe", 9),
        ("and", 1),
        ("kind = shot and", 16),
        ('name = "open', 8),
        ("stale ~ yes", 9),
        ("kind = (shot)", 8),
        ("not", 4),
        ("steps = nan", 9),
        ("steps = 1e99", 9),
    ],
)
def test_mistakes_are_pointed_at(where: str, column: int) -> None:
    with pytest.raises(BadField) as caught:
        query.parse(where)
    assert f"column {column}," in caught.value.allowed


def test_it_has_limits() -> None:
    with pytest.raises(BadField):
        query.parse("(" * 200 + "stale" + ")" * 200)
    with pytest.raises(BadField):
        query.parse("not " * 900 + "stale")
    with pytest.raises(BadField):
        query.parse("name = " + "x" * 5000)


def test_every_field_can_be_asked_for(table: sqlite3.Connection) -> None:
    for name, column in query.FIELDS.items():
        ids(table, name if column.type == "truth" else f"{name} = 1")


@given(st.text(st.characters(codec="utf-8"), max_size=60))
def test_no_text_gets_into_the_sql(text: str) -> None:
    try:
        condition = query.parse(text)
    except BadField:
        return
    assert re.fullmatch(r"[a-z_.()=<>!?~ ',A-Z0]+", condition.sql)


@given(st.text(st.characters(codec="utf-8", exclude_characters='"\\'), max_size=40))
def test_any_value_can_be_quoted(text: str) -> None:
    assert query.parse(f'name = "{text}"').values == (text.casefold(),)
