"""Which implementation runs: the compiled one if it is there, the pure-Python reference otherwise.

``PLMSPROTO_PURE=1`` in the environment forces the reference. Whoever needs one of these names takes it from this
module at the time of use, so that both can be tested through the same code. Both stay importable:
``plmsproto.link.scan`` and ``plmsproto.link.checksum`` are the reference, ``plmsproto._fast`` is its twin.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from .link.checksum import checksum
from .link.scan import StreamScanner, scan

__all__ = ["IMPLEMENTATION", "StreamScanner", "checksum", "scan"]

IMPLEMENTATION = "pure"
"""``"fast"`` or ``"pure"``."""

# To the type checker the twins are one.
if not TYPE_CHECKING and os.environ.get("PLMSPROTO_PURE") != "1":
    try:
        from ._fast._link import StreamScanner, checksum, scan
    except ImportError:
        pass
    else:
        IMPLEMENTATION = "fast"
