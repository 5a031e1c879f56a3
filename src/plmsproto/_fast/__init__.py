"""Compiled twins of the hot parts of the library, in Cython, and whether they are used.

Each twin has a reference in pure Python and gives the same results. ``_link`` belongs to the link layer, ``_objects``
to the application layer, ``_columns`` to ``bulk``. Each of these layers takes its own twin if ``IMPLEMENTATION`` says
so. Nothing else of the library is imported here.
"""

from __future__ import annotations

import os
from importlib.machinery import PathFinder
from typing import Final

_MODULES: Final = ("_columns", "_link", "_memory", "_objects", "_writing")


def is_built() -> bool:
    """Whether all modules were compiled: if one is missing, none is used."""
    return all(PathFinder.find_spec(f"{__name__}.{name}", __path__) for name in _MODULES)


IMPLEMENTATION: Final = "fast" if os.environ.get("PLMSPROTO_PURE") != "1" and is_built() else "pure"
"""``"fast"`` (the compiled twins) or ``"pure"`` (the references, also forced by ``PLMSPROTO_PURE=1``)."""
