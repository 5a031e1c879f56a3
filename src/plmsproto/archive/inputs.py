"""Which files an archive consists of, in what order, and how one is known to be still the same.

Folders are walked here; what is in a file is the business of ``reading``.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .errors import RefusedError


@dataclass(frozen=True, slots=True)
class Input:
    """A file of an archive.

    Attributes:
        path: where it is, absolute.
        name: what it is called in tables: its path below the folder that was named, or its own name.
        size: bytes on disk.
        modified: when it was last changed, nanoseconds since 1970.
    """

    path: str
    name: str
    size: int
    modified: int

    @property
    def identity(self) -> dict[str, Any]:
        """What must not change between the beginning of a conversion and its end."""
        return {"path": self.path, "size": self.size, "modified": self.modified}


def find_inputs(arguments: Sequence[str], output: Path) -> list[Input]:
    """The files that the arguments name, each once: folders with all they hold, in order of their names.

    Hidden files and folders, links to folders, and the output's own folder are passed over.

    Raises:
        RefusedError: an argument is no file or folder, or a file cannot be read.
    """
    found: dict[str, Input] = {}
    for argument in arguments:
        place = Path(argument)
        if place.is_dir():
            for path in _walk(place, output.resolve()):
                _add(found, path, path.relative_to(place).as_posix())
        else:
            _add(found, place, place.name)
    return list(found.values())


def _walk(folder: Path, output: Path) -> Iterator[Path]:
    try:
        entries = sorted(folder.iterdir(), key=lambda entry: os.fsencode(entry.name))
    except OSError as error:
        raise RefusedError(f"{folder}: {error.strerror or error}") from None
    for entry in entries:
        if entry.name.startswith("."):
            continue
        if entry.is_dir():
            if not entry.is_symlink() and entry.resolve() != output:
                yield from _walk(entry, output)
        elif not entry.exists() or entry.is_file():  # what is not there is a broken link, and worth a complaint
            yield entry


def _add(found: dict[str, Input], path: Path, name: str) -> None:
    try:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
    except OSError as error:
        raise RefusedError(f"{path}: {error.strerror or error}") from None
    if not stat.S_ISREG(status.st_mode):
        raise RefusedError(f"{path}: neither a file nor a folder; a conversion must be able to read it twice")
    real = str(path.resolve())
    printable = os.fsencode(name).decode("utf-8", "replace")
    found.setdefault(real, Input(real, printable, status.st_size, status.st_mtime_ns))
