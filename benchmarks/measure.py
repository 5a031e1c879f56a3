"""What the benchmarks share: taking times, naming the machine, gathering figures and printing them."""

from __future__ import annotations

import math
import os
import platform
import shlex
import subprocess
import sysconfig
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from plmsproto import IMPLEMENTATION

MIB = 1 << 20
REPEAT = 7
"""How often each is measured, if a benchmark does not say otherwise; set to 1 by ``--quick``."""


def best(*runs: Callable[[], object], repeat: int | None = None) -> list[float]:
    """Returns the shortest time of each, in seconds; they take turns, so that a slow phase of the machine hits all."""
    times = [math.inf] * len(runs)
    for _ in range(min(repeat or REPEAT, REPEAT)):
        for number, run in enumerate(runs):
            begin = time.perf_counter()
            run()
            times[number] = min(times[number], time.perf_counter() - begin)
    return times


def line(name: str, seconds: float, size: int, remark: str = "") -> None:
    """Prints one time, with the throughput that it means for so many bytes."""
    print(f"  {name:48} {seconds * 1e3:10.2f} ms {size / seconds / 1e6:10.1f} MB/s  {remark}")


# ------------------------------------------------------------------------------------------------- the machine


def machine() -> list[str]:
    """Lines that say what was measured on: processor, Python, compiler, implementation."""
    return [
        f"{platform.machine()} {processor()}, {os.cpu_count()} cores",
        f"{platform.python_implementation()} {platform.python_version()}, {platform.system()}, {compiler()}",
        f"implementation in use: {IMPLEMENTATION}",
    ]


def processor() -> str:
    try:
        with Path("/proc/cpuinfo").open(encoding="ascii") as info:
            return next(text.split(":")[1].strip() for text in info if text.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor()


def compiler() -> str:
    """The C compiler that builds extensions here, as it names itself."""
    command = shlex.split(os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc")[:1]
    try:
        run = subprocess.run([*command, "--version"], capture_output=True, text=True, check=True)  # noqa: S603  # CC is the user's own
    except (OSError, subprocess.CalledProcessError):
        return "no compiler"
    return (run.stdout.splitlines() or ["unknown compiler"])[0]


# ------------------------------------------------------------------------------------------------- figures


@dataclass(frozen=True, slots=True)
class Figure:
    """One result: what was measured, what came out, what it is compared with, and what was wanted."""

    what: str
    result: str
    compared: str = ""
    target: str = ""
    met: bool | None = None

    @property
    def verdict(self) -> str:
        if self.met is None:
            return self.target
        return f"{self.target} {'met' if self.met else 'missed'}"


@dataclass(slots=True)
class Section:
    """Figures that belong together, under a title that says on what they were taken."""

    title: str
    figures: list[Figure] = field(default_factory=list)


class Report:
    """Prints figures as they come, and keeps them for the documentation."""

    def __init__(self, head: list[str]) -> None:
        self.head = head
        self.sections: list[Section] = []
        print("\n".join(head))

    def section(self, title: str) -> None:
        self.sections.append(Section(title))
        print(f"\n{title}")

    def add(self, what: str, result: str, compared: str = "", target: str = "", met: bool | None = None) -> None:
        figure = Figure(what, result, compared, target, met)
        self.sections[-1].figures.append(figure)
        print(f"  {what:56} {result:>22}  {compared:44} {figure.verdict}".rstrip())

    def markdown(self) -> str:
        """The figures as tables, one a section."""
        parts = ["\n".join(f"- {text}" for text in self.head)]
        for section in self.sections:
            rows = ["| what | result | compared | target |", "|---|---|---|---|"]
            rows += [f"| {each.what} | {each.result} | {each.compared} | {each.verdict} |" for each in section.figures]
            parts.append(f"**{section.title}**\n\n" + "\n".join(rows))
        return "\n\n".join(parts) + "\n"
