"""Bounded reading of bytes that others wrote: LEB128 numbers in their shortest form, and pieces of a stated length."""

from __future__ import annotations

from typing import Final

LARGEST_NUMBER: Final = 2**53 - 1


def leb(number: int) -> bytes:
    """An unsigned number as LEB128."""
    if number < 128:
        return bytes((number,))
    out = bytearray()
    while True:
        number, byte = number >> 7, number & 127
        out.append(byte | (128 if number else 0))
        if not number:
            return bytes(out)


def sleb(number: int) -> bytes:
    """A signed number as LEB128."""
    out = bytearray()
    while True:
        byte = number & 127
        number >>= 7
        if number == (-1 if byte & 64 else 0):
            out.append(byte)
            return bytes(out)
        out.append(byte | 128)


class Reader:
    """Reads from `data` at `at`, never beyond `until`; raises `ValueError` on anything out of bounds."""

    __slots__ = ("at", "data", "until")

    def __init__(self, data: bytes, at: int = 0, until: int | None = None) -> None:
        self.data = data
        self.at = at
        self.until = len(data) if until is None else until

    @property
    def left(self) -> int:
        """How many bytes are left."""
        return self.until - self.at

    def take(self, size: int) -> bytes:
        """The next `size` bytes."""
        end = self.at + size
        if end > self.until:
            raise ValueError("it ends too early")
        found = self.data[self.at : end]
        self.at = end
        return found

    def rest(self, most: int) -> bytes:
        """Everything that is left, at most so many bytes."""
        if self.left > most:
            raise ValueError(f"{self.left} bytes are left, more than {most}")
        return self.take(self.left)

    def number(self, most: int = LARGEST_NUMBER) -> int:
        """An unsigned number up to `most`."""
        if self.at < self.until and (value := self.data[self.at]) < 128 and value <= most:
            self.at += 1
            return value
        value, shift = 0, 0
        while True:
            if self.at >= self.until:
                raise ValueError("it ends too early")
            byte = self.data[self.at]
            self.at += 1
            value |= (byte & 127) << shift
            if byte < 128:
                break
            shift += 7
            if shift > 56:
                raise ValueError("a number in it is too large")
        if shift and not byte:
            raise ValueError("a number in it is not in its shortest form")
        if value > most:
            raise ValueError(f"a number in it is {value}, more than {most}")
        return value

    def signed(self, most: int = LARGEST_NUMBER) -> int:
        """A signed number between -`most` and `most`."""
        start = self.at
        value, shift = 0, 0
        while True:
            if self.at >= self.until or shift > 56:
                raise ValueError("a number in it does not end")
            byte = self.data[self.at]
            self.at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                break
        if byte & 64:
            value -= 1 << shift
        if abs(value) > most or sleb(value) != self.data[start : self.at]:
            raise ValueError("a number in it is out of range or not in its shortest form")
        return value

    def end(self) -> None:
        """Make sure that nothing follows."""
        if self.at != self.until:
            raise ValueError("something follows it")
