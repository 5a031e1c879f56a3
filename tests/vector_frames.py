"""The conformance vectors of ``vectors/``: all of them, and their frames."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

VECTORS = Path(__file__).parents[1] / "vectors"
FILES = sorted(VECTORS.glob("*.jsonl"))


@cache
def vectors() -> tuple[dict[str, Any], ...]:
    return tuple(json.loads(line) for path in FILES for line in path.read_text(encoding="utf-8").splitlines())


@cache
def vector_frames() -> tuple[bytes, ...]:
    return tuple(bytes.fromhex(each["hex"]) for each in vectors())
