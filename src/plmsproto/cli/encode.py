"""``plmsproto encode``: the JSON that ``decode`` prints, back to frames."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, TextIO

import simplejson

from ..application.interchange import from_dict
from ..catalogue import Catalogue
from ..errors import EncodeError, PlmsError
from .options import UsageError, add_catalogue, catalogue_of, complain

_WHERE = ("source", "line")
"""What ``decode`` adds to a message: where it was."""


def add_parser(commands: Any) -> None:
    """Adds the sub-command."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "encode",
        help="turn the JSON that decode prints into frames",
        description="Reads messages as JSON, an array, one object or one a line, and prints a frame as hex for each. "
        "What a message must hold shows in what decode prints.",
        epilog="Exit status: 0 all well, 1 a message could not be encoded (the others were), 2 wrong usage.",
    )
    parser.add_argument("input", nargs="?", default="-", metavar="FILE|-", help="a file, or - for standard input")
    parser.add_argument("--binary", action="store_true", help="write the bytes themselves")
    add_catalogue(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Encodes what the arguments name; returns the exit status."""
    catalogue = catalogue_of(arguments)
    if arguments.input == "-":
        return _encode_all(sys.stdin, arguments, catalogue)
    try:
        with Path(arguments.input).open(encoding="utf-8") as file:
            return _encode_all(file, arguments, catalogue)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise UsageError(f"{arguments.input}: {error.strerror or error}") from None


def _encode_all(file: TextIO, arguments: argparse.Namespace, catalogue: Catalogue) -> int:
    status = 0
    for place, data in _objects(file):
        try:
            frame = bytes(from_dict(_message(data), catalogue=catalogue))
        except PlmsError as error:
            complain(f"{place}: {error}")
            status = 1
            continue
        if arguments.binary:
            sys.stdout.buffer.write(frame)
        else:
            print(frame.hex(" ").upper())
    return status


def _message(data: Any) -> Any:
    if isinstance(data, PlmsError):
        raise data
    if not isinstance(data, dict):
        return data
    if "noise" in data:
        raise EncodeError("noise is no message")
    return {key: value for key, value in data.items() if key not in _WHERE}


def _objects(file: TextIO) -> Iterator[tuple[str, Any]]:
    """The messages of a file, with words for where each one is; an error in the place of one that is no JSON."""
    try:
        first, start = file.readline(), 1
        while first.isspace():
            first, start = file.readline(), start + 1
        whole = _parsed(first)
        if isinstance(whole, (EncodeError, list)):
            yield from _document(first + file.read())
            return
        yield f"line {start}", whole
        for number, line in enumerate(file, start + 1):
            if line.strip():
                yield f"line {number}", _parsed(line)
    except UnicodeDecodeError as error:
        yield "input", EncodeError(f"not UTF-8 text: {error.reason}")


def _document(text: str) -> Iterator[tuple[str, Any]]:
    whole = _parsed(text)
    if isinstance(whole, EncodeError):
        lines = [(number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
        if len(lines) > 1 and all(line.lstrip().startswith("{") for _, line in lines):
            for number, line in lines:
                yield f"line {number}", _parsed(line)
            return
    for number, each in enumerate(whole if isinstance(whole, list) else [whole], 1):
        yield f"message {number}", each


def _parsed(text: str) -> Any:
    try:
        return simplejson.loads(text, use_decimal=True, parse_constant=Decimal)
    except (simplejson.JSONDecodeError, RecursionError) as error:
        return EncodeError(f"not JSON: {error}")
