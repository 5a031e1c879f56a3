"""The control field: every byte value, every part, and what may not be built."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from plmsproto.errors import EncodeError
from plmsproto.link import Control, Direction
from plmsproto.link.control import FUNCTIONS


def test_all_control_bytes_are_their_bits() -> None:
    for value in range(256):
        control = Control(value)
        up = value >= 0x80
        assert control.value == value
        assert control.direction is (Direction.UP if up else Direction.DOWN)
        assert control.prm == bool(value & 0x40)
        assert control.acd == (up and bool(value & 0x20))
        assert control.fcb == (not up and bool(value & 0x20))
        assert control.fcv == bool(value & 0x10)
        assert control.function == value % 16


@pytest.mark.parametrize(
    ("control", "value"),
    [
        (Control.up(9, prm=True), 0xC9),  # login, heartbeat
        (Control.down(11, prm=False), 0x0B),  # the master's answer to it
        (Control.up(4, prm=True), 0xC4),  # spontaneous report
        (Control.down(1), 0x41),  # reset
        (Control.down(10), 0x4A),
        (Control.down(11), 0x4B),
        (Control.down(11, fcb=True), 0x7B),  # FCB = FCV = 1
        (Control.down(11, fcb=False), 0x5B),  # FCB = 0, valid
        (Control.up(0, acd=True), 0xA0),
        (Control.up(8), 0x88),
        (Control.up(8, acd=True), 0xA8),
        (Control.down(0, prm=False), 0x00),
    ],
)
def test_control_constructors_give_the_bytes_in_use(control: Control, value: int) -> None:
    assert control == Control(value)


@pytest.mark.parametrize(
    ("value", "meaning"),
    [
        (0x41, "reset"),
        (0x44, "user data"),
        (0xC9, "link test"),
        (0x4A, "request class 1 data"),
        (0x7B, "request class 2 data"),
        (0x80, "accepted"),
        (0xA8, "user data"),
        (0x89, "no such data"),
        (0x0B, "link status"),
        (0x4F, "reserved"),
        (0x81, "reserved"),
    ],
)
def test_function_codes_mean_what_prm_says(value: int, meaning: str) -> None:
    assert Control(value).meaning == meaning


def test_all_functions_have_chinese_names() -> None:
    assert all(function.service_zh for function in FUNCTIONS.values())
    assert Control(0x4B).link_function.service_zh == "请求2级数据"


def test_control_repr_names_the_parts() -> None:
    assert repr(Control(0x7B)) == "Control(0x7B: down, PRM=1, FCB=1, FCV=1, function 11 request class 2 data)"
    assert repr(Control(0xA8)) == "Control(0xA8: up, PRM=0, ACD=1, D4=0, function 8 user data)"


@pytest.mark.parametrize(
    "build", [lambda: Control(256), lambda: Control(-1), lambda: Control.down(16), lambda: Control.up(-1)]
)
def test_impossible_controls_are_refused(build: Callable[[], Control]) -> None:
    with pytest.raises(EncodeError):
        build()
