"""Values as the cells of a text, and columns without dictionaries, for formats that know less than Arrow does."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute

_MOST_ZEROS: Final = 6
"""With more digits behind the point than this, Arrow writes small decimals with an exponent."""


def without_dictionaries(schema: pa.Schema) -> pa.Schema:
    """The same schema with the values themselves in the place of dictionaries, however deep."""
    return pa.schema([_plain_field(field) for field in schema], metadata=schema.metadata)


def _plain_field(field: pa.Field) -> pa.Field:
    return field.with_type(_plain_type(field.type))


def _plain_type(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_dictionary(kind):
        return kind.value_type
    if pa.types.is_struct(kind):
        return pa.struct([_plain_field(kind.field(at)) for at in range(kind.num_fields)])
    if pa.types.is_fixed_size_list(kind):
        return pa.list_(_plain_field(kind.value_field), kind.list_size)
    if pa.types.is_large_list(kind):
        return pa.large_list(_plain_field(kind.value_field))
    if pa.types.is_list(kind):
        return pa.list_(_plain_field(kind.value_field))
    return kind


def as_cells(table: pa.Table) -> pa.Table:
    """A table of which CSV can hold every column.

    Decimals have all their digits, times are ISO 8601, bytes are hex, lists and records are JSON.
    """
    plain = table.cast(without_dictionaries(table.schema))
    return pa.table([_cells(column) for column in plain.columns], names=plain.column_names)


def _cells(column: pa.ChunkedArray) -> pa.ChunkedArray:
    kind = column.type
    if pa.types.is_nested(kind):
        return _texts(column, json_text)
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind):
        return _texts(column, lambda value: value.hex().upper())
    if pa.types.is_decimal(kind):
        return _texts(column, "{:f}".format) if kind.scale > _MOST_ZEROS else column  # as a text it would be quoted
    if pa.types.is_timestamp(kind):
        return pyarrow.compute.replace_substring(column.cast(pa.string()), " ", "T")
    return column


def _texts(column: pa.ChunkedArray, text: Any) -> pa.ChunkedArray:
    return pa.chunked_array([[None if each is None else text(each) for each in column.to_pylist()]], pa.string())


def json_text(value: Any) -> str:
    """A value as JSON: numbers with all their digits, times as ISO 8601, bytes as hex."""
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json_text(key)}: {json_text(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(json_text(each) for each in value) + "]"
    if isinstance(value, bytes):
        return f'"{value.hex().upper()}"'
    if hasattr(value, "isoformat"):
        return f'"{value.isoformat()}"'
    return json.dumps(value, ensure_ascii=False)
