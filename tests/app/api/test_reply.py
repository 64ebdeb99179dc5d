"""Answers: no paths, sparse fields, tags."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from app.api.reply import dumped, pathless, reply, sparse, tag
from app.commands.table import Outcome
from engine.faults import BadField

TREES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.text(max_size=8)
    | st.just(Path("/home/mara/film/a.png")),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
)


def asked(method: str = "GET", **headers: str) -> Request:
    """A request with these headers."""
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "method": method, "path": "/", "query_string": b"", "headers": raw})


@given(TREES)
def test_no_answer_holds_a_path(tree: object) -> None:
    said = dumped(pathless({"value": tree, "message": "Written to /home/mara/film/a.png."}))
    if isinstance(tree, Path):
        assert said == b'{"message":"Written to a.png."}'
    assert b"Path" not in said


def test_a_sentence_keeps_the_last_part_of_a_path() -> None:
    value = {"file": Path("/a/b.png"), "folder": Path("/a"), "message": "b is in /a/b.png, in /a."}
    assert pathless(value) == {"message": "b is in b.png, in a."}


def test_sparse_fields_name_keys_of_things_or_of_the_thing() -> None:
    many = {"assets": [{"id": "1", "name": "A", "x": 1}, {"id": "2", "name": "B"}], "total": 2}
    assert sparse(many, "id", "assets") == {"assets": [{"id": "1"}, {"id": "2"}], "total": 2}
    assert sparse({"id": "1", "name": "A"}, "name") == {"name": "A"}
    assert sparse(many, None) == many
    assert sparse({"assets": [], "total": 0}, "id", "assets") == {"assets": [], "total": 0}
    with pytest.raises(BadField, match="fields"):
        sparse(many, "id,nam", "assets")


def test_what_the_caller_has_is_not_sent_again() -> None:
    first = reply(asked(), {"a": 1})
    assert first.status_code == 200
    again = reply(asked(if_none_match=first.headers["etag"]), {"a": 1})
    assert (again.status_code, again.body) == (304, b"")
    assert reply(asked(if_none_match=first.headers["etag"]), {"a": 2}).status_code == 200
    assert "etag" not in reply(asked("POST"), {"a": 1}).headers


def test_an_outcome_says_its_exit_status() -> None:
    assert reply(asked(), Outcome({}, 1)).headers["restrike-exit-status"] == "1"


def test_tags_tell_their_parts_apart() -> None:
    assert tag("a", "b") != tag("ab", "") != tag("", "ab")
