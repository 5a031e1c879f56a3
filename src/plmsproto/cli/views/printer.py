"""Lines and trees in colour, as fast as they come: what the views for people print with.

The terminal library knows the colours, the width of Chinese characters and where words end. It takes a hundred times as
long for a line as the decoder for a frame, so it is asked only once for each style, and to wrap the lines that are
wider than the terminal.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final, NamedTuple, TextIO

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

Piece = tuple[str, str]
"""Text and its style, such as ``"bold red"``; an empty style for none."""


class Guides(NamedTuple):
    """What is drawn before the branches of a tree; all have the same width."""

    fork: str
    last: str
    passing: str
    space: str


LINES: Final = Guides("├── ", "└── ", "│   ", "    ")
PLAIN: Final = Guides("+-- ", "`-- ", "|   ", "    ")
"""For output that is not Unicode."""


@dataclass(slots=True)
class Branch:
    """One line of a tree, and the branches below it."""

    pieces: Sequence[Piece]
    below: list[Branch] = field(default_factory=list)

    def add(self, *pieces: Piece) -> Branch:
        """A new branch below this one."""
        branch = Branch(pieces)
        self.below.append(branch)
        return branch


class Printer:
    """Writes lines and trees to an output."""

    def __init__(self, out: TextIO, console: Console) -> None:
        self._out = out
        self._console = console
        self._is_terminal = out.isatty()
        self._codes: dict[str, tuple[str, str]] = {"": ("", "")}
        self._guides = PLAIN if console.options.ascii_only else LINES

    def line(self, text: str, style: str = "") -> str:
        """A line that is not wrapped, with its end."""
        return self._styled(((text, style),)) + "\n"

    def tree(self, root: Branch) -> None:
        """Prints a tree. On a terminal, a line that is too wide is wrapped beside its guides."""
        width = self._console.width if self._is_terminal else None
        self._out.write("".join(f"{line}\n" for line in self._lines(root, "", "", width)))

    def _lines(self, branch: Branch, first: str, others: str, width: int | None) -> Iterator[str]:
        """The lines of a branch, the first of them after ``first``, all that follow after ``others``."""
        if width is None or sum(cell_len(text) for text, _ in branch.pieces) <= width - len(first):
            yield first + self._styled(branch.pieces)
        else:
            wrapped = Text.assemble(*branch.pieces).wrap(self._console, max(1, width - len(first)))
            for number, part in enumerate(wrapped):
                yield (others if number else first) + self._styled(_pieces(part))
        guides = self._guides
        for number, child in enumerate(branch.below, 1):
            is_last = number == len(branch.below)
            start = others + (guides.last if is_last else guides.fork)
            yield from self._lines(child, start, others + (guides.space if is_last else guides.passing), width)

    def _styled(self, pieces: Sequence[Piece]) -> str:
        styled = []
        for text, style in pieces:
            before, after = self._codes.get(style) or self._codes_of(style)
            styled.append(f"{before}{text}{after}" if text else "")
        return "".join(styled)

    def _codes_of(self, style: str) -> tuple[str, str]:
        """What the terminal library writes before and after text of a style."""
        with self._console.capture() as captured:
            self._console.print("x", style=style, end="")
        before, _, after = captured.get().partition("x")
        self._codes[style] = before, after
        return before, after


def _pieces(text: Text) -> list[Piece]:
    """A wrapped line as pieces."""
    text.rstrip()
    found: list[Piece] = []
    ends = sorted({0, len(text), *(end for span in text.spans for end in (span.start, span.end))})
    for start, stop in pairwise(ends):
        style = next((str(span.style) for span in text.spans if span.start <= start and stop <= span.end), "")
        found.append((text.plain[start:stop], style))
    return found
