"""The reference pages that are made from the catalogue: all of it is on them, and their links lead somewhere.

Sphinx is not needed, as the pages are text; what Sphinx makes of them, the documentation's own build checks.
"""

from __future__ import annotations

import html
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pages
import pytest
from count_tables import count_table
from entry_pages import event_index, item_index
from example_frames import ways_of
from format_pages import VALUES, format_of, format_table, formats_in
from markup import code, paragraphs, plain, table
from places import anchor_of, format_names, item_pages, places, target_of

import plmsproto as plms
from plmsproto.catalogue import EventEntry, ItemEntry

ROOT = Path(__file__).parents[1]

CATALOGUE = plms.default_catalogue()
PAGES = pages.all_pages()
LINK = re.compile(r"\{(item|event|format)\}`(?:[^`<]*<)?([^`<>]+)>?`")


def section_of(item: ItemEntry) -> str:
    """The text about an item, from its heading to the next."""
    text = PAGES[places()["item", target_of(item)].page]
    sections = [section for section in text.split("\n## ") if f"{{anchor}} {anchor_of(item)}\n" in section]
    assert len(sections) == 1
    return sections[0]


@pytest.mark.parametrize("item", CATALOGUE.items(), ids=lambda item: item.key)
def test_an_item_has_a_section_with_all_that_is_known_of_it(item: ItemEntry) -> None:
    section = section_of(item)
    for known in (f"F{item.fn} ", item.key, plain(item.zh), plain(item.en), *map(plain, item.clauses)):
        assert known in section
    assert paragraphs(item.note) in section
    assert section.count("| offset |") == sum(bool(layout.record.members) for layout in item.shared_layouts())
    assert_fields(item, section)
    directions = {way.layout_of(item, item.editions[-1]) for way in ways_of(item)} - {""}
    assert section.count("<summary>Example: ") >= len(directions)


@pytest.mark.parametrize("event", CATALOGUE.events(), ids=lambda event: event.key)
def test_an_event_record_has_a_page_with_all_that_is_known_of_it(event: EventEntry) -> None:
    text = PAGES[places()["event", event.title].page]
    for known in (event.title, code(event.key), plain(event.zh), plain(event.en), *map(plain, event.clauses)):
        assert known in text
    assert paragraphs(event.note) in text
    assert_fields(event, text)
    assert text.count("<summary>Example: ") == 1


def assert_fields(entry: ItemEntry | EventEntry, text: str) -> None:
    """The text shows each field and links to each format."""
    for layout in entry.shared_layouts():
        for name in layout.record.names():
            assert code(name) in text
    for name in formats_in(entry):
        assert f"{{format}}`{name}`" in text


@pytest.mark.parametrize("name", format_names())
def test_a_format_has_a_page_with_examples(name: str) -> None:
    text = PAGES[places()["format", name].page]
    assert text.startswith(f"# {name}: ")
    assert "| typical | `" in text


@pytest.mark.parametrize("name", [name for name in format_names() if VALUES[name].lowest is not None])
def test_the_range_that_a_page_gives_ends_there(name: str) -> None:
    form = format_of(name)
    for end, step in ((VALUES[name].lowest, -1), (VALUES[name].highest, 1)):
        value: Any = form.coerce(end)
        assert form.decode(form.encode(value)) == value
        if isinstance(value, (int, Decimal)):
            last_digit = value.as_tuple().exponent if isinstance(value, Decimal) else 0
            with pytest.raises(plms.EncodeError):
                form.encode(value + step * Decimal(1).scaleb(min(int(last_digit), 0)))


def test_the_tables_lead_to_everything() -> None:
    linked = {
        match.groups() for text in [event_index(), format_table(), *PAGES.values()] for match in LINK.finditer(text)
    }
    for item in CATALOGUE.items():
        assert ("item", target_of(item)) in linked
    for event in CATALOGUE.events():
        assert ("event", event.title) in linked
    for name in format_names():
        assert ("format", name) in linked
    for page in item_pages():
        assert f"</{page.page}>" in item_index()


def test_all_links_lead_somewhere() -> None:
    by_hand = [path.read_text(encoding="utf-8") for path in ROOT.glob("docs/*.md")]
    for text in [event_index(), format_table(), *PAGES.values(), *by_hand]:
        for match in LINK.finditer(text):
            assert match.groups() in places()
    assert {place.page for place in places().values()} == PAGES.keys()
    for place in places().values():
        assert PAGES[place.page].count(f"{{anchor}} {place.anchor}\n") == 1


def test_names_are_shown_in_search_results_as_they_are() -> None:
    for place in places().values():
        assert html.escape(place.shown) == place.shown


def test_places_do_not_change_with_the_editions_that_follow() -> None:
    assert places()["item", "0C F25"][1:3] == ("catalogue/afn0c_class1_f001_f060", "0C-F25")
    assert places()["item", "04 F7"].anchor == "04-F7"
    assert places()["item", "04 F7 130"] == places()["item", "meter_reading_day"]
    assert places()["event", "ERC14"][1:3] == ("catalogue/erc14", "ERC14")


def test_the_readme_counts_as_the_catalogue_does() -> None:
    assert count_table() in (ROOT / "README.md").read_text(encoding="utf-8")


def test_pages_are_written_where_they_differ_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "all_pages", lambda: {"catalogue/one": "1\n", "catalogue/two": "2\n"})
    pages.write_pages(tmp_path)
    folder = tmp_path / "catalogue"
    (folder / "stale.md").write_text("0\n", encoding="utf-8")
    (folder / "two.md").write_text("changed\n", encoding="utf-8")
    before = (folder / "one.md").stat().st_mtime_ns
    pages.write_pages(tmp_path)
    assert {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()} == {
        "one.md": "1\n",
        "two.md": "2\n",
    }
    assert (folder / "one.md").stat().st_mtime_ns == before


def test_text_means_nothing_to_markdown() -> None:
    assert plain("a_b*c [d] <e> |f| {g} `h` #i &j; ~k \\l") == (
        r"a\_b\*c \[d\] \<e\> \|f\| \{g\} \`h\` \#i \&j; \~k \\l"
    )
    assert code("a|b") == r"`a\|b`"
    assert table(("a", "b"), [("1", "2")]) == "| a | b |\n| --- | --- |\n| 1 | 2 |\n"
    assert paragraphs("one `t_w_o`\nthree\n\nfour_") == "one `t_w_o` three\n\nfour\\_\n"


def test_search_finds_chinese_words_inside_others() -> None:
    pytest.importorskip("sphinx")
    from search_words import words_of

    words = words_of("present_power 总功率因数, F25 停电")
    assert words == [
        "present_power",
        *"总功率因数",
        *("总功", "功率", "率因", "因数"),
        *("总功率", "功率因", "率因数"),
        "F25",
        *"停电",
        "停电",
    ]
