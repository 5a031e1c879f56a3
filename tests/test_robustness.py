"""Nothing from the wire raises anything but the documented errors, loses a byte, or takes work out of proportion."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import pytest
from budgets import examples
from hypothesis import example, given
from hypothesis import strategies as st
from made_frames import repaired
from real_frames import real_frames
from strategies import messages

from plmsproto import Catalogue, Direction, Edition, decode, from_dict, to_dict
from plmsproto.application import reading
from plmsproto.application.explain import explain
from plmsproto.errors import PlmsError
from plmsproto.link import Control, Frame

INTACT = [bytes.fromhex(frame["hex"]) for frame in real_frames() if frame["intact"]]
DAMAGED = [bytes.fromhex(frame["hex"]) for frame in real_frames() if not frame["intact"]]


@cache
def catalogue() -> Catalogue:
    return Catalogue()


@st.composite
def damaged(draw: st.DrawFn, content: bytes) -> bytes:
    """A frame's bytes, flipped, left out, repeated or put in between; mostly with a frame's form repaired."""
    found = bytearray(content)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(6, len(found) - 1))
        match draw(st.sampled_from(["flip", "set", "delete", "insert", "cut", "repeat"])):
            case "flip":
                found[at] ^= 1 << draw(st.integers(0, 7))
            case "set":
                found[at] = draw(st.sampled_from([0x00, 0xEE, 0xFF, 0x68, 0x16]) | st.integers(0, 255))
            case "delete":
                del found[at : at + draw(st.integers(1, 6))]
            case "insert":
                found[at:at] = draw(st.binary(min_size=1, max_size=8))
            case "cut":
                del found[draw(st.integers(16, 40)) : -2]
            case "repeat":
                found[at:at] = found[max(14, at - 9) : at]
        if len(found) < 20:
            found = bytearray(content)
    return repaired(bytes(found)) if draw(st.integers(0, 9)) else bytes(found)


def check(content: bytes, *, edition: Edition | None, address_size: int, ffff_is_all: bool = False) -> None:
    """Decodes in every way; only ``PlmsError`` may come, and what is decoded leniently gives its bytes back."""
    options: Any = {
        "edition": edition,
        "address_size": address_size,
        "ffff_is_all": ffff_is_all,
        "catalogue": catalogue(),
    }
    try:
        message = decode(content, strict=False, **options)
    except PlmsError:
        with pytest.raises(PlmsError):
            decode(content, **options)
        return
    assert bytes(message) == content
    for error in message.errors:
        assert str(error)
        assert error.offset is None or 0 <= error.offset <= len(content)
    if message.errors:
        with pytest.raises(type(message.errors[0])) as caught:
            decode(content, **options)
        assert str(caught.value) == str(message.errors[0])
    else:
        assert decode(content, **options) == message
    again = from_dict(json.loads(json.dumps(to_dict(message), default=str)), catalogue=catalogue())
    assert bytes(again) == content
    frame = Frame.parse(content, strict=False, address_size=address_size)
    explained, spans = explain(frame, edition=edition, catalogue=catalogue(), ffff_is_all=ffff_is_all)
    assert explained == message
    position = 0
    for span in spans:
        assert span.offset == position, f"gap or overlap before {span}"
        position += span.size
    assert position == len(content)
    for unit in message.units:
        message.lines(unit)


EDITIONS = st.sampled_from([None, *Edition])
ADDRESSES = st.sampled_from([5, 5, 5, 7])


@examples(300)
@given(content=st.binary(max_size=60), edition=EDITIONS, address_size=ADDRESSES)
def test_arbitrary_bytes(content: bytes, edition: Edition | None, address_size: int) -> None:
    check(content, edition=edition, address_size=address_size)


AFNS = st.sampled_from([0, 1, 2, 3, 4, 5, 8, 9, 0x0A, 0x0B, 0x0C, 0x0C, 0x0D, 0x0E, 0x0E, 0x10, 0xF1]) | st.integers(
    0, 255
)


@examples(1500)
@given(
    tag=st.sampled_from([1, 2]),
    control=st.integers(0, 255),
    afn=AFNS,
    seq=st.integers(0, 255),
    identifier=st.tuples(*[st.sampled_from([0, 1, 2, 4, 8, 0xFF, 0xEE])] * 4).map(bytes),
    body=st.binary(max_size=60) | st.integers(0, 60).map(lambda size: b"\xee" * size),
    edition=EDITIONS,
    address_size=ADDRESSES,
    ffff_is_all=st.booleans(),
)
@example(2, 0x4A, 0x04, 0x70, b"", b"\x00", None, 5, False)  # less than PW behind AFN and SEQ
@example(2, 0xA8, 0x0C, 0xF0, b"", b"\x00\x00\x00", None, 5, False)  # less than EC and Tp
def test_frames_of_arbitrary_user_data(
    tag: int,
    control: int,
    afn: int,
    seq: int,
    identifier: bytes,
    body: bytes,
    edition: Edition | None,
    address_size: int,
    ffff_is_all: bool,
) -> None:
    head = bytes((0x68, tag, 0, tag, 0, 0x68, control)) + bytes(address_size)
    content = repaired(head + bytes((afn, seq)) + identifier + body + b"\0\x16")
    check(content, edition=edition, address_size=address_size, ffff_is_all=ffff_is_all)


@examples(1000)
@given(data=st.data(), edition=EDITIONS, address_size=ADDRESSES, ffff_is_all=st.booleans())
def test_damaged_real_frames(
    data: st.DataObject, edition: Edition | None, address_size: int, ffff_is_all: bool
) -> None:
    content = data.draw(st.sampled_from(INTACT).flatmap(damaged))
    check(content, edition=edition, address_size=address_size, ffff_is_all=ffff_is_all)


@pytest.mark.parametrize("address_size", [5, 7])
def test_real_damage_is_told_or_put_up_with(address_size: int) -> None:
    for content in [*DAMAGED, *INTACT]:
        for edition in (None, *Edition):
            check(content, edition=edition, address_size=address_size)


KINDS = [
    (item, afn, way, edition)
    for afn in (0x00, 0x03, 0x05, 0x0B, 0x0C, 0x0E)
    for item in Catalogue().items(afn)
    for edition in item.editions
    for way in Direction
    if item.body((way.value,), edition).members
]


@examples(400)
@given(data=st.data(), kind=st.sampled_from(KINDS))
def test_damaged_built_frames(data: st.DataObject, kind: Any) -> None:
    sound = bytes(data.draw(messages(*kind, catalogue=catalogue())))
    check(data.draw(damaged(sound)), edition=data.draw(EDITIONS), address_size=5)


# ---------------------------------------------------------------------------------------------------- mutated JSON

JUNK: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-1, 300),
    st.sampled_from([10**30, -(10**30), 1e400, float("nan"), 1.5, "", "x", "0C", "EE", "all", "1E999999", "²"]),
    st.sampled_from(["0x" + "F" * 4000, "9" * 5000]),
    st.lists(st.integers(0, 3), max_size=2),
    st.dictionaries(
        st.sampled_from(["raw", "error", "erc", "day", "pns", "fns", "x"]), st.integers() | st.text(), max_size=2
    ),
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths to all values inside a value."""
    found = [path] if path else []
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in inside:
        found += places(each, (*path, key))
    return found


@st.composite
def changed(draw: st.DrawFn, plain: Any) -> Any:
    """A message's dict with parts replaced by junk, left out, renamed or added."""
    for _ in range(draw(st.integers(1, 3))):
        found = places(plain)
        if not found:
            break
        *outer, key = draw(st.sampled_from(found))
        holder = plain
        for each in outer:
            holder = holder[each]
        match draw(st.sampled_from(["junk", "junk", "delete", "add", "copy"])):
            case "junk":
                holder[key] = draw(JUNK)
            case "delete":
                del holder[key]
            case "add" if isinstance(holder, dict):
                holder[draw(st.sampled_from(["x", "raw", "spare", "length", "fn", "value", "identifier"]))] = draw(JUNK)
            case "copy" if isinstance(holder, list):
                holder.append(holder[key])
    return plain


@examples(1500)
@given(data=st.data())
def test_changed_json_gives_a_frame_or_the_documented_errors(data: st.DataObject) -> None:
    content = data.draw(st.sampled_from(INTACT))
    plain = json.loads(json.dumps(to_dict(decode(content, strict=False, catalogue=catalogue())), default=str))
    check_json(data.draw(changed(plain)))


@examples(400)
@given(data=st.data(), kind=st.sampled_from(KINDS))
def test_changed_json_of_built_messages(data: st.DataObject, kind: Any) -> None:
    message = data.draw(messages(*kind, catalogue=catalogue()))
    check_json(data.draw(changed(json.loads(json.dumps(to_dict(message), default=str)))))


def check_json(plain: Any) -> None:
    try:
        content = bytes(from_dict(plain, catalogue=catalogue()))
    except PlmsError:
        return
    assert Frame.parse(content, strict=False)


@pytest.mark.parametrize("junk", [None, 5, "x", [], {}, {"units": []}])
def test_what_is_no_message_is_refused(junk: Any) -> None:
    with pytest.raises(PlmsError):
        from_dict(junk)


# --------------------------------------------------------------------------------------------------- bounded work

MOST_ATTEMPTS = 40


@pytest.mark.parametrize("afn", [*range(0x11), 0xF1])
@pytest.mark.parametrize("tag", [1, 2])
@pytest.mark.parametrize("control", [0x4A, 0x00, 0xA8, 0xE4])
def test_the_number_of_attempts_is_bounded(monkeypatch: pytest.MonkeyPatch, control: int, tag: int, afn: int) -> None:
    attempts = 0
    attempt = reading._attempt

    def counted(*arguments: Any, **options: Any) -> Any:
        nonlocal attempts
        attempts += 1
        return attempt(*arguments, **options)

    monkeypatch.setattr(reading, "_attempt", counted)
    # All bits of an identifier, and junk behind it, so that nothing fits.
    frame = Frame(Control(control), decode(INTACT[0], strict=False).address, bytes((afn, 0xFF)) + b"\x7b" * 400, tag)
    decode(frame, strict=False)
    assert 1 <= attempts <= MOST_ATTEMPTS
    attempts = 0
    explain(frame)
    assert attempts <= MOST_ATTEMPTS + 1
    attempts = 0
    decode(frame, strict=False, edition="376")
    assert attempts <= MOST_ATTEMPTS


def test_a_frame_of_the_standard_takes_one_attempt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "readings", first_reading_only)
    sound = "68AE00AE0068888151C1FF020C6104010110321624021704002030030000000000000000000000000000000000000000007B16"
    assert decode(sound).units[0].key == "present_forward_active_reading"


every_reading = reading.readings


def first_reading_only(*arguments: Any, **options: Any) -> Any:
    return list(every_reading(*arguments, **options))[:1]


@pytest.mark.parametrize("body", [b"\xee" * 16000, b"\x00" * 16000, b"\x01\x01\x01\x00" * 4000, b"\x0e\x00" * 8000])
def test_a_long_frame_makes_no_more_units_than_it_has_bytes(body: bytes) -> None:
    address = decode(INTACT[0], strict=False).address
    for afn in (0x0C, 0x0E, 0x04, 0xF1):
        message = decode(Frame(Control(0x88), address, bytes((afn, 0x60)) + body), strict=False)
        # An empty body takes no byte of its own, so that an identifier may name 64 units in its four bytes.
        assert len(message.units) <= len(body) // 4 * 64
        assert bytes(message)[14:-2] == body
