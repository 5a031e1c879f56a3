"""How data units become bytes: by compiled code if it is there, and in any case as ``units`` defines it.

The counterpart of ``reading``. The compiled code writes what it is sure of, and leaves the rest to the reference, so
that bytes and errors are the reference's.
"""

from __future__ import annotations

from collections.abc import Callable

from .._fast import IMPLEMENTATION
from ..catalogue import Catalogue
from ..layout import Writer
from ..link import Direction
from .units import BodyContext, DataUnit, Reading, write_units

FastEncode = Callable[[Catalogue, Direction, Reading, bool, int, list[DataUnit]], bytes | None]

fast_encode: FastEncode | None = None
"""Writes data units several times as fast; ``None`` for those that the reference has to write. There is none in pure
Python.
"""
if IMPLEMENTATION == "fast":
    from .._fast._writing import fast_encode


def unit_bytes(
    catalogue: Catalogue, direction: Direction, reading: Reading, check_bounds: bool, afn: int, units: list[DataUnit]
) -> bytes:
    """The bytes of data units.

    Args:
        catalogue: where items are looked up.
        direction: which way they go.
        reading: edition and assumptions.
        check_bounds: refuse values outside the range that the standard allows.
        afn: the AFN that they travel under.
        units: the data units, in order.

    Raises:
        EncodeError: a value does not fit its layout.
        UnknownItemError: the catalogue does not know an Fn whose body is not raw.
    """
    if fast_encode is not None:
        written = fast_encode(catalogue, direction, reading, check_bounds, afn, units)
        if written is not None:
            return written
    context = BodyContext(catalogue, direction, reading, check_bounds=check_bounds)
    writer = Writer(context)
    write_units(writer, context, afn, units)
    return bytes(writer.out)
