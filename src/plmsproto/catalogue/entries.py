"""What the catalogue says about one AFN, one item, one event record.

Layouts are kept as text and compiled when first asked for, per edition, since named types differ by edition.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from ..editions import RULES, Edition
from ..layout import Record, describe

EMPTY_BODY: Final = Record()
"""The layout of a data unit that is its identifier alone."""

Compiler = Callable[["Entry", str, Edition], Record]
"""Turns layout text into a tree: the entry that it belongs to, the text, the edition."""


class BodyLayout(NamedTuple):
    """One ``[[item.layout]]`` or ``[[event.layout]]``: the body in one direction, in some editions.

    Attributes:
        direction: ``down`` (master station to terminal), ``up``, ``query`` (the body of the AFN 0AH request), or empty
            for events.
        editions: where it holds.
        fields: the layout's text.
        variant: empty, or what a device does that sends this form instead of the standard's.
    """

    direction: str
    editions: tuple[Edition, ...]
    fields: str
    variant: str = ""


class SharedLayout(NamedTuple):
    """A body as people are shown it: once for all editions that read it alike.

    Attributes:
        direction, variant: as in ``BodyLayout``.
        editions: the editions in which it is the same, oldest first.
        record: its tree.
    """

    direction: str
    variant: str
    editions: tuple[Edition, ...]
    record: Record


@dataclass(slots=True, eq=False)
class Entry(ABC):
    """What items and events have in common."""

    key: str
    en: str
    zh: str
    editions: tuple[Edition, ...]
    layouts: tuple[BodyLayout, ...]
    confidence: str = ""
    note: str = ""
    supplement: str = ""
    source: str = ""
    compiler: Compiler = field(kw_only=True, repr=False)
    _compiled: dict[tuple[str, Edition], Record] = field(default_factory=dict, init=False, repr=False)

    def _find(self, direction: str, edition: Edition, *, variant: bool = False) -> BodyLayout | None:
        for each in self.layouts:
            if each.direction == direction and edition in each.editions and bool(each.variant) == variant:
                return each
        return None

    def compiled(self, layout: BodyLayout, edition: Edition) -> Record:
        """The tree of one of the entry's layouts in an edition.

        Raises:
            CatalogueError: the layout's text is wrong.
        """
        known = self._compiled.get((layout.fields, edition))
        if known is None:
            # Of several threads that compile it at once, all use the first one's tree.
            known = self._compiled.setdefault((layout.fields, edition), self.compiler(self, layout.fields, edition))
        return known

    def shared_layouts(self, edition: Edition | None = None) -> list[SharedLayout]:
        """The bodies in each direction, editions that read them alike together.

        Args:
            edition: only those of this edition.

        Raises:
            CatalogueError: a layout's text is wrong.
        """
        shared: list[SharedLayout] = []
        for layout in self.layouts:
            for each in layout.editions:
                if edition in (None, each):
                    _share(shared, layout, each, self.compiled(layout, each))
        return shared

    @property
    def title(self) -> str:
        """How errors and tables name the entry."""
        return self.key

    @property
    def clauses(self) -> tuple[str, ...]:
        """Where the standards define it, edition by edition: ``Q/GDW 376.1-2009, AFN 0CH F25``."""
        added = f" (supplement: {self.supplement})" if self.supplement else ""
        return tuple(f"{RULES[edition].title}, {self._place}{added}" for edition in self.editions)

    @property
    @abstractmethod
    def _place(self) -> str:
        """The entry's number as the standards write it."""


def _share(shared: list[SharedLayout], layout: BodyLayout, edition: Edition, record: Record) -> None:
    """Adds the layout of an edition to the one like it, or as a new one."""
    rows = describe(record)
    for number, known in enumerate(shared):
        if (known.direction, known.variant) == (layout.direction, layout.variant) and describe(known.record) == rows:
            shared[number] = known._replace(editions=(*known.editions, edition))
            return
    shared.append(SharedLayout(layout.direction, layout.variant, (edition,), record))


@dataclass(slots=True, eq=False)
class ItemEntry(Entry):
    """One item: what an Fn of an AFN means in some editions.

    Attributes:
        key: its name in code, unique in the catalogue.
        en, zh: what it is, in English and in the standard's Chinese.
        editions: the editions that have it with this meaning.
        layouts: the bodies; a direction without one has an empty body.
        confidence: ``high`` (independent sources agree), ``medium`` (one source) or ``low`` (inferred).
        note: where sources differ, what devices do.
        supplement: the supplement to the standard that brought it, if it is not in the standard itself.
        source: the file that describes it.
        afn, fn: its number.
        pn: what its information points count: terminal, measurement_point, total_group, control_round, task, …
    """

    afn: int = field(kw_only=True)
    fn: int = field(kw_only=True)
    pn: str = field(kw_only=True)

    @property
    def title(self) -> str:
        """``0C F25``."""
        return f"{self.afn:02X} F{self.fn}"

    @property
    def _place(self) -> str:
        return f"AFN {self.afn:02X}H F{self.fn}"

    def body(self, directions: tuple[str, ...], edition: Edition, *, variant: bool = False) -> Record:
        """The layout of the body: the first of the directions that has one in the edition, else the empty body.

        Args:
            directions: as in ``AfnEntry.bodies``.
            edition: the edition.
            variant: prefer the form that deviating devices send, where there is one.

        Raises:
            CatalogueError: the layout's text is wrong.
        """
        for direction in directions:
            found = (variant and self._find(direction, edition, variant=True)) or self._find(direction, edition)
            if found:
                return self.compiled(found, edition)
        return EMPTY_BODY

    def variant(self, directions: tuple[str, ...], edition: Edition) -> str:
        """What devices do that send another form than the standard's; empty if there is none."""
        found = (self._find(direction, edition, variant=True) for direction in directions)
        return next((each.variant for each in found if each), "")


@dataclass(slots=True, eq=False)
class EventEntry(Entry):
    """One event record of AFN 0EH; attributes as in ``ItemEntry``.

    Attributes:
        erc: its event code.
        length_slack: how many bytes too few some devices write into the record's length.
    """

    erc: int = field(kw_only=True)
    length_slack: int = field(kw_only=True, default=0)

    @property
    def title(self) -> str:
        """``ERC14``."""
        return f"ERC{self.erc}"

    @property
    def _place(self) -> str:
        return f"AFN 0EH ERC{self.erc}"

    def body(self, edition: Edition) -> Record | None:
        """The layout of the record's body after event code and length; ``None`` if the edition has no such event.

        Raises:
            CatalogueError: the layout's text is wrong.
        """
        found = self._find("", edition)
        return self.compiled(found, edition) if found else None


class AfnEntry(NamedTuple):
    """One application function.

    Attributes:
        code: the AFN.
        key, en, zh: its names.
        items_of: the AFN whose items it uses (AFN 0AH queries the items of AFN 04H).
        down, up: which layouts of an item are the body that way, in order of preference; empty if the AFN does not go
            that way.
        function: link function code of a master station's request.
        confirmed: whether a master station's request asks for confirmation (CON).
    """

    code: int
    key: str
    en: str
    zh: str
    items_of: int
    down: tuple[str, ...]
    up: tuple[str, ...]
    function: int
    confirmed: bool
