"""What may be given to bulk decoding, and what is asked of it: entries, times, sources, selections; and noise.

Wrong arguments are refused before anything is read.
"""

from __future__ import annotations

import datetime as dt
import mmap
from array import array
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from bulk_helpers import Expected, all_frames, all_rows, check, same
from implementations import Implementation
from made_frames import a_frame

import plmsproto as plms
from plmsproto import Catalogue, EncodeError, Frame
from plmsproto.bulk import chunks
from plmsproto.bulk.columns import NO_EDITION

pa = pytest.importorskip("pyarrow")

POWER = bytes(plms.examples("present_power", "up", edition="1376")[0])
CLOCK = bytes(plms.examples("terminal_clock", "up", edition="376")[0])
EVENTS = bytes(plms.examples("important_event", "up", edition="1376")[0])


def rows(tables: Any, *names: str) -> list[tuple[Any, ...]]:
    """Some columns of the rows of F25 and F2."""
    found = [row for key in ("present_power", "terminal_clock") if key in tables for row in tables[key].to_pylist()]
    return [tuple(row[name] for name in names) for row in sorted(found, key=lambda row: row["frame"])]


# ---- buffers


BUFFERS: dict[str, Callable[[bytes], Any]] = {
    "bytes": bytes,
    "bytearray": bytearray,
    "memoryview": memoryview,
    "array": lambda content: array("B", content),
    "part of a memoryview": lambda content: memoryview(b"\x01" + content + b"\x02")[1:-1],
    "arrow buffer": lambda content: pa.py_buffer(content),
}


@pytest.mark.parametrize("name", BUFFERS)
def test_buffers(implementation: Implementation, name: str) -> None:
    content = POWER + b"\xfe" + CLOCK
    same(plms.bulk.decode(BUFFERS[name](content)), plms.bulk.decode(content))
    assert plms.bulk.scan(BUFFERS[name](content)) == plms.bulk.scan(content)


def test_a_file_in_memory(implementation: Implementation, tmp_path: Path) -> None:
    path = tmp_path / "frames.bin"
    path.write_bytes(POWER + CLOCK)
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        tables = plms.bulk.decode(content)
        assert rows(tables, "offset") == [(0,), (len(POWER),)]


def test_nothing_at_all(implementation: Implementation) -> None:
    for nothing in (b"", [], pa.array([], pa.binary()), pa.chunked_array([], pa.binary()), iter(())):
        tables = plms.bulk.decode(nothing)
        assert (tables.frames, len(tables), tables.consumed, tables.noise_bytes) == (0, 0, 0, 0)
        assert tables.undecoded.to_pylist() == tables.noise.to_pylist() == []
        assert tables.undecoded.to_arrow().num_rows == 0


def test_a_buffer_that_is_not_contiguous(implementation: Implementation) -> None:
    with pytest.raises(BufferError):
        plms.bulk.decode(memoryview(bytes(20))[::2])


# ---- entries


ENTRIES = [POWER, CLOCK + b"\xfe\xfe", b"", b"\x01", POWER[:-1], CLOCK + POWER]
"""Entries with frames and noise; the frames are three, of entries 0, 1 and 5 (two)."""


def as_arrow(kind: Any) -> Callable[[list[bytes]], Any]:
    return lambda entries: pa.array(entries, kind)


FORMS: dict[str, Callable[[list[bytes]], Any]] = {
    "a list of bytes": list,
    "an iterator": iter,
    "bytearrays": lambda entries: [bytearray(entry) for entry in entries],
    "memoryviews": lambda entries: [memoryview(entry) for entry in entries],
    "binary": as_arrow(pa.binary()),
    "large_binary": as_arrow(pa.large_binary()),
    "binary_view": as_arrow(pa.binary_view()),
    "a dictionary": lambda entries: pa.array(entries, pa.binary()).dictionary_encode(),
    "with null": lambda entries: pa.array([entry or None for entry in entries], pa.binary()),
    "sliced": lambda entries: pa.array([b"12", CLOCK, *entries, POWER], pa.binary()).slice(2, len(entries)),
    "sliced with null": lambda entries: pa.array([None, *(entry or None for entry in entries)], pa.binary()).slice(1),
    "sliced large": lambda entries: pa.array([b"12", *entries], pa.large_binary()).slice(1),
    "chunked": lambda entries: pa.chunked_array([entries[:2], [], entries[2:]], pa.binary()),
    "chunked and sliced": lambda entries: pa.chunked_array([[b"123", *entries[:2]], entries[2:]], pa.binary()).slice(1),
    "a column of a table": lambda entries: pa.table({"frame": entries})["frame"],
    "what speaks Arrow": lambda entries: Speaker(pa.array(entries, pa.binary())),
}


class Speaker:
    """Something that is no Arrow array, but gives one."""

    def __init__(self, values: Any) -> None:
        self.values = pa.chunked_array([values])

    def __arrow_c_stream__(self, requested_schema: object = None) -> Any:
        return self.values.__arrow_c_stream__(requested_schema)


@pytest.mark.parametrize("name", FORMS)
@pytest.mark.parametrize("threads", [1, 2])
def test_forms_of_entries(implementation: Implementation, name: str, threads: int) -> None:
    tables = plms.bulk.decode(FORMS[name](ENTRIES), threads=threads)
    same(tables, plms.bulk.decode(ENTRIES))
    starts = [sum(map(len, ENTRIES[:number])) for number in range(len(ENTRIES))]
    assert rows(tables, "offset") == [(starts[0],), (starts[1],), (starts[5],), (starts[5] + len(CLOCK),)]
    assert list(tables.index.entry or ()) == [0, 1, 5, 5]
    assert [row["raw"] for row in tables.noise.to_pylist()] == [b"\xfe\xfe", b"\x01", POWER[:-1]]
    assert tables.consumed == sum(map(len, ENTRIES))
    assert plms.bulk.scan(FORMS[name](ENTRIES)) == tables.index


def test_fixed_size_entries(implementation: Implementation) -> None:
    entries = pa.array([POWER, POWER], pa.binary(len(POWER)))
    assert plms.bulk.decode(entries).frames == 2


def test_frames_as_entries(implementation: Implementation) -> None:
    frames = [Frame.parse(content) for content in all_frames()[::50]]
    tables = plms.bulk.decode(frames)
    assert tables.frames == len(frames)
    check(tables, Expected([bytes(frame) for frame in frames]))
    messages = [plms.decode(POWER), plms.decode(CLOCK)]
    assert plms.bulk.decode(messages).frames == 2


def test_a_frame_does_not_go_on_in_the_next_entry(implementation: Implementation) -> None:
    tables = plms.bulk.decode([POWER[:30], POWER[30:]])
    assert (tables.frames, tables.noise_bytes) == (0, len(POWER))
    assert [row["raw"] for row in tables.noise.to_pylist()] == [POWER[:30], POWER[30:]]


NOW = dt.datetime(2024, 3, 15, 10, 30, 15, 250)
MICROSECONDS = (NOW - dt.datetime(1970, 1, 1)) // dt.timedelta(microseconds=1)
TIMES: dict[str, Any] = {
    "datetimes": [NOW, None, NOW],
    "aware datetimes": [NOW.replace(tzinfo=dt.UTC).astimezone(dt.timezone(dt.timedelta(hours=8))), None, NOW],
    "numbers": [MICROSECONDS, None, MICROSECONDS],
    "Arrow timestamps": pa.array([NOW, None, NOW]),
    "Arrow nanoseconds": pa.array([NOW, None, NOW], pa.timestamp("ns")),
    "Arrow timestamps of a zone": pa.array([NOW, None, NOW], pa.timestamp("us", "UTC")),
    "Arrow numbers": pa.array([MICROSECONDS, None, MICROSECONDS], pa.int64()),
    "chunked": pa.chunked_array([[NOW], [None, NOW]]),
}


@pytest.mark.parametrize("name", TIMES)
def test_times_and_sources(implementation: Implementation, name: str) -> None:
    sources = ["a", "b", None]
    for told in (sources, tuple(sources), pa.array(sources), pa.array(sources).dictionary_encode()):
        tables = plms.bulk.decode([POWER, CLOCK + b"\x01", POWER + CLOCK], times=TIMES[name], sources=told)
        wanted = [(NOW, "a"), (None, "b"), (NOW, None), (NOW, None)]
        assert rows(tables, "time", "source") == wanted
        assert [(row["time"], row["source"]) for row in tables.noise.to_pylist()] == [(None, "b")]
        for key in ("present_power", "terminal_clock"):
            assert tables[key].to_arrow().to_pylist() == tables[key].to_pylist()
        assert tables.noise.to_arrow().to_pylist() == tables.noise.to_pylist()


def test_times_with_threads_and_chunks(implementation: Implementation, monkeypatch: pytest.MonkeyPatch) -> None:
    entries = [POWER, b"\x01" * 5, CLOCK] * 7
    times = list(range(len(entries)))
    offsets = [1000 * number for number in range(len(entries))]
    options: dict[str, Any] = {"times": times, "sources": list(map(str, times)), "offset": offsets, "number": 5}
    whole = plms.bulk.decode(entries, **options)
    assert rows(whole, "frame", "source", "offset")[-1] == (18, "20", 20_000)
    assert [row["offset"] for row in whole.noise.to_pylist()] == offsets[1::3]
    assert [row["source"] for row in whole.noise.to_pylist()] == list(map(str, times))[1::3]
    monkeypatch.setattr(chunks, "CHUNK", 100)
    monkeypatch.setattr(chunks, "WINDOW", 100)
    for threads in (1, 3):
        found = plms.bulk.decode(entries, threads=threads, **options)
        assert all_rows(found) == all_rows(whole)


def test_offsets(implementation: Implementation) -> None:
    content = b"\x01" + POWER + CLOCK
    tables = plms.bulk.decode(content, offset=1 << 40, number=1 << 33)
    assert rows(tables, "frame", "offset") == [(1 << 33, (1 << 40) + 1), ((1 << 33) + 1, (1 << 40) + 1 + len(POWER))]
    assert tables.noise.to_pylist()[0]["offset"] == 1 << 40
    tables = plms.bulk.decode([POWER, b"\x01" + CLOCK], offset=7)
    assert rows(tables, "offset") == [(7,), (8 + len(POWER),)]
    tables = plms.bulk.decode([POWER, b"\x01" + CLOCK], offset=[100, 50])
    assert rows(tables, "offset") == [(100,), (51,)]
    assert tables.noise.to_pylist()[0]["offset"] == 50


WRONG: dict[str, tuple[Any, dict[str, Any], type[Exception], str]] = {
    "text": ("68 31", {}, TypeError, "not text"),
    "a number": (5, {}, TypeError, "a buffer or frames expected, not int"),
    "nothing": (None, {}, TypeError, "a buffer or frames expected, not NoneType"),
    "a frame": (Frame.parse(POWER), {}, TypeError, "a buffer or frames expected, not Frame"),
    "a list of numbers": ([5, 6], {}, TypeError, "bytes or frames expected, not int"),
    "a range of numbers": (range(1, 3), {}, TypeError, "bytes or frames expected, not int"),
    "a list of texts": (["68"], {}, TypeError, "bytes or frames expected, not str"),
    "a list of nothing": ([None], {}, TypeError, "NoneType"),
    "an Arrow array of text": (pa.array(["68"]), {}, TypeError, "binary values expected, not of string"),
    "an Arrow array of numbers": (pa.array([1]), {}, TypeError, "binary values expected, not of int64"),
    "too few times": ([POWER, CLOCK], {"times": [NOW]}, ValueError, "times has 1 values for 2 entries"),
    "too many sources": ([POWER], {"sources": ["a", "b"]}, ValueError, "sources has 2 values for 1 entries"),
    "too few offsets": ([POWER, CLOCK], {"offset": [1]}, ValueError, "offset has 1 values for 2 entries"),
    "times of a buffer": (POWER, {"times": [NOW]}, ValueError, "times are for entries"),
    "sources of a buffer": (POWER, {"sources": ["a"]}, ValueError, "sources are for entries"),
    "offsets of a buffer": (POWER, {"offset": [1]}, ValueError, "offset are for entries"),
    "entries to be continued": ([POWER], {"final": False}, ValueError, "final=False is for one buffer"),
    "an address size": (POWER, {"address_size": 6}, ValueError, "address_size"),
    "a length": (POWER, {"max_length": 0}, ValueError, "max_length"),
    "an edition": (POWER, {"edition": "1377"}, EncodeError, "edition"),
    "a text to select": (POWER, {"select": "present_power"}, TypeError, "not one text"),
    "an unknown key": (POWER, {"select": ["present_powers"]}, EncodeError, "present_power"),
    "an unknown field": (POWER, {"select": {"present_power": ["voltage"]}}, EncodeError, "no field 'voltage'"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_arguments(implementation: Implementation, name: str) -> None:
    given, options, error, match = WRONG[name]
    with pytest.raises(error, match=match):
        plms.bulk.decode(given, **options)


# ---- select


def test_selected_items(implementation: Implementation) -> None:
    content = b"".join(all_frames())
    everything = plms.bulk.decode(content)
    chosen = ["present_power", "terminal_clock", "daily_forward_reading", "voltage_a_curve"]
    tables = plms.bulk.decode(content, select=chosen)
    assert set(tables) == set(chosen)
    assert not tables.events
    for key in chosen:
        assert tables[key].to_pylist() == everything[key].to_pylist()
        assert tables[key].schema() == everything[key].schema()
    assert tables.index == everything.index


def test_selected_events(implementation: Implementation) -> None:
    content = b"".join(all_frames())
    everything = plms.bulk.decode(content)
    chosen = ["terminal_power_down_up", "voltage_circuit_abnormal"]
    tables = plms.bulk.decode(content, select=chosen)
    assert list(tables) == []
    assert set(tables.events) == set(chosen)
    for key in chosen:
        assert tables.events[key].to_pylist() == everything.events[key].to_pylist()


def test_selected_fields(implementation: Implementation) -> None:
    content = b"".join(all_frames())
    everything = plms.bulk.decode(content)
    select: dict[str, Any] = {
        "present_power": ["voltage_a", "read_time"],
        "important_event": None,
        "terminal_power_down_up": ["power_up_time"],
        "voltage_a_curve": {"voltage_a"},
        "terminal_clock": [],
    }
    tables = plms.bulk.decode(content, select=select)
    for table, whole in [
        *((tables[key], everything[key]) for key in tables),
        *((tables.events[key], everything.events[key]) for key in tables.events),
    ]:
        fields = select[table.key]
        names = set(table.schema().names)
        assert fields is None or names & {column.name for column in whole.spec.schema.columns} == set(fields)
        kept = [{name: value for name, value in row.items() if name in names} for row in whole.to_pylist()]
        assert table.to_pylist() == kept
        table.to_arrow().validate(full=True)
        assert table.to_arrow().to_pylist() == kept
    assert tables.keys() | tables.events.keys() == select.keys()


def test_selected_items_inside_others(implementation: Implementation) -> None:
    task = bytes(plms.examples("class1_task_data", "up", edition="130")[0])
    content = POWER + task
    tables = plms.bulk.decode(content, select=["terminal_clock"])
    assert tables["terminal_clock"].to_pylist() == plms.bulk.decode(content)["terminal_clock"].to_pylist()
    assert [row["frame"] for row in tables["terminal_clock"].to_pylist()] == [1]


def test_frames_without_anything_selected_are_passed_over(implementation: Implementation) -> None:
    broken = a_frame(b"\x0c\x60\x01\x01\x01\x03" + b"\x99" * 3)
    request = bytes(plms.examples("present_power", "down", edition="1376")[0])
    content = CLOCK + POWER + EVENTS + broken + request
    tables = plms.bulk.decode(content, select=["present_power"])
    assert [row["frame"] for row in tables["present_power"].to_pylist()] == [1, 4]
    # The broken one is of the item that is wanted, so that it was looked at.
    assert [row["frame"] for row in tables.undecoded.to_pylist()] == [3]
    editions = b"".join(tables["present_power"].parts[0].frames.editions[number : number + 1] for number in range(5))
    assert [edition == NO_EDITION for edition in editions] == [True, False, True, False, False]
    assert all(row["edition"] for row in (*tables["present_power"].to_pylist(), *tables.undecoded.to_pylist()))
    nothing = plms.bulk.decode(content, select=[])
    assert (nothing.frames, len(nothing), len(nothing.undecoded)) == (5, 0, 0)


def test_items_that_a_user_adds_can_be_selected(implementation: Implementation) -> None:
    catalogue = Catalogue().extended(
        '[[item]]\nafn = 0x0C\nfn = 1999\nkey = "mine"\n[[item.layout]]\ndir = "up"\nfields = "x u1"\n'
    )
    content = POWER + a_frame(b"\x0c\x60\x00\x00\x40\xf9\x07")
    with pytest.raises(EncodeError, match="mine"):
        plms.bulk.decode(content, select=["mine"])
    tables = plms.bulk.decode(content, select=["mine"], catalogue=catalogue)
    assert [row["x"] for row in tables["mine"].to_pylist()] == [7]


def test_many_selections_do_not_fill_the_memory(implementation: Implementation) -> None:
    catalogue = Catalogue()
    items = catalogue.items(0x0C)
    for number in range(70):
        fields = ["voltage_a", "voltage_b"][: number % 3]
        plms.bulk.decode(b"", select={"present_power": fields}, ffff_is_all=bool(number % 2), catalogue=catalogue)
        plms.bulk.decode(b"", select=[items[number].key], catalogue=catalogue)
    assert len(catalogue.cache) < 60


# ---- noise and what did not decode


def test_noise(implementation: Implementation) -> None:
    content = b"\xfe\xfe\xfe\xfe" + POWER + b"\x68\x10\x00" + CLOCK + POWER[:25] + POWER[:-2] + b"\x00\x16"
    tables = plms.bulk.decode(content)
    assert tables.frames == 2
    assert tables.noise_bytes == 4 + 3 + 25 + len(POWER)
    reasons = [(row["offset"], row["length"], row["reason"]) for row in tables.noise.to_pylist()]
    assert reasons[0] == (0, 4, "no frame head")
    assert [row["raw"] for row in tables.noise.to_pylist()] == [
        b"\xfe" * 4,
        b"\x68\x10\x00",
        POWER[:25] + POWER[:-2] + b"\x00\x16",
    ]
    assert all(reason for *_, reason in reasons)
    assert tables.noise.schema().names == ["time", "source", "offset", "length", "reason", "raw"]
    assert tables.noise.to_arrow().to_pylist() == tables.noise.to_pylist()


def test_reasons_of_noise_are_those_of_streams(implementation: Implementation) -> None:
    damaged = POWER[:-2] + bytes((POWER[-2] ^ 1, 0x16))
    for piece in (b"\xfe\xfe", POWER[:40], damaged, damaged[:-1] + b"\x17", b"\x68\x68"):
        tables = plms.bulk.decode(piece)
        splitter = plms.FrameSplitter()
        events = [*splitter.feed(piece), *splitter.close()]
        assert [row["reason"] for row in tables.noise.to_pylist()] == [event.error.reason for event in events]


@pytest.mark.parametrize("size", [(1 << 16) - 1, 1 << 16, (1 << 16) + 1, 200_000])
def test_long_noise_comes_in_several_rows(implementation: Implementation, size: int) -> None:
    content = POWER + bytes(size) + CLOCK
    tables = plms.bulk.decode(content, offset=10)
    found = tables.noise.to_pylist()
    assert len(found) == -(-size >> 16)
    assert sum(row["length"] for row in found) == tables.noise_bytes == size
    assert b"".join(row["raw"] for row in found) == bytes(size)
    assert [row["offset"] for row in found] == [10 + len(POWER) + (number << 16) for number in range(len(found))]
    entries = plms.bulk.decode([CLOCK, content], sources=["a", "b"])
    assert {row["source"] for row in entries.noise.to_pylist()} == {"b"}


@pytest.mark.parametrize(
    ("user_data", "field", "reason"),
    [
        ("0C 60 00 00 02 00 7A 00 12 22 F1 26", "terminal_clock.clock", "not BCD"),
        ("0C 60 00 00 02 00 00 00", "terminal_clock.clock", "the data end inside a field"),
        ("0C 60 00 00 02 C0 01", None, "unknown item in Q/GDW 1376.1-2013"),
        ("0C 60 00 00 00 00", None, "DT names no Fn"),
        ("0C 60 00 01 02 00", None, "DA names no point"),
        ("0C 60 00 00 02 00 00 00 12 22 F1 26 01", None, "bytes left over where an identifier should be"),
        ("77 60 00", None, "unknown AFN"),
        ("0C E0 00", "AUX", "no room for data units and AUX"),
    ],
)
def test_what_did_not_decode(implementation: Implementation, user_data: str, field: str | None, reason: str) -> None:
    content = a_frame(bytes.fromhex(user_data))
    tables = plms.bulk.decode(content, edition="1376")
    check(tables, Expected([content], edition="1376"))
    assert [(row["field"], row["reason"]) for row in tables.undecoded.to_pylist()] == [(field, reason)]
    assert tables.undecoded.to_arrow().to_pylist() == tables.undecoded.to_pylist()


def test_what_tables_say_of_themselves(implementation: Implementation) -> None:
    tables = plms.bulk.decode(b"\xfe" + POWER + CLOCK + EVENTS)
    events = len(tables.events)
    assert repr(tables) == f"<3 frames: {len(tables)} items, {events} events, 0 undecoded, 1 bytes of noise>"
    assert repr(tables["present_power"]) == "<table present_power: 1 rows>"
    assert set(tables) == {"present_power", "terminal_clock", "important_event"}
    with pytest.raises(KeyError):
        tables["absent"]
