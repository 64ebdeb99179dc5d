"""What `build` works with, beyond what tests/sync/test_project.py tells."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.faults import BadField
from sync import schema
from sync.project import PROJECT_DOCUMENT, Edit, queue_document
from sync.records import JobId, SessionId, Wish
from tests.sync.films import Film
from tests.sync.stage import Desk, add_asset


async def test_an_edit_knows_who_where_and_when(tmp_path: Path) -> None:
    desk = Desk.under(tmp_path)
    async with desk.create() as project:

        def build(edit: Edit) -> None:
            assert (edit.member, edit.device.id) == (project.member, project.device.id)
            assert edit.session == project.session
            assert edit.now.endswith("Z")
            assert edit.new_id() != edit.new_id()
            assert edit.index is project.index

        project.commit(build)


async def test_jobs_fill_segments_one_after_the_other(tmp_path: Path) -> None:
    desk = Desk.under(tmp_path)
    async with desk.create() as project:
        film = Film.seeded()
        asset = add_asset(project, "S")

        def build(edit: Edit, count: int) -> list[str]:
            version = film.version(edit, asset, 1)
            found = []
            for _ in range(count):
                take = film.take(edit, asset, version, 2)
                edit.facts.pop()
                job = film.wish(edit, asset, version, take)
                film.claim(edit, job)
                assert len(edit.job(job).wishes) == len(edit.job(job).claims) == 1
                found.append(str(edit.queue_document(job)))
            return found

        first = project.commit(lambda edit: build(edit, 600))
        assert set(first) == {"queue/1"}
        second = project.commit(lambda edit: build(edit, 600))
        assert second == ["queue/1"] * 400 + ["queue/2"] * 200
        assert project.index.newest_segment() == (2, 200)
        assert len(project.index.jobs(states=["owned"])) == schema.JOBS_PER_SEGMENT + 200
        job = project.index.jobs(limit=1)[0].id
        assert project.commit(lambda edit: edit.queue_document(job)) in (queue_document(1), queue_document(2))
        assert project.verify() == []


async def test_a_record_in_the_wrong_document_is_refused(tmp_path: Path) -> None:
    desk = Desk.under(tmp_path)
    async with desk.create() as project:
        film = Film.seeded()
        asset = add_asset(project, "S")

        def build(edit: Edit) -> None:
            version = film.version(edit, asset, 1)
            wish = Wish(
                job=JobId("k.0"),
                session=SessionId("s"),
                asset=asset,
                version=version.id,
                item=0,
                tier=version.tier,
                vt=0.0,
                member=edit.member,
                time=edit.now,
            )
            edit.add(PROJECT_DOCUMENT, wish)

        with pytest.raises(BadField):
            project.commit(build)
        assert project.asset(asset).versions == ()


async def test_what_was_read_is_read_again_once_something_is_added(tmp_path: Path) -> None:
    async with Desk.under(tmp_path).create() as project:
        film = Film.seeded()
        mara, nora = add_asset(project, "MARA"), add_asset(project, "NORA")

        def build(edit: Edit) -> None:
            assert edit.asset(mara) is edit.asset(mara)
            assert not edit.adds_to(mara)
            before = edit.asset(nora)
            version = film.version(edit, mara, 1)
            assert edit.adds_to(mara)
            assert edit.asset(mara).versions == (version,)
            assert edit.asset(nora) is before
            take = film.take(edit, mara, version, 1)
            job = film.wish(edit, mara, version, take)
            assert len(edit.job(job).wishes) == 1
            film.finish(edit, job, take)
            assert len(edit.job(job).finished) == 1
            edit.facts.clear()
            assert not edit.adds_to(mara)
            assert edit.asset(mara).versions == ()
            assert edit.job(job).wishes == ()

        project.commit(build)


async def test_only_the_last_that_were_read_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sync.edit.MOST_KEPT", 1)
    async with Desk.under(tmp_path).create() as project:
        mara, nora = add_asset(project, "MARA"), add_asset(project, "NORA")

        def build(edit: Edit) -> None:
            first = edit.asset(mara)
            edit.asset(nora)
            assert edit.asset(mara) == first
            assert edit.asset(mara) is not first

        project.commit(build)
