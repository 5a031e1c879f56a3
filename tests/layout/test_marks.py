"""When the points of a curve are."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from layout_helpers import layout, reader_of

from plmsproto.errors import BadStructureError, EncodeError
from plmsproto.layout import Field, Writer, times_of

CURVE = "curve mark\npower[curve.point_count] A9 kW at curve"
HOUR = "at_hour hour\nvoltage[per_hour(at_hour.density)] A7 V at at_hour"


def points_of(text: str) -> Field:
    found = layout(text).members[-1]
    assert isinstance(found, Field)
    return found


def curve(density: Any, start: Any = dt.datetime(2018, 12, 31, 23, 30)) -> dict[str, Any]:
    return {"start_time": start, "density": density, "point_count": 3}


def test_the_points_of_a_curve_begin_at_its_start() -> None:
    assert times_of(points_of(CURVE), curve("quarter"), 3) == [
        dt.datetime(2018, 12, 31, 23, 30),
        dt.datetime(2018, 12, 31, 23, 45),
        dt.datetime(2019, 1, 1, 0, 0),
    ]
    assert times_of(points_of(CURVE), curve("day"), 2) == [
        dt.datetime(2018, 12, 31, 23, 30),
        dt.datetime(2019, 1, 1, 23, 30),
    ]


def test_the_points_of_an_hour_end_with_the_hour() -> None:
    quarters = [dt.time(13, 15), dt.time(13, 30), dt.time(13, 45), dt.time(14, 0)]
    assert times_of(points_of(HOUR), {"hour": 13, "density": "quarter"}, 4) == quarters
    assert times_of(points_of(HOUR), {"hour": 23, "density": "half"}, 2) == [dt.time(23, 30), dt.time(0, 0)]


@pytest.mark.parametrize(
    ("text", "mark"),
    [
        (CURVE, None),
        (CURVE, curve(None)),
        (CURVE, curve(77)),
        (CURVE, curve("none")),
        (CURVE, curve("quarter", None)),
        (CURVE, curve("day", dt.datetime(9999, 12, 31))),
        (HOUR, {"hour": None, "density": "half"}),
        (HOUR, {"hour": 39, "density": "half"}),
    ],
    ids=repr,
)
def test_a_mark_that_does_not_say_gives_no_times(text: str, mark: Any) -> None:
    assert times_of(points_of(text), mark, 3) is None


def test_a_list_without_a_mark_has_no_times() -> None:
    assert times_of(points_of("n[2] u1"), {"start_time": dt.datetime(2018, 1, 1), "density": "half"}, 2) is None


def test_an_interval_that_is_not_known_is_an_error() -> None:
    text = "density u1 enum interval\nvoltage[per_hour(density)] A7 V"
    for code in ("09", "03"):  # no code; a day, of which no hour has a point
        with pytest.raises(BadStructureError, match=r"per_hour\(density\) is not known"):
            layout(text).read(reader_of(f"{code} 00 22"))
    with pytest.raises(EncodeError, match="is not known"):
        layout(text).write(Writer(reader_of("").context), {"density": 9, "voltage": [220]})
