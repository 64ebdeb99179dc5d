"""A device's visit to a relay: who else is in the room, messages to them, and the room's mailbox.

Everything that a relay says is a hint. Cards, messages and frames come from who they say or are ignored and counted;
what a relay keeps back, holds up or repeats is noticed by those who waited for it.
"""

from __future__ import annotations

import asyncio
import ssl
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException

from engine.faults import Conflict, Fault, NotFound
from engine.faults import Refused as Forbidden
from sync.identity import Device, Random
from sync.relay import frames, names
from sync.relay.frames import (
    Came,
    Challenge,
    Delete,
    Done,
    Frame,
    Get,
    Left,
    Lost,
    Malformed,
    Names,
    Pass,
    Prove,
    Put,
    Refused,
    Welcome,
)
from sync.relay.mailboxes import Full
from sync.relay.names import Pseudonym, Room
from sync.relay.sealing import VISIT_BYTES, Card, Envelope

MOST_OTHERS: Final = 1_024
MOST_NAMES: Final = 1_000_000
SECONDS: Final = 10.0
_KINDS: Final[dict[str, type[Fault]]] = {
    "not_found": NotFound,
    "conflict": Conflict,
    "refused": Forbidden,
    "mailbox_full": Full,
}
"""What a relay's refusals are here; every other one is `RelayRefused`."""
_HINT: Final = "it is tried again by itself; restrike doctor checks the way to it"


class RelayUnreachable(Fault):
    """The relay cannot be reached, or went away."""

    code = "relay_unreachable"


class RelayRefused(Fault):
    """The relay does not do what it was asked."""

    code = "relay_refused"

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(
            f"the relay refused: {detail or reason}", "ask who runs the relay, or use another one"
        )
        self.reason = reason


class Listener(Protocol):
    """What is told of one other device's messages."""

    def passed(self, address: bytes, data: bytes) -> None:
        """A message came from an address; who sent it is not known yet."""

    def gone(self, address: bytes, why: str) -> None:
        """Nothing goes to this address any more, or what went before did not arrive."""

    def over(self, why: str) -> None:
        """The visit has ended."""


@dataclass(slots=True)
class RelayClient:
    """An open visit; `others` are the cards at all other addresses."""

    relay: str
    room: Room
    address: bytes
    card: Card
    random: Random
    others: dict[bytes, Card] = field(default_factory=dict)
    ignored: Counter[str] = field(default_factory=Counter)
    listener: Listener | None = None
    _socket: ClientConnection | None = None
    _queue: deque[tuple[bytes, Callable[[], None] | None]] = field(default_factory=deque)
    _more: asyncio.Event = field(default_factory=asyncio.Event)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)
    _answers: dict[int, asyncio.Future[bytes]] = field(default_factory=dict)
    _number: int = 0
    _why: Fault | None = None

    @classmethod
    @asynccontextmanager
    async def visiting(
        cls, relay: str, device: Device, room: Room, random: Random
    ) -> AsyncIterator[RelayClient]:
        """A visit to a room at a relay; raises `RelayUnreachable`, `RelayRefused`, `BadField`."""
        visit = random(VISIT_BYTES)
        pseudonym = Pseudonym.of(device, room, relay)
        card = Card.seal(device, room, pseudonym.address, visit, random)
        client = cls(relay, room, pseudonym.address, Card(device.public, visit), random)
        async with _connected(relay) as socket:
            await client._enter(socket, pseudonym, card)
            async with _alone(), asyncio.TaskGroup() as group:
                tasks = [group.create_task(client._read(socket)), group.create_task(client._write(socket))]
                try:
                    yield client
                finally:
                    client._over(RelayUnreachable("the visit to the relay is over", "it was ended here"))
                    for task in tasks:
                        task.cancel()

    @property
    def closed(self) -> Fault | None:
        """Why nothing can be sent any more, None while it can."""
        return self._why

    async def changed(self) -> None:
        """Wait until somebody comes or goes; raises the fault by which the visit ended."""
        self._changed.clear()
        if self._why is None:
            await self._changed.wait()
        if self._why is not None:
            raise self._why

    def find(self, public: bytes) -> bytes | None:
        """The address at which a device is, None where it is not in the room."""
        return next((one for one, card in self.others.items() if card.public == public), None)

    def envelope(self, address: bytes) -> Envelope | None:
        """What seals messages to and from an address, None where nobody is known there."""
        other = self.others.get(address)
        return Envelope(self.room, self.card.visit, other.visit) if other is not None else None

    def post(self, address: bytes, data: bytes, sent: Callable[[], None] | None = None) -> None:
        """Queue a message to an address; `sent` is called as soon as the network has it."""
        self._send(Pass(address, data), sent)

    # --- the mailbox, as a carrier ---

    async def put(self, name: str, data: bytes) -> None:
        """Keep an object; durable there on return."""
        await self._ask(lambda number: Put(number, name.encode(), data))

    async def names(self, prefix: str = "") -> list[str]:
        """The names that begin with `prefix`, in order."""
        found: list[str] = []
        while len(found) < MOST_NAMES:
            after = found[-1] if found else ""
            said = await self._ask(lambda number: Names(number, prefix.encode(), after.encode()))  # noqa: B023
            page = said.decode("ascii", "replace").split("\n")[:-1]
            if any(not one.startswith(prefix) for one in page) or sorted({*page, after})[1:] != page:
                raise RelayRefused("names", "its list of names is none")
            found += page
            if len(page) < frames.MOST_NAMES:
                break
        return found

    async def get(self, name: str) -> bytes:
        """An object as it was put, or as the relay pretends."""
        return await self._ask(lambda number: Get(number, name.encode()))

    async def delete(self, name: str) -> None:
        """Forget an object of one's own."""
        await self._ask(lambda number: Delete(number, name.encode()))

    async def _ask(self, question: Callable[[int], Frame]) -> bytes:
        if self._why is not None:
            raise self._why
        self._number += 1
        number = self._number
        answer = self._answers[number] = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(6 * SECONDS):
                self._send(question(number))
                found: bytes = await answer
                return found
        except TimeoutError as error:
            raise RelayUnreachable("the relay does not answer", _HINT) from error
        finally:
            del self._answers[number]

    # --- inside ---

    async def _enter(self, socket: ClientConnection, pseudonym: Pseudonym, card: bytes) -> None:
        """Answer the challenge and be let in."""
        try:
            async with asyncio.timeout(SECONDS):
                challenge = await _frame(socket)
                if not isinstance(challenge, Challenge) or challenge.version != frames.VERSION:
                    raise RelayRefused("version", "it is no relay of this release")
                proof = pseudonym.prove(challenge.nonce, self.room.name, card)
                await socket.send(frames.encode(Prove(self.room.name, pseudonym.public, proof, card)))
                welcome = await _frame(socket)
        except TimeoutError as error:
            raise RelayUnreachable(f"the relay {self.relay} does not answer", _HINT) from error
        except ConnectionClosed as error:
            raise RelayUnreachable(f"the relay {self.relay} went away", _HINT) from error
        if isinstance(welcome, Refused):
            raise RelayRefused(welcome.code, welcome.detail)
        if not isinstance(welcome, Welcome) or welcome.address != self.address:
            raise RelayRefused("address", "it gave this device another's address")

    def _send(self, frame: Frame, sent: Callable[[], None] | None = None) -> None:
        if self._why is None:
            self._queue.append((frames.encode(frame), sent))
            self._more.set()

    async def _write(self, socket: ClientConnection) -> None:
        try:
            while True:
                while not self._queue:
                    self._more.clear()
                    await self._more.wait()
                data, sent = self._queue.popleft()
                await socket.send(data)
                if sent is not None:
                    sent()
        except ConnectionClosed as error:
            self._over(_ended(self.relay, error))

    async def _read(self, socket: ClientConnection) -> None:
        try:
            while self._why is None:
                self._take(await _frame(socket))
        except ConnectionClosed as error:
            self._over(_ended(self.relay, error))
        except RelayRefused as fault:
            self._over(fault)

    def _take(self, frame: Frame) -> None:
        if isinstance(frame, Pass):
            if self.listener is not None:
                self.listener.passed(frame.address, frame.data)
        elif isinstance(frame, Came):
            self._came(frame)
        elif isinstance(frame, Left):
            self._gone(frame.address, "the other side left the relay")
        elif isinstance(frame, Lost):
            if self.listener is not None:
                self.listener.gone(frame.address, "the relay did not pass everything on")
        elif isinstance(frame, Done):
            answer = self._answers.get(frame.number)
            if answer is not None and not answer.done():
                answer.set_result(frame.data)
        elif isinstance(frame, Refused):
            self._refused(frame)
        else:
            self.ignored["unexpected"] += 1

    def _came(self, frame: Came) -> None:
        card = Card.open(frame.card, self.room, frame.address)
        full = len(self.others) >= MOST_OTHERS and frame.address not in self.others
        if card is None or full or frame.address == self.address:
            self.ignored["card"] += 1
            return
        before = self.others.get(frame.address)
        if before is not None and before != card:
            self._gone(frame.address, "the other side came back to the relay")
        self.others[frame.address] = card
        self._changed.set()

    def _gone(self, address: bytes, why: str) -> None:
        self.others.pop(address, None)
        if self.listener is not None:
            self.listener.gone(address, why)
        self._changed.set()

    def _refused(self, frame: Refused) -> None:
        kind = _KINDS.get(frame.code)
        hint = "see what lies there, or try again later"
        fault = kind(f"the relay: {frame.detail}", hint) if kind else RelayRefused(frame.code, frame.detail)
        answer = self._answers.get(frame.number)
        if frame.number == 0:
            self._over(fault)
        elif answer is not None and not answer.done():
            answer.set_exception(fault)

    def _over(self, why: Fault) -> None:
        """The visit is over: everybody who waits for something of it is told."""
        if self._why is not None:
            return
        self._why = why
        self._queue.clear()
        for answer in self._answers.values():
            if not answer.done():
                answer.set_exception(why)
        self.others.clear()
        if self.listener is not None:
            self.listener.over(why.message)
        self._changed.set()


@asynccontextmanager
async def _alone() -> AsyncIterator[None]:
    """Let what goes wrong inside a task group out as it is: reading and writing raise nothing themselves."""
    try:
        yield
    except BaseExceptionGroup as group:
        if len(group.exceptions) == 1:
            raise group.exceptions[0] from group.exceptions[0].__cause__
        raise


@asynccontextmanager
async def _connected(relay: str) -> AsyncIterator[ClientConnection]:
    """A connection to a relay."""
    where = names.origin(relay)
    options: dict[str, Any] = (
        {"proxy": None} if where.startswith("ws:") else {"ssl": ssl.create_default_context()}
    )
    try:
        socket = await connect(
            f"{where}/",
            compression=None,
            max_size=frames.LARGEST,
            max_queue=16,
            open_timeout=SECONDS,
            close_timeout=2.0,
            user_agent_header=None,
            **options,
        )
    except (OSError, TimeoutError, WebSocketException) as error:
        said = str(error) or type(error).__name__
        raise RelayUnreachable(f"the relay {relay} cannot be reached: {said:.200}", _HINT) from error
    async with socket:
        yield socket


async def _frame(socket: ClientConnection) -> Frame:
    data = await socket.recv()
    try:
        return frames.decode(data if isinstance(data, bytes) else b"")
    except Malformed as error:
        raise RelayRefused("malformed", error.message) from error


def _ended(relay: str, error: ConnectionClosed) -> Fault:
    if error.rcvd is not None and error.rcvd.reason == "elsewhere":
        return RelayRefused("elsewhere", "another process of this device is in the room now")
    return RelayUnreachable(f"the relay {relay} went away", _HINT)
