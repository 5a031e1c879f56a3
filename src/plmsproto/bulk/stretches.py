"""Input cut into stretches, each searched and read by an interpreter.

A stretch is some megabytes, so that what interpreters write stays small and threads have something to share.
Where a stretch begins in a buffer does not matter: whoever reads it takes up the frames again (resync), and the frame
that the cut goes through belongs to the stretch in which it begins. Should a cut have made up a frame that is none in
the whole buffer (there may be frames in the bytes of frames), the stretch is read again from where the one before it
ended; so the result is that of one thread, whatever the cuts.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Any, Final, NamedTuple

from .. import _implementation
from ..link import FrameIndex
from ..link.checksum import byte_view
from .columns import Harvest
from .plan import Plan

STRETCH: Final = 1 << 23
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
        TypeError: it is none of these.
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
class Stretch:
    """What came of a stretch.

    Attributes:
        bounds: where it begins and ends, and where the entries in it do.
        index: its frames.
        harvests: their rows, for so many frames after the other as each has editions of.
    """

    bounds: Sequence[int]
    index: FrameIndex
    harvests: Sequence[Harvest] = ()


def search(view: memoryview, options: Options, threads: int) -> FrameIndex:
    """The frames of a buffer."""

    def work(start: int, stop: int) -> Stretch:
        index = _scan(view, options, start=start, stop=stop, final=options.final)
        return Stretch((start, index.end), index)

    if threads <= 1:
        return work(0, len(view)).index
    return FrameIndex.joined([stretch.index for stretch in _in_order(len(view), threads, work)], len(view))


def stretches(view: memoryview, plan: Plan, options: Options, threads: int) -> Iterator[Stretch]:
    """Reads a buffer stretch by stretch."""

    def work(start: int, stop: int) -> Stretch:
        position, harvests = start, list[Harvest]()
        search = _implementation.FrameSearch(
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
                _read(interpreter, view, index, done, harvests)
                if position < target:
                    break
            harvests.append(interpreter.take())
        return Stretch((start, position), index, harvests)

    return _in_order(len(view), threads, work)


def _scan(view: memoryview, options: Options, **piece: Any) -> FrameIndex:
    return _implementation.scan(view, address_size=options.address_size, max_length=options.max_length, **piece)


def _in_order(size: int, threads: int, work: Callable[[int, int], Stretch]) -> Iterator[Stretch]:
    """Does work on all stretches of a buffer; yields what came of it."""
    if threads <= 1:
        position = 0
        while position < size:
            stop = min(position + STRETCH, size)
            stretch = work(position, stop)
            yield stretch
            position = stretch.index.end
            if position < stop:
                return
        return
    step = _step(size, threads)
    cuts = range(0, size, step)
    position = 0
    with ThreadPoolExecutor(threads) as pool:
        for cut, stretch in zip(cuts, pool.map(lambda cut: work(cut, min(cut + step, size)), cuts), strict=True):
            stop = min(cut + step, size)
            if position >= stop:
                continue
            index = stretch.index
            if (index.offset[0] if index.offset else index.end) < position:
                # The cut made up a frame, or the head of one to come, inside the frame that it went through.
                stretch = work(position, stop)
            yield replace(stretch, bounds=(position, stretch.index.end))
            position = stretch.index.end
            if position < stop:
                return


def _step(size: int, threads: int) -> int:
    """How large stretches are, for each thread to have a few of them."""
    return STRETCH if threads <= 1 else min(STRETCH, max(size // (4 * threads), WINDOW))


@contextmanager
def _interpreter(plan: Plan, options: Options) -> Iterator[Any]:
    """An interpreter that has no rows: one that knows the plan already, if there is one."""
    make = _implementation.make_interpreter
    idle = plan.idle.setdefault((make, options.address_size), [])
    try:
        interpreter = idle.pop()
    except IndexError:
        interpreter = make(plan, address_size=options.address_size)
    yield interpreter
    idle.append(interpreter)  # not if something went wrong


def _read(interpreter: Any, view: memoryview, index: FrameIndex, done: int, harvests: list[Harvest]) -> None:
    """Reads the frames that have not been read; takes what was written whenever that is much."""
    while done < len(index):
        done = interpreter.run(view, index.offset, index.length, done, len(index))
        if done < len(index):
            harvests.append(interpreter.take())


def entry_stretches(
    view: memoryview, bounds: array[int], plan: Plan, options: Options, threads: int
) -> Iterator[Stretch]:
    """Reads entries, as many at a time as make a stretch."""
    step = _step(len(view), threads)
    firsts = [0]
    while firsts[-1] < len(bounds) - 1:
        fitting = bisect_right(bounds, bounds[firsts[-1]] + step, firsts[-1] + 1) - 1
        firsts.append(max(fitting, firsts[-1] + 1))

    def read(first: int, last: int) -> Stretch:
        within = bounds[first : last + 1]
        index = _scan(view, options, bounds=within, first_entry=first)
        harvests: list[Harvest] = []
        with _interpreter(plan, options) as interpreter:
            _read(interpreter, view, index, 0, harvests)
            harvests.append(interpreter.take())
        return Stretch(within, index, harvests)

    if threads <= 1:
        yield from map(read, firsts[:-1], firsts[1:])
        return
    with ThreadPoolExecutor(threads) as pool:
        yield from pool.map(read, firsts[:-1], firsts[1:])
