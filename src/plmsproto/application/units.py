"""Data units: identifier after identifier, and for each pair of point and Fn one body, in order.

Order (all editions): points ascending outside, Fn ascending inside. An Fn that the catalogue does not know has no known
length, so that the rest of the data stays raw from there. What a body looks like is the catalogue's business.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from functools import cache
from typing import Any

from ..catalogue import Catalogue, ItemEntry
from ..editions import RULES, Edition
from ..errors import BadStructureError, PlmsError, UnknownItemError
from ..identifier import ALL_POINTS, Identifier, PointCoding, decode_identifier, encode_identifier
from ..layout import Reader, Record, Undecoded, Writer
from ..layout.cursor import as_undecoded
from ..link import Direction


@dataclass(frozen=True, slots=True)
class Reading:
    """Under which assumptions the data of a frame are read.

    Attributes:
        edition: whose items and point coding.
        variant: take the forms that deviating devices send, where the catalogue has them.
        length_includes_head: event records count their two head bytes into their length.
        ffff_is_all: DA ``FF FF`` means all points in 376.1 too.
    """

    edition: Edition
    variant: bool = False
    length_includes_head: bool = False
    ffff_is_all: bool = False


@cache
def standard_reading(edition: Edition) -> Reading:
    """The reading of an edition without deviations."""
    return Reading(edition)


@dataclass(slots=True)
class DataUnit:
    """One point, one Fn, one body.

    Attributes:
        afn: the AFN that the Fn belongs to.
        fn: the Fn number.
        pn: the information point, 0 = the terminal; ``ALL_POINTS`` = all.
        key: the item's key; empty if the catalogue does not know it.
        value: the body as a dict; ``Undecoded`` if it could not be understood.
        identifier: DA1 DA2 DT1 DT2 as received, shared by all units that it names; empty to have it made.
        verbatim: path → bytes that the value at the path does not give back by itself (odd fill, text padding,
            weekday, the length of an event record that has several forms).
        read_by: AFN, Fn and the layout that read the value; ``None`` for a unit that was not read, or was copied or
            pickled. See ``layout``.
    """

    afn: int
    fn: int
    pn: int = 0
    key: str = ""
    value: Any = field(default_factory=dict)
    identifier: bytes = b""
    verbatim: dict[str, bytes] = field(default_factory=dict)
    read_by: tuple[int, int, Record] | None = field(default=None, init=False, compare=False, repr=False)

    def __getstate__(self) -> tuple[None, dict[str, Any]]:
        # A layout belongs to its catalogue, which copies share and pickles name.
        return None, {each.name: getattr(self, each.name) for each in fields(self) if each.name != "read_by"} | {
            "read_by": None
        }

    @property
    def layout(self) -> Record | None:
        """The layout that read the value; ``None`` if it is not known, or the unit has become one of another item."""
        if self.read_by is None or self.read_by[:2] != (self.afn, self.fn):
            return None
        return self.read_by[2]

    @property
    def name(self) -> str:
        """``0C F25 p1``."""
        point = "all points" if self.pn == ALL_POINTS else f"p{self.pn}"
        return f"{self.afn:02X} F{self.fn} {point}"

    @property
    def error(self) -> PlmsError | None:
        """Why the body could not be understood, if so."""
        return self.value.error if isinstance(self.value, Undecoded) else None


class BodyContext:
    """What layouts need to know of the frame around them (the ``Context`` of ``layout.cursor``)."""

    def __init__(
        self, catalogue: Catalogue, direction: Direction, reading: Reading, *, check_bounds: bool = False
    ) -> None:
        self.catalogue = catalogue
        self.direction = direction
        self.reading = reading
        self.length_includes_head = reading.length_includes_head
        self.check_bounds = check_bounds
        self._depth = 0

    # ---- items

    def item(self, afn: int, fn: int) -> tuple[ItemEntry, Record, str]:
        """The item of an Fn, the layout of its body, and what a device does that sends it, if it is a variant.

        Raises:
            UnknownItemError: the catalogue has none in this edition and direction.
        """
        edition = self.reading.edition
        info = self.catalogue.afn(afn)
        item = self.catalogue.find_item(afn, fn, edition)
        if item is None:
            what = "unknown item" if info else "unknown AFN"
            raise UnknownItemError(f"{what} in {RULES[edition].title}")
        bodies = (self.direction.value,) if info is None else info.down if self.direction is Direction.DOWN else info.up
        if not bodies:
            raise UnknownItemError(f"AFN {afn:02X} does not go {self.direction.value}")
        deviation = item.variant(bodies, edition) if self.reading.variant else ""
        return item, item.body(bodies, edition, variant=self.reading.variant), deviation

    def unit_body(self, unit: DataUnit) -> Record | None:
        """The layout that read a data unit, or would write it; ``None`` if the catalogue has no such item."""
        if unit.layout is not None:
            return unit.layout
        try:
            return self.item(unit.afn, unit.fn)[1]
        except UnknownItemError:
            return None

    # ---- events

    def event_key(self, erc: int) -> str | None:
        """The key of an event record, if the edition has it."""
        event = self.catalogue.find_event(erc, self.reading.edition)
        return event.key if event else None

    def event_zh(self, erc: int) -> str:
        """The Chinese name of an event record, if the edition has it."""
        event = self.catalogue.find_event(erc, self.reading.edition)
        return event.zh if event else ""

    def event_erc(self, key: str) -> int:
        """The event code of a key."""
        return self.catalogue.event_by_key(key, self.reading.edition).erc

    def event_body(self, erc: int) -> Record | None:
        """The layout of an event record's body."""
        event = self.catalogue.find_event(erc, self.reading.edition)
        return event.body(self.reading.edition) if event else None

    def event_slack(self, erc: int) -> int:
        """How many bytes too few some devices write into the record's length."""
        event = self.catalogue.find_event(erc, self.reading.edition)
        return event.length_slack if event else 0

    # ---- units inside a body

    def read_units(self, reader: Reader, afn: int) -> list[Any]:
        """Reads nested data units up to the end of the body."""
        if self._depth:
            raise BadStructureError("data units nest too deep", offset=reader.position, path=reader.place)
        self._depth += 1
        units: list[Any] = []
        try:
            read_units(reader, self, afn, units)
        finally:
            self._depth -= 1
        return units

    def write_units(self, writer: Writer, afn: int, units: list[Any]) -> None:
        """Writes nested data units, which may be plain dicts."""
        from .interchange import unit_from_dict  # the dict form of a unit is its business; it knows this module

        whole = [
            unit if isinstance(unit, DataUnit) else unit_from_dict(unit, afn, self.reading, self.catalogue)
            for unit in units
        ]
        write_units(writer, self, afn, whole)


def read_units(reader: Reader, context: BodyContext, afn: int, units: list[DataUnit]) -> None:
    """Reads data units up to the end of the reader into ``units``.

    A body that does not fit its layout, or whose Fn is unknown, makes its unit's value ``Undecoded`` up to the end of
    the data, with the error noted in ``reader.errors``.

    Raises:
        BadStructureError: an identifier is none, or less than four bytes are left for it. The reader stays before it.
        UnknownItemError: the same, of an AFN that the catalogue does not know and that may have no identifiers at all.
    """
    while reader.remaining:
        raw, identifier = _read_identifier(reader, context, afn)
        for pn, fn in identifier.pairs():
            unit = DataUnit(afn, fn, pn, identifier=raw)
            units.append(unit)
            if not _read_body(reader, context, unit):
                return


def _read_identifier(reader: Reader, context: BodyContext, afn: int) -> tuple[bytes, Identifier]:
    start = reader.position
    raw = reader.data[start : min(start + 4, reader.stop)]
    coding = RULES[context.reading.edition].point_coding
    try:
        identifier = decode_identifier(raw, coding, ffff_is_all=context.reading.ffff_is_all)
    except BadStructureError as error:
        known = context.catalogue.afn(afn) is not None
        failure = error if known else UnknownItemError("unknown AFN")
        failure.offset, failure.path = start, f"{afn:02X}"
        raise failure from None
    reader.take(4)
    if reader.spans is not None:
        _span_identifier(reader, raw, identifier, context, afn)
    return raw, identifier


def _read_body(reader: Reader, context: BodyContext, unit: DataUnit) -> bool:
    """Reads one body; ``False`` if it could not be understood, and with it the rest of the data."""
    inner = reader.unit(unit.name)
    start = inner.mark()
    try:
        item, body, deviation = context.item(unit.afn, unit.fn)
        if deviation:
            inner.deviate(deviation)
        unit.key = item.key
        unit.value = body.read(inner)
        unit.verbatim = inner.verbatim
        unit.read_by = unit.afn, unit.fn, body
    except PlmsError as error:
        inner.back_to(start)
        raw = inner.take(inner.remaining)
        unit.value = inner.undecoded(raw, error)
        inner.span(raw, unit.value, note=error.reason)
    reader.position = inner.position
    return not isinstance(unit.value, Undecoded)


def _span_identifier(reader: Reader, raw: bytes, identifier: Identifier, context: BodyContext, afn: int) -> None:
    points = ", ".join("all points" if pn == ALL_POINTS else f"p{pn}" for pn in identifier.pns)
    items = [(fn, context.catalogue.find_item(afn, fn, context.reading.edition)) for fn in identifier.fns]
    functions = ", ".join(f"F{fn} {item.key if item else ''}".strip() for fn, item in items)
    reader.path.append("DA")
    coding = RULES[context.reading.edition].point_coding
    reader.span(raw[:2], points, note=_point_arithmetic(raw[0], raw[1], coding), at=reader.position - 4)
    reader.path[-1] = "DT"
    note = f"DT2 = group {raw[3]}: F{8 * raw[3] + 1}..F{8 * raw[3] + 8}, DT1 {raw[2]:08b}"
    reader.span(raw[2:], functions, note=note)
    reader.path.pop()


def _point_arithmetic(da1: int, da2: int, coding: PointCoding) -> str:
    if not (da1 or da2):
        return "00 00: the terminal itself"
    if coding is PointCoding.BIT_GROUPS:
        return f"DA2 = groups {da2:08b}, DA1 = members {da1:08b}: p = 8 × group + member + 1"
    if not da2:
        return "group 0: all points"
    return f"DA2 = group {da2}: p{8 * da2 - 7}..p{8 * da2}, DA1 {da1:08b}"


def write_units(writer: Writer, context: BodyContext, afn: int, units: Iterable[DataUnit]) -> None:
    """Writes data units, with one identifier for all neighbours that were received under one.

    Raises:
        EncodeError: a value does not fit its layout.
        UnknownItemError: the catalogue does not know an Fn whose body is not raw.
    """
    waiting = list(units)
    while waiting:
        raw, size = _leading_group(waiting, context)
        writer.out += raw
        for unit in waiting[:size]:
            write_body(writer, context, afn, unit)
        del waiting[:size]


def _leading_group(units: list[DataUnit], context: BodyContext) -> tuple[bytes, int]:
    """The identifier that the first units stand under, and how many they are.

    That is the one they were received under if they are still all that it names; else the first unit gets its own.
    """
    first = units[0]
    coding = RULES[context.reading.edition].point_coding
    try:
        pairs = decode_identifier(first.identifier, coding, ffff_is_all=context.reading.ffff_is_all).pairs()
    except BadStructureError:
        pairs = []
    for size, (pair, unit) in enumerate(zip(pairs, units, strict=False), 1):
        if pair != (unit.pn, unit.fn) or unit.identifier != first.identifier:
            break
        swallowed_rest = as_undecoded(unit.value) is not None
        if swallowed_rest or size == len(pairs):
            return first.identifier, size
    return encode_identifier(Identifier((first.pn,), (first.fn,)), coding), 1


def write_body(writer: Writer, context: BodyContext, afn: int, unit: DataUnit) -> None:
    """Writes the body of a data unit; raises as ``write_units``."""
    raw = as_undecoded(unit.value)
    if raw is not None:
        writer.out += raw
        return
    inner = Writer(context, verbatim=unit.verbatim)
    try:
        _, body, _ = context.item(afn, unit.fn)
        body.write(inner, unit.value)
    except PlmsError as error:
        error.path = f"{unit.name} {error.path}".rstrip()
        raise
    writer.out += inner.out
