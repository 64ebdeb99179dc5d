"""The render child: frames with strikes come in on standard input, pictures go out on what was standard output.

It ends when its input does, so it cannot outlive the program. Whatever libraries print goes to standard error, where
it cannot break the framing. Torch is imported last, after threads, memory and pipes are settled.
"""

from __future__ import annotations

import argparse
import ctypes
import os
import queue
import signal
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

from engine.recipe import ModelDigest, Recipe
from engine.renderer import Progress, Rendered, RenderFault, Strike
from engine.wire import BadFrame, Decoder, Frame, encode

PR_SET_PDEATHSIG: Final = 1
CHUNK: Final = 2**16


class Inbox:
    """What the program asks, read by a thread so that a cancellation arrives while a step computes."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._waiting: queue.SimpleQueue[Frame] = queue.SimpleQueue()
        self._cancelled: set[int] = set()
        threading.Thread(target=self._read, name="inbox", daemon=True).start()

    def next(self) -> Frame:
        """Wait for the next question."""
        return self._waiting.get()

    def cancelled(self, number: int) -> bool:
        """Whether the strike of this number was cancelled."""
        return number in self._cancelled

    def _read(self) -> None:
        decoder = Decoder()
        try:
            while data := os.read(self._descriptor, CHUNK):
                for frame in decoder.feed(data):
                    if frame.header.get("do") == "cancel":
                        self._cancelled.add(frame.header["number"])
                    else:
                        self._waiting.put(frame)
        except BadFrame as error:
            print(f"damaged frame: {error}", file=sys.stderr, flush=True)
            os._exit(2)
        # The program is gone. Torch may be computing in the other thread and must not be asked to end gracefully.
        os._exit(0)


@dataclass(frozen=True, slots=True)
class Outbox:
    """Where answers go."""

    descriptor: int

    def send(self, header: Mapping[str, Any], parts: tuple[bytes, ...] = ()) -> None:
        """Write one frame, whole."""
        rest = memoryview(encode(header, parts))
        while rest:
            rest = rest[os.write(self.descriptor, rest) :]


def main(words: list[str]) -> None:
    """Serve strikes until standard input ends."""
    parser = argparse.ArgumentParser(
        prog="python -m engine", description="The render child; started by the program."
    )
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--memory", type=int, help="bytes of memory this process may take")
    parser.add_argument("--parent", type=int, help="process id to live and die with")
    settings = parser.parse_args(words)
    inbox, outbox = _take_pipes()
    _die_with(settings.parent)
    if settings.memory:
        _limit_memory(settings.memory)

    from engine.diffusion.press import Press

    press = Press(settings.device, settings.threads)
    outbox.send({"is": "ready", "fingerprint": press.fingerprint.to_json()})
    while True:
        frame = inbox.next()
        number: int = frame.header["number"]
        try:
            rendered = press.strike(
                _strike(frame.header),
                _reporter(outbox, number),
                partial(inbox.cancelled, number),
            )
        except RenderFault as fault:
            answer = {"is": "fault", "number": number, "code": fault.code, "message": fault.message}
            outbox.send({**answer, "hint": fault.hint})
        else:
            outbox.send(*_answer(number, rendered))


def _take_pipes() -> tuple[Inbox, Outbox]:
    incoming, outgoing = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return Inbox(incoming), Outbox(outgoing)


def _die_with(parent: int | None) -> None:
    if parent is None or not sys.platform.startswith("linux"):
        return
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # it died before we asked
        os._exit(0)


def _limit_memory(limit: int) -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))


def _strike(header: Mapping[str, Any]) -> Strike:
    return Strike(
        recipe=Recipe.from_json(header["recipe"]),
        models={ModelDigest(digest): Path(folder) for digest, folder in header["models"].items()},
        inputs={role: Path(file) for role, file in header["inputs"].items()},
        preview=header["preview"],
    )


def _reporter(outbox: Outbox, number: int) -> Callable[[Progress], None]:
    def report(progress: Progress) -> None:
        header = {"is": "progress", "number": number, "stage": progress.stage}
        parts = () if progress.preview is None else (progress.preview,)
        outbox.send({**header, "step": progress.step, "steps": progress.steps}, parts)

    return report


def _answer(number: int, rendered: Rendered) -> tuple[dict[str, Any], tuple[bytes, ...]]:
    found = {name: value for name, value in asdict(rendered).items() if value is not None}
    parts = {name: value for name, value in found.items() if isinstance(value, bytes)}
    plain = {name: value for name, value in found.items() if name not in parts}
    return {"is": "rendered", "number": number, "names": list(parts), "rendered": plain}, tuple(
        parts.values()
    )


if __name__ == "__main__":
    main(sys.argv[1:])
