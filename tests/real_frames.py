"""The real frames of ``data/frames.jsonl``: from devices, captures and documents, intact and damaged."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any


@cache
def real_frames() -> tuple[dict[str, Any], ...]:
    """Frames of real devices and captures, intact and damaged, as objects with at least id, hex and intact."""
    text = (Path(__file__).parent / "data" / "frames.jsonl").read_text(encoding="utf-8")
    return tuple(json.loads(line) for line in text.splitlines())
