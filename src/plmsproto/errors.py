"""The errors of the library, one tree told apart by what a caller can do about them.

    PlmsError
    ├── TruncatedError       the bytes end too early: wait for more, or ask again
    ├── BadChecksumError     the frame was damaged on its way: ask again
    ├── BadStructureError    the bytes contradict the protocol's framing rules
    ├── BadValueError        a field's bytes are no value of its format
    ├── UnknownItemError     the catalogue has no such AFN, Fn or event code: extend it
    ├── EncodeError          we were asked to encode something illegal: fix the call
    └── CatalogueError       a catalogue file is wrong: fix the file

The first five speak of what the peer sent, the last two of what we were given ourselves.
Nothing that arrives from the wire raises anything else.
"""

from __future__ import annotations

from decimal import Decimal


class PlmsError(ValueError):
    """Root of all errors of this library.

    Attributes:
        reason: what is wrong, without the place.
        offset: byte offset from the start of the frame (or of the buffer that was given), if known.
        path: where in the message, such as ``0C F25 voltage_b``; empty if it is the frame itself.
        found: what was there, as text, if it helps.
        expected: what should have been there, as text, if it helps.
    """

    def __init__(
        self,
        reason: str,
        *,
        offset: int | None = None,
        path: str = "",
        found: str = "",
        expected: str = "",
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.offset = offset
        self.path = path
        self.found = found
        self.expected = expected

    def __str__(self) -> str:
        text = self.reason
        if self.found:
            text += f": found {self.found}"
        if self.expected:
            text += f"{',' if self.found else ':'} expected {self.expected}"
        if self.offset is not None:
            text += f" (offset {self.offset})"
        return f"{self.path}: {text}" if self.path else text

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self)!r})"

    def __reduce__(self) -> tuple[object, ...]:
        # ValueError's own pickling would lose the keyword arguments.
        return _restore, (type(self), self.reason, self.offset, self.path, self.found, self.expected), vars(self)


_MOST_SHOWN = 80


def shown(value: object) -> str:
    """A value that does not fit, as errors show it: whatever was given, the text is short."""
    try:
        text = str(value) if isinstance(value, (int, Decimal)) else repr(value)
    except ValueError:  # an integer of more digits than Python prints
        return f"a {type(value).__name__} out of all proportion"
    return text if len(text) <= _MOST_SHOWN else text[: _MOST_SHOWN - 1] + "…"


def _restore(kind: type[PlmsError], reason: str, offset: int | None, path: str, found: str, expected: str) -> PlmsError:
    return kind(reason, offset=offset, path=path, found=found, expected=expected)


class TruncatedError(PlmsError):
    """The bytes end before the structure that they begin."""


class BadChecksumError(PlmsError):
    """The checksum of a frame that is whole otherwise does not match."""


class BadStructureError(PlmsError):
    """The bytes contradict the rules of framing: start, length, end, identifiers, lengths that do not add up."""


class BadValueError(PlmsError):
    """The bytes of a field are no value of its format, such as a nibble above 9 or a month 13."""


class UnknownItemError(PlmsError):
    """The catalogue knows no such AFN, Fn or event code in this edition and direction."""


class EncodeError(PlmsError):
    """We were asked to encode something that the protocol cannot carry."""


class CatalogueError(PlmsError):
    """A catalogue file is wrong; ``path`` names the file and the entry.

    Attributes:
        line, column: where in the file (or in the layout's text, if that is all there is), from 1; 0 if not known.
    """

    line = 0
    column = 0

    def __str__(self) -> str:
        column = f", column {self.column}" if self.column else ""
        where = f"line {self.line}{column}: " if self.line else ""
        text = where + self.reason
        return f"{self.path}: {text}" if self.path else text
