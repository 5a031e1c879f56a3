"""Layouts of bodies as plain trees, and bodies made up from them.

What two layouts say can be compared by what they do with bytes. So layouts of either language become trees of the same
few nodes: ``Leaf`` (a value, or a few in its bits), ``Repeat``, ``Choice``, ``IfLeft``. ``trials`` makes bodies up that
one tree allows, with several small numbers for each field that counts or decides something (a *control*);
``Reading`` reads them by the other.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import Any, Final, NamedTuple

from plmsproto.layout.counts import COMPARISONS

# ---- trees


@dataclass(slots=True, eq=False)
class Part:
    """Some bits of a leaf, numbered from the lowest of its first byte."""

    name: str
    low: int
    high: int
    unit: str = ""
    digits: bool = False

    @property
    def type(self) -> str:
        """What the bits are, in one word."""
        return "bcd" if self.digits else "bit" if self.low == self.high else "bits"

    def number(self, word: int) -> int:
        """What the bits say."""
        return word >> self.low & (1 << self.high - self.low + 1) - 1


def _binary(raw: bytes) -> int | None:
    return int.from_bytes(raw, "little")


@dataclass(slots=True, eq=False)
class Leaf:
    """A value of fixed width, or a few values in its bits.

    Attributes:
        name: for messages.
        size: bytes.
        type: format, as the layout languages name it.
        unit: of the value, with its factor if that is not 1.
        parts: the values in its bits; empty if the leaf is one value.
        decode: the number in its bytes, for counts and conditions, ``None`` if they hold none.
    """

    name: str
    size: int
    type: str
    unit: str = ""
    parts: tuple[Part, ...] = ()
    decode: Callable[[bytes], int | None] = _binary


Control = Leaf | Part
"""What a count or condition asks."""

LENGTH: Final = Part("length", 0, 7)
"""The length byte of an event record, which stands before the body."""


@dataclass(slots=True, eq=False)
class Repeat:
    """Members that stand several times.

    Attributes:
        text: what counts, for messages.
        members: what is repeated.
        control: the leaf or bits that count, if any; else the count is a constant, or the members repeat to the end.
        count: how many, from the number that the control has (0 if there is none).
        offset: of a count that adds a constant to a number, that constant.
        popcount: the count is the number of bits that are set.
        to_end: repeats until the body ends.
    """

    text: str
    members: Nodes
    control: Control | None = None
    count: Callable[[int], int] = lambda number: number
    offset: int = 0
    popcount: bool = False
    to_end: bool = False


@dataclass(slots=True, eq=False)
class Choice:
    """Members that are there if a comparison holds; ``control`` is what it compares."""

    text: str
    control: Control
    comparison: str
    constant: int
    then: Nodes
    otherwise: Nodes = ()

    def chosen(self, number: int | None) -> Nodes:
        """The members that are there."""
        holds = number is not None and COMPARISONS[self.comparison](number, self.constant)
        return self.then if holds else self.otherwise


@dataclass(slots=True, eq=False)
class IfLeft:
    """Members that are there if the body has bytes left."""

    members: Nodes


Node = Leaf | Repeat | Choice | IfLeft
Nodes = tuple[Node, ...]


def walk(nodes: Iterable[Node]) -> Iterator[Node]:
    """All nodes of a tree."""
    for node in nodes:
        yield node
        match node:
            case Repeat() | IfLeft():
                yield from walk(node.members)
            case Choice():
                yield from walk(node.then + node.otherwise)


def formula(nodes: Iterable[Node]) -> str:
    """How long a body is: ``7 + 3·count``."""
    terms = [(factors, times) for factors, times in _terms(nodes).items() if times]
    shown = ["·".join((*([str(times)] if times != 1 or not factors else []), *factors)) for factors, times in terms]
    return " + ".join(shown).replace("+ -", "- ") or "0"


def _terms(nodes: Iterable[Node]) -> dict[tuple[str, ...], int]:
    found: dict[tuple[str, ...], int] = {(): 0}

    def add(inner: Mapping[tuple[str, ...], int], factor: str = "", times: int = 1) -> None:
        for factors, number in inner.items():
            key = (factor, *factors) if factor else factors
            found[key] = found.get(key, 0) + times * number

    for node in nodes:
        match node:
            case Leaf():
                found[()] += node.size
            case Repeat() if node.to_end:
                add(_terms(node.members), "(until the end)")
            case Repeat() if node.control is None:
                add(_terms(node.members), times=node.count(0))
            case Repeat():
                add(_terms(node.members), node.text)
                add(_terms(node.members), times=node.offset)
            case Choice():
                add(_terms(node.then), f"[{node.text}]")
                add(_terms(node.otherwise), f"[not {node.text}]")
            case IfLeft():
                add(_terms(node.members), "[if bytes are left]")
    return found


# ---- writing and reading bodies


class Value(NamedTuple):
    """One value of a body, by the place of its leaf."""

    offset: int
    type: str
    name: str
    unit: str


class Body(NamedTuple):
    """A body that was written or read: its bytes and values, and the numbers of controls in it (for messages)."""

    data: bytes
    values: list[Value]
    numbers: dict[str, int]


_MOST_ROUNDS: Final = 4096
"""More is a number that was not meant to count."""


class _Walk(ABC):
    """Goes through a tree along bytes; ``Writing`` makes the bytes up, ``Reading`` finds them."""

    def __init__(self, length: int) -> None:
        self.data = bytearray()
        self.values: list[Value] = []
        self.numbers: dict[Control, int | None] = {LENGTH: length}
        self.shown: dict[str, int] = {}

    @abstractmethod
    def _bytes_of(self, leaf: Leaf) -> bytes:
        """The bytes of the next leaf."""

    @abstractmethod
    def _rounds_to_end(self) -> Iterator[None]:
        """One round for each repetition up to the end of the body."""

    @abstractmethod
    def _bytes_left(self) -> bool:
        """Whether the body goes on."""

    def _rounds(self, repeat: Repeat) -> Iterator[None]:
        if repeat.to_end:
            yield from self._rounds_to_end()
        else:
            number = 0 if repeat.control is None else self.numbers[repeat.control] or 0
            yield from [None] * min(max(0, repeat.count(number)), _MOST_ROUNDS)

    def _go(self, nodes: Iterable[Node]) -> None:
        for node in nodes:
            match node:
                case Leaf():
                    self._leaf(node)
                case Repeat():
                    for _ in self._rounds(node):
                        self._go(node.members)
                case Choice():
                    self._go(node.chosen(self.numbers[node.control]))
                case IfLeft() if self._bytes_left():
                    self._go(node.members)

    def body(self, nodes: Iterable[Node]) -> Body:
        """Goes through a whole tree."""
        self._go(nodes)
        return Body(bytes(self.data), self.values, self.shown)

    def _leaf(self, leaf: Leaf) -> None:
        offset = len(self.data)
        raw = self._bytes_of(leaf)
        self.data += raw
        word = int.from_bytes(raw, "little")
        self.numbers[leaf] = leaf.decode(raw)
        for part in leaf.parts:
            self.numbers[part] = part.number(word)
            self.values.append(Value(offset, part.type, part.name, part.unit))
        if not leaf.parts:
            self.values.append(Value(offset, leaf.type, leaf.name, leaf.unit))


class Writing(_Walk):
    """Makes a body up.

    Args:
        choices: the numbers that each control takes in turn, each time that it is met.
        fill: the byte that everything else is made of.
        rounds_to_end: how often to repeat what repeats until the end.
        length: what an event record's length byte is to say.
    """

    def __init__(self, choices: Mapping[Control, Sequence[int]], fill: int, rounds_to_end: int, length: int) -> None:
        super().__init__(length)
        self.choices = {control: list(numbers) for control, numbers in choices.items()}
        self.fill = fill
        self.rounds_to_end = rounds_to_end

    def _choose(self, control: Control) -> int | None:
        numbers = self.choices.get(control)
        if not numbers:
            return None
        numbers.append(numbers.pop(0))
        self.shown.setdefault(control.name, numbers[-1])
        return numbers[-1]

    def _bytes_of(self, leaf: Leaf) -> bytes:
        number = self._choose(leaf)
        if number is not None:
            digits = leaf.type.startswith(("bcd", "A"))
            return bytes.fromhex(f"{number:0{2 * leaf.size}}")[::-1] if digits else number.to_bytes(leaf.size, "little")
        word = int.from_bytes(bytes((self.fill,)) * leaf.size, "little")
        for part in leaf.parts:
            number = self._choose(part)
            if number is not None:
                mask = (1 << part.high - part.low + 1) - 1
                word = word & ~(mask << part.low) | number << part.low
        return word.to_bytes(leaf.size, "little")

    def _bytes_left(self) -> bool:
        return False  # only the catalogue's language has blocks that may be there, and bodies are made by the other's

    def _rounds_to_end(self) -> Iterator[None]:
        yield from [None] * self.rounds_to_end


class Reading(_Walk):
    """Reads a body; behind its end stand zeros without end."""

    def __init__(self, data: bytes, length: int) -> None:
        super().__init__(length)
        self.source = data

    def _bytes_of(self, leaf: Leaf) -> bytes:
        at = len(self.data)
        return self.source[at : at + leaf.size].ljust(leaf.size, b"\0")

    def _rounds_to_end(self) -> Iterator[None]:
        before = -1
        while self._bytes_left() and len(self.data) > before:
            before = len(self.data)
            yield

    def _bytes_left(self) -> bool:
        return len(self.data) < len(self.source)


# ---- which bodies to try

_MOST_TRIALS: Final = 96
"""How many ways of choosing the numbers of a layout are tried; only a few layouts have more."""

_FILLS: Final = frozenset({0x00, 0x01, 0xFF})
"""Bytes that decide nothing in the specification might do so in the catalogue: so they are not always 0."""


def trials(spec: Nodes, catalogue: Nodes) -> Iterator[tuple[Body, int]]:
    """Bodies that the specification allows, each with a number for the length byte of an event record."""
    choices, lengths, fills = _numbers_to_try(spec), {0}, set(_FILLS)
    lengths |= choices.pop(LENGTH, set())
    for node in walk(catalogue):
        if isinstance(node, Choice) and node.control is LENGTH:
            lengths.add(node.constant)
        elif isinstance(node, Choice):
            low = node.control.low if isinstance(node.control, Part) else 0
            fills.add(node.constant << low & 0xFF)
    to_end = any(isinstance(node, Repeat) and node.to_end for node in walk(spec))
    for chosen in _turns({control: sorted(numbers) for control, numbers in choices.items()}):
        for length, rounds, fill in product(sorted(lengths), (0, 1, 3) if to_end else (0,), sorted(fills)):
            yield Writing(chosen, fill, rounds, length).body(spec), length


def _numbers_to_try(spec: Nodes) -> dict[Control, set[int]]:
    """For each control the numbers that make few and several rounds, and each comparison true and false."""
    found: dict[Control, set[int]] = {}
    for node in walk(spec):
        match node:
            case Repeat(control=Leaf() | Part() as control):
                numbers = (0, 1, 0b1011) if node.popcount else (0, 1, *(each - node.offset for each in (0, 1, 3)))
                found.setdefault(control, set()).update(numbers)
            case Choice():
                found.setdefault(node.control, set()).update((0, node.constant, node.constant + 1))
    for control, tried in found.items():
        bits = control.high - control.low + 1 if isinstance(control, Part) else 8 * control.size
        tried &= {number for number in tried if 0 <= number < 1 << bits}
    return found


def _turns(choices: Mapping[Control, list[int]]) -> Iterator[dict[Control, list[int]]]:
    """The choices, each list of numbers begun at each place: all together, or as many as may be tried."""
    if prod(len(numbers) for numbers in choices.values()) <= _MOST_TRIALS:
        starts: Iterable[tuple[int, ...]] = product(*(range(len(numbers)) for numbers in choices.values()))
    else:
        starts = (
            tuple(turn * step % len(numbers) for step, numbers in enumerate(choices.values(), start=1))
            for turn in range(_MOST_TRIALS)
        )
    for start in starts:
        pairs = zip(start, choices.items(), strict=True)
        yield {control: numbers[at:] + numbers[:at] for at, (control, numbers) in pairs}


# ---- what a side says


@dataclass(slots=True)
class Meaning:
    """What one side says that an item or event is in one edition.

    Attributes:
        marks: what it says in so many words, see ``marks``.
        bodies: direction → layout; events have no direction.
    """

    marks: dict[str, str]
    bodies: dict[str, Nodes]


Side = dict[tuple[str, str], Meaning]
"""Title (``0C F25`` or ``ERC14``) and edition → meaning."""

MARKS: Final = ("confidence", "pn", "zh", "supplement")


def marks(entry: Mapping[str, Any]) -> dict[str, str]:
    """What an entry says in so many words; of a supplement only whether it is from one."""
    said = {mark: str(entry.get(mark) or "nothing") for mark in MARKS}
    return said | {"supplement": "yes" if entry.get("supplement") else "no"}
