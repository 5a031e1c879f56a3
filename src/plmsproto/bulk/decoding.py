"""Decoding and searching in bulk: from bytes, Arrow arrays and lists of frames to tables and indexes."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from ..catalogue import Catalogue, default_catalogue
from ..editions import Edition, as_edition
from ..link import MAX_NETWORK, FrameIndex, _twin
from ..link.constants import check_options
from .chunks import Input, Options, as_input, chunks, entry_chunks, search
from .noise import add_noise
from .plan import Plan
from .tables import Frames, Tables

if TYPE_CHECKING:
    from typing_extensions import Buffer

_MOST_PLANS: Final = 32
"""How many plans a catalogue keeps; there are as many as selections."""


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
            byte of the buffer, or of the values one after the other.
        address_size: bytes of the address field, 5 or 7.
        max_length: largest L1 that is believed; ``MAX_RADIO`` for a capture of a radio channel.
        threads: how many work at once.

    Returns:
        One column a field (offset, length, tag, C, A1, A2, A3, AFN, SEQ), one place in each column a frame.

    Raises:
        TypeError: the argument is neither buffer nor frames.
        BufferError: the buffer is not contiguous.
        ValueError: an option is out of its range.
    """
    check_options(address_size, max_length)
    given = as_input(buffer)
    if given.bounds is not None:
        return _twin.scan(given.view, address_size=address_size, max_length=max_length, bounds=given.bounds)
    options = Options(address_size, max_length, final=True)
    return search(given.view, options, threads)


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
    plan = plan_for(catalogue or default_catalogue(), edition, ffff_is_all=ffff_is_all, select=select)
    return _tables(given, plan, options, threads, base)


def _tables(given: Input, plan: Plan, options: Options, threads: int, base: Frames) -> Tables:
    """Reads all of the input by one plan; ``base`` has what is the same for all frames."""
    tables = Tables(plan)
    if given.bounds is None:
        found = chunks(given.view, plan, options, threads)
    else:
        found = entry_chunks(given.view, given.bounds, plan, options, threads)
    first_entry, number = 0, base.number
    indexes: list[FrameIndex] = []
    for chunk in found:
        index, frames = chunk.index, replace(base, index=chunk.index, entry=chunk.index.entry)
        add_noise(tables, given.view, frames, chunk.bounds, first_entry, options)
        first_entry += len(chunk.bounds) - 1
        first = 0
        for batch in chunk.batches:
            last = first + len(batch.editions)
            part = index if len(chunk.batches) == 1 else index.part(first, last)
            tables.add(
                replace(base, index=part, number=number + first, editions=batch.editions, entry=part.entry), batch
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
    cache = catalogue.cache
    mark = "bulk", chosen, ffff_is_all, None if wanted is None else frozenset(wanted.items())
    plan: Plan | None = cache.get(mark)
    if plan is None:
        plan = Plan(catalogue, chosen, ffff_is_all=ffff_is_all, select=wanted)
        if sum(isinstance(known, Plan) for known in list(cache.values())) < _MOST_PLANS:
            plan = cache.setdefault(mark, plan)
    assert plan is not None
    return plan
