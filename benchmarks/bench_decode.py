"""Speed of decoding to Python objects: python benchmarks/bench_decode.py [--quick]

Prints, for several kinds of frames, what the reference takes and how many times as long that is as the compiled
implementation. Both are measured in turns in one run, best of several, since absolute figures say more about the
machine than about the code.

Why the figures may mislead: frames come again and again, so that all that is kept of a layout is there and in the
processor's caches; the vectors have every item once, where in the field a few items are nearly all there is.
"""

from __future__ import annotations

import argparse
import json
import platform
import time
from pathlib import Path
from typing import Any

import plmsproto as plms
from plmsproto import IMPLEMENTATION
from plmsproto.application import reading
from plmsproto.link import _twin, address, checksum, scan

VECTORS = Path(__file__).parent.parent / "vectors"

Case = tuple[bytes, str | None]


def main() -> None:
    parser = argparse.ArgumentParser(description="Speed of decoding to Python objects.")
    parser.add_argument("--quick", action="store_true", help="each measurement once: to see that it runs")
    repeat = 1 if parser.parse_args().quick else 9
    print(f"{platform.machine()}, {platform.python_implementation()} {platform.python_version()}")
    if IMPLEMENTATION != "fast":
        print("the compiled implementation is not there")
        return
    print(f"{'frames':42}{'pure':>10}{'fast':>10}   ratio")
    for name, cases in kinds().items():
        pure, fast = measure(cases, repeat)
        print(f"{name:42}{pure * 1e6:7.1f} µs{fast * 1e6:7.1f} µs{pure / fast:8.1f}")


def kinds() -> dict[str, list[Case]]:
    made = [vector for path in sorted(VECTORS.glob("afn*.jsonl")) for vector in vectors(path)]
    real = vectors(VECTORS / "real_frames.jsonl")
    newest_up = [vector for vector in made if (vector["edition"], vector["direction"]) == ("1376", "up")]
    power = bytes(plms.examples("present_power", "up", edition="1376")[0])
    return {
        "AFN 0C F25, 22 decimals and a time": [(power, None)] * 200,
        "AFN 0C up, each item once": cases_of([each for each in newest_up if each["afn"] == "0C"]),
        "AFN 0D up, each item once": cases_of([each for each in newest_up if each["afn"] == "0D"]),
        "all items, editions and directions": [(bytes.fromhex(each["hex"]), each["edition"]) for each in made],
        "from the field, up": cases_of([each for each in real if each["direction"] == "up"]),
        "from the field, down": cases_of([each for each in real if each["direction"] == "down"]),
    }


def vectors(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def cases_of(chosen: list[dict[str, Any]]) -> list[Case]:
    return [(bytes.fromhex(each["hex"]), None) for each in chosen]


def measure(cases: list[Case], repeat: int) -> tuple[float, float]:
    """Seconds a frame, of both implementations."""
    best = [float("inf"), float("inf")]
    for _ in range(repeat):
        for number, use in enumerate((use_pure, use_fast)):
            use()
            start = time.perf_counter()
            for content, edition in cases:
                plms.decode(content, edition=edition, strict=False)
            best[number] = min(best[number], (time.perf_counter() - start) / len(cases))
    return best[0], best[1]


def use_pure() -> None:
    parts = {
        "address_from": address.address_from,
        "checksum": checksum.checksum,
        "is_whole_frame": scan.is_whole_frame,
    }
    vars(_twin).update(parts)
    reading.fast_decode = None


def use_fast() -> None:
    from plmsproto._fast import _link, _objects

    parts = {name: getattr(_link, name) for name in ("address_from", "checksum", "is_whole_frame")}
    vars(_twin).update(parts)
    reading.fast_decode = _objects.fast_decode


if __name__ == "__main__":
    main()
