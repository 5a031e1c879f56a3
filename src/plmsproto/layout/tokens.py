"""The words of a layout's text, each with its place; what they mean together is ``grammar``'s business."""

from __future__ import annotations

import re
from typing import NamedTuple, NoReturn

from ..errors import CatalogueError

_WORD = re.compile(
    r"""
    (?P<blank>[ \t]+)
  | (?P<remark>\#[^\n]*)
  | (?P<newline>\n)
  | (?P<text>"[^"\n]*")
  | (?P<number>0[xX][0-9a-fA-F]+|\d+(?:\.(?!\.)\d+)?)
  | (?P<run>[a-z][a-z0-9_]*\{[a-z0-9_]+(?:,[a-z0-9_]+)+\}[a-z0-9_]*)
  | (?P<word>[A-Za-z_%][A-Za-z0-9_%/]*(?:\.[a-z][a-z0-9_]*)*)
  | (?P<mark>\.\.|==|!=|<=|>=|[<>{}()\[\]:;=+\-*,])
""",
    re.VERBOSE,
)


class Token(NamedTuple):
    """A word of the text and where it stands (both from 1)."""

    kind: str
    text: str
    line: int
    column: int


def tokens(text: str) -> list[Token]:
    """The words of a layout, line ends among them, and "the end" last.

    Raises:
        CatalogueError: a character that no word has.
    """
    found: list[Token] = []
    line, start, position = 1, 0, 0
    while position < len(text):
        match = _WORD.match(text, position)
        column = position - start + 1
        if match is None:
            fail_at(f"unexpected character {text[position]!r}", line, column)
        kind = match.lastgroup or ""
        if kind == "newline":
            found.append(Token(kind, "\n", line, column))
            line, start = line + 1, match.end()
        elif kind not in ("blank", "remark"):
            found.append(Token(kind, match.group(), line, column))
        position = match.end()
    found.append(Token("newline", "\n", line, len(text) - start + 1))
    found.append(Token("end", "the end", line, len(text) - start + 1))
    return found


def fail_at(reason: str, line: int, column: int) -> NoReturn:
    """Raises a ``CatalogueError`` that says where in the text the fault is."""
    error = CatalogueError(reason)
    error.line, error.column = line, column
    raise error
