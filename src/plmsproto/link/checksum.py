"""The frame checksum CS, in pure Python: the reference of its compiled twin."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing_extensions import Buffer


def byte_view(data: Buffer) -> memoryview:
    """Returns the bytes of any contiguous buffer (bytes, bytearray, memoryview, mmap, array) without a copy.

    Raises:
        TypeError: the argument is not a buffer.
        BufferError: the buffer is not contiguous.
    """
    view = memoryview(data)
    if not view.c_contiguous:
        raise BufferError("the buffer is not contiguous")
    if view.format == "B" and view.ndim == 1:
        return view
    return view.cast("B") if view.nbytes else memoryview(b"")


def checksum(data: Buffer) -> int:
    """Returns the sum of all bytes modulo 256.

    A frame's CS is this sum over the L1 bytes from the control field to the last byte of the user data
    (Q/GDW 376.1-2009, frame format; FT1.2).

    Raises:
        TypeError: the argument is not a buffer.
        BufferError: the buffer is not contiguous.
    """
    # Summing a bytes object is several times as fast as summing a memoryview.
    return sum(data if isinstance(data, bytes) else bytes(byte_view(data))) & 0xFF
