"""Any layout of the language works in columns, however odd: values are those of ``plms.decode``, in rows and in Arrow.

The layouts are a user's, in one item or in several that share a key. Their bodies are made by hand where something is
to be hit, and at random.
"""

from __future__ import annotations

import random
from functools import cache
from typing import Any

import pytest
from bulk_helpers import EXAMPLES, OF_FRAME, Expected, check, field_frames
from implementations import FAST, PURE, Implementation, needs_fast
from made_frames import a_frame

import plmsproto as plms
from plmsproto import Catalogue, CatalogueError

pytest.importorskip("pyarrow")

AFN = 0x0C


def head(fn: int) -> bytes:
    """AFN, SEQ and the identifier of an item for point 1."""
    return bytes((AFN, 0x60, 1, 1, 1 << (fn - 1) % 8, (fn - 1) // 8))


def item(fields: str, *, fn: int = 1999, key: str = "trial", editions: str = "", direction: str = "up") -> str:
    held = f"editions = [{editions}]" if editions else ""
    return (
        f'[[item]]\nafn = {AFN}\nfn = {fn}\nkey = "{key}"\n{held}\n'
        f'[[item.layout]]\ndir = "{direction}"\nfields = """\n{fields}\n"""\n'
    )


def catalogue_of(text: str) -> Catalogue:
    return Catalogue().extended(text, "trial.toml")


def bodies_for(seed: str, size: int = 40) -> list[bytes]:
    """Bodies of any length: small numbers, digits, fill, anything."""
    drawn = random.Random(seed)
    found = [b"", bytes(size), b"\xee" * size, b"\xff" * size, bytes(range(1, size))]
    for _ in range(40):
        body = bytearray()
        while len(body) < size:
            match drawn.randrange(6):
                case 0 | 1:
                    body.append(drawn.randrange(4))
                case 2:
                    body += bytes(drawn.randrange(10) << 4 | drawn.randrange(10) for _ in range(4))
                case 3:
                    body += bytes((drawn.choice((0xEE, 0xEE, 0xFF, 0xFE, 0xEF)),)) * drawn.randrange(1, 9)
                case _:
                    body.append(drawn.randrange(256))
        found.append(bytes(body[: drawn.randrange(size + 1)]))
    return found


def check_frames(frames: list[bytes], catalogue: Catalogue, **options: Any) -> Any:
    """Compares the tables of frames with their messages, as rows and as Arrow tables."""
    tables = plms.bulk.decode(b"".join(frames), catalogue=catalogue, **options)
    assert tables.frames == len(frames)
    check(tables, Expected(frames, catalogue=catalogue, **options), catalogue)
    for table in (*tables.values(), *tables.events.values(), tables.undecoded):
        arrow = table.to_arrow()
        arrow.validate(full=True)
        assert arrow.to_pylist() == table.to_pylist()
        assert arrow.schema == table.schema()
    return tables


LAYOUTS = {
    "a number of eighteen digits": "x bcd[9]",
    "a signed code": "x i1 (1=one 2=two)\ny i2 (1=one 2=two)\nz i4 (1=one)",
    "a code with an offset": "x u1 +1 (1=one 256=all)\ny u2 +1 (1=one 65536=all)",
    "a code of four bytes": "x u4 (1=one 4294967295=all)",
    "a code in A3 and A4": "x A3 (1000=a 0=b)\ny A4 (1=up 79=top)",
    "numbers with an offset": "x u1 +5\ny u2 +5 *0.5\nz bcd[2] +1\nw i1 +100 *10",
    "two offsets": "n u1 +1 +1\nx[n] u1",
    "a count with an offset and a factor": "n u1 +1 *2\nx[n] u1",
    "a count that is a named code with an offset": "n u1 +1 (2=two 3=three)\nx[n] u1\nif n == 3 { y u1 }",
    "nested lists": "n u1\nx[n] { m u1\ny[m] { k u1\nz[k] u1 }\nlast u1 }",
    "lists of bit strings and identifiers": "n u1\nx[n] { a bs[2]\nb identifier\nc identifier(0x0C) }",
    "lists of lists at once": "n u1\nx[n] bs[2]\ny[n] identifier(0x0E)",
    "a list of bit fields": "n u1\nx[n] u1 { a: 0; b: 1..3; c: 4..7 (1=one) }",
    "a list of bit fields with spare bits": "n u1\nx[n] u2 { a: 0; b: 1..3 bcd; c: 4 (0=no 1=yes) *2 }".replace(
        " *2", ""
    ),
    "a bit field without parts": "x u1 { }\ny u1",
    "an empty record": "x { }\ny u1",
    "a list of records that begin with a condition": "n u1\nx[n] { if n == 1 { a u1 } else { b u2 } }",
    "a list of records that are optional": "n u1\nx[n] { optional { a u1 } }",
    "a list of records of one field": "n u1\nx[n] { a A7 V }",
    "a list of records that begin with a record": "n u1\nx[n] { a { b u1 }\nc u1 }",
    "a list of records that begin with a list": "n u1\nx[n] { a[2] u1\nc u1 }",
    "a list until the end": "x[*] { a u1\nb A7 }",
    "many counts": "\n".join(f"n{i} u1 { {'at': ''}.get('', '') }" for i in range(20))
    + "\n"
    + "\n".join(f"x{i}[n{i}] u1" for i in range(20)),
    "one name for two formats": "n u1\nif n == 1 { x A7 V } else { x A1 }\ny u1",
    "one name for two units": "n u1\nif n == 1 { x u1 s } else { x u1 min }\ny u1",
    "one name for two scales": "n u1\nif n == 1 { x A7 V } else { x A25 V }\ny u1",
    "one name for a flag and a decimal": "n u1\nif n == 1 { x u1 { a: 0 } } else { x u1 { a: 0..1 *0.5 } }\ny u1",
    "one name for a flag and a negative number": "n u1\nif n == 1 { x { a i1 } } else { x u1 { a: 0 } }\ny u1",
    "one name for a decimal and a flag": "n u1\nif n == 1 { x { a u1 *0.5 } } else { x u1 { a: 0 } }\ny u1",
    "one name for two records": "n u1\nif n == 1 { x { a u1\nb u1 } } else { x { b u1\nc u2 } }\ny u1",
    "one name for two lists": "n u1\nif n == 1 { x[2] u1 } else { x[2] A1 }\ny u1",
    "one name for two lists of records": "n u1\nif n == 1 { x[2] { a u1 } } else { x[2] { b u2 } }\ny u1",
    "one name for a list and a number": "n u1\nif n == 1 { x[2] u1 } else { x A7 }\ny u1",
    "one name for a record and a number": "n u1\nif n == 1 { x { a u1 } } else { x u1 }\ny u1",
    "one name for many": """
        n u1
        if n == 0 { x u1 }
        else { if n == 1 { x { a u1 } } else { if n == 2 { x[2] u1 } else { if n == 3 { x A1 }
        else { if n == 4 { x[1] { a u1 } } else { x { a A1 } } } } } }
        y u1
    """.replace("\n        else", " else"),
    "one name for two names": "n u1\nif n == 1 { x u1 (1=one) } else { x u1 (1=two 2=one) }\ny u1",
    "one name for two large codes": "n u1\nif n == 1 { x u2 (1=one) } else { x u2 (1=two 2=one) }\ny u1",
    "one name for a name and a number": "n u1\nif n == 1 { x u1 (1=one) } else { x u2 }\ny u1",
    "one name for a name and a small number": "n u1\nif n == 1 { x u1 (1=one) } else { x u1 }\ny u1",
    "one name for text and bytes": "n u1\nif n == 1 { x ascii[2] } else { x raw[2] }\ny u1",
    "one name for far apart scales": "n u1\nif n == 1 { x bcd[9] } else { x u1 *0.0001 }\ny u1",
    "one name for bit fields with and without spare bits": (
        "n u1\nif n == 1 { x u1 { a: 0..7 } } else { x u1 { a: 0 } }\ny u1"
    ),
    "one name for two bit fields": "n u1\nif n == 1 { x u1 { a: 0; b: 1 } } else { x u1 { b: 0; c: 1..2 } }\ny u1",
    "one name for two times": "n u1\nif n == 1 { x A17 } else { x A18 }\ny u1",
    "one name for two bit strings": "n u1\nif n == 1 { x bs[1] 1..8 } else { x bs[3] }\ny u1",
    "one name for two identifiers": "n u1\nif n == 1 { x identifier } else { x identifier(0x0C) }\ny u1",
    "a name that another's suffix makes": (
        "n u1\nif n == 1 { x u1 s\nx_min u1 min } else { x u1 min\nx_min u1 min }\ny u1"
    ),
    "a name that a suffix makes inside": "n u1\nr { if n == 1 { x u1 s\nx_min u1 min } else { x u1 min } }\ny u1",
    "names of every row's columns": "\n".join(
        f"{name} u1" for name in ("time", "pn", "frame", "edition", "fn", "record")
    ),
    "names of every row's columns inside": "x { time u1\npn u1 }\ntime[2] { time A7 V }",
    "names of every row's columns, marked": "time u1\ntime_field u1",
    "a large first bit": "x bs[1] 100000..100007\ny bs[1] 65530..65537",
    "a counted bit string": "n u2\nx bs[n]\ny u1",
    "set bits of a long string": "x bs[10]\ny[popcount(x)] u1",
    "set bits of eight bytes": "x bs[8]\ny[popcount(x)] u1",
    "a condition on a long string": "x bs[9]\nif x >= 1 { y u1 }\nif x < 5 { z u1 }",
    "times of all kinds": "\n".join(f"x{n} A{n}" for n in (1, 15, 16, 17, 18, 19, 20, 21, 24)),
    "numbers of all kinds": "\n".join(
        f"x{n} A{n}" for n in (2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 14, 22, 23, 25, 26, 27)
    ),
    "numbers of all kinds in lists": "\n".join(f"x{n}[2] A{n}" for n in (2, 3, 4, 5, 8, 11, 14, 22, 23)),
    "text of all kinds": "a ascii[3]\nb gb2312[4]\nc digits[2]\nd hex[2]\ne phone[3]\nf ip4\ng A12",
    "text of counted width": "n u1\na ascii[n]\nb gb2312[n]\nc raw[n]\nd meter_frame[*]",
    "packed codes": "x[4] bits2 (0=no 1=yes)\ny[8] bits1\nz[2] bits4 *0.5\nw[2] bits4 +300 (301=one)",
    "packed codes in records": "n u1\nr[n] { x[4] bits2 (0=no 1=yes)\ny u1 }",
    "entries that may take no bytes": "n u4\nm u1\nx[n] raw[m]",
    "records that may take no bytes": "n u4\nx[n] { if n == 2 { a u1 } }",
    "optional fields in turn": "a u1\noptional { b u1\noptional { c u1 }\n}\n",
    "conditions in conditions": "a u1\nif a == 1 { b u1\nif b == 1 { c u1 } else { d u1 } } else { optional { c A7 } }",
    "an event record by itself": "x u1\ny event\nz u1",
    "event records in records": "n u1\nx[n] { a u1\ny event }\nz event",
    "units inside": "n u1\ninner units(0x0C)",
    "units inside a record": "x { inner units(0x0C) }",
    "units of events inside": "x[*] event\n",
    "bit parts of all kinds": (
        "x u4 { a: 0..8; b: 9..12 bcd; c: 13 (0=no 1=yes); d: 14..15 *0.5; e: 16..27 (4095=all); f: 30..31 +7 }"
    ),
    "bit parts that count": "x u1 { a: 0..1; b: 2..3 (1=one) }\ny[x.a] u1\nif x.b == 1 { z u1 }",
    "a time mark": "curve curve_mark\npower[curve.point_count] A9 kW at curve\nlast[2] { a u1 } at curve",
}

REFUSED = {
    "a number of twenty digits": "x bcd[10]",
    "a number of forty digits": "x bcd[20] kWh\ny u1",
    "a large factor": "x u4 *1000000000000",
    "a large factor and a large offset": "x u4 +99999999999 *1000000000000",
    "an offset of more than eight bytes": "x u1 +18446744073709551616",
    "between eight bytes with and without a sign": "x u4 *4294967297",
    "many places": "x u1 *0.00000000000000000001\ny u4 *0.000000001",
    "large numbers in a list": "n u1\nx[n] bcd[10]\ny u1",
    "large numbers in records": "n u1\nx[n] { a bcd[10]\nb u1 }",
    "a large number that is a count": "n bcd[10]\nx[n] u1",
    "a large number that decides": "n bcd[10]\nif n > 12345 { a u1 } else { b u2 }",
    "a comparison with a large number": "n u4\nif n < 99999999999999999999 { a u1 } else { b u2 }",
    "a code in BCD": "x bcd[1] (10=ten 99=all)\ny bcd[2] (10=ten 1000=all)\nz bcd[10] (1=one)",
    "conditions on decimals": "x A7\nif x > 100 { y u1 } else { z u2 }\nv A5\nif v < 0 { w u1 }",
    "a condition on A2": "x A2\nif x > 100 { y u1 } else { z u2 }",
    "a count in A9": "x A9\ny[x] u1",
    "one name for large and small numbers": "n u1\nif n == 1 { x u1 } else { x bcd[10] }\ny u1",
    "a wide bit part with a large factor": "x u4 { a: 0..31 *10000000000000; }\ny u1",
}


FNS = {name: 1000 + number for number, name in enumerate(LAYOUTS)}


@cache
def odd_catalogue() -> Catalogue:
    """All layouts as items of one catalogue."""
    return catalogue_of("\n".join(item(LAYOUTS[name], fn=fn, key=f"trial_{fn}") for name, fn in FNS.items()))


def odd_frames(name: str) -> list[bytes]:
    return [a_frame(head(FNS[name]) + body) for body in bodies_for(name)]


@pytest.mark.parametrize("name", LAYOUTS)
def test_any_layout_works(implementation: Implementation, name: str) -> None:
    check_frames(odd_frames(name), odd_catalogue())


@pytest.mark.parametrize("layout", REFUSED.values(), ids=REFUSED)
def test_what_columns_have_no_room_for_is_no_layout(layout: str) -> None:
    """Numbers of more than 18 digits; counts and conditions on what is no whole number."""
    with pytest.raises(CatalogueError, match=r"18 digits|a number up to|is no number"):
        catalogue_of(item(layout))


@needs_fast
@pytest.mark.parametrize("name", LAYOUTS)
def test_single_frames_of_any_layout_are_the_same(name: str) -> None:
    """Both implementations of ``plms.decode`` give what the tables are compared with."""
    for frame in odd_frames(name):
        found = []
        for each in (PURE, FAST):
            with each.in_use():
                message = plms.decode(frame, strict=False, catalogue=odd_catalogue())
                found.append((message, [(error.reason, error.path, error.offset) for error in message.errors]))
        assert found[0] == found[1]


def columns_of(name: str) -> list[str]:
    table = plms.bulk.decode(odd_frames(name), catalogue=odd_catalogue())[f"trial_{FNS[name]}"]
    return table.schema().names[len(OF_FRAME) + 1 :]


def test_names_of_columns(implementation: Implementation) -> None:
    assert columns_of("one name for two formats") == ["n", "x", "x_timestamp", "y"]
    assert columns_of("one name for two units") == ["n", "x", "x_min", "y"]
    assert columns_of("a name that another's suffix makes") == ["n", "x", "x_min", "x_min2", "y"]
    assert columns_of("names of every row's columns, marked") == ["time_field_field", "time_field"]


def test_editions_of_one_key_share_a_table(implementation: Implementation) -> None:
    """Two items may have one number and one key if they are of different editions."""
    text = item("x A7 V\nold u1", editions='"130"') + item("x A25 V\nnew u1", editions='"376", "1376"')
    catalogue = catalogue_of(text)
    bodies = bodies_for("shared", 8)
    frames = [a_frame(head(1999) + body, tag=tag) for body in bodies for tag in (1, 2)]
    tables = check_frames(frames, catalogue)
    assert list(tables) == ["trial"]
    assert tables["trial"].schema().names[-4:] == ["pn", "x", "new", "old"]


def test_directions_of_one_item_share_a_table(implementation: Implementation) -> None:
    text = item("n u1\nx[n] { a u1 }") + '[[item.layout]]\ndir = "down"\nfields = "x[2] { b A1 }\\nz { time u1 }"\n'
    frames = [a_frame(head(1999) + body, control=control) for body in bodies_for("down") for control in (0x88, 0x4B)]
    tables = check_frames(frames, catalogue_of(text))
    assert {row["direction"] for row in tables["trial"].to_pylist()} == {"up", "down"}


EVENT = """
[[event]]
erc = 200
key = "trial_event"
[[event.layout]]
fields = \"\"\"
{fields}
\"\"\"
"""


def event_bodies_for(seed: str) -> list[bytes]:
    """Bodies of AFN 0EH F1 with records of ERC 200 and others."""
    drawn = random.Random(seed)
    found = []
    for body in bodies_for(seed, 24):
        records = b"".join(
            bytes((drawn.choice((200, 200, 0, 14, 0xEE)), len(part))) + part
            for part in (body[: len(body) // 2], body[len(body) // 2 :])
        )
        found.append(b"\x0e\x60\x00\x00\x01\x00" + bytes((1, 2, 3, 5)) + records)
    return found


EVENT_LAYOUTS = {
    "names of every row's columns": "fn u1\nrecord u1\npn u1\ntime u1",
    "its length": "if length == 11 { a u1 } else { a A7\noptional { b u1 } }\nc[length - 4] u1",
    "a large number": "a bcd[9]\nb u4 *100000000",
    "units inside": "a u1\ninner units(0x0C)",
    "lists": "a u1\nx[a] { b u1\nc[b] bs[1] }",
}


@pytest.mark.parametrize("name", EVENT_LAYOUTS)
def test_any_layout_of_an_event_works(implementation: Implementation, name: str) -> None:
    frames = [a_frame(body) for body in event_bodies_for(name)]
    check_frames(frames, catalogue_of(EVENT.format(fields=EVENT_LAYOUTS[name])))


# ---- catalogues of users


@pytest.mark.parametrize("names", [["vendor.toml"], ["circuit_breaker.toml"], ["vendor.toml", "circuit_breaker.toml"]])
def test_the_examples_of_extensions(implementation: Implementation, names: list[str]) -> None:
    catalogue = Catalogue.load(*(EXAMPLES / name for name in names))
    tables = check_frames(list(field_frames()), catalogue)
    added = {entry.key for entry in catalogue.items()} - {entry.key for entry in plms.default_catalogue().items()}
    assert added & tables.keys()


def test_an_extended_catalogue_is_another_one(implementation: Implementation) -> None:
    catalogue = Catalogue()
    frame = a_frame(head(1999) + b"\x05")
    first = catalogue.extended(item("x u1"), "first.toml")
    second = first.extended(item("y u1 *0.5 V"), "second.toml")
    assert len(plms.bulk.decode(frame, catalogue=catalogue)) == 0
    before = plms.bulk.decode(frame, catalogue=first)
    after = plms.bulk.decode(frame, catalogue=second)
    assert before["trial"].to_pylist()[0]["x"] == 5
    assert str(after["trial"].to_pylist()[0]["y"]) == "2.5"
    assert before["trial"].schema().names[-1] == "x"
    assert len(plms.bulk.decode(frame)) == 0
