"""One frame of the link layer: ``68 L L 68 C A user data CS 16`` to and from its parts.

The link layer never looks into the user data (AFN, SEQ, data units, AUX). For finding frames among other bytes, see
``plmsproto.link.splitter`` (streams) and ``plmsproto.link.scan`` (buffers).

A damaged frame is checked in the order of the standard: head, length words, tag, number of bytes, end byte. The
checksum comes last, as it means something only when all else is right.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from ..errors import BadChecksumError, BadStructureError, EncodeError, PlmsError, TruncatedError
from . import _twin
from .address import Address
from .constants import (
    END,
    HEAD_SIZE,
    MAX_NETWORK,
    OVERHEAD,
    START,
    TAG_130,
    TAG_376,
    check_options,
    minimum_length,
)
from .control import ALL_CONTROLS, Control

if TYPE_CHECKING:
    from typing_extensions import Buffer

# C and A come first among the L1 bytes, AFN and SEQ are the least that follows.
_ADDRESS: Final = HEAD_SIZE + 1
_MIN_USER_DATA: Final = 2


@dataclass(slots=True, repr=False)
class Frame:
    """One frame.

    Attributes:
        control: the control field C.
        address: the address field A.
        user_data: the bytes between address field and checksum: AFN, SEQ, data units, AUX.
        tag: lowest two bits of the length word, ``TAG_130`` or ``TAG_376``.
        checksum: None if it is right. A wrong one that was received is kept here, so that ``bytes(frame)`` gives
            back the bytes that were received.
        offset: where the frame began in its stream; not compared.
        error: what is wrong with it, after lenient parsing; not compared.
    """

    control: Control
    address: Address
    user_data: bytes
    tag: int = TAG_376
    checksum: int | None = None
    offset: int = field(default=0, compare=False)
    error: PlmsError | None = field(default=None, compare=False)

    @classmethod
    def parse(cls, data: Buffer, *, strict: bool = True, address_size: int = 5) -> Frame:
        """Reads exactly one frame (Q/GDW 376.1-2009, frame format; FT1.2).

        Args:
            data: the bytes of the frame, from 68H to 16H.
            strict: False accepts a wrong checksum, which is then in ``checksum`` and ``error``.
            address_size: bytes of the address field, 5 or 7.

        Raises:
            TruncatedError: the bytes are the beginning of a frame.
            BadStructureError: a start or end byte, the length words or the number of bytes are wrong.
            BadChecksumError: all is right except for the checksum.
            ValueError: ``address_size`` is neither 5 nor 7.
        """
        check_options(address_size, MAX_NETWORK)
        content = bytes(data)
        if _twin.is_whole_frame(content, address_size=address_size):
            return cls.from_verified(content, address_size=address_size)
        error = frame_error(content, address_size=address_size)
        assert error is not None
        if strict or not isinstance(error, BadChecksumError):
            raise error
        frame = cls.from_verified(content, address_size=address_size)
        frame.checksum = content[-2]
        frame.error = error
        return frame

    @classmethod
    def from_verified(cls, data: bytes, *, offset: int = 0, address_size: int = 5) -> Frame:
        """Takes apart the bytes of a frame that a scanner has found; nothing is checked again."""
        user_data = _ADDRESS + address_size
        return cls(
            ALL_CONTROLS[data[HEAD_SIZE]],
            _twin.address_from(data[_ADDRESS:user_data]),
            data[user_data:-2],
            data[1] & 3,
            offset=offset,
        )

    @property
    def length(self) -> int:
        """L1: bytes of control field, address field and user data."""
        return 1 + self.address.size + len(self.user_data)

    @property
    def length_word(self) -> int:
        """L as it travels, twice: L1 * 4 + tag."""
        return self.length << 2 | self.tag

    @property
    def size(self) -> int:
        """Bytes of the whole frame: L1 + 8."""
        return self.length + OVERHEAD

    def encode(self, *, max_length: int = MAX_NETWORK) -> bytes:
        """Returns the frame's bytes.

        Args:
            max_length: largest L1 that the channel admits: ``MAX_NETWORK`` or ``MAX_RADIO``.

        Raises:
            EncodeError: the frame is longer than that, its tag is not 1 or 2, its user data lacks AFN or SEQ,
                or its checksum is not a byte.
        """
        length = self.length
        self._check_encodable(length, max_length)
        word = (length << 2 | self.tag).to_bytes(2, "little")
        summed = self._summed_bytes()
        checksum = _twin.checksum(summed) if self.checksum is None else self.checksum
        return b"".join((b"\x68", word, word, b"\x68", summed, bytes((checksum, END))))

    def _check_encodable(self, length: int, max_length: int) -> None:
        if self.tag not in (TAG_130, TAG_376):
            raise EncodeError("illegal tag in the length word", found=str(self.tag), expected=f"{TAG_130} or {TAG_376}")
        if len(self.user_data) < _MIN_USER_DATA:
            raise EncodeError(
                "user data without AFN and SEQ", found=f"{len(self.user_data)} bytes", expected="2 or more"
            )
        if length > max_length:
            raise EncodeError("frame too long for the channel", found=f"L1 = {length}", expected=f"<= {max_length}")
        if self.checksum is not None and not 0 <= self.checksum <= 0xFF:
            raise EncodeError("the checksum is one byte", found=str(self.checksum), expected="0 to 255")

    def _summed_bytes(self) -> bytes:
        return bytes((self.control.value,)) + bytes(self.address) + self.user_data

    def __bytes__(self) -> bytes:
        return self.encode()

    def __repr__(self) -> str:
        tag = {TAG_130: "TAG_130", TAG_376: "TAG_376"}.get(self.tag, self.tag)
        checksum = "" if self.checksum is None else f", checksum=0x{self.checksum:02X}"
        error = "" if self.error is None else f", error={self.error!r}"
        return (
            f"Frame({self.control!r}, {self.address!r}, user_data={self.user_data.hex(' ').upper()}, tag={tag}"
            f"{checksum}, offset={self.offset}{error})"
        )


def frame_error(
    data: bytes, *, address_size: int = 5, max_length: int = MAX_NETWORK, trailing: bool = False
) -> PlmsError | None:
    """Returns what is wrong with the bytes as a frame, None if they are a frame.

    Args:
        data: the bytes from the frame's 68H on.
        address_size: bytes of the address field, 5 or 7.
        max_length: largest L1 that is believed.
        trailing: whether other bytes may follow the frame.
    """
    error = _start_error(data) or _length_error(data, address_size, max_length)
    if error is not None:
        return error
    size = (_length_word(data) >> 2) + OVERHEAD
    if len(data) < size:
        return TruncatedError(f"frame truncated: {len(data)} of {size} bytes", offset=len(data))
    if data[size - 1] != END or (len(data) > size and not trailing):
        return _extent_error(data, size, trailing=trailing)
    computed = _twin.checksum(data[HEAD_SIZE : size - 2])
    if computed != data[size - 2]:
        return BadChecksumError(
            "checksum wrong", offset=size - 2, found=f"{data[size - 2]:02X}", expected=f"{computed:02X}"
        )
    return None


def _length_error(data: bytes, address_size: int, max_length: int) -> BadStructureError | None:
    """Returns why the length word can't be right, None if it can."""
    word = _length_word(data)
    length, tag = divmod(word, 4)
    shortest = minimum_length(address_size)
    if tag not in (TAG_130, TAG_376):
        reason, found, expected = "illegal tag in the length word", str(tag), f"{TAG_130} or {TAG_376}"
    elif length < shortest:
        reason, found, expected = "length too small for C, A, AFN and SEQ", f"L1 = {length}", f"{shortest} or more"
    elif length > max_length:
        reason, found, expected = "length above the limit", f"L1 = {length}", f"{max_length} or less"
    else:
        return None
    return BadStructureError(reason + _plain_count_hint(data), offset=1, found=found, expected=expected)


def _start_error(data: bytes) -> PlmsError | None:
    """Returns what is wrong with the head ``68 L L 68``, as far as its bytes are there."""
    if not data or data[0] != START:
        if not data:
            return TruncatedError("frame truncated: no bytes", offset=0)
        return BadStructureError("no start byte", offset=0, found=f"{data[0]:02X}", expected="68")
    if data[1:3][: len(data[3:5])] != data[3:5]:
        return BadStructureError(
            "the two length words differ", offset=3, found=_spaced(data[3:5]), expected=_spaced(data[1:3])
        )
    if len(data) < HEAD_SIZE:
        return TruncatedError(f"frame truncated: {len(data)} of the {HEAD_SIZE} bytes of its head", offset=len(data))
    if data[5] != START:
        return BadStructureError("no second start byte", offset=5, found=f"{data[5]:02X}", expected="68")
    return None


def _extent_error(data: bytes, size: int, *, trailing: bool) -> BadStructureError:
    """Describes a frame that does not end where its length says, or is not all of the bytes."""
    hint = _plain_count_hint(data)
    if data[size - 1] == END:
        more = f"{len(data) - size} more"
        return BadStructureError("bytes after the end of the frame" + hint, offset=size, found=more)
    end = f"{data[size - 1]:02X}"
    if len(data) > size and not trailing:
        reason = f"the length says {size} bytes, {len(data)} are there; no end byte" + hint
        return BadStructureError(reason, offset=size - 1, found=end, expected="16")
    return BadStructureError("no end byte" + hint, offset=size - 1, found=end, expected="16")


def _plain_count_hint(data: bytes) -> str:
    """Recognises China Southern Grid framing, which looks alike but whose L is the plain number of bytes."""
    last = _length_word(data) + OVERHEAD - 1
    if len(data) <= last or data[last] != END or _twin.checksum(data[HEAD_SIZE : last - 1]) != data[last - 1]:
        return ""
    return " (the bytes fit if L is a plain byte count, as in China Southern Grid framing)"


def _length_word(data: bytes) -> int:
    return int.from_bytes(data[1:3], "little")


def _spaced(data: bytes) -> str:
    return data.hex(" ").upper()
