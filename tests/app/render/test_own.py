"""A worker's own card says what it is at and how fast it is."""

from __future__ import annotations

from pathlib import Path

from app.render.doing import Doing
from app.render.own import SWITCH, Own
from sync.farm.card import decode, encode
from sync.farm.hands import short
from sync.records import JobId, Tier
from tests.app.studios import film


async def test_the_card_travels_and_says_what_the_worker_is_at(tmp_path: Path) -> None:
    async with film(tmp_path / "film") as studio:
        own = Own(studio, Tier.LOW)
        own.left = 7.0
        card = own.card(Doing(JobId("a" * 64 + ".0"), "rendering", 3, 9, 7.0))
        assert decode(encode(card)) == card
        assert card.at is not None
        assert (card.at.step, card.at.steps, card.hand.free, card.hand.switch) == (3, 9, 7.0, SWITCH)
        assert card.hand.models == frozenset(short(one.digest) for one in studio.models.facts())
        with own.placed():
            assert own.hand().slot == f"{studio.project.device.id}/0"
        own.left = None
        assert own.card().at is None
        assert own.hand().free == 0.0
