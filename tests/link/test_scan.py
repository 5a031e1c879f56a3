"""Indexing whole buffers, and what both implementations owe to a caller."""

from __future__ import annotations

import copy
import mmap
import os
import pickle
from array import array
from pathlib import Path
from typing import Any

import pytest
from implementations import REQUIRE_FAST, Implementation
from real_frames import real_frames

import plmsproto
from plmsproto import _fast
from plmsproto.link import MAX_RADIO, Address, Control, Frame, IndexedFrame

INTACT = [bytes.fromhex(frame["hex"]) for frame in real_frames() if frame["intact"]]
READ = bytes.fromhex("68 31 00 31 00 68 4B 01 44 02 00 02 0C 65 01 01 01 03 0B 16")


def test_the_extension_is_used_where_it_is_required() -> None:
    """The one test that fails if the extension silently did not load."""
    if REQUIRE_FAST and os.environ.get("PLMSPROTO_PURE") != "1":
        assert _fast.IMPLEMENTATION == "fast"
    assert plmsproto.IMPLEMENTATION == _fast.IMPLEMENTATION


def test_an_entry_holds_the_fixed_fields(implementation: Implementation) -> None:
    index = implementation.scan(b"\xfe\xfe" + READ)
    assert list(index) == [
        IndexedFrame(offset=2, length=20, tag=1, control=0x4B, region=0x4401, terminal=2, a3=2, afn=0x0C, seq=0x65)
    ]
    assert index[0] == index[-1] == next(iter(index))
    assert (b"\xfe\xfe" + READ)[index[0].span] == READ
    with pytest.raises(IndexError):
        index[1]


def test_columns_have_the_widths_that_bulk_work_relies_on(implementation: Implementation) -> None:
    index = implementation.scan(READ * 3)
    assert [column.format for column in index.columns] == list("QHBBHIBBB")
    assert [len(column) for column in index.columns] == [3] * 9
    assert index.offset == array("Q", [0, 20, 40])
    assert repr(index) == "<FrameIndex of 3 frames>"


def test_all_real_frames_are_indexed(implementation: Implementation) -> None:
    for glue in (b"", b"\xfe\xfe\xfe\xfe", b"\x68\x19\x09", bytes.fromhex("68 42 00 42 00 68")):
        buffer = glue.join([b"", *INTACT, b""])
        index = implementation.scan(buffer)
        assert [buffer[entry.span] for entry in index] == INTACT
        for entry, data in zip(index, INTACT, strict=True):
            frame = Frame.parse(data)
            assert entry.control == frame.control.value
            assert f"{entry.region:04X}" == frame.address.region
            assert entry.terminal == frame.address.terminal
            assert entry.a3 == frame.address.master << 1 | frame.address.group
            assert bytes((entry.afn, entry.seq)) == frame.user_data[:2]
            assert entry.tag == frame.tag


def test_damaged_frames_are_not_indexed(implementation: Implementation) -> None:
    intact_inside = {"damaged-011", "damaged-025", "damaged-026", "damaged-027", "damaged-039", "damaged-040"}
    for record in real_frames():
        if not record["intact"]:
            assert len(implementation.scan(bytes.fromhex(record["hex"]))) == (record["id"] in intact_inside)


def test_a_four_byte_terminal_address(implementation: Implementation) -> None:
    frame = Frame(Control(0x88), Address("1200", 0xFEDCBA98, 5, group=True, terminal_size=4), b"\x0c\x61")
    (entry,) = implementation.scan(bytes(frame), address_size=7)
    assert (entry.terminal, entry.a3, entry.afn, entry.seq) == (0xFEDCBA98, 0x0B, 0x0C, 0x61)


def test_the_limit_of_length(implementation: Implementation) -> None:
    fits = bytes(Frame(Control(0x88), Address("4401", 1), bytes(MAX_RADIO - 6)))
    too_long = bytes(Frame(Control(0x88), Address("4401", 1), bytes(MAX_RADIO - 5)))
    assert len(implementation.scan(fits + too_long)) == 2
    assert len(implementation.scan(fits + too_long, max_length=MAX_RADIO)) == 1


def test_the_outer_frame_of_a_whole_buffer_wins(implementation: Implementation) -> None:
    outer = bytes(Frame(Control(0x88), Address("4401", 1), b"\x10\x60" + READ))
    assert [entry.length for entry in implementation.scan(outer)] == [len(outer)]
    assert [entry.offset for entry in implementation.scan(outer[:-1])] == [14]


@pytest.mark.parametrize("size", range(len(READ)))
def test_short_buffers_hold_no_frame(implementation: Implementation, size: int) -> None:
    assert len(implementation.scan(READ[:size])) == 0


def test_enough_frames_to_outgrow_any_first_guess(implementation: Implementation) -> None:
    small = bytes(Frame(Control(0x88), Address("4401", 1), b"\x0c\x60"))
    buffer = small * 3000 + bytes(1000) + READ * 5000
    index = implementation.scan(buffer)
    assert len(index) == 8000
    assert index.offset[2999:3001] == array("Q", [2999 * 16, 3000 * 16 + 1000])
    assert set(index.afn) == {0x0C}


def test_a_search_piece_by_piece(implementation: Implementation) -> None:
    buffer = b"\xfe" + READ * 3000
    search = implementation.link["FrameSearch"](buffer, until=len(READ) * 2000)
    assert (len(search), len(search.index())) == (0, 0)
    assert search.search(0, 50) == 61
    first = search.index()
    assert (len(search), list(first.offset), first.end) == (3, [1, 21, 41], 61)
    with pytest.raises(ValueError, match="past 60"):
        search.search(60, 70)
    with pytest.raises(ValueError, match="in order"):
        search.search(70, len(buffer) + 1)
    assert search.search(61, len(buffer)) == len(buffer)
    assert search.index() == implementation.scan(buffer)
    # An index stays what it was, whatever the search finds later.
    assert (list(first.offset), first.end) == ([1, 21, 41], 61)
    del search
    assert first.part(1, 3).offset.tolist() == [21, 41]


@pytest.mark.parametrize("bounds", [None, (0, 20, 41)])
def test_copies_of_an_index(implementation: Implementation, bounds: tuple[int, ...] | None) -> None:
    index = implementation.scan(READ + b"\xfe" + READ, bounds=bounds)
    for again in (pickle.loads(pickle.dumps(index)), copy.deepcopy(index), copy.copy(index)):
        assert again == index
        assert again.entry == index.entry


def test_an_index_is_read_only(implementation: Implementation) -> None:
    with pytest.raises(TypeError, match="read-only"):
        implementation.scan(READ).offset[0] = 1


def test_any_contiguous_buffer(implementation: Implementation, tmp_path: Path) -> None:
    data = READ * 4
    expected = implementation.scan(data)
    path = tmp_path / "capture.bin"
    path.write_bytes(data)
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        assert implementation.scan(mapped) == expected
        assert implementation.checksum(mapped) == sum(data) % 256
    words = array("H", data)
    for buffer in (bytearray(data), memoryview(data), memoryview(b"x" + data)[1:], words):
        assert implementation.scan(buffer) == expected
        assert implementation.checksum(buffer) == sum(data) % 256
    assert implementation.checksum(array("H")) == 0


@pytest.mark.parametrize("call", ["checksum", "scan"])
@pytest.mark.parametrize(
    ("argument", "error"),
    [("68", TypeError), (None, TypeError), ([0x68], TypeError), (memoryview(READ)[::2], BufferError)],
)
def test_what_is_no_bytes_is_refused_alike(
    implementation: Implementation, call: str, argument: Any, error: type[Exception]
) -> None:
    with pytest.raises(error):
        getattr(implementation, call)(argument)


@pytest.mark.parametrize("options", [{"address_size": 6}, {"max_length": 7}, {"max_length": 16384}])
def test_impossible_options_are_refused_alike(implementation: Implementation, options: dict[str, int]) -> None:
    (name,) = options
    with pytest.raises(ValueError, match=name):
        implementation.scan(READ, **options)
    with pytest.raises(ValueError, match=name):
        implementation.stream_scanner(**options)


def test_smallest_limit_depends_on_the_address(implementation: Implementation) -> None:
    implementation.scan(READ, max_length=8)
    with pytest.raises(ValueError, match="10 to 16383"):
        implementation.scan(READ, max_length=8, address_size=7)


def test_a_stream_scanner_refuses_to_lose_bytes(implementation: Implementation) -> None:
    scanner = implementation.stream_scanner(start=100)
    assert scanner.undecided == 100
    assert scanner.scan(b"\x55\x55" + READ[:10], 100) == []
    assert scanner.undecided == 102
    with pytest.raises(ValueError, match="must be held"):
        scanner.scan(READ[1:], 103)  # begins behind the candidate
    with pytest.raises(ValueError, match="must be held"):
        scanner.scan(READ[:4], 102)  # ends before what was searched
    with pytest.raises(ValueError, match="must be held"):
        scanner.scan(READ, -1)
    with pytest.raises(ValueError, match="start"):
        implementation.stream_scanner(start=-1)
    assert scanner.scan(READ, 102) == [(102, 20)]
    assert scanner.undecided == 122
