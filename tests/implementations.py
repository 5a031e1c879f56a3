"""The two implementations of the hot parts, by name: what the ``implementation`` fixture gives."""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from plmsproto.application import reading, writing
from plmsproto.bulk import chunks
from plmsproto.link import _twin
from plmsproto.link import address as pure_address
from plmsproto.link import checksum as pure_checksum
from plmsproto.link import scan as pure_scan

REQUIRE_FAST = os.environ.get("PLMSPROTO_REQUIRE_FAST") == "1"

LINK_PARTS = ("address_from", "checksum", "FrameSearch", "gaps", "is_whole_frame", "scan", "StreamScanner")
PURE_LINK = {
    "FrameSearch": pure_scan.FrameSearch,
    "address_from": pure_address.address_from,
    "checksum": pure_checksum.checksum,
    "gaps": pure_scan.gaps,
    "is_whole_frame": pure_scan.is_whole_frame,
    "scan": pure_scan.scan,
    "StreamScanner": pure_scan.StreamScanner,
}
INTERPRETERS = {"pure": "plmsproto.bulk.rows", "fast": "plmsproto._fast._columns"}


@dataclass(frozen=True)
class Implementation:
    """One of the two implementations of the hot parts."""

    name: str

    def __str__(self) -> str:
        return self.name

    @property
    def link(self) -> dict[str, Any]:
        """Its functions and classes, by the names they have in ``plmsproto.link._twin``."""
        if self.name == "pure":
            return PURE_LINK
        module = importlib.import_module("plmsproto._fast._link")
        return {name: getattr(module, name) for name in LINK_PARTS}

    @property
    def interpreter(self) -> Any:
        """Its class of what reads frames into columns."""
        return importlib.import_module(INTERPRETERS[self.name]).Interpreter

    @property
    def fast_decode(self) -> Any:
        """What reads frames quickly, if it can."""
        return None if self.name == "pure" else importlib.import_module("plmsproto._fast._objects").fast_decode

    @property
    def fast_encode(self) -> Any:
        """What writes data units quickly, if it can."""
        return None if self.name == "pure" else importlib.import_module("plmsproto._fast._writing").fast_encode

    @property
    def checksum(self) -> Any:
        return self.link["checksum"]

    @property
    def scan(self) -> Any:
        return self.link["scan"]

    @property
    def stream_scanner(self) -> Any:
        return self.link["StreamScanner"]

    @property
    def address_from(self) -> Any:
        return self.link["address_from"]

    @property
    def is_whole_frame(self) -> Any:
        return self.link["is_whole_frame"]

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """Lets the library use this implementation for a while."""
        with pytest.MonkeyPatch.context() as patch:
            for name, part in self.link.items():
                patch.setattr(_twin, name, part)
            patch.setattr(reading, "fast_decode", self.fast_decode)
            patch.setattr(writing, "fast_encode", self.fast_encode)
            patch.setattr(chunks, "Interpreter", self.interpreter)
            yield


PURE = Implementation("pure")
FAST = Implementation("fast")


def fast_is_built() -> bool:
    try:
        for module in ("_link", "_objects", "_writing", "_columns"):
            importlib.import_module(f"plmsproto._fast.{module}")
    except ImportError:
        return False
    return True


needs_fast = pytest.mark.skipif(not fast_is_built() and not REQUIRE_FAST, reason="the extension is not built")
