"""Spoken codes on a network: who invites keeps a code open, and who has heard it gets a ticket for it.

Both talk through the signalling port, under a tag that follows from the code's number alone, in two questions:

    newcomer: message        inviter: message       SPAKE2; from here on the code is spent, whatever comes
    newcomer: proof          inviter: proof and the sealed ticket

The newcomer proves first, so that a wrong guess is known to whoever invited. The ticket is made only then: a code that
nobody used leaves nothing behind. Codes are kept in memory and end with the program.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from engine.faults import Fault, NotFound, Refused
from sync import codes, signalling
from sync.codes import Code, WrongCode
from sync.dialling import Route
from sync.identity import Random
from sync.lan import split
from sync.links.link import Link, NoLink
from sync.networks import Hint, Network
from sync.pump import Now
from sync.signalling import TAG_BYTES
from sync.tasks import Crew
from sync.tickets import Ticket

SECONDS: Final = 600.0
"""How long a code is open."""
PROOF_SECONDS: Final = 10.0
"""How long who has begun may take to prove."""
MOST: Final = 8
ASKING: Final = 3.0
LOOKING: Final = 30.0
MOST_FOUND: Final = 32
State = Literal["open", "asked", "used", "wrong", "expired"]
_SPENT: Final = "this code is spent"


def tag(number: int) -> bytes:
    """Under what a code is asked for, by the number that it begins with."""
    return hashlib.sha256(b"restrike code/1\0" + str(number).encode()).digest()[:TAG_BYTES]


@dataclass(slots=True)
class Offer:
    """One code that this device gave out, and what became of it; `at` is the moment after which it is over."""

    number: int
    code: Code
    make: Callable[[], Ticket]
    at: float
    state: State = "open"


class Codes:
    """The codes that are open at this device; `now` is a monotonic clock."""

    def __init__(self, *, now: Now, random: Random) -> None:
        self._now = now
        self._random = random
        self._offers: list[Offer] = []

    def open(self, make: Callable[[], Ticket]) -> str:
        """A new code, for which `make` makes the ticket once somebody has proved it; raises `Refused` above `MOST`."""
        live = {one.number for one in self.offers() if one.state in ("open", "asked")}
        if len(live) >= MOST:
            raise Refused("too many codes are open", "wait until one of them is used or over")
        said = next(one for one in iter(self._fresh, "") if _number(one) not in live)
        code = Code(said, inviter=True, random=self._random)
        self._offers = [*self._offers[-MOST:], Offer(_number(said), code, make, self._now() + SECONDS)]
        return said

    def _fresh(self) -> str:
        return codes.fresh(self._random)

    def offers(self) -> list[Offer]:
        """The last codes of this device, with what became of them."""
        for one in self._offers:
            if one.at <= self._now() and one.state in ("open", "asked"):
                one.state = "expired" if one.state == "open" else "wrong"
        return list(self._offers)

    def answer(self, asked: bytes, question: str) -> str | None:
        """The answer to what is asked under a tag, None where it is no code's; raises `NoLink`."""
        found = [one for one in self.offers() if tag(one.number) == asked]
        if not found:
            return None
        offer, value = found[-1], _mapping(question)
        try:
            if offer.state == "open":
                return self._begin(offer, _bytes(value, "message"))
            if offer.state == "asked":
                return self._finish(offer, _bytes(value, "proof"))
        except WrongCode as fault:
            offer.state = "wrong"
            raise NoLink(fault.message) from fault
        raise NoLink(_SPENT)

    def _begin(self, offer: Offer, message: bytes) -> str:
        offer.state, offer.at = "asked", self._now() + PROOF_SECONDS
        offer.code.receive(message)
        return json.dumps({"message": offer.code.message.hex()})

    def _finish(self, offer: Offer, proof: bytes) -> str:
        offer.code.prove(proof)
        offer.state = "used"
        try:
            sealed = offer.code.hand_over(offer.make())
        except Fault as fault:
            raise NoLink(fault.message) from fault
        return json.dumps({"proof": offer.code.own_proof.hex(), "ticket": sealed.hex()})


class Guess:
    """Asks whoever the networks find for the ticket of a code, once; `code` is spent by it."""

    def __init__(self, code: str, networks: Sequence[Network], *, random: Random) -> None:
        plain = codes.plain(code)
        self._tag = tag(_number(plain))
        self._code = Code(plain, inviter=False, random=random)
        self._networks = networks
        self._asked: set[tuple[str, ...]] = set()
        self._turn = asyncio.Lock()
        self._ticket: Ticket | None = None
        self._fault: Fault | None = None
        self._over = asyncio.Event()
        self._crew = Crew()

    async def ticket(self, seconds: float = LOOKING) -> Ticket:
        """The ticket; raises `WrongCode`, or `NotFound` where nobody has a code of that number open."""
        try:
            async with asyncio.timeout(seconds), self._crew:
                for network in self._networks:
                    self._crew.start(network.run(self))
                await self._over.wait()
        except TimeoutError:
            pass
        if self._fault is not None:
            raise self._fault
        if self._ticket is None:
            raise NotFound(
                "nobody on this network has that code open",
                "type it as it was said, on the network of whoever invites, within ten minutes",
            )
        return self._ticket

    def hint(self, hint: Hint) -> None:
        """Somebody was found: he is asked once at these addresses."""
        if hint.addresses and hint.addresses not in self._asked and len(self._asked) < MOST_FOUND:
            self._asked.add(hint.addresses)
            self._crew.start(self._ask(hint.addresses))

    async def came(self, link: Link, route: Route) -> None:
        """Nobody has a reason to come."""
        await link.close()

    def stir(self) -> None:
        """What is found anew is asked anew."""

    async def _ask(self, addresses: tuple[str, ...]) -> None:
        for where in addresses:
            async with self._turn:
                if self._over.is_set():
                    return
                try:
                    answer = await self._said(where, {"message": self._code.message.hex()})
                except NoLink as fault:
                    if _SPENT in fault.message:
                        self._end(WrongCode(_SPENT, "ask for another one"))
                    continue
                await self._prove(where, answer)
                return

    async def _prove(self, where: str, answer: dict[str, Any]) -> None:
        try:
            proof = self._code.receive(_bytes(answer, "message"))
            last = await self._said(where, {"proof": proof.hex()})
            self._code.prove(_bytes(last, "proof"))
            self._ticket = self._code.take_over(_bytes(last, "ticket"))
            self._over.set()
        except NoLink as fault:
            self._end(WrongCode(fault.message, "ask for another code: each serves for one guess"))
        except Fault as fault:
            self._end(fault)

    def _end(self, fault: Fault) -> None:
        self._fault = fault
        self._over.set()

    async def _said(self, where: str, question: dict[str, str]) -> dict[str, Any]:
        host, port = split(where)
        said = await signalling.ask(host, port, self._tag, json.dumps(question), seconds=ASKING)
        return _mapping(said)


def _number(code: str) -> int:
    return int(code.partition("-")[0])


def _mapping(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise NoLink("what came is not JSON") from error
    if not isinstance(value, dict):
        raise NoLink("what came is not a mapping")
    return value


def _bytes(value: dict[str, Any], name: str) -> bytes:
    text = value.get(name)
    if not isinstance(text, str):
        raise NoLink(f"there is no {name} in what came")
    try:
        return bytes.fromhex(text)
    except ValueError as error:
        raise NoLink(f"the {name} is not one") from error
