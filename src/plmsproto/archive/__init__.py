"""Archives of frames, larger than memory, as tables on disk: what ``plmsproto convert`` does.

The way of the data: ``inputs`` finds the files, ``compression`` uncompresses them, ``logs`` and ``stamps`` read hex
logs, ``reading`` makes portions of tables of them by ``plmsproto.bulk``, ``gathering`` collects rows, and a ``store``
(part files: ``parts`` with ``formats`` and ``cells``; DuckDB: ``database``) writes them. ``conversion`` is the loop;
``journal`` and ``durable`` are what makes it possible to stop it anywhere. Needs the extra ``arrow``.

What frames say is not known here, nor are arguments of the command line.
"""

from __future__ import annotations

from .conversion import STEP, Conversion, Options, Outcome, Progress
from .errors import ConversionError, InputError, OutputError, RefusedError
from .journal import Counts
from .reading import BINARY_BLOCK, TEXT_BLOCK, Reading

__all__ = [
    "BINARY_BLOCK",
    "STEP",
    "TEXT_BLOCK",
    "Conversion",
    "ConversionError",
    "Counts",
    "InputError",
    "Options",
    "Outcome",
    "OutputError",
    "Progress",
    "Reading",
    "RefusedError",
]
