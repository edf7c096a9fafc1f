"""Generated people: for the scalar engine as it reads a patient, and as rows of tables.

A tenth of them has missing, vague or contradictory data. The two sides are written
separately: what is a fact here is a cell there.
"""

from __future__ import annotations

import random
from datetime import date, timedelta
from typing import Any, NamedTuple

OPIOIDS = (
    "oxycodone", "OxyContin", "Vicodin", "tramadol", "methadone", "codeine", "fentanyl",
    "Sublocade", "buprenorphine", "loperamide", "Percocet", "tapentadol", "butorphanol",
    "eluxadoline", "kratom", "heroin", "morphine", "MS Contin", "hydromorphone", "Brixadi",
)  # fmt: skip
RXCUIS = ("7804", "6813", "1049221", "857005", "10689", "99999999")
OTHERS = ("naloxone", "Vivitrol", "naltrexone", "a blue pill")
RELEASES = ("immediate", "extended", "transdermal", "depot", "unknown", None)
MEDICATIONS = ("ibuprofen", "levothyroxine", "metformin", "oxycodone 5 mg", "zzz", "lofexidine")
CONDITIONS = ("asthma", "depression", "hypothyroidism", "something else", "diabetes")
YES_NO = ("no",) * 30 + ("yes", "unknown")


class Person(NamedTuple):
    """A person: facts and exposures as a request holds them, and the start."""

    facts: dict[str, Any]
    exposures: list[dict[str, Any]]
    start: date


def person(dice: random.Random) -> Person:
    """A generated person; one in ten with data that is missing, vague or contradictory."""
    start = date(2026, 6, 1) + timedelta(dice.randrange(300))
    odd = dice.random() < 0.1
    facts: dict[str, Any] = {
        name: dice.choice(YES_NO)
        for name in (
            "opioid_dependence", "acute_withdrawal", "naltrexone_hypersensitivity",
            "other_naltrexone", "pregnant", "breastfeeding", "liver_disease",
            "kidney_impairment", "suicidal_ideation",
        )
    }  # fmt: skip
    facts |= {
        "assessed_on": str(start - timedelta(dice.choice((0, 1, 5, 40, 200)))),
        "assessed_by": "Dr A. Example",
        "age_years": dice.choice((12, 17, 18, 30, 44, 80)),
        "medications": _some(dice, MEDICATIONS),
        "conditions": _some(dice, CONDITIONS),
    }
    if odd:
        for name in dice.sample(sorted(facts), dice.randrange(1, 6)):
            del facts[name]
        facts |= dice.choice(
            (
                {},
                {"opioid_in_use": "yes"},
                {"opioid_in_use": "no"},
                {"alcohol": "yes"},
                {"liver_enzymes": "3.5"},
                {"lactose_intolerance": "yes"},
                {"assessed_on": str(start + timedelta(3))},
            )
        )
    count = dice.choice((0, 0, 0, 1, 1, 2) if not odd else (0, 1, 2, 3, 5))
    exposures = [_exposure(dice, start, odd) for _ in range(count)]
    if not exposures and dice.random() < 0.9:
        facts["opioids"] = {"status": "none"}
    return Person(facts, exposures, start)


def _some(dice: random.Random, names: tuple[str, ...]) -> list[str]:
    return dice.sample(names, dice.choice((0, 0, 0, 1, 2)))


def _exposure(dice: random.Random, start: date, odd: bool) -> dict[str, Any]:
    told: dict[str, Any] = {}
    kind = dice.random()
    if kind < 0.8:
        told["substance"] = dice.choice(OPIOIDS)
    elif kind < 0.9:
        told["rxcui"] = dice.choice(RXCUIS)
    else:
        told["substance"] = dice.choice(OTHERS)
    release = dice.choice(RELEASES)
    if release is not None:
        told["release"] = release
    days = dice.choice((dice.randrange(0, 20), dice.randrange(0, 60), dice.randrange(0, 500)))
    last = start - timedelta(days)
    told["last_taken"] = str(last)
    if odd:
        told["last_taken"] = dice.choice((str(last), f"{last:%Y-%m}", "unknown", "1950-01-01"))
        told["ongoing"] = dice.random() < 0.2
        if dice.random() < 0.1:
            told["last_taken"] = str(start + timedelta(dice.randrange(9)))
        if told.get("substance") == "loperamide" and dice.random() < 0.5:
            told["daily_dose"] = dice.choice(("8 mg", "16 mg", "64 mg"))
    return told


def rows(people: list[Person], first: int = 0) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The same people as rows of two tables, numbered from ``first``."""
    patients, exposures = [], []
    for number, each in enumerate(people, first):
        facts = dict(each.facts)
        opioids = facts.pop("opioids", None)
        status = opioids["status"] if opioids else None
        patients.append({"patient": number, "start": each.start, "opioids": status, **facts})
        exposures += [{"patient": number, **told} for told in each.exposures]
    return patients, exposures
