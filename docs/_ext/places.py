"""Where in the reference each item, event record and format is described.

The places follow from the catalogue alone, so that links, search and pages can't disagree. Pages are named as Sphinx
names documents, without a suffix.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import groupby
from typing import NamedTuple

from plmsproto.catalogue import EventEntry, ItemEntry, default_catalogue
from plmsproto.formats import ANNEX_A, COUNTED, PACKED, PLAIN, SIZED

FOLDER = "catalogue"
"""The folder of the generated pages, below that of the documentation."""


class Place(NamedTuple):
    """Where an entry is described.

    Attributes:
        kind: ``item``, ``event`` or ``format``.
        page: the document.
        anchor: the name of its section in the page.
        shown: what a search result shows and what a search compares its words with.
    """

    kind: str
    page: str
    anchor: str
    shown: str


class ItemPage(NamedTuple):
    """A page of items: those of one file of the catalogue.

    Attributes:
        page: the document.
        title: ``AFN 0CH F1 to F60``, without the Fn if it holds all of the AFN.
        items: what it describes, by number.
    """

    page: str
    title: str
    items: tuple[ItemEntry, ...]

    @property
    def afn(self) -> int:
        """The AFN of all its items."""
        return self.items[0].afn


@cache
def item_pages() -> tuple[ItemPage, ...]:
    """The pages of items, by number."""
    return tuple(_item_pages())


def _item_pages() -> Iterator[ItemPage]:
    for afn, of_afn in groupby(default_catalogue().items(), key=lambda item: item.afn):
        files = [tuple(items) for _, items in groupby(of_afn, key=lambda item: item.source)]
        for items in files:
            first, last = items[0].fn, items[-1].fn
            title = f"AFN {afn:02X}H"
            if len(files) > 1:
                title += f" F{first} to F{last}" if last > first else f" F{first}"
            yield ItemPage(f"{FOLDER}/{items[0].source.removesuffix('.toml')}", title, items)


def format_names() -> tuple[str, ...]:
    """All formats, those of annex A first; without a width."""
    return tuple(dict.fromkeys([*ANNEX_A, *PLAIN, *PACKED, *SIZED, *COUNTED, "identifier"]))


def anchor_of(item: ItemEntry) -> str:
    """``0C-F25``; older meanings of an Fn have an edition behind it."""
    newest = default_catalogue().item(item.afn, item.fn)
    anchor = f"{item.afn:02X}-F{item.fn}"
    return anchor if item is newest else f"{anchor}-{item.editions[-1]}"


def target_of(entry: ItemEntry | EventEntry) -> str:
    """What a link calls an entry: ``0C F25``, ``ERC14``; ``04 F7 130`` for an older meaning."""
    return anchor_of(entry).replace("-", " ") if isinstance(entry, ItemEntry) else entry.title


@cache
def places() -> dict[tuple[str, str], Place]:
    """The place of each entry by kind and what a link may call it: number or key."""
    found: dict[tuple[str, str], Place] = {}
    for page in item_pages():
        for item in page.items:
            place = Place("item", page.page, anchor_of(item), _shown(item))
            found["item", target_of(item)] = found["item", item.key] = place
    for event in default_catalogue().events():
        place = Place("event", f"{FOLDER}/{event.title.lower()}", event.title, _shown(event))
        found["event", event.title] = found["event", event.key] = place
    for name in format_names():
        found["format", name] = Place("format", f"{FOLDER}/format-{name.lower()}", name, name)
    return found


def _shown(entry: ItemEntry | EventEntry) -> str:
    # Sphinx would show a plain apostrophe as the HTML that means one.
    return f"{entry.title} {entry.key} {entry.zh} {entry.en}".replace("'", "\N{RIGHT SINGLE QUOTATION MARK}")
