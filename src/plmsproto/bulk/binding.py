"""Op tables bound to the columns of a table: where each op's values go, and what becomes of its numbers.

The ops themselves come from ``layout.program``, the columns from ``schema``. ``plan`` says which op table is asked for
when.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Final, NamedTuple

from ..formats import Format
from ..identifier import ItemIdentifierFormat
from ..layout.program import ENTRY, MOST_BYTES, Code, CountRow, Program
from .schema import Column, Kind, Path, is_signed, keys_of, number_terms, own_scale, places
from .specs import TableSpec

NO_TABLE: Final = -1
NO_COLUMN: Final = -1


class BoundOp(NamedTuple):
    """An op, and where its values go; the first attributes are those of ``Op``.

    Attributes:
        column: its place among the table's columns; ``NO_COLUMN`` if its values aren't wanted.
        shift, multiplier: what the number in the bytes becomes: (number + shift) * multiplier.
        names: index of a table that gives the place of each code among the column's names, or -1.
        absent: index of a list of columns that get nothing here, or -1.
        number: which op of the plan it is, for reports.
    """

    code: int
    size: int
    mode: int
    arg: int
    slot: int
    add: int
    counter: int
    jump: int
    column: int
    shift: int
    multiplier: int
    names: int
    absent: int
    number: int


class Bound(NamedTuple):
    """A body's op table, bound to the columns of its table.

    Attributes:
        table: the number of the table, or ``NO_TABLE`` if nothing of it is wanted.
        ops: the op table.
        counts, tables: as in ``Program``.
        names: for each enumeration: the place of each code among the column's names; for identifiers that of the key of
            each Fn, from F1.
        absent: lists of columns, those inside of them included.
        nowhere: columns of the table that this body never fills, likewise.
        slots: how many numbers are kept.
        size: bytes of the body; -1 if that depends on them.
        slack: for event records: how many bytes too few some devices write into the length.
        event: for event records: the number of its key among all events.
    """

    table: int
    ops: tuple[BoundOp, ...]
    counts: tuple[CountRow, ...]
    tables: tuple[tuple[int, ...], ...]
    names: tuple[tuple[int, ...], ...]
    absent: tuple[tuple[int, ...], ...]
    nowhere: tuple[int, ...]
    slots: int
    size: int = -1
    slack: int = 0
    event: int = 0


def bind(program: Program, spec: TableSpec, table: int, first_number: int) -> Bound:
    """Binds an op table to a table's columns.

    Args:
        program: the op table; of a body that the table's schema knows, or of the empty one.
        spec: the table.
        table: its number, or ``NO_TABLE``.
        first_number: the number of the first op in reports.
    """
    return _Binder(program, spec, first_number).bound(table)


class _Binder:
    """Binds one op table to a table's columns."""

    def __init__(self, program: Program, spec: TableSpec, first_number: int) -> None:
        self.spec = spec
        self.program = program
        self.first_number = first_number
        paths = spec.schema.paths
        owners = ((spot.owner, spot.path.count(ENTRY)) for spot in program.spots)
        self.places = [() if owner is None else paths.get((owner, depth), ()) for owner, depth in owners]
        own = len(spec.columns) - len(spec.schema.all_columns())
        self.at = {column.path: number for number, column in enumerate(spec.columns) if number >= own}
        self.names: list[tuple[int, ...]] = []
        self.absent: list[tuple[int, ...]] = []

    def bound(self, table: int) -> Bound:
        ops = tuple(map(self.op, range(len(self.program.ops))))
        fewest, most = self.program.record.span()
        nowhere = self.with_inner(self.untouched(self.spec.schema.columns, 0, len(ops))) if table != NO_TABLE else ()
        return Bound(
            table,
            ops,
            self.program.counts,
            self.program.tables,
            tuple(self.names),
            tuple(self.absent),
            nowhere,
            self.program.slots,
            fewest if fewest == most and fewest <= MOST_BYTES else -1,
        )

    def op(self, number: int) -> BoundOp:
        op, spot, path = self.program.ops[number], self.program.spots[number], self.places[number]
        column = self.column(path)
        shift, multiplier, names, mode = 0, 1, -1, op.mode
        absent: tuple[int, ...] = ()
        if op.code == Code.SKIP:
            others = slice(op.arg, op.arg + op.size)
            beside = zip(self.program.spots[others], self.places[others], strict=True)
            columns = {self.column(place) for other, place in beside if other.path[:-1] == spot.path}
            absent = tuple(sorted(columns - self.filled(number, op.jump)))
        elif column != NO_COLUMN:
            target = self.spec.columns[column]
            if op.code in (Code.BITS, Code.PACKED):
                target = target.children[0]
            if op.code == Code.BITFIELD and op.arg:
                mode = self.column((*path, "spare")) - column
            if target.kind is Kind.NAME and spot.form is not None and op.code not in (Code.IDENTIFIER, Code.EVENT):
                names = self.name_table(target, spot.form)
                shift = 0 if names >= 0 else number_terms(spot.form)[0]
            elif target.kind is Kind.NUMBER and op.code not in (Code.BITS, Code.TIME):
                scale = target.scale
                factor = Decimal(1)
                if spot.form is not None:
                    shift, factor = number_terms(spot.form)
                    scale -= own_scale(spot.form)
                assert scale >= places(factor)
                multiplier = int(factor.scaleb(scale))
            if target.kind is Kind.NAME and spot.form is None:
                names = self.name_table(target, None)
            if isinstance(spot.form, ItemIdentifierFormat):
                names = self.key_table(target.children[-1].children[0], spot.form)
            inside: list[Column] = []
            if op.code == Code.LIST and self.places[number + 1] != target.children[0].path:
                inside = target.children[0].children
            elif op.code in (Code.RECORD, Code.BITFIELD):
                inside = [each for each in target.children if not (op.arg and each.name == "spare")]
            absent = self.untouched(inside, number, op.jump)
        return BoundOp(
            op.code, op.size, mode, op.arg, op.slot, op.add, op.counter, op.jump,
            column, shift, multiplier, names, self.listed(absent), self.first_number + number,
        )  # fmt: skip

    def column(self, path: Path) -> int:
        """The place of a column, if it is wanted."""
        return self.at.get(path, NO_COLUMN) if path else NO_COLUMN

    def filled(self, first: int, last: int) -> set[int]:
        """The columns of the ops from ``first`` to before ``last``; ``NO_COLUMN`` is among them."""
        return {NO_COLUMN, *(self.column(place) for place in self.places[first:last])}

    def untouched(self, columns: list[Column], first: int, last: int) -> tuple[int, ...]:
        """The columns that no op from ``first`` to before ``last`` fills."""
        filled = self.filled(first, last)
        return tuple(self.at[each.path] for each in columns if self.at[each.path] not in filled)

    def with_inner(self, columns: Iterable[int]) -> tuple[int, ...]:
        """The columns, and those inside them of which there is one value for each of theirs."""
        all_columns = self.spec.columns
        return tuple(
            inner
            for each in columns
            for inner in range(each, each + all_columns[each].descendants + 1)
            if all_columns[inner].level == all_columns[each].level
        )

    def listed(self, columns: tuple[int, ...]) -> int:
        if not columns:
            return -1
        self.absent.append(self.with_inner(columns))
        return len(self.absent) - 1

    def key_table(self, column: Column, form: ItemIdentifierFormat) -> int:
        """The place of the key of every Fn, from F1, among the names of a column."""
        place = {name: number for number, name in enumerate(column.names)}
        self.names.append(tuple(place[key] for key in keys_of(form)))
        return len(self.names) - 1

    def name_table(self, column: Column, form: object) -> int:
        """The place of every code of one byte among the names of a column."""
        if column.codes is not None:
            return -1
        labels: Mapping[int, str] = getattr(form, "labels", {})
        shift, signed = 0, False
        if isinstance(form, Format):
            shift, signed = number_terms(form)[0], is_signed(form)
        place = {name: number for number, name in enumerate(column.names)}
        unnamed = len(column.names)
        table = []
        for raw in range(256):
            code = (raw - 256 if signed and raw > 127 else raw) + shift
            table.append(place[labels[code]] if code in labels else unnamed + (code & 0xFF))
        self.names.append(tuple(table))
        return len(self.names) - 1
