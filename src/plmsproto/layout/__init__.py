"""The layout language: what follows what inside the body of a data unit, written down once and used both ways.

A layout is a few lines of text in the catalogue, such as::

    read_time                  A15
    tariff_count               u1   0..63
    reading[tariff_count + 1]  A14  kWh

``grammar`` turns the text into a ``Record``, a tree of the parts in ``nodes`` (and ``event``); the tree reads
(``Reader``), writes (``Writer``), measures (``span``) and describes (``describe``) any body of that shape. ``counts``
are the numbers and conditions inside a layout, ``marks`` the times of a curve's points. Nothing here knows which items
exist, nor frames: see ``catalogue`` and ``application``.

What this module gathers is what trees need; ``grammar`` is imported where texts are read.
"""

from .counts import Condition, Count
from .cursor import Reader, Span, Undecoded, Writer
from .describe import Row, describe
from .event import Event
from .marks import times_of
from .nodes import (
    Bitfield,
    BitPart,
    Conditional,
    Field,
    Leaf,
    ListOf,
    Optional,
    PackedList,
    Record,
    Shape,
    SizedLeaf,
    Units,
)
from .walk import FieldValue, walk

__all__ = [
    "BitPart",
    "Bitfield",
    "Condition",
    "Conditional",
    "Count",
    "Event",
    "Field",
    "FieldValue",
    "Leaf",
    "ListOf",
    "Optional",
    "PackedList",
    "Reader",
    "Record",
    "Row",
    "Shape",
    "SizedLeaf",
    "Span",
    "Undecoded",
    "Units",
    "Writer",
    "describe",
    "times_of",
    "walk",
]
