"""Frames in text: logs, pasted lines, hex dumps, in whatever dress.

An engineer's text has time stamps, log words and prompts around the hex, ``0x`` before it and commas or ``H`` after
it, a frame on one line or wrapped over many, offsets before and ASCII after the columns of a hex dump. Here the bytes
are taken out line by line and fed to the same ``FrameSplitter`` that streams go through. What is not part of a verified
frame is noise; noise that is only log text is left out.

For the meaning of frames, see ``application``; for reading files, ``cli`` and ``archive``.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

from .link import MAX_NETWORK, Frame, FrameSplitter, Noise, make_noise
from .link.scan import HEAD

WAKE_UP: Final = b"\xfe\x55"
"""Bytes that serial and infrared lines send around frames; as noise they are harmless."""

_TOKEN: Final = re.compile(r"(?<![0-9A-Za-z_])(?:0[xX])?([0-9A-Fa-f]+)[hH]?(?![0-9A-Za-z_])")
"""A word that is nothing but hex digits, perhaps as ``0x68`` or ``68H``."""

_GLUED: Final = re.compile(r"(?i)68([0-9a-f]{4})\1(?:68)(?:[0-9a-f]{2})+")
"""A frame that other letters are glued to: ``Rx6832003200…``."""

_ESCAPED: Final = re.compile(r"\\x([0-9A-Fa-f]{2})")
"""A byte as programming languages print it: ``\\x68``."""

_DUMP: Final = re.compile(
    r"""^\s*(?:0x)?[0-9A-Fa-f]{4,16}(?::|h:?|\s)\s*      # offset
        (?P<hex>[0-9A-Fa-f]{2}(?:[0-9A-Fa-f]{2})?        # bytes alone (hexdump -C) or in pairs (xxd)
            (?:[ \t-]{1,2}[0-9A-Fa-f]{2}(?:[0-9A-Fa-f]{2})?)*)
        (?:\s{2,}\S.*|\s*\|.*)?\s*$""",
    re.VERBOSE,
)
"""A line of a hex dump: offset, up to 16 or 32 bytes, perhaps the same as characters."""

_PUNCTUATION: Final = re.compile(r"[\s,;:|\-\[\]{}()'\"]+")
"""What may be between bytes."""

_DUMP_OFFSET: Final = re.compile(r"\s*(?:0x)?[0-9A-Fa-f]{4,16}(?::|h:?|\s)")
"""How every line of a hex dump begins."""

_NO_HEX: Final = re.compile(r"(?i)[gi-wyz]")
"""A letter that no way of writing hex has: neither a digit nor the ``x`` or ``H`` beside one."""

_FRAME_START: Final = re.compile(r"(?i)^\s*(?:0x)?68")
_MOST_DUMPED: Final = 64
_LONGEST_DUMP_LINE: Final = 400
_SHORT: Final = 8
_SHORTEST_MEANT: Final = 12


_PAIRS = re.compile(r"(?:[ \t]*[0-9A-Fa-f]{2})+[ \t\r\n]*")
"""A line of nothing but digits in pairs."""


class LineBytes(NamedTuple):
    """What a line holds.

    Attributes:
        data: the bytes of its hex words, in order.
        bare: there is nothing else on the line, so that it may go on where the line before it stopped.
    """

    data: bytes
    bare: bool


class Held(NamedTuple):
    """Where in a text the bytes begin that are not decided yet.

    Attributes:
        line: the number of the line.
        skip: so many of its bytes have been reported.
    """

    line: int
    skip: int


@dataclass(frozen=True, slots=True)
class Found:
    """A frame or damaged frame and where in the text it was.

    Attributes:
        line: the number of the line where it begins, from 1.
        event: the frame, or the noise and its reason. Offsets count the bytes of that line's hex.
    """

    line: int
    event: Frame | Noise


def line_bytes(line: str) -> LineBytes:
    """Takes the hex out of a line.

    A word with an odd number of digits loses its last one, or is passed over if it is short (part of a time, say); so
    is the offset of a hex dump's line.
    """
    if _FRAME_START.match(line) and _PAIRS.fullmatch(line):
        return LineBytes(bytes.fromhex(line), bare=True)  # most lines of most logs
    dump = _DUMP.match(line) if len(line) <= _LONGEST_DUMP_LINE else None
    if dump and not _FRAME_START.match(line):
        digits = re.sub(r"[^0-9A-Fa-f]", "", dump["hex"])
        if len(digits) <= 2 * _MOST_DUMPED:
            return LineBytes(bytes.fromhex(digits), bare=True)
    if escaped := _ESCAPED.findall(line):
        return LineBytes(bytes.fromhex("".join(escaped)), bare=False)
    glued = _GLUED.search(line)
    words: list[str] = _TOKEN.findall(line)
    if glued and not any(glued.group() in word for word in words):
        return LineBytes(bytes.fromhex(glued.group()), bare=False)
    odd = [word for word in words if len(word) % 2]
    if odd:
        words = [word[: len(word) // 2 * 2] for word in words if len(word) % 2 == 0 or len(word) > _SHORT]
    data = bytes.fromhex("".join(words))
    bare = bool(data) and not odd and not _NO_HEX.search(line) and not _PUNCTUATION.sub("", _TOKEN.sub("", line))
    return LineBytes(data, bare)


def has_words(line: str) -> bool:
    """Whether a line certainly has words, so that ``line_bytes`` would not call it bare.

    Much quicker than ``line_bytes``. False if it is not certain.
    """
    return _NO_HEX.search(line) is not None and not _DUMP_OFFSET.match(line)


class FrameText:
    """Finds the frames in lines of text, fed one after another.

    On a line with other words a new frame begins; a line of bare hex may continue the frame of the line before it.
    """

    def __init__(self, *, address_size: int = 5, max_length: int = MAX_NETWORK) -> None:
        """Begins a text; arguments as for ``FrameSplitter``."""
        self._options = {"address_size": address_size, "max_length": max_length}
        self._splitter = FrameSplitter(**self._options)
        self._line = 0
        self._fed = 0
        # Where in the stream of bytes each line that is still held begins.
        self._starts: list[int] = []
        self._numbers: list[int] = []
        self._bare: list[bool] = []

    @property
    def held(self) -> Held | None:
        """Where the bytes begin that may yet become part of a frame; ``None`` if there are none."""
        if not self._splitter.held:
            return None
        at = self._line_of(self._splitter.offset)
        return Held(self._numbers[at], self._splitter.offset - self._starts[at])

    def feed(self, line: str, *, goes_on: bool = False) -> list[Found]:
        """Takes the next line and returns what it completes.

        Args:
            line: the line, or a piece of it.
            goes_on: this piece goes on where the one before it stopped; it must not be cut within a byte.
        """
        self._line += not goes_on
        return self.feed_bytes(line_bytes(line), self._line, goes_on=goes_on)

    def feed_bytes(self, line: LineBytes, number: int, *, goes_on: bool = False, skip: int = 0) -> list[Found]:
        """Takes the bytes of the next line and returns what they complete.

        Args:
            line: what the line holds.
            number: what ``Found.line`` will say of it: any numbers that grow.
            goes_on: as for ``feed``.
            skip: so many of the line's bytes were reported before: where ``held`` said that the rest begins.
        """
        found = [] if line.bare or goes_on else self.close()
        if data := line.data[skip:]:
            self._starts.append(self._fed - skip)
            self._numbers.append(number)
            self._bare.append(line.bare)
            self._fed += len(data)
            found += self._located(self._splitter.feed(data))
        return found

    def close(self) -> list[Found]:
        """Ends the text: bytes that are still held are not a frame."""
        return self._located(self._splitter.close())

    def _located(self, events: Iterable[Frame | Noise]) -> list[Found]:
        found = []
        for event in events:
            if isinstance(event, Frame):
                at = self._line_of(event.offset)
                event.offset -= self._starts[at]
                found.append(Found(self._numbers[at], event))
            else:
                found += self._located_noise(event)
        self._forget(self._splitter.offset)
        return found

    def _located_noise(self, noise: Noise) -> list[Found]:
        """The noise worth reporting: damaged frames, one by one, and lines that are nothing but hex."""
        found = []
        for piece in self._pieces(noise):
            at = self._line_of(piece.offset if piece.head is None else piece.head)
            # Hex and nothing else, yet no frame: somebody meant it to be one, unless it is as short as a time.
            meant = self._bare[at] and len(piece.data.strip(WAKE_UP)) >= _SHORTEST_MEANT
            if piece.head is not None or meant:
                start = self._starts[at]
                if piece.head is not None and not self._bare[at]:
                    # Before the head are words of the log that happen to be hex.
                    start = piece.head
                    piece = make_noise(piece.data[start - piece.offset :], start, **self._options)
                _rebase(piece, start)
                found.append(Found(self._numbers[at], piece))
        return found

    def _pieces(self, noise: Noise) -> Iterator[Noise]:
        """Divides noise: line by line up to its first head, from there on where a line begins with another one."""
        end = noise.offset + noise.length
        head = end if noise.head is None else noise.head
        cuts = [
            start
            for start in self._starts
            if noise.offset < start < end and (start <= head or HEAD.match(noise.data, start - noise.offset))
        ]
        if not cuts:
            yield noise
            return
        for start, stop in zip([noise.offset, *cuts], [*cuts, end], strict=True):
            yield make_noise(noise.data[start - noise.offset : stop - noise.offset], start, **self._options)

    def _line_of(self, offset: int) -> int:
        return bisect_right(self._starts, offset) - 1

    def _forget(self, offset: int) -> None:
        """Drops the lines of which nothing is held any more."""
        done = max(0, self._line_of(offset))
        del self._starts[:done], self._numbers[:done], self._bare[:done]


def _rebase(noise: Noise, start: int) -> None:
    """Counts offsets from the beginning of the line: callers don't see the stream that the lines become."""
    noise.offset -= start
    noise.head = None if noise.head is None else noise.head - start
    noise.error.offset = None if noise.error.offset is None else noise.error.offset - start


def frames_in_text(lines: Iterable[str], *, address_size: int = 5, max_length: int = MAX_NETWORK) -> Iterator[Found]:
    """Finds the frames in lines of text, such as an open log.

    Args:
        lines: the lines, with hex in any dress.
        address_size: bytes of the address field, 5 or 7.
        max_length: largest L1 that is believed.

    Returns:
        Each frame, and the noise that looks like a damaged frame or like one that was cut, in order.

    Raises:
        ValueError: an option is out of its range.
    """
    text = FrameText(address_size=address_size, max_length=max_length)
    for line in lines:
        yield from text.feed(line)
    yield from text.close()


def looks_like_text(sample: bytes) -> bool:
    """Whether the beginning of a file is text rather than the bytes of frames themselves."""
    control = sum(byte < 0x20 and byte not in b"\t\n\r\f\x1b" for byte in sample)
    return control * 50 <= len(sample)
