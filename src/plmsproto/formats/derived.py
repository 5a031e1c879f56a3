"""Formats made of others: whole numbers with a factor or an offset, whole numbers whose codes have names."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from ..errors import EncodeError, shown
from .base import Format, as_decimal, as_int


class _Derived(Format):
    """A format that gives the number of another one a meaning; as bytes it is that other one."""

    def __init__(self, base: Format) -> None:
        self.base = base
        self.name = base.name
        self.size = base.size
        self.bits = base.bits
        self.injective = base.injective
        self.fills = base.fills
        self.fill_is_ambiguous = base.fill_is_ambiguous
        self.summary = base.summary


class Scaled(_Derived):
    """A whole-number format whose unit is a multiple: value = raw × factor (``u1 h *0.5``)."""

    factor: Decimal

    def __init__(self, base: Format, factor: Decimal) -> None:
        super().__init__(base)
        self.factor = factor
        self.summary = f"{base.summary}, × {factor}"
        self._whole = factor == factor.to_integral_value()

    def read(self, raw: bytes) -> int | Decimal:
        number: int = self.base.read(raw)
        return number * int(self.factor) if self._whole else number * self.factor

    def write(self, value: int | Decimal) -> bytes:
        number = Decimal(value) / self.factor
        if number != number.to_integral_value():
            raise EncodeError(f"not a multiple of {self.factor}", found=shown(value))
        return self.base.write(int(number))

    def coerce(self, value: Any) -> int | Decimal:
        return as_int(value, self.name) if self._whole else as_decimal(value, self.name)

    def number(self, value: int | Decimal) -> int:
        return int(Decimal(value) / self.factor)


class Shifted(_Derived):
    """A whole-number format that does not count from 0: value = raw + offset (``u1 +1``)."""

    whole = True

    def __init__(self, base: Format, offset: int) -> None:
        super().__init__(base)
        self.offset = offset
        self.summary = f"{base.summary}, + {offset}"

    def read(self, raw: bytes) -> int:
        return int(self.base.read(raw)) + self.offset

    def write(self, value: int) -> bytes:
        try:
            return self.base.write(value - self.offset)
        except EncodeError:
            raise EncodeError(f"does not fit {self.name} + {self.offset}", found=shown(value)) from None

    def coerce(self, value: Any) -> int:
        return as_int(value, self.name)

    def number(self, value: int) -> int:
        return value - self.offset


class Enumerated(_Derived):
    """A whole-number format whose codes have names. A code without a name stays a number, so nothing is lost.

    Args:
        base: how the code is sent.
        labels: code → name.
        reserved: codes that the standard keeps for later.
        minutes: code → minutes, where the codes are intervals.
    """

    def __init__(
        self,
        base: Format,
        labels: Mapping[int, str],
        reserved: frozenset[int] = frozenset(),
        minutes: Mapping[int, int] | None = None,
    ) -> None:
        super().__init__(base)
        self.labels = labels
        self.reserved = reserved
        self.minutes = minutes or {}
        self.codes = {label: code for code, label in labels.items()}

    def up_to(self, highest: int) -> Enumerated:
        """The codes up to one alone, for a field that can't hold more."""
        labels = {code: label for code, label in self.labels.items() if code <= highest}
        minutes = {code: each for code, each in self.minutes.items() if code <= highest}
        return Enumerated(self.base, labels, frozenset(code for code in self.reserved if code <= highest), minutes)

    def read(self, raw: bytes) -> int | str:
        code: int = self.base.read(raw)
        return self.labels.get(code, code)

    def write(self, value: int | str) -> bytes:
        return self.base.write(self.number(value))

    def number(self, value: int | str) -> int:
        """The code that stands for a name (or for itself)."""
        if isinstance(value, str):
            if value not in self.codes:
                raise EncodeError("no such name", found=shown(value), expected=", ".join(self.codes))
            return self.codes[value]
        return value

    def coerce(self, value: Any) -> int | str:
        if isinstance(value, str) and (value in self.codes or not value.isdigit()):
            return value
        number: int = self.base.coerce(value)
        return self.labels.get(number, number)


def innermost(form: Format) -> Format:
    """The format of a value's bytes, without factors, offsets and names."""
    while isinstance(form, (Scaled, Shifted, Enumerated)):
        form = form.base
    return form
