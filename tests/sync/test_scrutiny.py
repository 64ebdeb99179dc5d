"""What was found out about a bundle is not found out again, and is told alike."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.faults import Damaged
from sync import guard, identity, log
from sync.change import Header, header
from sync.records import DocumentId, LogId
from sync.scrutiny import Scrutiny
from tests.sync import corpus


def test_it_is_found_out_once(tmp_path: Path) -> None:
    raw = corpus.many(5)
    changes = [(DocumentId("asset/a"), raw)]
    bundle = log.sign(identity.load_or_create(tmp_path), LogId("ab" * 16), 2, bytes(32), changes, wall=1)
    scrutiny, asked = Scrutiny(), []

    def find() -> list[Header]:
        asked.append(1)
        return [header(raw)]

    read = scrutiny.read(bundle.encode())
    assert read == bundle
    assert scrutiny.read(bundle.encode()) is read
    assert scrutiny.headers(read, find) == scrutiny.headers(read, find) == [header(raw)]
    assert len(asked) == 1
    assert scrutiny.end(raw, header(raw)) == guard.end(raw, header(raw))
    scrutiny.forget()
    assert scrutiny.read(bundle.encode()) is not read
    scrutiny.headers(read, find)
    assert len(asked) == 2


def test_what_is_bad_stays_bad(tmp_path: Path) -> None:
    bundle = log.sign(identity.load_or_create(tmp_path), LogId("ab" * 16), 2, bytes(32), [], wall=1)
    scrutiny, asked = Scrutiny(), []

    def find() -> list[Header]:
        asked.append(1)
        raise Damaged("it is bad", "nothing to do")

    for _ in range(2):
        with pytest.raises(Damaged, match="bad"):
            scrutiny.headers(bundle, find)
    assert len(asked) == 1
