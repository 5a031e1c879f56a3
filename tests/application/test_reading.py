"""How a frame's edition and AUX are found when the frame does not say: the standard first, then deviations."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import simplejson

from plmsproto import (
    Address,
    Aux,
    DayTime,
    Edition,
    EventCounters,
    Message,
    PlmsError,
    Tp,
    TruncatedError,
    Undecoded,
    decode,
    from_dict,
    to_dict,
)
from plmsproto.application.interchange import plain as to_plain
from plmsproto.link import Control, Frame

D = Decimal
UP, DOWN = 0x88, 0x4A


def frame(user_data: str, *, control: int = UP, tag: int = 2) -> Frame:
    return Frame(Control(control), Address("4401", 2, 1), bytes.fromhex(user_data), tag)


def read(user_data: str, *, control: int = UP, tag: int = 2, edition: str | None = None) -> Message:
    """Reads strictly, and checks that the bytes come back whatever was assumed."""
    sent = frame(user_data, control=control, tag=tag)
    message = decode(sent, edition=edition)
    assert bytes(message) == bytes(sent)
    assert bytes(from_dict(to_dict(message))) == bytes(sent)
    assert bytes(decode(bytes(sent), edition=message.edition)) == bytes(sent)
    return message


TIME = "07 13 15 03 24"
POWERS = "45 23 01 " * 8 + "00 10 " * 4 + "05 22 " * 3
BODY_130 = f"{TIME} {POWERS} " + "23 01 " * 4
BODY_376 = f"{TIME} {POWERS} " + "56 34 12 " * 4 + "45 23 01 " * 4
P1_F25 = "01 01 01 03"

UNDER_TAG = "the layouts are those of {} under tag {}"
OLD, MIDDLE, NEW = "Q/GDW 130-2005", "Q/GDW 376.1-2009", "Q/GDW 1376.1-2013"


# ------------------------------------------------------------------------------------------------- the edition


@pytest.mark.parametrize(
    ("body", "tag", "edition", "deviations", "current"),
    [
        (BODY_130, 1, Edition.GDW130, (), "1.23"),
        (BODY_376, 2, Edition.GDW1376, (), "123.456"),
        (BODY_376, 1, Edition.GDW1376, (UNDER_TAG.format(NEW, "01"),), "123.456"),
    ],
)
def test_present_power_tells_130_from_376_by_its_length(
    body: str, tag: int, edition: Edition, deviations: tuple[str, ...], current: str
) -> None:
    message = read(f"0C 60 {P1_F25} {body}", tag=tag)
    assert (message.edition, message.tag, message.deviations) == (edition, tag, deviations)
    assert message.units[0].value["current_a"] == D(current)


def test_a_body_of_130_under_the_other_tag_is_told() -> None:
    message = read(f"0C 60 {P1_F25} {BODY_130}")
    assert message.units[0].value["current_a"] == D("1.23")
    assert "apparent_power_a" not in message.units[0].value
    assert len(message.deviations) == 1
    assert OLD in message.deviations[0] or "as in 130" in message.deviations[0]


def test_where_several_editions_fit_the_newest_is_taken() -> None:
    message = read("02 70 00 00 01 00", control=0xC9)
    assert (message.edition, message.deviations) == (Edition.GDW1376, ())
    for edition in ("376", "130"):
        assert read("02 70 00 00 01 00", control=0xC9, edition=edition).edition == edition


# F161: six bytes of time and switch state of a meter, whose times have the second from 1376 on.
@pytest.mark.parametrize(("size", "edition"), [(16, Edition.GDW376), (18, Edition.GDW1376)])
def test_376_and_1376_are_told_apart_by_length(size: int, edition: Edition) -> None:
    message = read("0C 60 01 01 01 14 " + "EE " * size)
    assert (message.edition, message.deviations) == (edition, ())


# Frames whose bodies fit one edition only, by length alone; PW of 16 bytes stands behind each.
ONE_EDITION: dict[str, tuple[str, Edition, dict[str, Any]]] = {
    "monthly limit with alarm coefficient": (
        "04 70 01 01 20 05 00 30 00 00 80",
        Edition.GDW1376,
        {"energy_setpoint": 3000, "alarm_coefficient": 80},
    ),
    "monthly limit alone": ("04 70 01 01 20 05 00 30 00 00", Edition.GDW376, {"energy_setpoint": 3000}),
    "threshold of the clock in seconds": (
        "04 70 00 00 04 07 20 40 01 2C 01",
        Edition.GDW1376,
        {"clock_deviation_threshold": 300},
    ),
    "threshold of the clock in minutes": (
        "04 70 00 00 04 07 20 40 01 05",
        Edition.GDW376,
        {"clock_deviation_threshold": 5},
    ),
}


@pytest.mark.parametrize("name", ONE_EDITION)
def test_what_fits_one_edition_is_read_as_that(name: str) -> None:
    user_data, edition, values = ONE_EDITION[name]
    message = read(f"{user_data} {'00 ' * 16}", control=0x4A)
    assert (message.edition, message.deviations) == (edition, ())
    assert values.items() <= message.units[0].value.items()


def test_an_fn_with_two_meanings_is_read_by_what_follows() -> None:
    # AFN 10H F10: in 376.1 a command to a meter, in 1376.1 reading several of its values.
    command = "10 60 00 00 02 01 1F 00 01 00 00 00 00 00 55 03 11 22 33" + "00" * 16
    reading = "10 60 00 00 02 01 1F 00 01 00 00 00 00 00 01 01 00 00 01 00" + "00" * 16
    assert read(command, control=0x4A).units[0].key == "forward_remote_trip"
    assert read(reading, control=0x4A).units[0].key == "forward_meter_batch_reading"
    assert read(reading, control=0x4A).edition is Edition.GDW1376


def test_meters_of_376_under_the_tag_of_130() -> None:
    meter = "01 00 01 00 01 00 21 1E 11 00 00 00 00 00 00 00 00 00 00 00 04 05 00 00 00 00 00 00 00"
    message = read(f"04 70 00 00 02 01 {meter} 00 00", control=0x4A, tag=1)
    assert message.units[0].value["meter"][0]["protocol"] == "dlt645_2007"
    assert message.edition is Edition.GDW1376
    assert message.deviations == (UNDER_TAG.format(NEW, "01"), "PW is 2 bytes wide, 16 expected")


VECTORS = sorted((Path(__file__).parents[2] / "vectors").glob("afn*.jsonl"))


@pytest.mark.parametrize("path", VECTORS, ids=lambda path: path.stem)
def test_every_vector_is_understood_without_being_told_its_edition(path: Path) -> None:
    for line in path.read_text(encoding="utf-8").splitlines():
        vector = simplejson.loads(line, use_decimal=True)
        message = decode(vector["hex"])
        units = [(unit.key, to_plain(unit.value)) for unit in message.units]
        assert units == [(unit["key"], unit["values"]) for unit in vector["units"]], vector["id"]


def test_an_item_that_only_130_has_is_found_under_the_other_tag() -> None:
    message = read("0C 60 00 00 01 00", control=0x4B)
    assert message.units[0].key == "terminal_version_130"
    assert message.edition is Edition.GDW130
    assert message.deviations == (UNDER_TAG.format(OLD, "10"),)


def test_points_are_read_in_the_coding_of_the_edition() -> None:
    assert [unit.pn for unit in read("0C 60 03 03 01 03", control=0x4B, tag=1).units] == [1, 2, 9, 10]
    assert [unit.pn for unit in read("0C 60 03 03 01 03", control=0x4B, tag=2).units] == [17, 18]


@pytest.mark.parametrize(("tag", "edition"), [(2, "130"), (1, "376"), (1, "1376")])
def test_an_edition_that_is_asked_for_is_taken_against_the_tag(tag: int, edition: str) -> None:
    message = read(f"0C 60 {P1_F25}", control=0x4B, tag=tag, edition=edition)
    assert message.edition == edition
    assert message.tag == tag
    (deviation,) = message.deviations
    assert f"tag {tag:02b}" in deviation


def test_an_edition_that_is_asked_for_is_not_left() -> None:
    sent = frame(f"0C 60 {P1_F25} {BODY_130}")
    with pytest.raises(PlmsError):
        decode(frame(f"0C 60 {P1_F25} {BODY_376}", tag=1), edition="130")
    message = decode(sent, edition="1376", strict=False)
    assert message.edition is Edition.GDW1376


def test_what_fits_nothing_is_read_as_the_standard_says() -> None:
    message = decode(frame(f"0C 60 {P1_F25} {BODY_376} 01 02"), strict=False)
    assert (message.edition, message.deviations) == (Edition.GDW1376, ())
    assert message.units[0].value["current_a"] == D("123.456")
    assert message.rest == Undecoded(b"\1\2")
    with pytest.raises(PlmsError, match="bytes left over"):
        decode(frame(f"0C 60 {P1_F25} {BODY_376} 01 02"))


# -------------------------------------------------------------------------------------------------------- PW

SET_CLOCK = "05 70 00 00 40 03 59 07 13 15 A3 24"


@pytest.mark.parametrize(
    ("tag", "pw", "deviation"),
    [
        (1, "12 34", None),
        (2, "12 34" + "00" * 14, None),
        (2, "12 34", "PW is 2 bytes wide, 16 expected"),
        (2, "", "PW is missing, 16 bytes expected"),
        (1, "", "PW is missing, 2 bytes expected"),
        (1, "12 34" + "00" * 14, "PW is 16 bytes wide, 2 expected"),
    ],
)
@pytest.mark.parametrize("tp", ["", "05 59 07 13 15 0A"])
def test_pw_of_any_width_is_found_under_either_tag(tag: int, pw: str, deviation: str | None, tp: str) -> None:
    user_data = SET_CLOCK.replace("05 70", "05 F0") if tp else SET_CLOCK
    message = read(f"{user_data} {pw} {tp}", control=DOWN, tag=tag)
    assert message.deviations == ((deviation,) if deviation else ())
    assert message.aux == Aux(bytes.fromhex(pw), None, Tp(5, DayTime(15, 13, 7, 59), 10) if tp else None)
    assert message.units[0].value == {"clock": dt.datetime(2024, 3, 15, 13, 7, 59)}
    assert message.edition is (Edition.GDW130 if tag == 1 else Edition.GDW1376)


def test_answers_have_no_pw() -> None:
    assert read("00 60 00 00 01 00", control=0x80).aux == Aux()
    assert read("00 60 00 00 01 00", control=0x00).aux == Aux()


# -------------------------------------------------------------------------------------------------- EC and Tp

CLOCK = "00 00 02 00 59 07 13 15 A3 24"
LABEL = "05 59 07 13 15 0A"


@pytest.mark.parametrize(
    ("control", "user_data", "aux", "deviations"),
    [
        (0xA8, f"0C 60 {CLOCK} 28 3B", Aux(ec=EventCounters(40, 59)), ()),
        (0xA8, f"0C 60 {CLOCK}", Aux(), ("ACD is set, but EC is missing",)),
        (0xA8, f"0C E0 {CLOCK} 28 3B {LABEL}", Aux(ec=EventCounters(40, 59), tp=Tp(5, DayTime(15, 13, 7, 59), 10)), ()),
        (0xE9, "02 70 00 00 01 00", Aux(), ()),
        (0xE9, "02 70 00 00 01 00 28 3B", Aux(ec=EventCounters(40, 59)), ("EC in AFN 02",)),
        (0x88, f"0C E0 {CLOCK}", Aux(), ("TpV is set, but Tp is missing",)),
        (0xA8, f"0C E0 {CLOCK}", Aux(), ("ACD is set, but EC is missing", "TpV is set, but Tp is missing")),
        (0x88, f"0C E0 {CLOCK} 05 EE EE EE EE 0A", Aux(tp=Tp(5, None, 10)), ()),
        (0x88, f"0C E0 {CLOCK} 05 FF FF FF FF 0A", Aux(tp=Tp(5, Undecoded(b"\xff" * 4), 10)), ()),
        (0x00, "00 60 00 00 01 00", Aux(), ()),  # D5 down is FCB
        (0x20, "00 60 00 00 01 00", Aux(), ()),
    ],
)
def test_ec_and_tp_come_where_acd_and_tpv_say_or_it_is_told(
    control: int, user_data: str, aux: Aux, deviations: tuple[str, ...]
) -> None:
    message = read(user_data, control=control)
    assert (message.aux, message.deviations) == (aux, deviations)


def test_a_time_label_that_is_no_time_is_an_error_with_its_place() -> None:
    sent = frame(f"0C E0 {CLOCK} 05 59 07 24 15 0A")
    message = decode(sent, strict=False)
    (error,) = message.errors
    assert error.path == "AUX Tp"
    assert error.offset == 14 + 10 + 1
    assert message.aux.tp == Tp(5, Undecoded(bytes.fromhex("59 07 24 15")), 10)
    assert bytes(message) == bytes(sent)


def test_less_than_aux_is_truncated() -> None:
    message = decode(frame("04 70 01", control=DOWN), strict=False)
    assert message.rest == Undecoded(b"\1")
    assert isinstance(message.errors[0], TruncatedError)
    assert bytes(message) == bytes(frame("04 70 01", control=DOWN))


# --------------------------------------------------------------------------------------------- forms of bodies

N = 3
VOLTAGES = "01 00 " * (3 * N)


@pytest.mark.parametrize(
    ("currents", "deviations"),
    [(3 * (N - 1), 0), (3 * N, 1)],
)
def test_harmonic_ratios_in_both_forms(currents: int, deviations: int) -> None:
    message = read(f"0C 60 01 01 02 07 {N:02X} {VOLTAGES}" + "02 00 " * currents)
    value = message.units[0].value
    assert value["max_harmonic_order"] == N
    assert [len(value[f"harmonic_current_ratio_{phase}"]) for phase in "abc"] == [currents // 3] * 3
    assert len(message.deviations) == deviations
    assert message.reading.variant == bool(deviations)
    if deviations:
        assert "0C F58 p1: the currents begin with their total distortion" in message.deviations


def test_a_variant_is_told_only_of_the_items_that_have_one() -> None:
    clock = "00 00 02 00 59 07 13 15 A3 24"
    message = read(f"0C 60 {clock} 01 01 02 07 {N:02X} {VOLTAGES}" + "02 00 " * (3 * N))
    assert message.deviations == ("0C F58 p1: the currents begin with their total distortion",)


RECORD = "07 13 15 03 24 03 80"


def test_event_lengths_that_count_their_head() -> None:
    sound = read(f"0E 60 00 00 01 00 05 00 03 05 0C 07 {RECORD} 0C 07 {RECORD}", control=0xC4)
    assert sound.deviations == ()
    odd = read(f"0E 60 00 00 01 00 05 00 03 05 0C 09 {RECORD} 0C 09 {RECORD}", control=0xC4)
    assert odd.deviations == ("the length of event records counts their two head bytes",)
    assert odd.reading.length_includes_head

    def data(message: Message) -> list[Any]:
        return [record["data"] for record in message.units[0].value["record"]]

    assert data(odd) == data(sound)


def test_task_data_in_the_form_of_130_under_the_other_tag() -> None:
    inner = "01 01 01 10 07 13 15 03 24 01 00 34 12 00 00 00 34 12 00 00"
    message = read(f"0B 60 01 01 01 00 {inner}")
    (unit,) = message.units
    (reading,) = unit.value["inner_unit"]
    assert (reading.afn, reading.fn, reading.pn, reading.key) == (0x0C, 129, 1, "present_forward_active_reading")
    assert reading.value["forward_active_energy"] == [D("12.34"), D("12.34")]
    assert message.deviations == ("0B F1 p1: answers a task request as in 130, with AFN 0BH around the data units",)


def test_task_data_of_130_are_data_units_in_a_data_unit() -> None:
    message = read("0B 60 01 01 01 00 00 00 02 00 59 07 13 15 A3 24 " + f"{P1_F25} {BODY_130}", tag=1)
    (unit,) = message.units
    assert [(inner.name, inner.key) for inner in unit.value["inner_unit"]] == [
        ("0C F2 p0", "terminal_clock"),
        ("0C F25 p1", "present_power"),
    ]
    assert message.deviations == ()


def test_all_points_of_ffff_is_an_option() -> None:
    sent = frame("05 70 FF FF 02 00 " + "00 " * 16, control=DOWN)
    assert len(decode(sent, strict=False).units) > 0
    data = frame("0C 60 FF FF 01 03", control=0x4B)
    assert [unit.pn for unit in decode(data).units] == list(range(2033, 2041))
    message = decode(data, ffff_is_all=True)
    assert [unit.name for unit in message.units] == ["0C F25 all points"]
    assert bytes(message) == bytes(data)
    assert bytes(from_dict(to_dict(message))) == bytes(data)


def test_a_value_that_is_none_is_no_reason_for_another_edition() -> None:
    wrong = BODY_376.replace("05 22", "0A 22", 1)
    message = decode(frame(f"0C 60 {P1_F25} {wrong}"), strict=False)
    assert (message.edition, message.deviations) == (Edition.GDW1376, ())
    assert [error.path for error in message.errors] == ["0C F25 p1 voltage_a"]
