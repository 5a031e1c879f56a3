"""Which implementation runs: the compiled one if it is there, the pure-Python reference otherwise.

``PLMSPROTO_PURE=1`` in the environment forces the reference. Whoever needs one of these names takes it from this
module at the time of use, so that both can be tested through the same code. Both stay importable: the reference is in
``scan``, ``checksum`` and ``address`` of ``plmsproto.link``, in ``plmsproto.application.ordinary`` and in
``plmsproto.bulk.rows``, its twin in ``plmsproto._fast``. If a part of the twin was not built, none of it is
used.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from .application.ordinary import read_ordinary
from .link.address import address_from
from .link.checksum import checksum
from .link.scan import FrameSearch, StreamScanner, gaps, is_whole_frame, scan

__all__ = [
    "IMPLEMENTATION",
    "FrameSearch",
    "StreamScanner",
    "address_from",
    "checksum",
    "gaps",
    "is_whole_frame",
    "make_interpreter",
    "read_ordinary",
    "scan",
]

IMPLEMENTATION = "pure"
"""``"fast"`` or ``"pure"``."""


def make_interpreter(plan: Any, *, address_size: int = 5) -> Any:
    """What reads frames into columns."""
    from .bulk.rows import Interpreter  # not needed for anything else

    return Interpreter(plan, address_size=address_size)


# To the type checker the twins are one.
if not TYPE_CHECKING and os.environ.get("PLMSPROTO_PURE") != "1":
    try:
        from ._fast import _columns, _link, _objects
    except ImportError:
        pass
    else:
        IMPLEMENTATION = "fast"
        FrameSearch = _link.FrameSearch
        StreamScanner = _link.StreamScanner
        address_from = _link.address_from
        checksum = _link.checksum
        gaps = _link.gaps
        is_whole_frame = _link.is_whole_frame
        make_interpreter = _columns.Interpreter
        read_ordinary = _objects.read_ordinary
        scan = _link.scan
