"""Tables as Arrow has them, and Arrow arrays as input: all of the library that needs pyarrow.

Numbers, offsets and validity bits are handed over as they were written, without a copy. Only what Arrow has in another
form is made here: names of codes, decimals wider than they are kept, columns from the index of frames.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from .columns import NO_EDITION, ColumnData, TableData
from .plan import EDITIONS
from .schema import Column, Kind
from .tables import DIRECTIONS, FrameColumn, Frames, Part, Table, as_numbers, frame_columns

DECIMALS: Final = ("decimal128", "decimal", "int", "float")
"""What numbers with decimals may be."""

_INTEGERS: Final = {
    (1, False): pa.uint8(),
    (2, False): pa.uint16(),
    (4, False): pa.uint32(),
    (8, False): pa.uint64(),
    (1, True): pa.int8(),
    (2, True): pa.int16(),
    (4, True): pa.int32(),
    (8, True): pa.int64(),
}
_PLAIN: Final = {
    Kind.FLAG: pa.bool_(),
    Kind.TIMESTAMP: pa.timestamp("s"),
    Kind.DATE: pa.date32(),
    Kind.TIME_OF_DAY: pa.time32("s"),
    Kind.TEXT: pa.string(),
    Kind.BYTES: pa.binary(),
}
_NAMES: Final = pa.dictionary(pa.int32(), pa.string())
_FRAME_TYPES: Final = {
    "int64": pa.int64(),
    "uint32": pa.uint32(),
    "uint8": pa.uint8(),
    "flag": pa.bool_(),
    "text": _NAMES,
    "time": pa.timestamp("us"),
}


def to_arrow(table: Table, decimals: str, *, points: bool) -> pa.Table:
    """See ``Table.to_arrow``."""
    maker = _Maker(table, decimals)
    schema = maker.schema()
    made = pa.Table.from_batches([maker.batch(part, schema) for part in table.parts], schema)
    return _by_point(made, table) if points else made


def schema_of(table: Table, decimals: str, *, points: bool) -> pa.Schema:
    """See ``Table.schema``."""
    schema = _Maker(table, decimals).schema()
    return _by_point(schema.empty_table(), table).schema if points else schema


_LIKE_BINARY: Final = (pa.types.is_binary_view, pa.types.is_fixed_size_binary, pa.types.is_null)


def binary_values(values: Any) -> tuple[memoryview, array[int]]:
    """The bytes of an Arrow array of binary values, and where in them each value begins and the last ends.

    Raises:
        TypeError: its values are not binary.
    """
    chunked = pa.chunked_array(values) if not isinstance(values, (pa.Array, pa.ChunkedArray)) else values
    if isinstance(chunked, pa.ChunkedArray):
        chunked = chunked.combine_chunks() if chunked.num_chunks != 1 else chunked.chunk(0)
    if pa.types.is_dictionary(chunked.type):
        chunked = chunked.dictionary_decode()
    if not (pa.types.is_binary(chunked.type) or pa.types.is_large_binary(chunked.type)):
        if not any(is_like(chunked.type) for is_like in _LIKE_BINARY):  # text could be cast, but is hex at best
            raise TypeError(f"an array of binary values expected, not of {chunked.type}")
        chunked = chunked.cast(pa.large_binary())
    if chunked.null_count:
        chunked = pc.fill_null(chunked, b"")
    _, offsets, data = chunked.buffers()
    code = "i" if pa.types.is_binary(chunked.type) else "q"
    if offsets is None or not len(chunked):
        return memoryview(b""), array("Q", [0])
    starts = as_numbers(offsets, code)[chunked.offset : chunked.offset + len(chunked) + 1]
    view = memoryview(data if data is not None else b"").cast("B")[starts[0] : starts[-1]]
    # What is not cut out of a larger array begins with 0.
    return view, array("Q", (start - starts[0] for start in starts) if starts[0] else starts.tolist())


class _Maker:
    """Makes the Arrow arrays of one table."""

    def __init__(self, table: Table, decimals: str) -> None:
        if decimals not in DECIMALS:
            raise ValueError(f"decimals are one of {', '.join(DECIMALS)}, not {decimals!r}")
        self.table = table
        self.spec = table.spec
        self.decimals = decimals
        self.frame_columns = frame_columns(table.spec)

    # ---- schema

    def schema(self) -> pa.Schema:
        fields = [
            pa.field(each.name, _FRAME_TYPES[each.kind], metadata=_metadata(each.name.replace("_", " "), each.zh))
            for each in self.frame_columns
        ]
        fields += [self._field(number) for number in self.spec.shown()]
        entry = self.spec.entry
        metadata = {"key": self.spec.key}
        if entry is not None:
            metadata |= {"title": entry.title, "en": entry.en, "zh": entry.zh}
        return pa.schema(fields, metadata)

    def _field(self, number: int) -> pa.Field:
        column = self.spec.columns[number]
        metadata = _metadata(column.en, column.zh, unit=column.unit)
        numbers = column
        while numbers.kind is Kind.LIST:
            numbers = numbers.children[0]
        if numbers.decimal and self.decimals == "int":
            metadata["scale"] = str(numbers.scale)
        return pa.field(self.table.name_of(number), self._type(number), metadata=metadata)

    def _type(self, number: int) -> pa.DataType:
        column = self.spec.columns[number]
        if column.kind in _PLAIN:
            return _PLAIN[column.kind]
        match column.kind:
            case Kind.NUMBER if column.decimal:
                return self._decimal_type(column)
            case Kind.NUMBER if self.table.told(number) is not None:
                return _NAMES
            case Kind.NUMBER:
                return _INTEGERS[column.width, column.signed]
            case Kind.NAME:
                return _NAMES
            case Kind.LIST:
                return pa.list_(pa.field("item", self._type(number + 1)))
        return pa.struct([self._field(child) for child in self.spec.inside(number)])

    def _decimal_type(self, column: Column) -> pa.DataType:
        match self.decimals:
            case "decimal128":
                return pa.decimal128(column.precision, column.scale)
            case "int":
                return _INTEGERS[column.width, True]
            case "float":
                return pa.float64()
        return _kept_decimal(column)

    # ---- arrays

    def batch(self, part: Part, schema: pa.Schema) -> pa.RecordBatch:
        frames, data = part.frames, part.data
        rows = data.rows
        if self.spec.has_frames:
            frame = pa.Array.from_buffers(pa.uint32(), rows, [None, pa.py_buffer(data.columns[0].data)])
        else:
            frame = pa.array(range(rows), pa.uint32())
        lookup = _Lookup(frames, frame)
        arrays = [lookup.column(each) for each in self.frame_columns]
        arrays += [self._array(number, data) for number in self.spec.shown()]
        return pa.RecordBatch.from_arrays(arrays, schema=schema)

    def _array(self, number: int, data: TableData) -> pa.Array:
        column, kept = self.spec.columns[number], data.columns[number]
        rows = data.counts[column.level]
        valid = None if kept.valid is None else pa.py_buffer(kept.valid)
        match column.kind:
            case Kind.NUMBER if column.decimal:
                return self._decimals(column, kept, rows, valid)
            case Kind.NUMBER:
                numbers, told = _integers(column, kept, rows, valid), self.table.told(number)
                return numbers if told is None else _named(numbers, told)
            case Kind.NAME if column.codes is not None:
                known: Mapping[int, str] = column.codes
                return _named(_integers(column, kept, rows, valid), lambda code: known.get(code, str(code)))
            case Kind.NAME:
                return _places(column, _integers(column, kept, rows, valid))
            case Kind.LIST:
                buffers = [valid, pa.py_buffer(kept.offsets)]
                child = self._array(number + 1, data)
                return pa.Array.from_buffers(self._type(number), rows, buffers, children=[child])
            case Kind.RECORD:
                children = [self._array(child, data) for child in self.spec.inside(number)]
                return pa.Array.from_buffers(self._type(number), rows, [valid], children=children)
            case Kind.TEXT | Kind.BYTES:
                buffers = [valid, pa.py_buffer(kept.offsets), pa.py_buffer(kept.data)]
                return pa.Array.from_buffers(_PLAIN[column.kind], rows, buffers)
        return pa.Array.from_buffers(_PLAIN[column.kind], rows, [valid, pa.py_buffer(kept.data)])

    def _decimals(self, column: Column, kept: ColumnData, rows: int, valid: pa.Buffer | None) -> pa.Array:
        integers = _integers(column, kept, rows, valid)
        match self.decimals:
            case "int":
                return integers
            case "float":
                # Both are exact, so that the quotient is the nearest float.
                return pc.divide(integers.cast(pa.float64()), float(10**column.scale))
        decimals = pa.Array.from_buffers(_kept_decimal(column), rows, [valid, pa.py_buffer(kept.data)])
        return decimals.cast(self._decimal_type(column))


def _metadata(en: str, zh: str, *, unit: str = "") -> dict[str, str]:
    return {name: text for name, text in (("unit", unit), ("en", en), ("zh", zh)) if text}


def _kept_decimal(column: Column) -> pa.DataType:
    """The decimal type whose bytes a column's numbers are."""
    make = pa.decimal32 if column.width == 4 else pa.decimal64
    return make(column.precision, column.scale)


def _integers(column: Column, kept: ColumnData, rows: int, valid: pa.Buffer | None) -> pa.Array:
    kind = _INTEGERS[column.width, column.signed]
    return pa.Array.from_buffers(kind, rows, [valid, pa.py_buffer(kept.data)])


def _places(column: Column, places: pa.Array) -> pa.Array:
    """Names of codes that are kept as places among the names, and after them as numbers."""
    highest = pc.max(places).as_py() or 0
    numbers = [str(code) for code in range(highest + 1 - len(column.names))]
    return pa.DictionaryArray.from_arrays(places.cast(pa.int32()), pa.array([*column.names, *numbers], pa.string()))


def _named(codes: pa.Array, name: Callable[[int], str | None]) -> pa.Array:
    """Names of codes, by a function."""
    encoded = codes.dictionary_encode()
    names = [name(code) for code in encoded.dictionary.to_pylist()]
    return _dictionary(encoded.indices, names)


def _dictionary(places: pa.Array, names: Sequence[str | None]) -> pa.Array:
    """A dictionary array; a name that is ``None`` becomes a null."""
    if None in names:
        places = pc.if_else(
            pc.is_in(places, pa.array([at for at, name in enumerate(names) if name is None], places.type)),
            pa.scalar(None, places.type),
            places,
        )
    filled = ["" if name is None else name for name in names]
    return pa.DictionaryArray.from_arrays(places.cast(pa.int32()), pa.array(filled, pa.string()))


class _Lookup:
    """What belongs to the frames of rows."""

    def __init__(self, frames: Frames, frame: pa.Array) -> None:
        self.frames = frames
        self.frame = frame

    def column(self, column: FrameColumn) -> pa.Array:
        return getattr(self, f"_{column.name}")()

    def _of_index(self, name: str, kind: pa.DataType) -> pa.Array:
        """A column of the index for each row."""
        values = getattr(self.frames.index, name)
        whole = pa.Array.from_buffers(kind, len(values), [None, pa.py_buffer(values)])
        return whole.take(self.frame)

    def _frame(self) -> pa.Array:
        return pc.add(self.frame.cast(pa.int64()), pa.scalar(self.frames.number, pa.int64()))

    def _offset(self) -> pa.Array:
        offsets = self._of_index("offset", pa.uint64()).cast(pa.int64())
        if self.frames.shifts is None:
            return pc.add(offsets, pa.scalar(self.frames.offset, pa.int64()))
        shifts = pa.Array.from_buffers(pa.int64(), len(self.frames.shifts), [None, pa.py_buffer(self.frames.shifts)])
        return pc.add(offsets, shifts.take(self._entry()))

    def _entry(self) -> pa.Array:
        entry = self.frames.entry
        assert entry is not None
        return pa.Array.from_buffers(pa.uint32(), len(entry), [None, pa.py_buffer(entry)]).take(self.frame)

    def _time(self) -> pa.Array:
        if self.frames.times is None or self.frames.entry is None:
            return pa.nulls(len(self.frame), pa.timestamp("us"))
        return as_times(self.frames.times).take(self._entry())

    def _source(self) -> pa.Array:
        if self.frames.sources is None or self.frames.entry is None:
            return _dictionary(pa.nulls(len(self.frame), pa.int32()), [])
        encoded = _texts(self.frames.sources)
        return pa.DictionaryArray.from_arrays(encoded.indices.take(self._entry()), encoded.dictionary)

    def _region(self) -> pa.Array:
        return _named(self._of_index("region", pa.uint16()), lambda code: f"{code:04X}")

    def _terminal(self) -> pa.Array:
        return self._of_index("terminal", pa.uint32())

    def _master(self) -> pa.Array:
        return pc.shift_right(self._of_index("a3", pa.uint8()), pa.scalar(1, pa.uint8()))

    def _is_group(self) -> pa.Array:
        return pc.bit_wise_and(self._of_index("a3", pa.uint8()), pa.scalar(1, pa.uint8())).cast(pa.bool_())

    def _direction(self) -> pa.Array:
        up = pc.shift_right(self._of_index("control", pa.uint8()), pa.scalar(7, pa.uint8()))
        return _dictionary(up, DIRECTIONS)

    def _afn(self) -> pa.Array:
        return self._of_index("afn", pa.uint8())

    def _seq(self) -> pa.Array:
        return self._of_index("seq", pa.uint8())

    def _edition(self) -> pa.Array:
        editions = pa.Array.from_buffers(
            pa.uint8(), len(self.frames.editions), [None, pa.py_buffer(self.frames.editions)]
        )
        return _named(editions.take(self.frame), lambda code: None if code == NO_EDITION else str(EDITIONS[code]))


def as_times(times: Any) -> pa.Array:
    """Receive times as Arrow has them."""
    if isinstance(times, pa.ChunkedArray):
        return times.combine_chunks().cast(pa.timestamp("us"))
    if isinstance(times, pa.Array):
        return times.cast(pa.timestamp("us"))
    return pa.array(times, pa.timestamp("us"))


def _texts(texts: Any) -> pa.Array:
    if isinstance(texts, pa.ChunkedArray):
        texts = texts.combine_chunks()
    made = texts if isinstance(texts, pa.Array) else pa.array(texts, pa.string())
    encoded = made if pa.types.is_dictionary(made.type) else made.dictionary_encode()
    return encoded.cast(_NAMES)


# Curves

_OF_POINTS: Final = ("point", "point_time")
"""What rows of points have besides."""


def _by_point(table: pa.Table, made_of: Table) -> pa.Table:
    """One row for each point of a curve, instead of lists; other tables stay as they are."""
    columns = {column.path: number for number, column in enumerate(made_of.spec.columns)}
    # Where fields were selected, the time mark may not be among them.
    marked = (
        number for path, number in columns.items() if len(path) == 1 and (made_of.spec.columns[number].mark,) in columns
    )
    number = next(marked, None)
    if number is None:
        return table
    column = made_of.spec.columns[number]
    table = table.combine_chunks()
    at, mark = (table.schema.get_field_index(made_of.name_of(each)) for each in (number, columns[(column.mark,)]))
    # A field that is called like a column of all points gets out of the way, as elsewhere.
    table = table.rename_columns([f"{each}_field" if each in _OF_POINTS else each for each in table.schema.names])
    lists = _one_chunk(table.column(at))
    parent = pc.list_parent_indices(lists)
    points = pc.list_flatten(lists)
    starts = pc.take(lists.offsets, parent.cast(pa.int64()))
    first = lists.offsets[0].as_py() if len(lists) else 0
    place = pc.subtract(pa.array(range(first, first + len(points)), pa.int64()), starts.cast(pa.int64()))
    times = _point_times(_one_chunk(table.column(mark)).take(parent), place, column.minutes)
    rows = table.remove_column(at).take(parent)
    time_field = pa.field("point_time", times.type, metadata=_metadata("time of the point", "数据点时间"))
    point_field = pa.field("point", pa.uint16(), metadata=_metadata("number of the point, from 0", "数据点序号"))
    value_field = table.schema.field(at).with_type(points.type)
    rows = rows.append_column(point_field, place.cast(pa.uint16()))
    return rows.append_column(time_field, times).append_column(value_field, points)


def _one_chunk(column: pa.ChunkedArray) -> pa.Array:
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def _point_times(marks: pa.Array, place: pa.Array, minutes: Mapping[str, int]) -> pa.Array:
    """When points are: as ``layout.marks.times_of``."""
    density = marks.field(marks.type.get_field_index("density"))
    density = pc.if_else(marks.is_valid(), density.indices, None)
    names = marks.field(marks.type.get_field_index("density")).dictionary.to_pylist()
    interval_of = pa.array([minutes.get(name) or None for name in names], pa.int64())
    interval = interval_of.take(density)
    if (at := marks.type.get_field_index("start_time")) >= 0:
        start = marks.field(at).cast(pa.int64())
        return pc.add(start, pc.multiply(place, pc.multiply(interval, 60))).cast(pa.timestamp("s"))
    hour = marks.field(marks.type.get_field_index("hour")).cast(pa.int64())
    hour = pc.if_else(pc.less(hour, 24), hour, None)
    minute = pc.add(pc.multiply(hour, 60), pc.multiply(pc.add(place, 1), interval))
    minute = pc.subtract(minute, pc.multiply(pc.divide(minute, 1440), 1440))
    return pc.multiply(minute, 60).cast(pa.int32()).cast(pa.time32("s"))
