"""A slow reference of the diary, contract section 6, against which property tests compare.

It shares no code with the library. A plan is walked one day at a time: on each day the walk first
sees whether the regimen begins again or a step is over, then hears the day's event, then takes the
dose or does not. Nothing is known of runs of days, and nothing is ever laid out ahead.

Masses are fractions of a milligram. Steps are numbered from 0 here and from 1 in the rows.
"""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import oracle

DAY = timedelta(days=1)
OPEN_DAYS = 28
"""Days of its own that an open-ended step has where no length is asked for."""
ENDLESS_DAYS = 28
"""Days laid out after an opioid of which nobody knows the end, where no length is asked for."""
LONGEST_GAP = 14
"""Days without a dose after which the same step still goes on."""
NO_STEP_BEFORE = 7
DEPOT_LOOK_BACK = 365
FAR = date.max

WINDOWS: dict[tuple[str, str], int] = {
    ("oxycodone", "immediate"): 10,
    ("oxycodone", "extended"): 14,
    ("oxycodone", "unknown"): 14,
    ("tramadol", "immediate"): 10,
    ("methadone", "immediate"): 14,
    ("methadone", "extended"): 14,
    ("methadone", "unknown"): 14,
    ("fentanyl", "immediate"): 10,
    ("fentanyl", "transdermal"): 14,
    ("fentanyl", "unknown"): 14,
    ("buprenorphine", "immediate"): 14,
    ("buprenorphine", "depot"): DEPOT_LOOK_BACK,
    ("buprenorphine", "unknown"): DEPOT_LOOK_BACK,
    ("loperamide", "immediate"): 10,
    ("loperamide", "unknown"): 10,
    ("difelikefalin", "unknown"): 0,
}
"""The longest opioid-free interval, in days, by substance and release; written by hand."""
RXCUIS = {"7804": "oxycodone"}
NO_AGONISTS = ("naloxone", "naltrexone", "dextromethorphan")

EVENT_KEYS = {
    "held": {"days"},
    "stepped_back": set(),
    "halved": set(),
    "missed": set(),
    "advanced": set(),
    "stayed": set(),
    "switched": {"preparation"},
    "paused": {"until"},
    "opioid": {"exposure"},
    "stopped": set(),
}


@dataclass(frozen=True)
class Row:
    """One day: the step's number from 1, the day's dose or None, and which preparation."""

    on: date
    step: int
    dose: Fraction | None
    each: tuple[Fraction, ...]
    preparation: int


@dataclass(frozen=True)
class Refusal:
    """An event that does not fit: its place in the list given, why, and the one it meets."""

    index: int
    kind: str
    meets: int | None = None


@dataclass
class Replay:
    """What the walk found."""

    rows: list[Row] = field(default_factory=list)
    restarts: list[date] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    preparations: list[dict[str, Any]] = field(default_factory=list)
    cut_off: bool = False
    """Whether steps, days of a closed step or of a pause lie beyond the length asked for."""
    gap_beyond: bool = False
    """Whether a gap that is too long ends only beyond the length."""

    @property
    def refused(self) -> list[int]:
        """The places of the refused events, sorted."""
        return sorted(refusal.index for refusal in self.refusals)


# --- The regimen --------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Step:
    """The doses of one day in mg, the days or None where it is open, and days on and off."""

    each: tuple[Fraction, ...]
    days: int | None
    on: int
    off: int

    def is_off(self, place: int) -> bool:
        """Whether the day at this place of the step, from 0, is a day off."""
        return self.off > 0 and place % (self.on + self.off) >= self.on


def _steps(regimen: dict[str, Any]) -> list[_Step]:
    found = []
    for stated in regimen["steps"]:
        cycle = stated.get("cycle", {"days_on": 1, "days_off": 0})
        read_one = oracle._listed_step(stated)
        each = tuple(mg for _, mg in read_one.doses)
        found.append(_Step(each, read_one.days, cycle["days_on"], cycle["days_off"]))
    return found


# --- Reading events -----------------------------------------------------------------------------


def _date(value: object) -> date | None:
    """A date as the contract writes it, YYYY-MM-DD, or None."""
    if not isinstance(value, str) or len(value) != 10:
        return None
    if [at for at, letter in enumerate(value) if letter not in oracle.DIGITS] != [4, 7]:
        return None
    try:
        return date(int(value[:4]), int(value[5:7]), int(value[8:]))
    except ValueError:
        return None


def _first_day(exposure: dict[str, Any], on: date) -> date:
    """The first day on which a dose may be taken again; FAR where nobody can know."""
    last = exposure.get("last_taken", on.isoformat())
    if exposure.get("ongoing", False) or last == "unknown":
        return FAR
    if len(last) == 7:
        year, month = int(last[:4]), int(last[5:])
        last_day = date(year, month, monthrange(year, month)[1])
    else:
        last_day = date.fromisoformat(last[:10])
    substance = RXCUIS[exposure["rxcui"]] if "rxcui" in exposure else exposure["substance"].lower()
    window = WINDOWS.get((substance, exposure.get("release", "unknown")))
    if substance == "loperamide" and oracle._mass(exposure.get("daily_dose", "2 mg")) > 16:
        window = 14
    if window is None:
        return FAR
    return last_day + timedelta(days=window + 1)


def _fault(event: dict[str, Any]) -> str | None:
    """What is wrong with an event taken by itself, or None."""
    kind = event.get("event")
    if not isinstance(kind, str) or kind not in EVENT_KEYS:
        return "no such event"
    if set(event) - {"event", "on", "reason"} != EVENT_KEYS[kind]:
        return "its keys"
    on = _date(event.get("on"))
    if on is None:
        return "its date"
    if kind == "held" and not (type(event["days"]) is int and event["days"] >= 1):
        return "its days"
    if kind == "paused":
        until = _date(event["until"])
        if until is None or until <= on:
            return "its end"
    return None


# --- The walk -----------------------------------------------------------------------------------


class _Walk:
    """Where the plan is on one day."""

    def __init__(self, request: dict[str, Any]) -> None:
        self.steps = _steps(request["regimen"])
        self.length: int | None = request.get("length_days")
        self.start = date.fromisoformat(request["start"][:10])
        self.events: list[dict[str, Any]] = request.get("diary", [])
        self.found = Replay(preparations=[request["preparation"]])
        self.today = self.start
        self.gap = 0  # days without a dose up to yesterday
        self.broken = False  # whether an event had a part in them
        self.back_on: date | None = None  # the first day after a pause or an opioid's interval
        self.endless: set[str] = set()  # the opioids whose interval nobody knows
        self.until = self.start  # the last end that is known, of a pause or of an interval
        self.laid_out_to: date | None = None  # the last day shown of an interval without end
        self.pauses: list[tuple[date, date, int]] = []  # first day, first day back, place of event
        self._begin(0)

    # Where in the regimen

    def _begin(self, step: int) -> None:
        """The full dose of a step, for its own full days, or open where it is."""
        self.step, self.share, self.place = step, Fraction(1), 0
        self.left = self.steps[step].days
        self.open = self.left is None
        if self.open and self.length is None:
            self.left = OPEN_DAYS
        self._share_out()

    def _share_out(self) -> None:
        """The doses of a day as they now are."""
        self.each = tuple(mg * self.share for mg in self.steps[self.step].each)
        self.dose = sum(self.each, Fraction(0))

    def _own_days(self) -> int:
        days = self.steps[self.step].days
        if days is not None:
            return days
        before = self.steps[self.step - 1].days if self.step > 0 else None
        return NO_STEP_BEFORE if before is None else before

    def _climb(self) -> bool:
        """Go on where the days of what is taken are over; False where nothing follows."""
        if self.left != 0:
            return True
        if self.open:
            return False
        if self.share != 1:
            self._begin(self.step)
            return True
        if self.step + 1 == len(self.steps):
            return False
        self._begin(self.step + 1)
        return True

    def _days_off_ahead(self) -> int:
        """Days off from today until the dose would be taken again."""
        ahead = 0
        while self.steps[self.step].is_off(self.place + ahead) and ahead != self.left:
            ahead += 1
        return ahead

    def _pausing(self) -> bool:
        return self.back_on is not None and self.today < self.back_on

    # One event

    def _hear(self, index: int) -> bool:
        """The event of today, if it fits; True where the plan ended yesterday because of it."""
        event = self.events[index]
        kind = event["event"]
        if self._pausing() and kind != "opioid":
            within = [at for first, back, at in self.pauses if first <= self.today < back]
            self.found.refusals.append(Refusal(index, "inside a pause", within[-1]))
            return False
        if kind == "stopped" and self.today > self.start:
            return True
        refused = self._unfit(event)
        if refused is not None:
            self.found.refusals.append(Refusal(index, refused))
        elif kind in ("stepped_back", "advanced"):
            self._begin(self.step - 1 if kind == "stepped_back" else self.step + 1)
        elif kind == "switched":
            self.found.preparations.append(event["preparation"])
        elif kind in ("held", "halved", "stayed"):
            self._change_what_is_left(event)
        else:
            self._break(index, event)
            if not self._pausing():
                self._resume()
        return False

    def _unfit(self, event: dict[str, Any]) -> str | None:
        kind = event["event"]
        if kind == "stepped_back" and self.step == 0:
            return "on the first step"
        if kind == "advanced" and self.step + 1 == len(self.steps):
            return "on the last step"
        if kind == "stopped":
            return "no day left"
        if kind == "opioid" and event["exposure"].get("substance", "").lower() in NO_AGONISTS:
            return "no agonist"
        return None

    def _change_what_is_left(self, event: dict[str, Any]) -> None:
        if event["event"] == "held":
            self.left = None if self.left is None else self.left + event["days"]
        elif event["event"] == "halved":
            share, days = self.share / 2, self._own_days()
            self._begin(self.step)
            self.share, self.left, self.open = share, days, False
            self._share_out()
        elif not self.open:  # stayed
            self.open, self.left = True, OPEN_DAYS if self.length is None else None

    def _break(self, index: int, event: dict[str, Any]) -> None:
        if event["event"] == "missed":
            back_on = self.today + DAY
        elif event["event"] == "paused":
            back_on = date.fromisoformat(event["until"])
        else:
            back_on = _first_day(event["exposure"], self.today)
        if event["event"] == "opioid":
            told = event["exposure"]
            name = str(told.get("substance", told.get("rxcui"))).lower()
            self.endless.discard(name)
            if back_on == FAR:
                self.endless.add(name)
        if back_on != FAR:
            self.until = max(back_on, self.until)
        self.laid_out_to = self.today + (ENDLESS_DAYS - 1) * DAY if self.endless else None
        back_on = FAR if self.endless else self.until
        if back_on > self.today:
            self.pauses.append((self.today, back_on, index))
        if back_on > self.today or self._pausing():
            self.back_on = max(back_on, self.today)

    # The days

    def _refuse_what_meets_no_day(self) -> dict[date, int]:
        """The events that are good by themselves, by date."""
        read = []
        for index, event in enumerate(self.events):
            fault = _fault(event)
            if fault is None:
                read.append((date.fromisoformat(event["on"]), index))
            else:
                self.found.refusals.append(Refusal(index, fault))
        by_date: dict[date, int] = {}
        for on, index in sorted(read):
            if on in by_date:
                self.found.refusals.append(Refusal(index, "on the same day", by_date[on]))
            elif on < self.start:
                self.found.refusals.append(Refusal(index, "before the start"))
            else:
                by_date[on] = index
        return by_date

    def _take(self) -> Row:
        """Today's row; the state moves on to the next morning."""
        step = self.steps[self.step]
        preparation = len(self.found.preparations) - 1
        nothing = Row(self.today, self.step + 1, None, (), preparation)
        if self._pausing():
            self.gap += 1
            self.broken = True
            return nothing
        off = step.is_off(self.place)
        self.place += 1
        self.left = None if self.left is None else self.left - 1
        if off:
            self.gap += 1
            return nothing
        self.gap, self.broken = 0, False
        return Row(self.today, self.step + 1, self.dose, self.each, preparation)

    def _look_beyond_the_end(self) -> None:
        """What the length leaves out: days that have been laid out, and a gap that is too long."""
        if self.back_on == FAR:
            return  # nothing follows that could be cut off
        if self._pausing() and self.back_on is not None:
            self.found.cut_off = True
            without = self.gap + (self.back_on - self.today).days + self._days_off_ahead()
            self.found.gap_beyond = without > LONGEST_GAP
            return
        due = self.today == self.back_on or self._days_off_ahead() == 0
        if self.broken and self.gap > LONGEST_GAP and due and (self.open or self._climb()):
            self.found.cut_off = self.found.gap_beyond = True
            return
        not_begun = self.open and self.place == 0
        self.found.cut_off = not_begun or (not self.open and self._climb())

    def _goes_on(self) -> bool:
        """See in the morning where the regimen is; False where the plan ended yesterday."""
        if self.length is not None and len(self.found.rows) == self.length:
            self._look_beyond_the_end()
            return False
        if self._pausing():
            endless = self.length is None and self.laid_out_to is not None
            return not endless or self.today <= (self.laid_out_to or FAR)
        return self._resume()

    def _resume(self) -> bool:
        """Climb where a step is over, and begin again after too long a gap; False at the end."""
        if not self._climb():
            return False
        off = self.steps[self.step].is_off(self.place)
        if self.broken and self.gap > LONGEST_GAP and (self.today == self.back_on or not off):
            self.found.restarts.append(self.today)
            self._begin(0)
            self.broken = False
        return True

    def days(self) -> Replay:
        """Walk until the plan ends."""
        waiting = self._refuse_what_meets_no_day()
        while self._goes_on():
            if self.today in waiting and self._hear(waiting.pop(self.today)):
                break
            self.found.rows.append(self._take())
            if self.today == FAR:
                break
            self.today += DAY
        for index in waiting.values():
            self.found.refusals.append(Refusal(index, "after the end"))
        return self.found


def replay(request: dict[str, Any]) -> Replay:
    """The rows of a request, and what was refused; a refused event has no effect."""
    return _Walk(request).days()


Measured = dict[tuple[Fraction, int], "oracle.Unmeasurable | str"]


def take(row: Row, found: Replay, known: Measured) -> oracle.Unmeasurable | str:
    """How the day's one dose is told, or why it cannot be measured; `known` is remembered."""
    texts = []
    for mg in row.each:
        key = (mg, row.preparation)
        if key not in known:
            preparation = found.preparations[row.preparation]
            try:
                units = oracle._measure(row.step, mg, preparation)
                known[key] = oracle._take_text(preparation["form"], units, mg)
            except oracle.Unmeasurable as error:
                known[key] = error
        told = known[key]
        if isinstance(told, oracle.Unmeasurable):
            return told
        texts.append(told)
    return texts[0] if len(texts) == 1 else ""


def first_unmeasurable(found: Replay, known: Measured) -> Row | None:
    """The first day in the plan whose dose its preparation cannot measure."""
    last = None
    for row in found.rows:
        like_last = last and (row.each is last.each and row.preparation == last.preparation)
        if row.each and not like_last and not isinstance(take(row, found, known), str):
            return row
        last = row
    return None
