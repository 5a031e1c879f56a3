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
from plmsproto.link import checksum as pure_checksum
from plmsproto.link import scan as pure_scan

REQUIRE_FAST = os.environ.get("PLMSPROTO_REQUIRE_FAST") == "1"


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
                "checksum": pure_checksum.checksum,
                "scan": pure_scan.scan,
                "StreamScanner": pure_scan.StreamScanner,
            }
        module = importlib.import_module("plmsproto._fast._link")
        return {name: getattr(module, name) for name in ("checksum", "scan", "StreamScanner")}

    @property
    def checksum(self) -> Any:
        return self.parts["checksum"]

    @property
    def scan(self) -> Any:
        return self.parts["scan"]

    @property
    def stream_scanner(self) -> Any:
        return self.parts["StreamScanner"]

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
        importlib.import_module("plmsproto._fast._link")
    except ImportError:
        return False
    return True


needs_fast = pytest.mark.skipif(not fast_is_built() and not REQUIRE_FAST, reason="the extension is not built")
