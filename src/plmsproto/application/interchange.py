"""Messages as plain dicts, for JSON and its like, and back.

``to_dict`` keeps all that is needed to give the same bytes again; ``from_dict`` reads what ``to_dict`` made, or what a
person wrote after its pattern. Values stay as JSON has them until the message is turned into bytes: then each field's
format makes its own type of them (see ``Format.coerce``). Decimals stay ``Decimal``: whoever writes the JSON decides
how numbers look.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from ..catalogue import Catalogue, default_catalogue
from ..editions import RULES, as_edition
from ..errors import EncodeError, shown
from ..identifier import ALL_POINTS
from ..layout import Undecoded
from ..layout.cursor import as_undecoded
from ..link import Address, Control
from .afn import as_afn
from .auxiliary import SEND_TIME, Aux, EventCounters, Tp
from .message import Message
from .sequence import Seq
from .units import DataUnit, Reading

_MESSAGE_KEYS: Final = {
    "offset",
    "edition",
    "direction",
    "address",
    "control",
    "afn",
    "afn_key",
    "seq",
    "units",
    "aux",
    "rest",
    "tag",
    "checksum",
    "variant",
    "length_includes_head",
    "ffff_is_all",
    "deviations",
    "errors",
}


_AS_THEY_ARE: Final = frozenset((Decimal, int, str, bool, type(None)))


def plain(value: Any) -> Any:
    """A value as JSON knows it; decimals stay as they are."""
    if type(value) in _AS_THEY_ARE:  # nearly all that a frame carries
        return value
    match value:
        case Undecoded():
            error = {"error": str(value.error)} if value.error else {}
            return {"raw": value.raw.hex().upper(), **error}
        case DataUnit():
            return unit_to_dict(value)
        case _ if hasattr(value, "as_dict"):  # a meter's frame
            return value.as_dict()
        case dict():
            return {key: plain(each) for key, each in value.items()}
        case tuple() if hasattr(value, "_asdict"):
            return {key: plain(each) for key, each in value._asdict().items()}
        case list() | tuple():
            return [plain(each) for each in value]
        case dt.datetime() | dt.date() | dt.time():
            return value.isoformat()
        case bytes():
            return value.hex().upper()
        case _:
            return value


def unit_to_dict(unit: DataUnit) -> dict[str, Any]:
    """A data unit as a plain dict."""
    found: dict[str, Any] = {
        "pn": "all" if unit.pn == ALL_POINTS else unit.pn,
        "fn": unit.fn,
        "key": unit.key,
        "value": plain(unit.value),
    }
    if unit.identifier:
        found["identifier"] = unit.identifier.hex().upper()
    if unit.verbatim:
        found["verbatim"] = {path: raw.hex().upper() for path, raw in unit.verbatim.items()}
    return found


def to_dict(message: Message) -> dict[str, Any]:
    """A message as a plain dict."""
    control, address, seq, aux = message.control, message.address, message.seq, message.aux
    found: dict[str, Any] = {
        "offset": message.offset,
        "edition": str(message.edition),
        "direction": str(message.direction),
        "address": {
            "region": address.region,
            "terminal": address.terminal,
            "master": address.master,
            "group": address.group,
        },
        "control": f"{control.value:02X}",
        "afn": f"{int(message.afn):02X}",
        "seq": {"number": seq.number, "con": seq.con, "fir": seq.fir, "fin": seq.fin, "tpv": seq.tpv},
        "units": [unit_to_dict(unit) for unit in message.units],
    }
    if info := message.catalogue.afn(int(message.afn)):
        found["afn_key"] = info.key
    if address.terminal_size != 2:
        found["address"]["terminal_size"] = address.terminal_size
    if auxiliary := _aux_to_dict(aux):
        found["aux"] = auxiliary
    if message.rest is not None:
        found["rest"] = plain(message.rest)
    if message.tag != RULES[message.edition].tag:
        found["tag"] = message.tag
    if message.checksum is not None:
        found["checksum"] = f"{message.checksum:02X}"
    for name in ("variant", "length_includes_head", "ffff_is_all"):
        if getattr(message.reading, name):
            found[name] = True
    if message.deviations:
        found["deviations"] = list(message.deviations)
    if message.errors:
        found["errors"] = [str(error) for error in message.errors]
    return found


def _aux_to_dict(aux: Aux) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if aux.pw:
        found["pw"] = aux.pw.hex().upper()
    if aux.ec is not None:
        found["ec"] = {"important": aux.ec.important, "general": aux.ec.general}
    if aux.tp is not None:
        found["tp"] = {"pfc": aux.tp.pfc, "sent": plain(aux.tp.sent), "delay": aux.tp.delay}
    return found


def from_dict(data: Mapping[str, Any], *, catalogue: Catalogue | None = None) -> Message:
    """The message of a plain dict.

    Args:
        data: as ``to_dict`` makes it; what only informs (``direction``, ``afn_key``, ``deviations``, ``errors``) is
            ignored. ``edition``, ``address``, ``control`` and ``afn`` must be there. A unit may give ``key``
            instead of ``fn``.
        catalogue: where items are looked up, if not in the library's own.

    Raises:
        EncodeError: something is missing, unknown, or of the wrong kind.
        UnknownItemError: a unit's key is in no catalogue.
    """
    known = catalogue or default_catalogue()
    if not isinstance(data, Mapping):
        raise EncodeError("not a message", found=shown(data), expected="an object")
    if unknown := data.keys() - _MESSAGE_KEYS:
        raise EncodeError("a message has no such part", found=", ".join(sorted(map(str, unknown))))
    edition = as_edition(_part(data, "edition", str))
    afn = _byte(_part(data, "afn", (str, int)), "afn")
    reading = Reading(
        edition,
        variant=_part(data, "variant", bool, False),
        length_includes_head=_part(data, "length_includes_head", bool, False),
        ffff_is_all=_part(data, "ffff_is_all", bool, False),
    )
    checksum = data.get("checksum")
    rest = data.get("rest")
    return Message(
        control=Control(_byte(_part(data, "control", (str, int)), "control")),
        address=Address(
            **_keywords(
                data, "address", {"region": str, "terminal": int, "master": int, "group": bool, "terminal_size": int}
            )
        ),
        afn=as_afn(afn),
        seq=Seq(
            **_keywords(data, "seq", {"number": int, "con": bool, "fir": bool, "fin": bool, "tpv": bool}, default={})
        ),
        units=[unit_from_dict(each, afn, reading, known) for each in _part(data, "units", list, [])],
        aux=_aux_from_dict(_part(data, "aux", Mapping, {})),
        reading=reading,
        tag=_part(data, "tag", int, RULES[edition].tag),
        rest=None if rest is None else Undecoded(_raw(rest, "rest")),
        checksum=None if checksum is None else _byte(checksum, "checksum"),
        catalogue=known,
    )


def unit_from_dict(data: Any, afn: int, reading: Reading, catalogue: Catalogue) -> DataUnit:
    """The data unit of a plain dict.

    Raises:
        EncodeError: something is missing, unknown, or of the wrong kind.
        UnknownItemError: the key is in no catalogue.
    """
    if not isinstance(data, Mapping):
        raise EncodeError("not a data unit", found=shown(data), expected="an object")
    if unknown := data.keys() - {"pn", "fn", "key", "value", "identifier", "verbatim"}:
        raise EncodeError("a data unit has no such part", found=", ".join(sorted(map(str, unknown))))
    pn = data.get("pn", 0)
    key = _part(data, "key", str, "")
    fn = data.get("fn")
    if fn is None:
        fn = _fn_of(key, afn, reading, catalogue)
    elif key and (item := catalogue.find_item(afn, _number(fn, "fn"), reading.edition)) and item.key != key:
        raise EncodeError("fn and key name different items", found=f"F{fn} {key}", expected=item.key)
    value = data.get("value")
    raw = as_undecoded(value)
    unit = DataUnit(
        afn=afn,
        fn=_number(fn, "fn"),
        pn=ALL_POINTS if pn == "all" else _number(pn, "pn"),
        key=key,
        value=Undecoded(raw) if raw is not None else {} if value is None else value,
        identifier=_hex(data.get("identifier", ""), "identifier"),
    )
    verbatim = _part(data, "verbatim", Mapping, {})
    unit.verbatim = {str(path): _hex(text, "verbatim") for path, text in verbatim.items()}
    return unit


def _fn_of(key: str, afn: int, reading: Reading, catalogue: Catalogue) -> int:
    item = catalogue.item_by_key(key, reading.edition)
    if catalogue.find_item(afn, item.fn, reading.edition) is not item:
        raise EncodeError(f"not an item of AFN {afn:02X}", found=shown(key))
    return item.fn


def _aux_from_dict(data: Mapping[str, Any]) -> Aux:
    if unknown := data.keys() - {"pw", "ec", "tp"}:
        raise EncodeError("AUX has no such part", found=", ".join(sorted(map(str, unknown))), expected="pw, ec, tp")
    ec = tp = None
    if data.get("ec") is not None:
        ec = EventCounters(**_keywords(data, "ec", {"important": int, "general": int}))
    if data.get("tp") is not None:
        label = _part(data, "tp", Mapping)
        sent = label.get("sent")
        raw = as_undecoded(sent)
        sent = Undecoded(raw) if raw is not None else None if sent is None else SEND_TIME.coerce(sent)
        tp = Tp(_number(label.get("pfc", 0), "pfc"), sent, _number(label.get("delay", 0), "delay"))
    return Aux(_hex(data.get("pw", ""), "pw"), ec, tp)


_REQUIRED: Final = object()


def _part(data: Mapping[str, Any], key: str, kind: Any, default: Any = _REQUIRED) -> Any:
    value = data.get(key, default)
    if value is _REQUIRED:
        raise EncodeError(f"{key} is missing")
    if not isinstance(value, kind):
        raise EncodeError(f"{key} is of the wrong kind", found=shown(value))
    return value


def _keywords(data: Mapping[str, Any], key: str, kinds: Mapping[str, type], default: Any = _REQUIRED) -> dict[str, Any]:
    """The arguments of a small structure, checked for name and kind."""
    table = _part(data, key, Mapping, default)
    for name, value in table.items():
        if name not in kinds:
            raise EncodeError(f"{key} has no such part", found=shown(name), expected=", ".join(kinds))
        if not isinstance(value, kinds[name]) or (kinds[name] is int and isinstance(value, bool)):
            raise EncodeError(f"{key}.{name} is of the wrong kind", found=shown(value))
    if default is _REQUIRED and (missing := [name for name in list(kinds)[:2] if name not in table]):
        raise EncodeError(f"{key}.{missing[0]} is missing")
    return dict(table)


def _number(value: Any, what: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise EncodeError(f"{what} is no number", found=shown(value))
    return value


def _byte(value: Any, what: str) -> int:
    """A byte given as two hex digits or as a number."""
    try:
        number = int(value, 16) if isinstance(value, str) else _number(value, what)
    except ValueError:
        number = -1
    if not 0 <= number <= 255:
        raise EncodeError(f"{what} is no byte", found=shown(value), expected="two hex digits")
    return number


def _hex(value: Any, what: str) -> bytes:
    try:
        return bytes.fromhex(value)
    except (TypeError, ValueError):
        raise EncodeError(f"{what} is no hex text", found=shown(value)) from None


def _raw(value: Any, what: str) -> bytes:
    raw = as_undecoded(value)
    return _hex(value, what) if raw is None else raw
