"""A plan for reading frames into tables: how a frame may be read, which op table an item has, where values go.

A plan belongs to one catalogue and one set of options, grows as frames of new kinds turn up, and may be shared by
threads. Everything in it is a number or a tuple of numbers, but for what is wanted when a result is made: the schemas
of the tables, and what an op's number stands for in a report of what did not decode.

Nothing of the protocol is decided here: the ways to read a frame come from ``application.reading``, items and events
from the catalogue, ops from ``layout.program``.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from threading import RLock
from typing import Any, Final, NamedTuple

from ..application.auxiliary import SEND_TIME
from ..application.reading import readings
from ..application.sequence import Seq
from ..application.units import BodyContext, Reading
from ..catalogue import Catalogue
from ..catalogue.entries import EventEntry, ItemEntry
from ..editions import RULES, Edition
from ..errors import EncodeError, UnknownItemError
from ..identifier import PointCoding
from ..layout import Field, Leaf, Record
from ..layout.program import ENTRY, Code, Program, Spot, compile_program
from ..link import Address, Control, Direction, Frame
from .binding import NO_COLUMN, NO_TABLE, Bound, BoundOp, bind
from .faults import Fault
from .schema import Schema
from .specs import RECORD_COLUMNS, ROW_COLUMNS, UNDECODED, TableSpec, table_spec

EDITIONS: Final = tuple(Edition)
"""The editions by the number that they have in columns."""


class Way(NamedTuple):
    """One way to read a frame, as ``application.reading.Assumption``.

    Attributes:
        set: which bodies: twice the edition's number, plus one for the variants of deviating devices.
        coding: 1 if DA has numbered groups of points, 0 for bit groups.
        with_head: event records count their two head bytes.
        aux_size: bytes of AUX.
        has_tp: the last six of them are Tp.
        cost: how many deviations are assumed.
    """

    set: int
    coding: int
    with_head: int
    aux_size: int
    has_tp: int
    cost: int


UNDECODED_TABLE: Final = 0
"""The number of the table of what did not decode."""


class PlanOp(NamedTuple):
    """What an op's number stands for.

    Attributes:
        key: of the item or event; may be empty.
        spot: what belongs to the op.
    """

    key: str
    spot: Spot


def field_path(op: PlanOp) -> str:
    """Where a field is in its data unit: ``present_power.voltage_a``, ``important_event.record``."""
    return ".".join((op.key, *(name for name in op.spot.path if name != ENTRY))).strip(".")


FAULT_PLACES: Final = (PlanOp("", Spot(())), PlanOp("", Spot(("AUX",))), PlanOp("", Spot(("Tp",))))
"""The first op numbers: nowhere in particular, the auxiliary part, Tp in it."""

AUX_OP: Final = 1
TP_OP: Final = 2

SEND_TIME_OP: Final = BoundOp(
    *compile_program(Record((Field("sent", Leaf(SEND_TIME)),))).ops[0],
    column=NO_COLUMN, shift=0, multiplier=1, names=-1, absent=-1, number=TP_OP,
)  # fmt: skip
"""How the send time in Tp is read: its value has no column, but it may be invalid."""


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
        self._columns: dict[int, Mapping[tuple[Any, int], int]] = {}
        self._op_numbers: dict[str, int] = {}
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
        """The op table of a data unit's body, or the number of the fault if the catalogue has none.

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
        with self._lock:
            bound = self._bind(event, body, EDITIONS[edition])
        return bound._replace(slack=event.length_slack, event=self.events.index(event.key))

    def columns_of(self, bound: Bound) -> Mapping[tuple[Any, int], int]:
        """Where values go: a field or bit part, and how many lists it is in → its column."""
        if bound.table == NO_TABLE:
            return {}
        first = bound.ops[0].number
        known = self._columns.get(first)
        if known is None:
            spots = ((op, self.ops[op.number].spot) for op in bound.ops)
            known = {(spot.owner, spot.path.count(ENTRY)): op.column for op, spot in spots if spot.owner is not None}
            self._columns[first] = known
        return known

    def op_of(self, field: str) -> int:
        """The number of an op that a field of a bound body was made to, by the field's path; 0 for an empty path."""
        if field and field not in self._op_numbers:
            with self._lock:
                self._op_numbers = {field_path(op): number for number, op in enumerate(self.ops)}
        return self._op_numbers[field] if field else 0

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
                set_of(each.reading),
                int(RULES[each.reading.edition].point_coding is PointCoding.NUMBERED_GROUP),
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
            schema = Schema((body for body, _ in bodies), self.events)
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
            program = self._program(body, edition)
            known = self._bound[id(entry), id(body)] = bind(program, spec, number, len(self.ops))
            self.ops += [PlanOp(entry.key, spot) for spot in program.spots]
        return known


def set_of(reading: Reading) -> int:
    """Which bodies a reading takes, as in ``Way.set``."""
    return 2 * EDITIONS.index(reading.edition) + reading.variant


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
