"""Large deliveries in a child: the same comes of them, whatever becomes of the child."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from sync import apart, identity
from sync.apart import LARGE, Apart
from sync.project import Change, Project
from tests.sync.films import Film, populate
from tests.sync.stage import Desk, contents


@asynccontextmanager
async def delivered(root: Path) -> AsyncIterator[tuple[Project, Project, list[bytes]]]:
    """A film on one device, another that has nothing of it yet, and what has to be taken in."""
    desk, laptop = Desk.under(root, "desk"), Desk.under(root, "laptop")
    key = identity.load_or_create(laptop.home).public
    async with desk.started() as here:
        here.admit(key)
        here.export(root / "empty", since={name: 10**6 for name in here.have()})
        here.commit(lambda edit: populate(edit, Film.seeded(), [f"A{n}" for n in range(20)]))
        async with laptop.join(root / "empty") as there:
            yield here, there, [one.plain() for one in here._ledger.store.bundles()]


async def test_what_a_child_takes_in_is_here_and_is_told(tmp_path: Path) -> None:
    async with delivered(tmp_path) as (here, there, bundles):
        told: list[Change] = []
        with Apart(there, there._clock) as child, there.subscribe(told.append):
            assert child.suits([bytes(LARGE)])
            assert not child.suits([b"little"])
            taken = await child.take(bundles)
            assert taken is not None
            assert (taken.bundles, taken.waiting, taken.findings) == (len(bundles), 0, ())
            again = await child.take(bundles)
            assert again is not None
            assert again.bundles == 0
        assert len(told) == 1
        assert contents(there) == contents(here)
        assert there.index.assets() == here.index.assets()
        assert there.verify() == []


async def test_a_child_that_is_killed_is_replaced_and_in_the_end_given_up(tmp_path: Path) -> None:
    async with delivered(tmp_path) as (here, there, bundles):
        with Apart(there, there._clock) as child:
            for _ in range(apart.MOST_DEATHS):
                assert child.suits([bytes(LARGE)])
                async with asyncio.TaskGroup() as group:
                    group.create_task(child.take(bundles[:1]))
                    while child._child is None:
                        await asyncio.sleep(0)
                    child._child.kill()
            assert not child.suits([bytes(LARGE)])
        there.merge(_export(here, tmp_path / "all"))
        assert contents(there) == contents(here)


def _export(project: Project, file: Path) -> Path:
    project.export(file)
    return file


async def test_a_closed_one_takes_nothing_more(tmp_path: Path) -> None:
    async with delivered(tmp_path) as (_, there, _):
        child = Apart(there, there._clock)
        child.close()
        assert not child.suits([bytes(LARGE)])
