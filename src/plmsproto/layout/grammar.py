"""Reads the text of a layout into its tree.

A layout is a list of members, one a line; ``#`` starts a remark. In full (``docs/layout-language.md`` explains it by
examples)::

    member    = NAME [ "[" COUNT "]" ] SHAPE ATTRIBUTES
              | NAME [ "[" COUNT "]" ] "{" members "}" ATTRIBUTES   a record, or a list of records
              | "if" PATH OP INT "{" members "}" [ "else" "{" members "}" ]
              | "optional" "{" members "}"                        there if bytes are left
              | "include" TYPE                                    the fields of a type that the catalogue names
    NAME      = snake_case, or a run such as voltage_{a,b,c} or current_{a,b,c,zero}
    SHAPE     = TYPE | TYPE "{" PART (";" or newline) PART … "}" | "event" | "units" "(" AFN ")"
    TYPE      = A1 … A27 | u1 … u4 | i1 i2 i4 | ip4 | identifier [ "(" AFN ")" ]
              | bcd[N] | digits[N] | hex[N] | phone[N] | bs[W] | raw[W] | ascii[W] | gb2312[W] | meter_frame[W]
              | bits1 bits2 bits4                             lists of a constant COUNT only
              | a type that the catalogue names
    W         = COUNT
    COUNT     = INT | PATH [ ("+" | "-") INT ] | "popcount" "(" PATH ")" | "per_hour" "(" PATH ")" | "*"
    PART      = NAME ":" BIT [ ".." BIT ] ["bcd"] ATTRIBUTES
    ATTRIBUTES = [UNIT] ["*" FACTOR] ["+" OFFSET] [LOW ".." HIGH] [ "(" CODE "=" NAME … ")" | "enum" NAME ]
                 ["at" PATH] ["Chinese name"]
    CODE      = INT [ ".." INT ]                              a range only where NAME is reserved

ATTRIBUTES may stand in any order; LOW and HIGH may be negative. A PATH names an earlier field (``count``), or a bit
part or field inside one (``head.kind``). ``length`` is the record's own length in the layout of an event. For
``bs[W]``, LOW is the number of the first bit. ``per_hour`` asks an enumeration of intervals how many fit in an hour.
``at`` says which earlier field has the time of a list's entries. A code that is ``reserved`` comes out as its number.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from types import MappingProxyType
from typing import Final, NamedTuple, NoReturn

from ..errors import CatalogueError
from ..formats import (
    ANNEX_A,
    COUNTED,
    PACKED,
    PLAIN,
    SIZED,
    BcdInteger,
    Bits,
    Enumerated,
    Format,
    Integer,
    Scaled,
    Shifted,
    innermost,
)
from .counts import COMPARISONS, Condition, Count
from .event import LENGTH, Event
from .marks import density_of, minutes_of, per_hour
from .nodes import (
    Bitfield,
    BitPart,
    Conditional,
    Field,
    Leaf,
    ListOf,
    Member,
    Optional,
    PackedList,
    Record,
    Shape,
    SizedLeaf,
    Units,
    fields_of,
)
from .tokens import Token, fail_at, tokens

KEYWORDS: Final = frozenset(
    {
        *("if", "else", "optional", "include", "popcount", "per_hour", "event", "units", "enum", "bcd", "at"),
        *("length", "reserved", "spare", "raw", "error"),
    }
)
"""Words of the language, and keys that values use for themselves: no field may be called so."""

BUILT_IN_TYPES: Final = frozenset({*ANNEX_A, *PLAIN, *PACKED, *SIZED, *COUNTED, "event", "units", "identifier"})
"""The types of the language; no named type may be called so."""

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_RUN = re.compile(r"([a-z0-9_]*)\{([a-z0-9_,]+)\}([a-z0-9_]*)")


class NamedType(NamedTuple):
    """A type that the catalogue names: the text of a record, or one shape."""

    fields: str = ""
    shape: str = ""


class NamedEnumeration(NamedTuple):
    """An enumeration that the catalogue names; attributes as in ``Enumerated``."""

    labels: Mapping[int, str]
    reserved: frozenset[int] = frozenset()
    minutes: Mapping[int, int] = MappingProxyType({})


def _no_types(_name: str) -> NamedType | None:
    return None


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The words that a catalogue adds to the language, for one edition.

    Attributes:
        units: the units that may stand behind a type.
        names: key of a field, label or run member → Chinese name.
        named_type: looks a type name up.
        enumerations: name → enumeration.
        identifier: makes the format of data unit identifiers, which differs by edition; asked for the AFN whose items
            they name, ``None`` if that is not known.
    """

    units: Collection[str] = ()
    names: Mapping[str, str] = field(default_factory=dict)
    named_type: Callable[[str], NamedType | None] = _no_types
    enumerations: Mapping[str, NamedEnumeration] = field(default_factory=dict)
    identifier: Callable[[int | None], Format] | None = None

    def zh(self, name: str, stem: str = "", member: str = "") -> str:
        """The Chinese name of a field; that of a run's member is put together if it has none of its own."""
        if name in self.names:
            return self.names[name]
        if member and stem in self.names and member in self.names:
            return self.names[member] + self.names[stem]
        return ""


def parse(text: str, vocabulary: Vocabulary, *, in_event: bool = False) -> Record:
    """Reads a layout.

    Args:
        text: the layout.
        vocabulary: units, names and types of the catalogue.
        in_event: the layout is an event's, where conditions may ask for ``length``.

    Raises:
        CatalogueError: the text is no layout; the message says line and column.
    """
    parser = _Parser(text, vocabulary, in_event=in_event, depth=0)
    members = parser.members(closing=False)
    return Record(tuple(members))


_MAX_TYPE_DEPTH: Final = 8
"""How deep named types may nest; more is a type that contains itself."""


_MAX_DEPTH: Final = 16
"""How deep braces may nest."""

_HIGHEST_NUMBER: Final = (1 << 63) - 1
_LONGEST_NUMBER: Final = 20
"""The highest number that may stand in a layout, and how much text may be one."""

_HIGHEST_COUNT: Final = (1 << 24) - 1
"""More entries or bytes than this no frame has."""

MOST_DIGITS: Final = 18
"""How many digits a number may have with its factor, those behind the point included: columns keep it in 64 bits."""


class _Parser:
    """One layout text, read from left to right by recursive descent."""

    def __init__(self, text: str, vocabulary: Vocabulary, *, in_event: bool, depth: int) -> None:
        self.tokens = tokens(text)
        self.at = 0
        self.vocabulary = vocabulary
        self.in_event = in_event
        self.depth = depth
        # Innermost last: what a path may refer to from here, by its text.
        self.scopes: list[dict[str, Field | BitPart]] = []

    # ---- words

    @property
    def token(self) -> Token:
        return self.tokens[self.at]

    def fail(self, reason: str, token: Token | None = None) -> NoReturn:
        token = token or self.token
        fail_at(reason, token.line, token.column)

    def next(self) -> Token:
        token = self.token
        self.at += 1
        return token

    def accept(self, *texts: str) -> Token | None:
        return self.next() if self.token.text in texts else None

    def expect(self, text: str) -> Token:
        if self.token.text != text:
            self.fail(f"{text!r} expected, not {self.token.text!r}")
        return self.next()

    def integer(self, highest: int = _HIGHEST_NUMBER) -> int:
        token = self.token
        if token.kind != "number" or "." in token.text:
            self.fail(f"a whole number expected, not {token.text!r}")
        if len(token.text) > _LONGEST_NUMBER or int(token.text, 0) > highest:
            self.fail(f"a number up to {highest} expected")
        return int(self.next().text, 0)

    def name(self) -> str:
        if self.token.kind != "word" or not _NAME.fullmatch(self.token.text):
            self.fail(f"a snake_case name expected, not {self.token.text!r}")
        if self.token.text in KEYWORDS:
            self.fail(f"{self.token.text!r} is a word of the language; the field needs a longer name")
        return self.next().text

    def skip_newlines(self) -> None:
        while self.token.kind == "newline":
            self.at += 1

    # ---- members

    def members(self, *, closing: bool) -> list[Member]:
        """Members up to the closing brace (or the end), in a scope of their own."""
        if len(self.scopes) >= _MAX_DEPTH:
            self.fail("braces nest too deep")
        self.scopes.append({})
        found = self.block(closing=closing)
        self.scopes.pop()
        _link_counts(found)
        self.check_names(found)
        return found

    def block(self, *, closing: bool) -> list[Member]:
        """Members up to the closing brace (or the end), in the scope around them."""
        found: list[Member] = []
        while True:
            self.skip_newlines()
            if closing and self.accept("}"):
                return found
            if self.token.kind == "end":
                if closing:
                    self.fail("'}' is missing")
                return found
            found += self.member()

    def inner_block(self) -> list[Member]:
        """A block that may not be there: what stands outside it can't refer to its fields."""
        if len(self.scopes) >= _MAX_DEPTH:
            self.fail("braces nest too deep")
        self.expect("{")
        self.scopes.append({})
        found = self.block(closing=True)
        self.scopes.pop()
        return found

    def member(self) -> list[Member]:
        if self.accept("if"):
            condition = self.condition()
            then = self.inner_block()
            otherwise = self.inner_block() if self.accept("else") else []
            self.end_of_line()
            return [Conditional(condition, tuple(then), tuple(otherwise))]
        if self.accept("optional"):
            members = tuple(self.inner_block())
            self.end_of_line()
            return [Optional(members)]
        if self.accept("include"):
            members = tuple(self.included())
            self.end_of_line()
            return list(members)
        return list(self.fields())

    def included(self) -> list[Member]:
        """The fields of a named type, in the scope that asks for them: as if they stood there."""
        token = self.next()
        named = self.vocabulary.named_type(token.text) if token.kind == "word" else None
        if named is None or not named.fields:
            self.fail(f"no type of several fields is called {token.text!r}", token)
        found: list[Member] = []
        with self.inside_type(named, token) as inner:
            inner.scopes = self.scopes
            found += inner.block(closing=False)
        return found

    def end_of_line(self) -> None:
        if self.token.kind not in ("newline", "end") and self.token.text != "}":
            self.fail(f"unexpected {self.token.text!r}")

    def fields(self) -> list[Field]:
        """A line that names one field, or a run of them."""
        start = self.token
        names = self.run() if start.kind == "run" else [(self.name(), "", "")]
        count = None
        if self.accept("["):
            count = self.count()
            self.expect("]")
        after_count = self.at
        found: list[Field] = []
        for name, stem, member in names:
            self.at = after_count  # each name of a run gets a shape of its own
            if self.token.text == "{":
                self.next()
                each = Field(name, Record(tuple(self.members(closing=True))))
                self.attributes(each)
            else:
                each = self.typed(name)
                self.attributes(each)
            each.shape = self.listed(count, each.shape, start)
            each.zh = each.zh or self.vocabulary.zh(name, stem, member)
            self.declare(each)
            found.append(each)
        self.end_of_line()
        return found

    def listed(self, count: Count | None, shape: Shape, token: Token) -> Shape:
        """The shape, several times if there is a count."""
        bits = shape.form.bits if isinstance(shape, Leaf) else None
        if bits is None:
            return shape if count is None else ListOf(count, shape)
        if count is None or count.source is not None or count.to_end or count.constant * bits % 8:
            self.fail(f"{bits}-bit codes come in lists of a constant number that fills whole bytes", token)
        assert isinstance(shape, Leaf)
        return PackedList(count.constant, shape.form)

    def run(self) -> list[tuple[str, str, str]]:
        token = self.next()
        match = _RUN.fullmatch(token.text)
        assert match is not None
        before, inside, after = match.groups()
        stem = (before + after).strip("_").replace("__", "_")
        return [(before + member + after, stem, member) for member in inside.split(",")]

    def declare(self, each: Field) -> None:
        scope = self.scopes[-1]
        scope[each.name] = each
        if isinstance(each.shape, Bitfield):
            scope.update({f"{each.name}.{part.name}": part for part in each.shape.parts})
        elif isinstance(each.shape, Record):
            for member in each.shape.members:
                if isinstance(member, Field):
                    scope[f"{each.name}.{member.name}"] = member

    def check_names(self, members: list[Member]) -> None:
        """Fails if two fields of a record have one name. The two blocks of a condition are alternatives."""
        self.names_in(members)

    def names_in(self, members: Iterable[Member]) -> set[str]:
        found: set[str] = set()
        for member in members:
            if isinstance(member, Field):
                new = {member.name}
            else:
                new = set().union(*(self.names_in(block) for block in member.blocks()))
            if twice := found & new:
                self.fail(f"two fields are called {min(twice)!r}")
            found |= new
        return found

    # ---- shapes

    def typed(self, name: str) -> Field:
        """A field of the type that comes next; a named type brings its unit and range along."""
        token = self.token
        named = self.vocabulary.named_type(token.text) if token.kind == "word" else None
        if named is None:
            return Field(name, self.shape())
        each = self.named_type(self.next().text, named, token)
        each.name = name
        return each

    def shape(self) -> Shape:
        token = self.next()
        if token.kind != "word":
            self.fail(f"a type expected, not {token.text!r}", token)
        word = token.text
        if word == "event":
            return Event()
        if word == "units":
            return Units(self.afn())
        if word == "identifier" and self.vocabulary.identifier is not None:
            return Leaf(self.vocabulary.identifier(self.afn() if self.token.text == "(" else None))
        if word in ANNEX_A:
            return Leaf(ANNEX_A[word])
        if word in PLAIN:
            form = PLAIN[word]
            return (
                self.bitfield(form)
                if self.token.text == "{" and isinstance(form, Integer) and not form.signed
                else Leaf(form)
            )
        if word in PACKED:
            return Leaf(PACKED[word])
        if word in SIZED or word in COUNTED:
            return self.sized(word)
        self.fail(f"unknown type {word!r}", token)

    def afn(self) -> int:
        self.expect("(")
        afn = self.integer(0xFF)
        self.expect(")")
        return afn

    def sized(self, word: str) -> Shape:
        self.expect("[")
        token = self.token
        size = self.count()
        self.expect("]")
        if word in SIZED and size.source is None and not size.to_end:
            if size.constant < 1:
                self.fail("a width of at least 1 expected", token)
            leaf = Leaf(SIZED[word](size.constant))
            if leaf.form.whole and _digits(leaf.form) > MOST_DIGITS:
                self.fail(f"a number of at most {MOST_DIGITS} digits expected; digits[N] are text", token)
            return leaf
        if word not in COUNTED:
            self.fail(f"the width of {word} must be a constant", token)
        if size.to_end and isinstance(COUNTED[word], Bits):
            self.fail("a bit string needs a width", token)
        return SizedLeaf(COUNTED[word], size)

    def named_type(self, word: str, named: NamedType, token: Token) -> Field:
        each = Field(word, Record())
        with self.inside_type(named, token) as inner:
            if named.fields:
                each.shape = Record(tuple(inner.members(closing=False)))
            else:
                inner.skip_newlines()
                each = inner.typed(word)
                inner.attributes(each)
                inner.skip_newlines()
                if inner.token.kind != "end":
                    inner.fail(f"unexpected {inner.token.text!r}")
        return each

    @contextmanager
    def inside_type(self, named: NamedType, token: Token) -> Iterator[_Parser]:
        """A parser of a named type's text, whose errors are told at the word that names the type."""
        if self.depth >= _MAX_TYPE_DEPTH:
            self.fail(f"type {token.text!r} contains itself", token)
        try:
            yield _Parser(named.fields or named.shape, self.vocabulary, in_event=self.in_event, depth=self.depth + 1)
        except CatalogueError as error:
            self.fail(f"in type {token.text!r}, line {error.line}, column {error.column}: {error.reason}", token)

    def bitfield(self, form: Integer) -> Bitfield:
        self.expect("{")
        parts: list[BitPart] = []
        while True:
            while self.token.kind == "newline" or self.token.text == ";":
                self.at += 1
            if self.accept("}"):
                break
            parts.append(self.part(8 * form.size))
        taken = 0
        for part in parts:
            if sum(each.name == part.name for each in parts) > 1:
                self.fail(f"two parts are called {part.name!r}")
            if part.mask & taken:
                self.fail(f"bits of {part.name!r} are taken twice")
            taken |= part.mask
        return Bitfield(form.size, tuple(parts))

    def part(self, width: int) -> BitPart:
        token = self.token
        name = self.name()
        self.expect(":")
        low = high = self.integer()
        if self.accept(".."):
            high = self.integer()
        if not 0 <= low <= high < width:
            self.fail(f"bits 0..{width - 1} expected", token)
        part = BitPart(name, low, high)
        number: Format = Integer((high - low) // 8 + 1)
        if self.accept("bcd"):
            number = SIZED["bcd"]((high - low) // 8 + 1)
            part.form = number
        holder = Field(name, Leaf(number))
        self.attributes(holder)
        assert isinstance(holder.shape, Leaf)
        if holder.shape.form is not number:
            part.form = holder.shape.form
        if isinstance(part.form, Enumerated):
            part.form = part.form.up_to((1 << high - low + 1) - 1)
        if holder.time_mark is not None:
            self.fail("only lists have points in time", token)
        part.unit, part.bounds = holder.unit, holder.bounds
        part.zh = holder.zh or self.vocabulary.zh(name)
        if self.token.kind != "newline" and self.token.text not in (";", "}"):
            self.fail(f"unexpected {self.token.text!r}")
        return part

    # ---- attributes

    def attributes(self, each: Field) -> None:
        """What follows a type: unit, factor, range, enumeration, Chinese name."""
        while True:
            token = self.token
            if token.kind == "word" and token.text in self.vocabulary.units:
                each.unit = self.next().text
            elif token.text == "*":
                self.next()
                if self.token.kind != "number":
                    self.fail(f"a factor expected, not {self.token.text!r}")
                factor = Decimal(self.integer() if "." not in self.token.text else self.next().text)
                if not factor:
                    self.fail("a factor other than 0 expected", token)
                self.wrap(each, partial(Scaled, factor=factor), token)
            elif self.accept("+"):
                self.wrap(each, partial(Shifted, offset=self.integer()), token)
            elif self.accept("at"):
                each.time_mark = self.time_mark()
            elif token.kind == "number" or token.text == "-":
                self.bounds(each)
            elif token.text == "(":
                labels, reserved = self.labels()
                self.wrap(each, partial(Enumerated, labels=labels, reserved=reserved), token)
            elif token.text == "enum":
                self.next()
                enumeration = self.vocabulary.enumerations.get(self.token.text)
                if enumeration is None:
                    self.fail(f"unknown enumeration {self.token.text!r}")
                self.next()
                self.wrap(
                    each,
                    partial(
                        Enumerated,
                        labels=enumeration.labels,
                        reserved=enumeration.reserved,
                        minutes=enumeration.minutes,
                    ),
                    token,
                )
            elif token.kind == "text":
                each.zh = self.next().text.strip('"')
            else:
                return

    def wrap(self, each: Field, wrapper: Callable[[Format], Format], token: Token) -> None:
        if not isinstance(each.shape, Leaf) or not each.shape.form.whole:
            self.fail("only whole numbers can have a factor, an offset or an enumeration", token)
        each.shape = Leaf(wrapper(each.shape.form))
        if _digits(each.shape.form) > MOST_DIGITS:
            self.fail(f"numbers of more than {MOST_DIGITS} digits", token)

    def bounds(self, each: Field) -> None:
        token = self.token
        low = self.signed()
        self.expect("..")
        high = self.signed()
        if low > high:
            self.fail("a range from low to high expected", token)
        each.bounds = (low, high)
        if isinstance(each.shape, (Leaf, SizedLeaf)) and isinstance(each.shape.form, Bits):
            each.shape.form = Bits(each.shape.form.size, low)

    def signed(self) -> int:
        minus = self.accept("-")
        number = self.integer()
        return -number if minus else number

    def time_mark(self) -> Field:
        """The earlier field that has the time of a list's entries."""
        token = self.next()
        found = next((scope[token.text] for scope in reversed(self.scopes) if token.text in scope), None)
        if not isinstance(found, Field) or density_of(found) is None:
            self.fail(f"no earlier field {token.text!r} has a density", token)
        return found

    def labels(self) -> tuple[dict[int, str], frozenset[int]]:
        self.expect("(")
        found: dict[int, str] = {}
        reserved: set[int] = set()
        while not self.accept(")"):
            if self.token.kind == "newline" or self.token.text == ",":
                self.at += 1
                continue
            token = self.token
            code = self.integer()
            last = self.integer() if self.accept("..") else code
            self.expect("=")
            if self.accept("reserved"):
                reserved.update(range(code, last + 1))
                continue
            if last != code:
                self.fail("only reserved codes can be given as a range", token)
            label = self.name()
            if code in found or label in found.values():
                self.fail(f"{code}={label} stands twice", token)
            found[code] = label
        if twice := reserved & found.keys():
            self.fail(f"{min(twice)} is both named and reserved")
        return found, frozenset(reserved)

    # ---- counts and conditions

    def reference(self) -> Field | BitPart | object:
        token = self.next()
        if token.kind != "word":
            self.fail(f"an earlier field expected, not {token.text!r}", token)
        if token.text == "length" and self.in_event:
            return LENGTH
        found = next((scope[token.text] for scope in reversed(self.scopes) if token.text in scope), None)
        if found is None:
            self.fail(f"no earlier field is called {token.text!r}", token)
        if isinstance(found, Field) and not _is_number(found.shape):
            self.fail(f"{token.text!r} is no number", token)
        found.referenced = True
        return found

    def count(self) -> Count:
        start = self.at
        if self.accept("*"):
            return Count("*", to_end=True)
        if self.token.kind == "number":
            number = self.integer(_HIGHEST_COUNT)
            return Count(str(number), constant=number)
        if self.accept("popcount"):
            self.expect("(")
            source = self.reference()
            self.expect(")")
            return Count(self.text_since(start), source, popcount=True)
        if self.accept("per_hour"):
            self.expect("(")
            token = self.token
            source = self.reference()
            self.expect(")")
            minutes = minutes_of(source)
            if not minutes:
                self.fail(f"{token.text!r} is no enumeration of intervals", token)
            return Count(self.text_since(start), source, table=per_hour(minutes))
        source = self.reference()
        constant = 0
        if sign := self.accept("+", "-"):
            constant = self.integer(_HIGHEST_COUNT) * (1 if sign.text == "+" else -1)
        return Count(self.text_since(start), source, constant)

    def condition(self) -> Condition:
        start = self.at
        source = self.reference()
        comparison = self.next()
        if comparison.text not in COMPARISONS:
            self.fail(f"one of {' '.join(COMPARISONS)} expected, not {comparison.text!r}", comparison)
        constant = self.integer()
        return Condition(self.text_since(start), source, comparison.text, constant)

    def text_since(self, start: int) -> str:
        text = " ".join(token.text for token in self.tokens[start : self.at])
        return text.replace(" ( ", "(").replace(" )", ")")


def _is_number(shape: Shape) -> bool:
    """Whether counts and conditions can refer to a field: a whole number, or bits as one."""
    form = innermost(shape.form) if isinstance(shape, (Leaf, SizedLeaf)) else None
    return form is not None and (form.whole or isinstance(form, Bits))


def _digits(form: Format) -> int:
    """How many digits the largest number of a format may have, those behind the point included."""
    base = innermost(form)
    assert base.size is not None
    factor, largest = Decimal(1), (100 if isinstance(base, BcdInteger) else 256) ** base.size - 1
    while isinstance(form, (Scaled, Shifted, Enumerated)):
        if isinstance(form, Scaled):
            factor = form.factor
        elif isinstance(form, Shifted):
            largest += form.offset
        form = form.base
    _, digits, exponent = (largest * factor).as_tuple()
    return max(len(digits), 1 - int(exponent))


def _link_counts(members: list[Member]) -> None:
    """Lets a counting field find the fields of its record that it counts, to fill it in where it was left out."""
    for each in fields_of(members):
        shape = each.shape
        count = shape.count if isinstance(shape, ListOf) else shape.size if isinstance(shape, SizedLeaf) else None
        if count is not None and isinstance(count.source, Field) and not count.popcount and count.table is None:
            count.source.counted_by_it.append((each, count))
