"""What ``plmsproto decode`` prints: one module a form.

``tree`` for reading, ``annotated`` for checking bytes, ``objects`` (JSON) and ``table`` (CSV) for other programs. Each
is a ``View``: it is shown one result after another and keeps nothing.
"""

from __future__ import annotations

from typing import Any, TextIO

from .annotated import AnnotatedView
from .base import Result, View
from .objects import JsonLinesView, JsonView
from .table import TableView
from .tree import TreeView

VIEWS: dict[str, Any] = {
    "tree": TreeView,
    "json": JsonView,
    "jsonl": JsonLinesView,
    "csv": TableView,
    "hex": AnnotatedView,
}
"""``--format`` → view."""


def make_view(name: str, out: TextIO, *, lang: str, color: str) -> View:
    """The view of a name."""
    view: View = VIEWS[name](out, lang=lang, color=color)
    return view


__all__ = ["VIEWS", "Result", "View", "make_view"]
