"""A message: one frame with its meaning, and back.

``decode`` and ``Message`` are what most users need of this library. How deviating devices are read is in ``reading``,
what a data unit is in ``units``; frames come from ``link``.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, field
from typing import Any, Final

from ..catalogue import Catalogue, default_catalogue
from ..editions import Edition, as_edition
from ..errors import BadStructureError, EncodeError, PlmsError, shown
from ..layout import FieldValue, Undecoded, walk
from ..link import Address, Control, Direction, Frame
from .afn import Afn, as_afn
from .auxiliary import Aux
from .reading import read_user_data
from .sequence import Seq
from .units import BodyContext, DataUnit, Reading
from .writing import unit_bytes

_SEPARATORS: Final = re.compile(r"0[xX]|[\s,;:_-]+")


@dataclass(slots=True)
class Message:
    """What one frame says.

    Attributes:
        control: the control field C.
        address: the address field A.
        afn: the application function; a plain number where the standards have none.
        seq: the sequence field SEQ.
        units: the data units in order, one for each pair of point and Fn.
        aux: PW, EC and Tp, as far as they are there.
        reading: edition and assumptions under which the units are read and written.
        tag: the edition tag of the length word.
        rest: bytes behind the last unit that are no unit, with the reason.
        deviations: what the device did differently from the standard, in words.
        errors: what could not be understood (lenient decoding only).
        checksum: a wrong checksum that was received; ``None`` for the right one.
        offset: of the frame in its stream or buffer.
        catalogue: where items are looked up.
    """

    control: Control
    address: Address
    afn: Afn | int
    seq: Seq
    units: list[DataUnit] = field(default_factory=list)
    aux: Aux = field(default_factory=Aux)
    reading: Reading = field(default_factory=lambda: Reading(Edition.GDW1376))
    tag: int = 2
    rest: Undecoded | None = None
    deviations: tuple[str, ...] = field(default=(), compare=False)
    errors: tuple[PlmsError, ...] = field(default=(), compare=False)
    checksum: int | None = None
    offset: int = field(default=0, compare=False)
    catalogue: Catalogue = field(default_factory=default_catalogue, repr=False, compare=False)

    @property
    def direction(self) -> Direction:
        """Which way the frame goes."""
        return self.control.direction

    @property
    def edition(self) -> Edition:
        """The edition whose layouts the data follow."""
        return self.reading.edition

    @property
    def afn_name(self) -> str:
        """``0C class1_data``; the number alone for a vendor's AFN."""
        info = self.catalogue.afn(int(self.afn))
        return f"{int(self.afn):02X} {info.key}" if info else f"{int(self.afn):02X}"

    def __str__(self) -> str:
        units = ", ".join(f"{unit.key or 'unknown'} (F{unit.fn} p{unit.pn})" for unit in self.units)
        return f"{self.direction} {self.afn_name}, {self.address}: {units or 'no data units'} [{self.edition}]"

    def unit(self, key: str, pn: int | None = None) -> DataUnit:
        """The first data unit of a key (and a point).

        Raises:
            KeyError: there is none.
        """
        for unit in self.units:
            if unit.key == key and pn in (None, unit.pn):
                return unit
        wanted = key if pn is None else f"{key} p{pn}"
        there = ", ".join(f"{unit.key or unit.name} p{unit.pn}" for unit in self.units)
        raise KeyError(f"no {wanted}; there is {there or 'nothing'}")

    def lines(self, unit: DataUnit) -> list[FieldValue]:
        """The values of a unit in order, each with its field; empty if the body could not be understood."""
        context = BodyContext(self.catalogue, self.direction, self.reading)
        record = context.unit_body(unit)
        if record is None or isinstance(unit.value, Undecoded):
            return []
        return list(walk(record, unit.value, context, unit.verbatim))

    def point_times(self, unit: DataUnit) -> list[dt.datetime] | list[dt.time] | None:
        """When the points of a unit's curve are, one after another.

        Dates and times for a curve of AFN 0DH (time mark Td_c), times of day for an hour's points of AFN 0CH (Td_h);
        ``None`` if the unit has no points in time or its mark does not say when they are.
        """
        times: list[Any] = [line.time for line in self.lines(unit) if line.time is not None]
        return times or None

    def frame(self) -> Frame:
        """The frame that says this.

        Raises:
            EncodeError: something does not fit.
        """
        return Frame(
            self.control, self.address, self.user_data(), tag=self.tag, checksum=self.checksum, offset=self.offset
        )

    def user_data(self) -> bytes:
        """AFN, SEQ, data units, AUX as bytes."""
        return self.body() + bytes(self.aux)

    def body(self, *, check_bounds: bool = False) -> bytes:
        """AFN, SEQ and data units as bytes, without AUX.

        Args:
            check_bounds: refuse values outside the range that the standard allows. What was received may have such.

        Raises:
            EncodeError: something does not fit.
            UnknownItemError: the catalogue does not know an item.
        """
        afn = int(self.afn)
        if not 0 <= afn <= 0xFF:
            raise EncodeError("invalid AFN", found=shown(self.afn), expected="0..255")
        units = unit_bytes(self.catalogue, self.control.direction, self.reading, check_bounds, afn, self.units)
        written = bytes((afn, int(self.seq))) + units
        return written + self.rest.raw if self.rest else written

    def __bytes__(self) -> bytes:
        return bytes(self.frame())


FrameSource = str | bytes | bytearray | memoryview | Frame
"""What one frame may be given as: hex text, bytes, or a ``Frame``."""


def decode(
    data: FrameSource,
    *,
    edition: Edition | str | None = None,
    strict: bool = True,
    catalogue: Catalogue | None = None,
    address_size: int = 5,
    ffff_is_all: bool = False,
) -> Message:
    """Decodes one frame.

    Args:
        data: hex text (blanks, commas, ``0x`` between the digits do not matter), bytes, or a ``Frame``.
        edition: read as this edition only; by default the newest under which the whole frame fits.
        strict: raise the first error; if false, what can't be understood stays as raw bytes with its error attached.
        catalogue: where items are looked up, if not in the library's own.
        address_size: 5, or 7 for the provincial variant with a four-byte A2.
        ffff_is_all: DA ``FF FF`` means all points in the 376.1 family too.

    Returns:
        The message; ``bytes(message)`` are the same bytes again.

    Raises:
        TruncatedError: the frame, or a field of it, ends too early.
        BadChecksumError: the checksum is wrong (strict only).
        BadStructureError: this is no frame, or its data are no data units.
        BadValueError: a field's bytes are no value of its format (strict only).
        UnknownItemError: the catalogue does not know an item (strict only).
        EncodeError: there is no such edition.
    """
    frame = as_frame(data, strict=strict, address_size=address_size)
    return decode_frame(frame, edition=edition, strict=strict, catalogue=catalogue, ffff_is_all=ffff_is_all)


def as_frame(data: FrameSource, *, strict: bool, address_size: int) -> Frame:
    """The frame of hex text or bytes; raises as ``decode`` does."""
    if isinstance(data, Frame):
        return data
    if isinstance(data, str):
        try:
            data = bytes.fromhex(_SEPARATORS.sub("", data))
        except ValueError:
            raise BadStructureError("not hex text", found=shown(data[:40])) from None
    return Frame.parse(bytes(data), strict=strict, address_size=address_size)


def decode_frame(
    frame: Frame,
    *,
    edition: Edition | str | None = None,
    strict: bool = True,
    catalogue: Catalogue | None = None,
    ffff_is_all: bool = False,
    spans: list[Any] | None = None,
) -> Message:
    """As ``decode``, of a frame; ``spans`` takes what an annotated dump shows (see ``explain``)."""
    catalogue = catalogue or default_catalogue()
    wanted = None if edition is None else as_edition(edition)
    outcome = read_user_data(frame, catalogue, wanted, ffff_is_all=ffff_is_all, spans=spans)
    errors = ([frame.error] if frame.error else []) + outcome.errors
    if strict and errors:
        raise errors[0]
    return Message(
        control=frame.control,
        address=frame.address,
        afn=as_afn(frame.user_data[0]),
        seq=Seq.parse(frame.user_data[1]),
        units=outcome.units,
        aux=outcome.aux,
        reading=outcome.assumption.reading,
        tag=frame.tag,
        rest=outcome.rest,
        deviations=tuple(outcome.deviations),
        errors=tuple(errors),
        checksum=frame.checksum,
        offset=frame.offset,
        catalogue=catalogue,
    )
