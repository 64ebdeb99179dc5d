"""The language of `--where`: a condition over assets, turned into SQL whose every value is a bound parameter.

    kind = shot and not (scene = SC-01 or stale) and prompt ~ "red tower" and steps >= 20

Fields are compared with = != < <= > >= and ~ (contains, upper and lower case alike); a field of truth may stand alone.
Words without spaces or signs need no quotes. `not` binds tighter than `and`, `and` than `or`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from engine.faults import BadField

Type = Literal["text", "number", "truth"]
Value = str | int | float


@dataclass(frozen=True, slots=True)
class Column:
    """A field of the language: the SQL it stands for (text in lower case), its type, and its sentence in the help."""

    sql: str
    type: Type
    help: str


FIELDS: Final[Mapping[str, Column]] = {
    "id": Column("a.id", "text", "the asset's id"),
    "name": Column("a.name_key", "text", "what the asset is called"),
    "kind": Column("a.kind", "text", "character, style, environment, prop or shot"),
    "scene": Column("a.scene_key", "text", "the scene of a shot"),
    "tier": Column("coalesce(a.tier, '')", "text", "low, standard or high"),
    "version": Column("coalesce(a.number, 0)", "number", "number of the current version"),
    "versions": Column("a.versions", "number", "how many versions there are"),
    "takes": Column("a.takes", "number", "how many takes there are"),
    "stale": Column("a.stale", "truth", "something it is made from has changed since"),
    "forked": Column("a.forked", "truth", "it has two tips that wait to be resolved"),
    "approved": Column("(a.approved IS NOT NULL)", "truth", "one of its takes is approved"),
    "gone": Column("a.gone", "truth", "it was removed"),
    "model": Column("coalesce(a.model, '')", "text", "digest of the model"),
    "prompt": Column("a.prompt_key", "text", "the prompt"),
    "negative_prompt": Column("a.negative_key", "text", "the negative prompt"),
    "seed": Column("coalesce(a.seed, '')", "text", "the seed"),
    "steps": Column("coalesce(a.steps, 0)", "number", "the steps"),
    "guidance": Column("coalesce(a.guidance, 0)", "number", "the guidance"),
    "strength": Column("coalesce(a.strength, 0)", "number", "the strength of image-to-image"),
    "width": Column("coalesce(a.width, 0)", "number", "width in pixels"),
    "height": Column("coalesce(a.height, 0)", "number", "height in pixels"),
    "scheduler": Column("lower(coalesce(a.scheduler, ''))", "text", "the scheduler's class"),
    "recipe_key": Column("coalesce(a.recipe_key, '')", "text", "key of the current version's recipe"),
    "time": Column("a.time", "text", "when it was last changed, as 2026-01-31T12:00:00.000Z"),
}
LONGEST: Final = 4_000
DEEPEST: Final = 50
_TOKEN: Final = re.compile(
    r"""\s*(?:(?P<sign>!=|<=|>=|[=<>~()])|"(?P<double>(?:[^"\\]|\\.)*)"|'(?P<single>(?:[^'\\]|\\.)*)'|(?P<word>[^\s=<>~()!"']+))"""
)
_TRUTHS: Final = {"true": 1, "yes": 1, "1": 1, "false": 0, "no": 0, "0": 0}


@dataclass(frozen=True, slots=True)
class Condition:
    """SQL over a table `assets AS a`, and the values of its question marks."""

    sql: str
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class _Token:
    text: str
    column: int
    kind: Literal["sign", "word", "quoted", "end"]


def parse(text: str) -> Condition:
    """The condition that `text` says; raises `BadField` naming the column where it goes wrong."""
    if len(text) > LONGEST:
        raise BadField("where", text, f"at most {LONGEST} characters")
    parser = _Parser(text)
    found = parser.either(0)
    parser.expect_end()
    return found


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = self._split()
        self.at = 0

    def either(self, depth: int) -> Condition:
        """One or more conditions joined by `or`."""
        found = self.both(depth)
        while self._word("or"):
            other = self.both(depth)
            found = Condition(f"({found.sql} OR {other.sql})", found.values + other.values)
        return found

    def both(self, depth: int) -> Condition:
        """One or more conditions joined by `and`."""
        found = self.one(depth)
        while self._word("and"):
            other = self.one(depth)
            found = Condition(f"({found.sql} AND {other.sql})", found.values + other.values)
        return found

    def one(self, depth: int) -> Condition:
        """A comparison, a negation, or a condition in parentheses."""
        if depth > DEEPEST:
            raise self._wrong(self.tokens[self.at], f"at most {DEEPEST} conditions inside each other")
        if self._word("not"):
            inner = self.one(depth + 1)
            return Condition(f"(NOT {inner.sql})", inner.values)
        if self._sign("("):
            inner = self.either(depth + 1)
            if not self._sign(")"):
                raise self._wrong(self.tokens[self.at], "a closing parenthesis")
            return inner
        return self._comparison()

    def expect_end(self) -> None:
        """Nothing may follow the condition."""
        if self.tokens[self.at].kind != "end":
            raise self._wrong(self.tokens[self.at], "`and`, `or`, or the end")

    def _comparison(self) -> Condition:
        name = self._next()
        column = FIELDS.get(name.text.lower()) if name.kind == "word" else None
        if column is None:
            raise self._wrong(name, "a field: " + ", ".join(sorted(FIELDS)))
        sign = self.tokens[self.at]
        if sign.kind != "sign" or sign.text in "()":
            if column.type == "truth":
                return Condition(f"({column.sql} = 1)", ())
            raise self._wrong(sign, "one of = != < <= > >= ~")
        self.at += 1
        value = self._next()
        if value.kind not in ("word", "quoted"):
            raise self._wrong(value, f"a value for {name.text}")
        return self._compare(name.text.lower(), column, sign, value)

    def _compare(self, name: str, column: Column, sign: _Token, value: _Token) -> Condition:
        if column.type == "truth":
            truth = _TRUTHS.get(value.text.lower())
            if truth is None or sign.text not in ("=", "!="):
                raise self._wrong(value, "= or != and yes or no")
            return Condition(f"({column.sql} {sign.text} ?)", (truth,))
        if column.type == "number":
            return Condition(f"({column.sql} {self._order(sign)} ?)", (self._number(value),))
        if sign.text == "~":
            return Condition(f"(instr({column.sql}, ?) > 0)", (value.text.casefold(),))
        wanted = value.text if name == "time" else value.text.casefold()
        return Condition(f"({column.sql} {sign.text} ?)", (wanted,))

    def _order(self, sign: _Token) -> str:
        if sign.text == "~":
            raise self._wrong(sign, "one of = != < <= > >= for a number")
        return sign.text

    def _number(self, value: _Token) -> float:
        try:
            number = float(value.text)
        except ValueError as error:
            raise self._wrong(value, "a number") from error
        if not abs(number) < 1e18:
            raise self._wrong(value, "a number below 10^18")
        return number

    def _next(self) -> _Token:
        token = self.tokens[self.at]
        self.at += token.kind != "end"
        return token

    def _word(self, word: str) -> bool:
        token = self.tokens[self.at]
        found = token.kind == "word" and token.text.lower() == word
        self.at += found
        return found

    def _sign(self, sign: str) -> bool:
        token = self.tokens[self.at]
        found = token.kind == "sign" and token.text == sign
        self.at += found
        return found

    def _split(self) -> list[_Token]:
        found: list[_Token] = []
        at, end = 0, len(self.text.rstrip())
        while at < end:
            match = _TOKEN.match(self.text, at)
            if match is None:
                start = at + len(self.text[at:]) - len(self.text[at:].lstrip())
                raise self._wrong(
                    _Token(self.text[start : start + 8], start, "word"), "a field, a sign or a quoted value"
                )
            group = str(match.lastgroup)
            kind: Literal["sign", "word", "quoted"] = (
                "sign" if group == "sign" else "word" if group == "word" else "quoted"
            )
            plain = match[group] if kind != "quoted" else re.sub(r"\\(.)", r"\1", match[group])
            found.append(_Token(plain, match.start(group), kind))
            at = match.end()
        return [*found, _Token("", len(self.text), "end")]

    def _wrong(self, token: _Token, allowed: str) -> BadField:
        shown = token.text if token.kind != "end" else "the end"
        return BadField(
            "where", self.text, f"at column {token.column + 1}, instead of {shown!r:.40}: {allowed}"
        )
