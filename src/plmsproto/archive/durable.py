"""Writing so that a file is there whole or not at all, even if the machine stops; and keeping others out meanwhile.

What is written lies elsewhere (``parts``, ``journal``).
"""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path
from types import TracebackType

from .errors import RefusedError

TEMPORARY = ".tmp"
"""How the names of files end that are being written."""


def sync_file(path: Path) -> None:
    """Waits until what was written to a file is on the disk."""
    with path.open("r+b") as file:
        os.fsync(file.fileno())


def sync_folder(path: Path) -> None:
    """Waits until the names in a folder are on the disk, where folders can be synchronised."""
    if sys.platform == "win32":
        return
    folder = os.open(path, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def replace_text(path: Path, text: str) -> None:
    """Gives a file new contents; whoever reads it meanwhile sees the old or the new ones."""
    temporary = path.with_name(path.name + TEMPORARY)
    temporary.write_text(text, encoding="utf-8")
    sync_file(temporary)
    os.replace(temporary, path)  # noqa: PTH105  # like all of this module, a matter of the operating system
    sync_folder(path.parent)


class Lock:
    """Keeps other processes out. It ends with the process that holds it, however that ends."""

    def __init__(self, path: Path) -> None:
        """Names the file that is locked."""
        self._path = path
        self._file = -1

    def __enter__(self) -> Lock:
        """Takes the lock.

        Raises:
            RefusedError: another process has it.
            OSError: the file cannot be made.
        """
        while True:
            self._file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o644)
            try:
                _lock(self._file)
                if os.path.samestat(os.fstat(self._file), self._path.stat()):
                    return self
            except FileNotFoundError:
                pass  # whoever had it has just removed it
            except OSError:
                os.close(self._file)
                raise RefusedError(f"{self._path.parent}: another process is converting to this folder") from None
            os.close(self._file)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if sys.platform != "win32":
            self._path.unlink(missing_ok=True)  # while it is locked: nobody else can have it
        os.close(self._file)
        if sys.platform == "win32":
            with contextlib.suppress(OSError):
                self._path.unlink(missing_ok=True)


if sys.platform == "win32":
    import msvcrt

    def _lock(file: int) -> None:
        msvcrt.locking(file, msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock(file: int) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
