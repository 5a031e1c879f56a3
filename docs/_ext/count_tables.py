"""How much the catalogue holds, by AFN and edition."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from markup import plain, table

from plmsproto.catalogue import EventEntry, ItemEntry, default_catalogue
from plmsproto.editions import Edition

_CONFIDENCE = ("high", "medium", "low")


def count_table() -> str:
    """Items by AFN and event records, by edition. The README has it too."""
    catalogue = default_catalogue()
    rows = [
        (f"{afn.code:02X}H", f"{plain(afn.en)} {plain(afn.zh)}", *_by_edition(catalogue.items(afn.code)))
        for afn in catalogue.afns()
        if afn.items_of == afn.code
    ]
    return table(
        ("AFN", "items", *Edition, "all"),
        [
            *rows,
            ("", "**all items**", *_by_edition(catalogue.items())),
            ("0EH", "**event records** 事件记录", *_by_edition(catalogue.events())),
        ],
    )


def confidence_table() -> str:
    """How many entries are how sure."""
    catalogue = default_catalogue()
    return table(
        ("", *_CONFIDENCE),
        [("items", *_by_confidence(catalogue.items())), ("event records", *_by_confidence(catalogue.events()))],
    )


def _by_edition(entries: Sequence[ItemEntry | EventEntry]) -> list[str]:
    counts = Counter(edition for entry in entries for edition in entry.editions)
    return [*(str(counts[edition]) for edition in Edition), str(len(entries))]


def _by_confidence(entries: Sequence[ItemEntry | EventEntry]) -> list[str]:
    counts = Counter(entry.confidence for entry in entries)
    return [str(counts[confidence]) for confidence in _CONFIDENCE]
