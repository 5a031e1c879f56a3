"""The compiled implementations have the numbers of op codes, faults and the like once more: they are the same."""

from __future__ import annotations

import re
from enum import IntEnum
from pathlib import Path

import pytest

import plmsproto
from plmsproto.application.auxiliary import EC_SIZE, TP_SIZE
from plmsproto.application.reading import MOST_BYTES
from plmsproto.bulk import columns, plan, rows
from plmsproto.bulk.faults import REASONS, Fault
from plmsproto.formats import NO_DATA
from plmsproto.formats.base import STRAY_FILLS
from plmsproto.identifier import ALL_POINTS, HIGHEST_FN, PointCoding
from plmsproto.layout.cursor import FILL_RUN
from plmsproto.layout.program import COMPARISON_NAMES, Code, CountKind, Op, TimeKind

FAST = Path(plmsproto.__file__).parent / "_fast"
RENAMED = {"IF": "CONDITION"}
"""Names that Cython or C has for something else."""
ENUM = re.compile(r"^cdef enum ?(\w*):\n((?:(?:    [^\n]*)?\n)+)", re.MULTILINE)
MEMBER = re.compile(r"^    (\w+) = ([^#\n]+?)\s*(?:#[^\n]*)?$", re.MULTILINE)


def enums_of(source: str) -> dict[str, dict[str, int]]:
    """The members of the ``cdef enum`` blocks of a source by name, those of nameless ones under an empty name."""
    found: dict[str, dict[str, int]] = {}
    for match in ENUM.finditer((FAST / source).read_text(encoding="utf-8")):
        members = {name: number_of(value) for name, value in MEMBER.findall(match[2])}
        found.setdefault(match[1], {}).update(members)
    return found


def number_of(text: str) -> int:
    parts = re.fullmatch(r"(-?\w+)(?: (<<|-) (\d+))?", text)
    assert parts is not None, text
    first, second = int(parts[1], 0), int(parts[3] or 0)
    return first - second if parts[2] == "-" else first << second


@pytest.mark.parametrize("kind", [Code, TimeKind, CountKind])
def test_numbers_of_ops(kind: type[IntEnum]) -> None:
    assert enums_of("codes.pxd")[kind.__name__] == {RENAMED.get(member.name, member.name): member for member in kind}


def test_numbers_of_comparisons() -> None:
    signs = {"EQUAL": "==", "UNEQUAL": "!=", "AT_MOST": "<=", "AT_LEAST": ">=", "LESS": "<", "MORE": ">"}
    numbers = enums_of("codes.pxd")["Comparison"]
    assert {signs[name]: number for name, number in numbers.items()} == {
        sign: number for number, sign in enumerate(COMPARISON_NAMES)
    }


def test_numbers_of_faults() -> None:
    numbers = enums_of("codes.pxd")["FaultCode"]
    known = {fault.name: int(fault) for fault in Fault}
    assert numbers.items() <= known.items()
    # The others come from the plan, as numbers.
    asked = {name for name in known if name.startswith(("UNKNOWN_ITEM", "UNKNOWN_AFN"))} | {"WRONG_WAY"}
    assert known.keys() - numbers.keys() == asked


def test_every_fault_has_a_reason() -> None:
    assert set(REASONS) == set(Fault)
    assert len(set(REASONS.values())) == len(Fault)


OTHERS: dict[str, dict[str, int]] = {
    "_columns.pyx": {
        "AUX_OP": plan.AUX_OP,
        "UNDECODED_TABLE": plan.UNDECODED_TABLE,
        "EDITIONS": len(plan.EDITIONS),
        "SETS": 2 * len(plan.EDITIONS),
        "TP_SIZE": TP_SIZE,
        "HIGHEST_FN": HIGHEST_FN,
        "MOST_BYTES": MOST_BYTES,
        "NO_EDITION": columns.NO_EDITION,
        "MOST_ROWS": rows.MOST_ROWS,
        "MOST_READ": rows.MOST_READ,
        "OP_FIELDS": len(Op._fields),
    },
    "_objects.pyx": {"AUX_EC": EC_SIZE, "AUX_TP": TP_SIZE},
    "_writing.pyx": {
        "HIGHEST_BIT_POINT": PointCoding.BIT_GROUPS.highest,
        "HIGHEST_GROUP_POINT": PointCoding.NUMBERED_GROUP.highest,
        "HIGHEST_FN": HIGHEST_FN,
    },
    "ops.pxd": {"ALL_POINTS": ALL_POINTS},
    "octets.pxd": {"NO_DATA": NO_DATA, "FILL_RUN": FILL_RUN},
}


@pytest.mark.parametrize("source", OTHERS)
def test_other_numbers(source: str) -> None:
    found = enums_of(source)[""]
    assert {name: found[name] for name in OTHERS[source]} == OTHERS[source]


def test_fill_bytes() -> None:
    told = re.search(r"cdef inline bint is_fill_byte.*?return ([^\n]*)", (FAST / "octets.pxd").read_text(), re.DOTALL)
    assert told is not None
    strays = {int(number, 16) for number in re.findall(r"0x\w+", told[1])}
    assert strays == set(STRAY_FILLS)
