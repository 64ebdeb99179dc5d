"""Who counts as a member, whoever holds the entries and in whatever order they came."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from engine.faults import Damaged
from sync import identity, membership
from sync.identity import Device
from sync.membership import Entry, Members
from sync.records import MemberId, Time


def device(root: Path, name: str) -> Device:
    return identity.load_or_create(root / name, name=name)


def time(n: int) -> Time:
    return Time(f"2026-01-01T00:00:00.{n:03d}Z")


def admit(by: Device, members: Members, who: Device, n: int, member: MemberId | None = None) -> Entry:
    chosen = member or next(iter(members.people))
    return membership.admit(by, members, who.public, chosen, time(n), lambda size: bytes([n]) * size)


def test_the_create_entry_names_the_project_and_its_owner(tmp_path: Path) -> None:
    ada = device(tmp_path, "ada")
    entry = membership.create(ada, "Ada", time(0), bytes)
    view = membership.view([entry])
    assert view.project == membership.project_id(entry) == entry.hash.hex()
    assert view.owns(ada.public)
    assert view.may_write(ada.public)
    assert view.heads == (entry.hash,)
    assert [one.name for one in view.people.values()] == ["Ada"]
    assert not view.may_write(bytes(32))


def test_an_owner_adds_devices_that_add_devices(tmp_path: Path) -> None:
    ada, laptop, tower = (device(tmp_path, name) for name in ("ada", "laptop", "tower"))
    first = membership.create(ada, "Ada", time(0), bytes)
    second = admit(ada, membership.view([first]), laptop, 1)
    third = admit(laptop, membership.view([first, second]), tower, 2)
    for order in itertools.permutations([first, second, third]):
        view = membership.view(order)
        assert set(view.devices) == {ada.public, laptop.public, tower.public}
        assert len(view.people) == 1
        assert view.heads == (third.hash,)
    member = next(iter(view.people))
    assert len(view.device_ids(member)) == 3


def test_an_entry_without_right_in_its_past_counts_for_nothing(tmp_path: Path) -> None:
    ada, mallory, friend = (device(tmp_path, name) for name in ("ada", "mallory", "friend"))
    first = membership.create(ada, "Ada", time(0), bytes)
    forged = admit(mallory, membership.view([first]), mallory, 1)
    view = membership.view([first, forged])
    assert set(view.devices) == {ada.public}
    late = admit(ada, view, mallory, 2)
    early = admit(mallory, membership.view([first]), friend, 3)  # its past does not hold `late`
    assert friend.public not in membership.view([first, forged, late, early]).devices


def test_entries_that_depend_on_unknown_ones_wait(tmp_path: Path) -> None:
    ada, laptop, tower = (device(tmp_path, name) for name in ("ada", "laptop", "tower"))
    first = membership.create(ada, "Ada", time(0), bytes)
    second = admit(ada, membership.view([first]), laptop, 1)
    third = admit(laptop, membership.view([first, second]), tower, 2)
    assert set(membership.view([first, third]).devices) == {ada.public}


def test_what_is_not_signed_or_not_an_entry_is_refused(tmp_path: Path) -> None:
    entry = membership.create(device(tmp_path, "ada"), "Ada", time(0), bytes)
    assert membership.decode(entry.data) == entry
    for at in range(0, len(entry.data), 3):
        broken = bytearray(entry.data)
        broken[at] ^= 1
        with pytest.raises(Damaged):
            membership.decode(bytes(broken))
    for bad in (b"", bytes(64), bytes(64) + b"{}", bytes(5000)):
        with pytest.raises(Damaged):
            membership.decode(bad)


def test_a_project_has_one_beginning(tmp_path: Path) -> None:
    ada = device(tmp_path, "ada")
    with pytest.raises(Damaged):
        membership.view([])
    with pytest.raises(Damaged):
        membership.view(
            [membership.create(ada, "a", time(0), bytes), membership.create(ada, "b", time(1), bytes)]
        )
