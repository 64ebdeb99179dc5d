"""Answers that were given before: the same `Idempotency-Key` gets the same answer, and nothing is done a second time.

An answer is stored before it is sent, so a caller who saw it sees it again, after a restart too. A process that is
killed after its work was committed and before the answer was stored leaves none; then the request runs anew, and it is
the queue's own deduplication (a recipe with a take or a live job is not rendered twice) that keeps it from doubling.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import re
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api import problems
from app.api.faults import BadKey, KeyMismatch, KeyRunning
from app.errors import of_the_system
from engine.faults import Fault
from sync import database

KEPT_SECONDS: Final = 24 * 60 * 60
MOST: Final = 10_000
LARGEST_ANSWER: Final = 1024 * 1024
METHODS: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})
REPLAYED: Final = "Idempotency-Replayed"
_KEY: Final = re.compile(rb"[\x20-\x7e]{1,255}")
_VERSION: Final = 1
_SCHEMA: Final = (
    "CREATE TABLE IF NOT EXISTS answers (n INTEGER PRIMARY KEY AUTOINCREMENT, key BLOB NOT NULL UNIQUE, "
    "request BLOB NOT NULL, status INTEGER NOT NULL, headers TEXT NOT NULL, body BLOB NOT NULL, time REAL NOT NULL)"
)
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer to the request of this digest."""

    request: bytes
    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes


class Answers:
    """The file of answers; one thread at a time. One that is damaged is set aside, said in the log, and made anew."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._connection: sqlite3.Connection | None = None

    def find(self, key: bytes, now: float) -> Answer | None:
        """The answer that was given for this key within the last day."""
        try:
            return self._find(key, now)
        except database.Broken as broken:
            self._set_aside(broken)
            return None

    def keep(self, key: bytes, answer: Answer, now: float) -> None:
        """Store an answer, and forget the old ones."""
        try:
            self._keep(key, answer, now)
        except database.Broken as broken:
            self._set_aside(broken)
            self._keep(key, answer, now)

    def close(self) -> None:
        """Close the file; the next question opens it again."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    @database.believed
    def _find(self, key: bytes, now: float) -> Answer | None:
        with database.faults(self.path):
            row = self._open().execute(
                "SELECT request, status, headers, body FROM answers WHERE key = ? AND time > ?",
                (key, now - KEPT_SECONDS),
            )
            found = row.fetchone()
        if found is None:
            return None
        request, status, headers, body = found
        pairs = tuple(
            (name.encode("latin-1"), value.encode("latin-1")) for name, value in json.loads(headers)
        )
        if not 100 <= status <= 599:
            raise ValueError(status)
        return Answer(bytes(request), status, pairs, bytes(body))

    def _keep(self, key: bytes, answer: Answer, now: float) -> None:
        pairs = [[name.decode("latin-1"), value.decode("latin-1")] for name, value in answer.headers]
        row = (key, answer.request, answer.status, json.dumps(pairs), answer.body, now)
        connection = self._open()
        with database.writing(connection, self.path), database.faults(self.path):
            connection.execute("DELETE FROM answers WHERE time <= ?", (now - KEPT_SECONDS,))
            connection.execute(
                "INSERT OR REPLACE INTO answers (key, request, status, headers, body, time) "
                "VALUES (?, ?, ?, ?, ?, ?)",
                row,
            )
            connection.execute("DELETE FROM answers WHERE n <= (SELECT max(n) FROM answers) - ?", (MOST,))

    def _open(self) -> sqlite3.Connection:
        if self._connection is not None:
            return self._connection
        os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))  # SQLite would make it readable by others
        connection = database.connect(self.path, synchronous="NORMAL", busy=5.0)
        try:
            with database.faults(self.path):
                if connection.execute("PRAGMA user_version").fetchone()[0] > _VERSION:
                    raise database.Broken(
                        f"{self.path.name} is of a later release", "none is needed", self.path
                    )
                connection.execute(_SCHEMA)
                connection.execute("CREATE INDEX IF NOT EXISTS by_time ON answers (time)")
                connection.execute(f"PRAGMA user_version={_VERSION:d}")
        except BaseException:
            connection.close()
            raise
        self._connection = connection
        return connection

    def _set_aside(self, broken: database.Broken) -> None:
        self.close()
        aside = _free(self.path)
        _log.warning(
            "%s; it is kept as %s, and earlier answers are not known any more", broken.message, aside.name
        )
        for ending in ("", "-wal", "-shm"):
            found = self.path.with_name(self.path.name + ending)
            if found.exists():
                found.replace(aside.with_name(aside.name + ending))


def _free(path: Path) -> Path:
    """A name beside `path` that nothing has yet."""
    number = 1
    while (aside := path.with_name(f"{path.name}.damaged-{number}")).exists():
        number += 1
    return aside


class Idempotent:
    """ASGI: requests that change something and have an `Idempotency-Key` are done once.

    Kept are answers under 500 of at most 1 MiB, sent in one piece; what is streamed, larger, or failed on our side is
    sent as it comes, and the same key may try again.
    """

    def __init__(self, app: ASGIApp, answers: Answers, clock: Callable[[], datetime]) -> None:
        self._app = app
        self._answers = answers
        self._clock = clock
        self._running: dict[bytes, bytes] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        keys = [value for name, value in scope.get("headers", ()) if name.lower() == b"idempotency-key"]
        if scope["type"] != "http" or scope["method"] not in METHODS or not keys:
            await self._app(scope, receive, send)
            return
        body = await _read(receive)
        if body is None:
            return
        request = _digest(scope, body)
        try:
            known = self._known(keys, request)
        except (Fault, OSError) as error:
            fault = error if isinstance(error, Fault) else of_the_system(error)
            if fault is None:
                raise
            await problems.response(fault, instance=problems.instance_of(scope))(scope, receive, send)
            return
        if known is not None:
            await _replay(known, send)
        else:
            await self._first(keys[0], request, scope, _again(body, receive), send)

    def _known(self, keys: Sequence[bytes], request: bytes) -> Answer | None:
        """The answer given before; raises a fault where this is no key, or one of another request or a running one."""
        if len(keys) > 1 or not _KEY.fullmatch(keys[0]):
            raise BadKey
        running = self._running.get(keys[0])
        known = self._answers.find(keys[0], self._clock().timestamp())
        if (running or request) != request or (known is not None and known.request != request):
            raise KeyMismatch
        if running is not None:
            raise KeyRunning
        return known

    async def _first(self, key: bytes, request: bytes, scope: Scope, receive: Receive, send: Send) -> None:
        self._running[key] = request
        try:
            kept = _Kept(send, lambda answer: self._keep(key, answer), request)
            await self._app(scope, receive, kept.send)
        finally:
            del self._running[key]

    def _keep(self, key: bytes, answer: Answer) -> None:
        """Store an answer; where that cannot be done, what was done is said all the same."""
        try:
            self._answers.keep(key, answer, self._clock().timestamp())
        except (Fault, OSError) as error:
            _log.warning("an answer could not be kept: %s", error)


class _Kept:
    """An answer on its way out: held until it is stored, or let through where it is none to be kept."""

    def __init__(self, send: Send, keep: Callable[[Answer], None], request: bytes) -> None:
        self._send = send
        self._keep = keep
        self._request = request
        self._start: Message | None = None

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._start = message
            return
        start, self._start = self._start, None
        if start is not None:
            body = bytes(message.get("body", b""))
            whole = message["type"] == "http.response.body" and not message.get("more_body", False)
            if whole and start["status"] < 500 and len(body) <= LARGEST_ANSWER:
                headers = tuple((bytes(name), bytes(value)) for name, value in start.get("headers", ()))
                self._keep(Answer(self._request, start["status"], headers, body))
            await self._send(start)
        await self._send(message)


async def _read(receive: Receive) -> bytes | None:
    """The whole body; None when the caller left before its end."""
    pieces: list[bytes] = []
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return None
        pieces.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(pieces)


def _again(body: bytes, receive: Receive) -> Receive:
    """Give the body that was read to whoever reads it next."""
    read = False

    async def received() -> Message:
        nonlocal read
        if read:
            return await receive()
        read = True
        return {"type": "http.request", "body": body, "more_body": False}

    return received


def _digest(scope: Scope, body: bytes) -> bytes:
    """What makes two requests the same: method, path, query and body."""
    digest = hashlib.sha256()
    for part in (scope["method"].encode(), scope["path"].encode(), scope.get("query_string", b""), body):
        digest.update(b"%d\n" % len(part) + part)
    return digest.digest()


async def _replay(answer: Answer, send: Send) -> None:
    headers = [*answer.headers, (REPLAYED.lower().encode(), b"true")]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})
