"""Counts and conditions: the numbers inside a layout that come from earlier fields.

Both refer to earlier fields by object, bound by ``grammar`` when the layout is read, so that looking one up is looking
in one dict: ``numbers`` maps a field (or a part of a bit field) to the number that was last read or written for it.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from ..errors import BadStructureError

Numbers = Mapping[Any, int | None]
"""What is known so far: field or bit part → its raw number, ``None`` where the device had no data."""

COMPARISONS: Final[dict[str, Callable[[int, int], bool]]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<=": operator.le,
    ">=": operator.ge,
    "<": operator.lt,
    ">": operator.gt,
}


class Count(NamedTuple):
    """How many: a constant, an earlier field plus or minus a constant, the set bits of one, or "until the end".

    Attributes:
        text: as written in the layout.
        source: the earlier field or bit part; ``None`` for a constant or the end.
        constant: the constant, or what is added to the field.
        popcount: count the set bits of the field instead of taking its number.
        table: code of the field → how many, instead of its number.
        to_end: until the body ends.
    """

    text: str
    source: Any = None
    constant: int = 0
    popcount: bool = False
    table: Mapping[int, int] | None = None
    to_end: bool = False

    def evaluate(self, numbers: Numbers) -> int:
        """The number; 0 where the counting field has no data. Not to be asked of a count ``to_end``.

        Raises:
            BadStructureError: the field has a code of which it is not known how many it means.
        """
        if self.source is None:
            return self.constant
        number = numbers[self.source]
        if number is None:
            return 0
        if self.popcount:
            number = number.bit_count()
        if self.table is not None:
            if number not in self.table:
                raise BadStructureError(f"{self.text} is not known", found=f"code {number}")
            number = self.table[number]
        return max(0, number + self.constant)

    def source_for(self, length: int) -> int:
        """The number of the counting field that makes the count ``length``."""
        return length - self.constant


class Condition(NamedTuple):
    """A comparison of an earlier field with a constant; false where the field has no data."""

    text: str
    source: Any
    comparison: str
    constant: int

    def holds(self, numbers: Numbers) -> bool:
        """Whether the comparison is true of what is known so far."""
        number = numbers[self.source]
        return number is not None and COMPARISONS[self.comparison](number, self.constant)
