"""A decoded body as lines: each value with its field, in order and with its depth.

What viewers show (trees, tables) is made of these, so that they need not know shapes. The walk follows the layout, not
the value, so that order, units and Chinese names are the catalogue's.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from .cursor import Context, Undecoded
from .event import LENGTH, Event, body_length
from .marks import times_of
from .nodes import Bitfield, BitPart, Field, ListOf, Member, Record, Shape, Units, fields_read


class FieldValue(NamedTuple):
    """One value, or the head of a group of values.

    Attributes:
        path: names and indices from the body on, such as ``("record", "[0]", "data", "voltage_a")``.
        value: the value; for a group, what is known of the group as a whole (an event's key), or ``None``.
        owner: the field or bit part of the catalogue, where there is one.
        group: the lines of greater depth that follow belong to this one.
        value_zh: the value in Chinese, for the events and data units that head a group.
        time: when it was, for the points of a curve.
    """

    path: tuple[str, ...]
    value: Any
    owner: Field | BitPart | None = None
    group: bool = False
    value_zh: str = ""
    time: dt.datetime | dt.time | None = None

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.path[-1]

    @property
    def unit(self) -> str:
        """The value's unit, if it has one."""
        return self.owner.unit if self.owner else ""

    @property
    def labels(self) -> Mapping[int, str]:
        """Code → name, where the value is a code with names."""
        return self.owner.labels if self.owner else {}

    @property
    def zh(self) -> str:
        """The Chinese name, if there is one."""
        return self.owner.zh if self.owner else ""


def walk(
    record: Record, value: Any, context: Context, verbatim: dict[str, bytes] | None = None
) -> Iterator[FieldValue]:
    """The lines of a body's value.

    Args:
        record: the layout that read it.
        value: what was read.
        context: as in ``Reader``.
        verbatim: as in ``Reader``.
    """
    yield from _Walk(context, verbatim or {}).members(record.members, value, ())


class _Walk:
    """Walks one body, and the data of event records in it, each with numbers of its own."""

    def __init__(
        self, context: Context, verbatim: dict[str, bytes], *, length: int | None = None, start: int = 0
    ) -> None:
        self.context = context
        self.verbatim = verbatim
        self.start = start
        """How many parts of a path lead to the data unit."""
        self.numbers: dict[Any, int | None] = {LENGTH: length}

    def members(
        self, members: tuple[Member, ...], record: Mapping[str, Any], path: tuple[str, ...]
    ) -> Iterator[FieldValue]:
        for field, value in fields_read(members, record, self.numbers):
            here = (*path, field.name)
            times = _times(field, record, value)
            yield from self.points(field, value, times, here) if times else self.shape(field.shape, value, here, field)

    def points(
        self, field: Field, values: list[Any], times: list[dt.datetime] | list[dt.time], path: tuple[str, ...]
    ) -> Iterator[FieldValue]:
        assert isinstance(field.shape, ListOf)
        yield FieldValue(path, None, field, group=True)
        for index, each in enumerate(values):
            # A point of one value is called after the list, for its unit and its codes.
            owner = None if isinstance(field.shape.shape, (Record, Bitfield)) else field
            first, *rest = self.shape(field.shape.shape, each, (*path, f"[{index}]"), owner)
            yield first._replace(time=times[index])
            yield from rest

    def shape(
        self, shape: Shape, value: Any, path: tuple[str, ...], owner: Field | BitPart | None
    ) -> Iterator[FieldValue]:
        match shape:
            case _ if value is None or isinstance(value, Undecoded):
                yield FieldValue(path, value, owner)
            case ListOf(shape=Record() | Bitfield() | Event() as inner):
                yield FieldValue(path, None, owner, group=True)
                for index, each in enumerate(value):
                    yield from self.shape(inner, each, (*path, f"[{index}]"), None)
            case Record():
                yield FieldValue(path, None, owner, group=True)
                yield from self.members(shape.members, value, path)
            case Bitfield():
                yield FieldValue(path, None, owner, group=True)
                for part in (part for part in shape.parts if part.name in value):
                    yield FieldValue((*path, part.name), value[part.name], part)
                if "spare" in value:
                    yield FieldValue((*path, "spare"), value["spare"])
            case Event():
                yield from self.event(value, path, owner)
            case Units():
                yield FieldValue(path, None, owner, group=True)
                for index, unit in enumerate(value):
                    yield from self.unit(unit, (*path, f"[{index}]"))
            case _:
                yield FieldValue(path, value, owner)

    def event(self, value: Any, path: tuple[str, ...], owner: Field | BitPart | None) -> Iterator[FieldValue]:
        context = self.context
        erc = value["erc"] if "erc" in value else context.event_erc(value["event"])
        if erc is None:
            yield FieldValue(path, None, owner)
            return
        title = f"ERC{erc} {context.event_key(erc) or ''}".strip()
        yield FieldValue(path, title, owner, group=True, value_zh=f"ERC{erc} {context.event_zh(erc)}".strip())
        if "length" in value:
            yield FieldValue((*path, "length"), value["length"])
        body = context.event_body(erc)
        data = value.get("data")
        if body is None or not isinstance(data, Mapping):
            yield FieldValue((*path, "data"), data)
        else:
            record = list(path[self.start :])
            length = body_length({**value, "erc": erc}, context, verbatim=self.verbatim, path=record)
            yield from _Walk(context, self.verbatim, length=length, start=self.start).members(body.members, data, path)

    def unit(self, unit: Any, path: tuple[str, ...]) -> Iterator[FieldValue]:
        yield FieldValue(path, f"{unit.name} {unit.key}".strip(), group=True)
        record = self.context.unit_body(unit)
        if record is None or isinstance(unit.value, Undecoded):
            yield FieldValue((*path, "data"), unit.value)
        else:
            yield from _Walk(self.context, unit.verbatim, start=len(path)).members(record.members, unit.value, path)


def _times(member: Field, record: Mapping[str, Any], points: Any) -> list[dt.datetime] | list[dt.time] | None:
    if member.time_mark is None or not isinstance(points, list):
        return None
    return times_of(member, record.get(member.time_mark.name), len(points))
