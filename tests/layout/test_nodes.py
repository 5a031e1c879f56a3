"""Reading and writing bodies: hand-written bytes, what devices do to them, what is kept and where errors are."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from layout_helpers import layout, read, reader_of, write

from plmsproto import Catalogue, Direction, Edition, Reading
from plmsproto.application.units import BodyContext
from plmsproto.errors import BadStructureError, BadValueError, EncodeError, PlmsError, TruncatedError, UnknownItemError
from plmsproto.layout import Reader, Span, Undecoded, Writer

D = Decimal


# ------------------------------------------------------------------------------------------- values and no values


def test_spare_bits_are_kept_and_remarked() -> None:
    text = "s u1 { low: 0..3; flag: 7 }"
    reader = reader_of("D5")
    assert layout(text).read(reader) == {"s": {"low": 5, "flag": True, "spare": 0x50}}
    assert reader.deviations == ["s: spare bits 50 are set"]
    assert write(text, {"s": {"low": 5, "flag": True, "spare": 0x50}}) == b"\xd5"
    assert "spare" not in read(text, "85")["s"]


def test_bits_that_were_not_given_are_zero() -> None:
    assert write("s u1 { low: 0..3; flag: 7 }", {"s": {"flag": True}}) == b"\x80"


@pytest.mark.parametrize(
    "value",
    [
        {"low": 16},
        {"low": -1},
        {"low": "x"},
        {"flag": 2},
        {"other": 1},
        {"spare": 1},  # bit 0 is taken
        {"spare": -1},
        {"spare": "x"},
        5,
        [1],
    ],
    ids=str,
)
def test_bits_that_do_not_fit_are_refused(value: Any) -> None:
    with pytest.raises(EncodeError) as caught:
        write("s u1 { low: 0..3; flag: 7 }", {"s": value})
    assert caught.value.path.startswith("s")


def test_codes_without_a_name_stay_numbers() -> None:
    text = "m u1 (1=one)\ns u1 { k: 0..1 (1=short) }"
    assert read(text, "07 03") == {"m": 7, "s": {"k": 3}}
    assert write(text, {"m": 7, "s": {"k": 3}}) == b"\x07\x03"


def test_bad_bcd_bits_lose_their_field_alone() -> None:
    reader = reader_of("0B 05")
    value = layout("s u1 { n: 0..3 bcd }\na u1").read(reader)
    assert value == {"s": Undecoded(b"\x0b"), "a": 5}
    assert [type(error) for error in reader.errors] == [BadValueError]


def test_a_wrong_value_is_kept_as_bytes_with_place_and_offset() -> None:
    reader = Reader(bytes.fromhex("AA AA 01 0A 22 02"), 2, 6, reader_of("").context, prefix="0C F25 p1")
    value = layout("a u1\nvoltage A7 V\nb u1").read(reader)
    assert value == {"a": 1, "voltage": Undecoded(b"\x0a\x22"), "b": 2}
    (error,) = reader.errors
    assert isinstance(error, BadValueError)
    assert (error.offset, error.path, error.found) == (3, "0C F25 p1 voltage", "0A 22")
    assert value["voltage"].error is error
    assert write("a u1\nvoltage A7 V\nb u1", value) == bytes.fromhex("01 0A 22 02")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("EE EE EE", [None, None, None]),
        ("EE EE", [0xEE, 0xEE]),
        ("EE", [0xEE]),
        ("01 EE EE", [1, 0xEE, 0xEE]),
        ("EE EE EE 01", [None, None, None, 1]),
        ("01 EE EE EE", [1, None, None, None]),
        ("EE EE 01 EE EE", [0xEE, 0xEE, 1, 0xEE, 0xEE]),
    ],
)
def test_ee_in_one_byte_is_no_data_in_a_run_of_three(content: str, expected: list[int | None]) -> None:
    assert read("n[*] u1", content)["n"] == expected
    assert write("n[*] u1", {"n": expected}) == bytes.fromhex(content)


def test_the_run_counts_across_fields() -> None:
    text = "voltage A7\nstate u1 (1=on)\ns u1 { a: 0 }\nround bs[1] 1..8\nhalf u1 *0.5"
    assert read(text, "EE EE EE EE EE EE") == {"voltage": None, "state": None, "s": None, "round": None, "half": None}
    assert read(text, "05 22 EE 01 EE EE")["state"] == 0xEE


def test_the_run_does_not_reach_out_of_the_body() -> None:
    reader = Reader(b"\xee\xee\xee\xee", 2, 4, reader_of("").context)
    assert layout("n[*] u1").read(reader) == {"n": [0xEE, 0xEE]}


def test_wide_bits_full_of_ee_are_no_data() -> None:
    assert read("s u2 { a: 0..11 }", "EE EE") == {"s": None}
    assert write("s u2 { a: 0..11 }", {"s": None}) == b"\xee\xee"


def test_no_data_in_the_middle_of_numbers() -> None:
    text = "voltage_{a,b,c} A7 V"
    value = {"voltage_a": D("220.0"), "voltage_b": None, "voltage_c": D("219.9")}
    assert read(text, "00 22 EE EE 99 21") == value
    assert write(text, value) == bytes.fromhex("00 22 EE EE 99 21")


def test_values_out_of_range_are_deviations() -> None:
    reader = reader_of("09 05")
    assert layout("a u1 1..8\nb u1 1..8").read(reader) == {"a": 9, "b": 5}
    assert reader.deviations == ["a: 9 is outside 1..8"]


def test_bits_out_of_range_are_deviations() -> None:
    reader = reader_of("01 02")
    assert layout("round bs[2] 1..9").read(reader) == {"round": [1, 10]}
    assert reader.deviations == ["round: 10 is outside 1..9"]


# --------------------------------------------------------------------------------------------------- verbatim


@pytest.mark.parametrize(
    ("text", "content", "value", "deviation"),
    [
        ("voltage A7 V", "FF FF", None, "voltage: filled with FF, EE expected"),
        ("read_time A15", "00 00 00 00 00", None, "read_time: filled with 00, EE expected"),
        ("name ascii[4]", "43 51 00 CC", "CQ", ""),
        ("name ascii[4]", "43 51 20 20", "CQ", ""),
        ("setpoint A2 kW", "10 80", D(10), ""),  # 10 × 1 rather than 1000 × 0.01
        ("energy A3 kWh", "01 00 00 40", 1000, ""),
        ("angle A5", "00 80", D("0.0"), ""),
        ("clock A1", "59 07 13 15 03 24", dt.datetime(2024, 3, 15, 13, 7, 59), ""),
        (
            "clock A1",
            "59 07 13 15 43 24",
            dt.datetime(2024, 3, 15, 13, 7, 59),
            "clock: weekday 2, but 2024-03-15 is weekday 5",
        ),
        ("body raw[*]", "EE EE", b"\xee\xee", ""),
        ("name ascii[*]", "EE EE", None, ""),
    ],
)
def test_bytes_that_the_value_does_not_say_are_kept(text: str, content: str, value: Any, deviation: str) -> None:
    reader = reader_of(content)
    found = layout(text).read(reader)
    (name,) = found
    assert found == {name: value}
    assert reader.deviations == ([deviation] if deviation else [])
    assert write(text, found, reader.verbatim) == bytes.fromhex(content)


def test_kept_bytes_give_way_to_a_new_value() -> None:
    reader = reader_of("43 51 00 CC")
    layout("name ascii[4]").read(reader)
    assert write("name ascii[4]", {"name": "GZ"}, reader.verbatim) == b"GZ\0\0"


def test_kept_bytes_go_by_their_place() -> None:
    text = "n u1\nx[n] {\n a A7\n b A7\n}"
    content = "02 00 22 FF FF FE FE 00 22"
    reader = reader_of(content)
    value = layout(text).read(reader)
    assert reader.verbatim == {"x[0].b": b"\xff\xff", "x[1].a": b"\xfe\xfe"}
    assert write(text, value, reader.verbatim) == bytes.fromhex(content)


# ------------------------------------------------------------------------------------------------ counts and lists


def test_a_count_without_data_counts_nothing() -> None:
    text = "voltage A7\ncount u1\nn[count + 1] A8"
    assert read(text, "EE EE EE") == {"voltage": None, "count": None, "n": []}
    assert read("count u2\nx[count] u1", "EE EE") == {"count": None, "x": []}


def test_a_count_that_is_no_value_counts_nothing() -> None:
    reader = reader_of("AA 00")
    assert layout("count A8\nn[count] u1").read(reader) == {"count": Undecoded(b"\xaa\x00"), "n": []}


@pytest.mark.parametrize(
    ("text", "value", "content"),
    [
        ("count u1\nn[count] u1", {"n": [5, 6]}, "02 05 06"),
        ("tariff_count u1\nenergy[tariff_count + 1] A8", {"energy": [10, 4, 6]}, "02 10 00 04 00 06 00"),
        ("count u1\nn[count - 1] u1", {"n": [5]}, "02 05"),
        ("size u1\nname gb2312[size]", {"name": "电压"}, "04 B5 E7 D1 B9"),
        ("size u1\nbody raw[size]", {"body": "AABB"}, "02 AA BB"),
        ("count A8\nn[count] u1", {"n": [7] * 3}, "03 00 07 07 07"),
        ("k u1\nn u1\nif k == 1 { x[n] u1 }", {"k": 1, "x": [5]}, "01 01 05"),
    ],
)
def test_counts_that_were_left_out_are_inferred(text: str, value: Any, content: str) -> None:
    assert write(text, value) == bytes.fromhex(content)


@pytest.mark.parametrize(
    ("text", "value", "message"),
    [
        ("count u1\nn[count] u1", {"count": 3, "n": [5, 6]}, "found 2 entries, expected 3"),
        ("n[3] u1", {"n": [5, 6]}, "found 2 entries, expected 3"),
        ("size u1\nbody raw[size]", {"size": 1, "body": b"12"}, "found 2 bytes, expected 1"),
        ("count u1\nn[count] u1", {"n": [0] * 256}, "does not fit u1"),
        ("count u1\nn[count] u1\nm[count] u1", {"n": [1, 2], "m": [1]}, "found 1 entries, expected 2"),
        ("count u1\nn[count] u1", {"count": 0}, "no value was given"),
        ("count u1\nn[count] u1", {}, "count: no value was given"),
        ("count u1\nn[count] u1", {"n": 5}, "no value was given"),
        ("tariff_count u1\nenergy[tariff_count + 1] A8", {"energy": []}, "does not fit u1"),
        ("n[2] u1", {"n": 5}, "n: not a list"),
        ("a u1", {"a": 1, "b": 2}, "no such field: found b, expected a"),
        ("a u1", {}, "a: no value was given"),
        ("a u1", [], "not a dict of fields"),
        ("x { a u1 }", {"x": 5}, "x: not a dict of fields"),
        ("x[2] { a u1 }", {"x": [{"a": 1}, {"a": 256}]}, "x[1].a: does not fit u1: found 256"),
        ("k u1\nif k == 1 { a u1 }", {"k": 0, "a": 5}, "given, but does not apply here: found a"),
        ("k u1\nif k == 1 { a u1 } else { b u1 }", {"k": 1, "a": 5, "b": 5}, "does not apply here: found b"),
        ("optional {\n a u1\n b u1\n}", {"a": 5}, "b: no value was given"),
        ("r event", {"r": 5}, "r: not an event record"),
        ("r event", {"r": {"erc": 1, "what": 2}}, "no such part of an event record: found what"),
        ("r event", {"r": {"erc": 256, "data": {"raw": ""}}}, "does not fit"),
        ("r event", {"r": {"erc": 9, "data": {"raw": "00" * 256}}}, "does not fit"),
    ],
)
def test_values_that_do_not_fit_the_layout_are_refused(text: str, value: Any, message: str) -> None:
    with pytest.raises(EncodeError) as caught:
        write(text, value)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("text", "content"),
    [
        ("n u4\nx[n] u1", "FF FF FF FF 00"),
        ("n u4\nx[n] {\n a u1\n b A7\n}", "FF FF FF FF 00 00 00"),
        ("n u4\nbody raw[n]", "FF FF FF FF 00"),
        ("n u4\nname ascii[n]", "FF FF FF FF 00"),
        ("n bs[31]\nx[popcount(n)] A1", "FF" * 31),
        ("x[1000000] A14", "00" * 4),
        ("a A15", "00 00"),
        ("s u2 { a: 0 }", "00"),
    ],
)
def test_more_than_there_is_fails_at_once(text: str, content: str) -> None:
    reader = reader_of(content)
    with pytest.raises(TruncatedError) as caught:
        layout(text).read(reader)
    assert caught.value.path
    assert caught.value.offset is not None


@pytest.mark.parametrize("text", ["n u4\nx[n] { optional { a u1 } }", "n u4\nx[n] { }"])
def test_entries_of_no_bytes_are_not_repeated_forever(text: str) -> None:
    with pytest.raises(BadStructureError, match="takes no bytes"):
        layout(text).read(reader_of("FF FF FF FF"))


def test_the_place_of_an_error_is_its_whole_path() -> None:
    reader = reader_of("02 01 00 22 02 00 22 00")
    with pytest.raises(TruncatedError) as caught:
        layout("n u1\nx[n] {\n m u1\n inner {\n  v[m] A7\n }\n}").read(reader)
    assert caught.value.path == "x[1].inner.v"
    assert caught.value.offset == 5


def test_values_in_the_middle_of_a_list_can_be_none() -> None:
    text = "n u1\nx[n] A7"
    reader = reader_of("03 00 22 EE EE 0A 00")
    value = layout(text).read(reader)
    assert value == {"n": 3, "x": [D("220.0"), None, Undecoded(b"\x0a\x00")]}
    assert reader.errors[0].path == "x[2]"
    assert write(text, value) == bytes.fromhex("03 00 22 EE EE 0A 00")


def test_undecoded_values_may_come_from_json() -> None:
    text = "a u1\nvoltage A7 V"
    assert write(text, {"a": 1, "voltage": {"raw": "0A 22", "error": "whatever"}}) == b"\x01\x0a\x22"
    with pytest.raises(EncodeError):
        write(text, {"a": 1, "voltage": {"raw": "0A"}})
    with pytest.raises(EncodeError):
        write(text, {"a": 1, "voltage": {"raw": "xx"}})


def test_spans_tell_every_byte() -> None:
    spans: list[Span] = []
    reader = reader_of("02 00 22 0A 00 D5 FF FF", spans=spans)
    layout("n u1\nx[n] A7 V\ns u1 { a: 0..3 }\nlast A7").read(reader)
    assert [(span.offset, span.size, span.path, span.value, span.unit, span.note) for span in spans] == [
        (0, 1, "n", 2, "", ""),
        (1, 2, "x[0]", D("220.0"), "V", ""),
        (3, 2, "x[1]", Undecoded(b"\x0a\x00"), "V", "not BCD"),
        (5, 1, "s", {"a": 5, "spare": 0xD0}, "", ""),
        (6, 2, "last", None, "", "filled with FF, EE expected"),
    ]


# ---------------------------------------------------------------------------------------------------- events


def context(edition: Edition, *, catalogue: Catalogue | None = None, length_includes_head: bool = False) -> BodyContext:
    reading = Reading(edition, length_includes_head=length_includes_head)
    return BodyContext(catalogue or Catalogue(), Direction.UP, reading)


@pytest.fixture(scope="module")
def in_edition() -> Callable[..., BodyContext]:
    catalogue = Catalogue()

    def made(edition: str, *, length_includes_head: bool = False) -> BodyContext:
        return context(Edition(edition), catalogue=catalogue, length_includes_head=length_includes_head)

    return made


RECORDS = "record[*] event"


def read_events(surroundings: BodyContext, content: str) -> tuple[list[Any], Reader]:
    raw = bytes.fromhex(content)
    reader = Reader(raw, 0, len(raw), surroundings)
    return layout(RECORDS).read(reader)["record"], reader


def write_events(surroundings: BodyContext, records: list[Any], verbatim: dict[str, bytes] | None = None) -> bytes:
    writer = Writer(surroundings, verbatim=verbatim)
    layout(RECORDS).write(writer, {"record": records})
    return bytes(writer.out)


def test_an_event_is_read_by_its_code_and_written_by_its_key(in_edition: Callable[..., BodyContext]) -> None:
    surroundings = in_edition("376")
    content = "0E 0A 14 10 29 11 10 51 09 29 11 10"
    records, reader = read_events(surroundings, content)
    data = {
        "event_time": dt.datetime(2010, 11, 29, 10, 14),
        "power_up_time": dt.datetime(2010, 11, 29, 9, 51),
    }
    assert records == [{"erc": 14, "event": "terminal_power_down_up", "data": data}]
    assert reader.errors == []
    assert reader.deviations == []
    for written in (records[0], {"erc": 14, "data": data}, {"event": "terminal_power_down_up", "data": data}):
        assert write_events(surroundings, [written]) == bytes.fromhex(content)


def test_erc14_of_eleven_bytes_has_its_attributes(in_edition: Callable[..., BodyContext]) -> None:
    surroundings = in_edition("1376")
    long = "0E 0B 03 14 10 29 11 10 51 09 29 11 10"
    short = "0E 0A 14 10 29 11 10 51 09 29 11 10"
    for content, attributes in ((long, {"normal": True, "valid": True}), (short, None)):
        records, reader = read_events(surroundings, content)
        assert reader.errors == []
        assert records[0]["data"].get("attribute") == attributes
        assert records[0]["data"]["event_time"] == dt.datetime(2010, 11, 29, 10, 14)
        assert write_events(surroundings, records) == bytes.fromhex(content)


def test_erc18_may_end_early_or_have_power_of_two_bytes(in_edition: Callable[..., BodyContext]) -> None:
    surroundings = in_edition("376")
    start = "14 10 29 11 10  01 80  01  05 00"
    for length, tail, last in (
        ("0A", "", None),
        ("10", "00 10  34 12  05 22", {"power_factor": D("100.0"), "reactive_power_raw": b"\x34\x12"}),
        ("11", "00 10  34 12 00  05 22", {"power_factor": D("100.0"), "reactive_power": D("0.1234")}),
    ):
        content = f"12 {length} {start} {tail}"
        (record,), reader = read_events(surroundings, content)
        assert reader.errors == []
        expected = {
            "event_time": dt.datetime(2010, 11, 29, 10, 14),
            "point": {"measurement_point": 1, "start": True},
            "abnormality": {"overvoltage": True, "device_fault": False, "execution_circuit_fault": False},
            "locked_capacitor_group": [1, 3],
        }
        if last is not None:
            expected |= {**last, "voltage": D("220.5")}
        assert record["data"] == expected
        assert write_events(surroundings, [record]) == bytes.fromhex(content)


ERC22 = (
    "14 10 29 11 10  81  01 00 00 00  02 00 00 00  05  01 00 00 00  01 00 34 12 00 00  02 00 00 00 00 00 00 01 00 00 00"
)


def test_erc22_whose_length_is_one_too_small_is_read_whole(in_edition: Callable[..., BodyContext]) -> None:
    surroundings = in_edition("376")
    size = len(bytes.fromhex(ERC22))
    after = " 0E 0A 14 10 29 11 10 51 09 29 11 10"
    records, reader = read_events(surroundings, f"16 {size - 1:02X} {ERC22}{after}")
    assert [record["erc"] for record in records] == [22, 14]
    assert reader.errors == []
    assert reader.deviations == [f"record[0]: length {size - 1}, but the record has {size} bytes"]
    assert records[0]["length"] == size - 1
    assert records[0]["data"]["reference_point_energy"] == [D(0), D("0.0100")]
    assert write_events(surroundings, records) == bytes.fromhex(f"16 {size - 1:02X} {ERC22}{after}")


def test_erc22_with_the_right_length_is_not_touched(in_edition: Callable[..., BodyContext]) -> None:
    size = len(bytes.fromhex(ERC22))
    (record,), reader = read_events(in_edition("376"), f"16 {size:02X} {ERC22}")
    assert "length" not in record
    assert reader.deviations == []


def test_an_unknown_event_is_kept_and_the_next_is_found(in_edition: Callable[..., BodyContext]) -> None:
    surroundings = in_edition("376")
    content = "C8 03 01 02 03 0E 0A 14 10 29 11 10 51 09 29 11 10"
    records, reader = read_events(surroundings, content)
    assert records[0] == {"erc": 200, "event": None, "data": Undecoded(b"\1\2\3")}
    assert records[1]["erc"] == 14
    (error,) = reader.errors
    assert isinstance(error, UnknownItemError)
    assert "ERC200" in error.reason
    assert error.path == "record[0].data"
    assert error.offset == 2
    assert write_events(surroundings, records) == bytes.fromhex(content)


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        ("0E 0B 14 10 29 11 10 51 09 29 11 10 00", BadStructureError),  # longer than its ERC
        ("0E 09 14 10 29 11 10 51 09 29 11", TruncatedError),  # shorter
    ],
)
def test_a_body_that_does_not_fit_is_lost_alone(
    in_edition: Callable[..., BodyContext], content: str, kind: type[PlmsError]
) -> None:
    surroundings = in_edition("376")
    after = " 0C 07 14 10 29 11 10 01 80"
    records, reader = read_events(surroundings, content + after)
    assert records[0]["data"] == Undecoded(bytes.fromhex(content)[2:])
    assert records[1]["data"]["point"] == {"measurement_point": 1, "start": True}
    assert [type(error) for error in reader.errors] == [kind]
    assert write_events(surroundings, records, reader.verbatim) == bytes.fromhex(content + after)


def test_a_record_that_the_body_cuts_short_is_a_structure_error(in_edition: Callable[..., BodyContext]) -> None:
    with pytest.raises(TruncatedError, match="event record"):
        read_events(in_edition("376"), "0E 0A 14 10")
    with pytest.raises(TruncatedError):
        read_events(in_edition("376"), "0E")


def test_empty_slots_are_remarked_and_kept(in_edition: Callable[..., BodyContext]) -> None:
    surroundings = in_edition("376")
    content = "EE EE 00 02 00 00"
    records, reader = read_events(surroundings, content)
    assert records == [{"erc": None}, {"erc": None}, {"erc": 0, "event": None, "data": Undecoded(b"\0\0")}]
    assert reader.errors == []
    assert len(reader.deviations) == 3
    assert write_events(surroundings, records) == bytes.fromhex(content)


def test_a_length_that_counts_its_head(in_edition: Callable[..., BodyContext]) -> None:
    surroundings = in_edition("376", length_includes_head=True)
    content = "0E 0C 14 10 29 11 10 51 09 29 11 10 0C 09 14 10 29 11 10 01 80"
    records, reader = read_events(surroundings, content)
    assert [record["erc"] for record in records] == [14, 12]
    assert reader.errors == []
    assert write_events(surroundings, records) == bytes.fromhex(content)
    fresh = [{"event": "meter_clock_error", "data": records[1]["data"]}]
    assert write_events(surroundings, fresh) == bytes.fromhex("0C 09 14 10 29 11 10 01 80")
    with pytest.raises(BadStructureError):
        read_events(surroundings, "0E 01 00")


@pytest.mark.parametrize(
    "record",
    [
        {},
        {"erc": 14},
        {"erc": 14, "data": {}},
        {"erc": 14, "data": 5},
        {"erc": 99, "data": {}},
        {"erc": "14", "data": {}},
        {"event": None},
        {"erc": 14, "data": {"raw": "00"}, "length": 256},
        {"erc": -1, "data": {"raw": "00"}},
    ],
    ids=str,
)
def test_event_records_that_make_no_sense_are_refused(in_edition: Callable[..., BodyContext], record: Any) -> None:
    with pytest.raises(EncodeError):
        write_events(in_edition("376"), [record])


def test_an_event_record_of_an_unknown_key_is_refused(in_edition: Callable[..., BodyContext]) -> None:
    with pytest.raises(UnknownItemError, match="nothing_such"):
        write_events(in_edition("376"), [{"event": "nothing_such", "data": {}}])


def test_an_event_of_another_edition_is_unknown(in_edition: Callable[..., BodyContext]) -> None:
    content = "29 0E 00 00 " + "59 07 13 15 A3 24 " * 2
    (record,), reader = read_events(in_edition("1376"), content)
    assert record["event"] == "clock_adjustment"
    (record,), reader = read_events(in_edition("376"), content)
    assert record["event"] is None
    assert isinstance(reader.errors[0], UnknownItemError)
