"""What the documentation takes from the library while it is built, so that the two can't disagree.

The pages of ``pages``, written before Sphinx reads the documentation; links to them (``catalogue_domain``). Directives:
those of ``TABLES``, and ``cli-help`` (what ``plmsproto SUBCOMMAND --help`` prints). Lexer: ``layout``, the layout
language.
"""

from __future__ import annotations

import contextlib
import io
import os
from collections.abc import Callable
from typing import Any, ClassVar
from unittest import mock

import catalogue_domain
from count_tables import confidence_table, count_table
from docutils import nodes
from entry_pages import event_index, item_index
from format_pages import format_table
from markup import code, table
from pages import write_pages
from pygments.lexer import RegexLexer
from pygments.token import Comment, Keyword, Name, Number, Punctuation, String, Text
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from plmsproto import cli
from plmsproto.editions import RULES
from plmsproto.formats import ANNEX_A, COUNTED, PACKED, PLAIN, SIZED
from plmsproto.layout.grammar import KEYWORDS


class Table(SphinxDirective):
    """A table that is made as Markdown, with whatever stands below it in the navigation."""

    def run(self) -> list[nodes.Node]:
        """Reads the Markdown in the place of the directive."""
        return self.parse_text_to_nodes(TABLES[self.name]())


def edition_table() -> str:
    """One row an edition."""
    heads = ("edition", "standard", "tag", "points", "PW", "AFN with PW down", "AFN with PW up")
    rows = [
        (
            code(f'"{edition}"'),
            rules.title,
            f"{rules.tag:02b}",
            f"{rules.point_coding.value}, p1 to p{rules.point_coding.highest}",
            f"{rules.pw_size} bytes",
            " ".join(f"{afn:02X}" for afn in sorted(rules.pw_afns)),
            " ".join(f"{afn:02X}" for afn in sorted(rules.pw_afns_up)) or "none",
        )
        for edition, rules in RULES.items()
    ]
    return table(heads, rows)


TABLES: dict[str, Callable[[], str]] = {
    "confidence": confidence_table,
    "counts": count_table,
    "editions": edition_table,
    "events": event_index,
    "formats": format_table,
    "items": item_index,
}
"""The directives that are tables."""


class CommandHelp(SphinxDirective):
    """What the command line prints for ``--help``."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Asks the real parser."""
        printed = io.StringIO()
        plain = {"COLUMNS": "96", "NO_COLOR": "1"}
        with contextlib.redirect_stdout(printed), contextlib.suppress(SystemExit), mock.patch.dict(os.environ, plain):
            cli.main([*self.arguments[0].split(), "--help"])
        text = printed.getvalue()
        return [nodes.literal_block(text, text, language="none")]


class LayoutLexer(RegexLexer):
    """Colours layouts."""

    name = "layout"
    tokens: ClassVar[dict[str, Any]] = {
        "root": [
            (r"#.*", Comment),
            (r'"[^"\n]*"', String),
            (rf"\b({'|'.join(sorted(KEYWORDS))})\b", Keyword),
            (rf"\b({'|'.join([*ANNEX_A, *PLAIN, *PACKED, *SIZED, *COUNTED, 'identifier'])})\b", Name.Builtin),
            (r"\b(0x[0-9a-fA-F]+|\d+(\.\d+)?)", Number),
            (r"[\w%./]+", Name),
            (r"\s+", Text),
            (r".", Punctuation),
        ]
    }


def setup(app: Sphinx) -> dict[str, Any]:
    """Registers the directives, the lexer and the links, and has the pages written."""
    catalogue_domain.setup(app)
    for name in TABLES:
        app.add_directive(name, Table)
    app.add_directive("cli-help", CommandHelp)
    app.add_lexer("layout", LayoutLexer)
    app.connect("builder-inited", lambda app: write_pages(app.srcdir))
    return {"parallel_read_safe": True}
