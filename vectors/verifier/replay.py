"""The days of a plan: a regimen laid out from its start, with the events of a diary."""

from dataclasses import dataclass

from . import preparations
from .dates import read_date, read_last_dose
from .requests import OPEN_DAYS

ENDLESS, LONGEST_GAP, DEPOT_DAYS = 10**9, 14, 365


@dataclass
class Stretch:
    """Days in a row of one step (counted from 0; None: without a dose), to come or laid out."""

    step: int | None
    doses: list
    days: int
    open_ended: bool = False
    start: int | None = None
    preparation: object = None


class Replay:
    """Lays out the days up to an event, lets the event change what comes, and goes on."""

    def __init__(self, request, windows):
        self.steps, self.windows, self.preparation = request.steps, windows, request.preparation
        self.start = self.day = self.closed_until = request.start
        self.end = request.start + (request.length or ENDLESS)
        self.open_days = ENDLESS if request.length else OPEN_DAYS
        self.without, self.laid, self.queue = 0, [], self.regimen(0)

    def regimen(self, first):
        """What is to come from a step on, each step with its own full days."""
        return [
            Stretch(n, step.doses, step.days or self.open_days, step.days is None)
            for n, step in enumerate(self.steps)
            if n >= first
        ]

    def lay_out(self, until):
        """Lay out the days before `until`, or up to the end of the plan."""
        until = min(until, self.end)
        while self.day < until and (self.queue or self.day < self.closed_until):
            if self.day < self.closed_until:
                days = min(self.closed_until, until) - self.day
                self.append(None, [], days)
                self.without += days
                continue
            self.begin_again()
            head, self.without = self.queue[0], 0
            days = min(head.days, until - self.day)
            self.append(head.step, head.doses, days)
            head.days -= days
            self.queue = self.queue[0 if head.days else 1 :]

    def append(self, step, doses, days):
        """Put days behind those that are laid out."""
        self.laid.append(Stretch(step, doses, days, False, self.day, self.preparation))
        self.day += days

    def begin_again(self):
        """After too long without a dose, go back to the first step."""
        if self.without > LONGEST_GAP:
            self.queue, self.without = self.regimen(0), 0

    def play(self, diary):
        """Replay the diary; the paths of what is refused."""
        refused, days = set(), set()
        for place, event in sorted(enumerate(diary), key=lambda pair: pair[1]["on"]):
            day = read_date(event["on"])
            if day in days or not self.is_change(event, day):
                refused.add(f"diary[{place}].on")
            days.add(day)
        self.lay_out(self.end)
        return refused

    def is_change(self, event, day):
        """Let an event change what comes; False where it is refused."""
        self.lay_out(day)
        in_gap = self.start <= day < self.closed_until
        if self.day != day or day >= self.end or not (self.queue or in_gap):
            return False
        if in_gap and event["event"] != "opioid":
            return False
        if not in_gap:
            self.begin_again()
        return self.change(event, day, self.queue[0])

    def change(self, event, day, head):
        """What an event does; `head` is what would come from its day on."""
        last = len(self.steps) - 1
        match event["event"]:
            case "held":
                head.days += event["days"]
            case "stepped_back" if head.step > 0:
                self.queue = self.regimen(head.step - 1)
            case "halved":
                before = self.steps[head.step - 1].days if head.step else 7
                own_days = self.steps[head.step].days or before
                half = Stretch(head.step, [(time, dose / 2) for time, dose in head.doses], own_days)
                self.queue = [half, *self.regimen(head.step)]
            case "missed":
                self.closed_until = day + 1
            case "advanced" if head.step < last:
                self.queue = self.regimen(head.step + 1)
            case "stayed":
                if not head.open_ended:
                    self.queue = [Stretch(head.step, head.doses, self.open_days, True)]
            case "stopped" if day > self.start:
                self.end = day
            case "paused":
                self.closed_until = read_date(event["until"])
            case "switched":
                self.preparation = preparations.read(event["preparation"], "", set())
            case "opioid":
                self.closed_until = max(self.closed_until, self.first_free(event["exposure"], day))
            case _:
                return False
        return True

    def first_free(self, exposure, day):
        """The first day with a dose after an opioid; `day` or earlier where none is closed."""
        last = read_last_dose(exposure.get("last_taken", "unknown"))[0]
        row = self.windows[exposure["substance"], exposure.get("release", "unknown")]
        longest = max(window.get("max", DEPOT_DAYS) for window in row["windows"])
        return (day if last is None else last) + longest + 1
