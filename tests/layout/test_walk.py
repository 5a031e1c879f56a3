"""The lines of a decoded body: each value once, in order, with the field that it was read by."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from implementations import Implementation
from layout_helpers import layout, read, reader_of

import plmsproto as plms
from plmsproto import Catalogue
from plmsproto.layout import walk

D = Decimal


def test_a_walk_gives_each_value_once_in_order() -> None:
    text = """
    k u1
    if k == 1 { a u1 } else { a u2 }
    x[2] { y u1 }
    s u1 { low: 0..3 h; flag: 7 }
    optional { tail A7 V }
    """
    value = read(text, "00 05 00 01 02 93 05 22") | {}
    lines = list(walk(layout(text), value, reader_of("").context))
    assert [(".".join(line.path), line.value, line.unit, line.group) for line in lines] == [
        ("k", 0, "", False),
        ("a", 5, "", False),
        ("x", None, "", True),
        ("x.[0]", None, "", True),
        ("x.[0].y", 1, "", False),
        ("x.[1]", None, "", True),
        ("x.[1].y", 2, "", False),
        ("s", None, "", True),
        ("s.low", 3, "h", False),
        ("s.flag", True, "", False),
        ("s.spare", 0x10, "", False),
        ("tail", D("220.5"), "V", False),
    ]


def shown(text: str, value: Any) -> list[tuple[str, Any, str]]:
    lines = walk(layout(text), value, reader_of("").context)
    return [(".".join(line.path), line.value, line.unit) for line in lines if not line.group]


@pytest.mark.parametrize(
    ("text", "content", "wanted"),
    [
        ("k u1\nif k == 1 { x u1 V\ny u1 } else { x u2 A }", "00 05 00", [("k", 0, ""), ("x", 5, "A")]),
        ("k u1\nif k == 1 { x u1 V } else { x u1 A\ny u1 }", "01 05", [("k", 1, ""), ("x", 5, "V")]),
        (
            "s u1 { k: 0..3; m: 4..7 }\nif s.k == 2 { x u1 V } else { x u1 A }",
            "12 05",
            [("s.k", 2, ""), ("s.m", 1, ""), ("x", 5, "V")],
        ),
        (
            "n u1\nr[n] { s u1 { k: 0 }\nif s.k == 1 { x u1 V } else { x u1 A } }",
            "02 00 05 01 06",
            [
                ("n", 2, ""),
                *[("r.[0].s.k", False, ""), ("r.[0].x", 5, "A"), ("r.[1].s.k", True, ""), ("r.[1].x", 6, "V")],
            ],
        ),
        (
            "k u2\nif k == 1 { x u1 V } else { x u1 A }\nif k < 4 { y u1 kW } else { y u1 kvar }",
            "EE EE 05 07",
            [("k", None, ""), ("x", 5, "A"), ("y", 7, "kvar")],
        ),
    ],
)
def test_a_walk_goes_through_the_block_of_a_condition_that_was_read(
    text: str, content: str, wanted: list[tuple[str, Any, str]]
) -> None:
    assert shown(text, read(text, content)) == wanted


def test_a_walk_of_values_to_be_written_passes_over_what_may_be_left_out() -> None:
    text = "n u1\nx[n] u1 V\ns u1 { low: 0..3; high: 4..7 }\nif n == 2 { y u1 kW } else { y u1 kvar }"
    assert shown(text, {"x": [5, 6], "s": {"low": 1}, "y": 3}) == [("x", [5, 6], "V"), ("s.low", 1, ""), ("y", 3, "kW")]


@pytest.mark.parametrize(
    ("text", "value", "wanted"),
    [
        ("n u1\nx[n] u1\nif n == 1 { y u1 V }", {}, []),
        ("n u1 (1=one)\nif n == 1 { y u1 V } else { z u1 A }", {"n": "two", "z": 3}, [("n", "two", ""), ("z", 3, "A")]),
        ("s u1 { k: 0 }\nif s.k == 1 { y u1 V }", {"s": {"k": "x"}}, [("s.k", "x", "")]),
        ("s u1 { k: 0 }\nif s.k == 1 { y u1 V }", {"y": 2}, []),
    ],
)
def test_a_walk_of_values_that_can_not_be_written_raises_nothing(
    text: str, value: Any, wanted: list[tuple[str, Any, str]]
) -> None:
    assert shown(text, value) == wanted


EVENT = """
[[event]]
erc = 201
key = "trial"
en = "x"
zh = "x"
confidence = "low"
[[event.layout]]
editions = ["1376"]
fields = '''
{}
'''
"""


@pytest.mark.parametrize(
    "fields",
    [
        "if length == 2 { x u2 V } else { x u1 A }",
        "if length == 1 { x u1 A } else { x u2 V }",
        "if length > 1 { x u2 V } else { x u1 A }",
        "if length == 2 { x u1 V\ny u1 } else { x u1 A }",
    ],
)
def test_the_form_of_an_event_record_is_that_of_its_length(implementation: Implementation, fields: str) -> None:
    catalogue = Catalogue.load().extended(EVENT.format(fields))
    events = bytes.fromhex("00 00 01 00 01 02 00 02 C9 02 05 00 C9 01 05")
    content = bytes.fromhex("88 01 44 34 12 02 0E 60") + events
    word = (len(content) << 2 | 2).to_bytes(2, "little")
    frame = b"\x68" + word + word + b"\x68" + content + bytes((sum(content) & 0xFF, 0x16))
    message = plms.decode(frame, catalogue=catalogue)
    lines = message.lines(message.units[0])
    assert [(line.value, line.unit) for line in lines if line.name == "x"] == [(5, "V"), (5, "A")]
    assert bytes(message) == frame
    assert bytes(plms.from_dict(plms.to_dict(message), catalogue=catalogue)) == frame
    table = plms.bulk.decode(frame, catalogue=catalogue).events["trial"].to_pylist()
    found = [{name: row[name] for name in row if name.startswith("x") and row[name] is not None} for row in table]
    assert [list(row.values()) for row in found] == [[5], [5]]
    assert list(found[0]) != list(found[1])
