"""Finds, loads and checks catalogue files; answers what is in them.

A file ``afnXX_*.toml`` holds items of AFN XX and is loaded when one of them is first asked for; ``_fAAA_fBBB`` in its
name says that it holds no other Fn. All other files (vocabulary, types, the table of AFN) are loaded at once. A user's
file may hold anything and is loaded at once; what it says about an item, event, type or AFN replaces what was said
before.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cache, partial
from threading import RLock
from typing import TYPE_CHECKING, Any, Final

from ..editions import NEWEST_FIRST, RULES, Edition, as_edition
from ..errors import CatalogueError, UnknownItemError
from ..formats import Format
from ..identifier import IdentifierFormat, ItemIdentifierFormat
from ..layout import Record
from .entries import AfnEntry, Entry, EventEntry, ItemEntry

if TYPE_CHECKING:
    from ..layout.grammar import NamedEnumeration, NamedType, Vocabulary
    from .tables import FileTables, TypeEntry

# What reads texts (``layout.grammar``, ``tables``) is imported where it is used: importing plmsproto reads none yet.

_FILE_NAME = re.compile(r"afn(?P<afn>[0-9a-f]{2})_\w*?(?:_f(?P<first>\d+)_f(?P<last>\d+))?\.toml")
_WORD_FILES = ("types.toml", "vocabulary.toml")
"""The library's own files of words. Only the compiler of layouts and descriptions need them."""

_KEY_LINE = re.compile(r'^key = "(\w+)"', re.MULTILINE)


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

    @property
    def has_words(self) -> bool:
        return not self.added and self.name in _WORD_FILES

    def holds(self, afn: int, fn: int | None) -> bool:
        return self.afn in (None, afn) and (fn is None or self.first <= fn <= self.last)


@dataclass(slots=True)
class _Words:
    """What all files together add to the layout language."""

    units: dict[str, str] = field(default_factory=dict)
    points: dict[str, str] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    types: list[TypeEntry] = field(default_factory=list)
    enumerations: dict[str, NamedEnumeration] = field(default_factory=dict)

    def copy(self) -> _Words:
        """Words that can change without changing these."""
        return _Words(dict(self.units), dict(self.points), dict(self.names), list(self.types), dict(self.enumerations))


class Catalogue:
    """Items, events and AFN of all editions, from the library's own files and from a user's.

    ``Catalogue()`` is the library's own; ``Catalogue.load("vendor.toml")`` has a user's files besides. A catalogue
    never changes, so threads may share it. Its own files are loaded when something in them is first asked for.

    Attributes:
        cache: results that others have derived from the catalogue (plans, readers), by keys of their own. Entries are
            added with ``setdefault``, so all threads use the same one.
    """

    def __init__(self) -> None:
        self._start(list(_own_files()), {}, {}, {}, _Words())

    def _start(
        self,
        files: list[_File],
        items: dict[tuple[int, int], list[ItemEntry]],
        events: dict[int, list[EventEntry]],
        afns: dict[int, AfnEntry],
        words: _Words,
    ) -> None:
        self._files = files
        self._waiting = [file for file in files if file.afn is not None and not file.loaded]
        """Files not loaded yet."""
        self._items = items
        self._events = events
        self._afns = afns
        self._words_taken_in = words
        self._words_waiting = [file for file in files if file.has_words and not file.loaded]
        self._files_by_key: dict[str, list[_File]] | None = None
        # What was found, so that a second look-up is one access.
        self._items_found: dict[tuple[int, int, Edition | None], ItemEntry] = {}
        self._items_by_key: dict[tuple[str, Edition | None], ItemEntry] = {}
        self._events_found: dict[tuple[int, Edition | None], EventEntry] = {}
        self._events_by_key: dict[tuple[str, Edition | None], EventEntry] = {}
        self._variants: dict[tuple[int, Edition], bool] = {}
        self._vocabularies: dict[Edition, Vocabulary] = {}
        self.cache: dict[Any, Any] = {}
        # Any question may make the catalogue load a file. Others wait for it here, and then find all of its entries.
        self._lock = RLock()
        for file in files:
            if file.afn is None and not file.loaded and not file.has_words:
                self._read(file)

    @classmethod
    def load(cls, *paths: str | os.PathLike[str]) -> Catalogue:
        """The library's catalogue with the files at ``paths`` added, later ones winning.

        Raises:
            CatalogueError: a file can't be read or is wrong; the message says file, line and reason.
        """
        catalogue = default_catalogue()
        for path in paths:
            try:
                with open(path, encoding="utf-8") as file:
                    text = file.read()
            except (OSError, UnicodeDecodeError) as error:
                raise CatalogueError(f"can't be read: {error}", path=os.fspath(path)) from None
            catalogue = catalogue.extended(text, os.fspath(path))
        return catalogue

    def extended(self, text: str, name: str = "<text>") -> Catalogue:
        """A new catalogue: this one with the entries of a catalogue file given as text.

        They take the place of entries of the same number and edition. This catalogue stays as it is.

        Args:
            text: TOML.
            name: how errors call it.

        Raises:
            CatalogueError: the text is wrong.
        """
        self._load()  # what the new entries replace must be there
        made = Catalogue.__new__(Catalogue)
        # Entries compile their layouts with the words of their catalogue: a type that they use may mean something new.
        items = {
            number: [replace(item, compiler=made._compile) for item in known] for number, known in self._items.items()
        }
        events = {
            erc: [replace(event, compiler=made._compile) for event in known] for erc, known in self._events.items()
        }
        made._start([*self._files, _File(name, text, added=True)], items, events, dict(self._afns), self._words.copy())
        made._check(name)
        return made

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
        """As ``item``, but ``None`` if the catalogue has no such item."""
        found = self._items_found.get((afn, fn, edition))
        if found is None and (found := self._find_item(afn, fn, edition)):
            self._items_found[afn, fn, edition] = found
        return found

    def _find_item(self, afn: int, fn: int, edition: Edition | None) -> ItemEntry | None:
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
        found = self._items_by_key.get((key, wanted))
        if found is None:
            found = self._items_by_key[key, wanted] = self._find_by_key(key, wanted)
        return found

    def _find_by_key(self, key: str, edition: Edition | None) -> ItemEntry:
        for file in self._files_with(key):
            self._read(file)
        for items in tuple(self._items.values()):  # another thread may be loading a file
            for item in items:
                if item.key == key and (edition is None or edition in item.editions):
                    return item
        raise UnknownItemError("unknown item", found=repr(key), expected=_similar(key, self.items(edition=edition)))

    def _files_with(self, key: str) -> list[_File]:
        """The files that describe an item of a key. Each text is searched for keys once."""
        known = self._files_by_key
        if known is None:
            known = {}
            for file in self._waiting:
                for each in _KEY_LINE.findall(file.text):
                    known.setdefault(each, []).append(file)
            self._files_by_key = known
        return known.get(key, [])

    def has_variants(self, afn: int, edition: Edition) -> bool:
        """Whether devices are known to send items of an AFN in another form than the standard's."""
        known = self._variants.get((afn, edition))
        if known is None:
            layouts = [layout for item in self.items(afn, edition) for layout in item.layouts]
            known = any(layout.variant and edition in layout.editions for layout in layouts)
            if afn in self._afns:
                self._variants[afn, edition] = known
        return known

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
        """As ``event``, but ``None`` if the catalogue has no such event."""
        found = self._events_found.get((erc, edition))
        if found is None and (found := self._find_event(erc, edition)):
            self._events_found[erc, edition] = found
        return found

    def _find_event(self, erc: int, edition: Edition | None) -> EventEntry | None:
        self._load(_EVENTS_AFN)
        for each in (edition,) if edition else NEWEST_FIRST:
            for candidate in self._events.get(erc, ()):
                if each in candidate.editions:
                    return candidate
        return None

    def event_by_key(self, key: str, edition: Edition | str | None = None) -> EventEntry:
        """The event record of a key such as ``"voltage_circuit_abnormal"``.

        Raises:
            UnknownItemError: no event has the key (in that edition); the message names similar ones.
        """
        wanted = None if edition is None else as_edition(edition)
        found = self._events_by_key.get((key, wanted))
        if found is None:
            known = self.events(wanted)
            found = next((event for event in known if event.key == key), None)
            if found is None:
                where = f" in {RULES[wanted].title}" if wanted else ""
                raise UnknownItemError(f"unknown event{where}", found=repr(key), expected=_similar(key, known))
            self._events_by_key[key, wanted] = found
        return found

    def afn(self, code: int) -> AfnEntry | None:
        """What the catalogue says about an AFN, if anything."""
        return self._afns.get(code)

    def afns(self) -> list[AfnEntry]:
        """All AFN, by code."""
        return [self._afns[code] for code in sorted(self._afns)]

    def zh(self, name: str) -> str:
        """The Chinese name of a field, label or unit; empty if the vocabulary has none."""
        return self._words.names.get(name) or self._words.units.get(name, "")

    def point_zh(self, pn: str) -> str:
        """The Chinese name of what information points count, such as ``"measurement_point"``."""
        return self._words.points.get(pn, "")

    def vocabulary(self, edition: Edition) -> Vocabulary:
        """The words of the layout language in an edition."""
        known = self._vocabularies.get(edition)
        if known is None:
            from ..layout.grammar import Vocabulary

            known = Vocabulary(
                units=self._words.units.keys(),
                names=self._words.names,
                named_type=lambda name: self._type(name, edition),
                enumerations=self._words.enumerations,
                identifier=partial(self._identifier, edition),
            )
            known = self._vocabularies.setdefault(edition, known)
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

    @property
    def _words(self) -> _Words:
        """The words of all files."""
        for file in self._words_waiting:
            self._read(file)
        self._words_waiting = []
        return self._words_taken_in

    def _load(self, afn: int | None = None, fn: int | None = None) -> None:
        for file in self._waiting:
            if afn is None or file.holds(afn, fn):
                self._read(file)

    def _check(self, source: str) -> None:
        """Makes sure that all that a file says can be used: layouts and types compile, keys are unique."""
        from ..layout.grammar import parse

        for kind, entries in (("item", self.items()), ("event", self.events())):
            owners: dict[str, str] = {}
            for entry in entries:
                if owners.setdefault(entry.key, entry.title) != entry.title:
                    where = f"{source}, {entry.title if entry.source == source else owners[entry.key]}"
                    error = CatalogueError(f"another {kind} has the key {entry.key!r}", path=where)
                    error.line = self._line_of_key(source, entry.key)
                    raise error
                if isinstance(entry, ItemEntry) and entry.source == source:
                    self._check_points(entry)
                for layout in entry.layouts if entry.source == source else ():
                    for edition in layout.editions:
                        entry.compiled(layout, edition)
        for each in self._words.types:
            for edition in each.editions if each.source == source else ():
                try:
                    # As a list, since codes of less than a byte come in no other way.
                    parse(f"value[8] {each.key}", self.vocabulary(edition), in_event=True)
                except CatalogueError as error:
                    error.path, error.column = f"{source}, type {each.key}", 0
                    error.line = self._line_of_key(source, each.key)
                    raise

    def _check_points(self, item: ItemEntry) -> None:
        if item.pn not in self._words.points:
            known = ", ".join(self._words.points)
            error = CatalogueError(f"pn must be of {known}, not {item.pn!r}", path=f"{item.source}, {item.title}")
            error.line = self._line_of_key(item.source, item.pn)
            raise error

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
        from .tables import FileTables

        tables = FileTables(file.name, file.text)
        words = self._words_taken_in
        words.units.update(tables.units())
        words.points.update(tables.points())
        words.names.update(tables.names())
        words.types += tables.types()
        words.enumerations.update(tables.enumerations())
        self._afns.update((info.code, info) for info in tables.afns())
        own: set[Entry] = set()
        for item in tables.items(self._compile):
            _replace(self._items.setdefault((item.afn, item.fn), []), item, own, tables)
        for event in tables.events(self._compile):
            _replace(self._events.setdefault(event.erc, []), event, own, tables)

    def _compile(self, entry: Entry, text: str, edition: Edition) -> Record:
        if not text:
            return Record(())  # most requests: nothing has to be read for it
        from ..layout.event import without_events
        from ..layout.grammar import parse

        try:
            if isinstance(entry, EventEntry):
                return without_events(parse(text, self.vocabulary(edition), in_event=True))
            return parse(text, self.vocabulary(edition))
        except CatalogueError as error:
            if not error.path:
                error.path = f"{entry.source}, {entry.title}"
                error.line += self._line_before(entry, text)
            raise

    def _line_of_key(self, source: str, key: str) -> int:
        """The last line of a file that gives a key."""
        text = next(file.text for file in reversed(self._files) if file.name == source)
        return text.count("\n", 0, text.rfind(f'"{key}"')) + 1 if f'"{key}"' in text else 0

    def _line_before(self, entry: Entry, layout: str) -> int:
        """How many lines of its file stand before a layout's text."""
        for file in reversed(self._files):
            if file.name == entry.source:
                at = file.text.find(layout, max(0, file.text.find(f'"{entry.key}"')))
                return file.text.count("\n", 0, at) if at >= 0 else 0
        return 0


_EVENTS_AFN: Final = 0x0E


@cache
def default_catalogue() -> Catalogue:
    """The library's own catalogue, shared by all callers that do not give one."""
    return Catalogue()


def _restore(added: tuple[tuple[str, str], ...]) -> Catalogue:
    catalogue = default_catalogue()
    for text, name in added:
        catalogue = catalogue.extended(text, name)
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


def _replace(entries: list[Any], new: Any, own: set[Entry], tables: FileTables) -> None:
    """Puts an entry before those of the same number; they keep only the editions that it leaves them.

    Args:
        entries: those of the number so far.
        new: the entry.
        own: the entries of the same file so far; two files may have one name. The new one is added.
        tables: the file, for the error.
    """
    kept = []
    for old in entries:
        left = tuple(edition for edition in old.editions if edition not in new.editions)
        if left == old.editions:
            kept.append(old)
        elif old in own:
            raise tables.fail(f"{new.title} is there twice in one edition: {old.key} and {new.key}", "", "editions")
        elif left:
            kept.append(replace(old, editions=left))
    entries[:] = [new, *kept]
    own.add(new)


def _similar(key: str, entries: list[Any]) -> str:
    import difflib

    close = difflib.get_close_matches(key, [entry.key for entry in entries], n=3)
    return " or ".join(close) or "a key of the catalogue"
