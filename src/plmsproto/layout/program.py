"""Layouts as flat op tables: what the compiled implementation interprets.

A layout's tree is compiled to one row of small numbers an op, in reading order. A list, a condition or a bit field says
where it ends, so an interpreter needs no tree. The table is made from the tree and from nothing else: there is no
second description of any item, and no generated code. What belongs to an op but is no number (its field, its format,
its place) is in ``Program.spots``.

What an op does with bytes is defined by the shape in ``nodes`` that it is made from. The pure implementation reads by
those shapes; nothing in Python reads by ops.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import IntEnum
from typing import Any, Final, NamedTuple

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
from ..identifier import IdentifierFormat, ItemIdentifierFormat, PointCoding
from .counts import COMPARISONS, Condition, Count
from .event import LENGTH, Event
from .nodes import (
    Bitfield,
    BitPart,
    Conditional,
    Field,
    Leaf,
    ListOf,
    Member,
    Optional,
    PackedList,
    Record,
    Shape,
    SizedLeaf,
    Units,
)

NONE: Final = -1
"""No slot, no count."""

MOST_BYTES: Final = 1 << 16
"""More than any frame has: what takes more bytes than this takes too many, so that ops need no larger number."""

ENTRY: Final = "[]"
"""Stands for any entry of a list in a path."""


class Code(IntEnum):
    """What an op does. The compiled interpreters have the same numbers."""

    END = 0
    # One value of ``size`` bytes, or of as many as ``counter`` says.
    UNSIGNED = 1
    SIGNED = 2
    BCD = 3
    SIGNED_BCD = 4
    FLOATING_POWER = 5
    ENERGY = 6
    COEFFICIENT = 7
    TIME = 8
    """``mode`` is a ``TimeKind``; ``arg`` has the two-digit parts in sending order, four bits each, plus one."""
    DIGITS = 9
    HEX = 10
    IP4 = 11
    PHONE = 12
    ASCII = 13
    GB2312 = 14
    RAW = 15
    BITS = 16
    """``arg`` is the number of the first bit."""
    IDENTIFIER = 17
    """``mode`` is 1 for the numbered groups of 376.1."""
    # Bits.
    BITFIELD = 20
    """Its parts follow up to ``jump``; ``arg`` are the bits that no part names."""
    PART = 21
    """``arg`` is the first bit, ``size`` how many; ``mode`` is 1 for BCD digits."""
    PACKED = 22
    """``arg`` entries of ``mode`` bits."""
    # Structure.
    RECORD = 30
    """A named record; its members follow up to ``jump``."""
    LIST = 31
    """``counter`` times what follows up to ``jump``; ``arg`` is the fewest bytes of an entry, or ``MOST_BYTES``."""
    IF = 32
    """``mode`` compares the number in ``slot`` with ``arg``; goes on at ``jump`` where that is false."""
    GO = 33
    """Goes on at ``jump``: the end of a condition's first block."""
    OPTIONAL = 34
    """What follows up to ``jump`` is there if bytes are left; else goes on there, at the ``SKIP`` of what is not."""
    SKIP = 35
    """The fields of ``size`` ops from ``arg`` on are not there, unless they are among what follows up to ``jump``."""
    EVENT = 36
    UNITS = 37
    """``arg`` is the AFN."""


class TimeKind(IntEnum):
    """What a ``TIME`` op's parts make together."""

    CLOCK = 0
    """Date and time; the weekday shares the month's byte."""
    STAMP = 1
    """Date and time."""
    DATE = 2
    TIME_OF_DAY = 3
    PARTIAL = 4
    """A named tuple."""


class CountKind(IntEnum):
    """Where a count comes from."""

    CONSTANT = 0
    SLOT = 1
    POPCOUNT = 2
    TABLE = 3
    TO_END = 4


class CountRow(NamedTuple):
    """A count as numbers.

    Attributes:
        kind: a ``CountKind``.
        slot: of the counting field.
        constant: the constant, or what is added.
        table: index of the table.
    """

    kind: int
    slot: int = NONE
    constant: int = 0
    table: int = NONE


class Op(NamedTuple):
    """One row of the table.

    Attributes:
        code: a ``Code``, which says what ``mode`` and ``arg`` are.
        size: bytes; 0 where ``counter`` says how many.
        mode, arg: what the code needs to know.
        slot: where the number of the value is kept for counts and conditions; the one that a condition looks at.
        add: what is added to the number before it is kept.
        counter: index of the count.
        jump: index of the op to go on at, for those that hold others or choose.
    """

    code: int
    size: int = 0
    mode: int = 0
    arg: int = 0
    slot: int = NONE
    add: int = 0
    counter: int = NONE
    jump: int = 0


class Spot(NamedTuple):
    """What belongs to an op but is no number.

    Attributes:
        path: names of the fields that lead to it, ``[]`` for any entry of a list.
        owner: the field or part of a bit field, if it is one.
        form: the format, for ops that read a value.
    """

    path: tuple[str, ...]
    owner: Field | BitPart | None = None
    form: Format | None = None


class Program(NamedTuple):
    """A body's op table.

    Attributes:
        ops: the ops, the last of them ``END``.
        spots: beside each op what is no number.
        counts: the counts that ops refer to.
        tables: the tables that counts refer to: for each code how many, -1 for a code that the count does not know.
        slots: how many numbers are kept. In an event record's body slot 0 has its length.
        record: the tree that it was made from.
    """

    ops: tuple[Op, ...]
    spots: tuple[Spot, ...]
    counts: tuple[CountRow, ...]
    tables: tuple[tuple[int, ...], ...]
    slots: int
    record: Record


def compile_program(record: Record) -> Program:
    """The op table of a body."""
    compiler = _Compiler()
    compiler.members(record.members, ())
    compiler.emit(Op(Code.END), Spot(()))
    return Program(
        tuple(compiler.ops),
        tuple(compiler.spots),
        tuple(compiler.counts),
        tuple(compiler.tables),
        len(compiler.slots),
        record,
    )


COMPARISON_NAMES: Final = tuple(COMPARISONS)
"""The comparisons of conditions; ``mode`` of an ``IF`` is the place in this tuple."""


class _Compiler:
    def __init__(self) -> None:
        self.ops: list[Op] = []
        self.spots: list[Spot] = []
        self.counts: list[CountRow] = []
        self.tables: list[tuple[int, ...]] = []
        self.slots: dict[Any, int] = {LENGTH: 0}

    def emit(self, op: Op, spot: Spot) -> int:
        self.ops.append(op)
        self.spots.append(spot)
        return len(self.ops) - 1

    def land(self, at: int) -> None:
        """Lets an earlier op end, or go on, here."""
        self.ops[at] = self.ops[at]._replace(jump=len(self.ops))

    def slot_of(self, source: Any) -> int:
        return self.slots.setdefault(source, len(self.slots))

    # ---- members

    def members(self, members: Iterable[Member], path: tuple[str, ...]) -> None:
        for member in members:
            if isinstance(member, Field):
                self.shape(member.shape, member, (*path, member.name))
            elif isinstance(member, Conditional):
                self.conditional(member, path)
            else:
                self.optional(member, path)

    def conditional(self, member: Conditional, path: tuple[str, ...]) -> None:
        at = self.emit(self.condition(member.condition), Spot(path))
        self.alternatives(at, member.then, member.otherwise, path)

    def optional(self, member: Optional, path: tuple[str, ...]) -> None:
        at = self.emit(Op(Code.OPTIONAL), Spot(path))
        self.alternatives(at, member.members, (), path)

    def alternatives(self, at: int, one: tuple[Member, ...], other: tuple[Member, ...], path: tuple[str, ...]) -> None:
        """Two blocks of which one is there, after the op that chooses: each begins with what is not there instead."""
        first = self.emit(Op(Code.SKIP), Spot(path)) if other else at
        self.members(one, path)
        after = self.emit(Op(Code.GO), Spot(path))
        self.land(at)
        second = self.emit(Op(Code.SKIP), Spot(path))
        self.members(other, path)
        self.land(after)
        self.ops[second] = self.ops[second]._replace(arg=first, size=after - first, jump=len(self.ops))
        if other:
            self.ops[first] = self.ops[first]._replace(arg=second, size=len(self.ops) - second, jump=after)

    def condition(self, condition: Condition) -> Op:
        comparison = COMPARISON_NAMES.index(condition.comparison)
        return Op(Code.IF, mode=comparison, arg=condition.constant, slot=self.slot_of(condition.source))

    # ---- shapes

    def shape(self, shape: Shape, owner: Field, path: tuple[str, ...]) -> None:
        match shape:
            case Leaf():
                self.leaf(shape.form, owner, path)
            case SizedLeaf():
                self.leaf(shape.form, owner, path, counter=self.count(shape.size))
            case Bitfield():
                self.bitfield(shape, owner, path)
            case PackedList():
                op = Op(Code.PACKED, size=shape.size, mode=shape.bits, arg=shape.count)
                self.emit(op, Spot(path, owner, shape.form))
            case ListOf():
                op = Op(Code.LIST, counter=self.count(shape.count), arg=min(shape.shape.span()[0], MOST_BYTES))
                at = self.emit(op, Spot(path, owner))
                self.entry(shape.shape, owner, (*path, ENTRY))
                self.land(at)
            case Record():
                at = self.emit(Op(Code.RECORD), Spot(path, owner))
                self.members(shape.members, path)
                self.land(at)
            case Event():
                self.emit(Op(Code.EVENT), Spot(path, owner))
            case Units():
                self.emit(Op(Code.UNITS, arg=shape.afn), Spot(path, owner))
            case _:
                raise TypeError(f"no op for {shape!r}")

    def entry(self, shape: Shape, owner: Field, path: tuple[str, ...]) -> None:
        """What a list repeats: a record's members need no op of their own around them."""
        if isinstance(shape, Record):
            self.members(shape.members, path)
        else:
            self.shape(shape, owner, path)

    def leaf(self, form: Format, owner: Field, path: tuple[str, ...], *, counter: int = NONE) -> None:
        op = _value_op(form)._replace(size=form.size or 0, counter=counter)
        if owner.referenced:
            op = op._replace(slot=self.slot_of(owner), add=_kept_offset(form))
        self.emit(op, Spot(path, owner, form))

    def bitfield(self, shape: Bitfield, owner: Field, path: tuple[str, ...]) -> None:
        at = self.emit(Op(Code.BITFIELD, size=shape.size, arg=shape.spare_mask), Spot(path, owner))
        for part in shape.parts:
            op = Op(
                Code.PART,
                size=part.high - part.low + 1,
                mode=int(part.form is not None and isinstance(innermost(part.form), BcdInteger)),
                arg=part.low,
                slot=self.slot_of(part) if part.referenced else NONE,
            )
            self.emit(op, Spot((*path, part.name), part, part.form))
        self.land(at)

    def count(self, count: Count) -> int:
        if count.to_end:
            row = CountRow(CountKind.TO_END)
        elif count.source is None:
            row = CountRow(CountKind.CONSTANT, constant=count.constant)
        elif count.table is not None:
            codes = range(max(count.table, default=0) + 1)
            self.tables.append(tuple(count.table.get(code, -1) for code in codes))
            row = CountRow(CountKind.TABLE, self.slot_of(count.source), count.constant, len(self.tables) - 1)
        else:
            kind = CountKind.POPCOUNT if count.popcount else CountKind.SLOT
            row = CountRow(kind, self.slot_of(count.source), count.constant)
        self.counts.append(row)
        return len(self.counts) - 1


def _kept_offset(form: Format) -> int:
    """What ``Format.number`` gives beyond the number in the bytes, to counts and conditions."""
    offset = 0
    while isinstance(form, (Scaled, Enumerated, Shifted)):  # all but the outermost count
        form = form.base
        offset += form.offset if isinstance(form, Shifted) else 0
    return offset


def _value_op(form: Format) -> Op:
    """The op that reads a format's bytes; ``size`` and ``counter`` are not in it yet."""
    base = innermost(form)
    return _VALUE_OPS[type(base)](base)


def _text_op(form: Text) -> Op:
    return Op(Code.ASCII if form.codec == "ascii" else Code.GB2312)


def _identifier_op(form: IdentifierFormat) -> Op:
    return Op(Code.IDENTIFIER, mode=int(form.coding is PointCoding.NUMBERED_GROUP))


def _time_op(form: Any) -> Op:
    kind = _TIME_KINDS.get(form.name, TimeKind.PARTIAL)
    parts = sum(TIME_PARTS.index(part) + 1 << 4 * place for place, part in enumerate(form.parts))
    return Op(Code.TIME, mode=kind, arg=parts)


_TIME_KINDS: Final = {
    "A1": TimeKind.CLOCK,
    "A15": TimeKind.STAMP,
    "A19": TimeKind.TIME_OF_DAY,
    "A20": TimeKind.DATE,
}

_VALUE_OPS: Final[dict[type[Format], Callable[[Any], Op]]] = {
    Integer: lambda form: Op(Code.SIGNED if form.signed else Code.UNSIGNED),
    SmallInteger: lambda _: Op(Code.UNSIGNED),
    BcdInteger: lambda _: Op(Code.BCD),
    BcdDecimal: lambda form: Op(Code.SIGNED_BCD if form.signed else Code.BCD),
    FloatingPower: lambda _: Op(Code.FLOATING_POWER),
    Energy: lambda _: Op(Code.ENERGY),
    FloatCoefficient: lambda _: Op(Code.COEFFICIENT),
    **dict.fromkeys((Clock, MinuteStamp, Date, TimeOfDay, PartialTime), _time_op),
    DigitText: lambda _: Op(Code.DIGITS),
    HexText: lambda _: Op(Code.HEX),
    Ip4: lambda _: Op(Code.IP4),
    Telephone: lambda _: Op(Code.PHONE),
    Text: _text_op,
    Raw: lambda _: Op(Code.RAW),
    MeterFrameFormat: lambda _: Op(Code.RAW),
    Bits: lambda form: Op(Code.BITS, arg=form.first),
    IdentifierFormat: _identifier_op,
    ItemIdentifierFormat: lambda form: _identifier_op(form.base),
}
