"""The catalogue: what it holds, how it is asked and extended, and what is said about wrong files."""

from __future__ import annotations

import re
import threading
import tomllib
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

import plmsproto as plms
from plmsproto import Catalogue, Edition
from plmsproto.catalogue import BodyLayout, EventEntry, ItemEntry, loader
from plmsproto.errors import CatalogueError, EncodeError, UnknownItemError
from plmsproto.layout import Bitfield, Field, Leaf, ListOf, PackedList, Record, describe

DIRECTIONS = ("down", "up", "query")


@cache
def whole() -> Catalogue:
    return Catalogue()


def entries() -> list[ItemEntry | EventEntry]:
    return [*whole().items(), *whole().events()]


def compiled(entry: ItemEntry | EventEntry, layout: BodyLayout, edition: Edition) -> Record:
    if isinstance(entry, EventEntry):
        body = entry.body(edition)
        assert body is not None
        return body
    return entry.body((layout.direction,), edition, variant=bool(layout.variant))


LAYOUTS = [(entry, layout, edition) for entry in entries() for layout in entry.layouts for edition in layout.editions]
IDS = [
    f"{e.title}-{'+'.join(e.editions)}-{lay.direction}{'-variant' * bool(lay.variant)}-{ed}" for e, lay, ed in LAYOUTS
]


# --------------------------------------------------------------------------------------------------- contents


@pytest.mark.parametrize(
    ("afn", "counts"),
    [
        (0x00, (3, 3, 4)),
        (0x01, (3, 4, 4)),
        (0x02, (3, 3, 3)),
        (0x03, (4, 4, 4)),
        (0x04, (55, 62, 72)),
        (0x05, (26, 35, 39)),
        (0x06, (0, 4, 11)),
        (0x08, (1, 1, 1)),
        (0x09, (0, 8, 10)),
        (0x0A, (55, 62, 72)),
        (0x0B, (2, 2, 2)),
        (0x0C, (75, 120, 131)),
        (0x0D, (92, 163, 173)),
        (0x0E, (2, 2, 3)),
        (0x0F, (0, 1, 1)),
        (0x10, (1, 4, 5)),
    ],
)
def test_each_edition_has_so_many_items(afn: int, counts: tuple[int, int, int]) -> None:
    assert tuple(len(whole().items(afn, edition)) for edition in ("130", "376", "1376")) == counts


def test_each_edition_has_so_many_events() -> None:
    assert [len(whole().events(edition)) for edition in ("130", "376", "1376")] == [29, 35, 41]
    assert [event.erc for event in whole().events("130")] == [n for n in range(1, 31) if n != 23]
    assert [event.erc for event in whole().events("1376")] == list(range(1, 42))


def test_every_afn_of_the_standards_has_its_entry() -> None:
    assert [info.code for info in whole().afns()] == [int(afn) for afn in plms.Afn]
    assert [info.key for info in whole().afns()] == [afn.name.lower() for afn in plms.Afn]
    assert all(info.en and info.zh for info in whole().afns())


def test_requests_have_the_link_functions_of_the_standard() -> None:
    functions = {info.code: info.function for info in whole().afns()}
    assert functions[0x01] == 1
    assert {afn for afn, function in functions.items() if function == 10} == {0x04, 0x05, 0x06, 0x0F, 0x10}
    assert {info.code for info in whole().afns() if info.confirmed} == {0x01, 0x04, 0x05, 0x06, 0x0F, 0x10}


@pytest.mark.parametrize(("entry", "layout", "edition"), LAYOUTS, ids=IDS)
def test_every_layout_compiles_and_names_its_parts_in_chinese(
    entry: ItemEntry | EventEntry, layout: BodyLayout, edition: Edition
) -> None:
    record = compiled(entry, layout, edition)
    assert record.members, "an empty body needs no layout"
    assert describe(record)
    nameless = [name for name, zh in names_of(record) if not zh]
    assert nameless == []


def names_of(record: Record) -> Iterator[tuple[str, str]]:
    """Every key of a layout, label and bit part among them, with its Chinese name."""
    for member in record.members:
        yield from _names_of(member)


def _names_of(member: Any) -> Iterator[tuple[str, str]]:
    if not isinstance(member, Field):
        for block in member.blocks():
            for each in block:
                yield from _names_of(each)
        return
    yield member.name, member.zh
    shape = member.shape.shape if isinstance(member.shape, ListOf) else member.shape
    if isinstance(shape, Record):
        yield from names_of(shape)
    elif isinstance(shape, Bitfield):
        for part in shape.parts:
            yield part.name, part.zh
            yield from ((label, whole().zh(label)) for label in part.labels.values())
    elif isinstance(shape, (Leaf, PackedList)):
        yield from ((label, whole().zh(label)) for label in getattr(shape.form, "labels", {}).values())


@pytest.mark.parametrize(("entry", "layout", "edition"), LAYOUTS, ids=IDS)
def test_keys_are_snake_case(entry: ItemEntry | EventEntry, layout: BodyLayout, edition: Edition) -> None:
    for name, _ in names_of(compiled(entry, layout, edition)):
        assert re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", name)


def test_every_entry_is_described() -> None:
    for entry in entries():
        assert re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", entry.key), entry.title
        assert entry.en, entry.title
        assert re.search(r"[\u4e00-\u9fff]", entry.zh), entry.title
        assert entry.confidence in ("high", "medium", "low"), entry.title
        assert entry.editions, entry.title
        assert entry.source, entry.title


def test_keys_are_unique_in_each_edition() -> None:
    for edition in Edition:
        for found in (whole().items(edition=edition), whole().events(edition)):
            keys = Counter(entry.key for entry in found)
            assert [key for key, count in keys.items() if count > 1] == []


def test_a_key_means_one_number() -> None:
    numbers: dict[str, set[tuple[int, int]]] = {}
    for item in whole().items():
        numbers.setdefault(item.key, set()).add((item.afn, item.fn))
    assert {key: found for key, found in numbers.items() if len(found) > 1} == {}


def test_shared_words_are_defined_once() -> None:
    # Files are loaded lazily: what two of them said differently would depend on the order of questions.
    defined: Counter[tuple[str, ...]] = Counter()
    for _, data in toml_files():
        defined.update(("name", name) for name in data.get("names", {}))
        defined.update(("unit", name) for name in data.get("units", {}))
        defined.update(("enumeration", each["key"]) for each in data.get("enumeration", []))
        for each in data.get("type", []):
            defined.update(("type", each["key"], edition) for edition in each.get("editions", list(Edition)))
    assert [word for word, count in defined.items() if count > 1] == []


def test_shared_words_are_used() -> None:
    text = "\n".join(text for text, _ in toml_files())
    for _, data in toml_files():
        for each in data.get("type", []):
            assert len(re.findall(rf"\b{each['key']}\b", text)) > 1, each["key"]
        for each in data.get("enumeration", []):
            assert re.search(rf"\benum {each['key']}\b", text), each["key"]


@cache
def toml_files() -> list[tuple[str, dict[str, Any]]]:
    folder = resources.files("plmsproto.catalogue")
    texts = [entry.read_text(encoding="utf-8") for entry in folder.iterdir() if entry.name.endswith(".toml")]
    return [(text, tomllib.loads(text)) for text in texts]


# ----------------------------------------------------------------------------------------------------- loading


def loaded(catalogue: Catalogue) -> set[str]:
    return {file.name for file in catalogue._files if file.loaded}


def test_only_what_is_asked_for_is_loaded() -> None:
    catalogue = Catalogue()
    assert not any(name.startswith("afn0") for name in loaded(catalogue))
    assert catalogue.item(0x02, 3).key == "heartbeat"
    assert [name for name in loaded(catalogue) if name.startswith("afn0")] == ["afn02_link_test.toml"]
    catalogue.item(0x0C, 25)
    assert "afn0c_class1_f001_f060.toml" in loaded(catalogue)
    assert "afn0c_class1_f129_f168.toml" not in loaded(catalogue)
    catalogue.item_by_key("present_forward_active_reading")
    assert "afn0c_class1_f129_f168.toml" in loaded(catalogue)
    assert "afn0e_class3_events.toml" not in loaded(catalogue)
    catalogue.event(14)
    assert "afn0e_class3_events.toml" in loaded(catalogue)


@pytest.mark.parametrize("file", [file.name for file in Catalogue()._files if file.afn is not None])
def test_each_file_is_complete_without_the_others(file: str) -> None:
    catalogue = Catalogue()
    mine = {entry.title for entry in entries() if entry.source == file}
    numbers = {(item.afn, item.fn) for item in whole().items() if item.source == file}
    found: list[Any] = [catalogue.item(*number) for number in sorted(numbers)]
    found += [catalogue.event(event.erc) for event in whole().events() if event.source == file]
    assert {entry.title for entry in found} == mine
    others = {name for name in loaded(catalogue) if re.match(r"afn[0-9a-f]{2}_", name)} - {file}
    assert others == set()
    for entry in found:
        for layout in entry.layouts:
            for edition in layout.editions:
                if edition in entry.editions:
                    zh = [name for name, zh in names_of(compiled(entry, layout, edition)) if not zh]
                    assert zh == []


# --------------------------------------------------------------------------------------------------- questions


def test_items_by_number_key_and_edition() -> None:
    item = plms.item(0x0C, 25)
    assert (item.key, item.afn, item.fn, item.pn, item.title) == (
        "present_power",
        12,
        25,
        "measurement_point",
        "0C F25",
    )
    assert plms.item(0x0C, 25, "130") is plms.default_catalogue().item_by_key("present_power", "130")
    assert plms.item("present_power") is item
    with pytest.raises(EncodeError, match="AFN 0C alone"):
        plms.item(0x0C)
    assert plms.item(0x0C, 1).editions == (Edition.GDW130,)  # without an edition the newest meaning there is
    with pytest.raises(UnknownItemError, match=r"0C F1: unknown item in Q/GDW 376\.1-2009"):
        plms.item(0x0C, 1, "376")
    with pytest.raises(UnknownItemError):
        plms.item(0x0C, 999)
    with pytest.raises(UnknownItemError):
        plms.item(0xF1, 1)
    with pytest.raises(EncodeError, match="no such edition"):
        plms.item(0x0C, 25, "377")


def test_an_unknown_key_names_similar_ones() -> None:
    with pytest.raises(UnknownItemError, match="expected present_power"):
        whole().item_by_key("presentpower")
    with pytest.raises(UnknownItemError):
        whole().item_by_key("present_forward_active_reading", "130")
    with pytest.raises(UnknownItemError, match="expected voltage_circuit_abnormal"):
        whole().event_by_key("voltage_circuit_abnormall")


def test_lists_are_in_order_and_of_one_afn_or_all() -> None:
    numbers = [(item.afn, item.fn) for item in whole().items()]
    assert numbers == sorted(numbers)
    assert {item.afn for item in plms.items(afn=0x0E)} == {0x0E}
    assert plms.items(afn=0xF1) == []
    assert [event.erc for event in plms.events()] == sorted(event.erc for event in plms.events())


def test_queries_use_the_items_of_set_parameters() -> None:
    catalogue = extended(PARAMETER)
    assert catalogue.item(0x0A, 999) is catalogue.item(0x04, 999)
    assert catalogue.items(0x0A) == catalogue.items(0x04)


def test_events_by_code_and_edition() -> None:
    assert plms.event(14).key == "terminal_power_down_up"
    assert plms.event("terminal_power_down_up") is plms.event(14)
    assert plms.event(41).editions == (Edition.GDW1376,)
    assert whole().event_by_key("clock_adjustment").erc == 41
    assert plms.event(14).title == "ERC14"
    with pytest.raises(UnknownItemError, match="ERC41: unknown event code"):
        plms.event(41, "376")
    with pytest.raises(UnknownItemError):
        plms.event(200)


def test_bodies_by_direction() -> None:
    item = whole().item(0x0E, 1)
    assert item.body(("down",), Edition.GDW376).names() == ["start_pointer", "end_pointer"]
    assert "record" in item.body(("up",), Edition.GDW376).names()
    assert whole().item(0x0C, 25).body(("down",), Edition.GDW376).names() == []


def test_editions_that_read_a_body_alike_share_its_layout() -> None:
    shared = plms.item(0x0C, 25).shared_layouts()
    assert [(each.direction, each.editions, bool(each.variant)) for each in shared] == [
        ("up", ("130",), False),
        ("up", ("376", "1376"), False),
        ("up", ("376", "1376"), True),
    ]
    assert [each.editions for each in plms.event(14).shared_layouts()] == [("130", "376"), ("1376",)]
    assert [each.editions for each in plms.event(14).shared_layouts(Edition.GDW376)] == [("376",)]
    assert plms.item(0x05, 2).shared_layouts() == []


def test_a_type_that_differs_by_edition_parts_the_editions_of_a_layout() -> None:
    # One text for all three, in which the measured current is A6 in 130 and A25 from 376 on.
    item = plms.item(0x0D, 92)
    assert len({layout.fields for layout in item.layouts if layout.direction == "up"}) == 1
    up = [each.editions for each in item.shared_layouts() if each.direction == "up"]
    assert up == [("130",), ("376", "1376")]


def test_variants_are_taken_where_there_is_one() -> None:
    item = whole().item(0x0B, 1)
    assert item.body(("up",), Edition.GDW376).names() == []
    assert item.body(("up",), Edition.GDW376, variant=True).names() == ["inner_unit"]
    assert "AFN 0BH" in item.variant(("up",), Edition.GDW376)
    assert item.variant(("up",), Edition.GDW130) == ""


# --------------------------------------------------------------------------------------------------- extending

PARAMETER = '''
[[item]]
afn = 0x04
fn = 999
key = "private_limit"
en = "A private limit"
zh = "自定义限值"
confidence = "low"
[[item.layout]]
dir = "down"
fields = """
limit  u2  V
"""
'''


def extended(text: str, name: str = "mine.toml") -> Catalogue:
    return Catalogue().extended(text, name)


def test_a_users_item_is_there_in_all_editions() -> None:
    item = extended(PARAMETER).item_by_key("private_limit")
    assert (item.editions, item.pn, item.source) == (tuple(Edition), "terminal", "mine.toml")
    assert item.body(("down",), Edition.GDW130).names() == ["limit"]


def test_a_users_item_replaces_the_librarys_in_its_editions_alone() -> None:
    text = (
        PARAMETER.replace("0x04", "0x0C").replace("999", "25").replace("confidence", 'editions = ["376"]\nconfidence')
    )
    catalogue = extended(text.replace('"down"', '"up"'))
    assert catalogue.item(0x0C, 25, "376").key == "private_limit"
    assert catalogue.item(0x0C, 25, "1376").key == catalogue.item(0x0C, 25, "130").key == "present_power"
    assert Edition.GDW376 not in catalogue.item(0x0C, 25, "1376").editions
    assert plms.item(0x0C, 25, "376").key == "present_power", "the shared catalogue is not touched"


def test_a_users_event_type_enumeration_names_and_units() -> None:
    catalogue = extended(
        '''
        [units]
        furlong = "弗隆"
        [names]
        distance = "距离"
        nearby = "附近"
        [[type]]
        key = "reach"
        shape = "u2 furlong"
        [[enumeration]]
        key = "nearness"
        values = { 0x01 = "nearby" }
        [[event]]
        erc = 200
        key = "moved"
        [[event.layout]]
        fields = """
        distance reach
        how      u1 enum nearness
        if length == 5 { more u2 }
        """
        '''
    )
    event = catalogue.event(200)
    body = event.body(Edition.GDW376)
    assert body is not None
    distance, how = body.members[:2]
    assert isinstance(distance, Field)
    assert (distance.unit, distance.zh) == ("furlong", "距离")
    assert isinstance(how, Field)
    assert isinstance(how.shape, Leaf)
    assert how.shape.form.decode(b"\1") == "nearby"
    assert catalogue.zh("nearby") == "附近"
    assert catalogue.zh("furlong") == "弗隆"


def test_a_users_type_replaces_the_librarys_also_where_that_was_used_before() -> None:
    text = '[[type]]\nkey = "measured_current"\nshape = "u4"\n'
    before = Catalogue()
    body = before.event(25).body(Edition.GDW376)
    after = before.extended(text).event(25).body(Edition.GDW376)
    assert body is not None
    assert after is not None
    assert after.span() == (body.span()[0] + 3, body.span()[0] + 3)
    assert before.event(25).body(Edition.GDW376) is body


def test_texts_of_one_name_replace_each_other() -> None:
    first = Catalogue().extended(PARAMETER)
    second = first.extended(PARAMETER.replace("private_limit", "other_limit"))
    assert [item.key for item in second.items(0x04) if item.fn == 999] == ["other_limit"]
    assert first.item(0x04, 999).key == "private_limit"
    with pytest.raises(CatalogueError, match=r"04 F999: line 12, column 8: unknown type 'u9'"):
        second.extended(with_fields("other  u9"))


def test_three_items_of_one_number_are_compared_each_with_each() -> None:
    texts = [
        PARAMETER.replace("private_limit", key).replace("confidence", f'editions = ["{edition}"]\nconfidence')
        for key, edition in (("limit_130", "130"), ("limit_376", "376"), ("again_130", "130"))
    ]
    assert len(extended("".join(texts[:2])).items(0x04)) == len(whole().items(0x04)) + 2
    with pytest.raises(CatalogueError, match="twice in one edition: limit_130 and again_130"):
        extended("".join(texts))


def test_a_users_afn() -> None:
    catalogue = extended('[[afn]]\ncode = 0xF1\nkey = "private"\nen = "Private"\nzh = "自定义"\nup = ["up", "down"]\n')
    info = catalogue.afn(0xF1)
    assert info is not None
    assert (info.items_of, info.down, info.up, info.function, info.confirmed) == (
        0xF1,
        ("down",),
        ("up", "down"),
        11,
        False,
    )


def test_files_are_loaded_in_order(tmp_path: Path) -> None:
    first, second = tmp_path / "first.toml", tmp_path / "second.toml"
    first.write_text(PARAMETER, encoding="utf-8")
    second.write_text(PARAMETER.replace("private_limit", "other_limit"), encoding="utf-8")
    assert Catalogue.load(first, str(second)).item(0x04, 999).key == "other_limit"
    assert Catalogue.load(second, first).item(0x04, 999).key == "private_limit"


def test_a_file_that_cannot_be_read_is_a_catalogue_error(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match="can't be read") as caught:
        Catalogue.load(tmp_path / "none.toml")
    assert "none.toml" in caught.value.path
    binary = tmp_path / "binary.toml"
    binary.write_bytes(b"\xff\xfe")
    with pytest.raises(CatalogueError, match="can't be read"):
        Catalogue.load(binary)


def with_fields(fields: str) -> str:
    return PARAMETER.replace("limit  u2  V", fields)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[[item]", ["mine.toml", "line 1"]),
        ("[[thing]]\na = 1", ["mine.toml", "unknown thing"]),
        ("item = 1", ["mine.toml", "[[item]] expected"]),
        ("units = 1", ["[units]"]),
        ("[names]\na = 1", ["[names]"]),
        (with_fields("limit  u2  furlong"), ["mine.toml", "04 F999", "line 12, column 12"]),
        (with_fields("limit  u2\nother u9"), ["04 F999", "line 13, column 7: unknown type 'u9'"]),
        (PARAMETER.replace("fn = 999", "fn = 999\nfnn = 1"), ["mine.toml", "04 F999", "unknown fnn"]),
        (PARAMETER.replace("fn = 999", 'fn = "999"'), ["mine.toml", "AFN 04", "fn must be a number"]),
        (PARAMETER.replace("afn = 0x04\n", ""), ["mine.toml", "afn is missing"]),
        (PARAMETER.replace('key = "private_limit"\n', ""), ["04 F999", "key is missing"]),
        (PARAMETER.replace('"private_limit"', '"Private limit"'), ["04 F999", "key"]),
        (PARAMETER.replace("999", "0"), ["mine.toml", "AFN 04", "fn"]),
        (PARAMETER.replace("0x04", "0x104"), ["mine.toml", "afn"]),
        (PARAMETER.replace('dir = "down"', 'dir = "sideways"'), ["04 F999", "dir must be one of", "'sideways'"]),
        (PARAMETER.replace("confidence", 'editions = ["131"]\nconfidence'), ["04 F999", "editions", "131"]),
        (PARAMETER.replace("confidence", "editions = 130\nconfidence"), ["04 F999", "editions must be a list"]),
        (PARAMETER.replace("confidence", "editions = []\nconfidence"), ["04 F999", "editions"]),
        (
            PARAMETER.replace("confidence", 'editions = ["130"]\nconfidence').replace(
                'dir = "down"', 'dir = "down"\neditions = ["376"]'
            ),
            ["04 F999", "editions that the item is not in"],
        ),
        (PARAMETER + PARAMETER[PARAMETER.index("[[item.layout]]") :], ["04 F999", "two layouts down"]),
        (PARAMETER + PARAMETER, ["mine.toml", "04 F999", "private_limit", "twice"]),
        (PARAMETER + PARAMETER.replace("private_limit", "other"), ["mine.toml", "04 F999"]),
        (PARAMETER + PARAMETER.replace("999", "998"), ["mine.toml", "private_limit"]),
        ('[[type]]\nkey = "x"\n', ["type x", "either fields or a shape"]),
        ('[[type]]\nkey = "x"\nshape = "u1"\nfields = "a u1"\n', ["type x", "either"]),
        ('[[enumeration]]\nkey = "x"\nvalues = { a = "b" }\n', ["enumeration x", "codes and minutes must be numbers"]),
        ('[[enumeration]]\nkey = "x"\nvalues = { 1 = "b" }\nreserved = [1]\n', ["both named and reserved"]),
        ('[[enumeration]]\nkey = "x"\nvalues = { 1 = "b" }\nminutes = { 2 = 5 }\n', ["minutes must be given for each"]),
        ('[[enumeration]]\nkey = "x"\nvalues = { 1 = "b", 2 = "b" }\n', ["enumeration x", "same name"]),
        (
            '[[event]]\nerc = 200\nkey = "x"\n[[event.layout]]\nfields = "a u9"\n',
            ["mine.toml", "ERC200", "unknown type"],
        ),
        ('[[event]]\nerc = 200\nkey = "x"\n[[event.layout]]\ndir = "up"\nfields = "a u1"\n', ["ERC200", "dir"]),
        ('[[event]]\nkey = "x"\n', ["erc is missing"]),
        ('[[afn]]\ncode = 0xF1\nkey = "x"\n', ["AFN F1", "en is missing"]),
        (PARAMETER.replace('fields = """', 'fields = """\n' + "x { " * 5000), ["04 F999"]),
    ],
)
def test_wrong_files_are_refused_with_file_item_and_reason(text: str, words: list[str]) -> None:
    with pytest.raises(CatalogueError) as caught:
        extended(text)
    for word in words:
        assert word in str(caught.value)


GOOD = """
# A file of somebody's own.

[units]
VAh = "伏安时"

[names]
limit = "限值"

[[item]]
afn = 0x04
fn = 999
key = "private_limit"
note = \"\"\"
[[item]] in a text is no table, nor is
fn = 5
\"\"\"
[[item.layout]]
dir = "down"
fields = \"\"\"
limit  u2  V
\"\"\"
[[item.layout]]
dir = "up"
editions = ["1376"]
fields = "limit  u4  V"

[[item]]
afn = 0x04
fn = 998
key = "other_limit"

[[event]]
erc = 200
key = "private_event"
"""


@pytest.mark.parametrize(
    ("old", "new", "line", "reason"),
    [
        ("[[event]]", "[[event]", 33, "Expected"),
        ('VAh = "伏安时"', "VAh = 5", 5, "one text for each name"),
        ("[units]", "[unit]", 4, "unknown unit"),
        ("fn = 999", 'fn = "999"', 12, "fn must be a number"),
        ("fn = 999", "fn = 999\nfnn = 1", 13, "unknown fnn"),
        ("fn = 999", "", 10, "fn is missing"),
        ('key = "private_limit"', 'key = "Private"', 13, "key must be snake_case"),
        ('dir = "down"', 'dir = "sideways"', 19, "dir must be one of"),
        ('dir = "up"', 'dir = "down"', 10, "two layouts down"),
        ('["1376"]', '["1377"]', 25, "editions must be of"),
        ("limit  u2  V", "limit  u2  Volt", 21, "unexpected 'Volt'"),
        ("limit  u4  V", "limit  u9  V", 26, "unknown type 'u9'"),
        ("fn = 998", "fn = 999", 28, "is there twice"),
        ('key = "other_limit"', 'key = "other_limit"\npn = "meter"', 32, "pn must be of terminal, measurement_point"),
        ('"other_limit"', '"present_power"', 31, "another item has the key"),
        ("erc = 200", "erc = 300", 34, "erc must be 1 to 255"),
    ],
)
def test_errors_say_the_line(old: str, new: str, line: int, reason: str) -> None:
    assert GOOD.count(old) == 1
    with pytest.raises(CatalogueError) as caught:
        extended(GOOD.replace(old, new))
    assert caught.value.line == line
    assert "mine.toml" in str(caught.value)
    assert f"line {line}" in str(caught.value)
    assert reason in str(caught.value)


def test_the_good_file_is_good() -> None:
    assert extended(GOOD).item(0x04, 998).key == "other_limit"


def test_a_wrong_variant_is_refused_when_it_is_added() -> None:
    variant = '[[item.layout]]\ndir = "down"\nvariant = "sends rubbish"\nfields = "a u9"\n'
    with pytest.raises(CatalogueError, match="unknown type 'u9'"):
        extended(PARAMETER + variant)


def test_extending_a_catalogue_leaves_it_as_it_is() -> None:
    catalogue = Catalogue()
    text = with_fields("limit u1").replace("0x04", "0x0C").replace("999", "25")
    assert catalogue.extended(text).item(0x0C, 25).key == "private_limit"
    with pytest.raises(CatalogueError):
        catalogue.extended(text.replace("limit u1", "limit u9"))
    assert catalogue.item(0x0C, 25).key == "present_power"
    with pytest.raises(UnknownItemError):
        catalogue.item_by_key("private_limit")


def test_a_key_is_looked_up_once(monkeypatch: pytest.MonkeyPatch) -> None:
    catalogue = Catalogue()
    searched: list[str] = []
    keys = loader._KEY_LINE

    class Counted:
        def findall(self, text: str) -> list[str]:
            searched.append(text)
            return keys.findall(text)

    monkeypatch.setattr(loader, "_KEY_LINE", Counted())
    first = catalogue.item_by_key("present_power")
    catalogue.item_by_key("clock_set")
    for _ in range(3):
        with pytest.raises(UnknownItemError, match="present_power"):
            catalogue.item_by_key("present_powr")
        with pytest.raises(UnknownItemError, match="clock_adjustment"):
            catalogue.event_by_key("clock_adjustmen")
    assert len(searched) == len(set(searched))
    monkeypatch.setattr(catalogue, "_find_by_key", None)
    monkeypatch.setattr(catalogue, "_find_item", None)
    assert catalogue.item_by_key("present_power") is first
    with pytest.raises(TypeError):
        catalogue.item_by_key("present_power", "130")  # another question


def test_threads_that_ask_a_new_catalogue_at_once_all_get_answers() -> None:
    questions = [(0x0C, 25), (0x0C, 129), (0x05, 31), (0x0E, 1), (0x00, 3), (0x02, 1)]
    keys = ["present_power", "clock_set", "important_event", "heartbeat"]
    for _ in range(5):
        catalogue = Catalogue()
        start = threading.Barrier(8)

        def ask(number: int, catalogue: Catalogue = catalogue, start: threading.Barrier = start) -> list[str]:
            start.wait()
            turn = number % len(questions)
            found = [catalogue.item(*each).key for each in questions[turn:] + questions[:turn]]
            found += [catalogue.item_by_key(key).key for key in keys]
            return sorted(found)

        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(ask, range(8)))
        assert answers == [answers[0]] * 8
        assert len(answers[0]) == len(questions) + len(keys)


def test_afn_are_called_the_same_in_code_and_catalogue() -> None:
    assert {info.code: info.key for info in whole().afns()} == {int(afn): afn.name.lower() for afn in plms.Afn}
