"""Gathers rows of many tables until they are worth a write, and keeps the memory for it bounded."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import pyarrow as pa

GROUP: Final = 32 << 20
"""Bytes of a table that make a row group."""

ALL: Final = 128 << 20
"""Bytes that all tables together may hold."""


class Gathering:
    """Rows that wait to be written."""

    def __init__(self, write: Callable[[str, pa.Table], None], *, group: int = GROUP, limit: int = ALL) -> None:
        """Begins with no rows.

        Args:
            write: takes the name of a table and its next rows.
            group: bytes of a table that are written at once.
            limit: bytes of all tables; when there are more, the largest tables are written.
        """
        self._write = write
        self._group = group
        self._limit = limit
        self._tables: dict[str, list[pa.Table]] = {}
        self._sizes: dict[str, int] = {}

    def add(self, name: str, table: pa.Table) -> None:
        """Takes rows of a table."""
        waiting = self._tables.setdefault(name, [])
        self._sizes[name] = self._sizes.get(name, 0) + table.nbytes
        if self._sizes[name] >= self._group:
            waiting.append(table)
            self._flush(name)
        else:
            waiting.append(_copied(table))
        if sum(self._sizes.values()) > self._limit:
            # Down to half of it, so that not every block writes a few rows more.
            for largest in sorted(self._sizes, key=lambda each: self._sizes[each], reverse=True):
                if sum(self._sizes.values()) <= self._limit // 2:
                    break
                self._flush(largest)

    def flush(self) -> None:
        """Writes all that waits."""
        for name in sorted(self._tables):
            self._flush(name)

    def clear(self) -> None:
        """Forgets all that waits."""
        self._tables.clear()
        self._sizes.clear()

    def _flush(self, name: str) -> None:
        tables = self._tables.pop(name)
        del self._sizes[name]
        self._write(name, pa.concat_tables(tables).combine_chunks())


def _copied(table: pa.Table) -> pa.Table:
    """The same rows in memory of their own: that of a decoded table is shared with all others of its block."""
    columns = [pa.concat_arrays(column.chunks) if column.num_chunks else column for column in table.columns]
    return pa.table(columns, table.schema)
