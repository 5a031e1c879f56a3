"""Every item and event of the catalogue, in every edition and direction: there and back again, both ways round.

The default run has those that bring an AFN, edition, direction, shape or format that no one before them had, and
every twenty-fifth.
"""

from __future__ import annotations

import json
from collections.abc import Hashable, Iterator
from functools import cache
from typing import Any

import pytest
from budgets import examples, sampled
from hypothesis import given
from hypothesis import strategies as st
from strategies import bodies, event_bodies, messages

from plmsproto import Catalogue, Direction, Edition, ItemEntry, Reading, decode, from_dict, to_dict
from plmsproto.application.units import BodyContext
from plmsproto.catalogue import EventEntry
from plmsproto.errors import PlmsError
from plmsproto.layout import Reader, Record, Writer
from plmsproto.layout.nodes import Bitfield, Field, ListOf


@cache
def catalogue() -> Catalogue:
    return Catalogue()


BODIES = [
    (item, layout.direction, edition, bool(layout.variant))
    for item in catalogue().items()
    for layout in item.layouts
    for edition in layout.editions
    if edition in item.editions
]
BODY_IDS = [f"{item.title}-{direction}-{edition}{'-variant' * variant}" for item, direction, edition, variant in BODIES]

# Messages go every way that an AFN goes, also those in which the item's body is empty; AFN 0AH has items of AFN 04H.
MESSAGES = [
    (item, info.code, way, edition)
    for info in catalogue().afns()
    for item in catalogue().items(info.code)
    for edition in item.editions
    for way in Direction
    if getattr(info, way.value)
]
MESSAGE_IDS = [f"{afn:02X} F{item.fn}-{way}-{edition}" for item, afn, way, edition in MESSAGES]

EVENTS = [(event, edition) for event in catalogue().events() for edition in event.editions]
EVENT_IDS = [f"{event.title}-{edition}" for event, edition in EVENTS]


def parts_of(members: tuple[Any, ...]) -> Iterator[str]:
    """The kinds of shapes and formats of a layout."""
    for member in members:
        yield type(member).__name__
        if not isinstance(member, Field):
            for block in member.blocks():
                yield from parts_of(block)
            continue
        shape = member.shape
        while isinstance(shape, ListOf):
            yield type(shape).__name__
            shape = shape.shape
        yield type(shape).__name__
        if isinstance(shape, Record):
            yield from parts_of(shape.members)
        elif isinstance(shape, Bitfield):
            yield from (f"bits of {type(part.form).__name__}" for part in shape.parts)
        elif hasattr(shape, "form"):
            yield f"{type(shape).__name__} of {type(shape.form).__name__}"


def traits_of_body(case: tuple[ItemEntry, str, Edition, bool]) -> Iterator[Hashable]:
    item, direction, edition, variant = case
    yield item.afn, direction, edition, variant
    yield from parts_of(item.body((direction,), edition, variant=variant).members)


def traits_of_event(case: tuple[EventEntry, Edition]) -> Iterator[Hashable]:
    event, edition = case
    body = event.body(edition)
    yield edition
    yield from parts_of(body.members if body else ())


def traits_of_message(case: tuple[ItemEntry, int, Direction, Edition]) -> Iterator[Hashable]:
    _, afn, way, edition = case
    yield afn, way, edition


def context_of(direction: str, edition: Edition, *, variant: bool = False) -> BodyContext:
    way = Direction.UP if direction == "up" else Direction.DOWN
    return BodyContext(catalogue(), way, Reading(edition, variant=variant))


def read(record: Record, content: bytes, context: BodyContext) -> tuple[Any, Reader]:
    reader = Reader(content, 0, len(content), context)
    return record.read(reader), reader


def write(record: Record, value: Any, context: BodyContext, verbatim: dict[str, bytes] | None = None) -> bytes:
    writer = Writer(context, verbatim=verbatim)
    record.write(writer, value)
    return bytes(writer.out)


@st.composite
def mutated(draw: st.DrawFn, content: bytes) -> bytes:
    """The bytes with a few of them changed, left out or put in between."""
    found = bytearray(content)
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(found)))
        new = draw(st.sampled_from([0x00, 0xEE, 0xFF, 0xEF, 0x1A, 0x99]) | st.integers(0, 255))
        match draw(st.sampled_from(["change", "change", "fill", "insert", "delete"])):
            case "change":
                found[at : at + 1] = bytes((new,)) if at < len(found) else b""
            case "fill":
                found[at : at + 5] = bytes((new,)) * len(found[at : at + 5])
            case "insert":
                found.insert(at, new)
            case "delete":
                del found[at : at + 1]
    return bytes(found)


@pytest.mark.parametrize(("item", "direction", "edition", "variant"), sampled(BODIES, BODY_IDS, traits_of_body))
@examples(6)
@given(data=st.data())
def test_a_value_comes_back(
    item: ItemEntry, direction: str, edition: Edition, variant: bool, data: st.DataObject
) -> None:
    context = context_of(direction, edition, variant=variant)
    record = item.body((direction,), edition, variant=variant)
    value = data.draw(bodies(record, context))
    content = write(record, value, context)
    found, reader = read(record, content, context)
    assert reader.errors == []
    assert reader.remaining == 0
    assert found == value
    fewest, most = record.span()
    assert fewest <= len(content) <= (len(content) if most is None else most)


@pytest.mark.parametrize(("item", "direction", "edition", "variant"), sampled(BODIES, BODY_IDS, traits_of_body))
@examples(6)
@given(data=st.data())
def test_bytes_come_back_whatever_they_are(
    item: ItemEntry, direction: str, edition: Edition, variant: bool, data: st.DataObject
) -> None:
    context = context_of(direction, edition, variant=variant)
    record = item.body((direction,), edition, variant=variant)
    sound = write(record, data.draw(bodies(record, context)), context)
    check_bytes(record, data.draw(mutated(sound) | st.binary(max_size=60)), context)


def check_bytes(record: Record, content: bytes, context: BodyContext) -> None:
    try:
        value, reader = read(record, content, context)
    except PlmsError:
        return
    assert write(record, value, context, reader.verbatim) == content[: reader.position]


@pytest.mark.parametrize(("event", "edition"), sampled(EVENTS, EVENT_IDS, traits_of_event))
@examples(10)
@given(data=st.data())
def test_an_event_comes_back(event: Any, edition: Edition, data: st.DataObject) -> None:
    context = context_of("up", edition)
    body = data.draw(event_bodies(event.erc, context))
    value = {"record": [{"erc": event.erc, "event": event.key, "data": body}]}
    record = catalogue().item(0x0E, 1).body(("up",), edition)
    head = {"important_event_counter": 1, "general_event_counter": 0, "start_pointer": 0, "end_pointer": 1}
    content = write(record, head | value, context)
    found, reader = read(record, content, context)
    assert reader.errors == []
    assert found == head | value
    check_bytes(record, data.draw(mutated(content)), context)


@pytest.mark.parametrize(("item", "afn", "way", "edition"), sampled(MESSAGES, MESSAGE_IDS, traits_of_message))
@examples(4)
@given(data=st.data())
def test_a_message_comes_back_from_bytes_and_from_json(
    item: ItemEntry, afn: int, way: Direction, edition: Edition, data: st.DataObject
) -> None:
    message = data.draw(messages(item, afn, way, edition, catalogue=catalogue()))
    content = bytes(message)
    found = decode(content, edition=edition, catalogue=catalogue())
    assert found == message
    assert bytes(found) == content
    plain = json.loads(json.dumps(to_dict(found), default=str))
    assert bytes(from_dict(plain, catalogue=catalogue())) == content


@pytest.mark.parametrize(("item", "afn", "way", "edition"), sampled(MESSAGES[::5], MESSAGE_IDS[::5], traits_of_message))
@examples(4)
@given(data=st.data())
def test_a_person_need_not_write_identifiers_and_numbers(
    item: ItemEntry, afn: int, way: Direction, edition: Edition, data: st.DataObject
) -> None:
    message = data.draw(messages(item, afn, way, edition, catalogue=catalogue()))
    plain = json.loads(json.dumps(to_dict(message), default=str))
    for unit in plain["units"]:
        del unit["identifier"]
        del unit["fn"]
    assert bytes(from_dict(plain, catalogue=catalogue())) == bytes(message)
