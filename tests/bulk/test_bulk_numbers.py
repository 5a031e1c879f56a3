"""The compiled implementations have the numbers of op codes, faults and the like once more: they are the same."""

from __future__ import annotations

import re
from enum import IntEnum
from pathlib import Path
from typing import Any

import plmsproto
from plmsproto.application.auxiliary import TP_SIZE
from plmsproto.application.reading import MOST_BYTES
from plmsproto.bulk import columns, interpreter, plan
from plmsproto.bulk.faults import REASONS, Fault
from plmsproto.editions import RULES, Edition
from plmsproto.formats import NO_DATA
from plmsproto.identifier import ALL_POINTS, HIGHEST_FN, PointCoding
from plmsproto.layout.program import COMPARISON_NAMES, Code, CountKind, TimeKind

FAST = Path(plmsproto.__file__).parent / "_fast"
ENUMS: tuple[type[IntEnum], ...] = (Code, TimeKind, CountKind)
RENAMED = {"IF": "CONDITION"}
"""Names that Cython or C has for something else."""


def blocks_of(source: str) -> list[tuple[str, dict[str, int]]]:
    """The ``cdef enum`` blocks of a source, each with its name or the remark before it."""
    text = (FAST / source).read_text(encoding="utf-8")
    found = []
    for match in re.finditer(r"((?:^#[^\n]*\n)*)^cdef enum ?(\w*):\n((?:(?:    [^\n]*)?\n)+)", text, re.MULTILINE):
        numbers = re.findall(r"^    (\w+) = ([^#\n]+?)\s*(?:#[^\n]*)?$", match[3], re.MULTILINE)
        found.append((match[1] + match[2], {key: number_of(value) for key, value in numbers}))
    return found


def number_of(text: str) -> int:
    parts = re.fullmatch(r"(-?\w+)(?: (<<|-) (\d+))?", text)
    assert parts is not None, text
    first, second = int(parts[1], 0), int(parts[3] or 0)
    return first - second if parts[2] == "-" else first << second


def check_ops(numbers: dict[str, int], asked: frozenset[str] = frozenset()) -> None:
    known = {RENAMED.get(member.name, member.name): int(member) for kind in ENUMS for member in kind}
    assert numbers.items() <= known.items()
    # All but some kinds of times and END must be there: each is read in a way of its own.
    assert known.keys() - numbers.keys() <= {kind.name for kind in TimeKind} | {"END"} | asked


def test_numbers_of_ops_in_columns() -> None:
    check_ops(next(numbers for told, numbers in blocks_of("_columns.pyx") if "layout.program" in told))


def test_numbers_of_ops_in_objects() -> None:
    names = {kind.__name__ for kind in ENUMS}
    blocks = {told: numbers for told, numbers in blocks_of("_objects.pyx") if told in names}
    assert blocks.keys() == names
    found = {name: number for numbers in blocks.values() for name, number in numbers.items()}
    del found["ASK"]  # its own: what it has no part of its own for is asked of the format
    check_ops(found, frozenset({"PHONE", "IDENTIFIER", "GB2312"}))


def test_numbers_of_faults() -> None:
    block = next(numbers for remark, numbers in blocks_of("_columns.pyx") if "bulk.faults" in remark)
    known = {fault.name: int(fault) for fault in Fault}
    assert block.items() <= known.items()
    # The others come from the plan, as numbers.
    asked = {name for name in known if name.startswith(("UNKNOWN_ITEM", "UNKNOWN_AFN"))} | {"WRONG_WAY"}
    assert known.keys() - block.keys() == asked


def test_every_fault_has_a_reason() -> None:
    assert set(REASONS) == set(Fault)
    assert len(set(REASONS.values())) == len(Fault)


OTHERS: dict[str, Any] = {
    "AUX_OP": plan.AUX_OP,
    "TP_OP": plan.TP_OP,
    "UNDECODED_TABLE": plan.UNDECODED_TABLE,
    "TP_SIZE": TP_SIZE,
    "NO_DATA": NO_DATA,
    "HIGHEST_FN": HIGHEST_FN,
    "MOST_BYTES": MOST_BYTES,
    "ALL_POINTS": ALL_POINTS,
    "NO_EDITION": columns.NO_EDITION,
    "MOST_ROWS": interpreter.MOST_ROWS,
}


def test_other_numbers() -> None:
    found: dict[str, int] = {}
    for _, numbers in blocks_of("_columns.pyx"):
        found.update(numbers)
    assert {name: found[name] for name in OTHERS} == OTHERS


def test_what_is_told_by_numbers_alone() -> None:
    """The order of comparisons and editions, and the coding of points, which the compiled source has in its code."""
    assert COMPARISON_NAMES == ("==", "!=", "<=", ">=", "<", ">")
    assert [str(edition) for edition in plan.EDITIONS] == ["130", "376", "1376"]
    assert [plan.point_coding(number) for number in range(6)] == [0, 0, 1, 1, 1, 1]
    assert RULES[Edition.GDW130].point_coding is PointCoding.BIT_GROUPS
