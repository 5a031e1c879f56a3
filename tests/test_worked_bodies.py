"""Bodies written by hand, with the values that the standard, a real frame or plain arithmetic gives them.

A wrong layout survives every round trip; it does not survive these. ``data/worked_bodies/*.toml`` holds them, each with
its evidence; none of the bytes came from this library's encoder.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import simplejson

from plmsproto import DataUnit, Direction, Edition, Undecoded, default_catalogue
from plmsproto.application.interchange import plain
from plmsproto.application.units import BodyContext, Reading, read_units, write_units
from plmsproto.editions import RULES
from plmsproto.identifier import Identifier, encode_identifier
from plmsproto.layout import Reader, Writer

FOLDER = Path(__file__).parent / "data" / "worked_bodies"


@dataclass(frozen=True)
class Case:
    """One body."""

    name: str
    afn: int
    fn: int
    edition: Edition
    direction: Direction
    body: bytes
    value: Any
    evidence: str
    variant: bool


@cache
def cases() -> list[Case]:
    found = []
    for path in sorted(FOLDER.glob("*.toml")):
        for number, raw in enumerate(tomllib.loads(path.read_text(encoding="utf-8"))["case"], 1):
            afn, fn = raw["item"].split(" F")
            found.append(
                Case(
                    f"{path.stem}-{number}-{raw['item']}-{raw['edition']}-{raw['direction']}",
                    int(afn, 16),
                    int(fn),
                    Edition(raw["edition"]),
                    Direction(raw["direction"]),
                    bytes.fromhex(raw["body"]),
                    simplejson.loads(raw["value"], use_decimal=True),
                    raw["evidence"],
                    raw.get("variant", False),
                )
            )
    return found


def every_case() -> pytest.MarkDecorator:
    return pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)


def read(case: Case) -> DataUnit:
    """The data unit of a case, read to its end."""
    context = BodyContext(default_catalogue(), case.direction, Reading(case.edition, variant=case.variant))
    content = encode_identifier(Identifier((0,), (case.fn,)), RULES[case.edition].point_coding) + case.body
    reader = Reader(content, 0, len(content), context)
    units: list[DataUnit] = []
    read_units(reader, context, case.afn, units)
    assert reader.errors == []
    assert len(units) == 1
    return units[0]


@every_case()
def test_the_bytes_mean_what_the_evidence_says(case: Case) -> None:
    unit = read(case)
    assert not isinstance(unit.value, Undecoded)
    assert plain(unit.value) == case.value
    # As numbers 12.30 and 12.3 are equal; as readings they are not.
    assert simplejson.dumps(plain(unit.value), use_decimal=True, sort_keys=True) == simplejson.dumps(
        case.value, use_decimal=True, sort_keys=True
    )


@every_case()
def test_the_values_give_the_bytes(case: Case) -> None:
    unit = read(case)
    context = BodyContext(default_catalogue(), case.direction, Reading(case.edition, variant=case.variant))
    writer = Writer(context)
    write_units(writer, context, case.afn, [unit])
    assert bytes(writer.out)[4:] == case.body


def test_every_case_has_its_evidence() -> None:
    assert all(len(case.evidence) > 10 for case in cases())
    names = [(case.afn, case.fn, case.edition, case.direction, case.body) for case in cases()]
    assert len(set(names)) == len(names)


def test_the_cases_are_spread_over_the_protocol() -> None:
    items = {(case.afn, case.fn) for case in cases()}
    assert len(items) >= 60
