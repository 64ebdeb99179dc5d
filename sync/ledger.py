"""The log and the index of one project folder as a pair that stays in step, whatever other processes do.

Lock order is index, then log, everywhere. A write commits the log first (then it is durable) and the index right after;
whoever finds the index behind catches it up from the log.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from engine.faults import NoSpace, Refused
from sync import database, schema
from sync.indexfile import IndexFile
from sync.records import DocumentId
from sync.schema import Fact, Step
from sync.shelf import Shelf
from sync.store import Store

SUSPECT: Final = "suspect"
"""The file that says that the log was found damaged and is to be salvaged at the next opening."""


class Ledger:
    """The open log, index and shelf of a project's private folder.

    `settled` is the membership by which what the log holds was judged last.
    """

    def __init__(self, folder: Path, steps: Sequence[Step], *, busy: float = database.BUSY_SECONDS) -> None:
        self.folder = folder
        self.steps = steps
        self.busy = busy
        self.store = Store(folder, busy=busy)
        try:
            if self.store.schema > schema.version(steps):
                raise Refused(
                    f"the project is of schema {self.store.schema}, this release knows {schema.version(steps)}",
                    "update Restrike on this machine",
                )
            self.file = IndexFile(folder, steps, busy=busy)
        except BaseException:
            self.store.close()
            raise
        self.shelf = Shelf(self.store, self.file)
        self.locked = False
        self.settled: tuple[bytes, ...] | None = None
        self._renewals = 0

    def close(self) -> None:
        """Close both files."""
        self.shelf.clear()
        self.file.close()
        self.store.close()

    @property
    def behind(self) -> bool:
        """Whether the log holds bundles that the index has not seen."""
        return self.file.position < self.store.position

    @property
    def outdated(self) -> bool:
        """Whether the index was derived from bundles that were withdrawn since."""
        return self.file.position > 0 and self.file.withdrawn != self.store.withdrawn

    @property
    def pulse(self) -> tuple[int, int, int]:
        """What is another value as soon as another process has changed a file, or put another in its place."""
        self.reopen()
        return self._renewals, self.store.pulse, self.file.pulse

    @contextmanager
    def writing(self) -> Iterator[Callable[[], None]]:
        """Both locks, the index caught up; all of it durable at the end, or nothing on any exception.

        Gives a function to call as soon as everything has been written; leaving without having called it keeps nothing.
        """
        self.freshen()
        self.locked = True
        done = False

        def keep() -> None:
            nonlocal done
            done = True

        committed = False
        try:
            with self.file.writing():
                with self.store.writing():
                    self.follow()
                    yield keep
                    if not done:
                        raise _Unused
                committed = True
        except _Unused:
            return
        except (NoSpace, database.Broken):
            if not committed:
                raise
            # The log has it, so it is done; an index that could not take it catches up, or is built anew.
        finally:
            self.locked = False

    def follow(self) -> list[DocumentId]:
        """Catch the index up with the log; both locks are held. Returns the documents that were touched."""
        if not self.behind:
            return []
        if self.outdated:  # another process withdrew bundles a moment ago
            raise database.Broken("the index holds what was withdrawn", "it is built anew", self.file.path)
        self.file.set_withdrawn(self.store.withdrawn)
        touched: dict[DocumentId, int] = {}
        for position in self.store.positions(self.file.position):
            touched.update(dict.fromkeys(self.file.note(position, self.store.bundle(position)), position))
        self.file.keep_entries(self.store.entries())
        facts = (
            Fact(document, collection, key, text)
            for document in touched
            for (collection, key), text in self.shelf.facts(document).items()
        )
        self.file.add(facts, touched)
        return list(touched)

    def catch_up(self) -> None:
        """Take the locks and catch up, if there is anything to catch up on."""
        self.freshen()
        if self.behind:
            with self.file.writing(), self.store.writing():
                self.follow()

    def version(self) -> int:
        """How far the index goes once it is caught up: a position that no salvage ever takes back."""
        self.catch_up()
        return max(self.file.position, self.store.floor)

    def reopen(self) -> None:
        """Go on with the files that lie in the folder now, if they were deleted, or salvaged by another process."""
        if self.store.replaced():
            self.store.close()
            self.store = Store(self.folder, busy=self.busy)
            self._renew(remove=False)
        elif self.file.replaced():
            self._renew(remove=False)

    def freshen(self) -> None:
        """Build the index anew if it was derived from bundles that were withdrawn since."""
        self.reopen()
        if self.outdated:
            self._renew(remove=True)

    def rebuild(self) -> None:
        """Throw the index away and derive it anew from the log."""
        self._renew(remove=True)
        self.catch_up()

    def suspect(self) -> None:
        """Leave word that the log is damaged."""
        (self.folder / SUSPECT).touch()

    def _renew(self, *, remove: bool) -> None:
        self.file.close()
        if remove:
            self.file.remove()
        self.file = IndexFile(self.folder, self.steps, busy=self.busy)
        self.shelf = Shelf(self.store, self.file)
        self._renewals += 1


class _Unused(Exception):
    """Leaves both transactions without keeping them."""
