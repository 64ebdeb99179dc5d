"""This worker as the others see it: how fast with which models, when it is free, what it is at."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from app import onlyone
from app.place import PRIVATE
from app.render.rates import Rates
from sync.farm import card as cards
from sync.farm.card import At, Card
from sync.farm.hands import Hand, short

if TYPE_CHECKING:
    from app.render.doing import Doing
    from app.studio import Studio
    from engine.recipe import Recipe
    from engine.renderer import Rendered
    from sync.records import Tier

PLACES: Final = "places"
SWITCH: Final = 5.0
"""Seconds to change to another model, until it was measured."""


class Own:
    """One worker's own card. `left` is the seconds until it is free, none while it is idle or nobody can tell."""

    def __init__(self, studio: Studio, only: Tier | None) -> None:
        self.left: float | None = None
        self._studio = studio
        self._slot = ""
        self._only = only
        self._rates = Rates(studio)
        self._warm = ""
        self._switch = SWITCH
        self._models = frozenset(short(one.digest) for one in studio.models.facts())

    @contextmanager
    def placed(self) -> Iterator[None]:
        """Take the first free place on this machine, so that the others know the worker again when it starts again."""
        with onlyone.place(self._studio.project.folder / PRIVATE / PLACES) as number:
            self._slot = f"{self._studio.project.device.id}/{number}"
            yield

    def hand(self) -> Hand:
        """The worker as it is planned with, by the others and, so that all plan the same, by itself."""
        said = cards.decode(cards.encode(Card(hand=self._hand()))).hand
        return replace(said, models=self._models)  # a card names some of many

    def _hand(self) -> Hand:
        return Hand(
            session=self._studio.project.session,
            slot=self._slot,
            free=self.left or 0.0,
            rates=self._rates.by_model,
            rate=self._rates.usual,
            models=self._models,
            warm=self._warm,
            switch=self._switch,
            only=self._only,
        )

    def card(self, doing: Doing | None = None) -> Card:
        """What to tell the others, at work on `doing` or idle."""
        if doing is None:
            return Card(hand=self._hand())
        at = At(job=doing.job, stage=doing.stage, step=doing.step, steps=doing.steps, eta=doing.eta_s)
        return Card(hand=self._hand(), at=at)

    def measured(self, recipe: Recipe, rendered: Rendered) -> None:
        """A render went so fast."""
        self._rates.measured(recipe, rendered.seconds)
        self._warm = short(recipe.model or "")
        if rendered.loading > 0:
            self._switch = rendered.loading
