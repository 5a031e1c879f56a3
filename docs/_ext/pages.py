"""All generated pages, and writing them where Sphinx reads them."""

from __future__ import annotations

from pathlib import Path

from entry_pages import event_page, item_page, page_of
from format_pages import format_page
from places import FOLDER, format_names, item_pages, places

from plmsproto.catalogue import default_catalogue


def all_pages() -> dict[str, str]:
    """The text of each page by its name."""
    pages = {page.page: item_page(page) for page in item_pages()}
    pages |= {page_of(event): event_page(event) for event in default_catalogue().events()}
    pages |= {places()["format", name].page: format_page(name) for name in format_names()}
    return pages


def write_pages(folder: Path) -> None:
    """Writes the pages below the documentation's folder and removes those that are no more.

    A page that is there already and the same is left alone, so that Sphinx does not read it again.
    """
    (folder / FOLDER).mkdir(exist_ok=True)
    wanted = {folder / f"{name}.md": text for name, text in all_pages().items()}
    for stale in set((folder / FOLDER).glob("*.md")) - wanted.keys():
        stale.unlink()
    for path, text in wanted.items():
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
