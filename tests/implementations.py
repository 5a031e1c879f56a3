"""The two implementations of the hot parts, by name: what the ``implementation`` fixture gives."""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from plmsproto import _implementation
from plmsproto.application import ordinary
from plmsproto.link import address as pure_address
from plmsproto.link import checksum as pure_checksum
from plmsproto.link import scan as pure_scan

REQUIRE_FAST = os.environ.get("PLMSPROTO_REQUIRE_FAST") == "1"

FAST_PARTS = {
    "plmsproto._fast._link": (
        "address_from",
        "checksum",
        "FrameSearch",
        "gaps",
        "is_whole_frame",
        "scan",
        "StreamScanner",
    ),
    "plmsproto._fast._objects": ("read_ordinary",),
}
INTERPRETERS = {"pure": "plmsproto.bulk.rows", "fast": "plmsproto._fast._columns"}


@dataclass(frozen=True)
class Implementation:
    """One of the two implementations of the hot parts."""

    name: str

    def __str__(self) -> str:
        return self.name

    @property
    def parts(self) -> dict[str, Any]:
        """Its functions and classes, by the names they have in ``plmsproto._implementation``."""
        if self.name == "pure":
            return {
                "FrameSearch": pure_scan.FrameSearch,
                "address_from": pure_address.address_from,
                "checksum": pure_checksum.checksum,
                "gaps": pure_scan.gaps,
                "is_whole_frame": pure_scan.is_whole_frame,
                "make_interpreter": self.interpreter,
                "read_ordinary": ordinary.read_ordinary,
                "scan": pure_scan.scan,
                "StreamScanner": pure_scan.StreamScanner,
            }
        return {
            name: getattr(importlib.import_module(module), name)
            for module, names in FAST_PARTS.items()
            for name in names
        } | {"make_interpreter": self.interpreter}

    @property
    def interpreter(self) -> Any:
        """Its class of interpreters of op tables."""
        return importlib.import_module(INTERPRETERS[self.name]).Interpreter

    @property
    def checksum(self) -> Any:
        return self.parts["checksum"]

    @property
    def scan(self) -> Any:
        return self.parts["scan"]

    @property
    def stream_scanner(self) -> Any:
        return self.parts["StreamScanner"]

    @property
    def address_from(self) -> Any:
        return self.parts["address_from"]

    @property
    def is_whole_frame(self) -> Any:
        return self.parts["is_whole_frame"]

    @property
    def read_ordinary(self) -> Any:
        return self.parts["read_ordinary"]

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """Lets the library use this implementation for a while."""
        with pytest.MonkeyPatch.context() as patch:
            for name, part in self.parts.items():
                patch.setattr(_implementation, name, part)
            yield


PURE = Implementation("pure")
FAST = Implementation("fast")


def fast_is_built() -> bool:
    try:
        for module in (*FAST_PARTS, INTERPRETERS["fast"]):
            importlib.import_module(module)
    except ImportError:
        return False
    return True


needs_fast = pytest.mark.skipif(not fast_is_built() and not REQUIRE_FAST, reason="the extension is not built")
