"""``plmsproto convert``: archives of frames to tables on disk.

The work is done by ``plmsproto.archive``; here are arguments, the progress bar and the summary.
"""

from __future__ import annotations

import argparse
import os
import re
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as ProgressBar
from rich.table import Table

from ..catalogue import Catalogue
from ..errors import PlmsError
from .options import (
    UsageError,
    add_catalogue,
    add_color,
    add_edition,
    add_language,
    catalogue_of,
    complain,
)
from .views.base import Words, make_console

if TYPE_CHECKING:
    from ..archive import Counts, Options, Outcome, Progress

_EXTRAS: Final = {"pyarrow": "arrow", "zstandard": "arrow", "duckdb": "duckdb"}
_SIZE: Final = re.compile(r"(\d+)([KMG]?)")
_UNITS: Final = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}
_SMALLEST_STEP: Final = 64 << 10
_INTERRUPTED: Final = 130
_MOST_SHOWN: Final = 10
_MEGABYTE: Final = 1_000_000


def add_parser(commands: Any) -> None:
    """Adds the sub-command."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "convert",
        help="convert archives of frames to Parquet, Arrow, CSV or DuckDB",
        description="Converts archives of frames, larger than memory, to tables: one for each item and event. What was "
        "interrupted goes on when the same command is given again.",
        epilog="Exit status: 0 all well, 1 something in the input was wrong, 2 wrong usage or the output cannot be "
        "written, 130 interrupted.",
    )
    parser.add_argument(
        "archive", nargs="+", metavar="ARCHIVE", help="files and folders: binary or hex logs, plain, gzip or Zstandard"
    )
    parser.add_argument("--to", required=True, choices=["parquet", "arrow", "csv", "duckdb"], help="what is written")
    parser.add_argument(
        "--out", required=True, metavar="DIR", help="folder for the tables; new, empty, or to go on with"
    )
    parser.add_argument(
        "--select",
        metavar="KEY[,KEY]",
        action="append",
        default=[],
        help="only these items and events; may be repeated",
    )
    parser.add_argument("--points", action="store_true", help="one row for each point of a curve")
    parser.add_argument(
        "--input", dest="form", choices=["auto", "text", "binary"], default="auto", help="what files hold"
    )
    parser.add_argument(
        "--address-size",
        type=int,
        choices=[5, 7],
        default=5,
        help="7 for provinces whose terminal address has four bytes",
    )
    parser.add_argument(
        "--threads",
        type=_positive,
        default=os.cpu_count() or 1,
        metavar="N",
        help="threads that decode (default: as many as there are processors)",
    )
    parser.add_argument(
        "--step",
        type=_step,
        default=_size("256M"),
        metavar="SIZE",
        help="uncompressed bytes after which all is made safe, with K, M or G (default: 256M)",
    )
    add_edition(parser, "read all frames as this edition (default: the newest that fits)")
    add_language(parser)
    add_catalogue(parser)
    add_color(parser)
    parser.set_defaults(run=run)


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"must be 1 or more, not {text}")
    return number


def _size(text: str) -> int:
    match = _SIZE.fullmatch(text.upper())
    if not match or not int(match[1]):
        raise argparse.ArgumentTypeError(f"must be a number of bytes such as 64M, not {text!r}")
    return int(match[1]) * _UNITS[match[2]]


def _step(text: str) -> int:
    step = _size(text)
    if step < _SMALLEST_STEP:
        raise argparse.ArgumentTypeError(f"must be 64K or more, not {text!r}: each step makes files of its own")
    return step


def run(arguments: argparse.Namespace) -> int:
    """Converts what the arguments name; returns the exit status."""
    _demand_extras(arguments.to)
    from ..archive import Conversion, InputError, OutputError, RefusedError

    catalogue = catalogue_of(arguments)
    folder = Path(arguments.out)
    try:
        conversion = Conversion(arguments.archive, folder, _options(arguments))
        with _progress(arguments.color) as report, _interruption() as interrupted:
            outcome = conversion.run(report, interrupted)
    except RefusedError as error:
        raise UsageError(str(error)) from None
    except (InputError, OutputError) as error:
        complain(f"{error}; the same command goes on where this one stopped")
        return 2 if isinstance(error, OutputError) else 1
    except KeyboardInterrupt:
        outcome = None
    if outcome is None or not outcome.finished:
        complain("interrupted; the same command goes on where this one stopped")
        return _INTERRUPTED
    words = Words(zh=arguments.lang == "zh", catalogue=catalogue)
    _summarize(make_console(sys.stdout, arguments.color), outcome, folder, words)
    return int(outcome.something_wrong)


def _demand_extras(form: str) -> None:
    needed = [name for name in _EXTRAS if name != "duckdb" or form == "duckdb"]
    if missing := [name for name in needed if find_spec(name) is None]:
        extra = _EXTRAS[missing[-1]]
        raise UsageError(f"{' and '.join(missing)} missing; install with: pip install 'plmsproto[cli,{extra}]'")


def _options(arguments: argparse.Namespace) -> Options:
    from ..archive import BINARY_BLOCK, TEXT_BLOCK, Options, Reading

    step = arguments.step
    return Options(
        form=arguments.to,
        select=tuple(key.strip() for keys in arguments.select for key in keys.split(",") if key.strip()),
        edition=arguments.edition,
        points=arguments.points,
        catalogue=tuple(arguments.catalogue),
        threads=arguments.threads,
        step=step,
        reading=Reading(
            kind=arguments.form,
            address_size=arguments.address_size,
            binary_block=min(step, BINARY_BLOCK),
            text_block=min(step, TEXT_BLOCK),
        ),
    )


@contextmanager
def _interruption() -> Iterator[Callable[[], bool]]:
    """Tells whether Ctrl-C was pressed. The second time, the program is not asked."""
    pressed = False

    def note(_signal: int, _frame: object) -> None:
        nonlocal pressed
        pressed = True
        signal.signal(signal.SIGINT, signal.default_int_handler)

    before = signal.signal(signal.SIGINT, note)
    try:
        yield lambda: pressed
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def _progress(color: str) -> Iterator[Callable[[Progress], None]]:
    """Shows on standard error how far it is, if that is a terminal."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    bar = ProgressBar(
        BarColumn(),
        DownloadColumn(),
        TextColumn("{task.fields[rate]:.0f} MB/s  {task.fields[frames]:,} frames  {task.fields[errors]:,} errors"),
        TimeRemainingColumn(),
        console=Console(stderr=True, no_color=color == "never"),
    )
    with bar:
        task = bar.add_task("", total=None, rate=0.0, frames=0, errors=0)

        def report(progress: Progress) -> None:
            counts = progress.counts
            bar.update(
                task,
                completed=progress.done,
                total=progress.total,
                rate=_rate(counts),
                frames=counts.frames,
                errors=counts.wrong,
            )

        yield report


def _rate(counts: Counts) -> float:
    return counts.size / _MEGABYTE / counts.seconds if counts.seconds else 0.0


def _summarize(console: Console, outcome: Outcome, folder: Path, words: Words) -> None:
    counts, pick = outcome.counts, words.pick
    if outcome.already:
        console.print(pick("This archive was converted before; nothing was done.", "该归档已转换完毕,未做任何操作。"))
    elif outcome.resumed:
        console.print(pick("Resumed where an earlier run had stopped.", "从上次中断处继续。"))
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column(pick("table", "表"), no_wrap=True)
    table.add_column(pick("rows", "行数"), justify="right", no_wrap=True)
    table.add_column(pick("name", "名称"))
    for name, rows in sorted(counts.rows.items(), key=lambda each: ("/" in each[0], each[0])):
        if name not in ("noise", "undecoded"):
            table.add_row(name, f"{rows:,}", _title(name, words))
    if table.row_count:
        console.print(table)
        console.print()
    facts = [
        (pick("input", "输入"), f"{counts.size:,} {pick('bytes', '字节')}"),
        (pick("frames", "帧"), f"{counts.frames:,}"),
        (pick("undecoded", "未解码"), f"{counts.rows.get('undecoded', 0):,}"),
        (pick("noise", "噪声"), _noise(counts, words)),
        (pick("time", "用时"), f"{counts.seconds:.1f} s, {_rate(counts):.1f} MB/s"),
        (pick("output", "输出"), str(folder)),
    ]
    for label, fact in facts:
        console.print(f"{label}: {fact}")
    for error in counts.errors[:_MOST_SHOWN]:
        console.print(f"{pick('error', '错误')}: {error}")
    if (more := len(counts.errors) - _MOST_SHOWN) > 0:
        console.print(pick(f"and {more} more errors", f"另有 {more} 个错误"))


def _noise(counts: Counts, words: Words) -> str:
    runs, size, harmless = counts.rows.get("noise", 0), counts.noise_bytes, counts.wake_up_bytes
    return words.pick(
        f"{runs:,} runs, {size:,} bytes, of which {harmless:,} are wake-up bytes",
        f"{runs:,} 段, {size:,} 字节, 其中唤醒字节 {harmless:,}",
    )


def _title(name: str, words: Words) -> str:
    catalogue: Catalogue = words.catalogue
    schema, _, key = name.rpartition("/")
    try:
        entry = catalogue.event_by_key(key) if schema else catalogue.item_by_key(key)
    except PlmsError:
        return ""
    return words.pick(entry.en, entry.zh)
