"""The opioid-free interval: the verdict, and the first start date that it allows."""

from .dates import LAST, read_last_dose, read_moment, written
from .plans import table
from .replay import DEPOT_DAYS

VERDICTS = ["clear", "caution", "insufficient", "hold", "stop"]
UNKNOWN = {"windows": [], "settled": False}


class Exposure:
    """One exposure, with what is known about its substance."""

    def __init__(self, item, opioids):
        row = opioids.get((item["substance"], item.get("release", "unknown")), UNKNOWN)
        self.windows, self.settled = row["windows"], row["settled"]
        self.ongoing = item.get("ongoing", False)
        self.day, self.instant = read_last_dose(item["last_taken"])
        self.from_zero = bool(self.windows) and all(w.get("min") == 0 for w in self.windows)
        self.depot = self.settled and "depot" in self.windows[0]

    def findings(self, start, instant):
        """The verdict of each rule that applies."""
        if self.ongoing or (self.day is not None and self.day >= start):
            yield "caution" if self.from_zero else "stop"
        if not self.settled or (self.day is None and not (self.ongoing and self.from_zero)):
            yield "insufficient"
        if self.day is None:
            return
        free = start - self.day - 1
        if None not in (instant, self.instant):
            free = (instant - self.instant) // (24 * 60 * 60)
        if self.depot:
            if start - self.day <= DEPOT_DAYS:
                yield "hold"
        elif self.from_zero:
            if free < max(window["max"] for window in self.windows):
                yield "caution"
        elif self.windows and all(free < window.get("min", 0) for window in self.windows):
            yield "stop"
        elif self.settled and free < self.windows[0]["max"]:
            yield "hold"

    def first_start(self):
        """The day that this exposure allows; 0 where it does not count, None where none can be."""
        if self.settled and self.from_zero and (self.ongoing or self.day is not None):
            return 0
        if self.ongoing or not self.settled or self.day is None:
            return None
        day = 0 if self.depot else self.day + self.windows[0]["max"] + 1
        return day if day <= LAST else None


def not_before(exposures):
    """The first start date that all exposures allow, or None."""
    days = [exposure.first_start() for exposure in exposures]
    if None in days or not any(days):
        return None
    held = any(e.depot and max(days) - e.day <= DEPOT_DAYS for e in exposures)
    return None if held else written(max(days))


def answer(vector, file):
    """What must come of a vector of intervals.json."""
    start, opioids = read_moment(vector["start"]), table(file)
    exposures = [Exposure(item, opioids) for item in vector["exposures"]]
    found = [verdict for exposure in exposures for verdict in exposure.findings(*start)]
    tests = (vector["urine_opioid_screen"], vector["naloxone_challenge"])
    positive = any(test and test["result"] == "positive" for test in tests)
    if positive or "yes" in (vector["opioid_dependence"], vector["acute_withdrawal"]):
        found.append("stop")
    verdict = max(found, key=VERDICTS.index, default="clear")
    return verdict, {"verdict": verdict, "not_before": not_before(exposures)}
