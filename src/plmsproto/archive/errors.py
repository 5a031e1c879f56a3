"""What can stop a conversion: told apart by whose fault it is."""

from __future__ import annotations


class ConversionError(Exception):
    """A conversion cannot begin or go on; the message says why, for people."""


class RefusedError(ConversionError):
    """The conversion was not begun, and nothing was touched: the output is not ours, or the arguments are wrong."""


class InputError(ConversionError):
    """An input cannot be read any further. What was converted before is safe; the conversion can be resumed."""


class OutputError(ConversionError):
    """The output cannot be written. What was converted before is safe; the conversion can be resumed."""
