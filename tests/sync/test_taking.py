"""The child that takes in deliveries: what it is asked, what it answers, and what it keeps."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from sync import identity, taking
from sync.arrivals import Taken
from sync.records import DocumentId, Time
from sync.store import Finding
from tests.sync.films import Film, populate
from tests.sync.stage import Desk, contents

NOW = Time("2026-01-31T12:00:00.000Z")


def test_what_is_asked_and_answered_is_read_again() -> None:
    bundles = [b"", b"one", bytes(70_000)]
    assert taking.requested(taking.request(bundles, NOW)[4:]) == (bundles, NOW)
    finding = Finding("bundle", "x/1", "no", "fix")
    taken = Taken(3, 1, (DocumentId("asset/a"),), (finding,), (finding,))
    assert taking.answered(taking.answer(taken)) == taken


async def test_it_keeps_what_is_good_and_names_what_is_not(tmp_path: Path) -> None:
    desk, laptop = Desk.under(tmp_path, "desk"), Desk.under(tmp_path, "laptop")
    key = identity.load_or_create(laptop.home).public
    async with desk.started() as here:
        here.admit(key)
        here.export(tmp_path / "empty", since={name: 10**6 for name in here.have()})
        here.commit(lambda edit: populate(edit, Film.seeded(), ["A", "B"]))
        bundles = [one.plain() for one in here._ledger.store.bundles()]
        async with laptop.join(tmp_path / "empty") as there:
            asked = taking.request([*bundles[:-1], b"no bundle"], NOW) + taking.request(bundles[-1:], NOW)
            words = [sys.executable, "-P", "-m", "sync.taking", str(laptop.private)]
            env = {"PYTHONPATH": str(Path(taking.__file__).parents[1])}
            child = subprocess.run(words, input=asked, capture_output=True, timeout=60, env=env)
            assert child.returncode == 0, child.stderr
            assert b'"unreadable"' in child.stdout
            assert there.poll() is not None
            assert contents(there) == contents(here)
            assert there.index.heads() == here.index.heads()
