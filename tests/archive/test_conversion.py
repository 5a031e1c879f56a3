"""Conversions: what goes in comes out once, in every form, from every kind of file."""

from __future__ import annotations

import csv
import gzip
import json
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from archives import EXAMPLE, FORMS, INTACT, SMALL, binary_archive, convert, files_below, log_archive, read_back

import plmsproto as plms
from plmsproto.archive import Conversion, Options, Progress, Reading, RefusedError
from plmsproto.cli.sources import InputForm, captures
from plmsproto.link import Frame


def decoded_frames(path: Path) -> list[bytes]:
    """The intact frames that ``plmsproto decode`` finds."""
    found = captures([str(path)], InputForm("auto", 5))
    return [bytes(each.event) for each in found if isinstance(each.event, Frame) and each.event.error is None]


@pytest.fixture(scope="module")
def binary(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("archive") / "capture.bin"
    path.write_bytes(binary_archive(250_000))
    return path


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("archive") / "day.log"
    path.write_bytes(log_archive(250_000))
    return path


# ---- what comes out


def test_every_frame_of_a_binary_archive_is_counted_once(binary: Path, tmp_path: Path) -> None:
    outcome = convert(binary, tmp_path / "out")
    index = plms.bulk.scan(binary.read_bytes())
    assert outcome.counts.frames == len(index)
    assert outcome.counts.size == binary.stat().st_size
    tables = read_back(tmp_path / "out")
    seen = {row["frame"]: row["offset"] for name, rows in tables.items() if name != "noise" for row in rows}
    assert all(index.offset[frame] == offset for frame, offset in seen.items())
    assert {row["source"] for row in tables["login"]} == {"capture.bin"}
    noise = sum(row["length"] for row in tables["noise"])
    assert noise == outcome.counts.noise_bytes == binary.stat().st_size - sum(index.length)
    assert 0 < outcome.counts.wake_up_bytes < noise
    assert outcome.something_wrong
    assert {name: len(rows) for name, rows in tables.items()} == outcome.counts.rows


def test_the_frames_of_a_log_are_those_that_decode_finds(log: Path, tmp_path: Path) -> None:
    outcome = convert(log, tmp_path / "out")
    assert outcome.counts.frames == len(decoded_frames(log))
    text = log.read_bytes()
    for row in read_back(tmp_path / "out")["login"]:
        assert row["source"].startswith("10.1.")
        above = text[: row["offset"]].splitlines()[-1].decode() if row["offset"] else ""
        line = text[row["offset"] :].splitlines()[0].decode()
        stamped = line if line.startswith("2024") else above
        assert row["time"].isoformat(" ", "milliseconds") == stamped[:23]
        assert row["source"] == stamped[24:].split()[0]


def test_the_example_has_times_and_peers(tmp_path: Path) -> None:
    outcome = convert(EXAMPLE, tmp_path / "out")
    tables = read_back(tmp_path / "out")
    assert outcome.counts.frames == len(decoded_frames(EXAMPLE))
    first = tables["login"][0]
    assert (str(first["time"]), first["source"]) == ("2024-03-15 08:00:03.120000", "10.1.7.55:40211")
    assert [row["source"] for row in tables["noise"]] == ["10.1.8.21:9001", "10.1.5.5:7711"]


def test_every_form_has_the_same_rows(binary: Path, tmp_path: Path) -> None:
    counts = []
    for form in FORMS:
        outcome = convert(binary, tmp_path / form, form)
        tables = read_back(tmp_path / form, form)
        assert {name: len(rows) for name, rows in tables.items()} == outcome.counts.rows
        counts.append(outcome.counts.rows)
    assert counts[1:] == counts[:-1]
    parquet, arrow = read_back(tmp_path / "parquet"), read_back(tmp_path / "arrow", "arrow")
    assert parquet == arrow


def test_parquet_stores_decimals_as_integers(binary: Path, tmp_path: Path) -> None:
    convert(binary, tmp_path / "out")
    schema = pq.ParquetFile(tmp_path / "out" / "present_power" / "part-00000.parquet").schema
    kinds = {
        schema.column(at).physical_type for at in range(len(schema)) if schema.column(at).logical_type.type == "DECIMAL"
    }
    assert kinds
    assert kinds <= {"INT32", "INT64"}


def test_duckdb_and_polars_read_a_table_by_its_pattern(binary: Path, tmp_path: Path) -> None:
    outcome = convert(binary, tmp_path / "out")
    assert len(list((tmp_path / "out" / "present_power").glob("*.parquet"))) > 1
    pattern = str(tmp_path / "out" / "present_power" / "*.parquet")
    assert duckdb.read_parquet(pattern).aggregate("count(*)").fetchall() == [(outcome.counts.rows["present_power"],)]
    polars = pytest.importorskip("polars")
    assert polars.read_parquet(pattern).height == outcome.counts.rows["present_power"]


def test_csv_has_all_digits_and_json_in_cells(binary: Path, tmp_path: Path) -> None:
    convert(binary, tmp_path / "csv", "csv")
    convert(binary, tmp_path / "parquet")
    expected = read_back(tmp_path / "parquet")["present_power"]
    path = tmp_path / "csv" / "present_power" / "part-00000.csv"
    assert b"\r\n" in path.read_bytes()
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    for row, wanted in zip(rows, expected, strict=False):
        for name, value in wanted.items():
            if value is None:
                assert row[name] == ""
            elif isinstance(value, Decimal):
                assert row[name] == f"{value:f}"
            elif isinstance(value, (list, dict)):
                assert json.loads(row[name]) is not None


def test_selected_tables_only(binary: Path, tmp_path: Path) -> None:
    convert(binary, tmp_path / "out", select=("login",))
    assert read_back(tmp_path / "out").keys() - {"noise", "undecoded"} == {"login"}


# ---- what goes in


def test_compressed_archives_are_the_same(binary: Path, tmp_path: Path) -> None:
    data = binary.read_bytes()
    half = len(data) // 2
    forms = {
        "whole.gz": gzip.compress(data),
        "members.gz": gzip.compress(data[:half]) + gzip.compress(b"") + gzip.compress(data[half:]) + bytes(512),
        "whole.zst": zstandard.compress(data),
        "frames.zst": b"\x50\x2a\x4d\x18\x03\0\0\0abc"
        + zstandard.compress(data[:half])
        + zstandard.compress(data[half:]),
        "gzip under another name": gzip.compress(data),
    }
    convert(binary, tmp_path / "plain")
    plain = read_back(tmp_path / "plain")
    for name, compressed in forms.items():
        path = tmp_path / name
        path.write_bytes(compressed)
        outcome = convert(path, tmp_path / f"out of {name}")
        assert not outcome.counts.errors
        found = read_back(tmp_path / f"out of {name}")
        for rows in found.values():
            for row in rows:
                assert row.pop("source") == name
        assert found == {key: [{**row} for row in rows] for key, rows in _without_source(plain).items()}


def _without_source(tables: dict[str, list[dict[str, object]]]) -> dict[str, list[dict[str, object]]]:
    return {
        key: [{name: value for name, value in row.items() if name != "source"} for row in rows]
        for key, rows in tables.items()
    }


@pytest.mark.parametrize("kind", ["gz", "zst"])
def test_a_truncated_archive_gives_what_is_there(kind: str, tmp_path: Path) -> None:
    data = binary_archive(400_000)  # of several blocks, also compressed
    compressed = gzip.compress(data) if kind == "gz" else zstandard.compress(data)
    path = tmp_path / f"cut.{kind}"
    path.write_bytes(compressed[: len(compressed) * 3 // 4])
    outcome = convert(path, tmp_path / "out")
    assert outcome.counts.errors == [f"cut.{kind}: the compressed data end early"]
    assert outcome.something_wrong
    assert len(data) * 6 // 10 < outcome.counts.size < len(data) * 9 // 10
    assert outcome.counts.frames == len(plms.bulk.scan(data[: outcome.counts.size]))


@pytest.mark.parametrize("kind", ["gz", "zst"])
def test_a_damaged_archive_gives_what_comes_before(kind: str, tmp_path: Path) -> None:
    data = binary_archive(400_000)  # of several blocks, also compressed
    whole = gzip.compress(data) if kind == "gz" else zstandard.ZstdCompressor(write_checksum=True).compress(data)
    for compressed in (whole[:-6] + b"\xff\x00\xff\x00\xff\x00", whole + b"rubbish behind it"):
        path = tmp_path / f"bad.{kind}"
        path.write_bytes(compressed)
        outcome = convert(path, tmp_path / f"out{len(compressed)}")
        assert len(outcome.counts.errors) == 1
        assert outcome.counts.errors[0].startswith(f"bad.{kind}: the compressed data are damaged near byte")
        assert outcome.counts.size > len(data) * 9 // 10


def test_a_folder_is_walked_in_order(tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    for name in ("b.bin", "a/z.bin", "a/.hidden", ".git/x.bin", "c.log"):
        (archive / name).parent.mkdir(parents=True, exist_ok=True)
        (archive / name).write_bytes(INTACT[0] if name.endswith("bin") else f"RX {INTACT[0].hex()}\n".encode())
    (archive / "empty").mkdir()
    outcome = convert([archive, archive / "b.bin"], archive / "out")
    rows = next(iter(read_back(archive / "out").values()))
    assert [row["source"] for row in rows if row["frame"] < 3] == ["a/z.bin", "b.bin", "c.log"]
    assert outcome.counts.frames == 3
    assert convert([archive, archive / "b.bin"], archive / "out").already


def test_a_log_of_utf_16_is_read(tmp_path: Path) -> None:
    text = f"时间 2024-03-15 08:00:03 10.1.1.1:5 RX {INTACT[0].hex(' ')}\r\n"
    path = tmp_path / "wide.log"
    path.write_bytes(("启动\r\n" + text * 3000).encode("utf-16"))
    outcome = convert(path, tmp_path / "out")
    assert outcome.counts.frames == 3000
    (rows,) = read_back(tmp_path / "out").values()
    assert {(str(row["time"]), row["source"]) for row in rows} == {("2024-03-15 08:00:03", "10.1.1.1:5")}
    assert sorted({row["offset"] for row in rows}) == [2 + 2 * (4 + len(text) * at) for at in range(3000)]


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01", b"only words\n"])
def test_an_archive_without_frames_has_no_items(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    outcome = convert(path, tmp_path / "out")
    assert outcome.finished
    assert outcome.something_wrong
    assert outcome.counts.frames == 0
    assert outcome.counts.size == len(content)
    assert read_back(tmp_path / "out").keys() <= {"noise"}


def test_what_files_hold_can_be_said(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(f"RX {INTACT[0].hex()}\n".encode() + bytes(100))
    assert convert(path, tmp_path / "guessed").counts.frames == 0
    text = Reading(kind="text", binary_block=1 << 16, text_block=1 << 16)
    assert convert(path, tmp_path / "text", reading=text).counts.frames == 1


def test_one_endless_line_is_read_in_pieces(tmp_path: Path) -> None:
    frames = INTACT * (200_000 // sum(map(len, INTACT)))
    for name, text in (("packed", b"".join(frames).hex()), ("spaced", b"".join(frames).hex(" "))):
        path = tmp_path / name
        path.write_text(text)
        assert convert(path, tmp_path / f"out of {name}").counts.frames == len(decoded_frames(path)) == len(frames)


def test_progress_is_told(binary: Path, tmp_path: Path) -> None:
    told: list[Progress] = []
    Conversion([str(binary)], tmp_path / "out", Options("parquet", reading=SMALL)).run(told.append)
    assert [each.done for each in told] == sorted(each.done for each in told)
    assert told[-1].done == told[-1].total == binary.stat().st_size
    assert len(told) >= 4


# ---- what is refused


def test_another_folder_is_refused(binary: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "notes.txt").write_text("mine")
    with pytest.raises(RefusedError, match="not empty"):
        convert(binary, out)
    assert files_below(out) == {"notes.txt"}
    with pytest.raises(RefusedError, match="is a file"):
        convert(binary, out / "notes.txt")


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"edition": "376"}, r"other options \(edition\)"),
        ({"select": ("login",)}, r"other options \(select\)"),
        ({"points": True}, r"other options \(points\)"),
        ({"form": "csv"}, r"not empty|other options \(form\)"),
        ({"form": "duckdb"}, "not empty"),
    ],
)
def test_other_options_are_refused(options: dict[str, object], complaint: str, binary: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    convert(binary, out)
    before = {name: (out / name).read_bytes() for name in files_below(out)}
    with pytest.raises(RefusedError, match=complaint):
        convert(binary, out, **options)  # type: ignore[arg-type]
    assert {name: (out / name).read_bytes() for name in files_below(out)} == before


@pytest.mark.parametrize("form", ["parquet", "duckdb"])
def test_changed_inputs_are_refused(form: str, tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    archive.mkdir()
    (archive / "a.bin").write_bytes(INTACT[0])
    convert(archive, tmp_path / "out", form)
    assert convert(archive, tmp_path / "out", form).already
    (archive / "b.bin").write_bytes(INTACT[0])
    with pytest.raises(RefusedError, match=r"b\.bin is new"):
        convert(archive, tmp_path / "out", form)
    (archive / "b.bin").unlink()
    (archive / "a.bin").write_bytes(INTACT[0] * 2)
    with pytest.raises(RefusedError, match=r"a\.bin has changed"):
        convert(archive, tmp_path / "out", form)
    (archive / "a.bin").unlink()
    with pytest.raises(RefusedError, match="no file in this archive"):
        convert(archive, tmp_path / "out", form)


def test_a_foreign_journal_and_a_foreign_database_are_refused(binary: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "conversion.json").write_text('{"name": "something else"}')
    with pytest.raises(RefusedError, match="not the journal"):
        convert(binary, out)
    assert files_below(out) == {"conversion.json"}
    (out / "conversion.json").rename(out / "archive.duckdb")
    with pytest.raises(RefusedError, match="not the database"):
        convert(binary, out, "duckdb")
    (out / "archive.duckdb").unlink()
    with duckdb.connect(out / "archive.duckdb") as connection:
        connection.execute("CREATE TABLE mine (a INT)")
    with pytest.raises(RefusedError, match="not one of a conversion"):
        convert(binary, out, "duckdb")
    assert files_below(out) == {"archive.duckdb"}


def test_missing_inputs_are_refused(tmp_path: Path) -> None:
    (tmp_path / "archive").mkdir()
    with pytest.raises(RefusedError, match="No such file"):
        convert(tmp_path / "nothing", tmp_path / "out")
    with pytest.raises(RefusedError, match="no file in this archive"):
        convert(tmp_path / "archive", tmp_path / "out")
    (tmp_path / "archive" / "link").symlink_to(tmp_path / "nothing")
    with pytest.raises(RefusedError, match="link: No such file"):
        convert(tmp_path / "archive", tmp_path / "out")
    with pytest.raises(RefusedError, match="neither a file nor a folder"):
        convert(Path("/dev/null"), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_unknown_keys_and_reserved_keys_are_refused(binary: Path, tmp_path: Path) -> None:
    with pytest.raises(RefusedError, match="present_power"):
        convert(binary, tmp_path / "out", select=("present_powe",))
    catalogue = tmp_path / "own.toml"
    catalogue.write_text(
        '[[item]]\nafn = 0x0C\nfn = 240\nkey = "noise"\nen = "Noise"\nzh = "噪声"\neditions = ["1376"]\n'
        'pn = "terminal"\nconfidence = "high"\n'
    )
    with pytest.raises(RefusedError, match="key that a conversion needs itself: noise"):
        convert(binary, tmp_path / "out", catalogue=(str(catalogue),))
    with pytest.raises(RefusedError, match="missing"):
        convert(binary, tmp_path / "out", catalogue=(str(tmp_path / "missing.toml"),))
    assert not (tmp_path / "out").exists()


def test_schemas_of_all_parts_are_one(binary: Path, tmp_path: Path) -> None:
    convert(binary, tmp_path / "out")
    for folder in (tmp_path / "out").iterdir():
        schemas: list[pa.Schema] = [pq.read_schema(path) for path in folder.glob("*.parquet")]
        assert all(schema.equals(schemas[0], check_metadata=True) for schema in schemas)


def test_only_text_has_dictionaries_in_parquet(tmp_path: Path) -> None:
    frames = [bytes(plms.examples(key, "up")[0]) for key in ("present_power", "active_power_total_curve")]
    source = tmp_path / "frames.bin"
    source.write_bytes(b"".join(frames))
    Conversion([source], tmp_path / "out", Options(form="parquet")).run()
    encodings = {
        (column.path_in_schema, column.physical_type): "RLE_DICTIONARY" in column.encodings
        for path in (tmp_path / "out").rglob("*.parquet")
        for group in [pq.ParquetFile(path).metadata.row_group(0)]
        for column in map(group.column, range(group.num_columns))
    }
    assert {kind for (_, kind), has_one in encodings.items() if has_one} == {"BYTE_ARRAY"}
