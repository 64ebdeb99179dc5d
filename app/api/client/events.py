"""Events as they happen, over a connection that is made again when it is lost."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Final

from .connection import API, Connection, encoded
from .problem import Problem, Unreachable
from .shapes import Event, shaped

if TYPE_CHECKING:
    from websockets.sync.client import ClientConnection

FULL_SYNC: Final = "server:full_sync"
SUBPROTOCOL: Final = "restrike.events"
LARGEST: Final = 64 * 1024 * 1024
PATIENCE: Final = 60.0
"""Seconds for which a lost server is looked for."""


class Events:
    """Events in the order of what happened; to be used in a `with`, by one thread."""

    def __init__(
        self,
        again: Callable[[], Connection],
        since: str | None,
        types: Sequence[str],
        *,
        pause: Callable[[float], None],
        now: Callable[[], float],
    ) -> None:
        self.since = since
        self._again = again
        self._types = tuple(types)
        self._pause = pause
        self._now = now
        self._socket: ClientConnection | None = None
        self._stack = ExitStack()

    def __enter__(self) -> Events:
        self._socket = self._connected()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Listen no longer."""
        self._socket = None
        self._stack.close()

    def __iter__(self) -> Iterator[Event]:
        while (event := self.next()) is not None:
            yield event

    def next(self, timeout: float | None = None) -> Event | None:
        """The next event; None when none came for `timeout` seconds. `since` is then what to go on from."""
        from websockets.exceptions import ConnectionClosed

        end = None if timeout is None else self._now() + timeout
        while True:
            if self._socket is None:
                self._socket = self._found_again()
            left = None if end is None else max(0.0, end - self._now())
            try:
                text = self._socket.recv(left)
            except TimeoutError:
                return None
            except ConnectionClosed:
                self.close()
                continue
            return self._read(json.loads(text))

    def ask(self, type: str, data: Any = None) -> None:
        """Send an event, such as `client:sync_request` or `client:regenerate_asset`."""
        if self._socket is None:
            self._socket = self._found_again()
        self._socket.send(json.dumps({"type": type, "data": data or {}}))

    def _read(self, told: Any) -> Event:
        event = shaped(Event, told)
        data = event.data
        if event.reply_to is None and (
            event.type != FULL_SYNC or data.get("part", 1) == data.get("parts", 1)
        ):
            self.since = event.id
        return event

    def _connected(self) -> ClientConnection:
        try:
            from websockets.exceptions import InvalidStatus
            from websockets.sync.client import connect
        except ImportError as error:
            raise Problem("events need the package websockets", "pip install websockets") from error
        connection = self._again()
        where = connection.url.partition("://")[2]
        path = f"{API}/events" + encoded({"since": self.since, "types": ",".join(self._types) or None})
        try:
            opening = connect(
                f"ws://{where}{path}",  # the socket speaks TLS already where it has to
                sock=connection.taken(),
                additional_headers={"Authorization": f"Bearer {connection.token}"},
                subprotocols=[SUBPROTOCOL],  # type: ignore[list-item]
                max_size=LARGEST,
                proxy=None,
            )
            return self._stack.enter_context(opening)
        except InvalidStatus as error:
            status = error.response.status_code
            raise Problem(f"the server refused to tell its events: {status}", status=status) from error
        except (OSError, EOFError, TimeoutError) as error:
            raise Unreachable(str(error) or type(error).__name__) from error

    def _found_again(self) -> ClientConnection:
        """A new connection to a server that was lost; raises `Unreachable` when it does not come back."""
        end, wait = self._now() + PATIENCE, 0.1
        while True:
            try:
                return self._connected()
            except Unreachable:
                if self._now() >= end:
                    raise
            self._pause(wait)
            wait = min(2 * wait, 5.0)
