"""Where frames come from: hex on the command line, files and standard input, text or binary.

Everything goes through the library's ``FrameSplitter`` (binary) or ``FrameText`` (text), piece by piece, so that a file
larger than memory and a pipe that never ends both work.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import BinaryIO, Final

from ..errors import BadChecksumError, BadStructureError
from ..hextext import WAKE_UP, Found, FrameText, line_bytes, looks_like_text
from ..link import Frame, FrameSplitter, Noise, make_noise
from ..link.constants import OVERHEAD
from ..textfile import Narrower, lines, wide_encoding
from .options import UsageError

_CHUNK: Final = 1 << 16
_HEX_ARGUMENT: Final = re.compile(r"(?:0[xX])?[0-9A-Fa-f\s,;:]+[hH]?")


@dataclass(frozen=True, slots=True)
class Capture:
    """A frame, or bytes that are none, and where they were.

    Attributes:
        source: file name, ``-`` for standard input, empty for the command line.
        line: line number in a text, from 1; ``None`` for binary input.
        event: the frame or the noise. A frame that is whole but for its checksum is a frame with its ``error`` set.
    """

    source: str
    line: int | None
    event: Frame | Noise

    @property
    def place(self) -> str:
        """Where this was, for people: ``day.log:3`` or ``capture.bin@120``."""
        where = f":{self.line}" if self.line is not None else f"@{self.event.offset}"
        return f"{self.source}{where}" if self.source else where.lstrip(":@")


@dataclass(frozen=True, slots=True)
class InputForm:
    """How input is to be read: ``kind`` is auto, text or binary."""

    kind: str
    address_size: int


def captures(inputs: Sequence[str], form: InputForm) -> Iterator[Capture]:
    """What the inputs hold: names of files, ``-``, or hex.

    Raises:
        UsageError: an input is neither a file that can be read nor hex.
    """
    if not inputs:
        if sys.stdin.isatty():
            raise UsageError("nothing to read: name a file, give hex, or pipe something in")
        inputs = ["-"]
    if not any(name == "-" or _exists(name) for name in inputs):
        yield from _argument(inputs, form)
        return
    for name in inputs:
        if name == "-":
            yield from _stream(sys.stdin.buffer, "-", form)
            continue
        try:
            with Path(name).open("rb") as file:
                yield from _stream(file, name, form)
        except OSError as error:
            raise UsageError(f"{name}: {error.strerror or error}") from None


def _exists(name: str) -> bool:
    try:
        return Path(name).exists()
    except OSError:  # hex longer than a name may be
        return False


def _argument(words: Sequence[str], form: InputForm) -> Iterator[Capture]:
    for word in words:
        if not _HEX_ARGUMENT.fullmatch(word):
            raise UsageError(f"{word!r} is neither a file nor hex")
    line = " ".join(words)
    text = FrameText(address_size=form.address_size)
    found = text.feed(line) + text.close()
    if not found:
        data = line_bytes(line).data
        if not data:
            raise UsageError("there is not one byte in this hex")
        found = [Found(1, make_noise(data, 0, address_size=form.address_size))]
    for each in found:
        yield from _pieces(Capture("", each.line, each.event), form)


def _stream(file: BinaryIO, source: str, form: InputForm) -> Iterator[Capture]:
    chunks = _chunks(file)
    first = next(chunks, b"")
    whole = chain([first], chunks)
    if form.kind != "binary" and (wide := wide_encoding(first)):
        yield from _text(_narrowed(whole, wide), source, form)
    elif looks_like_text(first) if form.kind == "auto" else form.kind == "text":
        yield from _text(whole, source, form)
    else:
        yield from _binary(whole, source, form)


def _chunks(file: BinaryIO) -> Iterator[bytes]:
    read = getattr(file, "read1", file.read)
    while chunk := read(_CHUNK):
        yield chunk


def _narrowed(chunks: Iterable[bytes], encoding: str) -> Iterator[bytes]:
    narrower = Narrower(encoding)
    for chunk in chunks:
        yield narrower.feed(chunk)


def _binary(chunks: Iterable[bytes], source: str, form: InputForm) -> Iterator[Capture]:
    splitter = FrameSplitter(address_size=form.address_size)
    for chunk in chunks:
        for event in splitter.feed(chunk):
            yield from _pieces(Capture(source, None, event), form)
    for event in splitter.close():
        yield from _pieces(Capture(source, None, event), form)


def _text(chunks: Iterable[bytes], source: str, form: InputForm) -> Iterator[Capture]:
    text = FrameText(address_size=form.address_size)
    goes_on = False
    for line in lines(chunks):
        # Hex is ASCII in every encoding of logs; what the words around it are does not matter.
        events = text.feed(line.decode("latin-1"), goes_on=goes_on)
        goes_on = not line.endswith((b"\n", b"\r"))
        for found in events:
            yield from _pieces(Capture(source, found.line, found.event), form)
    for found in text.close():
        yield from _pieces(Capture(source, found.line, found.event), form)


def _pieces(capture: Capture, form: InputForm) -> Iterator[Capture]:
    """Takes frames that are whole but for their checksum out of noise, so that they can be shown."""
    event = capture.event
    while isinstance(event, Noise) and event.head is not None and isinstance(event.error, BadChecksumError):
        start = event.head - event.offset
        frame, rest = _damaged_frame(event.data[start:], form)
        frame.offset = event.head
        if start and capture.line is None:  # in a text, what stands before a frame is the log's
            before = Noise(event.offset, event.data[:start], BadStructureError("no frame head", offset=event.offset))
            yield Capture(capture.source, capture.line, before)
        yield Capture(capture.source, capture.line, frame)
        if not rest:
            return
        event = make_noise(rest, frame.offset + frame.size, address_size=form.address_size)
        if event.head is None and capture.line is not None:
            return
    yield Capture(capture.source, capture.line, event)


def _damaged_frame(data: bytes, form: InputForm) -> tuple[Frame, bytes]:
    size = (int.from_bytes(data[1:3], "little") >> 2) + OVERHEAD
    return Frame.parse(data[:size], strict=False, address_size=form.address_size), data[size:]


def is_harmless(noise: Noise) -> bool:
    """Whether noise is only the wake-up bytes that serial lines send."""
    return not noise.data.strip(WAKE_UP)
