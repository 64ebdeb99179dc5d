"""A project as the rest of the program sees it."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from engine.faults import BadField, Conflict, NotFound, Refused
from engine.recipe import ModelDigest
from sync import identity
from sync.project import PROJECT_DOCUMENT, Change, Edit, Project, asset_document
from sync.records import AssetId, FactId, Kind, Model, Profile, Renamed, SessionId, Setting, Superseded
from tests.sync.films import Film, populate
from tests.sync.stage import Desk, add_asset, contents, names, rename


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk.under(tmp_path)


async def test_a_new_project_is_there_when_it_is_opened_again(desk: Desk) -> None:
    async with desk.create("Harbour Light") as project:
        asset = add_asset(project, "MARA")
        first = (project.id, project.member, project.device.id, project.index.heads())
        session = project.session
    async with desk.open() as project:
        assert project.name == "Harbour Light"
        assert (project.id, project.member, project.device.id, project.index.heads()) == first
        assert project.asset(asset).asset.name == "MARA"
        assert project.session != session
        assert project.found == ()
        assert project.verify() == []


async def test_nothing_is_created_twice_or_opened_where_there_is_nothing(desk: Desk) -> None:
    with pytest.raises(NotFound, match="no project"):
        async with desk.open():
            pass
    assert not desk.private.exists()
    async with desk.create():
        pass
    with pytest.raises(Conflict):
        async with desk.create():
            pass


async def test_build_sees_what_is_there_and_what_it_added(desk: Desk) -> None:
    async with desk.started("MARA") as project:
        asset = project.index.assets()[0].id

        def build(edit: Edit) -> tuple[int, int, int]:
            before = len(edit.asset(asset).renamed)
            fact = Renamed(id=FactId(edit.new_id()), name="NORA", author=edit.member, time=edit.now)
            edit.add(asset_document(asset), fact)
            return before, len(edit.asset(asset).renamed), len(edit.index.assets(names=["NORA"]))

        assert project.commit(build) == (0, 1, 0)
        assert names(project) == ["NORA"]


async def test_an_exception_in_build_adds_nothing(desk: Desk) -> None:
    async with desk.started("MARA") as project:
        heads = project.index.heads()

        def build(edit: Edit) -> None:
            edit.add(PROJECT_DOCUMENT, Profile(id="p", fingerprint={}))
            raise ValueError("stop")

        with pytest.raises(ValueError, match="stop"):
            project.commit(build)
        assert project.index.heads() == heads
        add_asset(project, "NORA")
        assert names(project) == ["MARA", "NORA"]
        assert project.verify() == []


async def test_a_fact_is_written_once(desk: Desk) -> None:
    async with desk.started("MARA") as project:
        asset = project.index.assets()[0].id

        def build(edit: Edit, name: str) -> None:
            fact = Renamed(
                id=FactId("one"), name=name, author=edit.member, time=project.asset(asset).asset.time
            )
            edit.add(asset_document(asset), fact)

        def twice(edit: Edit) -> None:
            build(edit, "A")
            build(edit, "C")

        project.commit(lambda edit: build(edit, "A"))
        heads = project.index.heads()
        project.commit(lambda edit: build(edit, "A"))
        assert project.index.heads() == heads
        with pytest.raises(Conflict, match="other contents"):
            project.commit(lambda edit: build(edit, "B"))
        with pytest.raises(Conflict):
            project.commit(twice)
        with pytest.raises(BadField):
            project.commit(lambda edit: build(edit, "x" * 20_000))
        assert names(project) == ["A"]


async def test_what_the_project_document_says(desk: Desk) -> None:
    async with desk.create() as project:

        def build(edit: Edit, value: object) -> None:
            fact = FactId(edit.new_id())
            setting = Setting(id=fact, key="paused", value=value, author=edit.member, time=edit.now)
            edit.add(PROJECT_DOCUMENT, setting)

        assert project.setting("paused", "unset") == "unset"
        for value in (True, {"a": [1, None]}, None, False):
            project.commit(partial(build, value=value))
            assert project.setting("paused", "unset") == value
        film = Film.seeded()

        def models(edit: Edit) -> None:
            for n in (1, 2):
                edit.add(
                    PROJECT_DOCUMENT,
                    Model(
                        id=FactId(film.id()),
                        digest=ModelDigest(f"d{n}"),
                        name=f"m{n}",
                        pipeline="P",
                        bytes=n,
                        source="",
                        licence="",
                        facts={"steps": {"low": 8}},
                        author=edit.member,
                        time=edit.now,
                    ),
                )
            edit.add(
                PROJECT_DOCUMENT,
                Superseded(
                    id=FactId(film.id()),
                    old=ModelDigest("d1"),
                    new=ModelDigest("d2"),
                    author=edit.member,
                    time=edit.now,
                ),
            )
            edit.add(PROJECT_DOCUMENT, Profile(id="abc", fingerprint={"app": "1"}))

        project.commit(models)
        assert sorted(one.name for one in project.models()) == ["m1", "m2"]
        assert project.models()[0].facts == {"steps": {"low": 8}}
        assert [(one.old, one.new) for one in project.superseded()] == [("d1", "d2")]
        assert project.profile("abc") == {"app": "1"}
        with pytest.raises(NotFound):
            project.profile("abd")
        with pytest.raises(NotFound):
            project.asset(AssetId("nobody"))


async def test_subscribers_are_told_once_of_every_change(desk: Desk) -> None:
    async with desk.create() as project:
        told: list[Change] = []
        with project.subscribe(told.append):
            asset = add_asset(project, "MARA")
            project.commit(lambda edit: None)
        add_asset(project, "NORA")
        assert told == [Change((asset_document(asset),), ((asset_document(asset), "asset", asset),))]
        assert project.poll() is None


async def test_two_processes_see_each_others_changes(desk: Desk) -> None:
    async with desk.started("MARA") as one, desk.open() as two:
        told: list[Change] = []
        with two.subscribe(told.append):
            asset = add_asset(one, "NORA")
            assert names(two) == ["MARA", "NORA"]
            change = two.poll()
            assert change is not None
            assert change.documents == (asset_document(asset),)
            assert told == [change]
            assert two.poll() is None
            rename(two, asset, "NORA2")
            seen = one.poll()
            assert seen is not None
            assert [collection for _, collection, _ in seen.facts] == ["renamed"]
            rename(one, asset, "NORA3")
            rename(two, asset, "NORA4")  # catches up with the other's in the same breath
            late = two.poll()
            assert late is not None
            assert len(late.facts) == 1
        assert one.index.heads() == two.index.heads()
        assert one.verify() == []
        assert sorted(one.sessions().values()) == [True, True]


async def test_sessions_that_ended_are_not_alive(desk: Desk) -> None:
    async with desk.started("MARA") as project:
        first = project.session
        assert project.sessions() == {first: True}
    async with desk.open() as project:
        assert project.sessions() == {first: False, project.session: True} or project.sessions() == {
            first: False
        }
        project._ledger.store.connection.execute("INSERT INTO sessions VALUES('gone', 1, 'never', 0)")
        assert project.sessions()[SessionId("gone")] is False


async def test_many_facts_make_bundles_of_a_bearable_size(desk: Desk) -> None:
    async with desk.create() as project:
        film = Film.seeded()
        count = project.commit(lambda edit: populate(edit, film, [f"S{n}" for n in range(60)]))
        assert count > 1500
        sizes = [len(one.body) for one in project._ledger.store.bundles()]
        assert len(sizes) > 3
        assert max(sizes) <= 256 * 1024
        assert project.verify() == []
        before = contents(project)
        counted = project.index.counts()
        assert counted == {
            "documents": 62,
            "assets": 60,
            "versions": 180,
            "takes": 360,
            "jobs": {"finished": 360},
        }
        project.verify(rebuild=True)
        assert project.index.counts() == counted
        assert contents(project) == before


async def test_a_deleted_index_is_built_anew_even_while_it_is_open(desk: Desk) -> None:
    async with desk.started("MARA", "NORA") as project:
        heads = project.index.heads()
        desk.index.unlink()
        add_asset(project, "OLGA")
        assert names(project) == ["MARA", "NORA", "OLGA"]
        assert project.index.heads() != heads
    for one in desk.private.glob("index.db*"):
        one.unlink()
    async with desk.open() as project:
        assert names(project) == ["MARA", "NORA", "OLGA"]
        assert project.verify() == []


async def test_a_device_that_is_no_member_reads_and_does_not_write(desk: Desk, tmp_path: Path) -> None:
    async with desk.started("MARA"):
        pass
    other = Desk(tmp_path / "other", desk.folder)
    async with other.open() as project:
        assert names(project) == ["MARA"]
        with pytest.raises(Refused, match="no member"):
            add_asset(project, "NORA")
        with pytest.raises(Refused):
            project.admit(bytes(32))


async def test_kinds_and_names_of_rows(desk: Desk) -> None:
    async with desk.create() as project:
        shot = add_asset(project, "Pier", Kind.SHOT)
        row = project.index.find_asset("PIER")
        assert row is not None
        assert (row.id, row.kind, row.version, row.parameters) == (shot, Kind.SHOT, None, {})
        assert len(identity.new_id()) == len(shot)
        assert isinstance(project, Project)
