"""Requests: what is wrong with one, and the regimen in it."""

from dataclasses import dataclass

from . import preparations
from .dates import LAST, read_date, read_moment
from .preparations import Fields

TIMES = ["morning", "noon", "afternoon", "evening", "bedtime"]
NEEDED = ["schema", "start", "regimen", "preparation"]
EVENTS = {
    "held": "days",
    "paused": "until",
    "switched": "preparation",
    "opioid": "exposure",
    "stepped_back": None,
    "halved": None,
    "missed": None,
    "advanced": None,
    "stayed": None,
    "stopped": None,
}
MOST_STEPS, MOST_DAYS, OPEN_DAYS = 200, 3660, 28


@dataclass
class Step:
    """The doses of a day, each with its time, and the days of a step (None: open-ended)."""

    doses: list
    days: int | None


@dataclass
class Request:
    """A request that has no fault in itself."""

    start: int
    length: int | None
    steps: list
    preparation: object
    diary: list


def read(item):
    """The request of an object from JSON, and the set of paths that are wrong in it."""
    wrong, diary = set(), item.get("diary", [])
    fields = Fields(item, "", wrong, NEEDED, ["length_days", "time_of_day", "patient", "diary"])
    start = read_moment(item.get("start"))[0]
    fields.require("start", start is not None)
    fields.require("schema", item.get("schema") == "ldn-titration/request/1")
    length = fields.whole("length_days", MOST_DAYS)
    steps = read_regimen(item["regimen"], wrong) if "regimen" in item else []
    preparation = None
    if "preparation" in item:
        preparation = preparations.read(item["preparation"], "preparation", wrong)
    for place, event in enumerate(diary):
        read_event(event, f"diary[{place}]", wrong)
    if not wrong:
        closed = sum(step.days or 0 for step in steps)
        is_open = steps[-1].days is None
        days = length or closed + OPEN_DAYS if is_open else min(closed, length or closed)
        fields.require("start", start + days - 1 <= LAST)
    return Request(start, length, steps, preparation, diary), wrong


def read_regimen(item, wrong):
    """The steps of a regimen."""
    fields = Fields(item, "regimen", wrong, [], ["steps", "ramp", "protocol", "band"])
    item = fields.item
    if sum(key in item for key in ("steps", "ramp", "protocol")) != 1:
        wrong.add("regimen")
        return []
    if "ramp" in item:
        return read_ramp(item["ramp"], wrong)
    steps = item.get("steps")
    if not fields.require("steps", isinstance(steps, list) and 1 <= len(steps) <= MOST_STEPS):
        return []
    return [
        read_step(s, f"regimen.steps[{n}]", n + 1 == len(steps), wrong) for n, s in enumerate(steps)
    ]


def read_ramp(item, wrong):
    """The steps of a ramp: from, from + by, ..., to."""
    fields = Fields(item, "regimen.ramp", wrong, ["from", "by", "every_days", "to"])
    first, by, last = (fields.quantity(name, "dose") for name in ("from", "by", "to"))
    days = fields.whole("every_days", MOST_DAYS)
    if not (first and by and last):
        return []
    closed = -(-abs(last - first) // by)
    if not fields.require("by", closed < MOST_STEPS):
        return []
    doses = [first + n * (by if last > first else -by) for n in range(closed)]
    return [Step([(None, dose)], days) for dose in doses] + [Step([(None, last)], None)]


def read_step(item, path, is_last, wrong):
    """One step."""
    fields = Fields(item, path, wrong, [], ["dose", "doses", "days", "doses_per_day"])
    days = fields.whole("days", MOST_DAYS)
    fields.require("days", is_last or "days" in fields.item)
    times = fields.whole("doses_per_day", 12, 1)
    if ("dose" in fields.item) == ("doses" in fields.item):
        wrong.add(path)
    if "dose" in fields.item:
        return Step([(None, fields.quantity("dose", "dose"))] * times, days)
    doses = Fields(fields.item.get("doses", {}), f"{path}.doses", wrong, [], TIMES)
    named = [(time, doses.quantity(time, "dose")) for time in TIMES if time in doses.item]
    return Step(named, days)


def read_event(item, path, wrong):
    """Name what is wrong with an event in itself."""
    name = item.get("event", "missed") if isinstance(item, dict) else None
    if name not in EVENTS:
        wrong.add(path)
        return
    also = EVENTS[name]
    needed = ["event", "on", also] if also else ["event", "on"]
    fields = Fields(item, path, wrong, needed, ["reason"])
    on = read_date(item.get("on"))
    fields.require("on", on is not None)
    if also == "days":
        fields.whole("days", MOST_DAYS)
    elif also == "until":
        until = read_date(item.get("until"))
        fields.require("until", until is not None and until > (on or 0))
    elif also == "preparation" and also in item:
        preparations.read(item["preparation"], f"{path}.preparation", wrong)
