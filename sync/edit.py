"""What a commit's `build` works with: the newest facts, and a place to put new ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from engine.faults import NotFound
from sync import derive, schema
from sync.identity import Device, Random, new_id
from sync.index import Index
from sync.ledger import Ledger
from sync.records import AssetFacts, AssetId, DocumentId, JobFacts, JobId, MemberId, SessionId, Time
from sync.schema import Fact


class Edit:
    """One commit in the making; valid only inside `build`."""

    def __init__(
        self,
        ledger: Ledger,
        index: Index,
        now: Time,
        device: Device,
        member: MemberId,
        session: SessionId,
        random: Random,
    ) -> None:
        self.index = index
        self.now = now
        self.device = device
        self.member = member
        self.session = session
        self.facts: list[Fact] = []
        self._ledger = ledger
        self._random = random
        self._segments: dict[JobId, DocumentId] = {}
        self._segment: tuple[int, int] | None = None

    def new_id(self) -> str:
        """A fresh id."""
        return new_id(self._random)

    def add(self, document: DocumentId, record: Any) -> None:
        """Add a record to a document; raises `BadField` where it does not belong there or is too large."""
        self.facts.append(schema.encode(document, record))

    def asset(self, asset: AssetId) -> AssetFacts:
        """All that is known of an asset, what this edit added included; raises `NotFound`."""
        return asset_facts(self._ledger, asset, self.facts)

    def job(self, job: JobId) -> JobFacts:
        """All that is known of a job, what this edit added included."""
        return job_facts(self._ledger, job, self.facts)

    def queue_document(self, job: JobId) -> DocumentId:
        """The segment of the queue that a job's facts belong in: where it is, else one that has room."""
        if job not in self._segments:
            found = self.index.segment_of(job)
            self._segments[job] = found or self._roomy()
        return self._segments[job]

    def _roomy(self) -> DocumentId:
        if self._segment is None:
            self._segment = self.index.newest_segment()
        newest, size = self._segment
        self._segment = (newest + 1, 1) if size >= schema.JOBS_PER_SEGMENT else (newest, size + 1)
        return schema.queue_document(self._segment[0])


Build = Callable[[Edit], Any]


def asset_facts(ledger: Ledger, asset: AssetId, added: list[Fact] | None = None) -> AssetFacts:
    """All that is known of an asset; raises `NotFound`."""
    extra = [one for one in added or () if one.subject == asset and schema.family(one.document) == "asset"]
    found = derive.asset_facts(_once([*ledger.file.facts_of(asset), *extra]))
    if found is None:
        raise NotFound(f"there is no asset {asset!r:.80}", "restrike asset list shows them all")
    return found


def job_facts(ledger: Ledger, job: JobId, added: list[Fact] | None = None) -> JobFacts:
    """All that is known of a job; empty when nobody spoke of it."""
    extra = [one for one in added or () if one.subject == job and schema.family(one.document) == "queue"]
    return derive.job_facts(job, _once([*ledger.file.facts_of(job), *extra]))


def _once(facts: list[Fact]) -> list[Fact]:
    return list(dict.fromkeys(facts))
