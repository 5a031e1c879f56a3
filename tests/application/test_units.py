"""Data units by themselves: what belongs to one, and what a copy of one has."""

from __future__ import annotations

import copy
import pickle
from dataclasses import replace

import pytest
from implementations import Implementation

import plmsproto as plms
from plmsproto import DataUnit


@pytest.fixture
def message(implementation: Implementation) -> plms.Message:
    return plms.decode(bytes(plms.examples("present_power", "up", edition="1376")[0]))


def test_a_unit_keeps_the_layout_that_read_it(message: plms.Message) -> None:
    (unit, *_) = message.units
    assert unit.layout is plms.item("present_power").body(("up",), message.edition)
    assert "layout" not in repr(unit)
    assert unit == DataUnit(unit.afn, unit.fn, unit.pn, unit.key, unit.value, unit.identifier, unit.verbatim)


def test_a_unit_that_was_not_understood_has_no_layout(message: plms.Message) -> None:
    content = bytes(message)
    user_data = content[12:14] + bytes.fromhex("01 01 01 FE")
    frame = plms.Frame(message.control, message.address, user_data)
    (unit,) = plms.decode(frame, strict=False).units
    assert unit.layout is None
    assert isinstance(unit.value, plms.Undecoded)


def test_the_layout_is_left_behind_where_it_could_be_wrong(message: plms.Message) -> None:
    (unit, *_) = message.units
    for other in (
        pickle.loads(pickle.dumps(unit)),
        copy.copy(unit),
        copy.deepcopy(unit),
        replace(unit, pn=2),
    ):  # our own bytes
        assert other.layout is None


def test_the_lines_of_a_unit_do_not_depend_on_its_layout_being_kept(message: plms.Message) -> None:
    (unit, *_) = message.units
    assert message.lines(copy.copy(unit)) == message.lines(unit) != []


def test_a_unit_that_becomes_one_of_another_item_is_shown_by_that_items_layout(message: plms.Message) -> None:
    (unit, *_) = message.units
    unit.fn, unit.key, unit.value = 2, "terminal_clock", {"clock": "2015-12-15 11:48:49"}
    assert unit.layout is None
    assert [line.name for line in message.lines(unit)] == ["clock"]
