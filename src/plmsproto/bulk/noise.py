"""What lies between frames: the rows of the table of noise."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from functools import cache
from typing import Final

from ..link import _twin, make_noise
from ..link.constants import START
from .chunks import Options
from .columns import TableBuilder, TableData
from .specs import NOISE
from .tables import Frames, Part, Tables

_LONGEST_NOISE: Final = 1 << 16
"""A longer run of noise comes in several rows."""


def add_noise(
    tables: Tables, view: memoryview, frames: Frames, bounds: Sequence[int], first_entry: int, options: Options
) -> None:
    """Adds what lies between the frames of a chunk."""
    offsets, lengths, entries = _twin.gaps(frames.index, bounds)
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
        builder.put(dict(enumerate((offset, len(run), _noise_reason(run, options).encode(), run))))
    return builder.data()


def _noise_reason(raw: bytes, options: Options) -> str:
    if START not in raw:  # nearly always: wake-up bytes, line noise
        return _NO_HEAD
    noise = make_noise(raw, 0, address_size=options.address_size, max_length=options.max_length)
    return noise.error.reason


_NO_HEAD: Final = make_noise(b"\0", 0).error.reason
