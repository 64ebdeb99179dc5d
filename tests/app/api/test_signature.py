"""A signed link opens exactly what was signed, as long as it was meant to."""

from __future__ import annotations

from urllib.parse import parse_qsl, unquote, urlsplit

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from app.api.signature import check, sign
from engine.faults import Refused

SECRET = b"s" * 32
NAMES = st.text(min_size=1, max_size=6).filter(lambda name: name not in ("expires", "signature"))
QUERIES = st.dictionaries(NAMES, st.text(max_size=6), max_size=3)
PATHS = st.text(max_size=12).map(lambda text: f"/api/v1/content/{text}")
EXPIRIES = st.integers(1, 10**12 - 1)


def parts(link: str) -> tuple[str, list[tuple[str, str]]]:
    """The path and the query of a link, as a server reads them."""
    split = urlsplit(f"http://host{link}")
    return unquote(split.path), parse_qsl(split.query, keep_blank_values=True)


@given(PATHS, QUERIES, EXPIRIES)
def test_a_link_opens_until_it_expires(path: str, query: dict[str, str], expires: int) -> None:
    found, pairs = parts(sign(SECRET, path, query, expires))
    assert found == path
    assert [one for one in pairs if one[0] not in ("expires", "signature")] == list(query.items())
    check(SECRET, found, pairs, expires - 1)
    check(SECRET, found, dict(pairs), expires - 0.5)
    check(SECRET, found, reversed(pairs), 0)
    for now in (expires, expires + 1.5):
        with pytest.raises(Refused, match="expired"):
            check(SECRET, found, pairs, now)


@given(PATHS, QUERIES, EXPIRIES, st.data())
def test_nothing_in_it_can_be_changed(
    path: str, query: dict[str, str], expires: int, data: st.DataObject
) -> None:
    path, pairs = parts(sign(SECRET, path, query, expires))
    said = [path, *(text for pair in pairs for text in pair)]
    which = data.draw(st.sampled_from([n for n, text in enumerate(said) if text]))
    at = data.draw(st.integers(0, len(said[which]) - 1))
    instead = data.draw(st.text(max_size=1))
    changed = said[which][:at] + instead + said[which][at + 1 :]
    assume(changed != said[which])
    said[which] = changed
    with pytest.raises(Refused):
        check(SECRET, said[0], list(zip(said[1::2], said[2::2], strict=True)), 0)


@given(PATHS, QUERIES, NAMES, st.text(max_size=3))
def test_nothing_can_be_added_or_left_out(path: str, query: dict[str, str], name: str, value: str) -> None:
    path, pairs = parts(sign(SECRET, path, query, 10))
    for added in ((name, value), ("expires", "99"), ("expires", "10"), pairs[-1]):
        with pytest.raises(Refused):
            check(SECRET, path, [*pairs, added], 0)
    for left_out in range(len(pairs)):
        with pytest.raises(Refused):
            check(SECRET, path, pairs[:left_out] + pairs[left_out + 1 :], 0)
    with pytest.raises(Refused):
        check(b"t" * 32, path, pairs, 0)


def test_an_expiry_nobody_could_have_meant_is_none() -> None:
    for odd in ("-1", "1e9", "", " 10", "٣"):
        path, pairs = "/x", [("expires", odd)]
        from app.api.signature import _signature

        with pytest.raises(Refused, match="expired"):
            check(SECRET, path, [*pairs, ("signature", _signature(SECRET, path, pairs))], 0)
    with pytest.raises(ValueError, match="expires"):
        sign(SECRET, "/x", {"expires": "9"}, 9)
