"""Layouts on their own: parse a text, read bytes, write values, without frames."""

from __future__ import annotations

from typing import Any

from plmsproto.errors import EncodeError
from plmsproto.formats import Format
from plmsproto.identifier import IdentifierFormat, ItemIdentifierFormat, PointCoding
from plmsproto.layout import Reader, Record, Span, Writer
from plmsproto.layout.grammar import NamedEnumeration, NamedType, Vocabulary, parse

NAMES = {
    "voltage": "电压",
    "a": "A相",
    "b": "B相",
    "c": "C相",
    "read_time": "抄表时间",
    "current_a": "A相电流(特)",
    "current": "电流",
}
TYPES = {
    "point": NamedType(shape="u1 { measurement_point: 0..5; start: 7 }"),
    "wide": NamedType(shape="\nu2  kWh 1..64\n"),
    "totals": NamedType(fields="active A9 kW\nreactive A9 kvar"),
    "mark": NamedType(fields="start_time A15\ndensity u1 enum interval\npoint_count u1"),
    "hour": NamedType(shape="u1 { hour: 0..5 bcd; density: 6..7 enum interval }"),
    "nibble": NamedType(shape="bits4 +1 1..14"),
    "inside": NamedType(fields="m u1\na[n] u1"),
    "endless_inside": NamedType(fields="include endless_inside"),
    "endless": NamedType(fields="inner endless"),
    "broken": NamedType(fields="value A99"),
    "trailing": NamedType(shape="u1 nonsense"),
}
ENUMERATIONS = {
    "permission": NamedEnumeration({1: "allowed", 2: "forbidden"}),
    "interval": NamedEnumeration(
        {0: "none", 1: "quarter", 2: "half", 3: "day"}, frozenset({4}), {0: 0, 1: 15, 2: 30, 3: 1440}
    ),
}


def _key_of(fn: int) -> str:
    return {2: "terminal_clock", 25: "present_power"}.get(fn, "")


def _fn_of(key: str) -> int:
    return {"terminal_clock": 2, "present_power": 25}[key]


def _identifier(afn: int | None) -> Format:
    plain = IdentifierFormat(PointCoding.NUMBERED_GROUP)
    return plain if afn is None else ItemIdentifierFormat(plain, afn, _key_of, _fn_of)


VOCABULARY = Vocabulary(
    units=("V", "A", "kWh", "kW", "kvar", "%", "h", "min"),
    names=NAMES,
    named_type=TYPES.get,
    enumerations=ENUMERATIONS,
    identifier=_identifier,
)


class Surroundings:
    """A context without events and items."""

    length_includes_head = False
    check_bounds = False

    def event_zh(self, erc: int) -> str:
        return ""

    def event_key(self, erc: int) -> str | None:
        return None

    def event_erc(self, key: str) -> int:
        raise EncodeError("no event")

    def event_body(self, erc: int) -> Record | None:
        return None

    def event_slack(self, erc: int) -> int:
        return 0

    def read_units(self, reader: Reader, afn: int) -> list[Any]:
        raise AssertionError("no units here")

    def write_units(self, writer: Writer, afn: int, units: list[Any]) -> None:
        raise AssertionError("no units here")

    def unit_body(self, unit: Any) -> Record | None:
        return None


def layout(text: str, *, in_event: bool = False) -> Record:
    return parse(text, VOCABULARY, in_event=in_event)


def reader_of(content: str | bytes, *, spans: list[Span] | None = None) -> Reader:
    raw = bytes.fromhex(content) if isinstance(content, str) else content
    return Reader(raw, 0, len(raw), Surroundings(), spans=spans)


def read(text: str, content: str | bytes) -> Any:
    """The value of a body that must be read to its end without an error."""
    reader = reader_of(content)
    value = layout(text).read(reader)
    assert reader.remaining == 0
    assert reader.errors == []
    return value


def write(text: str, value: Any, verbatim: dict[str, bytes] | None = None) -> bytes:
    writer = Writer(Surroundings(), verbatim=verbatim)
    layout(text).write(writer, value)
    return bytes(writer.out)
