"""Converting an archive: the loop that reads portions, writes their tables and ends steps.

What files hold is the business of ``reading``, where tables go that of a ``Store``. Arguments of the command line and
progress bars are not known here.
"""

from __future__ import annotations

import hashlib
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute

from .. import bulk
from ..catalogue import Catalogue, default_catalogue
from ..errors import CatalogueError, UnknownItemError
from ..hextext import WAKE_UP
from .durable import TEMPORARY, Lock
from .errors import OutputError, RefusedError
from .gathering import Gathering
from .inputs import Input, find_inputs
from .journal import Counts, Journal
from .reading import Decode, Portion, Reading
from .store import Store

STEP: Final = 256 << 20
"""Uncompressed bytes after which a conversion makes sure of what it has."""

_LOCK: Final = "conversion.lock"
_RESERVED: Final = ("conversion", "events", "noise", "undecoded")


@dataclass(frozen=True, slots=True)
class Options:
    """What a conversion is asked for.

    Attributes:
        form: what is written: parquet, arrow, csv or duckdb.
        select: keys of the items and events that are wanted; nothing for all.
        edition: read all frames as this edition; ``None`` for the newest that fits each.
        points: curves have one row for each point.
        catalogue: files that are added to the catalogue.
        threads: how many threads decode.
        step: uncompressed bytes after which a step ends.
        reading: how inputs are read.
    """

    form: str
    select: tuple[str, ...] = ()
    edition: str | None = None
    points: bool = False
    catalogue: tuple[str, ...] = ()
    threads: int = 1
    step: int = STEP
    reading: Reading = Reading()  # noqa: RUF009  # immutable


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a conversion is.

    Attributes:
        done: bytes of the input files, as they are on the disk.
        total: the same of all of them.
        counts: what was found so far.
    """

    done: int
    total: int
    counts: Counts


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a conversion ended.

    Attributes:
        counts: what was found, by all runs together.
        finished: False if it was stopped before the end.
        already: it had been finished before, and nothing was done.
        resumed: it went on where an earlier run had stopped.
    """

    counts: Counts
    finished: bool
    already: bool = False
    resumed: bool = False

    @property
    def something_wrong(self) -> bool:
        """Whether anything in the input was wrong, or there was no frame at all."""
        return bool(self.counts.wrong or not self.counts.frames)


class Conversion:
    """One archive and the folder that its tables go to."""

    def __init__(self, archive: Sequence[str], folder: Path, options: Options) -> None:
        """Looks at what is there; nothing is touched.

        Args:
            archive: files and folders.
            folder: where the tables go.
            options: what is asked for.

        Raises:
            RefusedError: an argument makes no sense, or the folder holds something else.
        """
        self._folder = folder
        self._options = options
        self._catalogue = _catalogue(options)
        self._inputs = find_inputs(archive, folder)
        if not self._inputs:
            raise RefusedError("there is no file in this archive")
        self._order = _order(options, self._inputs)
        self._store = _store(options.form, folder)
        self._total = sum(each.size for each in self._inputs)
        self._counts = Counts()
        self._gathering = Gathering(self._store.write)
        self._begun = 0.0
        self._refuse_foreign()

    def run(
        self, report: Callable[[Progress], None] = lambda _: None, stop: Callable[[], bool] = lambda: False
    ) -> Outcome:
        """Converts what has not been converted yet.

        Args:
            report: is told now and then how far it is.
            stop: is asked as often whether to stop, which is done as soon as it can be resumed.

        Raises:
            RefusedError: the folder holds another conversion, or another process works on it.
            InputError: an input cannot be read any further.
            OutputError: something cannot be written. After this and the error before it can be resumed.
        """
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with Lock(self._folder / _LOCK):
                return self._locked(report, stop)
        except Exception as error:
            if not isinstance(error, (OSError, _database_error())):
                raise
            raise OutputError(f"{self._folder}: {_told(error)}") from error

    def _locked(self, report: Callable[[Progress], None], stop: Callable[[], bool]) -> Outcome:
        journal = self._load()
        resumed = journal is not None
        if journal is None:
            journal = Journal(self._order)
        self._counts = journal.counts
        if journal.done:
            return Outcome(self._counts, finished=True, already=True)
        try:
            self._store.begin(journal)
            finished = self._convert(journal, report, stop)
        except BaseException:
            self._gathering.clear()
            self._store.roll_back()
            raise
        finally:
            self._store.close()
        return Outcome(self._counts, finished=finished, resumed=resumed)

    # ---- whether it may begin

    def _refuse_foreign(self) -> None:
        """Refuses a folder that no conversion has made, and a file in its place."""
        if self._folder.exists() and not self._folder.is_dir():
            raise RefusedError(f"{self._folder}: is a file; give the name of a folder")
        try:
            there = {path.name for path in self._folder.iterdir()} if self._folder.exists() else set()
        except OSError as error:
            raise RefusedError(f"{self._folder}: {_told(error)}") from None
        own = {_LOCK, self._store.journal_name + TEMPORARY}  # of a run that ended before its first step
        if there - own and self._store.journal_name not in there:
            raise RefusedError(f"{self._folder}: is not empty, and holds no conversion to {self._options.form}")

    def _load(self) -> Journal | None:
        """The journal of an earlier run with the same order."""
        self._refuse_foreign()
        journal = self._store.load()
        if journal is not None and (what := _difference(journal.order, self._order)):
            raise RefusedError(f"{self._folder}: holds a conversion with other {what}; choose another folder")
        return journal

    # ---- the loop

    def _convert(self, journal: Journal, report: Callable[[Progress], None], stop: Callable[[], bool]) -> bool:
        """Goes through the inputs; returns False if it was stopped."""
        self._begun = time.monotonic() - self._counts.seconds
        options = self._options
        decode: Decode = partial(
            bulk.decode,
            select=options.select or None,
            edition=options.edition,
            catalogue=self._catalogue,
            address_size=options.reading.address_size,
            threads=options.threads,
        )
        before = sum(each.size for each in self._inputs[: journal.position.file])
        in_step = 0
        for at in range(journal.position.file, len(self._inputs)):
            source = self._inputs[at]
            for portion in options.reading.portions(source, journal.position, decode):
                self._take(portion, source)
                journal.position = portion.position
                in_step += portion.size
                report(Progress(before + portion.read_from_disk, self._total, self._counts))
                stopped = stop()
                if stopped or in_step >= options.step:
                    self._commit(journal)
                    in_step = 0
                if stopped:
                    return False
            before += source.size
        journal.done = True
        self._commit(journal)
        return True

    def _commit(self, journal: Journal) -> None:
        self._gathering.flush()
        self._counts.seconds = time.monotonic() - self._begun
        self._store.commit(journal)

    def _take(self, portion: Portion, source: Input) -> None:
        counts = self._counts
        counts.size += portion.size
        counts.frames = portion.position.frames
        if portion.error:
            counts.errors.append(f"{source.name}: {portion.error}")
        if portion.tables is None:
            return
        for name, table in _tables(portion.tables):
            if not len(table):
                continue
            rows = table.to_arrow(decimals=self._store.decimals, points=self._options.points)
            if portion.source:
                rows = _from_source(rows, portion.source)
            counts.rows[name] = counts.rows.get(name, 0) + rows.num_rows
            if name == "noise":
                _count_noise(counts, rows)
            self._gathering.add(name, rows)


def _tables(tables: Any) -> Iterator[tuple[str, Any]]:
    """All tables of a portion by the names that they have in stores."""
    yield from dict(tables).items()
    for key, table in tables.events.items():
        yield f"events/{key}", table
    yield "undecoded", tables.undecoded
    yield "noise", tables.noise


def _from_source(rows: pa.Table, source: str) -> pa.Table:
    """The same rows, all of one source."""
    at = rows.schema.get_field_index("source")
    kind = rows.schema.field(at).type
    everywhere = pa.repeat(pa.scalar(0, kind.index_type), rows.num_rows)
    column = pa.DictionaryArray.from_arrays(everywhere, pa.array([source], kind.value_type))
    return rows.set_column(at, rows.schema.field(at), column)


def _count_noise(counts: Counts, noise: pa.Table) -> None:
    """Adds runs of noise to the counts. Serial lines repeat the same few wake-up bytes, so each run is seen once."""
    for run in pyarrow.compute.value_counts(noise["raw"]).to_pylist():
        size = len(run["values"]) * run["counts"]
        counts.noise_bytes += size
        if not run["values"].strip(WAKE_UP):
            counts.wake_up_runs += run["counts"]
            counts.wake_up_bytes += size


def _catalogue(options: Options) -> Catalogue:
    try:
        catalogue = Catalogue.load(*options.catalogue) if options.catalogue else default_catalogue()
    except CatalogueError as error:
        raise RefusedError(str(error)) from None
    if options.catalogue:
        taken = {item.key for item in catalogue.items()} & set(_RESERVED)
        if taken:
            raise RefusedError(f"an item of the catalogue has a key that a conversion needs itself: {min(taken)}")
    for key in options.select:
        try:
            catalogue.item_by_key(key)
        except UnknownItemError as unknown:
            try:
                catalogue.event_by_key(key)
            except UnknownItemError:
                raise RefusedError(f"neither item nor event: {unknown}") from None
    return catalogue


def _order(options: Options, inputs: Sequence[Input]) -> dict[str, Any]:
    """All that decides what comes out."""
    from .. import __version__

    digests = [hashlib.sha256(Path(name).read_bytes()).hexdigest() for name in options.catalogue]
    return {
        "options": {
            "library": __version__,
            "form": options.form,
            "select": sorted(set(options.select)),
            "edition": options.edition,
            "points": options.points,
            "catalogue": digests,
            "input": options.reading.kind,
            "address_size": options.reading.address_size,
        },
        "inputs": [each.identity for each in inputs],
    }


def _difference(old: dict[str, Any], new: dict[str, Any]) -> str:
    """In what two orders differ, in words; empty if they do not."""
    before, now = old.get("options", {}), new["options"]
    if options := [name for name in now if before.get(name) != now[name]]:
        return f"options ({', '.join(options)})"
    before, now = ({each["path"]: each for each in order["inputs"]} for order in (old, new))
    if changed := [path for path in before if path in now and before[path] != now[path]]:
        return f"inputs: {changed[0]} has changed" + (f", and {len(changed) - 1} more" if changed[1:] else "")
    if other := sorted(before.keys() ^ now.keys()):
        return f"inputs: {other[0]} {'is new' if other[0] in now else 'is missing'}"
    return "" if old["inputs"] == new["inputs"] else "order of inputs"


def _store(form: str, folder: Path) -> Store:
    if form == "duckdb":
        from .database import DatabaseStore

        return DatabaseStore(folder)
    from .formats import FORMATS
    from .parts import PartStore

    return PartStore(folder, FORMATS[form])


def _database_error() -> type[Exception]:
    """The root of DuckDB's errors, if it is in use."""
    duckdb = sys.modules.get("duckdb")
    return duckdb.Error if duckdb else OSError


def _told(error: Exception) -> str:
    return (isinstance(error, OSError) and error.strerror) or str(error)
