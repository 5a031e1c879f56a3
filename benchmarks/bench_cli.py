"""Speed of ``plmsproto decode``: python benchmarks/bench_cli.py [--quick]

Prints what each output format takes for a log of hex lines, the start of a new process included, and how many times as
long that is as a plain loop of ``FrameSplitter`` and ``plmsproto.decode`` over the same lines, or as JSON lines. All
take turns in one run.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import measure
from measure import best, machine
from traffic import Traffic

import plmsproto as plms
from plmsproto import Frame, FrameSplitter

BYTES = 4_000_000
QUICK_BYTES = 100_000

TARGETS = {"jsonl": ("loop", 4), "csv": ("loop", 4), "tree": ("jsonl", 3), "hex": ("jsonl", 3)}
"""Format → what it is compared with, and how many times as long it may take."""


def main() -> None:
    parser = argparse.ArgumentParser(description="Speed of plmsproto decode.")
    parser.add_argument("--quick", action="store_true", help="a small log, once: to see that it runs")
    size = BYTES
    if parser.parse_args().quick:
        measure.REPEAT, size = 1, QUICK_BYTES
    print("\n".join(machine()))
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log.hex"
        frames = write_log(log, size)
        print(f"{frames} frames, {log.stat().st_size / 1e6:.1f} MB of hex lines")
        names = ["loop", *TARGETS]
        runs = [lambda: loop(log), *(lambda form=form: decode(log, form) for form in TARGETS)]
        times = dict(zip(names, best(*runs, repeat=3), strict=True))
    print(f"{'loop':8}{times['loop']:8.2f} s")
    for form, (other, target) in TARGETS.items():
        print(f"{form:8}{times[form]:8.2f} s   {times[form] / times[other]:.1f} times {other} (<= {target})")


def write_log(path: Path, size: int) -> int:
    """Writes a log of a day's traffic, a frame a line; returns how many."""
    found = [each for each in FrameSplitter().feed(Traffic().buffer(size)) if isinstance(each, Frame)]
    path.write_text("".join(f"{bytes(each).hex(' ').upper()}\n" for each in found), encoding="ascii")
    return len(found)


def loop(log: Path) -> None:
    splitter = FrameSplitter()
    with log.open(encoding="ascii") as lines:
        for line in lines:
            for each in splitter.feed(bytes.fromhex(line)):
                if isinstance(each, Frame):
                    plms.decode(each, strict=False)


def decode(log: Path, form: str) -> None:
    command = [sys.executable, "-m", "plmsproto", "decode", "--format", form, str(log)]
    # The status is 1 where a frame has errors; what goes wrong besides is on stderr.
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False)  # noqa: S603
    if done.stderr:
        raise RuntimeError(done.stderr)


if __name__ == "__main__":
    main()
