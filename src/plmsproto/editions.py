"""The three editions of the protocol, and all in which they differ outside the catalogue's layouts.

Code asks this table; there is no test for an edition anywhere in the flow.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final, NamedTuple

from .errors import EncodeError, shown
from .identifier import PointCoding


class Edition(StrEnum):
    """An edition of the standard, by the number that catalogue files use."""

    GDW130 = "130"
    """Q/GDW 130-2005 (and the national version of 2004 before it)."""
    GDW376 = "376"
    """Q/GDW 376.1-2009."""
    GDW1376 = "1376"
    """Q/GDW 1376.1-2013."""


class EditionRules(NamedTuple):
    """What an edition says about frames and data units.

    Attributes:
        title: the standard's number.
        tag: the two low bits of the length word. It does not tell 376.1-2009 from 1376.1-2013.
        point_coding: how DA writes points.
        pw_size: bytes of the message authentication code PW.
        pw_afns: AFN whose frames carry PW when a master station sends them as the primary.
        pw_afns_up: AFN whose frames carry PW on the way up too.
        no_ec_afns: AFN whose frames up never carry EC.
    """

    title: str
    tag: int
    point_coding: PointCoding
    pw_size: int
    pw_afns: frozenset[int]
    pw_afns_up: frozenset[int]
    no_ec_afns: frozenset[int]


_PW_AFNS = frozenset({0x01, 0x04, 0x05, 0x06, 0x0F, 0x10})
_NO_EC_AFNS = frozenset({0x02, 0x06})

RULES: Final[dict[Edition, EditionRules]] = {
    Edition.GDW130: EditionRules(
        title="Q/GDW 130-2005",
        tag=1,
        point_coding=PointCoding.BIT_GROUPS,
        pw_size=2,
        pw_afns=_PW_AFNS,
        pw_afns_up=frozenset(),
        no_ec_afns=_NO_EC_AFNS,
    ),
    Edition.GDW376: EditionRules(
        title="Q/GDW 376.1-2009",
        tag=2,
        point_coding=PointCoding.NUMBERED_GROUP,
        pw_size=16,
        pw_afns=_PW_AFNS,
        pw_afns_up=frozenset({0x06}),
        no_ec_afns=_NO_EC_AFNS,
    ),
    Edition.GDW1376: EditionRules(
        title="Q/GDW 1376.1-2013",
        tag=2,
        point_coding=PointCoding.NUMBERED_GROUP,
        pw_size=16,
        pw_afns=_PW_AFNS,
        pw_afns_up=frozenset(),
        no_ec_afns=_NO_EC_AFNS,
    ),
}

NEWEST_FIRST: Final = (Edition.GDW1376, Edition.GDW376, Edition.GDW130)
"""The order in which editions are tried."""

PW_SIZES: Final = (16, 2, 0)
"""The widths of PW that are seen in the field under either tag."""


def as_edition(edition: Edition | str) -> Edition:
    """The edition of a name such as ``"376"``.

    Raises:
        EncodeError: there is no such edition.
    """
    try:
        return Edition(edition)
    except ValueError:
        raise EncodeError("no such edition", found=shown(edition), expected=", ".join(Edition)) from None


def editions_of_tag(tag: int) -> tuple[Edition, ...]:
    """The editions whose frames carry this tag, newest first."""
    return tuple(edition for edition in NEWEST_FIRST if RULES[edition].tag == tag)
