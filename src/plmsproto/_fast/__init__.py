"""The compiled implementation, in Cython, and whether it is in use.

Its modules find frames, read fields and fill columns. They know formats and op tables, but no item by name. Each has a
pure-Python reference with the same results: ``_link`` has ``plmsproto.link``, ``_objects`` and ``_columns`` have the
reading of ``plmsproto.application`` and ``plmsproto.bulk``. Each layer chooses between the two where it uses them.

All modules are in use, or none: not if one of them was not built, nor if ``PLMSPROTO_PURE`` is 1 in the environment.
"""

from __future__ import annotations

import os

__all__ = ["IMPLEMENTATION"]

IMPLEMENTATION = "pure"
"""``"fast"`` or ``"pure"``."""

if os.environ.get("PLMSPROTO_PURE") != "1":
    try:
        from . import _columns, _link, _objects  # noqa: F401  # to see whether they are there
    except ImportError:
        pass
    else:
        IMPLEMENTATION = "fast"
