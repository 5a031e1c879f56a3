"""Text files as bytes that can be searched for hex: UTF-16 made narrow, lines cut out of pieces.

Hex is ASCII in every encoding of logs, and what the words around it are does not matter; so there is no decoding of
words here, and no encoding is refused. For what the hex says, see ``hextext``.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator
from typing import Final

LONG_LINE: Final = 1 << 18
"""A line of more bytes than this comes in pieces."""

_WIDE: Final = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
_HEX_DIGITS: Final = b"0123456789abcdefABCDEF"
_OTHER: Final = ord("?")


def wide_encoding(sample: bytes) -> str:
    """Returns the UTF-16 encoding that the mark at the beginning of a file names, if it can be a log; else ''.

    In a log the high byte of most characters is 00, the low byte of few.
    """
    encoding = _WIDE.get(sample[:2], "")
    high, low = (sample[3::2], sample[2::2]) if encoding == "utf-16-le" else (sample[2::2], sample[3::2])
    return encoding if 2 * high.count(0) >= len(high) and 20 * low.count(0) <= len(low) else ""


class Narrower:
    """Makes UTF-16, which Windows tools write, narrow: one byte for two, a ``?`` for all that is not Latin-1.

    So a place in the file is twice the place in the text.
    """

    def __init__(self, encoding: str) -> None:
        """Begins a file of an encoding that ``wide_encoding`` named."""
        self._high = 1 if encoding == "utf-16-le" else 0
        self._odd = b""

    def feed(self, chunk: bytes) -> bytes:
        """Takes the next bytes of the file, cut anywhere, and returns their text."""
        chunk = self._odd + chunk
        whole = len(chunk) // 2 * 2
        self._odd = chunk[whole:]
        high, low = chunk[self._high : whole : 2], chunk[1 - self._high : whole : 2]
        if high.count(0) == len(high):
            return low
        return bytes(_OTHER if above else below for above, below in zip(high, low, strict=True))


def lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yields lines with their ends; a line longer than ``LONG_LINE`` in pieces, never cut within a byte of hex."""
    held = b""
    for chunk in chunks:
        *whole, held = (held + chunk).splitlines(keepends=True) or [b""]
        yield from whole
        if held.endswith(b"\n"):  # a CR may be half of a line's end
            yield held
            held = b""
        elif len(held) > LONG_LINE:
            cut = safe_cut(held)
            yield held[:cut]
            held = held[cut:]
    if held:
        yield held


def safe_cut(line: bytes) -> int:
    """Returns where to cut the beginning of a line: before its last hex word, or after an even number of digits."""
    before = len(line.rstrip(_HEX_DIGITS))
    return before or len(line) // 2 * 2
