"""The child that tries peers' changes: `python -m sync.verifying MEMORY`, requests on stdin, answers on stdout.

A request is its length in 4 bytes and questions, each about one document: the digest of what is known of it, and three
lists of changes: its genesis, what is known, what came. The child keeps the documents that it has tried; of one that
it may have, the question leaves out what is known. An answer is its length in 4 bytes and a JSON list with one object
a question: `{"facts": [[collection, key, text], …]}`, `{"refused": reason}` or `{"unknown": true}`, upon which it is
asked in full. The child may take `MEMORY` more bytes than it has at its start; whatever goes beyond ends it, and so
does the end of stdin.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any, Final

from engine.faults import Damaged

if TYPE_CHECKING:
    from sync.document import Copy

MOST_KEPT: Final = 256
KEPT_BYTES: Final = 16 << 20
"""So many documents, and so many bytes of them and their facts, the child keeps."""


@dataclass(frozen=True, slots=True)
class Question:
    """What `fresh` changes do to a document of which `known` are here; without genesis it is kept under `before`."""

    before: bytes
    genesis: Sequence[bytes]
    known: Sequence[bytes]
    fresh: Sequence[bytes]

    @property
    def whole(self) -> bool:
        """Whether the document is told, and not only named."""
        return bool(self.genesis)

    @property
    def size(self) -> int:
        """The bytes of its changes."""
        return sum(map(len, self.known)) + sum(map(len, self.fresh))


def name(changes: Iterable[bytes], after: bytes = bytes(32)) -> bytes:
    """The digest by which a document is kept that these changes, in this order, make of the one kept as `after`."""
    for raw in changes:
        after = hashlib.sha256(after + raw).digest()
    return after


def pack(questions: Iterable[Question]) -> bytes:
    """The bytes of a request, its length first."""
    parts = [
        one.before + b"".join(_counted(some) for some in (one.genesis, one.known, one.fresh))
        for one in questions
    ]
    body = b"".join(parts)
    return len(body).to_bytes(4, "big") + body


def unpack(body: bytes) -> Iterator[Question]:
    """The questions of a request without its length."""
    at = 0
    while at < len(body):
        before, at = body[at : at + 32], at + 32
        lists: list[list[bytes]] = []
        for _ in range(3):
            count, at = int.from_bytes(body[at : at + 4], "big"), at + 4
            part = []
            for _ in range(count):
                size, at = int.from_bytes(body[at : at + 4], "big"), at + 4
                part.append(body[at : at + size])
                at += size
            lists.append(part)
        yield Question(before, *lists)


def read(stream: IO[bytes]) -> bytes | None:
    """The next request or answer without its length, None at the end."""
    head = stream.read(4)
    if len(head) < 4:
        return None
    parts: list[bytes] = []
    left = int.from_bytes(head, "big")
    while left > 0 and (part := stream.read(left)):
        parts.append(part)
        left -= len(part)
    return None if left else b"".join(parts)


class Trial:
    """Tries changes, and keeps the documents that took them."""

    def __init__(self) -> None:
        self._kept: OrderedDict[bytes, Copy] = OrderedDict()
        self._size = 0

    def answer(self, question: Question) -> dict[str, Any]:
        """What becomes of a document."""
        from sync import schema
        from sync.document import Copy, grown

        try:
            copy = self._take(question.before)
            if copy is None and not question.whole:
                return {"unknown": True}
            copy = copy or Copy.of(question.genesis, question.known)
            self._keep(question.before, copy)
            after = grown(copy, question.fresh, schema.CONTENDED)
        except Damaged as error:
            return {"refused": error.message}
        self._take(question.before)
        self._keep(name(question.fresh, question.before), after)
        return {"facts": [[*place, text] for place, text in after.since(copy).items()]}

    def _take(self, digest: bytes) -> Copy | None:
        found = self._kept.pop(digest, None)
        if found is not None:
            self._size -= _weight(found)
        return found

    def _keep(self, digest: bytes, copy: Copy) -> None:
        self._take(digest)
        self._kept[digest] = copy
        self._size += _weight(copy)
        while self._kept and (len(self._kept) > MOST_KEPT or self._size > KEPT_BYTES):
            self._take(next(iter(self._kept)))


def limit(memory: int) -> None:
    """Let this process take so many more bytes than it has, where the system can be told."""
    try:
        import resource
    except ImportError:  # Windows: the deadline alone ends what grows without end
        return
    with open("/proc/self/statm", encoding="ascii") as file:
        used = int(file.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + memory, used + memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _weight(copy: Copy) -> int:
    return len(copy.data) + sum(map(len, copy.facts.values()))


def _counted(changes: Sequence[bytes]) -> bytes:
    parts = [len(one).to_bytes(4, "big") + one for one in changes]
    return len(parts).to_bytes(4, "big") + b"".join(parts)


def main() -> None:
    """Answer until nobody asks any more."""
    import sync.document  # noqa: F401 (loaded before memory is limited)

    limit(int(sys.argv[1]))
    trial = Trial()
    while (body := read(sys.stdin.buffer)) is not None:
        found = [trial.answer(one) for one in unpack(body)]
        data = json.dumps(found, ensure_ascii=False).encode()
        sys.stdout.buffer.write(len(data).to_bytes(4, "big") + data)
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
