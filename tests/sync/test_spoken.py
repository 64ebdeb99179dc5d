"""Spoken codes over the signalling port: who has heard one gets the ticket, and one guess is all there is."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest

from engine.faults import NotFound, Refused
from sync import codes
from sync.codes import Code, WrongCode
from sync.dialling import Route
from sync.lan import Lan
from sync.links.link import NoLink
from sync.networks import Guests, Hint
from sync.records import ProjectId, Time
from sync.signalling import Signalling
from sync.spoken import MOST, PROOF_SECONDS, SECONDS, Codes, Guess, tag
from sync.tickets import Ticket

TICKET = Ticket(ProjectId("7a" * 32), bytes(16), "artist", Time("2026-02-01T12:00:00.000Z"))


@dataclass
class Watch:
    """A clock that stands until it is moved."""

    now: float = 0.0

    def __call__(self) -> float:
        return self.now


def opened(watch: Watch | None = None) -> Codes:
    return Codes(now=watch or Watch(), random=os.urandom)


def states(found: Codes) -> list[str]:
    return [one.state for one in found.offers()]


class Street(Lan):
    """A network on which one address is found."""

    def __init__(self, *where: str) -> None:
        super().__init__(None, clock=lambda: pytest.fail("no clock"), random=os.urandom)
        self._where = where

    async def run(self, guests: Guests) -> None:
        for one in self._where:
            guests.hint(Hint(one, Route.LAN, (one,), True))
        await asyncio.Event().wait()


@asynccontextmanager
async def answering(found: Codes) -> AsyncIterator[str]:
    async def answer(asked: bytes, question: str) -> str:
        said = found.answer(asked, question)
        if said is None:
            raise NoLink("no such project is open here")
        return said

    async with Signalling(answer) as there:
        yield f"127.0.0.1:{there.port}"


async def guess(code: str, *where: str, seconds: float = 5.0) -> Ticket:
    return await Guess(code, [Street(*where)], random=os.urandom).ticket(seconds)


async def test_who_heard_the_code_gets_the_ticket() -> None:
    found, other = opened(), opened()
    async with answering(found) as where, answering(other) as elsewhere:
        said = found.open(lambda: TICKET)
        assert states(found) == ["open"]
        assert await guess(said.upper().replace("-", " "), elsewhere, where) == TICKET
        assert states(found) == ["used"]
        with pytest.raises(WrongCode, match="spent"):
            await guess(said, where)


async def test_a_wrong_guess_ends_it_and_is_seen() -> None:
    found = opened()
    async with answering(found) as where:
        said = found.open(lambda: TICKET)
        number, first, second = said.split("-")
        wrong = f"{number}-{second}-{first}" if first != second else f"{number}-otter-zebra"
        with pytest.raises(WrongCode, match="another code"):
            await guess(wrong, where)
        assert states(found) == ["wrong"]
        with pytest.raises(WrongCode, match="spent"):
            await guess(said, where)


async def test_nobody_has_it_open() -> None:
    found = opened()
    async with answering(found) as where:
        with pytest.raises(NotFound, match="nobody on this network"):
            await guess("7-otter-maple", where, seconds=0.3)


def test_who_begins_and_does_not_prove_has_spent_it() -> None:
    watch = Watch()
    found = opened(watch)
    said = found.open(lambda: TICKET)
    other = Code(said, inviter=False, random=os.urandom)
    asked = tag(int(said.partition("-")[0]))
    answer = found.answer(asked, json.dumps({"message": other.message.hex()}))
    assert answer is not None
    proof = other.receive(bytes.fromhex(json.loads(answer)["message"]))
    watch.now += PROOF_SECONDS
    assert states(found) == ["wrong"]
    with pytest.raises(NoLink, match="spent"):
        found.answer(asked, json.dumps({"proof": proof.hex()}))


def test_a_code_is_over_after_a_while_and_so_many_are_open() -> None:
    watch = Watch()
    found = opened(watch)
    said = [found.open(lambda: TICKET) for _ in range(MOST)]
    assert len({one.partition("-")[0] for one in said}) == MOST
    with pytest.raises(Refused, match="too many"):
        found.open(lambda: TICKET)
    watch.now += SECONDS
    assert set(states(found)) == {"expired"}
    assert codes.plain(found.open(lambda: TICKET))


@pytest.mark.parametrize("bad", ["", "[]", "{}", '{"message": 1}', '{"message": "zz"}', "[" * 10_000])
def test_what_is_no_question(bad: str) -> None:
    found = opened()
    said = found.open(lambda: TICKET)
    with pytest.raises(NoLink):
        found.answer(tag(int(said.partition("-")[0])), bad)
    assert found.answer(b"12345678", bad) is None


def test_what_cannot_be_a_message_spends_it() -> None:
    found = opened()
    said = found.open(lambda: TICKET)
    with pytest.raises(NoLink):
        found.answer(tag(int(said.partition("-")[0])), '{"message": "00"}')
    assert states(found) == ["wrong"]


def test_a_ticket_that_cannot_be_made_is_said() -> None:
    def make() -> Ticket:
        raise Refused("only an owner invites", "ask")

    found = opened()
    said = found.open(make)
    other = Code(said, inviter=False, random=os.urandom)
    asked = tag(int(said.partition("-")[0]))
    answer = found.answer(asked, json.dumps({"message": other.message.hex()}))
    assert answer is not None
    proof = other.receive(bytes.fromhex(json.loads(answer)["message"]))
    with pytest.raises(NoLink, match="only an owner"):
        found.answer(asked, json.dumps({"proof": proof.hex()}))
