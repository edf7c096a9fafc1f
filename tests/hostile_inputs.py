"""Inputs of up to 1 MiB that are made to keep each door busy, and what goes through it.

A door is a function of what a stranger may hand in. What comes of it is a value or an error
of ours; how long it took is for the reader of this module to measure.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from itertools import cycle, islice
from typing import Any, NamedTuple

from ldn_titration import Mass, Plan, supply
from ldn_titration.export.document import plan_json
from ldn_titration.export.fhir import plan_fhir
from ldn_titration.export.ics import CalendarFile, plan_ics
from ldn_titration.export.supply import supply_json
from ldn_titration.export.tabular import plan_csv
from ldn_titration.intake.bundle import read_patient
from ldn_titration.intake.medicines import read_medicines
from ldn_titration.intake.orders import read_orders
from ldn_titration.intake.plan import read_plan
from ldn_titration.knowledge import knowledge
from ldn_titration.knowledge.overlay import overlaid
from ldn_titration.lint import lint_order
from ldn_titration.lint.page import lint_json, lint_text
from ldn_titration.patient import PatientFacts
from ldn_titration.render.html import plan_html
from ldn_titration.render.intake import bundle_text, medicines_text
from ldn_titration.render.pdf import plan_pdf
from ldn_titration.render.text import plan_text, screening_text, supply_text
from ldn_titration.request import read_request

__all__ = ["DOORS", "FULL", "Hostile", "inputs", "requests"]

FULL = 1 << 20

Door = Callable[[Any], object]


class Hostile(NamedTuple):
    """One input: its name, the door it comes to, and itself."""

    name: str
    door: str
    data: Any


# --- doors ----------------------------------------------------------------------------


def _planned(face: Callable[[Plan], object]) -> Door:
    return lambda data: face(read_request(data).plan())


def _supplied(data: bytes) -> object:
    request = read_request(data)
    request.require_beyond_use()
    plan = request.plan()
    needed = supply(plan)
    return supply_json(plan, needed), supply_text(plan, needed)


def _linted(data: bytes) -> object:
    orders = read_orders(data)
    found = [lint_order(order) for order in orders]
    return lint_json([each for some in found for each in some]), lint_text(orders, found)


def _listed(data: bytes | str) -> object:
    found = read_medicines(data, knowledge())
    facts = found.facts(PatientFacts())
    return medicines_text(found, facts)


def _opioid(name: str) -> object:
    return knowledge().named(name) or knowledge().coded(name)


def _screened(data: bytes) -> object:
    screening = read_request(data).screening()
    return screening.model_dump_json(), screening_text(screening)


FACES: dict[str, Callable[[Plan], object]] = {
    "json": plan_json,
    "csv": plan_csv,
    "text": plan_text,
    "html": plan_html,
    "ics": plan_ics,
    "ics by step": lambda plan: plan_ics(plan, CalendarFile(each="step")),
    "fhir": plan_fhir,
    "pdf": plan_pdf,
}

DOORS: dict[str, Door] = {
    **{f"plan {name}": _planned(face) for name, face in FACES.items()},
    "screen": _screened,
    "supply": _supplied,
    "bundle": lambda data: bundle_text(read_patient(data)),
    "medicines": _listed,
    "lint": _linted,
    "read_plan": read_plan,
    "overlay": lambda data: overlaid(data, "site.toml"),
    "opioid": _opioid,
    "mass": Mass,
}

# --- texts and trees ------------------------------------------------------------------


def _filled(head: str, unit: str, tail: str, most: int = FULL) -> bytes:
    """As many of a unit, parted by commas, as there is room for."""
    room = most - len(head.encode()) - len(tail.encode())
    count = max(1, room // (len(unit.encode()) + 1))
    return f"{head}{','.join([unit] * count)}{tail}".encode()


def _numbered(head: str, unit: str, tail: str, most: int = FULL) -> bytes:
    """The same with a number in each unit, so that no two are alike."""
    count = max(1, (most - len(head) - len(tail)) // (len(unit.encode()) + 7))
    return f"{head}{','.join(unit.replace('#', str(n)) for n in range(count))}{tail}".encode()


GOOD: dict[str, Any] = {
    "schema": "ldn-titration/request/1",
    "start": "2027-01-04",
    "length_days": 126,
    "regimen": {"ramp": {"from": "0.25 mg", "by": "0.25 mg", "every_days": 7, "to": "4.5 mg"}},
    "preparation": {
        "form": "drops",
        "concentration": "5 mg/mL",
        "drops_per_mL": 20,
        "bottle": "10 mL",
        "beyond_use_days": 14,
    },
    "patient": {
        "assessed_on": "2027-01-02",
        "assessed_by": "Dr A. Example",
        "opioids": {"status": "none"},
        **dict.fromkeys(
            (
                *("opioid_dependence", "acute_withdrawal", "naltrexone_hypersensitivity"),
                *("other_naltrexone", "pregnant", "breastfeeding", "liver_disease"),
                *("kidney_impairment", "suicidal_ideation"),
            ),
            "no",
        ),
        "age_years": 44,
        "medications": [],
        "conditions": [],
    },
}
"""A request of which everything is known, so that no rule is passed over."""


def _request(**changes: Any) -> bytes:
    return json.dumps({**GOOD, **changes}, ensure_ascii=False).encode()


def _patient(**facts: Any) -> bytes:
    return _request(patient={**GOOD["patient"], **facts})


def _days(count: int, apart: int = 1) -> list[str]:
    first = date(2027, 1, 4)
    return [str(first + timedelta(n * apart)) for n in range(count)]


EXPOSURES = [
    {"substance": name, "release": release, "last_taken": f"2026-{1 + n % 12:02}"}
    for n, (name, release) in enumerate(
        [
            (name, release)
            for name in ("oxycodone", "methadone", "oxycodon", "Percocet", "x" * 200)
            for release in ("immediate", "extended", "transdermal", "depot", "unknown")
        ]
        * 40
    )
]
LIQUID = {
    "form": "oral_solution",
    "concentration": "1 mg/mL",
    "graduation": "0.01 mL",
    "beyond_use_days": 1,
}
DAILY = ("morning", "noon", "afternoon", "evening", "bedtime")
MANY_STEPS = {"steps": [{"dose": f"{0.01 * n:.2f} mg", "days": 18} for n in range(1, 201)]}
CYCLES = {
    "steps": [
        {"dose": f"{0.01 * n:.2f} mg", "days": 18, "cycle": {"days_on": 1, "days_off": 1}}
        for n in range(1, 201)
    ]
}


def requests() -> dict[str, bytes]:
    """Requests that are read, or nearly, and as large or as long as they may be."""
    long = _request(length_days=3660, regimen=MANY_STEPS, preparation=LIQUID)
    pauses = [
        {"event": "paused", "on": on, "until": str(date.fromisoformat(on) + timedelta(1))}
        for on in _days(1000, 3)
    ]
    switched = [
        {
            "event": "switched",
            "on": on,
            "preparation": {**LIQUID, "concentration": f"{n + 1} mg/mL"},
        }
        for n, on in enumerate(_days(1000, 3))
    ]
    opioids = [
        {"event": "opioid", "on": on, "exposure": {"substance": "oxycodone"}}
        for on in _days(1000, 3)
    ]
    planned = [{"on": on, "reason": "surgery " * 20} for on in _days(100, 30)]
    override = {"code": "OPI-03", "reason": "x" * 200, "by": "Dr A", "on": "2027-01-02"}
    whole = {"length_days": 3660, "regimen": {"steps": [{"dose": "1 mg"}]}, "preparation": LIQUID}
    return {
        "the longest plan": long,
        "the longest plan in cycles": _request(
            length_days=3660, regimen=CYCLES, preparation=LIQUID
        ),
        "200 steps of 3,660 days": _request(
            length_days=None,
            regimen={"steps": [{"dose": "1 mg", "days": 3660}] * 200},
            preparation=LIQUID,
        ),
        "200 steps of 3,660 days in cycles": _request(
            length_days=None,
            regimen={
                "steps": [{"dose": "1 mg", "days": 3660, "cycle": {"days_on": 1, "days_off": 1}}]
                * 200
            },
            preparation=LIQUID,
        ),
        "10 steps of 3,660 days in cycles": _request(
            length_days=None,
            regimen={
                "steps": [{"dose": "1 mg", "days": 3660, "cycle": {"days_on": 1, "days_off": 1}}]
                * 10
            },
            preparation=LIQUID,
        ),
        "1,000 holds": _request(
            **{**whole, "regimen": MANY_STEPS},
            diary=[{"event": "held", "on": on, "days": 2} for on in _days(1000, 3)],
        ),
        "1,000 holds of 3,660 days": _request(
            **{**whole, "length_days": None},
            diary=[{"event": "held", "on": on, "days": 3660} for on in _days(1000, 3)],
        ),
        "1,000 missed": _request(
            **whole, diary=[{"event": "missed", "on": on} for on in _days(1000, 3)]
        ),
        "1,000 halved": _request(
            **{**whole, "preparation": {**LIQUID, "graduation": "0.0001 mL"}},
            diary=[{"event": "halved", "on": on} for on in _days(1000, 3)],
        ),
        "1,000 pauses": _request(**whole, diary=pauses),
        "1,000 switches": _request(**whole, diary=switched),
        "1,000 opioids": _request(**whole, diary=opioids),
        "1,000 events on one day": _request(diary=[{"event": "missed", "on": "2027-01-05"}] * 1000),
        "1,000 wrong events": _request(diary=[{"event": "held", "on": "x", "days": 0}] * 1000),
        "20,000 events": _request(diary=[{"event": "missed", "on": "2027-01-05"}] * 20_000),
        "100 planned opioids": _patient(planned_opioid=planned),
        "100 planned opioids, named": _patient(
            planned_opioid=[{**each, "substance": "oxycodon " * 20} for each in planned]
        ),
        "100 overrides": _patient(overrides=[override] * 100),
        "1,000 exposures": _patient(opioids={"status": "known", "exposures": EXPOSURES}),
        "1,000 unknown substances": _patient(
            opioids={
                "status": "known",
                "exposures": [{"substance": f"{n} " + "oxycodne " * 20} for n in range(1000)],
            }
        ),
        "1,000 medicines nearly known": _patient(
            medications=[f"oxycodon {n} " + "hydrochlorid " * 14 for n in range(1000)]
        ),
        "1,000 opioids in a list": _patient(medications=["Percocet", "oxycodone 5 mg"] * 500),
        "1,000 interactions": _patient(medications=["thioridazine", "disulfiram"] * 500),
        "1,000 codes": _patient(medications=[{"rxcui": str(n)} for n in range(7000, 8000)]),
        "1,000 conditions": _patient(
            conditions=[f"opioid use disorder {n} " + "liver " * 28 for n in range(1000)]
        ),
        "40,000 conditions": _patient(conditions=["x" * 10] * 60_000),
        "long names": _patient(name="a" * 200, assessed_by="b" * 200),
        "tablets of all sorts": _request(
            regimen=MANY_STEPS,
            preparation={
                "form": "tablets",
                "strengths": [f"{n}.01 mg" for n in range(1, 11)],
                "parts": 8,
            },
        ),
        "capsules of all sorts": _request(
            regimen={
                "steps": [{"dose": f"{9.99 - 0.01 * n:.2f} mg", "days": 1} for n in range(200)]
            },
            preparation={"form": "capsules", "strengths": [f"0.0{n} mg" for n in range(1, 10)]},
        ),
        "capsules too many": _request(
            regimen={
                "steps": [{"dose": f"{50 - 0.01 * n:.2f} mg", "days": 1} for n in range(200)],
                "band": "standard",
            },
            preparation={
                "form": "capsules",
                "strengths": ["0.011 mg", "0.013 mg", "0.017 mg", "0.019 mg"],
            },
        ),
        "5 doses a day": _request(
            length_days=3660,
            regimen={
                "steps": [
                    {
                        "doses": dict.fromkeys(
                            ("morning", "noon", "evening", "bedtime"), f"0.{n + 1:03} mg"
                        ),
                        "days": 18,
                    }
                    for n in range(200)
                ]
            },
            preparation=LIQUID,
        ),
        "ranges": _request(
            length_days=3660,
            regimen={
                "steps": [
                    {"dose": f"{0.01 * n:.2f} mg", "days": 18, "fewest_days": 1}
                    for n in range(1, 201)
                ]
            },
            preparation=LIQUID,
        ),
        "unlike fractions": _request(
            preparation={**GOOD["preparation"], "concentration": "5." + "0" * 3900 + "1 mg/mL"}
        ),
        "doses of 4,000 digits": _request(
            regimen={
                "steps": [{"dose": f"1.{'0' * 3900}{n} mg", "days": 7} for n in range(1, 200)]
            },
            preparation={**LIQUID, "graduation": "0." + "0" * 3900 + "1 mL"},
        ),
    }


def _reals(table: str, column: str, count: int) -> list[str]:
    """So many different names that the knowledge base holds, over and over where it has fewer."""
    rows = csv.DictReader(io.StringIO(knowledge().tables[table].decode()))
    names = [name for row in rows if (name := row[column].partition(";")[0])]
    return list(islice(cycle(names), count))


def _events(kind: str, count: int = 1000, apart: int = 3, **more: Any) -> list[dict[str, Any]]:
    return [{"event": kind, "on": on, **more} for on in _days(count, apart)]


UNLIKE = [f"{n}.{'0' * 3800}{n % 9 + 1} mg/mL" for n in range(1, 250)]


def _capsules(seed: int) -> dict[str, Any]:
    """Ten strengths that are slow to count out, and other ones for each seed."""
    units = {1 + (seed * 7 + n * 13) % 199 for n in range(8)} - {1}
    return {"form": "capsules", "strengths": [f"{0.0006 * n:.4f} mg" for n in (1, *sorted(units))]}


def _tablets(seed: int) -> dict[str, Any]:
    units = {1 + (seed * 7 + n * 13) % 29 for n in range(9)} - {1}
    strengths = [f"{0.032 * n:.3f} mg" for n in (1, *sorted(units))]
    return {"form": "tablets", "strengths": strengths, "parts": 8}


def full_requests() -> dict[str, bytes]:
    """Requests of one thing that each has very much of, in a patient of whom all is known."""
    year = {"length_days": 3660, "preparation": LIQUID}
    steps = {**year, "regimen": MANY_STEPS}
    whole = {**year, "regimen": {"steps": [{"dose": "1 mg"}]}}
    exact = {**LIQUID, "graduation": "0.0001 mL"}
    told = {"reason": "r" * 200}
    many_doses = {
        "steps": [
            {"doses": {t: f"{1.2 - 0.001 * (5 * n + h):.3f} mg" for h, t in enumerate(DAILY)}}
            | {"days": 18}
            for n in range(200)
        ],
        "band": "standard",
    }
    back_and_forth = [
        {"event": "advanced" if n % 2 else "stepped_back", "on": on, **told}
        for n, on in enumerate(_days(1000, 3)[10:])
    ]
    known = [
        {"substance": name, "release": "unknown", "last_taken": "2026-11"}
        for name in _reals("opioids", "name", 1000)
    ]
    switches = {
        "capsules": (_capsules, {"steps": [{"dose": "1.2 mg"}]}),
        "tablets": (_tablets, {"steps": [{"dose": "0.96 mg"}]}),
        "unlike fractions": (
            lambda n: {**LIQUID, "concentration": UNLIKE[n % 249], "graduation": "0.001 mL"},
            {"steps": [{"dose": "1 mg"}]},
        ),
    }
    made = {
        f"{count} switches of {name}": _request(
            length_days=3660,
            regimen=regimen,
            preparation=prepared(0),
            diary=[
                {"event": "switched", "on": on, "preparation": prepared(n + 1)}
                for n, on in enumerate(_days(count, 3660 // count)[1:])
            ],
        )
        for name, (prepared, regimen) in switches.items()
        for count in (50, 200, 1000)
        if not (count == 1000 and name == "unlike fractions")
    }
    for count in (50, 100, 200, 1000):
        apart = 3660 // count
        made |= {
            f"{count} holds of 200 steps": _request(
                **steps, diary=_events("held", count, apart, days=1, **told)
            ),
            f"{count} missed of 200 steps": _request(
                **steps, diary=_events("missed", count, apart)
            ),
            f"{count} halved of 200 steps": _request(
                **{**steps, "preparation": exact}, diary=_events("halved", count, apart)
            ),
            f"{count} stayed": _request(**steps, diary=_events("stayed", count, apart)),
            f"{count} opioids of unknown date": _request(
                **whole,
                diary=_events(
                    "opioid",
                    count,
                    apart,
                    exposure={"substance": "oxycodone", "last_taken": "unknown"},
                ),
            ),
            f"{count} opioids all different": _request(
                **whole,
                diary=[
                    {**event, "exposure": {"substance": name}}
                    for event, name in zip(
                        _events("opioid", count, apart),
                        _reals("opioids", "name", count),
                        strict=True,
                    )
                ],
            ),
        }
    every = ("missed", "held", "halved", "stepped_back", "advanced")
    mixed = [
        {"event": every[n % 5], "on": on, **({"days": 2} if n % 5 == 1 else {})}
        for n, on in enumerate(_days(1000, 3)[40:])
    ]
    return made | {
        "back and forth": _request(**steps, diary=back_and_forth),
        "events of all kinds": _request(**{**steps, "preparation": exact}, diary=mixed),
        "missed every other day": _request(**whole, diary=_events("missed", 1000, 2)),
        "missed in cycles": _request(
            length_days=3660, regimen=CYCLES, preparation=LIQUID, diary=_events("missed", 1000, 2)
        ),
        "1,000 doses of capsules": _request(
            length_days=3660,
            regimen=many_doses,
            preparation={"form": "capsules", "strengths": [f"0.00{n} mg" for n in (1, 2, 3, 5)]},
        ),
        "1,000 doses of tablets": _request(
            length_days=3660,
            regimen=many_doses,
            preparation={"form": "tablets", "strengths": ["0.008 mg", "0.016 mg"], "parts": 8},
        ),
        "1,000 doses of a liquid": _request(
            length_days=3660,
            regimen=many_doses,
            preparation={**LIQUID, "graduation": "0.001 mL"},
        ),
        "1,000 medicines known": _patient(medications=_reals("medicines", "name", 1000)),
        "1,000 opioids known": _patient(medications=_reals("opioids", "name", 1000)),
        "1,000 products": _patient(medications=_reals("products", "name", 1000)),
        "1,000 names unlike": _patient(
            medications=[f"{name} {n}" for n, name in enumerate(_reals("opioids", "name", 1000))]
        ),
        "1,000 medicines of short words": _patient(
            medications=[f"{n} " + "a b c d e " * 19 for n in range(1000)]
        ),
        "1,000 medicines of plus": _patient(
            medications=[f"{n}+" + "oxycodn+" * 24 for n in range(1000)]
        ),
        "1,000 conditions known": _patient(conditions=_reals("conditions", "names", 1000)),
        "1,000 conditions nearly known": _patient(
            conditions=[
                f"{name}x {n}" for n, name in enumerate(_reals("conditions", "names", 1000))
            ]
        ),
        "1,000 conditions of short words": _patient(
            conditions=[f"{n} " + "a b c d e " * 19 for n in range(1000)]
        ),
        "1,000 known exposures": _patient(opioids={"status": "known", "exposures": known}),
        "an order of capsules": _request(
            regimen={"steps": [{"dose": "1.2 mg"}]},
            preparation=_capsules(1),
            length_days=3660,
            order={"quantity": {"0.0006 mg": 1_000_000}, "refills": 999, "days_supply": 3660},
        ),
        "an order of small fills": _request(
            **whole, order={"quantity": "1 mL", "refills": 999, "days_supply": 1}
        ),
        "an order of drops of drops": _request(
            **{**steps, "preparation": {**LIQUID, "bottle": "2 mL", "beyond_use_days": 3660}},
            order={"quantity": "0.01 mL", "refills": 999},
        ),
        "an order of 60,000 strengths": _request(
            order={"quantity": {f"0.{n} mg": 1 for n in range(1, 60_000)}}
        ),
        "bottles of one dose": _request(
            **{**steps, "preparation": {**LIQUID, "bottle": "2 mL", "beyond_use_days": 3660}}
        ),
        "everything at its longest": _request(
            **{**steps, "diary": _events("held", 200, 18, days=1, **told)},
            patient={
                **GOOD["patient"],
                "name": "n" * 200,
                "medications": _reals("products", "name", 1000),
                "conditions": _reals("conditions", "names", 1000),
                "opioids": {"status": "known", "exposures": known},
                "planned_opioid": [{"on": on, "reason": "r" * 200} for on in _days(100, 30)],
            },
        ),
    }


def _broken_requests() -> dict[str, bytes]:
    """What is refused: deep, long, strange."""
    good = _request().decode()[:-1]
    return {
        "60,000 unknown keys": _numbered(good + ",", '"unknown#":1', "}"),
        "60,000 keys nearly known": _numbered(good + ",", '"regimem#":1', "}"),
        "90,000 keys twice": _filled(good + ",", '"a":1', "}"),
        "30,000 pairs of keys": _numbered(good + ",", '"a#":1,"a#":1', "}"),
        "unknown keys deep down": _numbered(good + ',"patient":{', '"unknown#":1', "}}"),
        "one key of 1 MiB": _filled(good + ',"' + "k" * 1_000_000, "", '":1}'),
        "one text of 1 MiB": _request(start="2" * 1_000_000),
        "one name of 1 MiB": _patient(name="a" * 1_000_000),
        "one dose of 1 MiB": _request(regimen={"steps": [{"dose": "1" * 1_000_000 + " mg"}]}),
        "one number of 1 MiB": good.encode() + b',"a":' + b"9" * 1_000_000 + b"}",
        "one fraction of 1 MiB": good.encode() + b',"a":0.' + b"9" * 1_000_000 + b"}",
        "100,000 numbers too long": _filled(good + ',"a":[', "1e999", "]}"),
        "deep lists": good.encode() + b',"a":' + b"[" * 190 + b"]" * 190 + b"}",
        "deeper lists": b"[" * FULL,
        "deeper objects": b'{"a":' * (FULL // 5),
        "wide and deep": _filled(good + ',"a":[', "[" * 150 + "]" * 150, "]}"),
        "only spaces": b" " * FULL,
        "only escapes": b'"' + b"\\u001b" * (FULL // 6 - 1) + b'"',
        "only quotes": b'"' * FULL,
        "200,000 medicines": _filled(good + ',"patient":{"medications":[', '"x"', "]}}"),
        "100,000 wrong medicines": _filled(good + ',"patient":{"medications":[', "{}", "]}}"),
        "100,000 wrong exposures": _filled(
            good + ',"patient":{"opioids":{"status":"known","exposures":[', "{}", "]}}}"
        ),
        "1,000 wrong exposures": _patient(
            opioids={"status": "known", "exposures": [{f"k{n}": n for n in range(60)}] * 1000}
        ),
        "1,000 wrong medicines": _patient(medications=[{f"k{n}": n for n in range(60)}] * 1000),
        "200 wrong steps": _request(
            regimen={"steps": [{f"dosis{n}": n for n in range(300)}] * 200}
        ),
        "300,000 steps": _filled(good + ',"regimen":{"steps":[', "{}", "]}}"),
        "long unknown key": _numbered(good + ",", '"' + "regimen" * 1000 + '#":1', "}"),
        "100,000 strengths": _filled(
            good + ',"preparation":{"form":"capsules","strengths":[', '"1 mg"', "]}}"
        ),
        "terminal codes": _numbered(good + ",", '"\\u001b[2J#":1', "}"),
        "a billion days": _request(regimen={"steps": [{"dose": "1 mg", "days": 10**9}]}),
        "a billion days long": _request(length_days=10**9),
        "a billion days held": _request(
            diary=[{"event": "held", "on": "2027-01-05", "days": 10**9}]
        ),
        "a billion steps": _request(
            regimen={"ramp": {"from": "1 pg", "by": "1 pg", "every_days": 1, "to": "4 mg"}}
        ),
    }


def _bundle_of(resource: str) -> bytes:
    return _numbered(
        '{"resourceType":"Bundle","type":"collection","entry":[', f'{{"resource":{resource}}}', "]}"
    )


def _codings(system: str, text: str, count: int) -> str:
    coding = f'{{"system":"{system}","code":"#","display":"{text}"}}'
    return f'{{"coding":[{",".join([coding] * count)}],"text":"{text}"}}'


RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"


def bundles() -> dict[str, bytes]:
    """Bundles full of one thing each."""
    medicine = (
        '{"resourceType":"MedicationStatement","status":"active","subject":'
        '{"reference":"Patient/1"},"medicationCodeableConcept":%s}'
    )
    nested = '{"extension":[' * 60 + '{"url":"a","valueString":"oxycodone"}' + "]}" * 60
    long = "oxycodone " * 100
    return {
        "opioids": _bundle_of(medicine % '{"text":"oxycodone #"}'),
        "opioids with codes": _bundle_of(medicine % _codings(RXNORM, "oxycodone", 1)),
        "opioids with 90 codings": _bundle_of(medicine % _codings(RXNORM, "oxycodone", 90)),
        "nearly opioids": _bundle_of(medicine % '{"text":"oxycodon hydrochlorid # mg tablte"}'),
        "medicines": _bundle_of(medicine % '{"text":"metformin #"}'),
        "long names of medicines": _bundle_of(medicine % f'{{"text":"{long} #"}}'),
        "words without end": _bundle_of(medicine % f'{{"text":"{"a b " * 400} #"}}'),
        "names of 1 MiB": _bundle_of(medicine % f'{{"text":"{"oxycodon " * 100_000} #"}}'),
        "points and dashes": _bundle_of(medicine % f'{{"text":"{"-/,. (" * 300} #"}}'),
        "conditions": _bundle_of(
            '{"resourceType":"Condition","subject":{"reference":"Patient/1"},'
            '"code":{"text":"opioid dependence #"}}'
        ),
        "observations": _bundle_of(
            '{"resourceType":"Observation","status":"final","subject":{"reference":"Patient/1"},'
            '"code":{"text":"ALT"},"valueQuantity":{"value":#,"unit":"U/L"}}'
        ),
        "procedures": _bundle_of(
            '{"resourceType":"Procedure","status":"completed","subject":'
            '{"reference":"Patient/1"},"code":{"text":"surgery #"},"note":[{"text":"oxycodone"}]}'
        ),
        "requests with dosages": _bundle_of(
            '{"resourceType":"MedicationRequest","status":"active","intent":"order","subject":'
            '{"reference":"Patient/1"},"medicationCodeableConcept":{"text":"oxycodone"},'
            '"dosageInstruction":[{"text":"1 tablet every 4 hours #"}],"authoredOn":"2026-12-01"}'
        ),
        "references": _bundle_of(
            '{"resourceType":"MedicationStatement","status":"active","subject":'
            '{"reference":"Patient/1"},"medicationReference":{"reference":"Medication/#"}}'
        ),
        "medications referred to": _bundle_of(
            '{"resourceType":"Medication","id":"m#","code":{"text":"oxycodone"}}},'
            '{"resource":{"resourceType":"MedicationStatement","status":"active","subject":'
            '{"reference":"Patient/1"},"medicationReference":{"reference":"Medication/m#"}}'
        ),
        "contained": _bundle_of(
            '{"resourceType":"MedicationStatement","status":"active","subject":'
            '{"reference":"Patient/1"},"contained":[{"resourceType":"Medication","id":"m",'
            '"code":{"text":"oxycodone"}}],"medicationReference":{"reference":"#m"}}'.replace(
                '"#m"', '"\\u0023m"'
            )
        ),
        "patients": _bundle_of('{"resourceType":"Patient","id":"p#"}'),
        "unknown resources": _bundle_of('{"resourceType":"Unknown#","a":1}'),
        "nothings": _bundle_of("{}"),
        "nested bundles": b'{"resourceType":"Bundle","entry":[{"resource":' * 20_000,
        "nested extensions": _bundle_of(
            f'{{"resourceType":"Observation","status":"final","extension":[{nested}]}}'
        ),
        "notes": _bundle_of(
            '{"resourceType":"CarePlan","status":"active","intent":"plan",'
            f'"description":"{long}","note":[{{"text":"{long} #"}}]}}'
        ),
        "one long note": _bundle_of(
            f'{{"resourceType":"CarePlan","description":"{"oxycodone, " * 90_000}"}}'
        ),
        "allergies": _bundle_of(
            '{"resourceType":"AllergyIntolerance","patient":{"reference":"Patient/1"},'
            '"code":{"text":"naltrexone #"}}'
        ),
        "keys": _numbered('{"resourceType":"Bundle","type":"collection",', '"k#":1', "}"),
        "dispenses": _bundle_of(
            '{"resourceType":"MedicationDispense","status":"completed","subject":'
            '{"reference":"Patient/1"},"medicationCodeableConcept":{"text":"Percocet"},'
            '"whenHandedOver":"2026-12-0#"}'
        ),
    }


def _short_lines(unit: str, count: int = 990) -> bytes:
    """Lines as long as one may be, each with its number, so that no two are alike."""
    return "".join(f"{n} {unit * 99}"[:199] + "\n" for n in range(count)).encode()


def lists() -> dict[str, bytes]:
    """Medication lists and tables."""
    return {
        **{
            f"short lines of {unit!r}": _short_lines(unit)
            for unit in (
                *("oxycodon ", "a b ", "oxycodone + ", "hydrocodn/apap ", "(a)", "5 mg ", "mg/ml-"),
                *("until 2026-12-01 ", "stopped ", "e\u0301", "\ufdfa", "oxy-", "tab. "),
            )
        },
        "products": "\n".join(_reals("products", "name", 990)).encode(),
        "names of all opioids": "\n".join(_reals("opioids", "name", 990)).encode(),
        "names of all medicines": "\n".join(_reals("medicines", "name", 990)).encode(),
        "names nearly known": "\n".join(
            f"{name}x {n} mg tablets" for n, name in enumerate(_reals("medicines", "name", 990))
        ).encode(),
        "a table of cells": b"medication,status,end,dose\n"
        + b"oxycodon hydrochlorid retard 5 mg tablte,stopped lately,12.13.2026,5mg\n" * 990,
        "lines": b"oxycodone 5 mg\n" * (FULL // 15),
        "1,000 lines nearly known": ("oxycodon hydrochlorid 5mg tablte " * 30 + "\n").encode()
        * 1000,
        "1,000 long lines": ("a b c d " * 125 + "\n").encode() * 1000,
        "1,000 lines of brackets": ("(" * 500 + ")" * 500 + "\n").encode() * 1000,
        "1,000 lines of plus": ("oxycodone + " * 80 + "\n").encode() * 1000,
        "1,000 lines of slashes": ("oxycodone/" * 95 + "\n").encode() * 1000,
        "1,000 lines of commas": (b"oxycodone," * 100 + b"\n") * 1000,
        "1,000 lines of digits": (b"1234567890 mg " * 70 + b"\n") * 1000,
        "1,000 lines of until": (b"until 2026-12-01 stopped " * 38 + b"\n") * 1000,
        "1,000 lines of spaces": (b"a" + b" " * 1000 + b"b\n") * 1000,
        "one line": b"oxycodone " * (FULL // 10),
        "one word": b"o" * FULL,
        "no words": b"\n" * FULL,
        "carriage returns": b"\r" * FULL,
        "form feeds": b"\x0c" * FULL,
        "no UTF-8": b"\xff" * FULL,
        "one letter with many marks": b"a" + b"\xcc\x81" * (FULL // 2 - 1),
        "1,000 lines with many marks": ("a" + "\u0301" * 500 + "\n").encode() * 1000,
        "1,000 lines of ligatures": ("\ufdfa" * 330 + "\n").encode() * 1000,
        "a table": b"medication,status,end\n" + b"oxycodone,stopped,2026-12-01\n" * 990,
        "a table of long cells": b"medication,status\n"
        + (b"oxycodon " * 60 + b"," + b"stopped " * 50 + b"\n") * 990,
        "a table of many columns": b"medication" + b",a" * 260_000 + b"\n" + b"," * 500_000,
        "a table of quotes": b"medication,status\n" + b'"' * 1_000_000,
        "a table with a header of one name": b"medication," * 90_000,
        "semicolons": b"medication;status\n" + b"oxycodone;active\n" * 990,
        "tabs": b"medication\tstatus\n" + b"\t" * 1_000_000,
    }


ORDER = json.dumps(
    {
        "resourceType": "MedicationRequest",
        "status": "active",
        "intent": "order",
        "medicationCodeableConcept": {"text": "naltrexone"},
        "subject": {"reference": "Patient/1"},
    }
)


def orders() -> dict[str, bytes]:
    """Orders, and lists of them."""
    head = ORDER[:-1] + ',"dosageInstruction":['
    timing = '"timing":{"repeat":{"frequency":1,"period":1,"periodUnit":"d"}}'
    amount = '"doseAndRate":[{"doseQuantity":{"value":1.5,"unit":"mg","code":"mg"}}]'
    bounds = '"timing":{"repeat":{"boundsPeriod":{"start":"2027-01-04","end":"2027-01-10"}}}'
    bundle = '{"resourceType":"Bundle","type":"collection","entry":['
    long = "take 1 capsule daily then 2 capsules daily, " * 20
    return {
        "dosages": _numbered(head, f'{{"sequence":#,{timing},{amount}}}', "]}"),
        "100 dosages": _numbered(head, f'{{"sequence":#,{timing},{amount}}}', "]}", 14_000),
        "dosages by bounds": _numbered(head, f'{{"sequence":#,{bounds},{amount}}}', "]}"),
        "texts": _numbered(head, f'{{"sequence":#,"text":"{long}"}}', "]}"),
        "one text": _numbered(head, f'{{"text":"{long * 1_100}"}}', "]}"),
        "one text of 1,000": _numbered(head, f'{{"text":"{long}"}}', "]}", 1_200),
        "digits": _numbered(head, '{"text":"%s"}' % ("1 " * 500_000), "]}"),
        "codes": _numbered(
            head, '{"timing":{"code":{"coding":[{"code":"BID"}],"text":"twice daily #"}}}', "]}"
        ),
        "orders": _filled(
            bundle, f'{{"resource":{head}{{"text":"1 mg daily",{timing},{amount}}}]}}}}', "]}"
        ),
        "orders with texts": _filled(
            bundle, f'{{"resource":{head}{{"text":"{long}",{timing},{amount}}}]}}}}', "]}"
        ),
        "notes": _numbered(ORDER[:-1] + ',"note":[', '{"text":"naltrexone # mg daily"}', "]}"),
        "numbers": _filled(
            ORDER[:-1] + ',"dispenseRequest":{"quantity":{"value":', "9" * 1_000_000, "}}}"
        ),
        "exponents": _filled(
            ORDER[:-1] + ',"dispenseRequest":{"quantity":{"value":', "1e999999999", "}}}", 500
        ),
        "when": _numbered(head, '{"timing":{"repeat":{"when":["MORN","HS"]}}}', "]}"),
        "keys": _numbered(ORDER[:-1] + ",", '"k#":1', "}"),
        "deep": b"[" * FULL,
        "extensions": _numbered(ORDER[:-1] + ',"extension":[', '{"url":"u#"}', "]}"),
    }


def overlays() -> dict[str, bytes]:
    """Overlays of a site."""
    full = 262_144
    return {
        "too large": b"#" * FULL,
        "comments": b"#\n" * (full // 2),
        "tables": b"".join(b"[a%d]\n" % n for n in range(25_000)),
        "one table": b"[[a]]\n" * (full // 6),
        "keys": b"".join(b"k%d = 1\n" % n for n in range(22_000)),
        "dotted": b"a." * (full // 2 - 10) + b"b = 1\n",
        "dotted, short": b"\n".join(b"a%d." % n + b"b." * 100 + b"c = 1" for n in range(1000)),
        "deep": b"a = " + b"[" * (full - 10),
        "deep tables": b"a = " + b"{a = " * 40_000,
        "long text": b'a = "' + b"x" * (full - 10) + b'"',
        "long number": b"a = " + b"9" * (full - 10),
        "long number in parts": b"a = 1" + b"_1" * (full // 2 - 10),
        "sources": b"".join(
            b'[[source]]\nkey = "s%d"\ntitle = "t"\nurl = "https://a.example/%d"\n' % (n, n)
            for n in range(3000)
        ),
        "opioids": b"".join(
            b'[[opioid]]\nid = "o%d"\nnames = ["oxycodone %d"]\n' % (n, n) for n in range(5000)
        ),
        "medicines": b"".join(b'[[medicine]]\nname = "m%d"\n' % n for n in range(9000)),
        "quotes": b'a = """' + b'"' * 200_000,
        "dates": b"".join(b"k%d = 2027-01-04T00:00:00Z\n" % n for n in range(7000)),
    }


def sound_overlays() -> dict[str, bytes]:
    """Overlays of the right shape, as large as they may be."""
    head = b'schema = "ldn-titration/overlay/1"\nsite = "A"\n'

    def filled(*entries: str, most: int = 262_000) -> bytes:
        text, n = bytearray(head), 0
        while len(text) < most:
            text += "".join(entries).replace("#", _word(n)).encode()
            n += 1
        return bytes(text)

    some = ",".join(f'"painaway {_word(n)}"' for n in range(999))
    codes = ",".join(f'"local:{n}"' for n in range(999))
    return {
        "opioids that are sound": filled('[[opioid]]\nname="painaway #"\nlike="oxycodone_er"\n'),
        "opioids of another kind": filled('[[opioid]]\nname="painaway #"\nlike="none"\n'),
        "opioids all called alike": filled('[[opioid]]\nname="painaway"\nlike="oxycodone_er"\n'),
        "names that are sound": filled('[[names]]\nof="methadone"\nsynonyms=["mixture #"]\n'),
        "names of 1,000": head
        + f'[[names]]\nof="methadone"\nsynonyms=[{some}]\ncodes=[{codes}]\n'.encode() * 5,
        "medicines that are sound": filled('[[medicine]]\nname="thyrolocal #"\n'),
        "medicines that hold": filled(
            '[[medicine]]\nname="thyrolocal #"\nholds=["levothyroxine","oxycodn #"]\n'
        ),
        "medicines nearly opioids": filled('[[medicine]]\nname="oxycodon #"\n'),
        "medicines of long names": filled(f'[[medicine]]\nname="# {"ab cd " * 32}"\n'),
        "medicines of many short words": filled(f'[[medicine]]\nname="# {"a b " * 48}"\n'),
        "intervals": filled('[[interval]]\nof="methadone"\nmax_days=21\n'),
        "intervals of nothing": filled('[[interval]]\nof="#"\nmax_days=21\n'),
        "severities": filled('[[severity]]\ncode="HEP-02"\nat_least="hold"\n'),
        "severities of nothing": filled('[[severity]]\ncode="#"\nat_least="hold"\n'),
        "a little of all": filled(
            '[[opioid]]\nname="painaway #"\nlike="oxycodone_er"\ncodes=["local:#"]\n',
            '[[medicine]]\nname="thyrolocal #"\nholds=["levothyroxine"]\n',
            '[[names]]\nof="methadone"\nsynonyms=["mixture #"]\n',
        ),
    }


def _word(number: int) -> str:
    """A word of letters for a number, another for each."""
    word = ""
    while number or not word:
        number, letter = divmod(number, 26)
        word += chr(97 + letter)
    return "w" + word


def names() -> dict[str, str]:
    """What may stand after ``opioid``."""
    return {
        "long": "o" * FULL,
        "words": "oxycodon " * (FULL // 9),
        "brackets": "(" * FULL,
        "marks": "a" + "\u0301" * (FULL // 2),
        "ligatures": "\ufdfa" * (FULL // 3),
        "digits": "1" * FULL,
        "spaces": " " * FULL,
        "plus": "oxycodone + " * (FULL // 12),
        "nearly": "oxycodon hydrochlorid 5mg tablte",
    }


def quantities() -> dict[str, str]:
    """What may stand for a dose."""
    return {
        "digits": "1" * FULL + " mg",
        "4,000 digits": "1" * 3990 + " mg",
        "fraction": "0." + "1" * FULL + " mg",
        "4,000 digits of a fraction": "0." + "1" * 3980 + " mg",
        "zeros": "0" * FULL,
        "exponent": "1e" + "9" * 1000 + " mg",
        "small exponent": "1e999999999 mg",
        "spaces": "1" + " " * FULL + "mg",
        "points": "1." * (FULL // 2),
        "slashes": "1" + "/1" * (FULL // 2) + " mg",
        "units": "1 " + "m" * FULL,
        "marks": "1 m" + "\u0301" * (FULL // 2),
    }


def plans() -> dict[str, bytes]:
    """Bundles that claim to be a plan."""
    made = plan_fhir(read_request(_request()).plan())
    tree = json.loads(made)
    text = json.dumps(tree)
    entry = json.dumps(tree["entry"][0]) if "entry" in tree else text
    return {
        "entries": _filled('{"resourceType":"Bundle","type":"collection","entry":[', entry, "]}"),
        "keys": _numbered(text[:-1] + ",", '"k#":1', "}"),
        "deep": b"[" * FULL,
        "many": _filled("[", text, "]"),
    }


def inputs() -> Iterator[Hostile]:
    """Every input at each door that takes its kind."""
    for name, data in (requests() | full_requests() | _broken_requests()).items():
        for door in DOORS:
            if door.startswith("plan ") or door in {"screen", "supply"}:
                yield Hostile(name, door, data)
    kinds = {
        "bundle": bundles,
        "medicines": lists,
        "lint": orders,
        "overlay": lambda: overlays() | sound_overlays(),
        "opioid": names,
        "mass": quantities,
        "read_plan": plans,
    }
    for door, made in kinds.items():
        for name, data in made().items():  # type: ignore[operator]
            yield Hostile(name, door, data)
    for name, data in (bundles() | orders()).items():
        for door in ("read_plan", "lint", "bundle"):
            yield Hostile(f"{name} elsewhere", door, data)
    for name, text in quantities().items():
        yield Hostile(name, "opioid", text)
        yield Hostile(name, "medicines", text[:FULL].encode())


def warm(door: str) -> Any:
    """A small input for a door, so that what it loads is loaded."""
    if door.startswith("plan ") or door in {"screen", "supply"}:
        return _request()
    small: dict[str, Any] = {"opioid": "oxycodone", "mass": "1 mg", "lint": ORDER.encode()}
    return small.get(door, b'{"resourceType":"Bundle","type":"collection"}')
