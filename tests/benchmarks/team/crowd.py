"""Twelve people who edit 200 assets at once: what is lost, and what becomes a fork.

Real projects with real sessions over links in memory, ten minutes played faster than they take. Beside them an account
is kept, by nothing but who was shown what, of which values stand: those that nobody replaced who had been shown them.
"""

from __future__ import annotations

import asyncio
import os
import random
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from engine.recipe import Recipe
from sync.project import Edit, Project, asset_document
from sync.records import AssetId, Tier, Version, VersionId
from sync.rules import history
from sync.session import Session
from tests.benchmarks.figure import Figure, percentile
from tests.sync.company import Ether, equal, sessions, until
from tests.sync.films import Film
from tests.sync.test_session import team

PEOPLE = 12
ASSETS = 200
SECONDS = 600
EVERY = 5.0
"""Seconds between two edits of one person, on average."""
FASTER = 20.0
"""So much faster the ten minutes are played, where the machine keeps up."""
HOT = 10
"""Assets that a third of all edits are about: where people really meet."""
FIELDS: dict[str, tuple[Any, ...]] = {
    "prompt": tuple(f"a red tower, take {n}" for n in range(40)),
    "steps": (12, 16, 20, 24, 28),
    "guidance": (3.0, 4.0, 5.0, 6.0),
    "seed": tuple(str(n) for n in range(1, 40)),
    "tier": tuple(Tier),
}


@dataclass
class Account:
    """Every version with what it was made from and the fields that its author set."""

    past: dict[VersionId, frozenset[VersionId]] = field(default_factory=dict)
    said: dict[VersionId, dict[str, Any]] = field(default_factory=dict)
    of: dict[AssetId, list[VersionId]] = field(default_factory=dict)
    edits: int = 0

    def note(self, asset: AssetId, version: Version, said: dict[str, Any]) -> None:
        """A version was saved; a merge that two save alike is noted once."""
        if version.id not in self.past:
            behind = (self.past[one] | {one} for one in version.parents)
            self.past[version.id] = frozenset().union(*behind)
            self.said[version.id] = said
            self.of.setdefault(asset, []).append(version.id)

    def standing(self, asset: AssetId, name: str) -> set[Any]:
        """What was set of a field and replaced by nobody who had been shown it."""
        writers = [one for one in self.of[asset] if name in self.said[one]]
        left = (one for one in writers if not any(one in self.past[other] for other in writers))
        return {self.said[one][name] for one in left}


@dataclass
class Crowd:
    """The people at their devices."""

    projects: list[Project]
    all: list[Session]
    random: random.Random
    rest: Callable[[float], Awaitable[None]] = asyncio.sleep
    assets: list[AssetId] = field(default_factory=list)
    account: Account = field(default_factory=Account)
    commits: list[float] = field(default_factory=list)
    resolved: int = 0

    async def begin(self, count: int) -> None:
        """Everybody is linked, and holds the assets at their first version."""
        film = Film(random.Random(1))

        def build(edit: Edit) -> list[tuple[AssetId, Version]]:
            found = []
            for number in range(count):
                asset = film.asset(edit, f"SH{number:03d}")
                version = film.version(edit, asset, 1)
                edit.facts.pop()
                every = {**version.parameters, "chosen": sorted({"model", *FIELDS} - {"tier"})}
                version = replace(version, parameters=every)
                edit.add(asset_document(asset), version)
                found.append((asset, version))
            return found

        for asset, version in self.projects[0].commit(build):
            self.assets.append(asset)
            self.account.note(asset, version, {name: _value(version, name) for name in FIELDS})
        await until(lambda: equal(*self.all), *self.all, seconds=120)

    async def work(self, person: int, seconds: float) -> None:
        """One person edits, now this asset, now that."""
        for _ in range(int(seconds / EVERY)):
            await self.rest(self.random.expovariate(1 / EVERY) / FASTER)
            hot = self.assets[:HOT] if self.random.random() < 1 / 3 else self.assets
            start = time.perf_counter()
            self._edit(self.projects[person], self.random.choice(hot))
            self.commits.append(1000 * (time.perf_counter() - start))

    def _edit(self, project: Project, asset: AssetId) -> None:
        name = self.random.choice(list(FIELDS))
        value = self.random.choice(FIELDS[name])
        settle = self.random.random() < 0.3

        def build(edit: Edit) -> list[tuple[Version, dict[str, Any]]]:
            top = history.top(edit.asset(asset).versions)
            assert top is not None
            if top.apart and settle:
                return [_settled(edit, asset)]
            if _value(top.version, name) == value:
                return []
            made: list[tuple[Version, dict[str, Any]]] = []
            if not top.saved:
                edit.add(asset_document(asset), top.version)
                made.append((top.version, {}))
            parents = [top.version] if not top.saved else top.joined
            made.append((_saved(edit, asset, top.version, parents, {name: value}), {name: value}))
            return made

        for version, said in project.commit(build):
            self.account.note(asset, version, said)
            self.account.edits += bool(said)


def _settled(edit: Edit, asset: AssetId) -> tuple[Version, dict[str, Any]]:
    """Somebody decides a fork, field by field."""
    versions = edit.asset(asset).versions
    tips = history.tips(versions)
    merged = history.merge(tips, versions)
    said = {name: merged.tier if name == "tier" else merged.parameters[name] for name in merged.conflicts}
    every = {name: merged.tier if name == "tier" else merged.parameters[name] for name in FIELDS}
    return _saved(edit, asset, tips[0], tips, every), said


def _saved(
    edit: Edit, asset: AssetId, base: Version, parents: Iterable[Version], said: dict[str, Any]
) -> Version:
    parameters = {**base.parameters, **{name: one for name, one in said.items() if name != "tier"}}
    recipe = Recipe.from_json(
        {
            "pipeline": "StableDiffusionPipeline",
            "operation": "text-to-image",
            "scheduler": {"name": parameters["scheduler"], "config": {}},
            **{name: parameters[name] for name in ("model", "prompt", "seed", "steps", "guidance")},
            **{name: parameters[name] for name in ("width", "height", "dtype")},
        }
    )
    version = replace(
        base,
        id=VersionId(edit.new_id()),
        number=history.next_number(edit.asset(asset).versions),
        parents=tuple(one.id for one in parents),
        author=edit.member,
        time=edit.now,
        tier=said.get("tier", base.tier),
        parameters=parameters,
        recipe=recipe.canonical().decode(),
        recipe_key=recipe.key,
    )
    edit.add(asset_document(asset), version)
    return version


def _value(version: Version, name: str) -> Any:
    return version.tier if name == "tier" else version.parameters[name]


def measure(share: float) -> list[Figure]:
    """Ten minutes of twelve people at full share; less time and fewer people below."""
    people = PEOPLE if share >= 0.1 else max(3, int(PEOPLE * share * 10))
    seconds = max(60.0, SECONDS * share)
    return asyncio.run(_measured(people, max(20, int(ASSETS * min(1.0, share * 10))), seconds))


async def _measured(people: int, assets: int, seconds: float) -> list[Figure]:
    names = [f"p{number:02d}" for number in range(people)]
    with tempfile.TemporaryDirectory() as folder:
        async with team(Path(folder), *names) as projects, sessions(Ether(3), *projects) as all_of_them:
            crowd = Crowd(projects, all_of_them, random.Random(7))
            await until(
                lambda: all(one.linked == people - 1 for one in all_of_them), *all_of_them, seconds=60
            )
            await crowd.begin(assets)
            start = time.monotonic()
            async with asyncio.TaskGroup() as group:
                for person in range(people):
                    group.create_task(crowd.work(person, seconds))
            worked = time.monotonic() - start
            await until(lambda: equal(*all_of_them), *all_of_them, seconds=300)
            settled = time.monotonic() - start - worked
            return _figures(crowd, people, seconds, worked, settled)


def _figures(crowd: Crowd, people: int, seconds: float, worked: float, settled: float) -> list[Figure]:
    lost, forks, wrong, merged = 0, 0, 0, 0
    for project in crowd.projects:
        lost += sum(len(_missing(crowd.account, project, asset)) for asset in crowd.assets)
    for asset in crowd.assets:
        facts = crowd.projects[-1].asset(asset)
        top = history.top(facts.versions)
        assert top is not None
        twice = {name for name in FIELDS if len(crowd.account.standing(asset, name)) > 1}
        conflicts = set(history.merge(top.tips, facts.versions).conflicts) if top.apart else set()
        forks += bool(top.apart)
        merged += sum(len(one.parents) > 1 for one in facts.versions) + (not top.saved)
        wrong += conflicts != twice or bool(top.apart) != bool(twice)
        for name in FIELDS:
            shown = {_value(one, name) for one in (top.version, *top.apart)}
            lost += len(crowd.account.standing(asset, name) - shown)
    load = os.getloadavg()[0]
    note = (
        f"{people} people, {len(crowd.assets)} assets, {crowd.account.edits:,} edits in {worked:.0f} s "
        f"({seconds / worked:.1f} times as fast as they take), {merged:,} merges, "
        f"all equal {settled:.1f} s later; load {load:.1f}"
    )
    return [
        Figure(what="values and versions lost when a crowd edits", unit="lost", at_most=0, value=lost, note=note),
        Figure(what="assets forked otherwise than one field set twice apart", unit="assets", at_most=0, value=wrong,
               note=f"{forks} of {len(crowd.assets)} assets end as forks, each with the fields of the account"),
        Figure(what="saving an edit in a crowd, p99", unit="ms", value=percentile(crowd.commits, 0.99)),
    ]  # fmt: skip


def _missing(account: Account, project: Project, asset: AssetId) -> set[VersionId]:
    return set(account.of[asset]) - {one.id for one in project.asset(asset).versions}
