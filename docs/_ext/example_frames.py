"""Example frames of items and event records, as ``plmsproto decode --format hex`` shows frames."""

from __future__ import annotations

import io
from functools import cache
from typing import NamedTuple

from plmsproto import Direction, Edition, Frame, Message, examples, explain
from plmsproto.catalogue import EventEntry, ItemEntry, default_catalogue
from plmsproto.cli.sources import Capture
from plmsproto.cli.views import Result
from plmsproto.cli.views.annotated import AnnotatedView


class Way(NamedTuple):
    """How an item travels: under an AFN, in a direction.

    Attributes:
        afn: AFN 04H and AFN 0AH share their items.
        direction: down or up.
        bodies: which of the item's layouts may be its body, as in ``AfnEntry``.
    """

    afn: int
    direction: Direction
    bodies: tuple[str, ...]

    def __str__(self) -> str:
        return f"AFN {self.afn:02X}H {self.direction}"

    def layout_of(self, item: ItemEntry, edition: Edition) -> str:
        """The direction of the layout that is the body; empty if there is no body."""
        known = {layout.direction for layout in item.layouts if edition in layout.editions and not layout.variant}
        return next((body for body in self.bodies if body in known), "")


def ways_of(item: ItemEntry) -> list[Way]:
    """All ways of an item, its own AFN first."""
    afns = [afn for afn in default_catalogue().afns() if afn.items_of == item.afn]
    ways = [
        way
        for afn in sorted(afns, key=lambda afn: afn.code != item.afn)
        for way in (Way(afn.code, Direction.DOWN, afn.down), Way(afn.code, Direction.UP, afn.up))
    ]
    return [way for way in ways if way.bodies]


def example_of(item: ItemEntry, way: Way, edition: Edition) -> Message | None:
    """An example of an item going a way, if there is one."""
    return next(iter(examples(item.key, way.direction, edition=edition, afn=way.afn)), None)


@cache
def _event_examples(edition: Edition) -> dict[int, Message]:
    """The first example of each event record, by event code."""
    found: dict[int, Message] = {}
    for message in examples("important_event", Direction.UP, edition=edition):
        found.setdefault(message.units[0].value["record"][0]["erc"], message)
    return found


def example_of_event(event: EventEntry, edition: Edition) -> Message | None:
    """A frame with one record of an event, if the edition has it."""
    return _event_examples(edition).get(event.erc)


def annotated(message: Message) -> str:
    """The bytes of a message one field after another: offset, bytes, field, value, unit, note."""
    frame = Frame.parse(bytes(message))
    seen, spans = explain(frame, edition=message.edition)
    out = io.StringIO()
    AnnotatedView(out, lang="en", color="never").show(Result(Capture("", 1, frame), seen, spans))
    return out.getvalue().partition("\n")[2].rstrip()


def hex_of(message: Message) -> str:
    """The bytes of a message."""
    return bytes(message).hex(" ").upper()
