"""Tables: which columns they have, in which order, and what all rows begin with.

Which columns the fields of an item become is defined in ``schema``; rows and their values are in ``tables``.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from ..catalogue.entries import EventEntry, ItemEntry
from .schema import Column, Kind, Schema


class TableSpec(NamedTuple):
    """One table.

    Attributes:
        key: of the item or event.
        entry: the item or event; ``None`` for a table that is of neither.
        schema: its fields' columns.
        columns: all columns in order, those that every row has first; each before those inside it.
        levels: how many levels there are: the table's own rows, and the entries of each list.
    """

    key: str
    entry: ItemEntry | EventEntry | None
    schema: Schema
    columns: tuple[Column, ...]
    levels: int

    @property
    def has_frames(self) -> bool:
        """Whether each row is of a frame, whose number is in the first column."""
        return self.columns[0].path == ROW_COLUMNS[0].path

    def inside(self, number: int) -> list[int]:
        """The places of the columns that are directly inside one; the outermost, for -1."""
        at, end = number + 1, len(self.columns)
        if number >= 0:
            end = at + self.columns[number].descendants
        found = []
        while at < end:
            found.append(at)
            at += 1 + self.columns[at].descendants
        return found

    def shown(self) -> list[int]:
        """The outermost columns that are shown as they are: all but the number of the frame in its part."""
        return self.inside(-1)[int(self.has_frames) :]


ROW_COLUMNS: Final = (
    Column(("frame",), Kind.NUMBER, highest=0xFFFF_FFFF),
    Column(("pn",), Kind.NUMBER, highest=0xFFFF, zh="信息点"),
)
"""What every row begins with: the frame, counted from the first that was read with it, and the information point."""

RECORD_COLUMNS: Final = (
    *ROW_COLUMNS,
    Column(("fn",), Kind.NUMBER, highest=0xFFFF),
    Column(("record",), Kind.NUMBER, highest=0xFFFF),
)
"""What every event record's row begins with: also the Fn it was under, and its place in that data unit."""


def table_spec(key: str, entry: ItemEntry | EventEntry | None, schema: Schema, first: tuple[Column, ...]) -> TableSpec:
    """A table of a schema's columns after those that every row has. It gives the columns their places in the table."""
    columns: list[Column] = []
    levels = 1

    def add(column: Column, level: int) -> None:
        nonlocal levels
        at = len(columns)
        columns.append(column)
        column.level = level
        if column.kind is Kind.LIST:
            column.child, levels = levels, levels + 1
        for each in column.children:
            add(each, column.child or level)
        column.descendants = len(columns) - at - 1

    for column in (*first, *schema.columns):
        add(column, 0)
    return TableSpec(key, entry, schema, tuple(columns), levels)


UNDECODED: Final = table_spec(
    "undecoded",
    None,
    Schema(()),
    (
        *ROW_COLUMNS,
        Column(("fn",), Kind.NUMBER, highest=0xFFFF),
        Column(("unit_afn",), Kind.NUMBER, highest=0xFF),
        Column(("position",), Kind.NUMBER, highest=0xFFFF),
        Column(("reason",), Kind.NUMBER, highest=0xFF),
        Column(("field",), Kind.NUMBER, highest=0xFFFF_FFFF),
        Column(("raw",), Kind.BYTES),
    ),
)
"""What did not decode; an interpreter fills it like any other table. ``reason`` is a ``Fault``, ``field`` the number of
an op of the plan."""

NOISE: Final = table_spec(
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
