"""The team in the field: real programs on machines of their own, over networks that are slow, lossy, cut and changed.

Each artist runs `restrike serve` in a network namespace; where a machine has none these tests are skipped, and the
same journeys run on its own network in `test_team.py`.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest

from tests.journeys.artists import Artist, again, begun, until
from tests.journeys.lab import Lab, Machine, why_not

pytestmark = pytest.mark.skipif(why_not() is not None, reason=str(why_not()))
SOON = 15.0
"""What is four seconds on a machine of one's own, and is measured there by `tests.benchmarks.team.cuts`."""


@pytest.fixture(scope="module")
def joined(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folders and homes of three people who share a film."""
    folder = tmp_path_factory.mktemp("joined")
    with pytest.MonkeyPatch.context() as patch, Lab() as lab:
        patch.setenv("PYTHON_KEYRING_SOONEND", "keyring.backends.fail.Keyring")
        begun(folder, [*lab.lan(3)])
    return folder


@pytest.fixture
def lab() -> Iterator[Lab]:
    """A network of one's own."""
    with Lab() as found:
        yield found


@pytest.fixture
def two(lab: Lab, joined: Path, tmp_path: Path) -> list[Artist]:
    """Two people on one LAN."""
    return again(joined, tmp_path, [*lab.lan(2)])


def machine(artist: Artist) -> Machine:
    assert artist.machine is not None
    return artist.machine


def linked(*artists: Artist, by: str = "lan") -> bool:
    return all(by in one.links() for one in artists)


def apart(*artists: Artist) -> bool:
    return not any(link for one in artists for link in one.links())


def edit(name: str, *artists: Artist) -> float:
    """Everybody adds something, and gets what the others added; returns how long that took."""
    mine = [f"{name}{number}" for number in range(len(artists))]
    for one, added in zip(artists, mine, strict=True):
        one("asset", "add", "prop", added, "seed=3")
    return until(lambda: all(set(mine) <= set(one.names()) for one in artists))


def test_two_artists_on_a_poor_network_see_each_other_without_an_address(lab: Lab, two: list[Artist]) -> None:
    anna, ben = two
    with anna.serve(), ben.serve():
        assert until(lambda: linked(anna, ben)) < SOON
        assert edit("GOOD", anna, ben) < SOON
        lab.poor(machine(anna), machine(ben), delay=40, loss=2)
        assert edit("SLOW", anna, ben) < SOON
        lab.poor(machine(anna), machine(ben), delay=40, loss=10)
        assert edit("LOSSY", anna, ben) < SOON
        until(lambda: anna.heads == ben.heads)
        until(lambda: anna.reasons(ben)[0]["code"] == "in_sync")


@pytest.mark.parametrize("how", ["split", pytest.param("cable", marks=pytest.mark.slow)])
def test_a_cut_is_noticed_and_healed(lab: Lab, two: list[Artist], how: str) -> None:
    anna, ben = two
    with anna.serve(), ben.serve():
        until(lambda: linked(anna, ben))
        if how == "split":
            lab.split((machine(anna), machine(ben)))
        else:
            lab.pull(machine(ben))
        assert until(lambda: apart(anna, ben)) < SOON
        anna("asset", "add", "prop", "MEANWHILE", "seed=5")
        ben("asset", "add", "prop", "ALONE", "seed=5")
        assert {one["code"] for one in anna.reasons(ben)} & {"lost", "no_link"}
        lab.split()
        lab.mend(machine(ben))
        assert until(lambda: linked(anna, ben)) < SOON
        assert until(lambda: anna.names() == ben.names() == ["ALONE", "LAMP", "MEANWHILE"]) < SOON


def test_a_device_that_moves_to_another_address_is_back_at_once(two: list[Artist]) -> None:
    anna, ben = two
    with anna.serve(), ben.serve():
        until(lambda: linked(anna, ben))
        machine(ben).address("10.78.0.77/24")
        assert edit("MOVED", anna, ben) < SOON
        machine(anna).address("10.78.0.78/24")
        assert edit("TOO", anna, ben) < SOON
        until(lambda: linked(anna, ben))


def test_work_travels_through_whoever_reaches_both(lab: Lab, joined: Path, tmp_path: Path) -> None:
    people = again(joined, tmp_path, [*lab.lan(3)])
    anna, ben, cleo = people
    lab.split((machine(anna), machine(cleo)))
    with ExitStack() as stack:
        for one in people:
            stack.enter_context(one.serve())
        until(lambda: len(ben.links()) == 2)
        assert edit("LINE", anna, cleo) < SOON
        assert len(anna.links()) == len(cleo.links()) == 1
        until(lambda: anna.heads == ben.heads == cleo.heads)


@pytest.mark.slow
def test_through_a_relay_alone_and_over_the_lan_once_there_is_one(
    lab: Lab, joined: Path, tmp_path: Path
) -> None:
    one, other, between = (lab.machine(number) for number in (1, 2, 3))
    lab.plug(one, "10.78.0.1/24", segment="studio")
    lab.plug(other, "10.79.0.2/24", segment="home")
    lab.plug(between, "10.78.0.3/24", segment="studio")
    lab.plug(between, "10.79.0.3/24", at="eth1", segment="home")
    anna, ben, _ = again(joined, tmp_path, [one, other, between])
    relay = Artist(tmp_path / "relay", tmp_path / "relay", between)
    with (
        relay.relay(8427),
        anna.serve("--relay", "ws://10.78.0.3:8427"),
        ben.serve("--relay", "ws://10.79.0.3:8427"),
    ):
        until(lambda: linked(anna, ben, by="relay"))
        assert edit("FAR", anna, ben) < SOON
        lab.plug(one, "10.80.0.1/24", at="eth1", segment="visit")
        lab.plug(other, "10.80.0.2/24", at="eth1", segment="visit")
        until(lambda: linked(anna, ben, by="lan"))
        assert edit("NEAR", anna, ben) < SOON
        lab.pull(other, at="eth1")
        assert edit("AGAIN", anna, ben) < SOON
        until(lambda: linked(anna, ben, by="relay"))


@pytest.mark.slow
def test_offline_for_long_then_by_file_and_then_on_one_lan(lab: Lab, joined: Path, tmp_path: Path) -> None:
    one, other = lab.machine(1), lab.machine(2)
    anna, ben, _ = again(joined, tmp_path, [one, other, None])
    for number in range(10):
        anna("asset", "set", "LAMP", f"seed={number + 10}")
        ben("asset", "add", "prop", f"BEN{number}", "seed=3")
    anna("export", str(tmp_path / "carried.rsx"))
    assert ben("import", str(tmp_path / "carried.rsx"))["bundles"] >= 10
    assert ben("asset", "show", "LAMP")["recipe"]["seed"] == "19"
    ben("asset", "set", "LAMP", "seed=99")
    with anna.serve(), ben.serve():
        until(lambda: anna.reasons(ben)[0]["code"] == "not_found")
        anna("asset", "set", "LAMP", "seed=98")
        for machine_, number in ((one, 1), (other, 2)):
            lab.plug(machine_, f"10.78.0.{number}/24")
        until(lambda: linked(anna, ben))
        until(lambda: anna.heads == ben.heads)
        assert len(anna.names()) == 11
        assert anna("asset", "show", "LAMP")["forked"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "port", "code", "fix"),
    [
        ("udp", 5353, "not_found", "UDP port 5353"),
        ("tcp", 0, "no_answer", "TCP port"),
        ("udp", 0, "no_link", "let UDP through"),
    ],
)
def test_the_step_that_a_firewall_blocks_is_named(
    lab: Lab, two: list[Artist], kind: str, port: int, code: str, fix: str
) -> None:
    anna, ben = two
    if code == "no_link":  # they know where the other one is
        with anna.serve(), ben.serve():
            until(lambda: linked(anna, ben) and anna.knows(ben) and ben.knows(anna))
    lab.block((machine(ben), kind, port))
    with anna.serve(), ben.serve():
        until(lambda: code in [one["code"] for one in anna.reasons(ben)])
        (reason,) = [one for one in anna.reasons(ben) if one["code"] == code]
        assert fix in reason["fix"]
        blocked = [one for one in anna.checks() if not one["ok"]]
        assert [one["name"] for one in blocked] == {
            "not_found": [],
            "no_answer": ["asking others"],
            "no_link": ["data channel to others"],
        }[code]
        assert all(fix in one["fix"] for one in blocked)
        lab.block()
        assert until(lambda: linked(anna, ben), 90.0)


@pytest.mark.slow
def test_without_multicast_those_who_know_each_other_meet(lab: Lab, two: list[Artist]) -> None:
    anna, ben = two
    with anna.serve(), ben.serve():
        until(lambda: linked(anna, ben) and anna.knows(ben) and ben.knows(anna))
    lab.block(*((machine(one), "udp", 5353) for one in two))
    with anna.serve(), ben.serve():
        until(lambda: linked(anna, ben))
        assert edit("TUNNEL", anna, ben) < SOON
        machine(ben).address("10.78.0.50/24")
        assert edit("MOVED", anna, ben) < SOON, "who moves knows where the others are"


def test_without_a_network_the_film_is_open_and_a_network_is_met_when_it_comes(
    lab: Lab, joined: Path, tmp_path: Path
) -> None:
    one, other = lab.machine(1), lab.machine(2)
    anna, ben, _ = again(joined, tmp_path, [one, other, None])
    with anna.serve(), ben.serve():
        anna("asset", "add", "prop", "ALONE", "seed=2")
        until(lambda: anna.reasons(ben)[0]["code"] == "not_found")
        assert any("no network" in each["detail"] for each in anna.checks())
        lab.plug(one, "fd00:78::1/64")
        lab.plug(other, "fd00:78::2/64")
        until(lambda: linked(anna, ben))
        until(lambda: "ALONE" in ben.names())


@pytest.mark.slow
def test_a_program_that_slept_is_missed_and_comes_back(two: list[Artist]) -> None:
    anna, ben = two
    with anna.serve(), ben.serve() as asleep:
        until(lambda: linked(anna, ben))
        asleep.send_signal(signal.SIGSTOP)
        assert until(lambda: not anna.links()) < SOON
        anna("asset", "add", "prop", "MEANWHILE", "seed=5")
        asleep.send_signal(signal.SIGCONT)
        assert until(lambda: "MEANWHILE" in ben.names()) < SOON
        assert edit("AWAKE", anna, ben) < SOON


def test_a_cable_without_addresses_is_told_from_no_network(lab: Lab, joined: Path, tmp_path: Path) -> None:
    one = lab.machine(1)
    anna, *_ = again(joined, tmp_path, [one, None, None])
    lab.plug(one)
    with anna.serve():
        until(lambda: any("fe80" in each["detail"] and each["fix"] for each in anna.checks()))


@pytest.mark.slow
def test_who_reads_nothing_neither_fills_the_sender_nor_slows_the_others(
    lab: Lab, joined: Path, tmp_path: Path
) -> None:
    anna, ben, cleo = again(joined, tmp_path, [*lab.lan(3)])
    with anna.serve() as sender, ben.serve() as stalled, cleo.serve():
        until(lambda: len(anna.links()) == 2)
        before = psutil.Process(sender.pid).memory_info().rss
        stalled.send_signal(signal.SIGSTOP)
        try:
            names = {f"MANY{number}" for number in range(60)}
            for name in sorted(names):
                anna("asset", "add", "prop", name, "seed=1", f"prompt={'x' * 3000}")
            assert until(lambda: names <= set(cleo.names())) < SOON
            assert psutil.Process(sender.pid).memory_info().rss - before < 50e6
        finally:
            stalled.send_signal(signal.SIGCONT)
        until(lambda: names <= set(ben.names()))
