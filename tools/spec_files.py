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
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from body_tree import LENGTH, Choice, Control, Leaf, Meaning, Node, Nodes, Part, Repeat, Side, marks


class SpecError(Exception):
    """A file can't be read."""


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
            raise SpecError(f"stands twice in edition {edition}")
        side[title, edition] = Meaning(marks(raw), {})
    for layout in raw.get("layout", ()):
        nodes = parse_spec(layout["fields"])
        for edition in layout["editions"] if nodes else ():
            if edition not in raw["editions"]:
                raise SpecError(f"a layout for edition {edition}, which the item is not in")
            bodies = side[title, edition].bodies
            if bodies.setdefault(layout.get("dir", ""), nodes) is not nodes:
                raise SpecError(f"two layouts {layout.get('dir', '')} in edition {edition}")


# ---- layouts

_ANNEX_A_SIZES: Final = dict(
    enumerate((6, 2, 4, 1, 2, 2, 2, 2, 3, 3, 4, 6, 4, 5, 5, 4, 4, 3, 2, 3, 2, 1, 3, 2, 3, 2, 4), start=1)
)
_TIME_MARKS: Final = {
    "Td_c": (("start", "A15"), ("density", "u1"), ("count", "u1")),
    "Td_d": (("", "A20"),),
    "Td_m": (("", "A21"),),
}
_FIELD = re.compile(
    r"""(?P<name>\w+) (?:\[(?P<run>\d+)\])? [ ]+ (?P<type>[\w*]+)
    (?:[ ]*\{(?P<parts>[^}]*)\})? (?P<unit>[ ]+[^*{}]+?)? (?:[ ]+\*(?P<factor>[\d.]+))?""",
    re.VERBOSE,
)
_PART = re.compile(r"(?P<name>\w+): (?P<low>\d+)(?:\.\.(?P<high>\d+))?")
_REPEAT = re.compile(r"repeat (?P<count>\S+) as (?P<name>\w+) \{")
_IF = re.compile(r"if (?P<path>[\w.]+) (?P<op>==|!=|<=|>=|<|>) (?P<number>\d+) \{")
_COUNT = re.compile(r"popcount\((?P<flags>[\w.]+)\)|(?P<path>[a-z][\w.]*)(?P<offset>[+-]\d+)?|(?P<number>\d+)|\*")
_DIGITS = re.compile(r"(.*)_(?:units|tens|hundreds)")


def parse_spec(text: str) -> Nodes:
    """The tree of a specification's layout.

    Raises:
        SpecError: the text is none.
    """
    lines = [line for raw in text.splitlines() if (line := raw.partition("#")[0].strip())]
    parser = _SpecParser(lines)
    nodes = parser.members(closing=False)
    return tuple(nodes)


class _SpecParser:
    def __init__(self, lines: list[str]) -> None:
        self.lines = iter(lines)
        self.scopes: list[dict[str, Control]] = []

    def members(self, *, closing: bool) -> list[Node]:
        self.scopes.append({})
        found: list[Node] = []
        for line in self.lines:
            if line == "}":
                if not closing:
                    raise SpecError("'}' too many")
                break
            found += self.member(line)
        else:
            if closing:
                raise SpecError("'}' is missing")
        self.scopes.pop()
        return _one_identifier(found)

    def member(self, line: str) -> list[Node]:
        if match := _REPEAT.fullmatch(line):
            # The count first: inside, its name may mean another field.
            make = self.count(match["count"])
            return [make(tuple(self.members(closing=True)))]
        if match := _IF.fullmatch(line):
            control, text = self.find(match["path"]), f"{match['path']} {match['op']} {match['number']}"
            then = tuple(self.members(closing=True))
            return [Choice(text, control, match["op"], int(match["number"]), then)]
        if match := _FIELD.fullmatch(line):
            return self.fields(match)
        raise SpecError(f"no field: {line!r}")

    def fields(self, match: re.Match[str]) -> list[Node]:
        name, kind = match["name"], match["type"]
        if kind in _TIME_MARKS:
            found: list[Node] = []
            for suffix, inner in _TIME_MARKS[kind]:
                leaf = Leaf(f"{name}.{suffix}".rstrip("."), _size(inner), inner)
                self.scopes[-1][leaf.name] = leaf
                found.append(leaf)
            return found
        if kind == "raw*":
            return [Repeat("*", (Leaf(name, 1, "raw1"),), to_end=True)]
        parts = tuple(_parts(match["parts"] or ""))
        unit = unit_text((match["unit"] or "").strip(), match["factor"])
        leaves = [Leaf(name, _size(kind), kind, unit, parts) for _ in range(int(match["run"] or 1))]
        self.scopes[-1][name] = leaves[0]
        self.scopes[-1].update({part.name: part for part in parts})
        if kind.startswith(("bcd", "A")):
            for leaf in leaves:
                leaf.decode = _digits
        return list(leaves)

    def find(self, path: str) -> Control:
        for scope in reversed(self.scopes):
            if path in scope:
                return scope[path]
        if path == "length":
            return LENGTH
        raise SpecError(f"no earlier field is called {path!r}")

    def count(self, text: str) -> Callable[[Nodes], Repeat]:
        match = _COUNT.fullmatch(text)
        if not match:
            raise SpecError(f"no count: {text!r}")
        if match["flags"]:
            control = self.find(match["flags"])
            return lambda members: Repeat(text, members, control, int.bit_count, popcount=True)
        if match["path"]:
            control, offset = self.find(match["path"]), int(match["offset"] or 0)
            return lambda members: Repeat(match["path"], members, control, lambda number: number + offset, offset)
        if match["number"]:
            number = int(match["number"])
            return lambda members: Repeat(text, members, count=lambda _: number)
        return lambda members: Repeat(text, members, to_end=True)


def unit_text(unit: str, factor: str | None) -> str:
    """A unit together with the factor of its numbers."""
    return unit if factor is None else f"{unit} × {factor}"


def _size(kind: str) -> int:
    match = re.fullmatch(r"(A|u|i|bcd|ascii|ip|raw|bs)(\d+)", kind)
    number = int(match[2]) if match else 0
    size = _ANNEX_A_SIZES.get(number, 0) if kind.startswith("A") else number
    if not size:
        raise SpecError(f"no type: {kind!r}")
    return size


def _digits(raw: bytes) -> int | None:
    text = raw[::-1].hex()
    return int(text) if text.isdecimal() else None


def _parts(text: str) -> Iterator[Part]:
    """The parts of a bit field. Reserved bits are none, digits of one number are one."""
    found: dict[str, Part] = {}
    for each in filter(None, (each.strip() for each in text.split(";"))):
        match = _PART.fullmatch(each)
        if not match:
            raise SpecError(f"no bits: {each!r}")
        name, low, high = match["name"], int(match["low"]), int(match["high"] or match["low"])
        if name.startswith(("reserved", "spare")):
            continue
        digits = _DIGITS.fullmatch(name)
        if digits:
            name = digits[1]
        if name in found:
            low, high = min(low, found[name].low), max(high, found[name].high)
        found[name] = Part(name, low, high, digits=digits is not None)
    yield from found.values()


def _one_identifier(nodes: list[Node]) -> list[Node]:
    """Takes ``da`` and ``dt``, or their bytes, for one value: together they are a data unit identifier."""
    found: list[Node] = []
    for node in nodes:
        before = found[-1] if found else None
        if isinstance(before, Leaf) and isinstance(node, Leaf) and (before.name, node.name) in _IDENTIFIER_PARTS:
            found[-1] = Leaf(node.name, before.size + node.size, "identifier")
        else:
            found.append(node)
    return found


_IDENTIFIER_PARTS: Final = {("da", "dt"), ("da1", "da2"), ("da2", "dt1"), ("dt1", "dt2")}
