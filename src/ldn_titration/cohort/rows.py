"""Rows of plans: laid down once for each distinct plan, and gathered for each patient."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from sys import intern
from typing import Any, NamedTuple

from ldn_titration.cohort.columns import require_arrow
from ldn_titration.cohort.people import ANY_START
from ldn_titration.cohort.plans import Kind, Row

__all__ = ["Laid", "PlanRows", "laid", "plan_rows"]


class PlanRows(NamedTuple):
    """The rows of one plan: each column as whole numbers, and the words of those of texts.

    A text is its place among the words, -1 for none; a date its days after the start.
    """

    columns: dict[str, Any]
    words: dict[str, list[str]]
    rows: int


def plan_rows(kind: Kind, rows: Iterable[Row]) -> PlanRows:
    """The rows of a plan that starts on ANY_START."""
    np, _ = require_arrow()
    written = list(zip(*rows, strict=True)) or [()] * len(kind.columns)
    values = dict(zip(kind.columns, written, strict=True))
    words = {name: _words(values[name]) for name in kind.texts}
    columns = {
        name: np.array(_numbers(name, each, kind, words), np.int32) for name, each in values.items()
    }
    return PlanRows(columns, words, len(written[0]))


def _words(texts: Iterable[str | None]) -> list[str]:
    """The distinct texts in their order; that of many plans is kept once."""
    return [intern(text) for text in dict.fromkeys(texts) if text is not None]


def _numbers(
    name: str, values: Sequence[Any], kind: Kind, words: Mapping[str, list[str]]
) -> Sequence[int]:
    if name in words:
        places: dict[str | None, int] = {word: n for n, word in enumerate(words[name])}
        return list(map((places | {None: -1}).__getitem__, values))
    first = ANY_START.toordinal()
    return [value.toordinal() - first for value in values] if name in kind.dates else values


def laid(kind: Kind, plans: Sequence[PlanRows]) -> Laid:
    """The rows of several plans, their words put together."""
    np, pa = require_arrow()
    words: dict[str, dict[str, int]] = {name: {} for name in kind.columns if name in kind.texts}
    columns = {
        name: _joined([_placed(plan, name, words.get(name)) for plan in plans])
        for name in kind.columns
    }
    lengths = np.array([plan.rows for plan in plans] or [0], np.int64)
    arrays = {name: pa.array(list(known), pa.string()) for name, known in words.items()}
    sparse = frozenset(name for name in words if (columns[name] < 0).any())
    if lengths[0] and (lengths == lengths[0]).all():
        columns = {name: _matrix(each, len(lengths)) for name, each in columns.items()}
    return Laid(kind, np.cumsum(lengths) - lengths, lengths, columns, arrays, sparse)


def _placed(plan: PlanRows, name: str, words: dict[str, int] | None) -> Any:
    """A column of a plan, its texts as their places among the words of all."""
    np, _ = require_arrow()
    column = plan.columns[name]
    if words is None:
        return column
    places = [words.setdefault(word, len(words)) for word in plan.words[name]]
    return np.array([*places, -1], np.int32)[column]


def _joined(columns: list[Any]) -> Any:
    np, _ = require_arrow()
    return np.concatenate(columns) if columns else np.zeros(0, np.int32)


class Laid(NamedTuple):
    """The rows of the distinct plans: where those of each begin, and how many there are.

    A column has them one after another or, where all plans are as long, a plan in each row of
    a matrix; in its one row, where they are all the same. ``sparse`` tells in which columns a
    text is missing somewhere.
    """

    kind: Kind
    begins: Any
    lengths: Any
    columns: dict[str, Any]
    words: dict[str, Any]
    sparse: frozenset[str]

    def gathered(self, plan: Any, each: Any, start: Any) -> tuple[Any, list[Any]]:
        """For the plans of some patients which of ``each`` a row is of, and their columns."""
        np, _ = require_arrow()
        lengths = self.lengths[plan]
        if all(column.ndim == 2 for column in self.columns.values()):
            whose = _room((len(plan), int(self.lengths[0])))
            whose[:] = each[:, None]
            return whose.reshape(-1), list(self._taken(plan, start[:, None]))
        at = _places(self.begins[plan], lengths)
        return np.repeat(each, lengths), list(self._taken(at, np.repeat(start, lengths)))

    def _taken(self, at: Any, start: Any) -> Iterator[Any]:
        np, _ = require_arrow()
        for name, column in self.columns.items():
            rows = _room((len(at), *column.shape[1:]))
            after = start if name in self.kind.dates else 0
            if rows.ndim == 2 and len(column) == 1:
                np.add(column, after, rows)
            else:
                # Places are never outside; "clip" only lets numpy write without a copy.
                np.take(column, at, 0, rows, "clip")
                rows += after
            yield self._named(name, rows.reshape(-1))

    def _named(self, name: str, rows: Any) -> Any:
        _, pa = require_arrow()
        if name in self.kind.dates:
            return pa.array(rows).view(pa.date32())
        if name not in self.words:
            return pa.array(rows)
        if not self.words[name]:
            return pa.nulls(len(rows), pa.dictionary(pa.int32(), pa.string()))
        indices = pa.array(rows, mask=rows < 0 if name in self.sparse else None)
        return pa.DictionaryArray.from_arrays(indices, self.words[name], safe=False)

    def schema(self, identifier: Any) -> Any:
        """The columns of a batch, for patients whose identifiers are of that type."""
        _, pa = require_arrow()
        text = pa.dictionary(pa.int32(), pa.string())
        kinds = {
            name: pa.date32() if name in self.kind.dates else text if name in self.words else None
            for name in self.kind.columns
        }
        patient, status = (
            pa.dictionary(pa.int32(), identifier),
            pa.dictionary(pa.int8(), pa.string()),
        )
        fields = [(name, kind or pa.int32()) for name, kind in kinds.items()]
        return pa.schema([("patient", patient), *fields, ("status", status)])


def _matrix(column: Any, plans: int) -> Any:
    """A plan in each row; one row alone, where all are the same."""
    rows = column.reshape(plans, -1)
    return rows[:1] if (rows == rows[0]).all() else rows


def _room(shape: tuple[int, ...]) -> Any:
    """An array to be filled, in memory of Arrow, which keeps what is given back for the next."""
    np, pa = require_arrow()
    return np.frombuffer(pa.allocate_buffer(4 * math.prod(shape)), np.int32).reshape(shape)


def _places(begins: Any, lengths: Any) -> Any:
    """The places of runs that begin there and are so long, one after another."""
    np, _ = require_arrow()
    ends = np.cumsum(lengths)
    return np.arange(ends[-1] if len(ends) else 0) + np.repeat(begins - ends + lengths, lengths)
