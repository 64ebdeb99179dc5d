"""A copy of a project, and a member with an evil device who signs whatever he likes and sends it there."""

from __future__ import annotations

import base64
import json
import random
from dataclasses import replace
from typing import Any

from engine.faults import Damaged, Fault
from sync import codec, handshake, log, schema, wire
from sync.actions import Drop
from sync.document import Document
from sync.identity import Device
from sync.links.link import Channel
from sync.log import Bundle, Intro
from sync.membership.entry import DOMAIN
from sync.records import LogId
from tests.sync import corpus
from tests.sync.corpus import PLACE
from tests.sync.talks import NOW, Talk, Team, put
from tests.sync.variations import broken, message, twisted

WORN = 150
"""After so many inputs a copy is looked through and made anew."""


class Found(Exception):
    """Something that no input may bring about."""


class Victim:
    """A copy of a project that a member with an evil device talks with, made anew now and then."""

    def __init__(self, draw: random.Random) -> None:
        self.draw = draw
        self._fresh()

    def _fresh(self) -> None:
        self.used = 0
        self.team = Team(2, seed=self.draw.randrange(10**9))
        for key in ("a", "b"):
            put(self.team.owner, key)
        self.replica, self.evil = self.team.owner, self.team.replicas[1].device
        self.talk: Talk | None = None

    def wear(self) -> None:
        """Count one more input; now and then see whether everything that was believed can still be read."""
        self.used += 1
        if self.used >= WORN:
            self.look()
            self._fresh()

    def look(self) -> None:
        """Load, save and load every document again."""
        for document in self.replica.shelves.changes_of:
            genesis, changes = schema.genesis(document), self.replica.shelves.changes(document)
            live = Document.load(genesis, changes, bytes(16))
            again = Document.load([live.save()], [], bytes(16))
            if sorted(live.facts()) != sorted(again.facts()):
                raise Found(f"{document} reads differently the second time")
            for one in live.facts():
                json.dumps(one, ensure_ascii=False).encode()

    # --- bundles ---

    def bundle(self) -> bytes:
        """A first bundle of a log of the evil device, with something in it wrong and all signatures right."""
        project = self.replica.project
        assert project is not None
        intro = Intro("project", self.evil.public, self.draw.randbytes(16), project)
        live = Document.load(corpus.GENESIS, [], bytes.fromhex(intro.log))
        puts = [("renamed", f"k{n}", "text " * n) for n in range(1, self.draw.choice((2, 3, 9)))]
        change = live.put(puts)
        if self.draw.random() < 0.7:
            change = corpus.chunk(broken(corpus.body(change), self.draw))[: 64 * 1024]
        sound = log.sign(self.evil, intro.log, 1, log.NOTHING, [(PLACE, change)], wall=0, intro=intro)
        if self.draw.random() < 0.5:
            return sound.plain()
        return resigned(self.evil, broken(sound.body, self.draw))

    def judge(self, data: bytes) -> None:
        """Take it in: it is believed, or waits, or what is wrong is named."""
        self.wear()
        taken = self.replica.take([data], [])
        if not (taken.bundles or taken.waiting or taken.findings or taken.again):
            raise Found("a bundle vanished without a word")
        whose = _log_of(data)
        for one in taken.findings:
            if whose is not None and not one.id.startswith(whose):
                raise Found(f"a bundle of {whose} is named {one.id}")
        if taken.bundles:
            self.look()
        if not taken.bundles:
            raise Damaged("it was refused or waits", "")

    # --- entries ---

    def entry(self) -> bytes:
        """An entry signed by the evil device with something in it wrong."""
        known = [json.loads(data[64:]) for data in self.replica.entries().values()]
        value = twisted(self.draw.choice([*known, *_kinds(self.evil, self.draw)]), self.draw)
        if isinstance(value, dict) and self.draw.random() < 0.8:
            value["by"] = _text(self.evil.public)
            value["parents"] = (
                [one.hex() for one in self.replica.members.heads] if self.replica.members else []
            )
        body = json.dumps(value).encode() if self.draw.random() < 0.5 else _dumped(value)
        return self.evil.sign(DOMAIN + body) + body

    def admit(self, data: bytes) -> None:
        """Take an entry in."""
        self.wear()
        taken = self.replica.take([], [data])
        members = self.replica.members
        assert members is not None
        if members.role_of(self.replica.device.public) != "owner":
            raise Found("an artist's entry took the owner's right away")
        for person in members.people.values():
            person.name.encode()
        if taken.unsound:
            raise Damaged("it was refused", "")

    # --- conversations ---

    def words(self) -> bytes:
        """A message that an admitted device may say, with something in it wrong."""
        for _ in range(20):
            try:
                return wire.encode(message(self.draw.choice(self._sayings()), self.draw))
            except (ValueError, TypeError, AttributeError, UnicodeError):
                continue  # it cannot even be written
        return b"\x05"

    def hear(self, data: bytes) -> None:
        """Hear it in a conversation: who says what cannot be is dropped by a reason that has a name."""
        self.wear()
        end = self._talking().ends[0]
        assert self.talk is not None
        channel = Channel.PRESENCE if data[0] in (20, 21, 22, 23) else Channel.SYNC
        self.talk.now += 1.0
        for action in end.receive(channel, data, self.talk.now):
            self.talk.act(0, [action])
            if isinstance(action, Drop) and not (action.reason.code or action.reason.theirs):
                raise Found("a drop without a reason")
        if end.over is not None:
            raise Damaged(end.over.code, "")

    def _talking(self) -> Talk:
        if self.talk is None or self.talk.ends[0].over is not None:
            self.talk = self.team.talk(0, 1).begin()
        return self.talk

    def _sayings(self) -> list[wire.Message]:
        have = self.replica.have()
        tails = tuple(wire.Tail(name, n, digest[:16]) for name, (n, digest) in have.items())
        own = tuple(self.replica.bundles(next(iter(have)), 1, 1))
        rows = (wire.Row(str(PLACE), bytes(8), bytes(8)),)
        reconciling = self._talking().ends[0]._reconciling
        logs = reconciling.digest_of_logs() if reconciling is not None else bytes(32)
        return [
            wire.Digest(bytes(32), bytes(32), bytes(32)), wire.Have(True, tails), wire.Have(False, tails),
            wire.Want(1, tuple(wire.Range(one.log, 1, one.n) for one in tails)), wire.Bundles(0, True, own),
            wire.Roll((bytes(8),) * 4), wire.Entries(True, tuple(self.replica.entries().values())),
            wire.Check(0, logs, bytes(32), bytes(32)), wire.Detail(0, logs, rows), wire.Ready(),
            wire.Ping(1), wire.Pong(1), wire.Present(b"{}"), wire.Preview(bytes(2000)), wire.Blob(b"\x01"),
            wire.Close("leaving"), wire.Bundles(0, True, (self.bundle(),)),
            wire.Hello(1, 1, bytes(32), bytes(32), 0, 0, ""),
        ]  # fmt: skip

    def greet(self) -> list[bytes]:
        """The first words of a handshake, one of them wrong."""
        said: list[bytes] = []

        def keep(end: int, _channel: Channel, data: bytes) -> bytes:
            if end == 1:
                said.append(data)
            return data

        self.team.talk(0, 1, alter=keep).begin()
        at = self.draw.randrange(min(2, len(said)))
        return [broken(one, self.draw) if number == at else one for number, one in enumerate(said[:3])]

    def shake(self, said: list[bytes]) -> None:
        """Hear them in place of what the other side says: nobody is let in by them."""
        self.wear()
        waiting = iter(said)

        def swap(end: int, _channel: Channel, data: bytes) -> bytes | None:
            return next(waiting, None) if end == 1 else data

        talk = self.team.talk(0, 1, alter=swap, seed=self.draw.randrange(10**9)).begin()
        if talk.ends[0].peer is not None:
            raise Found("somebody was let in by words of another conversation")
        raise handshake.Refused("silent")


def resigned(device: Device, body: bytes) -> bytes:
    """A plain bundle of any body, well signed."""
    empty = Bundle(LogId(""), 0, b"", (), 0, None, (), body, b"")
    signature = device.sign(b"restrike bundle/1\0" + body)
    return replace(empty, signature=signature).plain()


def _log_of(data: bytes) -> LogId | None:
    try:
        return log.decode(data).log
    except Damaged:
        return None


def _kinds(device: Device, draw: random.Random) -> list[dict[str, Any]]:
    """Entries of every kind, as their author might write them."""
    text = _text(device.public)
    log_id = draw.randbytes(16).hex()
    mores: dict[str, dict[str, Any]] = {
        "remove-device": {"seen": {log_id: 3}}, "role": {"seen": {log_id: 3}}, "rename": {},
        "invite": {"uses": 1, "expires": NOW, "for": ""}, "revoke-invite": {},
        "join": {"box": _text(bytes(32)), "proof": _text(bytes(64))}, "box": {"box": _text(bytes(32))},
        "epoch": {"number": 1, "commitment": "00" * 32, "sealed": {"a": text}, "earlier": {"00" * 32: text}},
        "adopt": {"log": log_id, "n": 3}, "add-device": {}, "remove-member": {"seen": {}},
    }  # fmt: skip
    common = {
        "by": text, "parents": [], "device": text, "member": "m", "role": "owner", "name": "Eve", "time": NOW,
        "nonce": "00" * 16,
    }  # fmt: skip
    return [{"kind": kind, **common, "more": more} for kind, more in mores.items()]


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _dumped(value: Any) -> bytes:
    try:
        return codec.dumps(value).encode()
    except (Fault, ValueError, TypeError):
        return json.dumps(value).encode()
