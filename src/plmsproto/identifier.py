"""Data unit identifiers: the four bytes DA1 DA2 DT1 DT2 that say which information points and which Fn follow.

Here lives only the coding of the two sets as bits, in both forms that the editions use. What the points and Fn mean is
the catalogue's business, the bodies that follow are the application layer's.

* DT (all editions): DT2 is a group g, bit i of DT1 stands for F(8g + i + 1).
* DA in Q/GDW 130-2005: both bytes are bit strings; group bit j and member bit i stand for p(8j + i + 1), in every pair.
* DA from Q/GDW 376.1-2009 on: DA2 is a group number from 1, bit i of DA1 stands for p((DA2 - 1)·8 + i + 1).
* ``00 00`` is p0, the terminal itself, in all editions.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from enum import Enum
from functools import lru_cache
from itertools import groupby, product
from typing import Any, Final, NamedTuple

from .errors import BadStructureError, BadValueError, EncodeError, shown
from .formats import Format

ALL_POINTS: Final = 0xFFFF
"""The point number that stands for "all valid points" (DA ``FF 00`` from 376.1 on)."""

HIGHEST_FN: Final = 8 * 256
"""What DT can carry. The standards use F1 to F248 (groups 0 to 30); vendors go beyond."""


class PointCoding(Enum):
    """How DA writes a set of information points."""

    BIT_GROUPS = "bit groups"
    """Q/GDW 130-2005: p1 to p64, rectangles of members and groups."""
    NUMBERED_GROUP = "numbered group"
    """Q/GDW 376.1-2009 and 1376.1-2013: p1 to p2040, up to eight points of one group."""

    @property
    def highest(self) -> int:
        """The highest point number."""
        return 64 if self is PointCoding.BIT_GROUPS else 2040

    @property
    def most_points(self) -> int:
        """How many points one identifier can name."""
        return 64 if self is PointCoding.BIT_GROUPS else 8


class Identifier(NamedTuple):
    """The points and Fn of one data unit identifier, both ascending."""

    pns: tuple[int, ...]
    fns: tuple[int, ...]

    def pairs(self) -> list[tuple[int, int]]:
        """(Pn, Fn) in the order of the bodies: points outside, Fn inside (all editions)."""
        return list(product(self.pns, self.fns))


class ItemIdentifier(NamedTuple):
    """An identifier of which it is known what its Fn mean: ``keys`` are the items' keys, empty for unknown Fn."""

    pns: tuple[int, ...]
    fns: tuple[int, ...]
    keys: tuple[str, ...]


def _set_bits(byte: int) -> list[int]:
    return [bit for bit in range(8) if byte >> bit & 1]


def decode_fns(raw: bytes) -> tuple[int, ...]:
    """The Fn of DT1 DT2, ascending.

    Raises:
        BadStructureError: no bit is set.
    """
    if not raw[0]:
        raise BadStructureError("DT names no Fn", found=raw.hex(" ").upper(), expected="at least one bit of DT1")
    return tuple(8 * raw[1] + bit + 1 for bit in _set_bits(raw[0]))


def encode_fns(fns: Collection[int]) -> bytes:
    """DT1 DT2 of Fn that lie in one group of eight.

    Raises:
        EncodeError: no Fn, one that DT can't carry, or of several groups.
    """
    if not fns or not all(1 <= fn <= HIGHEST_FN for fn in fns):
        raise EncodeError("DT can't name these Fn", found=shown(sorted(fns)), expected=f"F1..F{HIGHEST_FN}")
    groups = {(fn - 1) // 8 for fn in fns}
    if len(groups) > 1:
        raise EncodeError("one DT can't name Fn of several groups of eight", found=shown(sorted(fns)))
    return bytes((_bits((fn - 1) % 8 for fn in fns), groups.pop()))


def decode_pns(raw: bytes, coding: PointCoding, *, ffff_is_all: bool = False) -> tuple[int, ...]:
    """The points of DA1 DA2, ascending; ``(ALL_POINTS,)`` for all of them.

    Args:
        raw: DA1 and DA2.
        coding: the edition's way.
        ffff_is_all: read ``FF FF`` as all points too. By the rule of 376.1 it is p2033 to p2040.

    Raises:
        BadStructureError: one byte names points and the other none.
    """
    da1, da2 = raw
    if da1 == da2 == 0:
        return (0,)
    if coding is PointCoding.BIT_GROUPS:
        if not (da1 and da2):
            raise BadStructureError("DA names no point", found=raw.hex(" ").upper(), expected="bits in both bytes")
        return tuple(8 * group + member + 1 for group in _set_bits(da2) for member in _set_bits(da1))
    if da1 == 0xFF and (da2 == 0 or (ffff_is_all and da2 == 0xFF)):
        return (ALL_POINTS,)
    if not (da1 and da2):
        raise BadStructureError("DA names no point", found=raw.hex(" ").upper(), expected="a group and members")
    return tuple(8 * (da2 - 1) + member + 1 for member in _set_bits(da1))


def encode_pns(pns: Collection[int], coding: PointCoding) -> bytes:
    """DA1 DA2 of points that one identifier can name.

    Raises:
        EncodeError: no point, one out of range, or a set that needs several identifiers.
    """
    wanted = set(pns)
    if wanted == {0}:
        return b"\x00\x00"
    if wanted == {ALL_POINTS}:
        return b"\xff\xff" if coding is PointCoding.BIT_GROUPS else b"\xff\x00"
    if not wanted or not all(1 <= pn <= coding.highest for pn in wanted):
        raise EncodeError("DA can't name these points", found=shown(sorted(wanted)), expected=f"p1..p{coding.highest}")
    members = _bits((pn - 1) % 8 for pn in wanted)
    groups = {(pn - 1) // 8 for pn in wanted}
    if coding is PointCoding.BIT_GROUPS:
        raw = bytes((members, _bits(groups)))
    elif len(groups) == 1:
        raw = bytes((members, groups.pop() + 1))
    else:
        raise EncodeError("one DA can't name points of several groups of eight", found=shown(sorted(wanted)))
    if set(decode_pns(raw, coding)) != wanted:
        raise EncodeError("one DA can name a rectangle of groups and members only", found=shown(sorted(wanted)))
    return raw


def _bits(numbers: Iterable[int]) -> int:
    byte = 0
    for number in numbers:
        byte |= 1 << number
    return byte


def decode_identifier(raw: bytes, coding: PointCoding, *, ffff_is_all: bool = False) -> Identifier:
    """The points and Fn of DA1 DA2 DT1 DT2.

    Raises:
        BadStructureError: a half names nothing, or there are not four bytes.
    """
    if len(raw) != 4:
        raise BadStructureError("bytes left over where an identifier should be", found=raw.hex(" ").upper())
    return Identifier(decode_pns(raw[:2], coding, ffff_is_all=ffff_is_all), decode_fns(raw[2:4]))


def encode_identifier(identifier: Identifier, coding: PointCoding) -> bytes:
    """DA1 DA2 DT1 DT2 of points and Fn that one identifier can name.

    Raises:
        EncodeError: the sets need several identifiers (see ``split_sets``) or can't be named at all.
    """
    return encode_pns(identifier.pns, coding) + encode_fns(identifier.fns)


def split_sets(pns: Collection[int], fns: Collection[int], coding: PointCoding) -> list[Identifier]:
    """Identifiers that together name each of the points with each of the Fn and nothing else.

    Points are joined by groups of eight; in 130, groups of which the same members are wanted are joined, too. p0 and
    "all points" stand alone.
    """
    fn_sets = [tuple(each) for _, each in groupby(sorted(set(fns)), key=lambda fn: (fn - 1) // 8)]
    pn_sets: list[tuple[int, ...]] = []
    plain = sorted(set(pns) - {0, ALL_POINTS})
    by_group = [tuple(each) for _, each in groupby(plain, key=lambda pn: (pn - 1) // 8)]
    if coding is PointCoding.BIT_GROUPS:
        rectangles: dict[tuple[int, ...], list[int]] = {}
        for points in by_group:
            members = tuple((pn - 1) % 8 for pn in points)
            rectangles.setdefault(members, []).extend(points)
        pn_sets = [tuple(points) for points in rectangles.values()]
    else:
        pn_sets = by_group
    alone = [(pn,) for pn in (0, ALL_POINTS) if pn in set(pns)]
    return [Identifier(points, group) for points in alone + pn_sets for group in fn_sets]


@lru_cache(maxsize=4096)
def encoded_sets(
    pns: tuple[int, ...], fns: tuple[int, ...], coding: PointCoding
) -> tuple[tuple[Identifier, bytes], ...]:
    """The identifiers of ``split_sets`` with their bytes; those of late are kept, since a head-end asks the same often.

    Raises:
        EncodeError: points or Fn that no identifier can name.
    """
    return tuple((each, encode_identifier(each, coding)) for each in split_sets(pns, fns, coding))


def _numbers(values: Iterable[Any]) -> tuple[int, ...]:
    """Point or Fn numbers, ascending; ``TypeError`` or ``ValueError`` for anything else."""
    numbers = sorted(set(values))
    if not all(isinstance(number, int) for number in numbers):
        raise TypeError(values)
    if numbers and not 0 <= numbers[0] <= numbers[-1] <= ALL_POINTS:
        raise ValueError(values)
    return tuple(numbers)


class IdentifierFormat(Format):
    """An identifier as a field: in confirmations unit by unit, parameter-change events, task definitions."""

    name = "identifier"
    size = 4
    injective = False  # all points have two forms
    summary = "data unit identifier DA1 DA2 DT1 DT2"

    def __init__(self, coding: PointCoding) -> None:
        self.coding = coding

    def read(self, raw: bytes) -> Identifier:
        """The points and Fn; ``BadValueError`` if a half names nothing."""
        try:
            return decode_identifier(raw, self.coding)
        except BadStructureError as error:
            raise BadValueError(error.reason, found=error.found, expected=error.expected) from None

    def write(self, value: Identifier) -> bytes:
        """The four bytes; ``EncodeError`` for sets that one identifier can't name."""
        return encode_identifier(value, self.coding)

    def coerce(self, value: Any) -> Identifier:
        """Takes a pair of sets or a dict of ``pns`` and ``fns``."""
        if isinstance(value, dict):
            value = (value.get("pns"), value.get("fns"))
        try:
            pns, fns = value[:2]
            return Identifier(_numbers(pns), _numbers(fns))
        except (TypeError, ValueError):
            raise EncodeError("not a data unit identifier", expected="points and Fn") from None


class ItemIdentifierFormat(Format):
    """An identifier as a field where the AFN is known that it is for: its Fn are items.

    Args:
        base: the identifier's own format.
        afn: the AFN.
        key_of: Fn → key of the item, empty if there is none.
        fn_of: key of an item → Fn.
    """

    size = 4
    injective = False

    def __init__(
        self, base: IdentifierFormat, afn: int, key_of: Callable[[int], str], fn_of: Callable[[str], int]
    ) -> None:
        self.base = base
        self.afn = afn
        self.key_of = key_of
        self.fn_of = fn_of
        self.name = f"identifier(0x{afn:02X})"
        self.summary = f"{base.summary}, of AFN {afn:02X}H"

    def read(self, raw: bytes) -> ItemIdentifier:
        """The points, the Fn and their keys; ``BadValueError`` if a half names nothing."""
        return self._with_keys(self.base.read(raw))

    def write(self, value: ItemIdentifier) -> bytes:
        """The four bytes; ``EncodeError`` for sets that one identifier can't name."""
        return self.base.write(Identifier(value.pns, value.fns))

    def coerce(self, value: Any) -> ItemIdentifier:
        """Takes what an identifier takes, and keys in the place of Fn."""
        if isinstance(value, dict) and "fns" not in value:
            keys = value.get("keys")
            if not isinstance(keys, (list, tuple)):
                raise EncodeError("not a data unit identifier", expected="points, and Fn or keys")
            value = (value.get("pns"), [self.fn_of(str(key)) for key in keys])
        return self._with_keys(self.base.coerce(value))

    def _with_keys(self, identifier: Identifier) -> ItemIdentifier:
        return ItemIdentifier(*identifier, tuple(self.key_of(fn) for fn in identifier.fns))
