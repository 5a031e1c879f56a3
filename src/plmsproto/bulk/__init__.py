"""Many frames at once: a buffer of them becomes an index (``scan``), or tables (``decode``).

What one frame says is the application layer's business (``plmsproto.decode``); streams that arrive in pieces are the
``FrameSplitter``'s. The way of the data: ``decoding`` is called; ``stretches`` cuts what it is given; an
``interpreter`` (or its compiled twin) reads the frames of a stretch into ``columns``. It does so by the op tables of a
``plan``, to which ``binding`` gives the columns that ``schema`` derives from the layouts and ``specs`` lays out.
``tables`` is what a user sees, ``noise`` and ``faults`` tell what could not be read, and why; ``arrow`` is what Arrow
sees, and all that needs pyarrow.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from ..link import FrameIndex, IndexedFrame

if TYPE_CHECKING:
    from .decoding import decode, scan
    from .tables import Table, Tables

__all__ = ["FrameIndex", "IndexedFrame", "Table", "Tables", "decode", "scan"]

_ON_DEMAND: Final = {"Table": "tables", "Tables": "tables", "decode": "decoding", "scan": "decoding"}
"""What is imported when it is first asked for, so that importing the library is quick."""


def __getattr__(name: str) -> Any:
    if name not in _ON_DEMAND:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = globals()[name] = getattr(import_module(f".{_ON_DEMAND[name]}", __name__), name)
    return found
