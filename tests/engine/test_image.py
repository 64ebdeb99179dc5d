from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from engine import image
from engine.faults import BadField, Damaged
from engine.image import Pixels, decode, encode_png, pixel_digest, proxy, recipe_in, thumbnail
from engine.recipe import Recipe
from tests.engine.strategies import RECIPE

PLAIN = Recipe(pipeline="imported", operation="imported", width=3, height=2, prompt="café, 日本の丘")


def noise(width: int, height: int, seed: int = 1) -> Pixels:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def saved(picture: Image.Image, kind: str, **options: Any) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def with_text(body: bytes) -> bytes:
    """A sound PNG with one `iTXt` chunk more."""
    data = saved(Image.new("RGB", (2, 2)), "PNG")
    return data[:33] + chunk(b"iTXt", body) + data[33:]


@given(RECIPE, st.integers(1, 40), st.integers(1, 40), st.integers(0, 99))
def test_pixels_and_recipe_come_back(recipe: Recipe, width: int, height: int, seed: int) -> None:
    pixels = noise(width, height, seed)
    data = encode_png(pixels, recipe)
    assert np.array_equal(decode(data), pixels)
    assert recipe_in(data) == recipe
    assert encode_png(pixels, recipe) == data


def test_other_programs_can_read_the_recipe() -> None:
    with Image.open(io.BytesIO(encode_png(noise(3, 2), PLAIN))) as picture:
        assert picture.info["restrike-recipe"] == PLAIN.canonical().decode()


def test_the_digest_of_pixels_is_what_the_format_says() -> None:
    pixels = np.arange(18, dtype=np.uint8).reshape(2, 3, 3)
    assert pixel_digest(pixels) == "88c4932b1a005db71b5b9faa2927d521d739aac64f66922850cb97d26512ecc2"
    assert pixel_digest(pixels) == pixel_digest(np.asfortranarray(pixels))
    assert pixel_digest(pixels) != pixel_digest(pixels.reshape(3, 2, 3))
    assert pixel_digest(decode(encode_png(pixels, PLAIN))) == pixel_digest(pixels)


def test_the_digest_sees_every_sample() -> None:
    pixels = noise(5, 4)
    found = {pixel_digest(pixels)}
    for place in range(pixels.size):
        other = pixels.copy()
        other.flat[place] ^= 1
        found.add(pixel_digest(other))
    assert len(found) == pixels.size + 1


@pytest.mark.parametrize(
    "pixels",
    [
        np.zeros((2, 2), np.uint8),
        np.zeros((2, 2, 4), np.uint8),
        np.zeros((2, 2, 3)),
        np.zeros((0, 2, 3), np.uint8),
    ],
)
def test_only_8_bit_rgb_is_a_picture(pixels: Any) -> None:
    for use in (pixel_digest, thumbnail, lambda one: encode_png(one, PLAIN)):
        with pytest.raises(BadField, match="8-bit RGB"):
            use(pixels)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_pictures_from_outside_have_no_recipe(kind: str) -> None:
    data = saved(Image.fromarray(noise(8, 6)), kind)
    assert decode(data).shape == (6, 8, 3)
    assert recipe_in(data) is None


def test_other_ways_to_store_a_picture_become_rgb() -> None:
    assert decode(saved(Image.new("RGBA", (2, 1), (1, 2, 3, 0)), "PNG")).tolist() == [[[1, 2, 3]] * 2]
    assert decode(saved(Image.new("L", (1, 1), 9), "PNG")).tolist() == [[[9, 9, 9]]]
    assert decode(saved(Image.new("P", (1, 1)), "PNG")).shape == (1, 1, 3)
    deep = Image.fromarray(np.array([[0x12FF, 0xFFFF]], np.uint16))
    assert decode(saved(deep, "PNG")).tolist() == [[[0x12] * 3, [0xFF] * 3]]
    turned = Image.Exif()
    turned[0x0112] = 6
    assert decode(saved(Image.new("RGB", (4, 2)), "JPEG", exif=turned)).shape == (4, 2, 3)


@pytest.mark.parametrize(
    "data",
    [b"", b"GIF89a", b"\x89PNG\r\n\x1a\n", b"not a picture" * 100, saved(Image.new("L", (2, 2)), "GIF")],
)
def test_what_is_no_picture_is_damaged(data: bytes) -> None:
    with pytest.raises(Damaged):
        decode(data)


@given(st.integers(0, 10**6), st.integers(1, 255))
def test_every_changed_byte_is_noticed(place: int, flip: int) -> None:
    data = bytearray(encode_png(noise(20, 10), PLAIN))
    data[place % len(data)] ^= flip
    with pytest.raises(Damaged):
        decode(bytes(data))


@given(st.integers(0, 10**6))
def test_every_cut_is_noticed(place: int) -> None:
    data = encode_png(noise(20, 10), PLAIN)
    with pytest.raises(Damaged):
        decode(data[: place % len(data)])


@pytest.mark.parametrize("size", [(60_000, 60_000), (12_000, 12_000), (9_200, 9_200)])
def test_a_bomb_is_refused_before_it_is_unpacked(size: tuple[int, int]) -> None:
    head = struct.pack(">IIBBBBB", *size, 8, 2, 0, 0, 0)
    body = zlib.compress(bytes(10_000))
    bomb = image.SIGNATURE + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")
    with pytest.raises(Damaged, match="large"):
        decode(bomb)


def test_a_compressed_recipe_is_read_too() -> None:
    packed = zlib.compress(PLAIN.canonical())
    assert recipe_in(with_text(b"restrike-recipe\0\1\0en\0\0" + packed)) == PLAIN


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\0",
        b"\0\0\0\0",
        b"\0\0\0\0{",
        b"\0\0\0\0[1]",
        b"\0\0\0\0" + b"[" * 100_000,
        b"\1\0\0\0not zlib",
        b"\0\0\0\0\xff\xfe",
        b'\0\0\0\0{"pipeline":"x","operation":"imported","width":1,"height":1,"magic":1}',
        b"\1\0\0\0" + zlib.compress(b'{"a":"' + b"x" * 3_000_000 + b'"}'),
    ],
)
def test_a_recipe_that_cannot_be_read_is_damaged(body: bytes) -> None:
    with pytest.raises(Damaged, match="recipe inside the picture"):
        recipe_in(with_text(b"restrike-recipe\0" + body))


def test_texts_of_others_are_left_alone() -> None:
    assert recipe_in(with_text(b"Comment\0\0\0\0\0hello")) is None


@pytest.mark.parametrize("size", [(96, 56), (256, 256), (1000, 300), (3, 2000)])
def test_thumbnails_are_small_and_never_larger_than_the_picture(size: tuple[int, int]) -> None:
    data = thumbnail(noise(*size))
    found = decode(data)
    assert len(data) <= 15_000
    assert max(found.shape) <= 256
    assert found.shape[1] <= size[0]
    assert found.shape[0] <= size[1]


def test_proxies_are_small() -> None:
    data = proxy(noise(1600, 900))
    found = decode(data)
    assert len(data) <= 250_000
    assert found.shape[1] <= 1280
    assert decode(proxy(noise(40, 20))).shape == (20, 40, 3)
