"""Pictures as bytes: PNG with the recipe inside, decoding what may be hostile, small copies for looking at.

Pixels are numpy arrays of 8-bit RGB, height × width × 3. The pixel digest proves regeneration; the bytes of a PNG
depend on the zlib in use, so their digest only names storage.
"""

from __future__ import annotations

import hashlib
import io
import json
import struct
import warnings
import zlib
from collections.abc import Iterator
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps
from PIL.PngImagePlugin import PngInfo

from engine.faults import BadField, Damaged
from engine.recipe import PixelDigest, Recipe

Pixels: TypeAlias = NDArray[np.uint8]

CHUNK: Final = "restrike-recipe"
FORMATS: Final = ("PNG", "JPEG", "WEBP")
MOST_PIXELS: Final = 80_000_000
"""Larger pictures are refused before they are unpacked: 240 MB as pixels."""
MOST_RECIPE: Final = 1_000_000
THUMB_SIDE: Final = 256
THUMB_BYTES: Final = 15_000
PROXY_SIDE: Final = 1280
PROXY_BYTES: Final = 250_000
QUALITIES: Final = (85, 75, 60, 45, 30, 15, 5)
SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"


def encode_png(pixels: Pixels, recipe: Recipe) -> bytes:
    """A PNG of these pixels with the canonical recipe in the text chunk `restrike-recipe`."""
    info = PngInfo()
    info.add_itxt(CHUNK, recipe.canonical().decode(), zip=False)
    out = io.BytesIO()
    Image.fromarray(_rgb(pixels)).save(out, "PNG", pnginfo=info, compress_level=6)
    return out.getvalue()


def decode(data: bytes) -> Pixels:
    """The pixels of a PNG, JPEG or WebP; raises `Damaged` for anything else, for broken and for huge pictures.

    Transparency is dropped, 16-bit grey cut to 8, a photo's orientation applied, of an animation the first frame taken.
    """
    if data.startswith(SIGNATURE):
        for _ in _chunks(data):
            pass  # walking them checks every checksum, which Pillow leaves out for the pixels
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            picture = Image.open(io.BytesIO(data), formats=FORMATS)
        if picture.width * picture.height > MOST_PIXELS:
            raise Damaged(
                f"the picture is {picture.width} × {picture.height} pixels large",
                f"pictures of at most {MOST_PIXELS // 1_000_000} million pixels are opened; make it smaller",
            )
        picture.load()
        return _rgb(np.asarray(_upright(picture)))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise Damaged("the picture is too large to be opened", "make it smaller") from error
    except (OSError, SyntaxError, ValueError, EOFError, IndexError, struct.error, zlib.error) as error:
        raise Damaged(f"this is no whole PNG, JPEG or WebP picture: {error}", "get the file again") from error


def pixel_digest(pixels: Pixels) -> PixelDigest:
    """The SHA-256 of `px1|RGB8|WxH|` and the raw pixels: equal exactly on equal pictures, however they are encoded."""
    height, width, _ = _rgb(pixels).shape
    found = hashlib.sha256(f"px1|RGB8|{width}x{height}|".encode())
    found.update(np.ascontiguousarray(pixels).data)
    return PixelDigest(found.hexdigest())


def recipe_in(data: bytes) -> Recipe | None:
    """The recipe that a PNG carries; None where there is none, `Damaged` where it cannot be read."""
    if not data.startswith(SIGNATURE):
        return None
    for kind, body in _chunks(data):
        if kind == b"iTXt" and body.startswith(CHUNK.encode() + b"\0"):
            return _recipe(body)
    return None


def thumbnail(pixels: Pixels) -> bytes:
    """A WebP of at most 256 pixels a side and 15 kB; never larger than the picture."""
    return _small(pixels, THUMB_SIDE, THUMB_BYTES)


def proxy(pixels: Pixels) -> bytes:
    """A WebP of at most 1280 pixels a side and 250 kB; never larger than the picture."""
    return _small(pixels, PROXY_SIDE, PROXY_BYTES)


def _rgb(pixels: NDArray[Any]) -> Pixels:
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3 or not pixels.size:
        raise BadField("pixels", f"{pixels.dtype} {pixels.shape}", "8-bit RGB, height × width × 3")
    return pixels


def _upright(picture: Image.Image) -> Image.Image:
    if picture.mode.startswith("I;16"):
        picture = Image.fromarray((np.asarray(picture) >> 8).astype(np.uint8))
    return ImageOps.exif_transpose(picture).convert("RGB")


def _small(pixels: Pixels, side: int, most: int) -> bytes:
    """The best WebP within the limits: first less quality, then fewer pixels."""
    picture = Image.fromarray(_rgb(pixels))
    while True:
        picture.thumbnail((side, side), Image.Resampling.LANCZOS)
        for quality in QUALITIES:
            out = io.BytesIO()
            picture.save(out, "WEBP", quality=quality, method=4)
            if out.tell() <= most:
                return out.getvalue()
        side = max(picture.size) * 3 // 4


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The kind of each chunk of a PNG and, of texts, the body; `Damaged` where a checksum is wrong or the end gone."""
    view, at = memoryview(data), len(SIGNATURE)
    while at + 12 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        end = at + 8 + length
        if end + 4 > len(data):
            break
        if zlib.crc32(view[at + 4 : end]) != int.from_bytes(data[end : end + 4], "big"):
            raise Damaged("the picture is damaged: a checksum inside it is wrong", "get the file again")
        yield kind, data[at + 8 : end] if kind == b"iTXt" else b""
        if kind == b"IEND":
            return
        at = end + 4
    raise Damaged("the picture is cut short", "get the file again")


def _recipe(body: bytes) -> Recipe:
    try:
        # Keyword, zero, whether compressed, how, language, zero, translated keyword, zero, text (PNG 3, 11.3.3.4).
        after = len(CHUNK) + 1
        _, _, text = body[after + 2 :].split(b"\0", 2)
        if body[after]:
            text = zlib.decompressobj().decompress(text, MOST_RECIPE)
        return Recipe.from_json(json.loads(text))
    except (ValueError, IndexError, RecursionError, zlib.error) as error:
        said = "the recipe inside the picture is damaged"
        raise Damaged(said, "use a copy of the picture that was not edited") from error
    except BadField as error:
        raise Damaged(f"the recipe inside the picture cannot be used: {error.message}", error.hint) from error
