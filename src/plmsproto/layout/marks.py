"""Time marks: when the points of a curve are.

A list of points names an earlier field as its time mark (``at curve``). A mark is a record or bit field with a part
``density``, an enumeration whose codes are intervals, and says where the points begin: with a ``start_time`` point i is
i intervals after it (Td_c of AFN 0DH), with an ``hour`` it is i + 1 intervals into the hour (Td_h of AFN 0CH).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, Final

from .nodes import Bitfield, BitPart, Field, Leaf, Record

_MINUTES_A_DAY: Final = 24 * 60


def density_of(mark: Field) -> Field | BitPart | None:
    """The part of a time mark that says how far apart the points are; ``None`` if the field is no time mark."""
    shape = mark.shape
    parts: tuple[Any, ...] = ()
    if isinstance(shape, Bitfield):
        parts = shape.parts
    elif isinstance(shape, Record):
        parts = shape.members
    found = (part for part in parts if isinstance(part, (Field, BitPart)) and part.name == "density")
    return next((part for part in found if minutes_of(part)), None)


def minutes_of(part: object) -> Mapping[int, int]:
    """Code → interval in minutes, if the field or bit part is an enumeration of intervals."""
    if isinstance(part, BitPart):
        return part.form.minutes if part.form else {}
    if isinstance(part, Field) and isinstance(part.shape, Leaf):
        return part.shape.form.minutes
    return {}


def per_hour(minutes: Mapping[int, int]) -> dict[int, int]:
    """Code → how many points an hour has; none for an interval of 0 minutes, and no answer for one of over an hour."""
    return {code: 60 // each if each else 0 for code, each in minutes.items() if each <= 60}


def times_of(points: Field, mark: Any, count: int) -> list[dt.datetime] | list[dt.time] | None:
    """The times of a list's points.

    Args:
        points: the list's field.
        mark: the value of its time mark.
        count: how many points there are.

    Returns:
        Dates and times for a mark with a start time, times of day for one with an hour; ``None`` if the mark does not
        say (no data, an unknown density) or time would run out of the calendar.
    """
    density = density_of(points.time_mark) if points.time_mark is not None else None
    if density is None or not isinstance(mark, Mapping):
        return None
    interval = minutes_of(density).get(_code(density, mark.get("density")), 0)
    if not interval:
        return None
    start, hour = mark.get("start_time"), mark.get("hour")
    if isinstance(start, dt.datetime):
        step = dt.timedelta(minutes=interval)
        try:
            return [start + index * step for index in range(count)]
        except OverflowError:
            return None
    if isinstance(hour, int) and 0 <= hour < 24:
        minutes = ((60 * hour + (index + 1) * interval) % _MINUTES_A_DAY for index in range(count))
        return [dt.time(*divmod(minute, 60)) for minute in minutes]
    return None


def _code(density: Field | BitPart, value: Any) -> Any:
    """The code behind a density's value, which is its name where it has one."""
    return next((code for code, label in density.labels.items() if label == value), value)
