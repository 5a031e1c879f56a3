"""Tables as Arrow has them: the same rows, exact numbers, a schema that depends on the catalogue alone.

Whoever speaks Arrow's PyCapsule interface takes a table itself.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from decimal import Decimal
from functools import cache
from typing import Any

import pytest
from budgets import examples
from bulk_helpers import OF_FRAME, all_frames, changed_frames, field_frames, inner_units
from hypothesis import given
from hypothesis import strategies as st
from implementations import FAST, PURE, Implementation, needs_fast
from vector_frames import vector_frames

import plmsproto as plms
from plmsproto.bulk.schema import Kind
from plmsproto.layout import Undecoded

pa = pytest.importorskip("pyarrow")
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:(polars|duckdb|pandas).*")

FORMS = ("decimal128", "decimal", "int", "float")


@cache
def tables_of(implementation: Implementation) -> Any:
    """All vectors and real frames, between them noise."""
    with implementation.in_use():
        return plms.bulk.decode(b"\xfe\xfe" + b"".join(all_frames()) + b"\x68\x10")


@cache
def some_tables_of(implementation: Implementation) -> Any:
    """An eighth of them."""
    with implementation.in_use():
        return plms.bulk.decode(b"\xfe\xfe" + b"".join(all_frames()[3::8]))


def every_table(implementation: Implementation, *, some: bool = False) -> Iterator[Any]:
    tables = some_tables_of(implementation) if some else tables_of(implementation)
    yield from (*tables.values(), *tables.events.values(), tables.undecoded, tables.noise)


# ---- the same rows


def test_rows_of_arrow_are_those_of_python(implementation: Implementation) -> None:
    for table in every_table(implementation):
        arrow = table.to_arrow()
        arrow.validate(full=True)
        assert arrow.schema.equals(table.schema(), check_metadata=True), table.key
        assert arrow.num_rows == len(table)
        assert arrow.to_pylist() == table.to_pylist(), table.key


@examples(25)
@given(st.lists(changed_frames(), min_size=1, max_size=12))
def test_rows_of_changed_frames(implementation: Implementation, frames: list[bytes]) -> None:
    tables = plms.bulk.decode(b"".join(frames))
    for table in (*tables.values(), *tables.events.values(), tables.undecoded, tables.noise):
        arrow = table.to_arrow()
        arrow.validate(full=True)
        assert arrow.to_pylist() == table.to_pylist()


def test_several_parts_are_one_table(implementation: Implementation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("plmsproto.bulk.chunks.CHUNK", 2500)
    content = b"".join(all_frames()[::20])
    tables = plms.bulk.decode(content)
    assert any(len(table.parts) > 1 for table in tables.values())
    for table in (*tables.values(), *tables.events.values(), tables.undecoded):
        for points in (False, True):
            arrow = table.to_arrow(points=points)
            arrow.validate(full=True)
            assert arrow.schema == table.schema(points=points)
        assert table.to_arrow().to_pylist() == table.to_pylist()


# ---- decimals


@pytest.mark.parametrize("form", FORMS)
def test_forms_of_decimals(implementation: Implementation, form: str) -> None:
    for table in every_table(implementation, some=True):
        arrow = table.to_arrow(decimals=form)
        arrow.validate(full=True)
        assert arrow.schema.equals(table.schema(decimals=form), check_metadata=True)
        exact = table.to_arrow()
        for field, other in zip(arrow.schema, exact.schema, strict=True):
            check_forms(form, field, other, arrow[field.name].to_pylist(), exact[field.name].to_pylist())


def check_forms(form: str, field: Any, exact: Any, values: list[Any], wanted: list[Any]) -> None:
    """The values of a column in one form, against those in decimal128."""
    if pa.types.is_list(exact.type):
        inner = [each for value in values if value is not None for each in value]
        check_forms(form, field.type.value_field, exact.type.value_field, inner, flattened(wanted))
    elif pa.types.is_struct(exact.type):
        for one, other in zip(field.type, exact.type, strict=True):
            name = one.name
            check_forms(
                form,
                one,
                other,
                [value[name] for value in values if value is not None],
                [value[name] for value in wanted if value is not None],
            )
    elif not pa.types.is_decimal(exact.type):
        assert (field.type, values) == (exact.type, wanted)
    elif form == "int":
        assert pa.types.is_integer(field.type)
        scale = exact.type.scale
        assert [None if value is None else Decimal(value).scaleb(-scale) for value in values] == wanted
    elif form == "float":
        assert field.type == pa.float64()
        assert values == [None if value is None else float(value) for value in wanted]
    else:
        assert (field.type.precision, field.type.scale) == (exact.type.precision, exact.type.scale)
        assert field.type.bit_width == (128 if form == "decimal128" else 32 if exact.type.precision < 10 else 64)
        assert values == wanted


def flattened(values: list[Any]) -> list[Any]:
    return [each for value in values if value is not None for each in value]


def test_the_scale_of_whole_numbers_is_told(implementation: Implementation) -> None:
    table = tables_of(implementation)["present_power"]
    schema = table.schema(decimals="int")
    assert schema.field("voltage_a").metadata[b"scale"] == b"1"
    assert schema.field("active_power_total").metadata[b"scale"] == b"4"
    assert b"scale" not in (table.schema().field("voltage_a").metadata or {})
    curve = tables_of(implementation)["voltage_a_curve"].schema(decimals="int").field("voltage_a")
    assert curve.metadata[b"scale"] == b"1"


def test_there_is_no_other_form(implementation: Implementation) -> None:
    with pytest.raises(ValueError, match="decimal128, decimal, int, float, not 'double'"):
        tables_of(implementation)["present_power"].to_arrow(decimals="double")


# ---- schemas


def test_metadata_of_fields(implementation: Implementation) -> None:
    table = tables_of(implementation)["present_power"]
    schema = table.schema()
    assert schema.names[: len(OF_FRAME)] == list(OF_FRAME)
    for name in schema.names:
        told = schema.field(name).metadata
        assert told[b"zh"], name
    told = schema.field("voltage_a").metadata
    assert (told[b"unit"], told[b"en"], told[b"zh"].decode()) == (b"V", b"voltage a", "A相电压")
    assert schema.metadata[b"key"] == b"present_power"
    assert schema.metadata[b"title"] == b"0C F25"


def test_every_field_has_its_unit(implementation: Implementation) -> None:
    """Units of the layouts are those of the columns, inside lists and records, too."""
    for table in every_table(implementation):
        schema = table.schema()
        for number, column in enumerate(table.spec.columns):
            if len(column.path) == 1 and column.unit:
                assert schema.field(table.name_of(number)).metadata[b"unit"].decode() == column.unit


def test_schemas_do_not_depend_on_what_is_in_a_table(implementation: Implementation) -> None:
    known = tables_of(implementation)
    drawn = random.Random(1)
    for frame in drawn.sample(all_frames(), 40):
        tables = plms.bulk.decode(frame)
        for key, table in tables.items():
            for options in ({}, {"decimals": "int"}, {"points": True}):
                assert table.schema(**options).equals(known[key].schema(**options), check_metadata=True)
                assert table.to_arrow(**options).schema.equals(known[key].schema(**options), check_metadata=True)


@needs_fast
def test_schemas_do_not_depend_on_the_implementation() -> None:
    for one, other in zip(every_table(PURE), every_table(FAST), strict=True):
        assert one.schema().equals(other.schema(), check_metadata=True)


def test_an_empty_table(implementation: Implementation) -> None:
    tables = plms.bulk.decode(b"")
    assert tables.noise.to_arrow().num_rows == tables.undecoded.to_arrow().num_rows == 0
    assert tables.noise.to_arrow().schema == tables_of(implementation).noise.schema()


# ---- points of curves


def test_points_have_the_times_of_messages(implementation: Implementation) -> None:
    """Every curve of all vectors and real frames, point by point."""
    curves = 0
    wanted: dict[str, list[tuple[Any, ...]]] = {}
    for number, content in enumerate((*vector_frames(), *field_frames())):
        message = plms.decode(content, strict=False)
        for unit in message.units:
            for each in (unit, *inner_units(unit.value)):
                if isinstance(each.value, Undecoded):
                    continue
                times = message.point_times(each)
                points = max((value for value in each.value.values() if isinstance(value, list)), key=len, default=[])
                for place in range(len(points) if times is None else len(times)):
                    time = None if times is None else times[place]
                    wanted.setdefault(each.key, []).append((number, each.pn, place, time))
                curves += times is not None
    assert curves > 150
    seen = 0
    for key, table in tables_of(implementation).items():
        rows = table.to_arrow(points=True)
        rows.validate(full=True)
        assert rows.schema.equals(table.schema(points=True), check_metadata=True)
        if "point_time" not in rows.schema.names:
            assert not any(column.mark for column in table.spec.columns if len(column.path) == 1)
            continue
        found = [(row["frame"], row["pn"], row["point"], row["point_time"]) for row in rows.to_pylist()]
        assert found == wanted.get(key, []), key
        seen += 1
    assert seen > 70


def test_values_of_points(implementation: Implementation) -> None:
    table = tables_of(implementation)["voltage_a_curve"]
    lists = [(row["frame"], value) for row in table.to_pylist() for value in row["voltage_a"] or ()]
    points = table.to_arrow(points=True).to_pylist()
    assert [(row["frame"], row["voltage_a"]) for row in points] == lists
    assert points[0]["curve"] == table.to_pylist()[points[0]["frame"] and first_with_points(table)]["curve"]


def first_with_points(table: Any) -> int:
    return next(number for number, row in enumerate(table.to_pylist()) if row["voltage_a"])


def test_curves_of_changed_frames_have_the_times_of_messages(implementation: Implementation) -> None:
    """Marks without data, with unknown densities, hours that are none."""
    drawn = random.Random(7)
    frames = []
    for key in ("voltage_a_curve", "hour_measurement_point_voltage_a", "hour_total_group_active_power"):
        try:
            examples = plms.examples(key, "up", edition="1376")
        except plms.PlmsError:
            continue
        for _ in range(40):
            content = bytearray(bytes(examples[0].body())[2:])
            content[drawn.randrange(4, min(12, len(content)))] = drawn.choice(
                (0, 1, 2, 3, 0x23, 0x24, 0x99, 0xEE, 0xFF, drawn.randrange(256))
            )
            unit = bytes(content)
            frame = examples[0].frame()
            frames.append(bytes(plms.Frame(frame.control, frame.address, bytes(frame.user_data[:2]) + unit)))
    wanted: dict[str, list[Any]] = {}
    for number, frame in enumerate(frames):
        message = plms.decode(frame, strict=False)
        for unit in message.units:
            if not isinstance(unit.value, Undecoded):
                times = message.point_times(unit)
                points = next((value for value in unit.value.values() if isinstance(value, list)), [])
                count = len(points) if times is None else len(times)
                wanted.setdefault(unit.key, []).extend(
                    (number, place, None if times is None else times[place]) for place in range(count)
                )
    for key, table in plms.bulk.decode(frames).items():
        rows = table.to_arrow(points=True).to_pylist()
        assert [(row["frame"], row["point"], row["point_time"]) for row in rows] == wanted.get(key, []), key


# ---- who takes tables


CHOSEN = ("present_power", "daily_forward_reading", "voltage_a_curve", "master_station_ip", "important_event")


@pytest.mark.parametrize("key", CHOSEN)
def test_pyarrow_takes_tables(implementation: Implementation, key: str) -> None:
    table = tables_of(implementation)[key]
    assert pa.table(table).equals(table.to_arrow())
    assert pa.schema(table) == table.schema()
    with pa.RecordBatchReader.from_stream(table) as reader:
        assert reader.read_all().to_pylist() == table.to_pylist()


@pytest.mark.parametrize("key", CHOSEN)
def test_polars_takes_tables(implementation: Implementation, key: str) -> None:
    polars = pytest.importorskip("polars")
    table = tables_of(implementation)[key]
    frame = polars.DataFrame(table)
    assert frame.height == len(table)
    assert frame.columns == table.schema().names
    assert frame["edition"].cast(polars.String).to_list() == [row["edition"] for row in table.to_pylist()]
    if key == "present_power":
        assert frame["voltage_a"].to_list() == [row["voltage_a"] for row in table.to_pylist()]
        assert frame["read_time"].to_list() == [row["read_time"] for row in table.to_pylist()]


@pytest.mark.parametrize("key", CHOSEN)
def test_duckdb_takes_tables(implementation: Implementation, key: str) -> None:
    duckdb = pytest.importorskip("duckdb")
    table = tables_of(implementation)[key]
    with duckdb.connect() as connection:
        connection.register("given", table)
        found = connection.sql('SELECT frame, pn, direction FROM given ORDER BY "offset"').fetchall()
        assert found == [(row["frame"], row["pn"], row["direction"]) for row in table.to_pylist()]
        assert connection.sql("SELECT count(*) FROM given WHERE edition = '130'").fetchall() == [
            (sum(row["edition"] == "130" for row in table.to_pylist()),)
        ]


def test_pandas_takes_tables(implementation: Implementation) -> None:
    pandas = pytest.importorskip("pandas")
    for key in CHOSEN:
        table = tables_of(implementation)[key]
        frame = pandas.DataFrame.from_arrow(table) if hasattr(pandas.DataFrame, "from_arrow") else None
        if frame is None:
            frame = pa.table(table).to_pandas()
        assert list(frame.columns) == table.schema().names
        assert list(frame["frame"]) == [row["frame"] for row in table.to_pylist()]


def test_polars_and_duckdb_take_every_table(implementation: Implementation) -> None:
    polars, duckdb = pytest.importorskip("polars"), pytest.importorskip("duckdb")
    with duckdb.connect() as connection:
        for table in every_table(implementation, some=True):
            assert polars.DataFrame(table).height == len(table)
            connection.register("given", table)
            assert connection.sql("SELECT count(*) FROM given").fetchall() == [(len(table),)]


# ---- names of codes


def test_names_of_codes_are_dictionaries(implementation: Implementation) -> None:
    for table in every_table(implementation):
        schema = table.schema()
        for number, column in enumerate(table.spec.columns):
            if len(column.path) == 1 and column.kind is Kind.NAME and table.spec.entry is not None:
                assert schema.field(table.name_of(number)).type == pa.dictionary(pa.int32(), pa.string())
