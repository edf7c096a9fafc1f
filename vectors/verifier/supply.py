"""What a plan needs: bottles, or capsules and tablets."""

from math import ceil

from .dates import written
from .plans import make, refused, total
from .preparations import Liquid
from .quantities import canonical, mass


def volumes(laid):
    """Each dose in order: its day and its volume."""
    for stretch in laid:
        of_day = [stretch.preparation.measure(dose)["volume"] for _, dose in stretch.doses]
        for day in range(stretch.start, stretch.start + stretch.days):
            yield from ((day, volume) for volume in of_day)


def fill(laid, size, days):
    """The bottles that the doses are drawn from, one after the other."""
    bottles = []
    for day, volume in volumes(laid):
        last = bottles[-1] if bottles else {"left": 0, "made_on": 0}
        if last["left"] < volume or day >= last["made_on"] + days:
            if last["left"]:
                too_old = day >= last["made_on"] + days
                ended = "beyond-use date" if too_old else "too little left"
                last |= {"ended_by": ended, "wasted": last["left"], "left": 0}
            last = {"made_on": day, "first_dose": day, "drawn": 0, "wasted": 0, "left": size}
            bottles.append(last)
        last |= {"last_dose": day, "drawn": last["drawn"] + volume, "left": last["left"] - volume}
        last["ended_by"] = "end of plan" if last["left"] else "empty"
    return bottles


def show(name, value):
    """A field of a bottle or of the totals as it is expected."""
    if name in ("made_on", "first_dose", "last_dose"):
        return written(value)
    return value if name == "ended_by" else canonical(value, "volume")


def answer(vector, file):
    """What must come of a vector of supply.json."""
    replay, wrong = make(vector, file)
    if wrong:
        return refused(wrong)
    laid, preparation = replay.laid, replay.preparation
    if not isinstance(preparation, Liquid):
        taken = {mass(strength): count for strength, count in total(laid).items()}
        return "supplied", {
            "dispensed": {name: str(ceil(n)) for name, n in taken.items()},
            "taken": {name: str(n) for name, n in taken.items()},
        }
    size, days = preparation.bottle, preparation.beyond_use_days
    if days is None:
        return refused({"preparation.beyond_use_days"})
    if size is None or any(volume > size for _, volume in volumes(laid)):
        return refused({"preparation.bottle"})
    bottles = fill(laid, size, days)
    sums = {"dispensed": size * len(bottles)} | {
        name: sum(bottle[field] for bottle in bottles)
        for name, field in (("taken", "drawn"), ("wasted", "wasted"), ("left", "left"))
    }
    shown = [{name: show(name, value) for name, value in each.items()} for each in [*bottles, sums]]
    return "supplied", {"bottles": shown[:-1], "totals": shown[-1]}
