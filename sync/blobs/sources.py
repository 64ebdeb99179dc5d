"""Blobs from several peers at once: who has what is asked, the fastest give most, what is urgent comes first.

A blob is wanted once however many ask, and is in the store, durable, before anybody is told. A source that gave wrong
bytes is named and not asked for that blob again.
"""

from __future__ import annotations

import asyncio
import bisect
import logging
import os
import time
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from types import TracebackType
from typing import Any, Final, Self, TypeVar

from engine.faults import Fault, NoSpace
from engine.recipe import FileDigest
from sync.blobs import budget, spoken
from sync.blobs.badge import Admitted
from sync.blobs.budget import Budget, Now, Rest
from sync.blobs.folder import FolderStore
from sync.blobs.frames import Broken
from sync.blobs.partial import KEPT, sweep
from sync.blobs.peer import Caller, Gone
from sync.blobs.pieces import Piece, Plan
from sync.blobs.source import LANES, LOOK, QUESTIONS, Found, Key, Quiet, Say, Source, take_out
from sync.blobs.spoken import Ask, Part
from sync.blobs.store import digest_of, well_formed
from sync.blobs.transfer import LARGEST, Transfer
from sync.identity import Device, Random
from sync.records import ProjectId

THREADS: Final = 4
"""How many blobs are written at once; each is flushed, which is mostly waiting."""
WRITTEN: Final = 512 * 1024
"""How many bytes that can be written are written even before the part they belong to is whole."""
ENDED: Final = (OSError, EOFError, TimeoutError)
_log = logging.getLogger(__name__)

Told = Callable[[bytes, FileDigest, str], None]
"""Told of a peer (its device's public key) that gave wrong bytes, and what it did."""
Given = Callable[[FileDigest, Sequence[bytes]], None]
"""Told of a blob that came, and of whom."""
Done = TypeVar("Done")


class Sources:
    """The peers that blobs can be had from; enter it with `async with`.

    The session says who is there (`peer_up`, `peer_down`) and passes on what the conversation carries (`said`). Whoever
    needs bytes calls `want`.
    """

    def __init__(
        self,
        store: FolderStore,
        device: Device,
        project: ProjectId,
        admitted: Admitted,
        *,
        wrong: Told | None = None,
        given: Given | None = None,
        download: Budget | None = None,
        upload: Budget | None = None,
        now: Now = budget.seconds,
        rest: Rest = budget.rest,
        clock: Callable[[], float] = time.time,
        random: Random = os.urandom,
    ) -> None:
        self.sources: dict[bytes, Source] = {}
        self.convicted: dict[bytes, set[FileDigest]] = {}
        self._store = store
        self._caller = Caller(device, project, random)
        self._admitted = admitted
        self._wrong = wrong
        self._given = given
        self._download = download or Budget()
        self._upload = upload or Budget()
        self._now = now
        self._rest = rest
        self._clock = clock
        self._wanted: dict[FileDigest, Transfer] = {}
        self._order: list[Key] = []
        self._count = 0
        self._flying = 0
        self._tasks: set[asyncio.Task[Any]] = set()
        self._tending: dict[bytes, asyncio.Task[None]] = {}
        self._news = asyncio.Event()
        self._group = asyncio.TaskGroup()
        self._disk = ThreadPoolExecutor(THREADS, "blobs-sources")

    async def __aenter__(self) -> Self:
        await self._group.__aenter__()
        await self._on_disk(partial(sweep, self._store.unfinished, self._clock() - KEPT))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for key in list(self.sources):
            self.peer_down(key)
        for one in list(self._wanted.values()):
            self._end(one, False)
        try:
            await self._group.__aexit__(None, None, None)
        finally:
            self._disk.shutdown(wait=True)

    # --- what the session says ----------------------------------------------------------------------------------

    def peer_up(
        self, peer: bytes, addresses: Sequence[str] = (), say: Say | None = None, quiet: Quiet | None = None
    ) -> None:
        """The device of that public key is there: blobs are served at `addresses` (`host:port`), `say` speaks to it.

        Before more is said than an answer `quiet` is awaited.
        """
        self.peer_down(peer)
        source = Source(peer, tuple(addresses), say, self._caller, self._now, quiet)
        self.sources[peer] = source
        source.unasked = sorted(one.key for one in self._wanted.values())
        self._tending[peer] = self._begin(self._tend(source))

    def peer_moved(self, peer: bytes, addresses: Sequence[str]) -> None:
        """A device that is there serves its blobs elsewhere now."""
        source = self.sources.get(peer)
        if source is not None:
            source.moved(tuple(addresses))
            self._stir()

    def peer_down(self, peer: bytes) -> None:
        """The device is not there any more."""
        source = self.sources.pop(peer, None)
        if source is None:
            return
        self._tending.pop(peer).cancel()
        source.close()
        for one in list(self._wanted.values()):
            one.asked.discard(peer)
            one.asking.discard(peer)
            one.drop(peer)
            self._settle(one)
        self._stir()

    def said(self, peer: bytes, data: bytes) -> None:
        """A message about blobs came in the conversation; raises `Broken` where it is none."""
        message = spoken.decode(data)
        source = self.sources.get(peer)
        if source is None:
            return
        if isinstance(message, Ask | Part):
            if len(source.questions) < QUESTIONS and self._admitted(peer):
                source.questions.append(message)
                self._stir()
        else:
            source.heard(message)

    # --- what others want ---------------------------------------------------------------------------------------

    async def want(
        self,
        digest: FileDigest,
        priority: int = 0,
        *,
        size: int | None = None,
        most: int = LARGEST,
        patient: bool = False,
        thrifty: bool = False,
    ) -> bool:
        """Have a blob fetched; true once it is in the store, false when no peer that is there can give it.

        Lower priorities come first; wanting it again changes its priority. With `size` no other length is accepted,
        and none over `most`. With `patient` it also waits for peers that come later; a `thrifty` one is asked of one
        peer after the other, since a small blob comes from everybody who is asked. Raises `NoSpace`.
        """
        if not well_formed(digest):
            return False
        if self._store.has(digest):
            return True
        one = self._wanted.get(digest)
        if one is None:
            one = self._begun(Transfer(digest, priority, self._count, size, thrifty=thrifty, most=most))
        one.patient |= patient
        one.thrifty &= thrifty
        self._allow(one, most)
        self._move(one, priority)
        waiter: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        one.waiters.append(waiter)
        self._settle(one)
        try:
            return await waiter
        finally:
            if waiter in one.waiters:
                one.waiters.remove(waiter)
            if not one.waiters:
                self._end(one, False)

    def cancel(self, digest: FileDigest) -> None:
        """Nobody needs a blob any more; what came of it is kept for the next time."""
        one = self._wanted.get(digest)
        if one is not None:
            self._end(one, False)

    def _begun(self, one: Transfer) -> Transfer:
        self._count += 1
        self._wanted[one.digest] = one
        bisect.insort(self._order, one.key)
        for source in self.sources.values():
            bisect.insort(source.unasked, one.key)
        self._stir()
        return one

    def _allow(self, one: Transfer, most: int) -> None:
        """Somebody takes a larger one: whoever has one that was too large is asked again."""
        if most <= one.most:
            return
        one.most = most
        for source in self.sources.values():
            if source.key in one.asked - one.holders.keys():
                one.asked.discard(source.key)
                bisect.insort(source.unasked, one.key)
        self._stir()

    def _move(self, one: Transfer, priority: int) -> None:
        if one.priority == priority:
            return
        old, one.priority = one.key, priority
        for keys in (self._order, *(source.unasked for source in self.sources.values())):
            if take_out(keys, old):
                bisect.insort(keys, one.key)
        self._stir()

    def _end(self, one: Transfer, found: bool | NoSpace) -> None:
        """Tell everybody who waits; what is unfinished is kept in the folder for the next time."""
        if one.over:
            return
        one.over = True
        del self._wanted[one.digest]
        take_out(self._order, one.key)
        for waiter in one.waiters:
            if not waiter.done():
                if isinstance(found, NoSpace):
                    waiter.set_exception(found)
                else:
                    waiter.set_result(found)
        self._begin(self._left(one, full=isinstance(found, NoSpace)))
        self._stir()

    def _settle(self, one: Transfer) -> None:
        """End what no source can give."""
        if not one.holders and not one.patient and one.asked >= self.sources.keys():
            self._end(one, False)

    # --- what the sources do ------------------------------------------------------------------------------------

    async def _tend(self, source: Source) -> None:
        """Ask a source and answer it as long as it is there."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._locate(source))
            group.create_task(self._answer(source))
            for _ in range(LANES):
                group.create_task(self._work(source))

    async def _locate(self, source: Source) -> None:
        """Ask a source what it has of what is wanted, urgent things first."""
        while True:
            batch = self._unasked(source)
            if not batch:
                await self._news.wait()
                continue
            for one in batch:
                one.asking.add(source.key)
            try:
                found = await source.sizes([one.digest for one in batch])
            except ENDED as error:
                _log.info("a peer did not say which pictures it has: %r", error)
                found = {}
            await asyncio.gather(*(self._located(source, one, found.get(one.digest)) for one in batch))
            for one in batch:
                one.asking.discard(source.key)
            self._stir()

    def _unasked(self, source: Source) -> list[Transfer]:
        found: list[Transfer] = []
        later: list[Key] = []
        while source.unasked and len(found) < source.batch:
            key = source.unasked.pop(0)
            one = self._wanted.get(key[2])
            if one is None or source.key in one.asked:
                continue
            if one.thrifty and (one.asking or one.holders):
                later.append(key)
            else:
                found.append(one)
        source.unasked[:0] = later
        return found

    async def _located(self, source: Source, one: Transfer, found: Found) -> None:
        """Note what a source said of a blob; bytes that came at once are put into the store."""
        one.asked.add(source.key)
        if isinstance(found, bytes) and not one.over:
            if digest_of(found) == one.digest:
                await self._put(one, found, source.key)
                return
            self._convict(source.key, one)
        size = found if isinstance(found, int) else None
        if size is not None and one.expected not in (None, size):
            _log.warning("a peer says that the picture %s… has another length than it has", one.digest[:16])
            size = None
        guilty = one.digest in self.convicted.get(source.key, ())
        if size is not None and size <= one.most and not guilty:
            one.holders[source.key] = size
            one.unstick()
        self._settle(one)

    async def _put(self, one: Transfer, data: bytes, key: bytes) -> None:
        try:
            await self._on_disk(partial(self._store.put, data))
        except NoSpace as fault:
            self._end(one, fault)
        else:
            self._came(one, [key])

    def _came(self, one: Transfer, givers: Sequence[bytes]) -> None:
        if self._given is not None and not one.over:
            self._given(one.digest, givers)
        self._end(one, True)

    async def _work(self, source: Source) -> None:
        """Fetch one part after the other from a source."""
        while True:
            one = self._chosen(source)
            if one is None:
                with suppress(TimeoutError):
                    async with asyncio.timeout(LOOK if self._flying else None):
                        await self._news.wait()
                continue
            if isinstance(one, Transfer):
                await self._kept(self._open(one, source))
            elif not await self._fetched(source, *one):
                await self._rest(min(0.05 * 2**source.stumbles, 5.0))

    def _chosen(self, source: Source) -> Transfer | tuple[Transfer, Piece] | None:
        """The most urgent thing to do for a source: a part to fetch, or a blob to begin."""
        for _, _, digest in self._order:
            one = self._wanted[digest]
            if not one.has_work(source) or one.declines(source, self.sources.values()):
                continue
            if one.plan is None:
                return one
            piece = one.next(source, lambda piece: source.outruns(self.sources.get(piece.owner), piece))
            if piece is not None:
                return one, piece
        return None

    async def _fetched(self, source: Source, one: Transfer, piece: Piece) -> bool:
        """Fetch a part; false when the source stumbled, and had better rest."""
        plan = one.plan
        assert plan is not None
        source.busy += 1
        self._flying += 1
        sound, attempt = True, source.attempt
        try:
            await self._download.spend(piece.stop - piece.at)
            await source.read(one.digest, piece.at, piece.stop, partial(self._landed, one, plan, piece))
            source.stumbles = 0
        except Gone:
            plan.over(piece)
            one.drop(source.key)
        except ENDED as error:
            _log.info("a part of the picture %s… did not come: %r", one.digest[:16], error)
            sound = False
            source.stumbles += 1
            plan.over(piece)
            if piece.at == piece.first:
                one.missed(source.key, attempt)
        finally:
            source.busy -= 1
            self._flying -= 1
            plan.over(piece)
        if piece.at > piece.first:
            one.gave(source.key)
        await self._kept(self._written(one))
        self._settle(one)
        self._stir()
        return sound

    def _landed(self, one: Transfer, plan: Plan, piece: Piece, data: bytes) -> None:
        """Bytes of a part came; they do not wait for the whole part to be written."""
        plan.landed(piece, data)
        if plan.waiting() >= WRITTEN and not one.lock.locked() and one.plan is plan:
            self._begin(self._written(one))

    # --- what happens on the disk: it goes on even if the source that caused it goes away ------------------------

    async def _open(self, one: Transfer, source: Source) -> None:
        async with one.lock:
            size = one.holders.get(source.key)
            if one.over or one.plan is not None or size is None:
                return
            one.opening = True
            try:
                one.plan = await self._on_disk(partial(one.open, self._store, size))
            except NoSpace as fault:
                self._end(one, fault)
            finally:
                one.opening = False
        await self._written(one)

    async def _written(self, one: Transfer) -> None:
        """Write what continues what is there, and finish when all is."""
        async with one.lock:
            if one.over or one.plan is None:
                return
            try:
                await self._on_disk(partial(one.write, list(one.plan.ready())))
                if one.plan.complete:
                    await self._finish(one)
            except NoSpace as fault:
                self._end(one, fault)
        self._stir()

    async def _finish(self, one: Transfer) -> None:
        whole, guilty = await self._on_disk(partial(one.finish, self._store))
        for key in guilty:
            self._convict(key, one)
        if whole:
            self._came(one, one.givers)
            return
        one.plan, one.only = None, None
        self._settle(one)

    async def _left(self, one: Transfer, *, full: bool) -> None:
        async with one.lock:
            if one.plan is not None and one.partial is not None and not full:
                with suppress(NoSpace):
                    await self._on_disk(partial(one.write, list(one.plan.ready())))
            await self._on_disk(partial(one.leave, drop=full))

    def _convict(self, key: bytes, one: Transfer) -> None:
        one.holders.pop(key, None)
        known = self.convicted.setdefault(key, set())
        if one.digest in known:
            return
        known.add(one.digest)
        words = f"a peer gave wrong bytes for the picture {one.digest[:16]}…; they were thrown away"
        _log.warning("%s (device key %s)", words, key.hex())
        if self._wrong is not None:
            self._wrong(key, one.digest, words)

    # --- what the sources are told ------------------------------------------------------------------------------

    async def _answer(self, source: Source) -> None:
        """Answer what a peer asks in the conversation, one question after the other."""
        while True:
            if not source.questions:
                await self._news.wait()
                continue
            question = source.questions.popleft()
            for one in await self._on_disk(partial(spoken.answers, self._store, question)):
                if not self._admitted(source.key):
                    break
                data = spoken.encode(one)
                await self._upload.spend(len(data))
                try:
                    if source.quiet is not None:
                        await source.quiet()
                    source.tell(data)
                except (Broken, Fault) as error:  # the session says soon enough whether the peer has gone
                    _log.info("a peer was not answered: %s", error)
                    break

    # --- tasks and threads --------------------------------------------------------------------------------------

    def _begin(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = self._group.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _kept(self, work: Coroutine[Any, Any, None]) -> None:
        """Wait for work that is finished even when nobody waits for it any more."""
        await asyncio.shield(self._begin(work))

    async def _on_disk(self, what: Callable[[], Done]) -> Done:
        return await asyncio.get_running_loop().run_in_executor(self._disk, what)

    def _stir(self) -> None:
        """Let whoever waits look again."""
        self._news.set()
        self._news = asyncio.Event()
