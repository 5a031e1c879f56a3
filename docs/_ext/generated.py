"""What the documentation takes from the library while it is built, so that the two can't disagree.

Directives: ``formats``, ``editions``, ``afns`` (tables), ``cli-help`` (what ``plmsproto SUBCOMMAND --help`` prints).
Lexer: ``layout``, the layout language.
"""

from __future__ import annotations

import contextlib
import io
import os
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from typing import Any, ClassVar
from unittest import mock

from docutils import nodes
from pygments.lexer import RegexLexer
from pygments.token import Comment, Keyword, Name, Number, Punctuation, String, Text
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

import plmsproto
from plmsproto import cli
from plmsproto.editions import RULES
from plmsproto.formats import ANNEX_A, COUNTED, PACKED, PLAIN, SIZED, Format
from plmsproto.identifier import IdentifierFormat, PointCoding
from plmsproto.layout.grammar import KEYWORDS


def fill_of(form: Format) -> str:
    """Which bytes mean "no data": EE alone (in a run, where it is a value too), any of the four, or none."""
    if form.fill_is_ambiguous:
        return "EE in a run"
    return {(): "", (0xEE,): "EE"}.get(form.fills, "EE …")


class Table(SphinxDirective, ABC):
    """A table of plain cells; text between ``` `` ``` is code."""

    heads: ClassVar[tuple[str, ...]]

    @abstractmethod
    def rows(self) -> Iterable[tuple[str, ...]]:
        """The cells, row by row."""

    def run(self) -> list[nodes.Node]:
        """Builds the table."""
        group = nodes.tgroup(cols=len(self.heads))
        group += [nodes.colspec(colwidth=1) for _ in self.heads]
        group += nodes.thead("", _row(self.heads))
        group += nodes.tbody("", *(_row(cells) for cells in self.rows()))
        return [nodes.table("", group, classes=["colwidths-auto"])]


def _row(cells: Iterable[str]) -> nodes.row:
    return nodes.row("", *(nodes.entry("", nodes.paragraph("", "", *_inline(cell))) for cell in cells))


def _inline(cell: str) -> Iterator[nodes.Node]:
    for number, piece in enumerate(cell.split("``")):
        if piece:
            yield nodes.literal(piece, piece) if number % 2 else nodes.Text(piece)


EXAMPLES: dict[str, Any] = {
    "A1": "2018-09-28 14:41:30",
    "A2": 125,
    "A3": -1250,
    "A4": -15,
    "A5": "-99.9",
    "A6": "-1.69",
    "A7": "221.3",
    "A8": 1440,
    "A9": "-1.1173",
    "A10": 123456,
    "A11": "488.95",
    "A12": "000012345678",
    "A13": "330.2",
    "A14": "3746.28",
    "A15": "2018-09-28 14:41",
    "A16": (22, 14, 59, 16),
    "A17": (9, 28, 14, 41),
    "A18": (28, 14, 41),
    "A19": "14:41",
    "A20": "2018-09-28",
    "A21": (2018, 9),
    "A22": "2.5",
    "A23": "1.1173",
    "A24": (28, 14),
    "A25": "-1.504",
    "A26": "0.998",
    "A27": 12345678,
    "ip4": "192.168.0.1",
    "u1": 200,
    "u2": 20005,
    "u3": 100_000,
    "u4": 16_909_060,
    "i1": -3,
    "i2": -300,
    "i4": -100_000,
    "bcd[N]": 1234,
    "digits[N]": "4401",
    "bs[N]": [0, 3, 9],
    "raw[N]": "68 16",
    "ascii[N]": "V1",
    "gb2312[N]": "电",
    "phone[N]": "95,8",
    "identifier": ((1, 2), (25,)),
}
"""A value of each format for the table; a new format wants one, or the build stops."""


class FormatTable(Table):
    """The formats, with a value of each and the bytes that it has."""

    heads = ("format", "bytes", "what is sent", "value", "example", "bytes of the example", "no data")

    def rows(self) -> Iterator[tuple[str, ...]]:
        """Annex A, the formats of fixed width, those that take a width."""
        for name, form in {**ANNEX_A, **PLAIN}.items():
            yield self._row(name, form)
        for name, make in SIZED.items():
            yield self._row(f"{name}[N]", make(2), "N")
        yield self._row("identifier", IdentifierFormat(PointCoding.NUMBERED_GROUP))

    @staticmethod
    def _row(name: str, form: Format, size: str = "") -> tuple[str, ...]:
        raw = form.encode(EXAMPLES[name])
        value = form.decode(raw)
        summary = form.summary
        if size:
            summary = summary.replace("of 16 bits", "of 8 × N bits").replace("4 digits", "2 × N digits")
        return (
            f"``{name}``",
            size or str(form.size),
            summary,
            f"``{type(value).__name__}``",
            f"``{value!r}``",
            f"``{raw.hex(' ').upper()}``",
            fill_of(form),
        )


class EditionTable(Table):
    """What editions differ in, outside the catalogue."""

    heads = ("edition", "standard", "tag", "points", "PW", "AFN with PW down", "AFN with PW up")

    def rows(self) -> Iterator[tuple[str, ...]]:
        """One row an edition."""
        for edition, rules in RULES.items():
            yield (
                f'``"{edition}"``',
                rules.title,
                f"{rules.tag:02b}",
                f"{rules.point_coding.value}, p1 to p{rules.point_coding.highest}",
                f"{rules.pw_size} bytes",
                " ".join(f"{afn:02X}" for afn in sorted(rules.pw_afns)),
                " ".join(f"{afn:02X}" for afn in sorted(rules.pw_afns_up)) or "none",
            )


class AfnTable(Table):
    """The application functions, with how many items the catalogue has."""

    heads = ("AFN", "key", "name", "", "items")

    def rows(self) -> Iterator[tuple[str, ...]]:
        """One row an AFN."""
        catalogue = plmsproto.default_catalogue()
        for afn in catalogue.afns():
            own = afn.items_of == afn.code
            count = str(len(catalogue.items(afn.code))) if own else f"those of {afn.items_of:02X}"
            yield f"{afn.code:02X}", f"``{afn.key}``", afn.en, afn.zh, count


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
    """Registers the directives and the lexer."""
    app.add_directive("formats", FormatTable)
    app.add_directive("editions", EditionTable)
    app.add_directive("afns", AfnTable)
    app.add_directive("cli-help", CommandHelp)
    app.add_lexer("layout", LayoutLexer)
    return {"parallel_read_safe": True}
