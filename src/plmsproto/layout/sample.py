"""Test values of whole bodies, made from their layouts: enough of them to show every field once.

The walk is a writer's: what was chosen for a counting field says how long a list is, what was chosen for a field in a
condition says which block is there. Where a layout has alternatives there are several samples, numbered from 0; each
takes the next alternative of every choice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from ..errors import PlmsError
from ..formats import SIZED, Bits, Enumerated, Format, MeterFrameFormat, Raw, Scaled, Shifted
from ..formats.sample import METER_FRAME, sample
from .counts import Condition, Count
from .cursor import Context
from .event import LENGTH, Event, named_lengths
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
    beyond,
)

_ENTRIES: Final = 2
_POINTS: Final = 3
"""Entries of a list of plain values: the last of them is without data, where the format can say so."""


class Surroundings(Context, Protocol):
    """What samples need besides what writing needs."""

    def sample_units(self, afn: int) -> list[Any]:
        """Data units of an AFN, for layouts that carry such."""

    def sample_events(self) -> Sequence[tuple[int, int]]:
        """The event records to show, one a sample: event code and number of the sample of its body."""

    def sample_identifier(self, form: Format, number: int) -> Any:
        """The value of a format of identifiers; ``None`` for any other format."""


def count_of_samples(record: Record, context: Surroundings) -> int:
    """How many samples show all alternatives of a layout."""
    if any(_carries_events(member) for member in record.members):
        return len(context.sample_events())
    return max((each.alternatives for each in _choices_of(record).values()), default=1)


def sample_of(record: Record, context: Surroundings, number: int, *, seed: int = 0) -> dict[str, Any]:
    """A test value of a body.

    Args:
        record: the layout.
        context: what is around it.
        number: which of the samples, from 0.
        seed: where the numbers of the values begin, so that items of one layout differ.
    """
    return _Sampler(context, _choices_of(record), number, seed).record(record)


def count_of_event_samples(record: Record) -> int:
    """As ``count_of_samples``, for the body of an event, whose length is one more choice."""
    return max((each.alternatives for each in _choices_of(record).values()), default=1) * len(_lengths(record))


def event_sample_of(record: Record, context: Surroundings, number: int, *, seed: int = 0) -> dict[str, Any]:
    """As ``sample_of``, for the body of an event.

    The values may not fit any form of the record: those of one form may be as long as another's length says.
    """
    lengths = _lengths(record)
    sampler = _Sampler(context, _choices_of(record), number // len(lengths), seed)
    sampler.numbers[LENGTH] = lengths[number % len(lengths)]
    return sampler.record(record)


def _lengths(record: Record) -> list[int | None]:
    return [None, *named_lengths(record.members)]


def _carries_events(member: Member) -> bool:
    return isinstance(member, Field) and isinstance(member.shape, ListOf) and isinstance(member.shape.shape, Event)


@dataclass(slots=True)
class _Choice:
    """What the layout asks of a field or bit part.

    Attributes:
        counts: the counts that take their number from it, with the number of entries that they want.
        conditions: the conditions that depend on it.
        optional: it is no field but a block that may be left out.
    """

    counts: list[tuple[Count, int]] = field(default_factory=list)
    conditions: list[Condition] = field(default_factory=list)
    optional: bool = False

    @property
    def alternatives(self) -> int:
        return 2 if self.optional else len(self.numbers())

    def numbers(self) -> list[int]:
        """The raw numbers to choose from, each for another alternative."""
        found: list[int] = []
        for count, wanted in self.counts[:1]:
            if count.table is not None:
                # As few entries as make a list.
                table = count.table
                found.append(min(table, key=lambda code: (table[code] < _ENTRIES, table[code])))
            elif not count.popcount:
                found.append(wanted - count.constant)
        for condition in self.conditions:
            near = (condition.constant, condition.constant + 1, condition.constant - 1)
            for wish in (True, False):
                fitting = [n for n in near if n >= 0 and condition.holds({condition.source: n}) is wish]
                if not any(condition.holds({condition.source: n}) is wish for n in found) and fitting:
                    found.append(fitting[0])
        return found or [0]


def _choices_of(record: Record) -> dict[Any, _Choice]:
    choices: dict[Any, _Choice] = {}
    _collect(record.members, choices)
    return choices


def _collect(members: tuple[Member, ...], choices: dict[Any, _Choice]) -> None:
    for member in members:
        if isinstance(member, Field):
            shape = member.shape
            if isinstance(shape, ListOf):
                _counted(shape.count, _entries(shape), choices)
                shape = shape.shape
            if isinstance(shape, SizedLeaf):
                _counted(shape.size, _width(shape.form), choices)
            if isinstance(shape, Record):
                _collect(shape.members, choices)
            continue
        if isinstance(member, Conditional) and member.condition.source is not LENGTH:
            choices.setdefault(member.condition.source, _Choice()).conditions.append(member.condition)
        elif isinstance(member, Optional):
            choices[member] = _Choice(optional=True)
        for block in member.blocks():
            _collect(block, choices)


def _counted(count: Count, wanted: int, choices: dict[Any, _Choice]) -> None:
    if count.source is not None and count.source is not LENGTH:
        choices.setdefault(count.source, _Choice()).counts.append((count, wanted))


def _entries(shape: ListOf) -> int:
    if isinstance(shape.shape, Event):
        return 1
    return _POINTS if isinstance(shape.shape, Leaf) else _ENTRIES


def _width(form: Format) -> int:
    if isinstance(form, MeterFrameFormat):
        return len(bytes(METER_FRAME))
    return 3 if isinstance(form, Bits) else 4 if isinstance(form, Raw) else 8


class _Sampler:
    """Makes one sample, remembering the numbers that counts and conditions ask for."""

    def __init__(self, context: Surroundings, choices: dict[Any, _Choice], number: int, seed: int) -> None:
        self.context = context
        self.choices = choices
        self.number = number
        self.at = seed
        self.numbers: dict[Any, int | None] = {LENGTH: None}

    def record(self, record: Record) -> dict[str, Any]:
        into: dict[str, Any] = {}
        self._members(record.members, into)
        return into

    def _members(self, members: tuple[Member, ...], into: dict[str, Any]) -> None:
        for member in members:
            if isinstance(member, Field):
                value = into[member.name] = self._shape(member.shape, member)
                if member.referenced:
                    self.numbers[member] = member.shape.number(value)
            elif isinstance(member, Conditional):
                self._members(member.then if member.condition.holds(self.numbers) else member.otherwise, into)
            elif self.number % 2 == 0:
                self._members(member.members, into)

    def _shape(self, shape: Shape, owner: Field | None) -> Any:
        match shape:
            case Leaf():
                return self._leaf(shape.form, owner)
            case SizedLeaf():
                return self._sized(shape, owner)
            case Bitfield():
                return self._bitfield(shape)
            case Record():
                return self.record(shape)
            case PackedList():
                return [self._sample(shape.form, owner) for _ in range(shape.count)]
            case ListOf():
                return self._list(shape, owner)
            case Units():
                return self.context.sample_units(shape.afn)
            case Event():
                return self._event()
            case _:
                raise TypeError(f"no test value for {shape!r}")

    def _list(self, shape: ListOf, owner: Field | None) -> list[Any]:
        count = _entries(shape) if shape.count.to_end else shape.count.evaluate(self.numbers)
        values = [self._shape(shape.shape, owner) for _ in range(count)]
        if count >= _POINTS and isinstance(shape.shape, Leaf) and _can_be_missing(shape.shape.form):
            values[-1] = None
        return values

    def _leaf(self, form: Format, owner: Field | None) -> Any:
        choice = self.choices.get(owner)
        if choice is None:
            return self._sample(form, owner)
        if isinstance(form, Bits):
            lowest = owner.bounds[0] if owner and owner.bounds else form.first
            return [lowest + index for index in range(_ENTRIES)]
        return _of_number(form, self._chosen(choice))

    def _chosen(self, choice: _Choice) -> int:
        numbers = choice.numbers()
        return numbers[self.number % len(numbers)]

    def _sample(self, form: Format, owner: Field | None) -> Any:
        self.at += 1
        identifier = self.context.sample_identifier(form, self.at)
        return identifier if identifier is not None else sample(form, self.at, owner.bounds if owner else None)

    def _sized(self, shape: SizedLeaf, owner: Field | None) -> Any:
        form = shape.form
        size = _width(form) if shape.size.to_end else shape.size.evaluate(self.numbers)
        fixed = form.of_size(size)
        if fixed.size is None and form.name in SIZED:
            fixed = SIZED[form.name](size)
        return self._sample(fixed, owner)

    def _bitfield(self, shape: Bitfield) -> dict[str, Any]:
        value: dict[str, Any] = {}
        for part in shape.parts:
            choice = self.choices.get(part)
            most = part.mask >> part.low
            code = self._code(part, most) if choice is None else self._chosen(choice) & most
            value[part.name] = part.decode(code << part.low)
            if part.referenced:
                self.numbers[part] = code
        return value

    def _code(self, part: BitPart, most: int) -> int:
        """A code of a bit part that is a value, has a name if others have, and is in range."""
        self.at += 1
        for step in range(most + 1):
            code = (5 * self.at + step) % (most + 1)
            try:
                value = part.decode(code << part.low)
            except PlmsError:
                continue
            if (isinstance(value, str) or not part.labels) and not beyond(part.bounds, value):
                return code
        return 0

    def _event(self) -> dict[str, Any]:
        erc, number = self.context.sample_events()[self.number]
        body = self.context.event_body(erc)
        assert body is not None
        data = event_sample_of(body, self.context, number, seed=self.at)
        return {"erc": erc, "event": self.context.event_key(erc), "data": data}


def _can_be_missing(form: Format) -> bool:
    return form.fills != () and not form.fill_is_ambiguous


def _of_number(form: Format, number: int) -> Any:
    """The value that stands for a raw number."""
    base = form.base if isinstance(form, (Enumerated, Scaled, Shifted)) else form
    return form.read(base.encode(number))
