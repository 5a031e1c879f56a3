"""Frames to and from bytes: real ones, the samples, and everything that can be wrong with one."""

from __future__ import annotations

from typing import Any

import pytest
from implementations import Implementation
from real_frames import real_frames

from plmsproto.errors import BadChecksumError, BadStructureError, EncodeError, PlmsError, TruncatedError
from plmsproto.link import MAX_NETWORK, MAX_RADIO, TAG_130, TAG_376, Address, Control, Direction, Frame

pytestmark = pytest.mark.usefixtures("implementation")

INTACT = [frame for frame in real_frames() if frame["intact"]]
DAMAGED = {frame["id"]: frame for frame in real_frames() if not frame["intact"]}

# What a strict parser must say of each damaged real frame, by its description.
EXPECTED: dict[str, tuple[type[PlmsError], str]] = {
    "damaged-003": (BadChecksumError, "found E7, expected 67"),
    "damaged-006": (BadChecksumError, "found 63, expected F7"),
    "damaged-007": (BadChecksumError, "found 3B, expected 50"),
    "damaged-008": (BadChecksumError, "found 20, expected B2"),
    "damaged-009": (BadChecksumError, "found CB, expected 03"),
    "damaged-011": (BadStructureError, "length words differ"),  # 68 19 09 before the frame
    "damaged-012": (BadChecksumError, "found 05, expected B6"),
    "damaged-014": (TruncatedError, "18 of 20 bytes"),
    "damaged-020": (TruncatedError, "40 of 43 bytes"),
    "damaged-021": (BadChecksumError, "found A4, expected B4"),
    "damaged-022": (BadChecksumError, "found D8, expected A6"),
    "damaged-025": (BadStructureError, "no start byte: found FE"),
    "damaged-026": (BadStructureError, "no start byte: found 55"),
    "damaged-027": (BadStructureError, "no start byte: found 55"),
    "damaged-028": (BadChecksumError, "found 35, expected 36"),
    "damaged-029": (BadChecksumError, "found 76, expected BF"),
    "damaged-031": (BadChecksumError, "found 7C, expected C5"),
    "damaged-032": (BadChecksumError, "found 84, expected CD"),
    "damaged-033": (BadChecksumError, "found 94, expected DD"),
    "damaged-034": (BadChecksumError, "found B4, expected FD"),
    "damaged-037": (BadChecksumError, "found CF, expected CD"),
    "damaged-038": (BadStructureError, "no start byte: found 55"),
    "damaged-039": (BadStructureError, "no start byte: found 11"),
    "damaged-040": (BadStructureError, "bytes after the end of the frame: found 1 more"),
    "damaged-041": (TruncatedError, "50 of 76 bytes"),
    "damaged-043": (TruncatedError, "43 of 45 bytes"),
    "damaged-045": (BadStructureError, "the length says 22 bytes, 56 are there"),
    "damaged-046": (BadChecksumError, "found B2, expected C6"),
    "damaged-051": (BadChecksumError, "found 65, expected 13"),
    "damaged-054": (BadStructureError, "no start byte: found 44"),
    "damaged-055": (TruncatedError, "9 of 20 bytes"),
    "damaged-056": (BadStructureError, "China Southern Grid"),
}

LOGIN = bytes.fromhex("68 32 00 32 00 68 C9 01 44 02 00 00 02 70 00 00 01 00 83 16")


@pytest.mark.parametrize("record", INTACT, ids=lambda record: record["id"])
def test_intact_real_frames_parse_and_come_back(record: dict[str, Any]) -> None:
    data = bytes.fromhex(record["hex"])
    frame = Frame.parse(data)
    assert bytes(frame) == data
    assert frame.tag == {"130": TAG_130, "376": TAG_376}[record["tag"]]
    assert frame.control.direction == record["dir"]
    assert frame.user_data[0] == int(record["afn"], 16)
    assert (frame.size, frame.error, frame.checksum) == (len(data), None, None)
    assert bytes(Frame.parse(data, strict=False)) == data


def test_every_damaged_real_frame_has_an_expectation() -> None:
    assert EXPECTED.keys() == DAMAGED.keys()


@pytest.mark.parametrize("key", EXPECTED)
def test_damaged_real_frames_get_the_most_telling_error(key: str) -> None:
    kind, text = EXPECTED[key]
    with pytest.raises(PlmsError) as caught:
        Frame.parse(bytes.fromhex(DAMAGED[key]["hex"]))
    assert type(caught.value) is kind
    assert text in str(caught.value)


@pytest.mark.parametrize("key", [key for key, (kind, _) in EXPECTED.items() if kind is BadChecksumError])
def test_lenient_parsing_keeps_a_wrong_checksum(key: str) -> None:
    data = bytes.fromhex(DAMAGED[key]["hex"])
    frame = Frame.parse(data, strict=False)
    assert isinstance(frame.error, BadChecksumError)
    assert frame.error.offset == len(data) - 2
    right = sum(data[6:-2]) & 0xFF
    assert frame.checksum == data[-2] != right
    assert bytes(frame) == data
    frame.checksum = None
    assert bytes(frame) == data[:-2] + bytes((right, 0x16))


@pytest.mark.parametrize("key", [key for key, (kind, _) in EXPECTED.items() if kind is not BadChecksumError])
def test_lenient_parsing_puts_up_with_nothing_else(key: str) -> None:
    with pytest.raises(EXPECTED[key][0]):
        Frame.parse(bytes.fromhex(DAMAGED[key]["hex"]), strict=False)


SAMPLES = {
    "login": (
        LOGIN.hex(),
        Frame(Control.up(9, prm=True), Address("4401", 2), bytes.fromhex("0270 00000100")),
    ),
    "confirm all": (
        "68 32 00 32 00 68 0B 01 44 02 00 00 00 60 00 00 01 00 B3 16",
        Frame(Control.down(11, prm=False), Address("4401", 2), bytes.fromhex("0060 00000100")),
    ),
    "confirm by unit": (
        "68 4A 00 4A 00 68 0B 01 44 02 00 00 00 60 00 00 04 00 02 00 00 01 00 00 B9 16",
        Frame(Control.down(11, prm=False), Address("4401", 2), bytes.fromhex("0060 00000400 02 00000100 00")),
    ),
    "heartbeat": (
        "68 4A 00 4A 00 68 C9 01 44 02 00 00 02 71 00 00 04 00 59 07 13 15 A3 24 D6 16",
        Frame(Control.up(9, prm=True), Address("4401", 2), bytes.fromhex("0271 00000400 59071315A324")),
    ),
    "read, 130": (
        "68 31 00 31 00 68 4B 01 44 02 00 02 0C 65 01 01 01 03 0B 16",
        Frame(Control.down(11), Address("4401", 2, 1), bytes.fromhex("0C65 01010103"), TAG_130),
    ),
    "read, 376": (
        "68 32 00 32 00 68 4B 01 44 02 00 02 0C 65 01 01 01 03 0B 16",
        Frame(Control.down(11), Address("4401", 2, 1), bytes.fromhex("0C65 01010103"), TAG_376),
    ),
    "set, 130, PW": (
        "68 51 00 51 00 68 44 01 44 02 00 02 04 75 00 00 01 00 05 01 1E 30 03 05 AB 10 1E 16",
        Frame(Control.down(4), Address("4401", 2, 1), bytes.fromhex("0475 00000100 05011E300305 AB10"), TAG_130),
    ),
    "read, FCB": (
        "68 32 00 32 00 68 7B 01 58 11 28 02 0C 60 02 01 01 10 8F 16",
        Frame(Control.down(11, fcb=True), Address("5801", 0x2811, 1), bytes.fromhex("0C60 02010110")),
    ),
    "reset, PW and Tp": (
        "68 8A 00 8A 00 68 41 03 44 07 00 02 01 F1 00 00 02 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 C1 37 "
        "58 10 17 00 FC 16",
        Frame(
            Control.down(1),
            Address("4403", 7, 1),
            bytes.fromhex("01F1 00000200") + bytes(16) + bytes.fromhex("C13758101700"),
        ),
    ),
    "forwarding": (
        "68 A6 00 A6 00 68 7B 34 12 01 00 02 10 61 00 00 01 01 1F 00 12 90 78 56 34 12 01 00 FF 01 00 90 78 56 34 12 "
        "90 78 56 34 12 90 78 56 34 12 90 89 16",
        Frame(
            Control.down(11, fcb=True),
            Address("1234", 1, 1),
            bytes.fromhex("1061 00000101 1F00 129078563412 0100FF01 00 907856341290785634129078563412 90"),
        ),
    ),
}


@pytest.mark.parametrize("name", SAMPLES)
def test_sample_frames_have_their_stated_parts(name: str) -> None:
    text, frame = SAMPLES[name]
    assert Frame.parse(bytes.fromhex(text)) == frame
    assert bytes(frame) == bytes.fromhex(text)


def test_parts_of_a_frame() -> None:
    frame = Frame.parse(LOGIN)
    assert frame.control.direction is Direction.UP
    assert (frame.length, frame.length_word, frame.size) == (12, 0x32, 20)
    assert frame.checksum is None
    assert bytes(frame)[-2] == 0x83
    assert repr(frame) == (
        "Frame(Control(0xC9: up, PRM=1, ACD=0, D4=0, function 9 link test), Address(region='4401', terminal=2, "
        "master=0, group=False, terminal_size=2), user_data=02 70 00 00 01 00, tag=TAG_376, offset=0)"
    )


def test_place_and_error_do_not_make_frames_differ() -> None:
    frame, moved = Frame.parse(LOGIN), Frame.parse(LOGIN)
    moved.offset = 100
    assert frame == moved
    moved.checksum = 0
    assert frame != moved


@pytest.mark.parametrize("size", range(len(LOGIN)))
def test_every_beginning_of_a_frame_is_truncated(size: int) -> None:
    with pytest.raises(TruncatedError) as caught:
        Frame.parse(LOGIN[:size])
    assert caught.value.offset == size


def changed(position: int, *values: int) -> bytes:
    return LOGIN[:position] + bytes(values) + LOGIN[position + len(values) :]


@pytest.mark.parametrize(
    ("data", "kind", "offset"),
    [
        (changed(0, 0x69), BadStructureError, 0),
        (changed(1, 0x36), BadStructureError, 3),
        (changed(4, 0x01), BadStructureError, 3),
        (changed(5, 0x86), BadStructureError, 5),
        (changed(1, 0x30, 0, 0x30, 0), BadStructureError, 1),  # tag 0
        (changed(1, 0x33, 0, 0x33, 0), BadStructureError, 1),  # tag 3
        (changed(1, 0x1E, 0, 0x1E, 0), BadStructureError, 1),  # L1 = 7
        (changed(1, 0x36, 0, 0x36, 0), TruncatedError, 20),  # L1 = 13
        (changed(1, 0x2E, 0, 0x2E, 0), BadStructureError, 18),  # L1 = 11
        (changed(19, 0x17), BadStructureError, 19),
        (LOGIN + b"\x16", BadStructureError, 20),
        (changed(6, 0xCA), BadChecksumError, 18),
        (changed(18, 0x84), BadChecksumError, 18),
        (LOGIN[:18] + b"\x59\x07\x13" + LOGIN[18:], BadStructureError, 19),  # a clock appended, L left at 12
        (changed(18, 0x84) + b"\x00", BadStructureError, 20),  # the extent is judged before the checksum
    ],
)
def test_each_rule_of_the_frame_is_checked(data: bytes, kind: type[PlmsError], offset: int) -> None:
    with pytest.raises(PlmsError) as caught:
        Frame.parse(data)
    assert (type(caught.value), caught.value.offset) == (kind, offset)


@pytest.mark.parametrize("word", [0x38, 0x39, 0x3A, 0x3B])
def test_plain_byte_count_framing_is_recognised_whatever_tag_it_seems_to_have(word: int) -> None:
    summed = bytes(range(word))
    head = b"\x68" + bytes((word, 0)) * 2 + b"\x68"
    good = head + summed + bytes((sum(summed) & 0xFF, 0x16))
    with pytest.raises(BadStructureError, match="China Southern Grid"):
        Frame.parse(good)
    with pytest.raises(BadStructureError) as caught:
        Frame.parse(good[:-2] + b"\x00\x16")
    assert "China" not in str(caught.value)


def test_smallest_and_largest_frames() -> None:
    smallest = Frame(Control.down(11), Address("4401", 1), b"\x0c\x60")
    assert smallest.length == 8
    assert Frame.parse(bytes(smallest)) == smallest
    largest = Frame(Control.down(11), Address("4401", 1), bytes(MAX_NETWORK - 6))
    assert len(bytes(largest)) == MAX_NETWORK + 8
    assert Frame.parse(bytes(largest)) == largest


def test_a_seven_byte_address_is_an_option() -> None:
    address = Address("1200", 0x12345678, 5, terminal_size=4)
    frame = Frame(Control.up(8), address, b"\x0c\x60\x01")
    data = bytes(frame)
    assert data[7:14] == bytes(address)
    assert Frame.parse(data, address_size=7) == frame
    assert Frame.parse(data).user_data == data[12:-2]
    small = bytes(Frame(Control.up(8), Address("1200", 1), b"\x0c\x60\x01"))  # L1 = 9
    with pytest.raises(BadStructureError, match="L1 = 9, expected 10 or more"):
        Frame.parse(small, address_size=7)


@pytest.mark.parametrize(
    "frame",
    [
        Frame(Control(0), Address("4401", 1), bytes(MAX_NETWORK - 5)),
        Frame(Control(0), Address("4401", 1, terminal_size=4), bytes(MAX_NETWORK - 7)),
        Frame(Control(0), Address("4401", 1), b"\x0c"),
        Frame(Control(0), Address("4401", 1), b"\x0c\x60", 0),
        Frame(Control(0), Address("4401", 1), b"\x0c\x60", 3),
        Frame(Control(0), Address("4401", 1), b"\x0c\x60", checksum=256),
    ],
)
def test_frames_that_cannot_travel_are_refused(frame: Frame) -> None:
    with pytest.raises(EncodeError):
        bytes(frame)


def test_the_radio_limit_is_the_callers_choice() -> None:
    frame = Frame(Control(0), Address("4401", 1), bytes(MAX_RADIO - 6))
    assert frame.encode(max_length=MAX_RADIO) == bytes(frame)
    frame.user_data += b"\x00"
    assert len(bytes(frame)) == MAX_RADIO + 9
    with pytest.raises(EncodeError, match="L1 = 256"):
        frame.encode(max_length=MAX_RADIO)


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_any_bytes_will_do(kind: type) -> None:
    frame = Frame.parse(kind(LOGIN))
    assert bytes(frame) == LOGIN
    assert type(frame.user_data) is bytes


def test_an_impossible_address_size_is_the_callers_fault() -> None:
    with pytest.raises(ValueError, match="5 or 7") as caught:
        Frame.parse(LOGIN, address_size=6)
    assert not isinstance(caught.value, PlmsError)


def test_both_implementations_sum_alike(implementation: Implementation) -> None:
    for size in (0, 1, 15, 16, 17, 255, 4099):
        data = bytes(255 - i % 251 for i in range(size))
        assert implementation.checksum(data) == sum(data) % 256
        assert implementation.checksum(bytearray(data)) == implementation.checksum(memoryview(data)) == sum(data) % 256
