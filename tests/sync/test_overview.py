"""What is shown before it is proved, and what becomes of it: by exports between devices, and with lies among it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sync import identity, promises
from sync.overview import Overview
from sync.project import Project
from sync.promises import Promise
from sync.records import DeviceId, Time
from tests.sync.films import Film, populate
from tests.sync.stage import Desk, contents, names, rename

NOW = Time("2026-01-31T12:00:00.000Z")
SPONSOR = DeviceId("5b" * 32)


@pytest.fixture
def desks(tmp_path: Path) -> tuple[Desk, Desk]:
    return Desk.under(tmp_path, "desk"), Desk.under(tmp_path, "laptop")


@asynccontextmanager
async def both(desks: tuple[Desk, Desk], assets: int = 6) -> AsyncIterator[tuple[Project, Project, Path]]:
    """A film on one device, nothing but the membership on the other, and an export of everything."""
    everything = desks[0].folder.parent / "all.restrike"
    empty = desks[0].folder.parent / "empty.restrike"
    key = identity.load_or_create(desks[1].home).public
    async with desks[0].started() as here:
        here.admit(key)
        known = here.have()
        here.commit(lambda edit: populate(edit, Film.seeded(), [f"A{n}" for n in range(assets)]))
        here.export(everything)
        here.export(empty, since={name: 10**6 for name in here.have()})
        assert known is not None
        async with desks[1].join(empty) as there:
            yield here, there, everything


def told(overview: Overview) -> Iterator[Promise]:
    """Everything that a device shows."""
    after, number = ("", ""), 0
    while True:
        page = overview.page(after, number)
        yield from map(promises.read, page.rows)
        if page.next is None:
            return
        after, number = page.next, number + 1


async def test_a_newcomer_sees_what_the_sponsor_sees(desks: tuple[Desk, Desk]) -> None:
    async with both(desks) as (here, there, everything):
        mine = Overview(there)
        assert mine.wanted
        assert not Overview(here).wanted
        before = there.index.heads()
        rows = list(told(Overview(here)))
        assert mine.keep(rows, SPONSOR) == mine.open == len(rows) == 6
        assert names(there) == names(here)
        shown = [replace(one, parameters={}, recipe_key=None) for one in here.index.assets()]
        assert there.index.assets() == shown
        assert there.index.heads() == before, "what is only promised is no part of what is held"
        assert contents(there) == {}
        assert list(told(mine)) == [], "promises are not passed on"
        assert len(mine.takes([one.asset for one in rows])) == sum(one.thumb is not None for one in rows) > 0
        there.merge(everything)
        assert mine.open == 0
        assert mine.settle(NOW) == []
        assert there.index.assets() == here.index.assets()
        assert there.index.heads() == here.index.heads()
        assert there.verify() == here.verify() == []


async def test_snapshot_and_bundles_make_what_the_bundles_alone_make(
    desks: tuple[Desk, Desk], tmp_path: Path
) -> None:
    async with both(desks, 4) as (here, there, everything):
        rename(here, here.index.assets()[0].id, "OTHER")
        rows = list(told(Overview(here)))
        here.export(everything)
        Overview(there).keep(rows, SPONSOR)
        there.merge(everything)
        Overview(there).settle(NOW)
        alone = Desk(tmp_path / "laptop" / "home", tmp_path / "alone")
        async with alone.join(everything) as bare:
            assert contents(there) == contents(bare)
            assert there.index.assets(gone=None) == bare.index.assets(gone=None)
            assert there.index.takes() == bare.index.takes()
            assert there.index.counts() == bare.index.counts()
            assert there.index.heads() == bare.index.heads()


@pytest.mark.parametrize(
    "lie",
    [
        {"asset": "n0" * 13},
        {"name": "NEVER"},
        {"kind": "style"},
        {"scene": "SC-99"},
        {"version": "n0" * 13},
        {"take": "n0" * 13},
    ],
)
async def test_a_lie_is_corrected_and_named(desks: tuple[Desk, Desk], lie: dict[str, Any]) -> None:
    async with both(desks, 3) as (here, there, everything):
        first, *rest = told(Overview(here))
        mine = Overview(there)
        mine.keep([replace(first, **lie), *rest], SPONSOR)
        assert len(names(there)) == 3
        there.merge(everything)
        assert mine.open == (1 if "asset" in lie else 0)
        [finding] = mine.settle(NOW)
        assert finding.what == "snapshot"
        assert finding.id == SPONSOR
        assert "1 assets" in finding.detail
        assert names(there) == names(here)
        assert there.index.assets() == here.index.assets()
        assert finding.id in {one.id for one in there.verify()}


async def test_what_changed_since_it_was_shown_is_no_lie(desks: tuple[Desk, Desk]) -> None:
    async with both(desks, 3) as (here, there, everything):
        Overview(there).keep(list(told(Overview(here))), SPONSOR)
        rename(here, here.index.assets()[0].id, "LATER")
        here.export(everything)
        there.merge(everything)
        assert Overview(there).settle(NOW) == [], "asked of another process than the one that was told"
        assert names(there) == names(here)


async def test_what_is_known_is_never_covered(desks: tuple[Desk, Desk]) -> None:
    async with both(desks, 3) as (here, there, everything):
        there.merge(everything)
        rows = [replace(one, name="COVERED") for one in told(Overview(here))]
        assert Overview(there).keep(rows, SPONSOR) == 0
        assert names(there) == names(here)


async def test_an_index_built_anew_has_forgotten_promises(desks: tuple[Desk, Desk]) -> None:
    async with both(desks, 3) as (here, there, everything):
        mine = Overview(there)
        mine.keep(list(told(Overview(here))), SPONSOR)
        there.verify(rebuild=True)
        assert mine.open == 0
        assert mine.settle(NOW) == []
        there.merge(everything)
        assert names(there) == names(here)
