"""Tables in files: a folder for each table, with a part file for each step of the conversion that had rows of it.

Part files are written under a temporary name. At the end of a step they are synchronised and renamed, and then the
journal says how many there are of each table: a part that it does not count is what a broken step has left. How rows
become bytes is the business of ``formats``.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

from .durable import TEMPORARY, replace_text, sync_file, sync_folder
from .errors import RefusedError
from .journal import Journal
from .store import Store

if TYPE_CHECKING:
    import pyarrow as pa

    from .formats import PartFormat, PartWriter

_PART: Final = re.compile(r"part-(\d{5,})\.\w+")
_MOST_OPEN: Final = 64
"""Files that are open at once; some systems let a process have 256 of all kinds."""


class PartStore(Store):
    """A folder of part files, and the journal ``conversion.json``."""

    journal_name = "conversion.json"

    def __init__(self, folder: Path, form: PartFormat) -> None:
        """Names the folder and the format of its part files."""
        super().__init__(folder)
        self.decimals = form.decimals  # type: ignore[misc]  # other stores have it for their class
        self._form = form
        self._counts: dict[str, int] = {}
        # Writers in the order in which they were last used; and the paths of all parts of this step, open or not.
        self._open: OrderedDict[str, PartWriter] = OrderedDict()
        self._written: list[Path] = []

    def load(self) -> Journal | None:
        """Reads ``conversion.json``."""
        path = self.folder / self.journal_name
        try:
            return Journal.read(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise RefusedError(f"{path}: not the journal of a conversion that can be resumed: {error}") from None

    def begin(self, journal: Journal) -> None:
        """Removes parts that the journal does not count."""
        self._counts = dict(journal.parts)
        for folder in [*_folders(self.folder), *_folders(self.folder / "events")]:
            name = folder.relative_to(self.folder).as_posix()
            for path in list(folder.iterdir()):
                part = _PART.fullmatch(path.name.removesuffix(TEMPORARY))
                if part and (path.name.endswith(TEMPORARY) or int(part[1]) >= self._counts.get(name, 0)):
                    path.unlink()
            if name not in self._counts:
                with contextlib.suppress(OSError):  # there may be something else in it
                    folder.rmdir()
        if not (self.folder / self.journal_name).exists():
            replace_text(self.folder / self.journal_name, journal.text())

    def write(self, name: str, table: pa.Table) -> None:
        """Adds a row group to the part of this step."""
        if name not in self._open:
            if len(self._open) >= _MOST_OPEN:
                self._close(next(iter(self._open)))
            path = self._path(name)
            path.parent.mkdir(parents=True, exist_ok=True)
            self._written.append(path)
            self._counts[name] = self._counts.get(name, 0) + 1
            self._open[name] = self._form.writer(path.with_name(path.name + TEMPORARY), table.schema)
        self._open.move_to_end(name)
        self._open[name].write(table)

    def commit(self, journal: Journal) -> None:
        """Gives the parts of this step their names, then writes the journal that counts them."""
        for name in list(self._open):
            self._close(name)
        for path in self._written:
            os.replace(path.with_name(path.name + TEMPORARY), path)  # noqa: PTH105  # as in durable
        for folder in sorted({parent for path in self._written for parent in self._below(path)}):
            sync_folder(folder)
        journal.parts = dict(self._counts)
        replace_text(self.folder / self.journal_name, journal.text())
        self._written.clear()

    def roll_back(self) -> None:
        """Removes the parts of this step that have no name yet."""
        for writer in self._open.values():
            with contextlib.suppress(Exception):  # it is lost anyway, and so is what it would say
                writer.close()
        self._open.clear()
        for path in self._written:
            with contextlib.suppress(OSError):
                path.with_name(path.name + TEMPORARY).unlink(missing_ok=True)
        self._written.clear()

    def _path(self, name: str) -> Path:
        return self.folder / name / f"part-{self._counts.get(name, 0):05}.{self._form.suffix}"

    def _close(self, name: str) -> None:
        """Finishes the part of a table; if there are more rows in this step, they get another one."""
        writer = self._open.pop(name)
        writer.close()
        sync_file(writer.path)

    def _below(self, path: Path) -> Iterator[Path]:
        """The folders of a part, up to the store's own."""
        for parent in path.parents:
            yield parent
            if parent == self.folder:
                return


def _folders(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []
