"""Event records of AFN 0EH as a shape: event code ERC, length Le, and the body that the code selects.

What devices do to them is dealt with here: empty slots, lengths that count the head or are one too small, unknown
codes, bodies that do not fit. The layouts of the bodies come from the catalogue.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import BadStructureError, CatalogueError, EncodeError, PlmsError, TruncatedError, UnknownItemError, shown
from ..formats import NO_DATA
from .cursor import Context, Reader, Undecoded, Writer, as_undecoded, join_path
from .nodes import Conditional, Extent, Field, ListOf, Member, Record, Shape, fields_of


@dataclass(slots=True, eq=False)
class Event(Shape):
    """An event record of AFN 0EH: event code ERC, length Le, and the body that the code selects.

    The value is ``{"erc": 14, "event": "terminal_power_down_up", "data": {…}}``. ``data`` is ``Undecoded`` where the
    code is unknown or the body does not fit; ``length`` is there only if the device's Le is not the body's length. A
    slot that was never written, a single EEH, is ``{"erc": None}``.
    """

    def read(self, reader: Reader, owner: Field | None) -> dict[str, Any]:
        erc = reader.take(1)[0]
        if erc == NO_DATA:
            reader.deviate("an empty slot, filled with EE")
            reader.span(b"\xee", None)
            return {"erc": None}
        length = reader.take(1)[0]
        key = reader.context.event_key(erc)
        if reader.spans is not None:
            reader.span(
                reader.data[reader.position - 2 : reader.position], {"erc": erc, "length": length}, note=key or ""
            )
        value: dict[str, Any] = {"erc": erc, "event": key}
        size = self._body_size(reader, erc, length)
        if size != length:
            value["length"] = length
        reader.path.append("data")
        value["data"] = self._read_body(reader, erc, size)
        reader.path.pop()
        return value

    def _body_size(self, reader: Reader, erc: int, length: int) -> int:
        size = length
        if reader.context.length_includes_head:
            if length < 2:
                raise BadStructureError(
                    "an event record shorter than its head", offset=reader.position - 1, path=reader.place
                )
            size = length - 2
        elif (slack := reader.context.event_slack(erc)) and not self._fits(reader, erc, size):
            size += slack if self._fits(reader, erc, size + slack) else 0
            if size != length:
                reader.deviate(f"length {length}, but the record has {size} bytes")
        if size > reader.remaining:
            raise TruncatedError(
                "the data end inside an event record",
                offset=reader.position,
                path=reader.place,
                found=f"{reader.remaining} bytes",
                expected=str(size),
            )
        return size

    def _fits(self, reader: Reader, erc: int, size: int) -> bool:
        body = reader.context.event_body(erc)
        if body is None or size > reader.remaining:
            return False
        trial = Reader(reader.data, reader.position, reader.position + size, reader.context)
        trial.numbers[LENGTH] = size
        try:
            body.read(trial)
        except PlmsError:
            return False
        return not trial.remaining

    def _read_body(self, reader: Reader, erc: int, size: int) -> Any:
        body = reader.context.event_body(erc)
        if body is None:
            raw = reader.take(size)
            if erc == 0:
                reader.deviate("an empty slot, event code 0")
                value = Undecoded(raw)
            else:
                value = reader.undecoded(raw, UnknownItemError(f"unknown event code ERC{erc}"))
            reader.span(raw, value)
            return value
        mark = reader.mark()
        try:
            inner = reader.part(size)
            inner.numbers[LENGTH] = size
            fields = body.read(inner)
            if inner.remaining:
                raise BadStructureError(
                    f"an event record longer than its ERC{erc}",
                    path=reader.place,
                    found=f"{size} bytes",
                    expected=str(size - inner.remaining),
                )
        except PlmsError as error:
            # The record's length still says where the next one begins: only this body is lost.
            reader.back_to(mark)
            raw = reader.take(size)
            value = reader.undecoded(raw, error)
            reader.span(raw, value, note=error.reason)
            return value
        reader.position += size
        if named_lengths(body.members):
            self._keep_length(reader, erc, fields, size)
        return fields

    def _keep_length(self, reader: Reader, erc: int, fields: Any, size: int) -> None:
        """Keeps the length of a body if the values alone would be written in another form."""
        writer = Writer(reader.context, verbatim=reader.verbatim)
        writer.path = reader.path[:-1]
        try:
            written = len(self._write_body(writer, erc, fields))
        except PlmsError:
            written = None
        if written != size:
            reader.verbatim[_length_path(writer.path)] = bytes((size,))

    def write(self, writer: Writer, value: Any) -> None:
        if not isinstance(value, Mapping):
            raise EncodeError("not an event record", found=shown(value), expected="a dict of event (or erc) and data")
        if unknown := value.keys() - {"erc", "event", "length", "data"}:
            raise EncodeError("no such part of an event record", found=", ".join(sorted(map(str, unknown))))
        if value.get("erc", 0) is None:
            writer.out.append(NO_DATA)
            return
        if "erc" not in value and not isinstance(value.get("event"), str):
            raise EncodeError("an event record needs a key or an event code", found=shown(value.get("event")))
        erc = value["erc"] if "erc" in value else writer.context.event_erc(value["event"])
        raw = as_undecoded(value.get("data"))
        if raw is None:
            raw = self._write_body(writer, erc, value.get("data"))
        length = value.get("length", len(raw) + (2 if writer.context.length_includes_head else 0))
        for number in (erc, length):
            if not (isinstance(number, int) and 0 <= number <= 255):
                raise EncodeError(
                    "an event record's head does not fit",
                    found=f"ERC {shown(erc)}, length {shown(length)}",
                    expected="0..255",
                )
        writer.out += bytes((erc, length)) + raw

    def _write_body(self, writer: Writer, erc: Any, data: Any) -> bytes:
        body = writer.context.event_body(erc) if isinstance(erc, int) else None
        if body is None:
            raise EncodeError(f"the catalogue has no event code {erc!r} in this edition")
        # What tells two forms of a body apart is its length, which is known only when it is written: the form that was
        # read is tried first, if it was kept; then the standard's; then each form that a condition names.
        kept = writer.verbatim.get(_length_path(writer.path), b"")
        writer.path.append("data")
        depth = len(writer.path)
        failure = None
        for length in [*kept, None, *named_lengths(body.members)]:
            inner = writer.part()
            inner.numbers[LENGTH] = length
            try:
                body.write(inner, data)
            except EncodeError as error:
                failure = error
                del writer.path[depth:]
            else:
                if length in (None, len(inner.out)):
                    writer.path.pop()
                    return bytes(inner.out)
        raise failure or EncodeError("fits no form of the event record", found=f"ERC{erc}")

    def span(self) -> Extent:
        return 1, 257


def _length_path(record: list[str]) -> str:
    return join_path([*record, "length"])


class _Length:
    """Stands for the record's own length byte in conditions; see ``LENGTH``."""

    name = "length"
    referenced = True

    def __repr__(self) -> str:
        return "length"


LENGTH = _Length()
"""What ``length`` means in a condition of an event layout: the number of bytes of the record's body."""


def body_length(
    value: Mapping[str, Any], context: Context, *, verbatim: dict[str, bytes], path: list[str]
) -> int | None:
    """How many bytes the body of an event record has; ``None`` if no condition of its layout asks.

    Args:
        value: the record, as it was read.
        context: as in ``Writer``.
        verbatim: as in ``Writer``.
        path: names and indices that lead to the record.
    """
    body = context.event_body(value["erc"])
    if body is None or not named_lengths(body.members):
        return None
    writer = Writer(context, verbatim=verbatim)
    writer.path = list(path)
    Event().write(writer, value)
    return len(writer.out) - 2


def named_lengths(members: tuple[Member, ...]) -> list[int]:
    """The body lengths that conditions of an event layout compare with."""
    lengths: list[int] = []
    for member in members:
        if isinstance(member, Conditional) and member.condition.source is LENGTH:
            lengths.append(member.condition.constant)
        if not isinstance(member, Field):
            lengths += [length for block in member.blocks() for length in named_lengths(block)]
    return lengths


def without_events(record: Record) -> Record:
    """The layout of an event record, once it is known that there are none inside: they would nest without end.

    Raises:
        CatalogueError: there are.
    """
    if _holds_event(record):
        raise CatalogueError("event records inside an event record")
    return record


def _holds_event(shape: Shape) -> bool:
    """Whether there are event records in a shape, those of data units inside it apart."""
    if isinstance(shape, ListOf):
        return _holds_event(shape.shape)
    if isinstance(shape, Record):
        return any(_holds_event(each.shape) for each in fields_of(shape.members))
    return isinstance(shape, Event)
