"""Control and address fields: every byte value, every part, and what may not be built."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from plmsproto.errors import BadStructureError, EncodeError, TruncatedError
from plmsproto.link import Address, Control, Direction
from plmsproto.link.control import FUNCTIONS


def test_all_control_bytes_are_their_bits() -> None:
    for value in range(256):
        control = Control(value)
        up = value >= 0x80
        assert control.value == value
        assert control.direction is (Direction.UP if up else Direction.DOWN)
        assert control.prm == bool(value & 0x40)
        assert control.acd == (up and bool(value & 0x20))
        assert control.fcb == (not up and bool(value & 0x20))
        assert control.fcv == bool(value & 0x10)
        assert control.function == value % 16


@pytest.mark.parametrize(
    ("control", "value"),
    [
        (Control.up(9, prm=True), 0xC9),  # login, heartbeat
        (Control.down(11, prm=False), 0x0B),  # the master's answer to it
        (Control.up(4, prm=True), 0xC4),  # spontaneous report
        (Control.down(1), 0x41),  # reset
        (Control.down(10), 0x4A),
        (Control.down(11), 0x4B),
        (Control.down(11, fcb=True), 0x7B),  # FCB = FCV = 1
        (Control.down(11, fcb=False), 0x5B),  # FCB = 0, valid
        (Control.up(0, acd=True), 0xA0),
        (Control.up(8), 0x88),
        (Control.up(8, acd=True), 0xA8),
        (Control.down(0, prm=False), 0x00),
    ],
)
def test_control_constructors_give_the_bytes_in_use(control: Control, value: int) -> None:
    assert control == Control(value)


@pytest.mark.parametrize(
    ("value", "meaning"),
    [
        (0x41, "reset"),
        (0x44, "user data"),
        (0xC9, "link test"),
        (0x4A, "request class 1 data"),
        (0x7B, "request class 2 data"),
        (0x80, "accepted"),
        (0xA8, "user data"),
        (0x89, "no such data"),
        (0x0B, "link status"),
        (0x4F, "reserved"),
        (0x81, "reserved"),
    ],
)
def test_function_codes_mean_what_prm_says(value: int, meaning: str) -> None:
    assert Control(value).meaning == meaning


def test_all_functions_have_chinese_names() -> None:
    assert all(function.service_zh for function in FUNCTIONS.values())
    assert Control(0x4B).link_function.service_zh == "请求2级数据"


def test_control_repr_names_the_parts() -> None:
    assert repr(Control(0x7B)) == "Control(0x7B: down, PRM=1, FCB=1, FCV=1, function 11 request class 2 data)"
    assert repr(Control(0xA8)) == "Control(0xA8: up, PRM=0, ACD=1, D4=0, function 8 user data)"


@pytest.mark.parametrize(
    "build", [lambda: Control(256), lambda: Control(-1), lambda: Control.down(16), lambda: Control.up(-1)]
)
def test_impossible_controls_are_refused(build: Callable[[], Control]) -> None:
    with pytest.raises(EncodeError):
        build()


@pytest.mark.parametrize(
    ("wire", "address", "text"),
    [
        ("01 44 02 00 00", Address("4401", 2), "4401-0002 MSA 0"),
        ("00 12 04 03 02", Address("1200", 0x0304, 1), "1200-0304 MSA 1"),
        ("FF FF FF FF 03", Address("FFFF", 0xFFFF, 1, group=True), "FFFF-FFFF broadcast MSA 1"),
        ("FF FF FF FF FE", Address("FFFF", 0xFFFF, 127), "FFFF-FFFF MSA 127"),
        ("37 02 10 00 01", Address("0237", 16, 0, group=True), "0237-0010 group MSA 0"),
        ("00 12 78 56 34 12 0A", Address("1200", 0x12345678, 5, terminal_size=4), "1200-12345678 MSA 5"),
        ("9A BC 00 00 00", Address("BC9A", 0), "BC9A-0000 MSA 0"),
    ],
)
def test_address_to_and_from_bytes(wire: str, address: Address, text: str) -> None:
    assert Address.parse(bytes.fromhex(wire)) == address
    assert bytes(address) == bytes.fromhex(wire)
    assert str(address) == text


def test_broadcast_needs_group_flag_and_all_ones() -> None:
    assert Address("4401", 0xFFFF, group=True).is_broadcast
    assert not Address("4401", 0xFFFF).is_broadcast
    assert not Address("4401", 0xFFFE, group=True).is_broadcast
    assert not Address("4401", 0xFFFF, group=True, terminal_size=4).is_broadcast
    assert Address("4401", 0xFFFFFFFF, group=True, terminal_size=4).is_broadcast


def test_a_region_in_lower_case_is_the_same_region() -> None:
    assert Address("ab1f", 1) == Address("AB1F", 1)


@pytest.mark.parametrize("size", [0, 4])
def test_a_short_address_is_truncated(size: int) -> None:
    with pytest.raises(TruncatedError, match=f"{size} of 5"):
        Address.parse(bytes(size))


@pytest.mark.parametrize("size", [6, 8])
def test_an_address_of_another_size_is_refused(size: int) -> None:
    with pytest.raises(BadStructureError, match="5 or 7"):
        Address.parse(bytes(size))


@pytest.mark.parametrize(
    "arguments",
    [
        {"region": "440"},
        {"region": "44010"},
        {"region": "44G1"},
        {"region": "４４０１"},
        {"terminal": -1},
        {"terminal": 0x10000},
        {"terminal": 1 << 32, "terminal_size": 4},
        {"terminal_size": 3},
        {"master": 128},
        {"master": -1},
    ],
)
def test_impossible_addresses_are_refused(arguments: dict[str, Any]) -> None:
    with pytest.raises(EncodeError):
        Address(**({"region": "4401", "terminal": 1} | arguments))
