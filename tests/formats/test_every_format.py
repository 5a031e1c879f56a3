"""What holds for every format, whatever bytes or values it is given."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from budgets import examples
from hypothesis import given
from hypothesis import strategies as st

from plmsproto.errors import BadValueError, EncodeError, PlmsError
from plmsproto.formats import (
    ANNEX_A,
    COUNTED,
    PLAIN,
    SIZED,
    Bits,
    Enumerated,
    Format,
    Integer,
    Raw,
    Scaled,
    Shifted,
)

D = Decimal

FILLED = [form for form in (*ANNEX_A.values(), *PLAIN.values(), Bits(2), SIZED["bcd"](4)) if form.size and form.fills]


@pytest.mark.parametrize("form", FILLED, ids=repr)
def test_a_field_full_of_ee_has_no_value_and_no_value_is_ee(form: Format) -> None:
    assert form.size is not None
    assert form.decode(b"\xee" * form.size) is None
    assert form.encode(None) == b"\xee" * form.size
    assert form.remark(b"\xee" * form.size, None) == ""


HUGE = [10**5000, "0x" + "F" * 5000, "9" * 5000, (10**30, 1), {"day": 10**30, "hour": 1}, [10**30] * 4]


@pytest.mark.parametrize("value", HUGE, ids=["int", "hex", "digits", "pair", "dict", "four"])
@pytest.mark.parametrize(
    "form", [*ANNEX_A.values(), *PLAIN.values(), Bits(2), Raw(2), SIZED["ascii"](2)], ids=lambda form: form.name
)
def test_values_out_of_all_proportion_are_refused_like_any_other(form: Format, value: Any) -> None:
    with pytest.raises(EncodeError):
        form.encode(value)


EVERY: list[Format] = [
    *ANNEX_A.values(),
    *PLAIN.values(),
    *(SIZED[name](size) for name in SIZED for size in (1, 2, 5)),
    Bits(2, first=1),
    Scaled(Integer(1), D("0.5")),
    Scaled(Integer(2), D(15)),
    Shifted(Integer(1), 1),
    Enumerated(Integer(1), {0: "no", 1: "yes"}),
]


@st.composite
def likely_bytes(draw: st.DrawFn, size: int) -> bytes:
    """Any bytes, with many digit pairs and fills among them."""
    digits = st.integers(0, 99).map(lambda n: int(str(n), 16))
    one = st.one_of(digits, st.integers(0, 255), st.sampled_from([0x00, 0xEE, 0xFF, 0xFE, 0xEF, 0x20, 0x41]))
    return bytes(draw(st.one_of(st.lists(one, min_size=size, max_size=size), one.map(lambda each: [each] * size))))


@pytest.mark.parametrize("form", EVERY, ids=repr)
@examples(60)
@given(data=st.data())
def test_any_bytes_are_a_value_that_comes_back_or_are_refused(form: Format, data: st.DataObject) -> None:
    assert form.size is not None
    content = data.draw(likely_bytes(form.size))
    try:
        value = form.decode(content)
    except BadValueError:
        return
    again = form.encode(value)
    assert form.decode(again) == value
    if form.injective and value is not None:
        assert again == content


@pytest.mark.parametrize("form", COUNTED.values(), ids=repr)
@examples(60)
@given(content=st.binary(max_size=8))
def test_bytes_of_any_number_are_a_value_that_comes_back_or_are_refused(form: Format, content: bytes) -> None:
    try:
        value = form.decode(content)
    except BadValueError:
        return
    if value is not None:
        assert form.decode(form.encode(value)) == value


ANYTHING = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.decimals(),
    st.text(max_size=8),
    st.binary(max_size=8),
    st.datetimes(),
    st.dates(),
    st.times(),
    st.lists(st.integers() | st.floats() | st.text(max_size=2), max_size=5),
    st.dictionaries(st.sampled_from(["year", "month", "day", "hour", "minute", "second"]), st.integers(-1, 40)),
)


@pytest.mark.parametrize("form", [*EVERY, *COUNTED.values()], ids=repr)
@examples(100)
@given(value=ANYTHING)
def test_encoding_anything_gives_bytes_of_the_right_width_or_the_documented_error(form: Format, value: Any) -> None:
    try:
        content = form.encode(value)
    except EncodeError:
        return
    assert form.size in (None, len(content))
    try:
        found = form.decode(content)
    except PlmsError as error:
        pytest.fail(f"{form} encodes {value!r} as {content.hex(' ')}, which it does not take: {error}")
    if found is not None and not form.fill_is_ambiguous:
        assert form.encode(found) == content
