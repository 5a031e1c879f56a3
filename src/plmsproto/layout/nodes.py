"""The parts of a layout: what each one reads, writes and measures.

Two kinds of part make up every layout. A *shape* is how one value lies in the bytes: a leaf (one format), a bit field,
a record, a list, a run of data units (and, in ``event``, an event record). A *member* is what stands on a line of a
record: a named shape (``Field``), a ``Conditional`` block, an ``Optional`` block. A record reads its members in order
into one dict.

Names of parts, units and ranges are carried along for errors and descriptions; no part changes its behaviour by them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from ..errors import BadStructureError, EncodeError, PlmsError, TruncatedError, shown
from ..formats import NO_DATA, Format
from .counts import Condition, Count
from .cursor import Reader, Undecoded, Writer, as_undecoded

Extent = tuple[int, int | None]
"""Fewest and most bytes; ``None`` where there is no limit but the frame's."""


Bounds = tuple[int, int] | None
"""Lowest and highest value that the standard allows, if it says so."""


def bounds_text(bounds: Bounds) -> str:
    """``1..31``; empty if there are no bounds."""
    return f"{bounds[0]}..{bounds[1]}" if bounds else ""


def beyond(bounds: Bounds, value: Any) -> list[Any]:
    """The numbers of a value, or of a list of them, that are outside the bounds."""
    if bounds is None:
        return []
    low, high = bounds
    numbers = value if isinstance(value, list) else [value]
    return [number for number in numbers if isinstance(number, (int, Decimal)) and not low <= number <= high]


def _check_bounds(writer: Writer, bounds: Bounds, value: Any) -> None:
    """Refuses what was not received and is outside the standard's range."""
    if writer.context.check_bounds:
        for number in beyond(bounds, value):
            raise EncodeError("outside the standard's range", found=shown(number), expected=bounds_text(bounds))


class Shape(ABC):
    """How one value lies in the bytes."""

    @abstractmethod
    def read(self, reader: Reader, owner: Field | None) -> Any:
        """Reads the value.

        Raises:
            PlmsError: the bytes do not fit the structure. Values that are none do not raise; they are collected.
        """

    @abstractmethod
    def write(self, writer: Writer, value: Any) -> None:
        """Writes the value.

        Raises:
            EncodeError: the value does not fit.
        """

    @abstractmethod
    def span(self) -> Extent:
        """Fewest and most bytes."""

    @property
    def labels(self) -> Mapping[int, str]:
        """Code → name, where the value is a code with names."""
        return {}

    def number(self, value: Any) -> int | None:
        """The raw number behind a value, for counts and conditions."""
        return None if isinstance(value, Undecoded) else value

    def length_of(self, value: Any) -> int | None:
        """How long a value is in the unit of its count, for a counting field that was left out."""
        return None


@dataclass(slots=True, eq=False)
class Leaf(Shape):
    """One format of fixed width."""

    form: Format

    @property
    def labels(self) -> Mapping[int, str]:
        return self.form.labels

    def read(self, reader: Reader, owner: Field | None) -> Any:
        assert self.form.size is not None
        return reader.value(self.form, reader.take(self.form.size), owner)

    def write(self, writer: Writer, value: Any) -> None:
        writer.put(self.form, value)

    def span(self) -> Extent:
        assert self.form.size is not None
        return self.form.size, self.form.size

    def number(self, value: Any) -> int | None:
        return _number(self.form, value)


@dataclass(slots=True, eq=False)
class SizedLeaf(Shape):
    """Bytes or text whose width comes from the data."""

    form: Format
    size: Count

    def read(self, reader: Reader, owner: Field | None) -> Any:
        size = reader.remaining if self.size.to_end else self.size.evaluate(reader.numbers)
        return reader.value(self.form.of_size(size), reader.take(size), owner)

    def write(self, writer: Writer, value: Any) -> None:
        before = len(writer.out)
        form = self.form if self.size.to_end else self.form.of_size(_evaluate(self.size, writer))
        writer.put(form, value)
        if not self.size.to_end:
            _check_count(len(writer.out) - before, self.size, writer, "bytes")

    def span(self) -> Extent:
        if self.size.source is None and not self.size.to_end:
            return self.size.constant, self.size.constant
        return 0, None

    def number(self, value: Any) -> int | None:
        return _number(self.form, value)

    def length_of(self, value: Any) -> int | None:
        raw = as_undecoded(value)
        return len(self.form.encode(value) if raw is None else raw)


def _number(form: Format, value: Any) -> int | None:
    """The raw number behind a leaf's value."""
    if value is None or as_undecoded(value) is not None:
        return None
    return form.number(form.coerce(value))


@dataclass(slots=True, eq=False, repr=False)
class BitPart:
    """A few bits of a bit field.

    Attributes:
        name: its key.
        low, high: first and last bit, 0 the lowest of the first byte.
        form: how the number behind the bits is a value, if it is not the number itself (names, a factor, BCD digits).
        unit, zh, bounds: as in ``Field``.
        referenced: a count or condition refers to it.
    """

    name: str
    low: int
    high: int
    form: Format | None = None
    unit: str = ""
    zh: str = ""
    bounds: Bounds = None
    referenced: bool = False

    @property
    def labels(self) -> Mapping[int, str]:
        """Code → name, for enumerations."""
        return self.form.labels if self.form else {}

    @property
    def mask(self) -> int:
        """The part's bits in place."""
        return ((1 << self.high - self.low + 1) - 1) << self.low

    def __repr__(self) -> str:
        return f"<bits {self.name}>"

    def decode(self, word: int) -> Any:
        """The part's value: ``bool`` for one plain bit, a name for an enumeration, else a number."""
        number = (word & self.mask) >> self.low
        if self.form is not None:
            assert self.form.size is not None
            return self.form.read(number.to_bytes(self.form.size, "little"))
        return bool(number) if self.low == self.high else number

    def encode(self, value: Any) -> int:
        """The part's bits in place."""
        if self.form is not None:
            number = int.from_bytes(self.form.write(self.form.coerce(value)), "little")
        elif isinstance(value, int):
            number = int(value)
        else:
            raise EncodeError("not a number or flag", found=shown(value))
        if number << self.low & ~self.mask or number < 0:
            bits = self.high - self.low + 1
            raise EncodeError("does not fit", found=shown(value), expected=f"{bits} bits")
        return number << self.low


def _part_number(part: BitPart, value: Any) -> int | None:
    """The number of a part; ``None`` where there are no data, or a value to be written does not fit."""
    try:
        return part.encode(value.get(part.name, 0)) >> part.low if isinstance(value, Mapping) else None
    except PlmsError:
        return None


@dataclass(slots=True, eq=False)
class Bitfield(Shape):
    """Named bits of one to four bytes: a dict by part name.

    Bits that no part names are ``spare``; that key is there only if one of them is set.
    """

    size: int
    parts: tuple[BitPart, ...]

    def read(self, reader: Reader, owner: Field | None) -> dict[str, Any] | Undecoded | None:
        raw = reader.take(self.size)
        filled = raw.count(NO_DATA) == self.size
        value: dict[str, Any] | Undecoded | None
        if filled and (self.size > 1 or reader.in_fill_run(raw)):
            value = None
        else:
            word = int.from_bytes(raw, "little")
            try:
                value = {part.name: part.decode(word) for part in self.parts}
            except PlmsError as error:
                value = reader.undecoded(raw, error)
            else:
                self._deviate(reader, value)
                if spare := word & self.spare_mask:
                    value["spare"] = spare
                    reader.deviate(f"spare bits {spare:0{2 * self.size}X} are set")
        self._note_numbers(reader.numbers, value, raw)
        if reader.spans is not None:
            reader.span(raw, value, owner)
        return value

    def write(self, writer: Writer, value: Any) -> None:
        raw = as_undecoded(value)
        if raw is None:
            raw = (
                bytes((NO_DATA,)) * self.size
                if value is None
                else self._word(writer, value).to_bytes(self.size, "little")
            )
        self._note_numbers(writer.numbers, value, raw)
        writer.out += raw

    def _deviate(self, reader: Reader, value: Mapping[str, Any]) -> None:
        for part in self.parts:
            for number in beyond(part.bounds, value[part.name]):
                reader.path.append(part.name)
                reader.deviate(f"{number} is outside {bounds_text(part.bounds)}")
                reader.path.pop()

    def _word(self, writer: Writer, value: Any) -> int:
        if not isinstance(value, Mapping):
            raise EncodeError("not a dict of bits", found=shown(value))
        known = {part.name for part in self.parts}
        if unknown := value.keys() - known - {"spare"}:
            raise EncodeError(
                "no such bits", found=", ".join(sorted(map(str, unknown))), expected=", ".join(sorted(known))
            )
        spare = value.get("spare", 0)
        if not isinstance(spare, int) or spare & ~self.spare_mask:
            raise EncodeError("not the spare bits", found=shown(spare), expected=f"bits of {self.spare_mask:X}")
        word = spare
        for part in self.parts:
            writer.path.append(part.name)
            word |= part.encode(value.get(part.name, 0))
            _check_bounds(writer, part.bounds, value.get(part.name))
            writer.path.pop()
        return word

    def _note_numbers(self, numbers: dict[Any, int | None], value: Any, raw: bytes) -> None:
        for part in self.parts:
            if part.referenced:
                numbers[part] = None if value is None else (int.from_bytes(raw, "little") & part.mask) >> part.low

    def note_numbers(self, numbers: dict[Any, int | None], value: Any) -> None:
        """Keeps the numbers that counts and conditions refer to, of a value that was read."""
        for part in self.parts:
            if part.referenced:
                raw = as_undecoded(value)
                if raw is not None:
                    numbers[part] = (int.from_bytes(raw, "little") & part.mask) >> part.low
                else:
                    numbers[part] = _part_number(part, value)

    @property
    def spare_mask(self) -> int:
        """The bits that no part names."""
        mask = (1 << 8 * self.size) - 1
        for part in self.parts:
            mask &= ~part.mask
        return mask

    def span(self) -> Extent:
        return self.size, self.size


@dataclass(slots=True, eq=False, repr=False)
class Field:
    """A named shape: one line of a layout, or one name of a run such as ``voltage_{a,b,c}``.

    Attributes:
        name: its key in the record.
        shape: how the value lies in the bytes.
        unit: of the value.
        zh: its Chinese name.
        bounds: lowest and highest value that the standard allows, if it says so.
        referenced: a count or condition refers to it.
        counted_by_it: the fields of the same record whose length this one counts.
        time_mark: of a list of points in time, the earlier field that says when they are.
    """

    name: str
    shape: Shape
    unit: str = ""
    zh: str = ""
    bounds: Bounds = None
    referenced: bool = False
    counted_by_it: list[tuple[Field, Count]] = field(default_factory=list)
    time_mark: Field | None = None

    def __repr__(self) -> str:
        return f"<field {self.name}>"

    def read(self, reader: Reader, into: dict[str, Any]) -> None:
        """Reads the value into the record's dict."""
        reader.path.append(self.name)
        value = into[self.name] = self.shape.read(reader, self)
        if self.referenced:
            reader.numbers[self] = self.shape.number(value)
        for number in beyond(self.bounds, value):
            reader.deviate(f"{number} is outside {bounds_text(self.bounds)}")
        reader.path.pop()

    def write(self, writer: Writer, record: Mapping[str, Any], used: set[str]) -> None:
        """Writes the record's value of this name, and adds the name to those that were used."""
        given = self.name in record
        writer.path.append(self.name)
        try:
            value = record[self.name] if given else self.infer(record)
            self.shape.write(writer, value)
            _check_bounds(writer, self.bounds, value)
            if self.referenced:
                writer.numbers[self] = self.shape.number(value)
        except PlmsError as error:
            error.path = error.path or writer.place
            raise
        writer.path.pop()
        if given:
            used.add(self.name)

    @property
    def labels(self) -> Mapping[int, str]:
        """Code → name, where the value is a code with names."""
        return self.shape.labels

    def span(self) -> Extent:
        """Fewest and most bytes."""
        return self.shape.span()

    def names(self) -> Iterator[str]:
        """The keys that a record may get from this member."""
        yield self.name

    def infer(self, record: Mapping[str, Any]) -> int:
        """The value of a counting field that was left out.

        Raises:
            EncodeError: no field that it counts was given.
        """
        for counted, count in self.counted_by_it:
            if counted.name in record:
                length = counted.shape.length_of(record[counted.name])
                if length is not None:
                    return count.source_for(length)
        raise EncodeError("no value was given")


@dataclass(slots=True, eq=False)
class Conditional:
    """``if CONDITION { … } else { … }``: its fields belong to the record around it."""

    condition: Condition
    then: tuple[Member, ...]
    otherwise: tuple[Member, ...] = ()

    def read(self, reader: Reader, into: dict[str, Any]) -> None:
        """Reads the block that applies into the record's dict."""
        for member in self.then if self.condition.holds(reader.numbers) else self.otherwise:
            member.read(reader, into)

    def write(self, writer: Writer, record: Mapping[str, Any], used: set[str]) -> None:
        """Writes the block that applies."""
        for member in self.then if self.condition.holds(writer.numbers) else self.otherwise:
            member.write(writer, record, used)

    def span(self) -> Extent:
        """Fewest and most bytes of either block."""
        one, other = total_span(self.then), total_span(self.otherwise)
        most = None if one[1] is None or other[1] is None else max(one[1], other[1])
        return min(one[0], other[0]), most

    def names(self) -> Iterator[str]:
        """The keys that a record may get from this member."""
        for member in self.then + self.otherwise:
            yield from member.names()

    def blocks(self) -> tuple[tuple[Member, ...], ...]:
        """The members inside, block by block."""
        return self.then, self.otherwise


@dataclass(slots=True, eq=False)
class Optional:
    """``optional { … }``: there if bytes are left; its fields belong to the record around it."""

    members: tuple[Member, ...]

    def read(self, reader: Reader, into: dict[str, Any]) -> None:
        """Reads the block if bytes are left."""
        if reader.remaining:
            for member in self.members:
                member.read(reader, into)

    def write(self, writer: Writer, record: Mapping[str, Any], used: set[str]) -> None:
        """Writes the block if any of its fields was given."""
        if any(name in record for name in self.names()):
            for member in self.members:
                member.write(writer, record, used)

    def span(self) -> Extent:
        """From nothing to the whole block."""
        return 0, total_span(self.members)[1]

    def names(self) -> Iterator[str]:
        """The keys that a record may get from this member."""
        for member in self.members:
            yield from member.names()

    def blocks(self) -> tuple[tuple[Member, ...], ...]:
        """The members inside, block by block."""
        return (self.members,)


Member = Field | Conditional | Optional


def fields_of(members: Iterable[Member]) -> Iterator[Field]:
    """The fields of a record, those inside conditions as well."""
    for member in members:
        if isinstance(member, Field):
            yield member
        else:
            for block in member.blocks():
                yield from fields_of(block)


def fields_read(
    members: Iterable[Member], record: Mapping[str, Any], numbers: dict[Any, int | None]
) -> Iterator[tuple[Field, Any]]:
    """The fields of a record's value with their values, in order: of each condition, those of the block that applies.

    Args:
        members: of the layout that the record is of.
        record: its value, as it was read, or as it is given to be written: what may be left out then is passed over.
        numbers: of earlier fields, as in ``Reader``. It is kept up to date, so that one dict serves a whole body if the
            caller goes into records and lists as they come.
    """
    for member in members:
        if isinstance(member, Field):
            value = record.get(member.name)
            if member.name in record:
                yield member, value
            _note_bits(numbers, member.shape, value)
            if member.referenced:
                numbers[member] = _number_read(member, record)
        elif isinstance(member, Conditional):
            yield from fields_read(
                member.then if member.condition.holds(numbers) else member.otherwise, record, numbers
            )
        elif any(name in record for name in member.names()):
            yield from fields_read(member.members, record, numbers)


def _number_read(field: Field, record: Mapping[str, Any]) -> int | None:
    """The number of a field for counts and conditions; ``None`` where a value to be written has none that fits."""
    try:
        return field.shape.number(record[field.name]) if field.name in record else field.infer(record)
    except PlmsError:
        return None


def _note_bits(numbers: dict[Any, int | None], shape: Shape, value: Any) -> None:
    if isinstance(shape, Bitfield):
        shape.note_numbers(numbers, value)
    elif isinstance(shape, ListOf) and isinstance(shape.shape, (Bitfield, ListOf)) and isinstance(value, list):
        for entry in value:
            _note_bits(numbers, shape.shape, entry)


def total_span(members: tuple[Member, ...]) -> Extent:
    """Fewest and most bytes of members in a row."""
    fewest, most = 0, 0
    unlimited = False
    for member in members:
        low, high = member.span()
        fewest += low
        unlimited = unlimited or high is None
        most += high or 0
    return fewest, None if unlimited else most


@dataclass(slots=True, eq=False)
class Record(Shape):
    """Members in order: a dict by name. A body is one, and so is each entry of a list of several fields."""

    members: tuple[Member, ...] = ()

    def read(self, reader: Reader, owner: Field | None = None) -> dict[str, Any]:
        into: dict[str, Any] = {}
        for member in self.members:
            member.read(reader, into)
        return into

    def write(self, writer: Writer, value: Any) -> None:
        if not isinstance(value, Mapping):
            raise EncodeError("not a dict of fields", found=shown(value), expected=", ".join(self.names()))
        if unknown := value.keys() - set(self.names()):
            raise EncodeError(
                "no such field", found=", ".join(sorted(map(str, unknown))), expected=", ".join(self.names()) or "none"
            )
        used: set[str] = set()
        for member in self.members:
            member.write(writer, value, used)
        if unused := [name for name in dict.fromkeys(self.names()) if name in value and name not in used]:
            raise EncodeError("given, but does not apply here", found=", ".join(unused))

    def span(self) -> Extent:
        return total_span(self.members)

    def names(self) -> list[str]:
        """All keys that the dict may have, in order."""
        return [name for member in self.members for name in member.names()]


@dataclass(slots=True, eq=False)
class ListOf(Shape):
    """``name[COUNT] …``: the same shape several times, a list."""

    count: Count
    shape: Shape

    @property
    def labels(self) -> Mapping[int, str]:
        return self.shape.labels

    def read(self, reader: Reader, owner: Field | None) -> list[Any]:
        if self.count.to_end:
            wanted: int | None = None
        else:
            wanted = self.count.evaluate(reader.numbers)
            fewest = self.shape.span()[0]
            if wanted * fewest > reader.remaining:
                raise TruncatedError(
                    f"the data end inside a list of {wanted}",
                    offset=reader.position,
                    path=reader.place,
                    found=f"{reader.remaining} bytes",
                    expected=f"{wanted * fewest}",
                )
        values: list[Any] = []
        while reader.remaining if wanted is None else len(values) < wanted:
            before = reader.position
            reader.path.append(f"[{len(values)}]")
            values.append(self.shape.read(reader, owner))
            reader.path.pop()
            if reader.position == before:
                raise BadStructureError("an entry of a list takes no bytes", offset=before, path=reader.place)
        return values

    def write(self, writer: Writer, value: Any) -> None:
        if not isinstance(value, (list, tuple)):
            raise EncodeError("not a list", found=shown(value))
        if not self.count.to_end:
            _check_count(len(value), self.count, writer, "entries")
        for index, entry in enumerate(value):
            writer.path.append(f"[{index}]")
            self.shape.write(writer, entry)
            writer.path.pop()

    def span(self) -> Extent:
        if self.count.source is not None or self.count.to_end:
            return 0, None
        fewest, most = self.shape.span()
        return self.count.constant * fewest, None if most is None else self.count.constant * most

    def length_of(self, value: Any) -> int | None:
        return len(value) if isinstance(value, (list, tuple)) else None


@dataclass(slots=True, eq=False)
class PackedList(Shape):
    """``name[48] bits2``: a fixed number of codes of less than a byte, packed low bits first."""

    count: int
    form: Format

    @property
    def labels(self) -> Mapping[int, str]:
        return self.form.labels

    @property
    def size(self) -> int:
        """How many bytes the list takes."""
        return self.count * self.bits // 8

    @property
    def bits(self) -> int:
        """How many bits an entry takes."""
        assert self.form.bits is not None
        return self.form.bits

    def read(self, reader: Reader, owner: Field | None) -> list[Any] | None:
        raw = reader.take(self.size)
        value = None
        if raw.count(NO_DATA) < self.size:
            word, mask = int.from_bytes(raw, "little"), (1 << self.bits) - 1
            codes = (word >> self.bits * index & mask for index in range(self.count))
            value = [self.form.read(bytes((code,))) for code in codes]
        reader.span(raw, value, owner)
        return value

    def write(self, writer: Writer, value: Any) -> None:
        if value is None:
            writer.out += bytes((NO_DATA,)) * self.size
            return
        if not isinstance(value, (list, tuple)) or len(value) != self.count:
            raise EncodeError("not a list of the right length", found=shown(value), expected=f"{self.count} entries")
        writer.out += self.pack(value).to_bytes(self.size, "little")

    def pack(self, values: Sequence[Any]) -> int:
        """The entries as one number, the first in the lowest bits."""
        codes = (self.form.write(self.form.coerce(value))[0] for value in values)
        return sum(code << self.bits * index for index, code in enumerate(codes))

    def span(self) -> Extent:
        return self.size, self.size


def _evaluate(count: Count, writer: Writer) -> int:
    try:
        return count.evaluate(writer.numbers)
    except BadStructureError as error:
        raise EncodeError(error.reason, found=error.found) from None


def _check_count(given: int, count: Count, writer: Writer, what: str) -> None:
    wanted = _evaluate(count, writer)
    if given != wanted:
        raise EncodeError(f"{count.text} says how many", found=f"{given} {what}", expected=str(wanted))


@dataclass(slots=True, eq=False)
class Units(Shape):
    """``units(AFN)``: data units of another AFN, each with its own identifier, up to the end of the body."""

    afn: int

    def read(self, reader: Reader, owner: Field | None) -> list[Any]:
        return reader.context.read_units(reader, self.afn)

    def write(self, writer: Writer, value: Any) -> None:
        if not isinstance(value, list):
            raise EncodeError("not a list of data units", found=shown(value))
        writer.context.write_units(writer, self.afn, value)

    def span(self) -> Extent:
        return 0, None
