"""Bundles that somebody made up: each is set aside with the reason, and the rest goes on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from sync import arrivals, identity, log, schema
from sync.arrivals import Taken
from sync.document import Document, first_change
from sync.identity import Device
from sync.log import Bundle, Intro
from sync.project import Project, asset_document
from sync.records import AssetId, DocumentId, ProjectId, Time
from tests.sync.stage import Desk, add_asset, contents, names

ASSET = AssetId("abc")
HERE = asset_document(ASSET)


@dataclass
class Author:
    """A member's device that writes whatever one tells it to."""

    device: Device
    project: ProjectId
    kind: str = "project"
    nonce: bytes = bytes(16)

    @property
    def intro(self) -> Intro:
        """What its log begins with."""
        return Intro(self.kind, self.device.public, self.nonce, self.project)

    @property
    def actor(self) -> bytes:
        """The actor that its changes must have."""
        return bytes.fromhex(self.intro.log)

    def bundle(
        self, *changes: tuple[DocumentId, bytes], after: Sequence[Bundle] = (), n: int | None = None
    ) -> Bundle:
        """The next bundle of its log."""
        previous = after[-1].hash if after else log.NOTHING
        number = n or len(after) + 1
        intro = self.intro if number == 1 else None
        return log.sign(self.device, self.intro.log, number, previous, changes, wall=0, intro=intro)

    def put(self, *texts: str, document: DocumentId = HERE) -> list[tuple[DocumentId, bytes]]:
        """Changes of one document, one after the other."""
        live = Document.load(schema.genesis(document), [], self.actor)
        return [(document, live.put([("renamed", f"k{n}", text)])) for n, text in enumerate(texts)]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk.under(tmp_path)


def author(project: Project, home: Path) -> Author:
    device = identity.load_or_create(home)
    project.admit(device.public)
    return Author(device, project.id)


def deliver(project: Project, *bundles: Bundle) -> Taken:
    with project._ledger.writing() as keep:
        taken = arrivals.take(
            project._ledger, project.members, [one.encode() for one in bundles], Time("now")
        )
        keep()
    return taken


def reasons(taken: Taken) -> str:
    return " ".join(one.detail for one in taken.findings)


async def test_sound_bundles_are_taken_in_any_order(desk: Desk, tmp_path: Path) -> None:
    async with desk.started("MARA") as project:
        some = author(project, tmp_path / "other")
        one, two, three = some.put("1", "2", "3")
        first = some.bundle(one)
        second = some.bundle(two, after=[first])
        third = some.bundle(three, after=[first, second])
        taken = deliver(project, third, first, first, second)
        assert (taken.bundles, taken.waiting, taken.findings, taken.documents) == (3, 0, (), (HERE,))
        assert len([one for one in contents(project) if one[0] == HERE]) == 3


async def test_foreign_and_forged_bundles_are_set_aside(desk: Desk, tmp_path: Path) -> None:
    async with desk.started("MARA") as project:
        before = contents(project)
        stranger = Author(identity.load_or_create(tmp_path / "stranger"), project.id)
        assert "no member" in reasons(deliver(project, stranger.bundle(*stranger.put("1"))))
        friend = author(project, tmp_path / "friend")
        elsewhere = Author(friend.device, ProjectId("00" * 32))
        assert "another project" in reasons(deliver(project, elsewhere.bundle(*elsewhere.put("1"))))
        good = friend.bundle(*friend.put("1"))
        forged = log.parse(good.body, stranger.device.sign(good.body))
        assert "signature" in reasons(deliver(project, forged))
        taken_over = log.sign(
            friend.device, stranger.intro.log, 1, log.NOTHING, [], wall=0, intro=friend.intro
        )
        assert "not its author's" in reasons(deliver(project, taken_over))
        assert contents(project) == before
        assert len(project.verify()) == 4
        assert deliver(project, good).bundles == 1


async def test_a_chain_has_no_gaps_and_no_loose_ends(desk: Desk, tmp_path: Path) -> None:
    async with desk.started("MARA") as project:
        some = author(project, tmp_path / "other")
        one, two = some.put("1", "2")
        first, second = some.bundle(one), some.bundle(two, after=[some.bundle(one)])
        assert deliver(project, first).bundles == 1
        loose = some.bundle(two, after=[second], n=2)
        assert "does not follow" in reasons(deliver(project, loose))
        third = some.bundle(after=[first, second])
        assert deliver(project, third).waiting == 1
        assert deliver(project, second).bundles == 2
        assert deliver(project).waiting == 0


@pytest.mark.parametrize(
    "case", ["actor", "log", "document", "shape", "rewrite", "number", "garbage", "again"]
)
async def test_a_bad_change_is_set_aside_with_what_builds_on_it(
    desk: Desk, tmp_path: Path, case: str
) -> None:
    async with desk.started("MARA") as project:
        some = author(project, tmp_path / "other")
        mara = project.index.assets()[0].id
        good, twice = some.put("1", "2")
        live = Document.load(schema.genesis(HERE), [good[1]], some.actor)
        stranger = Document.load(schema.genesis(HERE), [], bytes(range(16)))
        queue = DocumentId("queue/1")
        bad = {
            "actor": (HERE, stranger.put([("renamed", "k", "x")])),
            "log": (
                queue,
                Document.load(schema.genesis(queue), [], some.actor).put([("q", "a/b/low", "{}")]),
            ),
            "document": (DocumentId("nowhere/1"), good[1]),
            "shape": (HERE, first_change(["more"], some.actor, [*schema.genesis(HERE), good[1]])),
            "rewrite": (HERE, live.put([("renamed", "k0", "other")])),
            "number": (asset_document(mara), some.put("1", "2")[1][1]),
            "garbage": (HERE, b"no change"),
            "again": good,
        }[case]
        before = contents(project)
        first = some.bundle(good)
        second = some.bundle(bad, after=[first])
        third = some.bundle(after=[first, second])
        taken = deliver(project, first, second, third)
        assert taken.bundles == 1
        assert taken.findings or case == "number"
        assert taken.waiting == (2 if case == "number" else 1)
        assert len(contents(project)) == len(before) + 1
        assert names(project) == ["MARA"]
        add_asset(project, "NORA")
        assert twice


async def test_a_bad_log_does_not_hold_up_a_good_one(desk: Desk, tmp_path: Path) -> None:
    async with desk.started("MARA") as project:
        good, bad = author(project, tmp_path / "good"), author(project, tmp_path / "bad")
        shape = (HERE, first_change(["more"], bad.actor, schema.genesis(HERE)))
        taken = deliver(project, bad.bundle(shape), good.bundle(*good.put("1")))
        assert (taken.bundles, len(taken.findings)) == (1, 1)
        assert [one.what for one in project.verify() if one.what != "fact"] == ["bundle"]


async def test_facts_that_cannot_be_read_are_named_and_harm_nobody(desk: Desk, tmp_path: Path) -> None:
    async with desk.started("MARA") as project:
        some = author(project, tmp_path / "other")
        mara = project.index.assets()[0].id
        live = Document.load(schema.genesis(HERE), [], some.actor)
        change = (asset_document(mara), live.put([("renamed", "k", "no json"), ("versions", "v", "{}")]))
        assert deliver(project, some.bundle(change)).bundles == 1
        assert names(project) == ["MARA"]
        assert project.asset(mara).versions == ()
        assert sorted(one.what for one in project.verify()) == ["fact", "fact"]


async def test_peers_leave_no_more_waiting_than_is_allowed(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arrivals, "MOST_WAITING", 3)
    async with desk.started("MARA") as project:
        some = author(project, tmp_path / "other")
        chain: list[Bundle] = []
        for change in some.put(*map(str, range(9))):
            chain.append(some.bundle(change, after=chain))
        later = [one.encode() for one in chain[1:]]
        with project._ledger.writing() as keep:
            taken = arrivals.take(project._ledger, project.members, later, Time("now"), bounded=True)
            keep()
        assert (taken.bundles, taken.waiting, taken.findings) == (0, 3, ())
        assert deliver(project, *chain).bundles == 9
        assert project._ledger.store.waiting() == []
