"""What the link layer has twice, in pure Python and compiled: the one in use.

Callers take a name from this module at the time of use (``_twin.checksum``), so that tests can try both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._fast import IMPLEMENTATION
from .address import address_from
from .checksum import checksum
from .scan import FrameSearch, StreamScanner, gaps, is_whole_frame, scan

__all__ = ["FrameSearch", "StreamScanner", "address_from", "checksum", "gaps", "is_whole_frame", "scan"]

# To the type checker the twins are one.
if not TYPE_CHECKING and IMPLEMENTATION == "fast":
    from .._fast._link import FrameSearch, StreamScanner, address_from, checksum, gaps, is_whole_frame, scan
