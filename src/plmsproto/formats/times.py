"""BCD times: the formats A1, A15 to A21 and A24 of annex A, and the named tuples of those that make no date alone."""

from __future__ import annotations

import datetime as dt
from abc import abstractmethod
from typing import Any, Final, NamedTuple

from ..errors import BadValueError, EncodeError, shown
from .base import NO_DATA, STRAY_FILLS, Format, as_int, digits_of, hex_text

TIME_PARTS: Final = ("second", "minute", "hour", "day", "month", "year")
"""The two-digit parts that the formats of times are made of."""


class MonthDayTime(NamedTuple):
    """Month, day, hour, minute (format A17): when in the year a maximum occurred."""

    month: int
    day: int
    hour: int
    minute: int


class DayTime(NamedTuple):
    """Day of the month, hour, minute, second (format A16: the send time in Tp)."""

    day: int
    hour: int
    minute: int
    second: int


class DayHourMinute(NamedTuple):
    """Day of the month, hour, minute (format A18)."""

    day: int
    hour: int
    minute: int


class DayHour(NamedTuple):
    """Day of the month and hour (format A24)."""

    day: int
    hour: int


class YearMonth(NamedTuple):
    """Year and month (format A21): the month of frozen data."""

    year: int
    month: int


class _Time(Format):
    """BCD times. Fields filled with zeros name no day: devices send them for "never", so they are no value either."""

    size: int
    fills = (NO_DATA, *STRAY_FILLS)
    parts: tuple[str, ...] = ()
    """The two-digit fields in sending order."""

    def decode(self, raw: bytes) -> Any:
        if not any(raw) and ("day" in self.parts or "month" in self.parts):
            return None
        return super().decode(raw)

    def read(self, raw: bytes) -> Any:
        digits = digits_of(raw)
        numbers = dict(
            zip(reversed(self.parts), (int(digits[i : i + 2]) for i in range(0, len(digits), 2)), strict=True)
        )
        return self._make(raw, **numbers)

    def _make(self, raw: bytes, **numbers: int) -> Any:
        try:
            return self.make(**numbers)
        except ValueError as error:
            raise BadValueError(f"no such time: {error}", found=hex_text(raw)) from None

    @abstractmethod
    def make(self, **numbers: int) -> Any:
        """Builds the value; ``ValueError`` if there is no such time."""

    def split(self, value: Any) -> dict[str, int]:
        """The two-digit numbers of a value by part."""
        return {part: getattr(value, part) for part in self.parts}

    def write(self, value: Any) -> bytes:
        numbers = self.split(value)
        if "year" in numbers:
            if not 2000 <= numbers["year"] <= 2099:
                raise EncodeError(f"year outside {self.name}", found=shown(numbers["year"]), expected="2000..2099")
            numbers["year"] -= 2000
        return bytes(int(f"{numbers[part]:02}", 16) for part in self.parts)

    def _no_time(self, value: Any) -> EncodeError:
        return EncodeError(f"not a time for {self.name}", found=shown(value), expected=self.summary)


def _datetime(year: int, month: int, day: int, hour: int, minute: int, second: int = 0) -> dt.datetime:
    return dt.datetime(2000 + year, month, day, hour, minute, second)


class _DateTime(_Time):
    def coerce(self, value: Any) -> dt.datetime:
        if isinstance(value, str):
            try:
                value = dt.datetime.fromisoformat(value)
            except ValueError:
                raise self._no_time(value) from None
        if not isinstance(value, dt.datetime):
            raise self._no_time(value)
        # The protocol's clock is the local civil time of the terminal; fractions of a second do not exist in it.
        return value.replace(microsecond=0, tzinfo=None, fold=0)


class Clock(_DateTime):
    """Format A1: second to year, with the weekday (1 = Monday … 7 = Sunday, 0 = not given) above the month."""

    name = "A1"
    size = 6
    injective = False  # the weekday may be missing or wrong
    parts = ("second", "minute", "hour", "day", "month", "year")
    summary = "second, minute, hour, day, week + month, year"

    def read(self, raw: bytes) -> Any:
        # The weekday adds nothing to the date; where it disagrees, the layout engine keeps the bytes.
        return super().read(raw[:4] + bytes((raw[4] & 0x1F, raw[5])))

    def remark(self, raw: bytes, value: Any) -> str:
        weekday = raw[4] >> 5
        if value is not None and weekday not in (0, value.isoweekday()):
            return f"weekday {weekday}, but {value:%Y-%m-%d} is weekday {value.isoweekday()}"
        return super().remark(raw, value)

    def make(self, **numbers: int) -> dt.datetime:
        return _datetime(**numbers)

    def write(self, value: dt.datetime) -> bytes:
        raw = super().write(value)
        return raw[:4] + bytes((raw[4] | value.isoweekday() << 5, raw[5]))


class MinuteStamp(_DateTime):
    """Format A15: minute, hour, day, month, year."""

    name = "A15"
    size = 5
    parts = ("minute", "hour", "day", "month", "year")
    summary = "minute, hour, day, month, year"

    def make(self, **numbers: int) -> dt.datetime:
        return _datetime(**numbers)

    def coerce(self, value: Any) -> dt.datetime:
        return super().coerce(value).replace(second=0)


class Date(_Time):
    """Format A20: day, month, year."""

    name = "A20"
    size = 3
    parts = ("day", "month", "year")
    summary = "day, month, year"

    def make(self, **numbers: int) -> dt.date:
        return dt.date(2000 + numbers["year"], numbers["month"], numbers["day"])

    def coerce(self, value: Any) -> dt.date:
        if isinstance(value, str):
            try:
                return dt.date.fromisoformat(value)
            except ValueError:
                raise self._no_time(value) from None
        if isinstance(value, dt.datetime):
            return value.date()
        if isinstance(value, dt.date):
            return value
        raise self._no_time(value)


class TimeOfDay(_Time):
    """Format A19: minute, hour."""

    name = "A19"
    size = 2
    parts = ("minute", "hour")
    summary = "minute, hour"

    def make(self, **numbers: int) -> dt.time:
        return dt.time(numbers["hour"], numbers["minute"])

    def coerce(self, value: Any) -> dt.time:
        if isinstance(value, str):
            try:
                return dt.time.fromisoformat(value).replace(second=0, microsecond=0)
            except ValueError:
                raise self._no_time(value) from None
        if isinstance(value, dt.time):
            return value.replace(second=0, microsecond=0)
        raise self._no_time(value)


def _check_parts(**numbers: int) -> None:
    """Checks parts of a date without a year as those of the leap year 2000."""
    _datetime(
        year=numbers.get("year", 0),
        month=numbers.get("month", 1),
        day=numbers.get("day", 1),
        hour=numbers.get("hour", 0),
        minute=numbers.get("minute", 0),
        second=numbers.get("second", 0),
    )


class PartialTime(_Time):
    """Formats A16, A17, A18, A21 and A24: parts of a time that make no date alone, as a named tuple."""

    def __init__(self, name: str, shape: type[Any], parts: tuple[str, ...]) -> None:
        self.name = name
        self.shape = shape
        self.parts = parts
        self.size = len(parts)
        self.summary = ", ".join(parts)

    def make(self, **numbers: int) -> Any:
        _check_parts(**numbers)
        if "year" in numbers:
            numbers["year"] += 2000
        return self.shape(**numbers)

    def coerce(self, value: Any) -> Any:
        if isinstance(value, dt.datetime):
            return self.shape(**{part: getattr(value, part) for part in self.shape._fields})
        if isinstance(value, dict):
            value = tuple(value.get(part) for part in self.shape._fields)
        if isinstance(value, str):  # it would be taken digit by digit
            raise self._no_time(value)
        try:
            shaped = self.shape(*value)
            numbers = {part: as_int(getattr(shaped, part), self.name) for part in self.parts}
            _check_parts(**{**numbers, **({"year": numbers["year"] % 100} if "year" in numbers else {})})
        except (TypeError, ValueError, OverflowError):
            raise self._no_time(value) from None
        return self.shape(**numbers)
