"""The pages of items and event records: tables of what there is, and for each entry facts, layouts, an example."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from importlib.resources import files

from example_frames import Way, annotated, example_of, example_of_event, hex_of, ways_of
from markup import (
    BREAK,
    INDENT,
    NO_BREAK,
    anchor,
    code,
    contents,
    facts,
    folded,
    link,
    page_link,
    paragraphs,
    plain,
    table,
)
from places import ItemPage, anchor_of, item_pages, places, target_of

from plmsproto import Direction, Message
from plmsproto.catalogue import AfnEntry, EventEntry, ItemEntry, SharedLayout, default_catalogue
from plmsproto.editions import RULES, Edition
from plmsproto.layout import Record, describe
from plmsproto.layout.describe import Row

EVENT_INDEX = "events"
"""The page that leads to all event records."""


# ---- tables of all


def item_index() -> str:
    """The application functions with the pages of their items, which follow in the navigation."""
    catalogue = default_catalogue()
    rows = []
    for afn in catalogue.afns():
        pages = [page for page in item_pages() if page.afn == afn.items_of]
        links = ", ".join(
            page_link(page.page, page.title.removeprefix("AFN ").replace(" ", NO_BREAK)) for page in pages
        )
        count = str(len(catalogue.items(afn.code))) if afn.items_of == afn.code else f"those of {afn.items_of:02X}H"
        rows.append((f"{afn.code:02X}H", code(afn.key), plain(afn.en), plain(afn.zh), count, links))
    heads = ("AFN", "key", "English", "Chinese", "items", "pages")
    return table(heads, rows) + "\n" + contents((_short_title(page), page.page) for page in item_pages())


def _short_title(page: ItemPage) -> str:
    return f"{page.title.removeprefix('AFN ')} {_afn(page).key.replace('_', ' ')}"


def _afn(page: ItemPage) -> AfnEntry:
    afn = default_catalogue().afn(page.afn)
    assert afn is not None
    return afn


def event_index() -> str:
    """The event records, whose pages follow in the navigation."""
    events = default_catalogue().events()
    heads = ("ERC", "key and name", "editions", "confidence")
    rows = [
        (link("event", event.title), _names(event), _editions(event.editions), event.confidence) for event in events
    ]
    pages = [(f"{event.title} {event.key.replace('_', ' ')}", page_of(event)) for event in events]
    return table(heads, rows) + "\n" + contents(pages)


def page_of(event: EventEntry) -> str:
    """The page of an event record."""
    return places()["event", event.title].page


def _names(entry: ItemEntry | EventEntry) -> str:
    """Key, English and Chinese in one cell."""
    return BREAK.join((code(entry.key), plain(entry.en), plain(entry.zh)))


def _editions(editions: Iterable[Edition]) -> str:
    return ", ".join(editions)


def _about_file(name: str) -> str:
    """What a catalogue file says at its head."""
    text = files("plmsproto.catalogue").joinpath(name).read_text(encoding="utf-8")
    lines = itertools.takewhile(lambda line: line.startswith("#"), text.splitlines())
    return paragraphs("\n".join(line[2:] for line in lines))


# ---- items


def item_page(page: ItemPage) -> str:
    """A page of items."""
    afn = _afn(page)
    heads = ("Fn", "key and name", "points", "editions", "confidence")
    return "\n".join(
        [
            f"# {page.title}: {plain(afn.en)} {plain(afn.zh)}\n",
            _about_file(page.items[0].source),
            table(heads, map(_item_row, page.items)),
            *map(item_section, page.items),
        ]
    )


def _item_row(item: ItemEntry) -> tuple[str, ...]:
    return (
        link("item", target_of(item), f"F{item.fn}"),
        _names(item),
        plain(item.pn.replace("_", " ")),
        _editions(item.editions),
        item.confidence,
    )


def item_section(item: ItemEntry) -> str:
    """All about an item."""
    ways = ways_of(item)
    points = f"{item.pn.replace('_', ' ')} {default_catalogue().point_zh(item.pn)}"
    return "\n".join(
        [
            f"## F{item.fn} {plain(item.key)} {plain(item.zh)}\n",
            anchor(anchor_of(item)),
            facts([*_common_facts(item), ("points", plain(points))]),
            paragraphs(item.note),
            *(_layout(_title_of(item, layout, ways), layout) for layout in item.shared_layouts()),
            *_examples(item, ways),
        ]
    )


def _common_facts(entry: ItemEntry | EventEntry) -> Iterator[tuple[str, str]]:
    yield "key", code(entry.key)
    yield "English", plain(entry.en)
    yield "Chinese", plain(entry.zh)
    clauses = zip(entry.editions, entry.clauses, strict=True)
    yield "editions", "; ".join(f"{code(edition)} {plain(clause)}" for edition, clause in clauses)
    yield "supplement", plain(entry.supplement)
    yield "confidence", entry.confidence


def _title_of(item: ItemEntry, layout: SharedLayout, ways: list[Way]) -> str:
    """Which messages have a layout as their body."""
    if layout.variant:
        used = [way for way in ways if layout.direction in way.bodies]
    else:
        used = [way for way in ways if any(way.layout_of(item, each) == layout.direction for each in layout.editions)]
    return ", ".join(map(str, used))


def _layout(title: str, layout: SharedLayout) -> str:
    """A layout as a table under a line that says where it holds."""
    editions = ", ".join(RULES[edition].title for edition in layout.editions)
    head = f"{title}: {editions}" if title else editions
    if layout.variant:
        head = f"Variant, {head}"
    variant = f"\\\n{plain(layout.variant)}" if layout.variant else ""
    return f"**{plain(head)}**{variant}\n\n" + layout_table(layout.record)


def layout_table(record: Record) -> str:
    """The fields of a layout."""
    heads = ("offset", "field", "format", "unit", "meaning", "Chinese")
    rows = describe(record, _name_of_code)
    return table(heads, map(_field_row, rows)) if rows else "No fields.\n"


def _name_of_code(name: str) -> str:
    return f"{name} {default_catalogue().zh(name)}".rstrip()


def _field_row(row: Row) -> tuple[str, ...]:
    return (
        "" if row.offset is None else str(row.offset),
        INDENT * row.depth + code(row.name),
        _type(row),
        plain(row.unit),
        plain(row.meaning).replace(", ", BREAK),
        plain(row.zh),
    )


def _type(row: Row) -> str:
    """Format and count, the format as a link to its page."""
    if row.type.startswith("event record"):
        return page_link(EVENT_INDEX, "event record") + plain(row.type.removeprefix("event record"))
    before, name, after = row.type.partition(row.format) if row.format else (row.type, "", "")
    return (plain(before) + (link("format", name) if name else "") + plain(after)).strip()


def _examples(item: ItemEntry, ways: list[Way]) -> Iterator[str]:
    """A frame for each layout, of the newest edition that has it; requests without a body in one line."""
    shown: set[str] = set()
    requests = [way for way in ways if way.direction is Direction.DOWN] or ways
    for way in ways:
        editions = [edition for edition in item.editions if way.layout_of(item, edition)]
        if editions and way.layout_of(item, editions[-1]) not in shown:
            shown.add(way.layout_of(item, editions[-1]))
            yield _annotated(str(way), editions[-1], example_of(item, way, editions[-1]))
        elif not editions and way in requests:
            message = example_of(item, way, item.editions[-1])
            if message:
                yield f"{way} has no body: {code(hex_of(message))}\n"


def _annotated(what: str, edition: Edition, message: Message | None) -> str:
    if message is None:
        return ""
    return folded(f"Example: {what}, {RULES[edition].title}", f"{hex_of(message)}\n\n{annotated(message)}")


# ---- event records


def event_page(event: EventEntry) -> str:
    """The page of an event record."""
    edition = event.editions[-1]
    slack = f"some devices write a length that is {event.length_slack} too small" if event.length_slack else ""
    return "\n".join(
        [
            f"# {event.title} {plain(event.key)} {plain(event.zh)}\n",
            anchor(event.title),
            facts([*_common_facts(event), ("length", slack)]),
            paragraphs(event.note),
            "The body of the record, behind event code and length:\n",
            *(_layout("", layout) for layout in event.shared_layouts()),
            _annotated("a frame with one record", edition, example_of_event(event, edition)),
        ]
    )
