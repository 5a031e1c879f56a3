"""Many frames at once: a buffer of them becomes an index (``scan``), or tables (``decode``).

What one frame says is the application layer's business (``plmsproto.decode``); streams that arrive in pieces are the
``FrameSplitter``'s. The way of the data: ``decoding`` cuts what it is given into stretches; an ``interpreter`` (or its
compiled twin) reads the frames of a stretch by the op tables of a ``plan`` into ``columns``; ``schema`` says what
columns an item has; ``tables`` is what a user sees; ``arrow`` is what Arrow sees, and all that needs pyarrow.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from ..link import FrameIndex, IndexedFrame

if TYPE_CHECKING:
    from .decoding import Tables, decode, scan
    from .tables import Table

__all__ = ["FrameIndex", "IndexedFrame", "Table", "Tables", "decode", "scan"]

_ON_DEMAND: Final = {"Tables": "decoding", "decode": "decoding", "scan": "decoding", "Table": "tables"}
"""What is imported when it is first asked for, so that importing the library is quick."""


def __getattr__(name: str) -> Any:
    if name not in _ON_DEMAND:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = globals()[name] = getattr(import_module(f".{_ON_DEMAND[name]}", __name__), name)
    return found
