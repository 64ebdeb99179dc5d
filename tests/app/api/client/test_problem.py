"""Problems: from the details of RFC 9457, and from whatever else comes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.api.client.problem import Ended, Problem, Unreachable, of_details

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(["detail", "status", "code", "hint", "state", "title"]), JSON) | JSON)
def test_any_answer_is_a_problem_with_a_sentence_and_an_exit_status(details: object) -> None:
    problem = of_details(details, 409, {"retry-after": "soon"})
    assert problem.message
    assert problem.exit_status in (1, 2, 3, 4, 5)
    assert problem.retry_after is None


@pytest.mark.parametrize(("status", "code"), [(404, "foreign"), (500, "failed")])
def test_no_details(status: int, code: str) -> None:
    problem = of_details(b"<html>", status)
    assert (problem.code, problem.status) == (code, status)


def test_what_a_person_reads() -> None:
    assert str(Problem("it failed", "try again")) == "it failed (try again)"
    assert Unreachable("refused").code == "unreachable"
    assert Ended("gone").exit_status == 1
