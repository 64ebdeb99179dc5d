"""Sentences without the paths of files: of each path only its last part is left.

Callers of the API address things by id; where a project lies on its owner's disk is not theirs to know. Paths that are
known are found whatever they hold. Others are known by how they begin: a slash, a drive, a share, `~/` or `file:`. One
may have spaces in its folders' names, so a sentence that goes on with a slash can lose words; it never keeps a folder.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from app.errors import one_line

_MARK: Final = "\0"
"""Stands before the last part of a path that was known, where more of it follows; no text holds one."""
_SIGN: Final = r"""(?:[^\s/\\"'<>|`“”«»\0]|(?<=\w)'(?=\w))"""
_VERBS: Final = r"(?:is|are|was|were|has|have|holds|cannot|could|does|did|must|needs)\b"
_WORD: Final = rf"(?!{_VERBS})(?:\([\w.-]+\)|(?:(?![,;:()])%s)+)" % _SIGN
_FOLDER: Final = rf"{_SIGN}+(?: {_WORD}){{0,5}}(?=[/\\])[/\\]+"
_ROUTE: Final = r"(?!/api/v1(?![\w.-]))"
_BEGIN: Final = (
    rf"(?:{_MARK}|file:[/\\]*|(?<!\w)[A-Za-z]:[/\\]+|(?<![\w\\])\\\\[?.\\]*|"
    rf"(?<![\w./\\~*…\]}})-])~\w*[/\\]+|(?<![\w./\\~*…\]}})-])(?<!:(?=//)){_ROUTE}/+)"
)
_BARE: Final = re.compile(rf"{_BEGIN}(?:{_FOLDER})*({_SIGN}+)[/\\]*")
_QUOTED: Final = re.compile(
    rf"""(?<!\w)(?P<quote>["'`])(?={_BEGIN})(?P<path>(?:(?!(?P=quote)).)+)(?P=quote)(?!\w)"""
)


def without_paths(text: str, paths: Iterable[Path] = ()) -> str:
    """`text` on one line, with the last part alone of each path in it; `paths` are known ones."""
    text = one_line(text)
    for shown, name in _spellings(paths):
        known = rf"(?<![\w.)\]}}-]){re.escape(shown)}(?:(?P<more>[/\\]+)|(?![\w-]|\.\w))"
        text = re.sub(known, functools.partial(_known, name), text)
    text = _QUOTED.sub(lambda found: f"{found['quote']}{_last(found['path'])}{found['quote']}", text)
    return _BARE.sub(lambda found: found[1], text).replace(_MARK, "")


def _spellings(paths: Iterable[Path]) -> list[tuple[str, str]]:
    """How each path may stand in a sentence, longest first, with the last part that is left of it."""
    found = {
        one_line(spelling): one_line(path.name)
        for path in paths
        if path.name and path.parent.name
        for spelling in (str(path), path.as_posix(), str(path).replace("\\", "\\\\"))
    }
    return sorted(found.items(), key=lambda one: len(one[0]), reverse=True)


def _known(name: str, found: re.Match[str]) -> str:
    return f"{_MARK}{name}/" if found["more"] else name


def _last(path: str) -> str:
    parts = [one for one in re.split(rf"[/\\{_MARK}]+", path) if one]
    return parts[-1] if parts else ""
