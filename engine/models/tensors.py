"""Safetensors files read by hand: the header checked against the file, the bytes hashed tensor by tensor.

The format is an 8-byte little-endian length, a JSON header of that length, and the tensors' bytes without holes. The
digest of a set of files depends on the tensors alone (name, type, shape, bytes), so other metadata, another order in
the file, other file names and other shards leave it as it is.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from io import FileIO
from math import prod
from pathlib import Path
from typing import Any, Final

from engine.models.faults import AGAIN, ModelDamaged
from engine.recipe import FileDigest

BLOCK: Final = 4 << 20
LARGEST_HEADER: Final = 100_000_000
"""The limit of the reference implementation, so that a damaged length does not fill the memory."""
BITS: Final[Mapping[str, int]] = {
    **dict.fromkeys(("BOOL", "U8", "I8", "F8_E4M3", "F8_E5M2", "F8_E8M0", "F8_E4M3FNUZ", "F8_E5M2FNUZ"), 8),
    **dict.fromkeys(("U16", "I16", "F16", "BF16"), 16),
    **dict.fromkeys(("U32", "I32", "F32"), 32),
    **dict.fromkeys(("U64", "I64", "F64", "C64"), 64),
    "F4": 4,
    "F6_E2M3": 6,
    "F6_E3M2": 6,
}


@dataclass(frozen=True, slots=True)
class Span:
    """Where one tensor lies: its bytes run from `begin` to `end` after the header."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    begin: int
    end: int


@dataclass(frozen=True, slots=True)
class Tensor:
    """One tensor as it enters the digest."""

    dtype: str
    shape: tuple[int, ...]
    sha256: str


@dataclass(frozen=True, slots=True)
class Scanned:
    """The tensors of one file by name, and the digest of the whole file where it was asked for."""

    tensors: Mapping[str, Tensor]
    sha256: FileDigest | None


def scan(path: Path, *, whole: bool = False) -> Scanned:
    """Hash every tensor of a file, reading it once; `whole` hashes the file beside, in a second thread."""
    with path.open("rb", buffering=0) as file:
        head = _head(file, path)
        spans = _spans(head, path, path.stat().st_size - len(head))
        everything = hashlib.sha256(head)
        found: dict[str, Tensor] = {}
        with ThreadPoolExecutor(1) as pool:
            parts = _Parts(spans, found)
            for block in _blocks(file):
                beside = pool.submit(everything.update, block) if whole else None
                parts.update(block)
                if beside:
                    beside.result()
        parts.finish(path)
    return Scanned(found, FileDigest(everything.hexdigest()) if whole else None)


def dtypes(path: Path) -> dict[str, str]:
    """The type of each tensor by name, from the checked header alone."""
    with path.open("rb", buffering=0) as file:
        head = _head(file, path)
        return {span.name: span.dtype for span in _spans(head, path, path.stat().st_size - len(head))}


def digest(tensors: Mapping[str, Tensor]) -> str:
    """The SHA-256 over one JSON line a tensor, `[name, type, shape, sha256]`, in the order of their names."""
    found = hashlib.sha256()
    for name in sorted(tensors):
        one = tensors[name]
        found.update(json.dumps([name, one.dtype, one.shape, one.sha256]).encode() + b"\n")
    return found.hexdigest()


class _Parts:
    """Gives a stream of blocks to the tensors that they belong to, which follow each other without holes."""

    def __init__(self, spans: list[Span], found: dict[str, Tensor]) -> None:
        self._spans = iter(spans)
        self._found = found
        self._span: Span | None = None
        self._hash = hashlib.sha256()
        self._left = 0
        self._next()

    def _next(self) -> None:
        """Close the tensor at hand and open the next one that has any bytes."""
        self._left = 0
        while not self._left:
            if self._span:
                self._found[self._span.name] = Tensor(
                    self._span.dtype, self._span.shape, self._hash.hexdigest()
                )
            self._span = next(self._spans, None)
            if self._span is None:
                return
            self._hash = hashlib.sha256()
            self._left = self._span.end - self._span.begin

    def update(self, block: memoryview) -> None:
        """Take the next bytes of the file; what follows the last tensor is left alone."""
        while self._span and block:
            part = block[: self._left]
            self._hash.update(part)
            self._left -= len(part)
            block = block[len(part) :]
            if not self._left:
                self._next()

    def finish(self, path: Path) -> None:
        """Check that every tensor got all its bytes."""
        if self._span:
            raise ModelDamaged(f"{_place(path)} ended while it was read, in tensor {self._span.name}", AGAIN)


def _blocks(file: FileIO) -> Iterator[memoryview]:
    buffer = memoryview(bytearray(BLOCK))
    while count := file.readinto(buffer):
        yield buffer[:count]


def _head(file: FileIO, path: Path) -> bytes:
    size = path.stat().st_size
    first = file.read(8)
    length = int.from_bytes(first, "little")
    if len(first) < 8 or length > min(size - 8, LARGEST_HEADER):
        said = f"its {size:,} bytes are too few for its header"
        raise ModelDamaged(f"{_place(path)} is no whole safetensors file: {said}", AGAIN)
    head = first
    while len(head) < 8 + length:
        more = file.read(8 + length - len(head))
        if not more:
            raise ModelDamaged(f"{_place(path)} ended while it was read", AGAIN)
        head += more
    return head


def _spans(head: bytes, path: Path, size: int) -> list[Span]:
    try:
        header = json.loads(head[8:], object_pairs_hook=_unique)
        found = [_span(name, one) for name, one in header.items() if name != "__metadata__"]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ModelDamaged(f"{_place(path)} has a header that is no safetensors header", AGAIN) from error
    found.sort(key=lambda span: (span.begin, span.end))
    at = 0
    for span in found:
        bits = BITS.get(span.dtype)
        fits = bits is None or (span.end - span.begin) * 8 == prod(span.shape) * bits
        if span.begin != at or not fits:
            raise ModelDamaged(f"{_place(path)} describes tensor {span.name} wrongly", AGAIN)
        at = span.end
    if at != size:
        said = f"its header says {at:,} bytes of tensors, and there are {size:,}"
        raise ModelDamaged(f"{_place(path)} is {'cut short' if at > size else 'too long'}: {said}", AGAIN)
    return found


def _span(name: str, value: Mapping[str, Any]) -> Span:
    begin, end = value["data_offsets"]
    span = Span(name, value["dtype"], tuple(value["shape"]), begin, end)
    whole = all(type(one) is int and one >= 0 for one in (begin, end, *span.shape))
    if not whole or begin > end or not isinstance(span.dtype, str):
        raise ValueError(name)
    return span


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice")
    return found


def _place(path: Path) -> str:
    return f"{path.parent.name}/{path.name}"
