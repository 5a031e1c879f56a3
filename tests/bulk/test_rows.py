"""Values in tables equal those of ``plms.decode``, field by field, whatever frames are given.

All vectors and real frames, frames that are changed at random, bodies made for every item, edition and direction of the
catalogue; and both implementations write the same columns.
"""

from __future__ import annotations

import random
from typing import Any

import pytest
from budgets import examples, exhaustive
from bulk_helpers import Expected, all_frames, changed_frames, check
from hypothesis import given
from hypothesis import strategies as st
from implementations import FAST, PURE, Implementation, needs_fast
from made_frames import repaired
from strategies import messages

import plmsproto as plms
from plmsproto import Direction, Edition
from plmsproto.bulk.plan import Plan
from plmsproto.bulk.tables import Frames, Part, Table

EDITIONS = (None, *Edition)


def check_frames(frames: list[bytes], **options: Any) -> None:
    """Compares tables with messages, unless frames have come out of bytes that were changed to look like some."""
    tables = plms.bulk.decode(b"".join(frames), **options)
    if tables.frames != len(frames):
        return
    assert tables.noise_bytes == 0
    check(tables, Expected(frames, **options))


@pytest.mark.parametrize("edition", [None, *(pytest.param(each, marks=exhaustive) for each in Edition)])
def test_known_frames(implementation: Implementation, edition: Edition | None) -> None:
    frames = all_frames() if edition is None else all_frames()[::5]
    tables = plms.bulk.decode(b"".join(frames), edition=edition)
    assert tables.frames == len(frames)
    check(tables, Expected(frames, edition=edition))


@examples(60)
@given(st.lists(changed_frames(), min_size=1, max_size=8), st.sampled_from([None, *EDITIONS]), st.booleans())
def test_changed_frames(
    implementation: Implementation, frames: list[bytes], edition: Edition | None, ffff_is_all: bool
) -> None:
    check_frames(frames, edition=edition, ffff_is_all=ffff_is_all)


def disturbed(frame: bytes, drawn: random.Random) -> bytes:
    """A frame with a few bytes of its units changed or filled, now and then cut or lengthened."""
    content = bytearray(frame)
    for _ in range(drawn.choice((1, 1, 2, 4))):
        at = drawn.randrange(14, max(15, len(content) - 2))
        if drawn.random() < 0.5:
            content[at] = drawn.choice((0, 0x12, 0x59, 0xEE, 0xFF, drawn.randrange(256)))
        else:
            size = min(drawn.randrange(1, 8), max(0, len(content) - 2 - at))
            content[at : at + size] = bytes((drawn.choice((0xEE, 0xEE, 0xFF, 0xFE, 0xEF)),)) * size
    if drawn.random() < 0.1:
        del content[drawn.randrange(14, max(15, len(content) - 2)) : -2]
    elif drawn.random() < 0.1:
        content[-2:-2] = drawn.randbytes(drawn.randrange(1, 9))
    return repaired(bytes(content))


def test_disturbed_bodies_of_every_item(implementation: Implementation) -> None:
    """The vectors have every item, edition and direction of the catalogue."""
    drawn = random.Random(376)
    frames = [disturbed(frame, drawn) for frame in all_frames()]
    frames = [frame for frame in frames if len(implementation.scan(frame)) == 1]
    assert len(frames) > 2900
    check_frames(frames)


ITEMS = [
    (info.code, item, way, edition)
    for info in plms.default_catalogue().afns()
    for item in plms.default_catalogue().items(info.code)
    for edition in item.editions
    for way in Direction
    if getattr(info, way.value)
]


@pytest.mark.parametrize("afn", sorted({afn for afn, *_ in ITEMS}), ids="{:02X}".format)
@examples(8)
@given(data=st.data())
def test_generated_bodies(implementation: Implementation, afn: int, data: st.DataObject) -> None:
    _, item, way, edition = data.draw(st.sampled_from([each for each in ITEMS if each[0] == afn]))
    check_frames([bytes(data.draw(messages(item, afn, way, edition)))], edition=edition)


@pytest.mark.parametrize("afn", [0x0B, 0x0E], ids="{:02X}".format)
@examples(30)
@given(data=st.data())
def test_generated_units_and_records_inside_others(
    implementation: Implementation, afn: int, data: st.DataObject
) -> None:
    _, item, _, edition = data.draw(st.sampled_from([each for each in ITEMS if each[0] == afn]))
    check_frames([bytes(data.draw(messages(item, afn, Direction.UP, edition)))], edition=edition)


def test_keys_of_identifiers_are_those_of_the_frame_s_edition(implementation: Implementation) -> None:
    """Some Fn of AFN 04H are other items in the first edition, some are none."""
    frames = []
    for edition in (Edition.GDW130, Edition.GDW1376):
        records = plms.examples("important_event", edition=edition)
        (message,) = (each for each in records if each.units[0].value["record"][0]["event"] == "parameter_change")
        value = message.units[0].value
        value["record"][0]["data"]["data_unit"] = [plms.Identifier((0,), fns) for fns in ((8,), (9, 14), (2048,))]
        frames.append(bytes(message))
    tables = plms.bulk.decode(b"".join(frames))
    keys = [[each["keys"] for each in row["data_unit"]] for row in tables.events["parameter_change"].to_pylist()]
    assert keys == [
        [["event_record_configuration_130"], ["configuration_count", "total_group_configuration"], [""]],
        [["uplink_working_mode"], ["event_record_configuration", "total_group_configuration"], [""]],
    ]
    check(tables, Expected(frames))


def test_the_address_and_the_head_of_a_frame(implementation: Implementation) -> None:
    message = plms.examples("present_power", "up", edition="1376")[0]
    message.address = plms.Address("AB09", 65535, 127, group=True)
    row = plms.bulk.decode(bytes(message), number=7, offset=1000)["present_power"].to_pylist()[0]
    head = {name: row[name] for name in list(row)[: list(row).index("pn") + 1]}
    assert head == {
        "frame": 7,
        "offset": 1000,
        "time": None,
        "source": None,
        "region": "AB09",
        "terminal": 65535,
        "master": 127,
        "is_group": True,
        "direction": "up",
        "afn": 12,
        "seq": int(message.seq),
        "edition": "1376",
        "pn": message.units[0].pn,
    }


# ---- twins


def batch(implementation: Implementation, content: bytes, plan: Plan, address_size: int) -> tuple[Any, bytes]:
    """What an interpreter by itself makes of the frames of a buffer."""
    index = PURE.scan(content, address_size=address_size)
    interpreter = implementation.interpreter(plan, address_size=address_size)
    assert interpreter.run(memoryview(content), index.offset, index.length, 0, len(index)) == len(index)
    found = interpreter.take()
    frames = Frames(index, editions=bytes(found.editions))
    rows = {}
    for number, data in found.tables.items():
        rows[number] = Table(plan.tables[number], plan, [Part(frames, data)]).to_pylist()
        assert len(data.columns) == len(plan.tables[number].columns)
    return {
        (plan.tables[number].key, type(plan.tables[number].entry), number): each for number, each in rows.items()
    }, (bytes(found.editions))


def check_twins(content: bytes, plan: Plan, address_size: int = 5) -> None:
    (pure, pure_editions), (fast, fast_editions) = (batch(each, content, plan, address_size) for each in (PURE, FAST))
    assert pure_editions == fast_editions
    assert pure.keys() == fast.keys()
    for key, rows in pure.items():
        assert fast[key] == rows, key


PLANS: dict[str, Any] = {
    "everything": {},
    "as 130": {"edition": Edition.GDW130},
    "as 1376.1": {"edition": Edition.GDW1376},
    "FFFF is all": {"ffff_is_all": True},
    "some items": {"select": {"present_power": None, "daily_forward_reading": frozenset({"tariff_count"})}},
    "an event": {"select": {"terminal_power_down_up": frozenset({"power_up_time"})}},
    "nothing": {"select": {}},
}


@needs_fast
@pytest.mark.parametrize("options", PLANS.values(), ids=PLANS)
def test_twins_write_the_same_columns_of_known_frames(options: dict[str, Any]) -> None:
    check_twins(b"".join(all_frames()), Plan(plms.default_catalogue(), **options))


PLAN = Plan(plms.default_catalogue())


@needs_fast
@examples(150)
@given(st.lists(changed_frames(), min_size=1, max_size=12))
def test_twins_write_the_same_columns_of_changed_frames(frames: list[bytes]) -> None:
    check_twins(b"".join(frames), PLAN)


@needs_fast
@examples(30)
@given(st.lists(changed_frames(), min_size=1, max_size=8))
def test_twins_read_long_addresses_alike(frames: list[bytes]) -> None:
    check_twins(b"".join(map(with_long_address, frames)), PLAN, 7)


def with_long_address(frame: bytes) -> bytes:
    return (
        repaired(frame[:11] + b"\x01\x02" + frame[11:]) if len(frame) > 16 else repaired(frame[:11] + b"\x01\x02\x00")
    )


def test_long_addresses(implementation: Implementation) -> None:
    frame = bytes(plms.examples("present_power", "up", edition="1376")[0])
    content = repaired(frame[:9] + bytes.fromhex("78563412 05") + frame[12:])
    tables = plms.bulk.decode(content, address_size=7)
    message = plms.decode(content, address_size=7)
    assert tables["present_power"].to_pylist()[0]["terminal"] == message.address.terminal == 0x12345678
    check(tables, Expected([content], address_size=7))
