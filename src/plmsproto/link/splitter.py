"""Splitting a byte stream into frames and noise: sans-I/O, fed from any transport, cut anywhere.

What is a frame is defined in ``plmsproto.link.scan``. The splitter adds what a connection needs:

- **Every byte is accounted for exactly once and in order**: over all events up to ``FrameSplitter.close``, the bytes of
  the frames and of the noise together are the bytes that were fed.
- **A frame is reported with its last byte**, never later: also while an earlier false start still waits for bytes it
  will never get. That false start is noise then. A frame inside the bytes of an unfinished outer one is therefore
  seen in place of the outer one if the cut falls between their ends; other frames do not depend on the cuts.
- **One noise event a run.** Noise is held back until the next frame or the end of the stream, with one exception:
- **Memory is bounded by one maximal frame.** When more is held after a feed, what is known to be noise is given up at
  once, so that a longer run comes in several events.
- The reason given for a run of noise depends on its bytes alone.
- Work is linear in the bytes fed, whatever they are and however they are cut.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

from ..errors import BadStructureError, PlmsError, TruncatedError
from . import _twin
from .constants import HEAD_SIZE, MAX_NETWORK, OVERHEAD, check_options, minimum_length
from .frame import Frame, frame_error
from .scan import HEAD, candidate_size

if TYPE_CHECKING:
    from typing_extensions import Buffer


_TELLING_BYTES: Final = 4
"""A cut head is recognised by this many bytes: the start byte, one L and the beginning of the other."""


_LIKELY_HEAD: Final = re.compile(
    # The two lowest bits of a plausible length word are 01 or 10, and it is 33 at least (L1 = 8).
    b"\\x68(?=((?:[%(tag)s][^\\x00]|[%(long)s]\\x00))\\1\\x68)"
    % {
        name: b"".join(b"\\x%02x" % low for low in range(lowest, 256) if low & 3 in (1, 2))
        for name, lowest in ((b"tag", 0), (b"long", 33))
    },
    re.DOTALL,
)
"""Like ``HEAD``, but only with plausible lengths: noise may be full of implausible heads."""


@dataclass(slots=True)
class Noise:
    """A run of bytes of a stream that belong to no frame.

    Attributes:
        offset: where the run begins in the stream.
        data: its bytes.
        error: why they are not a frame: what is wrong with the first candidate among them, or that they have no head.
            Its ``offset`` is the candidate's place in the stream.
        head: where in the stream that candidate begins; None if no bytes of the run look like a frame's head.
    """

    offset: int
    data: bytes
    error: PlmsError
    head: int | None = None

    @property
    def length(self) -> int:
        """Number of bytes."""
        return len(self.data)

    @property
    def reason(self) -> str:
        """What is wrong, in words."""
        return str(self.error)


Event: TypeAlias = Frame | Noise
"""What a splitter reports."""


class FrameSplitter:
    """Splits one stream, such as a connection, into frames and noise."""

    def __init__(self, *, address_size: int = 5, max_length: int = MAX_NETWORK) -> None:
        """Begins a stream.

        Args:
            address_size: bytes of the address field, 5 or 7.
            max_length: largest L1 that is believed, such as ``MAX_RADIO``; it bounds the memory, too.

        Raises:
            ValueError: an option is out of its range.
        """
        check_options(address_size, max_length)
        self._address_size = address_size
        self._max_length = max_length
        self._held = bytearray()
        self._offset = 0
        self._scanner = self._new_scanner()

    @property
    def offset(self) -> int:
        """Stream offset of the first held byte: so many bytes have been reported."""
        return self._offset

    @property
    def held(self) -> int:
        """Number of bytes that have been fed but not reported; at most one maximal frame after each feed."""
        return len(self._held)

    def feed(self, chunk: Buffer) -> list[Event]:
        """Takes the next bytes of the stream and returns what they complete."""
        self._held += chunk
        events: list[Event] = []
        for start, size in self._scanner.scan(self._held, self._offset):
            if start > self._offset:
                events.append(self._take_noise(start - self._offset))
            events.append(self._take_frame(size))
        if len(self._held) > self._max_length + OVERHEAD:
            events.append(self._take_noise(self._scanner.undecided - self._offset))
        return events

    def close(self) -> list[Event]:
        """Ends the stream: bytes that are still held become noise.

        The splitter may be fed again, as after a pause on a serial line that ends every frame; offsets go on.
        """
        if not self._held:
            return []
        event = self._take_noise(len(self._held))
        self._scanner = self._new_scanner()
        return [event]

    def _new_scanner(self) -> _twin.StreamScanner:
        return _twin.StreamScanner(start=self._offset, address_size=self._address_size, max_length=self._max_length)

    def _take_frame(self, size: int) -> Frame:
        offset = self._offset
        return Frame.from_verified(self._take(size), offset=offset, address_size=self._address_size)

    def _take_noise(self, size: int) -> Noise:
        offset = self._offset
        data = self._take(size)
        return make_noise(data, offset, address_size=self._address_size, max_length=self._max_length)

    def _take(self, size: int) -> bytes:
        data = bytes(self._held[:size])
        del self._held[:size]
        self._offset += size
        return data


def make_noise(data: bytes, offset: int, *, address_size: int = 5, max_length: int = MAX_NETWORK) -> Noise:
    """Describes bytes that hold no frame, with what is wrong with the first head among them.

    That is the first head with a plausible length, or else the first of any length.

    Args:
        data: the bytes; at least one.
        offset: where they begin in their stream.
        address_size: bytes of the address field, 5 or 7.
        max_length: largest L1 that is believed.
    """
    start = _head_to_blame(data, address_size, max_length)
    if start is not None:
        error = frame_error(data[start:], address_size=address_size, max_length=max_length, trailing=True)
        if error is not None:
            error.offset = offset + start
            return Noise(offset, data, error, offset + start)
    return Noise(offset, data, BadStructureError("no frame head", offset=offset))


def _head_to_blame(run: bytes, address_size: int, max_length: int) -> int | None:
    shortest = minimum_length(address_size)
    for match in _LIKELY_HEAD.finditer(run):
        if candidate_size(match[1], shortest, max_length):
            return match.start()
    first = HEAD.search(run)
    return _cut_head(run) if first is None else first.start()


def _cut_head(run: bytes) -> int | None:
    """Finds a head that the end of the run cuts, if there is enough of it: not just a stray 68H."""
    for start in range(max(0, len(run) - HEAD_SIZE + 1), len(run) - _TELLING_BYTES + 1):
        if isinstance(frame_error(run[start:]), TruncatedError):
            return start
    return None
