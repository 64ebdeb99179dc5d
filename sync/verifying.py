"""The child that tries peers' changes: `python -m sync.verifying MEMORY`, requests on stdin, answers on stdout.

A request is its length in 4 bytes and three lists of changes: a document's genesis, what is known of it, what came.
An answer is its length in 4 bytes and JSON: `{"facts": [[collection, key, text], …]}` or `{"refused": reason}`. The
child may take `MEMORY` more bytes than it has at its start; whatever goes beyond ends it, and so does the end of stdin.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from typing import IO, Any

from engine.faults import Damaged

Lists = tuple[Sequence[bytes], Sequence[bytes], Sequence[bytes]]


def pack(lists: Lists) -> bytes:
    """The bytes of a request, its length first."""
    body = b"".join(_counted(one) for one in lists)
    return len(body).to_bytes(4, "big") + body


def unpack(body: bytes) -> Lists:
    """The three lists of a request without its length."""
    at = 0
    found: list[list[bytes]] = []
    for _ in range(3):
        count, at = int.from_bytes(body[at : at + 4], "big"), at + 4
        part = []
        for _ in range(count):
            size, at = int.from_bytes(body[at : at + 4], "big"), at + 4
            part.append(body[at : at + size])
            at += size
        found.append(part)
    return found[0], found[1], found[2]


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


def answer(lists: Lists) -> dict[str, Any]:
    """Try the changes of a request."""
    from sync import schema
    from sync.document import gain

    genesis, known, fresh = lists
    if not genesis:
        return {"facts": []}
    try:
        facts = gain(genesis, known, fresh, schema.CONTENDED)
    except Damaged as error:
        return {"refused": error.message}
    return {"facts": [[*place, text] for place, text in facts.items()]}


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


def _counted(changes: Iterable[bytes]) -> bytes:
    parts = [len(one).to_bytes(4, "big") + one for one in changes]
    return len(parts).to_bytes(4, "big") + b"".join(parts)


def main() -> None:
    """Answer until nobody asks any more."""
    import sync.document  # noqa: F401 (loaded before memory is limited)

    limit(int(sys.argv[1]))
    while (body := read(sys.stdin.buffer)) is not None:
        data = json.dumps(answer(unpack(body)), ensure_ascii=False).encode()
        sys.stdout.buffer.write(len(data).to_bytes(4, "big") + data)
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
