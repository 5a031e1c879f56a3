"""From bytes to tables: what is given is found, cut into stretches, read by an interpreter each, and put together.

A stretch is some megabytes, so that what interpreters write stays small and threads have something to share.
Where a stretch begins in a buffer does not matter: whoever reads it takes up the frames again (resync), and the frame
that the cut goes through belongs to the stretch in which it begins. Should a cut have made up a frame that is none in
the whole buffer (there may be frames in the bytes of frames), the stretch is read again from where the one before it
ended; so the result is that of one thread, whatever the cuts.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from itertools import accumulate
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from .. import _implementation
from ..catalogue import Catalogue, default_catalogue
from ..catalogue.entries import EventEntry
from ..editions import Edition, as_edition
from ..link import MAX_NETWORK, FrameIndex, make_noise
from ..link.checksum import byte_view
from ..link.constants import START, check_options
from .columns import Harvest, TableBuilder, TableData
from .plan import UNDECODED, UNDECODED_TABLE, OutdatedError, Plan, TableSpec, table_spec
from .schema import Column, Kind, Schema
from .tables import Frames, Part, Table

if TYPE_CHECKING:
    from typing_extensions import Buffer

STRETCH: Final = 1 << 23
"""How many bytes one interpreter reads before what it wrote is taken."""

_MOST_PLANS: Final = 32
"""How many plans a catalogue keeps; there are as many as selections."""

_WINDOW: Final = 1 << 19
"""How many bytes are searched for frames before they are read: as many as stay in a near cache."""

_LONGEST_NOISE: Final = 1 << 16
"""A longer run of noise comes in several rows."""

NOISE: Final[TableSpec] = table_spec(
    "noise",
    None,
    Schema(()),
    (
        Column(("offset",), Kind.NUMBER, highest=(1 << 63) - 1, zh="偏移"),
        Column(("length",), Kind.NUMBER, highest=0xFFFF_FFFF, zh="长度"),
        Column(("reason",), Kind.TEXT, zh="原因"),
        Column(("raw",), Kind.BYTES, zh="原始字节"),
    ),
)
"""Runs of bytes that are no frame."""


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


class _Stretch(NamedTuple):
    """What came of a stretch.

    Attributes:
        bounds: where it begins and ends, and where the entries in it do.
        frames: its frames.
        harvests: their rows, for so many frames after the other as each has editions of.
    """

    bounds: Sequence[int]
    frames: FrameIndex
    harvests: list[Harvest]


class Tables(Mapping[str, Table]):
    """What bulk decoding found: a mapping of item keys to tables.

    Attributes:
        items: the same as a dict.
        events: event key → table of its records.
        undecoded: what did not decode: where, why, and the bytes.
        noise: runs of bytes that are no frame.
        frames: how many frames there are.
        consumed: how many bytes were decided. With ``final=False`` the rest must be shown again, with more behind it.
        noise_bytes: how many bytes belong to no frame.
    """

    def __init__(self, plan: Plan) -> None:
        self.items_by_key: dict[str, Table] = {}
        self.events: dict[str, Table] = {}
        self.undecoded = Table(UNDECODED, plan)
        self.noise = Table(NOISE, plan)
        self.frames = 0
        self.consumed = 0
        self.noise_bytes = 0
        self._plan = plan
        self._indexes: list[FrameIndex] = []

    @property
    def index(self) -> FrameIndex:
        """The frames. It is put together when it is asked for the first time."""
        if len(self._indexes) != 1:
            self._indexes = [FrameIndex.joined(self._indexes, self.consumed)]
        return self._indexes[0]

    def __getitem__(self, key: str) -> Table:
        return self.items_by_key[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self.items_by_key)

    def __len__(self) -> int:
        return len(self.items_by_key)

    def __repr__(self) -> str:
        return (
            f"<{self.frames} frames: {len(self)} items, {len(self.events)} events, "
            f"{len(self.undecoded)} undecoded, {self.noise_bytes} bytes of noise>"
        )

    def add(self, frames: Frames, harvest: Harvest) -> None:
        """Adds the rows of a stretch."""
        for number, data in harvest.tables.items():
            spec = self._plan.tables[number]
            if number == UNDECODED_TABLE:
                self.undecoded.parts.append(Part(frames, data))
                continue
            tables = self.events if isinstance(spec.entry, EventEntry) else self.items_by_key
            table = tables.get(spec.key)
            if table is None:
                table = tables[spec.key] = Table(spec, self._plan)
            table.parts.append(Part(frames, data))

    def finish(self, indexes: list[FrameIndex], consumed: int) -> None:
        """Takes the indexes of all stretches, and puts the tables into the order of the catalogue."""
        self._indexes = indexes
        self.frames = sum(map(len, indexes))
        self.consumed = consumed
        for tables in (self.items_by_key, self.events):
            ordered = sorted(tables.values(), key=lambda table: _order(table.spec))
            tables.clear()
            tables.update((table.key, table) for table in ordered)


def _order(spec: TableSpec) -> tuple[int, int]:
    entry = spec.entry
    return (0, entry.erc) if isinstance(entry, EventEntry) else (entry.afn, entry.fn) if entry else (0, 0)


def scan(
    buffer: Buffer | Iterable[bytes],
    *,
    address_size: int = 5,
    max_length: int = MAX_NETWORK,
    threads: int = 1,
) -> FrameIndex:
    """Finds and validates all frames of a buffer, and indexes them.

    The compiled implementation lets other threads run meanwhile and works at the order of memory speed.

    Args:
        buffer: any contiguous bytes (bytes, bytearray, memoryview, mmap), which are not copied; or an Arrow array of
            binary values or an iterable of bytes, each of which is searched by itself. Offsets count from the first
            byte of the buffer, or of the values one behind the other.
        address_size: bytes of the address field, 5 or 7.
        max_length: largest L1 that is believed; ``MAX_RADIO`` for a capture of a radio channel.
        threads: how many work at once.

    Returns:
        One array a field (offset, length, tag, C, A1, A2, A3, AFN, SEQ), one place in each array a frame.

    Raises:
        TypeError: the argument is neither buffer nor frames.
        BufferError: the buffer is not contiguous.
        ValueError: an option is out of its range.
    """
    check_options(address_size, max_length)
    given = as_input(buffer)
    if given.bounds is not None:
        return _implementation.scan(given.view, address_size=address_size, max_length=max_length, bounds=given.bounds)
    options = Options(address_size, max_length, final=True)
    if threads <= 1:
        return _search(given.view, 0, len(given.view), options)

    def search(start: int, stop: int) -> _Found:
        return _Found(_search(given.view, start, stop, options))

    parts = [found.index for _, found in _in_order(len(given.view), threads, search)]
    return FrameIndex.joined(parts, len(given.view))


def decode(
    frames: Buffer | Iterable[Any],
    *,
    select: Iterable[str] | Mapping[str, Iterable[str] | None] | None = None,
    edition: Edition | str | None = None,
    catalogue: Catalogue | None = None,
    address_size: int = 5,
    max_length: int = MAX_NETWORK,
    ffff_is_all: bool = False,
    times: Sequence[Any] | None = None,
    sources: Sequence[str | None] | None = None,
    offset: int | Sequence[int] = 0,
    number: int = 0,
    final: bool = True,
    threads: int = 1,
) -> Tables:
    """Decodes all frames of a buffer into tables.

    The values are those of ``plmsproto.decode``. The compiled implementation lets other threads run meanwhile.

    Args:
        frames: as for ``scan``; an iterable may hold ``Frame`` objects too.
        select: keys of the items and events that are wanted, or a mapping of them to the fields that are; by default
            everything. Frames in which the standard's reading finds nothing of it are not looked at any further.
        edition: read all frames as this edition; by default each as the newest under which it fits.
        catalogue: where items are looked up, if not in the library's own.
        address_size: bytes of the address field, 5 or 7.
        max_length: largest L1 that is believed.
        ffff_is_all: DA ``FF FF`` means all points in the 376.1 family too.
        times: for entries: when each was received, as datetimes or microseconds since 1970, ``None`` where unknown.
        sources: for entries: where each came from.
        offset: what byte offsets count from; for entries also one for each.
        number: what frames are counted from.
        final: whether these are all bytes of a stream (a buffer only); if not, see ``Tables.consumed``.
        threads: how many work at once; the result is the same.

    Returns:
        One table for each item that occurs, and what did not decode.

    Raises:
        TypeError: the argument is neither buffer nor frames.
        BufferError: the buffer is not contiguous.
        ValueError: an option is out of its range, or there is not one time, source or offset for each entry.
        EncodeError: there is no such edition, item, event or field.
    """
    check_options(address_size, max_length)
    given = as_input(frames)
    entries = 0 if given.bounds is None else len(given.bounds) - 1
    for name, values in (("times", times), ("sources", sources), ("offset", offset)):
        if values is None or isinstance(values, int):
            continue
        if given.bounds is None:
            raise ValueError(f"{name} are for entries, not for one buffer")
        if len(values) != entries:
            raise ValueError(f"{name} has {len(values)} values for {entries} entries")
    if given.bounds is not None and not final:
        raise ValueError("entries are always whole: final=False is for one buffer")
    options = Options(address_size, max_length, final)
    base = Frames(FrameIndex.empty(), number, 0, times=times, sources=sources)
    if given.bounds is None:
        assert isinstance(offset, int)
        base.offset = offset
    elif not isinstance(offset, int):
        base.shifts = array("q", (start - bound for start, bound in zip(offset, given.bounds, strict=False)))
    else:
        base.offset = offset
    if select is not None and not isinstance(select, (str, Mapping)):
        select = tuple(select)  # it may be asked for more than once
    while True:
        plan = plan_for(catalogue or default_catalogue(), edition, ffff_is_all=ffff_is_all, select=select)
        try:
            return _tables(given, plan, options, threads, base)
        except OutdatedError:
            # Something was added to the catalogue meanwhile; then what was derived from it is forgotten.
            if plan in plan.catalogue.derived.values():
                raise


def _tables(given: Input, plan: Plan, options: Options, threads: int, base: Frames) -> Tables:
    """Reads all of the input by one plan; ``base`` has what is the same for all frames."""
    tables = Tables(plan)
    if given.bounds is None:
        stretches = _stretches(given.view, plan, options, threads)
    else:
        stretches = _entry_stretches(given.view, given.bounds, plan, options, threads)
    first_entry, number = 0, base.number
    indexes: list[FrameIndex] = []
    for bounds, index, harvests in stretches:
        _add_noise(tables, given.view, replace(base, index=index, entry=index.entry), bounds, first_entry, options)
        first_entry += len(bounds) - 1
        first = 0
        for harvest in harvests:
            last = first + len(harvest.editions)
            part = index if len(harvests) == 1 else index.part(first, last)
            tables.add(
                replace(base, index=part, number=number + first, editions=harvest.editions, entry=part.entry), harvest
            )
            first = last
        number += len(index)
        indexes.append(index)
    end = indexes[-1].end if indexes and not options.final else len(given.view)
    tables.finish(indexes, end)
    return tables


def plan_for(
    catalogue: Catalogue,
    edition: Edition | str | None,
    *,
    ffff_is_all: bool,
    select: Iterable[str] | Mapping[str, Iterable[str] | None] | None,
) -> Plan:
    """The plan of a catalogue and options, made once."""
    if isinstance(select, str):
        raise TypeError("select is several keys, not one text")
    wanted: dict[str, frozenset[str] | None] | None = None
    if isinstance(select, Mapping):
        wanted = {key: None if fields is None else frozenset(fields) for key, fields in select.items()}
    elif select is not None:
        wanted = dict.fromkeys(select)
    chosen = None if edition is None else as_edition(edition)
    derived = catalogue.derived
    mark = "bulk", chosen, ffff_is_all, None if wanted is None else frozenset(wanted.items())
    plan: Plan | None = derived.get(mark)
    if plan is None:
        plan = Plan(catalogue, chosen, ffff_is_all=ffff_is_all, select=wanted)
        if sum(isinstance(known, Plan) for known in list(derived.values())) < _MOST_PLANS:
            plan = derived.setdefault(mark, plan)
    assert plan is not None
    return plan


# Stretches


def _search(view: memoryview, start: int, stop: int, options: Options) -> FrameIndex:
    return _implementation.scan(
        view,
        address_size=options.address_size,
        max_length=options.max_length,
        start=start,
        stop=stop,
        final=options.final,
    )


class _Found:
    """What work on a stretch of a buffer gives: the frames in it, and more if there is more."""

    def __init__(self, index: FrameIndex, harvests: list[Harvest] | None = None) -> None:
        self.index = index
        self.harvests = harvests or []


def _in_order(size: int, threads: int, work: Callable[[int, int], _Found]) -> Iterator[tuple[int, _Found]]:
    """Does work on all stretches of a buffer; yields where each begins, and what came of it."""
    if threads <= 1:
        position = 0
        while position < size:
            stop = min(position + STRETCH, size)
            found = work(position, stop)
            yield position, found
            position = found.index.end
            if position < stop:
                return
        return
    step = min(STRETCH, max(size // (4 * threads), _WINDOW))
    cuts = range(0, size, step)
    position = 0
    with ThreadPoolExecutor(threads) as pool:
        for cut, found in zip(cuts, pool.map(lambda cut: work(cut, min(cut + step, size)), cuts), strict=True):
            stop = min(cut + step, size)
            if position >= stop:
                continue
            first = found.index.offset[0] if found.index.offset else found.index.end
            if first < position:
                # The cut made up a frame, or the head of one to come, inside the frame that it went through.
                found = work(position, stop)
            yield position, found
            position = found.index.end
            if position < stop:
                return


def _stretches(view: memoryview, plan: Plan, options: Options, threads: int) -> Iterator[_Stretch]:
    """Reads a buffer stretch by stretch."""

    def read(start: int, stop: int) -> _Found:
        parts, harvests = list[FrameIndex](), list[Harvest]()
        with _interpreter(plan, options) as interpreter:
            while start < stop:
                target = min(start + _WINDOW, stop)
                parts.append(_search(view, start, target, options))
                _read(interpreter, view, parts[-1], harvests)
                start = parts[-1].end
                if start < target:
                    break
            harvests.append(interpreter.take())
        return _Found(FrameIndex.joined(parts, start), harvests)

    for start, found in _in_order(len(view), threads, read):
        yield _Stretch((start, found.index.end), found.index, found.harvests)


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


def _read(interpreter: Any, view: memoryview, index: FrameIndex, harvests: list[Harvest]) -> None:
    """Reads frames; takes what was written whenever that is much."""
    done = 0
    while done < len(index):
        done = interpreter.run(view, index.offset, index.length, done, len(index))
        if done < len(index):
            harvests.append(interpreter.take())


def _entry_stretches(
    view: memoryview, bounds: array[int], plan: Plan, options: Options, threads: int
) -> Iterator[_Stretch]:
    """Reads entries, as many at a time as make a stretch."""
    step = STRETCH if threads <= 1 else min(STRETCH, max(len(view) // (4 * threads), _WINDOW))
    firsts = [0]
    while firsts[-1] < len(bounds) - 1:
        fitting = bisect_right(bounds, bounds[firsts[-1]] + step, firsts[-1] + 1) - 1
        firsts.append(max(fitting, firsts[-1] + 1))

    def read(first: int, last: int) -> _Stretch:
        within = bounds[first : last + 1]
        index = _implementation.scan(
            view,
            address_size=options.address_size,
            max_length=options.max_length,
            bounds=within,
            first_entry=first,
        )
        harvests: list[Harvest] = []
        with _interpreter(plan, options) as interpreter:
            _read(interpreter, view, index, harvests)
            harvests.append(interpreter.take())
        return _Stretch(within, index, harvests)

    if threads <= 1:
        yield from map(read, firsts[:-1], firsts[1:])
        return
    with ThreadPoolExecutor(threads) as pool:
        yield from pool.map(read, firsts[:-1], firsts[1:])


def _add_noise(
    tables: Tables, view: memoryview, frames: Frames, bounds: Sequence[int], first_entry: int, options: Options
) -> None:
    """Adds what lies between the frames of a stretch."""
    offsets, lengths, entries = _implementation.gaps(frames.index, bounds)
    if not offsets:
        return
    tables.noise_bytes += sum(lengths)
    if max(lengths) > _LONGEST_NOISE:
        pieces = [
            (at, min(_LONGEST_NOISE, start + length - at), entry)
            for start, length, entry in zip(offsets, lengths, entries, strict=True)
            for at in range(start, start + length, _LONGEST_NOISE)
        ]
        offsets, lengths, entries = (
            array(code, column) for code, column in zip("QQI", zip(*pieces, strict=True), strict=True)
        )
    if first_entry:
        entries = array("I", (first_entry + entry for entry in entries))
    runs = [bytes(view[start : start + length]) for start, length in zip(offsets, lengths, strict=True)]
    known = Frames(frames.index, entry=entries, times=frames.times, sources=frames.sources)
    if frames.shifts is not None:
        offsets = array("Q", (start + frames.shifts[entry] for start, entry in zip(offsets, entries, strict=True)))
    elif frames.offset:
        offsets = array("Q", (start + frames.offset for start in offsets))
    tables.noise.parts.append(Part(known, cache(lambda: _noise_data(offsets, runs, options))))


def _noise_data(offsets: array[int], runs: list[bytes], options: Options) -> TableData:
    """The rows of runs of noise. What is wrong with each takes longer to tell than to find it."""
    builder = TableBuilder(NOISE)
    for offset, run in zip(offsets, runs, strict=True):
        for column, value in enumerate((offset, len(run), _noise_reason(run, options).encode(), run)):
            builder.put(column, value)
        builder.counts[0] += 1
    return builder.data()


def _noise_reason(raw: bytes, options: Options) -> str:
    if START not in raw:  # nearly always: wake-up bytes, line noise
        return _NO_HEAD
    noise = make_noise(raw, 0, address_size=options.address_size, max_length=options.max_length)
    return noise.error.reason


_NO_HEAD: Final = make_noise(b"\0", 0).error.reason
