"""Frames in text: every dress in which people and tools print hex."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plmsproto.errors import BadChecksumError, BadStructureError, TruncatedError
from plmsproto.hextext import frames_in_text, line_bytes, looks_like_text
from plmsproto.link import Frame, Noise

HEARTBEAT = bytes.fromhex("683200320068C920210700000271000004008816")
CLOCK = bytes.fromhex("684A004A00688800000100020C60000002004948111552151716")


def spaced(data: bytes, separator: str = " ") -> str:
    return data.hex(separator).upper()


@pytest.mark.parametrize(
    ("line", "data", "bare"),
    [
        ("68 32 00", b"\x68\x32\x00", True),
        ("683200", b"\x68\x32\x00", True),
        ("0x68, 0x32,0x00", b"\x68\x32\x00", True),
        ("68H 32h 00H", b"\x68\x32\x00", True),
        ("[68-32-00]", b"\x68\x32\x00", True),
        (r"b'\x68\x32\x00'", b"\x68\x32\x00", False),
        ("2024-03-15 13:07:59 RX 683200", bytes.fromhex("20240315130759683200"), False),
        ("Recv683200320068C9", bytes.fromhex("683200320068C9"), False),
        ("0010  68 32 00", b"\x68\x32\x00", True),
        ("00000010: 6832 0032 0068  h2.2.h", bytes.fromhex("683200320068"), True),
        (
            "00000000  68 32 00 32 00 68 c9 20  21 07 00 00  |h2.2.h. !...|",
            bytes.fromhex("683200320068c92021070000"),
            True,
        ),
        ("connection closed", b"", False),
        ("", b"", False),
        ("683200320", bytes.fromhex("68320032"), False),
        ("took 125 ms", b"", False),
    ],
)
def test_line_bytes_takes_out_the_hex(line: str, data: bytes, bare: bool) -> None:
    assert line_bytes(line) == (data, bare)


DRESSES = {
    "spaced": [spaced(HEARTBEAT)],
    "packed": [HEARTBEAT.hex()],
    "with 0x and commas": [", ".join(f"0x{byte:02X}" for byte in HEARTBEAT)],
    "H behind": [" ".join(f"{byte:02X}H" for byte in HEARTBEAT)],
    "escaped": ["got b'" + "".join(f"\\x{byte:02x}" for byte in HEARTBEAT) + "'"],
    "time and words before": ["2024-03-15 13:07:59.120 [INFO] <- 10.0.0.5:1022 " + spaced(HEARTBEAT)],
    "Chinese words around": ["上行报文：" + spaced(HEARTBEAT) + "（心跳）"],
    "glued to a word": ["Rx" + HEARTBEAT.hex()],
    "wake-up bytes before": ["FE FE FE FE " + spaced(HEARTBEAT)],
    "wrapped": [spaced(HEARTBEAT[:7]), spaced(HEARTBEAT[7:13]), spaced(HEARTBEAT[13:])],
    "wrapped behind words": ["RX: " + spaced(HEARTBEAT[:7]), spaced(HEARTBEAT[7:])],
    "hexdump": [
        "00000000  " + spaced(HEARTBEAT[:16]) + "  |h2.2.h. !....q..|",
        "00000010  " + spaced(HEARTBEAT[16:]) + "  |....|",
    ],
    "xxd": [
        "00000000: " + HEARTBEAT[:16].hex(" ", 2) + "  h2.2.h. !....q..",
        "00000010: " + HEARTBEAT[16:].hex(" ", 2) + "  ....",
    ],
}


@pytest.mark.parametrize("lines", DRESSES.values(), ids=DRESSES.keys())
def test_a_frame_is_found_in_any_dress(lines: list[str]) -> None:
    found = list(frames_in_text(["started", *lines, "stopped", spaced(CLOCK)]))
    assert [bytes(each.event) for each in found] == [HEARTBEAT, CLOCK]
    assert [each.line for each in found] == [2, len(lines) + 3]


def test_two_frames_on_a_line_are_two() -> None:
    found = list(frames_in_text([spaced(HEARTBEAT + CLOCK)]))
    assert [(each.line, each.event.offset, bytes(each.event)) for each in found] == [(1, 0, HEARTBEAT), (1, 20, CLOCK)]


def test_a_cut_frame_is_told_and_the_next_line_begins_anew() -> None:
    found = list(frames_in_text(["RX " + spaced(HEARTBEAT[:12]), "RX " + spaced(CLOCK)]))
    assert isinstance(found[0].event, Noise)
    assert isinstance(found[0].event.error, TruncatedError)
    assert found[0].event.data == HEARTBEAT[:12]
    assert bytes(found[1].event) == CLOCK


def test_damaged_frames_on_following_lines_are_told_one_by_one() -> None:
    wrong = HEARTBEAT[:-2] + b"\x00\x16"
    found = list(frames_in_text([spaced(wrong), spaced(CLOCK[:20]), spaced(wrong), spaced(HEARTBEAT)]))
    assert [(each.line, type(getattr(each.event, "error", None))) for each in found] == [
        (1, BadChecksumError),
        (2, TruncatedError),
        (3, BadChecksumError),
        (4, type(None)),
    ]


def test_bare_hex_without_a_frame_is_told_but_log_text_is_not() -> None:
    found = list(frames_in_text(["2024-03-15 13:07:59", "took 1200 ms", "DE AD BE EF " * 4]))
    assert [(each.line, type(each.event.error)) for each in found] == [(3, BadStructureError)]


def test_offsets_count_from_the_line() -> None:
    found = list(frames_in_text(["log words", spaced(HEARTBEAT), spaced(b"\x11\x22" + CLOCK)]))
    assert [each.event.offset for each in found] == [0, 2]
    assert all(isinstance(each.event, Frame) for each in found)


@pytest.mark.parametrize(
    ("sample", "text"),
    [
        (b"2024-03-15 RX 68 32 00", True),
        ("上行报文".encode("gbk") + b" 68 32", True),
        (b"", True),
        (HEARTBEAT, False),
        (b"\xfe\xfe\xfe\xfe" + CLOCK, False),
    ],
)
def test_text_and_binary_are_told_apart(sample: bytes, text: bool) -> None:
    assert looks_like_text(sample) is text


@given(st.lists(st.text(max_size=60), max_size=8))
def test_any_text_is_read_without_an_error(lines: list[str]) -> None:
    for found in frames_in_text(lines):
        assert 1 <= found.line <= len(lines)
