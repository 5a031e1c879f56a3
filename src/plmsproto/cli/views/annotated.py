"""The annotated dump: offset, bytes, field, value, unit, note; the arithmetic of L, Pn, Fn and CS shown."""

from __future__ import annotations

from typing import TextIO

from rich.cells import cell_len, set_cell_size

from ...layout import Span, Undecoded
from ...link import Noise
from .base import Result, View, Words, grouped, make_console, printable
from .printer import Printer

_BYTES_A_LINE = 8
_FIELD_CELLS = 34


class AnnotatedView(View):
    """One line a field, the bytes on the left."""

    wants_spans = True

    def __init__(self, out: TextIO, *, lang: str, color: str) -> None:
        super().__init__(out, lang=lang, color=color)
        self.printer = Printer(out, make_console(out, color))
        self._lines: list[str] = []

    def show(self, result: Result) -> None:
        """Prints the lines of one frame or of noise."""
        words = Words(zh=self.zh, catalogue=result.message.catalogue if result.message else None)
        message = result.message
        title = f"{result.capture.place}  "
        if message is not None:
            title += f"{message.direction} {message.afn_name}  {message.address}  [{message.edition}]"
        else:
            assert isinstance(result.capture.event, Noise)
            title += f"{words.pick('noise', '噪声')}: {printable(str(result.capture.event.error))}"
        self._print(title, "bold")
        raw = self._bytes(result)
        for span in result.spans:
            self._show_span(raw, span, words)
        if message is None:
            for at in range(0, len(raw), 16):
                self._print(f"{at:>6}  {raw[at : at + 16].hex(' ').upper()}", "dim")
        for deviation in grouped(message.deviations) if message else ():
            self._print(f"{'':6}  {words.pick('deviation', '偏差')}: {printable(deviation)}", "yellow")
        for error in result.errors if message else ():
            self._print(f"{'':6}  {type(error).__name__}: {printable(str(error))}", "bold red")
        self._print("")
        self.out.write("".join(self._lines))
        self._lines.clear()

    def _bytes(self, result: Result) -> bytes:
        event = result.capture.event
        return event.data if isinstance(event, Noise) else bytes(event)

    def _show_span(self, whole: bytes, span: Span, words: Words) -> None:
        raw = whole[span.offset : span.offset + span.size]
        rows = [raw[at : at + _BYTES_A_LINE].hex(" ").upper() for at in range(0, len(raw), _BYTES_A_LINE)] or [""]
        name = self._name(span, words)
        if cell_len(name) <= _FIELD_CELLS:
            name = set_cell_size(name, _FIELD_CELLS)
        value = words.value(span.value)
        if isinstance(span.value, (bytes, Undecoded)) and value.replace(" ", "") == raw.hex().upper():
            value = ""  # the bytes stand on the left already
        if span.unit and span.value is not None:
            value += f" {words.unit(span.unit)}"
        note = f"  ; {printable(span.note)}" if span.note else ""
        first = f"{span.offset:>6}  {rows[0]:<{3 * _BYTES_A_LINE}}{name}  {value}{note}"
        self._print(first.rstrip(), "red" if isinstance(span.value, Undecoded) else "")
        for number, row in enumerate(rows[1:], 1):
            self._print(f"{span.offset + number * _BYTES_A_LINE:>6}  {row}")

    def _name(self, span: Span, words: Words) -> str:
        if words.zh and span.field is not None and span.field.zh:
            return span.field.zh
        # The unit's name is that of the lines above; the field's own path is what matters here.
        parts = span.path.split(" ")
        return parts[-1] if len(parts) > 1 else span.path

    def _print(self, line: str, style: str = "") -> None:
        self._lines.append(self.printer.line(line, style))
