"""Builders of both sides: exact bytes of the samples, and what the standard fixes for each kind of message."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from functools import cache
from typing import Any

import pytest

import plmsproto as plms
from plmsproto import (
    ALL_POINTS,
    Address,
    Afn,
    Aux,
    Catalogue,
    Control,
    DayTime,
    Direction,
    Edition,
    EncodeError,
    EventCounters,
    Identifier,
    Message,
    Reading,
    Seq,
    Tp,
    UnknownItemError,
    decode,
)

TERMINAL = Address("4401", 2)
FROM_MASTER = Address("4401", 2, master=1)
FRIDAY = dt.datetime(2024, 3, 15, 13, 7, 59)

PARAMETERS = '''
[[item]]
afn = 0x04
fn = 240
key = "private_limits"
en = "Private limits"
zh = "自定义限值"
[[item.layout]]
dir = "down"
fields = """
count         u1  1..4
limit[count]  u2  V
"""
[[item.layout]]
dir = "query"
fields = """
first  u1
last   u1
"""

[[item]]
afn = 0x04
fn = 241
key = "private_mode"
en = "A private mode"
zh = "自定义方式"
[[item.layout]]
dir = "down"
fields = """
mode  u1 (1=one 2=two)
"""
'''


@cache
def private() -> Catalogue:
    return Catalogue().extended(PARAMETERS)


def text_of(message: Message) -> str:
    return bytes(message).hex(" ").upper()


# ------------------------------------------------------------------------------------------------ exact samples


def test_login_logout_and_heartbeat() -> None:
    assert text_of(plms.login(TERMINAL)) == "68 32 00 32 00 68 C9 01 44 02 00 00 02 70 00 00 01 00 83 16"
    assert text_of(plms.logout(TERMINAL)) == "68 32 00 32 00 68 C9 01 44 02 00 00 02 70 00 00 02 00 84 16"
    assert text_of(plms.heartbeat(TERMINAL, edition="376", number=1)).startswith(
        "68 32 00 32 00 68 C9 01 44 02 00 00 02 71 00 00 04 00"
    )
    assert text_of(plms.heartbeat(TERMINAL, number=1, clock=FRIDAY)) == (
        "68 4A 00 4A 00 68 C9 01 44 02 00 00 02 71 00 00 04 00 59 07 13 15 A3 24 D6 16"
    )


def test_logins_of_130_carry_its_tag() -> None:
    assert text_of(plms.login(TERMINAL, edition="130")) == "68 31 00 31 00 68 C9 01 44 02 00 00 02 70 00 00 01 00 83 16"


def test_what_a_terminal_starts_has_no_master_and_no_group() -> None:
    for message in (
        plms.login(Address("4401", 2, master=9, group=True)),
        plms.report(Address("4401", 2, master=9, group=True), [plms.unit("terminal_clock", {"clock": FRIDAY})]),
    ):
        assert message.address == TERMINAL


def test_confirmations_of_a_login() -> None:
    login = plms.login(TERMINAL)
    assert text_of(plms.confirm(login)) == "68 32 00 32 00 68 0B 01 44 02 00 00 00 60 00 00 01 00 B3 16"
    assert text_of(plms.confirm_units(login)) == (
        "68 4A 00 4A 00 68 0B 01 44 02 00 00 00 60 00 00 04 00 02 00 00 01 00 00 B9 16"
    )


@pytest.mark.parametrize(("edition", "word"), [("130", "31 00"), ("376", "32 00"), ("1376", "32 00")])
def test_a_request_for_class_1_data(edition: str, word: str) -> None:
    message = plms.request("present_power", pn=1, address=FROM_MASTER, edition=edition, number=5)
    assert text_of(message) == f"68 {word} {word} 68 4B 01 44 02 00 02 0C 65 01 01 01 03 0B 16"
    assert decode(bytes(message), edition=edition) == message


def test_a_reset_with_time_and_zeros_for_a_password() -> None:
    message = plms.command(
        "reset_data", address=Address("4403", 7, master=1), number=1, tp=Tp(0xC1, DayTime(17, 10, 58, 37))
    )
    # As a source's sample, but with the bit CON of a command that is to be confirmed.
    assert text_of(message) == (
        "68 8A 00 8A 00 68 41 03 44 07 00 02 01 F1 00 00 02 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00"
        " C1 37 58 10 17 00 FC 16"
    )


# ---------------------------------------------------------------------------------------------- control and SEQ


@pytest.mark.parametrize(
    ("key", "value", "control", "con"),
    [
        ("reset_hardware", None, 0x41, True),
        ("clock_set", {"clock": FRIDAY}, 0x4A, True),
        ("relay_station_status", None, 0x4B, False),
        ("request_cascaded_report", None, 0x4B, False),
        ("present_power", None, 0x4B, False),
        ("important_event", {"start_pointer": 0, "end_pointer": 5}, 0x4B, False),
        ("class2_task_data", {"start_time": FRIDAY}, 0x4B, False),
    ],
)
def test_requests_have_the_control_field_and_con_of_their_afn(key: str, value: Any, control: int, con: bool) -> None:
    message = plms.request(key, address=FROM_MASTER, value=value, number=21)
    assert message.control == Control(control)
    assert message.seq == Seq(5, con=con)
    assert message.seq.single


def test_group_addresses_are_not_asked_for_confirmation() -> None:
    group = Address("4401", 0xFFFF, master=1, group=True)
    message = plms.command("clock_set", {"clock": FRIDAY}, address=group)
    assert not message.seq.con
    assert message.address == group
    assert plms.command("clock_set", {"clock": FRIDAY}, address=FROM_MASTER).seq.con


def test_a_time_label_sets_tpv_and_stands_last() -> None:
    tp = Tp.at(FRIDAY, pfc=7, delay=5)
    message = plms.request("present_power", address=FROM_MASTER, pn=1, tp=tp)
    assert message.seq.tpv
    assert bytes(message)[-8:-2] == bytes.fromhex("07 59 07 13 15 05")
    assert decode(bytes(message)).aux.tp == tp


# ---------------------------------------------------------------------------------------------------- password


@pytest.mark.parametrize(
    ("edition", "password", "pw"),
    [
        ("130", None, "00 00"),
        ("130", b"\x55\x55", "55 55"),
        ("130", b"\x55", "55 00"),
        ("376", None, "00" * 16),
        ("376", bytes(range(16)), bytes(range(16)).hex()),
        ("1376", b"\x12\x34", "12 34" + "00" * 14),
    ],
)
def test_pw_is_as_wide_as_the_edition_says(edition: str, password: bytes | None, pw: str) -> None:
    message = plms.command("clock_set", {"clock": FRIDAY}, address=FROM_MASTER, edition=edition, password=password)
    assert message.aux.pw == bytes.fromhex(pw)
    assert bytes(message)[:-2].endswith(bytes.fromhex(pw))
    assert decode(bytes(message), edition=edition) == message


def test_pw_by_calculation_covers_the_frame_it_goes_with() -> None:
    key = plms.password(0x1234)
    old = plms.command("clock_set", {"clock": FRIDAY}, address=FROM_MASTER, edition="130", password=key, number=3)
    assert old.aux.pw == key(bytes(old)[6:18])
    new = plms.command("clock_set", {"clock": FRIDAY}, address=FROM_MASTER, password=key, number=3)
    assert new.aux.pw == key(bytes(new)[6:18]) + bytes(14)
    assert key(bytes(old)[6:18]) == key(bytes(new)[6:18])


def test_the_samples_password_comes_of_its_frame() -> None:
    sample = bytes.fromhex("68 51 00 51 00 68 44 01 44 02 00 02 04 75 00 00 01 00 05 01 1E 30 03 05 AB 10 1E 16")
    assert decode(sample, strict=False).aux.pw == plms.password(0x1234)(sample[6:18]) == b"\xab\x10"


def test_a_pw_that_is_too_long_is_refused() -> None:
    for edition, size in (("130", 3), ("376", 17)):
        with pytest.raises(EncodeError, match="PW too long"):
            plms.command("reset_hardware", address=FROM_MASTER, edition=edition, password=bytes(size))


def test_only_some_afn_carry_pw() -> None:
    with pytest.raises(EncodeError, match="AFN 0C carries no PW"):
        plms.request("present_power", address=FROM_MASTER, pn=1, password=b"\0\0")
    assert plms.request("present_power", address=FROM_MASTER, pn=1).aux == Aux()


# ---------------------------------------------------------------------------------------- points and items


@pytest.mark.parametrize(
    ("edition", "pn", "identifiers"),
    [
        ("130", [1, 10], ["01 01 01 03", "02 02 01 03"]),
        ("130", [1, 9], ["01 03 01 03"]),
        ("130", [10, 9, 2, 1], ["03 03 01 03"]),
        ("376", [8, 9], ["80 01 01 03", "01 02 01 03"]),
        ("376", [1, 8], ["81 01 01 03"]),
        ("376", [0, 1], ["00 00 01 03", "01 01 01 03"]),
        ("376", ALL_POINTS, ["FF 00 01 03"]),
        ("376", range(1, 9), ["FF 01 01 03"]),
    ],
)
def test_points_are_put_under_as_few_identifiers_as_can_name_them(
    edition: str, pn: Any, identifiers: list[str]
) -> None:
    message = plms.request("present_power", pn=pn, address=FROM_MASTER, edition=edition)
    assert bytes(message)[14:-2] == b"".join(map(bytes.fromhex, identifiers))
    assert decode(bytes(message), edition=edition) == message


def test_several_items_of_one_group_share_an_identifier() -> None:
    message = plms.request(["terminal_clock", "uplink_status"], address=FROM_MASTER)
    first, second = plms.item(0x0C, 2).fn, plms.default_catalogue().item_by_key("uplink_status").fn
    dt1 = 1 << first - 1 | 1 << second - 1
    assert bytes(message)[14:-2] == bytes((0, 0, dt1, 0))
    assert [unit.fn for unit in message.units] == sorted([first, second])


def test_each_point_and_item_gets_the_requests_body() -> None:
    value = {"start_pointer": 0, "end_pointer": 5}
    message = plms.request(["important_event", "general_event"], address=FROM_MASTER, value=value)
    assert bytes(message)[14:-2] == bytes.fromhex("00 00 03 00 00 05 00 05")


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"keys": "present_powr"}, UnknownItemError, "present_power"),
        ({"keys": "present_forward_active_reading", "edition": "130"}, UnknownItemError, "unknown item"),
        ({"keys": ["present_power", "login"]}, EncodeError, "must have one AFN"),
        ({"keys": []}, EncodeError, "none"),
        ({"keys": "present_power", "pn": []}, EncodeError, "no information point"),
        ({"keys": "present_power", "pn": 65, "edition": "130"}, EncodeError, "p1..p64"),
        ({"keys": "present_power", "pn": 2041}, EncodeError, "p1..p2040"),
        ({"keys": "present_power", "pn": -1}, EncodeError, "p1..p2040"),
        ({"keys": "present_power", "edition": "2013"}, EncodeError, "no such edition"),
        ({"keys": "present_power", "value": {"x": 1}}, EncodeError, "no such field"),
        ({"keys": "important_event"}, EncodeError, "start_pointer: no value was given"),
        ({"keys": "clock_set", "value": {"clock": "noon"}}, EncodeError, "clock"),
    ],
)
def test_requests_that_cannot_be_are_refused(arguments: dict[str, Any], error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        plms.request(address=FROM_MASTER, **arguments)


# --------------------------------------------------------------------------------------------- parameters


@pytest.mark.parametrize("edition", list(Edition))
def test_a_parameter_is_set_with_its_body_and_pw(edition: Edition) -> None:
    message = plms.set_parameter(
        "private_limits", {"limit": [220, 380]}, address=FROM_MASTER, edition=edition, catalogue=private()
    )
    assert (message.afn, message.control, message.seq.con) == (Afn.SET_PARAMETER, Control(0x4A), True)
    pw = bytes(2 if edition is Edition.GDW130 else 16)
    assert bytes(message)[12:-2] == bytes.fromhex("04 70 00 00 80 1D 02 DC 00 7C 01") + pw
    found = decode(bytes(message), edition=edition, catalogue=private())
    assert found.units[0].value == {"count": 2, "limit": [220, 380]}


def test_parameters_are_queried_by_afn_0a() -> None:
    value = {"first": 1, "last": 2}
    message = plms.query_parameter("private_limits", value=value, address=FROM_MASTER, catalogue=private())
    assert (message.afn, message.control, message.seq.con) == (Afn.QUERY_PARAMETER, Control(0x4B), False)
    assert bytes(message)[12:-2] == bytes.fromhex("0A 60 00 00 80 1D 01 02")
    both = plms.query_parameter(["private_mode"], address=FROM_MASTER, catalogue=private())
    assert bytes(both)[12:-2] == bytes.fromhex("0A 60 00 00 01 1E")
    found = decode(bytes(message), catalogue=private())
    assert found.units[0].value == value
    assert found.units[0].key == "private_limits"


def test_a_query_is_answered_with_the_layout_of_setting() -> None:
    query = plms.query_parameter(
        "private_limits", value={"first": 1, "last": 2}, address=FROM_MASTER, catalogue=private(), number=9
    )
    unit = plms.unit("private_limits", {"limit": [220]}, catalogue=private())
    answer = plms.respond(query, [unit])
    assert bytes(answer)[12:-2] == bytes.fromhex("0A 69 00 00 80 1D 01 DC 00")
    found = decode(bytes(answer), catalogue=private())
    assert found.units[0].value == {"count": 1, "limit": [220]}
    assert (found.direction, found.control) == (Direction.UP, Control(0x88))


def test_only_parameters_are_set_and_queried() -> None:
    with pytest.raises(EncodeError, match="not a parameter"):
        plms.set_parameter("clock_set", {"clock": FRIDAY}, address=FROM_MASTER)
    with pytest.raises(EncodeError, match="not a parameter"):
        plms.query_parameter("present_power", address=FROM_MASTER)
    with pytest.raises(UnknownItemError):
        plms.set_parameter("private_limits", {"limit": []}, address=FROM_MASTER)


def test_values_out_of_the_standards_range_are_not_built_but_may_be_repeated() -> None:
    with pytest.raises(EncodeError, match=r"outside the standard's range: found 5, expected 1\.\.4"):
        plms.set_parameter("private_limits", {"limit": [1] * 5}, address=FROM_MASTER, catalogue=private())
    sound = plms.set_parameter("private_limits", {"limit": [1] * 4}, address=FROM_MASTER, catalogue=private())
    sound.units[0].value = {"limit": [1] * 5}
    found = decode(bytes(sound), catalogue=private())
    assert found.deviations == ("04 F240 p0 count: 5 is outside 1..4",)
    assert bytes(found) == bytes(sound)


# ------------------------------------------------------------------------------------------- confirmations


def test_a_terminal_confirms_a_command_with_its_number_and_time() -> None:
    tp = Tp.at(FRIDAY, pfc=0x25, delay=5)
    command = plms.command("clock_set", {"clock": FRIDAY}, address=FROM_MASTER, number=5, tp=tp, edition="376")
    answer = plms.confirm(decode(bytes(command)))
    assert (answer.control, answer.afn, answer.address) == (Control(0x80), Afn.CONFIRM, FROM_MASTER)
    assert answer.seq == Seq(5, tpv=True)
    assert answer.aux == Aux(tp=tp)
    assert bytes(answer)[14:18] == bytes.fromhex("00 00 01 00")


def test_event_counters_set_acd_and_stand_before_the_time() -> None:
    command = plms.command("reset_hardware", address=FROM_MASTER, number=5, tp=Tp.at(FRIDAY))
    answer = plms.confirm(command, counters=EventCounters(40, 59))
    assert answer.control == Control(0xA0)
    assert bytes(answer)[18:20] == b"\x28\x3b"
    assert decode(bytes(answer)).aux == Aux(ec=EventCounters(40, 59), tp=Tp.at(FRIDAY))
    with pytest.raises(EncodeError, match="only terminals send event counters"):
        plms.confirm(plms.login(TERMINAL), counters=EventCounters(1, 2))


def test_denials() -> None:
    request = plms.request("present_power", pn=1, address=FROM_MASTER, number=5)
    assert plms.deny(request).control == Control(0x80)
    missing = plms.deny(request, no_such_data=True)
    assert missing.control == Control(0x89)
    assert missing.units[0].key == "deny_all"


def test_a_master_confirms_a_report() -> None:
    report = plms.report(TERMINAL, [plms.unit("terminal_clock", {"clock": FRIDAY})], number=7, confirmed=True)
    answer = plms.confirm(report)
    assert text_of(answer).startswith("68 32 00 32 00 68 00 01 44 02 00 00 00 67 00 00 01 00")


def test_confirmation_unit_by_unit() -> None:
    request = plms.request("present_power", pn=[1, 2], address=FROM_MASTER)
    answer = plms.confirm_units(request, ["accepted", 1])
    assert bytes(answer)[14:-2] == bytes.fromhex("00 00 04 00  0C  01 01 01 03 00  02 01 01 03 01")
    assert decode(bytes(answer)).units[0].value == {
        "confirmed_afn": 0x0C,
        "unit": [
            {"identifier": Identifier((1,), (25,)), "result": "accepted"},
            {"identifier": Identifier((2,), (25,)), "result": "other_error"},
        ],
    }
    for results in ([], [0], [0, 0, 0]):
        with pytest.raises(EncodeError, match="one result for each data unit"):
            plms.confirm_units(request, results)
    with pytest.raises(EncodeError):
        plms.confirm_units(request, ["accepted", "perhaps"])


def test_points_of_130_are_confirmed_in_its_own_coding() -> None:
    request = plms.request("present_power", pn=[1, 17], address=FROM_MASTER, edition="130")
    assert bytes(plms.confirm_units(request))[14:-2] == bytes.fromhex("00 00 04 00  0C  01 01 01 03 00  01 04 01 03 00")


def test_an_answer_carries_the_tag_of_what_it_answers() -> None:
    # A device whose frames have the tag of 130 and layouts of 376.1 would not take a frame with the other tag.
    odd = bytes.fromhex("6839003900684A1134010002057100002004980ACE16")
    command = decode(odd)
    assert (command.tag, command.edition) == (1, Edition.GDW1376)
    assert plms.confirm(command).tag == 1


def test_answers_go_to_the_terminal_that_asked_without_the_group_flag() -> None:
    group = plms.command("reset_hardware", address=Address("4401", 2, master=3, group=True))
    assert plms.confirm(group).address == Address("4401", 2, master=3)


# ------------------------------------------------------------------------------------------ data and reports


def test_an_answer_shares_identifiers_where_it_can() -> None:
    request = plms.request("terminal_clock", address=FROM_MASTER, number=3)
    units = [plms.unit("terminal_clock", {"clock": FRIDAY}, pn=pn) for pn in (0, 1, 2, 9)]
    answer = plms.respond(request, units, counters=EventCounters(1, 2))
    clock = "59 07 13 15 A3 24"
    assert bytes(answer)[12:-2] == bytes.fromhex(
        f"0C 63  00 00 02 00 {clock}  03 01 02 00 {clock} {clock}  01 02 02 00 {clock}  01 02"
    )
    assert answer.control == Control(0xA8)
    assert decode(bytes(answer)) == answer


def test_an_answer_keeps_the_order_of_its_units() -> None:
    request = plms.request("terminal_clock", address=FROM_MASTER)
    units = [plms.unit("terminal_clock", {"clock": FRIDAY}, pn=pn) for pn in (2, 1)]
    assert [unit.pn for unit in decode(bytes(plms.respond(request, units))).units] == [2, 1]


def test_an_answer_of_many_units_is_built_in_reasonable_work(monkeypatch: pytest.MonkeyPatch) -> None:
    from plmsproto.application import builders

    looked_at = 0

    class Counted(Identifier):
        def pairs(self) -> list[tuple[int, int]]:
            nonlocal looked_at
            looked_at += len(self.pns) * len(self.fns)
            return super().pairs()

    monkeypatch.setattr(builders, "Identifier", Counted)
    units = [plms.unit("terminal_clock", {"clock": FRIDAY}, pn=8 * n + 1) for n in range(200)]
    plms.respond(plms.request("terminal_clock", address=FROM_MASTER), units)
    # An identifier names 64 pairs at most (512 in 130): no more than that need be tried for each unit.
    assert looked_at <= 200 * 64 * 65


def test_what_cannot_be_answered_or_reported_is_refused() -> None:
    request = plms.request("present_power", pn=1, address=FROM_MASTER)
    with pytest.raises(EncodeError, match="no data units"):
        plms.respond(request, [])
    with pytest.raises(EncodeError, match="no data units"):
        plms.report(TERMINAL, [])
    with pytest.raises(EncodeError, match="must have one AFN"):
        plms.report(TERMINAL, [plms.unit("login"), plms.unit("terminal_clock", {"clock": FRIDAY})])
    with pytest.raises(EncodeError, match="only a master station's request"):
        plms.respond(plms.login(TERMINAL), [plms.unit("terminal_clock", {"clock": FRIDAY})])
    with pytest.raises(EncodeError):
        plms.report(TERMINAL, [plms.unit("terminal_clock", {"clock": "noon"})])


@pytest.mark.parametrize(
    ("confirmed", "counters", "control"), [(False, None, 0xC4), (True, None, 0xCA), (True, (1, 2), 0xEA)]
)
def test_reports(confirmed: bool, counters: tuple[int, int] | None, control: int) -> None:
    message = plms.report(
        TERMINAL,
        [plms.unit("terminal_clock", {"clock": FRIDAY})],
        number=18,
        confirmed=confirmed,
        counters=EventCounters(*counters) if counters else None,
    )
    assert message.control == Control(control)
    assert message.seq == Seq(2, con=confirmed)
    assert decode(bytes(message)) == message


def test_events_are_reported_with_pointers_behind_the_last() -> None:
    record = {
        "event": "meter_clock_error",
        "data": {"event_time": FRIDAY, "point": {"measurement_point": 3, "start": True}},
    }
    for general, end, pointers in ((False, None, (4, 5)), (True, None, (255, 0)), (False, 0, (255, 0))):
        unit = plms.event_unit([record], counters=EventCounters(5, 0), general=general, end=end)
        assert (unit.afn, unit.fn) == (0x0E, 2 if general else 1)
        message = plms.report(TERMINAL, [unit], confirmed=True, counters=EventCounters(5, 0))
        start, stop = pointers
        assert bytes(message)[18:-4] == bytes((5, 0, start, stop)) + bytes.fromhex("0C 07 07 13 15 03 24 03 80")
        assert decode(bytes(message)).units[0].value["record"][0]["event"] == "meter_clock_error"


def test_edited_messages_are_written_as_they_stand() -> None:
    request = plms.request("terminal_clock", address=FROM_MASTER)
    units = [plms.unit("terminal_clock", {"clock": FRIDAY}, pn=pn) for pn in (1, 2, 3)]
    message = decode(bytes(plms.respond(request, units)))
    assert bytes(message)[14:18] == bytes.fromhex("07 01 02 00")
    for left in ([0, 1], [0], [1], [1, 2], [2, 0], [0, 2]):
        edited = replace(message, units=[message.units[index] for index in left])
        assert [unit.pn for unit in decode(bytes(edited)).units] == [left_over + 1 for left_over in left]


def test_a_unit_by_key_stands_alone() -> None:
    unit = plms.unit("present_power", pn=3, edition="130")
    assert (unit.afn, unit.fn, unit.pn, unit.value, unit.identifier) == (0x0C, 25, 3, {}, b"")
    assert plms.unit("present_power", afn=0x0D).afn == 0x0D


def test_messages_of_130_and_of_vendors_need_no_builder() -> None:
    message = Message(
        control=Control(0x4B),
        address=FROM_MASTER,
        afn=0xF1,
        seq=Seq(1),
        units=[plms.DataUnit(0xF1, 1, 1, value=plms.Undecoded(b"\1\2"))],
        reading=Reading(Edition.GDW130),
        tag=1,
    )
    assert bytes(message)[12:-2] == bytes.fromhex("F1 61 01 01 01 00 01 02")


# ------------------------------------------------------------------------------------------ dicts by hand


def minimal(**parts: Any) -> dict[str, Any]:
    return {
        "edition": "376",
        "address": {"region": "4401", "terminal": 2},
        "control": "4B",
        "afn": "0C",
        "units": [{"key": "present_power", "pn": 1}],
        **parts,
    }


def test_a_dict_by_hand_needs_little() -> None:
    message = plms.from_dict(minimal())
    assert text_of(message).startswith("68 32 00 32 00 68 4B 01 44 02 00 00 0C 60 01 01 01 03")


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({"edition": "377"}, "no such edition"),
        ({"edition": 376}, "edition is of the wrong kind"),
        ({"afn": "100"}, "afn is no byte"),
        ({"afn": "x"}, "afn is no byte"),
        ({"afn": 1.5}, "afn is of the wrong kind"),
        ({"control": True}, "control"),
        ({"address": {"region": "4401"}}, "address.terminal is missing"),
        ({"address": {"region": "4401", "terminal": "2"}}, "address.terminal is of the wrong kind"),
        ({"address": {"region": "4401", "terminal": 2, "x": 1}}, "address has no such part"),
        ({"address": {"region": "440", "terminal": 2}}, "region"),
        ({"seq": {"number": 16}}, "invalid sequence number"),
        ({"seq": {"number": True}}, "seq.number is of the wrong kind"),
        ({"what": 1}, "a message has no such part: found what"),
        ({"units": {}}, "units is of the wrong kind"),
        ({"units": [5]}, "not a data unit"),
        ({"units": [{"key": "present_power", "x": 1}]}, "a data unit has no such part"),
        ({"units": [{"fn": "25"}]}, "fn is no number"),
        ({"units": [{"fn": 25, "pn": "1"}]}, "pn is no number"),
        ({"units": [{"key": "present_powr"}]}, "unknown item"),
        ({"units": [{"key": "heartbeat"}]}, "heartbeat"),  # an item of another AFN
        ({"units": [{"key": "present_power", "fn": 26}]}, "present_power"),  # they contradict each other
        ({"units": [{"fn": 25, "identifier": "zz"}]}, "identifier is no hex text"),
        ({"units": [{"fn": 25, "verbatim": {"a": 1}}]}, "verbatim is no hex text"),
        ({"aux": {"pv": "00"}}, "AUX has no such part"),
        ({"aux": {"ec": {"important": 1}}}, "ec.general is missing"),
        ({"aux": {"ec": {"important": 256, "general": 0}}}, "invalid event counters"),
        ({"aux": {"tp": {"sent": "noon"}}}, "not a time"),
        ({"aux": {"tp": {"sent": {"day": 10**30, "hour": 0, "minute": 0, "second": 0}}}}, "not a time"),
        ({"aux": {"tp": {"sent": {"raw": "00"}}}}, "Tp"),
        ({"tag": 3}, "illegal tag"),
        ({"checksum": "xx"}, "checksum is no byte"),
        ({"rest": "xx"}, "rest is no hex text"),
    ],
)
def test_dicts_that_make_no_sense_are_refused(parts: dict[str, Any], words: str) -> None:
    with pytest.raises(plms.PlmsError, match=words):
        bytes(plms.from_dict(minimal(**parts)))


@pytest.mark.parametrize("missing", ["edition", "address", "control", "afn"])
def test_what_a_dict_must_have(missing: str) -> None:
    plain = minimal()
    del plain[missing]
    with pytest.raises(EncodeError, match=f"{missing} is missing"):
        plms.from_dict(plain)


def test_a_request_of_units_with_points_and_bodies_of_their_own() -> None:
    units = [
        plms.unit("daily_forward_active_reading", {"freeze_day": "2018-09-28"}, pn=1),
        plms.unit("daily_forward_active_reading", {"freeze_day": "2018-09-27"}, pn=2),
        plms.unit("monthly_forward_active_reading", {"freeze_month": (2018, 8)}, pn=1),
    ]
    message = plms.decode(bytes(plms.request(units, address=FROM_MASTER)))
    assert [(unit.fn, unit.pn, unit.value) for unit in message.units] == [
        (161, 1, {"freeze_day": dt.date(2018, 9, 28)}),
        (161, 2, {"freeze_day": dt.date(2018, 9, 27)}),
        (177, 1, {"freeze_month": plms.YearMonth(2018, 8)}),
    ]
    # F161 of both points under one identifier, F177 under another.
    assert message.body()[2:].hex(" ").upper() == "03 01 01 14 28 09 18 27 09 18 01 01 01 16 08 18"


@pytest.mark.parametrize(
    ("units", "options"),
    [
        ([plms.unit("present_power", pn=1), "terminal_clock"], {}),
        ([plms.unit("present_power", pn=1)], {"pn": 1}),
        ([plms.unit("present_power", pn=1)], {"value": {}}),
        ([plms.unit("present_power", pn=1), plms.unit("clock_set", {})], {}),
    ],
)
def test_units_and_keys_do_not_mix(units: list[Any], options: dict[str, Any]) -> None:
    with pytest.raises(EncodeError):
        plms.request(units, address=FROM_MASTER, **options)


def test_an_event_key_is_looked_up_in_the_messages_edition() -> None:
    private = """
    [[event]]
    erc = 36
    key = "private_event"
    en = "A private event under the code of another"
    zh = "自定义事件"
    editions = ["376"]
    [[event.layout]]
    fields = "event_time  A15"
    """
    catalogue = plms.Catalogue().extended(private)
    record = {"event": "private_event", "data": {"event_time": "2018-09-28 14:41"}}
    counters = plms.EventCounters(1, 0)
    for edition in ("376", "1376"):
        unit = plms.event_unit([record], counters=counters, edition=edition, catalogue=catalogue)
        if edition == "376":
            assert bytes(plms.report(TERMINAL, [unit], edition=edition, catalogue=catalogue))
        else:
            with pytest.raises(UnknownItemError, match=r"unknown event in Q/GDW 1376\.1-2013"):
                plms.report(TERMINAL, [unit], edition=edition, catalogue=catalogue)


@pytest.mark.parametrize(
    ("edition", "key", "size"), [("376", "authentication_request", 16), ("1376", "terminal_certificate_request", 0)]
)
def test_the_answer_to_an_authentication_carries_pw_in_376(edition: str, key: str, size: int) -> None:
    asked = plms.examples(key, "down", edition=edition)[0]
    values = plms.examples(key, "up", edition=edition)[0].units[0].value
    answer = plms.respond(asked, [plms.unit(key, values, edition=edition)])
    assert len(answer.aux.pw) == size
    assert decode(bytes(answer), edition=edition).deviations == ()
    if size:
        assert plms.respond(asked, answer.units, password=b"\1\2").aux.pw == b"\1\2".ljust(size, b"\0")
    else:
        with pytest.raises(EncodeError, match="AFN 06 carries no PW"):
            plms.respond(asked, answer.units, password=b"\1\2")


def test_a_report_carries_pw_where_the_edition_has_it_on_the_way_up() -> None:
    value = {"random_response": "00" * 16}
    unit = plms.unit("random_number_response", value, edition="376")
    for password, pw in ((None, bytes(16)), (b"\x01\x02", b"\x01\x02" + bytes(14))):
        message = plms.report(TERMINAL, [unit], edition="376", password=password)
        decoded = plms.decode(bytes(message), edition="376")
        assert (decoded.aux.pw, decoded.deviations) == (pw, ())
    for edition in ("376", "1376"):
        clock = plms.unit("terminal_clock", {"clock": "2015-12-15 11:48:49"}, edition=edition)
        assert plms.report(TERMINAL, [clock], edition=edition).aux.pw == b""
        with pytest.raises(EncodeError, match="AFN 0C carries no PW"):
            plms.report(TERMINAL, [clock], edition=edition, password=b"\x01")
