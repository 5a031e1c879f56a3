"""Example messages: for every item, direction and edition frames with test values, made from the catalogue.

Together the examples of an item show each of its fields. They are the same in every run, so that they can stand in
documentation and be conformance vectors for other implementations; their values mean nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any, Final

from ..catalogue import Catalogue, ItemEntry, default_catalogue
from ..editions import RULES, Edition, as_edition
from ..errors import EncodeError
from ..formats import Format
from ..identifier import Identifier, IdentifierFormat, ItemIdentifierFormat, encode_identifier
from ..layout import Event, Record, Writer
from ..layout.sample import count_of_event_samples, count_of_samples, event_sample_of, sample_of
from ..link import Address, Control, Direction
from ..link.control import LINK_TEST, RESPOND
from .afn import as_afn
from .auxiliary import Aux
from .builders import request
from .message import Message
from .sequence import Seq
from .units import BodyContext, DataUnit, Reading

ADDRESS: Final = Address("4401", 0x1234, master=1)
"""Where the examples go to and come from."""

_FIRST_FN_NAMED: Final = 25
"""Identifiers that name items name the first from here on, which every AFN with such identifiers has."""


class ExampleContext(BodyContext):
    """What layouts need to know of the frame around them when test values are made for them."""

    def sample_units(self, afn: int) -> list[Any]:
        """Two data units of bodies of fixed width."""
        found: list[DataUnit] = []
        for item in self.catalogue.items(afn, self.reading.edition):
            record = self.item(afn, item.fn)[1]
            fewest, most = record.span()
            if fewest and fewest == most:
                found.append(self._unit(item, record))
        return found[:2]

    def _unit(self, item: ItemEntry, record: Record) -> DataUnit:
        pn = _point_of(item)
        identifier = encode_identifier(Identifier((pn,), (item.fn,)), RULES[self.reading.edition].point_coding)
        return DataUnit(item.afn, item.fn, pn, item.key, sample_of(record, self, 0), identifier)

    def sample_events(self) -> Sequence[tuple[int, int]]:
        """Each event record of the edition, as often as its body has forms."""
        return self._events

    @cached_property
    def _events(self) -> list[tuple[int, int]]:
        events = self.catalogue.events(self.reading.edition)
        bodies = [(event.erc, event.body(self.reading.edition)) for event in events]
        return [
            (erc, number)
            for erc, body in bodies
            if body
            for number in range(count_of_event_samples(body))
            if self._fits(erc, event_sample_of(body, self, number))
        ]

    def _fits(self, erc: int, data: dict[str, Any]) -> bool:
        """Whether values are those of the form that their length says."""
        try:
            Event().write(Writer(self), {"erc": erc, "data": data})
        except EncodeError:
            return False
        return True

    def sample_identifier(self, form: Format, number: int) -> Any:
        """A point and an Fn; one that is an item where the AFN is known."""
        if isinstance(form, IdentifierFormat):
            return Identifier((number % 8 + 1,), (number % 8 + 1,))
        if isinstance(form, ItemIdentifierFormat):
            fn = next((fn for fn in range(_FIRST_FN_NAMED, 249) if form.key_of(fn)), 1)
            return form.coerce(((number % 8 + 1,), (fn,)))
        return None


def examples(
    key: str,
    direction: Direction | str = Direction.UP,
    *,
    edition: Edition | str = Edition.GDW1376,
    afn: int | None = None,
    catalogue: Catalogue | None = None,
) -> list[Message]:
    """Messages that together show each field of an item's body.

    Args:
        key: the item's key.
        direction: ``down`` or ``up``.
        edition: the edition.
        afn: the AFN it travels under, if not the item's own (AFN 0AH queries the items of AFN 04H).
        catalogue: where the key is looked up, if not in the library's own.

    Raises:
        UnknownItemError: the edition has no such item, or it does not go this way.
    """
    known, chosen = catalogue or default_catalogue(), as_edition(edition)
    item = known.item_by_key(key, chosen)
    code = item.afn if afn is None else afn
    context = ExampleContext(known, Direction(direction), Reading(chosen))
    record = context.item(code, item.fn)[1]
    found = []
    for number in range(count_of_samples(record, context)):
        value = sample_of(record, context, number, seed=item.fn + number)
        found.append(_message(context, DataUnit(code, item.fn, _point_of(item), item.key, value)))
    return found


def _point_of(item: ItemEntry) -> int:
    return 0 if item.pn == "terminal" else 1


def _message(context: ExampleContext, unit: DataUnit) -> Message:
    edition, number = context.reading.edition, unit.fn % 16
    if context.direction is Direction.DOWN:
        return request([unit], address=ADDRESS, edition=edition, number=number, catalogue=context.catalogue)
    info, rules = context.catalogue.afn(unit.afn), RULES[edition]
    starts = info is not None and not info.down  # nobody asks for it
    message = Message(
        control=Control.up(LINK_TEST if starts else RESPOND, prm=starts),
        address=replace(ADDRESS, master=0) if starts else ADDRESS,
        afn=as_afn(unit.afn),
        seq=Seq(number, con=starts),
        units=[unit],
        aux=Aux(pw=bytes(rules.pw_size) if unit.afn in rules.pw_afns_up else b""),
        reading=context.reading,
        tag=rules.tag,
        catalogue=context.catalogue,
    )
    message.body(check_bounds=True)  # a test value that can't be sent is a mistake, here or in the layout
    return message
