"""plmsproto: the Power Load Management System Data Transmission Protocol, both ways, in all editions.

Q/GDW 130-2005, Q/GDW 376.1-2009 and Q/GDW 1376.1-2013 (电力负荷管理系统数据传输规约).

This module gathers what users need; what is not named here is the library's own business.
"""

from . import bulk
from ._implementation import IMPLEMENTATION
from .application.afn import Afn
from .application.assembly import Assembled, MessageAssembler, split_message
from .application.auxiliary import Aux, EventCounters, Tp
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
from .application.message import Message, decode
from .application.password import password
from .application.sequence import Seq
from .application.units import DataUnit, Reading
from .catalogue import AfnEntry, Catalogue, EventEntry, ItemEntry, default_catalogue
from .dlt645 import MeterFrame, MeterFunction
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
from .identifier import ALL_POINTS, Identifier
from .layout import Line, Span, Undecoded
from .link import MAX_NETWORK, MAX_RADIO, Address, Control, Direction, Frame, FrameSplitter, Noise

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
    "FileReceiver",
    "FileSender",
    "FileStep",
    "Frame",
    "FrameSplitter",
    "Identifier",
    "ItemEntry",
    "Line",
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


def item(afn: int, fn: int, edition: Edition | str | None = None) -> ItemEntry:
    """The library's catalogue entry of an item; without an edition the newest meaning.

    Raises:
        UnknownItemError: there is none.
    """
    return default_catalogue().item(afn, fn, edition)


def items(afn: int | None = None, edition: Edition | str | None = None) -> list[ItemEntry]:
    """All items of the library's catalogue, of one AFN or all, of one edition or all."""
    return default_catalogue().items(afn, edition)


def event(erc: int, edition: Edition | str | None = None) -> EventEntry:
    """The library's catalogue entry of an event record; without an edition the newest.

    Raises:
        UnknownItemError: there is none.
    """
    return default_catalogue().event(erc, edition)


def events(edition: Edition | str | None = None) -> list[EventEntry]:
    """All event records of the library's catalogue, of one edition or all."""
    return default_catalogue().events(edition)
