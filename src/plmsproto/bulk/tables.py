"""What bulk decoding gives: tables, and the parts that they are made of.

A table keeps its columns as the interpreters wrote them, one part for each chunk of the input; nothing is copied
until somebody asks for rows (``Table.to_pylist``) or for Arrow (``arrow``). What every row begins with (address,
direction, edition and the like) is looked up in the index of frames then.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from numbers import Integral
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from ..catalogue.entries import EventEntry
from ..link import FrameIndex
from .columns import NO_EDITION, ColumnData, RowBatch, TableData
from .faults import REASONS
from .plan import EDITIONS, UNDECODED_TABLE, Plan, field_path
from .schema import Column, Kind
from .specs import NOISE, RECORD_COLUMNS, ROW_COLUMNS, UNDECODED, TableSpec

if TYPE_CHECKING:
    import pyarrow as pa

EPOCH: Final = dt.datetime(1970, 1, 1)
_NUMBER_CODES: Final = {(1, False): "B", (2, False): "H", (4, False): "I", (8, False): "Q"} | {
    (1, True): "b",
    (2, True): "h",
    (4, True): "i",
    (8, True): "q",
}
DIRECTIONS: Final = ("down", "up")


@dataclass(slots=True)
class Frames:
    """The frames of one part: where their rows look up what belongs to the frame.

    Attributes:
        index: the index of the part's frames; their offsets count from ``offset``.
        number: the number of its first frame.
        offset: what offsets count from.
        editions: the edition of each frame, ``NO_EDITION`` if it was passed over.
        entry: which entry of the input each frame is in; ``None`` if the input was one buffer.
        times, sources: of the entries, as the caller gave them.
        shifts: for each entry what is added to offsets in the buffer, if that is not ``offset`` for all.
    """

    index: FrameIndex
    number: int = 0
    offset: int = 0
    editions: bytes = b""
    entry: Sequence[int] | None = None
    times: Any = None
    sources: Any = None
    shifts: Any = None

    def of_entry(self, values: Any, frame: int) -> Any:
        """What the caller said of the entry that a frame is in."""
        return None if values is None or self.entry is None else values[self.entry[frame]]

    def offset_of(self, frame: int) -> int:
        """The byte offset of a frame, as the caller counts."""
        shift = self.offset if self.shifts is None or self.entry is None else self.shifts[self.entry[frame]]
        return int(shift + self.index.offset[frame])


class FrameColumn(NamedTuple):
    """A column that every row has from its frame.

    Attributes:
        name: its name.
        kind: ``int64``, ``uint32`` or ``uint8`` for numbers; ``flag``, ``time``, or ``text`` of which there are few.
        zh: its Chinese name.
        of: its value for a frame.
    """

    name: str
    kind: str
    zh: str
    of: Callable[[Frames, int], Any]


def _edition(frames: Frames, frame: int) -> str | None:
    code = frames.editions[frame]
    return None if code == NO_EDITION else str(EDITIONS[code])


def _time(frames: Frames, frame: int) -> dt.datetime | None:
    return as_datetime(frames.of_entry(frames.times, frame))


def as_datetime(value: Any) -> dt.datetime | None:
    """A receive time as a caller may give it: a datetime, or microseconds since 1970."""
    value = as_python(value)
    if isinstance(value, Integral):
        return EPOCH + dt.timedelta(microseconds=int(value))
    found: dt.datetime | None = value
    if found is not None and found.tzinfo is not None:
        return found.astimezone(dt.UTC).replace(tzinfo=None)
    return found


def as_python(value: Any) -> Any:
    """What an Arrow array has at a place, as a Python value."""
    return value.as_py() if hasattr(value, "as_py") else value


FRAME_COLUMNS: Final = (
    FrameColumn("frame", "int64", "帧序号", lambda frames, frame: frames.number + frame),
    FrameColumn("offset", "int64", "偏移", lambda frames, frame: frames.offset_of(frame)),
    FrameColumn("time", "time", "接收时间", _time),
    FrameColumn("source", "text", "来源", lambda frames, frame: as_python(frames.of_entry(frames.sources, frame))),
    FrameColumn("region", "text", "行政区划码", lambda frames, frame: f"{frames.index.region[frame]:04X}"),
    FrameColumn("terminal", "uint32", "终端地址", lambda frames, frame: frames.index.terminal[frame]),
    FrameColumn("master", "uint8", "主站地址", lambda frames, frame: frames.index.a3[frame] >> 1),
    FrameColumn("is_group", "flag", "组地址标志", lambda frames, frame: bool(frames.index.a3[frame] & 1)),
    FrameColumn("direction", "text", "传输方向", lambda frames, frame: DIRECTIONS[frames.index.control[frame] >> 7]),
    FrameColumn("afn", "uint8", "应用层功能码", lambda frames, frame: frames.index.afn[frame]),
    FrameColumn("seq", "uint8", "帧序列域", lambda frames, frame: frames.index.seq[frame]),
    FrameColumn("edition", "text", "规约版本", _edition),
)
"""What every row has of its frame."""


RESERVED: Final = {each.name for each in FRAME_COLUMNS} | {each.name for each in RECORD_COLUMNS}
"""Names of columns that fields can't have."""


def frame_columns(spec: TableSpec) -> tuple[FrameColumn, ...]:
    """What the rows of a table have of their frames; noise has no frame, only the time and source of its entry."""
    if spec.has_frames:
        return FRAME_COLUMNS
    return tuple(each for each in FRAME_COLUMNS if each.name in ("time", "source"))


def as_numbers(buffer: Any, code: str) -> memoryview:
    """A buffer's bytes as numbers of a ``struct`` code."""
    view: memoryview = memoryview(buffer).cast("B").cast(code)  # type: ignore[call-overload]  # overloaded by code
    return view


class Part(NamedTuple):
    """The rows of one table in one chunk of the input.

    Attributes:
        frames: the frames that the rows are of.
        made: the rows, or what makes them.
    """

    frames: Frames
    made: TableData | Callable[[], TableData]

    @property
    def data(self) -> TableData:
        """The rows."""
        return self.made if isinstance(self.made, TableData) else self.made()


@dataclass(slots=True, repr=False, eq=False)
class Table:
    """Rows of one item, one event record, or of what did not decode.

    It speaks the Arrow PyCapsule interface, so that pyarrow, polars, duckdb and pandas take it as it is; that needs
    pyarrow (``pip install plmsproto[arrow]``).
    """

    spec: TableSpec
    plan: Plan
    parts: list[Part] = field(default_factory=list)

    def name_of(self, number: int) -> str:
        """The name of a column: the field's, with ``_field`` after it if all rows have a column of that name."""
        name = self.spec.columns[number].name
        first = len(RECORD_COLUMNS if isinstance(self.spec.entry, EventEntry) else ROW_COLUMNS)
        is_field = self.spec.entry is not None and number >= first and len(self.spec.columns[number].path) == 1
        if not is_field or name not in RESERVED:
            return name
        name = f"{name}_field"
        while (name,) in self.spec.schema.by_path:
            name += "_field"
        return name

    def told(self, number: int) -> Callable[[int], str | None] | None:
        """What makes text of the numbers of a column of what did not decode; ``None`` if they are shown as they are."""
        match self.spec.columns[number].path:
            case ("reason",) if self.spec is UNDECODED:
                return lambda fault: REASONS[fault]
            case ("field",) if self.spec is UNDECODED:
                return lambda op: field_path(self.plan.ops[op]) or None
        return None

    @property
    def key(self) -> str:
        """The key of the item or event."""
        return self.spec.key

    def __len__(self) -> int:
        return sum(part.data.rows for part in self.parts)

    def __repr__(self) -> str:
        return f"<table {self.key}: {len(self)} rows>"

    def to_pylist(self) -> list[dict[str, Any]]:
        """The rows as dicts; values are those of ``plmsproto.decode``.

        What Arrow has no type for is what Arrow makes of it: parts of times and bit fields are dicts, identifiers are
        dicts of lists, codes without a name are their number as text.
        """
        return list(self.rows())

    def rows(self) -> Iterator[dict[str, Any]]:
        """As ``to_pylist``, one after another."""
        known = frame_columns(self.spec)
        for part in self.parts:
            frames, data = part.frames, part.data
            columns = _Values(self, data)
            for row in range(data.rows):
                frame = columns.value(0, row) if self.spec.has_frames else row
                yield {each.name: each.of(frames, frame) for each in known} | dict(columns.record(row))

    def to_arrow(self, *, decimals: str = "decimal128", points: bool = False) -> pa.Table:
        """The table as a ``pyarrow.Table``.

        Args:
            decimals: what numbers with decimals are: ``decimal128``, which everything reads; ``decimal``, the smallest
                that holds them (decimal32, decimal64), which takes no copy; ``int``, in units of the last place, with
                the ``scale`` in the metadata; ``float``, inexact.
            points: one row for each point of a curve, with its time in ``point_time``, instead of lists.

        Raises:
            ImportError: pyarrow is not installed.
            ValueError: there is no such form of decimals.
        """
        from . import arrow

        return arrow.to_arrow(self, decimals, points=points)

    def schema(self, *, decimals: str = "decimal128", points: bool = False) -> pa.Schema:
        """The schema of ``to_arrow``; it depends on the catalogue alone."""
        from . import arrow

        return arrow.schema_of(self, decimals, points=points)

    def __arrow_c_schema__(self) -> object:
        return self.schema().__arrow_c_schema__()

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self.to_arrow().__arrow_c_stream__(requested_schema)


class Tables(Mapping[str, Table]):
    """What bulk decoding found: a mapping of item keys to tables.

    Attributes:
        events: event key → table of its records.
        undecoded: what did not decode: where, why, and the bytes.
        noise: runs of bytes that are no frame.
        frames: how many frames there are.
        consumed: how many bytes were decided. With ``final=False`` the rest must be given again, with what follows.
        noise_bytes: how many bytes belong to no frame.
    """

    def __init__(self, plan: Plan) -> None:
        self._items: dict[str, Table] = {}
        self.events: dict[str, Table] = {}
        self.undecoded = Table(UNDECODED, plan)
        self.noise = Table(NOISE, plan)
        self.frames = 0
        self.consumed = 0
        self.noise_bytes = 0
        self._plan = plan
        self._indexes: list[FrameIndex] = []

    @property
    def index(self) -> FrameIndex:
        """The frames. It is put together when it is asked for the first time."""
        if len(self._indexes) != 1:
            self._indexes = [FrameIndex.joined(self._indexes, self.consumed)]
        return self._indexes[0]

    def __getitem__(self, key: str) -> Table:
        return self._items[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __repr__(self) -> str:
        return (
            f"<{self.frames} frames: {len(self)} items, {len(self.events)} events, "
            f"{len(self.undecoded)} undecoded, {self.noise_bytes} bytes of noise>"
        )

    def add(self, frames: Frames, batch: RowBatch) -> None:
        """Adds the rows of a chunk."""
        for number, data in batch.tables.items():
            spec = self._plan.tables[number]
            if number == UNDECODED_TABLE:
                self.undecoded.parts.append(Part(frames, data))
                continue
            tables = self.events if isinstance(spec.entry, EventEntry) else self._items
            table = tables.get(spec.key)
            if table is None:
                table = tables[spec.key] = Table(spec, self._plan)
            table.parts.append(Part(frames, data))

    def finish(self, indexes: list[FrameIndex], consumed: int) -> None:
        """Takes the indexes of all chunks, and puts the tables into the order of the catalogue."""
        self._indexes = indexes
        self.frames = sum(map(len, indexes))
        self.consumed = consumed
        for tables in (self._items, self.events):
            ordered = sorted(tables.values(), key=lambda table: _order(table.spec))
            tables.clear()
            tables.update((table.key, table) for table in ordered)


def _order(spec: TableSpec) -> tuple[int, int, str]:
    """By number; where editions have different items under it, by key."""
    entry = spec.entry
    assert entry is not None
    return (0, entry.erc, spec.key) if isinstance(entry, EventEntry) else (entry.afn, entry.fn, spec.key)


class _Values:
    """Python values out of the columns of one part."""

    def __init__(self, table: Table, data: TableData) -> None:
        self.table = table
        self.spec = table.spec
        self.plan = table.plan
        self.data = data
        self.views = [self._view(column, each) for column, each in zip(self.spec.columns, data.columns, strict=True)]
        self.offsets = [None if each.offsets is None else as_numbers(each.offsets, "i") for each in data.columns]
        self.shown = self.spec.shown()

    @staticmethod
    def _view(column: Column, data: ColumnData) -> memoryview | None:
        if data.data is None:
            return None
        return as_numbers(data.data, _NUMBER_CODES[column.width, column.signed] if column.width else "B")

    def record(self, row: int) -> Iterator[tuple[str, Any]]:
        """The outermost fields of a row."""
        for number in self.shown:
            value, told = self.value(number, row), self.table.told(number)
            yield self.table.name_of(number), value if told is None else told(value)

    def value(self, number: int, row: int) -> Any:
        """One value."""
        data, column, view = self.data.columns[number], self.spec.columns[number], self.views[number]
        if data.valid is not None and not memoryview(data.valid).cast("B")[row >> 3] >> (row & 7) & 1:
            return None
        offsets = self.offsets[number]
        match column.kind:
            case Kind.RECORD:
                return {self.spec.columns[child].name: self.value(child, row) for child in self.spec.inside(number)}
            case Kind.LIST:
                assert offsets is not None
                return [self.value(number + 1, entry) for entry in range(offsets[row], offsets[row + 1])]
            case Kind.TEXT | Kind.BYTES:
                assert offsets is not None
                assert view is not None
                raw = bytes(view[offsets[row] : offsets[row + 1]])
                return raw if column.kind is Kind.BYTES else raw.decode()
            case Kind.FLAG:
                assert view is not None
                return bool(view[row >> 3] >> (row & 7) & 1)
        assert view is not None
        return python_value(column, view[row])


def python_value(column: Column, number: int) -> Any:
    """The value of a number as it is kept."""
    match column.kind:
        case Kind.NUMBER:
            return Decimal(number).scaleb(-column.scale) if column.decimal else number
        case Kind.NAME if column.codes is not None:
            return column.codes.get(number, str(number))
        case Kind.NAME:
            return column.names[number] if number < len(column.names) else str(number - len(column.names))
        case Kind.TIMESTAMP:
            return EPOCH + dt.timedelta(seconds=number)
        case Kind.DATE:
            return EPOCH.date() + dt.timedelta(days=number)
        case _:
            return dt.time(number // 3600, number // 60 % 60, number % 60)
