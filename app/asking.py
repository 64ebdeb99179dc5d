"""Pictures for the other programs of one folder: what a program without the session wants, the one with it fetches.

A wish is an empty file named by the digest and by whose wish it is: `.ask` until it is taken up, `.busy` until it has
ended. Whether the bytes are there then is seen in the store.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Final

from app import onlyone
from app.place import PRIVATE
from engine.faults import Fault
from engine.recipe import FileDigest
from sync.blobs.budget import Rest, rest
from sync.tasks import Crew

if TYPE_CHECKING:
    from app.studio import Elsewhere, Studio

FOLDER: Final = "wanted"
LOOK: Final = 0.25
"""Seconds between two looks, on either side."""
TAKEN_UP: Final = 3.0
"""Seconds in which a wish is taken up, if anybody is there to do it."""
MOST: Final = 64
"""How many wishes are worked on at once."""
_log = logging.getLogger(__name__)


def through(studio: Studio, session: Path, *, over: Callable[[], bool], rest: Rest = rest) -> Elsewhere:
    """Asks by way of the program that holds the file `session`, at once in vain when none does."""

    async def elsewhere(digest: FileDigest) -> bool:
        def nobody() -> bool:
            with onlyone.held(session) as ours:
                return ours

        folder, own = studio.project.folder / PRIVATE / FOLDER, studio.project.session
        if not nobody():
            await ask(folder, digest, own, over=lambda: over() or nobody(), rest=rest)
        return studio.blobs.has(digest)

    return elsewhere


async def ask(folder: Path, digest: FileDigest, whose: str, *, over: Callable[[], bool], rest: Rest) -> None:
    """Have a blob fetched; returns when that has ended, nobody takes it up, or `over` says that nobody will."""
    folder.mkdir(exist_ok=True)
    wish = folder / f"{digest}-{whose}.ask"
    busy = wish.with_suffix(".busy")
    wish.touch()
    try:
        for looks in count():
            waiting = wish.exists()
            if not (waiting or busy.exists()) or over() or (waiting and looks * LOOK > TAKEN_UP):
                return
            await rest(LOOK)
    finally:
        wish.unlink(missing_ok=True)


async def answer(folder: Path, bring: Callable[[FileDigest], Awaitable[bool]], *, rest: Rest) -> None:
    """Fetch what others want, until cancelled."""
    for left in folder.glob("*.busy"):  # of a program that died
        left.unlink(missing_ok=True)
    under_way: set[Path] = set()
    async with Crew() as crew:
        while True:
            for wish in sorted(folder.glob("*.ask"))[: MOST - len(under_way)]:
                busy = wish.with_suffix(".busy")
                with suppress(FileNotFoundError):  # whoever wished has gone
                    wish.rename(busy)
                    under_way.add(busy)
                    crew.start(_brought(busy, bring, under_way))
            await rest(LOOK)


async def _brought(busy: Path, bring: Callable[[FileDigest], Awaitable[bool]], under_way: set[Path]) -> None:
    digest = FileDigest(busy.name.partition("-")[0])
    try:
        await bring(digest)
    except Fault as fault:  # whoever wished finds nothing in the store, and says what he makes of it
        _log.warning("the picture %.16s… was not fetched: %s", digest, fault.message)
    finally:
        under_way.discard(busy)
        busy.unlink(missing_ok=True)
