"""Tables in a DuckDB database: each step of the conversion is one transaction, and the journal is part of it.

Items, ``undecoded`` and ``noise`` are tables of the schema ``main``, events of the schema ``events``. Names and units
are the columns' comments.
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import duckdb

from .cells import without_dictionaries
from .errors import RefusedError
from .journal import Journal
from .store import Store

if TYPE_CHECKING:
    import pyarrow as pa

_SETTINGS: Final[dict[str, str | bool | int | float | list[str]]] = {"memory_limit": "512MB"}
"""What does not fit waits on the disk, beside the database."""


class DatabaseStore(Store):
    """The database ``archive.duckdb``, with its journal in the schema ``conversion``."""

    journal_name = "archive.duckdb"

    def __init__(self, folder: Path) -> None:
        """Names the folder; the database is opened when it is needed."""
        super().__init__(folder)
        self._path = folder / self.journal_name
        self._connection: duckdb.DuckDBPyConnection | None = None
        self._known: set[str] = set()

    def load(self) -> Journal | None:
        """Reads the journal; a database without any tables was made by a run that ended at once."""
        if not self._path.exists():
            return None
        try:
            with duckdb.connect(self._path, read_only=True) as connection:
                tables = connection.execute("SELECT schema_name, table_name FROM duckdb_tables()").fetchall()
                if not tables:
                    return None
                if ("conversion", "journal") not in tables:
                    raise RefusedError(f"{self._path}: a database, but not one of a conversion")
                (text,) = connection.execute("SELECT text FROM conversion.journal").fetchall()
                return Journal.read(text[0])
        except (duckdb.Error, OSError, ValueError) as error:
            raise RefusedError(f"{self._path}: not the database of a conversion: {error}") from None

    def begin(self, journal: Journal) -> None:
        """Opens the database and begins a transaction; a broken one is gone by itself."""
        connection = self._connection = duckdb.connect(self._path, config=_SETTINGS)
        connection.execute("BEGIN")
        connection.execute("CREATE SCHEMA IF NOT EXISTS events")
        connection.execute("CREATE SCHEMA IF NOT EXISTS conversion")
        connection.execute("CREATE TABLE IF NOT EXISTS conversion.journal (text VARCHAR)")
        self._save(journal)

    def write(self, name: str, table: pa.Table) -> None:
        """Inserts rows; makes the table with the first ones."""
        plain = table.cast(without_dictionaries(table.schema))
        schema, _, key = name.rpartition("/")
        place = f'"{schema or "main"}"."{key}"'
        with self._rows(plain) as connection:
            if name not in self._known:
                connection.execute(f"CREATE TABLE IF NOT EXISTS {place} AS FROM rows_to_add LIMIT 0")
                self._comment(connection, place, plain.schema)
                self._known.add(name)
            connection.execute(f"INSERT INTO {place} FROM rows_to_add")

    def commit(self, journal: Journal) -> None:
        """Commits the transaction with the journal in it, and begins the next one."""
        self._save(journal)

    def roll_back(self) -> None:
        """Gives the transaction up."""
        if self._connection is not None:
            with contextlib.suppress(duckdb.Error):
                self._connection.execute("ROLLBACK")

    def close(self) -> None:
        """Closes the database."""
        if self._connection is not None:
            with contextlib.suppress(duckdb.Error):  # what was committed is safe
                self._connection.close()
            self._connection = None

    def _save(self, journal: Journal) -> None:
        assert self._connection is not None
        self._connection.execute("DELETE FROM conversion.journal")
        self._connection.execute("INSERT INTO conversion.journal VALUES (?)", [journal.text()])
        self._connection.execute("COMMIT")
        self._connection.execute("BEGIN")

    @contextlib.contextmanager
    def _rows(self, table: pa.Table) -> Any:
        assert self._connection is not None
        self._connection.register("rows_to_add", table)
        yield self._connection
        self._connection.unregister("rows_to_add")

    @staticmethod
    def _comment(connection: duckdb.DuckDBPyConnection, place: str, schema: pa.Schema) -> None:
        """Keeps what Arrow has as metadata of a field: English and Chinese name, unit."""
        for field in schema:
            said = field.metadata or {}
            words = [said[key].decode() for key in (b"en", b"zh", b"unit") if said.get(key)]
            if words:
                text = "; ".join(words).replace("'", "''")
                connection.execute(f"COMMENT ON COLUMN {place}.\"{field.name}\" IS '{text}'")
