"""Two devices that exchange files."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.faults import Damaged, NotFound, Refused
from sync import exchange, identity
from sync.project import Project
from sync.records import AssetId
from tests.sync.films import Film, populate
from tests.sync.stage import Desk, add_asset, contents, names, rename


@pytest.fixture
def desks(tmp_path: Path) -> tuple[Desk, Desk]:
    return Desk.under(tmp_path, "desk"), Desk.under(tmp_path, "laptop")


async def shared(desks: tuple[Desk, Desk], file: Path, *assets: str) -> None:
    """A project on both devices, the second admitted."""
    key = identity.load_or_create(desks[1].home).public
    async with desks[0].started(*assets) as project:
        project.admit(key)
        project.export(file)
    async with desks[1].join(file) as project:
        assert names(project) == sorted(assets)


def same(one: Project, two: Project) -> None:
    """Equal heads, equal contents, equal meaning."""
    assert one.index.heads() == two.index.heads()
    assert contents(one) == contents(two)
    assert one.index.assets(gone=None) == two.index.assets(gone=None)
    assert one.index.jobs() == two.index.jobs()
    assert one.index.takes() == two.index.takes()
    assert one.verify() == []
    assert two.verify() == []


async def test_both_edit_apart_and_agree_after_exchanging_files(
    desks: tuple[Desk, Desk], tmp_path: Path
) -> None:
    file, back = tmp_path / "there.restrike", tmp_path / "back.restrike"
    await shared(desks, file, "MARA", "NORA")
    async with desks[0].open() as one, desks[1].open() as two:
        assert one.member == two.member
        assert one.device.id != two.device.id
        mara, nora = (row.id for row in one.index.assets())
        rename(one, mara, "MARA1")
        rename(two, mara, "MARA2")
        rename(two, nora, "NORA2")
        one.commit(lambda edit: populate(edit, Film.seeded(1), ["A", "B"]))
        two.commit(lambda edit: populate(edit, Film.seeded(2), ["C"]))
        one.export(file, since=two.have())
        two.export(back, since=one.have())
        there, here = two.merge(file), one.merge(back)
        assert (there.bundles, there.waiting, there.faults) == (3, 0, ())
        assert (here.bundles, here.waiting, here.faults) == (4, 0, ())
        same(one, two)
        assert names(one) == ["A", "B", "C", "MARA1", "NORA2"]  # the later clock
        again = two.merge(file)
        assert (again.bundles, again.faults) == (0, ())
        rename(two, mara, "MARA3")
        two.export(back)
        assert one.merge(back).bundles == 1
        same(one, two)


async def test_merging_tells_subscribers(desks: tuple[Desk, Desk], tmp_path: Path) -> None:
    file = tmp_path / "x"
    await shared(desks, file, "MARA")
    async with desks[0].open() as one, desks[1].open() as two:
        asset = add_asset(two, "NORA")
        two.export(file)
        told: list[object] = []
        with one.subscribe(told.append):
            one.merge(file)
        assert len(told) == 1
        assert one.asset(asset).asset.name == "NORA"


async def test_what_comes_out_of_order_waits(desks: tuple[Desk, Desk], tmp_path: Path) -> None:
    file, early, late = tmp_path / "x", tmp_path / "early", tmp_path / "late"
    await shared(desks, file, "MARA")
    async with desks[0].open() as one, desks[1].open() as two:
        mara = one.index.assets()[0].id
        rename(one, mara, "A")
        one.export(early, since=two.have())
        have = one.have()
        rename(one, mara, "B")
        one.export(late, since=have)
        merged = two.merge(late)
        assert (merged.bundles, merged.waiting, merged.faults) == (0, 1, ())
        assert names(two) == ["MARA"]
        assert [one.what for one in two.verify()] == ["waiting"]
        assert two.merge(early).bundles == 2
        assert names(two) == ["B"]
        same(one, two)


async def test_a_device_that_was_not_admitted_is_refused(desks: tuple[Desk, Desk], tmp_path: Path) -> None:
    file = tmp_path / "x"
    async with desks[0].started("MARA") as one:
        one.export(file)
        async with desks[1].join(file) as two:
            with pytest.raises(Refused, match="no member"):
                add_asset(two, "NORA")
            one.admit(two.device.public)
            one.export(file)
            assert two.merge(file).entries == 1
            add_asset(two, "NORA")
            two.export(file)
        one.merge(file)
        assert names(one) == ["MARA", "NORA"]


async def test_a_damaged_export_costs_what_is_damaged_alone(desks: tuple[Desk, Desk], tmp_path: Path) -> None:
    file = tmp_path / "x"
    await shared(desks, file, "MARA")
    async with desks[0].open() as one, desks[1].open() as two:
        mara: AssetId = one.index.assets()[0].id
        for n in range(5):
            rename(one, mara, f"N{n}")
        one.export(file)
        good = file.read_bytes()
        for at in range(5, len(good), 97):
            broken = bytearray(good)
            broken[at] ^= 0x55
            file.write_bytes(bytes(broken))
            assert any(finding.what in ("export", "entry") for finding in two.merge(file).faults)
        file.write_bytes(good[: len(good) // 2])
        assert two.merge(file).faults
        file.write_bytes(good)
        assert two.merge(file).faults == ()
        assert contents(one) == contents(two)
        assert all(finding.what == "export" for finding in two.verify())


async def test_other_files_are_no_exports(desks: tuple[Desk, Desk], tmp_path: Path) -> None:
    file = tmp_path / "x"
    file.write_bytes(b"something else")
    with pytest.raises(Damaged, match="no export"):
        exchange.entries_in(file)
    with pytest.raises(NotFound):
        exchange.entries_in(tmp_path / "nowhere")
    async with desks[0].create() as one, desks[1].create() as two:
        one.export(file)
        with pytest.raises(Damaged):
            two.merge(file)
        assert two.verify() == []
