"""Builders: the messages of both sides, by catalogue key.

A master station requests, commands, sets, queries and confirms; a terminal logs in, answers, reports and confirms. A
builder fills in what the standard fixes (control field, SEQ, identifiers, width of PW) and leaves to the caller what
only it knows: frame counters, passwords, clocks. It checks the values that it is given: what it returns can be sent.

Points may be given as a number or as several; sets that one data unit identifier can't name are split into several.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, TypedDict

from ..catalogue import Catalogue, default_catalogue
from ..editions import RULES, Edition, as_edition
from ..errors import EncodeError, shown
from ..identifier import Identifier, encoded_sets
from ..link import Address, Control, Direction
from ..link.control import (
    CONFIRM,
    LINK_STATUS,
    LINK_TEST,
    NO_SUCH_DATA,
    REQUEST_CLASS1,
    RESPOND,
    SEND_NO_REPLY,
)
from .afn import Afn, as_afn
from .auxiliary import NO_AUX, Aux, EventCounters, Tp
from .message import Message
from .password import COVERED_UNIT_BYTES, Authenticator
from .sequence import Seq
from .units import DataUnit, standard_reading

Points = int | Iterable[int]
Keys = str | Iterable[str]

NEWEST: Final = Edition.GDW1376


class Options(TypedDict, total=False):
    """What a master station may say of any message: the arguments of ``request`` that have nothing to do with items."""

    edition: Edition | str
    number: int
    tp: Tp | None
    password: bytes | Authenticator | None
    catalogue: Catalogue | None


# ------------------------------------------------------------------------------------------------- data units


def unit(
    key: str,
    value: Mapping[str, Any] | None = None,
    *,
    pn: int = 0,
    edition: Edition | str = NEWEST,
    afn: int | None = None,
    catalogue: Catalogue | None = None,
) -> DataUnit:
    """One data unit by key.

    Args:
        key: the item's key, such as ``"present_power"``.
        value: its body as a dict; ``None`` for an empty one.
        pn: the information point; 0 = the terminal.
        edition: the edition.
        afn: the AFN it travels under, if not the item's own (AFN 0AH queries the items of AFN 04H).
        catalogue: where keys are looked up, if not in the library's own.

    Raises:
        UnknownItemError: the edition has no such key.
    """
    item = (catalogue or default_catalogue()).item_by_key(key, edition)
    return DataUnit(item.afn if afn is None else afn, item.fn, pn, item.key, dict(value or {}))


def _units(
    keys: Keys, points: Points, value: Mapping[str, Any] | None, edition: Edition, afn: int | None, catalogue: Catalogue
) -> list[DataUnit]:
    """Each key for each point, under as few identifiers as can name them."""
    items = [catalogue.item_by_key(key, edition) for key in ([keys] if isinstance(keys, str) else keys)]
    if len({item.afn for item in items}) != 1:
        raise EncodeError(
            "the items of one message must have one AFN", found=", ".join(item.key for item in items) or "none"
        )
    by_fn = {item.fn: item for item in items}
    pns = [points] if isinstance(points, int) else list(points)
    coding = RULES[edition].point_coding
    units: list[DataUnit] = []
    for identifier, raw in encoded_sets(tuple(pns), tuple(by_fn), coding):
        for pn, fn in identifier.pairs():
            item = by_fn[fn]
            units.append(DataUnit(item.afn if afn is None else afn, fn, pn, item.key, dict(value or {}), raw))
    if not units:
        raise EncodeError("no information point was given")
    return units


def _with_shared_identifiers(units: Sequence[DataUnit], edition: Edition) -> list[DataUnit]:
    """Puts neighbours under one identifier where they are exactly what it names."""
    coding = RULES[edition].point_coding
    if len(units) == 1:
        [only] = units
        [(_, raw)] = encoded_sets((only.pn,), (only.fn,), coding)
        return [_under(raw, only)]
    found: list[DataUnit] = []
    waiting = list(units)
    while waiting:
        size, raw = 1, b""
        for end in range(min(len(waiting), coding.most_points * 8), 0, -1):
            pns = tuple(sorted({each.pn for each in waiting[:end]}))
            fns = tuple(sorted({each.fn for each in waiting[:end]}))
            identifier = Identifier(pns, fns)
            if identifier.pairs() != [(each.pn, each.fn) for each in waiting[:end]]:
                continue
            sets = encoded_sets(pns, fns, coding)
            if len(sets) == 1:
                size, raw = end, sets[0][1]
                break
        found += [_under(raw, each) for each in waiting[:size]]
        del waiting[:size]
    return found


def _under(identifier: bytes, unit: DataUnit) -> DataUnit:
    """The unit, with this identifier."""
    return DataUnit(unit.afn, unit.fn, unit.pn, unit.key, unit.value, identifier, unit.verbatim)


# ------------------------------------------------------------------------------------------------- master station


def request(
    keys: Keys | Iterable[DataUnit],
    *,
    address: Address,
    pn: Points = 0,
    value: Mapping[str, Any] | None = None,
    edition: Edition | str = NEWEST,
    number: int = 0,
    tp: Tp | None = None,
    password: bytes | Authenticator | None = None,
    catalogue: Catalogue | None = None,
) -> Message:
    """Asks for items of one AFN: configuration, class 1, 2 and 3 data, tasks, relay stations.

    Args:
        keys: a key or several of the same AFN; or data units made with ``unit``, for requests that differ in points or
            bodies. Neighbours share identifiers where they can.
        address: of the terminal, with the master station's MSA.
        pn: the point or points that each key is asked for.
        value: the body that each of the keys has (time marks of class 2 data, event pointers), if any.
        edition: the edition.
        number: PSEQ, the low four bits of the master station's frame counter.
        tp: time label, if wanted.
        password: PW bytes or what makes them, for the AFN that carry PW; zeros by default.
        catalogue: where keys are looked up, if not in the library's own.

    Raises:
        UnknownItemError: the edition has no such key.
        EncodeError: points that no identifier can name, or items of several AFN.
    """
    chosen, known = as_edition(edition), catalogue or default_catalogue()
    wanted = [keys] if isinstance(keys, str) else list(keys)
    given = [each for each in wanted if isinstance(each, DataUnit)]
    if len(given) not in (0, len(wanted)) or (given and (pn != 0 or value is not None)):
        raise EncodeError("either keys with points and a value, or data units that have their own")
    if given:
        units = _with_shared_identifiers(_of_one_afn(given), chosen)
    else:
        units = _units([str(key) for key in wanted], pn, value, chosen, None, known)
    return _down(units, address, chosen, number, tp, password, known)


def command(
    key: str,
    value: Mapping[str, Any] | None = None,
    *,
    address: Address,
    pn: Points = 0,
    edition: Edition | str = NEWEST,
    number: int = 0,
    tp: Tp | None = None,
    password: bytes | Authenticator | None = None,
    catalogue: Catalogue | None = None,
) -> Message:
    """A reset, control or clock command (AFN 01H, 05H and others that act). Arguments as in ``request``.

    Frames to group and broadcast addresses ask for no confirmation, since nobody answers them.
    """
    return request(
        key,
        address=address,
        pn=pn,
        value=value,
        edition=edition,
        number=number,
        tp=tp,
        password=password,
        catalogue=catalogue,
    )


def set_parameter(
    key: str,
    value: Mapping[str, Any],
    *,
    address: Address,
    pn: Points = 0,
    edition: Edition | str = NEWEST,
    number: int = 0,
    tp: Tp | None = None,
    password: bytes | Authenticator | None = None,
    catalogue: Catalogue | None = None,
) -> Message:
    """Sets a parameter (AFN 04H). Arguments as in ``request``.

    Raises:
        EncodeError: the key is no parameter.
    """
    chosen, known = as_edition(edition), catalogue or default_catalogue()
    units = _parameters(key, pn, value, chosen, Afn.SET_PARAMETER, known)
    return _down(units, address, chosen, number, tp, password, known)


def query_parameter(
    keys: Keys,
    *,
    address: Address,
    pn: Points = 0,
    value: Mapping[str, Any] | None = None,
    edition: Edition | str = NEWEST,
    number: int = 0,
    tp: Tp | None = None,
    catalogue: Catalogue | None = None,
) -> Message:
    """Asks for parameters (AFN 0AH, the items of AFN 04H). Arguments as in ``request``.

    ``value`` says which entries of a table are wanted.

    Raises:
        EncodeError: a key is no parameter.
    """
    chosen, known = as_edition(edition), catalogue or default_catalogue()
    units = _parameters(keys, pn, value, chosen, Afn.QUERY_PARAMETER, known)
    return _down(units, address, chosen, number, tp, None, known)


def _parameters(
    keys: Keys, points: Points, value: Mapping[str, Any] | None, edition: Edition, afn: Afn, catalogue: Catalogue
) -> list[DataUnit]:
    """As ``_units``, of items that AFN 04H sets and AFN 0AH queries."""
    units = _units(keys, points, value, edition, afn, catalogue)
    for each in units:
        if catalogue.item_by_key(each.key, edition).afn != Afn.SET_PARAMETER:
            raise EncodeError("not a parameter of AFN 04H", found=shown(each.key))
    return units


def _down(
    units: list[DataUnit],
    address: Address,
    edition: Edition,
    number: int,
    tp: Tp | None,
    password: bytes | Authenticator | None,
    catalogue: Catalogue,
) -> Message:
    afn = units[0].afn
    info = catalogue.afn(afn)
    message = Message(
        control=Control.down(info.function if info else REQUEST_CLASS1),
        address=address,
        afn=as_afn(afn),
        seq=Seq.of_single(number, con=bool(info and info.confirmed) and not address.group, tpv=tp is not None),
        units=units,
        aux=_aux(None, tp),
        reading=standard_reading(edition),
        tag=RULES[edition].tag,
        catalogue=catalogue,
    )
    if afn in RULES[edition].pw_afns:
        message.aux = replace(message.aux, pw=_pw(message, password))
    elif password is not None:
        raise EncodeError(f"AFN {afn:02X} carries no PW")
    return _checked(message)


def _pw(message: Message, password: bytes | Authenticator | None) -> bytes:
    size = RULES[message.edition].pw_size
    if callable(password):
        head = bytes((message.control.value,)) + bytes(message.address)
        password = password(head + message.body()[: 2 + COVERED_UNIT_BYTES])
    pw = password or b""
    if len(pw) > size:
        raise EncodeError("PW too long", found=f"{len(pw)} bytes", expected=f"{size}")
    return pw.ljust(size, b"\0")


# ------------------------------------------------------------------------------------------------- confirmations


def confirm(message: Message, *, counters: EventCounters | None = None) -> Message:
    """Confirms all data units of a message (AFN 00H F1), from whichever side did not send it.

    Args:
        message: what is confirmed; its number, edition and time label are repeated.
        counters: a terminal's event counters, if important events are waiting (sets ACD).
    """
    return _confirmation(message, "confirm_all", {}, counters)


def deny(message: Message, *, no_such_data: bool = False, counters: EventCounters | None = None) -> Message:
    """Denies all data units of a message (AFN 00H F2).

    Args:
        message: what is denied.
        no_such_data: the requested data do not exist (link function 9), rather than that something was refused.
        counters: as in ``confirm``.
    """
    return _confirmation(message, "deny_all", {}, counters, no_such_data=no_such_data)


def confirm_units(
    message: Message, results: Sequence[int | str] | None = None, *, counters: EventCounters | None = None
) -> Message:
    """Confirms or denies unit by unit (AFN 00H F3).

    Args:
        message: what is confirmed.
        results: one for each data unit, in order: 0 or ``"accepted"``, 1 or ``"other_error"``; by default all accepted.
        counters: as in ``confirm``.

    Raises:
        EncodeError: not one result for each unit, or the message has none.
    """
    outcomes = list(results) if results is not None else [0] * len(message.units)
    if not message.units or len(outcomes) != len(message.units):
        raise EncodeError(
            "one result for each data unit is needed", found=shown(len(outcomes)), expected=str(len(message.units))
        )
    entries = [
        {"identifier": Identifier((each.pn,), (each.fn,)), "result": outcome}
        for each, outcome in zip(message.units, outcomes, strict=True)
    ]
    return _confirmation(message, "confirm_by_unit", {"confirmed_afn": int(message.afn), "unit": entries}, counters)


def _confirmation(
    message: Message,
    key: str,
    value: Mapping[str, Any],
    counters: EventCounters | None,
    *,
    no_such_data: bool = False,
) -> Message:
    function = NO_SUCH_DATA if no_such_data else CONFIRM
    if message.afn == Afn.LINK_TEST:
        function = LINK_STATUS
    confirmation = unit(key, value, edition=message.edition, catalogue=message.catalogue)
    return _answer(message, function, [confirmation], counters)


def _answer(
    message: Message,
    function: int,
    units: list[DataUnit],
    counters: EventCounters | None,
    password: bytes | Authenticator | None = None,
) -> Message:
    """A frame of the secondary station, back along the way that ``message`` came."""
    if message.direction is Direction.UP:
        if counters is not None:
            raise EncodeError("only terminals send event counters")
        control = Control.down(function, prm=False)
    else:
        control = Control.up(function, acd=counters is not None)
    tp = message.aux.tp
    answer = Message(
        control=control,
        address=_single(message.address),
        afn=as_afn(units[0].afn),
        seq=Seq.of_single(message.seq.number, tpv=tp is not None),
        units=_with_shared_identifiers(units, message.edition),
        aux=_aux(counters, tp),
        reading=standard_reading(message.edition),
        tag=message.tag,
        catalogue=message.catalogue,
    )
    return _checked(_with_pw_up(answer, password))


# ------------------------------------------------------------------------------------------------- terminal


def login(address: Address, *, edition: Edition | str = NEWEST, number: int = 0) -> Message:
    """A terminal logs in (AFN 02H F1). MSA is 0, as in all that a terminal starts."""
    return _link_test("login", {}, address, edition, number)


def logout(address: Address, *, edition: Edition | str = NEWEST, number: int = 0) -> Message:
    """A terminal logs out (AFN 02H F2)."""
    return _link_test("logout", {}, address, edition, number)


def heartbeat(address: Address, *, edition: Edition | str = NEWEST, number: int = 0, clock: Any = None) -> Message:
    """A terminal's heartbeat (AFN 02H F3).

    Args:
        address: of the terminal.
        edition: the edition.
        number: PSEQ.
        clock: the terminal's clock, which some terminals of 1376.1 append; ``None`` leaves it out.
    """
    return _link_test("heartbeat", {} if clock is None else {"clock": clock}, address, edition, number)


def _link_test(key: str, value: Mapping[str, Any], address: Address, edition: Edition | str, number: int) -> Message:
    chosen = as_edition(edition)
    return _checked(
        Message(
            control=Control.up(LINK_TEST, prm=True),
            address=_single(address, master=0),
            afn=Afn.LINK_TEST,
            seq=Seq.of_single(number, con=True),
            units=_with_shared_identifiers([unit(key, value, edition=chosen)], chosen),
            reading=standard_reading(chosen),
            tag=RULES[chosen].tag,
        )
    )


def respond(
    message: Message,
    units: Iterable[DataUnit],
    *,
    counters: EventCounters | None = None,
    password: bytes | Authenticator | None = None,
) -> Message:
    """A terminal's answer with data, parameters or events to a master station's request.

    Args:
        message: the request; its number, edition, MSA and time label are repeated.
        units: what is there, built with ``unit`` (of the request's edition); neighbours share identifiers where they
            can. What is not there is left out.
        counters: the terminal's event counters, if important events are waiting (sets ACD).
        password: PW bytes or what makes them, for answers that carry PW (AFN 06H of 376.1); zeros by default.

    Raises:
        EncodeError: no units (then ``deny``), or units of several AFN.
    """
    if message.direction is Direction.UP:
        raise EncodeError("only a master station's request is answered with data")
    given = _of_one_afn(units)
    if message.afn == Afn.QUERY_PARAMETER:
        given = [replace(each, afn=int(Afn.QUERY_PARAMETER)) for each in given]
    return _answer(message, RESPOND, given, counters, password)


def report(
    address: Address,
    units: Iterable[DataUnit],
    *,
    edition: Edition | str = NEWEST,
    number: int = 0,
    confirmed: bool = False,
    counters: EventCounters | None = None,
    tp: Tp | None = None,
    password: bytes | Authenticator | None = None,
    catalogue: Catalogue | None = None,
) -> Message:
    """What a terminal reports of its own accord: data, events, task data.

    Args:
        address: of the terminal.
        units: what is reported, built with ``unit``.
        edition: the edition.
        number: PSEQ, the low four bits of the terminal's own frame counter.
        confirmed: ask the master station for a confirmation (CON).
        counters: event counters, if important events are waiting (sets ACD).
        tp: time label, if wanted.
        password: as in ``respond``.
        catalogue: where keys are looked up, if not in the library's own.

    Raises:
        EncodeError: no units, or units of several AFN.
    """
    chosen = as_edition(edition)
    given = _with_shared_identifiers(_of_one_afn(units), chosen)
    message = Message(
        control=Control.up(REQUEST_CLASS1 if confirmed else SEND_NO_REPLY, prm=True, acd=counters is not None),
        address=_single(address, master=0),
        afn=as_afn(given[0].afn),
        seq=Seq.of_single(number, con=confirmed, tpv=tp is not None),
        units=given,
        aux=_aux(counters, tp),
        reading=standard_reading(chosen),
        tag=RULES[chosen].tag,
        catalogue=catalogue or default_catalogue(),
    )
    return _checked(_with_pw_up(message, password))


def _with_pw_up(message: Message, password: bytes | Authenticator | None) -> Message:
    """The message, with PW if it goes up and its AFN carries PW that way."""
    if message.direction is Direction.UP and message.afn in RULES[message.edition].pw_afns_up:
        message.aux = replace(message.aux, pw=_pw(message, password))
    elif password is not None:
        raise EncodeError(f"AFN {int(message.afn):02X} carries no PW")
    return message


def event_unit(
    records: Sequence[Mapping[str, Any]],
    *,
    counters: EventCounters,
    end: int | None = None,
    general: bool = False,
    edition: Edition | str = NEWEST,
    catalogue: Catalogue | None = None,
) -> DataUnit:
    """The data unit that carries event records (AFN 0EH F1 or F2), for ``respond`` and ``report``.

    Args:
        records: such as ``{"event": "voltage_circuit_abnormal", "data": {…}}``, oldest first.
        counters: EC1 and EC2 after the last event.
        end: the pointer Pn behind the last record; by default the counter of their ring.
        general: general events (F2) instead of important ones (F1).
        edition: the edition.
        catalogue: where keys are looked up, if not in the library's own.
    """
    last = (counters.general if general else counters.important) if end is None else end
    value = {
        "important_event_counter": counters.important,
        "general_event_counter": counters.general,
        "start_pointer": (last - len(records)) % 256,
        "end_pointer": last % 256,
        "record": [dict(record) for record in records],
    }
    return unit("general_event" if general else "important_event", value, edition=edition, catalogue=catalogue)


def _single(address: Address, master: int | None = None) -> Address:
    """The address of one terminal, with the same MSA or another."""
    wanted = address.master if master is None else master
    if address.group or address.master != wanted:
        return replace(address, master=wanted, group=False)
    return address


def _aux(counters: EventCounters | None, tp: Tp | None) -> Aux:
    return NO_AUX if counters is None and tp is None else Aux(ec=counters, tp=tp)


def _checked(message: Message) -> Message:
    """The message, if its values fit their layouts and the ranges that the standard allows."""
    message.body(check_bounds=True)
    return message


def _of_one_afn(units: Iterable[DataUnit]) -> list[DataUnit]:
    given = list(units)
    if not given:
        raise EncodeError("no data units were given")
    if len({each.afn for each in given}) != 1:
        raise EncodeError(
            "the data units of one message must have one AFN", found=", ".join(each.name for each in given)
        )
    return given
