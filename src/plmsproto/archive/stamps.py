"""When a log's line was written, and with whom it deals: the time stamp and the peer among its words.

Only what stands there: a time without a date is no time, two different peers are none. Where the hex is on a line is
the business of ``logs``.
"""

from __future__ import annotations

import datetime as dt
import re
from ipaddress import ip_address
from typing import Any, Final, NamedTuple

_STAMP: Final = re.compile(
    r"""(?<![0-9A-Za-z])
        (?:
            (?P<date>(?P<year>\d{4})(?:[-/.]|å¹´|Äê)(?P<month>\d{1,2})(?:[-/.]|æ\x9c\x88|ÔÂ)(?P<day>\d{1,2}))
            (?:æ\x97¥|ÈÕ)?(?:[T_-]|,?[ \t]*)
            (?P<hour>\d{1,2}):(?P<minute>\d{2}):(?P<second>\d{2})
        |   (?P<packed_date>\d{8})[ T_-]?(?P<packed_time>\d{6})
        )
        (?:[.,:](?P<fraction>\d{1,9}))?(?![0-9])""",
    re.VERBOSE,
)
"""Date and time. The words between Chinese numbers (年月日) are the bytes of UTF-8 or GBK, seen as Latin-1."""

_PEER: Final = re.compile(
    r"""(?<![0-9A-Za-z_.:])
        (?:
            (?:
                (?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)\.){3}(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)
            |   \[(?P<six>[0-9A-Fa-f]*:[0-9A-Fa-f]*:[0-9A-Fa-f:.]*)\]
            )
            (?::(?P<port>\d{1,5}))?
        |   [Cc][Oo][Mm]\d{1,3}
        )
        (?![0-9A-Za-z_]|[.:][0-9A-Za-z])""",
    re.VERBOSE,
)
"""An address with or without a port, or a serial port."""

_EPOCH: Final = dt.datetime(1970, 1, 1)
_MICROSECOND: Final = dt.timedelta(microseconds=1)
_PARTS: Final = ("date", "hour", "minute", "second", "packed_date", "packed_time", "fraction")
_HOURS: Final = 24
_YEARS: Final = range(1970, 2100)
_MOST_KEPT: Final = 1 << 14
_HIGHEST_PORT: Final = 0xFFFF


class Heading(NamedTuple):
    """What a line says of the frames on it and below it.

    Attributes:
        time: when it was written, microseconds since 1970 by the log's own clock; ``None`` if it does not say.
        peer: the address or port; ``None`` if it does not say.
    """

    time: int | None = None
    peer: str | None = None


NOTHING_SAID: Final = Heading()


class StampReader:
    """Reads the words of lines; remembers what it has read, since lines of one day or connection are many."""

    def __init__(self) -> None:
        self._days: dict[str, int | None] = {}
        self._peers: dict[str, str | None] = {}

    def heading(self, words: str) -> Heading:
        """What the words say. The first time stamp counts."""
        for match in _STAMP.finditer(words):
            time = self._time(match)
            if time is not None:
                return Heading(time, self._peer(f"{words[: match.start()]} {words[match.end() :]}"))
        return Heading(None, self._peer(words))

    def _time(self, match: re.Match[str]) -> int | None:
        """Microseconds since 1970 of a stamp; ``None`` if there is no such time."""
        date, hour, minute, second, packed_date, packed, fraction = match.group(*_PARTS)
        if packed:
            date, hour, minute, second = packed_date, packed[:2], packed[2:4], packed[4:]
        if date not in self._days:
            _make_room(self._days)
            self._days[date] = _day(match)
        day = self._days[date]
        if day is None or int(hour) >= _HOURS or minute > "59" or second > "59":
            return None
        seconds = 3600 * int(hour) + 60 * int(minute) + int(second)
        return day + 1_000_000 * seconds + int((fraction or "0").ljust(6, "0")[:6])

    def _peer(self, words: str) -> str | None:
        if words not in self._peers:
            _make_room(self._peers)
            self._peers[words] = _peer(words)
        return self._peers[words]


def _make_room(kept: dict[str, Any]) -> None:
    if len(kept) >= _MOST_KEPT:
        kept.clear()


def _day(match: re.Match[str]) -> int | None:
    """Microseconds since 1970 of the day of a stamp; ``None`` if there is no such day."""
    packed = match["packed_date"]
    parts = (packed[:4], packed[4:6], packed[6:]) if packed else match.group("year", "month", "day")
    year, month, day = map(int, parts)
    try:
        time = dt.datetime(year, month, day)  # logs have clocks of their own
    except ValueError:
        return None
    return (time - _EPOCH) // _MICROSECOND if year in _YEARS else None


def _peer(words: str) -> str | None:
    peer = None
    for match in _PEER.finditer(words):
        if not _is_peer(match):
            continue
        if peer not in (None, match.group()):
            return None
        peer = match.group()
    return peer


def _is_peer(match: re.Match[str]) -> bool:
    """Whether the numbers are in their ranges, where the pattern does not say so already."""
    if (six := match["six"]) is not None:
        try:
            ip_address(six)
        except ValueError:
            return False
    port = match["port"]
    return port is None or int(port) <= _HIGHEST_PORT
