"""Reads the specification's files: TOML with one ``[[item]]`` for each Fn and one ``[[event]]`` for each ERC.

An entry has ``afn`` and ``fn`` (or ``erc``), ``editions``, ``confidence``, ``pn``, ``zh`` and ``[[item.layout]]`` with
``dir``, ``editions`` and ``fields``, one field a line, ``#`` before a remark::

    td                 Td_c              # A15 start, u1 density, u1 count; Td_d is an A20, Td_m an A21
    tariff_count       u1
    state              u1 { connected: 0; kind: 4..7 }
    voltage[3]         A7   V            # three fields in a row
    duration           u1   min *15      # value = number × 15
    repeat tariff_count+1 as tariff {    # also: 3, td.count, count-1, popcount(flags), * until the end
      energy           A14  kWh
    }
    if state == 1 {
      power            A9   kW
    }

Types are ``A1`` to ``A27`` of annex A, ``u1``…, ``i1``…, ``bcdN``, ``asciiN``, ``rawN``, ``raw*``, ``bsN`` and ``ip4``.

``translate`` writes such fields in the library's layout language; the library reads them from there. How the layouts of
two sides are compared is in ``same_bodies``.
"""

from __future__ import annotations

import re
import tomllib
from collections import ChainMap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, count
from pathlib import Path
from typing import Any, Final

from plmsproto.errors import CatalogueError
from plmsproto.layout import Record
from plmsproto.layout.grammar import KEYWORDS, Vocabulary, parse


class SpecError(Exception):
    """A file can't be read."""


# ---- what a side says


@dataclass(slots=True)
class Meaning:
    """What one side says that an item or event is in one edition.

    Attributes:
        marks: what it says in so many words, see ``marks``.
        bodies: direction → layout; events have no direction.
    """

    marks: dict[str, str]
    bodies: dict[str, Record]


Side = dict[tuple[str, str], Meaning]
"""Title (``0C F25`` or ``ERC14``) and edition → meaning."""

MARKS: Final = ("confidence", "pn", "zh", "supplement")


def marks(entry: Mapping[str, Any]) -> dict[str, str]:
    """What an entry says in so many words; of a supplement only whether it is from one."""
    said = {mark: str(entry.get(mark) or "nothing") for mark in MARKS}
    return said | {"supplement": "yes" if entry.get("supplement") else "no"}


# ---- files


def read_spec(folder: Path) -> Side:
    """All that the files of a specification say.

    Raises:
        SpecError: a file is wrong, or there is none.
    """
    side: Side = {}
    paths = sorted(folder.glob("*.toml"))
    if not paths:
        raise SpecError(f"{folder}: no TOML files")
    for path in paths:
        data = load_toml(path)
        titled = [(f"{item['afn']:02X} F{item['fn']}", item) for item in data.get("item", ())]
        titled += [(f"ERC{event['erc']}", event) for event in data.get("event", ())]
        for title, raw in titled:
            try:
                _add_entry(side, title, raw)
            except SpecError as error:
                raise SpecError(f"{path.name}, {title}: {error}") from None
    return side


def load_toml(path: Path) -> dict[str, Any]:
    """The tables of a file.

    Raises:
        SpecError: it can't be read.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SpecError(f"{path}: {error}") from None


def _add_entry(side: Side, title: str, raw: Mapping[str, Any]) -> None:
    for edition in raw["editions"]:
        if (title, edition) in side:
            raise SpecError(f"is there twice in edition {edition}")
        side[title, edition] = Meaning(marks(raw), {})
    for layout in raw.get("layout", ()):
        record = parse_spec(layout["fields"], in_event=title.startswith("ERC"))
        for edition in layout["editions"] if record.members else ():
            if edition not in raw["editions"]:
                raise SpecError(f"a layout for edition {edition}, which the item is not in")
            bodies = side[title, edition].bodies
            if bodies.setdefault(layout.get("dir", ""), record) is not record:
                raise SpecError(f"two layouts {layout.get('dir', '')} in edition {edition}")


def parse_spec(text: str, *, in_event: bool = False) -> Record:
    """The tree of a specification's layout.

    Raises:
        SpecError: the text is not a layout.
    """
    translation, units = translate(text)
    try:
        return parse(translation, Vocabulary(units), in_event=in_event)
    except CatalogueError as error:
        raise SpecError(f"{error.reason}, in: {translation.splitlines()[max(error.line, 1) - 1]}") from None


# ---- layouts

_TIME_MARKS: Final = {"Td_c": "{\nstart_time A15\ndensity u1\ncount u1\n}", "Td_d": "A20", "Td_m": "A21"}
_FIELD = re.compile(
    r"""(?P<name>\w+) (?:\[(?P<run>\d+)\])? [ ]+ (?P<type>[\w*]+)
    (?:[ ]*\{(?P<parts>[^}]*)\})? (?:[ ]+(?P<unit>[^*{}]+?))? (?P<factor>[ ]+\*[\d.]+)?""",
    re.VERBOSE,
)
_PART = re.compile(r"(?P<name>\w+): (?P<low>\d+)(?:\.\.(?P<high>\d+))?")
_REPEAT = re.compile(r"repeat (?P<count>\S+) as (?P<name>\w+) \{")
_IF = re.compile(r"if (?P<path>[\w.]+) (?P<rest>(?:==|!=|<=|>=|<|>) \d+) \{")
_COUNT = re.compile(r"\*|\d+|popcount\((?P<flags>[\w.]+)\)|(?P<path>[a-z][\w.]*)(?P<offset>[+-]\d+)?")
_WIDTH = re.compile(r"(bcd|ascii|raw|bs)(\d+|\*)")
_DIGITS = re.compile(r"(.*)_(?:units|tens|hundreds)")
_IDENTIFIER = re.compile(r"\bda +raw2\n+dt +raw2\b|\bda1 +u1\n+da2 +u1\n+dt1 +u1\n+dt2 +u1\b")


def translate(text: str) -> tuple[str, set[str]]:
    """A specification's layout in the library's layout language, and the units in it.

    Reserved bits are left out, the digits of one number are one, DA and DT together are one value. A name that the
    language can't take, as it has the word itself or the record has the name already, gets a number after it.

    Raises:
        SpecError: a line is not of the language.
    """
    lines = "\n".join(line for raw in text.splitlines() if (line := raw.partition("#")[0].strip()))
    translator = _Translator()
    found = [translator.line(line) for line in _IDENTIFIER.sub("identifier raw4", lines).splitlines()]
    return "\n".join(found), translator.units


class _Translator:
    def __init__(self) -> None:
        self.units: set[str] = set()
        self.taken = set(KEYWORDS)
        self.paths: ChainMap[str, str] = ChainMap()
        """The specification's name of a field or of bits → its path, by the blocks around the line."""

    def line(self, line: str) -> str:
        if line == "}":
            if len(self.paths.maps) == 1:
                raise SpecError("'}' too many")
            self.paths = self.paths.parents
            return line
        if match := _REPEAT.fullmatch(line):
            number, name = self.count(match["count"]), self.name(match["name"])
            self.paths = self.paths.new_child()
            return f"{name}[{number}] {{"
        if match := _IF.fullmatch(line):
            path = self.path(match["path"])
            self.paths = self.paths.new_child()
            return f"if {path} {match['rest']} {{"
        if match := _FIELD.fullmatch(line):
            return self.field(match)
        raise SpecError(f"not a field: {line!r}")

    def name(self, name: str) -> str:
        made = next(each for each in chain([name], (f"{name}_{n}" for n in count(2))) if each not in self.taken)
        self.taken.add(made)
        self.paths[name] = made
        return made

    def path(self, path: str) -> str:
        whole, dot, part = path.partition(".")
        return self.paths.get(whole, whole) + dot + part

    def count(self, text: str) -> str:
        match = _COUNT.fullmatch(text)
        if not match:
            raise SpecError(f"not a count: {text!r}")
        if match["flags"]:
            return f"popcount({self.path(match['flags'])})"
        return self.path(match["path"]) + (match["offset"] or "") if match["path"] else text

    def field(self, match: re.Match[str]) -> str:
        name, unit = self.name(match["name"]), match["unit"] or ""
        if unit:
            self.units.add(unit)
        run = f"[{match['run']}]" if match["run"] else ""
        kind = _TIME_MARKS.get(match["type"]) or _WIDTH.sub(r"\1[\2]", match["type"])
        parts = f"{{ {'; '.join(self.parts(name, match['parts']))} }}" if match["parts"] else ""
        return f"{name}{run} {kind} {parts} {unit} {match['factor'] or ''}"

    def parts(self, field: str, text: str) -> Iterator[str]:
        """The parts of a bit field."""
        found: dict[str, tuple[int, int, str]] = {}
        for each in filter(None, (each.strip() for each in text.split(";"))):
            match = _PART.fullmatch(each)
            if not match:
                raise SpecError(f"not bits: {each!r}")
            name, low, high = match["name"], int(match["low"]), int(match["high"] or match["low"])
            if name.startswith(("reserved", "spare")):
                continue
            digits = _DIGITS.fullmatch(name)
            if digits:
                name = digits[1]
            before = found.get(name, (low, high, ""))
            found[name] = (min(low, before[0]), max(high, before[1]), "bcd" if digits else "")
        for name, (low, high, bcd) in found.items():
            made = self.name(name)
            self.paths[name] = f"{field}.{made}"
            yield f"{made}: {low}..{high} {bcd}"
