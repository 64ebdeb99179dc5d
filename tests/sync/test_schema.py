"""Families, genesis bytes and the places of facts."""

from __future__ import annotations

import hashlib

import pytest

from engine.faults import BadField, Damaged
from sync import records, schema
from sync.document import Document, first_change
from sync.records import AssetId, DocumentId, FactId, MemberId, Renamed, Setting, Time
from sync.schema import COLLECTIONS, GENESIS, Fact, Step

DIGESTS = {
    "asset": "827f2c8e7831bc1c5095da0ce9a6aa207cc272da099f54de4891e5b1d4beb7b2",
    "project": "dc4fdb8e55ec5b699308715a5e6e011f528e4ee23a83da5657fe3e4d1db1d890",
    "queue": "7b8781fdf6d77a152ecd5a11f3ba75d3638a5ccf5fb44640360892ea61d67ce6",
}
"""Of the genesis bytes of schema 1, for ever."""


@pytest.mark.parametrize("family", GENESIS)
def test_genesis_bytes_are_what_they_always_were(family: str) -> None:
    names = [one.name for one in COLLECTIONS if one.family == family]
    assert hashlib.sha256(GENESIS[family]).hexdigest() == DIGESTS[family]
    assert first_change(names, bytes(16)) == GENESIS[family]
    assert Document.load([GENESIS[family]], [], bytes(16)).collections == set(names)


def test_every_record_has_its_place() -> None:
    parts = {"Link", "Consumed", "AssetFacts", "JobFacts", "Kind", "Tier", "Grade"}
    found = {
        name
        for name, one in vars(records).items()
        if isinstance(one, type) and one.__module__ == records.__name__
    }
    assert {one.record.__name__ for one in COLLECTIONS} == found - parts


@pytest.mark.parametrize(
    ("document", "family", "log"),
    [("project", "project", "project"), ("asset/abc23", "asset", "project"), ("queue/12", "queue", "queue")],
)
def test_a_document_has_a_family_and_a_log(document: str, family: str, log: str) -> None:
    assert schema.family(DocumentId(document)) == family
    assert schema.log_kind(DocumentId(document)) == log


@pytest.mark.parametrize(
    "name", ["", "asset", "asset/", "asset/../x", "queue/x", "queue/", "queue/1/2", "other/1", "project/1"]
)
def test_other_names_are_no_documents(name: str) -> None:
    with pytest.raises(Damaged):
        schema.family(DocumentId(name))


def test_a_record_goes_into_its_own_family_alone() -> None:
    setting = Setting(id=FactId("s"), key="k", value=1, author=MemberId("m"), time=Time("t"))
    fact = schema.encode(schema.PROJECT_DOCUMENT, setting)
    assert (fact.collection, fact.key, schema.decode(fact)) == ("settings", "s", setting)
    with pytest.raises(BadField):
        schema.encode(schema.asset_document(AssetId("a")), setting)
    with pytest.raises(BadField):
        schema.encode(schema.PROJECT_DOCUMENT, "no record")


def test_a_fact_knows_what_it_is_about() -> None:
    assert Fact(DocumentId("asset/a1"), "renamed", "k", "{}").subject == "a1"
    assert Fact(DocumentId("queue/3"), "q", "job.0/session/low", "{}").subject == "job.0"
    assert Fact(schema.PROJECT_DOCUMENT, "settings", "k", "{}").subject == "project"


def test_an_unknown_collection_is_damage() -> None:
    with pytest.raises(Damaged):
        schema.decode(Fact(schema.PROJECT_DOCUMENT, "renamed", "k", "{}"))
    assert Renamed in schema.OF_RECORD


def test_a_step_adds_one_fixed_change() -> None:
    more = first_change(["tags"], (2).to_bytes(16, "big"), [GENESIS["asset"]])
    steps = (Step(2, {"asset": more}),)
    asset = DocumentId("asset/a")
    assert schema.version(()) == schema.VERSION
    assert schema.version(steps) == 2
    assert "tags" in Document.load(schema.genesis(asset, steps), [], bytes(16)).collections
    assert schema.genesis(schema.PROJECT_DOCUMENT, steps) == (GENESIS["project"],)
