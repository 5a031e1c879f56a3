"""The short way to write data units gives the bytes of the reference, or its error, whatever the values are."""

from __future__ import annotations

import copy
import datetime as dt
import random
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from budgets import examples
from hypothesis import given
from hypothesis import strategies as st
from implementations import FAST, PURE, Implementation, needs_fast
from real_frames import real_frames
from strategies import messages
from vector_frames import vectors

import plmsproto as plms
from plmsproto import DataUnit, Message, PlmsError
from plmsproto.application import units as reference

pytestmark = needs_fast

MADE = [(bytes.fromhex(each["hex"]), each["edition"]) for each in vectors()]
REAL = [(bytes.fromhex(each["hex"]), None) for each in real_frames() if each["intact"]]

ODD_VALUES: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 7, 99, 100, 255, 256, 0xEE, 1 << 40, 1 << 63, -(1 << 70), 10**30,
    Decimal(0), Decimal("-0.0"), Decimal("1.5"), Decimal("1.50000"), Decimal("-0.001"), Decimal("1E+3"),
    Decimal("1E-9"), Decimal("NaN"), Decimal("-Infinity"), Decimal(7999), Decimal("79.99"),
    Decimal("1234567890123456789012345"),
    0.5, float("nan"), "", "7", "0x10", "accepted", "电", "2026-11-27T10:20:30", "raw", b"", b"\xEE", b"12345678",
    [], [0], [1, 1], [1, "2"], (1, 2), {}, {"raw": "EE"}, {"spare": 1}, {"raw": "EE", "error": "x"}, {"odd": None},
    dt.datetime(2026, 2, 28, 23, 59, 58, 7), dt.datetime(1999, 1, 1), dt.datetime(2100, 1, 1),
    dt.datetime(2026, 1, 1, tzinfo=dt.UTC), dt.date(2024, 2, 29), dt.time(10, 20, 30), object(),
)  # fmt: skip


def written(implementation: Implementation, message: Message, *, check_bounds: bool) -> Any:
    with implementation.in_use():
        try:
            return message.body(check_bounds=check_bounds)
        except PlmsError as error:
            return type(error), error.reason, error.path, error.found, error.expected


def assert_same(message: Message) -> None:
    for check_bounds in (False, True):
        fast = written(FAST, message, check_bounds=check_bounds)
        assert fast == written(PURE, message, check_bounds=check_bounds)


@pytest.mark.parametrize("kind", ["made", "real"])
def test_what_was_read_is_written_alike(kind: str) -> None:
    for content, edition in MADE if kind == "made" else REAL:
        message = plms.decode(content, edition=edition, strict=False)
        assert_same(message)
        assert_same(plms.from_dict(plms.to_dict(message)))


def test_what_the_standard_has_is_written_the_short_way(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(reference, "write_body", lambda _writer, _context, _afn, unit: asked.append(unit.name))
    plain = [plms.decode(content, edition=edition) for content, edition in MADE]
    fresh = [message for message in plain if not any(unit.verbatim for unit in message.units)]
    with FAST.in_use():
        for message in fresh:
            # Its own catalogue, so that the writers are made with the patched reference.
            message.catalogue = CATALOGUE
            message.body()
    assert len(fresh) > 0.9 * len(plain)
    assert asked == []


CATALOGUE = plms.Catalogue.load()


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """All dicts and lists inside a value, each with its keys or indices."""
    for key, each in list(value.items() if isinstance(value, dict) else enumerate(value)):
        yield value, key
        if isinstance(each, (dict, list)):
            yield from places(each)
        elif isinstance(each, DataUnit) and isinstance(each.value, dict):
            yield from places(each.value)


def odd_value(chooser: random.Random) -> Any:
    return copy.deepcopy(chooser.choice(ODD_VALUES))


def with_damage(message: Message, chooser: random.Random) -> Message:
    """The message with one to three values changed, left out or added."""
    damaged = copy.deepcopy(message)
    for _ in range(chooser.randint(1, 3)):
        found = [place for unit in damaged.units if isinstance(unit.value, dict) for place in places(unit.value)]
        if not found:
            chooser.choice(damaged.units).value = odd_value(chooser)
            continue
        holder, key = chooser.choice(found)
        match chooser.randrange(8):
            case 0:
                del holder[key]
            case 1 if isinstance(holder, dict):
                holder[chooser.choice(("odd", "raw", "spare", "length", 7))] = odd_value(chooser)
            case 1 | 2 if isinstance(holder, list):
                holder.append(copy.deepcopy(holder[key]))
            case _:
                holder[key] = odd_value(chooser)
    unit = chooser.choice(damaged.units)
    match chooser.randrange(12):
        case 0:
            unit.pn = chooser.choice((0, 1, 64, 65, 2040, 2041, 0xFFFF, -1, 1 << 70))
        case 1:
            unit.fn = chooser.choice((0, 1, 8, 250, 2040, 2041, -1, 1 << 70))
        case 2:
            unit.identifier = chooser.choice((b"", b"\0\0\0\0", b"\1\1\1", b"\xff\0\xff\0", b"\0\0\1\0\0"))
        case 3:
            damaged.units.append(copy.deepcopy(unit))
    return damaged


@given(st.randoms(use_true_random=False))
@examples(1000)
def test_changed_values_are_written_or_refused_alike(chooser: random.Random) -> None:
    content, edition = chooser.choice(MADE)
    message = plms.decode(content, edition=edition, strict=False)
    if message.units:
        assert_same(with_damage(message, chooser))


@given(st.data())
@examples(200)
def test_any_message_is_written_alike(data: st.DataObject) -> None:
    content, edition = data.draw(st.sampled_from(MADE))
    message = plms.decode(content, edition=edition, strict=False)
    for unit in message.units[:1]:
        item = message.catalogue.item(unit.afn, unit.fn, message.edition)
        assert_same(data.draw(messages(item, unit.afn, message.direction, message.edition)))
