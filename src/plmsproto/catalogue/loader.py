"""Finds, loads and checks catalogue files; answers what is in them.

A file ``afnXX_*.toml`` holds items of AFN XX and is loaded when one of them is first asked for; ``_fAAA_fBBB`` in its
name says that it holds no other Fn. All other files (vocabulary, types, the table of AFN) are loaded at once. A user's
file may hold anything and is loaded at once; what it says about an item, event, type or AFN replaces what was said
before.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache, partial
from threading import RLock
from typing import Any, Final, NamedTuple

from ..editions import NEWEST_FIRST, RULES, Edition, as_edition
from ..errors import CatalogueError, EncodeError, UnknownItemError
from ..formats import Format
from ..identifier import HIGHEST_FN, IdentifierFormat, ItemIdentifierFormat
from ..layout import BUILT_IN_TYPES, NamedEnumeration, NamedType, Record, Vocabulary, parse
from .entries import AfnEntry, BodyLayout, Entry, EventEntry, ItemEntry

_FILE_NAME = re.compile(r"afn(?P<afn>[0-9a-f]{2})_\w*?(?:_f(?P<first>\d+)_f(?P<last>\d+))?\.toml")
_KEY_LINE = re.compile(r'^key = "(\w+)"', re.MULTILINE)
_SNAKE_CASE: Final = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*")
_KINDS: Final = {int: "a number", str: "a text", list: "a list", dict: "a table", bool: "true or false"}
_ALL_EDITIONS: Final = [str(edition) for edition in Edition]

_COMMON_KEYS: Final = {"key", "en", "zh", "editions", "confidence", "note", "supplement", "layout"}
_ITEM_KEYS: Final = _COMMON_KEYS | {"afn", "fn", "pn"}
_EVENT_KEYS: Final = _COMMON_KEYS | {"erc", "length_slack"}
_LAYOUT_KEYS: Final = {"dir", "editions", "fields", "variant"}
_TABLES: Final = {"units", "names", "type", "enumeration", "afn", "item", "event"}


@dataclass(slots=True)
class _File:
    """A catalogue file that may not have been loaded yet."""

    name: str
    text: str
    afn: int | None = None
    first: int = 1
    last: int = 1 << 16
    loaded: bool = False
    added: bool = False

    def holds(self, afn: int, fn: int | None) -> bool:
        return self.afn in (None, afn) and (fn is None or self.first <= fn <= self.last)


class _TypeEntry(NamedTuple):
    key: str
    editions: tuple[Edition, ...]
    named: NamedType
    source: str


@dataclass(slots=True)
class _Words:
    """What all files together add to the layout language."""

    units: dict[str, str] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    types: list[_TypeEntry] = field(default_factory=list)
    enumerations: dict[str, NamedEnumeration] = field(default_factory=dict)

    def copy(self) -> _Words:
        """Words that can change without changing these."""
        return _Words(dict(self.units), dict(self.names), list(self.types), dict(self.enumerations))


class Catalogue:
    """Items, events and AFN of all editions, from the library's own files and from a user's.

    ``Catalogue()`` is the library's own; ``Catalogue.load("vendor.toml")`` adds to it.
    """

    def __init__(self) -> None:
        self._files = list(_own_files())
        # Those that no question has been asked about; most questions are asked when there are none left.
        self._waiting = [file for file in self._files if file.afn is not None]
        self._items: dict[tuple[int, int], list[ItemEntry]] = {}
        self._events: dict[int, list[EventEntry]] = {}
        self._afns: dict[int, AfnEntry] = {}
        self._words = _Words()
        self._vocabularies: dict[Edition, Vocabulary] = {}
        # A catalogue is shared by threads, and any question may make it load a file.
        self._lock = RLock()
        for file in self._files:
            if file.afn is None:
                self._read(file)

    @classmethod
    def load(cls, *paths: str | os.PathLike[str]) -> Catalogue:
        """The library's catalogue with the files at ``paths`` added, later ones winning.

        Raises:
            CatalogueError: a file can't be read or is wrong; the message says file, line and reason.
        """
        catalogue = cls()
        for path in paths:
            try:
                with open(path, encoding="utf-8") as file:
                    text = file.read()
            except (OSError, UnicodeDecodeError) as error:
                raise CatalogueError(f"can't be read: {error}", path=os.fspath(path)) from None
            catalogue.add(text, os.fspath(path))
        return catalogue

    def add(self, text: str, name: str = "<text>") -> None:
        """Adds the entries of a catalogue file given as text; they replace entries of the same number and edition.

        Args:
            text: TOML.
            name: how errors call it.

        Raises:
            CatalogueError: the text is wrong.
        """
        with self._lock:
            self._load()  # what the new entries replace must be there first
            before = self._state()
            try:
                self._files.append(_File(name, text, added=True))
                self._read(self._files[-1])
                self._forget_compiled()  # a type that known layouts use may have changed
                self._check(name)
            except CatalogueError:
                self._files, self._items, self._events, self._afns, self._words = before
                self._forget_compiled()
                raise

    # Messages carry their catalogue. Copying one must not copy the catalogue, and pickling one needs no more of it than
    # what a user added to the library's own.

    def __deepcopy__(self, _memo: dict[int, Any]) -> Catalogue:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        if self is default_catalogue():
            return default_catalogue, ()
        return _restore, (tuple((file.text, file.name) for file in self._files if file.added),)

    # ---- questions

    def item(self, afn: int, fn: int, edition: Edition | str | None = None) -> ItemEntry:
        """The item of a number; without an edition the newest meaning.

        AFN 0AH gives the items of AFN 04H.

        Raises:
            UnknownItemError: the catalogue has no such item (in that edition).
        """
        wanted = None if edition is None else as_edition(edition)
        found = self.find_item(afn, fn, wanted)
        if found is None:
            where = f" in {RULES[wanted].title}" if wanted else ""
            raise UnknownItemError(f"unknown item{where}", path=f"{afn:02X} F{fn}")
        return found

    def find_item(self, afn: int, fn: int, edition: Edition | None = None) -> ItemEntry | None:
        """As ``item``, but ``None`` if there is none."""
        info = self._afns.get(afn)
        home = info.items_of if info else afn
        self._load(home, fn)
        candidates = self._items.get((home, fn), ())
        for each in (edition,) if edition else NEWEST_FIRST:
            for candidate in candidates:
                if each in candidate.editions:
                    return candidate
        return None

    def items(self, afn: int | None = None, edition: Edition | str | None = None) -> list[ItemEntry]:
        """All items, of one AFN or all, of one edition or all, by number."""
        wanted = None if edition is None else as_edition(edition)
        info = self._afns.get(afn) if afn is not None else None
        home = info.items_of if info else afn
        self._load(home)
        return [
            item
            for number in sorted(self._items)
            for item in self._items[number]
            if home in (None, item.afn) and (wanted is None or wanted in item.editions)
        ]

    def item_by_key(self, key: str, edition: Edition | str | None = None) -> ItemEntry:
        """The item of a key such as ``"present_power"``.

        Raises:
            UnknownItemError: no item has the key (in that edition); the message names similar ones.
        """
        wanted = None if edition is None else as_edition(edition)
        for file in self._waiting:
            if key in _KEY_LINE.findall(file.text):
                self._read(file)
        for items in tuple(self._items.values()):  # another thread may be loading a file
            for item in items:
                if item.key == key and (wanted is None or wanted in item.editions):
                    return item
        raise UnknownItemError("unknown item", found=repr(key), expected=_similar(key, self.items(edition=wanted)))

    def has_variants(self, afn: int, edition: Edition) -> bool:
        """Whether devices are known to send items of an AFN in another form than the standard's."""
        return any(
            layout.variant and edition in layout.editions
            for item in self.items(afn, edition)
            for layout in item.layouts
        )

    def events(self, edition: Edition | str | None = None) -> list[EventEntry]:
        """All event records, of one edition or all, by event code."""
        wanted = None if edition is None else as_edition(edition)
        self._load(_EVENTS_AFN)
        return [
            event
            for erc in sorted(self._events)
            for event in self._events[erc]
            if wanted is None or wanted in event.editions
        ]

    def event(self, erc: int, edition: Edition | str | None = None) -> EventEntry:
        """The event record of a code; without an edition the newest.

        Raises:
            UnknownItemError: the catalogue has no such event (in that edition).
        """
        wanted = None if edition is None else as_edition(edition)
        found = self.find_event(erc, wanted)
        if found is None:
            raise UnknownItemError("unknown event code", path=f"ERC{erc}")
        return found

    def find_event(self, erc: int, edition: Edition | None = None) -> EventEntry | None:
        """As ``event``, but ``None`` if there is none."""
        self._load(_EVENTS_AFN)
        for each in (edition,) if edition else NEWEST_FIRST:
            for candidate in self._events.get(erc, ()):
                if each in candidate.editions:
                    return candidate
        return None

    def event_by_key(self, key: str) -> EventEntry:
        """The event record of a key such as ``"voltage_circuit_abnormal"``.

        Raises:
            EncodeError: no event has the key.
        """
        for event in self.events():
            if event.key == key:
                return event
        raise EncodeError("unknown event", found=repr(key), expected=_similar(key, self.events()))

    def afn(self, code: int) -> AfnEntry | None:
        """What the catalogue says about an AFN, if anything."""
        return self._afns.get(code)

    def afns(self) -> list[AfnEntry]:
        """All AFN, by code."""
        return [self._afns[code] for code in sorted(self._afns)]

    def zh(self, name: str) -> str:
        """The Chinese name of a field, label or unit; empty if the vocabulary has none."""
        return self._words.names.get(name) or self._words.units.get(name, "")

    def vocabulary(self, edition: Edition) -> Vocabulary:
        """The words of the layout language in an edition."""
        known = self._vocabularies.get(edition)
        if known is None:
            known = self._vocabularies[edition] = Vocabulary(
                units=self._words.units.keys(),
                names=self._words.names,
                named_type=lambda name: self._type(name, edition),
                enumerations=self._words.enumerations,
                identifier=partial(self._identifier, edition),
            )
        return known

    def _identifier(self, edition: Edition, afn: int | None) -> Format:
        """The format of identifiers in an edition, with the names of an AFN's items if it is given."""
        plain = IdentifierFormat(RULES[edition].point_coding)
        if afn is None:
            return plain

        def key_of(fn: int) -> str:
            item = self.find_item(afn, fn, edition)
            return item.key if item else ""

        return ItemIdentifierFormat(plain, afn, key_of, lambda key: self.item_by_key(key, edition).fn)

    # ---- loading

    def _load(self, afn: int | None = None, fn: int | None = None) -> None:
        for file in self._waiting:
            if afn is None or file.holds(afn, fn):
                self._read(file)

    def _state(self) -> tuple[Any, ...]:
        """Copies of all that taking in a file changes."""
        items = {number: list(known) for number, known in self._items.items()}
        events = {erc: list(known) for erc, known in self._events.items()}
        return list(self._files), items, events, dict(self._afns), self._words.copy()

    def _entries(self) -> list[ItemEntry | EventEntry]:
        items = [item for items in self._items.values() for item in items]
        return [*items, *(event for events in self._events.values() for event in events)]

    def _forget_compiled(self) -> None:
        self._vocabularies.clear()
        for entry in self._entries():
            entry.forget_compiled()

    def _check(self, source: str) -> None:
        """Makes sure that all that a file says can be used: layouts and types compile, keys are unique."""
        for kind, entries in (("item", self.items()), ("event", self.events())):
            owners: dict[str, str] = {}
            for entry in entries:
                if owners.setdefault(entry.key, entry.title) != entry.title:
                    where = f"{source}, {entry.title if entry.source == source else owners[entry.key]}"
                    raise CatalogueError(f"another {kind} has the key {entry.key!r}", path=where)
                for layout in entry.layouts if entry.source == source else ():
                    for edition in layout.editions:
                        entry.compiled(layout, edition)
        for each in self._words.types:
            for edition in each.editions if each.source == source else ():
                try:
                    # As a list, since codes of less than a byte come in no other way.
                    parse(f"value[8] {each.key}", self.vocabulary(edition), in_event=True)
                except CatalogueError as error:
                    error.path, error.line = f"{source}, type {each.key}", 0
                    raise

    def _type(self, name: str, edition: Edition) -> NamedType | None:
        for entry in reversed(self._words.types):
            if entry.key == name and edition in entry.editions:
                return entry.named
        return None

    def _read(self, file: _File) -> None:
        """Takes in a file's entries, once."""
        with self._lock:
            if not file.loaded:
                self._take_in(file)
                file.loaded = True
                self._waiting = [each for each in self._waiting if each is not file]

    def _take_in(self, file: _File) -> None:
        # Imported late: importing plmsproto reads no catalogue yet.
        import tomllib

        try:
            data = tomllib.loads(file.text)
        except tomllib.TOMLDecodeError as error:
            raise CatalogueError(str(error), path=file.name) from None
        reading = _Reading(file)
        reading.check_keys(data, _TABLES, "the file")
        self._words.units.update(reading.texts(data, "units"))
        self._words.names.update(reading.texts(data, "names"))
        for raw in reading.tables(data, "type"):
            self._words.types.append(reading.type(raw))
        for raw in reading.tables(data, "enumeration"):
            key, enumeration = reading.enumeration(raw)
            self._words.enumerations[key] = enumeration
        for raw in reading.tables(data, "afn"):
            info = reading.afn(raw)
            self._afns[info.code] = info
        for raw in reading.tables(data, "item"):
            item = reading.item(raw, self._compile)
            _replace(self._items.setdefault((item.afn, item.fn), []), item)
        for raw in reading.tables(data, "event"):
            event = reading.event(raw, self._compile)
            _replace(self._events.setdefault(event.erc, []), event)

    def _compile(self, entry: Entry, text: str, edition: Edition) -> Record:
        try:
            return parse(text, self.vocabulary(edition), in_event=isinstance(entry, EventEntry))
        except CatalogueError as error:
            if not error.path:
                error.path = f"{entry.source}, {entry.title}"
                error.line += self._line_before(entry, text)
            raise

    def _line_before(self, entry: Entry, layout: str) -> int:
        """How many lines of its file stand before a layout's text."""
        for file in self._files:
            if file.name == entry.source:
                at = file.text.find(layout, max(0, file.text.find(f'"{entry.key}"')))
                return file.text.count("\n", 0, at) if at >= 0 else 0
        return 0


_EVENTS_AFN: Final = 0x0E


@cache
def default_catalogue() -> Catalogue:
    """The library's own catalogue, shared by everybody who does not bring one."""
    return Catalogue()


def _restore(added: tuple[tuple[str, str], ...]) -> Catalogue:
    catalogue = Catalogue()
    for text, name in added:
        catalogue.add(text, name)
    return catalogue


def _own_files() -> Iterator[_File]:
    # Not by importlib.resources or pathlib, which take a third of the time that importing plmsproto may take.
    folder = os.path.dirname(__file__)
    for name in sorted(os.listdir(folder)):
        if name.endswith(".toml"):
            match = _FILE_NAME.fullmatch(name)
            with open(os.path.join(folder, name), encoding="utf-8") as opened:
                file = _File(name, opened.read())
            if match:
                file.afn = int(match["afn"], 16)
                if match["first"]:
                    file.first, file.last = int(match["first"]), int(match["last"])
            yield file


def _replace(entries: list[Any], new: Any) -> None:
    """Puts an entry before those of the same number; they keep only the editions that it leaves them."""
    kept = []
    for old in entries:
        if old.source == new.source and set(old.editions) & set(new.editions):
            raise CatalogueError(f"{new.title} stands twice in one edition: {old.key} and {new.key}", path=new.source)
        if left := tuple(edition for edition in old.editions if edition not in new.editions):
            kept.append(replace(old, editions=left))
    entries[:] = [new, *kept]


def _similar(key: str, entries: list[Any]) -> str:
    import difflib

    close = difflib.get_close_matches(key, [entry.key for entry in entries], n=3)
    return " or ".join(close) or "a key of the catalogue"


class _Reading:
    """Checks the tables of one file while it is taken in."""

    def __init__(self, file: _File) -> None:
        self.file = file

    def fail(self, reason: str, where: str) -> CatalogueError:
        return CatalogueError(f"{reason}", path=f"{self.file.name}, {where}")

    def check_keys(self, table: Mapping[str, Any], allowed: set[str], where: str) -> None:
        if unknown := table.keys() - allowed:
            raise self.fail(f"unknown {', '.join(sorted(unknown))}; known are {', '.join(sorted(allowed))}", where)

    def tables(self, data: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
        tables = data.get(name, [])
        if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
            raise self.fail(f"[[{name}]] expected", "the file")
        return tables

    def texts(self, data: Mapping[str, Any], name: str) -> dict[str, str]:
        table = data.get(name, {})
        if not isinstance(table, dict) or not all(isinstance(value, str) for value in table.values()):
            raise self.fail(f"[{name}] must give one text for each name", "the file")
        return table

    def get(self, table: Mapping[str, Any], key: str, kind: type, where: str, default: Any = None) -> Any:
        value = table.get(key, default)
        if value is None:
            raise self.fail(f"{key} is missing", where)
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise self.fail(f"{key} must be {_KINDS[kind]}, not {value!r}", where)
        return value

    def number(self, table: Mapping[str, Any], key: str, highest: int, where: str, *, lowest: int = 0) -> int:
        value: int = self.get(table, key, int, where)
        if not lowest <= value <= highest:
            raise self.fail(f"{key} must be {lowest} to {highest}, not {value}", where)
        return value

    def name(self, table: Mapping[str, Any], where: str) -> str:
        value: str = self.get(table, "key", str, where)
        if not _SNAKE_CASE.fullmatch(value):
            raise self.fail(f"key must be snake_case, not {value!r}", where)
        return value

    def editions(self, table: Mapping[str, Any], where: str, default: list[str] | None = None) -> tuple[Edition, ...]:
        names = self.get(table, "editions", list, where, default)
        try:
            editions = tuple(Edition(name) for name in names)
        except ValueError:
            editions = ()
        if not editions:
            raise self.fail(f"editions must be of {', '.join(_ALL_EDITIONS)}, not {names!r}", where)
        return editions

    def type(self, raw: Mapping[str, Any]) -> _TypeEntry:
        key = self.name(raw, "a [[type]]")
        where = f"type {key}"
        if key in BUILT_IN_TYPES:
            raise self.fail("the layout language has this type already", where)
        self.check_keys(raw, {"key", "editions", "fields", "shape", "note"}, where)
        if ("fields" in raw) == ("shape" in raw):
            raise self.fail("a type has either fields or a shape", where)
        named = NamedType(self.get(raw, "fields", str, where, ""), self.get(raw, "shape", str, where, ""))
        return _TypeEntry(key, self.editions(raw, where, _ALL_EDITIONS), named, self.file.name)

    def enumeration(self, raw: Mapping[str, Any]) -> tuple[str, NamedEnumeration]:
        key = self.name(raw, "an [[enumeration]]")
        where = f"enumeration {key}"
        self.check_keys(raw, {"key", "values", "reserved", "minutes", "note"}, where)
        values = self.get(raw, "values", dict, where)
        reserved = self.get(raw, "reserved", list, where, [])
        minutes = self.get(raw, "minutes", dict, where, {})
        try:
            labels = {int(code, 0): str(label) for code, label in values.items()}
            intervals = {int(code, 0): int(each) for code, each in minutes.items()}
            kept = frozenset(map(int, reserved))
        except (TypeError, ValueError):
            raise self.fail("codes and minutes must be numbers", where) from None
        if len(set(labels.values())) < len(labels):
            raise self.fail("two codes have the same name", where)
        if minutes and intervals.keys() != labels.keys():
            raise self.fail("minutes must be given for each code, or for none", where)
        if kept & labels.keys():
            raise self.fail("a code is both named and reserved", where)
        return key, NamedEnumeration(labels, kept, intervals)

    def afn(self, raw: Mapping[str, Any]) -> AfnEntry:
        code = self.number(raw, "code", 0xFF, "an [[afn]]")
        where = f"AFN {code:02X}"
        self.check_keys(raw, {"code", "key", "en", "zh", "items_of", "down", "up", "function", "confirmed"}, where)
        return AfnEntry(
            code,
            self.name(raw, where),
            self.get(raw, "en", str, where),
            self.get(raw, "zh", str, where),
            self.get(raw, "items_of", int, where, code),
            tuple(self.get(raw, "down", list, where, ["down"])),
            tuple(self.get(raw, "up", list, where, ["up"])),
            self.get(raw, "function", int, where, 11),
            self.get(raw, "confirmed", bool, where, False),
        )

    def item(self, raw: Mapping[str, Any], compiler: Any) -> ItemEntry:
        afn = self.number(raw, "afn", 0xFF, "an [[item]]")
        fn = self.number(raw, "fn", HIGHEST_FN, f"an [[item]] of AFN {afn:02X}", lowest=1)
        where = f"{afn:02X} F{fn}"
        self.check_keys(raw, _ITEM_KEYS, where)
        return ItemEntry(
            **self._common(raw, where, compiler, {"down", "up", "query"}),
            afn=afn,
            fn=fn,
            pn=self.get(raw, "pn", str, where, "terminal"),
        )

    def event(self, raw: Mapping[str, Any], compiler: Any) -> EventEntry:
        erc = self.number(raw, "erc", 0xFF, "an [[event]]", lowest=1)
        where = f"ERC{erc}"
        self.check_keys(raw, _EVENT_KEYS, where)
        slack = self.get(raw, "length_slack", int, where, 0)
        return EventEntry(**self._common(raw, where, compiler, {""}), erc=erc, length_slack=slack)

    def _common(self, raw: Mapping[str, Any], where: str, compiler: Any, directions: set[str]) -> dict[str, Any]:
        editions = self.editions(raw, where, _ALL_EDITIONS)
        layouts = tuple(self._layout(each, where, editions, directions) for each in self.tables(raw, "layout"))
        seen: set[tuple[str, Edition, bool]] = set()
        for layout in layouts:
            for edition in layout.editions:
                place = (layout.direction, edition, bool(layout.variant))
                if place in seen:
                    raise self.fail(f"two layouts {layout.direction} in edition {edition}", where)
                seen.add(place)
        return {
            "key": self.name(raw, where),
            "en": self.get(raw, "en", str, where, ""),
            "zh": self.get(raw, "zh", str, where, ""),
            "editions": editions,
            "layouts": layouts,
            "confidence": self.get(raw, "confidence", str, where, ""),
            "note": self.get(raw, "note", str, where, "").strip(),
            "supplement": self.get(raw, "supplement", str, where, ""),
            "source": self.file.name,
            "compiler": compiler,
        }

    def _layout(
        self, raw: Mapping[str, Any], where: str, item_editions: tuple[Edition, ...], directions: set[str]
    ) -> BodyLayout:
        self.check_keys(raw, _LAYOUT_KEYS, where)
        direction = self.get(raw, "dir", str, where, "")
        if direction not in directions:
            raise self.fail(f"dir must be one of {', '.join(sorted(directions))}, not {direction!r}", where)
        editions = self.editions(raw, where, [str(edition) for edition in item_editions])
        if not set(editions) <= set(item_editions):
            raise self.fail("a layout is for editions that the item is not in", where)
        return BodyLayout(
            direction, editions, self.get(raw, "fields", str, where), self.get(raw, "variant", str, where, "")
        )
