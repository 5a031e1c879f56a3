"""plmsproto: the Power Load Management System Data Transmission Protocol, both ways, in all editions.

Q/GDW 130-2005, Q/GDW 376.1-2009 and Q/GDW 1376.1-2013 (电力负荷管理系统数据传输规约).

This module gathers what users need; what is not named here is the library's own business.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from . import bulk
from ._fast import IMPLEMENTATION
from .application.afn import Afn
from .application.auxiliary import Aux, EventCounters, Tp
from .application.message import Message, decode
from .application.sequence import Seq
from .application.units import DataUnit, Reading
from .catalogue import AfnEntry, Catalogue, EventEntry, ItemEntry, default_catalogue
from .editions import Edition
from .errors import (
    BadChecksumError,
    BadStructureError,
    BadValueError,
    CatalogueError,
    EncodeError,
    PlmsError,
    TruncatedError,
    UnknownItemError,
)
from .formats import DayHour, DayHourMinute, DayTime, MonthDayTime, YearMonth
from .identifier import ALL_POINTS, Identifier, ItemIdentifier
from .layout import FieldValue, Span, Undecoded
from .link import MAX_NETWORK, MAX_RADIO, Address, Control, Direction, Frame, FrameSplitter, Noise

if TYPE_CHECKING:
    from .application.assembly import Assembled, MessageAssembler, split_message
    from .application.builders import (
        command,
        confirm,
        confirm_units,
        deny,
        event_unit,
        heartbeat,
        login,
        logout,
        query_parameter,
        report,
        request,
        respond,
        set_parameter,
        unit,
    )
    from .application.example import examples
    from .application.explain import explain
    from .application.file_transfer import (
        FileReceiver,
        FileSender,
        FileStep,
        cancel_file_transfer,
        download_by_ftp,
        start_group_upgrade,
    )
    from .application.interchange import from_dict, to_dict
    from .application.password import password
    from .dlt645 import MeterFrame, MeterFunction

__version__ = "0.1.0"

__all__ = [
    "ALL_POINTS",
    "IMPLEMENTATION",
    "MAX_NETWORK",
    "MAX_RADIO",
    "Address",
    "Afn",
    "AfnEntry",
    "Assembled",
    "Aux",
    "BadChecksumError",
    "BadStructureError",
    "BadValueError",
    "Catalogue",
    "CatalogueError",
    "Control",
    "DataUnit",
    "DayHour",
    "DayHourMinute",
    "DayTime",
    "Direction",
    "Edition",
    "EncodeError",
    "EventCounters",
    "EventEntry",
    "FieldValue",
    "FileReceiver",
    "FileSender",
    "FileStep",
    "Frame",
    "FrameSplitter",
    "Identifier",
    "ItemEntry",
    "ItemIdentifier",
    "Message",
    "MessageAssembler",
    "MeterFrame",
    "MeterFunction",
    "MonthDayTime",
    "Noise",
    "PlmsError",
    "Reading",
    "Seq",
    "Span",
    "Tp",
    "TruncatedError",
    "Undecoded",
    "UnknownItemError",
    "YearMonth",
    "bulk",
    "cancel_file_transfer",
    "command",
    "confirm",
    "confirm_units",
    "decode",
    "default_catalogue",
    "deny",
    "download_by_ftp",
    "event",
    "event_unit",
    "events",
    "examples",
    "explain",
    "from_dict",
    "heartbeat",
    "item",
    "items",
    "login",
    "logout",
    "password",
    "query_parameter",
    "report",
    "request",
    "respond",
    "set_parameter",
    "split_message",
    "start_group_upgrade",
    "to_dict",
    "unit",
]


def item(afn: int | str, fn: int | None = None, edition: Edition | str | None = None) -> ItemEntry:
    """The library's catalogue entry of an item; without an edition the newest meaning.

    Args:
        afn: the AFN, or the item's key in the place of both numbers.
        fn: the Fn.
        edition: the edition.

    Raises:
        UnknownItemError: there is none.
    """
    if isinstance(afn, str):
        return default_catalogue().item_by_key(afn, edition)
    if fn is None:
        raise EncodeError("an item has a key, or AFN and Fn", found=f"AFN {afn:02X} alone")
    return default_catalogue().item(afn, fn, edition)


def items(afn: int | None = None, edition: Edition | str | None = None) -> list[ItemEntry]:
    """All items of the library's catalogue, of one AFN or all, of one edition or all."""
    return default_catalogue().items(afn, edition)


def event(erc: int | str, edition: Edition | str | None = None) -> EventEntry:
    """The library's catalogue entry of an event record, by code or key; without an edition the newest.

    Raises:
        UnknownItemError: there is none.
    """
    if isinstance(erc, str):
        return default_catalogue().event_by_key(erc, edition)
    return default_catalogue().event(erc, edition)


def events(edition: Edition | str | None = None) -> list[EventEntry]:
    """All event records of the library's catalogue, of one edition or all."""
    return default_catalogue().events(edition)


_ON_DEMAND: Final = {
    name: module
    for module, names in {
        "application.assembly": ("Assembled", "MessageAssembler", "split_message"),
        "application.builders": (
            *("command", "confirm", "confirm_units", "deny", "event_unit", "heartbeat", "login", "logout"),
            *("query_parameter", "report", "request", "respond", "set_parameter", "unit"),
        ),
        "application.example": ("examples",),
        "application.explain": ("explain",),
        "application.file_transfer": (
            *("FileReceiver", "FileSender", "FileStep"),
            *("cancel_file_transfer", "download_by_ftp", "start_group_upgrade"),
        ),
        "application.interchange": ("from_dict", "to_dict"),
        "application.password": ("password",),
        "dlt645": ("MeterFrame", "MeterFunction"),
    }.items()
    for name in names
}
"""What decoding does not need, and where it is: imported when it is first asked for, so that importing is quick."""


def __getattr__(name: str) -> Any:
    if name not in _ON_DEMAND:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = globals()[name] = getattr(import_module(f".{_ON_DEMAND[name]}", __name__), name)
    return found


def __dir__() -> list[str]:
    return sorted([*__all__, *(name for name in globals() if name.startswith("__"))])
