"""Pieces of Markdown (MyST) as text: what stays plain, code, tables, links to catalogue entries.

What a page says is in the other modules; nothing here knows the catalogue.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

INDENT = "&emsp;"
"""One step to the right inside a table."""

BREAK = "<br>"
"""A new line inside a table."""

NO_BREAK = "\N{NO-BREAK SPACE}"

_SPECIAL = re.compile(r"([\\`*_\[\]<>|{}&#~])")


def plain(text: str) -> str:
    """Text in which no character means anything to Markdown."""
    return _SPECIAL.sub(r"\\\1", text)


def code(text: str) -> str:
    """Text in the font of code; empty if it is."""
    return "`" + text.replace("|", "\\|") + "`" if text else ""


def link(kind: str, target: str, text: str = "") -> str:
    """A link to an ``item``, ``event`` or ``format`` of the catalogue."""
    return f"{{{kind}}}`{text} <{target}>`" if text else f"{{{kind}}}`{target}`"


def anchor(name: str) -> str:
    """Names the section that it stands in."""
    return f"```{{anchor}} {name}\n```\n"


def page_link(page: str, text: str) -> str:
    """A link to a page, by its name without a suffix."""
    return f"{{doc}}`{text} </{page}>`"


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of cells that are Markdown already."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines) + "\n"


def facts(pairs: Iterable[tuple[str, str]]) -> str:
    """A list of facts, those without a text left out."""
    return "\n".join(f":{name}: {text}" for name, text in pairs if text) + "\n"


def paragraphs(text: str) -> str:
    """Text of several paragraphs, plain but for what stands between backticks; empty if it is."""
    if not text:
        return ""
    return "\n\n".join(_prose(" ".join(part.split())) for part in re.split(r"\n\s*\n", text.strip())) + "\n"


def _prose(text: str) -> str:
    pieces = text.split("`")
    return "".join(code(piece) if number % 2 else plain(piece) for number, piece in enumerate(pieces))


def folded(title: str, text: str) -> str:
    """Lines to be shown as they are when the reader opens them. The site's search leaves them out."""
    return (
        f"<details>\n<summary>{title}</summary>\n\n"
        f"````{{code-block}} none\n:class: no-search\n\n{text.rstrip()}\n````\n\n</details>\n"
    )


def contents(pages: Iterable[tuple[str, str]]) -> str:
    """What puts pages, each a title and a name, below the present one in the navigation."""
    lines = [f"{title} </{page}>" for title, page in pages]
    return "\n".join(["```{toctree}", ":hidden:", "", *lines, "```"]) + "\n"
