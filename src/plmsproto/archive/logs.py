"""Frames in logs: the lines of a text become records of bytes with time, peer and place.

Which bytes of a text are a frame is decided by ``hextext``, the same as on the command line. Most lines of a log are of
two kinds, though, and both are told at a glance and much quicker: words and then one whole frame up to the end of the
line; and words without a frame. ``tests/archive/test_logs.py`` holds both ways to the same results.

What the words say is the business of ``stamps``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from ..hextext import Found, FrameText, has_words, line_bytes
from ..link import MAX_NETWORK, Frame, _twin
from ..link.constants import END, HEAD_SIZE, minimum_length
from ..link.scan import HEAD, candidate_size
from ..textfile import LONG_LINE, safe_cut
from .stamps import NOTHING_SAID, Heading, StampReader

_HEAD: Final = re.compile(
    r"68(?P<gap>[ ]?)(?P<low>[0-9A-Fa-f]{2})(?P=gap)(?P<high>[0-9A-Fa-f]{2})(?P=gap)(?P=low)(?P=gap)(?P=high)(?P=gap)68"
)
"""The head of a frame, packed or with blanks between the bytes."""

_WORD: Final = re.compile(r"[0-9A-Za-z_]")
_SURELY_SHORT: Final = 24
"""Characters of which no twelve bytes of hex can be made, from which on ``hextext`` tells of noise."""

_HEX_RUN: Final = re.compile(r"(?<![0-9A-Za-z_])(?:(?:0[xX])?[0-9A-Fa-f]{2}[hH]?[ ,]+){6}")
"""Bytes one after another: no words any more."""

_MOST_WORDS: Final = 400
"""How far into a line its time and peer are looked for."""

_FEW: Final = 64


@dataclass(slots=True)
class Records:
    """Frames, and bytes that were meant to be one, of a text: one place in each list a record.

    Attributes:
        data: the bytes.
        offsets: where in the file the line of the record begins.
        headings: what the lines say of it.
    """

    data: list[bytes] = field(default_factory=list)
    offsets: list[int] = field(default_factory=list)
    headings: list[Heading] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.data)

    def add(self, data: bytes, offset: int, heading: Heading) -> None:
        """Adds a record."""
        self.data.append(data)
        self.offsets.append(offset)
        self.headings.append(heading)


@dataclass(frozen=True, slots=True)
class LogPlace:
    """A place in a log where reading can go on as if it had never stopped.

    Attributes:
        offset: where the line begins that is to be read next.
        skip: so many bytes of the hex on that line have been reported.
        heading: what the lines above say of it.
        goes_on: it is the rest of a line.
    """

    offset: int = 0
    skip: int = 0
    heading: Heading = NOTHING_SAID
    goes_on: bool = False


class _Said(NamedTuple):
    """What is said of a line of which bytes are held, and of the lines above it, and whether it is the rest of one."""

    heading: Heading
    above: Heading
    goes_on: bool


class LogReader:
    """Takes the lines of one log and finds its records."""

    def __init__(self, place: LogPlace, *, address_size: int = 5, width: int = 1) -> None:
        """Begins at a place.

        Args:
            place: where the first line that will be fed lies.
            address_size: bytes of the address field, 5 or 7.
            width: bytes of the file for each byte of the text.
        """
        self._address_size = address_size
        self._shortest = minimum_length(address_size)
        self._width = width
        self._text = FrameText(address_size=address_size)
        self._stamps = StampReader()
        self._heading = place.heading
        self._skip = place.skip
        self._offset = place.offset
        self._goes_on = place.goes_on
        self._holds = False
        self._said: dict[int, _Said] = {}  # by the line's offset
        self._most_said = _FEW
        self._records = Records()

    @property
    def place(self) -> LogPlace:
        """Where reading has to go on if this reader is lost: all before it has been reported."""
        held = self._text.held
        if held is None:
            return LogPlace(self._offset, 0, self._heading, self._goes_on)
        said = self._said[held.line]
        return LogPlace(held.line, held.skip, said.above, said.goes_on)

    def feed(self, block: bytes) -> Records:
        """Takes the next bytes of the text, which end where a line ends or is not cut within a byte of hex.

        Returns:
            The records that are complete.
        """
        text = block.decode("latin-1")
        base, done = self._offset, 0
        while head := _HEAD.search(text, done):
            start = text.rfind("\n", done, head.start()) + 1 or done
            end = text.find("\n", head.end()) + 1 or len(text)
            if start > done:
                self._offset = base + done * self._width
                self._lines(block[done:start])
            self._offset = base + start * self._width
            if not self._plain_line(text, start, head, end):
                self._lines(block[start:end])
            done = end
        if done < len(text):
            self._offset = base + done * self._width
            self._lines(block[done:])
        self._offset = base + len(text) * self._width
        self._goes_on = bool(text) and not text.endswith(("\n", "\r"))
        return self._taken()

    def close(self) -> Records:
        """Ends the text and returns what is left of it."""
        self._report(self._text.close())
        return self._taken()

    def _taken(self) -> Records:
        records, self._records = self._records, Records()
        return records

    # ---- at a glance

    def _plain_line(self, text: str, start: int, head: re.Match[str], end: int) -> bool:
        """Takes a line of words and one whole frame. Returns False, and has done nothing, if it is not plainly one."""
        first, gap = head.start(), len(head["gap"])
        size = candidate_size(bytes.fromhex(head["low"] + head["high"]), self._shortest, MAX_NETWORK)
        stop = first + size * (2 + gap) - gap
        if self._goes_on or self._skip or not size or stop > end or not _ends(text, stop, end):
            return False
        words = text[start:first]
        wordy = has_words(words)
        if not self._may_be_passed(words, wordy=wordy):
            return False
        try:
            data = bytes.fromhex(text[first:stop])
        except ValueError:
            return False
        if len(data) != size or data[-1] != END or _twin.checksum(data[HEAD_SIZE:-2]) != data[-2]:
            return False
        if self._may_begin_frame(words, data):
            return False
        if self._holds:
            self._report(self._text.close())
        self._hear(words, bare=not words or (not wordy and line_bytes(words + "68").bare))
        self._records.add(data, self._offset, self._heading)
        return True

    def _may_be_passed(self, words: str, *, wordy: bool) -> bool:
        """Whether what stands before a frame, and what is held from lines above, has no say in the matter."""
        if wordy:
            return "\\" not in words and "\r" not in words
        return not self._holds and len(words) < _SURELY_SHORT and "\\" not in words and "\r" not in words

    def _may_begin_frame(self, words: str, frame: bytes) -> bool:
        """Whether a head begins in what stands before a frame, or other letters are glued to the frame."""
        if words and _WORD.match(words[-1]):
            return True
        if "68" not in words:
            return False
        before = line_bytes(words).data
        head = HEAD.search(before + frame[: HEAD_SIZE - 1])
        return head is not None or _HEAD.search(words) is not None

    # ---- at leisure

    def _lines(self, lines: bytes) -> None:
        """Takes whole lines, or a piece of one."""
        for whole in lines.splitlines(keepends=True):
            line = whole
            while len(line) > LONG_LINE:
                cut = safe_cut(line[:LONG_LINE])
                self._line(line[:cut])
                line = line[cut:]
            self._line(line)

    def _line(self, line: bytes) -> None:
        """Takes a line, or a piece of one."""
        text = line.decode("latin-1")
        if not self._goes_on and not self._skip and b"68" not in line and has_words(text):
            if self._holds:
                self._report(self._text.close())
            self._hear(_words(text), bare=False)
        else:
            self._look_closely(text)
        self._goes_on = not line.endswith((b"\n", b"\r"))
        self._offset += len(line) * self._width

    def _look_closely(self, text: str) -> None:
        read = line_bytes(text)
        above = self._heading
        if not self._goes_on:
            self._hear(_words(text), bare=read.bare)
        self._said[self._offset] = _Said(self._heading, above, self._goes_on)
        found = self._text.feed_bytes(read, self._offset, goes_on=self._goes_on, skip=self._skip)
        self._skip = 0
        self._report(found)

    def _hear(self, words: str, *, bare: bool) -> None:
        """Notes what the words of a line say of it and, if lines of bare hex follow, of those.

        A line of bare hex that says nothing itself belongs to the one above.
        """
        heading = self._stamps.heading(words)
        if not bare or heading != NOTHING_SAID:
            self._heading = heading

    def _report(self, found: Iterable[Found]) -> None:
        for each in found:
            data = bytes(each.event) if isinstance(each.event, Frame) else each.event.data
            self._records.add(data, each.line, self._said[each.line].heading)
        held = self._text.held
        self._holds = held is not None
        if held is None:
            self._said.clear()
        elif len(self._said) > self._most_said:
            self._said = {line: said for line, said in self._said.items() if line >= held.line}
            self._most_said = 2 * len(self._said) + _FEW


def _words(line: str) -> str:
    """The words before the hex on a line, as far as they can be told from it."""
    words = line[:_MOST_WORDS]
    hex_ = _HEX_RUN.search(words) or _HEAD.search(words)
    return words[: hex_.start()] if hex_ else words


def _ends(text: str, stop: int, end: int) -> bool:
    """Whether a line ends here but for blanks."""
    return not text[stop:end].strip()
