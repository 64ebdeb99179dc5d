"""A real project, and a member who writes facts that no program of ours writes, in changes that are all sound."""

from __future__ import annotations

import json
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, is_dataclass
from pathlib import Path
from typing import Any

from sync import arrivals, identity, log, schema
from sync.document import Document, DocumentBroken
from sync.identity import Device
from sync.log import Intro
from sync.project import Project
from sync.records import DocumentId
from sync.replica import ProjectReplica
from tests.sync.films import Film, populate, profile
from tests.sync.stage import Desk
from tests.sync.variations import twisted

NAMES = ("SHOT_1", "SHOT_2", "SHOT_3")


@dataclass
class Forger:
    """What he has to work with."""

    project: Project
    replica: ProjectReplica
    device: Device
    draw: random.Random
    facts: list[tuple[DocumentId, str, str, str]]

    def forge(self) -> list[tuple[DocumentId, str, str, str]]:
        """A few facts of one document with something in them wrong."""
        document = self.draw.choice(self.facts)[0]
        some = [one for one in self.facts if one[0] == document]
        found = []
        for _ in range(self.draw.randrange(1, 4)):
            _, collection, key, text = self.draw.choice(some)
            if self.draw.random() < 0.85:
                text = json.dumps(twisted(json.loads(text), self.draw), ensure_ascii=True)
                text = text.replace("1e+308", "1e+999")
            else:
                text = self.draw.choice(
                    ("", "{", "null", "[]", "NaN", '"\\ud800"', "1e999", "[" * 9000, "{}")
                )
            parts = key.split("/")
            parts[self.draw.randrange(len(parts))] = self.draw.choice(
                (f"k{self.draw.randrange(10**12)}", parts[0], "\ufffd", "..", "-1", "1e9", "9" * 30)
            )
            found.append((document, collection, "/".join(parts)[:200], text[:16_000]))
        return found

    def send(self, forged: list[tuple[DocumentId, str, str, str]]) -> int:
        """Have them taken in; how many bundles were believed."""
        document = forged[0][0]
        kind = schema.log_kind(document)
        intro = Intro(kind, self.device.public, self.draw.randbytes(16), self.project.id)
        known = self.project.ask(lambda ledger: ledger.shelf.changes(document))
        live = Document.load(schema.genesis(document), known, bytes.fromhex(intro.log))
        fresh = {(name, key): (name, key, text) for _, name, key, text in forged}
        try:
            change = live.put(list(fresh.values()))
        except DocumentBroken:  # nothing of it was new
            return 0
        bundle = log.sign(self.device, intro.log, 1, log.NOTHING, [(document, change)], wall=0, intro=intro)
        return self.replica.take([bundle.plain()], []).bundles

    def read(self) -> None:
        """Read everything that a window or the API reads, and write it as they do."""
        index = self.project.index
        rows: list[Any] = [*index.assets(gone=None), *index.takes(), *index.jobs(), *index.speeds()]
        assets = [one.id for one in index.assets(gone=None)]
        rows += [index.shown(assets), index.current_versions(assets), index.links(), index.counts()]
        rows += [index.take_ids(assets), index.served(), index.newest_segment()]
        json.dumps(rows, default=_plain, ensure_ascii=False, allow_nan=False).encode()


def _plain(value: Any) -> Any:
    return asdict(value) if is_dataclass(value) and not isinstance(value, type) else str(value)


@asynccontextmanager
async def forging(root: Path, seed: int) -> AsyncIterator[Forger]:
    """A project with a few assets, versions, takes and jobs, and the forger who belongs to it."""
    draw = random.Random(seed)
    async with Desk.under(root).create() as project:
        film = Film(random.Random(seed))
        project.commit(profile)
        project.commit(lambda edit: populate(edit, film, NAMES))
        device = identity.load_or_create(root / "forger")
        project.admit(device.public)
        replica = ProjectReplica(project, arrivals.here)
        held = project.ask(lambda ledger: ledger.file.facts_in([one for one, _ in ledger.file.documents()]))
        facts = [(document, *fact) for document, some in held.items() for fact in some]
        yield Forger(project, replica, device, draw, facts)
