"""The invariants of the link layer, on bytes that nobody thought of.

Any input, in any cut, gives the same frames, noise and index in both implementations, raises nothing, and every byte
is accounted for; and the index is what the definition at the head of `plmsproto.link.scan` says, taken literally.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from itertools import accumulate

import pytest
from budgets import examples
from hypothesis import example, given
from hypothesis import strategies as st
from implementations import FAST, PURE, Implementation, needs_fast
from stream_vectors import describe, frames_of, split

from plmsproto.errors import PlmsError
from plmsproto.link import TAG_130, TAG_376, Address, Control, Frame
from plmsproto.link import scan as pure_scan
from plmsproto.link.checksum import checksum as pure_checksum
from plmsproto.link.frame import frame_error

addresses = st.builds(
    Address,
    region=st.integers(0, 0xFFFF).map("{:04X}".format),
    terminal=st.integers(0, 0xFFFF),
    master=st.integers(0, 127),
    group=st.booleans(),
)
# Bytes that matter to a searcher come often.
payloads = st.lists(st.sampled_from(b"\x68\x16\x00\x21\x22\x32\xff") | st.integers(0, 255), max_size=60).map(bytes)
frames = st.builds(
    Frame,
    control=st.integers(0, 255).map(Control),
    address=addresses,
    user_data=st.tuples(payloads, payloads).map(lambda parts: b"\x0c\x60" + b"".join(parts)),
    tag=st.sampled_from([TAG_130, TAG_376]),
)


def head(length: int, tag: int) -> bytes:
    word = (length * 4 + tag).to_bytes(2, "little")
    return b"\x68" + word + word + b"\x68"


heads = st.builds(head, st.integers(7, 40) | st.integers(0, 16383), st.integers(0, 3))


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    data = bytearray(bytes(draw(frames)))
    position = draw(st.integers(0, len(data) - 1))
    match draw(st.sampled_from(["change", "drop", "insert", "cut"])):
        case "change":
            data[position] = draw(st.integers(0, 255))
        case "drop":
            del data[position]
        case "insert":
            data.insert(position, draw(st.integers(0, 255)))
        case _:
            del data[position:]
    return bytes(data)


@st.composite
def forged(draw: st.DrawFn) -> bytes:
    """Heads whose frames all end in this piece on a 16H: the checksum of every one has to be judged."""
    count = draw(st.integers(1, 12))
    size = draw(st.integers(6 * count + 16, 6 * count + 60))
    body = bytearray(b"\x16" * size)
    for number in range(count):
        last = draw(st.integers(6 * count + 2, size - 1))
        length = last + 1 - 6 * number - 8
        if length >= 8:
            body[6 * number : 6 * number + 6] = head(length, draw(st.sampled_from([1, 2])))
    return bytes(body)


streams = st.lists(
    st.binary(max_size=40) | frames.map(bytes) | mutated() | heads | forged() | st.just(b"\x68" * 7), max_size=8
).map(b"".join)


@st.composite
def cut_streams(draw: st.DrawFn) -> tuple[bytes, list[bytes]]:
    stream = draw(streams)
    points = sorted(draw(st.lists(st.integers(0, len(stream)), max_size=12)))
    return stream, [stream[a:b] for a, b in zip([0, *points], [*points, len(stream)], strict=True)]


def literal_scan(data: bytes, shortest: int = 8) -> Iterator[tuple[int, int]]:
    """The definition of a frame in a stream, word by word and as slow as that."""
    p = 0
    while (i := data.find(b"\x68", p)) >= 0:
        p = i + 1
        if len(data) - i < 6 or data[i + 5] != 0x68 or data[i + 1 : i + 3] != data[i + 3 : i + 5]:
            continue
        length, tag = divmod(int.from_bytes(data[i + 1 : i + 3], "little"), 4)
        size = length + 8
        if tag in (1, 2) and length >= shortest and len(data) - i >= size:
            frame = data[i : i + size]
            if frame[-1] == 0x16 and sum(frame[6:-2]) % 256 == frame[-2]:
                yield i, size
                p = i + size


@given(streams)
def test_the_index_is_what_the_definition_says(implementation: Implementation, stream: bytes) -> None:
    index = implementation.scan(stream)
    assert [(entry.offset, entry.length) for entry in index] == list(literal_scan(stream))
    wide = implementation.scan(stream, address_size=7)
    assert [(entry.offset, entry.length) for entry in wide] == list(literal_scan(stream, 10))


@given(streams)
def test_a_stream_fed_whole_has_the_frames_of_the_index(implementation: Implementation, stream: bytes) -> None:
    found = [stream[entry.span] for entry in implementation.scan(stream)]
    assert frames_of(split([stream])) == found


@needs_fast
@examples(300)
@given(cut_streams())
@example((head(16383, 2) * 3, [head(16383, 2)] * 3))
def test_both_implementations_split_alike(cut: tuple[bytes, list[bytes]]) -> None:
    stream, chunks = cut
    for pieces in (chunks, [stream[i : i + 1] for i in range(len(stream))]):
        for limit in (20, 16383):
            with PURE.in_use():
                expected = [describe(event) for event in split(pieces, max_length=limit)]
            with FAST.in_use():
                assert [describe(event) for event in split(pieces, max_length=limit)] == expected


@needs_fast
@given(streams)
def test_both_implementations_index_alike(stream: bytes) -> None:
    for options in ({}, {"address_size": 7}, {"max_length": 20}):
        assert PURE.scan(stream, **options) == FAST.scan(stream, **options)


@needs_fast
@given(st.binary(max_size=300))
def test_both_implementations_sum_alike(data: bytes) -> None:
    assert PURE.checksum(data) == FAST.checksum(data) == FAST.checksum(memoryview(data)) == sum(data) % 256


@needs_fast
@pytest.mark.parametrize("step", [1, 13, 4096, 1 << 20])
@pytest.mark.parametrize("end", [b"\x00", b"\x16"])
def test_both_implementations_agree_beyond_the_window_of_the_running_sum(end: bytes, step: int) -> None:
    """Overlapping candidates of 16 KB over more than two windows, frames at the end of each stretch."""
    frame = bytes(Frame(Control(0x88), Address("4401", 1), b"\x0c\x60" + bytes(range(100))))
    stretch = (head(16379, 2) + end * 4) * 9000
    stream = stretch + frame + stretch + frame
    with PURE.in_use():
        expected = [describe(event) for event in split(stream[i : i + step] for i in range(0, len(stream), step))]
    with FAST.in_use():
        events = split(stream[i : i + step] for i in range(0, len(stream), step))
    assert [describe(event) for event in events] == expected
    assert frames_of(events) == [frame, frame]
    assert PURE.scan(stream) == FAST.scan(stream)


@given(st.integers(5, 3000).flatmap(lambda gap: st.tuples(st.just(gap), st.integers(0, 255))))
@examples(50)
def test_a_valid_frame_among_forged_ones_is_judged_right_by_the_running_sum(
    implementation: Implementation, case: tuple[int, int]
) -> None:
    """The wanted frame overlaps candidates that failed, so that its checksum comes from the running sum."""
    gap, value = case
    wanted = bytes(Frame(Control(value), Address("4401", 1), b"\x10\x60" + bytes((value,)) * gap))
    summed = wanted + b"\x77\x16"
    stream = head(len(summed), 1) + summed + bytes(((sum(summed) + 1) % 256, 0x16))
    expected = list(literal_scan(stream))
    assert [(entry.offset, entry.length) for entry in implementation.scan(stream)] == expected
    assert any(size == len(wanted) for _, size in expected)


@pytest.mark.parametrize("unit", [head(16370, 2) + b"\x16" * 26, head(1470, 2)[:5]], ids=["long", "dense"])
@pytest.mark.parametrize("step", [1, 100, 1 << 20])
def test_forged_checksums_cost_no_more_than_two_passes(monkeypatch: pytest.MonkeyPatch, unit: bytes, step: int) -> None:
    """Counts the bytes that the reference sums: each at most once in vain, and once for the running sum."""
    summed = running = 0

    def counting_checksum(data: memoryview) -> int:
        nonlocal summed
        summed += len(data)
        return pure_checksum(data)

    def counting_accumulate(data: bytes, *, initial: int) -> Iterator[int]:
        nonlocal running
        running += len(data)
        return accumulate(data, initial=initial)

    monkeypatch.setattr(pure_scan, "checksum", counting_checksum)
    monkeypatch.setattr(pure_scan, "accumulate", counting_accumulate)
    stream = unit * (60_000 // len(unit))
    with PURE.in_use():
        assert frames_of(split(stream[i : i + step] for i in range(0, len(stream), step))) == []
    assert len(stream) // 3 < summed <= len(stream)
    assert len(stream) // 3 < running <= len(stream)


def test_clean_streams_need_no_running_sum(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(pure_scan, "accumulate")
    frame = bytes(Frame(Control(0x88), Address("4401", 1), b"\x0c\x60" + bytes(100)))
    damaged = frame[:-2] + bytes((frame[-2] ^ 1, 0x16))
    with PURE.in_use():
        assert frames_of(split([frame + damaged + frame])) == [frame, frame]


@given(st.binary(max_size=80) | mutated() | frames.map(bytes) | heads)
def test_parsing_gives_the_bytes_back_or_raises_the_documented_errors(data: bytes) -> None:
    for strict in (True, False):
        for address_size in (5, 7):
            with suppress(PlmsError):
                assert bytes(Frame.parse(data, strict=strict, address_size=address_size)) == data


@given(st.binary(max_size=40) | mutated() | frames.map(bytes) | heads, st.sampled_from([5, 7]))
def test_a_whole_frame_is_what_has_no_error(implementation: Implementation, content: bytes, address_size: int) -> None:
    for data in (content, content[:-1], content[1:], content + b"\x16", content[:5] + b"\x69" + content[6:]):
        error = frame_error(data, address_size=address_size)
        assert implementation.is_whole_frame(data, address_size=address_size) == (error is None)


@needs_fast
@given(st.binary(min_size=5, max_size=5) | st.binary(min_size=7, max_size=7))
def test_both_implementations_read_the_same_address(field: bytes) -> None:
    address = FAST.address_from(field)
    assert repr(address) == repr(PURE.address_from(field))
    assert bytes(address) == field
    assert address == Address(**{name: getattr(address, name) for name in Address.__slots__})


@given(frames)
def test_frames_survive_the_wire(frame: Frame) -> None:
    assert Frame.parse(bytes(frame)) == frame
