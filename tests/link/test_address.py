"""The address field: every part, every size, and what may not be built."""

from __future__ import annotations

from typing import Any

import pytest

from plmsproto.errors import BadStructureError, EncodeError, TruncatedError
from plmsproto.link import Address


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
