#!/usr/bin/env python3
"""Is the catalogue complete? Compares it with a folder of specification files, item by item, and says what differs.

The catalogue in ``src/plmsproto/catalogue`` was written by hand from a specification: TOML files that say byte by byte
what the three editions hold. This tool finds slips of the pen: an item that was forgotten, a field of the wrong width,
an edition left out. ::

    python tools/compare_spec.py PATH_TO_SPEC_FOLDER            # everything
    python tools/compare_spec.py PATH_TO_SPEC_FOLDER --afn 0C   # one AFN; events belong to 0E

Only this tool reads the specification; the library neither needs nor knows it.

The specification's layouts are translated into the library's layout language (``spec_files``). Both sides' layouts then
read bodies that were made up from either of them (``same_bodies``).

A difference that is meant is written down with its reason in ``spec_differences.toml`` beside this file::

    [[difference]]
    item = "0C F25"           # or "ERC14", or a list of them
    editions = ["376"]        # each of them must differ
    direction = "up"          # left out for events, and where kind has none
    kind = "length"           # one of those below
    reason = "why it is meant"

An explanation that explains nothing is an error as well, so that reasons do not outlive what they explain. The exit
status is 0 if every difference is explained and every explanation needed, 1 if not, 2 if there was nothing to compare.

What the kinds mean:

* ``presence``: an item, or its body in one direction, is in the specification only (or the body in the catalogue only);
* ``extra``: an item is in the catalogue only;
* ``edition``: both have the item, but not in the same editions;
* ``length``: a body of one side is not a whole body of the other;
* ``field_count``: bodies of one length have different numbers of values. A bit string is taken to say as much as the
  single bits that it holds; tens and units of a number are one value;
* ``format``: a value has another annex A format, is BCD or signed on one side only, or has other bits of its field;
* ``unit``: a value has another unit or factor;
* ``confidence``, ``pn``, ``zh``: the items are marked differently;
* ``supplement``: the specification says that the item is from a supplement, the catalogue does not say which.
"""

from __future__ import annotations

import argparse
import re
import sys
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NamedTuple

from same_bodies import compare_bodies
from spec_files import MARKS, Meaning, Side, SpecError, marks, read_spec

from plmsproto.catalogue import Catalogue
from plmsproto.catalogue.entries import Entry
from plmsproto.errors import PlmsError
from plmsproto.layout import Record

EXPLANATIONS: Final = Path(__file__).with_name("spec_differences.toml")
KINDS: Final = ("presence", "extra", "edition", "length", "field_count", "format", "unit", *MARKS)
EVENTS_AFN: Final = 0x0E


# ---- the catalogue


def read_catalogue(entries: Iterable[Entry]) -> Side:
    """What entries of the catalogue say; forms of deviating devices are left out.

    Raises:
        CatalogueError: a layout is wrong.
    """
    side: Side = {}
    for entry in entries:
        said = marks({mark: getattr(entry, mark, "") for mark in MARKS})
        for edition in entry.editions:
            bodies = {
                layout.direction: record
                for layout in entry.layouts
                if edition in layout.editions and not layout.variant
                if (record := entry.compiled(layout, edition)).members
            }
            side[entry.title, str(edition)] = Meaning(said, bodies)
    return side


# ---- comparing

_NUMBER = re.compile(r"(?:([0-9A-F]{2}) F|ERC)(\d+)")


def _number(title: str) -> tuple[int, int, int]:
    """AFN and number of a title, by which titles are sorted; events come after the items of their AFN."""
    match = _NUMBER.fullmatch(title)
    if not match:
        raise SpecError(f"neither an item such as 0C F25 nor an event such as ERC14: {title!r}")
    return (int(match[1], 16), 0, int(match[2])) if match[1] else (EVENTS_AFN, 1, int(match[2]))


class Difference(NamedTuple):
    """One thing in which the sides differ.

    Attributes:
        title: the item or event.
        edition: the edition.
        direction: ``down``, ``up`` or ``query``; empty if the difference is none of a body.
        kind: see the module's text.
        text: what differs.
    """

    title: str
    edition: str
    direction: str
    kind: str
    text: str


def compare(spec: Side, catalogue: Side) -> Iterator[Difference]:
    """All differences, by title."""
    titles = {title: _number(title) for title, _ in (*spec, *catalogue)}
    editions = sorted({edition for _, edition in (*spec, *catalogue)}, key=int)
    for title in sorted(titles, key=titles.__getitem__):
        known = [{edition for edition in editions if (title, edition) in side} for side in (spec, catalogue)]
        for edition in editions:
            expected, found = spec.get((title, edition)), catalogue.get((title, edition))
            if expected and found:
                yield from _compare_meanings(title, edition, expected, found)
            elif expected:
                kind = "edition" if known[1] else "presence"
                yield Difference(title, edition, "", kind, "not in the catalogue")
            elif found:
                kind = "edition" if known[0] else "extra"
                yield Difference(title, edition, "", kind, "not in the specification")


def _compare_meanings(title: str, edition: str, spec: Meaning, catalogue: Meaning) -> Iterator[Difference]:
    for kind in MARKS:
        if spec.marks[kind] != catalogue.marks[kind] and (kind, spec.marks[kind]) != ("supplement", "no"):
            text = f"{catalogue.marks[kind]} in the catalogue, {spec.marks[kind]} in the specification"
            yield Difference(title, edition, "", kind, text)
    for direction in sorted(spec.bodies.keys() | catalogue.bodies.keys()):
        there, here = spec.bodies.get(direction), catalogue.bodies.get(direction)
        if there and here:
            for kind, text in compare_bodies(there, here, in_event=not direction).items():
                yield Difference(title, edition, direction, kind, text)
        elif there:
            text = f"no body in the catalogue, {_size(there)} in the specification"
            yield Difference(title, edition, direction, "presence", text)
        elif here:
            text = f"{_size(here)} in the catalogue, no body in the specification"
            yield Difference(title, edition, direction, "presence", text)


def _size(record: Record) -> str:
    """How long a body is: ``7 bytes``, ``at least 3 bytes``."""
    fewest, most = record.span()
    return f"{fewest} bytes" if fewest == most else f"at least {fewest} bytes"


# ---- explanations


@dataclass(slots=True)
class Explanation:
    """What the file of explanations says about one item or event; ``used`` are the editions in which it was needed."""

    title: str
    editions: set[str]
    direction: str
    kind: str
    reason: str
    used: set[str] = field(default_factory=set)

    def explains(self, difference: Difference) -> bool:
        """Whether it is about this difference; if so, it has been needed."""
        met = (self.title, self.direction, self.kind) == (difference.title, difference.direction, difference.kind)
        if met and difference.edition in self.editions:
            self.used.add(difference.edition)
            return True
        return False


def read_explanations(text: str) -> list[Explanation]:
    """The entries of a file of explanations.

    Raises:
        SpecError: it is wrong.
    """
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SpecError(f"the file of explanations: {error}") from None
    if unknown := data.keys() - {"difference"}:
        raise SpecError(f"the file of explanations: unknown {', '.join(sorted(unknown))}")
    return [explanation for raw in data.get("difference", ()) for explanation in _explanations(raw)]


def _explanations(raw: dict[str, Any]) -> Iterator[Explanation]:
    """The explanations of one table, one for each item that it names."""
    where = f"the explanation of {raw.get('item', 'nothing')}"
    if unknown := raw.keys() - {"item", "editions", "direction", "kind", "reason"}:
        raise SpecError(f"{where}: unknown {', '.join(sorted(unknown))}")
    if missing := {"item", "editions", "kind", "reason"} - {key for key, value in raw.items() if value}:
        raise SpecError(f"{where}: {', '.join(sorted(missing))} is missing")
    if raw["kind"] not in KINDS:
        raise SpecError(f"{where}: kind must be one of {', '.join(KINDS)}")
    for title in [raw["item"]] if isinstance(raw["item"], str) else raw["item"]:
        _number(title)
        yield Explanation(title, set(raw["editions"]), raw.get("direction", ""), raw["kind"], raw["reason"].strip())


# ---- the command


def report(
    spec: Side, catalogue: Side, explanations: list[Explanation], *, verbose: bool = False
) -> tuple[list[str], bool]:
    """The lines to print, and whether all is well."""
    differences = [
        (difference, next((each for each in explanations if each.explains(difference)), None))
        for difference in compare(spec, catalogue)
    ]
    unexplained = [difference for difference, explanation in differences if explanation is None]
    lines = list(_lines(unexplained))
    if verbose:
        for difference, explanation in differences:
            if explanation is not None:
                lines.append(f"explained: {_place(difference, difference.edition)}: {explanation.reason}")
    stale = [(each, sorted(each.editions - each.used, key=int)) for each in explanations if each.editions - each.used]
    for each, editions in stale:
        place = " ".join(filter(None, (each.title, each.direction, "in", ", ".join(editions))))
        lines.append(f"{place}: the explanation of a difference in {each.kind} explains nothing")
    lines.append(
        f"{len(spec)} items and events by edition in the specification, {len(catalogue)} in the catalogue: "
        f"{len(differences)} differences, {len(unexplained)} of them unexplained; {len(stale)} stale explanations"
    )
    return lines, not unexplained and not stale


def _place(difference: Difference, editions: str) -> str:
    return " ".join(filter(None, (difference.title, difference.direction, "in", editions)))


def _lines(differences: Iterable[Difference]) -> Iterator[str]:
    """A line for each difference; those that differ only in edition have one together."""
    together: dict[tuple[str, str, str, str], list[Difference]] = {}
    for each in differences:
        together.setdefault((each.title, each.direction, each.kind, each.text), []).append(each)
    for (_, _, kind, text), same in together.items():
        yield f"{_place(same[0], ', '.join(each.edition for each in same))}: {kind}: {text}"


def of_afn(side: Side, afn: int) -> Side:
    """What a side says about one AFN."""
    return {(title, edition): meaning for (title, edition), meaning in side.items() if _number(title)[0] == afn}


def main(arguments: Sequence[str] | None = None) -> int:
    """Compares, prints, and gives the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path, help="the folder with the specification's TOML files")
    parser.add_argument("--afn", type=lambda text: int(text, 16), help="compare this AFN only (hexadecimal)")
    parser.add_argument("--explanations", type=Path, default=EXPLANATIONS, help="the reasons of differences")
    parser.add_argument("--verbose", action="store_true", help="print the explained differences, too")
    options = parser.parse_args(arguments)
    try:
        known = Catalogue()
        spec, catalogue = read_spec(options.folder), read_catalogue([*known.items(), *known.events()])
        explanations = read_explanations(options.explanations.read_text(encoding="utf-8"))
    except (SpecError, PlmsError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    if options.afn is not None:
        spec, catalogue = of_afn(spec, options.afn), of_afn(catalogue, options.afn)
        explanations = [each for each in explanations if _number(each.title)[0] == options.afn]
    lines, good = report(spec, catalogue, explanations, verbose=options.verbose)
    sys.stdout.write("\n".join(lines) + "\n")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
