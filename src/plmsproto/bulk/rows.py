"""Frames into columns, in pure Python: the reference of the compiled twin in ``_fast``.

A frame is decoded as ``application.reading`` decodes every frame. Its values are then moved into columns, along the
layouts that read them. Nothing here reads bytes, so the values of a table are those of ``plmsproto.decode``.

A row is a dict: place of a column → value, or a list of rows for the entries of a list. What is missing has no value.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from ..application.reading import Outcome, read_user_data
from ..application.units import BodyContext, DataUnit
from ..errors import BadStructureError, PlmsError
from ..formats import Format
from ..identifier import Identifier, ItemIdentifier, PointCoding, decode_identifier
from ..layout import (
    Bitfield,
    Event,
    Field,
    Leaf,
    ListOf,
    PackedList,
    Record,
    Shape,
    SizedLeaf,
    Undecoded,
    Units,
)
from ..layout.cursor import join_path
from ..layout.event import LENGTH, body_length
from ..layout.nodes import Member, fields_read
from ..link import Direction, Frame
from .binding import NO_COLUMN, NO_TABLE, Bound
from .columns import NO_EDITION, RowBatch, TableBuilder
from .faults import REASONS, Fault
from .plan import AUX_OP, EDITIONS, TP_OP, UNDECODED_TABLE, Plan, Way, set_of
from .schema import Column, Kind

_EPOCH: Final = dt.datetime(1970, 1, 1)
_FAULT_OF: Final = {reason: fault for fault, reason in REASONS.items()}
_CODINGS: Final = (PointCoding.BIT_GROUPS, PointCoding.NUMBERED_GROUP)

MOST_ROWS: Final = 1 << 20
MOST_READ: Final = 1 << 26
"""After so many rows, or bytes of frames, an interpreter stops, for what it wrote to be taken."""

Row = dict[int, Any]


class Interpreter:
    """Reads frames into columns by a plan. For one thread at a time."""

    def __init__(self, plan: Plan, *, address_size: int = 5) -> None:
        """Begins with no rows.

        Args:
            plan: which tables there are, and where values go.
            address_size: bytes of the address field, 5 or 7.
        """
        self.plan = plan
        self.address_size = address_size
        self.tables: dict[int, TableBuilder] = {}
        self.editions = bytearray()

    def run(self, view: memoryview, offsets: Sequence[int], lengths: Sequence[int], first: int, last: int) -> int:
        """Reads the frames ``first`` to before ``last`` of an index, or fewer if there is much in them.

        A few bytes may ask for many points and Fn. So what is kept is bounded by ``MOST_ROWS``, not by the bytes alone.

        Args:
            view: the bytes.
            offsets: where each frame of the index begins.
            lengths: how many bytes each has.
            first: number of the first frame to read.
            last: number of the first one not to read.

        Returns:
            The number of the first one that was not read. If that is not ``last``, what was read must be taken first.
        """
        rows = read = 0
        for number in range(first, last):
            if rows > MOST_ROWS or read > MOST_READ:
                return number
            data = bytes(view[offsets[number] : offsets[number] + lengths[number]])
            rows += self._add_frame(data)
            read += len(data)
        return last

    def take(self) -> RowBatch:
        """Returns what was read since the last time."""
        tables = {number: table.data() for number, table in self.tables.items()}
        batch = RowBatch(tables, bytes(self.editions))
        self.tables.clear()
        self.editions.clear()
        return batch

    def _add_frame(self, data: bytes) -> int:
        """Reads a frame; returns how many rows it gave."""
        frame = Frame.from_verified(data, address_size=self.address_size)
        afn, seq = frame.user_data[:2]
        standard = self.plan.ways(frame.tag, frame.control.value, afn, seq >> 7)[0]
        if not self._is_wanted(frame, standard):
            self.editions.append(NO_EDITION)
            return 0
        outcome = read_user_data(frame, self.plan.catalogue, self.plan.edition, ffff_is_all=self.plan.ffff_is_all)
        rows = FrameRows(self.plan, len(self.editions), frame, outcome).rows
        for number, row in rows:
            if number not in self.tables:
                self.tables[number] = TableBuilder(self.plan.tables[number])
            self.tables[number].put(row)
        self.editions.append(EDITIONS.index(outcome.assumption.reading.edition))
        return len(rows)

    def _is_wanted(self, frame: Frame, way: Way) -> bool:
        """Whether anything that was selected is in the frame, as the standard reads it."""
        fns = self.plan.wanted(frame.user_data[0])
        if fns is None:
            return True
        return bool(fns) and self._has_fn(frame, way, fns)

    def _has_fn(self, frame: Frame, way: Way, fns: frozenset[int]) -> bool:
        """Whether the frame has one of the Fn; true if that can't be told without reading more."""
        data = frame.user_data
        direction = int(frame.control.direction is Direction.UP)
        position, stop = 2, len(data) - way.aux_size
        while position + 4 <= stop:
            try:
                found = decode_identifier(data[position : position + 4], _CODINGS[way.coding])
            except BadStructureError:
                return True
            if not fns.isdisjoint(found.fns):
                return True
            bodies = [self.plan.unit(data[0], fn, way.set, direction) for fn in found.fns]
            sizes = [-1 if isinstance(body, int) else body.size for body in bodies]
            if min(sizes) < 0:
                return True
            position += 4 + len(found.pns) * sum(sizes)
        return position != stop


class FrameRows:
    """The rows of one frame: ``rows`` has the number of a table and a row for each, in order.

    A unit's row comes before those of the units and event records inside it; what did not decode comes last.
    """

    def __init__(self, plan: Plan, number: int, frame: Frame, outcome: Outcome) -> None:
        self.plan = plan
        self.number = number
        self.direction = int(frame.control.direction is Direction.UP)
        self.reading = outcome.assumption.reading
        self.context = BodyContext(plan.catalogue, frame.control.direction, self.reading)
        self.rows: list[tuple[int, Row]] = []
        self.errors: list[Row] = []
        for unit in outcome.units:
            self.add_unit(unit)
        afn = frame.user_data[0]
        if outcome.rest is not None and outcome.rest.error is not None:
            no_room = outcome.rest.error.path == "AUX"
            self.add_error(outcome.rest, AUX_OP if no_room else 0, afn=0 if no_room else afn)
        if outcome.aux.tp is not None and isinstance(outcome.aux.tp.sent, Undecoded):
            self.add_error(outcome.aux.tp.sent, TP_OP)
        self.rows += ((UNDECODED_TABLE, row) for row in self.errors)

    def add_unit(self, unit: DataUnit) -> None:
        """Adds the row of a data unit, and those of what is inside it."""
        bound = self.plan.unit(unit.afn, unit.fn, set_of(self.reading), self.direction)
        rows = UnitRows(self, unit)
        if isinstance(unit.value, Undecoded):
            rows.add_lost_body(unit.value, unit.key, "")
            return
        body = self.context.unit_body(unit)
        assert isinstance(bound, Bound)
        assert body is not None
        rows.add_body(body, bound, unit.key, unit.value, (self.number, unit.pn))

    def add_error(self, undecoded: Undecoded, op: int, *, afn: int = 0, fn: int = 0, pn: int = 0) -> None:
        """Adds a row of bytes that did not decode. Bytes that are odd, but not wrong, have no error and no row."""
        error = undecoded.error
        if error is not None:
            values = (self.number, pn, fn, afn, error.offset, _fault_of(error), op, undecoded.raw)
            self.errors.append(dict(enumerate(values)))


class UnitRows:
    """The rows of one data unit and of the event records in it.

    Attributes:
        path: names and indices from the unit on, as in ``Reader``.
        records: how many event records there were so far.
    """

    def __init__(self, frame: FrameRows, unit: DataUnit) -> None:
        self.frame = frame
        self.unit = unit
        self.path: list[str] = []
        self.records = 0

    def add_body(
        self,
        body: Record,
        bound: Bound,
        key: str,
        value: Mapping[str, Any],
        first: tuple[int, ...],
        length: int | None = None,
    ) -> None:
        """Adds the row of a body.

        Args:
            body: the layout.
            bound: where its values go.
            key: of the item or event.
            value: the body's values.
            first: the values that the row begins with.
            length: of an event record's body.
        """
        row: Row = dict(enumerate(first))
        if bound.table != NO_TABLE:
            self.frame.rows.append((bound.table, row))
        Mover(self, bound, key, length).members(body.members, value, row, 0)

    def add_record(self, value: Mapping[str, Any], field: str) -> None:
        """Adds the row of an event record's data; ``field`` is what tables call the field that the record is in."""
        frame, unit = self.frame, self.unit
        number, self.records = self.records, self.records + 1
        if value["erc"] is None:
            return
        bound = frame.plan.event(value["erc"], EDITIONS.index(frame.reading.edition))
        body = frame.context.event_body(value["erc"])
        data = value["data"]
        if isinstance(data, Undecoded):
            self.path.append("data")
            self.add_lost_body(data, value["event"] or "", field)
        elif body is not None and bound is not None:
            length = body_length(value, frame.context, verbatim=unit.verbatim, path=self.path)
            self.path.append("data")
            self.add_body(body, bound, value["event"], data, (frame.number, unit.pn, unit.fn, number), length)
        self.path.pop()

    def add_lost_body(self, undecoded: Undecoded, key: str, field: str) -> None:
        """Adds bytes that could not be understood as a body.

        Args:
            undecoded: the bytes, with an error in one of the body's fields, or of the body as a whole.
            key: of the item or event.
            field: what tables call the field whose value the whole body is; empty for a data unit's.
        """
        place = f"{self.unit.name} {join_path(self.path)}".rstrip()
        path = undecoded.error.path if undecoded.error else ""
        inside = path.removeprefix(place).lstrip(" .") if path.startswith(place) else ""
        names = field_names(inside.replace("[", ".[").split("."))
        self.add_error(undecoded, ".".join((key, *names)) if names else field)

    def add_error(self, undecoded: Undecoded, field: str) -> None:
        """Adds bytes that did not decode; ``field`` is what tables call the place."""
        unit = self.unit
        self.frame.add_error(undecoded, self.frame.plan.op_of(field), afn=unit.afn, fn=unit.fn, pn=unit.pn)


class Mover:
    """Moves the values of one body into a row, along its layout.

    A column is found by its field and by how many lists that field is in: the entries of a list share their field.
    """

    def __init__(self, unit: UnitRows, bound: Bound, key: str, length: int | None) -> None:
        plan = unit.frame.plan
        self.unit = unit
        self.key = key
        self.start = len(unit.path)
        self.bound = bound
        self.columns = plan.columns_of(bound)
        self.specs = plan.tables[bound.table].columns if bound.table != NO_TABLE else ()
        self.numbers: dict[Any, int | None] = {LENGTH: length}

    @property
    def place(self) -> str:
        """What tables call the present field: ``present_power.voltage_a``."""
        return ".".join((self.key, *field_names(self.unit.path[self.start :])))

    def members(self, members: Iterable[Member], value: Mapping[str, Any], row: Row, depth: int) -> None:
        """Moves the fields of a record."""
        for field, each in fields_read(members, value, self.numbers):
            self.unit.path.append(field.name)
            self.shape(field.shape, field, each, row, depth)
            self.unit.path.pop()

    def shape(self, shape: Shape, field: Field, value: Any, row: Row, depth: int) -> None:
        """Moves a value: the field's own, or that of an entry of its lists."""
        column = self.columns.get((field, depth), NO_COLUMN)
        if isinstance(value, Undecoded):
            self.unit.add_error(value, self.place)
            return
        match shape:
            case Record():
                row[column] = True
                self.members(shape.members, value, row, depth)
            case ListOf():
                row[column] = [self.entry(shape.shape, field, at, value, column, depth + 1) for at in range(len(value))]
            case Event():
                if column != NO_COLUMN:
                    self.event(column, value, row)
                self.unit.add_record(value, self.place)
            case Units():
                for unit in value:
                    self.unit.frame.add_unit(unit)
            case _ if value is None or column == NO_COLUMN:
                pass
            case Bitfield():
                self.bits(shape, column, value, row, depth)
            case PackedList():
                row[column] = [{column + 1: stored(self.specs[column + 1], shape.form, each)} for each in value]
            case Leaf(form=form) | SizedLeaf(form=form):
                self.leaf(form, column, value, row)

    def entry(self, shape: Shape, field: Field, at: int, values: list[Any], column: int, depth: int) -> Row:
        """The row of a list's entry."""
        row: Row = {}
        self.unit.path.append(f"[{at}]")
        if isinstance(shape, Record):
            row[column + 1] = True
            self.members(shape.members, values[at], row, depth)
        else:
            self.shape(shape, field, values[at], row, depth)
        self.unit.path.pop()
        return row

    def leaf(self, form: Format, column: int, value: Any, row: Row) -> None:
        """Moves the value of a format. Some formats have several columns."""
        spec = self.specs[column]
        if isinstance(value, (Identifier, ItemIdentifier)):
            self.identifier(column, value, row)
        elif spec.kind is Kind.LIST:
            row[column] = [{column + 1: number} for number in value]
        elif spec.kind is Kind.RECORD:  # the parts of a time
            row[column] = True
            row |= {at: getattr(value, part.name) for at, part in enumerate(spec.children, column + 1)}
        else:
            row[column] = stored(spec, form, value)

    def identifier(self, column: int, value: Identifier | ItemIdentifier, row: Row) -> None:
        """Moves a data unit identifier: lists of points, of Fn, and of keys if their AFN is known."""
        row[column] = True
        row[column + 1] = [{column + 2: pn} for pn in value.pns]
        row[column + 3] = [{column + 4: fn} for fn in value.fns]
        names = next(op.names for op in self.bound.ops if op.column == column)
        if names >= 0:
            places = self.bound.names[names]
            row[column + 5] = [{column + 6: places[fn - 1]} for fn in value.fns]

    def bits(self, shape: Bitfield, column: int, value: Mapping[str, Any], row: Row, depth: int) -> None:
        """Moves the parts of a bit field."""
        row[column] = True
        for part in shape.parts:
            at = self.columns[part, depth]
            row[at] = stored(self.specs[at], part.form, value[part.name])
        if "spare" in value:
            names = [each.name for each in self.specs[column].children]
            row[column + 1 + names.index("spare")] = value["spare"]

    def event(self, column: int, value: Mapping[str, Any], row: Row) -> None:
        """Moves the head of an event record; its data are in a row of their own."""
        event = value.get("event")
        number = None if event is None else self.unit.frame.plan.events.index(event)
        row |= {column: True, column + 1: value["erc"], column + 2: number, column + 3: value.get("length")}


def field_names(path: Iterable[str]) -> list[str]:
    """The names of a path, without the indices of lists."""
    return [part for part in path if part and part[0] != "["]


def _fault_of(error: PlmsError) -> int:
    if "is not known" in error.reason:
        return Fault.UNKNOWN_COUNT
    if "does not go" in error.reason:
        return Fault.WRONG_WAY
    return _FAULT_OF[max((reason for reason in _FAULT_OF if error.reason.startswith(reason)), key=len)]


def stored(column: Column, form: Format | None, value: Any) -> Any:
    """A value as its column keeps it: a number, bytes, a flag."""
    match column.kind:
        case Kind.NUMBER:
            return int(Decimal(value).scaleb(column.scale))
        case Kind.NAME if column.codes is not None:
            return form.number(value) if form is not None else value
        case Kind.NAME:
            return column.names.index(value) if isinstance(value, str) else len(column.names) + (value & 0xFF)
        case Kind.TIMESTAMP:
            return int((value - _EPOCH).total_seconds())
        case Kind.DATE:
            return (value - _EPOCH.date()).days
        case Kind.TIME_OF_DAY:
            return 3600 * value.hour + 60 * value.minute
        case Kind.TEXT:
            return value.encode()
        case Kind.BYTES:
            return bytes(value)
    return value
