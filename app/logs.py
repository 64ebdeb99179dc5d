"""The log of this device, HOME/logs/restrike.log: what a person sends along when something went wrong.

Secrets never get there: whatever looks like a key, a token or a URL with credentials is blotted out on the way in.
"""

from __future__ import annotations

import logging
import logging.handlers
import re
from pathlib import Path
from typing import Final

FILE: Final = "restrike.log"
_BYTES: Final = 1_000_000
_KEPT: Final = 3
_ROOMS: Final = ("app", "engine", "sync")
_NAMES: Final = r"authorization|bearer|token|secret|password|api[_-]?key|access[_-]?key"
_SECRETS: Final = (
    (re.compile(rf"(?i)\b({_NAMES})\b([\s'\"]*[:=\s][\s'\"]*)((bearer|basic)\s+)?[^\s'\",;]+"), r"\1\2…"),
    (re.compile(r"(\w+://)[^/\s:@]+:[^/\s@]+@"), r"\1…@"),
    (re.compile(r"\b(AKIA|ASIA)[A-Z0-9]{12,}\b"), "…"),
)


def blotted(text: str) -> str:
    """`text` with what looks like a secret made unreadable."""
    for pattern, instead in _SECRETS:
        text = pattern.sub(instead, text)
    return text


class _Blotting(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return blotted(super().format(record))


def open_log(home: Path, *, debug: bool = False) -> Path:
    """Send the program's log to HOME/logs, in files of 1 MB of which 4 are kept; returns the newest file's path."""
    folder = home / "logs"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / FILE
    writer = logging.handlers.RotatingFileHandler(
        path, maxBytes=_BYTES, backupCount=_KEPT, encoding="utf-8", delay=True
    )
    writer.setFormatter(_Blotting("%(asctime)s %(process)d %(levelname)s %(name)s: %(message)s"))
    close()
    for name in _ROOMS:
        logger = logging.getLogger(name)
        logger.addHandler(writer)
        logger.setLevel(logging.DEBUG if debug else logging.INFO)
        logger.propagate = False
    return path


def close() -> None:
    """Close the log's file; the program's rooms log nowhere until it is opened again."""
    for name in _ROOMS:
        logger = logging.getLogger(name)
        for one in _writers(name):
            logger.removeHandler(one)
            one.close()
        logger.propagate = True


def record_unexpected(home: Path, error: BaseException) -> Path | None:
    """Write an unexpected exception's traceback to the log; None where even that is impossible (a full disk)."""
    opened = any(_writers(name) for name in _ROOMS)
    try:
        path = home / "logs" / FILE if opened else open_log(home)
        logging.getLogger("app").error("unexpected", exc_info=(type(error), error, error.__traceback__))
    except OSError:
        return None
    finally:
        if not opened:
            close()
    return path


def _writers(name: str) -> list[logging.handlers.RotatingFileHandler]:
    found = logging.getLogger(name).handlers
    return [one for one in found if isinstance(one, logging.handlers.RotatingFileHandler)]
