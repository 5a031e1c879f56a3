"""Which implementation runs: the compiled one if it is there, the pure-Python reference otherwise.

``PLMSPROTO_PURE=1`` in the environment forces the reference. Whoever needs one of these names takes it from this
module at the time of use, so that both can be tested through the same code. Both stay importable:
``plmsproto.link.scan``, ``plmsproto.link.checksum`` and ``plmsproto.bulk.interpreter`` are the reference,
``plmsproto._fast`` is its twin. If a part of it was not built, none of it is used.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from .link.checksum import checksum
from .link.scan import StreamScanner, gaps, scan

__all__ = ["IMPLEMENTATION", "StreamScanner", "checksum", "gaps", "make_interpreter", "scan"]

IMPLEMENTATION = "pure"
"""``"fast"`` or ``"pure"``."""


def make_interpreter(plan: Any, *, address_size: int = 5) -> Any:
    """What reads frames into columns."""
    from .bulk.interpreter import Interpreter  # not needed for anything else

    return Interpreter(plan, address_size=address_size)


# To the type checker the twins are one.
if not TYPE_CHECKING and os.environ.get("PLMSPROTO_PURE") != "1":
    try:
        from ._fast import _columns, _link
    except ImportError:
        pass
    else:
        IMPLEMENTATION = "fast"
        StreamScanner, checksum, gaps, scan = _link.StreamScanner, _link.checksum, _link.gaps, _link.scan
        make_interpreter = _columns.Interpreter
