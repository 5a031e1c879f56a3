"""Logs: what is told at a glance and what is looked at closely come to the same, wherever a log is cut and resumed."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise
from pathlib import Path

import pytest
from budgets import examples
from hypothesis import given
from hypothesis import strategies as st
from real_frames import real_frames

from plmsproto.archive.logs import LogPlace, LogReader, Records
from plmsproto.hextext import FrameText
from plmsproto.link import Frame

EXAMPLE = Path(__file__).parents[2] / "examples" / "day.log"
HEARTBEAT = bytes.fromhex("683200320068C920210700000271000004008816")
CLOCK = bytes.fromhex("684A004A00688800000100020C60000002004948111552151716")
BAD = bytes.fromhex("683100310068 4BFFFFFFFF020C60000001000516")
CUT = CLOCK[:17]
INTACT = [bytes.fromhex(each["hex"]) for each in real_frames() if each["intact"]]


def spaced(data: bytes) -> str:
    return data.hex(" ").upper()


def closely(text: bytes) -> list[tuple[bytes, int]]:
    """What ``plmsproto decode`` finds: data, and where the line begins."""
    finder, found, starts, offset = FrameText(), [], [], 0
    for line in text.splitlines(keepends=True):
        starts.append(offset)
        offset += len(line)
        found += finder.feed(line.decode("latin-1"))
    found += finder.close()
    return [
        (bytes(each.event) if isinstance(each.event, Frame) else each.event.data, starts[each.line - 1])
        for each in found
    ]


def read(*blocks: bytes, place: LogPlace | None = None) -> list[Records]:
    reader = LogReader(place or LogPlace())
    return [*(reader.feed(block) for block in blocks), reader.close()]


def together(parts: list[Records]) -> list[tuple[bytes, int]]:
    return [each for part in parts for each in zip(part.data, part.offsets, strict=True)]


LINES = [
    f"2024-03-15 08:00:03.120 10.1.7.55:40211 RX {spaced(HEARTBEAT)}",
    f"2024-03-15 08:00:03.120 10.1.7.55:40268 RX {CLOCK.hex()}",
    f"2024-03-15 08:00:03 {spaced(CLOCK)}  ",
    f"08:68:03 68 32 00 {spaced(HEARTBEAT)}",
    f"RX 68 32 00 32 00 68 {spaced(HEARTBEAT)}",
    f"RX 68 32 00 32 00 {spaced(HEARTBEAT)}",
    f"68320032 68 {spaced(HEARTBEAT)}",
    f"RX: {spaced(BAD)}",
    f"RX: {spaced(CUT)}",
    spaced(CUT),
    spaced(CLOCK[17:]),
    spaced(CLOCK[17:]) + " " + spaced(CUT),
    spaced(HEARTBEAT),
    HEARTBEAT.hex() + CLOCK.hex(),
    "FE FE FE FE " + spaced(HEARTBEAT),
    spaced(BAD),
    "11 22 33 44 55 66 77 88 99 AA BB CC DD EE FF",
    f"00000000  {HEARTBEAT[:16].hex(' ')}  |h2.2.h. !...|",
    f"00000010  {HEARTBEAT[16:].hex(' ')}  |..|",
    f"0x0010: {HEARTBEAT.hex(' ')}",
    ", ".join(f"0x{byte:02X}" for byte in HEARTBEAT),
    "got b'" + "".join(f"\\x{byte:02x}" for byte in HEARTBEAT) + "'",
    r"from \x68 " + spaced(HEARTBEAT),
    "Rx" + HEARTBEAT.hex(),
    "0x" + HEARTBEAT.hex(),
    f"Rx683200320068 {spaced(HEARTBEAT)}",
    "2024-03-15 08:00:00.004 head-end started, listening on port 20068",
    "2024-03-15 08:00:00.004 poll begins",
    "上行报文：" + spaced(HEARTBEAT),
    "上行报文：" + spaced(HEARTBEAT) + "（心跳）",
    "connection closed\rRX " + spaced(HEARTBEAT),
    "",
    "16",
    "[7]",
]


@examples(300)
@given(
    st.lists(st.sampled_from(LINES), max_size=12),
    st.sampled_from(["\n", "\r\n"]),
    st.lists(st.integers(0, 12)),
    st.booleans(),
)
def test_both_ways_find_the_same(lines: list[str], end: str, cuts: list[int], ended: bool) -> None:
    raw = [(line + end).encode() for line in lines]
    if raw and not ended:
        raw[-1] = raw[-1].rstrip(b"\r\n")
    text = b"".join(raw)
    edges = sorted({0, len(raw), *(cut for cut in cuts if cut < len(raw))})
    blocks = [b"".join(raw[start:stop]) for start, stop in pairwise(edges)]
    assert together(read(*blocks)) == closely(text)


@examples(200)
@given(st.lists(st.sampled_from(LINES), max_size=12), st.integers(0, 12))
def test_a_log_can_be_left_and_resumed_between_any_two_lines(lines: list[str], cut: int) -> None:
    raw = [(line + "\n").encode() for line in lines]
    text = b"".join(raw)
    whole = read(text)
    reader = LogReader(LogPlace())
    before = reader.feed(b"".join(raw[:cut]))
    place = reader.place
    after = read(text[place.offset :], place=place)
    assert together([before, *after]) == together(whole)
    headings = [heading for part in (before, *after) for heading in part.headings]
    assert headings == [heading for part in whole for heading in part.headings]


def test_a_line_can_be_left_in_the_middle() -> None:
    frames = [HEARTBEAT, CLOCK, *INTACT[:20]] * 40
    text = "10.1.1.1:5 " + b"".join(frames).hex(" ")
    for size in (1000, 30_000):
        size = size // 3 * 3 + len("10.1.1.1:5 ")
        reader = LogReader(LogPlace())
        parts = [reader.feed(text[:size].encode())]
        place = reader.place
        parts += read(text[place.offset :].encode(), place=place)
        assert [data for data, _ in together(parts)] == frames
        assert {heading.peer for part in parts for heading in part.headings} == {"10.1.1.1:5"}


def test_every_real_frame_is_found_at_a_glance_and_closely() -> None:
    lines = [f"2024-03-15 08:00:03.120 10.1.7.55:40211 RX {spaced(frame)}\n" for frame in INTACT]
    lines += [f"{frame.hex()}\n" for frame in INTACT]
    text = "".join(lines).encode()
    assert [data for data, _ in together(read(text))] == INTACT * 2
    assert together(read(text)) == closely(text)


def test_the_example_is_read_as_the_decoder_reads_it() -> None:
    text = EXAMPLE.read_bytes()
    assert together(read(text)) == closely(text)


def test_time_and_peer_are_those_of_the_line_of_the_frame_or_of_the_words_above_it() -> None:
    text = f"""\
2024-03-15 08:00:03.120 10.1.7.55:40211 RX {spaced(HEARTBEAT)}
2024-03-15 08:00:04 clock command on COM3:
{spaced(CLOCK[:9])}
{spaced(CLOCK[9:])}
{spaced(HEARTBEAT)}
08:00:05 RX {spaced(HEARTBEAT)}
{spaced(HEARTBEAT)}
2024-03-15 08:00:06 {spaced(CLOCK)}
{spaced(HEARTBEAT)}
RX {spaced(HEARTBEAT)}
"""
    parts = read(text.encode())
    said = [(heading.time, heading.peer) for part in parts for heading in part.headings]
    second = [
        (dt.datetime(2024, 3, 15, 8, 0, at, fraction) - dt.datetime(1970, 1, 1)) // dt.timedelta(microseconds=1)
        for at, fraction in ((3, 120_000), (4, 0), (6, 0))
    ]
    assert said == [
        (second[0], "10.1.7.55:40211"),
        (second[1], "COM3"),
        (second[1], "COM3"),
        (None, None),
        (None, None),
        (second[2], None),
        (second[2], None),
        (None, None),
    ]


def test_places_count_the_bytes_of_the_file_in_utf_16() -> None:
    reader = LogReader(LogPlace(), width=2)
    text = f"?started\r\nRX {spaced(HEARTBEAT)}\r\nRX {spaced(BAD)}\r\nend\r\n".encode()
    records = reader.feed(text)
    assert records.offsets == [2 * text.index(b"RX"), 2 * text.rindex(b"RX")]
    assert reader.place.offset == 2 * len(text)


@pytest.mark.parametrize("line", LINES)
def test_what_is_held_is_bounded(line: str) -> None:
    reader = LogReader(LogPlace())
    for _ in range(600):
        reader.feed((line + "\n").encode())
    assert len(reader._said) < 3000
