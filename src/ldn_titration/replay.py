"""The replay: a regimen laid out in stretches of like days, as the diary says it went.

What lies ahead on a day is a course: a few stretches, then the regimen's own steps. An
event changes the course from its day on; what was laid before it stays. So a replay costs
by steps and events, not by days.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple

from ldn_titration import diary as events
from ldn_titration.course import (
    Course,
    Refused,
    Stretch,
    Terms,
    changed,
    days_off_ahead,
    nearest,
    own_stretch,
)
from ldn_titration.errors import InvalidInputError, Problem
from ldn_titration.findings import Finding, Severity
from ldn_titration.knowledge import Knowledge
from ldn_titration.preparation import Preparation
from ldn_titration.regimen import MAX_DAYS, Regimen
from ldn_titration.rules.exposures import Exposure, exposure_of
from ldn_titration.rules.washout import first_free_day, last_day
from ldn_titration.values import whole_day

__all__ = ["Laid", "Replayed", "replay"]

_new = tuple.__new__
_MOST_DAYS = 36_600


class Laid(NamedTuple):
    """A stretch as it came to lie, what it is measured with, and after how many switches."""

    stretch: Stretch
    preparation: Preparation
    phase: int


class Replayed(NamedTuple):
    """A regimen laid out: its stretches in order, whether it is cut off, and what is told."""

    laid: tuple[Laid, ...]
    cut: bool
    findings: tuple[Finding, ...]


def replay(
    regimen: Regimen,
    preparation: Preparation,
    start: date,
    days: int | None,
    diary: Sequence[events.Event],
    base: Knowledge,
    *,
    fast_days: int | None = None,
) -> Replayed:
    """The regimen laid out from its start, as the diary says it went.

    ``days`` is the whole length; without it an open-ended step has its days by policy.
    With ``fast_days``, as long as the plan is, what comes after the last event is laid out
    by its fewest days. Raises InvalidInputError with every event that cannot have happened so.
    """
    open_days = max(fast_days or 0, days or base.policy["open_step"].whole)
    terms = Terms(regimen.steps, open_days, base)
    walk = _Walk(terms, preparation, start, days or _MOST_DAYS)
    for place, event in sorted(enumerate(diary), key=lambda told: told[1].on):
        walk.meet(place, event)
    walk.lay(_until(fast_days, walk), fast=fast_days is not None)
    if days is None and walk.is_too_long():
        message = f"makes a plan of more than {_MOST_DAYS} days; state its length"
        walk.refuse("diary" if diary else "regimen", f"{message}, at most {MAX_DAYS} days")
    walk.tell_gap_beyond()
    if walk.problems:
        raise InvalidInputError(sorted(walk.problems, key=_place))
    return Replayed(tuple(walk.laid), walk.is_cut(), (*walk.gaps.values(), *walk.told))


def _until(fast_days: int | None, walk: _Walk) -> int:
    """How many more days to lay: to the end of what lies ahead, or of the plan as it is laid."""
    done = walk.today - walk.start.toordinal()
    return walk.left if fast_days is None else min(walk.left, fast_days - done)


def _place(problem: Problem) -> int:
    """Where in the diary it stands."""
    digits = problem.path.partition("[")[2].partition("]")[0]
    return int(digits) if digits else -1


class _Walk:
    """A replay under way: what is laid, what lies ahead, and what was told on the way."""

    def __init__(self, terms: Terms, preparation: Preparation, moment: date, days: int) -> None:
        self.terms, self.preparation = terms, preparation
        self.zone = moment.tzinfo if isinstance(moment, datetime) else None
        start = whole_day(moment)
        self.start, self.today, self.left = start, start.toordinal(), days
        self.course = Course((), 0)
        self.laid: list[Laid] = []
        self.told: list[Finding] = []
        self.gaps: dict[int, Finding] = {}
        self.problems: list[Problem] = []
        self.met: dict[date, str] = {}
        self.met_as = self.closed_by = self.stopped_by = ""
        self.phase = 0  # how many switches lie behind
        self.broken = False  # whether days without a dose, beyond days off, lie just behind
        self.unknown: set[str] = set()  # opioids of which the last dose or the window is not known
        self.back, self.until = self.course, self.today  # what follows a closure, and its end

    def lay(self, days: int, fast: bool = False) -> None:
        """Lay so many days of what lies ahead, as far as it and the plan's length reach."""
        days = min(days, self.left)
        while days > 0:
            if not (self.course.ahead or self.broken or fast):
                days -= self._lay_whole_steps(days)
            off = self._days_off_after_a_gap()
            stretch, rest = nearest(self.course, self.terms)
            if stretch is None or days <= 0:
                return
            whole = off or (stretch.days - stretch.spare if fast else stretch.days)
            taken = min(whole, days)
            if taken == stretch.days:
                self._put(stretch)
            elif taken:
                self._put(stretch._replace(days=taken, spare=0))
            over = taken == stretch.days or (taken == whole and not off)
            left = () if over else (stretch.after(taken),)
            self.course = rest._replace(ahead=(*left, *rest.ahead))
            self.today, self.left, days = self.today + taken, self.left - taken, days - taken
            self.broken = not stretch.part or bool(off)

    def _lay_whole_steps(self, days: int) -> int:
        """Lay the regimen's own steps as far as they fit whole into the days; how many it took."""
        first, then, because = self.today, self.course.then, self.course.because
        for step in range(then, len(self.terms.steps)):
            own = own_stretch(step, self.terms, because)
            if own.days > days + first - self.today:
                break
            self.laid.append(_new(Laid, (own, self.preparation, self.phase)))
            self.today += own.days
            then = step + 1
        self.left -= self.today - first
        self.course = Course((), then, because)
        return self.today - first

    def _days_off_after_a_gap(self) -> int:
        """Begin the regimen again where a gap is too long; else the days off before its dose."""
        off = days_off_ahead(self.course, self.terms) if self.broken else 0
        if self.broken and (not off or not self.laid[-1].stretch.part):
            gap = self._gap()
            if gap > self.terms.days("gap_to_resume") and self._dose_follows():
                self._begin_again(gap)
                return 0
        return off

    def _dose_follows(self) -> bool:
        """Whether days with a dose lie next ahead, in place of more days without."""
        stretch, _ = nearest(self.course, self.terms)
        return stretch is not None and bool(stretch.part)

    def _begin_again(self, gap: int, days: int = 0) -> None:
        """The regimen from its first step, after so long a gap that ends in so many days."""
        since = self.today + days - gap
        self.gaps[since] = _long_gap(gap, date.fromordinal(since), self.terms.base)
        self.course = Course((), 0, f"from the first step again, after {gap} days without a dose")
        self.broken = False

    def _put(self, stretch: Stretch) -> None:
        """Lay one stretch, as part of the one before it where it only goes on."""
        if self.laid and self.laid[-1].stretch.step == stretch.step:
            last, _, phase = self.laid[-1]
            goes_on = last.after(last.days)._replace(spare=0)
            if phase == self.phase and goes_on == stretch._replace(days=0, spare=0):
                stretch = last._replace(days=last.days + stretch.days, spare=stretch.spare)
                self.laid.pop()
        self.laid.append(Laid(stretch, self.preparation, self.phase))

    def refuse(self, path: str, message: str) -> None:
        """Note an event that cannot have happened so."""
        self.problems.append(Problem(path, message))

    def meet(self, place: int, event: events.Event) -> None:
        """Change what lies ahead as the event says, or refuse it."""
        try:
            self._require_a_day_of_its_own(event)
            self.met_as = f'diary[{place}] ("{event.event}")'
            self.lay(event.on.toordinal() - self.today)
            now, rest = self._now(event)
            self._change(event, now, rest)
        except Refused as refused:
            self.refuse(f"diary[{place}].{refused.field}", refused.message)
        else:
            self.stopped_by = self.met_as if isinstance(event, events.Stopped) else ""
        self.met.setdefault(event.on, f'diary[{place}] ("{event.event}")')

    def _require_a_day_of_its_own(self, event: events.Event) -> None:
        if event.on in self.met:
            raise Refused(f"{event.on} has {self.met[event.on]} already; one event a day")
        if event.on < self.start:
            raise Refused(f"{event.on} is before the plan's start on {self.start}")

    def _now(self, event: events.Event) -> tuple[Stretch, Course]:
        """What the day of the event has, and what comes after that."""
        self._days_off_after_a_gap()
        now, rest = nearest(self.course, self.terms)
        if now is None or not self.left or event.on.toordinal() > self.today:
            last = date.fromordinal(self.today - 1)
            ended = f"; {self.stopped_by} ended it" if self.stopped_by else "; plan a longer length"
            raise Refused(f"{event.on} is after the plan's end on {last}{ended}")
        if now.part == 0 and not isinstance(event, events.OpioidTaken):
            raise Refused(f"{event.on} is inside the days without a dose of {self.closed_by}")
        return now, rest

    def _change(self, event: events.Event, now: Stretch, rest: Course) -> None:
        back = rest._replace(ahead=(now, *rest.ahead))
        match event:
            case events.Missed():
                self._close(event, now, 1, back)
            case events.Paused():
                self._close(event, now, (event.until - event.on).days, back)
            case events.OpioidTaken():
                self._opioid(event, now, rest, back)
            case events.Switched():
                self.preparation, self.phase = event.preparation, self.phase + 1
            case events.Stopped() if event.on == self.start:
                raise Refused("the plan would have no day; it starts then")
            case _:
                self.course = changed(event, now, back, self.terms)

    # --- days without a dose

    def _close(self, event: events.Event, now: Stretch, days: int, back: Course) -> None:
        """Days without a dose, and then what was left."""
        nothing = now.without_dose(days, event.why)
        self.closed_by = self.met_as
        self.course = back._replace(ahead=(nothing, *back.ahead))

    def _gap(self) -> int:
        """The days without a dose up to today, whatever their cause."""
        days = 0
        for stretch, _, _ in reversed(self.laid):
            cycle = self.terms.steps[stretch.step].cycle
            if stretch.part and cycle is None:
                break
            off = stretch.days
            if stretch.part and cycle is not None:
                end = stretch.position + stretch.days
                off = min(stretch.days, max(0, (end - 1) % cycle.days + 1 - cycle.days_on))
            days += off
            if off < stretch.days:
                break
        return days

    def _opioid(self, event: events.OpioidTaken, now: Stretch, rest: Course, back: Course) -> None:
        """No dose until every interval has passed, and every pause that it falls into."""
        exposure = exposure_of(event.exposure, self.terms.base)
        if exposure.rows and not exposure.counts:
            message = f"{exposure.label} is no opioid agonist; name the opioid, or leave it out"
            raise Refused(message, "exposure.substance")
        today, free = event.on.toordinal(), first_free_day(exposure, self.terms.base, self.zone)
        inside, endless = not now.part, not now.part and now.is_open
        if not endless:
            self.back, self.until = (rest, today + now.days) if inside else (back, today)
        self.unknown.discard(exposure.label.casefold())
        if free is None:
            self.unknown.add(exposure.label.casefold())
        else:
            self.until = max(self.until, free.toordinal())
        last = last_day(exposure, self.zone)
        told = _opioid_told(event, exposure, last, None if self.unknown else free, self.start)
        self.told.append(told)
        if self.unknown:
            self.closed_by = self.met_as
            nothing = now.without_dose(self.terms.open_days, event.why)
            self.course = Course((nothing._replace(is_open=True),), len(self.terms.steps))
        elif endless and self.until <= today:
            self.course = self.back
        elif endless or self.until > today + (now.days if inside else 0):
            self._close(event, now, self.until - today, self.back)

    def tell_gap_beyond(self) -> None:
        """A gap that is too long, and ends only beyond the plan's last day, is told too."""
        self._days_off_after_a_gap()
        closed, rest = nearest(self.course, self.terms)
        if closed is None or closed.part or closed.is_open:
            return
        before, beyond, longest = self._gap(), closed.days, self.terms.days("gap_to_resume")
        if before + beyond <= longest:
            beyond += days_off_ahead(rest, self.terms)
        if before + beyond > longest:
            kept = self.course
            self._begin_again(before + beyond, beyond)
            self.course = kept

    def is_too_long(self) -> bool:
        """Whether something lies ahead that no plan has room for."""
        return not self.left and nearest(self.course, self.terms)[0] is not None

    def is_cut(self) -> bool:
        """Whether something of the regimen, or the end of a pause, lies beyond the last day."""
        ahead, _ = nearest(self.course, self.terms)
        goes_on = ahead is not None and ahead.is_open and (ahead.position or not ahead.part)
        return ahead is not None and not goes_on


# --- what is told -----------------------------------------------------------------------


def _long_gap(gap: int, since: date, base: Knowledge) -> Finding:
    row = base.policy["gap_to_resume"]
    return Finding(
        code="GAP-01",
        severity=Severity.CAUTION,
        message=f"{gap} days without a dose from {since} on, more than {row.whole}. {row.fact}",
        action="Titrate again: the plan starts from the first step.",
        sources=row.sources,
    )


def _opioid_told(
    event: events.OpioidTaken,
    exposure: Exposure,
    last: date | None,
    free: date | None,
    start: date,
) -> Finding:
    words = f"{exposure.label}, {_last_words(exposure, last)}"
    if last is None or free is None:
        words += ": no day is known from which a dose is safe, so none is planned."
    else:
        words += f": {(free - last).days - 1} opioid-free days are kept; no dose before {free}."
        if max(last + timedelta(1), start) < min(free, event.on):
            words += " Any dose taken since was within them: watch for withdrawal."
    if last is not None and last < start:
        words += " It was before the start, and the screening was made without it."
    return Finding(
        code="DIA-01",
        severity=Severity.CAUTION,
        message=words,
        action="Before the next dose, ask whether an opioid was taken since."
        if free
        else "When its last dose is known, tell it as a later event of the same opioid; "
        "correct this event if it was another.",
        clears_on=free,
        sources=exposure.sources,
    )


def _last_words(exposure: Exposure, last: date | None) -> str:
    if exposure.ongoing:
        return "still taken"
    return f"last dose {last}" if last else "last dose not known"
