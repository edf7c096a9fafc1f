"""Plans, with or without a diary: rows, totals, and what cannot be measured."""

from dataclasses import replace
from fractions import Fraction

from . import requests
from .dates import LAST, written
from .quantities import exact, mass
from .replay import Replay


def table(file):
    """The rows of a file's table of opioids by substance and release."""
    return {(row["substance"], row["release"]): row for row in file.get("opioids", [])}


def make(vector, file):
    """The replay of a request's plan, and the set of paths that are wrong."""
    request, wrong = requests.read(vector["request"])
    if wrong:
        return None, wrong
    replay = Replay(request, table(file))
    wrong = replay.play(request.diary)
    return replay, wrong or ({"start"} if replay.day - 1 > LAST else set())


def refused(wrong):
    """The answer where paths are wrong."""
    return "wrong", {"exit": 2, "paths": sorted(wrong)}


def total(laid):
    """The sum of all that is taken, by strength or as a volume."""
    taken = {}
    for stretch in laid:
        for _, dose in stretch.doses:
            for key, count in stretch.preparation.measure(dose).items():
                taken[key] = taken.get(key, 0) + count * stretch.days
    return taken


def unmeasurable(laid):
    """Each pair of step and dose that cannot be measured, in the order of the days."""
    found = {}
    for stretch in laid:
        measure = stretch.preparation.measure
        dose = next((dose for _, dose in stretch.doses if measure(dose) is None), None)
        if dose is not None and (stretch.step, dose) not in found:
            below, above = map(mass, stretch.preparation.nearest(dose))
            found[stretch.step, dose] = {
                "step": stretch.step + 1,
                "dose": mass(dose),
                "below": below,
                "above": above,
            }
    return list(found.values())


def content(stretch):
    """What a row says of one of its days."""
    if not stretch.doses:
        return {"dose": None, "units": {}}
    one_day = replace(stretch, days=1)
    units = stretch.preparation.units
    row = {"dose": mass(sum(dose for _, dose in stretch.doses)), "units": units(total([one_day]))}
    doses = [
        {"time_of_day": time, "dose": mass(dose), "units": units(stretch.preparation.measure(dose))}
        for time, dose in stretch.doses
    ]
    return row | ({"doses": doses} if len(doses) > 1 else {})


def rows(laid):
    """The days in runs as long as possible of days that are alike."""
    runs = []
    for stretch in laid:
        day, last = content(stretch), written(stretch.start + stretch.days - 1)
        if runs and runs[-1] == {"from": runs[-1]["from"], "to": runs[-1]["to"]} | day:
            runs[-1]["to"] = last
        else:
            runs.append({"from": written(stretch.start), "to": last} | day)
    return runs


def answer(vector, file):
    """What must come of a vector of plans.json or diaries.json."""
    replay, wrong = make(vector, file)
    if wrong:
        return refused(wrong)
    laid = replay.laid
    if missing := unmeasurable(laid):
        return "not measurable", {"exit": 4, "steps": missing}
    days = sum(stretch.days for stretch in laid)
    dose = sum((dose * s.days for s in laid for _, dose in s.doses), Fraction(0))
    totals = {"days": days, "dose": mass(dose), "value": exact(dose)}
    if all(event["event"] != "switched" for event in vector["request"].get("diary", [])):
        totals["units"] = replay.preparation.units(total(laid))
    expected = {"exit": 0, "days": days, "rows": rows(laid), "totals": totals}
    if file["area"] == "plans":  # cut: all but an open-ended step that was reached
        left = [s for s in replay.queue if not (s.open_ended and s.step == laid[-1].step)]
        expected["cut"] = bool(left)
    return "planned", expected
