"""What the interpreters of op tables are told: how a frame may be read, which op table is whose, where values go.

A plan belongs to one catalogue and one set of options, grows as frames of new kinds turn up, and may be shared by
threads. Everything in it is a number or a tuple of numbers, but for what is wanted when a result is made: the schemas
of the tables, and what an op's number stands for in a report of what did not decode.

Nothing of the protocol is decided here: the ways to read a frame come from ``application.reading``, items and events
from the catalogue, ops from ``layout.program``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from decimal import Decimal
from threading import RLock
from typing import Any, Final, NamedTuple

from ..application.auxiliary import TP_SIZE
from ..application.reading import readings
from ..application.sequence import Seq
from ..application.units import BodyContext, Reading
from ..catalogue import Catalogue
from ..catalogue.entries import EMPTY_BODY, EventEntry, ItemEntry
from ..editions import RULES, Edition
from ..errors import EncodeError, UnknownItemError
from ..formats import Format
from ..identifier import PointCoding
from ..layout import Record
from ..layout.program import ENTRY, MOST_BYTES, Code, Program, Spot, compile_program
from ..link import Address, Control, Direction, Frame
from .faults import Fault
from .schema import Column, Kind, Path, Schema, is_signed, number_terms, own_scale, places

EDITIONS: Final = tuple(Edition)
"""The editions by the number that they have in columns."""

NO_TABLE: Final = -1
NO_COLUMN: Final = -1


class Way(NamedTuple):
    """One way to read a frame, as ``application.reading.Assumption``.

    Attributes:
        set: which bodies: twice the edition's number, plus one for the variants of deviating devices.
        with_head: event records count their two head bytes.
        aux_size: bytes of AUX.
        has_tp: the last six of them are Tp.
        cost: how many deviations are assumed.
    """

    set: int
    with_head: int
    aux_size: int
    has_tp: int
    cost: int


class BoundOp(NamedTuple):
    """An op, and where its values go; the first attributes are those of ``Op``.

    Attributes:
        column: its place among the table's columns; ``NO_COLUMN`` if its values aren't wanted.
        shift, multiplier: what the number in the bytes becomes: (number + shift) * multiplier.
        names: index of a table that gives the place of each code among the column's names, or -1.
        absent: index of a list of columns that get nothing here, or -1.
        number: which op of the plan it is, for reports.
    """

    code: int
    size: int
    mode: int
    arg: int
    slot: int
    add: int
    counter: int
    jump: int
    column: int
    shift: int
    multiplier: int
    names: int
    absent: int
    number: int


class Bound(NamedTuple):
    """A body's op table, bound to the columns of its table.

    Attributes:
        table: the number of the table, or ``NO_TABLE`` if nothing of it is wanted.
        ops: the op table.
        counts: (kind, slot, constant, table) of each count.
        tables: for each table of a count: how many for each code; -1 for codes that it doesn't know.
        names: for each enumeration: the place of each code among the column's names.
        absent: lists of columns, those inside of them included.
        nowhere: columns of the table that this body never fills, likewise.
        slots: how many numbers are kept.
        size: bytes of the body; -1 if that depends on them.
        slack: for event records: how many bytes too few some devices write into the length.
        event: for event records: the number of its key among all events.
    """

    table: int
    ops: tuple[BoundOp, ...]
    counts: tuple[tuple[int, int, int, int], ...]
    tables: tuple[tuple[int, ...], ...]
    names: tuple[tuple[int, ...], ...]
    absent: tuple[tuple[int, ...], ...]
    nowhere: tuple[int, ...]
    slots: int
    size: int = -1
    slack: int = 0
    event: int = 0


class Shape(NamedTuple):
    """How a column is kept.

    Attributes:
        kind: a letter: ``n`` numbers of ``width`` bytes, ``b`` bits, ``v`` bytes of varying number, ``l`` lists, ``r``
            records.
        width: bytes of a number.
        level: whose rows it has: 0 the table's, or those of a list.
        child: of a list: the level of its entries.
        inside: how many of the following columns are inside it.
    """

    kind: str
    width: int
    level: int
    child: int
    inside: int


class TableSpec(NamedTuple):
    """One table.

    Attributes:
        key: of the item or event.
        entry: the item or event; ``None`` for a table that is of neither.
        schema: its fields' columns.
        columns: all columns in order, those that every row has first; each before those inside it.
        shapes: the same, as interpreters see them.
        levels: how many levels there are.
    """

    key: str
    entry: ItemEntry | EventEntry | None
    schema: Schema
    columns: tuple[Column, ...]
    shapes: tuple[Shape, ...]
    levels: int


ROW_COLUMNS: Final = (
    Column(("frame",), Kind.NUMBER, highest=0xFFFF_FFFF),
    Column(("pn",), Kind.NUMBER, highest=0xFFFF, zh="信息点"),
)
"""What every row begins with: the frame, counted from the first of the chunk, and the information point."""

RECORD_COLUMNS: Final = (
    *ROW_COLUMNS,
    Column(("fn",), Kind.NUMBER, highest=0xFFFF),
    Column(("record",), Kind.NUMBER, highest=0xFFFF),
)
"""What every event record's row begins with: also the Fn it was under, and its place in that data unit."""


UNDECODED_TABLE: Final = 0
"""The number of the table of what did not decode."""


class PlanOp(NamedTuple):
    """What an op's number stands for.

    Attributes:
        key: of the item or event; empty where there is none.
        spot: what belongs to the op.
    """

    key: str
    spot: Spot


FAULT_PLACES: Final = (PlanOp("", Spot(())), PlanOp("", Spot(("AUX",))), PlanOp("", Spot(("Tp",))))
"""The first op numbers: nowhere in particular, the auxiliary part, Tp in it."""

AUX_OP: Final = 1
TP_OP: Final = 2


class OutdatedError(Exception):
    """The catalogue is not what it was when the plan was made: another plan is needed."""


class Plan:
    """The plan of one catalogue and one set of options.

    Args:
        catalogue: where items are looked up.
        edition: read all frames as this edition; ``None`` to choose for each.
        ffff_is_all: DA ``FF FF`` means all points in 376.1 too.
        select: keys of items and events with the fields that are wanted of each, ``None`` for all of them; ``None``
            instead of the mapping for everything.

    Raises:
        EncodeError: there is no item or event of a selected key, or it has no such field.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        edition: Edition | None = None,
        *,
        ffff_is_all: bool = False,
        select: Mapping[str, Collection[str] | None] | None = None,
    ) -> None:
        self.catalogue = catalogue
        self.edition = edition
        self.ffff_is_all = ffff_is_all
        self.select = select
        self.tables: list[TableSpec] = [UNDECODED]
        self.ops: list[PlanOp] = list(FAULT_PLACES)
        """What the numbers of ops stand for."""
        self.idle: dict[Any, list[Any]] = {}
        """Interpreters that nobody uses, with what they have learned of the plan, by what made them."""
        self.events = tuple(dict.fromkeys(event.key for event in catalogue.events()))
        self._by_entry: dict[int, tuple[int, TableSpec]] = {}
        self._programs: dict[tuple[int, Edition], Program] = {}
        self._bound: dict[tuple[int, int], Bound] = {}
        self._ways: dict[tuple[int, int, int, int], tuple[Way, ...]] = {}
        self._lock = RLock()
        self._wanted_fns: dict[int, frozenset[int]] = {}
        if select is not None:
            self._check_select(select)

    # ---- questions of interpreters

    def ways(self, tag: int, control: int, afn: int, tpv: int) -> tuple[Way, ...]:
        """The ways to read a frame, the standard's first.

        Args:
            tag: of the length word.
            control: the control field; only its upper three bits count.
            afn: the AFN.
            tpv: whether SEQ says that there is Tp.
        """
        with self._lock:
            known = self._ways.get((tag, control & 0xE0, afn, tpv))
            if known is None:
                known = self._ways[tag, control & 0xE0, afn, tpv] = self._find_ways(tag, control & 0xE0, afn, tpv)
            return known

    def unit(self, afn: int, fn: int, set_: int, direction: int) -> Bound | int:
        """The op table of a data unit's body, or the number of the fault if there is none.

        Args:
            afn: the AFN that the Fn belongs to.
            fn: the Fn.
            set_: which bodies, as in ``Way``.
            direction: 0 down, 1 up.
        """
        edition = EDITIONS[set_ >> 1]
        way = Direction.UP if direction else Direction.DOWN
        context = BodyContext(self.catalogue, way, Reading(edition, variant=bool(set_ & 1)))
        with self._lock:
            try:
                item, body, _ = context.item(afn, fn)
            except UnknownItemError:
                return _unknown_item(self.catalogue, afn, fn, edition)
            return self._bind(item, body, edition)

    def event(self, erc: int, edition: int) -> Bound | None:
        """The op table of an event record's body; ``None`` if the edition has no such event."""
        event = self.catalogue.find_event(erc, EDITIONS[edition])
        body = event.body(EDITIONS[edition]) if event else None
        if event is None or body is None:
            return None
        if event.key not in self.events:
            raise OutdatedError
        with self._lock:
            bound = self._bind(event, body, EDITIONS[edition])
        return bound._replace(slack=event.length_slack, event=self.events.index(event.key))

    def known_afn(self, afn: int) -> bool:
        """Whether the catalogue has the AFN at all."""
        return self.catalogue.afn(afn) is not None

    def known_fns(self, afn: int) -> frozenset[int]:
        """The Fn of an AFN that any edition has."""
        return frozenset(item.fn for item in self.catalogue.items(afn))

    def wanted(self, afn: int) -> frozenset[int] | None:
        """The Fn of an AFN under which there can be anything that was selected; ``None`` for any."""
        if self.select is None:
            return None
        with self._lock:
            if afn not in self._wanted_fns:
                self._wanted_fns[afn] = self._find_wanted(afn)
            return self._wanted_fns[afn]

    # ---- ways

    def _find_ways(self, tag: int, control: int, afn: int, tpv: int) -> tuple[Way, ...]:
        seq = Seq.parse(0x80 if tpv else 0)
        frame = Frame(Control(control), Address("0000", 0, 0), bytes((afn, int(seq))), tag=tag)
        assumptions = readings(frame, seq, afn, self.catalogue, self.edition, ffff_is_all=self.ffff_is_all)
        return tuple(
            Way(
                2 * EDITIONS.index(each.reading.edition) + each.reading.variant,
                int(each.reading.length_includes_head),
                each.aux_size,
                int(each.has_tp),
                each.cost,
            )
            for each in assumptions
        )

    # ---- what is wanted

    def _check_select(self, select: Mapping[str, Collection[str] | None]) -> None:
        entries: dict[str, list[ItemEntry | EventEntry]] = {}
        known: list[ItemEntry | EventEntry] = [*self.catalogue.items(), *self.catalogue.events()]
        for entry in known:
            entries.setdefault(entry.key, []).append(entry)
        for key, fields in select.items():
            if key not in entries:
                self._similar(key)
            names = {name for entry in entries[key] for body, _ in _bodies(entry) for name in body.names()}
            if fields is not None and (unknown := sorted(set(fields) - names)):
                raise EncodeError(f"{key} has no field {unknown[0]!r}", expected=", ".join(sorted(names)) or "none")

    def _similar(self, key: str) -> None:
        """Raises the catalogue's own error, which names similar keys."""
        try:
            self.catalogue.item_by_key(key)
        except UnknownItemError as error:
            raise EncodeError(error.reason, found=error.found, expected=error.expected) from None

    def _find_wanted(self, afn: int) -> frozenset[int]:
        return frozenset(item.fn for item in self.catalogue.items(afn) if self._may_hold_wanted(item))

    def _may_hold_wanted(self, item: ItemEntry) -> bool:
        """Whether an item was selected, or can have anything inside that was."""
        assert self.select is not None
        if item.key in self.select:
            return True
        ops = [op for body, edition in _bodies(item) for op in self._program(body, edition).ops]
        if any(op.code == Code.EVENT for op in ops) and not self.select.keys().isdisjoint(self.events):
            return True
        inner = {op.arg for op in ops if op.code == Code.UNITS}
        return any(each.key in self.select for afn in inner for each in self.catalogue.items(afn))

    # ---- tables and op tables

    def _program(self, body: Record, edition: Edition) -> Program:
        known = self._programs.get((id(body), edition))
        if known is None:
            known = self._programs[id(body), edition] = compile_program(body)  # holds the body, and so its id
        return known

    def _table(self, entry: ItemEntry | EventEntry) -> tuple[int, TableSpec]:
        known = self._by_entry.get(id(entry))
        if known is None:
            # In other editions another entry may have the key.
            alike = [each for each in self._namesakes(entry) if each.key == entry.key]
            bodies = [found for each in alike for found in _bodies(each)]
            schema = Schema((self._program(body, edition) for body, edition in bodies), self.events)
            fields = None if self.select is None else self.select.get(entry.key, ())
            if fields is not None:
                schema.keep(fields)
            first = RECORD_COLUMNS if isinstance(entry, EventEntry) else ROW_COLUMNS
            spec = table_spec(entry.key, entry, schema, first)
            number = NO_TABLE
            if self.select is None or entry.key in self.select:
                number = len(self.tables)
                self.tables.append(spec)
            known = number, spec
            self._by_entry |= dict.fromkeys(map(id, alike), known)
        return known

    def _namesakes(self, entry: ItemEntry | EventEntry) -> Sequence[ItemEntry | EventEntry]:
        """Where other entries of the same key are to be found."""
        return self.catalogue.events() if isinstance(entry, EventEntry) else self.catalogue.items(entry.afn)

    def _bind(self, entry: ItemEntry | EventEntry, body: Record, edition: Edition) -> Bound:
        known = self._bound.get((id(entry), id(body)))
        if known is None:
            number, spec = self._table(entry)
            program = self._program(body, edition) if body is not EMPTY_BODY else _EMPTY
            if program is not _EMPTY and program not in spec.schema:
                raise OutdatedError
            known = self._bound[id(entry), id(body)] = _Binder(spec, program, len(self.ops)).bound(number)
            self.ops += [PlanOp(entry.key, spot) for spot in program.spots]
        return known


_EMPTY: Final = compile_program(EMPTY_BODY)


def _bodies(entry: ItemEntry | EventEntry) -> list[tuple[Record, Edition]]:
    """All bodies of an item or event, the newest edition's first."""
    return [
        (entry.compiled(layout, edition), edition)
        for edition in reversed(EDITIONS)
        for layout in entry.layouts
        if edition in layout.editions
    ]


def _unknown_item(catalogue: Catalogue, afn: int, fn: int, edition: Edition) -> int:
    """Why there is no body: the reasons that ``BodyContext.item`` gives."""
    if catalogue.find_item(afn, fn, edition) is not None:
        return Fault.WRONG_WAY
    known = catalogue.afn(afn) is not None
    return (Fault.UNKNOWN_ITEM_130 if known else Fault.UNKNOWN_AFN_130) + EDITIONS.index(edition)


def point_coding(set_: int) -> int:
    """1 if the edition of a set of bodies has numbered groups of points, 0 for bit groups."""
    return int(RULES[EDITIONS[set_ >> 1]].point_coding is PointCoding.NUMBERED_GROUP)


def table_spec(key: str, entry: ItemEntry | EventEntry | None, schema: Schema, first: tuple[Column, ...]) -> TableSpec:
    """A table of a schema's columns behind those that every row has."""
    columns: list[Column] = []
    shapes: list[Shape] = []
    levels = 1

    def add(column: Column, level: int) -> None:
        nonlocal levels
        at = len(columns)
        child = 0
        if column.kind is Kind.LIST:
            child, levels = levels, levels + 1
        columns.append(column)
        shapes.append(Shape("", 0, 0, 0, 0))
        for each in column.children:
            add(each, child or level)
        shapes[at] = Shape(_LETTERS.get(column.kind, "n"), column.width, level, child, len(columns) - at - 1)

    for column in (*first, *schema.columns):
        add(column, 0)
    return TableSpec(key, entry, schema, tuple(columns), tuple(shapes), levels)


def _undecoded() -> TableSpec:
    columns = (
        *ROW_COLUMNS,
        Column(("fn",), Kind.NUMBER, highest=0xFFFF),
        Column(("unit_afn",), Kind.NUMBER, highest=0xFF),
        Column(("position",), Kind.NUMBER, highest=0xFFFF),
        Column(("reason",), Kind.NUMBER, highest=0xFF),
        Column(("field",), Kind.NUMBER, highest=0xFFFF_FFFF),
        Column(("raw",), Kind.BYTES),
    )
    return table_spec("undecoded", None, Schema(()), columns)


_LETTERS: Final = {Kind.FLAG: "b", Kind.TEXT: "v", Kind.BYTES: "v", Kind.LIST: "l", Kind.RECORD: "r"}


class _Binder:
    """Binds one op table to a table's columns."""

    def __init__(self, spec: TableSpec, program: Program, first_number: int) -> None:
        self.spec = spec
        self.program = program
        self.first_number = first_number
        self.places = spec.schema.places(program) if program is not _EMPTY else [()]
        own = len(spec.columns) - len(spec.schema.all_columns())
        self.at = {column.path: number for number, column in enumerate(spec.columns) if number >= own}
        self.names: list[tuple[int, ...]] = []
        self.absent: list[tuple[int, ...]] = []

    def bound(self, table: int) -> Bound:
        counts = tuple((row.kind, row.slot, row.constant, row.table) for row in self.program.counts)
        tables = tuple(
            tuple(table.get(code, -1) for code in range(max(table, default=0) + 1)) for table in self.program.tables
        )
        ops = tuple(map(self.op, range(len(self.program.ops))))
        fewest, most = self.program.record.span()
        nowhere = self.with_inner(self.untouched(self.spec.schema.columns, 0, len(ops))) if table != NO_TABLE else ()
        return Bound(
            table,
            ops,
            counts,
            tables,
            tuple(self.names),
            tuple(self.absent),
            nowhere,
            self.program.slots,
            fewest if fewest == most and fewest <= MOST_BYTES else -1,
        )

    def op(self, number: int) -> BoundOp:
        op, spot, path = self.program.ops[number], self.program.spots[number], self.places[number]
        column = self.column(path)
        shift, multiplier, names, mode = 0, 1, -1, op.mode
        absent: tuple[int, ...] = ()
        if op.code == Code.SKIP:
            others = slice(op.arg, op.arg + op.size)
            beside = zip(self.program.spots[others], self.places[others], strict=True)
            columns = {self.column(place) for other, place in beside if other.path[:-1] == spot.path}
            absent = tuple(sorted(columns - self.filled(number, op.jump)))
        elif column != NO_COLUMN:
            target = self.spec.columns[column]
            if op.code in (Code.BITS, Code.PACKED):
                target = target.children[0]
            if op.code == Code.BITFIELD and op.arg:
                mode = self.column((*path, "spare")) - column
            if target.kind is Kind.NAME and spot.form is not None and op.code not in (Code.IDENTIFIER, Code.EVENT):
                names = self.name_table(target, spot.form)
                shift = 0 if names >= 0 else number_terms(spot.form)[0]
            elif target.kind is Kind.NUMBER and op.code not in (Code.BITS, Code.TIME):
                scale = target.scale
                factor = Decimal(1)
                if spot.form is not None:
                    shift, factor = number_terms(spot.form)
                    scale -= own_scale(spot.form)
                assert scale >= places(factor)
                multiplier = int(factor.scaleb(scale))
            if target.kind is Kind.NAME and spot.form is None:
                names = self.name_table(target, None)
            inside: list[Column] = []
            if op.code == Code.LIST and self.places[number + 1] != target.children[0].path:
                inside = target.children[0].children
            elif op.code in (Code.RECORD, Code.BITFIELD):
                inside = [each for each in target.children if not (op.arg and each.name == "spare")]
            absent = self.untouched(inside, number, op.jump)
        return BoundOp(
            op.code, op.size, mode, op.arg, op.slot, op.add, op.counter, op.jump,
            column, shift, multiplier, names, self.listed(absent), self.first_number + number,
        )  # fmt: skip

    def column(self, path: Path) -> int:
        """The place of a column, if it is wanted."""
        return self.at.get(path, NO_COLUMN) if path else NO_COLUMN

    def filled(self, first: int, last: int) -> set[int]:
        """The columns of the ops from ``first`` to before ``last``; ``NO_COLUMN`` is among them."""
        return {NO_COLUMN, *(self.column(place) for place in self.places[first:last])}

    def untouched(self, columns: list[Column], first: int, last: int) -> tuple[int, ...]:
        """Those of the columns that none of the ops from ``first`` to before ``last`` fills."""
        filled = self.filled(first, last)
        return tuple(self.at[each.path] for each in columns if self.at[each.path] not in filled)

    def with_inner(self, columns: Iterable[int]) -> tuple[int, ...]:
        """The columns, and those inside them of which there is one value for each of theirs."""
        shapes = self.spec.shapes
        return tuple(
            inner
            for each in columns
            for inner in range(each, each + shapes[each].inside + 1)
            if shapes[inner].level == shapes[each].level
        )

    def listed(self, columns: tuple[int, ...]) -> int:
        if not columns:
            return -1
        self.absent.append(self.with_inner(columns))
        return len(self.absent) - 1

    def name_table(self, column: Column, form: object) -> int:
        """The place of every code of one byte among the names of a column."""
        if column.codes is not None:
            return -1
        labels: Mapping[int, str] = getattr(form, "labels", {})
        shift, signed = 0, False
        if isinstance(form, Format):
            shift, signed = number_terms(form)[0], is_signed(form)
        place = {name: number for number, name in enumerate(column.names)}
        unnamed = len(column.names)
        table = []
        for raw in range(256):
            code = (raw - 256 if signed and raw > 127 else raw) + shift
            table.append(place[labels[code]] if code in labels else unnamed + (code & 0xFF))
        self.names.append(tuple(table))
        return len(self.names) - 1


UNDECODED: Final = _undecoded()
"""What did not decode; an interpreter fills it like any other table. ``reason`` is
a ``Fault``, ``field`` the number of an op of the plan."""


__all__ = [
    "AUX_OP",
    "EDITIONS",
    "ENTRY",
    "NO_COLUMN",
    "NO_TABLE",
    "RECORD_COLUMNS",
    "ROW_COLUMNS",
    "TP_OP",
    "TP_SIZE",
    "UNDECODED",
    "UNDECODED_TABLE",
    "Bound",
    "BoundOp",
    "Plan",
    "Shape",
    "TableSpec",
    "Way",
    "point_coding",
    "table_spec",
]
