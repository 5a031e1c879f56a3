"""Input cut into chunks, each searched and read by an interpreter.

A chunk is some megabytes, so that what interpreters write stays small and threads have something to share. Where a
chunk begins in a buffer does not matter: its reader finds the next frame by itself (resync), and a frame that is cut
belongs to the chunk in which it begins. There may be frames in the bytes of frames. If a cut makes such an inner frame
look like one of the buffer's own, the chunk is read again from where the one before it ended. So the result is that of
one thread, wherever the cuts are.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from .._fast import IMPLEMENTATION
from ..link import FrameIndex, _twin
from ..link.checksum import byte_view
from .columns import RowBatch
from .plan import Plan

if IMPLEMENTATION == "fast" and not TYPE_CHECKING:  # to the type checker the twins are one
    from .._fast._columns import Interpreter
else:
    from .rows import Interpreter

CHUNK: Final = 1 << 23
"""How many bytes one interpreter reads before what it wrote is taken."""

WINDOW: Final = 1 << 19
"""How many bytes are searched for frames before they are read: as many as stay in a near cache."""


class Input(NamedTuple):
    """What is to be read.

    Attributes:
        view: the bytes.
        bounds: where the entries begin and the last ends; ``None`` for one buffer.
    """

    view: memoryview
    bounds: array[int] | None


def as_input(frames: Any) -> Input:
    """Takes a buffer, an Arrow array of binary values, or an iterable of bytes or frames.

    Raises:
        TypeError: it is something else.
        BufferError: the buffer is not contiguous.
    """
    if isinstance(frames, str):
        raise TypeError("bytes expected, not text; hex is for plmsproto.decode")
    if hasattr(frames, "__arrow_c_array__") or hasattr(frames, "__arrow_c_stream__"):
        from . import arrow

        return Input(*arrow.binary_values(frames))
    try:
        return Input(byte_view(frames), None)
    except TypeError:
        if not isinstance(frames, Iterable):
            raise TypeError(f"a buffer or frames expected, not {type(frames).__name__}") from None
    entries = [_entry_bytes(frame) for frame in frames]
    bounds = array("Q", accumulate(map(len, entries), initial=0))
    return Input(memoryview(b"".join(entries)), bounds)


def _entry_bytes(frame: Any) -> bytes:
    if isinstance(frame, (str, int)):  # bytes(5) would be five bytes
        raise TypeError(f"bytes or frames expected, not {type(frame).__name__}")
    return bytes(frame)


@dataclass(frozen=True, slots=True)
class Options:
    """How frames are found.

    Attributes:
        address_size: bytes of the address field, 5 or 7.
        max_length: largest L1 that is believed.
        final: no more bytes follow.
    """

    address_size: int
    max_length: int
    final: bool


@dataclass(frozen=True, slots=True)
class Chunk:
    """What came of a chunk.

    Attributes:
        bounds: where it begins and ends, and where the entries in it do.
        index: its frames.
        batches: their rows, for so many frames after the other as each has editions of.
    """

    bounds: Sequence[int]
    index: FrameIndex
    batches: Sequence[RowBatch] = ()


def search(view: memoryview, options: Options, threads: int) -> FrameIndex:
    """The frames of a buffer."""

    def work(start: int, stop: int) -> Chunk:
        index = _scan(view, options, start=start, stop=stop, final=options.final)
        return Chunk((start, index.end), index)

    if threads <= 1:
        return work(0, len(view)).index
    return FrameIndex.joined([chunk.index for chunk in _in_order(len(view), threads, work)], len(view))


def chunks(view: memoryview, plan: Plan, options: Options, threads: int) -> Iterator[Chunk]:
    """Reads a buffer chunk by chunk."""

    def work(start: int, stop: int) -> Chunk:
        position, batches = start, list[RowBatch]()
        search = _twin.FrameSearch(
            view,
            address_size=options.address_size,
            max_length=options.max_length,
            final=options.final,
            start=start,
            until=stop,
        )
        index = FrameIndex.empty()
        with _interpreter(plan, options) as interpreter:
            while position < stop:
                target = min(position + WINDOW, stop)
                position = search.search(position, target)
                done, index = len(index), search.index()
                _read(interpreter, view, index, done, batches)
                if position < target:
                    break
            batches.append(interpreter.take())
        return Chunk((start, position), index, batches)

    return _in_order(len(view), threads, work)


def _scan(view: memoryview, options: Options, **piece: Any) -> FrameIndex:
    return _twin.scan(view, address_size=options.address_size, max_length=options.max_length, **piece)


def _in_order(size: int, threads: int, work: Callable[[int, int], Chunk]) -> Iterator[Chunk]:
    """Does work on all chunks of a buffer; yields the results."""
    if threads <= 1:
        position = 0
        while position < size:
            stop = min(position + CHUNK, size)
            chunk = work(position, stop)
            yield chunk
            position = chunk.index.end
            if position < stop:
                return
        return
    step = _step(size, threads)
    cuts = range(0, size, step)
    position = 0
    with ThreadPoolExecutor(threads) as pool:
        for cut, chunk in zip(cuts, pool.map(lambda cut: work(cut, min(cut + step, size)), cuts), strict=True):
            stop = min(cut + step, size)
            if position >= stop:
                continue
            index = chunk.index
            if (index.offset[0] if index.offset else index.end) < position:
                # The cut made up a frame, or the head of one to come, inside the frame that it went through.
                chunk = work(position, stop)
            yield replace(chunk, bounds=(position, chunk.index.end))
            position = chunk.index.end
            if position < stop:
                return


def _step(size: int, threads: int) -> int:
    """How large chunks are, for each thread to have a few of them."""
    return CHUNK if threads <= 1 else min(CHUNK, max(size // (4 * threads), WINDOW))


@contextmanager
def _interpreter(plan: Plan, options: Options) -> Iterator[Any]:
    """An interpreter that has no rows: one that knows the plan already, if there is one."""
    idle = plan.idle.setdefault((Interpreter, options.address_size), [])
    try:
        interpreter = idle.pop()
    except IndexError:
        interpreter = Interpreter(plan, address_size=options.address_size)
    yield interpreter
    idle.append(interpreter)  # not if something went wrong


def _read(interpreter: Any, view: memoryview, index: FrameIndex, done: int, batches: list[RowBatch]) -> None:
    """Reads the frames that have not been read; takes what was written whenever that is much."""
    while done < len(index):
        done = interpreter.run(view, index.offset, index.length, done, len(index))
        if done < len(index):
            batches.append(interpreter.take())


def entry_chunks(view: memoryview, bounds: array[int], plan: Plan, options: Options, threads: int) -> Iterator[Chunk]:
    """Reads entries, as many at a time as make a chunk."""
    step = _step(len(view), threads)
    firsts = [0]
    while firsts[-1] < len(bounds) - 1:
        fitting = bisect_right(bounds, bounds[firsts[-1]] + step, firsts[-1] + 1) - 1
        firsts.append(max(fitting, firsts[-1] + 1))

    def read(first: int, last: int) -> Chunk:
        within = bounds[first : last + 1]
        index = _scan(view, options, bounds=within, first_entry=first)
        batches: list[RowBatch] = []
        with _interpreter(plan, options) as interpreter:
            _read(interpreter, view, index, 0, batches)
            batches.append(interpreter.take())
        return Chunk(within, index, batches)

    if threads <= 1:
        yield from map(read, firsts[:-1], firsts[1:])
        return
    with ThreadPoolExecutor(threads) as pool:
        yield from pool.map(read, firsts[:-1], firsts[1:])
