"""What a conversation asks for are plain values."""

from __future__ import annotations

from typing import get_args

from sync import actions
from sync.links.link import Channel


def test_actions_are_equal_when_they_say_the_same() -> None:
    one, other = (actions.Send(Channel.SYNC, b"x") for _ in range(2))
    assert one == other
    assert len({one, other, actions.Take(), actions.InSync("00")}) == 3
    assert all(kind.__doc__ and hasattr(kind, "__slots__") for kind in get_args(actions.Action))
