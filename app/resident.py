"""A worker that stays as long as the program has the project open, and can say when certain jobs have ended."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from app.worker import Gate, Report, Told, Worker
from engine.faults import Fault, NoSpace
from sync.project import Change
from sync.records import JobId
from sync.rules import jobs as rules
from sync.rules.jobs import State

if TYPE_CHECKING:
    from app.studio import Studio
    from sync.records import Tier

AGAIN: Final = 30.0
"""Seconds after which a worker that the full disk stopped tries again."""


class Resident:
    """Works the queue of a studio until cancelled; enter `run` as a task."""

    def __init__(
        self,
        studio: Studio,
        *,
        only: Tier | None = None,
        patient: bool = True,
        gates: Sequence[Gate] = (),
    ) -> None:
        self.studio = studio
        self.only = only
        self.patient = patient
        self._gates = gates
        self.trouble: NoSpace | None = None
        self._worker: Worker | None = None
        self._reports: list[Report] = []
        self._news = asyncio.Event()

    @property
    def aside(self) -> dict[JobId, Fault]:
        """The jobs that this machine cannot render, each with the reason."""
        return {} if self._worker is None else self._worker.aside

    async def run(self) -> None:
        """Work until cancelled; a full disk is remembered in `trouble` and tried again, unless `patient` is false."""
        async with self.studio.working, self.studio.renderer() as renderer:
            with self.studio.project.subscribe(self._stir):
                while True:
                    self._worker = Worker(self.studio, renderer, only=self.only, gates=self._gates)
                    self._news.set()
                    try:
                        await self._worker.run(until_idle=False, report=self._told)
                    except NoSpace as fault:
                        if not self.patient:
                            raise
                        self.trouble = fault
                        self._news.set()
                        await asyncio.sleep(AGAIN)
                        self.trouble = None

    async def ended(self, jobs: Collection[JobId], report: Report) -> None:
        """Wait until these jobs have ended or cannot be done here, told of each step; raises `NoSpace`."""

        def hear(told: Told) -> None:
            if told.job in jobs:
                report(told)

        with self.heard(hear):
            while not all(self._is_over(job) for job in jobs):
                if self.trouble is not None:
                    raise self.trouble
                self._news.clear()
                await self._news.wait()

    @contextmanager
    def heard(self, report: Report) -> Iterator[None]:
        """Have `report` called with all news of the worker as long as the context is entered."""
        self._reports.append(report)
        try:
            yield
        finally:
            self._reports.remove(report)

    def _is_over(self, job: JobId) -> bool:
        if self._worker is None:
            return False
        view = rules.view(self.studio.project.job(job))
        if view.state.terminal or job in self.aside:
            return True
        return view.state is State.PENDING and (self._worker.observer.paused or self._not_ours(view.tier))

    def _not_ours(self, tier: Tier) -> bool:
        return self.only is not None and tier != self.only

    def _told(self, told: Told) -> None:
        for report in list(self._reports):
            report(told)
        self._news.set()

    def _stir(self, change: Change) -> None:
        self._news.set()
