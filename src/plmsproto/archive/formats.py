"""The formats of part files: how rows become Parquet, Arrow IPC or CSV.

Where the files are and when they get their names is the business of ``parts``; how a value is written in a cell of
text, of ``cells``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from .cells import as_cells, without_dictionaries

_ROW_GROUP: Final = 1 << 18
"""Most rows of a row group; a reader has to hold one of each column."""


class PartWriter(ABC):
    """Writes one file.

    Attributes:
        path: where.
    """

    _writer: Any

    def __init__(self, path: Path) -> None:
        self.path = path

    @abstractmethod
    def write(self, table: pa.Table) -> None:
        """Adds rows."""

    def close(self) -> None:
        """Finishes the file."""
        self._writer.close()


class ParquetWriter(PartWriter):
    """Parquet: decimals of up to 18 digits are stored as integers, everything is compressed by Zstandard.

    Only text has dictionaries. Measured values seldom come again: without dictionaries, files of them are two fifths
    smaller, and written a sixth faster (measured on a day's traffic).
    """

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        super().__init__(path)
        self._writer = pyarrow.parquet.ParquetWriter(
            path,
            schema,
            compression="zstd",
            store_decimal_as_integer=True,
            use_dictionary=[column for field in schema for column in _text_columns(field)],
        )

    def write(self, table: pa.Table) -> None:
        """Adds row groups."""
        self._writer.write_table(table, row_group_size=_ROW_GROUP)


def _text_columns(field: pa.Field, within: str = "") -> Iterator[str]:
    """The columns of text in a field, by the paths that Parquet gives them."""
    path, kind = within + field.name, field.type
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        yield from _text_columns(kind.value_field.with_name("element"), f"{path}.list.")
    elif pa.types.is_struct(kind):
        for number in range(kind.num_fields):
            yield from _text_columns(kind.field(number), f"{path}.")
    elif pa.types.is_dictionary(kind) or pa.types.is_string(kind) or pa.types.is_large_string(kind):
        yield path


class ArrowWriter(PartWriter):
    """Arrow IPC. The format has one dictionary for all batches of a file, so columns with words have no dictionary."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        super().__init__(path)
        self._schema = without_dictionaries(schema)
        options = pa.ipc.IpcWriteOptions(compression="zstd")
        self._writer = pa.ipc.new_file(str(path), self._schema, options=options)

    def write(self, table: pa.Table) -> None:
        """Adds record batches."""
        self._writer.write_table(table.cast(self._schema), max_chunksize=_ROW_GROUP)


class CsvWriter(PartWriter):
    """CSV by RFC 4180, in UTF-8, with a line of names. A cell without a value is empty and not quoted."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        super().__init__(path)
        empty = as_cells(schema.empty_table())
        self._writer = pyarrow.csv.CSVWriter(
            str(path), empty.schema, write_options=pyarrow.csv.WriteOptions(eol="\r\n")
        )

    def write(self, table: pa.Table) -> None:
        """Adds lines."""
        self._writer.write_table(as_cells(table))


@dataclass(frozen=True, slots=True)
class PartFormat:
    """A format.

    Attributes:
        suffix: how the names of its files end.
        decimals: what kind of decimals it takes, an argument of ``to_arrow``.
        writer: makes the writer of a file.
    """

    suffix: str
    decimals: str
    writer: Any


FORMATS: Final = {
    "parquet": PartFormat("parquet", "decimal", ParquetWriter),
    "arrow": PartFormat("arrow", "decimal128", ArrowWriter),
    "csv": PartFormat("csv", "decimal128", CsvWriter),
}
"""The formats by their names."""
