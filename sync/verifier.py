"""Changes from peers are tried in a child first, so that none of them can end, hang or swell this program.

The child is kept warm, may take so much memory and so much time, and is killed and started afresh beyond that. What it
was trying is then refused like any bad change, so that arrivals find the bundle and name who sent it.
"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Final

from engine.faults import Damaged
from sync import verifying
from sync.arrivals import Asked, Contents
from sync.verifying import Question

MEMORY: Final = 1 << 30
SECONDS: Final = 1.0
BYTES: Final = 2 << 20
"""For every so many bytes the child has as much time again."""
START_SECONDS: Final = 15.0
_SOURCES: Final = Path(__file__).resolve().parent.parent
_FIX: Final = "it was set aside; its sender is to be looked at"


class Verifier:
    """The child, to be entered with `with`. `ended` counts how often it had to be replaced.

    Who has time asks `beforehand`, in a thread; what was asked then is answered at once, until `forget`.
    """

    def __init__(self, *, memory: int = MEMORY, seconds: float = SECONDS) -> None:
        self.ended = 0
        self._memory = memory
        self._seconds = seconds
        self._child: subprocess.Popen[bytes] | None = None
        self._lock = threading.RLock()
        self._found: dict[bytes, Contents | Damaged] = {}
        self._kept: OrderedDict[bytes, None] = OrderedDict()

    def __enter__(self) -> Verifier:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the child; the next question starts another."""
        with self._lock:
            child, self._child = self._child, None
            self._kept.clear()
            if child is not None:
                child.kill()
                child.communicate()

    def warm(self) -> None:
        """Start the child now, so that the first question need not wait for it."""
        with self._lock:
            if self._child is None:
                self._ask([], START_SECONDS)

    def __call__(self, genesis: Sequence[bytes], known: Sequence[bytes], fresh: Sequence[bytes]) -> Contents:
        """The facts that fresh changes add to a document; raises `Damaged` where they are bad in any way."""
        question = _question(genesis, known, fresh)
        found = self._found.get(_key(question))
        if found is None:
            (found,) = self._answers([question])
        if isinstance(found, Damaged):
            raise found
        return found

    def knows(self, genesis: Sequence[bytes], known: Sequence[bytes], fresh: Sequence[bytes]) -> bool:
        """Whether this has been asked beforehand."""
        return _key(_question(genesis, known, fresh)) in self._found

    def beforehand(self, asked: Sequence[Asked]) -> None:
        """Find out about several documents at once, and keep the answers."""
        questions = [_question(*one) for one in asked]
        for question, found in zip(questions, self._answers(questions), strict=True):
            self._found[_key(question)] = found

    def forget(self) -> None:
        """Let go of what was asked beforehand."""
        self._found.clear()

    def _answers(self, questions: Sequence[Question]) -> list[Contents | Damaged]:
        """What the child says of each; where it does not survive them together, they are asked one by one."""
        with self._lock:
            self.warm()
            try:
                return self._together(questions)
            except Damaged as error:
                if len(questions) == 1:
                    return [error]
            return [self._answers([one])[0] for one in questions]

    def _together(self, questions: Sequence[Question]) -> list[Contents | Damaged]:
        seconds = self._seconds * (len(questions) + sum(one.size for one in questions) / BYTES)
        short = [replace(one, genesis=(), known=()) if one.before in self._kept else one for one in questions]
        found = self._ask(short, seconds)
        again = [at for at, one in enumerate(found) if "unknown" in one]
        if again:
            for at, one in zip(again, self._ask([questions[at] for at in again], seconds), strict=True):
                found[at] = one
        for question in questions:
            self._kept.pop(question.before, None)
            self._kept[verifying.name(question.fresh, question.before)] = None
        while len(self._kept) > verifying.MOST_KEPT:
            self._kept.popitem(last=False)
        return [_answer(one) for one in found]

    def _ask(self, questions: Sequence[Question], seconds: float) -> list[dict[str, Any]]:
        child = self._child = self._child or self._start()
        assert child.stdin is not None
        assert child.stdout is not None
        with _deadline(child, seconds) as late:
            try:
                _write(child.stdin, verifying.pack(questions))
                found = None if _silent(child, seconds) else verifying.read(child.stdout)
            except BrokenPipeError:
                found = None
        if found is None:
            raise self._death(child, late=late.is_set() or child.poll() is None, seconds=seconds)
        answers: list[dict[str, Any]] = json.loads(found)
        return answers

    def _start(self) -> subprocess.Popen[bytes]:
        path = os.pathsep.join(filter(None, (str(_SOURCES), os.environ.get("PYTHONPATH"))))
        return subprocess.Popen(
            [sys.executable, "-P", "-m", "sync.verifying", str(self._memory)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            env={**os.environ, "PYTHONPATH": path},
        )

    def _death(self, child: subprocess.Popen[bytes], *, late: bool, seconds: float) -> Damaged:
        self.close()
        self.ended += 1
        if late:
            return Damaged(f"a change could not be checked within {seconds:.1f} seconds", _FIX)
        status = child.returncode or 0
        how = signal.Signals(-status).name if -status in set(signal.Signals) else f"exit status {status}"
        return Damaged(f"a change ended the process that checks changes ({how})", _FIX)


def _question(genesis: Sequence[bytes], known: Sequence[bytes], fresh: Sequence[bytes]) -> Question:
    return Question(verifying.name((*genesis, *known)), genesis, known, fresh)


def _key(question: Question) -> bytes:
    return question.before + verifying.name(question.fresh)


def _answer(value: dict[str, Any]) -> Contents | Damaged:
    if "facts" not in value:
        return Damaged(str(value["refused"]), _FIX)
    return {(str(collection), str(key)): str(text) for collection, key, text in value["facts"]}


def _write(stream: IO[bytes], data: bytes) -> None:
    """All of it: a pipe without a buffer may take a part at a time."""
    view = memoryview(data)
    while view:
        view = view[stream.write(view) :]


def _silent(child: subprocess.Popen[bytes], seconds: float) -> bool:
    """Whether no answer begins within the time; an answer that has begun is whole, for it is written at once."""
    if sys.platform == "win32":
        return False
    assert child.stdout is not None
    return not select.select([child.stdout], [], [], seconds)[0]


@contextmanager
def _deadline(child: subprocess.Popen[bytes], seconds: float) -> Iterator[threading.Event]:
    """Where pipes cannot be waited for with a time, kill the child from a thread; a thread costs 4 ms a question."""
    late = threading.Event()
    if sys.platform != "win32":
        yield late
        return

    def end() -> None:
        late.set()
        child.kill()

    watch = threading.Timer(seconds, end)
    watch.start()
    try:
        yield late
    finally:
        watch.cancel()
        watch.join()
