"""A real project as conversations see it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from sync import arrivals, identity
from sync.actions import Diverged
from sync.identity import Device
from sync.membership import Members
from sync.records import LogId, ProjectId
from sync.replica import SHARES, Newcomer, ProjectReplica
from sync.verifier import Verifier
from sync.wire import Digest
from tests.sync import corpus
from tests.sync.stage import Desk, add_asset, contents, names, rename
from tests.sync.talks import Talk


async def test_two_projects_become_one(tmp_path: Path) -> None:
    left, right = Desk.under(tmp_path, "left"), Desk.under(tmp_path, "right")
    export = left.home.parent / "film.export"
    async with left.started("MARA", "NORA") as one:
        one.admit(identity.load_or_create(right.home).public)
        one.export(export)
        async with right.join(export) as two:
            add_asset(two, "OTTO")
            replicas = [ProjectReplica(each, arrivals.here, lambda: datetime.now(UTC)) for each in (one, two)]
            talk = Talk((replicas[0], one.device), (replicas[1], two.device)).begin()
            talk.tick(2)
            assert names(one) == names(two) == ["MARA", "NORA", "OTTO"]
            told: list[object] = []
            with two.subscribe(told.append):
                rename(one, one.index.assets()[0].id, "MARTA")
                talk.stored(0)
                talk.pump()
            assert len(told) == 1
            assert contents(one) == contents(two)
            assert replicas[0].heads() == replicas[1].heads()
            assert any(isinstance(message, Digest) for _, message in talk.said)
            document = next(iter(replicas[1]._project.ask(lambda ledger: ledger.file.documents())))[0]
            two._ledger.file.connection.execute(
                "UPDATE facts SET text = '{}' WHERE subject = ?", (document.partition("/")[2] or document,)
            )
            talk.tick(120)
            assert talk.of(1, Diverged)
            assert replicas[0].share(0) == replicas[1].share(0)
            assert two.verify() == []


async def test_whatever_a_member_sends_is_refused_by_name_and_harms_nothing(tmp_path: Path) -> None:
    desk = Desk.under(tmp_path)
    async with desk.started("MARA") as project:
        device = identity.load_or_create(tmp_path / "other")
        project.admit(device.public)
        before = contents(project)
        with Verifier() as verifier:
            replica = ProjectReplica(project, verifier)
            waits = {"an unknown dependency"}
            for number, (name, make) in enumerate(corpus.CHANGES.items()):
                taken = replica.take([corpus.crafted(device, project.id, make(), number).plain()], ())
                assert taken.bundles == 0, name
                assert bool(taken.unsound) == (name not in waits), name
            sound = corpus.crafted(device, project.id, corpus.with_columns(), 999)
            assert replica.take([sound.plain()], ()).bundles == 1
            assert verifier.ended == 0
        assert len(contents(project)) == len(before) + 1
        assert [one for one in project.verify() if one.what not in ("bundle", "fact", "waiting")] == []


def test_a_newcomer_holds_nothing_until_it_has_become_somebody() -> None:
    device = Device.of_seed(bytes(32))
    newcomer = Newcomer(device, ProjectId("00" * 32))
    empty: tuple[Members | None, object, object] = (newcomer.members, newcomer.entries(), newcomer.have())
    assert empty == (None, {}, {})
    assert (newcomer.project, newcomer.mine_public()) == ("00" * 32, device.public)
    taken = newcomer.take([b"x"], [b"y"])
    assert replace(taken, bundles=0) == taken
    assert (newcomer.share(0), list(newcomer.bundles(LogId("00" * 16), 1, 2))) == ({}, [])


async def test_portions_are_read_once_while_nothing_changes(tmp_path: Path) -> None:
    desk = Desk.under(tmp_path)
    async with desk.started("MARA", "NORA") as project:
        replica = ProjectReplica(project, arrivals.here)
        first = [replica.share(number) for number in range(SHARES)]
        assert sum(map(len, first)) == len(project._ledger.file.documents())
        assert [replica.share(number) is first[number] for number in range(SHARES)] == [True] * SHARES
        add_asset(project, "TARA")
        again = [replica.share(number) for number in range(SHARES)]
        assert sum(map(len, again)) == sum(map(len, first)) + 1
        assert replica.share(SHARES) == {}
