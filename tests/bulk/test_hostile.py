"""Whatever a catalogue's layouts say, and whatever the bytes: both interpreters give the same, and stay whole.

What is here was found by reading random bodies by random layouts, with sanitizers, and each once went wrong.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from implementations import Implementation
from made_frames import a_frame

from plmsproto import Catalogue, CatalogueError, bulk, decode
from plmsproto.bulk.plan import Plan
from plmsproto.link import FrameIndex

AFN = 0xC7
ADDRESS = bytes.fromhex("0144341202")


def frame(body: bytes, *, afn: int = AFN, fn: int = 1, tag: int = 2) -> bytes:
    """A frame from a terminal, of one data unit."""
    return a_frame(bytes((afn, 0x60, 0, 0, 1 << fn - 1, 0)) + body, tag=tag)


def entry(head: str, key: str, *layouts: str, editions: tuple[str, ...]) -> str:
    text = f'{head}\nkey = "{key}"\nen = "x"\nzh = "x"\nconfidence = "low"\n'
    table = "event" if "erc" in head else "item"
    for layout, edition in zip(layouts, editions, strict=True):
        direction = "" if table == "event" else 'dir = "up"\n'
        text += f'[[{table}.layout]]\n{direction}editions = {edition}\nfields = """\n{layout}\n"""\n'
    return text


def catalogue(*layouts: str, event: str = "", slack: int = 0, fn: int = 1) -> Catalogue:
    """One item with a layout for all editions, or one each for 1376 and 376; and perhaps an event of code 201."""
    editions = ('["130", "376", "1376"]',) if len(layouts) == 1 else ('["1376"]', '["376"]')
    head = f'[[afn]]\ncode = {AFN}\nkey = "x"\nen = "x"\nzh = "x"\n[[item]]\nafn = {AFN}\nfn = {fn}\npn = "terminal"'
    text = entry(head, "thing", *layouts, editions=editions)
    if event:
        text += entry(f"[[event]]\nerc = 201\nlength_slack = {slack}", "happening", event, editions=editions[:1])
    return Catalogue().extended(text)


def read(known: Catalogue, *bodies: bytes, key: str = "thing", edition: str = "1376") -> list[dict[str, Any]]:
    """The rows of the item, without what every row begins with."""
    tables = bulk.decode([frame(body) for body in bodies], catalogue=known, edition=edition)
    table = tables.events.get(key) or tables.get(key)
    rows = [] if table is None else table.to_pylist()
    return [dict(list(row.items())[list(row).index("pn") + 1 :]) for row in rows]


def faults(known: Catalogue, body: bytes) -> list[str]:
    return [row["reason"] for row in bulk.decode([frame(body)], catalogue=known, edition="1376").undecoded.to_pylist()]


@pytest.fixture(autouse=True)
def _each(implementation: Implementation) -> None:
    """Everything here holds for both implementations."""


# ---- layouts


def test_alternatives_of_one_name_and_of_types_that_do_not_go_together() -> None:
    known = catalogue(
        "kind u1\nif kind == 0 {\nx u1\n} else {\nif kind == 1 {\nx ascii[2]\n} else {\ny u1\n}\n}\nend u1"
    )
    assert read(known, b"\0\7\1", b"\1ab\2", b"\2\5\3") == [
        {"kind": 0, "x": 7, "x_text": None, "y": None, "end": 1},
        {"kind": 1, "x": None, "x_text": "ab", "y": None, "end": 2},
        {"kind": 2, "x": None, "x_text": None, "y": 5, "end": 3},
    ]


def test_a_record_in_both_blocks_of_a_condition() -> None:
    known = catalogue("kind u1\nif kind == 0 {\nr {\nx u1\n}\n} else {\nr {\nx raw[1]\ny u1\n}\n}")
    assert read(known, b"\0\7", b"\1ab") == [
        {"kind": 0, "r": {"x": 7, "x_bytes": None, "y": None}},
        {"kind": 1, "r": {"x": None, "x_bytes": b"a", "y": 0x62}},
    ]


def test_a_name_that_another_field_has() -> None:
    known = catalogue("x u1\nx_text u2", "x ascii[2]\nx_text u1")
    assert read(known, b"ab\1", edition="376") == [{"x": None, "x_text": 1, "x_text2": "ab"}]


def test_an_entry_that_begins_with_a_condition() -> None:
    known = catalogue("n u1\na[n] {\nif n == 2 {\nx u1\n} else {\ny u1\n}\n}")
    assert read(known, b"\2\1\2", b"\1\3") == [
        {"n": 2, "a": [{"x": 1, "y": None}, {"x": 2, "y": None}]},
        {"n": 1, "a": [{"x": None, "y": 3}]},
    ]


def test_entries_of_one_field_beside_those_of_another_edition() -> None:
    known = catalogue("a[2] {\nx bcd[3]\n}", "a[2] u2 { y: 0..7; z: 8..15 }")
    assert read(known, b"\1\0\0\2\0\0") == [{"a": [{"x": 1, "y": None, "z": None}, {"x": 2, "y": None, "z": None}]}]


@pytest.mark.parametrize("other", ["t {\nyear raw[4]\nmonth ascii[3]\n}", "t {\nyear u1\nmonth u1\n}"])
def test_a_record_that_looks_like_parts_of_a_time(other: str) -> None:
    for layouts in ((other, "t A21"), ("t A21", other)):
        rows = read(catalogue(*layouts), b"\x05\x24", edition="376" if layouts[0] == other else "1376")
        assert [value for value in rows[0].values() if value] == [{"year": 2024, "month": 5}]


def test_a_record_that_looks_like_an_identifier() -> None:
    known = catalogue("i {\npns u1\nfns u1\n}", "i identifier")
    assert [each for each in read(known, b"\0\0\1\0", edition="376")[0].values() if each] == [{"pns": [0], "fns": [1]}]


def test_spare_bits_of_one_edition_alone() -> None:
    known = catalogue("b u1 { x: 0..7 }", "b u2 { x: 0..3 }")
    assert read(known, b"\x31") == [{"b": {"spare": None, "x": 0x31}}]
    assert read(known, b"\x31\x80", edition="376") == [{"b": {"spare": 0x8030, "x": 1}}]


def test_numbers_of_which_another_edition_has_decimals() -> None:
    known = catalogue("b u1 { x: 0..3; y: 4..7 *0.5 }", "b u1 { x: 0..3 *0.1; y: 4..7 }")
    assert read(known, b"\x31") == [{"b": {"x": Decimal("1.0"), "y": Decimal("1.5")}}]
    known = catalogue("x A2", "x u4 *0.000000000000001")
    assert read(known, b"\x31\x80") == [{"x": Decimal(31), "x_number": None}]


def test_names_of_negative_codes_and_of_codes_with_an_offset() -> None:
    known = catalogue("a i1 (200=high, 3=low)\nb u2 +1 (1=one)\nc A4 (177=no, 2=two)\nd A3 (1=one)")
    assert read(known, b"\xc8\0\0\xb1\x99\x99\x99\x59", b"\3\1\0\2\1\0\0\0") == [
        {"a": "-56", "b": "one", "c": "-31", "d": "-9999999000"},
        {"a": "low", "b": "2", "c": "two", "d": "one"},
    ]


def test_bits_of_large_and_of_negative_numbers() -> None:
    known = catalogue("b bs[9]\nx[popcount(b)] u1\ni i1\ny[popcount(i)] u1")
    (row,) = read(known, bytes(7) + b"\x80\1\7\x08\xfd\1\2")
    assert (row["b"], row["x"], row["i"], row["y"]) == ([63, 64], [7, 8], -3, [1, 2])


def test_a_bit_string_of_counted_width_says_how_many() -> None:
    known = catalogue("n u1\nb bs[n]\nx[popcount(b)] u1")
    assert read(known, b"\1\5\7\x08") == [{"n": 1, "b": [0, 2], "x": [7, 8]}]
    assert decode(frame(b"\1\5\7\x08"), catalogue=known).units[0].value["x"] == [7, 8]


@pytest.mark.parametrize("count", ["u4", "bs[8]"])
def test_a_list_of_entries_that_may_take_no_byte_asks_for_no_memory(count: str) -> None:
    known = catalogue(f"n {count}\na[n + 5] {{\noptional {{\nx u4\n}}\n}}")
    raw = b"\xfe\xff\xff\xff" if count == "u4" else b"\xfe" + b"\xff" * 6 + b"\x7f"
    assert read(known, raw + b"\1\0\0\0") == []
    assert faults(known, raw + b"\1\0\0\0") == ["an entry of a list takes no bytes"]


def test_the_rows_of_units_inside_a_unit_of_the_same_item_follow_its_own(implementation: Implementation) -> None:
    known = catalogue(f"kind u1\na[kind + 1] u1\nt ascii[2]\nb u1 {{ f: 0 }}\nif kind == 1 {{\ninner units({AFN})\n}}")
    unit = b"\0\0\1\0"

    def body(kind: int, *numbers: int) -> bytes:
        return bytes((kind, *numbers)) + (
            b"\xee\xee\xee" if numbers[0] == 7 else b"t" + str(numbers[0]).encode() + b"\1"
        )

    outer = body(1, 2, 3) + unit + body(0, 4) + unit + body(0, 7) + unit + body(0, 5)
    rows = read(known, body(0, 1), outer, body(0, 6))
    assert [row["a"] for row in rows] == [[1], [2, 3], [4], [7], [5], [6]]
    assert [row["t"] for row in rows] == ["t1", "t2", "t4", None, "t5", "t6"]
    assert [row["b"] and row["b"]["f"] for row in rows] == [True, True, True, None, True, True]
    damaged = outer[:-1]
    assert [row["a"] for row in read(known, damaged, body(0, 6))] == [[2, 3], [4], [7], [6]]
    assert faults(known, damaged) == ["the data end inside a field"]
    # Without an identifier the outer unit is lost too, with all that is inside it.
    assert read(known, outer + b"\0\0\0\0", body(0, 6)) == read(known, body(0, 6))
    deeper = body(1, 2, 3) + unit + body(1, 8, 9) + unit + body(0, 4)
    assert [row["a"] for row in read(known, deeper)] == [[2, 3]]
    assert faults(known, deeper) == ["data units nest too deep"]


def test_event_records_of_a_data_unit_are_counted(implementation: Implementation) -> None:
    known = catalogue("kind u1\nif kind == 0 {\nlist[*] event\n} else {\none event\n}", event="x u1")
    rows = read(known, b"\0" + b"\xc9\1\7" * 3, b"\1\xc9\1\7", key="happening")
    assert [row["record"] for row in rows] == [0, 1, 2, 0]


def test_event_records_in_a_list_of_records_are_counted_through(implementation: Implementation) -> None:
    known = catalogue("n u1\nx[n] {\na u1\ny event\n}\nz event", event="x u1")
    entry = b"\5\xc9\1\7"
    rows = read(known, b"\3" + entry * 3 + b"\xc9\1\7", b"\2\5\xee" + entry + b"\xc9\1\7", key="happening")
    assert [row["record"] for row in rows] == [0, 1, 2, 3, 1, 2]


@pytest.mark.parametrize(
    ("layout", "reason"),
    [
        ("x units(300)", "255"),
        ("x identifier(256)", "255"),
        ("x bcd[10]", "18 digits"),
        ("x bcd[9] *1000", "18 digits"),
        ("x u4 *0.000000000000000001", "18 digits"),
        ("x u4 *100000000000", "18 digits"),
        ("x u1 +99999999999999999999", "9223372036854775807"),
        ("x raw[99999999999]", "16777215"),
        ("n u1\nx[n + 99999999999] u1", "16777215"),
        ("a[2] u1\nx[a] u1", "no number"),
        ("a ascii[2]\nif a == 1 {\nx u1\n}", "no number"),
    ],
)
def test_layouts_that_no_interpreter_can_follow(layout: str, reason: str) -> None:
    with pytest.raises(CatalogueError, match=reason):
        catalogue(layout)


def test_event_records_do_not_nest_and_have_no_negative_slack() -> None:
    with pytest.raises(CatalogueError, match="inside an event record"):
        catalogue("x u1", event="x u1\nif x == 1 {\ny[2] {\nz event\n}\n}")
    with pytest.raises(CatalogueError, match="length_slack"):
        catalogue("x u1", event="x u1", slack=-3)


def test_digits_whose_number_no_64_bits_hold() -> None:
    raw = bytes.fromhex("18446744073709551615")[::-1]
    message = decode(frame(raw), catalogue=catalogue("x digits[10]"))
    assert message.units[0].value == {"x": "18446744073709551615"}


# ---- interpreters


@pytest.fixture
def make(implementation: Implementation) -> Callable[..., Any]:
    known = catalogue("x u1\ny ascii[2]")
    return lambda plan=None, **options: implementation.interpreter(plan or Plan(known), **options)


FRAME = frame(b"\1ab")


def index(*frames: tuple[int, int]) -> tuple[array[int], array[int]]:
    return array("Q", [offset for offset, _ in frames]), array("H", [length for _, length in frames])


@pytest.mark.parametrize(
    "frames",
    [
        [(0, 15)],  # no room for AFN and SEQ
        [(0, 0)],
        [(len(FRAME) - 15, 16)],
        [((1 << 64) - 1, len(FRAME))],  # the sum has room in 64 bits
        [(0, len(FRAME) + 1)],
    ],
)
def test_frames_outside_the_bytes(
    implementation: Implementation, make: Callable[..., Any], frames: list[tuple[int, int]]
) -> None:
    if implementation.name == "pure":
        pytest.skip("Python looks itself")
    interpreter = make()
    offsets, lengths = index((0, len(FRAME)), *frames)
    with pytest.raises(ValueError, match="frame"):
        interpreter.run(FRAME, offsets, lengths, 0, 2)
    # What was read before stays, and more can be.
    assert interpreter.run(FRAME, offsets, lengths, 0, 1) == 1
    batch = interpreter.take()
    assert (len(batch.editions), [table.rows for table in batch.tables.values()]) == (2, [2])
    assert interpreter.take() == ({}, b"")


def test_an_index_that_is_none(implementation: Implementation, make: Callable[..., Any]) -> None:
    if implementation.name == "pure":
        pytest.skip("Python looks itself")
    interpreter, (offsets, lengths) = make(), index((0, len(FRAME)))
    for wrong in (
        (FRAME, array("I", [0, 0]), lengths, 0, 1),
        (FRAME, offsets, bytes(2), 0, 1),
        (FRAME, offsets, lengths, 0, 2),
        (FRAME, offsets, lengths, -1, 1),
        (FRAME, offsets, lengths, 0, (1 << 63) - 1),
    ):
        with pytest.raises(ValueError, match=r"lengths two|fewer frames"):
            interpreter.run(*wrong)
    for unbuffered in ((None, offsets, lengths), (FRAME, None, lengths), (FRAME, offsets, [16])):
        held = bytearray(FRAME)
        with pytest.raises(TypeError):
            interpreter.run(held if unbuffered[0] else None, *unbuffered[1:], 0, 1)
        held.append(0)  # nobody holds it any more
    assert interpreter.run(FRAME, offsets, lengths, 1, 0) == 1
    with pytest.raises(ValueError, match="5 or 7"):
        make(address_size=-40)


class Failing(Plan):
    """Answers until it is told not to."""

    def __init__(self, known: Catalogue) -> None:
        super().__init__(known)
        self.asked: Callable[[], object] = lambda: None

    def unit(self, *which: int) -> Any:
        self.asked()
        return super().unit(*which)


def test_a_plan_that_fails(implementation: Implementation, make: Callable[..., Any]) -> None:
    if implementation.name == "pure":
        pytest.skip("is thrown away by who uses it")
    plan = Failing(catalogue("x u1\ny ascii[2]"))
    interpreter, (offsets, lengths) = make(plan), index((0, len(FRAME)))

    def fail() -> None:
        raise KeyError

    plan.asked = fail
    with pytest.raises(KeyError):
        interpreter.run(FRAME, offsets, lengths, 0, 1)
    plan.asked = lambda: interpreter.run(FRAME, offsets, lengths, 0, 1)
    with pytest.raises(RuntimeError, match="one thread"):
        interpreter.run(FRAME, offsets, lengths, 0, 1)
    plan.asked = interpreter.take
    with pytest.raises(RuntimeError, match="one thread"):
        interpreter.run(FRAME, offsets, lengths, 0, 1)
    plan.asked = lambda: None
    assert interpreter.run(FRAME, offsets, lengths, 0, 1) == 1
    assert [table.rows for table in interpreter.take().tables.values()] == [1]


def test_what_is_written_is_bounded_by_bytes_too(implementation: Implementation) -> None:
    # The offsets of what varies in length have four bytes.
    if implementation.name == "pure":
        pytest.skip("takes long")
    large = frame(bytes(16000))
    interpreter = implementation.interpreter(Plan(catalogue("x raw[*]")))
    offsets, lengths = index(*[(0, len(large))] * 5000)
    done = interpreter.run(large, offsets, lengths, 0, 5000)
    assert 4000 < done < 5000
    assert interpreter.run(large, offsets, lengths, done, 5000) == 5000


# ---- the search


def test_a_search_ends_where_it_was_told_to(implementation: Implementation) -> None:
    head = bytes.fromhex("683200320068") + bytes(20)
    assert implementation.scan(head, stop=1).end == 1
    assert implementation.scan(FRAME + head, stop=1).end == len(FRAME)


def test_bounds_that_are_bytes_are_numbers(implementation: Implementation) -> None:
    found = implementation.scan(FRAME, bounds=bytes((0, 1, 2, 3, 4, 5, 6, 7, len(FRAME))))
    assert (len(found), found.end) == (0, len(FRAME))
    gaps = implementation.link["gaps"]
    assert list(gaps(found, bytes((0, 1, 2, 3, 4, 5, 6, 7)))[0]) == [0, 1, 2, 3, 4, 5, 6]


def test_gaps_of_what_is_no_index(implementation: Implementation) -> None:
    if implementation.name == "pure":
        pytest.skip("Python looks itself")
    wrong = FrameIndex.empty()
    wrong.offset = memoryview(bytes(8)).cast("Q")
    with pytest.raises(ValueError, match="index"):
        implementation.link["gaps"](wrong, (0, 1 << 20))


def test_an_address_of_another_size_is_none(implementation: Implementation) -> None:
    if implementation.name == "fast":
        with pytest.raises(ValueError, match="5 or 7"):
            implementation.is_whole_frame(b"", address_size=-100)
