"""Many frames at once: a buffer of them becomes an index (``scan``), or tables (``decode``).

One frame is decoded by the application layer (``plmsproto.decode``); streams that arrive in pieces are split by
``FrameSplitter``. The rooms, from the call to the result:

- ``decoding``: what is called; ``chunks``: cuts the input, searches it, shares it among threads; ``noise``: what is
  between frames.
- ``rows``: moves the values of decoded frames into ``columns``. Its compiled twin reads bytes by op tables.
- ``plan``: tells both which tables there are and how frames may be read; ``binding``: gives op tables their columns.
- ``schema``: the columns of an item, from its layouts; ``specs``: the columns of a table.
- ``tables``: what a user gets; ``arrow``: the same for Arrow, and all that needs pyarrow; ``faults``: why bytes did not
  decode.
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


def __dir__() -> list[str]:
    return sorted([*__all__, *(name for name in globals() if name.startswith("__"))])
