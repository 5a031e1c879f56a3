"""Arguments that several sub-commands share, and the catalogue that they choose."""

from __future__ import annotations

import argparse
import sys

from ..catalogue import Catalogue, default_catalogue
from ..editions import Edition
from ..errors import CatalogueError


class UsageError(Exception):
    """The arguments make no sense together; the message says why. Ends with exit status 2."""


def add_edition(parser: argparse.ArgumentParser, purpose: str) -> None:
    """``--edition``."""
    parser.add_argument("--edition", choices=[str(edition) for edition in Edition], help=purpose)


def add_language(parser: argparse.ArgumentParser) -> None:
    """``--lang``."""
    parser.add_argument("--lang", choices=["en", "zh"], default="en", help="language of names (default: en)")


def add_catalogue(parser: argparse.ArgumentParser) -> None:
    """``--catalogue``."""
    parser.add_argument(
        "--catalogue",
        metavar="FILE",
        action="append",
        default=[],
        help="add items from a catalogue file; may be repeated",
    )


def add_color(parser: argparse.ArgumentParser) -> None:
    """``--color``."""
    parser.add_argument(
        "--color",
        choices=["auto", "always", "never"],
        default="auto",
        help="colours (default: if the output is a terminal)",
    )


def catalogue_of(arguments: argparse.Namespace) -> Catalogue:
    """The catalogue with the files that were given.

    Raises:
        UsageError: a file is wrong.
    """
    if not arguments.catalogue:
        return default_catalogue()
    try:
        return Catalogue.load(*arguments.catalogue)
    except CatalogueError as error:
        raise UsageError(str(error)) from None


def complain(what: str) -> None:
    """Says on standard error what went wrong."""
    print(f"plmsproto: {what}", file=sys.stderr)
