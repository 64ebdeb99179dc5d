"""The others: an open project's session with the team's devices, and what this machine tells them of itself.

One process of a folder has the session; another one that is open as well takes over when the first has ended.
"""

from __future__ import annotations

import asyncio
import base64
import importlib
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Final

from app import asking, distant, onlyone, roster
from app.attention import Attention
from app.place import PRIVATE
from app.ways import Ways

if TYPE_CHECKING:
    from app.api.attendance import Attendance
    from app.exchange import Exchange
    from app.place import Place
    from app.post import Post
    from app.studio import Studio
    from sync.contacts import Reason
    from sync.lan import Lan
    from sync.networks import Hint, Network, Step
    from sync.news import News
    from sync.reach import Reach
    from sync.replica import ProjectReplica
    from sync.session import Session
    from sync.spoken import Codes, Offer

LOCK: Final = "session.lock"
TAKE_OVER: Final = 1.0
"""Seconds between looks whether another process of this folder still has the session."""
LOOK: Final = 0.25
"""Seconds between looks at what this machine renders."""

SCREEN: Final = 60
"""As many assets as a window shows at first."""
FIRST: Final = 5.0
"""Seconds that a newcomer waits for their pictures."""

Told = Callable[["News"], None]


@dataclass
class Company:
    """The team's other devices as a running program sees them; without a session it is alone, and says why."""

    studio: Studio
    place: Place
    lan: bool
    ways: Ways
    hints: tuple[Hint, ...] = ()
    session: Session | None = None
    network: Lan | None = None
    codes: Codes | None = None
    post: Post | None = None
    exchange: Exchange | None = None
    now: Callable[[], float] = time.monotonic
    attention: Attention = field(default_factory=lambda: Attention(time.monotonic))
    _drawn: str = ""
    _told: list[Told] = field(default_factory=list)
    _reach: Reach | None = None
    _ours: bool = False
    _pause: tuple[str, bool] | None = None
    _told_of_workers: bool = False

    @property
    def relay(self) -> str | None:
        """The relay's address, for tickets."""
        return self.ways.relay

    # --- what it says ---

    def peers(self) -> list[dict[str, Any]]:
        """Everybody else who is here, as `peers` shows them."""
        found = [] if self.session is None else [asdict(one) for one in self.session.peers()]
        for at in (one[what] for one in found for what in ("doing", "editing") if one[what] is not None):
            row = self.studio.project.index.find_asset(at["asset"]) if at["asset"] else None
            at["asset_name"] = row.name if row is not None else ""
        return found

    def here(self) -> list[dict[str, Any]]:
        """The same without what changes at every moment, for events."""
        return [{name: value for name, value in one.items() if name != "rtt_ms"} for one in self.peers()]

    @property
    def count(self) -> int:
        """How many devices are linked."""
        return 0 if self.session is None else self.session.linked

    def why(self, name: str) -> list[Reason]:
        """Why this device does or does not agree with a member or a device; raises `NotFound`."""
        from sync import identity

        if self.session is None or not self.session.networks:
            return [_alone(lan=self.lan, ours=self._ours), *self._unposted()]
        members = self.studio.project.team.refresh()
        found: list[Reason] = []
        for public in _devices(members, name):
            device = identity.device_id(public)
            reasons = self.session.why(device, public)
            reasons += [] if self.exchange is None else self.exchange.why(device)
            found += [one for one in reasons if one not in found]
        return [*found, *self._unposted()]

    def _unposted(self) -> list[Reason]:
        """What keeps this device from leaving its work for those who are away."""
        from sync.contacts import Reason

        steps = self.post.steps() if self.post is not None else []
        return [Reason("blocked", f"{one.name}: {one.detail}", one.fix) for one in steps if not one.ok]

    def steps(self) -> list[Step]:
        """The steps of a connection, as `doctor` shows them."""
        found = [] if self.session is None else self.session.steps()
        return [*found, *self.post.steps()] if self.post is not None else found

    def addresses(self) -> tuple[str, ...]:
        """Where others reach this device, for tickets."""
        return self.network.addresses() if self.network is not None else ()

    async def first_pictures(self) -> None:
        """Wait for the small pictures that a window shows first, but not for long."""
        if self.exchange is None:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(FIRST):
                await self.exchange.screen.fill(SCREEN)

    def spoken(self) -> list[Offer]:
        """The spoken codes that this program gave out, and what became of them."""
        return [] if self.codes is None else self.codes.offers()

    def subscribe(self, told: Told) -> None:
        """Have `told` called after everything that happens to others, as long as this is open."""
        self._told.append(told)

    def _announce(self, news: News) -> None:
        for told in self._told:
            told(news)

    def speaking(self) -> Codes:
        """The spoken codes that are open here, for as long as this is."""
        if self.codes is None:
            from sync.spoken import Codes

            self.codes = Codes(now=time.monotonic, random=self.place.random)
        return self.codes

    # --- running ---

    async def run(self) -> None:
        """Hold the session for as long as this runs, once no other process of the folder does."""
        lock = self.studio.project.folder / PRIVATE / LOCK
        while True:
            with onlyone.held(lock) as ours:
                self._ours = ours
                if ours:
                    await self._meet()
                else:
                    self.studio.elsewhere = asking.through(self.studio, lock, over=lambda: self._ours)
            await asyncio.sleep(TAKE_OVER)

    async def _meet(self) -> None:
        for module in (
            "sync.lan",
            "sync.session",
            "sync.spoken",
            "app.post",
            "app.exchange",
            "sync.far",
        ):  # they take half a second, in which others are answered
            await asyncio.to_thread(importlib.import_module, module)
        from app.api.attendance import Attendance
        from app.exchange import exchanging
        from sync.apart import Apart
        from sync.replica import ProjectReplica
        from sync.session import Session
        from sync.verifier import Verifier

        project, place = self.studio.project, self.place
        verifier, apart = Verifier(), Apart(project, place.clock)
        replica = ProjectReplica(project, verifier, place.clock)
        session = Session(
            project,
            replica,
            self._networks(),
            now=time.monotonic,
            random=place.random,
            clock=place.clock,
            strangers=self.studio.settings.knocks,
            apart=apart,
        )
        attendance = Attendance(self.studio)
        try:
            with verifier:
                await asyncio.to_thread(verifier.warm)
                async with (
                    session,
                    self._posting(replica, session),
                    exchanging(self.studio, session, place.random, lan=self.lan) as self.exchange,
                ):
                    await self._stay(session, attendance)
        finally:
            self._write_down(session)
            self.session = self.network = self.post = self.exchange = None

    def _posting(self, replica: ProjectReplica, session: Session) -> Post:
        """The mailboxes, for those who are never here at the same time."""
        from app.post import Post
        from sync.far import Far

        self.post = Post(
            self.studio.project,
            replica,
            session,
            self.studio.project.folder / PRIVATE,
            self.place,
            far=next((one for one in session.networks if isinstance(one, Far)), None),
            folder=self.ways.mailbox,
        )
        return self.post

    async def _stay(self, session: Session, attendance: Attendance) -> None:
        """Tell the others what this machine does, until cancelled."""
        self.session = session
        with session.subscribe(self._announce):
            while True:
                self._present(session, attendance)
                await asyncio.sleep(LOOK)

    def _networks(self) -> list[Network]:
        from sync import reach
        from sync.lan import Lan

        known = self._reach = reach.read(self.studio.project.folder / PRIVATE)
        found: list[Network] = []
        if self.ways.relay is not None:
            found.append(distant.far(self.studio.project, self.ways, self.place))
        if not self.lan:
            return found
        codes = self.speaking()
        self.network = Lan(
            self.studio.project.id,
            clock=self.place.clock,
            random=self.place.random,
            port=known.port,
            known=[*known.hints(self.studio.project.device.id), *self.hints],
            aside=codes.answer,
            strangers=lambda: self.session is not None and self.session.doorstep.listens,
        )
        return [self.network, *found]

    # --- what it tells ---

    def _paused(self) -> bool:
        """Whether nothing is to be rendered, as the project says; read again when it has changed."""
        project = self.studio.project
        heads = project.index.heads()
        if self._pause is None or self._pause[0] != heads:
            self._pause = heads, bool(project.setting("paused", False))
        return self._pause[1]

    def _present(self, session: Session, attendance: Attendance) -> None:
        """Tell the others what this machine renders, and write down where they are."""
        from sync.presence import Doing, Present, Preview

        moved = attendance.look().moved
        doing = None
        for at in attendance.working():
            doing = Doing(at.doing.job, at.asset or "", at.doing.stage, at.doing.step, at.doing.steps)
        word = self.attention.current()
        session.say(
            Present(
                instance=self.network.instance if self.network is not None else "",
                port=self.network.port if self.network is not None else 0,
                pictures=self.exchange.port if self.exchange is not None else 0,
                session=self.studio.project.session,
                looking=word.looking,
                editing=word.editing,
                doing=doing,
                worker=self.studio.resident is not None or doing is not None,
                paused=self._paused(),
            )
        )
        for at in moved:
            if at.preview and at.preview != self._drawn and doing is not None and at.doing.job == doing.job:
                picture = base64.b64decode(at.preview.partition(",")[2])
                if len(picture) < 50_000 and session.show(Preview(at.doing.job, picture)):
                    self._drawn = at.preview
        self._pass_on(session, attendance)
        self._write_down(session)

    def _pass_on(self, session: Session, attendance: Attendance) -> None:
        """Tell the others of this machine's workers, and this machine's workers of the others."""
        where = roster.folder(self.studio)
        session.chatter.deal(roster.local(where, attendance.alive).values())
        trips = {device: peer.rtt or 0.0 for device, peer in session.contacts.items()}
        heard = [
            roster.Heard(one.card, one.at, trips.get(one.device, 0.0)) for one in session.chatter.workers()
        ]
        if heard or self._told_of_workers:
            roster.passed_on(where, heard)
        self._told_of_workers = bool(heard)

    def _write_down(self, session: Session) -> None:
        from sync import reach

        assert self._reach is not None
        port = self.network.port if self.network is not None and self.network.port else self._reach.port
        fresh = reach.Reach(port, {**self._reach.peers, **session.places()})
        if fresh != self._reach:
            self._reach = fresh
            reach.write(self.studio.project.folder / PRIVATE, fresh)


def _alone(*, lan: bool, ours: bool) -> Reason:
    from sync.contacts import Reason

    if lan and ours:
        return Reason(
            "starting", "this program has just begun to look for the others", "ask again in a moment"
        )
    if not lan:
        return Reason("no_lan", "this program was started with --no-lan", "start it again without")
    return Reason(
        "elsewhere", "another program on this machine talks with the others for this folder", "ask that one"
    )


def _devices(members: Any, name: str) -> tuple[bytes, ...]:
    """The devices that a name, an id or a device id stands for."""
    from engine.faults import NotFound

    try:
        return tuple(members.find_member(name).devices)
    except NotFound:
        return (members.find_device(name),)


@asynccontextmanager
async def together(
    studio: Studio,
    place: Place,
    *,
    lan: bool = True,
    ways: Ways = Ways(),  # noqa: B008
    hints: Sequence[Hint] = (),
) -> AsyncIterator[Company]:
    """The company of an open project, at `studio.company`, until left."""
    company = Company(studio, place, lan, ways, tuple(hints))
    studio.company = company
    try:
        async with asyncio.TaskGroup() as group:
            task = group.create_task(company.run())
            try:
                yield company
            finally:
                task.cancel()
    finally:
        studio.company = studio.elsewhere = None
