"""Data unit identifiers: the two codings of DA, the coding of DT, and splitting sets that one identifier can't name."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plmsproto import ALL_POINTS, Identifier
from plmsproto.errors import BadStructureError, BadValueError, EncodeError
from plmsproto.identifier import (
    IdentifierFormat,
    PointCoding,
    decode_fns,
    decode_identifier,
    decode_pns,
    encode_fns,
    encode_identifier,
    encode_pns,
    split_sets,
)

BITS, GROUP = PointCoding.BIT_GROUPS, PointCoding.NUMBERED_GROUP


def raw(text: str) -> bytes:
    return bytes.fromhex(text)


@pytest.mark.parametrize(
    ("pns", "old", "new"),
    [
        ((0,), "00 00", "00 00"),
        ((1,), "01 01", "01 01"),
        ((8,), "80 01", "80 01"),
        ((9,), "01 02", "01 02"),
        ((10,), "02 02", "02 02"),
        ((16,), "80 02", "80 02"),
        ((17,), "01 04", "01 03"),
        ((64,), "80 80", "80 08"),
        ((65,), None, "01 09"),
        ((100,), None, "08 0D"),
        ((2040,), None, "80 FF"),
        ((1, 2, 9, 10), "03 03", None),
        ((1, 3, 8), "85 01", "85 01"),
        ((17, 18), "03 04", "03 03"),
        (tuple(range(2033, 2041)), None, "FF FF"),
        (tuple(range(1, 65)), "FF FF", None),
        ((ALL_POINTS,), None, "FF 00"),
    ],
)
def test_da_in_both_codings(pns: tuple[int, ...], old: str | None, new: str | None) -> None:
    for coding, text in ((BITS, old), (GROUP, new)):
        if text is not None:
            assert decode_pns(raw(text), coding) == pns
            assert encode_pns(pns, coding) == raw(text)


@pytest.mark.parametrize(
    ("fns", "text"),
    [
        ((1,), "01 00"),
        ((8,), "80 00"),
        ((9,), "01 01"),
        ((25,), "01 03"),
        ((89,), "01 0B"),
        ((248,), "80 1E"),
        ((1, 2), "03 00"),
        ((1002,), "02 7D"),  # a vendor's, from a real frame
        (tuple(range(129, 137)), "FF 10"),
    ],
)
def test_dt_in_all_editions(fns: tuple[int, ...], text: str) -> None:
    assert decode_fns(raw(text)) == fns
    assert encode_fns(fns) == raw(text)


@pytest.mark.parametrize(
    ("text", "coding", "ffff_is_all", "pns"),
    [
        ("FF 00", GROUP, False, (ALL_POINTS,)),
        ("FF 00", GROUP, True, (ALL_POINTS,)),
        ("FF FF", GROUP, True, (ALL_POINTS,)),
        ("FF FF", GROUP, False, tuple(range(2033, 2041))),
        ("FE FF", GROUP, True, tuple(range(2034, 2041))),
        ("FF FF", BITS, True, tuple(range(1, 65))),
    ],
)
def test_all_points(text: str, coding: PointCoding, ffff_is_all: bool, pns: tuple[int, ...]) -> None:
    assert decode_pns(raw(text), coding, ffff_is_all=ffff_is_all) == pns


def test_all_points_are_all_bits_in_130() -> None:
    assert encode_pns([ALL_POINTS], BITS) == raw("FF FF")


@pytest.mark.parametrize(
    ("text", "coding"),
    [
        ("01 00", GROUP),
        ("7F 00", GROUP),
        ("00 01", GROUP),
        ("00 FF", GROUP),
        ("01 00", BITS),
        ("00 01", BITS),
        ("FF 00", BITS),
    ],
)
def test_a_da_that_names_nothing_is_refused(text: str, coding: PointCoding) -> None:
    with pytest.raises(BadStructureError, match="DA names no point"):
        decode_pns(raw(text), coding)


def test_a_dt_that_names_nothing_is_refused() -> None:
    with pytest.raises(BadStructureError, match="DT names no Fn"):
        decode_fns(raw("00 03"))


@pytest.mark.parametrize("size", range(4))
def test_less_than_four_bytes_are_no_identifier(size: int) -> None:
    with pytest.raises(BadStructureError, match="left over"):
        decode_identifier(raw("01 01 01 00")[:size], GROUP)


@pytest.mark.parametrize(
    ("pns", "coding"),
    [
        ([], GROUP),
        ([2041], GROUP),
        ([-1], GROUP),
        ([8, 9], GROUP),  # two groups
        ([0, 1], GROUP),
        ([ALL_POINTS, 1], GROUP),
        ([], BITS),
        ([65], BITS),
        ([0, 1], BITS),
        ([1, 10], BITS),  # 03 03 would be p1, p2, p9, p10
        ([1, 2, 9], BITS),
    ],
)
def test_points_that_one_da_cannot_name_are_refused(pns: list[int], coding: PointCoding) -> None:
    with pytest.raises(EncodeError):
        encode_pns(pns, coding)


@pytest.mark.parametrize("fns", [[], [0], [-3], [2049], [8, 9], [1, 1002]])
def test_fns_that_one_dt_cannot_name_are_refused(fns: list[int]) -> None:
    with pytest.raises(EncodeError):
        encode_fns(fns)


def test_bodies_go_by_point_then_by_fn() -> None:
    assert decode_identifier(raw("03 01 03 00"), GROUP).pairs() == [(1, 1), (1, 2), (2, 1), (2, 2)]
    assert [pn for pn, _ in decode_identifier(raw("03 03 01 00"), BITS).pairs()] == [1, 2, 9, 10]


@pytest.mark.parametrize(
    ("pns", "fns", "coding", "expected"),
    [
        ([1, 10], [1], BITS, [((1,), (1,)), ((10,), (1,))]),
        ([1, 9], [1], BITS, [((1, 9), (1,))]),
        ([1, 2, 9, 10], [1], BITS, [((1, 2, 9, 10), (1,))]),
        ([8, 9], [1], GROUP, [((8,), (1,)), ((9,), (1,))]),
        ([1, 8], [1, 8], GROUP, [((1, 8), (1, 8))]),
        ([1], [8, 9], GROUP, [((1,), (8,)), ((1,), (9,))]),
        ([2, 1, 2, 0], [2, 1], GROUP, [((0,), (1, 2)), ((1, 2), (1, 2))]),
        ([ALL_POINTS, 0], [1], GROUP, [((0,), (1,)), ((ALL_POINTS,), (1,))]),
        ([], [1], GROUP, []),
    ],
)
def test_sets_are_split_where_one_identifier_does_not_do(
    pns: list[int], fns: list[int], coding: PointCoding, expected: list[Any]
) -> None:
    assert split_sets(pns, fns, coding) == expected


@given(data=st.data(), coding=st.sampled_from(PointCoding))
def test_split_identifiers_name_every_pair_once_and_nothing_else(data: st.DataObject, coding: PointCoding) -> None:
    pns = data.draw(st.sets(st.integers(0, coding.highest) | st.integers(0, 20), min_size=1, max_size=30))
    fns = data.draw(st.sets(st.integers(1, 248), min_size=1, max_size=8))
    found = split_sets(pns, fns, coding)
    for identifier in found:
        assert decode_identifier(encode_identifier(identifier, coding), coding) == identifier
    pairs = [pair for identifier in found for pair in identifier.pairs()]
    assert sorted(pairs) == sorted(product(pns, fns))


@given(content=st.binary(min_size=4, max_size=4), coding=st.sampled_from(PointCoding))
def test_any_identifier_comes_back_or_is_refused(content: bytes, coding: PointCoding) -> None:
    try:
        identifier = decode_identifier(content, coding)
    except BadStructureError:
        assert 0 in content[:3]
        return
    assert list(identifier.pns) == sorted(set(identifier.pns))
    assert list(identifier.fns) == sorted(set(identifier.fns))
    if identifier.pns != (0,):
        assert encode_identifier(identifier, coding) == content
    else:
        assert content[:2] == b"\0\0"


# ---------------------------------------------------------------------------------------------- as a field


def test_an_identifier_as_a_field() -> None:
    form = IdentifierFormat(GROUP)
    value = Identifier((1, 2), (25,))
    assert form.decode(raw("03 01 01 03")) == value
    assert form.decode(raw("EE EE EE EE")) is None
    for written in (value, ([2, 1], [25]), {"pns": [1, 2], "fns": [25]}):
        assert form.encode(written) == raw("03 01 01 03")
    with pytest.raises(BadValueError):
        form.decode(raw("00 01 01 03"))


@pytest.mark.parametrize(
    "value",
    [
        5,
        "x",
        {},
        {"pns": [1]},
        {"pns": 1, "fns": 1},
        ([1], []),
        ([8, 9], [1]),
        ([1], ["x"]),
        ([1.5], [1]),
        ([1], [float("inf")]),  # what JSON's 1e999 becomes
        ([10**5000], [1]),
        ("12", "3"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_is_no_identifier_is_refused(value: Any) -> None:
    with pytest.raises(EncodeError):
        IdentifierFormat(GROUP).encode(value)
