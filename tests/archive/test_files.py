"""The parts that a conversion is made of, where a whole conversion does not show them: memory, cells, journal, lock."""

from __future__ import annotations

import datetime as dt
import gzip
import json
import tracemalloc
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest
import zstandard

import plmsproto as plms
from plmsproto.archive.cells import as_cells, json_text, without_dictionaries
from plmsproto.archive.compression import ByteStream
from plmsproto.archive.durable import Lock, replace_text
from plmsproto.archive.errors import InputError, RefusedError
from plmsproto.archive.gathering import Gathering
from plmsproto.archive.journal import Counts, Journal
from plmsproto.archive.logs import LogPlace
from plmsproto.archive.reading import Position
from plmsproto.archive.stamps import Heading


@pytest.mark.parametrize("kind", ["gz", "zst"])
def test_a_file_that_expands_without_measure_takes_little_memory(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "bomb"
    size = 200 << 20
    if kind == "gz":
        with gzip.open(path, "wb") as file:
            for _ in range(size >> 20):
                file.write(bytes(1 << 20))
    else:
        with path.open("wb") as raw, zstandard.ZstdCompressor(level=19).stream_writer(raw) as writer:
            for _ in range(size >> 20):
                writer.write(bytes(1 << 20))
    assert path.stat().st_size < size // 500
    tracemalloc.start()
    with ByteStream(str(path)) as stream:
        there = 0
        while block := stream.read(1 << 20):
            there += len(block)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert there == size
    assert not stream.error
    assert peak < size // 2


@pytest.mark.parametrize("compress", [bytes, gzip.compress, zstandard.compress], ids=["plain", "gz", "zst"])
def test_a_stream_is_read_and_skipped_in_any_pieces(compress: object, tmp_path: Path) -> None:
    data = bytes(range(256)) * 5000
    path = tmp_path / "file"
    path.write_bytes(compress(data))  # type: ignore[operator]
    for start, size in ((0, 1000), (777_777, 3333), (len(data), 1)):
        with ByteStream(str(path)) as stream:
            stream.skip_to(start)
            parts = []
            while part := stream.read(size):
                parts.append(part)
            assert all(len(part) == size for part in parts[:-1])
            assert b"".join(parts) == data[start:]
            assert stream.read_from_disk == path.stat().st_size
    with ByteStream(str(path)) as stream, pytest.raises(InputError, match="before"):
        stream.skip_to(len(data) + 1)


def test_rows_are_gathered_within_bounds() -> None:
    written: list[tuple[str, int]] = []
    gathering = Gathering(lambda name, table: written.append((name, len(table))), group=8000, limit=20_000)
    for _ in range(10):
        gathering.add("large", pa.table({"a": pa.array(range(300), pa.int64())}))
    assert written == [("large", 1200), ("large", 1200)]
    for at in range(100):
        gathering.add(f"small{at}", pa.table({"a": pa.array(range(50), pa.int64())}))
    assert len(written) > 20
    gathering.flush()
    assert sum(rows for _, rows in written) == 10 * 300 + 100 * 50
    gathering.add("lost", pa.table({"a": [1]}))
    gathering.clear()
    before = len(written)
    gathering.flush()
    assert len(written) == before


def test_values_as_json() -> None:
    value = {
        "list": [Decimal("1.2300"), Decimal("1E-8"), None, True, 7],
        "time": dt.datetime(2024, 3, 15, 8),
        "day": dt.date(2024, 3, 15),
        "raw": b"\x68\x16",
        "text": '相 "A"\n',
    }
    assert json_text(value) == (
        '{"list": [1.2300, 0.00000001, null, true, 7], "time": "2024-03-15T08:00:00", "day": "2024-03-15", '
        '"raw": "6816", "text": "相 \\"A\\"\\n"}'
    )
    assert json.loads(json_text(value))["text"] == value["text"]


def test_cells_of_every_kind() -> None:
    words = pa.array(["a", "b,c"]).dictionary_encode()
    nested = pa.array([[{"kind": "a", "value": Decimal("1.50")}], None])
    table = pa.table(
        {
            "word": words,
            "nested": nested,
            "small": pa.array([Decimal("0.00000001"), None], pa.decimal128(20, 8)),
            "decimal": pa.array([Decimal("-1.5000"), None], pa.decimal64(18, 4)),
            "raw": pa.array([b"\x68", None]),
            "time": pa.array([dt.datetime(2024, 3, 15, 8, 0, 3), None], pa.timestamp("s")),
            "number": pa.array([7, None], pa.uint8()),
        }
    )
    cells = as_cells(table).to_pylist()
    assert cells[0] == {
        "word": "a",
        "nested": '[{"kind": "a", "value": 1.50}]',
        "small": "0.00000001",
        "decimal": Decimal("-1.5000"),
        "raw": "68",
        "time": "2024-03-15T08:00:03",
        "number": 7,
    }
    assert cells[1]["word"] == "b,c"
    assert {value for name, value in cells[1].items() if name != "word"} == {None}


def test_dictionaries_go_however_deep_they_are() -> None:
    word = pa.dictionary(pa.int32(), pa.string())
    schema = pa.schema(
        [
            pa.field("a", word, metadata={b"unit": b"V"}),
            pa.field("b", pa.list_(pa.struct([pa.field("c", word), pa.field("d", pa.list_(word, 2))]))),
            pa.field("e", pa.large_list(word)),
        ],
        metadata={b"key": b"x"},
    )
    plain = without_dictionaries(schema)
    assert "dictionary" not in str(plain)
    assert plain.metadata == schema.metadata
    assert plain.field("a").metadata == {b"unit": b"V"}


def test_a_journal_is_read_as_it_was_written() -> None:
    journal = Journal(
        {"options": {"form": "csv"}, "inputs": []},
        Position(3, LogPlace(100, 7, Heading(5, "10.1.1.1:5"), goes_on=True), 12),
        Counts(1, 2, {"login": 3}, 4, 1, 5, ["x: y"], 6.5),
        {"login": 1},
        done=True,
    )
    assert Journal.read(journal.text()) == journal


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"version": 2}', '{"version": 1, "position": {}}', "\x00"])
def test_anything_else_is_no_journal(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # whatever the JSON parser says is fine
        Journal.read(text)


def test_a_lock_keeps_others_out_and_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    path.write_text("left by a killed process")
    with Lock(path), pytest.raises(RefusedError, match="another process"), Lock(path):
        pass
    with Lock(path):
        pass
    assert not path.exists()


def test_a_file_is_replaced_as_a_whole(tmp_path: Path) -> None:
    path = tmp_path / "file"
    replace_text(path, "one")
    replace_text(path, "两")
    assert path.read_text(encoding="utf-8") == "两"
    assert [each.name for each in tmp_path.iterdir()] == ["file"]


def test_rows_that_wait_keep_only_their_own_memory() -> None:
    """Tables of one decode share memory: a few rows that wait must not keep all of it."""
    written: list[pa.Table] = []
    rows = plms.bulk.decode(bytes(plms.examples("present_power")[0]) * 3)["present_power"].to_arrow()
    gathering = Gathering(lambda _, table: written.append(table))
    gathering.add("present_power", rows)
    gathering.flush()
    assert written == [rows]
    assert not {*places_of(written[0])} & {*places_of(rows)}


def places_of(table: pa.Table) -> Iterator[int]:
    for column in table.columns:
        for chunk in column.chunks:
            kept = chunk.indices if isinstance(chunk, pa.DictionaryArray) else chunk
            yield from (buffer.address for buffer in kept.buffers() if buffer is not None)
