"""``plmsproto decode``: what frames say."""

from __future__ import annotations

import argparse
import sys
from itertools import chain, islice
from typing import Any

from ..application.explain import explain
from ..application.message import decode_frame
from ..catalogue import Catalogue
from ..errors import PlmsError
from ..link import Frame, Noise
from .options import add_catalogue, add_color, add_edition, add_language, catalogue_of, complain
from .sources import Capture, InputForm, captures, is_harmless
from .views import VIEWS, Result, make_view


def add_parser(commands: Any) -> None:
    """Adds the sub-command."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "decode",
        help="decode frames from files, standard input or hex",
        description="Decodes frames. Text may have time stamps and log words around the hex; binary files hold the "
        "bytes themselves. Every frame is printed, and every stretch that is none.",
        epilog="Exit status: 0 all well, 1 something in the input was wrong, 2 wrong usage.",
    )
    parser.add_argument(
        "input", nargs="*", metavar="FILE|-|HEX", help="files, - for standard input (the default), or hex"
    )
    parser.add_argument("--format", choices=list(VIEWS), default="tree", help="what is printed (default: tree)")
    parser.add_argument(
        "--input", dest="form", choices=["auto", "text", "binary"], default="auto", help="what files hold"
    )
    parser.add_argument("--strict", action="store_true", help="show no values of a frame that has an error")
    parser.add_argument(
        "--address-size",
        type=int,
        choices=[5, 7],
        default=5,
        help="7 for provinces whose terminal address has four bytes",
    )
    parser.add_argument("--ffff-is-all", action="store_true", help="DA FF FF means all points in 376.1 too")
    add_edition(parser, "read all frames as this edition (default: the newest that fits)")
    add_language(parser)
    add_catalogue(parser)
    add_color(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Decodes what the arguments name; returns the exit status."""
    return _Decoder(arguments, catalogue_of(arguments)).run()


class _Decoder:
    """One run: captures in, results out."""

    def __init__(self, arguments: argparse.Namespace, catalogue: Catalogue) -> None:
        self.arguments = arguments
        self.catalogue = catalogue
        self.view = make_view(arguments.format, sys.stdout, lang=arguments.lang, color=arguments.color)
        self.something_wrong = False
        self.frames = 0

    def run(self) -> int:
        form = InputForm(self.arguments.form, self.arguments.address_size)
        found = captures(self.arguments.input, form)
        first = list(islice(found, 1))  # wrong usage shows before anything is printed
        self.view.begin()
        for capture in chain(first, found):
            self.view.show(self.result(capture))
            sys.stdout.flush()  # a frame is shown as soon as it is there, in a pipe, too
        self.view.end()
        if not self.frames:
            sys.stdout.flush()
            complain("no frame was found")
            return 1
        return int(self.something_wrong)

    def result(self, capture: Capture) -> Result:
        event = capture.event
        if isinstance(event, Noise):
            self.something_wrong |= not is_harmless(event)
            return Result(capture, errors=(event.error,))
        self.frames += 1
        try:
            result = self._decoded(capture, event)
        except PlmsError as error:
            result = Result(_as_noise(capture, event, error), errors=(error,))
        self.something_wrong |= bool(result.errors)
        return result

    def _decoded(self, capture: Capture, frame: Frame) -> Result:
        options = {
            "edition": self.arguments.edition,
            "catalogue": self.catalogue,
            "ffff_is_all": self.arguments.ffff_is_all,
        }
        if self.view.wants_spans:
            message, spans = explain(frame, **options)
        else:
            message, spans = decode_frame(frame, strict=False, **options), []
        if self.arguments.strict and message.errors:
            return Result(_as_noise(capture, frame, message.errors[0]), errors=message.errors)
        return Result(capture, message, spans, message.errors)


def _as_noise(capture: Capture, frame: Frame, error: PlmsError) -> Capture:
    """A frame that is not to be shown, as the bytes that it is."""
    return Capture(capture.source, capture.line, Noise(frame.offset, bytes(frame), error))
