"""Reader and Writer: a position in the bytes of a body, and what must be remembered on the way through a layout.

A reader never looks beyond the end it was given: a nested body is read by a reader of its own slice. It collects what
was odd instead of stopping at it: values that are none (``Undecoded``), deviations, and the bytes that a value alone
would not give back (``verbatim``). Only a structure that does not fit ends the reading, with an error.

What the layers above must lend (event layouts, the units inside task data) comes in as a ``Context``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from ..errors import BadValueError, PlmsError, TruncatedError
from ..formats import NO_DATA, Format

if TYPE_CHECKING:
    from .nodes import Field, Record

FILL_RUN = 3
"""EEH in a one-byte binary field is taken for "no data" if it lies in a run of at least this many."""


@dataclass(slots=True, frozen=True)
class Undecoded:
    """Bytes that could not be understood, kept as they came, with the reason.

    Attributes:
        raw: the bytes.
        error: why they could not be understood, if it is known.
    """

    raw: bytes
    error: PlmsError | None = None

    def __repr__(self) -> str:
        return f"<undecoded {self.raw.hex(' ').upper()}>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Undecoded) and self.raw == other.raw

    def __hash__(self) -> int:
        return hash(self.raw)


class Span(NamedTuple):
    """Which bytes became which value: one line of an annotated dump.

    Attributes:
        offset: of the first byte, from the start of the frame.
        size: how many bytes.
        path: the field's place, such as ``record[0].data.voltage_a``.
        value: what was read.
        unit: of the value, if it has one.
        note: arithmetic, deviation or error, in words.
        field: the catalogue's field, where there is one.
    """

    offset: int
    size: int
    path: str
    value: Any
    unit: str = ""
    note: str = ""
    field: Field | None = None


class Context(Protocol):
    """What a body needs from above its own layout."""

    length_includes_head: bool
    """Event records count their two head bytes into their length (a known deviation)."""

    check_bounds: bool
    """Refuse to write values outside the range that the standard allows."""

    def event_key(self, erc: int) -> str | None:
        """The key of an event record, if the catalogue has the event in this edition."""

    def event_zh(self, erc: int) -> str:
        """The Chinese name of an event record; empty if the catalogue has none."""

    def event_erc(self, key: str) -> int:
        """The event code of a key; raises ``UnknownItemError`` if the edition has no such event."""

    def event_body(self, erc: int) -> Record | None:
        """The layout of an event record's body."""

    def event_slack(self, erc: int) -> int:
        """How many bytes too few some devices write into the record's length."""

    def read_units(self, reader: Reader, afn: int) -> list[Any]:
        """Reads data units, each with its identifier, up to the end of the body."""

    def write_units(self, writer: Writer, afn: int, units: list[Any]) -> None:
        """Writes data units, each with its identifier."""

    def unit_body(self, unit: Any) -> Record | None:
        """The layout that read a data unit, or would write it, if the catalogue has it."""


class Reader:
    """Reads ``data[start:stop]``.

    Attributes:
        data: the bytes; offsets count from their start.
        position, stop: where the reader is, and where the body ends.
        numbers: the raw numbers of fields that counts and conditions refer to.
        prefix: what the place of every field begins with, such as ``0C F25 p1``.
        path: names and indices that lead to the present field.
        errors: values that were none, in order.
        deviations: what a device did differently, in words.
        verbatim: path → bytes that the value at that path does not give back by itself.
        spans: one entry per field if an annotated dump is wanted, else ``None``.
    """

    __slots__ = (
        "context",
        "data",
        "deviations",
        "errors",
        "numbers",
        "path",
        "position",
        "prefix",
        "spans",
        "start",
        "stop",
        "verbatim",
    )

    def __init__(
        self,
        data: bytes,
        start: int,
        stop: int,
        context: Context,
        *,
        prefix: str = "",
        spans: list[Span] | None = None,
    ) -> None:
        self.data = data
        self.start = start
        self.position = start
        self.stop = stop
        self.context = context
        self.prefix = prefix
        self.path: list[str] = []
        self.numbers: dict[Any, int | None] = {}
        self.errors: list[PlmsError] = []
        self.deviations: list[str] = []
        self.verbatim: dict[str, bytes] = {}
        self.spans = spans

    @property
    def remaining(self) -> int:
        """Bytes up to the end of the body."""
        return self.stop - self.position

    @property
    def place(self) -> str:
        """Where the reader is, as text: ``0E F1 p0 record[0].data.voltage_a``."""
        return f"{self.prefix} {join_path(self.path)}".strip()

    def take(self, size: int) -> bytes:
        """The next ``size`` bytes.

        Raises:
            TruncatedError: the body ends before.
        """
        if size > self.stop - self.position:
            raise TruncatedError(
                "the data end inside a field",
                offset=self.position,
                path=self.place,
                found=f"{self.remaining} bytes",
                expected=str(size),
            )
        raw = self.data[self.position : self.position + size]
        self.position += size
        return raw

    def value(self, form: Format, raw: bytes, field: Field | None) -> Any:
        """The value of bytes just taken, with everything noted that the value does not say."""
        note = ""
        try:
            value = None if form.fill_is_ambiguous and self.in_fill_run(raw) else form.decode(raw)
        except BadValueError as error:
            value = self.undecoded(raw, error)
            note = error.reason
        else:
            if value is None or not form.injective:
                note = self._keep(form, raw, value)
        if self.spans is not None:
            self.span(raw, value, field, note)
        return value

    def undecoded(self, raw: bytes, error: PlmsError) -> Undecoded:
        """Notes the error of bytes just taken and keeps the bytes in the value's place."""
        error.offset = self.position - len(raw) if error.offset is None else error.offset
        error.path = error.path or self.place
        # A kept error must not keep the stack alive in which it was found.
        error.__traceback__ = error.__context__ = None
        self.errors.append(error)
        return Undecoded(raw, error)

    def deviate(self, what: str) -> None:
        """Notes what a device did differently at the present place."""
        place = self.place
        self.deviations.append(f"{place}: {what}" if place else what)

    def span(
        self, raw: bytes, value: Any, field: Field | None = None, note: str = "", *, at: int | None = None
    ) -> None:
        """Notes which bytes (by default: those just taken) became which value."""
        if self.spans is not None:
            offset = self.position - len(raw) if at is None else at
            unit = field.unit if field else ""
            self.spans.append(Span(offset, len(raw), self.place, value, unit, note, field))

    def part(self, size: int) -> Reader:
        """A reader for the next ``size`` bytes alone, with numbers of its own; what is odd is noted here."""
        inner = self.unit(self.prefix, size)
        inner.path = self.path
        inner.verbatim = self.verbatim
        return inner

    def unit(self, prefix: str, size: int | None = None) -> Reader:
        """A reader for the next ``size`` bytes (by default the rest) under another name, with paths of its own."""
        stop = self.stop if size is None else self.position + size
        inner = Reader(self.data, self.position, stop, self.context, prefix=prefix, spans=self.spans)
        inner.errors = self.errors
        inner.deviations = self.deviations
        return inner

    def mark(self) -> tuple[int, ...]:
        """The present state of what is collected, for ``back_to``."""
        spans = len(self.spans) if self.spans is not None else 0
        return self.position, len(self.path), len(self.errors), len(self.deviations), len(self.verbatim), spans

    def back_to(self, mark: tuple[int, ...]) -> None:
        """Forgets what was collected since ``mark``, after an attempt that failed."""
        self.position, path, errors, deviations, verbatim, spans = mark
        del self.path[path:]
        del self.errors[errors:]
        del self.deviations[deviations:]
        while len(self.verbatim) > verbatim:
            self.verbatim.popitem()
        if self.spans is not None:
            del self.spans[spans:]

    def _keep(self, form: Format, raw: bytes, value: Any) -> str:
        """Keeps bytes that the value would not give back; returns what is odd about them."""
        if not (value is None and form.size is None) and form.encode(value) == raw:
            return ""
        self.verbatim[join_path(self.path)] = bytes(raw)
        remark = form.remark(raw, value)
        if remark:
            self.deviate(remark)
        return remark

    def in_fill_run(self, raw: bytes) -> bool:
        """Whether the one byte just taken is one of at least ``FILL_RUN`` EEH in a row."""
        if raw[0] != NO_DATA:
            return False
        at = self.position - 1
        around = self.data[max(self.start, at - FILL_RUN + 1) : min(self.stop, at + FILL_RUN)]
        return bytes((NO_DATA,)) * FILL_RUN in around


class Writer:
    """Collects the bytes of a body.

    Attributes:
        out: the bytes so far.
        numbers: as in ``Reader``.
        path: as in ``Reader``.
        verbatim: path → bytes to write instead, wherever they still mean the value at that path.
    """

    __slots__ = ("context", "numbers", "out", "path", "verbatim")

    def __init__(self, context: Context, *, verbatim: dict[str, bytes] | None = None) -> None:
        self.out = bytearray()
        self.context = context
        self.path: list[str] = []
        self.numbers: dict[Any, int | None] = {}
        self.verbatim = verbatim or {}

    @property
    def place(self) -> str:
        """The path as text."""
        return join_path(self.path)

    def put(self, form: Format, value: Any) -> None:
        """Writes a value: its verbatim bytes if they still mean it, else the format's own."""
        raw = as_undecoded(value)
        if raw is None:
            kept = self.verbatim.get(self.place) if self.verbatim else None
            raw = kept if kept is not None and _still_means(form, kept, value) else form.encode(value)
        elif form.size is not None and len(raw) != form.size:
            raw = form.encode(raw)  # says what is wrong with the length
        self.out += raw

    def part(self) -> Writer:
        """A writer for a nested body, whose bytes the caller appends."""
        inner = Writer(self.context, verbatim=self.verbatim)
        inner.path = self.path
        return inner


def _still_means(form: Format, kept: bytes, value: Any) -> bool:
    if form.size is not None and len(kept) != form.size:
        return False
    try:
        return bool(form.decode(kept) == (None if value is None else form.coerce(value)))
    except BadValueError:
        return False


def as_undecoded(value: Any) -> bytes | None:
    """The bytes of an ``Undecoded``, or of its form in JSON; ``None`` for any other value."""
    if isinstance(value, Undecoded):
        return value.raw
    if isinstance(value, dict) and "raw" in value and value.keys() <= {"raw", "error"}:
        try:
            return bytes.fromhex(value["raw"])
        except (TypeError, ValueError):
            return None
    return None


def join_path(parts: list[str]) -> str:
    """``["record", "[0]", "data"]`` as ``record[0].data``."""
    return ".".join(parts).replace(".[", "[")
