"""Which log this device writes to: one incarnation for each kind, given up when the folder is not what it was.

`HOME/logs/<log>` says how far this device wrote a log and into which file. A folder restored from an older backup has
fewer bundles than that, a copy lies in another file: writing on would sign a second bundle of one number, so both begin
a fresh log. A crash leaves the note behind the log, which is no reason to.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

from sync import database, log
from sync.identity import NONCE_BYTES, Device, Random
from sync.log import Intro
from sync.records import LogId, ProjectId
from sync.store import Store

FOLDER: Final = "logs"
WIDTH: Final = 48


class Incarnations:
    """The logs that this device writes in one project."""

    def __init__(
        self, home: Path, device: Device, store: Callable[[], Store], project: ProjectId, random: Random
    ) -> None:
        self._folder = home / FOLDER
        self._device = device
        self._opened = store
        self._last: Store | None = None
        self._project = project
        self._random = random
        self._mine: dict[str, LogId] = {}
        self._fresh: dict[LogId, Intro] = {}

    def current(self, kind: str) -> LogId:
        """The log of a kind that this device goes on with; a fresh one where none can be trusted."""
        known = self._store.logs()
        mine = self._mine.get(kind)
        if mine is None or (mine not in known and mine not in self._fresh) or self._over(mine):
            self._mine[kind] = self._known(kind) or self.renew(kind)
        return self._mine[kind]

    def _over(self, log_id: LogId) -> bool:
        """Whether a log cannot go on: it was signed twice, or its later bundles wait for an owner."""
        return log_id in self._store.ends() or self._store.waits(log_id)

    @property
    def _store(self) -> Store:
        """The store as it is open now; another file means that nothing is known of its logs yet."""
        store = self._opened()
        if store is not self._last:
            self._last = store
            self._mine.clear()
            self._fresh.clear()
        return store

    def renew(self, kind: str) -> LogId:
        """Begin a fresh log of a kind."""
        intro = Intro(kind, self._device.public, self._random(NONCE_BYTES), self._project)
        self._fresh[intro.log] = intro
        self._mine[kind] = intro.log
        self.note(intro.log, 0)
        return intro.log

    def place(self, kind: str) -> tuple[LogId, int, bytes, Intro | None]:
        """Where the next bundle of a kind goes: log, its number, the hash before it, and an intro for the first."""
        found = self.current(kind)
        known = self._store.logs().get(found)
        if known is not None:
            return found, known.last + 1, known.hash, None
        return found, 1, log.NOTHING, self._fresh[found]

    def note(self, log_id: LogId, n: int) -> None:
        """Remember how far a log was written."""
        with database.faults(self._folder):
            self._write_note(log_id, n)

    def _write_note(self, log_id: LogId, n: int) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        text = f"{n} {self._store.path.stat().st_ino}\n".rjust(WIDTH).encode("ascii")
        file = os.open(self._folder / log_id, os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            os.write(
                file, text
            )  # always of one length, over what was there: a crash leaves the old or the new note
        finally:
            os.close(file)

    def _known(self, kind: str) -> LogId | None:
        inode = self._store.path.stat().st_ino
        mine = [
            one
            for one in self._store.logs().values()
            if one.intro.public == self._device.public and one.intro.kind == kind
        ]
        for one in sorted(mine, key=lambda one: -one.number):
            noted = self._noted(one.id)
            if noted is not None and noted[0] <= one.last and noted[1] == inode and not self._over(one.id):
                return one.id
        return None

    def _noted(self, log_id: LogId) -> tuple[int, int] | None:
        try:
            n, inode = (self._folder / log_id).read_text("ascii").split()
            return int(n), int(inode)
        except (FileNotFoundError, ValueError):
            return None
