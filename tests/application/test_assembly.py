"""Messages of several frames: put together from frames in order, and cut to what a channel admits."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from budgets import examples
from hypothesis import given
from hypothesis import strategies as st

import plmsproto as plms
from plmsproto import (
    Address,
    Control,
    EncodeError,
    Message,
    MessageAssembler,
    Seq,
    Tp,
    Undecoded,
    decode,
    split_message,
)
from plmsproto.application import assembly

FRIDAY = dt.datetime(2024, 3, 15, 13, 7, 59)


def frame(number: int, place: str, *, terminal: int = 2, pn: int = 1, afn_of: str = "terminal_clock") -> Message:
    """An up frame: ``first``, ``middle``, ``last`` or ``single``."""
    unit = plms.unit(afn_of, {"clock": FRIDAY} if afn_of == "terminal_clock" else {}, pn=pn)
    message = plms.report(Address("4401", terminal), [unit])
    seq = Seq(number % 16, fir=place in ("first", "single"), fin=place in ("last", "single"))
    return replace(message, seq=seq)


def feed(assembler: MessageAssembler, *frames: Message) -> list[Any]:
    return [assembler.feed(each) for each in frames]


def test_a_single_frame_is_a_message() -> None:
    assembler = MessageAssembler()
    single = frame(3, "single")
    assert assembler.feed(single) == plms.Assembled([single])
    assert assembler.unfinished == []


def test_frames_in_order_are_a_message() -> None:
    assembler = MessageAssembler()
    frames = [frame(14, "first", pn=1), frame(15, "middle", pn=2), frame(16, "middle", pn=3), frame(17, "last", pn=4)]
    *waiting, whole = feed(assembler, *frames)
    assert waiting == [None, None, None]
    assert whole == plms.Assembled(frames)
    assert [unit.pn for unit in whole.units] == [1, 2, 3, 4]
    assert assembler.unfinished == []


def test_a_gap_drops_what_was_begun() -> None:
    assembler = MessageAssembler()
    first, third = frame(1, "first"), frame(3, "last")
    assert feed(assembler, first, third) == [None, plms.Assembled([], [first, third])]
    assert assembler.unfinished == []


def test_a_rest_without_its_first_frame_is_dropped() -> None:
    for place in ("middle", "last"):
        lost = frame(5, place)
        assert MessageAssembler().feed(lost) == plms.Assembled([], [lost])


def test_a_new_first_frame_drops_what_was_begun() -> None:
    assembler = MessageAssembler()
    old, new, last = frame(1, "first"), frame(8, "first"), frame(9, "last")
    assert feed(assembler, old, new, last) == [None, plms.Assembled([], [old]), plms.Assembled([new, last])]


def test_a_single_frame_drops_what_was_begun() -> None:
    assembler = MessageAssembler()
    old, single = frame(1, "first"), frame(8, "single")
    assert feed(assembler, old, single) == [None, plms.Assembled([single], [old])]


def test_a_repeated_frame_is_ignored() -> None:
    assembler = MessageAssembler()
    first, middle, last = frame(1, "first"), frame(2, "middle"), frame(3, "last")
    assert feed(assembler, first, middle, middle, last) == [None, None, None, plms.Assembled([first, middle, last])]


def test_terminals_directions_and_afn_do_not_mix() -> None:
    assembler = MessageAssembler()
    one = [frame(1, "first", terminal=2), frame(2, "last", terminal=2)]
    other = [frame(1, "first", terminal=3), frame(2, "last", terminal=3)]
    down = [replace(each, control=Control(0x4B)) for each in one]
    logins = [frame(1, "first", afn_of="login"), frame(2, "last", afn_of="login")]
    groups = (one, other, down, logins)
    assert feed(assembler, *(group[0] for group in groups)) == [None] * 4
    assert len(assembler.unfinished) == 4
    assert feed(assembler, *(group[1] for group in groups)) == [plms.Assembled(group) for group in groups]


def test_a_message_without_end_does_not_fill_the_memory() -> None:
    assembler = MessageAssembler()
    frames = [frame(0, "first"), *(frame(number, "middle") for number in range(1, assembly.MAX_FRAMES))]
    assert all(each is None for each in feed(assembler, *frames))
    assert len(assembler.unfinished) == assembly.MAX_FRAMES
    dropped = assembler.feed(frame(assembly.MAX_FRAMES, "middle"))
    assert dropped is not None
    assert dropped.frames == []
    assert len(dropped.dropped) == assembly.MAX_FRAMES + 1
    assert assembler.unfinished == []


def test_messages_without_end_of_many_terminals_do_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assembly, "MAX_UNFINISHED", 3)
    assembler = MessageAssembler()
    firsts = [frame(1, "first", terminal=terminal) for terminal in range(1, 5)]
    assert feed(assembler, *firsts[:3]) == [None] * 3
    # The one that has waited longest since its last frame makes room.
    second = frame(2, "middle", terminal=1)
    assert assembler.feed(second) is None
    assert assembler.feed(firsts[3]) == plms.Assembled([], [firsts[1]])
    assert assembler.unfinished == [firsts[2], firsts[0], second, firsts[3]]


@examples(200)
@given(
    steps=st.lists(
        st.tuples(st.integers(0, 3), st.sampled_from(["first", "middle", "last", "single"]), st.integers(1, 2)),
        max_size=12,
    )
)
def test_every_frame_is_in_a_message_dropped_repeated_or_waiting(steps: list[tuple[int, str, int]]) -> None:
    assembler = MessageAssembler()
    out: list[Message] = []
    frames = [frame(number, place, terminal=terminal) for number, place, terminal in steps]
    repeated = 0
    for each in frames:
        before = len(assembler.unfinished)
        result = assembler.feed(each)
        if result is None:
            repeated += len(assembler.unfinished) == before
            continue
        out += result.frames + result.dropped
        if result.frames:
            numbers = [one.seq.number for one in result.frames]
            assert numbers == [(numbers[0] + step) % 16 for step in range(len(numbers))]
            assert [one.seq.fir for one in result.frames] == [True] + [False] * (len(numbers) - 1)
            assert [one.seq.fin for one in result.frames] == [False] * (len(numbers) - 1) + [True]
    assert len(out) + len(assembler.unfinished) + repeated == len(frames)
    assert {id(each) for each in out} <= {id(each) for each in frames}


# ---------------------------------------------------------------------------------------------------- splitting


def long_message(points: int, *, number: int = 14, tp: Tp | None = None) -> Message:
    request = plms.request("terminal_clock", address=Address("4401", 2, 1), number=number, tp=tp)
    units = [plms.unit("terminal_clock", {"clock": FRIDAY}, pn=pn) for pn in range(1, points + 1)]
    return plms.respond(request, units, counters=plms.EventCounters(1, 2))


def test_a_message_that_fits_is_left_alone() -> None:
    message = long_message(20)
    assert split_message(message) == [message]
    assert split_message(message, max_length=message.frame().length) == [message]


@pytest.mark.parametrize("max_length", [28, 40, 64, 100, plms.MAX_RADIO])
def test_frames_of_a_long_message_fit_the_channel_and_make_it_again(max_length: int) -> None:
    message = long_message(60, tp=Tp.at(FRIDAY, pfc=14))
    frames = split_message(message, max_length=max_length)
    assert len(frames) > 1
    assembler = MessageAssembler()
    *waiting, whole = [assembler.feed(decode(bytes(each))) for each in frames]
    assert waiting == [None] * (len(frames) - 1)
    assert whole is not None
    assert [(unit.pn, unit.fn, unit.value) for unit in whole.units] == [
        (unit.pn, unit.fn, unit.value) for unit in message.units
    ]
    for each in frames:
        assert each.frame().length <= max_length
        assert each.aux == message.aux, "each frame has its own AUX"
        assert each.control == message.control
    # No frame could have taken the next one's first unit as well.
    for each, following in pairwise(frames):
        assert each.frame().length + 4 + 6 > max_length or not following.units


def test_numbers_go_up_modulo_sixteen() -> None:
    frames = split_message(long_message(5), max_length=28)
    assert [each.seq.number for each in frames] == [14, 15, 0, 1, 2]
    assert [each.seq.fir for each in frames] == [True, False, False, False, False]
    assert [each.seq.fin for each in frames] == [False, False, False, False, True]


def test_a_unit_that_is_longer_than_a_frame_cannot_be_split() -> None:
    with pytest.raises(EncodeError, match="longer than a frame"):
        split_message(long_message(5), max_length=19)


def test_frames_with_a_password_are_not_split() -> None:
    message = plms.command(
        "remote_trip", {"control": {}}, pn=range(1, 60), address=Address("4401", 2, 1), password=b"\1"
    )
    with pytest.raises(EncodeError, match="PW"):
        split_message(message, max_length=100)
    zeros = plms.command("remote_trip", {"control": {}}, pn=range(1, 60), address=Address("4401", 2, 1))
    assert len(split_message(zeros, max_length=100)) > 1


def test_bytes_that_are_no_unit_are_not_sent_with_every_frame() -> None:
    message = replace(long_message(30), rest=Undecoded(b"\1\2\3"))
    try:
        frames = split_message(message, max_length=100)
    except EncodeError:
        return
    assert sum(each.rest is not None for each in frames) <= 1
