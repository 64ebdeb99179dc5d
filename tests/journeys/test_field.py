"""The team in the field: real programs on machines of their own, over networks that are slow, lossy, cut and changed.

Each artist runs `restrike serve` in a network namespace; where a machine has none these tests are skipped, and the
same journeys run on its own network in `test_team.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.journeys.artists import Artist, again, begun, until
from tests.journeys.lab import Lab, Machine, why_not

pytestmark = pytest.mark.skipif(why_not() is not None, reason=str(why_not()))
BACK = 4.0
"""Seconds after which all must be well again once the network is."""
NOTICED = 4.6
"""Four seconds of silence, and the time that asking takes here."""


@pytest.fixture(scope="module")
def joined(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folders and homes of three people who share a film."""
    folder = tmp_path_factory.mktemp("joined")
    with pytest.MonkeyPatch.context() as patch, Lab() as lab:
        patch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
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
        assert until(lambda: linked(anna, ben)) < 10.0
        assert edit("GOOD", anna, ben) < 1.0
        lab.poor(machine(anna), machine(ben), delay=40, loss=2)
        assert edit("SLOW", anna, ben) < 2.0
        lab.poor(machine(anna), machine(ben), delay=40, loss=10)
        assert edit("LOSSY", anna, ben) < 6.0
        until(lambda: anna.heads == ben.heads)
        until(lambda: anna.reasons(ben)[0]["code"] == "in_sync")


@pytest.mark.parametrize("how", ["split", "cable"])
def test_a_cut_is_noticed_and_healed(lab: Lab, two: list[Artist], how: str) -> None:
    anna, ben = two
    with anna.serve(), ben.serve():
        until(lambda: linked(anna, ben))
        if how == "split":
            lab.split((machine(anna), machine(ben)))
        else:
            lab.pull(machine(ben))
        assert until(lambda: apart(anna, ben)) < NOTICED
        anna("asset", "add", "prop", "MEANWHILE", "seed=5")
        ben("asset", "add", "prop", "ALONE", "seed=5")
        assert {one["code"] for one in anna.reasons(ben)} & {"lost", "no_link"}
        lab.split()
        lab.mend(machine(ben))
        assert until(lambda: linked(anna, ben)) < BACK
        assert until(lambda: anna.names() == ben.names() == ["ALONE", "LAMP", "MEANWHILE"]) < BACK


def test_a_device_that_moves_to_another_address_is_back_at_once(two: list[Artist]) -> None:
    anna, ben = two
    with anna.serve(), ben.serve():
        until(lambda: linked(anna, ben))
        machine(ben).address("10.78.0.77/24")
        assert edit("MOVED", anna, ben) < BACK
        machine(anna).address("10.78.0.78/24")
        assert edit("TOO", anna, ben) < BACK
        until(lambda: linked(anna, ben))


def test_work_travels_through_whoever_reaches_both(lab: Lab, joined: Path, tmp_path: Path) -> None:
    people = again(joined, tmp_path, [*lab.lan(3)])
    anna, ben, cleo = people
    lab.split((machine(anna), machine(cleo)))
    with ExitStack() as stack:
        for one in people:
            stack.enter_context(one.serve())
        until(lambda: len(ben.links()) == 2)
        assert edit("LINE", anna, cleo) < BACK
        assert len(anna.links()) == len(cleo.links()) == 1
        until(lambda: anna.heads == ben.heads == cleo.heads)
