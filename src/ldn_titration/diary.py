"""The diary: what really happened, day by day, as events that the plan is replayed over.

An event changes the plan from its day on, never before it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import AfterValidator, Field, Tag, TypeAdapter, ValidationError, model_validator

from ldn_titration.errors import InvalidInputError, Problem
from ldn_titration.patient import OpioidExposure
from ldn_titration.preparation import AnyPreparation
from ldn_titration.regimen import MAX_DAYS
from ldn_titration.values import (
    LineOfText,
    PlainDate,
    Value,
    at_most,
    faults,
    told_apart,
    told_of,
)

__all__ = [
    "Advanced",
    "Diary",
    "Event",
    "Halved",
    "Held",
    "Missed",
    "OpioidTaken",
    "Paused",
    "Stayed",
    "SteppedBack",
    "Stopped",
    "Switched",
    "read_diary",
]

_MAX_EVENTS = 1000
_MAX_SWITCHES = 50
_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]


def _words(value: object) -> str:
    """A date, a number of days or an opioid as people say it."""
    if isinstance(value, date):
        return f"{value.day} {_MONTHS[value.month - 1]} {value.year}"
    if isinstance(value, int):
        return f"{value} day{'' if value == 1 else 's'}"
    return _opioid_words(value) if isinstance(value, OpioidExposure) else str(value)


def _opioid_words(exposure: OpioidExposure) -> str:
    """An opioid and its last dose: "oxycodone, last dose 20 Feb 2027"."""
    if exposure.ongoing:
        return f"{exposure.label}, still taken"
    if isinstance(exposure.last_taken, str):
        return f"{exposure.label}, last dose not known"
    return f"{exposure.label}, last dose {_words(exposure.last_taken)}"


class _Happened(Value):
    """What every event has: its day, and why it came to it."""

    on: PlainDate = Field(examples=["2027-02-03"])
    reason: LineOfText | None = Field(default=None, examples=["insomnia"])

    @property
    def why(self) -> str:
        """Why the days from it on are as they are: "held 7 days from 3 Feb 2027: insomnia"."""
        return f"{self.what}: {self.reason}" if self.reason else self.what

    says: ClassVar[str]

    @property
    def what(self) -> str:
        """What happened, without the reason: "held 7 days from 3 Feb 2027"."""
        told = {name: _words(value) for name, value in self}
        return self.says.format_map(told)


class Held(_Happened):
    """The dose of this day is kept for some days more; every later step starts later."""

    event: Literal["held"] = "held"
    says = "held {days} from {on}"
    days: Annotated[int, Field(ge=1, le=MAX_DAYS)] = Field(examples=[7])


class SteppedBack(_Happened):
    """From this day the step before, for its own days; then the regimen climbs again."""

    event: Literal["stepped_back"] = "stepped_back"
    says = "stepped back on {on}"


class Halved(_Happened):
    """From this day half the dose, for the step's own days; then that step again in full."""

    event: Literal["halved"] = "halved"
    says = "halved on {on}"


class Missed(_Happened):
    """Nothing was taken on this day; it counts for no step."""

    event: Literal["missed"] = "missed"
    says = "missed"


class Advanced(_Happened):
    """The next step starts on this day."""

    event: Literal["advanced"] = "advanced"
    says = "advanced on {on}"


class Stayed(_Happened):
    """Settled at the dose of this day: no further step."""

    event: Literal["stayed"] = "stayed"
    says = "staying at this dose since {on}"


class Switched(_Happened):
    """From this day the same doses, measured with another preparation."""

    event: Literal["switched"] = "switched"
    says = "switched on {on}"
    preparation: AnyPreparation


class Paused(_Happened):
    """No dose from this day to the day before ``until``, which is the first day back."""

    event: Literal["paused"] = "paused"
    says = "paused from {on}, back on {until}"
    until: PlainDate = Field(examples=["2027-02-10"])

    @model_validator(mode="after")
    def _ends_later(self) -> Self:
        if self.until <= self.on:
            faults([("until", f"must be after {self.on}: it is the first day back")])
        if (self.until - self.on).days > MAX_DAYS:
            faults([("until", f"must be within {MAX_DAYS} days of {self.on}")])
        return self


class OpioidTaken(_Happened):
    """An opioid was taken: no dose until its opioid-free interval has passed.

    The last dose of ``exposure`` is this day, unless it says otherwise.
    """

    event: Literal["opioid"] = "opioid"
    says = "opioid-free interval after {exposure}"
    exposure: OpioidExposure = Field(examples=[{"substance": "oxycodone", "release": "immediate"}])

    @model_validator(mode="before")
    @classmethod
    def _last_taken_that_day(cls, data: Any) -> Any:
        if not isinstance(data, dict) or "on" not in data:
            return data
        told = data.get("exposure")
        if isinstance(told, dict) and "last_taken" not in told:
            return {**data, "exposure": {**told, "last_taken": data["on"]}}
        if isinstance(told, OpioidExposure) and "last_taken" not in told.model_fields_set:
            return {**data, "exposure": told.model_copy(update={"last_taken": data["on"]})}
        return data


class Stopped(_Happened):
    """The plan ends: its last day is the day before."""

    event: Literal["stopped"] = "stopped"
    says = "stopped on {on}"


_EVENTS = (
    "held",
    "stepped_back",
    "halved",
    "missed",
    "advanced",
    "stayed",
    "switched",
    "paused",
    "opioid",
    "stopped",
)


def _name(value: Any) -> str | None:
    name = value.get("event") if isinstance(value, dict) else getattr(value, "event", None)
    return f"<{name}>" if name in _EVENTS else None


Event = Annotated[
    Annotated[Held, Tag("<held>")]
    | Annotated[SteppedBack, Tag("<stepped_back>")]
    | Annotated[Halved, Tag("<halved>")]
    | Annotated[Missed, Tag("<missed>")]
    | Annotated[Advanced, Tag("<advanced>")]
    | Annotated[Stayed, Tag("<stayed>")]
    | Annotated[Switched, Tag("<switched>")]
    | Annotated[Paused, Tag("<paused>")]
    | Annotated[OpioidTaken, Tag("<opioid>")]
    | Annotated[Stopped, Tag("<stopped>")],
    told_apart(_name, f'must be an object whose "event" is one of {", ".join(_EVENTS)}'),
]
"""Any event of the diary; in JSON told apart by ``event``."""


def _few_switches(diary: tuple[Event, ...]) -> tuple[Event, ...]:
    switches = sum(isinstance(event, Switched) for event in diary)
    if switches > _MAX_SWITCHES:
        raise ValueError(f"has {switches} switches; at most {_MAX_SWITCHES} are read")
    return diary


Diary = Annotated[
    tuple[Event, ...],
    Field(strict=False, max_length=_MAX_EVENTS),
    at_most(_MAX_EVENTS),
    AfterValidator(_few_switches),
]
"""Events in any order, at most one a day."""

_DIARY: TypeAdapter[tuple[Event, ...]] = TypeAdapter(Diary)


def read_diary(events: Sequence[object]) -> tuple[Event, ...]:
    """The events, from themselves or from plain data; InvalidInputError names every problem.

    >>> read_diary([{"event": "held", "on": "2027-02-03", "days": 7}])[0].days
    7
    """
    if not isinstance(events, list | tuple):
        raise InvalidInputError([Problem("diary", "must be a list of events")])
    try:
        return _DIARY.validate_python(tuple(events))
    except ValidationError as error:
        raise told_of(error, Event, "diary") from None
