"""The log's file."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.faults import Damaged
from sync import blocks, database, identity, log
from sync.identity import Device
from sync.log import Bundle, Intro
from sync.records import DocumentId, ProjectId, SessionId, Time
from sync.store import Finding, Store

PROJECT = ProjectId("cd" * 32)


def chain(device: Device, count: int, kind: str = "project", size: int = 50) -> list[Bundle]:
    intro = Intro(kind, device.public, bytes(16), PROJECT)
    found: list[Bundle] = []
    for n in range(1, count + 1):
        before = found[-1].hash if found else log.NOTHING
        changes = [(DocumentId("asset/a"), bytes([n % 256]) * size)]
        found.append(log.sign(device, intro.log, n, before, changes, wall=n, intro=intro if n == 1 else None))
    return found


@pytest.fixture
def device(tmp_path: Path) -> Device:
    return identity.load_or_create(tmp_path / "home")


@pytest.fixture
def store(tmp_path: Path) -> Store:  # type: ignore[misc]
    found = Store(tmp_path)
    yield found
    found.close()


def test_bundles_are_kept_in_order_and_found_again(store: Store, device: Device) -> None:
    bundles = chain(device, 5)
    with store.writing():
        assert [store.append(one) for one in bundles] == [1, 2, 3, 4, 5]
    assert list(store.bundles()) == bundles
    assert store.position == 5
    assert store.positions(3) == [4, 5]
    assert store.bundle(2) == bundles[1]
    one = store.logs()[bundles[0].log]
    assert (one.last, one.hash, one.intro) == (5, bundles[-1].hash, bundles[0].intro)
    assert store.at(one.id, 3) == bundles[2]
    assert store.at(one.id, 6) is None


def test_a_bundle_that_does_not_follow_is_refused(store: Store, device: Device) -> None:
    bundles = chain(device, 4)
    with store.writing():
        store.append(bundles[0])
        for wrong in (bundles[0], bundles[2], chain(device, 3, size=60)[2]):
            with pytest.raises(Damaged):
                store.append(wrong)
        with pytest.raises(Damaged):
            store.append(chain(device, 3, "queue")[1])
    assert store.position == 1


def test_small_bundles_are_packed_and_stay_where_they_are(store: Store, device: Device) -> None:
    one, two = chain(device, 100), chain(device, 100, "queue")
    mixed = [bundle for pair in zip(one, two, strict=True) for bundle in pair]
    for bundle in mixed:
        with store.writing():
            store.append(bundle)
            store.pack()
    assert len(store.pieces()) < 2 * blocks.BUNDLES + 8
    assert list(store.bundles()) == mixed
    assert [store.bundle(position) for position in range(1, 201)] == mixed
    assert store.positions(0) == list(range(1, 201))
    assert store.positions(150) == list(range(151, 201))
    for n in (1, 17, 50, 99, 100):
        assert store.at(one[0].log, n) == one[n - 1]
        assert store.at(two[0].log, n) == two[n - 1]
    with store.writing():
        store.append(chain(device, 101)[-1])
    assert store.position == 201


def test_large_bundles_stay_single(store: Store, device: Device) -> None:
    with store.writing():
        for one in chain(device, 80, size=60_000):
            store.append(one)
        store.pack()
    assert not any(block for _, block in store.pieces())
    assert store.position == 80


def test_what_was_rolled_back_was_never_there(store: Store, device: Device) -> None:
    def fail() -> None:
        with store.writing():
            store.append(chain(device, 1)[0])
            raise ValueError("stop")

    with pytest.raises(ValueError, match="stop"):
        fail()
    assert (store.position, store.logs()) == (0, {})


def test_a_damaged_bundle_is_broken(store: Store, device: Device) -> None:
    with store.writing():
        store.append(chain(device, 1)[0])
    store.connection.execute("UPDATE bundles SET data = substr(data, 1, 90)")
    with pytest.raises(database.Broken):
        store.bundle(1)
    with pytest.raises(database.Broken):
        store.bundle(2)


def test_what_is_set_aside_is_kept_once(store: Store) -> None:
    finding = Finding("bundle", "x/1", "why", "fix")
    with store.writing():
        store.set_aside(finding, b"data", Time("t"))
        store.set_aside(finding, b"data", Time("u"))
        store.wait(identity.log_id("project", b"", b""), 3, b"later")
    assert store.quarantined() == [finding]
    assert store.waiting() == [b"later"]
    with store.writing():
        store.waited([b"later"])
    assert store.waiting() == []


def test_sessions_are_remembered(store: Store) -> None:
    one, two = SessionId("one"), SessionId("two")
    with store.writing():
        store.begin_session(one, 12, "start")
        store.begin_session(two, 13, "start")
        store.end_session(one)
    assert sorted(store.sessions()) == [(one, 12, "start", True), (two, 13, "start", False)]


def test_the_schema_is_noted(store: Store) -> None:
    assert store.schema == 1
    with store.writing():
        store.set_schema(7)
    assert store.schema == 7


def test_positions_go_on_above_the_floor_which_is_never_lowered(store: Store, device: Device) -> None:
    bundles = chain(device, 3)
    assert store.floor == 0
    with store.writing():
        store.append(bundles[0])
        store.raise_floor(1000)
        store.raise_floor(10)
        assert store.floor == 1000
        assert [store.append(one) for one in bundles[1:]] == [1001, 1002]
    assert store.position == 1002
    assert store.bundle(1001) == bundles[1]
    assert store.positions(1) == [1001, 1002]


def test_the_pulse_tells_of_other_connections_alone(store: Store, tmp_path: Path) -> None:
    other = Store(tmp_path)
    before = store.pulse
    with store.writing():
        store.raise_floor(1)
    assert store.pulse == before
    with other.writing():
        other.raise_floor(2)
    assert store.pulse != before
    other.close()
