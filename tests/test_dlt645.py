"""Frames of meters by DL/T 645: samples byte by byte, what is refused, and how they look inside forwarded data."""

from __future__ import annotations

import pickle
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import plmsproto as plms
from plmsproto.application.interchange import plain
from plmsproto.cli import main
from plmsproto.cli.views.base import Words
from plmsproto.dlt645 import MAX_PREAMBLE, MeterFrame, MeterFunction
from plmsproto.errors import BadChecksumError, BadStructureError, EncodeError, PlmsError, TruncatedError
from plmsproto.formats import COUNTED

raw = bytes.fromhex
FORM = COUNTED["meter_frame"]

# From 68H to the second 68H of meter 151230011061: 68 + 61 + 10 + 01 + 30 + 12 + 15 + 68 = 199H.
READ = "68 61 10 01 30 12 15 68 11 04 33 33 34 33 7B 16"  # 199 + 11 + 04 + 33 + 33 + 34 + 33 = 27B
READ_ANSWER = "68 61 10 01 30 12 15 68 91 08 33 33 34 33 AB 39 33 33 49 16"
VOLTAGE = "68 03 00 00 12 47 11 68 91 06 33 36 34 35 A5 56 A1 16"
TRIPPED = "68 61 10 01 30 12 15 68 9C 00 35 16"  # 199 + 9C = 235
ALL_METERS = "FE FE FE FE 68 99 99 99 99 99 99 68 11 04 33 33 34 33 48 16"  # 68 + 6*99 + 68 + 11 + 04 + CD = 548
PARAMETER_1997 = "68 77 93 10 17 00 00 68 81 15 34 F3 43 39 35 34 4B 43 33 33 35 3C 93 3C 47 39 35 34 4B 33 77 B5 16"
CLEAR_EVENT = "68 01 00 00 00 00 00 68 1B 08 43 3A 33 33 33 33 35 33 A5 16"
FORWARDED = [READ, READ_ANSWER, VOLTAGE, TRIPPED, ALL_METERS, PARAMETER_1997, CLEAR_EVENT]
"""Frames of meters that real frames of AFN 10H F1 carry."""

READ_1997 = "68 01 00 00 00 00 00 68 01 02 43 C3 DA 16"  # 68 + 01 + 68 + 01 + 02 + 43 + C3 = 1DA
ANY_METER = "68 AA AA AA AA AA AA 68 13 00 DF 16"  # 68 + 6*AA + 68 + 13 = 4DF
REFUSED = "68 61 10 01 30 12 15 68 D1 01 35 A0 16"  # 199 + D1 + 01 + 35 = 2A0
MORE = "68 61 10 01 30 12 15 68 B1 05 33 33 34 33 34 50 16"  # 199 + B1 + 05 + 33 + 33 + 34 + 33 + 34 = 350

VENDOR = "68 0F 00 0A 00 00 00 00 00 00 03 01 00 0E 16"
"""What a vendor's radio module is sent by the same AFN 10H F1; not by DL/T 645."""

SAMPLES = [*FORWARDED, READ_1997, ANY_METER, REFUSED, MORE]


@pytest.mark.parametrize("text", SAMPLES)
def test_samples_come_back_byte_by_byte(text: str) -> None:
    frame = MeterFrame.parse(raw(text))
    assert bytes(frame) == frame.encode() == raw(text)
    assert MeterFrame.from_dict(frame.as_dict()) == frame
    assert pickle.loads(pickle.dumps(frame)) == frame


@pytest.mark.parametrize(
    ("text", "function", "standard", "from_meter", "identifier", "payload"),
    [
        (READ, "read", "2007", False, "00010000", ""),
        (READ_ANSWER, "read", "2007", True, "00010000", "78 06 00 00"),  # 6.78 kWh
        (VOLTAGE, "read", "2007", True, "02010300", "72 23"),  # 237.2 V
        (TRIPPED, "control", "2007", True, None, ""),
        (ALL_METERS, "read", "2007", False, "00010000", ""),
        (READ_1997, "read", "1997", False, "9010", ""),
        (ANY_METER, "read_address", "2007", False, None, ""),
        (REFUSED, "read", "2007", True, None, "02"),
        (MORE, "read", "2007", True, "00010000", "01"),
        (CLEAR_EVENT, "clear_event", "2007", False, None, "10 07 00 00 00 00 02 00"),
    ],
)
def test_what_samples_say(
    text: str, function: str, standard: str, from_meter: bool, identifier: str | None, payload: str
) -> None:
    frame = MeterFrame.parse(raw(text))
    assert (frame.function, frame.standard, frame.from_meter) == (function, standard, from_meter)
    assert (frame.data_identifier, frame.payload) == (identifier, raw(payload))
    assert frame.error is (text == REFUSED)
    assert frame.more_follows is (text == MORE)


def test_addresses_are_printed_highest_digits_first_and_keep_wildcards() -> None:
    assert MeterFrame.parse(raw(READ)).address == "151230011061"
    assert MeterFrame.parse(raw(ANY_METER)).address == "AAAAAAAAAAAA"
    assert MeterFrame.parse(raw(ALL_METERS)).address == "999999999999"
    assert MeterFrame.parse(raw(ALL_METERS)).preamble == 4


CODES_1997 = [0x01, 0x02, 0x03, 0x04, 0x0A, 0x0C, 0x0F, 0x10]
CODES_2007 = [0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18, 0x19, 0x1A, 0x1B, 0x1C]


def test_function_codes_tell_the_standard() -> None:
    standards = {code: MeterFrame("1" * 12, code).standard for code in range(32)}
    assert [code for code, standard in standards.items() if standard == "1997"] == CODES_1997
    assert [code for code, standard in standards.items() if standard == "2007"] == CODES_2007
    named = [code for code in range(32) if MeterFrame("1" * 12, code).function is not None]
    assert named == sorted([*CODES_1997, 0x08, *CODES_2007])
    assert all(function.zh for function in MeterFunction)


@pytest.mark.parametrize(
    ("control", "data", "function", "identifier"),
    [
        (0x01, "10 90", "read", "9010"),
        (0x81, "10 90 78 06 00 00", "read", "9010"),
        (0x82, "10 90 78", "read_subsequent", "9010"),
        (0x03, "", "reread", None),
        (0x83, "10 90 78 06 00 00", "reread", "9010"),
        (0x03, "FF 00 00 07 01 02 03 04", "authenticate", "070000FF"),
        (0x83, "FF 00 00 07 01 02 03 04", "authenticate", "070000FF"),
        (0x04, "10 C0 00 00", "write", "C010"),
        (0x84, "", "write", None),
        (0x12, "00 00 01 00 01", "read_subsequent", "00010000"),
        (0x14, "01 01 00 04 02 00 00 00", "write", "04000101"),
        (0x94, "", "write", None),
        (0x18, "01 0C 00 04 02 00 00 00 04 00 00 00", "change_password", "04000C01"),
        (0x98, "04 00 00 00", "change_password", None),  # the new password
        (0x93, "61 10 01 30 12 15", "read_address", None),
        (0x11, "00 00", "read", None),  # too short for one
        (0xC3, "FF 00", "reread", None),
        (0x1F, "00 00 01 00", None, None),
    ],
)
def test_which_frames_begin_with_an_identifier(
    control: int, data: str, function: str | None, identifier: str | None
) -> None:
    frame = MeterFrame("1" * 12, control, raw(data))
    assert (frame.function, frame.data_identifier) == (function, identifier)
    assert raw(identifier or "")[::-1] + frame.payload == frame.data
    assert MeterFrame.from_dict(frame.as_dict()) == frame


def test_a_request_to_read_is_built_for_either_standard() -> None:
    assert MeterFrame.read("151230011061", "00010000").encode() == raw(READ)
    assert MeterFrame.read("999999999999", "00010000", preamble=4).encode() == raw(ALL_METERS)
    assert MeterFrame.read("000000000001", "9010").encode() == raw(READ_1997)


def test_frames_print_what_they_say() -> None:
    assert str(MeterFrame.parse(raw(READ))) == "151230011061 11 read 00010000"
    assert str(MeterFrame.parse(raw(VOLTAGE))) == "114712000003 91 read 02010300 72 23"
    assert str(MeterFrame.parse(raw(REFUSED))) == "151230011061 D1 read error 02"
    assert str(MeterFrame.parse(raw(MORE))) == "151230011061 B1 read more follows 00010000 01"
    assert repr(MeterFrame.parse(raw(TRIPPED))) == "MeterFrame('151230011061', control=0x9C)"
    assert (
        repr(MeterFrame.parse(raw(ALL_METERS)))
        == "MeterFrame('999999999999', control=0x11, data=00 00 01 00, preamble=4)"
    )


# ------------------------------------------------------------------------------------------------- what is no frame


@pytest.mark.parametrize("end", range(len(raw(ALL_METERS))))
def test_every_beginning_is_truncated(end: int) -> None:
    with pytest.raises(TruncatedError) as caught:
        MeterFrame.parse(raw(ALL_METERS)[:end])
    assert caught.value.offset == end


@pytest.mark.parametrize(
    ("text", "error", "offset"),
    [
        ("00" + READ, BadStructureError, 0),
        (READ.replace("15 68", "15 69"), BadStructureError, 7),
        (READ.replace("7B 16", "7B 17"), BadStructureError, 15),
        (READ + " FE", BadStructureError, 16),
        (READ.replace("7B", "7C"), BadChecksumError, 14),
        (READ.replace("11 04", "11 03"), BadStructureError, 14),
        ("FE" * (MAX_PREAMBLE + 1) + READ, BadStructureError, MAX_PREAMBLE),
        (VENDOR, BadStructureError, 7),
        (PARAMETER_1997.replace("77 B5", "77 B6"), BadChecksumError, 31),
    ],
)
def test_what_is_no_frame_is_refused_with_the_place(text: str, error: type[PlmsError], offset: int) -> None:
    with pytest.raises(error) as caught:
        MeterFrame.parse(raw(text))
    assert caught.value.offset == offset


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: MeterFrame("123", 0x11),
        lambda: MeterFrame("12345678901G", 0x11),
        lambda: MeterFrame("1" * 12, 0x100),
        lambda: MeterFrame("1" * 12, 0x11, bytes(256)),
        lambda: MeterFrame("1" * 12, 0x11, preamble=MAX_PREAMBLE + 1),
        lambda: MeterFrame.read("1" * 12, "000100"),
        lambda: MeterFrame.read("1" * 12, "what"),
    ],
)
def test_what_does_not_fit_a_frame_is_refused(wrong: Any) -> None:
    with pytest.raises(EncodeError):
        wrong()


# Bytes that are likely to be a frame: a good one, altered a little.
_ALTERED = st.tuples(st.sampled_from(SAMPLES).map(raw), st.integers(0, 31), st.binary(max_size=3)).map(
    lambda parts: parts[0][: parts[1]] + parts[2] + parts[0][parts[1] + len(parts[2]) :]
)


@given(st.binary(max_size=40) | _ALTERED)
@example(b"")
@example(b"\xfe")
@example(b"\x68" * 20)
def test_any_bytes_are_a_frame_that_comes_back_or_are_refused(content: bytes) -> None:
    try:
        frame = MeterFrame.parse(content)
    except PlmsError:
        assert FORM.decode(content) == content
        return
    assert bytes(frame) == content
    assert FORM.decode(content) == frame
    assert str(frame)
    assert repr(frame)
    assert len(frame.data) == frame.identifier_size + len(frame.payload)


_FRAMES = st.builds(
    MeterFrame,
    st.text("0123456789abcdefABCDEF", min_size=12, max_size=12),
    st.integers(0, 0xFF),
    st.binary(max_size=255),
    st.integers(0, MAX_PREAMBLE),
)


@given(_FRAMES)
def test_any_frame_comes_back_as_bytes_and_as_plain_data(frame: MeterFrame) -> None:
    assert MeterFrame.parse(bytes(frame)) == frame
    assert FORM.encode(plain(frame)) == FORM.encode(frame) == bytes(frame)


# ------------------------------------------------------------------------------------------------- as a format


def test_the_format_takes_frames_bytes_text_and_plain_data() -> None:
    frame = MeterFrame.parse(raw(ALL_METERS))
    as_json = {"preamble": 4, "address": "999999999999", "control": "11", "data_identifier": "00010000", "data": ""}
    assert plain(frame) == as_json
    for value in (frame, raw(ALL_METERS), bytearray(raw(ALL_METERS)), ALL_METERS, as_json, {**as_json, "control": 17}):
        assert FORM.coerce(value) == frame
        assert FORM.encode(value) == raw(ALL_METERS)
    assert FORM.decode(raw(VENDOR)) == FORM.coerce(VENDOR) == raw(VENDOR)
    assert plain(FORM.decode(raw(VENDOR))) == VENDOR.replace(" ", "")
    assert FORM.decode(b"\xee" * 16) == b"\xee" * 16  # never fill


@pytest.mark.parametrize(
    "value",
    [
        None,
        17,
        "what",
        {},
        {"address": 1, "control": "11"},
        {"address": "1" * 12},
        {"address": "1" * 12, "control": "1"},
        {"address": "1" * 12, "control": "0011"},
        {"address": "1" * 12, "control": 1.5},
        {"address": "1" * 12, "control": 999},
        {"address": "1" * 12, "control": "11", "data": 5},
        {"address": "1" * 12, "control": "11", "data": "0"},
        {"address": "1" * 12, "control": "11", "preamble": "4"},
        {"address": "1" * 12, "control": "11", "preamble": 10**12},
        {"address": "1" * 12, "control": "11", "data_identifier": "9010"},
        {"address": "1" * 12, "control": "11", "data_identifier": 9010},
        {"address": "1" * 12, "control": "13", "data_identifier": "00010000"},
        {"address": "1" * 12, "control": "11", "identifier": "00010000"},
        {"address": "1" * 12, "control": "11", "data": "00" * 256},
        {1: 2, "address": "1" * 12, "control": "11"},
    ],
)
def test_the_format_refuses_what_is_no_frame(value: Any) -> None:
    with pytest.raises(EncodeError):
        FORM.encode(value)


# A private Fn, so that these tests tell how the format behaves and not what the standards' items look like.
PRIVATE = """
[[item]]
afn = 0x10
fn = 201
key = "private_forward"
en = "Private forwarding"
zh = "自定义转发"
[[item.layout]]
dir = "up"
fields = '''
content_length  u2
content         meter_frame[content_length]
'''
"""

ADDRESS = plms.Address("4401", 2)


def forwarded(content: Any) -> plms.Message:
    catalogue = plms.Catalogue().extended(PRIVATE, "private.toml")
    built = plms.unit("private_forward", {"content": content}, catalogue=catalogue)
    return plms.decode(bytes(plms.report(ADDRESS, [built], catalogue=catalogue)), catalogue=catalogue)


@pytest.mark.parametrize("text", [*SAMPLES, VENDOR, ""])
def test_forwarded_data_come_back_from_plain_data(text: str) -> None:
    message = forwarded(text)
    assert bytes(plms.from_dict(plms.to_dict(message), catalogue=message.catalogue)) == bytes(message)
    assert isinstance(message.units[0].value["content"], bytes) is (text in (VENDOR, ""))
    assert message.units[0].value["content_length"] == len(raw(text))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ([], ["content  114712000003 91 read 02010300 72 23"]),
        (["--lang", "zh"], ["114712000003 91 读数据 02010300 72 23"]),
        (["--format", "hex"], ["68 03 00 00 12 47 11 68", "114712000003 91 read 02010300 72 23"]),
        (
            ["--format", "csv"],
            ["content,,preamble=0 address=114712000003 control=91 data_identifier=02010300 data=7223"],
        ),
        (["--format", "jsonl"], ['"content": {"preamble": 0, "address": "114712000003", "control": "91"']),
    ],
)
def test_every_view_shows_the_frame(
    options: list[str], words: list[str], tmp_path: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    catalogue = tmp_path / "private.toml"
    catalogue.write_text(PRIVATE, encoding="utf-8")
    assert main(["decode", *options, "--catalogue", str(catalogue), bytes(forwarded(VOLTAGE)).hex()]) == 0
    printed = capsys.readouterr().out
    for word in words:
        assert word in printed


def test_refusals_and_continuations_are_shown_in_either_language() -> None:
    assert Words(zh=False).value(MeterFrame.parse(raw(REFUSED))) == "151230011061 D1 read error 02"
    assert Words(zh=True).value(MeterFrame.parse(raw(MORE))) == "151230011061 B1 读数据 有后续数据 00010000 01"
    assert Words(zh=False).value(MeterFrame("1" * 12, 0x1F)) == "111111111111 1F"
