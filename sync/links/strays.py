"""What aiortc and zeroconf leave lying about: exceptions of their own tasks, and warnings, go into our log alone."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from types import TracebackType
from typing import Any, Final

LIBRARIES: Final = ("aiortc", "aioice", "pyee", "zeroconf")
_log = logging.getLogger(__name__)

Context = dict[str, Any]
Complaint = Callable[[asyncio.AbstractEventLoop, Context], object]


class Strays:
    """What a loop calls with exceptions that nobody waits for: it keeps the libraries' own and passes on all others."""

    def __init__(self, before: Complaint | None) -> None:
        self._before = before

    def __call__(self, loop: asyncio.AbstractEventLoop, context: Context) -> None:
        """Called by the loop with an exception that nobody waited for."""
        error = context.get("exception")
        if error is not None and (_of_libraries(error.__traceback__) or _made_by_libraries(context)):
            _log.info("in the connection library: %s: %r", context.get("message"), error, exc_info=error)
        elif self._before is not None:
            self._before(loop, context)
        else:
            loop.default_exception_handler(context)


class _Forward(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        _log.info("%s: %s", record.name, record.getMessage())


_FORWARD: Final = _Forward(logging.WARNING)


def contain(loop: asyncio.AbstractEventLoop) -> None:
    """From now on keep the libraries' complaints in this loop to our log; once a loop is enough."""
    before = loop.get_exception_handler()
    if not isinstance(before, Strays):
        loop.set_exception_handler(Strays(before))
    for name in LIBRARIES:
        logger = logging.getLogger(name)
        if _FORWARD not in logger.handlers:
            logger.addHandler(_FORWARD)
            logger.propagate = False


def _of_libraries(trace: TracebackType | None) -> bool:
    """Whether the outermost frame, the loop's own aside, is the libraries': what they call of ours is ours to hear."""
    while trace is not None:
        room = str(trace.tb_frame.f_globals.get("__name__", "")).split(".")[0]
        if room != "asyncio":
            return room in LIBRARIES
        trace = trace.tb_next
    return False


def _made_by_libraries(context: Context) -> bool:
    parts = (context.get("protocol"), context.get("transport"))
    return any(type(part).__module__.split(".")[0] in LIBRARIES for part in parts)
