"""Whether two layouts say the same of bytes: the specification's and the catalogue's.

Both are trees of the library. Bodies are made up from each of the two (``layout.sample``), and more of them by changing
the numbers that count or decide something. Each is then read by both: it must be a whole body for both, with as many
values, of the same formats and units, at the same places. Names do not matter, nor how values are grouped.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from itertools import groupby, product
from typing import Any, Final, NamedTuple

from plmsproto.application.example import ExampleContext
from plmsproto.application.units import Reading
from plmsproto.catalogue import default_catalogue
from plmsproto.editions import Edition
from plmsproto.errors import EncodeError, PlmsError, TruncatedError
from plmsproto.formats import Format
from plmsproto.layout import Bitfield, Leaf, ListOf, PackedList, Reader, Record, Span, Writer
from plmsproto.layout.event import LENGTH, named_lengths
from plmsproto.layout.grammar import Vocabulary, parse
from plmsproto.layout.sample import count_of_event_samples, count_of_samples, event_sample_of, sample_of
from plmsproto.link import Direction

# ---- values


class Value(NamedTuple):
    """One value of a body.

    Attributes:
        offset: of the first byte of the field that it is in.
        bits: first and last bit inside the field, of parts of a bit field.
        type: format, as the layout languages name it; ``bit``, ``bits`` or ``bcd`` for parts of a bit field.
        unit: with the factor of its numbers.
        name: for messages.
    """

    offset: int
    bits: tuple[int, int] | None
    type: str
    unit: str
    name: str

    @property
    def kind(self) -> str:
        """The letters of the type: ``bs`` of ``bs[8]``, ``A`` of ``A7``."""
        return re.sub("[^A-Za-z]", "", self.type)


def values_of(span: Span) -> Iterator[Value]:
    """The values in the bytes of a field. Text and opaque bytes whose width comes from the data are bytes."""
    field = span.field
    shape = field.shape if field else None
    while isinstance(shape, ListOf):
        shape = shape.shape
    match shape:
        case Leaf(form=form) if field:
            yield Value(span.offset, None, form.name, _unit(field.unit, form), field.name)
        case Bitfield():
            for part in shape.parts:
                kind = "bit" if part.low == part.high else "bits"
                if part.form is not None and part.form.name.startswith("bcd"):
                    kind = "bcd"
                yield Value(span.offset, (part.low, part.high), kind, _unit(part.unit, part.form), part.name)
        case PackedList(bits=bits) if field:
            for index in range(8 * span.size // bits):
                byte, low = divmod(index * bits, 8)
                yield Value(span.offset + byte, (low, low + bits - 1), "bits", field.unit, field.name)
        case _:
            for offset in range(span.offset, span.offset + span.size):
                yield Value(offset, None, "raw", "", span.path)


def _unit(unit: str, form: Format | None) -> str:
    return unit if form is None or form.factor is None else f"{unit} × {form.factor}"


# ---- bodies


class _Context(ExampleContext):
    """Event records and data units inside a body are compared elsewhere: here they are bytes."""

    def __init__(self) -> None:
        super().__init__(default_catalogue(), Direction.UP, Reading(Edition.GDW1376))

    def event_body(self, erc: int) -> Record:  # noqa: ARG002
        return _BYTES

    def event_slack(self, erc: int) -> int:  # noqa: ARG002
        return 0

    def sample_events(self) -> list[tuple[int, int]]:
        return [(1, 0)]

    def sample_units(self, afn: int) -> list[Any]:  # noqa: ARG002
        return [b"\x01\x02\x03"]

    def read_units(self, reader: Reader, afn: int) -> list[Any]:  # noqa: ARG002
        raw = reader.take(reader.remaining)
        reader.span(raw, raw)
        return [raw]

    def write_units(self, writer: Writer, afn: int, units: list[Any]) -> None:  # noqa: ARG002
        writer.out += b"".join(units)


_BYTES: Final = parse("body raw[*]", Vocabulary())
_CONTEXT: Final = _Context()
_PADDING: Final = bytes(4096)


class Body(NamedTuple):
    """Bytes as a layout reads them.

    Attributes:
        spans: the fields that were read.
        size: how many bytes they take.
        fault: why reading ended there; ``None`` if the layout ends there.
    """

    spans: list[Span]
    size: int
    fault: PlmsError | None = None

    def is_whole(self, data: bytes) -> bool:
        """Whether the bytes are a body of the layout."""
        return self.fault is None and self.size == len(data)


def read(record: Record, data: bytes, length: int) -> Body:
    """Reads bytes by a layout; ``length`` is what the length byte of an event record says."""
    reader = Reader(data, 0, len(data), _CONTEXT, spans=[])
    reader.numbers[LENGTH] = length
    assert reader.spans is not None
    try:
        record.read(reader)
    except PlmsError as error:
        return Body(reader.spans, reader.position, error)
    return Body(reader.spans, reader.position)


def _samples(record: Record, *, in_event: bool) -> Iterator[bytes]:
    """Bodies that the library makes up from a layout: each alternative of each choice, with two sets of values."""
    count = count_of_event_samples(record) if in_event else count_of_samples(record, _CONTEXT)
    sample = event_sample_of if in_event else sample_of
    lengths = [None, *named_lengths(record.members)]
    for number, seed in product(range(count), (0, 1)):
        writer = Writer(_CONTEXT)
        writer.numbers[LENGTH] = lengths[number % len(lengths)]
        try:
            record.write(writer, sample(record, _CONTEXT, number, seed=seed))
        except EncodeError:  # the layout can't hold what the library would show; another sample may fit
            continue
        yield bytes(writer.out)


def _fitted(record: Record, data: bytes, length: int) -> bytes | None:
    """The data, cut or filled up to be a body of the layout; ``None`` if that is not possible."""
    if read(record, data, length).is_whole(data):
        return data
    filled = data + _PADDING
    fitted = filled[: read(record, filled, length).size]
    # Without what followed, a count may mean something else: EE is "no data" in a run of EE only.
    return fitted if len(fitted) < len(filled) and read(record, fitted, length).is_whole(fitted) else None


def _changed(record: Record, data: bytes, length: int) -> Iterator[bytes]:
    """The data with other small numbers in each field that counts or decides something."""
    for span in read(record, data, length).spans:
        for low, mask in _controls(span):
            word = int.from_bytes(data[span.offset : span.offset + span.size], "little")
            for number in range(_NUMBERS):
                changed = word & ~(mask << low) | (number & mask) << low
                yield data[: span.offset] + changed.to_bytes(span.size, "little") + data[span.offset + span.size :]


_NUMBERS: Final = 4
"""0 to 3: no entry, one, several; no bit, one, two. What a condition compares with is in the samples."""


def _controls(span: Span) -> Iterator[tuple[int, int]]:
    """First bit and mask of each number in a field that a count or condition refers to."""
    field = span.field
    if field is not None and isinstance(field.shape, Bitfield):
        yield from ((part.low, part.mask >> part.low) for part in field.shape.parts if part.referenced)
    elif field is not None and field.referenced and span.size:
        yield 0, (1 << 8 * span.size) - 1


def bodies(record: Record, lengths: Collection[int], *, in_event: bool) -> Iterator[tuple[bytes, int]]:
    """Bodies of a layout, each with a number for the length byte of an event record."""
    for data, length in product(_samples(record, in_event=in_event), lengths):
        fitted = _fitted(record, data, length)
        if fitted is not None:
            yield fitted, length
            for changed in _changed(record, fitted, length):
                again = _fitted(record, changed, length)
                if again is not None:
                    yield again, length


# ---- comparing


def compare_bodies(spec: Record, catalogue: Record, *, in_event: bool = False) -> dict[str, str]:
    """Kind → text: the first difference of each kind in two layouts; see ``compare_spec`` for the kinds."""
    differences: dict[str, str] = {}
    lengths = sorted({0, *named_lengths(spec.members), *named_lengths(catalogue.members)})
    for maker, other, names in ((spec, catalogue, _SIDES), (catalogue, spec, _SIDES[::-1])):
        tried = set(bodies(maker, lengths, in_event=in_event))
        if not tried:
            differences.setdefault("length", f"no body could be made up from the {names[0]}")
        for data, length in sorted(tried):
            found = read(other, data, length)
            if not found.is_whole(data):
                differences.setdefault("length", _length_text(data, found, names))
            else:
                expected = read(maker, data, length)
                for kind, text in _compare_values(*((expected, found) if maker is spec else (found, expected))):
                    differences.setdefault(kind, text)
    return differences


_SIDES: Final = ("specification", "catalogue")
_SHOWN: Final = 12


def _length_text(data: bytes, found: Body, names: tuple[str, str]) -> str:
    shown = data[:_SHOWN].hex(" ").upper() + (" …" if len(data) > _SHOWN else "")
    if isinstance(found.fault, TruncatedError):
        there = "more must follow"
    else:
        there = found.fault.reason if found.fault else f"the body ends after {found.size}"
    return f"{len(data)} bytes are a body in the {names[0]}, in the {names[1]} {there}: {shown or 'none'}"


def _compare_values(spec: Body, catalogue: Body) -> Iterator[tuple[str, str]]:
    """The differences of two readings of a body: (kind, text)."""
    there, here = _by_offset(spec), _by_offset(catalogue)
    for offset in sorted(there.keys() | here.keys()):
        expected, found = there.get(offset, []), here.get(offset, [])
        text = f"byte {offset}: {_shown(found)} in the catalogue, {_shown(expected)} in the specification"
        if len(expected) != len(found):
            if not _is_bit_string(expected, found):
                yield "field_count", text
            continue
        for one, other in zip(found, expected, strict=True):
            if not _same_format(one, other):
                yield "format", text
            elif other.unit not in ("", one.unit, *_COUNTED_THINGS):
                yield "unit", text


_COUNTED_THINGS: Final = ("times", "byte")
"""Units of the specification that the catalogue may leave to the field's name."""


_STRICT_KINDS: Final = frozenset({"A", "bcd", "i"})


def _same_format(one: Value, other: Value) -> bool:
    """Whether two formats say the same of bytes. Unsigned numbers, bits, text and opaque bytes may differ."""
    if one.bits and other.bits and one.bits != other.bits:
        return False
    kinds = {one.kind, other.kind}
    return one.type == other.type or not _STRICT_KINDS & kinds or (len(kinds) == 1 and "A" not in kinds)


def _is_bit_string(*sides: list[Value]) -> bool:
    """Whether both sides have only bits here, and one has them as a bit string."""
    kinds = {value.kind for values in sides for value in values}
    return "bs" in kinds and kinds <= {"bs", "bit", "bits", "u"}


def _by_offset(body: Body) -> dict[int, list[Value]]:
    values = (value for span in body.spans for value in values_of(span))
    return {offset: list(same) for offset, same in groupby(values, lambda value: value.offset)}


def _shown(values: list[Value]) -> str:
    return ", ".join(f"{value.name} {value.type} {value.unit}".rstrip() for value in values) or "nothing"
