"""Devices that are never online together merge, whatever becomes of them, of the folder, and of what lies in it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from engine.faults import Conflict
from sync import epochs, identity, parcels
from sync.carriers import FolderCarrier
from sync.mailbox import MANY, MOST_LETTERS, Mailbox
from sync.membership import statements
from sync.project import Project
from sync.replica import ProjectReplica
from tests.sync.posts import Fragile, Killed, Mate, newcomer, share_box, team
from tests.sync.relay.stage import seeded, visitors
from tests.sync.stage import Desk, add_asset, names


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    found = tmp_path / "shared"
    found.mkdir()
    return found


def equal(*mates: Mate) -> bool:
    return len({one.replica.heads() for one in mates}) == 1


async def test_two_who_are_never_online_together_merge(tmp_path: Path, folder: Path) -> None:
    one, other = team(tmp_path, 2)
    one.edit(5)
    other.edit(3)
    carrier = FolderCarrier(folder)
    await one.online(carrier)
    await other.online(carrier)
    await one.online(carrier)
    assert equal(one, other)
    assert len(one.replica.contents()) == 1
    assert sum(len(facts) for facts in one.replica.contents().values()) == 8


async def test_nothing_new_is_nothing_to_do(tmp_path: Path, folder: Path) -> None:
    one, other = team(tmp_path, 2)
    one.edit(5)
    carrier = FolderCarrier(folder)
    await one.online(carrier)
    await other.online(carrier)
    await one.online(carrier)
    before = await carrier.names()
    async with one.mailbox(carrier) as mailbox:
        sent = await mailbox.post()
        assert (sent.bundles, sent.entries, sent.objects, sent.waits) == (0, 0, 0, "")
        assert await mailbox.collect() == type(await mailbox.collect())()
    assert await carrier.names() == before


async def test_what_was_not_kept_comes_again(tmp_path: Path, folder: Path) -> None:
    one, other = team(tmp_path, 2)
    one.edit(2)
    carrier = FolderCarrier(folder)
    await one.online(carrier)
    async with other.mailbox(carrier) as mailbox:
        first = await mailbox.collect()
        assert len(first.bundles) == 2
        assert await mailbox.collect() == first
        mailbox.keep(first)
        assert (await mailbox.collect()).bundles == ()


async def test_nothing_in_the_folder_can_be_read_without_the_keys(tmp_path: Path, folder: Path) -> None:
    one, other = team(tmp_path, 2)
    one.edit(3)
    await one.online(FolderCarrier(folder))
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert len(files) == 2
    seen = b"".join(path.read_bytes() + path.name.encode() for path in files)
    project = str(one.replica.project)
    for secret in (b"settings", b"device 1", one.device.public, other.device.public, project.encode()):
        assert secret not in seen
    assert bytes.fromhex(project) not in seen


async def kill_everywhere(root: Path, steps: int) -> int:
    """Kill both devices at the first step, the second, and so on; returns how many lives they had."""
    lives = 0
    for step in range(steps):
        place = root / str(step)
        (place / "shared").mkdir(parents=True)
        one, other = team(place, 2)
        one.edit(6)
        other.edit(3)
        for mate in (one, other) * 2:
            lives += 1
            try:
                await mate.online(Fragile(FolderCarrier(place / "shared"), step))
            except Killed:
                one.edit(1, 100 + lives)
        for mate in (one, other) * 2:
            await mate.online(FolderCarrier(place / "shared"))
        assert equal(one, other), step
        assert other.replica.heads() != ""
    return lives


async def test_a_kill_at_any_step_loses_nothing(tmp_path: Path) -> None:
    assert await kill_everywhere(tmp_path, 12) == 48


async def test_many_small_objects_become_one(tmp_path: Path, folder: Path) -> None:
    one, other = team(tmp_path, 2)
    carrier = FolderCarrier(folder)
    for number in range(MANY + 4):
        one.edit(1, number)
        await one.online(carrier)
    assert len(await carrier.names()) <= 7
    await other.online(carrier)
    assert equal(one, other)


async def test_a_reader_in_the_middle_of_a_compaction_misses_nothing(tmp_path: Path, folder: Path) -> None:
    one, other = team(tmp_path, 2)
    carrier = FolderCarrier(folder)
    for number in range(MANY - 1):
        one.edit(1, number)
        async with one.mailbox(carrier) as mailbox:
            await mailbox.post()

    class Late(FolderCarrier):
        """Lists names, and then lets the other one put them together."""

        async def names(self, prefix: str = "") -> list[str]:
            listed = await super().names(prefix)
            one.edit(1, 99)
            async with one.mailbox(carrier) as mailbox:
                await mailbox.post()
            return listed

    async with other.mailbox(Late(folder)) as mailbox:
        collected = await mailbox.collect()
        other.replica.take(collected.bundles, collected.entries)
        mailbox.keep(collected)
    await other.online(carrier)
    assert equal(one, other)


SPOILS: dict[str, Callable[[bytes], bytes]] = {
    "truncated": lambda data: data[: len(data) // 2],
    "empty": lambda data: b"",
    "changed": lambda data: data[:-1] + bytes([data[-1] ^ 1]),
    "another's": lambda data: b"x" * len(data),
    "too large": lambda data: data + bytes(3 * 1024 * 1024),
}


@pytest.mark.parametrize("spoil", SPOILS)
async def test_a_spoilt_object_is_named_once_and_read_when_it_is_whole(
    tmp_path: Path, folder: Path, spoil: str
) -> None:
    one, other = team(tmp_path, 2)
    carrier = FolderCarrier(folder)
    one.edit(2)
    await one.online(carrier)
    paths = [path for path in folder.rglob("*") if path.is_file()]
    whole = {path: path.read_bytes() for path in paths}
    for path, data in whole.items():
        path.write_bytes(SPOILS[spoil](data))
    spoilt = await carrier.names()
    found = await other.online(carrier)
    assert sorted(one.id for collected in found for one in collected.findings) == spoilt
    assert all(
        one.what == "object" and one.detail and one.fix for collected in found for one in collected.findings
    )
    assert await other.online(carrier) == []
    async with other.mailbox(carrier) as mailbox:
        assert set(mailbox.postmarks.aside()) == set(spoilt)
    for path, data in whole.items():
        path.write_bytes(data)
    await other.online(carrier)
    assert equal(one, other)
    async with other.mailbox(carrier) as mailbox:
        assert mailbox.postmarks.aside() == {}


async def test_objects_of_another_project_are_left_alone(tmp_path: Path, folder: Path) -> None:
    one, other = team(tmp_path, 2)
    carrier = FolderCarrier(folder)
    await carrier.put("0123456789abcdef/00", b"not ours")
    one.edit(1)
    await one.online(carrier)
    await other.online(carrier)
    assert equal(one, other)
    async with other.mailbox(carrier) as mailbox:
        collected = await mailbox.collect()
        assert (collected.foreign, collected.findings) == (1, ())


async def test_an_object_under_anothers_name_is_not_believed(tmp_path: Path, folder: Path) -> None:
    one, other = team(tmp_path, 2)
    carrier = FolderCarrier(folder)
    one.edit(1)
    async with one.mailbox(carrier) as mailbox:
        await mailbox.post()
        one.edit(1, 1)
        await mailbox.post()
    assert one.replica.project is not None
    letters = parcels.letterbox(one.replica.project)
    first, second = (name for name in await carrier.names() if not name.startswith(letters))
    data = await carrier.get(first)
    await carrier.put(first, await carrier.get(second))
    [collected] = await other.online(carrier)
    assert [finding.id for finding in collected.findings] == [first]
    await carrier.put(first, data)
    await other.online(carrier)
    assert equal(one, other)


async def test_what_somebody_deleted_is_put_again(tmp_path: Path, folder: Path) -> None:
    one, other = team(tmp_path, 2)
    carrier = FolderCarrier(folder)
    one.edit(3)
    await one.online(carrier)
    shutil.rmtree(folder)
    folder.mkdir()
    one.edit(1, 10)
    await one.online(carrier)
    await one.online(carrier)
    await other.online(carrier)
    assert equal(one, other)


async def test_a_removed_device_reads_nothing_new_and_those_away_find_the_new_secret(
    tmp_path: Path, folder: Path
) -> None:
    owner, away, removed = team(tmp_path, 3)
    carrier = FolderCarrier(folder)
    owner.edit(1)
    for mate in (owner, removed, owner):
        await mate.online(carrier)
    remove(owner, removed)
    owner.edit(1, 50)
    await owner.online(carrier)
    before = removed.replica.heads()
    await removed.online(carrier)
    assert removed.replica.heads() == before
    assert len(removed.replica.entries()) < len(owner.replica.entries())
    await away.online(carrier)
    assert equal(owner, away)


def remove(owner: Mate, removed: Mate) -> None:
    """Remove a device, and begin the next epoch."""
    replica, now = owner.replica, identity.now(owner.clock)
    assert replica.members is not None
    entry = statements.remove_device(
        owner.device, replica.members, removed.device.public, {}, now, seeded(11)
    )
    replica.add_entry(entry)
    replica.add_entry(epochs.begin(owner.device, replica.members, now, seeded(12)))


async def test_a_newcomer_is_told_everything_and_waits_for_the_secret(tmp_path: Path, folder: Path) -> None:
    owner, _ = team(tmp_path, 2)
    carrier = FolderCarrier(folder)
    owner.edit(2)
    await owner.online(carrier)
    late = Mate(*_late(owner, tmp_path))
    async with late.mailbox(carrier) as mailbox:
        assert "not been given the newest secret" in (await mailbox.post()).waits
    await owner.online(carrier)
    assert owner.replica.members is not None
    handed = epochs.hand_on(owner.device, owner.replica.members, identity.now(owner.clock), seeded(13))
    assert handed is not None
    owner.replica.add_entry(handed)
    await owner.online(carrier)
    late.edit(1)
    await late.online(carrier)
    await late.online(carrier)
    await owner.online(carrier)
    assert equal(owner, late)


def _late(owner: Mate, root: Path) -> tuple:  # type: ignore[type-arg]
    replica = newcomer(owner.replica, 9, owner.clock)
    share_box(owner.replica, replica.device, owner.clock)
    replica.take([], list(owner.replica.entries().values()))
    return replica.device, replica, root / "notes late.db", owner.clock


async def test_a_relay_carries_a_mailbox_as_well(tmp_path: Path) -> None:
    one, other = team(tmp_path, 2)
    one.edit(4)
    other.edit(2)
    async with visitors(tmp_path / "relay", 1, 2) as (first, second):
        await one.online(first.client)
        await other.online(second.client)
        await one.online(first.client)
    assert equal(one, other)


async def test_an_object_that_lies_there_already_is_no_trouble(tmp_path: Path, folder: Path) -> None:
    class Taken(FolderCarrier):
        async def put(self, name: str, data: bytes) -> None:
            raise Conflict("another device has put an object of this name", "")

    one, _ = team(tmp_path, 2)
    one.edit(1)
    async with one.mailbox(Taken(folder)) as mailbox:
        assert (await mailbox.post()).bundles == 1


async def test_projects_on_disk_merge_through_a_folder(tmp_path: Path, folder: Path) -> None:
    carrier = FolderCarrier(folder)
    here, there = Desk.under(tmp_path, "here"), Desk.under(tmp_path, "there")
    async with here.started("MARA") as project:
        project.team.tend()
        project.export(tmp_path / "film.rsx")
        async with there.join(tmp_path / "film.rsx") as copy:
            public = copy.device.public
        project.admit(public)
        project.export(tmp_path / "film.rsx")
    async with there.open() as copy:
        copy.merge(tmp_path / "film.rsx")
        copy.team.tend()
        await exchanged(copy, there, carrier)
    for desk, name in ((here, "HARBOUR"), (there, "TOWER"), (here, "BOAT"), (there, "HOUSE"), (here, "CAR")):
        async with desk.open() as project:
            add_asset(project, name)
            project.team.tend()
            await exchanged(project, desk, carrier)
    for desk in (there, here):
        async with desk.open() as project:
            await exchanged(project, desk, carrier)
            assert sorted(names(project)) == ["BOAT", "CAR", "HARBOUR", "HOUSE", "MARA", "TOWER"]


async def exchanged(project: Project, desk: Desk, carrier: FolderCarrier) -> None:
    """Post and collect, as a session does."""
    from sync.arrivals import here as shadow

    replica = ProjectReplica(project, shadow, desk.clock)
    notes = desk.private / "mailbox.db"
    async with Mailbox.open(
        replica, carrier, project.device, notes, clock=desk.clock, random=seeded(len(desk.home.name))
    ) as mailbox:
        while (collected := await mailbox.collect()).names:
            replica.take(collected.bundles, collected.entries)
            mailbox.keep(collected)
        project.team.tend()
        await mailbox.post()


async def test_many_letters_become_one_and_whoever_comes_late_reads_it(tmp_path: Path, folder: Path) -> None:
    one, other = team(tmp_path, 2)
    carrier = FolderCarrier(folder)
    for number in range(20):
        members = one.replica.members
        assert members is not None
        one.replica.add_entry(epochs.begin(one.device, members, identity.now(one.clock), seeded(50 + number)))
        async with one.mailbox(carrier) as mailbox:
            await mailbox.post(bundles=False)
    assert len(await carrier.names()) <= MOST_LETTERS + 1
    await other.online(carrier)
    assert other.replica.entries().keys() == one.replica.entries().keys()


async def test_letters_that_are_gone_are_put_again(tmp_path: Path, folder: Path) -> None:
    one, other = team(tmp_path, 2)
    carrier = FolderCarrier(folder)
    await one.online(carrier)
    letters = await carrier.names()
    for name in letters:
        await carrier.delete(name)
    await one.online(carrier)
    assert await carrier.names() == letters
    await other.online(carrier)


async def test_the_next_mailbox_is_not_given_what_was_too_old_for_the_last(
    tmp_path: Path, folder: Path
) -> None:
    (one,) = team(tmp_path, 1)
    (tmp_path / "next").mkdir()
    one.edit(3)
    await one.online(FolderCarrier(folder))
    one.clock.now += timedelta(days=20)
    one.edit(2, 10)
    await one.online(FolderCarrier(folder))
    before, one.notes = one.notes, tmp_path / "next.db"
    async with one.mailbox(FolderCarrier(tmp_path / "next")) as mailbox:
        mailbox.follow(before)
        assert (await mailbox.post()).bundles == 2
