"""Regimens: ordered, undated titration steps, and the published protocols they come from."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, Literal, NamedTuple, Self

from pydantic import (
    BeforeValidator,
    Field,
    PlainSerializer,
    WithJsonSchema,
    model_validator,
)

from ldn_titration.errors import InvalidInputError, Problem, QuantityError
from ldn_titration.knowledge import Protocol, knowledge
from ldn_titration.preparation import Dose
from ldn_titration.quantities import Mass
from ldn_titration.sig import EVERY_OTHER_DAY, count
from ldn_titration.values import LineOfText, Value, at_most, faults

__all__ = ["Band", "Cycle", "Regimen", "TimeOfDay", "TimedDose", "TitrationStep"]

MAX_DAYS = 3660
MAX_STEPS = 200
MAX_DOSES_PER_DAY = 12
_MAX_CYCLE = 28

TIMES_OF_DAY = ("morning", "noon", "afternoon", "evening", "bedtime")
WALL_TIME = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]", re.ASCII)
"""A time of day on the wall: HH:MM."""

Band = Literal["low", "standard"]
"""The dose range that the ceilings are for: low dose, or the licensed 50 mg regimens."""


def _read_time(value: object) -> str:
    if isinstance(value, str) and (value in TIMES_OF_DAY or WALL_TIME.fullmatch(value)):
        return value
    raise ValueError(f'must be one of {", ".join(TIMES_OF_DAY)}, or a time such as "21:30"')


TimeOfDay = Annotated[
    str,
    BeforeValidator(_read_time),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": rf"^({'|'.join(TIMES_OF_DAY)}|([01][0-9]|2[0-3]):[0-5][0-9])$",
            "examples": ["bedtime", "21:30"],
        }
    ),
]
"""A named time of day, or HH:MM."""


class TimedDose(NamedTuple):
    """One dose of a day and when it is taken (None: no time is set)."""

    time_of_day: str | None
    dose: Mass


def _read_timed(value: object) -> tuple[TimedDose, ...]:
    if isinstance(value, Mapping) and value:
        listed = list(value.items())
    elif isinstance(value, tuple) and value and all(isinstance(v, TimedDose) for v in value):
        listed = list(value)
    else:
        raise ValueError('must be an object such as {"morning": "1 mg", "bedtime": "1 mg"}')
    faults(_timed_faults(listed))
    order = {name: place for place, name in enumerate(TIMES_OF_DAY)}
    return tuple(
        TimedDose(name, Mass(mass)) for name, mass in sorted(listed, key=lambda d: order[d[0]])
    )


def _timed_faults(listed: Sequence[tuple[Any, Any]]) -> Iterable[tuple[str, str]]:
    names = [name for name, _ in listed]
    for name, mass in listed:
        if names.count(name) > 1:
            yield str(name), "stands twice"
        if name not in TIMES_OF_DAY:
            yield str(name), f"is no time of day; use {', '.join(TIMES_OF_DAY)}"
        try:
            if not Mass(mass):
                yield str(name), 'must be more than zero, such as "1 mg"'
        except QuantityError as error:
            yield str(name), str(error)


TimedDoses = Annotated[
    tuple[TimedDose, ...],
    BeforeValidator(_read_timed),
    PlainSerializer(lambda doses: {d.time_of_day: str(d.dose) for d in doses}, when_used="json"),
    WithJsonSchema(
        {
            "type": "object",
            "properties": {name: {"type": "string"} for name in TIMES_OF_DAY},
            "additionalProperties": False,
            "minProperties": 1,
        }
    ),
]


class Cycle(Value):
    """Days with the dose and days without it, in turn, beginning with the dose.

    >>> [Cycle(days_on=3, days_off=3).is_on(day) for day in (0, 2, 3, 6)]
    [True, True, False, True]
    """

    days_on: Annotated[int, Field(ge=1, le=_MAX_CYCLE)] = Field(examples=[3])
    days_off: Annotated[int, Field(ge=1, le=_MAX_CYCLE)] = Field(examples=[3])

    @property
    def days(self) -> int:
        """The days of one turn."""
        return self.days_on + self.days_off

    def is_on(self, day: int) -> bool:
        """Whether a dose is taken on that day of the step, counted from 0."""
        return day % self.days < self.days_on

    def days_off_from(self, day: int) -> int:
        """How many days off lie ahead from that day of the step, before its next dose."""
        return 0 if self.is_on(day) else self.days - day % self.days

    def on_days(self, first: int, days: int) -> int:
        """How many of so many days have a dose, from that day of the step on."""
        return self._on_before(first + days) - self._on_before(first)

    def _on_before(self, day: int) -> int:
        turns, rest = divmod(day, self.days)
        return turns * self.days_on + min(rest, self.days_on)

    def __str__(self) -> str:
        if self.days_on == self.days_off == 1:
            return EVERY_OTHER_DAY
        return f"{count(self.days_on, 'day')} on, {self.days_off} off"


class TitrationStep(Value):
    """One step: a dose, how many times a day, for how many days (None: open-ended).

    ``dose`` is each dose; ``doses`` names doses by time of day instead. Where the step is a
    range ("7 to 14 days"), ``days`` is its slow end, by which it is laid out, and
    ``fewest_days`` its fast end. ``only_if`` is what is checked before the step begins.

    >>> TitrationStep(dose="1 mg", doses_per_day=2, days=7).daily_dose
    Mass('2 mg')
    """

    dose: Dose | None = Field(default=None, examples=["1.5 mg"])
    doses: TimedDoses | None = Field(default=None, examples=[{"morning": "1 mg"}])
    doses_per_day: Annotated[int, Field(ge=1, le=MAX_DOSES_PER_DAY)] = Field(
        default=1, examples=[1]
    )
    days: Annotated[int, Field(ge=1, le=MAX_DAYS)] | None = Field(default=None, examples=[7])
    fewest_days: Annotated[int, Field(ge=1, le=MAX_DAYS)] | None = Field(default=None, examples=[5])
    cycle: Cycle | None = Field(default=None, examples=[{"days_on": 3, "days_off": 3}])
    only_if: LineOfText | None = Field(default=None, examples=["1.5 mg is tolerated"])

    @model_validator(mode="after")
    def _fewest_is_not_more(self) -> Self:
        if self.fewest_days is not None and (self.days is None or self.fewest_days > self.days):
            faults([("fewest_days", 'must not be more than "days", which it needs')])
        return self

    @model_validator(mode="after")
    def _dose_or_doses(self) -> Self:
        if (self.dose is None) == (self.doses is None):
            faults([("", 'needs exactly one of "dose", such as "1.5 mg", and "doses"')])
        if self.doses is not None and self.doses_per_day != 1:
            faults([("doses_per_day", 'is told by "doses" already; leave it out')])
        return self

    @property
    def each(self) -> tuple[TimedDose, ...]:
        """Every dose of a day, in the order of the day."""
        if self.doses is not None:
            return self.doses
        return (TimedDose(None, self.dose),) * self.doses_per_day  # type: ignore[arg-type]

    @property
    def fewest(self) -> int | None:
        """The fewest days before the next step may begin; None where it is open-ended."""
        return self.fewest_days or self.days

    @property
    def daily_dose(self) -> Mass:
        """The mass taken in a day on which it is taken."""
        if self.dose is not None:
            return self.dose if self.doses_per_day == 1 else self.dose * self.doses_per_day
        return Mass.total((timed.dose, 1) for timed in self.each)


class Regimen(Value):
    """Ordered titration steps without dates; only the last may be open-ended.

    ``band`` is ``low`` unless it is one of the licensed 50 mg regimens (``standard``).
    ``protocol`` is the id of the protocol it comes from, if any.

    >>> len(Regimen.ramp("0.25 mg", "0.25 mg", 7, "4.5 mg").steps)
    18
    """

    steps: Annotated[tuple[TitrationStep, ...], at_most(MAX_STEPS)] = Field(
        strict=False, min_length=1, max_length=MAX_STEPS, examples=[[{"dose": "1.5 mg"}]]
    )
    band: Band = "low"
    time_of_day: TimeOfDay | None = Field(default=None, examples=["bedtime"])
    protocol: str | None = None

    @model_validator(mode="after")
    def _only_the_last_is_open(self) -> Self:
        faults(
            (f"steps[{place}].days", "is required; only the last step may lack it, such as 7")
            for place, step in enumerate(self.steps[:-1])
            if step.days is None
        )
        return self

    @classmethod
    def ramp(
        cls,
        from_: Mass | str,
        by: Mass | str,
        every_days: int,
        to: Mass | str,
        *,
        band: Band = "low",
        time_of_day: str | None = None,
        protocol: str | None = None,
        doses_per_day: int = 1,
        fewest_days: int | None = None,
    ) -> Self:
        """From one dose to another in equal steps, up or down; the last step is open-ended.

        ``by`` is the size of a step either way; the last one may be smaller. ``fewest_days``
        is the fast end of "every 3 to 4 days", ``every_days`` the slow one. Raises
        InvalidInputError for what is no dose, or a ramp of more than 200 steps.

        >>> [str(step.dose) for step in Regimen.ramp("1 mg", "1 mg", 7, "2.5 mg").steps]
        ['1 mg', '2 mg', '2.5 mg']
        """
        first, increment, last = _ramp_masses(every_days, from_, by, to)
        steps = [
            TitrationStep(
                dose=dose, days=every_days, fewest_days=fewest_days, doses_per_day=doses_per_day
            )
            for dose in _climb(first, increment, last)
        ]
        steps.append(TitrationStep(dose=last, doses_per_day=doses_per_day))
        return cls(steps=tuple(steps), band=band, time_of_day=time_of_day, protocol=protocol)

    @classmethod
    def from_protocol(
        cls, id: str, *, by: Mass | str | None = None, every_days: int | None = None
    ) -> Self:
        """The regimen of a published protocol (``ldn-titration protocols`` lists their ids).

        A protocol of kind ``open`` needs the prescriber's ``by`` and ``every_days``; any
        other refuses them. Raises InvalidInputError for an unknown id, and for a refused
        protocol with its reason.
        """
        protocol = _protocol(id)
        if (protocol.kind == "open") != (by is not None and every_days is not None):
            raise InvalidInputError([_choice_problem(protocol)])
        common: dict[str, Any] = {
            "band": protocol.band,
            "time_of_day": protocol.time_of_day,
            "protocol": protocol.id,
        }
        if protocol.kind in {"steps", "fixed"}:
            return cls(steps=_steps(protocol), **common)
        terms = dict(part.split("=") for part in protocol.schedule.split(";"))
        return cls.ramp(
            f"{terms['from']} mg",
            by if by is not None else f"{terms['by']} mg",
            every_days if every_days is not None else int(terms["every"]),
            f"{terms['to']} mg",
            **common,
        )

    def changed(self, **changes: Any) -> Regimen:
        """The same regimen with another ``band`` or ``time_of_day``."""
        kept = {name: getattr(self, name) for name in ("steps", "band", "time_of_day", "protocol")}
        return Regimen(**(kept | changes))

    @property
    def cited(self) -> Protocol | None:
        """The protocol it comes from, with its source and caution, if any."""
        return knowledge().protocols.get(self.protocol) if self.protocol else None

    def _repr_html_(self) -> str:
        from ldn_titration.markup import rows_table

        rows = [
            (number, step.daily_dose, step.days if step.days is not None else "open-ended")
            for number, step in enumerate(self.steps, 1)
        ]
        return rows_table("Regimen", ("Step", "Dose a day", "Days"), rows)


def _ramp_masses(every_days: int, *texts: Mass | str) -> list[Mass]:
    problems, masses = [], []
    if (
        isinstance(every_days, bool)
        or not isinstance(every_days, int)
        or not 1 <= every_days <= MAX_DAYS
    ):
        message = f"must be a whole number of days from 1 to {MAX_DAYS}, such as 7"
        problems.append(Problem("every_days", message))
    for name, text in zip(("from", "by", "to"), texts, strict=True):
        try:
            masses.append(Mass(text))
            if not masses[-1]:
                problems.append(Problem(name, 'must be more than zero, such as "0.5 mg"'))
        except QuantityError as error:
            problems.append(Problem(name, str(error)))
    if problems:
        raise InvalidInputError(problems)
    return masses


def _climb(first: Mass, by: Mass, last: Mass) -> list[Mass]:
    """Every dose before the last, from the first, up or down."""
    up = last > first
    distance = last - first if up else first - last
    count = distance // by + bool(distance % by)
    if count >= MAX_STEPS:
        message = f"makes {count + 1} steps to {last}; at most {MAX_STEPS} are planned"
        raise InvalidInputError([Problem("by", message)])
    return [first + by * n if up else first - by * n for n in range(count)]


def _protocol(id: str) -> Protocol:
    protocols = knowledge().protocols
    protocol = protocols.get(id)
    if protocol is None:
        known = ", ".join(p.id for p in protocols.values() if p.kind != "refused")
        raise InvalidInputError([Problem("protocol", f"is no known protocol; known: {known}")])
    if protocol.kind == "refused":
        message = f"{id} is not planned: {protocol.reason} (source: {protocol.source})"
        raise InvalidInputError([Problem("protocol", message)])
    return protocol


def _choice_problem(protocol: Protocol) -> Problem:
    if protocol.kind == "open":
        message = f'{protocol.id} gives no steps; also state "by" and "every_days"'
    else:
        message = f'{protocol.id} has its own steps; leave out "by" and "every_days"'
    return Problem("protocol", message)


def _steps(protocol: Protocol) -> tuple[TitrationStep, ...]:
    """The steps of ``1.5x14;3x14;4.5``; the table's doses are daily totals."""
    steps = []
    for part in protocol.schedule.split(";"):
        milligrams, _, days = part.partition("x")
        steps.append(
            TitrationStep(
                dose=Mass(f"{milligrams} mg") / protocol.doses_per_day,
                doses_per_day=protocol.doses_per_day,
                days=int(days) if days else None,
            )
        )
    return tuple(steps)
