"""AUX and SEQ: their bytes, and whether a time label has expired."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plmsproto import Aux, DayTime, EncodeError, EventCounters, Seq, Tp, Undecoded
from plmsproto.formats import ANNEX_A

NOW = dt.datetime(2024, 3, 15, 13, 7, 59)


@pytest.mark.parametrize(
    ("byte", "seq"),
    [
        (0x70, Seq(0, con=True)),
        (0x60, Seq(0)),
        (0x65, Seq(5)),
        (0xF2, Seq(2, con=True, tpv=True)),
        (0x40, Seq(0, fin=False)),
        (0x01, Seq(1, fir=False, fin=False)),
        (0x2F, Seq(15, fir=False)),
        (0x80, Seq(0, fir=False, fin=False, tpv=True)),
    ],
)
def test_seq_bits(byte: int, seq: Seq) -> None:
    assert Seq.parse(byte) == seq
    assert int(seq) == byte
    assert seq.single == (byte & 0x60 == 0x60)


def test_every_seq_byte_comes_back() -> None:
    assert [int(Seq.parse(byte)) for byte in range(256)] == list(range(256))


def test_the_frame_that_follows_has_the_next_number() -> None:
    assert Seq(15, con=True, fin=False, tpv=True).following() == Seq(0, con=True, fir=False, fin=False, tpv=True)


@pytest.mark.parametrize("number", [-1, 16])
def test_sequence_numbers_have_four_bits(number: int) -> None:
    with pytest.raises(EncodeError):
        Seq(number)


def test_aux_is_pw_then_ec_then_tp() -> None:
    tp = Tp(5, DayTime(15, 13, 7, 59), 10)
    assert bytes(Aux()) == b""
    assert bytes(Aux(b"\1\2", EventCounters(3, 4), tp)) == bytes.fromhex("01 02 03 04 05 59 07 13 15 0A")
    assert bytes(Aux(tp=tp)) == bytes.fromhex("05 59 07 13 15 0A")


@pytest.mark.parametrize("counters", [(-1, 0), (0, 256)])
def test_event_counters_are_bytes(counters: tuple[int, int]) -> None:
    with pytest.raises(EncodeError):
        EventCounters(*counters)


@pytest.mark.parametrize(
    ("tp", "words"),
    [
        (Tp(256, None), "PFC"),
        (Tp(-1, None), "PFC"),
        (Tp(0, None, 256), "permitted delay"),
        (Tp(0, DayTime(32, 0, 0, 0)), "A16"),
        (Tp(0, Undecoded(b"\1\2\3")), "Tp"),
    ],
)
def test_time_labels_that_do_not_fit_are_refused(tp: Tp, words: str) -> None:
    with pytest.raises(EncodeError, match=words):
        bytes(tp)


def test_time_labels_without_a_time() -> None:
    assert bytes(Tp(1, None, 2)) == bytes.fromhex("01 EE EE EE EE 02")
    assert bytes(Tp(1, Undecoded(b"\xff" * 4), 2)) == bytes.fromhex("01 FF FF FF FF 02")
    assert not Tp(1, None, 2).expired(NOW)
    assert not Tp(1, Undecoded(b"\xff" * 4), 2).expired(NOW)


def test_the_label_of_a_moment() -> None:
    assert Tp.at(NOW, pfc=7, delay=5) == Tp(7, DayTime(15, 13, 7, 59), 5)


@pytest.mark.parametrize(
    ("sent", "delay", "now", "expired"),
    [
        ((15, 13, 7, 59), 5, "2024-03-15T13:07:59", False),
        ((15, 13, 2, 59), 5, "2024-03-15T13:07:59", False),  # exactly the permitted delay
        ((15, 13, 2, 58), 5, "2024-03-15T13:07:59", True),
        ((15, 13, 2, 58), 0, "2024-03-15T13:07:59", False),  # 0 is no check
        ((14, 13, 2, 58), 0, "2024-03-15T13:07:59", False),
        ((15, 13, 30, 0), 5, "2024-03-15T13:07:59", False),  # a send time in the future
        ((16, 0, 0, 0), 5, "2024-03-15T13:07:59", False),
        ((15, 23, 59, 0), 5, "2024-03-16T00:03:00", False),  # over midnight
        ((15, 23, 57, 0), 5, "2024-03-16T00:03:00", True),
        ((31, 23, 59, 0), 5, "2024-04-01T00:03:00", False),  # over the end of the month
        ((31, 23, 59, 0), 2, "2024-04-01T00:03:00", True),
        ((29, 23, 59, 0), 5, "2024-03-01T00:03:00", False),  # a leap year
        ((28, 23, 59, 0), 5, "2023-03-01T00:03:00", False),
        ((31, 23, 59, 0), 5, "2024-01-01T00:03:00", False),  # over the end of the year
        ((31, 23, 50, 0), 5, "2024-01-01T00:03:00", True),
        ((1, 0, 0, 0), 5, "2024-02-29T23:59:00", False),  # the sender's clock is ahead of the new month
        ((1, 0, 0, 0), 5, "2023-12-31T23:59:00", False),
        ((31, 12, 0, 0), 255, "2024-02-15T12:00:00", True),
        ((31, 12, 0, 0), 5, "0001-01-01T00:00:00", False),
        ((1, 12, 0, 0), 5, "9999-12-31T23:59:59", True),
    ],
)
def test_a_label_expires_when_more_than_its_delay_has_passed(
    sent: tuple[int, int, int, int], delay: int, now: str, expired: bool
) -> None:
    assert Tp(0, DayTime(*sent), delay).expired(dt.datetime.fromisoformat(now)) is expired


def test_the_receivers_clock_may_know_its_zone() -> None:
    zone = dt.timezone(dt.timedelta(hours=8))
    assert Tp.at(NOW, delay=5).expired(NOW.replace(tzinfo=zone) + dt.timedelta(minutes=6))


@given(
    sent=st.datetimes(dt.datetime(2000, 1, 1), dt.datetime(2099, 12, 31)),
    elapsed=st.integers(-600, 600),
    delay=st.integers(1, 255),
)
def test_expiry_is_by_elapsed_time_whatever_the_date(sent: dt.datetime, elapsed: int, delay: int) -> None:
    sent = sent.replace(microsecond=0)
    label = Tp.at(sent, delay=delay)
    assert label.expired(sent + dt.timedelta(minutes=elapsed)) is (elapsed > delay)


def test_the_send_time_has_format_a16() -> None:
    assert bytes(Tp.at(NOW))[1:5] == ANNEX_A["A16"].encode(NOW)
