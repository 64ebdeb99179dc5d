"""What waits for an owner, and how it goes for good, with what was built on it, wherever it turns up again."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.faults import Refused
from sync import withheld
from tests.sync.stage import Desk, add_asset, names, rename
from tests.sync.test_withdrawal import begun, both, same


@pytest.fixture
def desks(tmp_path: Path) -> list[Desk]:
    return [Desk.under(tmp_path, name) for name in ("ada", "ben", "cyd")]


async def test_an_owner_discards_and_nobody_keeps_it(desks: list[Desk], tmp_path: Path) -> None:
    file, old = tmp_path / "x", tmp_path / "old"
    await begun(desks, file)
    async with desks[0].open() as ada, desks[1].open() as ben, desks[2].open() as cyd:
        asset = add_asset(ben, "SEEN")
        both(ada, ben, file)
        rename(ben, asset, "UNSEEN")
        both(ben, cyd, file)
        rename(cyd, asset, "BUILT ON IT")
        cyd.export(old)
        ada.team.revoke(ada.team.revocation("ben"))
        both(ada, cyd, file)
        [found] = ada.team.withheld()
        assert ada.team.discarded([found]) == {ben.device.public: 1, cyd.device.public: 1}
        with pytest.raises(Refused, match="only an owner"):
            cyd.team.discard([found])
        ada.team.discard([found])
        assert ada.team.withheld() == []
        assert ada._ledger.store.waiting() == []
        ada.merge(old)
        assert ada._ledger.store.waiting() == [], "it comes again, and is dropped again"
        both(ada, cyd, file)
        assert cyd._ledger.store.waiting() == []
        assert names(ada) == names(cyd) == ["MARA", "SEEN"]
        add_asset(cyd, "LATER")
        both(ada, cyd, file)
        assert names(ada) == names(cyd) == ["LATER", "MARA", "SEEN"]
        assert same(ada, cyd)
        assert ada.verify() == cyd.verify() == []
    async with desks[2].open() as cyd:
        add_asset(cyd, "AFTER")
        assert cyd.found == ()
        assert cyd.verify() == []


async def test_what_was_adopted_stays_adopted(desks: list[Desk], tmp_path: Path) -> None:
    """Two owners answer at the same time: nothing that one of them let count is lost."""
    file = tmp_path / "x"
    await begun(desks, file)
    async with desks[0].open() as ada, desks[1].open() as ben, desks[2].open() as cyd:
        ada.team.set_role(ada.members.devices[cyd.device.public], "owner")
        both(ada, cyd, file)
        asset = add_asset(ben, "SEEN")
        both(ada, ben, file)
        rename(ben, asset, "UNSEEN")
        both(ben, cyd, file)
        ada.team.revoke(ada.team.revocation("ben"))
        ada.export(file)
        cyd.merge(file)
        ben.export(tmp_path / "late")
        ada.merge(tmp_path / "late")
        ada.team.discard(ada.team.withheld())
        cyd.team.adopt(cyd.team.withheld())
        both(ada, cyd, file)
        both(ada, cyd, file)
        assert same(ada, cyd)
        assert len(ada.asset(asset).renamed) == len(cyd.asset(asset).renamed) == 1


async def test_nothing_waits(desks: list[Desk], tmp_path: Path) -> None:
    async with desks[0].started("MARA") as ada:
        store = ada._ledger.store
        assert withheld.found(store, ada.members) == []
        assert withheld.with_dependents(store, []) == {}
        assert withheld.dropped(store, {}) == {}
