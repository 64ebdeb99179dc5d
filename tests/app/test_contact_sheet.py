"""What contact sheets show."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from app.contact_sheet import MARGIN, WIDTH, Cell, Section, Sheet, Source, draw, side_by_side
from engine.faults import BadField
from engine.image import Pixels


def flat(colour: tuple[int, int, int], size: tuple[int, int] = (56, 96)) -> Pixels:
    return np.full((*size, 3), colour, np.uint8)


def opened(data: bytes) -> Pixels:
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


def cell(grade: str = "R0", words: str = "sea at dawn", title: str = "BAY") -> Cell:
    source = Source("MIRA", "character", flat((0, 200, 0)))
    return Cell(title, "v01 take01", words, flat((200, 0, 0)), grade, True, (source,))


def test_pictures_are_the_brightest_thing_on_a_neutral_sheet() -> None:
    sheet = opened(draw(Sheet("A film", "a note", (Section("Scene 1", "", 4, (cell(), cell())),), "the end")))
    assert sheet.shape[1] == WIDTH
    assert tuple(sheet[5, 5]) == (0x17, 0x18, 0x1A)
    red = (sheet == (200, 0, 0)).all(axis=2)
    assert red[:, MARGIN + 10].any(), "the first picture begins at the margin"
    assert not red[:, :MARGIN].any()
    assert (sheet == (0, 200, 0)).all(axis=2).any(), "the input is there, small"


@pytest.mark.parametrize("grade", ["R0", "R1", "R2", "R3", "unproved"])
def test_every_class_has_a_mark_of_its_own(grade: str) -> None:
    other = "R0" if grade != "R0" else "R1"
    sheets = [draw(Sheet("A film", "", (Section("", "", 4, (cell(one),)),))) for one in (grade, other)]
    assert sheets[0] != sheets[1]


def test_long_words_and_odd_sizes_fit() -> None:
    long = cell(words="a very long prompt " * 40, title="A_NAME_THAT_GOES_ON_AND_ON_" * 3)
    tall = Cell("TALL", "v01", "", flat((1, 2, 3), (300, 20)), "R3", False)
    tiny = Cell("TINY", "v01", "word" * 200, flat((1, 2, 3), (1, 1)), "R3", False)
    assert (
        opened(draw(Sheet("x" * 300, "", (Section("One", "two", 5, (long, tall, tiny)),)))).shape[1] == WIDTH
    )


def test_an_empty_film_has_a_sheet_too() -> None:
    assert opened(draw(Sheet("Nothing yet", "", ()))).shape[1] == WIDTH


def test_side_by_side_shows_where_two_differ() -> None:
    a, b = flat((10, 10, 10)), flat((10, 10, 10))
    assert not (opened(side_by_side(a, b, ["A", "B"])) == (160, 160, 160)).all(axis=2).any()
    b[:, 48:] = (20, 20, 20)
    assert (opened(side_by_side(a, b, ["A", "B"])) == (160, 160, 160)).all(axis=2).any()
    with pytest.raises(BadField):
        side_by_side(a, flat((0, 0, 0), (10, 10)), ["A", "B"])
