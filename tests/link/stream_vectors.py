"""One helper that feeds a stream in every way and checks what must hold for all of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from plmsproto.link import MAX_NETWORK, Frame, FrameSplitter, Noise
from plmsproto.link.constants import OVERHEAD

Event = Frame | Noise


def split(chunks: Iterable[bytes], **options: int) -> list[Event]:
    """Feeds the chunks to a new splitter, checking the rules for each of them, and returns all events."""
    splitter = FrameSplitter(**options)
    limit = options.get("max_length", MAX_NETWORK) + OVERHEAD
    events: list[Event] = []
    fed = bytearray()
    for chunk in chunks:
        fed += chunk
        events += splitter.feed(chunk)
        assert splitter.held <= limit, "more than a maximal frame held"
        assert splitter.offset + splitter.held == len(fed), "bytes neither reported nor held"
    events += splitter.close()
    assert splitter.held == 0
    check_accounting(events, bytes(fed))
    return events


def check_accounting(events: list[Event], stream: bytes) -> None:
    """Every byte of the stream is in exactly one event, in order and at the offset that the event tells."""
    position = 0
    for event in events:
        data = bytes(event) if isinstance(event, Frame) else event.data
        assert event.offset == position
        assert data, "an event of no bytes"
        assert stream[position : position + len(data)] == data
        position += len(data)
    assert position == len(stream)


def cuts(stream: bytes) -> Iterator[list[bytes]]:
    """The stream whole, byte by byte, in pieces of several sizes, and cut in two at every point."""
    yield [stream]
    for size in (1, 2, 3, 5, 7, 16, 64):
        yield [stream[i : i + size] for i in range(0, len(stream), size)]
    for point in range(1, len(stream)):
        yield [stream[:point], stream[point:]]


def check_every_cut(stream: bytes, **options: int) -> list[Event]:
    """Returns the events of the stream, which must be the same however it is cut."""
    whole = [describe(event) for event in split([stream], **options)]
    for chunks in cuts(stream):
        assert [describe(event) for event in split(chunks, **options)] == whole
    return split([stream], **options)


def describe(event: Event) -> tuple[object, ...]:
    """All that an event says, comparable (errors compare by identity)."""
    if isinstance(event, Frame):
        return "frame", event.offset, bytes(event)
    return "noise", event.offset, event.data, type(event.error), event.reason, event.error.offset


def frames_of(events: list[Event]) -> list[bytes]:
    return [bytes(event) for event in events if isinstance(event, Frame)]
