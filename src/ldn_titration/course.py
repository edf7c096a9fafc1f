"""The course of a plan: what lies ahead on a day, and how an event of the diary changes it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from ldn_titration import diary as events
from ldn_titration.knowledge import Knowledge
from ldn_titration.regimen import TitrationStep

__all__ = [
    "Course",
    "Refused",
    "Stretch",
    "Terms",
    "changed",
    "days_off_ahead",
    "nearest",
    "own_stretch",
]

_new = tuple.__new__


class Stretch(NamedTuple):
    """Days in a row that are alike: of which step (from 0), what part of its dose, and why.

    ``part`` is 1 for the whole dose, 2 for half of it, 4 for a quarter, 0 for none.
    ``spare`` is by how many days it may be shorter; ``position`` is how many days of its
    step lie behind it.
    """

    step: int
    part: int
    days: int
    why: str = ""
    is_open: bool = False
    spare: int = 0
    position: int = 0

    def after(self, days: int) -> Stretch:
        """What is left of it after some of its days; without a dose the step waits."""
        left, passed = self.days - days, days if self.part else 0
        return self._replace(
            days=left, spare=min(self.spare, left), position=self.position + passed
        )

    def without_dose(self, days: int, why: str) -> Stretch:
        """Days without a dose in its place."""
        return Stretch(self.step, 0, days, why, position=self.position)


class Course(NamedTuple):
    """What lies ahead: stretches, then the regimen's steps from ``then`` on, with a reason.

    The stretches are of one step, each going on where the one before it ends; only days
    without a dose, and a half or a step before, may stand in front of them.
    """

    ahead: tuple[Stretch, ...]
    then: int
    because: str = ""


class Terms(NamedTuple):
    """What a replay goes by: the steps, the days of an open-ended one, the policies."""

    steps: tuple[TitrationStep, ...]
    open_days: int
    base: Knowledge

    def days(self, key: str) -> int:
        """A number of days by policy."""
        return self.base.policy[key].whole


class Refused(Exception):  # noqa: N818 - a verdict on an event, not an error of ours
    """An event that cannot have happened so: which field of it, and why."""

    def __init__(self, message: str, field: str = "on") -> None:
        self.field: str = field
        self.message: str = message


def nearest(course: Course, terms: Terms) -> tuple[Stretch | None, Course]:
    """The nearest stretch, and what comes after it."""
    if course.ahead:
        return course.ahead[0], course._replace(ahead=course.ahead[1:])
    if course.then == len(terms.steps):
        return None, course
    return own_stretch(course.then, terms, course.because), course._replace(then=course.then + 1)


def own_stretch(step: int, terms: Terms, why: str = "") -> Stretch:
    """A step with its own full days."""
    titration = terms.steps[step]
    if titration.days is None:
        return Stretch(step, 1, terms.open_days, why, is_open=True)
    spare = titration.days - (titration.fewest_days or titration.days)
    return _new(Stretch, (step, 1, titration.days, why, False, spare, 0))


def days_off_ahead(course: Course, terms: Terms) -> int:
    """The days off of a cycle with which a course begins, before its next dose."""
    stretch, _ = nearest(course, terms)
    cycle = terms.steps[stretch.step].cycle if stretch is not None else None
    if stretch is None or cycle is None or not stretch.part:
        return 0
    return min(stretch.days, cycle.days_off_from(stretch.position))


def _own_days(step: int, terms: Terms) -> int:
    """The days of a step; of an open-ended one, those of the step before it."""
    days = terms.steps[step].days or (terms.steps[step - 1].days if step else None)
    return days or terms.days("lone_step")


def _held(event: events.Held, now: Stretch, back: Course, terms: Terms) -> Course:
    held = now._replace(days=event.days, why=event.why, spare=0)
    later = [_new(Stretch, (*each[:-1], each.position + event.days)) for each in back.ahead]
    return back._replace(ahead=(held, *later))


def _stepped_back(event: events.SteppedBack, now: Stretch, back: Course, terms: Terms) -> Course:
    if not now.step:
        raise Refused(f"{event.on} is on the first step; there is none before it")
    because = f"climbing again, {event.why}"
    return Course((own_stretch(now.step - 1, terms, event.why),), now.step, because)


def _halved(event: events.Halved, now: Stretch, back: Course, terms: Terms) -> Course:
    half = Stretch(now.step, now.part * 2, _own_days(now.step, terms), event.why)
    return Course((half,), now.step, f"climbing again, {event.why}")


def _advanced(event: events.Advanced, now: Stretch, back: Course, terms: Terms) -> Course:
    after = now.step + 1
    if after == len(terms.steps):
        raise Refused(f"{event.on} is on the last step; there is none after it")
    return Course((own_stretch(after, terms, event.why),), after + 1)


def _stayed(event: events.Stayed, now: Stretch, back: Course, terms: Terms) -> Course:
    if now.is_open:
        return back
    staying = now._replace(days=terms.open_days, why=event.why, is_open=True, spare=0)
    return Course((staying,), len(terms.steps))


def _stopped(event: events.Stopped, now: Stretch, back: Course, terms: Terms) -> Course:
    return Course((), len(terms.steps))


_CHANGES: dict[type[Any], Callable[[Any, Stretch, Course, Terms], Course]] = {
    events.Held: _held,
    events.SteppedBack: _stepped_back,
    events.Halved: _halved,
    events.Advanced: _advanced,
    events.Stayed: _stayed,
    events.Stopped: _stopped,
}


def changed(event: events.Event, now: Stretch, back: Course, terms: Terms) -> Course:
    """What lies ahead after an event that takes no dose away; Refused where it cannot be.

    ``now`` is what the day has, and ``back`` begins with it.
    """
    return _CHANGES[type(event)](event, now, back, terms)
