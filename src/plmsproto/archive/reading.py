"""What the files of an archive hold, as tables: portion by portion, each of which ends where reading can go on later.

A file holds the bytes of frames themselves or is a log with hex in it. How bytes are uncompressed is the business of
``compression``, how logs are read of ``logs``, what frames say of ``plmsproto.bulk``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple

from ..hextext import looks_like_text
from ..textfile import Narrower, safe_cut, wide_encoding
from .compression import ByteStream
from .inputs import Input
from .logs import LogPlace, LogReader, Records

BINARY_BLOCK: Final = 1 << 24
"""Bytes of a binary file that are decoded at once."""

TEXT_BLOCK: Final = 1 << 23
"""Bytes of a log that are read at once."""

SMALLEST_BLOCK: Final = 1 << 16
"""A block must be able to hold any frame."""

_SAMPLE: Final = 1 << 16

Decode = Callable[..., Any]
"""``plmsproto.bulk.decode`` with the options of a conversion."""


@dataclass(frozen=True, slots=True)
class Position:
    """How far a conversion has come; all before has been converted.

    Attributes:
        file: which of the inputs.
        place: where in it, in uncompressed bytes; what there is beside the offset concerns logs.
        frames: how many frames there were, in all inputs.
    """

    file: int = 0
    place: LogPlace = LogPlace()  # noqa: RUF009  # immutable
    frames: int = 0

    @property
    def offset(self) -> int:
        """Uncompressed bytes of the input that come before."""
        return self.place.offset


class Form(NamedTuple):
    """How a file is to be read.

    Attributes:
        text: whether it is a log.
        wide: which kind of UTF-16 the log is; else empty.
    """

    text: bool
    wide: str


@dataclass(frozen=True, slots=True)
class Portion:
    """What came of a stretch of an input.

    Attributes:
        tables: its tables; ``None`` if there was nothing to decode.
        position: where the next one begins.
        size: uncompressed bytes.
        read_from_disk: how far in the file itself.
        error: what was wrong with the file, known at its end.
        source: where all of it came from, if the tables do not say.
    """

    tables: Any
    position: Position
    size: int
    read_from_disk: int
    error: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """How inputs are read.

    Attributes:
        kind: what files hold: auto, text or binary.
        address_size: bytes of the address field, 5 or 7.
        binary_block: bytes of a binary file that are decoded at once.
        text_block: bytes of a log that are read at once.
    """

    kind: str = "auto"
    address_size: int = 5
    binary_block: int = BINARY_BLOCK
    text_block: int = TEXT_BLOCK

    def portions(self, source: Input, position: Position, decode: Decode) -> Iterator[Portion]:
        """What an input holds from a position on. The last portion ends at the beginning of the next input.

        Raises:
            InputError: it cannot be read.
        """
        with ByteStream(source.path) as stream:
            form = self._form(stream.read(_SAMPLE))
        with ByteStream(source.path) as stream:
            stream.skip_to(position.offset)
            read = self._log if form.text else self._binary
            for portion in read(stream, source.name, position, decode, form):
                yield portion
                position = portion.position
            end = Position(file=position.file + 1, frames=position.frames)
            yield Portion(None, end, 0, stream.read_from_disk, stream.error)

    def _form(self, sample: bytes) -> Form:
        wide = wide_encoding(sample) if self.kind != "binary" else ""
        text = looks_like_text(sample) if self.kind == "auto" else self.kind == "text"
        return Form(text or bool(wide), wide)

    def _binary(self, stream: ByteStream, name: str, position: Position, decode: Decode, _: Form) -> Iterator[Portion]:
        size = max(self.binary_block, SMALLEST_BLOCK)
        held, final = b"", False
        while not final:
            # A block is as long as any other, what is held included: so what is in it depends on its place alone.
            block = held + stream.read(size - len(held))
            final = len(block) < size
            if not block:
                return
            tables = decode(block, offset=position.offset, number=position.frames, final=final)
            done = len(block) if final else tables.consumed
            place = LogPlace(position.offset + done)
            position = replace(position, place=place, frames=position.frames + tables.frames)
            yield Portion(tables, position, done, stream.read_from_disk, source=name)
            held = block[done:]

    def _log(self, stream: ByteStream, name: str, position: Position, decode: Decode, form: Form) -> Iterator[Portion]:
        size = max(self.text_block, SMALLEST_BLOCK) // 2 * 2
        width = 2 if form.wide else 1
        reader = LogReader(position.place, address_size=self.address_size, width=width)
        held, final = b"", False
        while not final:
            block = held + stream.read(size - len(held))
            final = len(block) < size
            if not block and not final:
                return
            text = Narrower(form.wide).feed(block) if form.wide else block
            done = len(text) if final else _end_of_lines(text)
            records = reader.feed(text[:done])
            if final:
                _append(records, reader.close())
            tables = self._decoded(records, name, position.frames, decode)
            frames = position.frames + (tables.frames if tables is not None else 0)
            position = replace(position, place=reader.place, frames=frames)
            yield Portion(tables, position, done * width, stream.read_from_disk)
            held = block[done * width :]

    def _decoded(self, records: Records, name: str, number: int, decode: Decode) -> Any:
        if not records:
            return None
        return decode(
            records.data,
            times=[heading.time for heading in records.headings],
            sources=[heading.peer or name for heading in records.headings],
            offset=records.offsets,
            number=number,
        )


def _end_of_lines(text: bytes) -> int:
    """Where to cut a text behind a line, or within the only one."""
    end = text.rfind(b"\n") + 1 or text.rfind(b"\r", 0, len(text) - 1) + 1  # a CR may be half of a line's end
    return end or safe_cut(text)


def _append(records: Records, more: Records) -> None:
    for each in zip(more.data, more.offsets, more.headings, strict=True):
        records.add(*each)
