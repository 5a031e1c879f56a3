"""The columns of a table: what an item's or event's values are, over all its layouts, when they stand in columns.

An item has one table whatever edition, direction or variant its bodies are of; a column is found by the path of its
field. Where layouts disagree about a field (a finer decimal, a code that another edition names differently), the column
is wide enough for all of them; where they can't be brought together, each gets a column of its own.

This module knows paths, types and names, but neither frames nor buffers: what fills columns is in ``rows``, what
they are to Arrow in ``arrow``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from enum import StrEnum
from itertools import count
from typing import Final

from ..formats import (
    BcdDecimal,
    BcdInteger,
    Bits,
    Clock,
    Date,
    DigitText,
    Energy,
    Enumerated,
    FloatCoefficient,
    FloatingPower,
    Format,
    HexText,
    Integer,
    Ip4,
    MeterFrameFormat,
    MinuteStamp,
    PartialTime,
    Raw,
    Scaled,
    Shifted,
    SmallInteger,
    Telephone,
    Text,
    TimeOfDay,
    innermost,
)
from ..formats.times import TIME_PARTS
from ..identifier import HIGHEST_FN, IdentifierFormat, ItemIdentifierFormat
from ..layout import Bitfield, BitPart, Event, Field, Leaf, ListOf, PackedList, Record, Shape, SizedLeaf, Units
from ..layout.grammar import MOST_DIGITS
from ..layout.marks import density_of, minutes_of
from ..layout.nodes import fields_of
from ..layout.program import ENTRY
from ..link import MAX_NETWORK

Path = tuple[str, ...]
"""Where a column's values are in a body: names of fields, ``[]`` for the entries of a list."""


class Kind(StrEnum):
    """What the values of a column are."""

    NUMBER = "number"
    """Whole numbers, or decimals with a common number of places."""
    FLAG = "flag"
    NAME = "name"
    """Names of codes; a code without a name is its number as text."""
    TIMESTAMP = "timestamp"
    """Date and time, kept as seconds since 1970."""
    DATE = "date"
    """Kept as days since 1970."""
    TIME_OF_DAY = "time_of_day"
    """Kept as seconds since midnight."""
    TEXT = "text"
    BYTES = "bytes"
    RECORD = "record"
    LIST = "list"


LARGEST_NAMED: Final = 0xFF
"""Codes beyond this are kept as they are, not as places in a list of names."""


@dataclass(slots=True, eq=False)
class Column:
    """One column.

    Attributes:
        path: where the values are.
        kind: what they are.
        lowest, highest: of numbers, in units of the last place.
        scale: places after the decimal point; 0 for whole numbers.
        decimal: the numbers are decimals to ``plmsproto.decode``.
        names: of names: those of the catalogue. Numbers of unnamed codes follow them in the order of the codes.
        codes: of names of codes too large for that: code → name.
        unit, zh: as in the catalogue.
        mark: of a curve's points: the name of the field that says when they are.
        minutes: of a curve's points: name of a density → minutes between two of them.
        composite: the format (bits, identifier, A16 ...) or ``event`` whose parts are the children: other formats can't
            share the column.
        children: the fields of a record; the one column of a list's entries.
        level: whose rows it has: 0 for the table's, else those of the list whose ``child`` is that level.
        child: of a list: the level of its entries.
        descendants: how many of the table's following columns are inside it.
    """

    path: Path
    kind: Kind
    lowest: int = 0
    highest: int = 0
    scale: int = 0
    decimal: bool = False
    names: tuple[str, ...] = ()
    codes: Mapping[int, str] | None = None
    unit: str = ""
    zh: str = ""
    mark: str = ""
    minutes: Mapping[str, int] = field(default_factory=dict)
    composite: str = ""
    children: list[Column] = field(default_factory=list)
    level: int = 0
    child: int = 0
    descendants: int = 0

    @property
    def name(self) -> str:
        """The last name of the path."""
        return self.path[-1]

    @property
    def en(self) -> str:
        """The English name."""
        return self.name.replace("_", " ")

    @property
    def precision(self) -> int:
        """Decimal digits of the largest number."""
        return max(len(str(max(abs(self.lowest), abs(self.highest)))), self.scale + 1)

    @property
    def width(self) -> int:
        """Bytes of one value in its buffer; 0 for flags, and where values have no fixed width."""
        match self.kind:
            case Kind.NUMBER:
                return _number_width(self)
            case Kind.NAME:
                return 8 if self.codes is not None else 2 if len(self.names) + LARGEST_NAMED + 1 > 1 << 8 else 1
            case Kind.TIMESTAMP:
                return 8
            case Kind.DATE | Kind.TIME_OF_DAY:
                return 4
            case _:
                return 0

    @property
    def storage(self) -> str:
        """How it is kept: ``n`` numbers of ``width`` bytes, ``b`` bits, ``v`` bytes, ``l`` lists, ``r`` records."""
        return _STORAGE.get(self.kind, "n")

    @property
    def signed(self) -> bool:
        """Whether numbers are kept with a sign; decimals always are."""
        return self.decimal or self.lowest < 0 or self.codes is not None

    def walk(self) -> Iterator[Column]:
        """This column and all inside it, outermost first."""
        yield self
        for child in self.children:
            yield from child.walk()


_STORAGE: Final = {Kind.FLAG: "b", Kind.TEXT: "v", Kind.BYTES: "v", Kind.LIST: "l", Kind.RECORD: "r"}


def _number_width(column: Column) -> int:
    if column.decimal:
        return 4 if column.precision <= 9 else 8
    bits = max(column.highest.bit_length(), (-column.lowest - 1).bit_length() if column.lowest < 0 else 0)
    return next(width for width in (1, 2, 4, 8) if bits + (column.lowest < 0) <= 8 * width)


class Schema:
    """The columns of one table.

    Args:
        bodies: the layouts, the newest edition's first.
        events: keys of the event records that an event's column may name.

    Attributes:
        columns: the outermost columns, in order.
        by_path: all columns.
        paths: a field or part of a bit field, and how many lists it is in → the path of its column. The entries of a
            list have the list's field.
    """

    def __init__(self, bodies: Iterable[Record], events: tuple[str, ...] = ()) -> None:
        self.columns: list[Column] = []
        self.by_path: dict[Path, Column] = {}
        self.paths: dict[tuple[Field | BitPart, int], Path] = {}
        self._events = events
        self._names: dict[Path, str] = {}
        for body in bodies:
            # Of a body's fields only alternatives share a column: those have one name.
            self._owners = {place: place for place in _places(body, ())}
            self._add_members(body, (), (), 0)

    def keep(self, fields: Collection[str]) -> None:
        """Drops all outermost columns but those of some fields.

        A field's columns are those of its name, and those that are called after it because its layouts disagree.
        """
        self.columns = [column for column in self.columns if self._names[column.path] in fields]

    def all_columns(self) -> list[Column]:
        """All columns, each before those inside it."""
        return [each for column in self.columns for each in column.walk()]

    def _add_members(self, record: Record, path: Path, place: Path, depth: int) -> None:
        """Adds the columns of a record's fields.

        Args:
            record: the layout.
            path: of the record's column.
            place: the names of the fields that lead to the record.
            depth: how many lists it is in.
        """
        for each in fields_of(record.members):
            if not isinstance(each.shape, Units):
                column = _column_of(each.shape, each, (*path, each.name), self._events)
                self._add_field(each, column, (*place, each.name), depth)
                self._add_inner(each.shape, each, self.paths[each, depth], (*place, each.name), depth)

    def _add_inner(self, shape: Shape, owner: Field, path: Path, place: Path, depth: int) -> None:
        """Adds the columns inside a field's column."""
        match shape:
            case Record():
                self._add_members(shape, path, place, depth)
            case Bitfield():
                for part in shape.parts:
                    self._add_field(part, _part_column(part, (*path, part.name)), (*place, part.name), depth)
            case ListOf():
                if not isinstance(shape.shape, (Record, Units)):
                    self.paths[owner, depth + 1] = (*path, ENTRY)
                self._add_inner(shape.shape, owner, (*path, ENTRY), (*place, ENTRY), depth + 1)

    def _add_field(self, owner: Field | BitPart, column: Column, place: Path, depth: int) -> None:
        """Adds the column of a field: shares the one of its name if they go together, or gives it another name."""
        around = place[:-1]
        names = (name for name in self._names_for(column) if self._owners.get((*around, name), place) == place)
        path = next(path for name in names if self._fits_at(column, path := (*column.path[:-1], name)))
        self._owners[*around, path[-1]] = place
        self._names.setdefault(path, place[0])
        self.paths[owner, depth] = path

    def _names_for(self, column: Column) -> Iterator[str]:
        """What a column may be called: as its field, and where a namesake is in the way, after what sets it apart."""
        yield column.name
        stem = f"{column.name}_{_mark(column, self.by_path.get(column.path, column))}"
        yield stem
        for number in count(2):
            yield f"{stem}{number}"

    def _fits_at(self, column: Column, path: Path) -> bool:
        """Puts a column at a path, if the path is free or the column there goes with it."""
        known = self.by_path.get(path)
        if known is None:
            self._add(_moved(column, len(path), path))
        elif _goes_with(known, column):
            _widen(known, column)
        else:
            return False
        return True

    def _add(self, column: Column) -> None:
        parent = column.path[:-1]
        (self.by_path[parent].children if parent else self.columns).append(column)
        for each in column.walk():
            self.by_path[each.path] = each


def _places(shape: Shape, place: Path) -> Iterator[Path]:
    """The names of fields that lead to each field inside a shape, ``[]`` for the entries of a list."""
    match shape:
        case Record():
            for each in fields_of(shape.members):
                yield (*place, each.name)
                yield from _places(each.shape, (*place, each.name))
        case Bitfield():
            yield from ((*place, part.name) for part in shape.parts)
        case ListOf():
            yield from _places(shape.shape, (*place, ENTRY))


_MOST_BITS: Final = 8 * MAX_NETWORK
"""A bit string may be counted, and then only the frame is its bound."""


def _mark(column: Column, known: Column) -> str:
    """What sets a column apart from the one that has its name already."""
    if column.kind is Kind.LIST and known.kind is Kind.LIST:
        return _mark(column.children[0], known.children[0])
    if column.unit and column.unit != known.unit:
        return column.unit
    return "_".join(child.name for child in column.children) or column.kind


def _moved(column: Column, depth: int, to: Path) -> Column:
    """The column under another name."""
    children = [_moved(child, depth, to) for child in column.children]
    return replace(column, path=to + column.path[depth:], children=children)


def _column_of(shape: Shape, owner: Field, path: Path, events: tuple[str, ...]) -> Column:
    """The column that one field alone would need, without those of its own fields."""
    column = Column(path, Kind.RECORD, unit=owner.unit, zh=owner.zh)
    match shape:
        case ListOf():
            column.kind = Kind.LIST
            _describe_points(column, owner)
            column.children = [_entry_column(shape.shape, owner, (*path, ENTRY), events)]
        case PackedList():
            entry = Column((*path, ENTRY), Kind.NUMBER, unit=owner.unit, zh=owner.zh)
            _describe_number(entry, shape.form)
            column.kind, column.children = Kind.LIST, [entry]
        case Bitfield() if shape.spare_mask:
            column.children = [_number((*path, "spare"), (1 << 8 * shape.size) - 1)]
        case Event():
            column.composite = "event"
            column.children = [
                _number((*path, "erc"), 0xFF),
                Column((*path, "event"), Kind.NAME, names=events),
                _number((*path, "length"), 0xFF),
            ]
        case Leaf(form=form) | SizedLeaf(form=form):
            _describe_value(column, form)
    return column


def _entry_column(shape: Shape, owner: Field, path: Path, events: tuple[str, ...]) -> Column:
    if isinstance(shape, (Record, Units)):
        return Column(path, Kind.RECORD)
    return _column_of(shape, owner, path, events)


def _part_column(part: BitPart, path: Path) -> Column:
    """The column of a part of a bit field."""
    column = Column(path, Kind.NUMBER, highest=(1 << part.high - part.low + 1) - 1, unit=part.unit, zh=part.zh)
    if part.form is not None:
        _describe_number(column, part.form)
    elif part.low == part.high:
        column.kind, column.highest = Kind.FLAG, 0
    return column


def _describe_value(column: Column, form: Format) -> None:
    """What a format's values are in a column."""
    match base := innermost(form):
        case DigitText() | HexText() | Ip4() | Telephone() | Text():
            column.kind = Kind.TEXT
        case Raw() | MeterFrameFormat():
            column.kind = Kind.BYTES
        case Bits():
            entry = Column((*column.path, ENTRY), Kind.NUMBER, unit=column.unit, zh=column.zh, composite="bits")
            entry.lowest, entry.highest = min(0, base.first), max(0xFFFF, base.first + _MOST_BITS)
            column.kind, column.children = Kind.LIST, [entry]
        case Clock() | MinuteStamp():
            column.kind = Kind.TIMESTAMP
        case Date():
            column.kind = Kind.DATE
        case TimeOfDay():
            column.kind = Kind.TIME_OF_DAY
        case PartialTime():
            # In the order of the named tuple's parts.
            parts = [part for part in reversed(TIME_PARTS) if part in base.parts]
            column.composite = base.name
            column.children = [_number((*column.path, part), 2099 if part == "year" else 59) for part in parts]
        case IdentifierFormat() | ItemIdentifierFormat():
            _describe_identifier(column, base)
        case _:
            column.kind = Kind.NUMBER
            _describe_number(column, form)


def _describe_points(column: Column, owner: Field) -> None:
    """What says when the points of a curve are."""
    mark = owner.time_mark
    density = density_of(mark) if mark is not None else None
    if mark is not None and density is not None:
        column.mark = mark.name
        column.minutes = {density.labels.get(code, str(code)): minutes for code, minutes in minutes_of(density).items()}


def _number(path: Path, highest: int) -> Column:
    return Column(path, Kind.NUMBER, highest=highest)


def _describe_identifier(column: Column, form: IdentifierFormat | ItemIdentifierFormat) -> None:
    column.composite = form.name
    for name in ("pns", "fns"):
        listed = Column((*column.path, name), Kind.LIST)
        listed.children = [_number((*listed.path, ENTRY), 0xFFFF)]
        column.children.append(listed)
    if isinstance(form, ItemIdentifierFormat):
        # Kept by name, not by Fn: editions have different items under some Fn.
        names = tuple(dict.fromkeys(keys_of(form)))
        keys = Column((*column.path, "keys"), Kind.LIST)
        keys.children = [Column((*keys.path, ENTRY), Kind.NAME, names=names)]
        column.children.append(keys)


def keys_of(form: ItemIdentifierFormat) -> tuple[str, ...]:
    """The keys of F1 to the highest Fn, empty where there is no item."""
    return tuple(map(form.key_of, range(1, HIGHEST_FN + 1)))


def _describe_number(column: Column, form: Format) -> None:
    """Range and places of a format's numbers, or the names of its codes."""
    if isinstance(form, Enumerated):
        column.kind = Kind.NAME
        base = innermost(form)
        assert base.size is not None
        shift, _ = number_terms(form)
        lowest, highest, _ = _range_of(base)
        if base.size > 1 or lowest + shift < 0 or highest + shift > LARGEST_NAMED:
            column.codes = form.labels
        else:
            column.names = tuple(form.labels.values())
        return
    shift, factor = number_terms(form)
    lowest, highest, scale = _range_of(innermost(form))
    scale += places(factor)
    factor = factor.scaleb(places(factor))
    bounds = [int((bound + shift) * factor) for bound in (lowest, highest)]
    column.lowest, column.highest, column.scale = min(bounds), max(bounds), scale
    column.decimal = scale > 0


def number_terms(form: Format) -> tuple[int, Decimal]:
    """What is added to the number in the bytes, and what the sum is multiplied by."""
    shift, factor = 0, Decimal(1)
    while isinstance(form, (Scaled, Shifted, Enumerated)):
        if isinstance(form, Scaled):
            factor *= form.factor
        elif isinstance(form, Shifted):
            shift += form.offset
        form = form.base
    return shift, factor


def places(number: Decimal) -> int:
    """Digits after the decimal point."""
    exponent = number.normalize().as_tuple().exponent
    assert isinstance(exponent, int)
    return max(0, -exponent)


def own_scale(form: Format) -> int:
    """Places after the decimal point of the whole numbers that an op reads for a format."""
    return _range_of(innermost(form))[2]


def is_signed(form: Format) -> bool:
    """Whether the number in the bytes may be negative."""
    return _range_of(innermost(form))[0] < 0


def _range_of(base: Format) -> tuple[int, int, int]:
    """Lowest and highest number in units of the last place, and the places after the decimal point."""
    match base:
        case Integer():
            return base.low, base.high, 0
        case SmallInteger():
            return 0, (1 << base.bits) - 1, 0
        case BcdInteger():
            return 0, 100**base.size - 1, 0
        case BcdDecimal():
            highest = int(base.maximum.scaleb(base.decimals))
            return -highest if base.signed else 0, highest, base.decimals
        case FloatingPower() | Energy() | FloatCoefficient():
            highest = int(base.maximum.scaleb(base.decimals))
            return -highest, highest, base.decimals
    raise AssertionError(f"{base.name} has no numbers")


def _goes_with(known: Column, other: Column) -> bool:
    """Whether what another layout has at a column's place can stand in it, once the column is widened."""
    if known.composite != other.composite:
        return False
    if {known.kind, other.kind} == {Kind.NAME, Kind.NUMBER}:
        number = known if known.kind is Kind.NUMBER else other
        few = not number.decimal and number.lowest >= 0 and number.highest <= LARGEST_NAMED
        return few and known.codes is None and other.codes is None
    if {known.kind, other.kind} == {Kind.FLAG, Kind.NUMBER}:
        return not (known.decimal or other.decimal)
    if known.kind is not other.kind or known.unit != other.unit:
        return False
    if known.kind is Kind.LIST:
        return _goes_with(known.children[0], other.children[0])
    if known.kind is Kind.NAME:
        return known.codes == other.codes
    return known.kind is not Kind.NUMBER or _fits(_common_range(known, other))


def _common_range(known: Column, other: Column) -> Column:
    """A column for the numbers of both."""
    scale = max(known.scale, other.scale)
    bounds = [bound * 10 ** (scale - each.scale) for each in (known, other) for bound in (each.lowest, each.highest)]
    decimal = known.decimal or other.decimal
    return replace(known, kind=Kind.NUMBER, lowest=min(bounds), highest=max(bounds), scale=scale, decimal=decimal)


def _fits(column: Column) -> bool:
    """Whether a column's numbers have room in eight bytes."""
    return column.precision <= MOST_DIGITS


def _widen(known: Column, other: Column) -> None:
    """Makes room in a column for what another layout has at its place, and goes with it."""
    known.zh = known.zh or other.zh
    known.mark = known.mark or other.mark
    known.minutes = {**known.minutes, **other.minutes}
    if Kind.NAME in (known.kind, other.kind):
        known.kind = Kind.NAME
        known.names += tuple(name for name in other.names if name not in known.names)
    elif Kind.NUMBER in (known.kind, other.kind):
        wide = _common_range(known, other)
        known.kind, known.scale, known.decimal = Kind.NUMBER, wide.scale, wide.decimal
        known.lowest, known.highest = wide.lowest, wide.highest
    elif known.kind is Kind.LIST:
        _widen(known.children[0], other.children[0])
    elif known.kind is Kind.RECORD and known.composite:
        for one, another in zip(known.children, other.children, strict=True):
            _widen(one, another)
    elif known.kind is Kind.RECORD:
        _widen_spare(known, other)


def _widen_spare(known: Column, other: Column) -> None:
    """Sees to room for the bits without a name of another bit field."""
    spare, own = (next((each for each in column.children if each.name == "spare"), None) for column in (other, known))
    if spare is not None and own is None:
        known.children.insert(0, replace(spare, path=(*known.path, "spare")))
    elif spare is not None and own is not None:
        own.highest = max(own.highest, spare.highest)
