"""The bytes of a file, uncompressed: gzip and Zstandard are recognised by their first bytes.

Members and frames that follow one another are one file, as ``cat`` makes them. A compressed file that is damaged or
ends early gives what comes before the damage, and an error to report. Memory is bounded whatever a file expands to:
little is decompressed at a time. What the bytes mean is the business of ``reading``.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Final

import zstandard

from .errors import InputError

_GZIP: Final = b"\x1f\x8b"
_ZSTANDARD: Final = b"\x28\xb5\x2f\xfd"
_SKIPPABLE: Final = b"\x2a\x4d\x18"
"""How a frame that says nothing of the contents goes on behind its first byte, 50 to 5F."""

_PIECE: Final = 1 << 10
"""Compressed bytes that are taken at a time: at worst a megabyte of gzip, and 32 MiB of Zstandard."""

_DAMAGE: Final = (zlib.error, zstandard.ZstdError)
_BUFFER: Final = 1 << 18
_SKIPPED: Final = 1 << 20


class ByteStream:
    """The uncompressed bytes of a file.

    Attributes:
        error: why the file ended before it was whole; empty if nothing was wrong so far.
    """

    def __init__(self, path: str) -> None:
        """Opens a file.

        Raises:
            InputError: it cannot be read.
        """
        self.error = ""
        self._path = path
        self._offset = 0
        self._held = b""
        try:
            self._file: BinaryIO = Path(path).open("rb", buffering=_BUFFER)  # noqa: SIM115  # close() closes it
            self._size = os.fstat(self._file.fileno()).st_size
            beginning = self._file.read(4)
            self._file.seek(0)
        except OSError as error:
            raise self._unreadable(error) from None
        new = _decompressor(beginning)
        self._pieces = self._decompressed(new) if new else None

    def __enter__(self) -> ByteStream:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._file.close()

    @property
    def read_from_disk(self) -> int:
        """Bytes of the file itself that were used so far, for showing progress."""
        return min(self._file.tell(), self._size)

    def read(self, size: int) -> bytes:
        """The next bytes: as many as were asked for, fewer only at the end.

        Raises:
            InputError: the file cannot be read.
        """
        try:
            data = self._read(size)
        except OSError as error:
            raise self._unreadable(error) from None
        self._offset += len(data)
        return data

    def skip_to(self, offset: int) -> None:
        """Goes on at a later place.

        Raises:
            InputError: the file cannot be read, or ends before.
        """
        if self._pieces is None:
            self._file.seek(offset)
            self._offset = min(offset, self._size)
        while self._offset < offset and self.read(min(offset - self._offset, _SKIPPED)):
            pass
        if self._offset < offset:
            raise InputError(f"{self._path}: ends at {self._offset}, before {offset}, where it was left")

    def _read(self, size: int) -> bytes:
        if self._pieces is None:
            return self._file.read(size)
        parts = [self._held]
        there = len(self._held)
        while there < size and (piece := next(self._pieces, b"")):
            parts.append(piece)
            there += len(piece)
        data = b"".join(parts)
        self._held = data[size:]
        return data[:size]

    def _decompressed(self, new: Callable[[], Any]) -> Iterator[bytes]:
        """What the file expands to, in pieces that are not empty."""
        decompressor = None  # None between two members
        while compressed := self._file.read(_PIECE):
            while compressed:
                if decompressor is None:
                    compressed = compressed.lstrip(b"\0")  # tapes and disks pad with zeros
                    if not compressed:
                        break
                    decompressor = new()
                try:
                    piece = decompressor.decompress(compressed)
                except _DAMAGE as error:
                    self.error = f"the compressed data are damaged near byte {self._file.tell()}: {error}"
                    return
                compressed = b""
                if decompressor.eof:
                    compressed = decompressor.unused_data
                    decompressor = None
                if piece:
                    yield piece
        if decompressor is not None:
            self.error = "the compressed data end early"

    def _unreadable(self, error: OSError) -> InputError:
        return InputError(f"{self._path}: {error.strerror or error}")


def _decompressor(beginning: bytes) -> Callable[[], Any] | None:
    """Makes what decompresses one member of a file that begins so; ``None`` if it is not compressed."""
    if beginning.startswith(_GZIP):
        return lambda: zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    if beginning == _ZSTANDARD or (beginning[1:] == _SKIPPABLE and beginning[0] & 0xF0 == 0x50):
        return zstandard.ZstdDecompressor().decompressobj
    return None
