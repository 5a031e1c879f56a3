"""Many frames at once: a buffer of them becomes an index.

What one frame says is the application layer's business (``plmsproto.decode``); streams that arrive in pieces are the
``FrameSplitter``'s.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .. import _implementation
from ..link import MAX_NETWORK, FrameIndex, IndexedFrame

if TYPE_CHECKING:
    from typing_extensions import Buffer

__all__ = ["FrameIndex", "IndexedFrame", "scan"]


def scan(buffer: Buffer, *, address_size: int = 5, max_length: int = MAX_NETWORK) -> FrameIndex:
    """Finds and validates all frames of a buffer, and indexes them.

    The compiled implementation lets other threads run meanwhile and works at the order of memory speed.

    Args:
        buffer: any contiguous bytes: bytes, bytearray, memoryview, mmap. It is not copied.
        address_size: bytes of the address field, 5 or 7.
        max_length: largest L1 that is believed; ``MAX_RADIO`` for a capture of a radio channel.

    Returns:
        One array a field (offset, length, tag, C, A1, A2, A3, AFN, SEQ), one place in each array a frame.

    Raises:
        TypeError: the argument is no buffer.
        BufferError: the buffer is not contiguous.
        ValueError: an option is out of its range.
    """
    return _implementation.scan(buffer, address_size=address_size, max_length=max_length)
