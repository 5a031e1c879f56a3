"""CSV: one row a value, for spreadsheets and other people's scripts."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import Any, Final, TextIO

from ...application.interchange import plain
from ...application.message import Message
from ...application.units import DataUnit
from ...identifier import ALL_POINTS
from ...layout import Undecoded
from ...layout.cursor import join_path
from ...link import Noise
from .base import Result, View

COLUMNS: Final = (
    "source",
    "line",
    "offset",
    "direction",
    "region",
    "terminal",
    "master",
    "edition",
    "afn",
    "fn",
    "pn",
    "key",
    "field",
    "name",
    "value",
    "unit",
)


Row = tuple[object, ...]
"""The cells of one row, as ``COLUMNS`` has them."""


class TableView(View):
    """One row a value. A field that the device has no data for has an empty value; errors have the field ``error``."""

    def __init__(self, out: TextIO, *, lang: str, color: str) -> None:
        super().__init__(out, lang=lang, color=color)
        self._writer = csv.writer(out, lineterminator="\n")

    def begin(self) -> None:
        """Prints the head."""
        self._writer.writerow(COLUMNS)

    def show(self, result: Result) -> None:
        """Prints the rows of a frame, or one of noise."""
        self._writer.writerows(self._rows(result))

    def _rows(self, result: Result) -> Iterator[Row]:
        event, message = result.capture.event, result.message
        where: Row = (result.capture.source, result.capture.line, event.offset)
        if message is None:
            assert isinstance(event, Noise)
            where += ("",) * 6
            yield _remark(where, "noise", event.data.hex().upper())
        else:
            address = message.address
            where += (message.direction, address.region, address.terminal, address.master, message.edition)
            where += (f"{int(message.afn):02X}",)
            for unit in message.units:
                yield from self._unit_rows(where, message, unit)
            if message.rest is not None:
                yield _remark(where, "rest", message.rest.raw.hex().upper())
        for error in result.errors:
            yield _remark(where, "error", str(error), type(error).__name__)

    def _unit_rows(self, where: Row, message: Message, unit: DataUnit) -> Iterator[Row]:
        head = (*where, unit.fn, "all" if unit.pn == ALL_POINTS else unit.pn, unit.key)
        lines = [line for line in message.lines(unit) if not line.group]
        if isinstance(unit.value, Undecoded):
            yield (*head, "raw", "", unit.value.raw.hex().upper(), "")
        elif not lines:
            yield (*head, "", "", "", "")
        for line in lines:
            path = join_path(list(line.path))
            name = line.zh if self.zh else ""
            if isinstance(line.value, list):
                for index, value in enumerate(line.value):
                    yield (*head, f"{path}[{index}]", name, _cell(value), line.unit)
            else:
                yield (*head, path, name, _cell(line.value), line.unit)


def _remark(where: Row, field: str, value: str, name: str = "") -> Row:
    """A row that belongs to no data unit."""
    return (*where, "", "", "", field, name, value, "")


def _cell(value: Any) -> str:
    """A value as CSV knows it; texts that spreadsheets would run as formulas are quoted by an apostrophe."""
    if value is None:
        return ""
    if isinstance(value, Undecoded):
        return value.raw.hex().upper()
    flat = plain(value)
    if isinstance(flat, dict):
        return " ".join(f"{key}={each}" for key, each in flat.items())
    text = str(flat)
    return f"'{text}" if isinstance(flat, str) and text[:1] in ("=", "+", "@") else text
