"""Preparations: what is wrong with one, and how it measures a dose."""

import re
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from math import floor, gcd, lcm

from .quantities import NUMBER, UNITS, canonical, exact, mass, positive

LIQUID = ["concentration", "dilution", "bottle", "beyond_use_days"]
FORMS = {  # each form: the field that it must have, and those that it may have
    "capsules": ("strengths", []),
    "tablets": ("strengths", ["parts"]),
    "oral_solution": ("graduation", LIQUID),
    "drops": ("drops_per_mL", [*LIQUID, "mg_per_drop"]),
}


class Pieces:
    """Capsules, or tablets that may be broken into equal parts."""

    def __init__(self, form, strengths, parts):
        self.form, self.parts = form, parts
        self.strengths = sorted(strengths, reverse=True)
        below = lcm(*((s / parts).denominator for s in self.strengths))
        self.grid = Fraction(gcd(*(int(s / parts * below) for s in self.strengths)), below)
        self.sizes = [int(s / parts / self.grid) for s in self.strengths]
        self.best, self.measure = cache(self._best), cache(self._measure)

    def _measure(self, dose):
        """The count of each strength that makes the dose, or None."""
        whole_grids = (dose / self.grid).denominator == 1
        best = self.best(0, int(dose / self.grid)) if whole_grids else None
        return best and {
            s: Fraction(-n, self.parts) for s, n in zip(self.strengths, best[2], strict=True) if n
        }

    def _best(self, place, rest):
        """The least (pieces, strengths used, parts of each as negatives) that makes the rest."""
        if place == len(self.sizes):
            return None if rest else (0, 0, ())
        found = []
        for count in range(rest // self.sizes[place] + 1):
            after = self.best(place + 1, rest - count * self.sizes[place])
            if after:
                pieces = -(-count // self.parts)
                found.append((pieces + after[0], (count > 0) + after[1], (-count, *after[2])))
        return min(found, default=None)

    def nearest(self, dose):
        """The greatest dose below and the least above that can be made."""
        start = floor(dose / self.grid)
        made = [True]
        for total in range(1, start + min(self.sizes) + 2):
            made.append(any(size <= total and made[total - size] for size in self.sizes))
        below = next((n for n in range(start, 0, -1) if made[n]), None)
        return below and below * self.grid, made.index(True, start + 1) * self.grid

    def units(self, taken):
        """Counts as they are printed."""
        count = int if self.form == "capsules" else str
        return {self.form: {mass(s): count(n) for s, n in taken.items()}} if taken else {}


@dataclass(eq=False)
class Liquid:
    """A solution; its mark is the volume of a graduation, or of a drop."""

    form: str
    concentration: Fraction
    mark: Fraction
    bottle: Fraction | None
    beyond_use_days: int | None

    def measure(self, dose):
        """The volume that makes the dose, or None."""
        volume = dose / self.concentration
        return {"volume": volume} if (volume / self.mark).denominator == 1 else None

    def nearest(self, dose):
        """The greatest dose below and the least above that can be measured."""
        one = self.concentration * self.mark
        return floor(dose / one) * one or None, (floor(dose / one) + 1) * one

    def units(self, taken):
        """A volume as it is printed, and its drops."""
        if not taken:
            return {}
        drops = {"drops": int(taken["volume"] / self.mark)} if self.form == "drops" else {}
        return drops | {"volume": canonical(taken["volume"], "volume")}


class Fields:
    """An object from JSON: reads its fields, and names the path of each that is wrong."""

    def __init__(self, item, path, wrong, needed, known=()):
        if not isinstance(item, dict):
            wrong.add(path)
            item, needed = {}, []
        self.item, self.path, self.wrong = item, path, wrong
        keys = [key for key in item if key not in needed and key not in known]
        for key in keys + [key for key in needed if key not in item]:
            self.require(key, False)

    def require(self, key, fits):
        """Name a field as wrong where it does not fit; whether it fits."""
        if not fits:
            self.wrong.add(f"{self.path}.{key}".lstrip("."))
        return fits

    def quantity(self, key, kind):
        """A quantity above zero, or None."""
        value = positive(self.item.get(key), kind)
        self.require(key, value is not None or key not in self.item)
        return value

    def whole(self, key, most, default=None):
        """A whole number from 1 up, or what stands for an absent one."""
        value = self.item.get(key, default)
        fits = type(value) is int and 1 <= value <= most
        return value if self.require(key, fits or key not in self.item) else default


def read(item, path, wrong):
    """The preparation of an object from JSON; each wrong field's path goes into `wrong`."""
    form = item.get("form") if isinstance(item, dict) else None
    if not isinstance(form, str) or form not in FORMS:
        wrong.add(path)
        return None
    before, (needed, known) = len(wrong), FORMS[form]
    fields = Fields(item, path, wrong, ["form", needed], known)
    kind, values = (read_pieces if needed == "strengths" else read_liquid)(fields)
    return kind(form, *values) if len(wrong) == before else None


def read_pieces(fields):
    """Capsules or tablets: their class, and what it is made from."""
    texts, parts = fields.item.get("strengths"), fields.whole("parts", 8, 1)
    if not fields.require("strengths", isinstance(texts, list) and 1 <= len(texts) <= 10):
        return Pieces, ()
    values = [positive(text, "mass") for text in texts]
    for place, value in enumerate(values):
        fields.require(f"strengths[{place}]", value is not None)
    stated = [value for value in values if value]
    fields.require("strengths", len(set(stated)) == len(stated))
    return Pieces, (stated, parts)


def read_liquid(fields):
    """The same of an oral solution or drops."""
    item, wrong = fields.item, fields.wrong
    bottle, days = fields.quantity("bottle", "volume"), fields.whole("beyond_use_days", 3660)
    concentration = fields.quantity("concentration", "concentration")
    if ("concentration" in item) == ("dilution" in item):
        wrong.add(fields.path)
    if "dilution" in item:
        inner = Fields(item["dilution"], f"{fields.path}.dilution", wrong, ["drug", "final_volume"])
        drug, final = inner.quantity("drug", "mass"), inner.quantity("final_volume", "volume")
        concentration = drug / final if drug and final else None
        fields.require("bottle", not bottle or bottle == (final or bottle))
        bottle = final
    made_from = "dilution" if "dilution" in item else "concentration"
    fields.require(made_from, not concentration or concentration <= 100)
    if item["form"] == "oral_solution":
        mark = fields.quantity("graduation", "volume")
    else:
        mark = read_drop(fields, concentration)
    return Liquid, (concentration, mark, bottle, days)


def read_drop(fields, concentration):
    """The volume of a drop; what is stated as its mass must fit."""
    raw = fields.item.get("drops_per_mL")
    is_text = isinstance(raw, str) and "." in raw and re.fullmatch(NUMBER, raw)
    known = bool(is_text or type(raw) is int) and 5 <= Fraction(raw) <= 60
    fields.require("drops_per_mL", known)
    stated = fields.quantity("mg_per_drop", "mass")
    if stated and known and concentration:
        number, unit = fields.item["mg_per_drop"].split(" ")
        last_digit = Fraction(10) ** (UNITS[unit][1] - len(number.partition(".")[2]))
        room = 0 if "/" in number else last_digit / 2
        fields.require("mg_per_drop", abs(stated - concentration / Fraction(raw)) <= room)
    return 1 / Fraction(raw) if known else None


def answer(vector, file):
    """What must come of a vector of measures.json."""
    wrong, dose = set(), positive(vector["dose"], "dose")
    if dose is None:
        wrong.add("dose")
    preparation = read(vector["preparation"], "preparation", wrong)
    if wrong:
        return "refused", {"paths": sorted(wrong)}
    taken = preparation.measure(dose)
    if taken is None:
        nearest = [n and {"text": mass(n), "value": exact(n)} for n in preparation.nearest(dose)]
        return "not measurable", dict(zip(("below", "above"), nearest, strict=True))
    expected = {"units": preparation.units(taken), "dose": mass(dose), "value": exact(dose)}
    volume = {"volume": exact(taken["volume"])} if "volume" in taken else {}
    return "measurable", expected | volume
