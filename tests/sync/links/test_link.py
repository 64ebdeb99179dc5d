"""The words that links share."""

from __future__ import annotations

import random

import pytest

from sync.links.link import Channel, LinkClosed, NoLink, Overfull, closing
from sync.links.memory import wire


async def test_closing_closes_whatever_happens() -> None:
    made = wire(random.Random(1))
    with pytest.raises(ZeroDivisionError):
        async with closing(made.dialler), closing(made.answerer):
            raise ZeroDivisionError
    with pytest.raises(LinkClosed):
        made.dialler.send(Channel.SYNC, b"late")


@pytest.mark.parametrize(
    "fault", [LinkClosed(), Overfull(Channel.BULK, 9_000_000), NoLink("nobody is there")]
)
def test_faults_say_what_is_and_what_to_do(fault: LinkClosed) -> None:
    assert fault.message
    assert fault.hint
    assert fault.code in ("link_closed", "overfull", "no_link")
