"""The data formats: the table of all, and a page for each.

Values stand here, as examples; what their bytes are, and what other bytes mean, the formats themselves say.
"""

from __future__ import annotations

import datetime as dt
import inspect
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from functools import cache
from typing import Any, NamedTuple

from markup import anchor, code, contents, facts, link, plain, table
from places import format_names, places, target_of

from plmsproto.catalogue import EventEntry, ItemEntry, default_catalogue
from plmsproto.dlt645 import MeterFrame
from plmsproto.editions import RULES, Edition
from plmsproto.errors import PlmsError
from plmsproto.formats import ANNEX_A, COUNTED, NO_DATA, PACKED, PLAIN, SINCE_2009, SIZED, Format, SmallInteger
from plmsproto.identifier import IdentifierFormat, PointCoding
from plmsproto.layout import describe

MOST_LINKED = 60
"""Entries that use a format are counted instead of listed from here on."""


class Values(NamedTuple):
    """Values of a format, as a person may write them.

    Attributes:
        typical: one of those that devices send.
        lowest, highest: the ends of its range, where it has one.
        width: of the typical value in bytes, for formats that take one.
    """

    typical: Any
    lowest: Any = None
    highest: Any = None
    width: int | None = None


VALUES: dict[str, Values] = {
    "A1": Values("2018-09-28 14:41:30", "2000-01-01 00:00:00", "2099-12-31 23:59:59"),
    "A2": Values(125, -9_990_000, 9_990_000),
    "A3": Values(-1250, -9_999_999_000, 9_999_999_000),
    "A4": Values(-15, -79, 79),
    "A5": Values("-99.9", "-799.9", "799.9"),
    "A6": Values("-1.69", "-79.99", "79.99"),
    "A7": Values("221.3", 0, "999.9"),
    "A8": Values(1440, 0, 9999),
    "A9": Values("-1.1173", "-79.9999", "79.9999"),
    "A10": Values(123_456, 0, 999_999),
    "A11": Values("488.95", 0, "999999.99"),
    "A12": Values("000012345678", "000000000000", "999999999999"),
    "A13": Values("330.2", 0, "9999.9999"),
    "A14": Values("3746.28", 0, "999999.9999"),
    "A15": Values("2018-09-28 14:41", "2000-01-01 00:00", "2099-12-31 23:59"),
    "A16": Values((22, 14, 59, 16), (1, 0, 0, 0), (31, 23, 59, 59)),
    "A17": Values((9, 28, 14, 41), (1, 1, 0, 0), (12, 31, 23, 59)),
    "A18": Values((28, 14, 41), (1, 0, 0), (31, 23, 59)),
    "A19": Values("14:41", "00:00", "23:59"),
    "A20": Values("2018-09-28", "2000-01-01", "2099-12-31"),
    "A21": Values((2018, 9), (2000, 1), (2099, 12)),
    "A22": Values("2.5", 0, "9.9"),
    "A23": Values("1.1173", 0, "99.9999"),
    "A24": Values((28, 14), (1, 0), (31, 23)),
    "A25": Values("-1.504", "-799.999", "799.999"),
    "A26": Values("0.998", 0, "9.999"),
    "A27": Values(12_345_678, 0, 99_999_999),
    "ip4": Values("192.168.0.1", "0.0.0.0", "255.255.255.255"),  # noqa: S104  # no socket is bound
    "u1": Values(200, 0, 255),
    "u2": Values(20_005, 0, 65_535),
    "u3": Values(100_000, 0, 16_777_215),
    "u4": Values(16_909_060, 0, 4_294_967_295),
    "i1": Values(-3, -128, 127),
    "i2": Values(-300, -32_768, 32_767),
    "i4": Values(-100_000, -2_147_483_648, 2_147_483_647),
    "bits1": Values(1, 0, 1),
    "bits2": Values(2, 0, 3),
    "bits4": Values(9, 0, 15),
    "bcd": Values(1234, 0, 9999, width=2),
    "digits": Values("4401", "0000", "9999", width=2),
    "hex": Values("00010000", "00000000", "FFFFFFFF", width=4),
    "bs": Values([0, 3, 9], width=2),
    "raw": Values("68 16", width=2),
    "ascii": Values("V1.2", width=6),
    "gb2312": Values("停电", width=6),
    "phone": Values("0755,8612", width=8),
    "meter_frame": Values(MeterFrame.read("151230011061", "00010000")),
    "identifier": Values(((1, 2), (25,))),
}
"""Values of each format; a new format wants some, or the build stops."""


def format_of(name: str) -> Format:
    """The format of a name, of the width of its typical value."""
    if name == "identifier":
        return IdentifierFormat(PointCoding.NUMBERED_GROUP)
    if name in SIZED:
        width = VALUES[name].width
        assert width is not None
        return SIZED[name](width)
    return {**ANNEX_A, **PLAIN, **PACKED, **COUNTED}[name]


# ---- the table


def format_table() -> str:
    """All formats with a value of each, and the pages of them as parts of the navigation."""
    heads = ("format", "bytes", "what is sent", "example", "its bytes", "no data")
    pages = [(name, places()["format", name].page) for name in format_names()]
    return table(heads, map(_row, format_names())) + "\n" + contents(pages)


def _row(name: str) -> tuple[str, ...]:
    form = format_of(name)
    example = _example(form, VALUES[name].typical)
    return (
        link("format", name),
        _width(name, form),
        plain(_summary(name, form)),
        code(_text(example.value)),
        code(example.hex),
        _fill(form),
    )


def _width(name: str, form: Format) -> str:
    if name in SIZED:
        return "N"
    if form.bits:
        return f"{form.bits} bit{'s' * (form.bits > 1)}"
    return str(form.size or "counted")


def _summary(name: str, form: Format) -> str:
    """What is sent, with N for the width that the format was made with."""
    width = VALUES[name].width
    if width is None:
        return form.summary
    return form.summary.replace(f"of {8 * width} bits", "of 8 × N bits").replace(f"{2 * width} digits", "2 × N digits")


def _fill(form: Format) -> str:
    """Which bytes mean "no data": EE alone (in a run, where it is a value too), any of the four, or none."""
    if form.fill_is_ambiguous:
        return "EE in a run"
    return {(): "", (NO_DATA,): "EE"}.get(form.fills, "EE …")


class _Example(NamedTuple):
    value: Any
    hex: str


def _example(form: Format, given: Any) -> _Example:
    """A value as the format returns it, and its bytes; of codes of less than a byte, a byte full of the same."""
    raw = form.encode(given)
    if isinstance(form, SmallInteger):
        count = 8 // form.bits
        packed = sum(raw[0] << form.bits * index for index in range(count))
        return _Example([form.read(raw)] * count, f"{packed:02X}")
    return _Example(form.decode(raw), raw.hex(" ").upper())


# ---- the pages


def format_page(name: str) -> str:
    """The page of a format."""
    form = format_of(name)
    return "\n".join(
        [
            f"# {name}: {plain(_summary(name, form))}\n",
            anchor(name),
            _about(form),
            facts(_facts(name, form)),
            "## Examples\n",
            table(("", "bytes", "value"), _examples(name, form)),
            "## Where it is used\n",
            _uses(name),
        ]
    )


def _about(form: Format) -> str:
    """What the format's class says of itself."""
    return (inspect.getdoc(type(form)) or "").replace("``", "`") + "\n"


def _facts(name: str, form: Format) -> Iterator[tuple[str, str]]:
    values = VALUES[name]
    yield "bytes", _width(name, form)
    yield "value", code(type(_example(form, values.typical).value).__name__)
    if values.lowest is not None:
        width = f" with a width of {values.width}" if values.width else ""
        lowest, highest = (form.decode(form.encode(given)) for given in (values.lowest, values.highest))
        yield "range", f"{code(_text(lowest))} to {code(_text(highest))}{width}"
    yield "no data", _no_data(form)
    ways = (
        "one way only"
        if form.injective
        else "some have several; [received bytes are kept](../layout-language.md#odd-bytes)"
    )
    yield "ways to write a value", ways
    yield "in layouts", _in_layouts(name)
    if name in ANNEX_A:
        editions = [edition for edition in Edition if edition is not Edition.GDW130 or name not in SINCE_2009]
        yield "annex A of", ", ".join(RULES[edition].title for edition in editions)
    else:
        yield "annex A", "not a format of annex A, but of fields that the standards describe in words"


def _text(value: Any) -> str:
    """A value as Python writes it, times as people do."""
    return str(value) if isinstance(value, (Decimal, dt.date, dt.time)) else repr(value)


def _no_data(form: Format) -> str:
    rules = "[the rules](../formats.md#no-data)"
    if form.fill_is_ambiguous:
        return f"EE in a run of at least three bytes of EE, else it is a value; {rules}"
    if not form.fills:
        return f"never: no bytes mean it; {rules}"
    if form.fills == (NO_DATA,):
        return f"EE in every byte; {rules}"
    stray = ", ".join(f"{byte:02X}" for byte in form.fills[1:])
    return f"EE in every byte; {stray} in every byte is taken for it too, as a deviation; {rules}"


def _in_layouts(name: str) -> str:
    if name in PACKED:
        return code(f"code[8] {name}")
    ways = [f"field {name}[N]"] if name in SIZED else []
    ways += [f"field {name}[count]"] if name in COUNTED else []
    return ", ".join(map(code, ways or [f"field {name}"]))


def _examples(name: str, form: Format) -> Iterator[tuple[str, str, str]]:
    values = VALUES[name]
    for what, given in (("typical", values.typical), ("lowest", values.lowest), ("highest", values.highest)):
        if given is not None:
            example = _example(form, given)
            yield what, code(example.hex), code(repr(example.value))
    if not form.bits:
        yield from _received(form, len(form.encode(values.typical)))


def _received(form: Format, width: int) -> Iterator[tuple[str, str, str]]:
    """What bytes mean that are all the same, and those that mean nothing at all."""
    for byte in (NO_DATA, 0xFF, 0x00):
        yield _meaning_of(form, bytes((byte,)) * width)
    yield from (row for row in [_meaning_of(form, bytes((0x0A,)) + bytes(width - 1))] if row[0] == "no value")


def _meaning_of(form: Format, raw: bytes) -> tuple[str, str, str]:
    shown = code(raw.hex(" ").upper())
    try:
        value = form.decode(raw)
    except PlmsError as error:
        return "no value", shown, plain(f"{type(error).__name__}: {error}")
    if value is None:
        remark = form.remark(raw, value) if any(raw) else ""
        return "no data", shown, code("None") + (f", a deviation: {plain(remark)}" if remark else "")
    if form.fill_is_ambiguous and raw[0] == NO_DATA:
        return "alone", shown, code(repr(value)) + ", but no data in a run"
    return "", shown, code(repr(value))


# ---- what uses a format


@cache
def _users() -> dict[str, list[ItemEntry | EventEntry]]:
    """The entries that use each format, by number."""
    catalogue = default_catalogue()
    users: dict[str, list[ItemEntry | EventEntry]] = {}
    for entry in [*catalogue.items(), *catalogue.events()]:
        for name in dict.fromkeys(formats_in(entry)):
            users.setdefault(name, []).append(entry)
    return users


def formats_in(entry: ItemEntry | EventEntry) -> list[str]:
    """The formats of an entry's fields, in all layouts."""
    return [row.format for layout in entry.shared_layouts() for row in describe(layout.record) if row.format]


def _uses(name: str) -> str:
    users = _users().get(name, [])
    if not users:
        return "In no item and no event record.\n"
    if len(users) > MOST_LINKED:
        counts = Counter(f"AFN {user.afn:02X}H" if isinstance(user, ItemEntry) else "event records" for user in users)
        return f"In {len(users)}: " + ", ".join(f"{place} {count}" for place, count in counts.items()) + ".\n"
    return table(("", "key", ""), (_user_row(user) for user in users))


def _user_row(user: ItemEntry | EventEntry) -> tuple[str, str, str]:
    kind = "item" if isinstance(user, ItemEntry) else "event"
    return link(kind, target_of(user)), code(user.key), plain(user.zh)
