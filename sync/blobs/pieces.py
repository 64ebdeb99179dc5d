"""Which part of a blob is asked of whom: parts in order, a bounded window ahead, and slow ones asked of another too.

Bytes are handed on strictly in order, so that they can be hashed and written as they come, and what is on the disk is
always the beginning of the blob. Nothing here waits or knows of connections.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

WINDOW: Final = 16 * 1024 * 1024
"""How many bytes after those handed on may be asked for: they wait in memory for what comes before them."""
MOST_OWNERS: Final = 2
"""How many sources are asked for the same bytes at most."""

Owner = bytes
Impatient = Callable[["Piece"], bool]
"""Whether a part that another source was asked for should be asked of this one too."""


@dataclass(slots=True, eq=False)
class Piece:
    """A part asked of one source at `since`, from `first` on; of what came `data` is kept, which begins at `start`."""

    owner: Owner
    start: int
    stop: int
    since: float = 0.0
    data: bytearray = field(default_factory=bytearray)
    over: bool = False
    first: int = field(init=False)

    def __post_init__(self) -> None:
        self.first = self.start

    @property
    def at(self) -> int:
        """Where the next bytes belong."""
        return self.start + len(self.data)

    @property
    def end(self) -> int:
        """Up to where it answers for the bytes: all that was asked for, or when it is over what came."""
        return self.at if self.over else self.stop


@dataclass(slots=True)
class Plan:
    """The way to the `size` bytes of a blob of which the first `done` are there."""

    size: int
    done: int = 0
    window: int = WINDOW
    pieces: list[Piece] = field(default_factory=list)

    @property
    def complete(self) -> bool:
        """Whether all bytes were handed on."""
        return self.done >= self.size

    @property
    def busy(self) -> bool:
        """Whether anybody was asked and has not answered in full."""
        return any(not one.over for one in self.pieces)

    def next(self, owner: Owner, length: int, now: float, impatient: Impatient) -> Piece | None:
        """What to ask of a source, at most `length` bytes; None when there is nothing for it."""
        if (gap := self._gap()) is not None:
            return self._add(Piece(owner, gap[0], min(gap[1], gap[0] + length), now))
        for one in sorted(self.pieces, key=lambda piece: piece.at):
            if self._may_double(one, owner) and impatient(one):
                return self._add(Piece(owner, one.at, min(one.stop, one.at + length), now))
        return None

    def landed(self, piece: Piece, data: bytes) -> None:
        """Bytes came that continue a part."""
        if piece.at + len(data) > piece.stop:
            raise ValueError("more bytes than were asked for")
        piece.data += data
        if piece.at <= self.done:  # another source was faster
            piece.start, piece.data = piece.at, bytearray()

    def over(self, piece: Piece) -> None:
        """Nothing more comes of a part, whether it is whole or was cut off; what came of it counts."""
        piece.over = True
        self._sweep()

    def ready(self) -> Iterator[tuple[Owner, bytes]]:
        """Hand on the bytes that continue those handed on before, each with the source they came from."""
        while (one := self._continuing()) is not None:
            data = bytes(memoryview(one.data)[self.done - one.start :])
            one.start, one.data = one.at, bytearray()
            self.done = one.start
            yield one.owner, data
        self._sweep()

    def waiting(self) -> int:
        """How many bytes could be handed on now."""
        one = self._continuing()
        return 0 if one is None else one.at - self.done

    def _continuing(self) -> Piece | None:
        return next((one for one in self.pieces if one.start <= self.done < one.at), None)

    def _add(self, piece: Piece) -> Piece:
        self.pieces.append(piece)
        return piece

    def _sweep(self) -> None:
        self.pieces = [one for one in self.pieces if not one.over or one.at > self.done]

    def _gap(self) -> tuple[int, int] | None:
        """The first bytes within the window that nobody was asked for."""
        at, limit = self.done, min(self.size, self.done + self.window)
        for start, stop in sorted((one.start, one.end) for one in self.pieces):
            if start > at:
                break
            at = max(at, stop)
        if at >= limit:
            return None
        return at, min([limit, *(one.start for one in self.pieces if one.start > at)])

    def _may_double(self, piece: Piece, owner: Owner) -> bool:
        """Whether bytes are missing of a part that this source was not asked for, and not too many others were."""
        at = piece.at
        if piece.over or at >= piece.stop or at < self.done:
            return False
        owners = [one.owner for one in self.pieces if one.start <= at < one.end]
        return owner not in owners and len(owners) < MOST_OWNERS
