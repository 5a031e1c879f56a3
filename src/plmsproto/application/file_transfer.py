"""Files in segments (AFN 0FH F1) and the question which segments are missing (AFN 0CH F14), both sides.

A ``FileSender`` cuts a file and makes the messages; a ``FileReceiver`` takes them in any order and puts the file
together. Both hold the file and know what is in a segment, but send nothing and know no time: how many segments are
under way at once, when one is sent again and how often, is for the caller to say.

A terminal answers each segment with its number, or with FFFFFFFFH if it can't take it. Segments that go to a group are
not answered: afterwards each terminal is asked for the segments that it missed. Segments are numbered from 0, the
content is their contents in that order, and nothing in the standards demands that they are of one size. One firmware
numbers from 1; that is not served here.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import Any, Final, Unpack

from ..catalogue import Catalogue
from ..editions import Edition
from ..errors import BadStructureError, BadValueError, EncodeError, shown
from ..formats import COUNTED
from ..link import MAX_NETWORK, Address, Direction
from .auxiliary import EventCounters, Tp
from .builders import NEWEST, Options, command, respond, unit
from .message import Message
from .password import Authenticator

MAX_SEGMENTS: Final = 0xFFFF
"""Segments of one file: their count has two bytes."""

MAX_SEGMENT_SIZE: Final = MAX_NETWORK - (1 + 7 + 2 + 4 + 11 + 16 + 6)
"""Bytes of a segment that fit a frame beside C, the longer A, AFN and SEQ, DA and DT, the head, PW and Tp."""

BLOCK: Final = 1024
"""Segments that one answer of AFN 0CH F14 tells of."""

_KEY: Final = "file_transfer_mode_1"
_MISSING: Final = "missing_file_segment"
_FILE_ERROR: Final = "file_error"
_ASCII: Final = COUNTED["ascii"]

_DISCARD: Final = "discard_and_restore"
_IN_SEGMENTS: Final = "download_by_segment"
_BY_FTP: Final = "download_by_ftp"
_START_UPGRADE: Final = "start_group_upgrade"


# ------------------------------------------------------------------------------------------------- master station


class FileSender:
    """The master station's side: a file as messages.

    ``for message in sender`` gives all segments in order; ``len(sender)`` is their number.

    Args:
        content: the file.
        file_id: what the file is, such as ``"terminal_program"``, or its number; 0 is no file.
        address: of the terminal, or of a group, with the master station's MSA.
        segment_size: bytes of each segment but the last.
        edition: the edition.
        number: PSEQ of segment 0; each segment has the next, unless ``segment`` is told otherwise.
        password: PW bytes or what makes them of each frame; zeros by default.
        catalogue: where items are looked up, if not in the library's own.

    Raises:
        EncodeError: the file is empty, or has more segments than can be numbered, or a segment does not fit a frame.
    """

    def __init__(
        self,
        content: bytes,
        *,
        file_id: int | str,
        address: Address,
        segment_size: int = 512,
        edition: Edition | str = NEWEST,
        number: int = 0,
        password: bytes | Authenticator | None = None,
        catalogue: Catalogue | None = None,
    ) -> None:
        if not 1 <= segment_size <= MAX_SEGMENT_SIZE:
            raise EncodeError("invalid segment size", found=shown(segment_size), expected=f"1..{MAX_SEGMENT_SIZE}")
        if file_id in (0, _DISCARD):
            raise EncodeError("that would discard the file", found=shown(file_id))
        count = -(-len(content) // segment_size)
        if not 1 <= count <= MAX_SEGMENTS:
            raise EncodeError(
                "a file can't be cut like that", found=f"{count} segments", expected=f"1 to {MAX_SEGMENTS}"
            )
        self.content = bytes(content)
        self.segment_size = segment_size
        self.segment_count = count
        self._file_id = file_id
        self._number = number
        self._options: dict[str, Any] = {
            "address": address,
            "edition": edition,
            "password": password,
            "catalogue": catalogue,
        }

    def __len__(self) -> int:
        return self.segment_count

    def __iter__(self) -> Iterator[Message]:
        return map(self.segment, range(self.segment_count))

    def segment(self, index: int, *, number: int | None = None, tp: Tp | None = None) -> Message:
        """The message with one segment.

        Args:
            index: the segment's number, from 0.
            number: PSEQ, if not the one that follows from the segment's number.
            tp: time label, if wanted.

        Raises:
            EncodeError: there is no such segment, or no such kind of file.
            UnknownItemError: the edition has no file transfer.
        """
        if not 0 <= index < self.segment_count:
            raise EncodeError("invalid segment number", found=shown(index), expected=f"0..{self.segment_count - 1}")
        return _message(
            self._file_id,
            _IN_SEGMENTS,
            self.content[index * self.segment_size : (index + 1) * self.segment_size],
            index=index,
            count=self.segment_count,
            number=self._number + index if number is None else number,
            tp=tp,
            **self._options,
        )

    def missing(self, message: Message) -> list[Message]:
        """The messages to send again.

        Args:
            message: a terminal's answer to the question for missing segments (AFN 0CH F14); it tells of 1024 segments
                at a time, the first of which any is missing. What it says beyond the last segment is ignored.

        Returns:
            The segments in order; none if nothing is missing.

        Raises:
            BadStructureError: the message is no such answer.
            BadValueError: the answer has no data.
        """
        return [self.segment(index) for index in sorted(_missing_numbers(message)) if index < self.segment_count]

    def acknowledged(self, message: Message) -> int | None:
        """Which segment a terminal has received, by its answer (AFN 0FH F1 up).

        Returns:
            The segment's number; ``None`` if the terminal says that the file is wrong (FFFFFFFFH).

        Raises:
            BadStructureError: the message is no such answer; a denial (AFN 00H F2) is none either.
            BadValueError: the file has no such segment.
        """
        value = _body(message, Direction.UP)
        index = value["segment_number"]
        if index == _FILE_ERROR:
            return None
        if not isinstance(index, int) or index >= self.segment_count:
            raise BadValueError("invalid segment number", found=shown(index), expected=f"0..{self.segment_count - 1}")
        return index


def _missing_numbers(message: Message) -> set[int]:
    """The numbers of the segments that a terminal says are missing."""
    reports = [each.value for each in message.units if each.key == _MISSING and isinstance(each.value, dict)]
    if message.direction is not Direction.UP or not reports:
        raise BadStructureError("not an answer about missing segments", found=str(message))
    found: set[int] = set()
    for report in reports:
        if None in report.values():
            raise BadValueError("missing segments are not named", path=_MISSING)
        found.update(report["segment_block"] * BLOCK + index for index in report["missing_segment"])
    return found


def cancel_file_transfer(*, address: Address, **options: Unpack[Options]) -> Message:
    """Makes the terminal discard the file that was transferred and restore the state before (AFN 0FH F1, file 0).

    Arguments as in ``request``.
    """
    return _message(_DISCARD, _IN_SEGMENTS, b"", address=address, **options)


def download_by_ftp(place: str, *, file_id: int | str, address: Address, **options: Unpack[Options]) -> Message:
    """Makes the terminal fetch a file by itself (AFN 0FH F1, command 1). Other arguments as in ``request``.

    Args:
        place: where it is and how to log in: ``ftp://host:port/path,account/password``.
        file_id: what the file is, such as ``"terminal_program"``, or its number.
        address: of the terminal.
        options: as in ``request``.

    Raises:
        EncodeError: the place is not ASCII text, is empty, or does not fit a frame.
    """
    content = _ASCII.encode(place)
    if not 1 <= len(content) <= MAX_SEGMENT_SIZE:
        raise EncodeError("invalid file address", found=shown(place), expected="ftp://host:port/path,account/password")
    return _message(file_id, _BY_FTP, content, count=1, address=address, **options)


def start_group_upgrade(*, file_id: int | str, address: Address, **options: Unpack[Options]) -> Message:
    """Makes the terminals of a group use the file that all of them have (AFN 0FH F1, command 2).

    Arguments as in ``download_by_ftp``.
    """
    return _message(file_id, _START_UPGRADE, b"", address=address, **options)


def _message(
    file_id: int | str, transfer_command: str, content: bytes, *, index: int = 0, count: int = 0, **options: Any
) -> Message:
    value = {
        "file_id": file_id,
        "segment_position": "last_segment" if index >= count - 1 else "first_or_middle_segment",
        "transfer_command": transfer_command,
        "segment_count": count,
        "segment_number": index,
        "segment_length": len(content),
        "content": content,
    }
    return command(_KEY, value, **options)


# ------------------------------------------------------------------------------------------------- terminal


class FileStep(StrEnum):
    """What a message of AFN 0FH meant to a ``FileReceiver``."""

    SEGMENT = "segment"
    """A new segment; others are missing."""
    REPEATED = "repeated"
    """A segment that was there already."""
    COMPLETE = "complete"
    """The segment that completed the file."""
    CANCELLED = "cancelled"
    """The file was to be discarded, and is."""
    FTP = "ftp"
    """The terminal is to fetch the file from ``FileReceiver.ftp_place``."""
    START_UPGRADE = "start_upgrade"
    """The terminal is to use the file that it has."""


class FileReceiver:
    """The terminal's side: takes the segments of one file, in any order and more than once.

    The first segment says which file it is and how many segments it has; ``reset`` makes ready for another one, and so
    does the master station's order to discard the file. It holds what has come and nothing else: neither a count nor a
    number from the wire makes it take memory, and no more than ``max_size`` bytes are taken in.

    Args:
        max_size: bytes of the largest file that is taken.

    Attributes:
        file_id: the name of the file that is on its way, its number where the catalogue has no name; ``None`` before.
        segment_count: how many segments it has; 0 before the first has come.
        ftp_place: where the master station last said a file can be fetched; ``None`` if it did not.
    """

    def __init__(self, *, max_size: int = 16 * 1024 * 1024) -> None:
        self.max_size = max_size
        self.ftp_place: str | None = None
        self.reset()

    def reset(self) -> None:
        """Forgets the file."""
        self.file_id: int | str | None = None
        self.segment_count = 0
        self._segments: dict[int, bytes] = {}
        self._size = 0

    @property
    def complete(self) -> bool:
        """Whether all segments are there."""
        return 0 < self.segment_count == len(self._segments)

    @property
    def content(self) -> bytes | None:
        """The file; ``None`` while segments are missing."""
        if not self.complete:
            return None
        return b"".join(self._segments[index] for index in range(self.segment_count))

    @property
    def missing(self) -> list[int]:
        """The numbers of the segments that have not come; empty before the first."""
        return [index for index in range(self.segment_count) if index not in self._segments]

    def feed(self, message: Message) -> FileStep:
        """Takes a message of the master station in (AFN 0FH F1 down).

        Returns:
            What it meant.

        Raises:
            BadStructureError: the message carries no part of a file.
            BadValueError: the segment contradicts those that came before, is empty, or makes the file too large. It
                is not taken; all others stay.
        """
        value = _body(message, Direction.DOWN)
        if value["file_id"] == _DISCARD:
            self.reset()
            return FileStep.CANCELLED
        match value["transfer_command"]:
            case "download_by_segment":
                return self._take(value)
            case "download_by_ftp":
                self.ftp_place = _ASCII.read(value["content"])
                return FileStep.FTP
            case "start_group_upgrade":
                return FileStep.START_UPGRADE
            case other:
                raise BadValueError("no such command", path=_KEY, found=shown(other))

    def _take(self, value: dict[str, Any]) -> FileStep:
        index, content = value["segment_number"], value["content"]
        self._check_place(value["file_id"], _count(value), index)
        if index in self._segments:
            if self._segments[index] != content:
                raise BadValueError(f"segment {index} has come before with another content", path=_KEY)
            return FileStep.REPEATED
        if not content:
            raise BadValueError(f"segment {index} is empty", path=_KEY)
        if self._size + len(content) > self.max_size:
            raise BadValueError("the file is too large", path=_KEY, expected=f"{self.max_size} bytes or less")
        self.file_id, self.segment_count = value["file_id"], _count(value)
        self._segments[index] = content
        self._size += len(content)
        return FileStep.COMPLETE if self.complete else FileStep.SEGMENT

    def _check_place(self, file_id: int | str | None, count: int, index: int | None) -> None:
        """Refuses a segment that has no place in the file that is on its way, or in any."""
        if file_id is None or index is None or index >= count:
            found = f"segment {index} of {count} of file {file_id}"
            raise BadValueError("a segment that no file has", path=_KEY, found=found)
        if self.segment_count and (file_id, count) != (self.file_id, self.segment_count):
            raise BadValueError(
                "the segment is of another file",
                path=_KEY,
                found=f"{file_id} of {count} segments",
                expected=f"{self.file_id} of {self.segment_count}",
            )

    def answer(self, message: Message, *, counters: EventCounters | None = None) -> Message | None:
        """The terminal's answer to a message that it has been fed.

        Args:
            message: the master station's message; whether ``feed`` took it or raised makes the answer.
            counters: the terminal's event counters, if important events are waiting (sets ACD).

        Returns:
            AFN 0FH F1 up with the segment's number if the receiver has this very segment, else with FFFFFFFFH for a
            file error. Other commands are answered with their own number. ``None`` if the message went to a group:
            nobody answers then.

        Raises:
            BadStructureError: the message carries no part of a file.
        """
        value = _body(message, Direction.DOWN)
        if message.address.group:
            return None
        number = value["segment_number"]
        if value["file_id"] != _DISCARD and value["transfer_command"] == _IN_SEGMENTS and not self._has(value):
            number = _FILE_ERROR
        receipt = unit(_KEY, {"segment_number": number}, edition=message.edition, catalogue=message.catalogue)
        return respond(message, [receipt], counters=counters)

    def _has(self, value: dict[str, Any]) -> bool:
        return (value["file_id"], _count(value)) == (self.file_id, self.segment_count) and (
            self._segments.get(value["segment_number"]) == value["content"]
        )

    def missing_report(self, block: int | None = None) -> dict[str, Any]:
        """The value of the answer to the question for missing segments (AFN 0CH F14).

        Args:
            block: which 1024 segments to tell of; by default the first of which any is missing, so that asking again
                after each repetition comes to an end when the answer is empty.

        Raises:
            EncodeError: the block can't be sent.
        """
        if block is None:
            block = next((index for index in range(self.segment_count) if index not in self._segments), 0) // BLOCK
        if not 0 <= block <= MAX_SEGMENTS // BLOCK:
            raise EncodeError("invalid block of segments", found=shown(block), expected=f"0..{MAX_SEGMENTS // BLOCK}")
        numbers = range(block * BLOCK, min((block + 1) * BLOCK, self.segment_count))
        return {
            "segment_block": block,
            "missing_segment": [index % BLOCK for index in numbers if index not in self._segments],
        }


def _body(message: Message, direction: Direction) -> dict[str, Any]:
    """The body of a message of AFN 0FH that goes this way."""
    bodies = [each.value for each in message.units if each.key == _KEY and isinstance(each.value, dict)]
    if message.direction is not direction or len(bodies) != 1:
        raise BadStructureError("not part of a file transfer", found=str(message))
    return bodies[0]


def _count(value: dict[str, Any]) -> int:
    """How many segments the file has."""
    count = value["segment_count"]
    # EEEEH would mean that there is no count, which can't be: it is the number.
    return 0xEEEE if count is None else int(count)
