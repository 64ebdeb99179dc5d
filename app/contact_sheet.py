"""Contact sheets: the pictures of a film on one dark sheet, with what they are and what feeds them."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from PIL import Image, ImageDraw, ImageFont

if TYPE_CHECKING:
    from engine.image import Pixels

ROOM: Final = "#17181A"
RAISED: Final = "#292B2F"
LINE: Final = "#36383D"
TEXT: Final = "#ECECEA"
QUIET: Final = "#A9ABAF"
DIM: Final = "#6E7176"
SAFELIGHT: Final = "#F0A43A"
GOOD: Final = "#6FBF8B"
WRONG: Final = "#F0705F"

MARGIN: Final = 64
GAP: Final = 32
WIDTH: Final = 1760
SMALL: Final = 64
FINE: Final = 4
"""Marks are drawn so many times larger and then reduced, so that their edges are smooth."""

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


@dataclass(frozen=True, slots=True)
class Source:
    """What feeds a picture: its name, role and picture."""

    name: str
    role: str
    pixels: Pixels


@dataclass(frozen=True, slots=True)
class Cell:
    """One picture of the sheet; `grade` is its class, `which` such as `v01 take01`."""

    title: str
    which: str
    words: str
    pixels: Pixels
    grade: str
    approved: bool
    sources: tuple[Source, ...] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """A heading with its pictures, `columns` to a row."""

    heading: str
    note: str
    columns: int
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A whole sheet; `footer` is one quiet line at the end."""

    title: str
    note: str
    sections: tuple[Section, ...]
    footer: str = ""


def draw(sheet: Sheet) -> bytes:
    """The sheet as PNG."""
    height = (
        _HEAD + sum(_section_height(one) for one in sheet.sections) + (_FOOT if sheet.footer else MARGIN // 2)
    )
    paper = Image.new("RGB", (WIDTH, height), ROOM)
    pen = ImageDraw.Draw(paper)
    pen.text((MARGIN, 56), sheet.title, TEXT, _font(44))
    pen.text((MARGIN, 118), sheet.note, QUIET, _font(20))
    top = _HEAD
    for section in sheet.sections:
        _draw_section(paper, pen, section, top)
        top += _section_height(section)
    if sheet.footer:
        pen.line((MARGIN, top, WIDTH - MARGIN, top), LINE)
        pen.text((MARGIN, top + 24), sheet.footer, QUIET, _font(17))
    return _png(paper)


def side_by_side(a: Pixels, b: Pixels, names: Sequence[str]) -> bytes:
    """Two pictures of one size and where they differ, 16 times as bright, as PNG."""
    from engine.compare import difference_map

    width = 520
    panels = [(names[0], a), (names[1], b), ("difference, 16 times as bright", difference_map(a, b))]
    high = _fitted_height(a, width)
    paper = Image.new("RGB", (2 * GAP + 3 * width + 2 * GAP, high + 2 * GAP + 40), ROOM)
    pen = ImageDraw.Draw(paper)
    for place, (name, pixels) in enumerate(panels):
        left = GAP + place * (width + GAP)
        pen.text((left, GAP - 4), name, QUIET, _font(18))
        paper.paste(_enlarged(pixels, width), (left, GAP + 32))
    return _png(paper)


ROLES: Final = {"character": "cast", "environment": "place", "image": "picture"}
"""Short words for roles under small pictures."""
_HEAD: Final = 184
_FOOT: Final = 88
_HEADING: Final = 72
_CAPTION: Final = 86
_SOURCES: Final = 58


def _section_height(section: Section) -> int:
    rows = [section.cells[at : at + section.columns] for at in range(0, len(section.cells), section.columns)]
    return _HEADING + sum(_row_height(section, row) for row in rows) + 8


def _row_height(section: Section, row: Sequence[Cell]) -> int:
    width = _width(section.columns)
    pictures = max(_fitted_height(one.pixels, width) for one in row)
    sources = _SOURCES if any(one.sources for one in row) else 0
    return pictures + _CAPTION + sources + GAP


def _width(columns: int) -> int:
    return (WIDTH - 2 * MARGIN - (columns - 1) * GAP) // columns


def _draw_section(paper: Image.Image, pen: ImageDraw.ImageDraw, section: Section, top: int) -> None:
    pen.text((MARGIN, top), section.heading, SAFELIGHT, _font(24))
    after = MARGIN + _font(24).getlength(section.heading) + 20
    pen.text((after, top + 5), section.note, QUIET, _font(18))
    pen.line((MARGIN, top + 44, WIDTH - MARGIN, top + 44), LINE)
    top += _HEADING
    width = _width(section.columns)
    for at in range(0, len(section.cells), section.columns):
        row = section.cells[at : at + section.columns]
        for place, cell in enumerate(row):
            _draw_cell(paper, pen, cell, (MARGIN + place * (width + GAP), top), width)
        top += _row_height(section, row)


def _draw_cell(
    paper: Image.Image, pen: ImageDraw.ImageDraw, cell: Cell, at: tuple[int, int], width: int
) -> None:
    left, top = at
    picture = _enlarged(cell.pixels, width)
    paper.paste(picture, (left, top))
    under = top + picture.height + 14
    title = _cut(cell.title, _font(21), width - 150)
    pen.text((left, under), title, TEXT, _font(21))
    name_end = left + _font(21).getlength(title) + 12
    pen.text((name_end, under + 5), cell.which, QUIET, _font(15))
    _draw_grade(paper, pen, cell, left + width, under + 12)
    words = _wrapped(cell.words, _font(16), width, 2)
    for line, text in enumerate(words):
        pen.text((left, under + 31 + line * 20), text, QUIET, _font(16))
    _draw_sources(paper, pen, cell, left, under + _CAPTION - 8, width)


def _draw_sources(
    paper: Image.Image, pen: ImageDraw.ImageDraw, cell: Cell, left: int, top: int, width: int
) -> None:
    """The inputs, small, each with its name."""
    step = width // max(len(cell.sources), 3)
    for place, one in enumerate(cell.sources):
        x = left + place * step
        small = _enlarged(one.pixels, SMALL)
        paper.paste(small, (x, top))
        room = step - SMALL - 20  # 8 before the name, 12 before the next picture
        pen.text((x + SMALL + 8, top + 3), _cut(one.name, _font(13), room), QUIET, _font(13))
        pen.text(
            (x + SMALL + 8, top + 21), _cut(ROLES.get(one.role, one.role), _font(12), room), DIM, _font(12)
        )


def _draw_grade(paper: Image.Image, pen: ImageDraw.ImageDraw, cell: Cell, right: int, middle: int) -> None:
    """The class as a mark and a word, at the right end of the caption; an approved take has a stamp before it."""
    font = _font(16)
    colour = {"R0": GOOD, "R1": GOOD, "R2": SAFELIGHT, "R3": WRONG}.get(cell.grade, DIM)
    left = right - font.getlength(cell.grade)
    pen.text((left, middle), cell.grade, colour, font, anchor="lm")
    mark = _mark(cell.grade, colour)
    paper.paste(mark, (int(left) - mark.width - 6, middle - mark.height // 2), mark)
    if cell.approved:
        stamp = _stamp()
        paper.paste(stamp, (int(left) - mark.width - stamp.width - 14, middle - stamp.height // 2), stamp)


def _mark(grade: str, colour: str) -> Image.Image:
    """R0 filled disc with tick, R1 ring with tick, R2 ring with wave, R3 broken ring, unproved dotted ring."""
    size = 18 * FINE
    mark = Image.new("RGBA", (size, size))
    pen = ImageDraw.Draw(mark)
    box, stroke = (FINE, FINE, size - FINE, size - FINE), 2 * FINE
    tick = [(size * 0.28, size * 0.52), (size * 0.44, size * 0.68), (size * 0.73, size * 0.34)]
    if grade == "R0":
        pen.ellipse(box, fill=colour)
        pen.line(tick, ROOM, stroke, joint="curve")
    elif grade == "R1":
        pen.ellipse(box, outline=colour, width=stroke)
        pen.line(tick, colour, stroke, joint="curve")
    elif grade == "R2":
        pen.ellipse(box, outline=colour, width=stroke)
        pen.arc((size * 0.24, size * 0.36, size * 0.5, size * 0.62), 180, 360, colour, stroke)
        pen.arc((size * 0.47, size * 0.36, size * 0.73, size * 0.62), 0, 180, colour, stroke)
    else:
        gaps = (
            ((20, 160), (200, 340)) if grade == "R3" else tuple((one, one + 25) for one in range(0, 360, 45))
        )
        for start, end in gaps:
            pen.arc(box, start, end, colour, stroke)
    return mark.resize((18, 18), Image.Resampling.LANCZOS)


def _stamp() -> Image.Image:
    """The stamp of an approved take: a small filled star in the accent colour."""
    from math import cos, pi, sin

    size = 18 * FINE
    stamp = Image.new("RGBA", (size, size))
    points = []
    for corner in range(10):
        reach = size * (0.48 if corner % 2 == 0 else 0.21)
        angle = pi * corner / 5 - pi / 2
        points.append((size / 2 + reach * cos(angle), size / 2 + reach * sin(angle)))
    ImageDraw.Draw(stamp).polygon(points, fill=SAFELIGHT)
    return stamp.resize((18, 18), Image.Resampling.LANCZOS)


def _enlarged(pixels: Pixels, width: int) -> Image.Image:
    picture = Image.fromarray(pixels)
    return picture.resize((width, _fitted_height(pixels, width)), Image.Resampling.LANCZOS)


def _fitted_height(pixels: Pixels, width: int) -> int:
    high, wide = pixels.shape[:2]
    return max(1, round(int(high) * width / int(wide)))


def _font(size: int) -> Font:
    """Pillow's own typeface, which is the same everywhere."""
    return ImageFont.load_default(size)


def _cut(text: str, font: Font, width: float) -> str:
    """The text, shortened until it fits."""
    if font.getlength(text) <= width:
        return text
    while text and font.getlength(text + "…") > width:
        text = text[:-1]
    return text.rstrip(" ,") + "…"


def _wrapped(text: str, font: Font, width: float, lines: int) -> list[str]:
    """The text on at most so many lines, the last one shortened."""
    found: list[str] = []
    words = text.split()
    while words and len(found) < lines - 1:
        line = words.pop(0)
        while words and font.getlength(f"{line} {words[0]}") <= width:
            line += " " + words.pop(0)
        found.append(_cut(line, font, width))
    return [*found, _cut(" ".join(words), font, width)] if words else found


def _png(paper: Image.Image) -> bytes:
    found = io.BytesIO()
    paper.save(found, "PNG", optimize=True)
    return found.getvalue()
