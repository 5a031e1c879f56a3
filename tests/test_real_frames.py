"""Real frames and the sample frames of the standard's companion: what they say, byte for byte and value for value."""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal
from typing import Any

import pytest
from real_frames import real_frames

import plmsproto as plms
from plmsproto import (
    Address,
    Afn,
    BadStructureError,
    BadValueError,
    DayTime,
    Direction,
    Edition,
    EventCounters,
    Identifier,
    MeterFrame,
    PlmsError,
    Tp,
    TruncatedError,
    Undecoded,
    UnknownItemError,
    YearMonth,
    decode,
    explain,
)
from plmsproto.link import Frame

D = Decimal

INTACT = {frame["id"]: frame for frame in real_frames() if frame["intact"]}

STANDARD = {name: frame for name, frame in INTACT.items() if int(frame["afn"], 16) <= max(Afn)}

# Frames of the standard's AFN that can't be read whole, and why.
ERRORS: dict[str, tuple[type[PlmsError], str]] = {
    # Filler where the name of an access point should be.
    "130-04-down-008": (BadValueError, "04 F3 p0 apn: not ascii text: found 11 11"),
    # Four bytes 00 behind the last unit.
    "376-04-down-007": (BadStructureError, "04: DT names no Fn: found 00 00"),
    "376-0D-up-007": (BadStructureError, "0D: DT names no Fn: found 00 00"),
    # Says that there are 18 ports, and has one.
    "376-04-down-026": (TruncatedError, "04 F33 p0 port: the data end inside a list of 18"),
    # Vendors' and provinces' own Fn.
    "130-0D-down-001": (UnknownItemError, "0D F139 p1: unknown item"),
    "130-0D-down-002": (UnknownItemError, "0D F139 p1: unknown item"),
    "376-0D-down-001": (UnknownItemError, "0D F139 p1: unknown item"),
    "376-0D-up-002": (UnknownItemError, "0D F139 p1: unknown item"),
    "130-0F-down-001": (UnknownItemError, "0F F100 p0: unknown item"),
    "130-0F-up-001": (UnknownItemError, "0F F3 p0: unknown item"),
    "376-04-down-016": (UnknownItemError, "04 F225 p0: unknown item"),
    "376-04-down-017": (UnknownItemError, "04 F225 p0: unknown item"),
    "376-04-down-019": (UnknownItemError, "04 F225 p0: unknown item"),
    "376-04-down-035": (UnknownItemError, "04 F40 p0: unknown item"),
    "376-04-down-036": (UnknownItemError, "04 F40 p0: unknown item"),
    "376-04-down-039": (UnknownItemError, "04 F50 p1: unknown item"),
    "376-04-down-040": (UnknownItemError, "04 F50 p0: unknown item"),
    "376-04-down-041": (UnknownItemError, "04 F50 p0: unknown item"),
    "376-0A-down-001": (UnknownItemError, "0A F137 p329: unknown item"),
    "376-0A-down-009": (UnknownItemError, "0A F85 p0: unknown item"),
    # Points as plain numbers, low byte first, in the place of members and group.
    "376-0B-up-001": (BadStructureError, "DA names no point: found 01 00"),
    "376-0B-up-002": (BadStructureError, "DA names no point: found 01 00"),
    "376-0C-down-001": (UnknownItemError, "0C F1002 p0: unknown item"),
    "376-0C-down-003": (UnknownItemError, "0C F1003 p0: unknown item"),
    "376-0C-down-009": (UnknownItemError, "0C F193 p0: unknown item"),
    # One vendor's report of many points, whose F4 has more bytes than the standard's.
    "376-0C-up-013": (UnknownItemError, "0C F1906 p1898: unknown item"),
    "376-0C-up-014": (UnknownItemError, "0C F1906 p1898: unknown item"),
    "376-0C-up-017": (UnknownItemError, "0C F1906 p1898: unknown item"),
    "376-0C-up-018": (UnknownItemError, "0C F1906 p1898: unknown item"),
    "376-0C-up-019": (UnknownItemError, "0C F1906 p1898: unknown item"),
    "376-0C-up-020": (UnknownItemError, "0C F1906 p1898: unknown item"),
    "376-0C-up-021": (BadStructureError, "DA names no point: found 00 01"),
    "376-0C-up-022": (BadStructureError, "DA names no point: found 00 01"),
    "376-0C-up-023": (BadStructureError, "DA names no point: found 00 01"),
    # A vendor's leakage breaker event under the code of another.
    "376-0E-up-007": (BadStructureError, "record[0].data: an event record longer than its ERC36: found 23 bytes"),
    "376-0E-up-009": (BadStructureError, "record[0].data: an event record longer than its ERC36: found 23 bytes"),
    "376-0E-up-010": (UnknownItemError, "record[0].data: unknown event code ERC52"),
}


def raw_of(frame: dict[str, Any]) -> bytes:
    return bytes.fromhex(frame["hex"])


@pytest.mark.parametrize("name", INTACT)
def test_every_frame_comes_back_byte_for_byte(name: str) -> None:
    raw = raw_of(INTACT[name])
    message = decode(raw, strict=False)
    assert bytes(message) == raw
    assert message.direction.value == INTACT[name]["dir"]
    assert f"{int(message.afn):02X}" == INTACT[name]["afn"]


@pytest.mark.parametrize("name", INTACT)
def test_every_edition_and_option_gives_the_bytes_back(name: str) -> None:
    raw = raw_of(INTACT[name])
    for edition in Edition:
        for ffff_is_all in (False, True):
            assert bytes(decode(raw, strict=False, edition=edition, ffff_is_all=ffff_is_all)) == raw


@pytest.mark.parametrize("name", INTACT)
def test_strict_decoding_raises_the_first_error_of_lenient_decoding(name: str) -> None:
    raw = raw_of(INTACT[name])
    errors = decode(raw, strict=False).errors
    if not errors:
        decode(raw)
        return
    with pytest.raises(PlmsError) as caught:
        decode(raw)
    assert type(caught.value) is type(errors[0])
    assert str(caught.value) == str(errors[0])


@pytest.mark.parametrize("name", STANDARD)
def test_frames_of_the_standard_are_read_whole_or_for_a_known_reason_not(name: str) -> None:
    message = decode(raw_of(STANDARD[name]), strict=False)
    if name not in ERRORS:
        assert message.errors == ()
        assert message.rest is None
        return
    kind, words = ERRORS[name]
    assert [type(error) for error in message.errors] == [kind]
    assert words in str(message.errors[0])


@pytest.mark.parametrize("name", INTACT)
def test_what_is_not_understood_keeps_its_bytes_and_says_why(name: str) -> None:
    raw = raw_of(INTACT[name])
    message = decode(raw, strict=False)
    for part in [unit.value for unit in message.units] + [message.rest]:
        if isinstance(part, Undecoded):
            assert part.error in message.errors
            assert part.error is not None
            assert part.error.offset is not None
            assert part.raw in raw[part.error.offset :] or part.raw in raw


@pytest.mark.parametrize("name", [name for name, frame in INTACT.items() if int(frame["afn"], 16) > 0x10])
def test_vendors_afn_stay_opaque(name: str) -> None:
    message = decode(raw_of(INTACT[name]), strict=False)
    assert not isinstance(message.afn, Afn)
    assert message.afn_name == INTACT[name]["afn"]
    assert [type(error) for error in message.errors] == [UnknownItemError]
    opaque = message.units[-1].value if message.units else message.rest
    assert isinstance(opaque, Undecoded)
    assert [unit.key for unit in message.units] == [""] * len(message.units)


@pytest.mark.parametrize("name", INTACT)
def test_the_annotated_dump_covers_the_frame(name: str) -> None:
    raw = raw_of(INTACT[name])
    _, spans = explain(Frame.parse(raw))
    position = 0
    for span in spans:
        assert span.offset == position
        position += span.size
    assert position == len(raw)


# ------------------------------------------------------------------------------- what the frames' sources say

# Values by path: attributes, keys and indices. Those that the sources state or read are checked, wherever the field of
# the standard has them; comments tell where a source's own reading of the bytes errs.
VALUES: dict[str, dict[str, Any]] = {
    "130-0C-down-001": {
        "control.value": 0x4A,
        "address": Address("1210", 0x0064, 1),
        "units.0.key": "terminal_version_130",
        "aux.tp": Tp(0, DayTime(25, 9, 24, 35), 0),
        "edition": Edition.GDW130,
    },
    "130-0C-up-001": {
        "units.0.value": {
            "manufacturer_code": "NBSX",  # read as NBXS, but the bytes are 4E 42 53 58
            "device_number": "10020001",
            "software_version": "CQ03",
            "software_release_date": dt.date(2014, 8, 8),
            "capacity_code": "GZ3DJGZ23",
        },
        "aux.tp.sent": DayTime(24, 15, 9, 33),
        "edition": Edition.GDW130,
    },
    "1376-00-down-001": {
        "units.0.value": {"confirmed_afn": 2, "unit": [{"identifier": Identifier((0,), (1,)), "result": "accepted"}]},
    },
    "376-00-down-009": {"control.value": 0x0B, "afn": 0, "seq.number": 1, "units.0.key": "confirm_all"},
    "376-00-down-019": {
        "units.0.value": {"confirmed_afn": 2, "unit": [{"identifier": Identifier((0,), (1,)), "result": "accepted"}]},
    },
    **{
        f"376-00-up-{number:03}": {"units.0.key": key, "aux.ec": EventCounters(important, 59)}
        for number, key, important in [
            (2, "confirm_all", 40),
            (3, "confirm_all", 41),
            (4, "confirm_all", 42),
            (5, "confirm_all", 43),
            (6, "confirm_all", 44),
            (7, "confirm_all", 45),
            (9, "confirm_all", 47),
            (10, "confirm_all", 48),
            (13, "confirm_all", 51),
            (14, "confirm_all", 52),
            (17, "confirm_all", 55),
            (20, "confirm_all", 58),
            (27, "deny_all", 43),
            (28, "deny_all", 44),
        ]
    },
    "376-02-up-020": {"control.value": 0xC9, "afn": 2, "seq.number": 1, "seq.con": True, "units.0.key": "heartbeat"},
    "376-02-up-025": {"address": Address("2041", 15), "units.0.key": "heartbeat"},
    "376-02-up-026": {"units.0.key": "heartbeat", "units.0.value": {}, "aux.tp": Tp(1, DayTime(5, 18, 14, 15), 5)},
    "130-02-up-005": {"units.0.key": "login", "aux.tp": Tp(5, DayTime(22, 15, 32, 56), 0)},
    "376-0B-up-002": {  # Td_c 2008-11-20 15:00, density 1, 5 points, twice, behind identifiers that are none
        "rest": Undecoded(
            bytes.fromhex(
                "01000200 0100010A0015201108 0105 000011000012000093000094000095"
                "0100020A0015201108 0105 000011000012000093000094000095"
            )
        ),
    },
    "376-0C-down-001": {"units.0.fn": 1002, "units.0.value.raw": b"\x13\x00" + b"/mnt/local/check.sh"[::-1]},
    "376-0C-down-003": {
        "units.0.fn": 1003,
        "units.0.value.raw": b"\x13\x00" + b"/mnt/local/check.sh"[::-1] + bytes(4) + (1000).to_bytes(2, "little"),
    },
    "376-0C-down-006": {"units.0.pn": 2, "units.0.fn": 129, "units.0.key": "present_forward_active_reading"},
    "376-0C-down-013": {"units.0.fn": 23, "units.0.pn": 1, "aux.pw": b"", "aux.tp": Tp(4, DayTime(4, 17, 30, 35), 5)},
    "376-0C-up-002": {
        "units.0.key": "present_forward_active_reading",
        "units.0.pn": 3,
        "units.0.value": {
            "read_time": dt.datetime(2017, 2, 24, 16, 32),
            "tariff_count": 4,
            "forward_active_energy": [D("330.2000"), D(0), D(0), D(0), D(0)],
        },
    },
    "376-0C-up-003": {
        "units.0.pn": 1,
        "units.0.value": {
            "read_time": dt.datetime(2014, 1, 10, 3, 48),  # read as November, but the bytes are 10 01 14
            "tariff_count": 4,
            "forward_active_energy": [D(0)] * 5,
        },
        "aux.ec": EventCounters(41, 44),
    },
    "376-0C-up-004": {
        "units.0.key": "present_power",
        "units.0.value.read_time": dt.datetime(2018, 9, 28, 14, 41),
        "units.0.value.active_power_total": None,
        "units.0.value.apparent_power_c": None,
    },
    "376-0C-up-006": {
        "address": Address("9612", 0x3456, 2),
        "units.0.pn": 5,
        "units.0.value.read_time": dt.datetime(2010, 8, 1, 14, 26),
        "units.0.value.active_power_total": D("1.1173"),
        "units.0.value.power_factor_total": D("99.9"),
        "units.0.value.voltage_b": D("220.0"),
        "units.0.value.current_a": D("1.700"),
        "units.0.value.current_zero": None,
        "deviations.0": "0C F25 p5 current_zero: filled with EF, EE expected",
    },
    "376-0C-up-008": {"units.0.value.clock": dt.datetime(2015, 12, 15, 11, 48, 49), "deviations": ()},
    # Read as a clock whose day is 43, off by one byte: the clock is 00 39 07 17 43 15, a Tuesday.
    "376-0C-up-010": {"units.0.value.clock": dt.datetime(2015, 3, 17, 7, 39, 0), "deviations": ()},
    "376-0C-up-011": {
        "units.0.key": "present_forward_reading",
        "units.0.value.read_time": dt.datetime(2016, 8, 22, 14, 56),
        "units.0.value.tariff_count": 4,
        "units.0.value.forward_active_energy": [
            D("3746.2800"),
            D("626.0900"),
            D("723.7500"),
            D("1367.5100"),
            D("1028.9200"),
        ],
        "units.0.value.quadrant_1_reactive_energy": [None] * 5,
        "aux.tp": Tp(2, DayTime(22, 14, 59, 16), 5),
    },
    "376-0E-down-001": {"units.0.key": "general_event", "units.0.value": {"start_pointer": 0, "end_pointer": 255}},
    "376-0E-up-002": {
        "units.0.value.important_event_counter": 3,
        "units.0.value.record": [
            {
                "erc": 14,
                "event": "terminal_power_down_up",
                "data": {
                    "event_time": dt.datetime(2010, 11, 29, 10, 14),
                    "power_up_time": dt.datetime(2010, 11, 29, 9, 51),
                },
            }
        ],
    },
    "376-0E-up-005": {
        "units.0.value.important_event_counter": 110,
        "units.0.value.record.0.erc": 24,
        "units.0.value.record.0.data.event_time": dt.datetime(2010, 12, 7, 22, 9),
        "units.0.value.record.0.data.point": {"measurement_point": 1, "start": False},
        "units.0.value.record.0.data.voltage_a": D("219.0"),
    },
    "376-0E-up-007": {
        "units.0.value.important_event_counter": 185,
        "units.0.value.record.0.erc": 36,
        "units.0.value.record.0.data.raw": bytes.fromhex("3818030810000100000000000000FFFF26381802030810"),
    },
    "376-0E-up-009": {
        "units.0.value.important_event_counter": 3,
        "units.0.value.general_event_counter": 0,
        "units.0.value.start_pointer": 0,
        "units.0.value.end_pointer": 1,
        "units.0.value.record.0.erc": 36,
        "units.0.value.record.0.data.raw": bytes.fromhex("1814020810000101000000000088FFFF54171401020810"),
    },
    "376-0E-up-010": {
        "units.0.value.important_event_counter": 0x14,
        "units.0.value.general_event_counter": 0x0B,
        "units.0.value.start_pointer": 0x13,
        "units.0.value.end_pointer": 0x14,
        "units.0.value.record.0.erc": 0x34,
    },
    "1376-01-down-001": {
        "units.0.key": "reset_hardware",
        "aux.pw": bytes(16),
        "aux.tp": Tp(0, DayTime(3, 18, 53, 55), 0),
        "deviations": (),
    },
    "130-05-down-008": {"units.0.key": "supply_guarantee_engage", "aux.pw": b"UU", "deviations": ()},
    "130-05-down-010": {
        "units.0.value": {"clock": dt.datetime(2007, 10, 26, 17, 24, 0)},
        "aux.pw": b"\0\0",
        "deviations": (),
    },
    "130-04-down-001": {"units.0.key": "pulse_input_configuration", "units.0.value.pulse_input_count": 2},
    "130-0D-down-002": {"units.0.fn": 139, "units.0.value.raw": bytes.fromhex("15 01 11 06 95 01 01")},
    "376-04-down-001": {
        "units.0.key": "meter_configuration",
        "units.0.value.meter_count": 1,
        "units.0.value.meter.0.meter_index": 1,
        "units.0.value.meter.0.measurement_point": 1,
        "units.0.value.meter.0.meter_address": "112233445566",
        "units.0.value.meter.0.collector_address": "112233666666",
        "units.0.value.meter.0.user": {"user_subclass": 1, "user_class": 3},
    },
    "376-04-down-037": {
        "address": Address("9612", 0x3456),
        "units.0.value": {"master_station_phone": "13675834792", "short_message_centre_phone": "8613010360500"},
        "aux.pw": bytes(16),
        "aux.tp": Tp(0, DayTime(1, 0, 0, 0), 0),
    },
    "376-09-up-001": {  # read as NBXS, CQ13 of 2008-08-03, CQ15; the bytes say otherwise
        "units.0.value": {
            "manufacturer_code": "NBSX",
            "device_number": "10020001",
            "software_version": "CQ02",
            "software_release_date": dt.date(2014, 8, 8),
            "capacity_code": "GZ3DJGZ23",
            "protocol_version": "CQ13",
            "hardware_version": "CQ09",
            "hardware_release_date": dt.date(2010, 7, 26),
        },
    },
    **{
        f"376-09-up-{number:03}": {
            "units.0.value.manufacturer_code": "BJYP",
            "units.0.value.device_number": device,
            "units.0.value.software_version": "V409",
            "aux.ec": EventCounters(important, 59),
        }
        for number, device, important in [
            (2, "-0000001", 41),
            (5, "56789121", 44),
            (7, "56789121", 46),
            (9, "56789121", 48),
            (12, "56789121", 51),
            (14, "56789121", 53),
            (15, "56789121", 54),
            (16, "56789121", 55),
        ]
    },
    # The direction bit says that it goes down, where the body lists what is asked for: two numbers of meters.
    "376-0A-down-001": {"units.0.value.meter_count": 2},
    "376-0A-down-002": {
        "address": Address("0574", 9, 1),
        "seq.number": 14,
        "units.0.value": {"meter_count": 1, "meter_index": [22]},
    },
    "376-0A-down-004": {"units.0.value": {"meter_count": 1, "meter_index": [2]}},
    # Its source splits the timeout word 1E 03 into bytes, as 30 s and 3 times; the standard has 12 and 2 bits. It gives
    # the delay as the number sent, which counts 20 ms.
    "376-0A-up-001": {
        "address": Address("9612", 0x3456),
        "units.0.value.request_to_send_delay": 10 * 20,
        "units.0.value.max_transfer_delay": 20,
        "units.0.value.response": {"response_timeout": 0x31E, "resend_count": 0},
        "units.0.value.confirmed_report": {"class1_report": True, "class2_report": True, "class3_report": True},
        "units.0.value.heartbeat_period": 15,
    },
    "376-0A-up-002": {
        "units.0.value.main_ip": "180.97.81.190",
        "units.0.value.main_port": 20005,
        "units.0.value.apn": "cmnet",
    },
    "376-0A-up-007": {
        "units.0.value.recorded_event": list(range(1, 65)),
        "units.0.value.important_event": list(range(1, 65)),
    },
    "376-0D-down-001": {"units.0.fn": 139, "units.0.value.raw": bytes.fromhex("15 01 11 06 15 01 01")},
    "376-0D-down-003": {
        "units.0.pn": 2,
        "units.0.value": {"freeze_day": dt.date(2011, 11, 29)},
        "aux.tp": Tp(0, DayTime(30, 1, 35, 22), 0),
    },
    "376-0D-up-003": {  # its source counts the bytes of equal digits one off: the totals begin in the run before
        "units.0.value.freeze_day": dt.date(2014, 1, 15),
        "units.0.value.read_time": dt.datetime(2014, 1, 15, 15, 20),
        "units.0.value.tariff_count": 4,
        "units.0.value.forward_active_energy": [D("888888.8888")] * 5,
        "units.0.value.forward_reactive_energy": [D("778888.88"), *[D("777777.77")] * 4],
        "units.0.value.quadrant_1_reactive_energy": [D("667777.77"), *[D("666666.66")] * 4],
        "units.0.value.quadrant_4_reactive_energy": [D("556666.66"), *[D("555555.55")] * 4],
    },
    "376-0D-up-005": {
        "units.0.key": "monthly_terminal_power_supply",
        "units.0.value": {
            "freeze_month": YearMonth(2014, 1),
            "power_supply_duration": 203,
            "terminal_reset_count": 3,
        },
        "units.1.key": "daily_terminal_power_supply",
        "units.1.value": {
            "freeze_day": dt.date(2014, 1, 15),
            "power_supply_duration": 51,
            "terminal_reset_count": 1,
        },
    },
    "376-0D-up-007": {
        "address": Address("9612", 0x3456, 2),
        "units.0.key": "active_power_total_curve",
        "units.0.value.curve": {
            "start_time": dt.datetime(2010, 8, 16),
            "density": "every_60_minutes",
            "point_count": 24,
        },
        "units.0.value.active_power_total": [
            *[None] * 16,
            D("1.0785"),
            D("1.0821"),
            D("1.1004"),
            D("1.0963"),
            D("1.0991"),
            *[None] * 3,
        ],
    },
    "376-10-down-013": {
        "units.0.value.port_number": 31,
        "units.0.value.serial_control": {
            "data_bit": 8,
            "odd_parity": False,
            "parity": True,
            "two_stop_bits": False,
            "baud_rate": "baud_2400",
        },
        "units.0.value.content": MeterFrame.read("151230011061", "00010000"),
    },
    "376-10-down-016": {  # the byte timeout of 5 counts 10 ms
        "units.0.value.port_number": 1,
        "units.0.value.frame_timeout": {"value": 10, "unit": "ten_milliseconds"},
        "units.0.value.byte_timeout": 50,
        "units.0.value.serial_control.baud_rate": "baud_9600",
        "units.0.value.content.address": "000000000001",
    },
    "376-10-up-001": {"units.0.value.content": MeterFrame("151230011061", 0x9C)},
    "376-10-up-003": {
        "units.0.value.port_number": 2,
        "units.0.value.content.address": "114712000003",
        "units.0.value.content.data_identifier": "02010300",
        "units.0.value.content.payload": bytes.fromhex("72 23"),  # 237.2 V
    },
    "376-10-up-007": {
        "units.0.value.port_number": 31,
        "units.0.value.content.data_identifier": "00010000",
        "units.0.value.content.payload": bytes.fromhex("78 06 00 00"),  # 6.78 kWh
        "aux.ec": EventCounters(79, 0),
    },
    "376-05-down-001": {"units.0.pn": 1, "units.1.pn": 2, "units.0.key": "remote_trip", "aux.pw": bytes(16)},
    "376-05-down-009": {"units.0.value": {"port_number": 31}, "aux.tp": Tp(1, DayTime(12, 16, 5, 37), 0)},
}


def at(value: Any, path: str) -> Any:
    for part in path.split("."):
        inside = isinstance(value, (dict, list, tuple)) and not hasattr(value, "_fields")
        value = value[int(part) if part.isdigit() else part] if inside else getattr(value, part)
    return value


@pytest.mark.parametrize(("name", "path"), [(name, path) for name, values in VALUES.items() for path in values])
def test_real_frames_say_what_their_sources_say(name: str, path: str) -> None:
    message = decode(raw_of(INTACT[name]), strict=False)
    expected = VALUES[name][path]
    found = at(message, path)
    assert found == expected
    assert (found is None) == (expected is None)


def test_every_statement_of_a_source_is_checked() -> None:
    # Statements about the checksum alone, and about bytes that are no standard field, are covered by the bytes.
    stated = {name for name, frame in STANDARD.items() if {"stated", "reading"} & frame.keys()}
    assert stated - VALUES.keys() == set()


def test_a_lamp_gateways_time_is_found_behind_its_heartbeat() -> None:
    message = decode(raw_of(INTACT["376-02-up-026"]))
    assert message.deviations == ()
    assert message.seq.tpv


# ---------------------------------------------------------------------------------------------- sample frames

SAMPLES: dict[str, str] = {
    "login": "68 32 00 32 00 68 C9 01 44 02 00 00 02 70 00 00 01 00 83 16",
    "confirm": "68 32 00 32 00 68 0B 01 44 02 00 00 00 60 00 00 01 00 B3 16",
    "confirm by unit": "68 4A 00 4A 00 68 0B 01 44 02 00 00 00 60 00 00 04 00 02 00 00 01 00 00 B9 16",
    "heartbeat": "68 4A 00 4A 00 68 C9 01 44 02 00 00 02 71 00 00 04 00 59 07 13 15 A3 24 D6 16",
    "read 130": "68 31 00 31 00 68 4B 01 44 02 00 02 0C 65 01 01 01 03 0B 16",
    "read 376": "68 32 00 32 00 68 4B 01 44 02 00 02 0C 65 01 01 01 03 0B 16",
    "set": "68 51 00 51 00 68 44 01 44 02 00 02 04 75 00 00 01 00 05 01 1E 30 03 05 AB 10 1E 16",
    "read F129": "68 32 00 32 00 68 7B 01 58 11 28 02 0C 60 02 01 01 10 8F 16",
    "reset": "68 8A 00 8A 00 68 41 03 44 07 00 02 01 F1 00 00 02 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00"
    " C1 37 58 10 17 00 FC 16",
    "forward": "68 A6 00 A6 00 68 7B 34 12 01 00 02 10 61 00 00 01 01 1F 00 12 90 78 56 34 12 01 00 FF 01 00 90 78"
    " 56 34 12 90 78 56 34 12 90 78 56 34 12 90 89 16",
}


@pytest.mark.parametrize("name", SAMPLES)
def test_sample_frames_come_back(name: str) -> None:
    assert bytes(decode(SAMPLES[name], strict=False)).hex(" ").upper() == SAMPLES[name]


def test_sample_login() -> None:
    message = decode(SAMPLES["login"])
    assert message.address == Address("4401", 2)
    assert (message.direction, message.afn, message.edition, message.tag) == (
        Direction.UP,
        Afn.LINK_TEST,
        Edition.GDW1376,
        2,
    )
    assert message.control == plms.Control(0xC9)
    assert message.seq == plms.Seq(0, con=True, fir=True, fin=True)
    assert message.seq.single
    assert message.aux == plms.Aux()
    (unit,) = message.units
    assert (unit.pn, unit.fn, unit.key, unit.value, unit.name) == (0, 1, "login", {}, "02 F1 p0")
    assert message.unit("login") is unit
    with pytest.raises(KeyError):
        message.unit("login", pn=1)


def test_sample_confirmations() -> None:
    message = decode(SAMPLES["confirm"])
    assert message.units[0].key == "confirm_all"
    assert (message.direction, message.control.prm, message.control.function) == (Direction.DOWN, False, 11)
    (unit,) = decode(SAMPLES["confirm by unit"]).units
    assert unit.value == {"confirmed_afn": 2, "unit": [{"identifier": Identifier((0,), (1,)), "result": "accepted"}]}


@pytest.mark.parametrize("edition", [None, *Edition])
def test_sample_heartbeat_has_its_clock_in_every_edition(edition: Edition | None) -> None:
    message = decode(SAMPLES["heartbeat"], edition=edition)
    assert message.units[0].value == {"clock": dt.datetime(2024, 3, 15, 13, 7, 59)}
    assert message.seq.number == 1


@pytest.mark.parametrize(("name", "edition"), [("read 130", "130"), ("read 376", "1376")])
def test_sample_requests_tell_their_edition_by_the_tag(name: str, edition: str) -> None:
    message = decode(SAMPLES[name])
    assert message.edition == edition
    assert message.address == Address("4401", 2, master=1)
    assert message.seq.number == 5
    assert [(unit.key, unit.pn) for unit in message.units] == [("present_power", 1)]
    assert message.deviations == ()


def test_sample_reset_has_password_and_time() -> None:
    message = decode(SAMPLES["reset"])
    assert message.units[0].key == "reset_data"
    assert message.aux == plms.Aux(pw=bytes(16), tp=Tp(0xC1, DayTime(17, 10, 58, 37), 0))
    assert message.deviations == ()


def test_sample_request_of_a_source() -> None:
    message = decode(SAMPLES["read F129"])
    assert (message.control.fcb, message.control.fcv, message.control.function) == (True, True, 11)
    assert [(unit.key, unit.pn, unit.fn) for unit in message.units] == [("present_forward_active_reading", 2, 129)]


def test_sample_forwarding_keeps_its_password_apart() -> None:
    message = decode(SAMPLES["forward"], strict=False)
    assert message.aux.pw == bytes.fromhex("90 78 56 34 12 90 78 56 34 12 90 78 56 34 12 90")
    assert (message.units[0].afn, message.units[0].fn, message.units[0].pn) == (0x10, 9, 0)


# ---------------------------------------------------------------------------------------------------- password


@pytest.mark.parametrize(("key", "pw"), [(0xA001, "00 72"), (0x1234, "AB 10"), (0x8408, "F2 70"), (0, "00 00")])
def test_password_vectors(key: int, pw: str) -> None:
    covered = bytes.fromhex("44 01 44 02 00 02 04 75 00 00 01 00")
    assert plms.password(key)(covered) == bytes.fromhex(pw)


def test_the_sample_frames_password_is_the_calculated_one() -> None:
    message = decode(SAMPLES["set"], strict=False)
    assert message.edition is Edition.GDW130
    assert message.aux.pw == bytes.fromhex("AB 10")
    assert plms.password(0x1234)(bytes.fromhex(SAMPLES["set"])[6:18]) == message.aux.pw


@pytest.mark.parametrize("key", [-1, 0x10000])
def test_password_keys_have_sixteen_bits(key: int) -> None:
    with pytest.raises(plms.EncodeError):
        plms.password(key)


# ---------------------------------------------------------------------------------- what decode takes and refuses


@pytest.mark.parametrize(
    "text",
    [
        SAMPLES["login"].replace(" ", ""),
        SAMPLES["login"].lower(),
        " ".join(f"0x{byte}" for byte in SAMPLES["login"].split()),
        ",".join(SAMPLES["login"].split()),
        SAMPLES["login"].replace(" ", "-"),
        SAMPLES["login"].replace(" ", "\n\t"),
        bytes.fromhex(SAMPLES["login"]),
        bytearray.fromhex(SAMPLES["login"]),
        memoryview(bytes.fromhex(SAMPLES["login"])),
        Frame.parse(bytes.fromhex(SAMPLES["login"])),
    ],
    ids=lambda value: type(value).__name__,
)
def test_hex_text_of_any_dress_and_bytes_are_taken(text: Any) -> None:
    assert bytes(decode(text)) == bytes.fromhex(SAMPLES["login"])


def test_what_is_no_frame_is_refused() -> None:
    with pytest.raises(BadStructureError, match="not hex text"):
        decode("login")
    with pytest.raises(plms.TruncatedError):
        decode(SAMPLES["login"][:-9])
    with pytest.raises(BadStructureError):
        decode(SAMPLES["login"] + "00")
    with pytest.raises(plms.EncodeError, match="no such edition"):
        decode(SAMPLES["login"], edition="2013")


def test_a_wrong_checksum_is_told_or_kept() -> None:
    damaged = SAMPLES["login"].replace("83 16", "84 16")
    with pytest.raises(plms.BadChecksumError):
        decode(damaged)
    message = decode(damaged, strict=False)
    assert [type(error) for error in message.errors] == [plms.BadChecksumError]
    assert message.checksum == 0x84
    assert bytes(message).hex(" ").upper() == damaged


def test_a_value_that_is_none_spoils_itself_alone() -> None:
    raw = bytearray.fromhex(INTACT["376-0C-up-002"]["hex"])
    at_minute = raw.index(bytes.fromhex("3216240217"))
    raw[at_minute] = 0x7A
    raw[-2] = sum(raw[6:-2]) & 0xFF
    message = decode(raw, strict=False)
    (error,) = message.errors
    assert isinstance(error, BadValueError)
    assert error.path == "0C F129 p3 read_time"
    assert error.offset == at_minute
    value = message.units[0].value
    assert value["read_time"] == Undecoded(bytes.fromhex("7A16240217"))
    assert value["forward_active_energy"][0] == D("330.2")
    assert bytes(message) == bytes(raw)


def test_errors_read_well() -> None:
    with pytest.raises(UnknownItemError) as caught:
        decode(INTACT["376-0C-down-009"]["hex"])
    assert str(caught.value) == "0C F193 p0: unknown item in Q/GDW 1376.1-2013 (offset 18)"
    assert re.fullmatch(r"UnknownItemError\('.*'\)", repr(caught.value))


def test_the_points_of_a_curve_have_their_times() -> None:
    message = decode(raw_of(INTACT["376-0D-up-007"]), strict=False)
    times = message.point_times(message.units[0])
    assert times == [dt.datetime(2010, 8, 16, hour) for hour in range(24)]
    values = message.units[0].value["active_power_total"]
    assert [time.hour for time, value in zip(times, values, strict=True) if value is not None] == [16, 17, 18, 19, 20]
    other = decode(raw_of(INTACT["376-0D-up-005"]))
    assert other.point_times(other.units[0]) is None
