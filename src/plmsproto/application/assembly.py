"""Messages of several frames: cut to what a channel admits, and put together again.

Each frame of a message carries whole data units and its own AUX; only SEQ says how they belong together: FIR marks the
first frame, FIN the last, and the number goes up by one modulo 16 from frame to frame. A gap or a new first frame drops
what was begun. Whoever waits for frames decides how long; there is no clock here.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field, replace
from typing import Final

from ..editions import RULES
from ..errors import EncodeError
from ..identifier import Identifier, encode_identifier
from ..link import MAX_NETWORK, Address, Direction
from .message import Message
from .units import DataUnit

MAX_FRAMES: Final = 256
"""Frames of one message; a sender that never sends FIN must not fill our memory."""

MAX_UNFINISHED: Final = 1024
"""Unfinished messages that are kept; the oldest is dropped for the next."""


_Place = tuple[Address, Direction, bool, int]


@dataclass(slots=True)
class Assembled:
    """A whole message.

    Attributes:
        frames: its frames in order.
        dropped: frames of unfinished messages that this one put an end to, or that did not belong to any.
    """

    frames: list[Message]
    dropped: list[Message] = field(default_factory=list)

    @property
    def units(self) -> list[DataUnit]:
        """The data units of all frames in order."""
        return [unit for frame in self.frames for unit in frame.units]


class MessageAssembler:
    """Puts frames of one or many terminals together again.

    Frames belong together by address, direction, PRM (reports and answers are numbered apart) and AFN. At most
    ``MAX_UNFINISHED`` messages of at most ``MAX_FRAMES`` frames wait for their rest.
    """

    def __init__(self) -> None:
        self._unfinished: OrderedDict[_Place, list[Message]] = OrderedDict()

    def feed(self, message: Message) -> Assembled | None:
        """Takes a frame in; returns the message that it completes, or ``None`` while frames are missing.

        A frame that fits nothing comes back among ``dropped`` of an ``Assembled`` without frames.
        """
        place = (message.address, message.direction, message.control.prm, int(message.afn))
        begun = self._unfinished.pop(place, [])
        if message.seq.fir:
            return self._go_on(place, [message], dropped=begun)
        if begun and message.seq.number == (begun[-1].seq.number + 1) % 16 and len(begun) < MAX_FRAMES:
            return self._go_on(place, [*begun, message], dropped=[])
        if begun and message.seq.number == begun[-1].seq.number:
            # A repeated response frame is ignored (Q/GDW 376.1-2009, repeat detection with TpV = 0).
            self._unfinished[place] = begun
            return None
        return Assembled([], [*begun, message])

    def _go_on(self, place: _Place, frames: list[Message], dropped: list[Message]) -> Assembled | None:
        if frames[-1].seq.fin:
            return Assembled(frames, dropped)
        self._unfinished[place] = frames
        if len(self._unfinished) > MAX_UNFINISHED:
            _, oldest = self._unfinished.popitem(last=False)
            dropped = dropped + oldest
        return Assembled([], dropped) if dropped else None

    @property
    def unfinished(self) -> list[Message]:
        """The frames that wait for the rest of their message."""
        return [message for frames in self._unfinished.values() for message in frames]


def split_message(message: Message, *, max_length: int = MAX_NETWORK) -> list[Message]:
    """Divides a message among as many frames as the channel needs, whole units each, SEQ in order.

    Args:
        message: a message of one frame.
        max_length: the highest L1: 255 on radio channels, 16383 on networks.

    Raises:
        EncodeError: a single data unit is longer than a frame, or the message has a PW that is not zeros.
    """
    if message.frame().length <= max_length:
        return [message]
    if any(message.aux.pw):
        raise EncodeError("a message with a PW can't be divided, as PW depends on the first data unit of each frame")
    if message.rest is not None:
        raise EncodeError("a message with bytes that are no data unit can't be divided")
    coding = RULES[message.edition].point_coding
    alone = [
        replace(each, identifier=encode_identifier(Identifier((each.pn,), (each.fn,)), coding))
        for each in message.units
    ]
    overhead = replace(message, units=[]).frame().length
    groups: list[list[DataUnit]] = []
    room = 0
    for each in alone:
        size = replace(message, units=[each]).frame().length - overhead
        if overhead + size > max_length:
            raise EncodeError(
                "a data unit is longer than a frame", path=each.name, found=f"{size} bytes", expected=f"{max_length}"
            )
        if size > room:
            groups.append([])
            room = max_length - overhead
        groups[-1].append(each)
        room -= size
    last = len(groups) - 1
    return [
        replace(
            message,
            units=group,
            seq=replace(message.seq, number=(message.seq.number + index) % 16, fir=index == 0, fin=index == last),
        )
        for index, group in enumerate(groups)
    ]
