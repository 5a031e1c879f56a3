"""What the tests of archives share: archives of real frames, and reading back what was made of them."""

from __future__ import annotations

import csv
import datetime as dt
import random
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from real_frames import real_frames

from plmsproto.archive import Conversion, Options, Outcome, Reading

EXAMPLE = Path(__file__).parents[2] / "examples" / "day.log"
INTACT = [bytes.fromhex(each["hex"]) for each in real_frames() if each["intact"]]
FORMS = ["parquet", "arrow", "csv", "duckdb"]
SMALL = Reading(binary_block=1 << 16, text_block=1 << 16)
"""Blocks of the smallest size, so that small archives have many."""

Rows = dict[str, list[Any]]


def binary_archive(size: int, *, seed: int = 1) -> bytes:
    """A stream of real frames with wake-up bytes and some noise between them."""
    chance = random.Random(seed)
    parts: list[bytes] = []
    there = 0
    while there < size:
        kind = chance.random()
        before = b"\xfe" * 4 if kind < 0.1 else chance.randbytes(chance.randrange(1, 40)) if kind < 0.13 else b""
        parts.append(before + chance.choice(INTACT))
        there += len(parts[-1])
    return b"".join(parts)


def log_archive(size: int, *, seed: int = 1) -> bytes:
    """A log of the same frames in several dresses, with words between them."""
    chance = random.Random(seed)
    now = dt.datetime(2024, 3, 15, 8)
    lines: list[str] = []
    there = 0
    while there < size:
        now += dt.timedelta(milliseconds=chance.randrange(5000))
        frame = chance.choice(INTACT)
        heading = f"{now.isoformat(' ', 'milliseconds')} 10.1.{chance.randrange(4)}.{chance.randrange(250)}:40211"
        kind = chance.random()
        if kind < 0.6:
            line = f"{heading} RX {frame.hex(' ').upper()}"
        elif kind < 0.7:
            line = f"{heading} TX " + ", ".join(f"0x{byte:02x}" for byte in frame)
        elif kind < 0.8:
            line = f"{heading} RX:\n{frame[:9].hex(' ')}\n{frame[9:].hex(' ')}"
        elif kind < 0.85:
            line = f"{heading} RX {frame[:-3].hex()}"
        else:
            line = f"{heading} went away"
        lines.append(line + "\n")
        there += len(lines[-1])
    return "".join(lines).encode()


def convert(archive: Path | list[Path], folder: Path, form: str = "parquet", **options: Any) -> Outcome:
    """A conversion in small blocks."""
    paths = archive if isinstance(archive, list) else [archive]
    options = {"reading": SMALL, "step": 1 << 17, **options}
    return Conversion([str(path) for path in paths], folder, Options(form, **options)).run()


def read_back(folder: Path, form: str = "parquet") -> Rows:
    """The rows of all tables, in order."""
    if form == "duckdb":
        return _read_database(folder)
    found: Rows = {}
    for path in sorted(folder.rglob(f"*.{form}"), key=lambda path: (path.parent, path.name)):
        found.setdefault(path.parent.relative_to(folder).as_posix(), []).extend(_read_part(path, form))
    return found


def _read_part(path: Path, form: str) -> list[Any]:
    if form == "parquet":
        return pq.ParquetFile(path).read().to_pylist()
    if form == "arrow":
        with pa.ipc.open_file(str(path)) as reader:
            return reader.read_all().to_pylist()
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _read_database(folder: Path) -> Rows:
    with duckdb.connect(folder / "archive.duckdb", read_only=True) as connection:
        tables = connection.execute("SELECT schema_name, table_name FROM duckdb_tables()").fetchall()
        return {
            # A database has no order, and one frame may have several rows.
            key if schema == "main" else f"{schema}/{key}": sorted(
                connection.table(f"{schema}.{key}").fetchall(), key=repr
            )
            for schema, key in tables
            if schema != "conversion"
        }


def files_below(folder: Path) -> set[str]:
    """Names of all files in a folder."""
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
