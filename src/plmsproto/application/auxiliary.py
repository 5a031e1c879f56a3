"""AUX: what follows the data units: message authentication code PW, event counters EC, time label Tp.

Down it is [PW] [Tp], up [EC] [Tp]. Nothing in AUX says that it is there: PW goes with the AFN, EC with ACD in the
control field, Tp with TpV in SEQ. It is cut off the end of the user data before the data units are divided, as those
may have open lengths. Which parts to expect is decided in ``reading``.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Final

from ..errors import EncodeError, shown
from ..formats import ANNEX_A, DayTime
from ..layout import Undecoded

EC_SIZE: Final = 2
TP_SIZE: Final = 6

SEND_TIME: Final = ANNEX_A["A16"]
"""The format of the send time in Tp."""


@dataclass(frozen=True, slots=True)
class EventCounters:
    """EC: free-running counters of important (EC1) and general (EC2) events, modulo 256."""

    important: int
    general: int

    def __post_init__(self) -> None:
        if not (0 <= self.important <= 255 and 0 <= self.general <= 255):
            raise EncodeError("invalid event counters", found=f"{self.important}, {self.general}", expected="0..255")

    def __bytes__(self) -> bytes:
        return bytes((self.important, self.general))


@dataclass(frozen=True, slots=True)
class Tp:
    """Tp: when a start frame was sent, and how late it may arrive.

    The primary station makes it, the secondary repeats it in its response.

    Attributes:
        pfc: the frame counter of the primary station, 0..255.
        sent: day, hour, minute, second; ``None`` without data, ``Undecoded`` if it is no time.
        delay: permitted delay in minutes; 0 = no check.
    """

    pfc: int
    sent: DayTime | Undecoded | None
    delay: int = 0

    @classmethod
    def at(cls, when: dt.datetime, *, pfc: int = 0, delay: int = 0) -> Tp:
        """The label of a frame sent at ``when`` (local time of the terminal)."""
        return cls(pfc, DayTime(when.day, when.hour, when.minute, when.second), delay)

    def expired(self, now: dt.datetime) -> bool:
        """Whether more than the permitted delay has passed since the frame was sent.

        The label has no month, so the day nearest to ``now`` is meant. A send time in the future is accepted, and so is
        a label without a time: what to do with it is the caller's decision.

        Args:
            now: the receiver's clock, local time.
        """
        if self.delay == 0 or not isinstance(self.sent, DayTime):
            return False
        now = now.replace(tzinfo=None)
        sent = min(self._candidates(now), key=lambda when: abs(now - when), default=now)
        return now - sent > dt.timedelta(minutes=self.delay)

    def _candidates(self, now: dt.datetime) -> list[dt.datetime]:
        assert isinstance(self.sent, DayTime)
        found = []
        for months in (-2, -1, 0, 1, 2):  # day 31 may be two months away
            month = now.year * 12 + now.month - 1 + months
            try:
                found.append(dt.datetime(month // 12, month % 12 + 1, *self.sent))
            except ValueError:
                continue
        return found

    def __bytes__(self) -> bytes:
        for name, number in (("PFC", self.pfc), ("permitted delay", self.delay)):
            if not 0 <= number <= 255:
                raise EncodeError(f"invalid {name}", path="Tp", found=shown(number), expected="0..255")
        sent = self.sent.raw if isinstance(self.sent, Undecoded) else SEND_TIME.encode(self.sent)
        if len(sent) != SEND_TIME.size:
            raise EncodeError("invalid send time", path="Tp", found=f"{len(sent)} bytes", expected=f"{SEND_TIME.size}")
        return bytes((self.pfc, *sent, self.delay))


@dataclass(frozen=True, slots=True)
class Aux:
    """AUX.

    Attributes:
        pw: message authentication code, as many bytes as there were; empty if none.
        ec: event counters, up only.
        tp: time label.
    """

    pw: bytes = b""
    ec: EventCounters | None = None
    tp: Tp | None = None

    def __bytes__(self) -> bytes:
        if self.ec is None and self.tp is None:
            return self.pw
        return b"".join((self.pw, *(bytes(part) for part in (self.ec, self.tp) if part is not None)))


NO_AUX: Final = Aux()
"""The AUX of a frame that has none of the three."""
