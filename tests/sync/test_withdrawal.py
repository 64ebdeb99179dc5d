"""What was believed and is taken back: beyond a removal, without the role, or signed twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from sync import exchange, identity, schema
from sync.document import Document
from sync.log import Bundle
from sync.membership import Entry
from sync.project import Project, asset_document
from sync.records import AssetId, Time
from tests.sync.stage import Desk, add_asset, contents, names, rename
from tests.sync.test_arrivals import HERE, Author

NOW = Time("2026-01-01T00:00:00.000Z")


@pytest.fixture
def desks(tmp_path: Path) -> list[Desk]:
    return [Desk.under(tmp_path, name) for name in ("ada", "ben", "cyd")]


def give(to: Project, *bundles: Bundle, entries: tuple[Entry, ...] = ()) -> None:
    exchange.deliver(to._ledger, entries, [one.encode() for one in bundles], NOW)
    to._heard()


def both(one: Project, two: Project, file: Path) -> None:
    """Each gets everything that the other has."""
    for here, there in ((one, two), (two, one), (one, two)):
        here.export(file)
        there.merge(file)


def same(one: Project, two: Project) -> bool:
    return contents(one) == contents(two) and one.index.heads() == two.index.heads()


async def begun(desks: list[Desk], file: Path) -> None:
    keys = [identity.load_or_create(one.home, name=one.home.parent.name).public for one in desks[1:]]
    async with desks[0].started("MARA") as project:
        for key, name in zip(keys, ("ben", "cyd"), strict=True):
            project.admit(key, role="artist", name=name)
        project.export(file)
    for one in desks[1:]:
        async with one.join(file):
            pass


async def test_back_dated_work_waits_with_all_that_stands_on_it_until_it_is_adopted(
    desks: list[Desk], tmp_path: Path
) -> None:
    file = tmp_path / "x"
    await begun(desks, file)
    async with desks[0].open() as ada, desks[1].open() as ben, desks[2].open() as cyd:
        asset = add_asset(ben, "SEEN")
        both(ada, ben, file)
        rename(ben, asset, "UNSEEN")  # ada has not seen this, cyd has, and builds on it
        both(ben, cyd, file)
        rename(cyd, asset, "BUILT ON IT")
        add_asset(cyd, "BY THE WAY")
        ada.team.revoke(ada.team.revocation("ben"))
        before = cyd.version
        both(ada, cyd, file)
        assert names(ada) == names(cyd) == ["MARA", "SEEN"]
        assert same(ada, cyd)
        assert cyd.version >= before
        assert [(one.count, one.device == ben.device.public) for one in cyd.team.withheld()] == [(1, True)]
        assert "withheld" in {one.what for one in ada.verify()}
        add_asset(cyd, "LATER")  # goes on in a log that waits for nothing
        both(ada, cyd, file)
        assert names(ada) == names(cyd) == ["LATER", "MARA", "SEEN"]
        assert ada.team.adopt(ada.team.withheld()) == 3
        both(ada, cyd, file)
        assert names(ada) == names(cyd)
        assert {"BY THE WAY", "LATER", "MARA"} < set(names(ada))
        assert len(cyd.asset(asset).renamed) == 2
        assert same(ada, cyd)
        assert ada.verify() == cyd.verify() == []
    async with desks[2].open() as cyd:
        assert cyd.found == ()
        assert len(cyd.asset(asset).renamed) == 2


async def test_a_worker_writes_what_rendering_needs_and_nothing_else(
    desks: list[Desk], tmp_path: Path
) -> None:
    async with desks[0].started("MARA") as ada:
        device = identity.load_or_create(tmp_path / "worker")
        ada.admit(device.public, role="worker", name="render node")
        worker = Author(device, ada.id)
        live = Document.load(schema.genesis(HERE), [], worker.actor)
        take, approval = (live.put([(name, "k", "{}")]) for name in ("takes", "approved"))
        good = worker.bundle((HERE, take))
        give(ada, good, worker.bundle((HERE, approval), after=[good]))
        assert [one[1] for one in contents(ada) if one[0] == HERE] == ["takes"]
        assert any("may write that" in one.detail for one in ada.verify())


async def test_what_a_lowered_member_wrote_before_stays_and_later_work_waits(
    desks: list[Desk], tmp_path: Path
) -> None:
    file = tmp_path / "x"
    await begun(desks, file)
    async with desks[0].open() as ada, desks[1].open() as ben, desks[2].open() as cyd:
        add_asset(ben, "SEEN")
        both(ada, ben, file)
        add_asset(ben, "UNSEEN")
        both(ben, cyd, file)
        member = ada.members.devices[ben.device.public]
        ada.team.set_role(member, "viewer")
        both(ada, cyd, file)
        assert names(ada) == names(cyd) == ["MARA", "SEEN"]
        ada.team.set_role(member, "artist")
        both(ada, cyd, file)
        assert names(ada) == names(cyd) == ["MARA", "SEEN", "UNSEEN"]
        assert same(ada, cyd)


@pytest.mark.parametrize("first", [0, 1])
async def test_a_log_with_two_bundles_of_one_number_ends_alike_for_all(
    desks: list[Desk], tmp_path: Path, first: int
) -> None:
    file = tmp_path / "x"
    await begun(desks, file)
    async with desks[0].open() as ada, desks[1].open() as ben:
        device = identity.load_or_create(desks[2].home)
        cyd = Author(device, ada.id)
        one, other = cyd.bundle(cyd.put("1")[0]), cyd.bundle(cyd.put("2")[0])
        after = {each.hash: cyd.bundle(after=[each]) for each in (one, other)}
        twins = [one, other]
        give(ada, twins[first], after[twins[first].hash])
        give(ben, twins[1 - first])
        both(ada, ben, file)
        assert same(ada, ben)
        kept = [text for (document, _, _), text in contents(ada).items() if document == HERE]
        assert kept == ["1" if one.hash < other.hash else "2"]
        assert ada.have()[cyd.intro.log] == ben.have()[cyd.intro.log] == 1
        for project in (ada, ben):
            assert [each.what for each in project.verify() if each.what == "device"] == ["device"]
        give(ada, after[one.hash], after[other.hash])
        assert ada.have()[cyd.intro.log] == 1


async def test_a_device_that_finds_it_of_itself_goes_on_in_another_log(
    desks: list[Desk], tmp_path: Path
) -> None:
    async with desks[0].started("MARA") as ada:
        [mine] = [log for log in ada.have() if ada._ledger.store.logs()[log].intro.kind == "project"]
        known = ada._ledger.store.logs()[mine]
        me = Author(ada.device, ada.id, nonce=known.intro.nonce)
        held = ada._ledger.store.at(mine, known.last - 1)
        assert held is not None
        document = asset_document(AssetId("xyz"))
        live = Document.load(schema.genesis(document), [], me.actor)
        twin = me.bundle((document, live.put([("renamed", "k", "x")])), after=[held], n=known.last)
        give(ada, twin)
        add_asset(ada, "NORA")
        assert len([log for log in ada.have() if ada._ledger.store.logs()[log].intro.kind == "project"]) == 2
        assert "NORA" in names(ada)
        assert [one.what for one in ada.verify() if one.what == "device"] == []
        assert "own log" in {one.what for one in ada.verify()}
        assert ada.team.suspensions.forgive(ada.device.public) == 1
        assert "own log" not in {one.what for one in ada.verify()}


async def test_many_bundles_are_taken_back_out_of_their_blocks(desks: list[Desk], tmp_path: Path) -> None:
    file = tmp_path / "x"
    await begun(desks, file)
    async with desks[0].open() as ada, desks[1].open() as ben, desks[2].open() as cyd:
        asset = add_asset(ben, "NORA")
        both(ada, ben, file)
        other = add_asset(cyd, "CARL")
        for n in range(150):
            rename(ben, asset, f"NORA{n}")
            if n % 3 == 0:
                rename(cyd, other, f"CARL{n}")
            if n % 50 == 0:
                both(ben, cyd, file)
        both(ben, cyd, file)
        ada.team.revoke(ada.team.revocation("ben"))
        both(ada, cyd, file)
        assert names(cyd) == names(ada) == ["CARL147", "MARA", "NORA"]
        assert same(ada, cyd)
        ada.team.adopt(ada.team.withheld())
        both(ada, cyd, file)
        assert names(cyd) == names(ada) == ["CARL147", "MARA", "NORA149"]
        assert same(ada, cyd)
        assert cyd.verify() == []
