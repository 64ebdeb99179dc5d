"""What a commit's `build` works with: the newest facts, and a place to put new ones."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import Any, Final, TypeVar

from engine.faults import NotFound
from sync import derive, schema
from sync.identity import Device, Random, new_id
from sync.index import Index
from sync.ledger import Ledger
from sync.records import AssetFacts, AssetId, DocumentId, JobFacts, JobId, MemberId, SessionId, Time
from sync.schema import Fact

MOST_KEPT: Final = 500
K = TypeVar("K")
V = TypeVar("V")


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
        self._sorted = 0
        self._added: dict[tuple[str, str], list[Fact]] = {}
        self._assets: OrderedDict[AssetId, AssetFacts] = OrderedDict()
        self._jobs: OrderedDict[JobId, JobFacts] = OrderedDict()
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
        added = self._added_to("asset", asset)
        return _once_read(self._assets, asset, lambda: asset_facts(self._ledger, asset, added))

    def job(self, job: JobId) -> JobFacts:
        """All that is known of a job, what this edit added included."""
        added = self._added_to("queue", job)
        return _once_read(self._jobs, job, lambda: job_facts(self._ledger, job, added))

    def adds_to(self, asset: AssetId) -> bool:
        """Whether this edit added anything to an asset, so that the index does not say all of it."""
        return bool(self._added_to("asset", asset))

    def _added_to(self, family: str, subject: str) -> list[Fact]:
        """What this edit added to a subject; what was read of a subject that grew since is read again."""
        if len(self.facts) < self._sorted:
            self._sorted = 0
            for kept in (self._added, self._assets, self._jobs):
                kept.clear()
        for fact in self.facts[self._sorted :]:
            self._added.setdefault((schema.family(fact.document), fact.subject), []).append(fact)
            self._assets.pop(AssetId(fact.subject), None)
            self._jobs.pop(JobId(fact.subject), None)
        self._sorted = len(self.facts)
        return self._added.get((family, subject), [])

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


def _once_read(kept: OrderedDict[K, V], key: K, read: Callable[[], V]) -> V:
    """What `read` gives, of the last `MOST_KEPT` read once: under the lock nobody else adds anything."""
    if key not in kept:
        kept[key] = read()
        if len(kept) > MOST_KEPT:
            kept.popitem(last=False)
    return kept[key]


def asset_facts(ledger: Ledger, asset: AssetId, added: Iterable[Fact] = ()) -> AssetFacts:
    """All that is known of an asset, with what was `added` to it; raises `NotFound`."""
    found = derive.asset_facts(_once([*ledger.file.facts_of(asset), *added]))
    if found is None:
        raise NotFound(f"there is no asset {asset!r:.80}", "restrike asset list shows them all")
    return found


def job_facts(ledger: Ledger, job: JobId, added: Iterable[Fact] = ()) -> JobFacts:
    """All that is known of a job, with what was `added` to it; empty when nobody spoke of it."""
    return derive.job_facts(job, _once([*ledger.file.facts_of(job), *added]))


def _once(facts: list[Fact]) -> list[Fact]:
    return list(dict.fromkeys(facts))
