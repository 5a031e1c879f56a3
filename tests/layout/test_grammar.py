"""The layout language: what each construct means, and what is said about texts that are no layouts."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from layout_helpers import layout, read, write

from plmsproto import Identifier
from plmsproto.errors import CatalogueError
from plmsproto.identifier import ItemIdentifier
from plmsproto.layout import Field, describe

D = Decimal

# text, bytes, value: read and written.
CONSTRUCTS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "empty": ("  # nothing\n\n", "", {}),
    "annex A": ("voltage A7 V", "05 22", {"voltage": D("220.5")}),
    "binary": ("n u2", "34 12", {"n": 0x1234}),
    "signed": ("n i2", "FE FF", {"n": -2}),
    "address": ("host ip4", "0A 00 00 01", {"host": "10.0.0.1"}),
    "bcd": ("n bcd[2]", "34 12", {"n": 1234}),
    "raw": ("key raw[3]", "01 02 03", {"key": b"\1\2\3"}),
    "text": ("name ascii[4]", "43 51 00 00", {"name": "CQ"}),
    "gb2312": ("name gb2312[4]", "B5 E7 D1 B9", {"name": "电压"}),
    "bit string": ("round bs[1] 1..8", "81", {"round": [1, 8]}),
    "bit string from 0": ("word bs[2]", "01 80", {"word": [0, 15]}),
    "identifier": ("what identifier", "03 01 01 03", {"what": Identifier((1, 2), (25,))}),
    "identifier of an AFN": (
        "what identifier(0x0C)",
        "03 01 03 03",
        {"what": ItemIdentifier((1, 2), (25, 26), ("present_power", ""))},
    ),
    "counted bit string": ("size u1\nfn bs[size] 1..248", "02 01 81", {"size": 2, "fn": [1, 9, 16]}),
    "counted bit string of none": ("size u1\nfn bs[size] 1..248", "00", {"size": 0, "fn": []}),
    "phone": ("number phone[4]", "01 0A 86 FF", {"number": "010,86"}),
    "codes of 2 bits": (
        "control[8] bits2 (0=off 1=on 2..3=reserved)",
        "E4 01",
        {"control": ["off", "on", 2, 3, "on", "off", "off", "off"]},
    ),
    "codes of 4 bits from 1": ("tariff[4] nibble", "10 D2", {"tariff": [1, 2, 3, 14]}),
    "codes of 1 bit": ("flag[8] bits1", "81", {"flag": [1, 0, 0, 0, 0, 0, 0, 1]}),
    "offset": ("n u1 +4", "03", {"n": 7}),
    "offset of bits": ("s u1 { bits: 0..1 +5; n: 2..3 +1 1..4 }", "0B", {"s": {"bits": 8, "n": 3}}),
    "reserved codes": ("kind u1 (0=no 1=yes 2..0x7F=reserved)", "05", {"kind": 5}),
    "curve": (
        "curve mark\npower[curve.point_count] A9 kW at curve",
        "30 14 28 09 18 01 02 45 23 01 EE EE EE",
        {
            "curve": {"start_time": dt.datetime(2018, 9, 28, 14, 30), "density": "quarter", "point_count": 2},
            "power": [D("1.2345"), None],
        },
    ),
    "curve of records": (
        "curve mark\npoint[curve.point_count] { a u1\n b u1 } at curve",
        "30 14 28 09 18 02 01 05 06",
        {
            "curve": {"start_time": dt.datetime(2018, 9, 28, 14, 30), "density": "half", "point_count": 1},
            "point": [{"a": 5, "b": 6}],
        },
    ),
    "points of an hour": (
        "at_hour hour\nvoltage[per_hour(at_hour.density)] A7 V at at_hour",
        "93 00 22 10 22",
        {"at_hour": {"hour": 13, "density": "half"}, "voltage": [D("220.0"), D("221.0")]},
    ),
    "no points in an hour": (
        "at_hour hour\nvoltage[per_hour(at_hour.density)] A7 V at at_hour",
        "13",
        {"at_hour": {"hour": 13, "density": "none"}, "voltage": []},
    ),
    "run": (
        "voltage_{a,b,c} A7 V",
        "00 22 10 22 20 22",
        {"voltage_a": D("220.0"), "voltage_b": D("221.0"), "voltage_c": D("222.0")},
    ),
    "run in the middle": ("x_{1,2}_y u1", "01 02", {"x_1_y": 1, "x_2_y": 2}),
    "run of lists": ("x_{a,b}[2] u1", "01 02 03 04", {"x_a": [1, 2], "x_b": [3, 4]}),
    "run of records": ("x_{a,b} { n u1 }", "01 02", {"x_a": {"n": 1}, "x_b": {"n": 2}}),
    "constant list": ("n[3] u1", "01 02 03", {"n": [1, 2, 3]}),
    "list of none": ("n[0] u1", "", {"n": []}),
    "counted list": ("count u1\nn[count] u1", "02 05 06", {"count": 2, "n": [5, 6]}),
    "one more than counted": ("count u1\nn[count + 1] u1", "01 05 06", {"count": 1, "n": [5, 6]}),
    "one less than counted": ("count u1\nn[count - 1] u1", "03 05 06", {"count": 3, "n": [5, 6]}),
    "open list": ("n[*] u2", "01 00 02 00", {"n": [1, 2]}),
    "list of set bits": ("which bs[1]\nn[popcount(which)] u1", "81 05 06", {"which": [0, 7], "n": [5, 6]}),
    "list counted by bits": (
        "head u1 { count: 0..3; flag: 7 }\nn[head.count] u1",
        "82 05 06",
        {"head": {"count": 2, "flag": True}, "n": [5, 6]},
    ),
    "list counted in a record": ("head {\n count u1\n}\nn[head.count] u1", "01 05", {"head": {"count": 1}, "n": [5]}),
    "list of records": (
        "count u1\nmeter[count] {\n address A12\n phase u1\n}",
        "01 11 00 00 00 00 00 03",
        {"count": 1, "meter": [{"address": "000000000011", "phase": 3}]},
    ),
    "counted inside and outside": (
        "count u1\nx[2] {\n n[count] u1\n}",
        "02 01 02 03 04",
        {"count": 2, "x": [{"n": [1, 2]}, {"n": [3, 4]}]},
    ),
    "innermost count": (
        "count u1\nx[count] {\n count u1\n n[count] u1\n}",
        "02 01 07 02 08 09",
        {"count": 2, "x": [{"count": 1, "n": [7]}, {"count": 2, "n": [8, 9]}]},
    ),
    "counted raw": ("size u1\nbody raw[size]", "02 AA BB", {"size": 2, "body": b"\xaa\xbb"}),
    "raw to the end": ("a u1\nbody raw[*]", "01 AA BB", {"a": 1, "body": b"\xaa\xbb"}),
    "raw of none": ("body raw[*]", "", {"body": b""}),
    "counted text": ("size u1\nname gb2312[size]", "04 B5 E7 D1 B9", {"size": 4, "name": "电压"}),
    "one-line record": ("x { a u1 }", "01", {"x": {"a": 1}}),
    "bits": (
        "s u1 { low: 0..3; high: 4..6; flag: 7 }",
        "A5",
        {"s": {"low": 5, "high": 2, "flag": True}},
    ),
    "bits on lines": ("s u2 {\n low: 0..11\n flag: 15\n}", "34 81", {"s": {"low": 0x134, "flag": True}}),
    "bcd bits": ("s u1 { tens: 0..6 bcd; up: 7 }", "D5", {"s": {"tens": 55, "up": True}}),
    "scaled bits": ("s u1 { time: 0..3 *0.5 h; n: 4..7 }", "23", {"s": {"time": D("1.5"), "n": 2}}),
    "named bits": ("s u1 { kind: 0..1 (1=short 2=open); n: 2 }", "06", {"s": {"kind": "open", "n": True}}),
    "one named bit": ("s u1 { kind: 7 (0=voltage 1=current) }", "80", {"s": {"kind": "current"}}),
    "enumeration": ("mode u1 (0x55=append 0xAA=refresh)", "AA", {"mode": "refresh"}),
    "enumeration on lines": ("mode u1 (\n 1=one, 2=two\n 3=three\n)", "03", {"mode": "three"}),
    "shared enumeration": ("state u1 enum permission", "02", {"state": "forbidden"}),
    "enumeration of bits": ("s u1 { p: 0..1 enum permission }", "01", {"s": {"p": "allowed"}}),
    "scale": ("time u1 h *0.5", "03", {"time": D("1.5")}),
    "scale before unit": ("time u1 *15 min", "03", {"time": 45}),
    "scaled BCD": ("time A8 *10", "12 00", {"time": 120}),
    "named type of a shape": ("p point", "81", {"p": {"measurement_point": 1, "start": True}}),
    "named type of a record": ("t totals", "45 23 01 00 05 80", {"t": {"active": D("1.2345"), "reactive": D("-0.05")}}),
    "list of a named type": (
        "p[2] point",
        "81 02",
        {"p": [{"measurement_point": 1, "start": True}, {"measurement_point": 2, "start": False}]},
    ),
    "included fields": (
        "k u1\ninclude totals\nl u1",
        "01 45 23 01 00 05 80 02",
        {"k": 1, "active": D("1.2345"), "reactive": D("-0.05"), "l": 2},
    ),
    "included fields that count and are counted": (
        "n u1\ninclude inside\nb[m] u1",
        "02 01 05 06 07",
        {"n": 2, "m": 1, "a": [5, 6], "b": [7]},
    ),
    "then": ("k u1\nif k == 1 {\n a u1\n} else {\n b u2\n}", "01 05", {"k": 1, "a": 5}),
    "else": ("k u1\nif k == 1 {\n a u1\n} else {\n b u2\n}", "00 05 00", {"k": 0, "b": 5}),
    "no else": ("k u1\nif k == 1 {\n a u1\n}\nc u1", "00 05", {"k": 0, "c": 5}),
    "same name in both blocks": ("k u1\nif k == 1 { a u1 } else { a u2 }", "00 05 00", {"k": 0, "a": 5}),
    "condition on bits": ("s u1 { k: 7 }\nif s.k == 1 { a u1 }", "80 05", {"s": {"k": True}, "a": 5}),
    "condition on a name's code": ("m u1 (1=one 2=two)\nif m == 2 { a u1 }", "02 05", {"m": "two", "a": 5}),
    "nested conditions": ("k u1\nif k > 0 { if k < 3 { a u1 } }", "02 05", {"k": 2, "a": 5}),
    "list counted in a block": ("k u1\nif k >= 1 {\n n u1\n x[n] u1\n}", "01 01 05", {"k": 1, "n": 1, "x": [5]}),
    "optional there": ("a u1\noptional { b u1 }", "01 02", {"a": 1, "b": 2}),
    "optional not there": ("a u1\noptional { b u1 }", "01", {"a": 1}),
    "optional inside optional": ("optional { a u1\n optional { b u1 } }", "01", {"a": 1}),
}


@pytest.mark.parametrize("name", CONSTRUCTS)
def test_each_construct_reads_and_writes(name: str) -> None:
    text, content, value = CONSTRUCTS[name]
    assert read(text, content) == value
    assert write(text, value) == bytes.fromhex(content)


@pytest.mark.parametrize(
    ("comparison", "holds"),
    [("== 2", [2]), ("!= 2", [0, 1, 3]), ("< 2", [0, 1]), ("<= 2", [0, 1, 2]), ("> 2", [3]), (">= 2", [2, 3])],
)
def test_comparisons(comparison: str, holds: list[int]) -> None:
    text = f"k u1\nif k {comparison} {{ a u1 }}"
    for k in range(4):
        content = bytes((k, 9)) if k in holds else bytes((k,))
        assert ("a" in read(text, content)) == (k in holds)


def test_two_fields_a_line_are_one_too_many() -> None:
    with pytest.raises(CatalogueError, match="unexpected 'b'"):
        layout("a u1 b u1")


def test_units_ranges_and_names_are_kept() -> None:
    field = layout('n u1 % 1..8 "数目"').members[0]
    assert isinstance(field, Field)
    assert (field.unit, field.bounds, field.zh) == ("%", (1, 8), "数目")
    negative = layout("n i1 -5..5").members[0]
    assert isinstance(negative, Field)
    assert negative.bounds == (-5, 5)


def test_chinese_names_come_from_the_vocabulary() -> None:
    members = layout("read_time A15\nvoltage_{a,b} A7\ncurrent_{a,b} A25\nother u1").members
    assert [each.zh for each in members if isinstance(each, Field)] == [
        "抄表时间",
        "A相电压",
        "B相电压",
        "A相电流(特)",  # its own name goes before the composed one
        "B相电流",
        "",
    ]


def test_a_named_type_brings_its_unit_and_range() -> None:
    field = layout("n wide").members[0]
    assert isinstance(field, Field)
    assert (field.name, field.unit, field.bounds) == ("n", "kWh", (1, 64))


def test_remarks_end_with_their_line() -> None:
    assert read('a u1  # { if "\nb u1 # x', "01 02") == {"a": 1, "b": 2}


# Wrong texts: what is said, and where.
WRONG: list[tuple[str, str]] = [
    ("a u1\nb u9", "line 2, column 3: unknown type 'u9'"),
    ("a A28", "line 1, column 3: unknown type 'A28'"),
    ("a", "line 1, column 2: a type expected"),
    ("A u1", "line 1, column 1: a snake_case name expected, not 'A'"),
    ("1 u1", "line 1, column 1: a snake_case name expected"),
    ("if u1", "no earlier field is called 'u1'"),
    ("length u1", "line 1, column 1: 'length' is a word of the language"),
    ("spare u1", "'spare' is a word of the language"),
    ("raw u1", "'raw' is a word of the language"),
    ("a u1 kWH", "line 1, column 6: unexpected 'kWH'"),
    ("a u1 $", "line 1, column 6: unexpected character '$'"),
    ("a u1\na u1", "two fields are called 'a'"),
    ("x_{a,a} u1", "two fields are called 'x_a'"),
    ("a u1\nif a == 1 { b u1 }\nb u1", "two fields are called 'b'"),
    ("a u1\noptional { a u1 }", "two fields are called 'a'"),
    ("s u1 { a: 0; a: 1 }", "'a'"),
    ("n[count] u1", "line 1, column 3: no earlier field is called 'count'"),
    ("n[count] u1\ncount u1", "no earlier field is called 'count'"),
    ("n[length] u1", "no earlier field is called 'length'"),  # only events have one
    ("x {\n n u1\n}\ny[n] u1", "no earlier field is called 'n'"),
    ("x[2] {\n n u1\n}\ny[x.n] u1", "no earlier field is called 'x.n'"),
    ("if k == 1 {\n a u1\n}", "line 1, column 4: no earlier field is called 'k'"),
    ("k u1\nif k = 1 { a u1 }", "line 2, column 6: one of == != <= >= < > expected, not '='"),
    ("k u1\nif k == x { a u1 }", "a whole number expected, not 'x'"),
    ("k u1\nif k == 1 {\n a u1", "'}' is missing"),
    ("a {\n b u1", "'}' is missing"),
    ("a u1 }", "a snake_case name expected, not '}'"),
    ("}", "a snake_case name expected, not '}'"),
    ("optional a u1", "'{' expected, not 'a'"),
    ("s u1 { a: 8 }", "line 1, column 8: bits 0..7 expected"),
    ("s u2 { a: 12..16 }", "bits 0..15 expected"),
    ("s u1 { a: 3..2 }", "bits 0..7 expected"),
    ("s u1 { a: 0..3; b: 3 }", "bits of 'b' are taken twice"),
    ("s u1 { a 0 }", "':' expected, not '0'"),
    ("s u1 { a: 0 b: 1 }", "unexpected 'b'"),
    ("s i1 { a: 0 }", "unexpected"),
    ("s A8 { a: 0 }", "unexpected '{'"),
    ("n bcd", "'[' expected"),
    ("n bcd[0]", "a width of at least 1 expected"),
    ("n u1\nm bcd[n]", "line 2, column 7: the width of bcd must be a constant"),
    ("n bs[*]", "a bit string needs a width"),
    ("n[2 u1", "']' expected, not 'u1'"),
    ("n A7 *2", "only whole numbers can have a factor, an offset or an enumeration"),
    ("n A7 +1", "only whole numbers can have a factor, an offset or an enumeration"),
    ("n bits2", "2-bit codes come in lists of a constant number"),
    ("n[3] bits2", "2-bit codes come in lists of a constant number"),
    ("k u1\nn[k] bits2", "2-bit codes come in lists of a constant number"),
    ("n u1 (0..1=one)", "only reserved codes can be given as a range"),
    ("n u1 (1=one 0..3=reserved)", "1 is both named and reserved"),
    ("include point", "no type of several fields is called 'point'"),
    ("include nothing", "no type of several fields is called 'nothing'"),
    ("include broken", "in type 'broken', line 1, column 7: unknown type 'A99'"),
    ("include endless_inside", "contains itself"),
    ("active u1\ninclude totals", "two fields are called 'active'"),
    ("reserved u1", "is a word of the language"),
    ("curve mark\ns u1 { a: 0 at curve }", "only lists have points in time"),
    ("n[2] u1 at curve", "no earlier field 'curve' has a density"),
    ("curve u1\nn[2] u1 at curve", "no earlier field 'curve' has a density"),
    ("curve { density u1 }\nn[2] u1 at curve", "no earlier field 'curve' has a density"),
    ("k u1\nn[per_hour(k)] u1", "'k' is no enumeration of intervals"),
    ("n phone[*]", "the width of phone must be a constant"),
    ("n A7 (1=a)", "only whole numbers"),
    ("n u1 *2 *2", "only whole numbers"),
    ("n u1 *x", "a factor expected, not 'x'"),
    ("n u1 *0", "factor"),
    ("n u1 (1=a 1=b)", "1=b stands twice"),
    ("n u1 (1=a 2=a)", "2=a stands twice"),
    ("n u1 (1 a)", "'=' expected, not 'a'"),
    ("n u1 (1=a", "a whole number expected"),
    ("n u1 enum nothing", "unknown enumeration 'nothing'"),
    ("n u1 5..1", "a range from low to high expected"),
    ("n u1 1.5..2", "a whole number expected, not '1.5'"),
    ("n u1 1", "'..' expected"),
    ("e units(x)", "a whole number expected, not 'x'"),
    ("e endless", "contains itself"),
    ("e broken", "in type 'broken', line 1, column 7: unknown type 'A99'"),
    ("e trailing", "in type 'trailing'"),
    ("n[popcount count] u1", "'(' expected"),
]


@pytest.mark.parametrize(("text", "message"), WRONG, ids=[text for text, _ in WRONG])
def test_wrong_texts_are_refused_with_line_and_column(text: str, message: str) -> None:
    with pytest.raises(CatalogueError) as caught:
        layout(text)
    assert message in str(caught.value)
    assert str(caught.value).startswith("line ")


def test_length_is_known_in_events_alone() -> None:
    layout("if length == 11 { a u1 }", in_event=True)
    with pytest.raises(CatalogueError):
        layout("if length == 11 { a u1 }")


def test_a_field_that_may_not_be_there_counts_nothing() -> None:
    # Whether it is refused when the layout is read or taken for 0: bytes from the wire must not break it.
    try:
        layout("k u1\nif k == 1 {\n n u1\n}\nx[n] u1")
    except CatalogueError:
        return
    assert read("k u1\nif k == 1 {\n n u1\n}\nx[n] u1", "00") == {"k": 0, "x": []}


# --------------------------------------------------------------------------------------------------- description


def test_a_description_tells_offset_type_unit_meaning_and_name() -> None:
    rows = describe(
        layout(
            """
            read_time  A15
            voltage_{a,b}  A7  V
            head       u1 { count: 0..3; kind: 4..5 (1=short 2=open) }
            mode       u1 (1=one 2=two)
            n[head.count]  u1  h  *0.5  0..7
            if mode == 1 {
              body raw[*]
            } else {
              x[2] { y u1 }
            }
            optional { tail event }
            """
        )
    )
    assert [(row.offset, row.name, row.type, row.unit, row.meaning, row.zh, row.depth) for row in rows] == [
        (0, "read_time", "A15", "", "", "抄表时间", 0),
        (5, "voltage_a", "A7", "V", "", "A相电压", 0),
        (7, "voltage_b", "A7", "V", "", "B相电压", 0),
        (9, "head", "u1 bits", "", "", "", 0),
        (None, "count", "D3-D0", "", "", "", 1),
        (None, "kind", "D5-D4", "", "1 = short, 2 = open", "", 1),
        (10, "mode", "u1", "", "1 = one, 2 = two", "", 0),
        (11, "n", "u1 × 0.5 × head.count", "h", "0..7", "", 0),
        (None, "if mode == 1", "", "", "", "", 0),
        (None, "body", "raw[*]", "", "", "", 1),
        (None, "else", "", "", "", "", 0),
        (None, "x", " × 2", "", "", "", 1),
        (None, "y", "u1", "", "", "", 2),
        (None, "optional", "", "", "if bytes are left", "", 0),
        (None, "tail", "event record", "", "", "", 1),
    ]
    assert [row.format for row in rows] == [
        "A15",
        "A7",
        "A7",
        "u1",
        "",
        "",
        "u1",
        "u1",
        "",
        "raw",
        "",
        "",
        "u1",
        "",
        "",
    ]


def test_a_description_shows_names_of_codes_as_it_is_told() -> None:
    tree = layout("mode u1 (1=one 2=two)\nhead u1 { kind: 0..1 (1=short) }")
    assert [row.meaning for row in describe(tree, str.upper)] == ["1 = ONE, 2 = TWO", "", "1 = SHORT"]


def test_a_description_names_formats_without_what_stands_in_brackets() -> None:
    tree = layout("n u1\na ascii[4]\nb raw[n]\nc[4] bits2\nd u1 { low: 0..3 bcd; high: 4..7 }\ne identifier(0x0C)")
    assert [row.format for row in describe(tree)] == ["u1", "ascii", "raw", "bits2", "u1", "bcd", "", "identifier"]


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("", (0, 0)),
        ("a A15\nb u1", (6, 6)),
        ("a[3] A9", (9, 9)),
        ("n u1\na[n] A9", (1, None)),
        ("a raw[*]", (0, None)),
        ("a u1\noptional { b A15 }", (1, 6)),
        ("k u1\nif k == 1 { a u1 } else { b u4 }", (2, 5)),
        ("k u1\nif k == 1 { a u4 }", (1, 5)),
        ("k u1\nif k == 1 { a raw[*] } else { b u1 }", (1, None)),
        ("s u4 { a: 0 }", (4, 4)),
        ("e event", (1, 257)),
        ("e units(0x0C)", (0, None)),
    ],
)
def test_a_layout_knows_its_fewest_and_most_bytes(text: str, span: tuple[int, int | None]) -> None:
    assert layout(text).span() == span


def test_times_are_times() -> None:
    assert read("read_time A15", "07 13 15 03 24")["read_time"] == dt.datetime(2024, 3, 15, 13, 7)
