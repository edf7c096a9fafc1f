"""Columns of tables: each distinct value read once, strictly; what is wrong told by its row.

A table of a million rows has few distinct values in most columns. So a column is parted into
its distinct values and, for each row, the place of its value among them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from ldn_titration.errors import InvalidInputError, MissingExtraError, Problem

__all__ = [
    "MAYBE",
    "PROBLEM",
    "ROW",
    "Coded",
    "combined",
    "plain",
    "read_column",
    "read_identifiers",
    "require_arrow",
    "wrong_columns",
]

_NULL = -1

ROW, PROBLEM, MAYBE = "ldn:row", "ldn:problem", "ldn:maybe"
"""Columns that a reader of files adds: the number of a row, why it could not be read, and whose it
may be where that is not sure.
"""


def require_arrow() -> tuple[Any, Any]:
    """The numpy and pyarrow modules; raises MissingExtraError where one is not installed."""
    try:
        import numpy as np
        import pyarrow as pa
    except ImportError:
        raise MissingExtraError("cohort", "a cohort") from None
    return np, pa


class Coded(NamedTuple):
    """A column: for each row the place of its value in ``values``, -1 where it has none.

    ``wrong`` tells, by place, why a value cannot be read; it is then None among the values.
    """

    places: Any
    values: Sequence[Any]
    wrong: dict[int, str]

    def take(self, numbers: Any) -> Any:
        """For each row its entry of an array that has one for each value, and one for none."""
        return numbers[self.places]

    def value(self, row: int) -> Any:
        """The value of a row; None where it has none, or one that cannot be read."""
        place = self.places[row]
        return None if place < 0 else self.values[place]


def wrong_columns(
    table: Any, of: str, needed: Sequence[str], known: Sequence[str]
) -> list[Problem]:
    """Why a table cannot be read.

    Each column that is ``needed`` must stand there once, none that is ``known`` twice, and
    ``patient`` must hold whole numbers or texts: 1.0 here and 1 there would be two people.
    """
    times = {name: table.column_names.count(name) for name in (*needed, *known)}
    wrong = [f'needs a column "{name}"' for name in needed if not times[name]]
    wrong += [f'has {n} columns "{name}"' for name, n in times.items() if n > 1]
    if times["patient"] == 1 and not _identifies(kind := table.schema.field("patient").type):
        wrong.append(f'the column "patient" must hold whole numbers or texts, not {kind}')
    return [Problem(of, message) for message in wrong]


def _identifies(kind: Any) -> bool:
    _, pa = require_arrow()
    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    texts = {pa.null(), pa.string(), pa.large_string(), pa.string_view()}
    return pa.types.is_integer(kind) or kind in texts


def read_column(table: Any, name: str, read: Callable[[Any], Any]) -> Coded:
    """The column of that name, each distinct value read; one that is not there is all null.

    ``read`` raises ValueError for a value that it cannot read.
    """
    np, pa = require_arrow()
    if name not in table.column_names:
        return Coded(np.full(table.num_rows, _NULL, np.int32), [], {})
    column = plain(table.column(name))
    if pa.types.is_null(column.type):
        return Coded(np.full(table.num_rows, _NULL, np.int32), [], {})
    try:
        encoded = _encoded(column, pa)
        distinct = _held(encoded.dictionary)
    except (pa.ArrowException, LookupError, OverflowError, ValueError) as error:
        message = f"a column of {column.type} cannot be read: {_first_line(error)}"
        raise InvalidInputError([Problem(name, message)]) from None
    places = encoded.indices.cast(pa.int32()).fill_null(_NULL).to_numpy(zero_copy_only=False)
    values: list[Any] = []
    wrong: dict[int, str] = {}
    for place, written in enumerate(distinct):
        try:
            values.append(read(written))
        except (TypeError, ValueError) as error:
            values.append(None)
            wrong[place] = f"{name}: {_first_line(error).removeprefix(f'{name}: ')}"
    return Coded(places, values, wrong)


def read_identifiers(table: Any) -> Coded:
    """The column of those whose rows they are; an empty text is none."""
    _, pa = require_arrow()
    encoded = plain(table.column("patient")).dictionary_encode()
    places = encoded.indices.cast(pa.int32()).fill_null(_NULL).to_numpy(zero_copy_only=False)
    is_text = pa.types.is_string(encoded.type.value_type) or pa.types.is_large_string(
        encoded.type.value_type
    )
    empty = encoded.dictionary.index("").as_py() if is_text else _NULL
    wrong = {} if empty == _NULL else {empty: "patient: is empty"}
    return Coded(places, encoded.dictionary, wrong)


def plain(column: Any) -> Any:
    """A column in one piece; one of categories as the words that they stand for."""
    _, pa = require_arrow()
    column = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if isinstance(column, pa.ExtensionArray):
        column = column.storage
    if pa.types.is_dictionary(column.type):
        words = plain(column.dictionary)
        column = pa.DictionaryArray.from_arrays(column.indices, words).dictionary_decode()
    return column.cast(pa.string()) if column.type == pa.string_view() else column


def _encoded(column: Any, pa: Any) -> Any:
    return (
        _encoded_nested(column, pa)
        if pa.types.is_nested(column.type)
        else column.dictionary_encode()
    )


def _encoded_nested(column: Any, pa: Any) -> Any:
    """Arrow encodes no lists; each distinct one is found by how it is written."""
    found: dict[str, int] = {}
    distinct: list[Any] = []
    places: list[int | None] = []
    for row in column.to_pylist():
        key = repr(row)
        if row is not None and key not in found:
            found[key] = len(distinct)
            distinct.append(row)
        places.append(None if row is None else found[key])
    return _Encoded(pa.array(places, pa.int32()), pa.array(distinct, column.type))


class _Encoded(NamedTuple):
    indices: Any
    dictionary: Any


def _held(values: Any) -> list[Any]:
    """Arrow's values as Python's; where one is out of Python's reach, all as texts."""
    _, pa = require_arrow()
    try:
        told: list[Any] = values.to_pylist()
    except (OverflowError, ValueError):
        told = values.cast(pa.string()).to_pylist()
    return told


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]


def combined(columns: Sequence[Any], rows: int) -> tuple[Any, Any]:
    """The distinct combinations of some arrays of whole numbers from -1, in ascending order.

    For each combination the first row that has it, and for each row the place of its own.
    """
    np, _ = require_arrow()
    places, count = np.zeros(rows, np.int64), min(rows, 1)
    for column in columns:
        if count and column.min() < column.max():
            whole = places * (int(column.max()) + 2) + column + 1
            places, count = _ranked(whole, count * (int(column.max()) + 2))
    first = np.zeros(count, np.int64)
    first[places[::-1]] = np.arange(rows - 1, -1, -1)
    return first, places


def _ranked(numbers: Any, limit: int) -> tuple[Any, int]:
    """For each number below a limit its rank among the distinct ones, and how many these are."""
    np, _ = require_arrow()
    if limit > 4 * len(numbers) + 1000:
        distinct, places = np.unique(numbers, return_inverse=True)
        return places, len(distinct)
    occurs = np.zeros(limit, bool)
    occurs[numbers] = True
    ranks = np.cumsum(occurs)
    return (ranks - 1)[numbers], int(ranks[-1])
