"""Every network is one: what sessions ask of it is there."""

from __future__ import annotations

import os

from sync.identity import utc_now
from sync.lan import Lan
from sync.networks import Hint, Network
from sync.records import ProjectId
from tests.sync.company import Ether, Plug


def networks() -> list[Network]:
    lan = Lan(ProjectId("7a" * 32), clock=utc_now, random=os.urandom)
    return [lan, Plug(Ether(), "anna")]


def test_each_says_what_works_and_how_to_mend_the_rest() -> None:
    for one in networks():
        assert one.routes()
        assert all(step.name and step.detail and (step.ok or step.fix) for step in one.steps())


def test_a_hint_is_not_kept_unless_it_says_so() -> None:
    (route,) = networks()[0].routes()
    assert not Hint("anna", route, ("10.0.0.1:1",), first=True).kept
