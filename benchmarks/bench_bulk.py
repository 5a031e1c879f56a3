"""Speed of decoding many frames: python benchmarks/bench_bulk.py [--quick] [--sizes 10MB,100MB,1GB] [--markdown]

Everything in one command and one run, on the traffic of ``traffic.py``. Those that are compared take turns, and the
shortest time of several counts, so the ratios bear other work on the machine better than the absolute figures do.

- scan / byte sum: finding, validating and indexing frames against merely summing the bytes.
- columns: ``plms.bulk.decode``, the frame search included, against the pure reference of the same, against a loop of
  ``plms.decode`` over frames that are already found, and against construct on the same item.
- objects: ``plms.decode``, the compiled implementation against the pure one.
- sizes: time a frame and growth of memory, in a process of its own each, in pieces and as a whole.
- hostile: bytes that are made to keep a decoder busy.
- Parquet: what the columns cost on their way into a file.

The pure reference runs in a second process on a smaller part of the same frames; both are compared by the time a frame
takes. construct and pyarrow are left out if they are not installed, which is said. ``docs/performance.md`` tells what
the figures mean, and ``--markdown`` writes them there.
"""

from __future__ import annotations

import argparse
import gc
import multiprocessing
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, NamedTuple

import measure
from measure import Report, best
from traffic import (
    ONE_CURVE,
    PRESENT_POWER,
    UNITS_OF_A_REQUEST,
    Traffic,
    hostile_streams,
    requests_for_many,
    size_of,
)

import plmsproto as plms
from plmsproto.link import _twin

PAGE: Final = Path(__file__).parent.parent / "docs" / "performance.md"
BEGIN: Final = "<!-- figures of bench_bulk.py -->\n"
END: Final = "<!-- end of the figures -->\n"

PIECE: Final = 16_000_000
"""Bytes that are decoded at a time where a file is read in pieces."""
POINTS: Final = 96


class Samples(NamedTuple):
    """What is measured on."""

    mix: bytes
    present_power: bytes
    curve: bytes
    few: int
    """Frames for what takes long: Python objects, the pure reference."""


def main() -> None:
    parser = argparse.ArgumentParser(description="Speed of decoding many frames, as ratios measured in one run.")
    parser.add_argument("--quick", action="store_true", help="small inputs, each once: to see that it runs")
    parser.add_argument("--sizes", help="for the scaling with size; 10MB,100MB,1GB by default")
    into = "write the figures as tables into a page, docs/performance.md if none is named"
    parser.add_argument("--markdown", nargs="?", type=Path, const=PAGE, help=into)
    given = parser.parse_args()
    if given.quick:
        measure.REPEAT = 1
    sizes = [size_of(text) for text in (given.sizes or ("1MB" if given.quick else "10MB,100MB,1GB")).split(",")]
    report = Report(measure.machine())
    traffic = Traffic()
    unit = 1_000_000 if given.quick else 32_000_000
    samples = Samples(
        mix=traffic.buffer(unit),
        present_power=traffic.buffer(unit, PRESENT_POWER, noise=0),
        curve=traffic.buffer(unit, ONE_CURVE, noise=0),
        few=200 if given.quick else 2000,
    )
    with reference() as pure:
        compare_scan(report, samples)
        compare_columns(report, samples, pure)
        compare_objects(report, samples, pure)
    compare_threads(report, samples)
    compare_hostile(report, samples, traffic, unit // 4)
    if find_spec("pyarrow"):
        compare_parquet(report, samples)
    else:
        report.section("Parquet: left out, pyarrow is not installed")
    compare_sizes(report, traffic, sizes)
    if given.markdown:
        fill(given.markdown, report)


def fill(page: Path, report: Report) -> None:
    """Puts the figures between the two marks of a page."""
    before, _, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not end:
        raise SystemExit(f"{page} has no lines {BEGIN.strip()} and {END.strip()}")
    page.write_text(f"{before}{BEGIN}\n{report.markdown()}\n{END}{after}", encoding="utf-8")


# ------------------------------------------------------------------------------------------------- the reference


@contextmanager
def reference() -> Iterator[Callable[..., Any]]:
    """A second process that runs the pure implementation, and the way to have a function called in it."""
    old = os.environ.get("PLMSPROTO_PURE")
    os.environ["PLMSPROTO_PURE"] = "1"
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        # The process starts with its first task.
        assert pool.submit(implementation).result() == "pure"
        if old is None:
            del os.environ["PLMSPROTO_PURE"]
        else:
            os.environ["PLMSPROTO_PURE"] = old
        yield partial(in_process, pool)


def in_process(pool: Executor, function: Callable[..., Any], *arguments: Any) -> Any:
    return pool.submit(function, *arguments).result()


def implementation() -> str:
    return plms.IMPLEMENTATION


# What the second process is asked to do. Frames travel there with each call: some hundred kilobytes, next to seconds.


def decode_columns(buffer: bytes) -> int:
    return int(plms.bulk.decode(buffer).frames)


def decode_objects(frames: list[bytes]) -> None:
    for frame in frames:
        plms.decode(frame)


# ------------------------------------------------------------------------------------------------- the comparisons


def compare_scan(report: Report, samples: Samples) -> None:
    kinds = {"mix": samples.mix, "F25": samples.present_power, "curves": samples.curve}
    # Several times over, so that they are larger than what the caches of a processor hold: the sum of bytes that come
    # from a cache would be no measure for an archive.
    kinds = {name: buffer * 4 for name, buffer in kinds.items()}
    report.section(f"Frame search: find, validate, index, {megabytes(samples.mix * 4)} each")
    for name, buffer in kinds.items():
        index = plms.bulk.scan(buffer)
        frames, size = len(index), sum(index.length) / len(index)
        del index
        summed, scanned = best(partial(_twin.checksum, buffer), partial(plms.bulk.scan, buffer))
        ratio = summed / scanned
        wanted = (">= 0.5", ratio >= 0.5) if name == "mix" else ("", None)
        report.add(f"{name}, plain byte sum", throughput(buffer, summed))
        compared = f"{ratio:.2f} of the speed of the sum, {throughput(buffer, scanned)}"
        report.add(f"{name}, scan; {size:.0f} bytes a frame", a_frame(scanned, frames), compared, *wanted)


def compare_columns(report: Report, samples: Samples, pure: Callable[..., Any]) -> None:
    power, curve, mix = samples.present_power, samples.curve, samples.mix
    few = frames_of(power, samples.few)
    few_mixed = frames_of(mix, samples.few)
    powers, curves, all_frames = (len(plms.bulk.scan(each)) for each in (power, curve, mix))
    check_columns(power, powers, curve, curves)
    report.section(
        f"Columns, one thread: {powers} frames of AFN 0CH F25, {curves} curves of {POINTS} points, "
        f"{all_frames} frames of the mix"
    )
    runs: dict[str, Callable[[], object]] = {
        "power": lambda: plms.bulk.decode(power),
        "selected": lambda: plms.bulk.decode(power, select={"present_power": ["active_power_total", "voltage_a"]}),
        "curve": lambda: plms.bulk.decode(curve),
        "mix": lambda: plms.bulk.decode(mix),
        "objects": lambda: decode_objects(few),
        "objects of the mix": lambda: decode_objects(few_mixed),
    }
    runs |= construct_runs(few)
    # The reference takes as long as all the others together, and its time is long enough to be steady.
    runs["pure"] = lambda: pure(decode_columns, b"".join(few))
    runs["pure mix"] = lambda: pure(decode_columns, b"".join(few_mixed))
    took = dict(zip(runs, best(*runs.values()), strict=True))
    fast = took["power"] / powers
    report.add(
        "F25", a_frame(took["power"], powers), throughput(power, took["power"]), "<= 130 ns/frame", fast <= 130e-9
    )
    report.add("F25, two fields of 24 selected", a_frame(took["selected"], powers), throughput(power, took["selected"]))
    others = {
        "pure reference of the columns": "pure",
        "plms.decode of each frame": "objects",
        "construct, interpreted": "construct",
        "construct, compiled": "compiled",
    }
    for name, key in others.items():
        if key in took:
            each = took[key] / len(few)
            report.add(f"F25, {name}", f"{each * 1e9:.0f} ns/frame", f"{each / fast:.0f} times the columns")
        else:
            report.add(f"F25, {name}", "left out", "not installed")
    speed = curves * POINTS / took["curve"]
    report.add(
        "curves",
        f"{speed / 1e6:.0f} M values/s",
        f"{a_frame(took['curve'], curves)}, {throughput(curve, took['curve'])}",
        ">= 200 M values/s",
        speed >= 200e6,
    )
    mixed = took["mix"] / all_frames
    report.add("mix, all items and events", a_frame(took["mix"], all_frames), throughput(mix, took["mix"]))
    others = {"pure reference of the columns": "pure mix", "plms.decode of each frame": "objects of the mix"}
    for name, key in others.items():
        each = took[key] / len(few_mixed)
        report.add(f"mix, {name}", f"{each * 1e9:.0f} ns/frame", f"{each / mixed:.0f} times the columns")


def check_columns(power: bytes, powers: int, curve: bytes, curves: int) -> None:
    """Makes sure that what is measured is the whole work."""
    tables = plms.bulk.decode(power)
    assert tables.frames == powers == len(tables["present_power"])
    tables = plms.bulk.decode(curve)
    assert sum(len(table) for table in tables.values()) == curves


def construct_runs(frames: list[bytes]) -> dict[str, Callable[[], object]]:
    """construct on the same frames, once it is certain that it finds the same values."""
    if not find_spec("construct"):
        return {}
    from construct_frames import body_of, frame

    interpreted = frame()
    compiled = interpreted.compile()
    for each in frames:
        wanted = plms.decode(each).units[0].value
        assert body_of(interpreted.parse(each)) == wanted == body_of(compiled.parse(each))
    return {
        "construct": lambda: [interpreted.parse(each) for each in frames],
        "compiled": lambda: [compiled.parse(each) for each in frames],
    }


def compare_objects(report: Report, samples: Samples, pure: Callable[..., Any]) -> None:
    report.section(f"Python objects: plms.decode of {samples.few} frames each, found before")
    for name, buffer, target in (("F25", samples.present_power, 8), ("mix", samples.mix, 0)):
        frames = frames_of(buffer, samples.few)
        fast, slow = best(partial(decode_objects, frames), partial(pure, decode_objects, frames))
        ratio = slow / fast
        wanted = (f">= {target}", ratio >= target) if target else ("", None)
        report.add(f"{name}, pure", f"{slow / len(frames) * 1e6:.1f} us/frame")
        compared = f"{ratio:.1f} times as fast"
        report.add(f"{name}, {implementation()}", f"{fast / len(frames) * 1e6:.1f} us/frame", compared, *wanted)


def compare_threads(report: Report, samples: Samples) -> None:
    buffer = samples.mix * 2
    cores = os.cpu_count() or 1
    counts = sorted({1, 2, *(count for count in (4, 8, 16) if count <= cores)})
    report.section(f"Threads: columns of the mix, {megabytes(buffer)}")
    took = best(*(partial(plms.bulk.decode, buffer, threads=count) for count in counts))
    for count, seconds in zip(counts, took, strict=True):
        ratio = took[0] / seconds
        wanted = (">= 1.7", ratio >= 1.7) if count == 2 else ("", None)
        compared = f"{ratio:.2f} times the speed of one" if count > 1 else ""
        report.add(f"{count} thread{'s' * (count > 1)}", throughput(buffer, seconds), compared, *wanted)


def compare_hostile(report: Report, samples: Samples, traffic: Traffic, size: int) -> None:
    streams = {"the mix": samples.mix[:size]} | hostile_streams(size, traffic)
    report.section(f"Hostile bytes: columns of {size / 1e6:g} MB each")
    times = best(*(partial(plms.bulk.decode, stream) for stream in streams.values()), repeat=3)
    for (name, stream), seconds in zip(streams.items(), times, strict=True):
        if name == "the mix":
            report.add(name, throughput(stream, seconds))
            continue
        enough = len(stream) / seconds >= 100e6
        compared = f"{times[0] / seconds:.2f} of the speed of the mix"
        report.add(name, throughput(stream, seconds), compared, ">= 100 MB/s", enough)
    # Every four bytes of these are 64 data units: what counts is the time that one takes.
    asking = requests_for_many(size // 128)
    units = UNITS_OF_A_REQUEST * len(plms.bulk.scan(asking))
    [seconds] = best(partial(plms.bulk.decode, asking), repeat=3)
    name = f"valid requests, {units} data units in {len(asking) / 1e3:.0f} kB"
    report.add(name, f"{seconds / units * 1e9:.1f} ns/unit", throughput(asking, seconds))


def compare_parquet(report: Report, samples: Samples) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    def convert(buffer: bytes, file: bool) -> None:
        tables = plms.bulk.decode(buffer)
        for table in (*tables.values(), *tables.events.values()):
            arrow = table.to_arrow()
            if file:
                parquet.write_table(arrow, pa.BufferOutputStream(), store_decimal_as_integer=True)

    report.section(f"On to Arrow {pa.__version__} and Parquet, into memory: {megabytes(samples.mix)} each")
    for name, buffer in (("F25", samples.present_power), ("curves", samples.curve), ("mix", samples.mix)):
        frames = len(plms.bulk.scan(buffer))
        columns, arrow, whole = best(
            partial(plms.bulk.decode, buffer), partial(convert, buffer, False), partial(convert, buffer, True), repeat=3
        )
        report.add(f"{name}, columns", a_frame(columns, frames), throughput(buffer, columns))
        report.add(f"{name}, columns and to_arrow", a_frame(arrow, frames), f"{arrow / columns:.1f} times the columns")
        report.add(
            f"{name}, columns, to_arrow and Parquet",
            a_frame(whole, frames),
            f"{whole / columns:.1f} times the columns, {throughput(buffer, whole)}",
        )


# ------------------------------------------------------------------------------------------------- scaling with size


class Run(NamedTuple):
    """A file decoded in a process of its own."""

    seconds: float
    frames: int
    growth: int
    """Bytes by which the process grew at most, over what it held before decoding."""


def compare_sizes(report: Report, traffic: Traffic, sizes: list[int]) -> None:
    report.section(f"Size: columns of the mix, one process each, in pieces of {PIECE / 1e6:.0f} MB and as a whole")
    with tempfile.TemporaryDirectory() as folder:
        files = {}
        for size in sizes:
            files[size] = Path(folder) / f"{size}.bin"
            with files[size].open("wb") as out:
                for piece in traffic.pieces(size):
                    out.write(piece)
        for name, run in (("in pieces", decode_in_pieces), ("as a whole", decode_as_a_whole)):
            fitting = [size for size in sizes if run is decode_in_pieces or 6 * size < available_memory()]
            runs: dict[int, list[Run]] = {size: [] for size in fitting}
            for _ in range(min(3, measure.REPEAT)):
                for size in fitting:
                    runs[size].append(alone(run, files[size]))
            for size in sizes:
                if size not in fitting:
                    report.add(f"{size / 1e6:g} MB {name}", "left out", "not enough memory is free")
                    continue
                fastest = min(runs[size])
                growth = max(each.growth for each in runs[size])
                first = min(runs[fitting[0]])
                ratio = fastest.seconds / fastest.frames / (first.seconds / first.frames)
                report.add(
                    f"{size / 1e6:g} MB {name}, {fastest.frames} frames",
                    a_frame(fastest.seconds, fastest.frames),
                    f"{ratio:.2f} times the time of the smallest; memory grew by {growth / 1e6:.0f} MB",
                )


def alone(function: Callable[[Path], Run], file: Path) -> Run:
    """Calls a function in a new process, so that nothing before it counts as its memory."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(function, file).result()


def warm_up(file: Path) -> None:
    """Lets the layouts be read and compiled that the file needs: that happens once, however much follows."""
    with file.open("rb") as source:
        plms.bulk.decode(source.read(1_000_000))


def decode_in_pieces(file: Path) -> Run:
    """The way through an archive that is larger than memory: what a piece leaves undecided begins the next."""
    warm_up(file)
    seconds, number, offset, held = 0.0, 0, 0, b""
    size = file.stat().st_size
    gc.collect()
    before = reset_peak()
    with file.open("rb") as source:
        while offset + len(held) < size:
            held += source.read(PIECE)
            begin = time.perf_counter()
            tables = plms.bulk.decode(held, offset=offset, number=number, final=offset + len(held) == size)
            seconds += time.perf_counter() - begin
            number += tables.frames
            offset += tables.consumed
            held = held[tables.consumed :]
            del tables
    return Run(seconds, number, peak() - before)


def decode_as_a_whole(file: Path) -> Run:
    warm_up(file)
    buffer = bytearray(file.stat().st_size)
    with file.open("rb") as source:
        source.readinto(buffer)
    gc.collect()
    before = reset_peak()
    begin = time.perf_counter()
    tables = plms.bulk.decode(buffer)
    seconds = time.perf_counter() - begin
    return Run(seconds, tables.frames, peak() - before)


def reset_peak() -> int:
    """Forgets the peak of this process's memory, if the system can; returns what is held now, in bytes."""
    try:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    except OSError:
        return peak()
    return of_status("VmRSS")


def peak() -> int:
    """The most memory that this process has held, in bytes.

    Linux counts it from the start of the program under this name; what ``getrusage`` gives there may be the peak of the
    process that started this one.
    """
    if Path("/proc/self/status").exists():
        return of_status("VmHWM")
    import resource

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024


def of_status(name: str) -> int:
    text = Path("/proc/self/status").read_text(encoding="ascii")
    return next(int(line.split()[1]) * 1024 for line in text.splitlines() if line.startswith(f"{name}:"))


def available_memory() -> int:
    try:
        text = Path("/proc/meminfo").read_text(encoding="ascii")
    except OSError:
        return 4 << 30
    return next(int(line.split()[1]) * 1024 for line in text.splitlines() if line.startswith("MemAvailable:"))


# ------------------------------------------------------------------------------------------------- words for figures


def frames_of(buffer: bytes, count: int) -> list[bytes]:
    """So many frames of a buffer, evenly spread."""
    index = plms.bulk.scan(buffer)
    step = max(1, len(index) // count)
    return [
        buffer[offset : offset + length]
        for offset, length in list(zip(index.offset, index.length, strict=True))[::step][:count]
    ]


def a_frame(seconds: float, frames: int) -> str:
    return f"{seconds / frames * 1e9:.1f} ns/frame"


def throughput(buffer: bytes, seconds: float) -> str:
    return f"{len(buffer) / seconds / 1e6:.0f} MB/s"


def megabytes(buffer: bytes) -> str:
    return f"{len(buffer) / 1e6:.0f} MB"


if __name__ == "__main__":
    main()
