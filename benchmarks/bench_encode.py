"""Speed of building messages and their bytes: python benchmarks/bench_encode.py [--quick]

Prints what each of a head-end's and a test bench's daily messages costs from the call of its builder to its bytes, and
how many times as long that is as decoding: of the frame that comes out, or, for what a master station sends, of the
heartbeat that it answers. Both are measured in turns in one run. The time of first use is that of new processes.

Why the figures may mislead: messages come again and again, so that all that is kept of a layout is there and in the
processor's caches.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass

import measure
from construct_frames import frame, parts_of
from measure import best, machine
from traffic import ONE_CURVE, PRESENT_POWER, Shares, Traffic

import plmsproto as plms
from plmsproto import Address, FrameSplitter, Message

ADDRESS = Address("4401", 2, master=1)
CALLS = 500

FIRST_USE = """
import time
begin = time.perf_counter()
import plmsproto as plms
imported = time.perf_counter()
bytes(plms.request("present_power", pn=1, address=plms.Address("4401", 2)))
print(imported - begin, time.perf_counter() - imported)
"""


@dataclass(frozen=True)
class Case:
    """One thing that is built; ``decoded`` is the frame whose decoding it is compared with."""

    name: str
    build: Callable[[], bytes]
    decoded: bytes
    target: float | None


def main() -> None:
    parser = argparse.ArgumentParser(description="Speed of building messages and their bytes.")
    parser.add_argument("--quick", action="store_true", help="each measurement once: to see that it runs")
    if parser.parse_args().quick:
        measure.REPEAT = 1
    print("\n".join(machine()))
    print(f"{'from the builder to the bytes':44}{'build':>10}{'decode':>10}   ratio")
    for case in cases():
        built, decoded = best(calls(case.build), calls(lambda content=case.decoded: plms.decode(content)))
        target = "" if case.target is None else f"   (<= {case.target:g})"
        times = f"{built / CALLS * 1e6:7.1f} µs{decoded / CALLS * 1e6:7.1f} µs"
        print(f"{case.name:44}{times}{built / decoded:8.1f}{target}")
    imported, first = first_use()
    print(f"import {imported * 1e3:.0f} ms (<= 50), the first request of one item {first * 1e3:.1f} ms more (<= 15)")


def calls(run: Callable[[], object]) -> Callable[[], None]:
    def many() -> None:
        for _ in range(CALLS):
            run()

    run()
    return many


def cases() -> list[Case]:
    heartbeat = bytes(plms.heartbeat(ADDRESS))
    received = plms.decode(heartbeat)
    power, curve = typical(PRESENT_POWER), typical(ONE_CURVE)
    return [
        Case("confirmation of a heartbeat", lambda: bytes(plms.confirm(received)), heartbeat, 2),
        Case("request for two items", lambda: bytes(request_two()), heartbeat, 3),
        answer("answer of 0C F25", power),
        answer("answer of a curve of 96 points", curve),
        again("to_dict, from_dict, bytes: 0C F25", power),
        again("to_dict, from_dict, bytes: curve", curve),
        Case("0C F25 built by construct", construct_build(power), bytes(power), None),
    ]


def request_two() -> Message:
    return plms.request(["present_power", "present_forward_reading"], address=ADDRESS, pn=1)


def typical(mix: Shares) -> Message:
    """A message of generated traffic that carries one item and no AUX."""
    for each in FrameSplitter().feed(Traffic().buffer(20_000, mix, noise=0)):
        message = plms.decode(each)
        if len(message.units) == 1 and not bytes(message.aux) and message.direction == "up":
            return message
    raise RuntimeError("no such frame in the traffic")


def answer(name: str, message: Message) -> Case:
    """The answer that says what a message says, from its values as a dict."""
    [unit] = message.units
    wanted = {"curve": unit.value["curve"]} if "curve" in unit.value else None
    request = plms.request(unit.key, pn=unit.pn, value=wanted, edition=message.edition, address=ADDRESS)
    return Case(name, lambda: bytes(respond(request, message)), bytes(message), 3)


def respond(request: Message, message: Message) -> Message:
    [unit] = message.units
    return plms.respond(request, [plms.unit(unit.key, unit.value, pn=unit.pn, edition=message.edition)])


def again(name: str, message: Message) -> Case:
    return Case(name, lambda: bytes(plms.from_dict(plms.to_dict(message))), bytes(message), 5)


def construct_build(message: Message) -> Callable[[], bytes]:
    described, parts = frame(), parts_of(bytes(message))
    if described.build(parts) != bytes(message):
        raise RuntimeError("construct builds another frame")
    return lambda: bytes(described.build(parts))


def first_use() -> tuple[float, float]:
    """Seconds of the import and of the first request after it, the best of several new processes."""
    found = []
    for _ in range(measure.REPEAT):
        done = subprocess.run([sys.executable, "-c", FIRST_USE], capture_output=True, text=True, check=True)  # noqa: S603
        imported, first = done.stdout.split()
        found.append((float(imported), float(first)))
    return min(each for each, _ in found), min(each for _, each in found)


if __name__ == "__main__":
    main()
