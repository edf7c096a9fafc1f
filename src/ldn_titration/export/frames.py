"""The plan as Arrow tables: one row a day, and its totals (extra ``frames``).

No column is a float. A dose stands as exact text, and as an exact ratio of two whole numbers
of milligrams: a twelfth of a milligram is no whole number of any unit and no finite decimal,
so that neither an integer nor a decimal column could hold every dose.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Any

from ldn_titration import sig
from ldn_titration.days import PlanDay, PlannedDose
from ldn_titration.errors import InvalidInputError, MissingExtraError, Problem
from ldn_titration.export.document import PLAN_SCHEMA
from ldn_titration.plan import DRUG, Plan
from ldn_titration.quantities import Quantity
from ldn_titration.reading import Reading

__all__ = ["require_pyarrow", "to_arrow", "totals_to_arrow"]

_LARGEST = 2**63 - 1
_KEY = "ldn-titration."


def to_arrow(plan: Plan) -> Any:
    """The days of the plan as a pyarrow Table, a row each.

    ``dose`` and ``volume`` are exact text, ``dose_mg`` and ``volume_mL`` the same as
    ``numerator`` and ``denominator``; what is not taken is null, and ``doses`` lists each
    dose of the day. ``status`` and ``verdict`` stand on every row, so that no query loses
    them; the schema's metadata names the knowledge base. Raises MissingExtraError without
    pyarrow, and InvalidInputError for a figure beyond 64 bits.

    >>> from ldn_titration import Capsules, Regimen, schedule
    >>> capsules = Capsules(strengths=["1.5 mg"])
    >>> ramp = Regimen.ramp("1.5 mg", "1.5 mg", 7, "3 mg")
    >>> table = to_arrow(schedule(ramp, capsules, "2027-01-04"))
    >>> table.column("dose")[7].as_py(), table.column("capsules")[7].as_py()
    ('3 mg', [{'strength': '1.5 mg', 'count': 2}])
    """
    pa = require_pyarrow()
    status, verdict = plan.status, str(plan.screening.verdict)
    taken = _taken(plan)
    rows = [{**_row(day, taken), "status": status, "verdict": verdict} for day in plan]
    return pa.Table.from_pylist(rows, schema=_day_schema(plan))


def totals_to_arrow(plan: Plan) -> Any:
    """The plan added up as a pyarrow Table, a row for each preparation; columns as of the days.

    Raises like :func:`to_arrow`.
    """
    pa = require_pyarrow()
    status, verdict = plan.status, str(plan.screening.verdict)
    rows = [
        {
            "preparation": str(preparation),
            **_amounts(reading, f"totals[{number}]"),
            "status": status,
            "verdict": verdict,
        }
        for number, (preparation, reading) in enumerate(plan.totals.readings)
    ]
    return pa.Table.from_pylist(rows, schema=_totals_schema(plan))


def require_pyarrow() -> Any:
    """The pyarrow module; raises MissingExtraError where it is not installed."""
    try:
        import pyarrow as pa
    except ImportError:
        raise MissingExtraError("frames", "an Arrow table") from None
    return pa


# --- rows -----------------------------------------------------------------------------

_NOTHING: dict[str, Any] = {"doses": []}


def _taken(plan: Plan) -> dict[int, dict[str, Any]]:
    """What is taken on the days of each step, by the identity of its doses."""
    taken: dict[int, dict[str, Any]] = {}
    problems: list[Problem] = []
    for number, step in enumerate(plan.steps):
        if step.reading is None:
            continue
        try:
            amounts = _amounts(step.reading, f"steps[{number}]")
        except InvalidInputError as error:
            problems += error.problems
            continue
        taken[id(step.doses)] = {**amounts, "doses": [_dose(dose) for dose in step.doses]}
    if problems:
        raise InvalidInputError(problems)
    return taken


def _row(day: PlanDay, taken: dict[int, dict[str, Any]]) -> dict[str, Any]:
    return {
        "day": day.day,
        "date": day.date,
        "step": day.step,
        "day_of_step": day.day_of_step,
        "take": day.take,
        "time_of_day": day.time_of_day,
        "why": day.why,
        **(taken[id(day.doses)] if day.doses else _NOTHING),
    }


def _amounts(reading: Reading, path: str) -> dict[str, Any]:
    """What is taken, as text and as whole numbers; what does not apply is absent."""
    amounts: dict[str, Any] = {
        "form": reading.form,
        "dose": str(reading.dose),
        "dose_mg": _exact(reading.dose, path),
        "drops": None if reading.drops is None else _whole(reading.drops, path),
    }
    if reading.volume is not None:
        amounts |= {"volume": str(reading.volume), "volume_mL": _exact(reading.volume, path)}
    count = {"capsules": _whole, "tablets": _ratio}.get(reading.form)
    if count is not None:
        amounts[reading.form] = [
            {"strength": str(strength), "count": count(number, path)}
            for strength, number in reading.pieces
        ]
    return amounts


def _exact(quantity: Quantity, path: str) -> dict[str, int]:
    return _ratio(quantity.magnitude, path)


def _ratio(number: Fraction, path: str) -> dict[str, int]:
    above, below = number.numerator, number.denominator
    return {"numerator": _whole(above, path), "denominator": _whole(below, path)}


def _whole(number: int | Fraction, path: str) -> int:
    if number > _LARGEST:
        message = "needs a number beyond the 64 bits of a table; JSON and CSV can hold it"
        raise InvalidInputError([Problem(path, message)])
    return int(number)


def _dose(planned: PlannedDose) -> dict[str, Any]:
    return {
        "time_of_day": planned.time_of_day,
        "dose": str(planned.dose),
        "take": sig.take(planned.reading),
    }


# --- schemas --------------------------------------------------------------------------


def _day_schema(plan: Plan) -> Any:
    pa = require_pyarrow()
    text, number = pa.string(), pa.int32()
    dose = [pa.field("time_of_day", text), _certain("dose", text), _certain("take", text)]
    return pa.schema(
        [
            _certain("day", number),
            _certain("date", pa.date32()),
            _certain("step", number),
            _certain("day_of_step", number),
            pa.field("dose", text),
            pa.field("dose_mg", _ratio_type()),
            _certain("take", text),
            pa.field("form", text),
            *_amount_fields(),
            pa.field("time_of_day", text),
            _certain("doses", pa.list_(_certain("element", pa.struct(dose)))),
            _certain("why", text),
            _certain("status", text),
            _certain("verdict", text),
        ],
        metadata=_metadata(plan, "days"),
    )


def _totals_schema(plan: Plan) -> Any:
    pa = require_pyarrow()
    text = pa.string()
    names: Sequence[str] = ("preparation", "form", "dose")
    return pa.schema(
        [
            *(_certain(name, text) for name in names),
            _certain("dose_mg", _ratio_type()),
            *_amount_fields(),
            _certain("status", text),
            _certain("verdict", text),
        ],
        metadata=_metadata(plan, "totals"),
    )


def _certain(name: str, kind: Any) -> Any:
    """A field that is never null."""
    return require_pyarrow().field(name, kind, nullable=False)


def _ratio_type() -> Any:
    pa = require_pyarrow()
    return pa.struct([_certain("numerator", pa.int64()), _certain("denominator", pa.int64())])


def _amount_fields() -> Iterable[Any]:
    """The fields of what is taken: by drops, by volume, by strength."""
    pa = require_pyarrow()
    yield pa.field("drops", pa.int64())
    yield pa.field("volume", pa.string())
    yield pa.field("volume_mL", _ratio_type())
    for name, number in (("capsules", pa.int64()), ("tablets", _ratio_type())):
        piece = pa.struct([_certain("strength", pa.string()), _certain("count", number)])
        yield pa.field(name, pa.list_(_certain("element", piece)))


def _metadata(plan: Plan, what: str) -> dict[str, str]:
    screening = plan.screening
    told = {
        "schema": f"ldn-titration/{what}/1",
        "plan_schema": PLAN_SCHEMA,
        "drug": DRUG,
        "status": plan.status,
        "verdict": str(screening.verdict),
        "overrides": " ".join(each.code for each in screening.overrides),
        "knowledge.version": screening.knowledge.version,
        "knowledge.sha256": screening.knowledge.sha256,
        "screening": screening.digest,
    }
    return {f"{_KEY}{name}": value for name, value in told.items()}
