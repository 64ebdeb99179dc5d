"""One artist's process: `artist HOME FOLDER NAME PORT OTHER`, a real session that edits until it is told to rest.

It says a line for everything that others may rely on: `did NAME` once an edit is durable, `linked` when the other
device is there, and at rest `at HEADS` for what it holds. Told to `rest` it edits no more; its stdin ends it.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

from sync.dialling import Route
from sync.identity import utc_now
from sync.lan import Lan
from sync.networks import Hint
from sync.project import Project
from sync.replica import ProjectReplica
from sync.session import Session
from sync.tasks import Crew
from sync.verifier import Verifier
from tests.sync.stage import add_asset

EVERY = 0.03
"""Seconds between edits."""


def say(*words: str) -> None:
    """Say a line at once."""
    os.write(1, f"{' '.join(words)}\n".encode())


async def live(home: Path, folder: Path, name: str, port: int, other: int) -> None:
    """Edit and talk until stdin ends."""
    async with Project.open(folder, home=home) as project:
        known = (Hint("other", Route.LAN, (f"127.0.0.1:{other}",), first=True, kept=True),)
        lan = Lan(project.id, clock=utc_now, random=os.urandom, port=port, known=known)
        with Verifier() as verifier:
            verifier.warm()
            replica = ProjectReplica(project, verifier)
            async with Session(project, replica, [lan], now=time.monotonic, random=os.urandom) as session:
                with session.subscribe(lambda news: say("linked") if news.what == "up" else None):
                    await _work(project, session, name)


async def _work(project: Project, session: Session, name: str) -> None:
    words: asyncio.Queue[bytes] = asyncio.Queue()
    loop = asyncio.get_running_loop()
    loop.add_reader(0, lambda: words.put_nowait(os.read(0, 100)))
    hand = Hand(project, name)
    hand.edit()
    async with Crew() as crew:
        while (word := await words.get()) != b"":
            if word.strip() == b"rest" and not hand.rests:
                hand.rests = True
                crew.start(_tell(project, session))


class Hand:
    """Makes an asset every so often until it rests."""

    def __init__(self, project: Project, name: str) -> None:
        self.project, self.name, self.rests = project, name, False
        self._number = len(project.index.assets(gone=None))

    def edit(self) -> None:
        """Make one, and another later."""
        if not self.rests:
            self._number += 1
            add_asset(self.project, f"{self.name}{self._number:06d}")
            say("did", f"{self.name}{self._number:06d}")
            asyncio.get_running_loop().call_later(EVERY, self.edit)


async def _tell(project: Project, session: Session) -> None:
    stirred = asyncio.Event()
    stir: Callable[[object], None] = lambda _: stirred.set()  # noqa: E731
    with session.subscribe(stir), project.subscribe(stir):
        while True:
            stirred.clear()
            say("at", session.replica.heads())
            await stirred.wait()


if __name__ == "__main__":
    asyncio.run(live(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], int(sys.argv[4]), int(sys.argv[5])))
