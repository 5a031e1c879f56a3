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


class TableView(View):
    """One row a value. A field that the device has no data for has an empty value; errors have the field ``error``."""

    def __init__(self, out: TextIO, *, lang: str, color: str) -> None:
        super().__init__(out, lang=lang, color=color)
        self._writer = csv.DictWriter(out, COLUMNS, lineterminator="\n", restval="")

    def begin(self) -> None:
        """Prints the head."""
        self._writer.writeheader()

    def show(self, result: Result) -> None:
        """Prints the rows of a frame, or one of noise."""
        where = {"source": result.capture.source, "line": result.capture.line, "offset": result.capture.event.offset}
        message = result.message
        if message is None:
            event = result.capture.event
            assert isinstance(event, Noise)
            self._writer.writerow({**where, "field": "noise", "value": event.data.hex().upper()})
        else:
            where |= {
                "direction": message.direction,
                "region": message.address.region,
                "terminal": message.address.terminal,
                "master": message.address.master,
                "edition": message.edition,
                "afn": f"{int(message.afn):02X}",
            }
            for unit in message.units:
                for row in self._rows(message, unit):
                    self._writer.writerow({**where, **row})
            if message.rest is not None:
                self._writer.writerow({**where, "field": "rest", "value": message.rest.raw.hex().upper()})
        for error in result.errors:
            self._writer.writerow({**where, "field": "error", "name": type(error).__name__, "value": str(error)})

    def _rows(self, message: Message, unit: DataUnit) -> Iterator[dict[str, Any]]:
        head = {"fn": unit.fn, "pn": "all" if unit.pn == ALL_POINTS else unit.pn, "key": unit.key}
        lines = [line for line in message.lines(unit) if not line.group]
        if isinstance(unit.value, Undecoded):
            yield {**head, "field": "raw", "value": unit.value.raw.hex().upper()}
        elif not lines:
            yield head
        for line in lines:
            values = line.value if isinstance(line.value, list) else [line.value]
            indexed = isinstance(line.value, list)
            for index, value in enumerate(values):
                yield {
                    **head,
                    "field": join_path([*line.path, f"[{index}]"] if indexed else list(line.path)),
                    "name": line.zh if self.zh else "",
                    "value": _cell(value),
                    "unit": line.unit,
                }


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
