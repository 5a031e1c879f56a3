"""Time stamps and peers among the words of logs."""

from __future__ import annotations

import datetime as dt

import pytest

from plmsproto.archive.stamps import NOTHING_SAID, StampReader

TIME = dt.datetime(2024, 3, 15, 8, 0, 3)


def time_of(words: str) -> dt.datetime | None:
    time = StampReader().heading(words).time
    return None if time is None else dt.datetime(1970, 1, 1) + dt.timedelta(microseconds=time)


@pytest.mark.parametrize(
    ("words", "microsecond"),
    [
        ("2024-03-15 08:00:03.120 ", 120_000),
        ("2024-03-15 08:00:03,120 ", 120_000),
        ("2024-03-15 08:00:03:120 ", 120_000),
        ("2024-03-15 08:00:03.123456789 ", 123_456),
        ("2024-03-15 08:00:03", 0),
        ("2024/03/15 08:00:03 RX", 0),
        ("2024/3/15 8:00:03 RX", 0),
        ("2024.03.15 08:00:03 RX", 0),
        ("[2024-03-15T08:00:03] RX", 0),
        ("2024-03-15T08:00:03.5Z", 500_000),
        ("2024-03-15T08:00:03+08:00", 0),
        ("INFO [main] (2024-03-15, 08:00:03.120) x", 120_000),
        ("20240315 080003 RX", 0),
        ("20240315T080003.12", 120_000),
        ("20240315080003", 0),
        ("job 12345678 123456 at 20240315 080003", 0),
        ("2024年03月15日 08:00:03".encode().decode("latin-1"), 0),
        ("2024年3月15日08:00:03.25".encode("gbk").decode("latin-1"), 250_000),
        ("2024-03-15 08:00:03 until 2024-03-15 09:00:00", 0),
    ],
)
def test_a_date_with_a_time_is_a_time(words: str, microsecond: int) -> None:
    assert time_of(words) == TIME.replace(microsecond=microsecond)


@pytest.mark.parametrize(
    "words",
    [
        "08:00:03.120 RX",
        "2024-03-15 RX",
        "2024-03-15 08:00 RX",
        "03/15/2024 08:00:03",
        "2024-13-15 08:00:03",
        "2024-02-30 08:00:03",
        "2024-03-15 24:00:03",
        "2024-03-15 08:60:03",
        "20240315 080060",
        "0724-03-15 08:00:03",
        "20241315 080003",
        "120240315 080003",
        "",
    ],
)
def test_anything_else_is_none(words: str) -> None:
    assert time_of(words) is None


@pytest.mark.parametrize(
    ("words", "peer"),
    [
        ("08:00:03 10.1.7.55:40211 RX ", "10.1.7.55:40211"),
        ("[10.1.7.55:40211] RX ", "10.1.7.55:40211"),
        ("from 10.1.7.55, ", "10.1.7.55"),
        ("from 10.1.7.55. ", "10.1.7.55"),
        ("from /10.1.7.55:40211: ", "10.1.7.55:40211"),
        ("10.1.7.55:40211 10.1.7.55:40211", "10.1.7.55:40211"),
        ("[::1]:5 RX", "[::1]:5"),
        ("[fe80::1] RX", "[fe80::1]"),
        ("COM3 RX", "COM3"),
        ("<COM12>", "COM12"),
    ],
)
def test_an_address_or_a_serial_port_is_a_peer(words: str, peer: str) -> None:
    assert StampReader().heading(words).peer == peer


@pytest.mark.parametrize(
    "words",
    [
        "10.1.7.55:40211 -> 10.1.7.1:20005",
        "10.1.7.256:1",
        "10.1.7.55:99999",
        "version 1.2.3",
        "1.2.3.4.5",
        "COM",
        "TELECOM3",
        "terminal 4401-0002",
        "[08:00:03]",
        "[:::]",
        "[]",
    ],
)
def test_nothing_else_is_and_two_are_none(words: str) -> None:
    assert StampReader().heading(words) == NOTHING_SAID


def test_stamps_are_not_kept_for_ever() -> None:
    reader = StampReader()
    start = dt.datetime(1971, 1, 1)
    for number in range(40_000):
        reader.heading(f"{start + dt.timedelta(days=number)} 10.1.1.1:{number}")
    assert 0 < max(len(reader._days), len(reader._peers)) <= 1 << 14
