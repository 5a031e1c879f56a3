"""Hypothesis strategies that make values from layouts, and messages from the catalogue.

They walk the tree of a layout as a writer does: what was made for a counting field says how long a list is, what was
made for a field in a condition says which block applies. Left out is only what the protocol itself can't tell apart:
EE in a one-byte binary field, and binary fields that happen to be EE in every byte.
"""

from __future__ import annotations

import datetime as dt
import string
from decimal import Decimal
from functools import cache
from typing import Any

from hypothesis import strategies as st

from plmsproto import (
    ALL_POINTS,
    Address,
    Aux,
    Catalogue,
    Control,
    DataUnit,
    Direction,
    Edition,
    EventCounters,
    Identifier,
    ItemEntry,
    Message,
    Reading,
    Seq,
    Tp,
    default_catalogue,
)
from plmsproto.application.afn import as_afn
from plmsproto.application.units import BodyContext
from plmsproto.editions import RULES
from plmsproto.formats import (
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
    MinuteStamp,
    PartialTime,
    Raw,
    Scaled,
    Shifted,
    SmallInteger,
    Telephone,
    Text,
    TimeOfDay,
)
from plmsproto.identifier import IdentifierFormat, ItemIdentifierFormat, PointCoding, encode_identifier
from plmsproto.layout import (
    Bitfield,
    BitPart,
    Count,
    Event,
    Field,
    Leaf,
    ListOf,
    Optional,
    PackedList,
    Record,
    Shape,
    SizedLeaf,
    Units,
)
from plmsproto.layout.event import LENGTH, named_lengths
from plmsproto.layout.nodes import Conditional, Member

MOST = 4
"""Entries of a counted list, at most."""


# ---------------------------------------------------------------------------------------------- values of formats


def _not_fill(size: int) -> int:
    """The number that all bytes EE would be."""
    return int.from_bytes(b"\xee" * size, "little")


def _integers(form: Integer, low: int | None = None, high: int | None = None) -> st.SearchStrategy[int]:
    fill = int.from_bytes(b"\xee" * form.size, "little", signed=form.signed)
    numbers = st.integers(form.low if low is None else low, form.high if high is None else high)
    return numbers.filter(lambda number: number != fill)


def _texts(form: Text, most: int) -> st.SearchStrategy[str]:
    letters = string.ascii_letters + string.digits + " .-_/" + ("电压流费率" if form.codec == "gb2312" else "")
    texts = st.text(letters, max_size=most).map(lambda text: text.rstrip(" "))
    return texts.filter(lambda text: len(text.encode("gbk")) <= most)


@st.composite
def _identifiers(draw: st.DrawFn, coding: PointCoding) -> Identifier:
    return Identifier(draw(point_sets(coding)), draw(fn_sets()))


def point_sets(coding: PointCoding) -> st.SearchStrategy[tuple[int, ...]]:
    """Points that one identifier can name."""
    members = st.sets(st.integers(1, 8), min_size=1)
    if coding is PointCoding.BIT_GROUPS:
        groups = st.sets(st.integers(0, 7), min_size=1)
        some = st.tuples(members, groups).map(lambda both: tuple(sorted(8 * g + m for g in both[1] for m in both[0])))
        return st.just((0,)) | some
    some = st.tuples(members, st.integers(0, 254)).map(lambda both: tuple(sorted(8 * both[1] + m for m in both[0])))
    return st.just((0,)) | st.just((ALL_POINTS,)) | some.filter(lambda pns: len(pns) < 8)


def fn_sets() -> st.SearchStrategy[tuple[int, ...]]:
    """Fn that one identifier can name."""
    members = st.sets(st.integers(1, 8), min_size=1)
    return st.tuples(members, st.integers(0, 30)).map(lambda both: tuple(sorted(8 * both[1] + m for m in both[0])))


_MOMENTS = st.datetimes(dt.datetime(2000, 1, 1), dt.datetime(2099, 12, 31, 23, 59, 59)).map(
    lambda moment: moment.replace(microsecond=0)
)


def values(form: Format) -> st.SearchStrategy[Any]:
    """Values of a format of fixed width, now and then none where the bytes can say so."""
    made = _values(form)
    return made if form.fill_is_ambiguous or isinstance(form, Raw) else made | st.none()


def _values(form: Format) -> st.SearchStrategy[Any]:
    match form:
        case Integer():
            return _integers(form)
        case BcdInteger():
            return st.integers(0, 100**form.size - 1)
        case BcdDecimal():
            low = int(form.maximum.scaleb(form.decimals)) if form.signed else 0
            high = int(form.maximum.scaleb(form.decimals))
            return st.integers(-low, high).map(lambda number: Decimal(number).scaleb(-form.decimals))
        case FloatingPower():
            return st.tuples(st.integers(-999, 999), st.integers(-3, 4)).map(lambda two: Decimal(two[0]).scaleb(two[1]))
        case Energy():
            return st.integers(-9_999_999, 9_999_999).flatmap(lambda number: st.sampled_from([number, number * 1000]))
        case FloatCoefficient():
            return st.integers(-79, 79)
        case DigitText():
            return st.text("0123456789", min_size=2 * form.size, max_size=2 * form.size)
        case Clock():
            return _MOMENTS
        case MinuteStamp():
            return _MOMENTS.map(lambda moment: moment.replace(second=0))
        case Date():
            return _MOMENTS.map(dt.datetime.date)
        case TimeOfDay():
            return _MOMENTS.map(lambda moment: moment.time().replace(second=0))
        case PartialTime():
            return _MOMENTS.map(form.coerce)
        case Ip4():
            return st.ip_addresses(v=4).map(str).filter(lambda text: text != "238.238.238.238")
        case Bits(size=0):
            return st.just([])
        case Bits():
            numbers = st.sets(st.integers(form.first, form.first + 8 * form.size - 1), max_size=8)
            return numbers.map(sorted).filter(lambda numbers: form.number(numbers) != _not_fill(form.size))
        case Text():
            assert form.size is not None
            return _texts(form, form.size)
        case Raw():
            assert form.size is not None
            return st.binary(min_size=form.size, max_size=form.size)
        case SmallInteger():
            return st.integers(0, (1 << form.bits) - 1)
        case HexText():
            return st.binary(min_size=form.size, max_size=form.size).map(form.read)
        case Telephone():
            return st.text("0123456789,#", max_size=2 * form.size)
        case Shifted():
            return _values(form.base).map(lambda raw: raw + form.offset)
        case Scaled():
            return _values(form.base).map(lambda raw: raw * (int(form.factor) if form._whole else form.factor))
        case Enumerated():
            known = [label for code, label in form.labels.items() if _fits(form.base, code)]
            return st.sampled_from(known) | _values(form.base).map(form.coerce)
        case IdentifierFormat():
            return _identifiers(form.coding)
        case ItemIdentifierFormat():
            return _identifiers(form.base.coding).map(form.coerce)
        case _:
            raise AssertionError(f"no strategy for {form}")


def _fits(form: Format, code: int) -> bool:
    return form.decode(form.encode(code)) is not None


# ---------------------------------------------------------------------------------------------- values of layouts


class _Maker:
    """Makes the value of one body, remembering the numbers that counts and conditions ask for."""

    def __init__(self, draw: st.DrawFn, context: BodyContext, length: int | None = None) -> None:
        self.draw = draw
        self.context = context
        self.numbers: dict[Any, int | None] = {LENGTH: length}
        self.roles: dict[Any, list[Any]] = {}

    def record(self, record: Record) -> dict[str, Any]:
        self._note_roles(record.members)
        value: dict[str, Any] = {}
        self._members(record.members, value)
        return value

    def _note_roles(self, members: tuple[Member, ...]) -> None:
        """Finds what counts and conditions ask of each field."""
        for member in members:
            if isinstance(member, Field):
                shape = member.shape
                count = (
                    shape.count if isinstance(shape, ListOf) else shape.size if isinstance(shape, SizedLeaf) else None
                )
                if count is not None and count.source is not None:
                    self.roles.setdefault(count.source, []).append(count)
                inner = shape.shape if isinstance(shape, ListOf) else shape
                if isinstance(inner, Record):
                    self._note_roles(inner.members)
                continue
            if isinstance(member, Conditional):
                self.roles.setdefault(member.condition.source, []).append(member.condition)
            for block in member.blocks():
                self._note_roles(block)

    def _members(self, members: tuple[Member, ...], value: dict[str, Any]) -> None:
        for member in members:
            if isinstance(member, Field):
                value[member.name] = self._field(member)
            elif isinstance(member, Conditional):
                self._members(member.then if member.condition.holds(self.numbers) else member.otherwise, value)
            elif isinstance(member, Optional) and (self.numbers[LENGTH] is not None or self.draw(st.booleans())):
                self._members(member.members, value)

    def _field(self, field: Field) -> Any:
        value = self._shape(field.shape, field)
        if field.referenced:
            self.numbers[field] = field.shape.number(value)
        return value

    def _shape(self, shape: Shape, owner: Any) -> Any:
        match shape:
            case Leaf():
                number = self._asked_number(owner)
                return self.draw(values(shape.form)) if number is None else self._from_number(shape.form, number)
            case SizedLeaf():
                size = self._count(shape.size)
                if isinstance(shape.form, Text):
                    if shape.size.to_end:
                        return self.draw(_texts(shape.form, size))
                    return "x" * size
                if isinstance(shape.form, Bits):
                    return self.draw(_values(shape.form.of_size(size)))
                return self.draw(st.binary(min_size=size, max_size=size))
            case Bitfield():
                return self._bits(shape)
            case Record():
                inner: dict[str, Any] = {}
                self._members(shape.members, inner)
                return inner
            case PackedList():
                codes = st.lists(_values(shape.form), min_size=shape.count, max_size=shape.count)
                return self.draw(codes.filter(lambda codes: shape.pack(codes) != _not_fill(shape.size)))
            case ListOf():
                return [self._shape(shape.shape, None) for _ in range(self._count(shape.count))]
            case Event():
                return self._event()
            case Units():
                known = bool(_items(shape.afn, self.context.reading.edition))
                return self.draw(st.lists(data_units(shape.afn, self.context), max_size=2)) if known else []
            case _:
                raise AssertionError(f"no strategy for {shape}")

    def _count(self, count: Count) -> int:
        if count.to_end:
            return int(self.draw(st.integers(0, MOST)))
        return count.evaluate(self.numbers)

    def _asked_number(self, owner: Any) -> int | None:
        """A number that makes a short list or decides a condition, if one depends on the field."""
        asked = self.roles.get(owner)
        if not asked:
            return None
        choices: list[int] = []
        for each in asked:
            if isinstance(each, Count):
                if each.popcount:
                    choices += [0, 1, 0x81, 0x41]
                elif each.table is not None:
                    choices += list(each.table)
                else:
                    choices += [number for number in (n - each.constant for n in range(MOST + 1)) if number >= 0]
            else:
                choices += [number for number in (each.constant, each.constant + 1, each.constant - 1) if number >= 0]
        if any(isinstance(each, Count) for each in asked):
            short = (each for each in asked if isinstance(each, Count) and each.table is None and not each.popcount)
            limits = [MOST + 1 - each.constant for each in short]
            choices = [number for number in choices if number <= min(limits, default=number)]
        return int(self.draw(st.sampled_from(choices)))

    def _from_number(self, form: Format, number: int) -> Any:
        if isinstance(form, Bits):
            return [form.first + bit for bit in range(8 * form.size) if number >> bit & 1]
        return form.coerce(number)

    def _bits(self, shape: Bitfield) -> dict[str, Any]:
        value = {part.name: self._part(part) for part in shape.parts}
        word = sum(part.encode(value[part.name]) for part in shape.parts)
        if word == _not_fill(shape.size):
            value = {part.name: part.decode(0) for part in shape.parts}
            word = 0
        for part in shape.parts:
            if part.referenced:
                self.numbers[part] = (word & part.mask) >> part.low
        return value

    def _part(self, part: BitPart) -> Any:
        most = (1 << part.high - part.low + 1) - 1
        if isinstance(part.form, BcdInteger):
            return self.draw(st.integers(0, 99).filter(lambda digits: int(str(digits), 16) <= most))
        asked = self._asked_number(part)
        number = self.draw(st.integers(0, most)) if asked is None else min(asked, most)
        return part.decode(number << part.low)

    def _event(self) -> dict[str, Any]:
        events = self.context.catalogue.events(self.context.reading.edition)
        event = self.draw(st.sampled_from(events))
        return {"erc": event.erc, "event": event.key, "data": self.draw(event_bodies(event.erc, self.context))}


@st.composite
def bodies(draw: st.DrawFn, record: Record, context: BodyContext) -> dict[str, Any]:
    """Values of a layout."""
    return _Maker(draw, context).record(record)


@st.composite
def event_bodies(draw: st.DrawFn, erc: int, context: BodyContext) -> dict[str, Any]:
    """Values of an event's layout, in any of its forms."""
    record = context.event_body(erc)
    assert record is not None
    lengths = [None, *named_lengths(record.members)]
    return _Maker(draw, context, draw(st.sampled_from(lengths))).record(record)


@cache
def _items(afn: int, edition: Edition) -> list[ItemEntry]:
    return default_catalogue().items(afn, edition)


@st.composite
def data_units(draw: st.DrawFn, afn: int, context: BodyContext) -> DataUnit:
    """Data units of an AFN as they travel in a direction, each under an identifier of its own."""
    edition = context.reading.edition
    item = draw(st.sampled_from(_items(afn, edition)))
    return draw(unit_of(item, afn, context))


@st.composite
def unit_of(draw: st.DrawFn, item: ItemEntry, afn: int, context: BodyContext) -> DataUnit:
    """Data units of one item."""
    coding = RULES[context.reading.edition].point_coding
    pn = draw(st.integers(0, coding.highest) | st.integers(0, 8))
    record = context.item(afn, item.fn)[1]
    return DataUnit(
        afn,
        item.fn,
        pn,
        item.key,
        draw(bodies(record, context)),
        encode_identifier(Identifier((pn,), (item.fn,)), coding),
    )


# ------------------------------------------------------------------------------------------------- whole messages


def addresses(*, size: int = 5) -> st.SearchStrategy[Address]:
    """Any address."""
    return st.binary(min_size=size, max_size=size).map(Address.parse)


@st.composite
def auxiliaries(draw: st.DrawFn, afn: int, control: Control, edition: Edition, *, tpv: bool) -> Aux:
    """AUX as the standard wants it for a frame."""
    rules = RULES[edition]
    up = control.direction is Direction.UP
    has_pw = afn in rules.pw_afns_up if up else afn in rules.pw_afns and control.prm
    has_ec = control.acd and afn not in rules.no_ec_afns
    counter = st.integers(0, 255)
    return Aux(
        draw(st.binary(min_size=rules.pw_size, max_size=rules.pw_size)) if has_pw else b"",
        EventCounters(draw(counter), draw(counter)) if has_ec else None,
        Tp.at(draw(_MOMENTS), pfc=draw(counter), delay=draw(counter)) if tpv else None,
    )


@st.composite
def messages(
    draw: st.DrawFn, item: ItemEntry, afn: int, way: Direction, edition: Edition, *, catalogue: Catalogue | None = None
) -> Message:
    """Messages of one frame with one to three units, the first of them of ``item``, under an AFN that has it."""
    known = catalogue or default_catalogue()
    byte = draw(st.integers(0, 127)) | (0x80 if way is Direction.UP else 0)
    control, reading = Control(byte), Reading(edition)
    context = BodyContext(known, way, reading)
    units = [draw(unit_of(item, afn, context))]
    if _ends_by_itself(units[0], context):
        units += draw(
            st.lists(data_units(afn, context).filter(lambda unit: _ends_by_itself(unit, context)), max_size=2)
        )
    seq = Seq.parse(draw(st.integers(0, 255)))
    return Message(
        control=control,
        address=draw(addresses()),
        afn=as_afn(afn),
        seq=seq,
        units=units,
        aux=draw(auxiliaries(afn, control, edition, tpv=seq.tpv)),
        reading=reading,
        tag=RULES[edition].tag,
        catalogue=known,
    )


def _ends_by_itself(unit: DataUnit, context: BodyContext) -> bool:
    """Whether another unit may follow: no list goes on to the end of the data."""
    record = context.unit_body(unit)
    return record is not None and not _open_end(record.members)


def _open_end(members: tuple[Member, ...]) -> bool:
    for member in members:
        if isinstance(member, Field):
            shape = member.shape
            if isinstance(shape, Units) or (isinstance(shape, ListOf) and shape.count.to_end):
                return True
            if isinstance(shape, SizedLeaf) and shape.size.to_end:
                return True
        elif isinstance(member, Optional) or any(_open_end(block) for block in member.blocks()):
            return True
    return False
