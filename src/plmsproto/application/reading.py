"""How the user data of a frame are read when devices do not keep to the standard.

A frame does not say which edition's layouts its data follow (the tag tells 130 from 376.1, at best), nor how wide PW
is, nor whether EC and Tp are really there. So a frame is read under assumptions: first those of the standard, then the
known deviations, fewest first. The first reading under which the whole frame fits exactly is taken, and each deviation
recorded. If none fits, the standard's reading is, in the edition that understands most of it, with its errors.

``readings`` are the assumptions, ``read_user_data`` is the choice. Attempts are bounded in number and in bytes read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import product
from typing import Final, NamedTuple

from .._fast import IMPLEMENTATION
from ..catalogue import Catalogue
from ..editions import NEWEST_FIRST, PW_SIZES, RULES, Edition, editions_of_tag
from ..errors import BadStructureError, BadValueError, PlmsError, TruncatedError
from ..layout import Reader, Span, Undecoded
from ..link import Direction, Frame
from .afn import Afn
from .auxiliary import EC_SIZE, SEND_TIME, TP_SIZE, Aux, EventCounters, Tp
from .sequence import Seq
from .units import BodyContext, DataUnit, Reading, read_units

MOST_DEVIATIONS: Final = 3
"""How many deviations a reading may assume at once; more would let noise fit something."""

MOST_BYTES: Final = 1 << 17
"""How many bytes the attempts at one frame may read in all, so that a hostile frame costs no more than a few attempts.

Frames of deviating devices are short; at the longest possible frame this leaves eight attempts.
"""

_STANDARD_BODY: Final = (False, False, "")
"""No variants, event lengths as the standard says, no deviation."""


class Assumption(NamedTuple):
    """One way to read a frame: the body's reading, which parts of AUX are there, and how all this deviates."""

    reading: Reading
    pw_size: int
    has_ec: bool
    has_tp: bool
    deviations: tuple[str, ...]

    @property
    def aux_size(self) -> int:
        """Bytes of AUX."""
        return self.pw_size + EC_SIZE * self.has_ec + TP_SIZE * self.has_tp

    @property
    def cost(self) -> int:
        """How many deviations are assumed. Those of variants are named when an item that has one is met."""
        return len(self.deviations) + self.reading.variant


@dataclass(slots=True)
class Outcome:
    """What came of one attempt.

    Attributes:
        assumption: the way it was read.
        units: the data units.
        aux: the auxiliary part.
        rest: bytes behind the last unit that are no unit, with the reason.
        errors: what could not be understood, in order.
        deviations: what the device did differently.
    """

    assumption: Assumption
    units: list[DataUnit] = field(default_factory=list)
    aux: Aux = field(default_factory=Aux)
    rest: Undecoded | None = None
    errors: list[PlmsError] = field(default_factory=list)
    deviations: list[str] = field(default_factory=list)

    @property
    def rank(self) -> tuple[int, int, int]:
        """The smaller the better.

        Where the structure fits, what counts is how many values are none. Where it does not, a deviation explains
        nothing: then the fewest of them count, and after that how many bytes were not understood.
        """
        lost = len(self.rest.raw) + 1 if self.rest else 0
        lost += sum(len(unit.value.raw) + 1 for unit in self.units if isinstance(unit.value, Undecoded))
        return (1 + self.assumption.cost if lost else 0), lost, len(self.errors)


FastDecode = Callable[[Frame, Catalogue, Edition | None, bool], Outcome | None]

fast_decode: FastDecode | None = None
"""Reads frames that are as the standard says, several times as fast; ``None`` for all others, which have to be read in
detail. There is none in pure Python.
"""
if IMPLEMENTATION == "fast":
    from .._fast._objects import fast_decode


def readings(
    frame: Frame, seq: Seq, afn: int, catalogue: Catalogue, edition: Edition | None, *, ffff_is_all: bool
) -> Iterator[Assumption]:
    """The ways to read a frame, the standard's first, then those with one deviation, two, three."""
    natural = (edition,) if edition else editions_of_tag(frame.tag)
    foreign = () if edition else tuple(each for each in NEWEST_FIRST if each not in natural)

    def ways(each: Edition, bodies: list[tuple[bool, bool, str]]) -> Iterator[Assumption]:
        origin = _origin(frame.tag, each, natural)
        choices = _pw_choices(frame, afn, each), _ec_choices(frame, afn, each), _tp_choices(seq), bodies
        for (pw_size, odd_pw), (has_ec, odd_ec), (has_tp, odd_tp), (variant, with_head, odd_body) in product(*choices):
            deviations = tuple(filter(None, (origin, odd_pw, odd_ec, odd_tp, odd_body)))
            reading = Reading(each, variant=variant, length_includes_head=with_head, ffff_is_all=ffff_is_all)
            yield Assumption(reading, pw_size, has_ec, has_tp, deviations)

    # Nearly always this is it, and none of the others need be worked out.
    yield next(ways(natural[0], [_STANDARD_BODY]))
    others = [way for each in natural + foreign for way in ways(each, _body_choices(each, afn, catalogue))]
    others.sort(key=lambda way: way.cost)
    yield from (way for way in others[1:] if way.cost <= MOST_DEVIATIONS)


def _origin(tag: int, edition: Edition, natural: tuple[Edition, ...]) -> str:
    """How an edition deviates from the frame's tag, if it does."""
    rules = RULES[edition]
    if rules.tag == tag:
        return ""
    if edition in natural:
        return f"tag {tag:02b}, but read as {rules.title}"
    return f"the layouts are those of {rules.title} under tag {tag:02b}"


def _pw_choices(frame: Frame, afn: int, edition: Edition) -> list[tuple[int, str]]:
    rules = RULES[edition]
    if frame.control.direction is Direction.UP:
        return [(rules.pw_size, ""), (0, "PW is missing")] if afn in rules.pw_afns_up else [(0, "")]
    if afn not in rules.pw_afns or not frame.control.prm:
        return [(0, "")]
    others = [(size, _pw_deviation(size, rules.pw_size)) for size in PW_SIZES if size != rules.pw_size]
    return [(rules.pw_size, ""), *others]


def _pw_deviation(size: int, expected: int) -> str:
    return f"PW is {size} bytes wide, {expected} expected" if size else f"PW is missing, {expected} bytes expected"


def _ec_choices(frame: Frame, afn: int, edition: Edition) -> list[tuple[bool, str]]:
    if frame.control.direction is Direction.DOWN or not frame.control.acd:
        return [(False, "")]
    if afn in RULES[edition].no_ec_afns:
        return [(False, ""), (True, f"EC in AFN {afn:02X}")]
    return [(True, ""), (False, "ACD is set, but EC is missing")]


def _tp_choices(seq: Seq) -> list[tuple[bool, str]]:
    return [(True, ""), (False, "TpV is set, but Tp is missing")] if seq.tpv else [(False, "")]


def _body_choices(edition: Edition, afn: int, catalogue: Catalogue) -> list[tuple[bool, bool, str]]:
    """Forms of bodies: as in the standard, in a variant of the catalogue, event lengths that count their head."""
    choices = [_STANDARD_BODY]
    info = catalogue.afn(afn)
    if info and catalogue.has_variants(info.items_of, edition):
        choices.append((True, False, ""))
    if afn == Afn.CLASS3_DATA:
        choices.append((False, True, "the length of event records counts their two head bytes"))
    return choices


def read_user_data(
    frame: Frame,
    catalogue: Catalogue,
    edition: Edition | None,
    *,
    ffff_is_all: bool = False,
    spans: list[Span] | None = None,
) -> Outcome:
    """Reads the user data of a frame in the way that fits best.

    Args:
        frame: the frame.
        catalogue: where items are looked up.
        edition: only this one; ``None`` to choose.
        ffff_is_all: DA ``FF FF`` means all points.
        spans: takes what an annotated dump shows, for the reading that was chosen.

    Raises:
        BadStructureError: there is no AFN and SEQ.
    """
    data = frame.user_data
    if len(data) < 2:
        raise BadStructureError("no AFN and SEQ", found=f"{len(data)} bytes of user data", expected="at least 2")
    if spans is None and fast_decode is not None:
        outcome = fast_decode(frame, catalogue, edition, ffff_is_all)
        if outcome is not None:
            return outcome
    whole = bytes(frame)
    start = len(whole) - 2 - len(data)
    seq = Seq.parse(data[1])
    best: Outcome | None = None
    budget = MOST_BYTES
    for assumption in readings(frame, seq, data[0], catalogue, edition, ffff_is_all=ffff_is_all):
        outcome = _attempt(whole, start, frame, assumption, catalogue)
        if best is None or outcome.rank < best.rank:
            best = outcome
        budget -= len(data)
        if not best.errors or budget < 0:
            break
    assert best is not None
    if spans is not None:
        _attempt(whole, start, frame, best.assumption, catalogue, spans)
    return best


def _attempt(
    whole: bytes,
    start: int,
    frame: Frame,
    assumption: Assumption,
    catalogue: Catalogue,
    spans: list[Span] | None = None,
) -> Outcome:
    """Reads the user data, ``whole[start:-2]``, under one assumption. Offsets are those of the whole frame."""
    outcome = Outcome(assumption, deviations=list(assumption.deviations))
    stop = len(whole) - 2
    first = start + 2
    end_of_units = stop - assumption.aux_size
    context = BodyContext(catalogue, frame.control.direction, assumption.reading)
    if end_of_units < first or end_of_units == first < stop:
        reader = Reader(whole, first, stop, context, spans=spans)
        reader.path = ["AUX"]
        raw = reader.take(reader.remaining)
        error = TruncatedError(
            "no room for data units and AUX", found=f"{len(raw)} bytes", expected=f"{assumption.aux_size}"
        )
        outcome.rest = reader.undecoded(raw, error)
        outcome.errors = reader.errors
        reader.span(raw, outcome.rest, note=error.reason)
        return outcome
    reader = Reader(whole, first, end_of_units, context, spans=spans)
    try:
        read_units(reader, context, whole[start], outcome.units)
    except PlmsError as error:
        raw = reader.take(reader.remaining)
        outcome.rest = reader.undecoded(raw, error)
        reader.span(raw, outcome.rest, note=error.reason)
    auxiliary = Reader(whole, end_of_units, stop, context, prefix="AUX", spans=spans)
    auxiliary.errors = reader.errors
    outcome.aux = _read_aux(auxiliary, assumption)
    outcome.errors = reader.errors
    outcome.deviations += reader.deviations
    return outcome


def _read_aux(reader: Reader, assumption: Assumption) -> Aux:
    pw, ec, tp = b"", None, None
    if assumption.pw_size:
        reader.path = ["PW"]
        pw = reader.take(assumption.pw_size)
        reader.span(pw, pw)
    if assumption.has_ec:
        reader.path = ["EC"]
        raw = reader.take(EC_SIZE)
        ec = EventCounters(*raw)
        reader.span(raw, ec)
    if assumption.has_tp:
        reader.path = ["Tp"]
        raw = reader.take(TP_SIZE)
        tp = _read_tp(reader, raw)
        reader.span(raw, tp)
    return Aux(pw, ec, tp)


def _read_tp(reader: Reader, raw: bytes) -> Tp:
    try:
        value = SEND_TIME.decode(raw[1:5])
        if SEND_TIME.encode(value) != raw[1:5]:
            value = Undecoded(raw[1:5])  # filled with something else than EE
    except BadValueError as error:
        error.offset = reader.position - TP_SIZE + 1
        value = reader.undecoded(raw[1:5], error)
    return Tp(raw[0], value, raw[5])
