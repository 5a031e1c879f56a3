"""What tests of ``plms.bulk`` share: the rows that tables must have, worked out from what ``plms.decode`` says.

Nothing here asks a schema or a plan: which columns a field may be in is told from the names in the catalogue's layouts.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from made_frames import changed
from real_frames import real_frames
from vector_frames import vector_frames

import plmsproto as plms
from plmsproto import Catalogue, DataUnit, Message
from plmsproto.dlt645 import MeterFrame
from plmsproto.layout import Record, Undecoded
from plmsproto.layout.nodes import Bitfield, Field, ListOf, Units

EXAMPLES = Path(__file__).parents[2] / "examples"

OF_FRAME = (
    *("frame", "offset", "time", "source", "region", "terminal", "master", "is_group", "direction"),
    *("afn", "seq", "edition"),
)
RESERVED = {*OF_FRAME, "pn", "fn", "record"}


@cache
def field_frames() -> tuple[bytes, ...]:
    """The real frames that are whole."""
    return tuple(bytes.fromhex(each["hex"]) for each in real_frames() if each["intact"])


@cache
def all_frames() -> tuple[bytes, ...]:
    return vector_frames() + field_frames()


# ---------------------------------------------------------------------------------------------- rows out of messages

Rows = dict[str, list[dict[str, Any]]]


class Expected:
    """The rows that the tables of some messages must have.

    Attributes:
        items: key → rows, in order.
        events: the same of event records.
        undecoded: the rows of what did not decode.
    """

    def __init__(self, frames: Iterable[bytes], **options: Any) -> None:
        self.items: Rows = defaultdict(list)
        self.events: Rows = defaultdict(list)
        self.undecoded: list[dict[str, Any]] = []
        offset = 0
        for number, content in enumerate(frames):
            message = plms.decode(content, strict=False, **options)
            self._add(message, head_of(message, number, offset))
            offset += len(content)

    def _add(self, message: Message, head: dict[str, Any]) -> None:
        for unit in message.units:
            self._add_unit(unit, head, message.catalogue)
        for error in message.errors:
            self.undecoded.append({**head, "position": error.offset, "reason": error.reason, "path": error.path})
        for row, raw in zip(self.undecoded[len(self.undecoded) - len(message.errors) :], raws_of(message), strict=True):
            row["raw"] = raw

    def _add_unit(self, unit: DataUnit, head: dict[str, Any], catalogue: Catalogue) -> None:
        if isinstance(unit.value, Undecoded):
            return
        self.items[unit.key].append({**head, "pn": unit.pn, "": unit.value})
        for number, event in enumerate(records_in(unit.value)):
            if event.get("event") and not isinstance(event["data"], Undecoded):
                row = {**head, "pn": unit.pn, "fn": unit.fn, "record": number, "": event["data"]}
                self.events[event["event"]].append(row)
        for inner in inner_units(unit.value):
            self._add_unit(inner, head, catalogue)


def head_of(message: Message, number: int, offset: int) -> dict[str, Any]:
    address = message.address
    return {
        "frame": number,
        "offset": offset,
        "time": None,
        "source": None,
        "region": address.region,
        "terminal": address.terminal,
        "master": address.master,
        "is_group": address.group,
        "direction": message.direction.value,
        "afn": int(message.afn),
        "seq": int(message.seq),
        "edition": str(message.edition),
    }


def inner_units(value: Any) -> Iterator[DataUnit]:
    """The data units inside a value."""
    if isinstance(value, DataUnit):
        yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from inner_units(each)
    elif isinstance(value, list):
        for each in value:
            yield from inner_units(each)


def records_in(value: Any) -> Iterator[dict[str, Any]]:
    """The event records inside a value that are not inside a data unit of their own, in order."""
    if is_event(value):
        yield value
    elif isinstance(value, (Mapping, list)):
        for each in value.values() if isinstance(value, Mapping) else value:
            yield from records_in(each)


def is_event(value: Any) -> bool:
    return isinstance(value, Mapping) and "erc" in value and (value["erc"] is None or "event" in value)


def raws_of(message: Message) -> list[bytes]:
    """The bytes of each error, in the order of the errors."""
    found: list[tuple[Any, bytes]] = []

    def collect(value: Any) -> None:
        if isinstance(value, Undecoded):
            found.append((value.error, value.raw))
        elif isinstance(value, DataUnit):
            collect(value.value)
        elif isinstance(value, Mapping):
            for each in value.values():
                collect(each)
        elif isinstance(value, list):
            for each in value:
                collect(each)

    for unit in message.units:
        collect(unit)
    collect(message.rest)
    if message.aux.tp is not None:
        collect(message.aux.tp.sent)
    raw_of = {id(error): raw for error, raw in found}
    return [raw_of[id(error)] for error in message.errors]


# ---------------------------------------------------------------------------------------------- rows against tables


def check(tables: Any, expected: Expected, catalogue: Catalogue | None = None) -> None:
    """Compares all tables with all expected rows."""
    known = catalogue or plms.default_catalogue()
    names = {event.key: [event] for event in known.events()}
    check_tables(tables.events, expected.events, names)
    entries = defaultdict(list)
    for item in known.items():
        entries[item.key].append(item)
    check_tables(tables, expected.items, entries)
    check_undecoded(tables.undecoded.to_pylist(), expected.undecoded)


def check_tables(tables: Mapping[str, Any], expected: Rows, entries: Mapping[str, list[Any]]) -> None:
    assert tables.keys() == expected.keys()
    for key, rows in expected.items():
        found = tables[key].to_pylist()
        assert len(tables[key]) == len(found) == len(rows), key
        names = names_of(entries[key])
        for row, wanted in zip(found, rows, strict=True):
            check_row(row, wanted, names, key)


Names = dict[str, Any]
"""Name of a field → the same of the fields inside it."""


def names_of(entries: Iterable[Any]) -> Names:
    """The fields of all layouts of items or events of one key."""
    found: Names = {}
    for entry in entries:
        for layout in entry.layouts:
            for edition in layout.editions:
                add_names(entry.compiled(layout, edition), found)
    return found


def add_names(shape: Any, into: Names) -> None:
    if isinstance(shape, ListOf):
        add_names(shape.shape, into)
    elif isinstance(shape, Bitfield):
        for part in shape.parts:
            into.setdefault(part.name, {})
        into.setdefault("spare", {})
    elif isinstance(shape, Record):
        add_members(shape.members, into)


def add_members(members: Iterable[Any], into: Names) -> None:
    for member in members:
        if isinstance(member, Field):
            if not isinstance(member.shape, Units):
                add_names(member.shape, into.setdefault(member.name, {}))
        else:
            for block in member.blocks():
                add_members(block, into)


def check_row(row: dict[str, Any], wanted: dict[str, Any], names: Names, where: str) -> None:
    head = {name: value for name, value in wanted.items() if name}
    assert {name: row[name] for name in head} == head, where
    fields = {name: value for name, value in row.items() if name not in head}
    for name in names.keys() & head.keys():  # it has been moved out of the way
        moved = f"{name}_field"
        while moved in names:
            moved += "_field"
        fields[name] = fields.pop(moved)
    check_record(fields, wanted[""], names, where)


def check_record(found: dict[str, Any], wanted: Mapping[str, Any], names: Names, where: str) -> None:
    """Compares the fields of a row, or of a record in it, with the dict of a record."""
    by_name: dict[str, list[tuple[str, Any]]] = {name: [] for name in names}
    for column, value in found.items():
        by_name[column if column in names else origin_of(column, names, where)].append((column, value))
    assert {name for name, value in wanted.items() if not is_units(value)} <= by_name.keys(), where
    for name, columns in by_name.items():
        filled = [(column, value) for column, value in columns if value is not None]
        assert len(filled) <= 1, f"{where}.{name}: several of {columns}"
        value = filled[0][1] if filled else None
        check_value(value, wanted.get(name), names[name], f"{where}.{name}")


def is_units(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(each, DataUnit) for each in value)


def origin_of(column: str, names: Names, where: str) -> str:
    """The field of a column with a suffix: that of the longest name that the column's begins with."""
    fitting = [name for name in names if column.startswith(f"{name}_")]
    assert fitting, f"{where}: whose column is {column}?"
    return max(fitting, key=len)


def check_value(found: Any, wanted: Any, names: Names, where: str) -> None:
    told = f"{where}: {found!r}, not {wanted!r}"
    if wanted is None or isinstance(wanted, Undecoded):
        assert found is None, told
    elif isinstance(wanted, MeterFrame):
        assert found == bytes(wanted), told
    elif is_event(wanted):
        assert found == {"erc": wanted["erc"], "event": wanted.get("event"), "length": wanted.get("length")}, told
    elif isinstance(wanted, Mapping):
        assert isinstance(found, dict), told
        check_record(found, wanted, names, where)
    elif hasattr(wanted, "_asdict"):
        parts = {name: list(part) if isinstance(part, tuple) else part for name, part in wanted._asdict().items()}
        assert found == parts, told
    elif isinstance(wanted, list):
        assert isinstance(found, list), told
        assert len(found) == len(wanted), told
        for place, (one, other) in enumerate(zip(found, wanted, strict=True)):
            check_value(one, other, names, f"{where}[{place}]")
    elif isinstance(found, str) and isinstance(wanted, (int, Decimal)):
        assert found == (str(wanted) if isinstance(wanted, int) else f"{wanted:f}"), told
    else:
        assert found == wanted, told
        assert isinstance(found, (int, Decimal)) or type(found) is type(wanted), told


REWORDED = {
    "does not go": "this AFN does not go that way",
    "is not known": "the code says no number",
}
"""Part of the reasons that tables give in other words → those."""


PLACE = re.compile(r"(?:([0-9A-F]{2}) F(\d+) (?:p(\d+)|all points))? ?(.*)")
"""The path of an error: AFN, Fn and point of the data unit, and the field in it."""


def check_undecoded(found: list[dict[str, Any]], wanted: list[dict[str, Any]]) -> None:
    told = [{name: row[name] for name in (*OF_FRAME, "position", "raw")} for row in found]
    assert told == [{name: row[name] for name in (*OF_FRAME, "position", "raw")} for row in wanted]
    for row, error in zip(found, wanted, strict=True):
        reason = next((told for part, told in REWORDED.items() if part in error["reason"]), row["reason"])
        assert row["reason"] == reason
        assert reason in REWORDED.values() or error["reason"].startswith(reason), (row, error)
        check_place(row, error["path"])


def check_place(row: dict[str, Any], path: str) -> None:
    match = PLACE.fullmatch(path)
    assert match is not None, path
    afn, fn, pn, rest = match.groups()
    names = re.sub(r"\[\d+\]", "", rest)
    if afn is None:  # no data unit: an identifier that is none (or one inside a unit, which that one costs), or AUX
        if len(path) == 2 and row["fn"]:
            return
        assert row["fn"] == 0
        assert row["field"] == {"AUX": "AUX", "AUX Tp": "Tp"}.get(path), (row, path)
        return
    point = plms.ALL_POINTS if pn is None else int(pn)
    assert (row["unit_afn"], row["fn"], row["pn"]) == (int(afn, 16), int(fn), point), (row, path)
    if row["field"] is None:
        assert not names, (row, path)
        return
    _, _, field = row["field"].partition(".")
    # The fields of an event record are in its own table.
    assert names in (field, f"{field}.data") or names.endswith(f".data.{field}"), (row, path)


# ---------------------------------------------------------------------------------------------- frames that are changed


def changed_frames() -> st.SearchStrategy[bytes]:
    """Any frame that the tests know, changed."""
    return st.sampled_from(all_frames()).flatmap(changed)


# ---------------------------------------------------------------------------------------------- what tables say


def all_rows(tables: Any) -> dict[str, list[dict[str, Any]]]:
    """The rows of all tables by name."""
    named = {f"item {key}": table for key, table in tables.items()}
    named |= {f"event {key}": table for key, table in tables.events.items()}
    named |= {"undecoded": tables.undecoded, "noise": tables.noise}
    return {name: table.to_pylist() for name, table in named.items()}


def same(found: Any, wanted: Any) -> None:
    """Compares two results of bulk decoding in everything but where the input was cut."""
    assert all_rows(found) == all_rows(wanted)
    assert list(found) == list(wanted)
    assert list(found.events) == list(wanted.events)
    assert found.index == wanted.index
    assert (found.frames, found.consumed, found.noise_bytes) == (wanted.frames, wanted.consumed, wanted.noise_bytes)
