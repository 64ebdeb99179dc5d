"""Sessions over links in memory: they find each other, agree, lose each other, and say why."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path

from sync import arrivals, identity, membership
from sync.links.memory import Weather
from sync.news import News
from sync.presence import Doing, Present, Preview
from sync.project import Project
from sync.rates import Limits
from sync.replica import ProjectReplica
from tests.sync.company import Ether, equal, session, sessions, until
from tests.sync.stage import Desk, add_asset, contents, names


@asynccontextmanager
async def team(root: Path, *names: str) -> AsyncIterator[list[Project]]:
    """A project on several devices of one owner, all admitted and equal."""
    desks = [Desk.under(root, name) for name in names]
    async with AsyncExitStack() as stack:
        first = await stack.enter_async_context(desks[0].create())
        found = [first]
        export = root / "export"
        first.export(export)
        for desk in desks[1:]:
            found.append(await stack.enter_async_context(desk.join(export)))
        for one in found[1:]:
            first.admit(one.device.public)
        first.export(export)
        for one in found[1:]:
            one.merge(export)
        export.unlink()
        yield found


async def test_two_devices_agree_and_go_on_agreeing(tmp_path: Path) -> None:
    async with team(tmp_path, "anna", "ben") as projects, sessions(Ether(), *projects) as both:
        await until(lambda: all(one.peers() for one in both), *both)
        for number, project in enumerate(projects):
            add_asset(project, f"LAMP{number}")
        await until(lambda: equal(*both) and projects[0].index.counts()["assets"] == 2, *both)
        await until(lambda: all(one.peers()[0].synced for one in both), *both)
        (peer,) = both[0].peers()
        assert (peer.id, peer.role, peer.link, peer.state) == (projects[1].device.id, "owner", "lan", "idle")
        reasons = both[0].why(projects[1].device.id, projects[1].device.public)
        assert [one.code for one in reasons] == ["in_sync"]
        assert both[0].linked == 1
        assert all(step.ok for step in both[0].steps())
        assert [one.code for one in both[0].why(projects[0].device.id, b"")] == ["self"]


async def test_what_another_process_writes_is_told_too(tmp_path: Path) -> None:
    async with team(tmp_path, "anna", "ben") as projects, sessions(Ether(), *projects) as both:
        await until(lambda: all(one.peers() for one in both), *both)
        async with Desk.under(tmp_path, "anna").open() as elsewhere:
            add_asset(elsewhere, "LAMP")
        await until(lambda: projects[1].index.find_asset("LAMP") is not None, *both)


async def test_many_devices_in_bad_weather_hold_the_same(tmp_path: Path) -> None:
    weather = Weather(delay=0.002, jitter=0.01, loss=0.2, doubled=0.2, resend=0.02)
    names = ("anna", "ben", "carl", "dora")
    async with team(tmp_path, *names) as projects, sessions(Ether(7, weather), *projects) as all_of_them:
        for number, project in enumerate(projects):
            for part in range(5):
                add_asset(project, f"P{number}{part}")
        await until(
            lambda: equal(*all_of_them) and projects[0].index.counts()["assets"] == 20,
            *all_of_them,
            seconds=30,
        )
        await until(lambda: all(one.linked == 3 for one in all_of_them), *all_of_them)


async def test_a_cut_is_noticed_and_mended(tmp_path: Path) -> None:
    ether = Ether()
    async with team(tmp_path, "anna", "ben") as projects, sessions(ether, *projects) as both:
        await until(lambda: all(one.peers() for one in both), *both)
        ether.cut()
        add_asset(projects[0], "LAMP")
        await until(lambda: not any(one.linked for one in both), *both)
        ben = projects[1].device
        await until(lambda: both[0].why(ben.id, ben.public)[0].code == "no_link", *both)
        assert "blocked" in {one.code for one in both[0].why(ben.id, ben.public)}
        ether.mend()
        await until(lambda: equal(*both) and all(one.linked for one in both), *both)


async def test_one_who_leaves_is_gone_at_once_and_comes_back(tmp_path: Path) -> None:
    ether = Ether()
    async with team(tmp_path, "anna", "ben") as (anna, ben), sessions(ether, anna) as (first,):
        async with session(ether, ben, "b") as second:
            await until(lambda: first.linked and second.linked, first, second)
        await until(lambda: not first.linked and not first.peers(), first)
        assert first.why(ben.device.id, ben.device.public)[0].code == "left"
        add_asset(ben, "LAMP")
        async with session(ether, ben, "c") as second:
            await until(lambda: equal(first, second), first, second)


async def test_presence_travels_and_previews_with_it(tmp_path: Path) -> None:
    heard: list[News] = []
    async with team(tmp_path, "anna", "ben") as projects, sessions(Ether(), *projects) as (first, second):
        await until(lambda: first.peers() and second.peers(), first, second)
        with first.subscribe(heard.append):
            doing = Doing("j1", "a1", "rendering", 1, 4)
            second.say(Present(worker=True, editing=("LAMP", ("seed",)), doing=doing, region="eu"))
            await until(lambda: first.peers()[0].state == "rendering", first)
            second.show(Preview("j1", b"a picture"))
            await until(lambda: any(one.what == "preview" for one in heard), first)
        (peer,) = first.peers()
        assert (peer.worker, peer.region, peer.editing) == (
            True,
            "eu",
            {"asset": "LAMP", "fields": ["seed"]},
        )
        seen = first.room.of(projects[1].device.id)
        assert seen is not None
        assert seen.preview == Preview("j1", b"a picture")
        assert first.room.held("LAMP", seen.heard) == {"seed": (projects[1].device.id,)}


async def test_a_removed_device_is_cut_off_and_told_why(tmp_path: Path) -> None:
    async with team(tmp_path, "anna", "ben") as (anna, ben), sessions(Ether(), anna, ben) as (first, second):
        await until(lambda: first.linked and second.linked, first, second)
        anna.team.revoke(anna.team.revocation(ben.device.id))
        await until(lambda: not first.linked and not second.linked, first, second)
        add_asset(anna, "SECRET")
        assert first.why(ben.device.id, ben.device.public)[0].code == "removed_device"
        assert ben.index.find_asset("SECRET") is None
        await until(lambda: ben.device.public not in ben.members.devices, first, second)  # it knows as well


async def test_a_stranger_is_refused_with_the_reason(tmp_path: Path) -> None:
    async with (
        team(tmp_path, "anna") as (anna,),
        Desk.under(tmp_path, "eve").create() as eve,
        sessions(Ether(), anna, eve) as both,
    ):
        await until(lambda: any(one._dialler.tries for one in both), *both)
        said = {tried.code for one in both for tried in one._dialler.tries.values()}
        assert said == {"wrong_project"}
        assert not any(one.linked for one in both)


async def test_a_device_that_was_admitted_meanwhile_gets_in(tmp_path: Path) -> None:
    async with team(tmp_path, "anna") as (anna,):
        add_asset(anna, "LAMP")
        desk = Desk.under(tmp_path, "late")
        entries = [membership.decode(one) for one in ProjectReplica(anna, arrivals.here).entries().values()]
        async with (
            Project.begin(desk.folder, entries, home=desk.home, clock=desk.clock) as late,
            sessions(Ether(), anna, late) as (first, second),
        ):
            await until(lambda: first._dialler.tries or second._dialler.tries, first, second)
            anna.admit(late.device.public)
            await until(lambda: equal(first, second), first, second)
            assert late.index.find_asset("LAMP") is not None


async def test_a_sponsor_that_shows_what_is_not_is_found_out(tmp_path: Path) -> None:
    desk, laptop = Desk.under(tmp_path, "desk"), Desk.under(tmp_path, "laptop")
    key = identity.load_or_create(laptop.home).public
    async with desk.started("LAMP", "MARA") as liar:
        liar.admit(key)
        liar.export(tmp_path / "export", since={name: 10**6 for name in liar.have()})
        with sqlite3.connect(desk.index) as index:
            index.execute("UPDATE assets SET name = 'FALSE' WHERE name = 'LAMP'")
        index.close()
        async with laptop.join(tmp_path / "export") as newcomer, sessions(Ether(), newcomer, liar) as both:
            seen: list[list[str]] = []
            with both[0].subscribe(lambda news: seen.append(names(newcomer))):
                await until(lambda: equal(*both) and both[0].peers()[0].synced, *both)
            assert ["FALSE", "MARA"] in [sorted(one) for one in seen]
            assert sorted(names(newcomer)) == ["LAMP", "MARA"]
            [finding] = [one for one in newcomer.verify() if one.what == "snapshot"]
            assert finding.id == liar.device.id
            assert "FALSE" in finding.detail


def _sound(project: Project) -> bool:
    return not project.verify()


async def test_a_divergence_is_found_and_mended_over_a_link(tmp_path: Path) -> None:
    quick = Limits(check=0.01, check_again=0.01, settle=0.1)
    async with team(tmp_path, "anna", "ben") as projects:
        for name in ("LAMP", "BOAT"):
            add_asset(projects[0], name)
        async with sessions(Ether(), *projects, limits=quick) as both:
            for sick in projects:
                await until(lambda: equal(*both) and all(one.peers()[0].synced for one in both), *both)
                file = sick._ledger.file
                document = next(one for one, _ in file.documents() if one.startswith("asset/"))
                sick._ledger.shelf.past(document).seqs.clear()
                file.connection.execute(
                    "UPDATE facts SET text = '{}' WHERE subject = ?", (document.partition("/")[2],)
                )
                assert any(one.what == "index" for one in sick.verify())
                await until(partial(_sound, sick), *both)
            assert contents(projects[0]) == contents(projects[1])
            assert [row.name for row in projects[0].index.assets()] == [
                row.name for row in projects[1].index.assets()
            ]
