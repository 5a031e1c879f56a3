"""A layout as rows for people: offset where it is fixed, field, type, unit, meaning, Chinese name.

The command line and the documentation print these; nothing is decoded from them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from ..formats import Format, Shifted
from .event import Event
from .nodes import (
    Bitfield,
    BitPart,
    Conditional,
    Field,
    Leaf,
    ListOf,
    Member,
    PackedList,
    Record,
    Shape,
    SizedLeaf,
    Units,
    bounds_text,
)


class Row(NamedTuple):
    """One line of a description.

    Attributes:
        offset: from the start of the body, ``None`` where it depends on the data.
        name: key of the field, bit part or block.
        type: format and count, as in the layout language.
        unit: of the value.
        meaning: range, names of codes, conditions.
        zh: Chinese name.
        depth: how deep it is nested.
        format: name of the data format without what stands in brackets behind it, such as ``A14`` or ``bcd``; empty
            where there is none.
    """

    offset: int | None
    name: str
    type: str
    unit: str
    meaning: str
    zh: str
    depth: int
    format: str = ""


NameOfCode = Callable[[str], str]
"""How the name of a code is shown."""


def describe(record: Record, name_of_code: NameOfCode = str) -> list[Row]:
    """All rows of a layout, in order.

    Args:
        record: the layout.
        name_of_code: how the names of codes are shown, if not as they are.
    """
    return list(_members(record.members, 0, 0, name_of_code))


def _members(members: tuple[Member, ...], offset: int | None, depth: int, name_of_code: NameOfCode) -> Iterator[Row]:
    for member in members:
        if isinstance(member, Field):
            yield from _field(member, offset, depth, name_of_code)
        elif isinstance(member, Conditional):
            yield Row(offset, f"if {member.condition.text}", "", "", "", "", depth)
            yield from _members(member.then, offset, depth + 1, name_of_code)
            if member.otherwise:
                yield Row(offset, "else", "", "", "", "", depth)
                yield from _members(member.otherwise, offset, depth + 1, name_of_code)
        else:
            yield Row(offset, "optional", "", "", "if bytes are left", "", depth)
            yield from _members(member.members, offset, depth + 1, name_of_code)
        fewest, most = member.span()
        offset = offset + fewest if offset is not None and fewest == most else None


def _field(each: Field, offset: int | None, depth: int, name_of_code: NameOfCode) -> Iterator[Row]:
    shape, count = each.shape, ""
    if isinstance(shape, ListOf):
        count, shape = f" × {shape.count.text}" if not shape.count.to_end else " × *", shape.shape
    elif isinstance(shape, PackedList):
        count = f" × {shape.count}"
    meaning = _meaning(each, name_of_code)
    yield Row(offset, each.name, _type(shape) + count, each.unit, meaning, each.zh, depth, _format_name(shape))
    if isinstance(shape, Record):
        yield from _members(shape.members, offset if not count else None, depth + 1, name_of_code)
    elif isinstance(shape, Bitfield):
        for part in shape.parts:
            bits = f"D{part.high}-D{part.low}" if part.high > part.low else f"D{part.low}"
            name = ""
            if part.form is not None and not part.labels:
                bits += f" {_format(part.form)}"
                name = _bare_name(part.form)
            yield Row(None, part.name, bits, part.unit, _meaning(part, name_of_code), part.zh, depth + 1, name)


def _meaning(each: Field | BitPart, name_of_code: NameOfCode) -> str:
    """Range, names of codes, times, in words."""
    meaning = [bounds_text(each.bounds)] if each.bounds else []
    meaning += [f"{code} = {name_of_code(label)}" for code, label in each.labels.items()]
    if isinstance(each, Field) and each.time_mark is not None:
        meaning.append(f"points in time of {each.time_mark.name}")
    return ", ".join(meaning)


def _type(shape: Shape) -> str:
    match shape:
        case Leaf(form=form):
            return _format(form)
        case PackedList(form=form):
            return _format(form)
        case SizedLeaf():
            return f"{shape.form.name}[{shape.size.text}]"
        case Bitfield():
            return f"u{shape.size} bits"
        case Event():
            return "event record"
        case Units():
            return f"data units of AFN {shape.afn:02X}H"
        case _:
            return ""


def _format(form: Format) -> str:
    if form.factor is not None:
        return f"{form.name} × {form.factor}"
    if isinstance(form, Shifted):
        return f"{form.name} + {form.offset}"
    return form.name


def _format_name(shape: Shape) -> str:
    match shape:
        case Leaf(form=form) | PackedList(form=form) | SizedLeaf(form=form):
            return _bare_name(form)
        case Bitfield():
            return f"u{shape.size}"
        case _:
            return ""


def _bare_name(form: Format) -> str:
    """``raw`` of ``raw[4]``, ``identifier`` of ``identifier(0x0C)``."""
    return form.name.partition("[")[0].partition("(")[0]
