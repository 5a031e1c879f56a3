"""The conformance vectors: up to date, complete, and true in both directions."""

from __future__ import annotations

from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import make_vectors
import pytest
import simplejson

import plmsproto as plms
from plmsproto import Direction, Edition
from plmsproto.layout.nodes import Bitfield, Field, ListOf, Record

ROOT = Path(__file__).parent.parent
FILES = sorted((ROOT / "vectors").glob("*.jsonl"))


@cache
def vectors(path: Path) -> list[dict[str, Any]]:
    return [simplejson.loads(line, use_decimal=True) for line in path.read_text(encoding="utf-8").splitlines()]


def every_vector() -> list[dict[str, Any]]:
    return [vector for path in FILES for vector in vectors(path)]


def test_the_files_are_what_the_catalogue_gives(capsys: pytest.CaptureFixture[str]) -> None:
    assert make_vectors.main(["--check"]) == 0, capsys.readouterr().out


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_frames_mean_the_values(path: Path) -> None:
    for vector in vectors(path):
        edition = vector["edition"] if vector["origin"] == "generated" else None
        message = plms.decode(vector["hex"], edition=edition)
        plain = plms.to_dict(message)
        assert [unit["value"] for unit in plain["units"]] == [unit["values"] for unit in vector["units"]], vector["id"]
        assert [(unit["fn"], unit["pn"], unit["key"]) for unit in plain["units"]] == [
            (unit["fn"], unit["pn"], unit["key"]) for unit in vector["units"]
        ]
        assert plain["edition"] == vector["edition"]
        assert plain.get("deviations", []) == vector.get("deviations", []), vector["id"]


@pytest.mark.parametrize("path", [path for path in FILES if path.stem != "real_frames"], ids=lambda path: path.stem)
def test_the_values_make_the_frames(path: Path) -> None:
    # What another implementation would do: it has the values alone, no bytes that a decoder kept.
    for vector in vectors(path):
        units = [
            {"fn": unit["fn"], "pn": unit["pn"], "key": unit["key"], "value": unit["values"]}
            for unit in vector["units"]
        ]
        head = {key: vector[key] for key in ("edition", "direction", "afn", "address", "control", "seq")}
        message = plms.from_dict({**head, "units": units, "aux": vector.get("aux", {})})
        assert bytes(message).hex().upper() == vector["hex"], vector["id"]


def test_names_are_unique_and_real_frames_say_what_confirms_them() -> None:
    names = Counter(vector["id"] for vector in every_vector())
    assert [name for name, count in names.items() if count > 1] == []
    for vector in every_vector():
        assert (vector["origin"] == "real") == bool(vector.get("confirmed_by")), vector["id"]


def test_every_item_edition_and_direction_has_a_vector() -> None:
    catalogue = plms.default_catalogue()
    wanted = {
        (edition.value, info.code, direction.value, item.fn)
        for info in catalogue.afns()
        for item in catalogue.items(info.code)
        for edition in item.editions
        for direction in Direction
        if getattr(info, direction.value)
    }
    found = {
        (vector["edition"], int(vector["afn"], 16), vector["direction"], vector["units"][0]["fn"])
        for vector in every_vector()
        if vector["origin"] == "generated"
    }
    assert found == wanted


# ------------------------------------------------------------------------------------- every field has a test value


def names_in(record: Record, prefix: str = "") -> set[str]:
    """The paths of all fields and bit parts of a layout, list entries without their number."""
    found: set[str] = set()
    for member in record.members:
        found |= _names_of(member, prefix)
    return found


def _names_of(member: Any, prefix: str) -> set[str]:
    if not isinstance(member, Field):
        return {name for block in member.blocks() for each in block for name in _names_of(each, prefix)}
    path = f"{prefix}{member.name}"
    shape = member.shape.shape if isinstance(member.shape, ListOf) else member.shape
    if isinstance(shape, Record):
        return names_in(shape, f"{path}.")
    if isinstance(shape, Bitfield):
        return {f"{path}.{part.name}" for part in shape.parts}
    return {path}


def shown(message: plms.Message) -> set[str]:
    """The same paths of a message's values."""
    unit = message.units[0]
    return {".".join(part for part in line.path if part[0] != "[") for line in message.lines(unit)}


ITEMS = [
    (item, info.code, direction, edition)
    for info in plms.default_catalogue().afns()
    for item in plms.default_catalogue().items(info.code)
    for edition in item.editions
    for direction in Direction
    if getattr(info, direction.value)
]


def test_the_examples_of_an_item_show_each_of_its_fields() -> None:
    for item, afn, direction, edition in ITEMS:
        info = plms.default_catalogue().afn(afn)
        assert info is not None
        record = item.body(getattr(info, direction.value), edition)
        messages = plms.examples(item.key, direction, edition=edition, afn=afn)
        assert messages
        seen = set().union(*(shown(message) for message in messages))
        missing = names_in(record) - seen
        assert missing == set(), f"{item.title} {direction} {edition}"


def test_the_examples_show_each_field_of_each_event() -> None:
    for edition in Edition:
        seen: dict[int, set[str]] = {}
        for message in plms.examples("important_event", edition=edition):
            unit = message.units[0]
            for line in message.lines(unit):
                match line.path:
                    case "record", index, *path:
                        erc = unit.value["record"][int(index.strip("[]"))]["erc"]
                        seen.setdefault(erc, set()).add(".".join(name for name in path if name[0] != "["))
        for event in plms.events(edition):
            body = event.body(edition)
            assert body is not None
            assert names_in(body) - seen[event.erc] == set(), f"{event.title} {edition}"


def test_test_values_differ_from_their_neighbours() -> None:
    # Two fields that are mixed up must show.
    value = plms.examples("present_power")[0].units[0].value
    numbers = [each for key, each in value.items() if key != "read_time"]
    assert len(set(numbers)) == len(numbers)
