"""Frames into columns, in pure Python: the reference of the compiled twin in ``_fast``.

An interpreter is given a plan and a stretch of a frame index, reads each frame as ``application.reading`` does, by the
op tables of the plan, and appends values to the columns of the plan's tables. Nothing is decided here that is not
decided there: the order of the ways to read a frame, which one is taken, what is an error. Values are read by the
formats themselves.

A row that was begun counts only when its data unit is whole; what an attempt at a frame wrote is taken back if another
attempt fits better.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final, NamedTuple

from ..application.auxiliary import SEND_TIME, TP_SIZE
from ..application.reading import MOST_BYTES
from ..errors import BadStructureError, BadValueError, PlmsError
from ..formats import NO_DATA, Format
from ..identifier import PointCoding, decode_identifier
from ..layout import BitPart
from ..layout.counts import COMPARISONS
from ..layout.cursor import FILL_RUN
from ..layout.program import COMPARISON_NAMES, Code, CountKind
from .binding import NO_COLUMN, NO_TABLE, Bound, BoundOp
from .columns import NO_EDITION, Harvest, TableBuilder
from .faults import REASONS, Fault
from .plan import AUX_OP, TP_OP, UNDECODED_TABLE, Plan, Way
from .schema import Column, Kind

_EPOCH: Final = dt.datetime(1970, 1, 1)
_FAULT_OF: Final = {reason: fault for fault, reason in REASONS.items()}
_CODINGS: Final = (PointCoding.BIT_GROUPS, PointCoding.NUMBERED_GROUP)


MOST_ROWS: Final = 1 << 20
MOST_READ: Final = 1 << 26
"""After so many rows, or bytes of frames, an interpreter stops, for what it wrote to be taken."""


class _Unfit(Exception):  # noqa: N818 - nothing that anybody but this module sees
    """A structure that does not fit."""

    def __init__(self, fault: int, position: int | None = None, op: int = 0) -> None:
        self.fault = fault
        self.position = position
        self.op = op


class _Error(NamedTuple):
    """Bytes that did not decode, and why."""

    raw: bytes
    position: int
    fault: int
    op: int
    pn: int
    fn: int
    afn: int


class Interpreter:
    """Reads frames into columns by a plan. One thread's business."""

    def __init__(self, plan: Plan, *, address_size: int = 5) -> None:
        """Begins with no rows.

        Args:
            plan: what to do.
            address_size: bytes of the address field, 5 or 7.
        """
        self.plan = plan
        self.user_data = 7 + address_size
        self.tables: dict[int, TableBuilder] = {}
        self.editions = bytearray()
        # The frame that is being read.
        self.data = b""
        self.frame = 0
        self.way = Way(0, 0, 0, 0, 0, 0)
        self.direction = 0
        # Rows that were completed since the frame began, and what did not decode.
        self.completed: list[int] = []
        self.errors: list[_Error] = []
        self.lost = 0
        # The body that is being read.
        self.afn = self.fn = self.pn = 0
        self.start = self.position = self.stop = 0
        self.numbers: list[int | None] = []
        self.record = 0
        self.nested = self.dry = False
        self.begun: set[int] = set()

    def run(self, view: memoryview, offsets: Sequence[int], lengths: Sequence[int], first: int, last: int) -> int:
        """Reads the frames ``first`` to before ``last`` of an index, or fewer if there is much in them.

        A few bytes may ask for many points and Fn: so what is kept is bounded by ``MOST_ROWS`` and not by the bytes
        alone.

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
            self.data = bytes(view[offsets[number] : offsets[number] + lengths[number]])
            self.frame = len(self.editions)
            self.editions.append(self._read_frame())
            rows += len(self.completed)
            read += len(self.data)
        return last

    def take(self) -> Harvest:
        """Returns what was read since the last time."""
        tables = {number: table.data() for number, table in self.tables.items() if table.counts[0]}
        harvest = Harvest(tables, bytes(self.editions))
        self.tables.clear()
        self.editions.clear()
        return harvest

    # ---- frames

    def _read_frame(self) -> int:
        """Reads a frame in the way that fits best; returns the edition."""
        control, afn, seq = self.data[6], self.data[self.user_data], self.data[self.user_data + 1]
        self.direction = control >> 7
        ways = self.plan.ways(self.data[1] & 3, control, afn, seq >> 7)
        if not self._is_wanted(ways[0], afn):
            return NO_EDITION
        best: tuple[tuple[int, int, int], Way] | None = None
        budget = MOST_BYTES
        for way in ways:
            rank = self._attempt(way, afn)
            if not self.errors:
                return way.set >> 1
            if best is None or rank < best[0]:
                best = rank, way
            self._back_to((0, 0))
            budget -= len(self.data) - self.user_data - 2
            if budget < 0:
                break
        assert best is not None
        self._attempt(best[1], afn)
        for error in self.errors:
            self._report(error)
        return best[1].set >> 1

    def _is_wanted(self, way: Way, afn: int) -> bool:
        """Whether anything that was selected is in the frame, as the standard reads it."""
        fns = self.plan.wanted(afn)
        if fns is None:
            return True
        return bool(fns) and self._holds(way, afn, fns)

    def _holds(self, way: Way, afn: int, fns: frozenset[int]) -> bool:
        """Whether there is one of the Fn in the frame; true if that can't be told without reading more."""
        position, stop = self.user_data + 2, len(self.data) - 2 - way.aux_size
        while position + 4 <= stop:
            try:
                found = decode_identifier(self.data[position : position + 4], _CODINGS[way.coding])
            except BadStructureError:
                return True
            if not fns.isdisjoint(found.fns):
                return True
            bodies = [self.plan.unit(afn, fn, way.set, self.direction) for fn in found.fns]
            sizes = [-1 if isinstance(body, int) else body.size for body in bodies]
            if min(sizes) < 0:
                return True
            position += 4 + len(found.pns) * sum(sizes)
        return position != stop

    def _attempt(self, way: Way, afn: int) -> tuple[int, int, int]:
        """Reads a frame in one way; returns its rank, the smaller the better (``application.reading.Outcome.rank``)."""
        self.completed, self.errors, self.lost = [], [], 0
        self.way = way
        self.afn = self.fn = self.pn = 0
        first, end = self.user_data + 2, len(self.data) - 2
        end_of_units = end - way.aux_size
        if end_of_units < first or end_of_units == first < end:
            self.errors.append(_Error(self.data[first:end], first, Fault.NO_ROOM, AUX_OP, 0, 0, 0))
            self.lost = end - first + 1
            return 1 + way.cost, self.lost, 1
        self.position, self.stop = first, end_of_units
        try:
            self._read_units(afn, nested=False)
        except _Unfit as failure:
            self._lose(failure, self.position, 0, afn)
            self.lost += end_of_units - self.position + 1
        if way.has_tp:
            self._check_tp(end - TP_SIZE)
        return (1 + way.cost if self.lost else 0), self.lost, len(self.errors)

    def _check_tp(self, at: int) -> None:
        try:
            SEND_TIME.decode(self.data[at + 1 : at + 5])
        except BadValueError as error:
            self._note(self.data[at + 1 : at + 5], at + 1, _fault_of(error), TP_OP, aux=True)

    def _note(self, raw: bytes, position: int, fault: int, op: int, *, aux: bool = False) -> None:
        place = (0, 0, 0) if aux else (self.pn, self.fn, self.afn)
        self.errors.append(_Error(raw, position, fault, op, *place))

    def _lose(self, failure: _Unfit, start: int, fn: int, afn: int) -> None:
        """Notes that the rest of the data units could not be understood."""
        position = start if failure.position is None else failure.position
        pn = self.pn if fn else 0
        self.errors.append(_Error(self.data[start : self.stop], position, failure.fault, failure.op, pn, fn, afn))

    def _report(self, error: _Error) -> None:
        table = self._table(UNDECODED_TABLE)
        values = (self.frame, error.pn, error.fn, error.afn, error.position, error.fault, error.op, error.raw)
        for column, value in enumerate(values):
            table.put(column, value)
        table.counts[0] += 1

    # ---- what was written

    def _table(self, number: int) -> TableBuilder:
        if number not in self.tables:
            self.tables[number] = TableBuilder(self.plan.tables[number])
        return self.tables[number]

    def _back_to(self, mark: tuple[int, int]) -> None:
        """Takes back the rows that were completed, and the errors that were noted, since."""
        completed, errors = mark
        fewer: dict[int, int] = {}
        for number in self.completed[completed:]:
            fewer[number] = fewer.get(number, 0) + 1
        for number, rows in fewer.items():
            table = self.tables[number]
            table.truncate(table.counts[0] - rows)
        del self.completed[completed:]
        del self.errors[errors:]

    # ---- data units

    def _read_units(self, afn: int, *, nested: bool) -> None:
        coding = _CODINGS[self.way.coding]
        while self.position < self.stop:
            raw = self.data[self.position : min(self.position + 4, self.stop)]
            try:
                identifier = decode_identifier(raw, coding, ffff_is_all=self.plan.ffff_is_all)
            except BadStructureError as error:
                fault = _FAULT_OF[error.reason] if self.plan.known_afn(afn) else Fault.NO_IDENTIFIER
                raise _Unfit(fault, self.position) from None
            self.position += 4
            for pn, fn in identifier.pairs():
                if not self._read_unit(afn, fn, pn, nested=nested):
                    return

    def _read_unit(self, afn: int, fn: int, pn: int, *, nested: bool) -> bool:
        """Reads one body; false if it could not be understood, and with it the rest of the data."""
        outer = self.afn, self.fn, self.pn, self.start, self.record, self.numbers
        self.afn, self.fn, self.pn, self.start, self.record = afn, fn, pn, self.position, 0
        mark = len(self.completed), len(self.errors)
        bound = self.plan.unit(afn, fn, self.way.set, self.direction)
        understood = True
        try:
            self._read_row(_known(bound), (self.frame, pn))
        except _Unfit as failure:
            self._back_to(mark)
            self._lose(failure, self.start, fn, afn)
            self.lost += 0 if nested else self.stop - self.start + 1
            self.position = self.stop
            understood = False
        self.afn, self.fn, self.pn, self.start, self.record, self.numbers = outer
        return understood

    def _read_row(self, bound: Bound, first: tuple[int, ...], length: int | None = None) -> None:
        """Reads a body into a new row, which begins with the given values."""
        self.numbers = [length] + [None] * bound.slots
        table = None
        if bound.table != NO_TABLE and not self.dry:
            if bound.table in self.begun:  # a row can't begin in a table in which another one is being written
                raise _Unfit(Fault.NESTED, self.position)
            table = self._table(bound.table)
            self.begun.add(bound.table)
            for column, value in enumerate(first):
                table.put(column, value)
            for column in bound.nowhere:
                table.put(column, None)
        try:
            self._run(bound, table, 0, len(bound.ops) - 1)
            self._check_end(length)
        except _Unfit:
            if table is not None:
                table.truncate(table.counts[0])
            raise
        finally:
            if table is not None:
                self.begun.remove(bound.table)
        if table is not None:
            table.counts[0] += 1
            self.completed.append(bound.table)

    def _check_end(self, length: int | None) -> None:
        if length is not None and self.position < self.stop:
            raise _Unfit(Fault.EVENT_LONG)

    # ---- ops

    def _run(self, bound: Bound, table: TableBuilder | None, at: int, end: int) -> None:
        """Does the ops from ``at`` to before ``end``."""
        while at < end:
            op = bound.ops[at]
            at += 1
            match op.code:
                case Code.RECORD:
                    self._put(table, op, True)
                    self._put_absent(bound, table, op)
                case Code.BITFIELD:
                    self._read_bits(bound, table, op, at)
                    at = op.jump
                case Code.PACKED:
                    self._read_packed(table, op)
                case Code.LIST:
                    self._read_list(bound, table, op, at)
                    at = op.jump
                case Code.IF:
                    number = self.numbers[op.slot]
                    if number is None or not COMPARISONS[COMPARISON_NAMES[op.mode]](number, op.arg):
                        at = op.jump
                case Code.GO:
                    at = op.jump
                case Code.OPTIONAL:
                    if self.position >= self.stop:
                        at = op.jump
                case Code.SKIP:
                    self._put_absent(bound, table, op)
                case Code.EVENT:
                    self._read_event(table, op)
                case Code.UNITS:
                    self._read_nested(op)
                case _:
                    self._read_value(bound, table, op)

    def _put(self, table: TableBuilder | None, op: BoundOp, value: Any) -> None:
        """Puts a value into the op's column, if it has one."""
        if table is not None and op.column != NO_COLUMN:
            if value is None:
                table.put_nothing(op.column)
            else:
                table.put(op.column, value)

    def _put_absent(self, bound: Bound, table: TableBuilder | None, op: BoundOp) -> None:
        if table is not None and op.absent >= 0:
            for column in bound.absent[op.absent]:
                table.put(column, None)

    def _take(self, size: int, op: BoundOp) -> bytes:
        if size > self.stop - self.position:
            raise _Unfit(Fault.DATA_END, self.position, op.number)
        self.position += size
        return self.data[self.position - size : self.position]

    def _in_fill_run(self, raw: bytes) -> bool:
        """As ``Reader.in_fill_run``."""
        if raw[0] != NO_DATA:
            return False
        at = self.position - 1
        around = self.data[max(self.start, at - FILL_RUN + 1) : min(self.stop, at + FILL_RUN)]
        return bytes((NO_DATA,)) * FILL_RUN in around

    def _count(self, bound: Bound, op: BoundOp) -> int | None:
        """How many; ``None`` until the end."""
        kind, slot, constant, table = bound.counts[op.counter]
        if kind == CountKind.CONSTANT:
            return constant
        if kind == CountKind.TO_END:
            return None
        number = self.numbers[slot]
        if number is None:
            return 0
        if kind == CountKind.POPCOUNT:
            number = number.bit_count()
        elif kind == CountKind.TABLE:
            known = bound.tables[table]
            number = known[number] if 0 <= number < len(known) else -1
            if number < 0:
                raise _Unfit(Fault.UNKNOWN_COUNT)
        return max(0, number + constant)

    def _read_value(self, bound: Bound, table: TableBuilder | None, op: BoundOp) -> None:
        form = self.plan.ops[op.number].spot.form
        assert form is not None
        size = op.size
        if op.counter >= 0:
            counted = self._count(bound, op)
            size = self.stop - self.position if counted is None else counted
            form = form.of_size(size)
        raw = self._take(size, op)
        value = None
        try:
            if not (form.fill_is_ambiguous and self._in_fill_run(raw)):
                value = form.decode(raw)
        except BadValueError as error:
            self._note(raw, self.position - size, _fault_of(error), op.number)
        if op.slot >= 0:
            self.numbers[op.slot] = None if value is None else form.number(value)
        if table is not None and op.column != NO_COLUMN:
            self._put_value(bound, table, op, form, raw, value)

    def _put_value(self, bound: Bound, table: TableBuilder, op: BoundOp, form: Format, raw: bytes, value: Any) -> None:
        column = table.spec.columns[op.column]
        if value is None:
            table.put_nothing(op.column)
        elif op.code == Code.BITS:
            self._put_list(table, op.column, value)
        elif op.code == Code.IDENTIFIER:
            table.put(op.column, True)
            self._put_list(table, op.column + 1, value.pns)
            self._put_list(table, op.column + 3, value.fns)
            if op.names >= 0:
                self._put_list(table, op.column + 5, [bound.names[op.names][fn - 1] for fn in value.fns])
        elif column.kind is Kind.RECORD:  # parts of a time
            table.put(op.column, True)
            for place, part in enumerate(column.children, op.column + 1):
                table.put(place, getattr(value, part.name))
        else:
            table.put(op.column, stored(column, form, raw, value))

    def _put_list(self, table: TableBuilder, column: int, values: Sequence[int]) -> None:
        for value in values:
            table.put(column + 1, value)
        table.counts[table.spec.shapes[column].child] += len(values)
        table.end_list(column)

    def _owner(self, op: BoundOp) -> BitPart:
        """The part of a bit field that an op is of."""
        owner = self.plan.ops[op.number].spot.owner
        assert isinstance(owner, BitPart)
        return owner

    def _read_bits(self, bound: Bound, table: TableBuilder | None, op: BoundOp, at: int) -> None:
        parts = bound.ops[at : op.jump]
        raw = self._take(op.size, op)
        word: int | None = int.from_bytes(raw, "little")
        values: list[Any] | None = None
        if raw.count(NO_DATA) == op.size and (op.size > 1 or self._in_fill_run(raw)):
            word = None
        else:
            try:
                values = [self._owner(part).decode(int.from_bytes(raw, "little")) for part in parts]
            except PlmsError as error:
                self._note(raw, self.position - op.size, _fault_of(error), op.number)
        for part in parts:
            if part.slot >= 0:
                self.numbers[part.slot] = None if word is None else word >> part.arg & (1 << part.size) - 1
        if values is None:
            self._put(table, op, None)
            return
        self._put(table, op, True)
        self._put_absent(bound, table, op)
        if table is not None and op.column != NO_COLUMN:
            if op.arg:
                spare = int.from_bytes(raw, "little") & op.arg
                table.put(op.column + op.mode, spare or None)
            for part, value in zip(parts, values, strict=True):
                form = self.plan.ops[part.number].spot.form
                self._put(table, part, stored(table.spec.columns[part.column], form, b"", value))

    def _read_packed(self, table: TableBuilder | None, op: BoundOp) -> None:
        raw = self._take(op.size, op)
        if table is None or op.column == NO_COLUMN:
            return
        if raw.count(NO_DATA) == op.size:
            table.put_nothing(op.column)
            return
        form = self.plan.ops[op.number].spot.form
        assert form is not None
        word = int.from_bytes(raw, "little")
        entry = table.spec.columns[op.column + 1]
        values = []
        for place in range(op.arg):
            code = bytes((word >> op.mode * place & (1 << op.mode) - 1,))
            values.append(stored(entry, form, code, form.read(code)))
        self._put_list(table, op.column, values)

    def _read_list(self, bound: Bound, table: TableBuilder | None, op: BoundOp, at: int) -> None:
        wanted = self._count(bound, op)
        if wanted is not None and wanted * op.arg > self.stop - self.position:
            raise _Unfit(Fault.LIST_END, self.position, op.number)
        kept = table if op.column != NO_COLUMN else None
        done = 0
        while self.position < self.stop if wanted is None else done < wanted:
            before = self.position
            if bound.ops[at].code == Code.EVENT:
                self.record = done
            if kept is not None and table is not None and table.spec.shapes[op.column + 1].kind == "r":
                if bound.ops[at].column != op.column + 1:  # else the entry's own op puts it
                    table.put(op.column + 1, True)
                self._put_absent(bound, table, op)
            self._run(bound, kept, at, op.jump)
            if self.position == before:
                raise _Unfit(Fault.EMPTY_ENTRY, before, op.number)
            if kept is not None:
                kept.counts[kept.spec.shapes[op.column].child] += 1
            done += 1
        if kept is not None:
            kept.end_list(op.column)

    # ---- event records and nested data units

    def _read_event(self, table: TableBuilder | None, op: BoundOp) -> None:
        erc = self._take(1, op)[0]
        if erc == NO_DATA:
            self._put_event(table, op, None, None, None)
            return
        length = self._take(1, op)[0]
        bound = self.plan.event(erc, self.way.set >> 1)
        size = self._body_size(bound, op, length)
        event = None if bound is None else bound.event
        self._put_event(table, op, erc, event, None if size == length else length)
        outer = self.start, self.stop, self.numbers
        mark = len(self.completed), len(self.errors)
        self.start, self.stop = self.position, self.position + size
        try:
            if bound is not None or erc:  # code 0 is an empty slot
                first = self.frame, self.pn, self.fn, self.record
                self._read_row(_known(bound, op.number), first, size)
        except _Unfit as failure:
            # The record's length still says where the next one begins: only this body is lost.
            self._back_to(mark)
            self._note(
                self.data[self.start : self.stop],
                self.start if failure.position is None else failure.position,
                failure.fault,
                failure.op or op.number,
            )
        self.position = self.stop
        self.start, self.stop, self.numbers = outer

    def _put_event(
        self, table: TableBuilder | None, op: BoundOp, erc: int | None, event: int | None, length: int | None
    ) -> None:
        self._put(table, op, True)
        if table is not None and op.column != NO_COLUMN:
            for place, value in enumerate((erc, event, length), op.column + 1):
                table.put(place, value)

    def _body_size(self, bound: Bound | None, op: BoundOp, length: int) -> int:
        size = length
        if self.way.with_head:
            if length < 2:
                raise _Unfit(Fault.EVENT_SHORT, self.position - 1, op.number)
            size = length - 2
        elif bound is not None and bound.slack and not self._fits(bound, size):
            size += bound.slack if self._fits(bound, size + bound.slack) else 0
        if size > self.stop - self.position:
            raise _Unfit(Fault.EVENT_END, self.position, op.number)
        return size

    def _fits(self, bound: Bound, size: int) -> bool:
        """Whether a record's body is exactly so long."""
        if size > self.stop - self.position:
            return False
        outer = self.start, self.position, self.stop, self.numbers, self.dry, len(self.errors)
        self.start, self.stop, self.dry = self.position, self.position + size, True
        try:
            self._read_row(bound, (), size)
        except _Unfit:
            return False
        else:
            return True
        finally:
            self.start, self.position, self.stop, self.numbers, self.dry, errors = outer
            del self.errors[errors:]

    def _read_nested(self, op: BoundOp) -> None:
        if self.nested:
            raise _Unfit(Fault.NESTED, self.position, op.number)
        self.nested = True
        try:
            self._read_units(op.arg, nested=True)
        finally:
            self.nested = False


def _known(bound: Bound | int | None, op: int = 0) -> Bound:
    if bound is None:
        raise _Unfit(Fault.UNKNOWN_EVENT, op=op)
    if isinstance(bound, int):
        raise _Unfit(bound)
    return bound


def _fault_of(error: PlmsError) -> int:
    return next(fault for reason, fault in _FAULT_OF.items() if error.reason.startswith(reason))


def stored(column: Column, form: Format | None, raw: bytes, value: Any) -> Any:
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
            return bytes(raw)
    return value
