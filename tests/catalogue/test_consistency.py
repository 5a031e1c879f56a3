"""The catalogue as one body of words: what one file says must fit what all others say."""

from __future__ import annotations

import re
import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterator
from functools import cache
from importlib import resources
from typing import Any

from plmsproto import Catalogue, Edition
from plmsproto.catalogue import BodyLayout, EventEntry, ItemEntry
from plmsproto.formats import Enumerated, Format
from plmsproto.layout import Bitfield, BitPart, Field, Leaf, ListOf, PackedList, Record, SizedLeaf

# Words that end in s and are singular, and those that follow a number in names of codes ("every 15 minutes").
SINGULAR = {
    *("address", "asynchronous", "business", "class", "hysteresis", "loss", "progress", "spontaneous", "statistics"),
    *("status", "subclass", "yes"),
}
AFTER_NUMBER = {"minutes", "milliseconds", "bits"}

# Abbreviations without a vowel that are the field's own terms, or that every engineer writes so.
SHORT = {"fn", "tcp", "ftp", "http", "dc"}


@cache
def whole() -> Catalogue:
    return Catalogue()


@cache
def sources() -> dict[str, dict[str, Any]]:
    folder = resources.files("plmsproto.catalogue")
    return {
        entry.name: tomllib.loads(entry.read_text(encoding="utf-8"))
        for entry in folder.iterdir()
        if entry.name.endswith(".toml")
    }


def entries() -> list[ItemEntry | EventEntry]:
    return [*whole().items(), *whole().events()]


def layouts() -> Iterator[tuple[ItemEntry | EventEntry, BodyLayout, Edition, Record]]:
    for entry in entries():
        for layout in entry.layouts:
            for edition in layout.editions:
                yield entry, layout, edition, entry.compiled(layout, edition)


def parts(record: Record) -> Iterator[Field | BitPart]:
    """Every field and bit part of a layout."""
    for member in record.members:
        yield from _parts(member)


def _parts(member: Any) -> Iterator[Field | BitPart]:
    if not isinstance(member, Field):
        for block in member.blocks():
            for each in block:
                yield from _parts(each)
        return
    yield member
    shape = member.shape.shape if isinstance(member.shape, ListOf) else member.shape
    if isinstance(shape, Record):
        yield from parts(shape)
    elif isinstance(shape, Bitfield):
        yield from shape.parts


def form_of(part: Field | BitPart) -> Format | None:
    if isinstance(part, BitPart):
        return part.form
    shape = part.shape.shape if isinstance(part.shape, ListOf) else part.shape
    return shape.form if isinstance(shape, (Leaf, PackedList, SizedLeaf)) else None


def keys() -> Iterator[tuple[str, str]]:
    """Every key with what it is a key of: items, events, fields, bit parts, codes, types, enumerations."""
    for entry in entries():
        yield entry.key, entry.title
    for entry, _, _, record in layouts():
        for part in parts(record):
            yield part.name, entry.title
            for label in part.labels.values():
                yield label, entry.title
    for name, source in sources().items():
        for each in [*source.get("type", []), *source.get("enumeration", [])]:
            yield each["key"], name


def test_keys_are_snake_case_and_singular() -> None:
    for key, where in set(keys()):
        words = key.split("_")
        assert all(re.fullmatch(r"[a-z0-9]+", word) for word in words), (key, where)
        assert words[0][0].isalpha(), (key, where)
        plural = {word for word in words if word.endswith("s") and len(word) > 2} - SINGULAR
        numbers = {"two", "three", "ten"} | {word for word in words if word.isdigit()}
        if numbers & set(words):
            plural -= AFTER_NUMBER
        assert not plural, (key, where)


def test_keys_are_not_abbreviated() -> None:
    vowelless = {
        (word, where)
        for key, where in set(keys())
        for word in key.split("_")
        if len(word) > 1 and word.isalpha() and not set(word) & set("aeiouy") and word not in SHORT
    }
    assert vowelless == set()


def test_a_key_of_a_field_means_one_thing() -> None:
    # The Chinese name is the standard's own word for a field. Where one key has several, each is said in its place; the
    # unit they must share, but for what counts in whatever the item says.
    units: dict[str, set[str]] = defaultdict(set)
    for _, _, _, record in layouts():
        for part in parts(record):
            if part.unit:
                units[part.name].add(part.unit)
    several = {name: found for name, found in units.items() if len(found) > 1}
    assert several == KEYS_WITH_SEVERAL_UNITS


KEYS_WITH_SEVERAL_UNITS = {
    "energy": {"kWh", "kvarh"},  # of an interval: the item says of which kind
    "clock_deviation_threshold": {"min", "s"},  # finer from 1376 on
}


def test_every_name_is_used() -> None:
    # A name that nothing uses is a slip of the pen somewhere else.
    used = {key for key, _ in keys()}
    text = " ".join(
        layout["fields"]
        for source in sources().values()
        for entry in [*source.get("item", []), *source.get("event", [])]
        for layout in entry.get("layout", [])
    )
    runs = re.findall(r"([a-z0-9_]*)\{([a-z0-9_,]+)\}([a-z0-9_]*)", text)
    used |= {member for _, members, _ in runs for member in members.split(",")}
    used |= {(before + after).strip("_").replace("__", "_") for before, _, after in runs}
    defined = {name for source in sources().values() for name in source.get("names", {})}
    assert sorted(defined - used) == []


def test_names_stand_in_one_place() -> None:
    # One vocabulary: a file of items defines no names of its own.
    assert [name for name, source in sources().items() if {"names", "units", "points"} & source.keys()] == [
        "vocabulary.toml"
    ]


def test_every_enumeration_says_what_each_code_is() -> None:
    for entry, _, edition, record in layouts():
        for part in parts(record):
            form = form_of(part)
            if not isinstance(form, Enumerated):
                continue
            assert len(form.labels) >= 1
            assert not form.reserved & form.labels.keys()
            bits = part.high - part.low + 1 if isinstance(part, BitPart) else form.bits
            if bits is not None:
                unsaid = set(range(1 << bits)) - form.labels.keys() - form.reserved
                assert unsaid == set(), f"{entry.title} {edition} {part.name}"


def test_every_kind_of_point_is_of_one_list_and_named() -> None:
    points = sources()["vocabulary.toml"]["points"]
    assert {item.pn for item in whole().items()} == set(points)
    assert all(whole().point_zh(pn) == zh for pn, zh in points.items())


def test_every_unit_is_of_one_list_and_named() -> None:
    units = sources()["vocabulary.toml"]["units"]
    used = {part.unit for _, _, _, record in layouts() for part in parts(record)} - {""}
    assert used <= set(units)
    assert set(units) - used <= {"d"}
    assert all(re.search(r"[\u4e00-\u9fff%]", zh) for zh in units.values())


def test_no_two_entries_and_no_two_layouts_of_one_have_the_same_place() -> None:
    # Asked of the files: once loaded, what stands in a later one has replaced what stood in an earlier.
    every = [str(edition) for edition in Edition]
    places: Counter[tuple[Any, ...]] = Counter()
    for source in sources().values():
        for kind, number in (("item", ("afn", "fn")), ("event", ("erc",))):
            for entry in source.get(kind, []):
                name = (kind, *(entry[part] for part in number))
                editions = entry.get("editions", every)
                places.update((*name, edition) for edition in editions)
                for layout in entry.get("layout", []):
                    where = (*name, layout.get("dir"), "variant" in layout)
                    places.update((*where, edition) for edition in layout.get("editions", editions))
    assert [place for place, count in places.items() if count > 1] == []
    assert len(places) > 2000


def test_variants_say_what_a_device_does() -> None:
    for entry in entries():
        for layout in entry.layouts:
            if layout.variant:
                assert layout.variant[0].islower() or layout.variant[0].isdigit()
                assert not layout.variant.endswith(".")


def test_entries_say_where_the_standard_has_them() -> None:
    assert whole().item(0x0C, 25).clauses == (
        "Q/GDW 130-2005, AFN 0CH F25",
        "Q/GDW 376.1-2009, AFN 0CH F25",
        "Q/GDW 1376.1-2013, AFN 0CH F25",
    )
    assert whole().event(14, Edition.GDW1376).clauses[-1] == "Q/GDW 1376.1-2013, AFN 0EH ERC14"
    for entry in entries():
        assert len(entry.clauses) == len(entry.editions)
    (clause,) = whole().item(0x04, 97).clauses
    assert clause.startswith("Q/GDW 1376.1-2013, AFN 04H F97 (")
