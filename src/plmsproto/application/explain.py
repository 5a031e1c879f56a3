"""The annotated dump: which bytes of a frame became what, with the arithmetic of L, C, A, SEQ, Pn, Fn and CS shown.

It is made by the same decoding that gives the message, so the two can't disagree. The command line shows it.
"""

from __future__ import annotations

from ..catalogue import Catalogue
from ..editions import Edition
from ..layout import Span
from ..link import Address, Control, Direction, Frame
from .message import FrameSource, Message, as_frame, decode_frame
from .sequence import Seq


def explain(
    data: FrameSource,
    *,
    edition: Edition | str | None = None,
    catalogue: Catalogue | None = None,
    address_size: int = 5,
    ffff_is_all: bool = False,
) -> tuple[Message, list[Span]]:
    """The message of a frame and its bytes one field after another; the spans cover the frame without a gap.

    Arguments as in ``decode``, lenient: what can't be understood has its raw bytes and its error.

    Raises:
        TruncatedError: the frame ends too early.
        BadStructureError: this is no frame, or it has no AFN and SEQ.
        EncodeError: there is no such edition.
    """
    spans: list[Span] = []
    frame = as_frame(data, strict=False, address_size=address_size)
    message = decode_frame(
        frame, edition=edition, strict=False, catalogue=catalogue, ffff_is_all=ffff_is_all, spans=spans
    )
    whole = bytes(frame)
    return message, [*_head(whole, frame), *_function(whole, frame, message), *spans, *_tail(whole, frame)]


def _head(whole: bytes, frame: Frame) -> list[Span]:
    word, length = frame.length_word, frame.length
    arithmetic = f"{word:04X}H = {word} = {length} × 4 + {frame.tag}: L1 = {length}, tag {frame.tag:02b}"
    address = frame.address
    end = 7 + address.size
    return [
        Span(0, 1, "start", whole[:1]),
        Span(1, 2, "L", length, note=arithmetic),
        Span(3, 2, "L", length, note="the same again"),
        Span(5, 1, "start", whole[5:6]),
        Span(6, 1, "C", frame.control, note=_control(frame.control)),
        Span(7, 2, "A1", address.region),
        Span(
            9, address.terminal_size, "A2", address.terminal, note=f"{address.terminal:0{2 * address.terminal_size}X}H"
        ),
        Span(end - 1, 1, "A3", whole[end - 1 : end], note=_station(address)),
    ]


def _control(control: Control) -> str:
    if control.direction is Direction.UP:
        bits = f"DIR=1 up, PRM={control.prm:d}, ACD={control.acd:d}"
    else:
        bits = f"DIR=0 down, PRM={control.prm:d}, FCB={control.fcb:d}, FCV={control.fcv:d}"
    return f"{control.value:08b}: {bits}, function {control.function} {control.meaning}"


def _station(address: Address) -> str:
    return f"MSA = {address.master}, {'group' if address.group else 'single'} address"


def _function(whole: bytes, frame: Frame, message: Message) -> list[Span]:
    at = len(whole) - 2 - len(frame.user_data)
    seq = message.seq
    return [
        Span(at, 1, "AFN", whole[at : at + 1], note=message.afn_name.partition(" ")[2] or "not in the catalogue"),
        Span(at + 1, 1, "SEQ", seq, note=_sequence(whole[at + 1], seq)),
    ]


def _sequence(byte: int, seq: Seq) -> str:
    return f"{byte:08b}: TpV={seq.tpv:d}, FIR={seq.fir:d}, FIN={seq.fin:d}, CON={seq.con:d}, number {seq.number}"


def _tail(whole: bytes, frame: Frame) -> list[Span]:
    total = sum(whole[6:-2])
    note = f"sum of {frame.length} bytes from C = {total:X}H, modulo 256 = {total & 0xFF:02X}H"
    if frame.checksum is not None and frame.checksum != total & 0xFF:
        note += f", but {frame.checksum:02X}H was received"
    return [
        Span(len(whole) - 2, 1, "CS", whole[-2:-1], note=note),
        Span(len(whole) - 1, 1, "end", whole[-1:]),
    ]
