"""``plmsproto items``: the catalogue, to look things up."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterable
from typing import Any, Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..catalogue import Catalogue, EventEntry, ItemEntry
from ..editions import as_edition
from ..layout import Record, describe
from .options import add_catalogue, add_color, add_edition, add_language, catalogue_of, complain
from .views.base import Words, make_console

_NUMBER: Final = re.compile(r"(?i)(?:AFN\s*)?([0-9a-f]{1,2})H?\s*(?:F(\d+))?")
_FN: Final = re.compile(r"(?i)F(\d+)")
_EVENT: Final = re.compile(r"(?i)ERC\s*(\d+)")


def add_parser(commands: Any) -> None:
    """Adds the sub-command."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "items",
        help="browse the catalogue",
        description="Lists items and event records, or shows the layout of what is found if it is one: by number "
        "(0C, 0C F25, F25, ERC14), key, or words of its name in English or Chinese.",
        epilog="Exit status: 0 something was found, 1 nothing was, 2 wrong usage.",
    )
    parser.add_argument("query", nargs="*", metavar="QUERY", help="number, key or words; nothing lists all")
    add_edition(parser, "only this edition")
    add_language(parser)
    add_catalogue(parser)
    add_color(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Shows what the query finds; returns the exit status."""
    catalogue = catalogue_of(arguments)
    found = find(catalogue, " ".join(arguments.query), arguments.edition)
    if not found:
        complain("nothing in the catalogue is called so")
        return 1
    console = make_console(sys.stdout, arguments.color)
    words = Words(zh=arguments.lang == "zh", catalogue=catalogue)
    if len({entry.key for entry in found}) == 1:
        for entry in found:
            _show(console, entry, arguments.edition, words)
    else:
        _list(console, found, words)
    return 0


def find(catalogue: Catalogue, query: str, edition: str | None) -> list[ItemEntry | EventEntry]:
    """The items and events that a query means: by number, then by key, then by words of their names."""
    query = query.strip()
    entries: list[ItemEntry | EventEntry] = [*catalogue.items(edition=edition), *catalogue.events(edition)]
    if match := _EVENT.fullmatch(query):
        return [entry for entry in entries if isinstance(entry, EventEntry) and entry.erc == int(match[1])]
    if match := _NUMBER.fullmatch(query):
        info = catalogue.afn(int(match[1], 16))
        afn = info.items_of if info else int(match[1], 16)
        found = [
            entry
            for entry in entries
            if isinstance(entry, ItemEntry) and entry.afn == afn and match[2] in (None, str(entry.fn))
        ]
        if found or not _FN.fullmatch(query):
            return list(found)
    if match := _FN.fullmatch(query):
        return [entry for entry in entries if isinstance(entry, ItemEntry) and entry.fn == int(match[1])]
    exact = [entry for entry in entries if entry.key == query]
    wanted = query.lower().split()
    return exact or [
        entry for entry in entries if all(word in f"{entry.key} {entry.en} {entry.zh}".lower() for word in wanted)
    ]


def _list(console: Console, entries: Iterable[ItemEntry | EventEntry], words: Words) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column(words.pick("number", "编号"), no_wrap=True)
    table.add_column(words.pick("key", "键名"), no_wrap=True)
    table.add_column(words.pick("name", "名称"))
    table.add_column(words.pick("editions", "版本"))
    for entry in entries:
        table.add_row(entry.title, entry.key, words.pick(entry.en, entry.zh), " ".join(entry.editions))
    console.print(table)


def _show(console: Console, entry: ItemEntry | EventEntry, edition: str | None, words: Words) -> None:
    console.print(Text.assemble((f"{entry.title}  {entry.key}", "bold")))
    console.print(Text(f"{entry.en}  {entry.zh}"))
    facts = [*entry.clauses, f"confidence {entry.confidence}"]
    if isinstance(entry, ItemEntry):
        facts.append(f"points: {words.pick(entry.pn.replace('_', ' '), words.catalogue.point_zh(entry.pn))}")
    console.print(Text("; ".join(facts), style="dim"))
    if entry.note:
        console.print(Text(entry.note, style="dim"))
    for layout in entry.shared_layouts(as_edition(edition) if edition else None):
        variant = f"({layout.variant})" if layout.variant else ""
        console.print()
        console.print(Text(" ".join(filter(None, (layout.direction, *layout.editions, variant))), style="bold"))
        console.print(_layout(layout.record, words))
    if not entry.layouts:
        console.print(Text(words.pick("no body: the identifier says all", "无数据体"), style="dim"))
    console.print()


def _layout(record: Record, words: Words) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    heads = {
        "offset": "偏移",
        "field": "字段",
        "type": "格式",
        "unit": "单位",
        "meaning": "含义",
        "Chinese name": "中文名",
    }
    for en, zh in heads.items():
        table.add_column(words.pick(en, zh))
    for row in describe(record, words.code):
        offset = "" if row.offset is None else str(row.offset)
        meaning = row.meaning
        table.add_row(offset, "  " * row.depth + row.name, row.type, row.unit, meaning, row.zh)
    return table
