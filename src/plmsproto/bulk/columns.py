"""The columns of one chunk of input, as interpreters hand them over, and how the pure one builds them.

All is as Arrow has it: numbers one after another in the machine's order of bytes, bits from the lowest, offsets of four
bytes. What the numbers mean is in the table's ``Column``s.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from .schema import Column
from .specs import TableSpec

NO_EDITION: Final = 0xFF
"""Stands for the edition of a frame that was not looked at."""


class ColumnData(NamedTuple):
    """The values of one column, in the form that Arrow has them.

    Attributes:
        data: numbers in the machine's order of bytes, bits of flags from the lowest, or bytes one after another;
            ``None`` for lists and records.
        valid: bits from the lowest, 0 where there is no value; ``None`` if there are values everywhere.
        offsets: of lists and of what varies in length: where each begins, and after the last where it ends, four bytes
            each.
    """

    data: Any
    valid: Any
    offsets: Any


class TableData(NamedTuple):
    """The rows of one table.

    Attributes:
        rows: how many.
        columns: one for each of ``TableSpec.columns``.
        counts: how many rows each level has.
    """

    rows: int
    columns: tuple[ColumnData, ...]
    counts: tuple[int, ...]


class RowBatch(NamedTuple):
    """What came of a chunk of frames.

    Attributes:
        tables: number of the table in the plan → its rows.
        editions: for each frame the number of its edition; ``NO_EDITION`` if it was passed over.
    """

    tables: Mapping[int, TableData]
    editions: Any


class TableBuilder:
    """Columns that grow: a Python list each. Of records ``True`` marks those that are there; ``None`` is a null."""

    def __init__(self, spec: TableSpec) -> None:
        self.spec = spec
        self.values: list[list[Any]] = [[] for _ in spec.columns]
        self.counts = [0] * spec.levels
        self.levels: list[list[tuple[int, int]]] = [[] for _ in range(spec.levels)]
        for number, column in enumerate(spec.columns):
            self.levels[column.level].append((number, column.child))

    def put(self, row: Mapping[int, Any], level: int = 0) -> None:
        """Appends a row: column → value, or a list of rows for the entries of a list; what is missing is null."""
        for column, child in self.levels[level]:
            value = row.get(column)
            if child and value is not None:
                for entry in value:
                    self.put(entry, child)
                value = self.counts[child]
            self.values[column].append(value)
        self.counts[level] += 1

    def data(self) -> TableData:
        """The rows as Arrow has them."""
        columns = tuple(map(self._column_data, self.values, self.spec.columns))
        return TableData(self.counts[0], columns, tuple(self.counts))

    def _column_data(self, values: list[Any], column: Column) -> ColumnData:
        valid = None if None not in values else _bits([value is not None for value in values])
        match column.storage:
            case "n":
                width = column.width
                mask = (1 << 8 * width) - 1
                packed = b"".join(((value or 0) & mask).to_bytes(width, sys.byteorder) for value in values)
                return ColumnData(packed, valid, None)
            case "b":
                return ColumnData(_bits([bool(value) for value in values]), valid, None)
            case "v":
                offsets = array("i", [0])
                for value in values:
                    offsets.append(offsets[-1] + len(value or b""))
                return ColumnData(b"".join(value or b"" for value in values), valid, offsets)
            case "l":
                offsets = array("i", [0])
                for end in values:
                    offsets.append(offsets[-1] if end is None else end)
                return ColumnData(None, valid, offsets)
        return ColumnData(None, valid, None)


def _bits(flags: Sequence[bool]) -> bytes:
    word = sum(1 << place for place, flag in enumerate(flags) if flag)
    return word.to_bytes((len(flags) + 7) // 8, "little")
