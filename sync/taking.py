"""The child that takes in large deliveries: `python -m sync.taking FOLDER`, requests on stdin, answers on stdout.

It opens the project's files as any other process of this machine does, so what it has kept is there whatever becomes of
it, and it ends with its stdin. A request is its length in 4 bytes, the time's length in one and the time, and then each
plain bundle behind its length. An answer is its length and JSON: what `arrivals.Taken` says, or `{"fault": sentence}`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from contextlib import closing
from dataclasses import astuple
from pathlib import Path
from typing import Any, Final

from engine.faults import Fault
from sync import exchange, schema
from sync.arrivals import Taken
from sync.ledger import Ledger
from sync.records import DocumentId, Time
from sync.store import Finding
from sync.verifier import Verifier
from sync.verifying import read

BUSY: Final = 10.0
"""Seconds that another process may keep it waiting."""


def request(bundles: Sequence[bytes], time: Time) -> bytes:
    """The bytes of a request, its length first."""
    parts = [bytes([len(time)]), time.encode()]
    for one in bundles:
        parts += [len(one).to_bytes(4, "big"), one]
    return framed(b"".join(parts))


def requested(body: bytes) -> tuple[list[bytes], Time]:
    """The bundles and the time of a request without its length."""
    at = 1 + body[0]
    time, bundles = Time(body[1:at].decode()), []
    while at < len(body):
        size, at = int.from_bytes(body[at : at + 4], "big"), at + 4
        bundles.append(body[at : at + size])
        at += size
    return bundles, time


def framed(body: bytes) -> bytes:
    """A body behind its length."""
    return len(body).to_bytes(4, "big") + body


def answer(taken: Taken) -> dict[str, Any]:
    """What became of a delivery, as JSON."""
    return {
        "bundles": taken.bundles,
        "waiting": taken.waiting,
        "documents": list(taken.documents),
        "findings": [astuple(one) for one in taken.findings],
        "unsound": [astuple(one) for one in taken.unsound],
    }


def answered(value: dict[str, Any]) -> Taken:
    """The same, read again."""
    return Taken(
        int(value["bundles"]),
        int(value["waiting"]),
        tuple(DocumentId(one) for one in value["documents"]),
        tuple(Finding(*one) for one in value["findings"]),
        tuple(Finding(*one) for one in value["unsound"]),
    )


def main() -> None:
    """Take in what comes until nobody sends any more."""
    folder = Path(sys.argv[1])
    with closing(Ledger(folder, schema.STEPS, busy=BUSY)) as ledger, Verifier() as shadow:
        shadow.warm()
        while (body := read(sys.stdin.buffer)) is not None:
            bundles, time = requested(body)
            try:
                found = answer(exchange.deliver(ledger, [], bundles, time, shadow, bounded=True)[0])
            except Fault as fault:
                found = {"fault": fault.message}
            sys.stdout.buffer.write(framed(json.dumps(found).encode()))
            sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
