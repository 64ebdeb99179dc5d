"""The questions that lists ask."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from engine.faults import BadField
from sync.project import Edit, Project, asset_document
from sync.records import (
    AssetId,
    FactId,
    JobId,
    Kind,
    Link,
    Removed,
    TakeId,
    VersionId,
)
from sync.rules import history
from sync.shown import Shown
from tests.sync.films import MODEL, Film, populate
from tests.sync.stage import Desk, rename


@pytest.fixture
async def project(tmp_path: Path) -> AsyncIterator[Project]:
    async with Desk.under(tmp_path).create() as found:
        found.commit(lambda edit: populate(edit, Film.seeded(), ["Delta", "alpha", "Bravo", "charlie"]))
        yield found


def rows(found: list) -> list[str]:  # type: ignore[type-arg]
    return [row.name for row in found]


async def test_assets_are_listed_by_name_in_pages(project: Project) -> None:
    index = project.index
    assert rows(index.assets()) == ["alpha", "Bravo", "charlie", "Delta"]
    assert rows(index.assets(limit=2, offset=1)) == ["Bravo", "charlie"]
    assert rows(index.assets(names=["DELTA", index.assets()[0].id])) == ["alpha", "Delta"]
    assert rows(index.assets(kind=Kind.STYLE)) == []
    assert index.asset_count(kind=Kind.SHOT) == 4
    row = index.assets()[0]
    assert (row.number, row.label, row.versions, row.takes, row.forked, row.stale) == (
        3,
        "v03",
        3,
        6,
        False,
        False,
    )
    assert row.parameters["steps"] == 20
    assert rows(index.assets(scene=row.scene, where="name = alpha")) == ["alpha"]
    with pytest.raises(BadField):
        index.assets(where="nonsense")


async def test_search_looks_into_names_and_prompts(project: Project) -> None:
    index = project.index
    row = index.assets()[2]
    word = str(row.parameters["prompt"]).split()[-1]
    assert row in index.search(word.upper())
    assert rows(index.search("CHARL")) == ["charlie"]
    assert index.search("charlie nowhere") == []
    assert index.asset_count(text="a") == 4


async def test_removed_assets_are_out_of_sight(project: Project) -> None:
    asset = project.index.assets()[0].id

    def remove(edit: Edit, gone: bool) -> None:
        fact = FactId(edit.new_id())
        edit.add(asset_document(asset), Removed(id=fact, gone=gone, author=edit.member, time=edit.now))

    project.commit(lambda edit: remove(edit, True))
    assert rows(project.index.assets()) == ["Bravo", "charlie", "Delta"]
    assert rows(project.index.assets(gone=True)) == ["alpha"]
    assert len(project.index.assets(gone=None)) == 4
    assert project.index.counts()["assets"] == 3
    project.commit(lambda edit: remove(edit, False))
    assert len(project.index.assets()) == 4
    rename(project, asset, "Zulu")
    assert rows(project.index.assets())[-1] == "Zulu"


async def test_takes_are_found_by_everything_they_name(project: Project) -> None:
    index = project.index
    row = index.assets()[0]
    takes = index.takes(asset=row.id)
    assert [(one.version_label, one.label) for one in takes[:1]] == [("v01", "take01")] or len(takes) == 6
    one = takes[0]
    assert index.find_take(one.take.id) == one
    assert index.find_take(TakeId("nobody")) is None
    assert one in index.takes(recipe_key=one.take.recipe_key)
    assert index.takes(sha256=one.take.sha256) == [one]
    assert len(index.takes(version=one.take.version)) == 2
    assert index.by_recipe(one.take.recipe_key) == [(row.id, one.take)]
    assert len(index.takes(limit=5)) == 5
    assert row.version is not None
    version = index.find_version(row.version)
    assert version is not None
    assert index.versions_with(version.recipe_key) == [version]
    assert index.find_version(VersionId("nobody")) is None
    speeds = index.speeds(limit=3)
    assert [(one.model, one.pixels, one.steps) for one in speeds] == [(MODEL, 256 * 144, 20)] * 3
    assert index.served() == pytest.approx(sum(one.seconds for one in index.speeds()))


async def test_jobs_are_listed_by_state(project: Project) -> None:
    index = project.index
    assert len(index.jobs()) == len(index.jobs(states=["finished"])) == 24
    assert index.jobs(states=["pending", "failed"]) == []
    one = index.jobs(limit=1)[0]
    assert index.find_job(one.id) == one
    assert index.find_jobs(one.id[:20]) == [one]
    assert index.jobs(recipe_key=one.recipe_key) == [one]
    assert one in index.jobs(asset=one.asset)
    assert index.find_job(JobId("nobody.0")) is None
    assert index.segment_of(one.id) == "queue/1"
    keys = [row.key for row in index.jobs()]
    assert keys == sorted(keys)


async def test_an_edit_makes_stale_what_is_made_from_it(project: Project) -> None:
    film = Film.seeded(9)
    index = project.index

    def chain(edit: Edit) -> list[AssetId]:
        found: list[AssetId] = []
        for name in ("tower", "scene", "film"):
            asset = film.asset(edit, name)
            version = film.version(edit, asset, 1)
            if found:
                edit.facts.pop()
                fed = edit.asset(found[-1]).versions[0].recipe_key
                recipe = f'{{"inputs":[{{"recipe":"{fed}","role":"image"}}]}}'
                version = replace(version, links=(Link(asset=found[-1], role="image"),), recipe=recipe)
                edit.add(asset_document(asset), version)
            found.append(asset)
        return found

    tower, scene, last = project.commit(chain)
    assert rows(index.users_of(tower)) == ["scene"]
    assert index.links() == {scene: [tower], last: [scene]}
    assert rows(index.assets(where="stale")) == []
    first = project.asset(tower).versions[0]
    project.commit(lambda edit: film.version(edit, tower, 2, (first.id,)))
    assert rows(index.assets(where="stale")) == ["film", "scene"]
    project.verify(rebuild=True)
    assert rows(index.assets(where="stale")) == ["film", "scene"]
    project.commit(lambda edit: film.version(edit, scene, 2, (project.asset(scene).versions[0].id,)))
    assert rows(index.assets(where="stale")) == ["film"]


async def test_two_tips_are_a_fork(project: Project) -> None:
    film = Film.seeded(9)
    row = project.index.assets()[0]
    first = min(project.asset(row.id).versions, key=lambda one: one.number)
    project.commit(lambda edit: film.version(edit, row.id, 2, (first.id,)))
    assert rows(project.index.assets(where="forked")) == ["alpha"]


async def test_heads_stand_for_everything(project: Project) -> None:
    before = project.index.heads()
    project.verify(rebuild=True)
    assert project.index.heads() == before
    rename(project, project.index.assets()[0].id, "new")
    assert project.index.heads() != before
    assert len(project.index.documents()) == project.index.counts()["documents"]


async def test_many_are_read_in_one_question(project: Project) -> None:
    index = project.index
    ids = [row.id for row in index.assets()]
    wanted = [*ids, AssetId("nobody")]
    assert index.assets_of(wanted) == {row.id: row for row in index.assets()}
    assert project.assets(wanted) == {one: project.asset(one) for one in ids}
    assert index.take_ids(wanted) == {one: [row.take.id for row in index.takes(asset=one)] for one in ids}
    current = {one: history.current(project.asset(one).versions) for one in ids}
    assert index.current_versions(wanted) == current
    assert index.shown(wanted) == {one: Shown.of(version) for one, version in current.items() if version}
    versions = [one for asset in ids for one in project.asset(asset).versions]
    found = index.versions_of([one.id for one in versions] + [VersionId("none")])
    assert {one: version for one, (_, version) in found.items()} == {one.id: one for one in versions}
    assert {one: row for one, (row, _) in found.items()} == {
        one.id: index.find_version(one.id) for one in versions
    }
    assert index.labels_of(found) == {one: row.label for one, (row, _) in found.items()}
    jobs = [row.id for row in index.jobs()]
    assert project.jobs([*jobs, JobId("none.0")]) == {
        **{job: project.job(job) for job in jobs},
        JobId("none.0"): project.job(JobId("none.0")),
    }


async def test_counts_are_those_of_the_whole_list(project: Project) -> None:
    index = project.index
    one = index.assets()[0].id
    assert (index.take_count(), index.take_count(asset=one)) == (
        len(index.takes()),
        len(index.takes(asset=one)),
    )
    assert (index.job_count(), index.job_count(states=["pending"])) == (len(index.jobs()), 0)
    take = index.takes()[3].take
    assert [row.take for row in index.find_takes(take.id[:12])] == [take]
    assert len(index.find_takes("")) == 2


async def test_what_lies_downstream_of_a_change(project: Project) -> None:
    film, index = Film.seeded(5), project.index

    def chain(edit: Edit) -> list[AssetId]:
        found: list[AssetId] = []
        for name in ("tower", "scene", "film"):
            asset = film.asset(edit, name)
            version = film.version(edit, asset, 1)
            edit.facts.pop()
            links = tuple(Link(asset=one, role="image") for one in found[-1:])
            edit.add(asset_document(asset), replace(version, links=links))
            found.append(asset)
        return found

    tower, scene, last = project.commit(chain)
    start = project.version
    rename(project, scene, "scenery")
    assert index.changed_since(start) == [scene]
    assert set(index.changed_since(start, downstream=True)) == {scene, last}
    assert index.changed_since(project.version, downstream=True) == []
    assert tower not in index.changed_since(start, downstream=True)


@pytest.mark.parametrize("where", [None, "steps > 0", "name ~ a", "name = nobody"])
@pytest.mark.parametrize(("limit", "offset"), [(2, 0), (2, 1), (9, 0), (2, 9), (0, 0), (4, 0)])
async def test_a_page_is_part_of_the_list(
    project: Project, where: str | None, limit: int, offset: int
) -> None:
    whole = project.index.assets(where=where)
    page = project.index.asset_page(where=where, limit=limit, offset=offset)
    assert page == ([replace(row, parameters={}) for row in whole[offset : offset + limit]], len(whole))
    assert project.index.assets(where=where, bare=True) == [replace(row, parameters={}) for row in whole]
