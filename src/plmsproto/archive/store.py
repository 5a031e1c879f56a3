"""Where tables go: what every store promises.

A conversion goes in steps. What is written in a step and the journal of it become visible together at ``commit``, or
not at all. ``parts`` keeps tables in files, ``database`` in DuckDB.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from .journal import Journal

if TYPE_CHECKING:
    import pyarrow as pa


class Store(ABC):
    """A folder that tables are written to.

    Attributes:
        decimals: what kind of decimals the tables shall have, an argument of ``to_arrow``.
        journal_name: the file in the folder by which a store of this kind is recognised.
    """

    decimals: ClassVar[str] = "decimal128"
    journal_name: ClassVar[str]

    def __init__(self, folder: Path) -> None:
        """Names the folder; nothing is touched."""
        self.folder = folder

    @abstractmethod
    def load(self) -> Journal | None:
        """The journal of the last step; ``None`` if there was none.

        Raises:
            RefusedError: there is something else in its place.
        """

    @abstractmethod
    def begin(self, journal: Journal) -> None:
        """Makes ready for steps after those of the journal, and removes what a broken step has left."""

    @abstractmethod
    def write(self, name: str, table: pa.Table) -> None:
        """Adds rows to a table: ``present_power``, ``events/power_down``."""

    @abstractmethod
    def commit(self, journal: Journal) -> None:
        """Ends the step: all that was written since the last one is there for good, and so is the journal."""

    @abstractmethod
    def roll_back(self) -> None:
        """Forgets what was written since the last commit, as far as that can be done now."""

    def close(self) -> None:  # noqa: B027  # most hold nothing
        """Lets go of the folder."""
