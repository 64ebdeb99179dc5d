"""Deliveries: everything of one link in one commit, and nothing lost when it cannot be taken in."""

from __future__ import annotations

import asyncio
import os
import random as rnd
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync import arrivals, deliveries, identity, log, schema
from sync.actions import Take
from sync.arrivals import Taken
from sync.database import Busy
from sync.deliveries import Deliveries
from sync.document import Document
from sync.links.memory import memory_link
from sync.log import Bundle
from sync.peer import Conversation
from sync.project import Project, asset_document
from sync.pump import Pump
from sync.records import AssetId, DocumentId
from sync.replica import ProjectReplica
from sync.tasks import Crew
from sync.verifier import Verifier
from tests.sync.stage import Desk, contents
from tests.sync.test_arrivals import Author
from tests.sync.test_pump import Host


class Reluctant(ProjectReplica):
    """One that is busy at first, and counts."""

    def __init__(self, project: Project) -> None:
        super().__init__(project, arrivals.here, project._clock)
        self.calls: list[int] = []

    def take(self, bundles: Sequence[bytes], entries: Sequence[bytes]) -> Taken:
        """Refuse once."""
        self.calls.append(len(bundles))
        if len(self.calls) == 1:
            raise Busy("another process writes", "wait")
        return Taken(0, 0, (), ())


async def test_one_commit_for_many_and_again_when_it_was_busy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliveries, "LATER", 0.0)
    done = asyncio.Event()
    async with (
        Desk.under(tmp_path).create() as project,
        memory_link(rnd.Random(1)) as wire,
        Crew() as crew,
    ):
        replica = Reluctant(project)
        conversation = Conversation(
            replica,
            device=project.device,
            binding=wire.dialler.binding,
            dialled=True,
            now=time.monotonic(),
            random=os.urandom,
        )
        pump = Pump(wire.dialler, conversation, Host(project), time.monotonic, dialled=True)
        found = Deliveries(replica, done.set, time.monotonic)
        crew.start(found.run())
        for _ in range(5):
            pump.untaken.append(Take(bundles=(b"x",)))
            found.add(pump)
        async with asyncio.timeout(10):
            await done.wait()
        assert replica.calls == [5, 5]


@pytest.fixture(scope="module")
def verifier() -> Iterator[Verifier]:
    with Verifier() as found:
        yield found


def delivery(project: Project, home: Path, seed: int) -> list[bytes]:
    """What two members wrote in three documents: some of it forged, twice, or missing, in no order."""
    draw = rnd.Random(seed)
    found: list[bytes] = []
    for number in range(2):
        device = identity.load_or_create(home / f"author{number}")
        project.admit(device.public)
        author = Author(device, project.id, nonce=bytes([number]) * 16)
        queues = [written(author, asset_document(AssetId(name)), number) for name in "abc"]
        chain: list[Bundle] = []
        for _ in range(draw.randrange(1, 12)):
            changes = [queue.pop(0) for queue in queues if queue and draw.random() < 0.5]
            chain.append(author.bundle(*changes, after=chain))
        for one in chain:
            if draw.random() < 0.1:
                one = log.parse(one.body, bytes(64))
            found += [one.plain()] * draw.choice([0, 1, 1, 1, 1, 1, 1, 1, 2])
    draw.shuffle(found)
    return found


def written(author: Author, document: DocumentId, number: int) -> list[tuple[DocumentId, bytes]]:
    live = Document.load(schema.genesis(document), [], author.actor)
    return [(document, live.put([("renamed", f"{number}/{n}", f"text {n}")])) for n in range(9)]


def clocked(project: Project) -> ProjectReplica:
    return ProjectReplica(project, arrivals.here, project._clock)


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 9))
def test_portions_come_to_the_same_as_the_whole(verifier: Verifier, seed: int, size: int) -> None:
    async def ends(place: Path) -> None:
        async with Desk.under(place, "whole").create() as whole:
            found = delivery(whole, place, seed)
            export = place / "export"
            whole.export(export)
            taken = clocked(whole).take(found, [])
            findings = set(taken.findings)
            async with Desk.under(place, "portions").join(export) as project:
                replica = ProjectReplica(project, verifier, project._clock)
                seen = set()
                for at in range(0, len(found), size):
                    portion = found[at : at + size]
                    while asked := replica.rehearse(portion, []):
                        await asyncio.to_thread(replica.beforehand, asked)
                    part = replica.take(portion, [])
                    seen |= set(part.findings)
                assert contents(project) == contents(whole)
                assert project.have() == whole.have()
                assert replica.heads() == clocked(whole).heads()
                assert {one.id for one in seen} == {one.id for one in findings}
                assert part.waiting == taken.waiting
                assert [
                    one for one in project.verify() if one.what not in ("bundle", "waiting", "fact")
                ] == []

    with tempfile.TemporaryDirectory() as place:
        asyncio.run(ends(Path(place)))
