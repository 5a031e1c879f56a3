"""What all views share: what they are shown, and how values and names look in either language."""

from __future__ import annotations

import datetime as dt
from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, TextIO

from rich.console import Console

from ...application.auxiliary import EventCounters, Tp
from ...application.message import Message
from ...application.sequence import Seq
from ...catalogue import Catalogue, default_catalogue
from ...dlt645 import MeterFrame
from ...errors import PlmsError
from ...identifier import ALL_POINTS, Identifier, ItemIdentifier
from ...layout import Span, Undecoded
from ...link import Control
from ..sources import Capture

WIDE = 1000
"""Columns where there is no terminal: enough for every row to stay on one line."""


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one capture.

    Attributes:
        capture: the frame or noise.
        message: what the frame says; ``None`` for noise and where not even that is known.
        spans: the annotated bytes of the frame, if the view wants them.
        errors: what is wrong, in order.
    """

    capture: Capture
    message: Message | None = None
    spans: list[Span] = field(default_factory=list)
    errors: tuple[PlmsError, ...] = ()


class View(ABC):
    """Prints results one after another."""

    wants_spans = False

    def __init__(self, out: TextIO, *, lang: str, color: str) -> None:
        self.out = out
        self.zh = lang == "zh"
        self.color = color

    def begin(self) -> None:  # noqa: B027  # most have nothing to print here
        """Prints what comes before the first result."""

    @abstractmethod
    def show(self, result: Result) -> None:
        """Prints one result."""

    def end(self) -> None:  # noqa: B027  # most have nothing to print here, either
        """Prints what comes after the last result."""


class _Console(Console):
    """A console that leaves it to ``main`` what a closed pipe means."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


def make_console(out: TextIO, color: str) -> Console:
    """A console that has colours and the terminal's width on a terminal, and neither in a pipe."""
    force = True if color == "always" else None
    no_color = color == "never"
    terminal = out.isatty()
    return _Console(
        file=out,
        force_terminal=force,
        no_color=no_color,
        color_system="auto" if not no_color else None,
        width=None if terminal else WIDE,
        highlight=False,
        markup=False,
        emoji=False,
        legacy_windows=False,
    )


def printable(text: str) -> str:
    """Text from the wire without what would steer a terminal."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else f"\\x{ord(char):02x}" for char in text)


def grouped(deviations: Iterable[str]) -> list[str]:
    """Deviations with those of the same kind on one line: the place of the first, and how many more there are."""
    places: dict[str, list[str]] = {}
    for deviation in deviations:
        place, _, what = deviation.rpartition(": ")
        places.setdefault(what, []).append(place)
    return [
        ": ".join(filter(None, (found[0], what))) + (f" (and {len(found) - 1} more)" if len(found) > 1 else "")
        for what, found in places.items()
    ]


class Words:
    """Names and values in a language."""

    def __init__(self, *, zh: bool, catalogue: Catalogue | None = None) -> None:
        self.zh = zh
        self.catalogue = catalogue or default_catalogue()

    def pick(self, en: str, zh: str) -> str:
        """One of two texts."""
        return zh if self.zh and zh else en

    def unit(self, unit: str) -> str:
        """A unit of measurement; symbols are the same in both languages, words are not."""
        return self.catalogue.zh(unit) if self.zh and unit in ("times", "byte", "deg", "yuan", "d") else unit

    def label(self, label: str) -> str:
        """The name of a code."""
        return self.pick(label.replace("_", " "), self.catalogue.zh(label))

    def code(self, name: str) -> str:
        """The name of a code in a layout, as programs have to write it; the Chinese name stands beside it."""
        return self.pick(name, f"{name} {self.catalogue.zh(name)}".rstrip())

    def value(self, value: Any) -> str:
        """A value as people read it."""
        match value:
            case None:
                return self.pick("no data", "无数据")
            case bool():
                return self.pick("yes", "是") if value else self.pick("no", "否")
            case Undecoded():
                return value.raw.hex(" ").upper() or self.pick("(no bytes)", "(无字节)")
            case bytes():
                return value.hex(" ").upper()
            case Decimal():
                return f"{value:f}"
            case dt.datetime():
                return value.isoformat(" ", "seconds" if value.second else "minutes")
            case dt.date():
                return value.isoformat()
            case dt.time():
                return value.isoformat("minutes")
            case Identifier():
                return f"{self.points(value.pns)} {self.functions(value.fns)}"
            case ItemIdentifier():
                named = zip(value.fns, value.keys, strict=True)
                items = ", ".join(f"F{fn} {self.item(key)}".strip() for fn, key in named)
                return f"{self.points(value.pns)} {items}"
            case MeterFrame():
                return value.describe(zh=self.zh)
            case EventCounters():
                return f"EC1={value.important} EC2={value.general}"
            case Tp():
                return f"PFC={value.pfc} {self.value(value.sent)} +{value.delay} min"
            case Seq() | Control():
                return f"{int(value) if isinstance(value, Seq) else value.value:02X}"
            case tuple() if hasattr(value, "_asdict"):
                return self.partial_time(value._asdict())
            case dict():
                return ", ".join(f"{key}={self.value(each)}" for key, each in value.items())
            case list() | tuple():
                return ", ".join(self.value(each) for each in value) if value else self.pick("none", "无")
            case str():
                return printable(value)
            case _:
                return str(value)

    def partial_time(self, parts: dict[str, int]) -> str:
        """Times without a year, in the order in which people read them."""
        clock = ":".join(f"{parts[name]:02}" for name in ("hour", "minute", "second") if name in parts)
        if clock and "minute" not in parts:
            clock += "h"
        date = "-".join(f"{parts[name]:02}" for name in ("year", "month", "day") if name in parts)
        if "month" not in parts:
            date = self.pick(f"day {parts['day']}", f"{parts['day']}日")
        return f"{date} {clock}".strip()

    def points(self, pns: tuple[int, ...]) -> str:
        """Information points: ``p1, p2``."""
        return ", ".join(self.pick("all points", "全部测量点") if pn == ALL_POINTS else f"p{pn}" for pn in pns)

    def item(self, key: str) -> str:
        """The name of an item."""
        return self.catalogue.item_by_key(key).zh or key if self.zh and key else key

    def functions(self, fns: tuple[int, ...]) -> str:
        """Fn: ``F1, F25``."""
        return ", ".join(f"F{fn}" for fn in fns)
