"""The tables of one catalogue file: checked, and turned into entries.

Nothing here knows other files, or whether layouts make sense; ``loader`` puts the files together. Every error says
file, line and reason, since users write such files, too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from ..editions import Edition
from ..errors import CatalogueError
from ..identifier import HIGHEST_FN
from .entries import AfnEntry, BodyLayout, EventEntry, ItemEntry

if TYPE_CHECKING:
    from ..layout.grammar import NamedEnumeration, NamedType

# The layout language is imported where a file adds to it: most of the library's own files don't.

_SNAKE_CASE: Final = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*")
_KINDS: Final = {int: "a number", str: "a text", list: "a list", dict: "a table", bool: "true or false"}
_ALL_EDITIONS: Final = [str(edition) for edition in Edition]

_COMMON_KEYS: Final = {"key", "en", "zh", "editions", "confidence", "note", "supplement", "layout"}
_ITEM_KEYS: Final = _COMMON_KEYS | {"afn", "fn", "pn"}
_EVENT_KEYS: Final = _COMMON_KEYS | {"erc", "length_slack"}
_LAYOUT_KEYS: Final = {"dir", "editions", "fields", "variant"}
_EVENT_LAYOUT_KEYS: Final = {"editions", "fields"}
_TABLES: Final = {"units", "points", "names", "type", "enumeration", "afn", "item", "event"}

_HEADER: Final = re.compile(r"^[ \t]*\[\[\s*([\w.]+)\s*\]\]", re.MULTILINE)
_LONG_TEXT: Final = re.compile(r"(\"{3}|'{3})[\s\S]*?\1")
_TOML_PLACE: Final = re.compile(r" \(at line (\d+), column (\d+)\)$")


class TypeEntry(NamedTuple):
    """A ``[[type]]``: its key, where it holds, what it stands for, and the file."""

    key: str
    editions: tuple[Edition, ...]
    named: NamedType
    source: str


class FileTables:
    """What one file says.

    Args:
        file: its name, for errors.
        text: TOML.

    Raises:
        CatalogueError: the text is no TOML, or has tables that a catalogue file does not have.
    """

    def __init__(self, file: str, text: str) -> None:
        # Imported late: importing plmsproto reads no catalogue yet.
        import tomllib

        self.file = file
        self.text = text
        self.place: list[tuple[str, int]] = []
        """The tables that are being read, outermost first, with their number in the file."""
        try:
            self.data = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise self._toml_error(str(error)) from None
        self._check_keys(self.data, _TABLES, "")

    def units(self) -> Mapping[str, str]:
        """Units of measurement with their Chinese names."""
        return self._texts("units")

    def points(self) -> Mapping[str, str]:
        """What information points may count, with Chinese names."""
        return self._texts("points")

    def names(self) -> Mapping[str, str]:
        """Chinese names of fields, bits and codes."""
        return self._texts("names")

    def types(self) -> list[TypeEntry]:
        """Named types."""
        return [self._type(raw) for raw in self._tables(self.data, "type")]

    def enumerations(self) -> list[tuple[str, NamedEnumeration]]:
        """Named enumerations."""
        return [self._enumeration(raw) for raw in self._tables(self.data, "enumeration")]

    def afns(self) -> list[AfnEntry]:
        """Application functions."""
        return [self._afn(raw) for raw in self._tables(self.data, "afn")]

    def items(self, compiler: Any) -> Iterator[ItemEntry]:
        """Items, one after another; ``compiler`` turns their layouts into trees."""
        for raw in self._tables(self.data, "item"):
            yield self._item(raw, compiler)

    def events(self, compiler: Any) -> Iterator[EventEntry]:
        """Event records, likewise."""
        for raw in self._tables(self.data, "event"):
            yield self._event(raw, compiler)

    # ---- errors

    def fail(self, reason: str, where: str, key: str = "") -> CatalogueError:
        """The error of the table that is being read, or of one of its keys."""
        error = CatalogueError(reason, path=f"{self.file}, {where}" if where else self.file)
        error.line = self._line_of(key)
        return error

    def _toml_error(self, reason: str) -> CatalogueError:
        error = CatalogueError(_TOML_PLACE.sub("", reason), path=self.file)
        if place := _TOML_PLACE.search(reason):
            error.line, error.column = int(place[1]), int(place[2])
        return error

    def _line_of(self, key: str) -> int:
        """The line of a key of the table that is being read, else that of the table's head; 0 if there is none such."""
        text = _LONG_TEXT.sub(lambda match: "\n" * match[0].count("\n"), self.text)
        name, start = "", 0
        for part, index in self.place:
            name = f"{name}.{part}" if name else part
            heads = [each.start() for each in _HEADER.finditer(text, start) if each[1] == name]
            if index >= len(heads):
                return 0  # written in another way, as a list of inline tables
            start = heads[index]
        following = _HEADER.search(text, text.find("\n", start)) if self.place else None
        end = following.start() if following else len(text)
        found = re.compile(rf"^[ \t]*\[*{re.escape(key)}\b", re.MULTILINE).search(text, start, end) if key else None
        if found is None and not self.place:
            return 0
        return text.count("\n", 0, found.start() if found else start) + 1

    # ---- tables and their keys

    def _check_keys(self, table: Mapping[str, Any], allowed: set[str], where: str) -> None:
        if unknown := sorted(table.keys() - allowed):
            raise self.fail(f"unknown {', '.join(unknown)}; known are {', '.join(sorted(allowed))}", where, unknown[0])

    def _tables(self, data: Mapping[str, Any], name: str) -> Iterator[Mapping[str, Any]]:
        """The tables of a name, one after another; while one is read, errors are of that one."""
        tables = data.get(name, [])
        if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
            raise self.fail(f"[[{name}]] expected", "", name)
        for index, table in enumerate(tables):
            self.place.append((name, index))
            yield table
            self.place.pop()

    def _texts(self, name: str) -> Mapping[str, str]:
        """A table that gives one text for each name."""
        table = self.data.get(name, {})
        if not isinstance(table, dict):
            raise self.fail(f"[{name}] must give one text for each name", "", name)
        for key, value in table.items():
            if not isinstance(value, str):
                raise self.fail(f"[{name}] must give one text for each name", "", key)
        return table

    def _get(self, table: Mapping[str, Any], key: str, kind: type, where: str, default: Any = None) -> Any:
        value = table.get(key, default)
        if value is None:
            raise self.fail(f"{key} is missing", where)
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise self.fail(f"{key} must be {_KINDS[kind]}, not {value!r}", where, key)
        return value

    def _number(
        self,
        table: Mapping[str, Any],
        key: str,
        highest: int,
        where: str,
        *,
        lowest: int = 0,
        default: int | None = None,
    ) -> int:
        value: int = self._get(table, key, int, where, default)
        if not lowest <= value <= highest:
            raise self.fail(f"{key} must be {lowest} to {highest}, not {value}", where, key)
        return value

    def _name(self, table: Mapping[str, Any], where: str) -> str:
        value: str = self._get(table, "key", str, where)
        if not _SNAKE_CASE.fullmatch(value):
            raise self.fail(f"key must be snake_case, not {value!r}", where, "key")
        return value

    def _editions(self, table: Mapping[str, Any], where: str, default: list[str] | None = None) -> tuple[Edition, ...]:
        names = self._get(table, "editions", list, where, default)
        try:
            editions = tuple(Edition(name) for name in names)
        except ValueError:
            editions = ()
        if not editions:
            raise self.fail(f"editions must be of {', '.join(_ALL_EDITIONS)}, not {names!r}", where, "editions")
        return editions

    def _type(self, raw: Mapping[str, Any]) -> TypeEntry:
        from ..layout.grammar import BUILT_IN_TYPES, NamedType

        key = self._name(raw, "a [[type]]")
        where = f"type {key}"
        if key in BUILT_IN_TYPES:
            raise self.fail("the layout language has this type already", where, "key")
        self._check_keys(raw, {"key", "editions", "fields", "shape", "note"}, where)
        if ("fields" in raw) == ("shape" in raw):
            raise self.fail("a type has either fields or a shape", where)
        named = NamedType(self._get(raw, "fields", str, where, ""), self._get(raw, "shape", str, where, ""))
        return TypeEntry(key, self._editions(raw, where, _ALL_EDITIONS), named, self.file)

    def _enumeration(self, raw: Mapping[str, Any]) -> tuple[str, NamedEnumeration]:
        from ..layout.grammar import NamedEnumeration

        key = self._name(raw, "an [[enumeration]]")
        where = f"enumeration {key}"
        self._check_keys(raw, {"key", "values", "reserved", "minutes", "note"}, where)
        values = self._get(raw, "values", dict, where)
        reserved = self._get(raw, "reserved", list, where, [])
        minutes = self._get(raw, "minutes", dict, where, {})
        try:
            labels = {int(code, 0): str(label) for code, label in values.items()}
            intervals = {int(code, 0): int(each) for code, each in minutes.items()}
            kept = frozenset(map(int, reserved))
        except (TypeError, ValueError):
            raise self.fail("codes and minutes must be numbers", where) from None
        if len(set(labels.values())) < len(labels):
            raise self.fail("two codes have the same name", where, "values")
        if minutes and intervals.keys() != labels.keys():
            raise self.fail("minutes must be given for each code, or for none", where)
        if any(not 0 <= code <= 0xFF or each < 0 for code, each in intervals.items()):
            raise self.fail("codes of intervals have one byte, and no interval is negative", where, "minutes")
        if kept & labels.keys():
            raise self.fail("a code is both named and reserved", where)
        return key, NamedEnumeration(labels, kept, intervals)

    def _afn(self, raw: Mapping[str, Any]) -> AfnEntry:
        code = self._number(raw, "code", 0xFF, "an [[afn]]")
        where = f"AFN {code:02X}"
        self._check_keys(raw, {"code", "key", "en", "zh", "items_of", "down", "up", "function", "confirmed"}, where)
        return AfnEntry(
            code,
            self._name(raw, where),
            self._get(raw, "en", str, where),
            self._get(raw, "zh", str, where),
            self._get(raw, "items_of", int, where, code),
            tuple(self._get(raw, "down", list, where, ["down"])),
            tuple(self._get(raw, "up", list, where, ["up"])),
            self._get(raw, "function", int, where, 11),
            self._get(raw, "confirmed", bool, where, False),
        )

    def _item(self, raw: Mapping[str, Any], compiler: Any) -> ItemEntry:
        afn = self._number(raw, "afn", 0xFF, "an [[item]]")
        fn = self._number(raw, "fn", HIGHEST_FN, f"an [[item]] of AFN {afn:02X}", lowest=1)
        where = f"{afn:02X} F{fn}"
        self._check_keys(raw, _ITEM_KEYS, where)
        return ItemEntry(
            **self._common(raw, where, compiler, {"down", "up", "query"}),
            afn=afn,
            fn=fn,
            pn=self._get(raw, "pn", str, where, "terminal"),
        )

    def _event(self, raw: Mapping[str, Any], compiler: Any) -> EventEntry:
        erc = self._number(raw, "erc", 0xFF, "an [[event]]", lowest=1)
        where = f"ERC{erc}"
        self._check_keys(raw, _EVENT_KEYS, where)
        slack = self._number(raw, "length_slack", 0xFF, where, default=0)
        return EventEntry(**self._common(raw, where, compiler, {""}), erc=erc, length_slack=slack)

    def _common(self, raw: Mapping[str, Any], where: str, compiler: Any, directions: set[str]) -> dict[str, Any]:
        editions = self._editions(raw, where, _ALL_EDITIONS)
        layouts = tuple(self._layout(each, where, editions, directions) for each in self._tables(raw, "layout"))
        seen: set[tuple[str, Edition, bool]] = set()
        for layout in layouts:
            for edition in layout.editions:
                place = (layout.direction, edition, bool(layout.variant))
                if place in seen:
                    raise self.fail(f"two layouts {layout.direction} in edition {edition}", where)
                seen.add(place)
        return {
            "key": self._name(raw, where),
            "en": self._get(raw, "en", str, where, ""),
            "zh": self._get(raw, "zh", str, where, ""),
            "editions": editions,
            "layouts": layouts,
            "confidence": self._get(raw, "confidence", str, where, ""),
            "note": self._get(raw, "note", str, where, "").strip(),
            "supplement": self._get(raw, "supplement", str, where, ""),
            "source": self.file,
            "compiler": compiler,
        }

    def _layout(
        self, raw: Mapping[str, Any], where: str, item_editions: tuple[Edition, ...], directions: set[str]
    ) -> BodyLayout:
        # An event record says its own length, so that forms are told apart by conditions, not as variants.
        self._check_keys(raw, _LAYOUT_KEYS if directions != {""} else _EVENT_LAYOUT_KEYS, where)
        direction = self._get(raw, "dir", str, where, "")
        if direction not in directions:
            raise self.fail(f"dir must be one of {', '.join(sorted(directions))}, not {direction!r}", where, "dir")
        editions = self._editions(raw, where, [str(edition) for edition in item_editions])
        if not set(editions) <= set(item_editions):
            raise self.fail("a layout is for editions that the item is not in", where, "editions")
        return BodyLayout(
            direction, editions, self._get(raw, "fields", str, where), self._get(raw, "variant", str, where, "")
        )
