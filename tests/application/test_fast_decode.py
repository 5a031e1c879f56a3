"""The short way for ordinary frames says what the reference says, to the type, or nothing.

Whatever the bytes, both implementations give the same message or the same error; frames as the standard has them are
read the short way; and what is kept of a catalogue is thrown away when it changes, and stays small.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import fields, is_dataclass
from decimal import Decimal
from typing import Any

import pytest
from budgets import examples
from hypothesis import given
from hypothesis import strategies as st
from implementations import FAST, PURE, Implementation, needs_fast
from made_frames import changed
from real_frames import real_frames
from vector_frames import vector_frames, vectors

import plmsproto as plms
from plmsproto import Address, Catalogue, Control, Frame, PlmsError
from plmsproto.application import reading
from plmsproto.errors import BadValueError
from plmsproto.formats import ANNEX_A, PLAIN, SIZED, Format

EDITIONS = (None, "130", "376", "1376")


def described(value: Any) -> Any:
    """A value and all that is in it with their types, so that equal descriptions are the same in every respect."""
    kind = type(value).__name__
    if isinstance(value, Decimal):
        return kind, value.as_tuple()
    if isinstance(value, dict):
        return kind, [(key, described(each)) for key, each in value.items()]
    if isinstance(value, (list, tuple)):
        return kind, [described(each) for each in value]
    if isinstance(value, PlmsError):
        return kind, value.reason, value.offset, value.path, value.found, value.expected
    if is_dataclass(value):
        return kind, [(each.name, described(getattr(value, each.name))) for each in fields(value) if each.repr]
    return kind, value


def outcome(implementation: Implementation, content: bytes | Frame, **options: Any) -> Any:
    with implementation.in_use():
        try:
            message = plms.decode(content, **options)
        except PlmsError as error:
            return described(error)
        return described(message), bytes(message)


def assert_same(content: bytes | Frame, **options: Any) -> None:
    assert outcome(FAST, content, **options) == outcome(PURE, content, **options)


def ordinary(content: bytes | Frame, edition: plms.Edition | None = None, catalogue: Catalogue | None = None) -> Any:
    frame = content if isinstance(content, Frame) else Frame.parse(content)
    return FAST.fast_decode(frame, catalogue or plms.default_catalogue(), edition, False)


# ---- the same


@needs_fast
@pytest.mark.parametrize("edition", EDITIONS)
def test_vectors_are_the_same(edition: str | None) -> None:
    for content in vector_frames():
        assert_same(content, edition=edition, strict=False)


@needs_fast
def test_vectors_are_the_same_in_their_edition() -> None:
    for vector, content in zip(vectors(), vector_frames(), strict=True):
        assert_same(content, edition=vector["edition"])


@needs_fast
@pytest.mark.parametrize("edition", EDITIONS)
def test_real_frames_are_the_same(edition: str | None) -> None:
    for each in real_frames():
        for strict in (True, False):
            assert_same(bytes.fromhex(each["hex"]), edition=edition, strict=strict)


def with_edition(vector: dict[str, Any]) -> st.SearchStrategy[tuple[bytes, str]]:
    return st.tuples(changed(bytes.fromhex(vector["hex"])), st.just(vector["edition"]))


@needs_fast
@examples(400)
@given(
    st.sampled_from(vectors()).flatmap(with_edition),
    st.sampled_from(EDITIONS) | st.just("own"),
    st.booleans(),
    st.booleans(),
)
def test_changed_frames_are_the_same(
    case: tuple[bytes, str], edition: str | None, strict: bool, ffff_is_all: bool
) -> None:
    content, own = case
    options = {"edition": own if edition == "own" else edition, "ffff_is_all": ffff_is_all}
    assert_same(content, strict=strict, **options)


UNKNOWN_TAG = Frame(Control(0x88), Address("4401", 1), bytes.fromhex("0C60 01010103 00"), tag=3)
NO_FRAME = [
    UNKNOWN_TAG,
    Frame(Control(0x88), Address("4401", 1), b"\x0c\x60" + b"\x00" * 16_400),
    Frame(Control(0x88), Address("4401", 1), b"\x0c"),
    Frame(Control(0x88), Address("4401", 1), b"\x00\x60\x00\x00\x01\x00", checksum=0x1FF),
    Frame(Control(0x88), Address("4401", 1), b"\x00\x60\x00\x00\x01\x00", checksum=0x1F),
]


@needs_fast
@pytest.mark.parametrize("frame", NO_FRAME, ids=range(len(NO_FRAME)))
def test_frames_that_did_not_come_from_bytes_are_the_same(frame: Frame) -> None:
    results = []
    for implementation in (PURE, FAST):
        with implementation.in_use():
            try:
                results.append(described(plms.decode(frame)))
            except PlmsError as error:
                results.append(described(error))
    assert results[0] == results[1]


@needs_fast
def test_a_damaged_frame_keeps_its_checksum() -> None:
    content = bytearray(vector_frames()[100])
    content[-2] ^= 0xFF
    assert_same(bytes(content), strict=False)
    assert_same(bytes(content))


# ---- the short way


@needs_fast
def test_frames_of_the_standard_are_read_the_short_way() -> None:
    """All that are made from the catalogue, in their own edition; nearly all from the field."""
    made = [
        (each, content) for each, content in zip(vectors(), vector_frames(), strict=True) if "confirmed_by" not in each
    ]
    assert len(made) > 2000
    missed = [each["id"] for each, content in made if ordinary(content, plms.Edition(each["edition"])) is None]
    assert not missed
    real = [content for each, content in zip(vectors(), vector_frames(), strict=True) if "confirmed_by" in each]
    assert sum(ordinary(content) is not None for content in real) >= 0.9 * len(real)


@needs_fast
def test_the_short_way_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    def detailed(*arguments: Any) -> None:
        raise AssertionError("read in all detail")

    monkeypatch.setattr(reading, "_attempt", detailed)
    content = bytes(plms.examples("present_power", "up", edition="1376")[0])
    with FAST.in_use():
        assert plms.decode(content).units[0].key == "present_power"
    with PURE.in_use(), pytest.raises(AssertionError, match="all detail"):
        plms.decode(content)


def with_body(key: str, body: bytes) -> bytes:
    """The frame of an item with one fixed body, with other bytes in its place."""
    message = plms.examples(key, "up", edition="1376")[0]
    head = bytes(message.frame().user_data)[:6]
    return bytes(Frame(message.control, message.address, head + body))


ODD_CLOCKS = {
    "as it should be": ("00 00 12 22 F1 26", False),
    "no data": ("EE EE EE EE EE EE", False),
    "other fill": ("FF FF FF FF FF FF", True),
    "no weekday": ("00 00 12 22 11 26", True),
    "no such day": ("00 00 12 31 51 26", True),
    "never": ("00 00 00 00 00 00", True),
}


@needs_fast
@pytest.mark.parametrize(("body", "odd"), ODD_CLOCKS.values(), ids=ODD_CLOCKS)
def test_what_is_odd_is_left_to_the_reference(body: str, odd: bool) -> None:
    content = with_body("terminal_clock", bytes.fromhex(body))
    assert (ordinary(content) is None) == odd
    assert_same(content, strict=False)


ONE_FIELD = """
[[item]]
afn = 0x0C
fn = 25
key = "vendor_power"
en = "power"
zh = "功率"
pn = "measurement_point"
editions = ["1376", "376", "130"]
[[item.layout]]
dir = "up"
fields = "x {}"
"""
FORMATS: dict[str, Format] = {**ANNEX_A, **PLAIN}
for name, width in (("bcd", 2), ("bcd", 9), ("digits", 3), ("hex", 2), ("bs", 1), ("bs", 3), ("raw", 2), ("ascii", 4)):
    FORMATS[f"{name}[{width}]"] = SIZED[name](width)
TELLING = bytes.fromhex("00 01 10 12 20 28 29 31 40 59 61 80 92 99 EE EF FE FF")


def bodies_of(form: Format) -> Iterator[bytes]:
    """Bytes of a field: fill, small numbers with any sign or flag, any others, and those that values are written as."""
    assert form.size is not None
    drawn = random.Random(form.name)
    for byte in TELLING:
        yield bytes((byte,)) * form.size
        yield bytes(form.size - 1) + bytes((byte,))
        yield (b"\x12" + bytes(form.size))[: form.size - 1] + bytes((byte,))
    for _ in range(60):
        body = bytes(drawn.choices(TELLING, k=form.size))
        yield body
        with suppress(BadValueError):
            yield form.encode(form.decode(body))


@needs_fast
@pytest.mark.parametrize("form", FORMATS.values(), ids=FORMATS)
def test_values_that_give_their_bytes_back_are_read_the_short_way_and_no_others(form: Format) -> None:
    catalogue = Catalogue().extended(ONE_FIELD.format(form.name), "vendor.toml")
    accepted = 0
    for body in bodies_of(form):
        content = with_body("present_power", body)
        with PURE.in_use():
            message = plms.decode(content, catalogue=catalogue, strict=False)
        plain = not (message.errors or message.deviations or message.units[0].verbatim)
        assert (ordinary(content, catalogue=catalogue) is not None) == plain, body.hex(" ")
        assert_same(content, catalogue=catalogue, strict=False)
        accepted += plain
    assert accepted


# ---- what is kept


VENDOR = """
[[item]]
afn = 0x0C
fn = 25
key = "vendor_power"
en = "power"
zh = "功率"
pn = "measurement_point"
editions = ["1376", "376", "130"]
[[item.layout]]
dir = "up"
fields = "everything raw[*]"
"""


def test_an_extended_catalogue_reads_by_its_own_layouts(implementation: Implementation) -> None:
    catalogue = Catalogue()
    content = bytes(plms.examples("present_power", "up", edition="1376")[0])
    assert plms.decode(content, catalogue=catalogue).units[0].key == "present_power"
    unit = plms.decode(content, catalogue=catalogue.extended(VENDOR, "vendor.toml")).units[0]
    assert unit.key == "vendor_power"
    assert unit.value == {"everything": content[18:-2]}
    assert plms.decode(content, catalogue=catalogue).units[0].key == "present_power"


@needs_fast
def test_hostile_frames_do_not_fill_the_memory() -> None:
    """Whatever control fields, AFN and Fn arrive, as much is kept as the catalogue has items."""
    catalogue = Catalogue()
    for afn in range(256):
        for control in range(0, 256, 5):
            for seq in (0x60, 0xE5):
                user_data = bytes((afn, seq, 0, 0, 1 << control % 8, control % 32)) + bytes(control % 40)
                for tag in (1, 2):
                    ordinary(Frame(Control(control), Address("4401", 1), user_data, tag=tag), None, catalogue)
    # DIR, PRM, ACD, TpV, tag, for each AFN.
    assert len(catalogue.cache) <= 32 * len(catalogue.afns()) + 4


@needs_fast
def test_threads_share_what_is_kept() -> None:
    chosen = vector_frames()[::29]
    expected = [outcome(PURE, content, strict=False) for content in chosen]
    catalogue = Catalogue()

    def decode_all(_number: int) -> list[Any]:
        messages = [plms.decode(content, strict=False, catalogue=catalogue) for content in chosen]
        return [(described(message), bytes(message)) for message in messages]

    with FAST.in_use(), ThreadPoolExecutor(8) as pool:
        for found in pool.map(decode_all, range(8)):
            assert found == expected
