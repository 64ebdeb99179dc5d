"""Short spoken codes: two people who talk to each other agree on a strong key by a few words, with one guess each.

SPAKE2 over Ed25519: whoever listens in, or stands in between, learns nothing and may try one code only. Each side
sends one message and takes one; then both prove that they have the key before anything is handed over under it.

    7-otter-lamp         who invites makes a code and says it
    message() ->         both send
    receive(other)       both take: a shared key, not yet proved
    proof() -> / prove() both send and check a proof; only then `key` is there
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Final

import spake2  # type: ignore[import-untyped]

from engine.faults import Refused
from sync import seal, tickets
from sync.identity import Random
from sync.tickets import Ticket

_WORDS: Final = """
    acorn amber anvil apple arrow aspen badge bagel banjo barge basil beach beacon berry birch bison blaze bloom
    board bonus bread brick bridge broom brush bucket button cabin cable cactus camel candle canoe canyon caramel
    castle cedar chalk cherry circle citrus cliff cloud clover cobalt cocoa comet copper coral cotton crane crater
    crown cube curtain daisy dawn delta denim desert diamond dolphin domino dragon drum eagle earth echo ember
    engine falcon feather fern fiddle field finch flame flute forest fossil fountain fox galaxy garden garlic
    ginger glacier globe goblet granite grape guitar hammer harbor harvest hazel helmet heron hockey honey horizon
    hotel island ivory jacket jaguar jasmine jelly jigsaw jungle kayak kettle kitten koala ladder lagoon lantern
    lava lemon leopard library lilac linen lizard lobster locket lotus magnet mango maple marble market meadow
    melon meteor mirror mitten monkey moon mosaic mountain mustard nectar needle nickel noodle nutmeg oasis oat
    ocean olive onion opal orbit orchid otter oxygen oyster paddle palace panda paper parrot pebble pelican pencil
    pepper piano pillow pine planet plum pocket pollen pony poppy prairie puzzle quartz quilt rabbit raccoon radar
    raven ribbon river robin rocket rose ruby saddle saffron salmon sandal saturn scarf school shadow shell silver
    skate slate sloth snail spider spruce squid stone summit sunset swan table tango teapot temple thunder tiger
    timber tomato topaz torch tower trumpet tulip tundra tunnel turtle umbrella valley vanilla velvet violet
    violin volcano wagon walnut walrus water whale wheat willow window winter wizard wolf yarn yogurt zebra zephyr
"""
WORDS: Final = tuple(_WORDS.split())
CHANNELS: Final = 100
_INVITER: Final = b"restrike code/1 inviter"
_NEWCOMER: Final = b"restrike code/1 newcomer"
_HANDOVER: Final = b"restrike code/1 ticket"


class WrongCode(Refused):
    """The other side used another code, or was somebody else; the code is spent."""

    code = "wrong_code"


def fresh(random: Random) -> str:
    """A new code: a number that tells who is meant, and two words."""
    number = int.from_bytes(random(4), "big") % CHANNELS
    return "-".join((str(number), _word(random), _word(random)))


def _word(random: Random) -> str:
    return WORDS[int.from_bytes(random(8), "big") % len(WORDS)]


def plain(code: str) -> str:
    """A code as both sides reckon with it, however it was written down; raises `WrongCode` where it is none."""
    parts = "".join(one if one.isalnum() else " " for one in code.lower()).split()
    if len(parts) != 3 or not parts[0].isdigit() or any(one not in WORDS for one in parts[1:]):
        raise WrongCode("that is no code", "a code is a number and two words, as in 7-otter-maple")
    return "-".join((str(int(parts[0])), *parts[1:]))


class Code:
    """One side of an exchange under a code; serves once, whether it succeeds or not."""

    def __init__(self, code: str, *, inviter: bool, random: Random) -> None:
        side = spake2.SPAKE2_A if inviter else spake2.SPAKE2_B
        password = plain(code).encode()
        self.inviter = inviter
        self._random = random
        self._exchange = side(password, idA=_INVITER, idB=_NEWCOMER, entropy_f=random)
        self._message: bytes = self._exchange.start()
        self._shared: bytes | None = None
        self._key: bytes | None = None
        self._spent = False

    @property
    def message(self) -> bytes:
        """What the other side has to receive."""
        return self._message

    def receive(self, message: bytes) -> bytes:
        """Take the other side's message and give the proof to send; raises `WrongCode` where it is none."""
        if self._spent:
            raise WrongCode("this code was used already", "make another one")
        self._spent = True
        try:
            shared: bytes = self._exchange.finish(message)
        except (spake2.SPAKEError, ValueError, AssertionError) as error:
            raise WrongCode("the other side sent no message of a code", "make another code") from error
        transcript = hashlib.sha256(b"".join(sorted((self._message, message)))).digest()
        self._shared = seal.derive(shared, b"restrike code/1 key", salt=transcript)
        return self._proof(self.inviter)

    def prove(self, proof: bytes) -> None:
        """Check the other side's proof; raises `WrongCode`, and the code is spent."""
        if self._shared is None:
            raise WrongCode("the other side proved too early", "make another code")
        expected = self._proof(not self.inviter)
        if not hmac.compare_digest(proof, expected):
            self._shared = None
            raise WrongCode("the other side used another code", "make another one: each serves for one guess")
        self._key = self._shared

    @property
    def key(self) -> bytes:
        """The key that both sides share; raises `WrongCode` before the other side has proved that it has it."""
        if self._key is None:
            raise WrongCode("the other side has not proved that it has the code", "make another code")
        return self._key

    @property
    def own_proof(self) -> bytes:
        """The proof that this side gives; raises `WrongCode` before the other side's message is here."""
        if self._shared is None:
            raise WrongCode("the other side has not begun", "make another code")
        return self._proof(self.inviter)

    def hand_over(self, ticket: Ticket) -> bytes:
        """A ticket sealed for the other side."""
        return seal.seal(self.key, ticket.encode().encode(), _HANDOVER, self._random)

    def take_over(self, sealed: bytes) -> Ticket:
        """The ticket that the other side handed over; raises `Unopened` or `BadTicket`."""
        return tickets.decode(seal.open_(self.key, sealed, _HANDOVER).decode("utf-8", "replace"))

    def _proof(self, inviter: bool) -> bytes:
        assert self._shared is not None
        return hmac.digest(self._shared, _INVITER if inviter else _NEWCOMER, "sha256")
