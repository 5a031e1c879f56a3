"""Splitting streams: real frames with everything that surrounds them, in all cuts."""

from __future__ import annotations

import pytest
from real_frames import real_frames
from stream_vectors import check_every_cut, describe, frames_of, split

from plmsproto.errors import BadChecksumError, BadStructureError, PlmsError, TruncatedError
from plmsproto.link import MAX_NETWORK, MAX_RADIO, Address, Control, Frame, FrameSplitter, Noise

pytestmark = pytest.mark.usefixtures("implementation")

INTACT = [bytes.fromhex(frame["hex"]) for frame in real_frames() if frame["intact"]]
DAMAGED = {frame["id"]: bytes.fromhex(frame["hex"]) for frame in real_frames() if not frame["intact"]}
LOGIN = bytes.fromhex("68 32 00 32 00 68 C9 01 44 02 00 00 02 70 00 00 01 00 83 16")
READ = bytes.fromhex("68 31 00 31 00 68 4B 01 44 02 00 02 0C 65 01 01 01 03 0B 16")

AROUND = {
    "nothing": b"",
    "preamble": b"\xfe\xfe\xfe\xfe",
    "one byte": b"\x55",
    "false start": b"\x68\x19\x09",
    "aborted head": bytes.fromhex("68 42 00 42 00 68"),
    "start bytes": b"\x68" * 7,
    "end bytes": b"\x16\x16",
    "text": b"+IPD,20:",
    "arbitrary": bytes(number * number % 251 for number in range(40)),
}


def noise(event: Frame | Noise) -> Noise:
    assert isinstance(event, Noise)
    return event


@pytest.mark.parametrize("stream", INTACT, ids=range(len(INTACT)))
def test_each_real_frame_alone_in_every_cut(stream: bytes) -> None:
    assert frames_of(check_every_cut(stream)) == [stream]


@pytest.mark.parametrize("before", AROUND)
@pytest.mark.parametrize("after", AROUND)
def test_a_frame_is_found_among_noise_in_every_cut(before: str, after: str) -> None:
    events = check_every_cut(AROUND[before] + LOGIN + AROUND[after])
    assert frames_of(events) == [LOGIN]
    assert len(events) == 1 + bool(AROUND[before]) + bool(AROUND[after])


@pytest.mark.parametrize("between", AROUND)
def test_glued_frames_in_every_cut(between: str) -> None:
    frames = [LOGIN, READ, INTACT[0], INTACT[-1]]
    assert frames_of(check_every_cut(AROUND[between].join(frames))) == frames


def test_all_real_frames_in_one_stream() -> None:
    stream = b"".join(INTACT)
    for step in (1, 7, 1460, len(stream)):
        assert frames_of(split(stream[i : i + step] for i in range(0, len(stream), step))) == INTACT


@pytest.mark.parametrize(
    ("key", "found"),
    [
        ("damaged-011", [(3, 20)]),
        ("damaged-025", [(4, 20)]),
        ("damaged-026", [(1, 26)]),
        ("damaged-027", [(1, 48)]),
        ("damaged-039", [(2, 26)]),
        ("damaged-040", [(0, 103)]),
    ],
)
def test_intact_frames_inside_damaged_captures_are_found(key: str, found: list[tuple[int, int]]) -> None:
    events = check_every_cut(DAMAGED[key])
    assert [(event.offset, event.size) for event in events if isinstance(event, Frame)] == found


@pytest.mark.parametrize(
    ("key", "kind", "offset", "reason"),
    [
        ("damaged-003", BadChecksumError, 0, "found E7, expected 67"),
        ("damaged-014", TruncatedError, 0, "18 of 20 bytes"),
        ("damaged-038", TruncatedError, 1, "63 of 84 bytes"),
        ("damaged-041", TruncatedError, 0, "50 of 76 bytes"),
        ("damaged-045", BadStructureError, 0, "no end byte: found 68"),
        ("damaged-054", BadStructureError, 0, "no frame head"),
        ("damaged-056", BadStructureError, 0, "China Southern Grid"),
    ],
)
def test_a_damaged_frame_is_one_noise_with_its_reason(
    key: str, kind: type[PlmsError], offset: int, reason: str
) -> None:
    for prefix in (b"", LOGIN):
        *frames, event = check_every_cut(prefix + DAMAGED[key])
        assert [bytes(frame) for frame in frames if isinstance(frame, Frame)] == [prefix] * bool(prefix)
        rest = noise(event)
        assert (rest.offset, rest.data, rest.length) == (len(prefix), DAMAGED[key], len(DAMAGED[key]))
        assert type(rest.error) is kind
        assert rest.error.offset == len(prefix) + offset
        assert reason in rest.reason


def test_the_first_head_that_can_be_believed_is_blamed() -> None:
    tag_0 = bytes.fromhex("68 40 00 40 00 68")
    wrong = READ[:-2] + b"\x0c\x16"
    (event,) = check_every_cut(b"\x55" + tag_0 + wrong)
    assert (type(noise(event).error), noise(event).error.offset) == (BadChecksumError, 7)
    (event,) = check_every_cut(b"\x55" + tag_0 + b"\x55")
    assert (type(noise(event).error), noise(event).error.offset) == (BadStructureError, 1)
    assert "tag" in noise(event).reason


def test_a_failed_candidate_costs_one_byte_not_its_length() -> None:
    head = bytes.fromhex("68 02 01 02 01 68")  # L1 = 64: would swallow both frames
    assert frames_of(check_every_cut(head + LOGIN + READ + bytes(60))) == [LOGIN, READ]


def test_a_frame_is_reported_with_its_last_byte() -> None:
    splitter = FrameSplitter()
    waiting = bytes.fromhex("68 FE FF FE FF 68")  # waits for 16 KB
    assert splitter.feed(waiting + LOGIN[:-1]) == []
    before, frame = splitter.feed(LOGIN[-1:])
    assert noise(before).data == waiting
    assert "6 of 16391 bytes" in noise(before).reason
    assert bytes(frame) == LOGIN
    assert splitter.held == 0


def nested() -> tuple[bytes, bytes]:
    inner = bytes(Frame(Control(0x4B), Address("4401", 2), b"\x0c\x60\x00"))
    return bytes(Frame(Control(0x88), Address("4401", 2), b"\x10\x60" + inner + b"\x00")), inner


def test_a_frame_inside_an_unfinished_one_is_seen_first() -> None:
    outer, inner = nested()
    assert frames_of(split([outer])) == [outer]
    assert frames_of(split([outer[:-1], outer[-1:]])) == [inner]
    assert frames_of(split([outer[:20], outer[20:]])) == [outer]


def test_of_two_candidates_that_end_in_one_chunk_the_first_wins() -> None:
    outer, inner = nested()
    begun = 13 + 7  # the inner head is complete, neither frame is
    assert frames_of(split([outer[:begun], outer[begun:]])) == [outer]
    damaged = outer[:-2] + bytes((outer[-2] ^ 1, 0x16))
    assert frames_of(split([damaged[:begun], damaged[begun:]])) == [inner]


def test_of_two_frames_that_overlap_the_first_wins_whichever_ends_first() -> None:
    head = bytes.fromhex("68 AA 00 AA 00 68")  # L1 = 42: ends behind the first frame
    first = bytes(Frame(Control(0x88), Address("4401", 2), b"\x10\x60" + head + b"\x88\x01\x44\x02\x00\x02\x0c\x60"))
    start = first.index(head, 6)
    summed = first[start + 6 :] + bytes(42 - len(first[start + 6 :]))
    stream = first[: start + 6] + summed + bytes((sum(summed) & 0xFF, 0x16))
    assert frames_of(split([stream[start:]])) == [stream[start:]]
    begun = start + 6
    assert frames_of(split([stream[:begun], stream[begun:]])) == [first]
    assert frames_of(check_every_cut(stream)) == [first]


def test_noise_is_held_back_until_the_next_frame() -> None:
    splitter = FrameSplitter()
    for _ in range(100):
        assert splitter.feed(b"\x55" * 10) == []
    assert splitter.held == 1000
    run, frame = splitter.feed(LOGIN)
    assert (noise(run).offset, noise(run).data) == (0, b"\x55" * 1000)
    assert frame.offset == 1000


def test_close_ends_a_stream_and_offsets_go_on() -> None:
    splitter = FrameSplitter()
    assert splitter.feed(LOGIN[:12]) == []
    (rest,) = splitter.close()
    assert (noise(rest).offset, noise(rest).data) == (0, LOGIN[:12])
    assert isinstance(noise(rest).error, TruncatedError)
    assert splitter.close() == []
    # What was cut off does not come back to life.
    (tail, frame) = splitter.feed(LOGIN[12:] + READ)
    assert (noise(tail).offset, frame.offset, bytes(frame)) == (12, 20, READ)


@pytest.mark.parametrize("step", [1, 5, 1000, 70_000])
@pytest.mark.parametrize(
    "unit",
    [
        b"\x55",
        b"\x68",
        bytes.fromhex("68 FE FF FE FF"),  # a head of 16 KB in every fifth byte
        bytes.fromhex("68 FA 16 FA 16"),  # the same with 16H at every end
        bytes.fromhex("68 EE FF EE FF 68 16 16 16 16"),
    ],
    ids=bytes.hex,
)
def test_endless_noise_is_held_in_bounds_and_loses_no_frame(unit: bytes, step: int) -> None:
    stream = unit * (40_000 // len(unit)) + READ
    stream += unit * (20_000 // len(unit)) + LOGIN
    assert frames_of(split(stream[i : i + step] for i in range(0, len(stream), step))) == [READ, LOGIN]


def test_the_limit_of_length_is_kept_and_bounds_the_memory() -> None:
    fits = bytes(Frame(Control(0x88), Address("4401", 1), bytes(MAX_RADIO - 6)))
    too_long = bytes(Frame(Control(0x88), Address("4401", 1), bytes(MAX_RADIO - 5)))
    events = check_every_cut(fits, max_length=MAX_RADIO)
    assert frames_of(events) == [fits]
    (event,) = split([too_long], max_length=MAX_RADIO)
    assert noise(event).reason.startswith("length above the limit: found L1 = 256, expected 255 or less")
    assert frames_of(split([too_long[i : i + 1] for i in range(len(too_long))], max_length=MAX_RADIO)) == []


def test_the_largest_frame_passes_byte_by_byte() -> None:
    largest = bytes(Frame(Control(0x88), Address("4401", 1), b"\x68\x16" * ((MAX_NETWORK - 6) // 2) + b"\x00"))
    assert len(largest) == MAX_NETWORK + 8
    assert frames_of(split(largest[i : i + 1] for i in range(len(largest)))) == [largest]


def test_seven_byte_addresses() -> None:
    address = Address("1200", 0x12345678, 5, terminal_size=4)
    frame = Frame(Control(0x88), address, b"\x0c\x60\x01")
    events = check_every_cut(b"\xfe" + bytes(frame), address_size=7)
    assert events[1] == frame
    # L1 = 9 is too small there.
    short = bytes(Frame(Control(0x88), Address("1200", 1), b"\x0c\x60\x01"))
    assert frames_of(check_every_cut(short, address_size=7)) == []


@pytest.mark.parametrize("chunk", [bytes, bytearray, memoryview])
def test_any_bytes_can_be_fed(chunk: type) -> None:
    (frame,) = FrameSplitter().feed(chunk(LOGIN))
    assert bytes(frame) == LOGIN


@pytest.mark.parametrize("options", [{"address_size": 6}, {"max_length": 7}, {"max_length": 16384}])
def test_impossible_options_are_the_callers_fault(options: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=next(iter(options))) as caught:
        FrameSplitter(**options)
    assert not isinstance(caught.value, PlmsError)


def test_frames_carry_what_parsing_them_gives() -> None:
    events = split([b"".join(INTACT)])
    assert events == [Frame.parse(data) for data in INTACT]
    assert describe(events[1])[1] == len(INTACT[0])


@pytest.mark.parametrize(
    ("tail", "kind"),
    [
        ("68 32", BadStructureError),  # a stray start byte looks the same
        ("68 32 00 32", TruncatedError),
        ("11 68 32 00 32 00", TruncatedError),
        ("68 32 00 33 00", BadStructureError),
    ],
)
def test_a_head_that_the_end_cuts_is_told_from_noise(tail: str, kind: type[PlmsError]) -> None:
    splitter = FrameSplitter()
    splitter.feed(bytes.fromhex(tail))
    [noise] = splitter.close()
    assert isinstance(noise, Noise)
    assert type(noise.error) is kind
    assert noise.head == (bytes.fromhex(tail).index(0x68) if kind is TruncatedError else None)
