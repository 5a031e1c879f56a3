"""JSON: one array, or one object a line. ``plmsproto encode`` takes either back."""

from __future__ import annotations

from typing import Any, TextIO

import simplejson

from ...application.interchange import to_dict
from ...link import Noise
from .base import Result, View


def to_object(result: Result) -> dict[str, Any]:
    """A result as a plain dict: where it was, and the message or the noise."""
    where: dict[str, Any] = {}
    if result.capture.source:
        where["source"] = result.capture.source
        if result.capture.line is not None:
            where["line"] = result.capture.line
    if result.message is not None:
        return {**where, **to_dict(result.message)}
    event = result.capture.event
    assert isinstance(event, Noise)
    error = result.errors[0] if result.errors else event.error
    return {
        **where,
        "offset": event.offset,
        "noise": event.data.hex().upper(),
        "error": str(error),
        "error_type": type(error).__name__,
    }


def dumps(value: Any, *, indent: int | None = None) -> str:
    """JSON text. Decimals are written as numbers with all their digits; Chinese as it is."""
    text: str = simplejson.dumps(value, use_decimal=True, ensure_ascii=False, indent=indent)
    return text


class JsonLinesView(View):
    """One object a line."""

    def show(self, result: Result) -> None:
        """Prints the object."""
        self.out.write(dumps(to_object(result)) + "\n")


class JsonView(View):
    """One array of objects, written as they come."""

    def __init__(self, out: TextIO, *, lang: str, color: str) -> None:
        super().__init__(out, lang=lang, color=color)
        self._separator = "[\n"

    def show(self, result: Result) -> None:
        """Prints the next object."""
        self.out.write(self._separator + dumps(to_object(result), indent=2))
        self._separator = ",\n"

    def end(self) -> None:
        """Closes the array."""
        self.out.write("\n]\n" if self._separator == ",\n" else "[]\n")
