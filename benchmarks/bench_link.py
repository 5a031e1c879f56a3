"""Speed of the link layer: python benchmarks/bench_link.py [--quick]

Prints ratios of times measured in one run, best of several, since absolute figures say more about the machine than
about the code. What to look for:

- scan / checksum: how close finding, validating and indexing frames comes to merely summing the bytes.
- n, 2n, 4n: linear work doubles when the input doubles, also fed byte by byte.
- forged / clean: bytes made to keep a searcher busy must not cost much more than honest ones. Two kinds: heads with
  large lengths whose last byte is no 16H, and those whose last byte is one, so that the checksum has to be judged.
  The dense ones have a head in every fifth byte, the most that fit; a naive search re-sums up to 16 KB for each.

Why the figures may mislead: the buffers are hot in no cache but are read in order, frames are of even random sizes,
and other work on the machine disturbs the thread figures most.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from types import ModuleType, SimpleNamespace

import measure
from measure import MIB, best, line
from traffic import forged_streams

from plmsproto import IMPLEMENTATION
from plmsproto.link import Address, Control, Frame, FrameSplitter, _twin
from plmsproto.link import checksum as pure_checksum
from plmsproto.link import scan as pure_scan

Implementation = ModuleType | SimpleNamespace


def main() -> None:
    parser = argparse.ArgumentParser(description="Speed of the link layer, as ratios measured in one run.")
    parser.add_argument("--quick", action="store_true", help="each measurement once: to see that it runs")
    if parser.parse_args().quick:
        measure.REPEAT = 1
    print("\n".join(measure.machine()))
    pure = SimpleNamespace(checksum=pure_checksum.checksum, scan=pure_scan.scan, StreamScanner=pure_scan.StreamScanner)
    mixed = clean_stream(4 * MIB)
    if IMPLEMENTATION == "fast":
        from plmsproto._fast import _link

        report("fast", _link, mixed * 16, MIB)
    report("pure", pure, mixed[:MIB], MIB // 4)


def report(name: str, implementation: Implementation, mixed: bytes, stream_size: int) -> None:
    _twin.checksum = implementation.checksum
    _twin.StreamScanner = implementation.StreamScanner
    print(f"\n{name}: scan of {len(mixed) / MIB:.0f} MiB of frames of 20 to 400 bytes")
    frames = len(implementation.scan(mixed))
    with ThreadPoolExecutor(2) as pool:
        summed, scanned, both = best(
            lambda: implementation.checksum(mixed),
            lambda: implementation.scan(mixed),
            lambda: list(pool.map(implementation.scan, (mixed, mixed))),
        )
    line("checksum", summed, len(mixed))
    speed = f"{summed / scanned:.2f} of the speed of checksum, {frames / scanned / 1e6:.2f} M frames/s"
    line("scan", scanned, len(mixed), speed)
    line("2 scans in 2 threads", both, 2 * len(mixed), f"{2 * scanned / both:.2f} of the speed of one")

    streams = {"clean": clean_stream(stream_size)} | forged_streams(stream_size)
    print(f"\n{name}: clean and forged streams of {stream_size / MIB:.2f} MiB")
    compare("scan", streams, lambda stream: implementation.scan(stream))
    compare("splitter, chunks of 1460", streams, lambda stream: split(stream, 1460))
    compare("splitter, byte by byte", streams, lambda stream: split(stream, 1))

    print(f"\n{name}: splitter fed byte by byte, n = {stream_size // 4} bytes")
    for kind, stream in streams.items():
        n, n2, n4 = best(*(partial(split, stream[:size], 1) for size in parts(stream_size)))
        line(kind, n, stream_size // 4, f"2n {n2 / n:.2f}, 4n {n4 / n:.2f} times n")


def compare(name: str, streams: dict[str, bytes], run: Callable[[bytes], object]) -> None:
    times = best(*(partial(run, stream) for stream in streams.values()))
    for (kind, stream), seconds in zip(streams.items(), times, strict=True):
        remark = "" if kind == "clean" else f"{seconds / times[0]:.1f} times clean"
        line(f"{name}: {kind}", seconds, len(stream), remark)


def parts(size: int) -> tuple[int, int, int]:
    return size // 4, size // 2, size


def split(stream: bytes, step: int) -> int:
    """Feeds a stream in pieces and returns the number of events."""
    splitter = FrameSplitter()
    events = 0
    for position in range(0, len(stream), step):
        events += len(splitter.feed(stream[position : position + step]))
    return events + len(splitter.close())


def clean_stream(size: int) -> bytes:
    """Frames of 20 to 400 bytes, one after the other."""
    generator = random.Random(130)
    stream = bytearray()
    while len(stream) < size:
        frame = Frame(
            Control(generator.choice((0x88, 0xA8, 0xC9, 0x4B))),
            Address("4401", generator.randrange(1, 16000), 1),
            b"\x0c\x60" + generator.randbytes(generator.randrange(4, 385)),
        )
        stream += bytes(frame)
    return bytes(stream)


if __name__ == "__main__":
    main()
