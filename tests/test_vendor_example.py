"""The examples of extensions: with them, private frames are read whole, and those of the standard as without them."""

from __future__ import annotations

import datetime as dt
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from real_frames import real_frames

import plmsproto as plms
from plmsproto import Catalogue, Direction, Edition, EventEntry, ItemEntry, Message, decode

EXAMPLES = Path(__file__).parent.parent / "examples"
VENDOR, BREAKER = "vendor.toml", "circuit_breaker.toml"

FRAMES = {frame["id"]: frame for frame in real_frames()}
INTACT = [name for name, frame in FRAMES.items() if frame["intact"]]

# The frames that are read whole with a file and not without.
READ: dict[str, tuple[str, ...]] = {
    VENDOR: (
        "130-0D-down-001",
        "130-0D-down-002",
        "130-0F-down-001",
        "130-0F-up-001",
        "130-94-down-002",
        "130-94-up-002",
        "130-F1-down-001",
        "376-04-down-016",
        "376-04-down-017",
        "376-04-down-019",
        "376-04-down-035",
        "376-04-down-036",
        "376-04-down-040",
        "376-04-down-041",
        "376-0C-down-001",
        "376-0C-down-003",
        "376-0D-down-001",
        "376-0D-up-002",
        "376-0E-up-007",
        "376-0E-up-009",
        "376-0E-up-010",
        "376-F1-down-001",
        "376-F1-down-002",
        "376-F1-down-005",
        "376-F1-down-008",
        "376-F1-down-011",
        "376-F1-down-012",
        "376-F1-up-004",
        "376-F1-up-005",
        "376-F1-up-009",
        "376-F1-up-010",
        "376-F1-up-012",
        "376-F1-up-013",
        "376-F1-up-014",
        "376-F1-up-015",
        "376-F1-up-016",
        "376-F1-up-017",
        "376-F1-up-019",
        "376-F1-up-021",
        "376-F1-up-022",
        "376-F1-up-025",
        "376-F1-up-029",
        "376-F1-up-030",
        "376-F1-up-031",
        "376-F1-up-032",
        "376-F1-up-036",
    ),
    BREAKER: ("376-04-down-039", "376-0C-down-009"),
}

# The frames that no file reads whole, and why.
LEFT: dict[str, str] = {
    # The standard's items, with bytes that are wrong (see test_real_frames).
    "130-04-down-008": "filler where text should be",
    "376-04-down-007": "four bytes 00 behind the last unit",
    "376-04-down-026": "a count of 18 before one entry",
    "376-0D-up-007": "four bytes 00 behind the last unit",
    # Nothing says what the bytes are.
    "376-0A-down-001": "test data: the body of an answer in a request, so that its end looks like F137",
    "376-0A-down-009": "asks for F85, of which its source says nothing",
    "376-0C-up-013": "bodies of F4, F5, F7, F8, F10, F12 that are not the standard's; its source does not explain them",
    "376-0C-up-014": "as 376-0C-up-013",
    "376-0C-up-017": "as 376-0C-up-013",
    "376-0C-up-018": "as 376-0C-up-013",
    "376-0C-up-019": "as 376-0C-up-013",
    "376-0C-up-020": "as 376-0C-up-013",
    "376-0C-up-021": "as 376-0C-up-013",
    "376-0C-up-022": "as 376-0C-up-013",
    "376-0C-up-023": "as 376-0C-up-013",
    # No data units: a catalogue has no words for them.
    "130-8C-up-003": "the identifier names no point in 130",
    "376-0B-up-001": "points as plain numbers, low byte first, in the place of members and group",
    "376-0B-up-002": "as 376-0B-up-001",
    "376-FE-down-001": "identifier 00 00 00 00, which names no Fn, and a terminal's address",
}

# What the sources of the frames say, and what the files read off the bytes.
VALUES: dict[str, dict[str, Any]] = {
    "130-0D-down-001": {"curve.start_time": dt.datetime(2095, 6, 11), "curve.density": "every_15_minutes"},
    "130-0D-down-002": {"curve.start_time": dt.datetime(2095, 6, 11, 1, 15), "curve.point_count": 1},
    "130-0F-down-001": {"firmware_text": "V000003081213VVV"},
    "130-0F-up-001": {"file_name": "nib.tuoyal"},
    "130-94-down-002": {"confirmed_afn": 0x94},
    "130-94-up-002": {"clock": dt.datetime(2018, 4, 13, 6, 57, 43)},
    "376-04-down-016": {"device_text": "1234567"},
    "376-04-down-017": {"device_text": "12345678"},
    "376-04-down-035": {"task_count": 4, "task.0.task_number": 994, "task.3.task_number": 997},
    "376-04-down-036": {"task_count": 0, "task": []},
    "376-04-down-039": {"password": b"\xee\xee\xee"},
    "376-04-down-040": {"reading_task": "start"},
    "376-04-down-041": {"reading_task": "stop"},
    "376-0C-down-001": {"path": "/mnt/local/check.sh"[::-1]},
    "376-0C-down-003": {"path": "/mnt/local/check.sh"[::-1], "file_offset": 0, "byte_count": 1000},
    "376-0D-down-001": {
        "curve": {"start_time": dt.datetime(2015, 6, 11, 1, 15), "density": "every_15_minutes", "point_count": 1}
    },
    "376-0E-up-007": {
        "important_event_counter": 0xB9,
        "record.0.event": "vendor_leakage_breaker",
        "record.0.data.event_time": dt.datetime(2010, 8, 3, 18, 38),
        "record.0.data.precise_time.second": 26,
    },
    "376-0E-up-009": {
        "important_event_counter": 3,
        "general_event_counter": 0,
        "start_pointer": 0,
        "end_pointer": 1,
        "record.0.erc": 36,
        "record.0.data.event_time": dt.datetime(2010, 8, 2, 14, 18),
        "record.0.data.precise_time": {
            "second": 54,
            "minute": 17,
            "hour": 14,
            "weekday": 1,
            "day": 2,
            "month": 8,
            "year": 2010,
        },
    },
    "376-0E-up-010": {
        "important_event_counter": 20,
        "general_event_counter": 11,
        "record.0.erc": 52,
        "record.0.data.event_time": dt.datetime(2015, 4, 15, 9, 36),
    },
    "376-F1-down-001": {"cdma_text": ["1000000-4321", "1234-0000001"], "setting_number": 60},
    "376-F1-down-011": {"mac_address": bytes.fromhex("80 00 11 11 00 01")},
    "376-F1-up-004": {"function_code": 0},
    "376-F1-up-036": {"cdma_text": ["321012345678", "876543210123"]},
    "damaged-051": {"mac_address": bytes.fromhex("08 00 11 22 33 44")},
}


@cache
def catalogue(name: str) -> Catalogue:
    return Catalogue.load(EXAMPLES / name)


def read(name: str, file: str | None = None) -> Message:
    return decode(FRAMES[name]["hex"], strict=False, catalogue=catalogue(file) if file else None)


def file_of(name: str) -> str:
    return next((file for file, names in READ.items() if name in names), VENDOR)


def own_entries(file: str) -> list[ItemEntry | EventEntry]:
    known = catalogue(file)
    return [entry for entry in [*known.items(), *known.events()] if entry.source == str(EXAMPLES / file)]


def test_frames_that_are_not_read_whole_without_a_file_are_accounted_for() -> None:
    listed = [*(name for names in READ.values() for name in names), *LEFT]
    assert sorted(listed) == sorted(name for name in INTACT if read(name).errors)


@pytest.mark.parametrize(("file", "name"), [(file, name) for file, names in READ.items() for name in names])
def test_frames_are_read_whole_with_the_file(file: str, name: str) -> None:
    message = read(name, file)
    assert message.errors == ()
    assert message.rest is None
    assert all(unit.key for unit in message.units)
    assert bytes(message) == bytes.fromhex(FRAMES[name]["hex"])
    assert bytes(plms.from_dict(plms.to_dict(message), catalogue=catalogue(file))) == bytes(message)


@pytest.mark.parametrize("name", LEFT)
def test_frames_that_a_file_can_not_explain_stay_as_they_are(name: str) -> None:
    assert all(str(read(name, file).errors) == str(read(name).errors) for file in READ)


@pytest.mark.parametrize("file", READ)
def test_frames_of_the_standard_are_read_as_before(file: str) -> None:
    for name in INTACT:
        without = read(name)
        if not without.errors:
            assert read(name, file) == without


@pytest.mark.parametrize(("name", "path"), [(name, path) for name, values in VALUES.items() for path in values])
def test_values_are_those_of_the_sources(name: str, path: str) -> None:
    value = read(name, file_of(name)).units[0].value
    for part in path.split("."):
        value = value[int(part) if part.isdigit() else part]
    assert value == VALUES[name][path]


def test_every_statement_of_a_source_is_checked() -> None:
    stated = {name for names in READ.values() for name in names if {"stated", "reading"} & FRAMES[name].keys()}
    assert stated <= VALUES.keys()


def test_the_breakers_event_does_not_take_the_place_of_the_standards() -> None:
    known = catalogue(VENDOR)
    assert known.event(36, Edition.GDW1376).key == "control_output_switch_change"
    assert {read(name, VENDOR).edition for name in ("376-0E-up-007", "376-0E-up-009")} == {Edition.GDW376}


def test_the_wrong_vendors_file_reads_another_meaning_into_a_frame() -> None:
    assert read("376-04-down-039", VENDOR).errors == ()
    assert read("376-04-down-039", VENDOR).units[0].key == "vendor_reading_task_switch"
    assert read("376-04-down-040", BREAKER).deviations == ("PW is missing, 16 bytes expected",)


# -------------------------------------------------------------------------------------------------- the files


@pytest.mark.parametrize("file", READ)
def test_entries_are_described_and_say_that_they_are_inferred(file: str) -> None:
    entries = own_entries(file)
    assert entries
    for entry in entries:
        assert entry.en, entry.title
        assert entry.zh, entry.title
        assert entry.note, entry.title
        assert entry.confidence == "low", entry.title


@pytest.mark.parametrize(("file", "name"), [(file, name) for file, names in READ.items() for name in names])
def test_fields_have_chinese_names(file: str, name: str) -> None:
    message = read(name, file)
    for unit in message.units:
        assert [line.path for line in message.lines(unit) if not line.zh and not line.name.startswith("[")] == []


@pytest.mark.parametrize("file", READ)
def test_names_of_the_library_keep_their_meaning(file: str) -> None:
    with (EXAMPLES / file).open("rb") as opened:
        names = tomllib.load(opened)["names"]
    plain = Catalogue()
    assert [name for name in names if plain.zh(name)] == []


@pytest.mark.parametrize("file", READ)
def test_every_entry_can_be_built_and_read(file: str) -> None:
    for entry in own_entries(file):
        if not isinstance(entry, ItemEntry):
            continue
        for edition in entry.editions:
            for direction in Direction:
                if direction is Direction.UP and entry.afn == 0x04:
                    continue  # parameters travel up under AFN 0A
                for message in plms.examples(entry.key, direction, edition=edition, catalogue=catalogue(file)):
                    again = decode(bytes(message), edition=edition, catalogue=catalogue(file))
                    assert again.units[0].key == entry.key
                    assert bytes(again) == bytes(message)
