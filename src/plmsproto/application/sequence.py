"""SEQ: the byte behind AFN that places a frame in its message and its exchange.

Rules (all editions): a primary station numbers its start frames with PSEQ, the low four bits of its counter PFC; the
first response frame repeats that number as RSEQ, each further frame of the same response adds one modulo 16.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from ..errors import EncodeError, shown


@dataclass(frozen=True, slots=True)
class Seq:
    """The sequence field SEQ.

    Attributes:
        number: PSEQ or RSEQ, 0..15.
        con: the receiver must confirm this frame.
        fir: first frame of a message.
        fin: last frame of a message.
        tpv: AUX ends with a time label Tp.
    """

    number: int = 0
    con: bool = False
    fir: bool = True
    fin: bool = True
    tpv: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.number <= 15:
            raise EncodeError("invalid sequence number", found=shown(self.number), expected="0..15")

    @staticmethod
    def parse(byte: int) -> Seq:
        """Reads the byte; every value is valid."""
        return ALL_SEQS[byte]

    @staticmethod
    def of_single(counter: int, *, con: bool = False, tpv: bool = False) -> Seq:
        """SEQ of a message of one frame.

        Args:
            counter: PSEQ or RSEQ is its low four bits.
            con: as the attribute.
            tpv: as the attribute.
        """
        return ALL_SEQS[counter % 16 | con << 4 | 0x60 | tpv << 7]

    def __int__(self) -> int:
        return self.number | self.con << 4 | self.fin << 5 | self.fir << 6 | self.tpv << 7

    @property
    def single(self) -> bool:
        """First and last: the message is this frame alone."""
        return self.fir and self.fin

    def following(self) -> Seq:
        """The SEQ of the next frame of the same message, in its middle."""
        return replace(self, number=(self.number + 1) % 16, fir=False, fin=False)


ALL_SEQS: Final = tuple(
    Seq(byte & 0x0F, con=bool(byte & 0x10), fin=bool(byte & 0x20), fir=bool(byte & 0x40), tpv=bool(byte & 0x80))
    for byte in range(256)
)
"""Every sequence field there is, by its byte: parsing need not make new ones."""
