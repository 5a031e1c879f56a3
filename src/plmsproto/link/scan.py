"""Finding frames in bytes: the pure-Python reference of the compiled twin in ``_fast``.

What is a frame in a stream is defined here. With p = 0 at the start:

1. Take the first 68H at i >= p. It opens a *candidate* if six bytes ``68 L L 68`` are there, both L words are equal,
   the tag is 1 or 2, and L1 is at least C + A + AFN + SEQ (8, or 10 with the seven-byte address) and at most
   the limit. The candidate's size is L1 + 8.
2. A candidate of which all bytes are there, with 16H as the last one and the right checksum, is a **frame**;
   go on with p = i + size.
3. Anything else costs **one byte**, never its declared length: p = i + 1. So the frame after a false
   start or an aborted head is found.

``scan`` does this to a whole buffer and makes an index of it. ``StreamScanner`` does it to a stream of which the rest
has yet to come: a candidate that still lacks bytes *pends*, and the search goes on after its first byte. It is judged
when its last byte is there, unless a frame that begins later has been found meanwhile: then it was not a frame.

The work is linear in the bytes, whatever they are. Finding heads and testing the last byte costs a constant for each
candidate, of which there is at most one in five bytes (any closer, one of two would have the other's 68H as the low
byte of its L, and so tag 0); only checksums of overlapping candidates could cost more. So a byte is summed in vain at
most once: a candidate that overlaps an earlier failure is judged by a running sum instead.
"""

from __future__ import annotations

import re
from array import array
from collections import deque
from dataclasses import dataclass, field
from heapq import heappop, heappush
from itertools import accumulate, pairwise
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from .checksum import byte_view, checksum
from .constants import (
    END,
    HEAD_SIZE,
    MAX_NETWORK,
    OVERHEAD,
    START,
    TAG_130,
    TAG_376,
    check_options,
    minimum_length,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from typing_extensions import Buffer

# Only the first byte is consumed, so that heads that overlap are all found.
HEAD: Final = re.compile(rb"\x68(?=(..)\1\x68)", re.DOTALL)

_WINDOW: Final = 1 << 16
"""Bytes that one running sum spans. Candidates that pend together lie within two maximal frames."""


class IndexedFrame(NamedTuple):
    """Place and fixed fields of one frame in a buffer.

    Attributes:
        offset: where the frame begins in the buffer.
        length: bytes of the whole frame, L1 + 8.
        tag: lowest two bits of L.
        control: the control field C.
        region: A1 as a number whose four hexadecimal digits are the region code.
        terminal: A2.
        a3: MSA and group flag.
        afn: application function code.
        seq: the SEQ byte.
    """

    offset: int
    length: int
    tag: int
    control: int
    region: int
    terminal: int
    a3: int
    afn: int
    seq: int

    @property
    def span(self) -> slice:
        """The slice that cuts this frame out of the buffer: ``buffer[entry.span]``."""
        return slice(self.offset, self.offset + self.length)


_CODES: Final = "QHBBHIBBB"
"""How wide the fields of an index are: ``array`` and ``struct`` codes, in the order of ``IndexedFrame``."""

_columns_of: Final[Callable[[Any], tuple[memoryview, ...]]] = attrgetter(*IndexedFrame._fields)

_NOTHING: Final = tuple(memoryview(b"").cast(code) for code in _CODES)  # type: ignore[call-overload]  # overloaded by code


@dataclass(slots=True, repr=False)
class FrameIndex:
    """The frames of a buffer, in order: one column a field, one place in each column a frame.

    It keeps no hold of the buffer. Indexing and iterating give ``IndexedFrame`` records; the columns are there for bulk
    work: memoryviews of numbers, which are read-only, and which numpy and Arrow take without a copy. They are called as
    the fields of ``IndexedFrame``, and 8 (offset), 4 (terminal), 2 (length, region) or 1 byte wide.

    Attributes:
        end: where the search ended.
        entry: between which two bounds each frame is, if there were bounds; four bytes wide.
    """

    offset: memoryview
    length: memoryview
    tag: memoryview
    control: memoryview
    region: memoryview
    terminal: memoryview
    a3: memoryview
    afn: memoryview
    seq: memoryview
    end: int = field(default=0, kw_only=True)
    entry: memoryview | None = field(default=None, kw_only=True)

    @classmethod
    def of(cls, columns: Iterable[Buffer], end: int, entry: Buffer | None = None) -> FrameIndex:
        """Returns the index that has these columns' bytes, which can't be written to."""
        views = (
            memoryview(column).cast(code)  # type: ignore[call-overload]  # overloaded by code
            for column, code in zip(columns, _CODES, strict=True)
        )
        places = None if entry is None else memoryview(entry).cast("B").cast("I").toreadonly()
        return cls(*views, end=end, entry=places)

    @classmethod
    def empty(cls) -> FrameIndex:
        """Returns an index of no frames."""
        return cls(*_NOTHING)

    @property
    def columns(self) -> tuple[memoryview, ...]:
        """All columns, in the order of the fields of ``IndexedFrame``."""
        return _columns_of(self)

    def part(self, first: int, last: int) -> FrameIndex:
        """The frames ``first`` to before ``last``; nothing is copied."""
        entry = None if self.entry is None else self.entry[first:last]
        return FrameIndex(*(column[first:last] for column in self.columns), end=self.end, entry=entry)

    @classmethod
    def joined(cls, parts: Sequence[FrameIndex], end: int) -> FrameIndex:
        """Returns the frames of several indexes of one buffer, one after the other."""
        if len(parts) == 1:
            return parts[0]
        columns = [b"".join(part.columns[number] for part in parts) for number in range(len(_CODES))]
        with_entries = any(part.entry is not None for part in parts)
        return cls.of(columns, end, b"".join(part.entry or b"" for part in parts) if with_entries else None)

    def __reduce__(self) -> tuple[Any, ...]:
        # Memoryviews can't be pickled.
        columns = [bytes(column) for column in self.columns]
        return FrameIndex.of, (columns, self.end, None if self.entry is None else bytes(self.entry))

    def __len__(self) -> int:
        return len(self.offset)

    def __getitem__(self, position: int) -> IndexedFrame:
        return IndexedFrame(*(column[position] for column in self.columns))

    def __iter__(self) -> Iterator[IndexedFrame]:
        return map(IndexedFrame, *self.columns)

    def __repr__(self) -> str:
        return f"<FrameIndex of {len(self)} frames>"


def scan(
    buffer: Buffer,
    *,
    address_size: int = 5,
    max_length: int = MAX_NETWORK,
    start: int = 0,
    stop: int | None = None,
    bounds: Sequence[int] | None = None,
    first_entry: int = 0,
    final: bool = True,
) -> FrameIndex:
    """Finds and validates all frames of a buffer, and indexes them.

    Args:
        buffer: any contiguous bytes: bytes, bytearray, memoryview, mmap. It is not copied.
        address_size: bytes of the address field, 5 or 7.
        max_length: largest L1 that is believed; ``MAX_RADIO`` for a capture of a radio channel.
        start: where the search begins.
        stop: no frame is taken that begins here or later; by default the end of the buffer.
        bounds: ascending offsets that no frame crosses, instead of ``start`` and ``stop``: the first is where the
            search begins, the last where it ends. The index then says between which two of them each frame is.
        first_entry: what that is counted from.
        final: whether these are all bytes. If not, the search ends where more bytes may make a difference.

    Raises:
        TypeError: the argument is not a buffer.
        BufferError: the buffer is not contiguous.
        ValueError: an option is out of its range.
    """
    search = FrameSearch(buffer, address_size=address_size, max_length=max_length, final=final)
    stop = check_range(len(search.view), start, stop, bounds)
    if bounds is None:
        search.search(start, stop)
        return search.index()
    entries = array("I")
    for number, (first, limit) in enumerate(pairwise(bounds), first_entry):
        search.final, search.limit = True, limit
        search.search(first, limit)
        entries.extend([number] * (len(search) - len(entries)))
    search.end = bounds[-1]
    return search.index(entries)


def check_range(size: int, start: int, stop: int | None, bounds: Sequence[int] | None) -> int:
    """Checks start, stop and bounds against a buffer of ``size`` bytes; returns stop.

    Raises:
        ValueError: they are not in order, or not inside the buffer.
    """
    stop = size if stop is None else stop
    if not 0 <= start <= stop <= size:
        raise ValueError(f"start and stop are in order and from 0 to {size}, not {start} and {stop}")
    if bounds is not None and not (
        len(bounds) and bounds[0] >= 0 and bounds[-1] <= size and all(one <= other for one, other in pairwise(bounds))
    ):
        raise ValueError(f"bounds ascend and are from 0 to {size}")
    return stop


class FrameSearch:
    """Searches a buffer piece by piece, and keeps an index of all the frames that it finds.

    Args:
        buffer: any contiguous bytes. It is not copied.
        address_size: bytes of the address field, 5 or 7.
        max_length: largest L1 that is believed.
        final: whether these are all bytes. If not, the search ends where more bytes may make a difference.
        start: where the first piece will begin.
        until: where the last one will end, by default at the end; that is good to know for the size of the index.

    Raises:
        TypeError: the argument is not a buffer.
        BufferError: the buffer is not contiguous.
        ValueError: an option is out of its range.
    """

    def __init__(
        self,
        buffer: Buffer,
        *,
        address_size: int = 5,
        max_length: int = MAX_NETWORK,
        final: bool = True,
        start: int = 0,
        until: int | None = None,
    ) -> None:
        self.view = byte_view(buffer)
        check_options(address_size, max_length)
        check_range(len(self.view), start, until, None)
        self.address_size = address_size
        self.longest = max_length
        self.final = final
        self.limit = len(self.view)  # no frame ends after this
        self.end = start
        self._columns = [array(code) for code in _CODES]

    def __len__(self) -> int:
        """How many frames were found."""
        return len(self._columns[0])

    def search(self, start: int, stop: int) -> int:
        """Looks for the frames that begin from ``start`` to before ``stop``; returns where the search ended.

        Raises:
            ValueError: the piece is not inside the buffer, or the search is past it.
        """
        check_range(len(self.view), start, stop, None)
        if start < self.end:
            raise ValueError(f"the search is past {start}")
        self.end = self._search(start, stop)
        return self.end

    def index(self, entry: Buffer | None = None) -> FrameIndex:
        """Returns the frames found so far.

        Args:
            entry: between which two bounds each frame is.
        """
        return FrameIndex.of(map(bytes, self._columns), self.end, entry)

    def _search(self, position: int, stop: int) -> int:
        view, limit = self.view, self.limit
        shortest = minimum_length(self.address_size)
        sums = _RunningSums()
        while (head := HEAD.search(view, position, limit)) and head.start() < stop:
            at = head.start()
            size = candidate_size(head[1], shortest, self.longest)
            position = at + 1
            if not size:
                continue
            if at + size > limit:
                if not self.final:
                    return at
            elif view[at + size - 1] == END:
                last = at + size - 2
                if sums.modulo_256(view, 0, at + HEAD_SIZE, last, at) == view[last]:
                    self._enter(at, size)
                    position = at + size
        end = max(position, stop)
        return end if self.final else min(end, _head_to_come(view, position, limit))

    def _enter(self, start: int, size: int) -> None:
        view = self.view
        a3 = start + HEAD_SIZE + self.address_size
        fields = IndexedFrame(
            start,
            size,
            view[start + 1] & 3,
            view[start + 6],
            int.from_bytes(view[start + 7 : start + 9], "little"),
            int.from_bytes(view[start + 9 : a3], "little"),
            view[a3],
            view[a3 + 1],
            view[a3 + 2],
        )
        for column, value in zip(self._columns, fields, strict=True):
            column.append(value)


def _head_to_come(view: memoryview, position: int, limit: int) -> int:
    """Returns where in the last bytes a head may begin that is not whole yet."""
    tail = max(position, limit - HEAD_SIZE + 1)
    opened = bytes(view[tail:limit]).find(START)
    return limit if opened < 0 else tail + opened


def gaps(index: FrameIndex, bounds: Sequence[int]) -> tuple[array[int], array[int], array[int]]:
    """The runs of bytes that belong to no frame: offset and length of each, and between which bounds it is.

    Args:
        index: the frames, in order.
        bounds: where the search began and ended, and in between what no frame crossed.
    """
    offsets, lengths, entries = array("Q"), array("Q"), array("I")
    frame = 0
    for number, (position, end) in enumerate(pairwise(bounds)):
        while True:
            found = frame < len(index.offset) and index.offset[frame] < end
            before = index.offset[frame] if found else end
            if before > position:
                offsets.append(position)
                lengths.append(before - position)
                entries.append(number)
            if not found:
                break
            position = index.offset[frame] + index.length[frame]
            frame += 1
    return offsets, lengths, entries


def candidate_size(word: bytes, shortest: int, longest: int) -> int:
    """Returns the size of the whole frame that a length word announces, 0 if its tag or L1 can't be right."""
    length, tag = divmod(int.from_bytes(word, "little"), 4)
    return length + OVERHEAD if tag in (TAG_130, TAG_376) and shortest <= length <= longest else 0


def is_whole_frame(data: bytes, *, address_size: int = 5) -> bool:
    """Tells whether the bytes are exactly one frame; ``address_size`` is 5 or 7."""
    head = HEAD.match(data)
    if head is None or candidate_size(head[1], minimum_length(address_size), MAX_NETWORK) != len(data):
        return False
    return data[-1] == END and checksum(data[HEAD_SIZE:-2]) == data[-2]


class StreamScanner:
    """Finds the frames of a stream that arrives in pieces, by the rules at the head of this module.

    It keeps no bytes: the caller keeps them, from ``undecided`` on at least, and passes all of them with each call.
    All positions are offsets in the stream.
    """

    def __init__(self, *, start: int = 0, address_size: int = 5, max_length: int = MAX_NETWORK) -> None:
        """Begins a search.

        Args:
            start: stream offset of the first byte that will be shown.
            address_size: bytes of the address field, 5 or 7.
            max_length: largest L1 that is believed.

        Raises:
            ValueError: an option is out of its range.
        """
        check_options(address_size, max_length)
        if start < 0:
            raise ValueError(f"start is not negative, not {start!r}")
        self._shortest = minimum_length(address_size)
        self._longest = max_length
        self._scanned = start
        # Candidates (start, end) that pend, in order of start. Those that came due are removed when they get to the
        # front; they are recognised by their end, which has been shown.
        self._pending: deque[tuple[int, int]] = deque()
        # The same as a heap of (end, start): what comes due next.
        self._due: list[tuple[int, int]] = []
        self._sums = _RunningSums()

    @property
    def undecided(self) -> int:
        """Offset of the first byte that may yet be part of a frame; the bytes before it need not be passed again."""
        return self._pending[0][0] if self._pending else self._scanned

    def scan(self, held: Buffer, base: int) -> list[tuple[int, int]]:
        """Looks at the bytes that are new since the last call.

        Args:
            held: all bytes of the stream from ``base`` on that have arrived.
            base: stream offset of the first of them, at most ``undecided``.

        Returns:
            (offset, size) of the frames found, in order.

        Raises:
            ValueError: undecided bytes were left out, or bytes that were shown are gone.
        """
        view = byte_view(held)
        stop = base + len(view)
        if not 0 <= base <= self.undecided or stop < self._scanned:
            raise ValueError(f"the bytes from {self.undecided} to {self._scanned} must be held, not {base} to {stop}")
        frames = []
        completed = self._first_completed(view, base, stop)
        if completed is not None:
            frames.append(completed)
            self._settle(completed)
        self._search(view, base, stop, frames)
        return frames

    def _first_completed(self, view: memoryview, base: int, stop: int) -> tuple[int, int] | None:
        """Judges the candidates whose last byte is there now; of those that are frames, returns the first."""
        first = None
        while self._due and self._due[0][0] <= stop:
            end, start = heappop(self._due)
            if (first is None or start < first[0]) and self._is_frame(view, base, start, end):
                first = start, end - start
        while self._pending and self._pending[0][1] <= stop:
            self._pending.popleft()
        return first

    def _search(self, view: memoryview, base: int, stop: int, frames: list[tuple[int, int]]) -> None:
        """Goes through the bytes that have not been looked at, adding to frames and to the pending candidates."""
        while head := HEAD.search(view, self._scanned - base):
            start = base + head.start()
            size = candidate_size(head[1], self._shortest, self._longest)
            self._scanned = start + 1
            if not size:
                continue
            if start + size > stop:
                self._pending.append((start, start + size))
                heappush(self._due, (start + size, start))
            elif self._is_frame(view, base, start, start + size):
                frames.append((start, size))
                self._settle(frames[-1])
        # A 68H among the last five bytes may open a head that is not whole yet.
        tail = max(self._scanned, stop - HEAD_SIZE + 1)
        opened = bytes(view[tail - base :]).find(START)
        self._scanned = stop if opened < 0 else tail + opened

    def _is_frame(self, view: memoryview, base: int, start: int, end: int) -> bool:
        """Judges a whole candidate, by its last byte first: that costs nothing."""
        if view[end - 1 - base] != END:
            return False
        first, last = start + HEAD_SIZE, end - 2
        # No later candidate begins before the first that pends.
        lowest = self._pending[0][0] if self._pending else start
        return self._sums.modulo_256(view, base, first, last, lowest) == view[last - base]

    def _settle(self, frame: tuple[int, int]) -> None:
        """Goes on after a frame: the candidates that pend begin before it and were not frames."""
        self._scanned = sum(frame)
        self._pending.clear()
        self._due.clear()


class _RunningSums:
    """Sums of stretches of a stream, in time linear in the stream however much the stretches overlap.

    The first time, bytes are simply summed. If the candidate was not a frame, later stretches may overlap this one:
    their sums are differences of a running sum, which is built as far as it is needed.
    """

    def __init__(self) -> None:
        self._summed = 0  # everything before was summed once
        self._origin = 0  # where the running sum begins ...
        self._totals = array("Q", [0])  # ... and for every k the sum of the first k bytes from there, plus a constant

    def modulo_256(self, view: memoryview, base: int, first: int, last: int, lowest: int) -> int:
        """Returns the sum of the bytes from first to before last.

        Args:
            view: bytes of the stream from ``base`` on.
            base: stream offset of the first byte of the view.
            first: stream offset of the first byte of the sum.
            last: stream offset after the last one.
            lowest: no later sum will begin before this offset; at most first.
        """
        if first >= self._summed:
            self._summed = last
            return checksum(view[first - base : last - base])
        covered = self._origin + len(self._totals) - 1
        if covered < lowest:
            self._origin = covered = lowest
            self._totals = array("Q", [0])
        elif last - self._origin > _WINDOW:
            del self._totals[: lowest - self._origin]
            self._origin = lowest
        if covered < last:
            more = bytes(view[covered - base : last - base])
            self._totals.extend(accumulate(more, initial=self._totals.pop()))
        return (self._totals[last - self._origin] - self._totals[first - self._origin]) & 0xFF
