"""Every rule on both sides of its limit, with figures worked out from facts.md by hand."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Mapping
from datetime import date, timedelta
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any, NamedTuple

import pytest
from pydantic import TypeAdapter

from ldn_titration import InvalidInputError, Regimen, Screening, Severity, Verdict, schedule, screen
from ldn_titration.findings import Milestone
from ldn_titration.knowledge.overlay import overlaid
from ldn_titration.preparation import Preparation
from ldn_titration.testing import known_facts

START = date(2027, 1, 4)
PREPARATION: TypeAdapter[Preparation] = TypeAdapter(Preparation)
NOTHING: Mapping[str, Any] = MappingProxyType({})


class Told(NamedTuple):
    """A patient and a plan, and how severe each finding of one rule is, mildest first."""

    code: str
    what: str
    says: list[str]
    facts: Mapping[str, Any] = NOTHING
    regimen: dict[str, Any] | None = None
    preparation: dict[str, Any] | None = None
    days: int | None = None
    start: str = "2027-01-04"


def screened(told: Told, later: int = 0) -> Screening:
    return screen(
        known_facts(**told.facts),
        date.fromisoformat(told.start) + timedelta(days=later),
        None if told.regimen is None else Regimen.model_validate(told.regimen),
        None if told.preparation is None else PREPARATION.validate_python(told.preparation),
        days=told.days,
    )


@cache
def answer(place: int) -> Screening:
    """The screening of one case; each is screened once for all tests."""
    return screened(CASES[place])


def took(name: str | dict[str, Any], last: str = "unknown", **more: Any) -> dict[str, Any]:
    """The facts of somebody who took one opioid."""
    named = {"substance": name} if isinstance(name, str) else name
    told = {**named, "last_taken": last, **more}
    return {"opioids": {"status": "known", "exposures": [told]}}


def takes(*names: str, **more: Any) -> dict[str, Any]:
    return {"medications": list(names), **more}


def has(*names: str, **more: Any) -> dict[str, Any]:
    return {"conditions": list(names), **more}


def steps(*told: str, band: str = "low") -> dict[str, Any]:
    """A regimen from "1.5 mg x 14" and a last open step."""
    parts = [step.split(" x ") for step in told]
    listed = [{"dose": p[0], **({"days": int(p[1])} if p[1:] else {})} for p in parts]
    return {"steps": listed, "band": band}


def planned(on: str, until: str | None = None, substance: str | None = None) -> dict[str, Any]:
    """An opioid planned for a day."""
    told = {"on": on, "until": until, "substance": substance, "reason": "knee surgery"}
    return {"planned_opioid": [{k: v for k, v in told.items() if v is not None}]}


def earlier(last: str, **more: Any) -> dict[str, Any]:
    """Naltrexone before an interruption."""
    return {"earlier_naltrexone": {"last_taken": last, **more}}


CAPSULES: dict[str, Any] = {"form": "capsules", "strengths": ["1.5 mg"]}
TABLETS: dict[str, Any] = {"form": "tablets", "strengths": ["1.5 mg"]}
FROM_TABLETS: dict[str, Any] = {"dilution": {"drug": "50 mg", "final_volume": "10 mL"}}
DROPS: dict[str, Any] = {"form": "drops", "drops_per_mL": 20}
SOLUTION: dict[str, Any] = {"form": "oral_solution", "graduation": "0.1 mL"}
CHALLENGED: dict[str, Any] = {"on": "2027-01-02"}
INTOLERANT: dict[str, Any] = {"lactose_intolerance": "yes"}


# --- opioids: kratom 7 and 10 days, methadone 10 and 14, a depot 365, loperamide 0 and 10 ---

OPIOIDS = [
    Told("OPI-01", "ongoing", ["stop"], took("kratom", "2020-01-01", ongoing=True)),
    Told("OPI-01", "on the start", ["stop"], took("kratom", "2027-01-04")),
    Told("OPI-01", "after the start", ["stop"], took("kratom", "2027-02-04")),
    Told("OPI-01", "the day before", [], took("kratom", "2027-01-03")),
    Told("OPI-01", "on the list", ["stop"], takes("codeine")),
    Told("OPI-01", "near codeine", [], takes("colchicine")),
    Told("OPI-01", "what never was an agonist", [], takes("naloxone", "apomorphine")),
    Told(
        "OPI-01",
        "17 mg of loperamide",
        ["stop"],
        took("loperamide", ongoing=True, daily_dose="17 mg"),
    ),
    Told("OPI-02", "kratom, 0 days", ["stop"], took("kratom", "2027-01-03")),
    Told("OPI-02", "kratom, 6 days", ["stop"], took("kratom", "2026-12-28")),
    Told("OPI-02", "kratom, 7 days", [], took("kratom", "2026-12-27")),
    Told("OPI-02", "methadone, 9 days", ["stop"], took("methadone", "2026-12-25")),
    Told("OPI-02", "methadone, 10 days", [], took("methadone", "2026-12-24")),
    Told(
        "OPI-02",
        "loperamide 16 mg, 9 days",
        [],
        took("loperamide", "2026-12-25", daily_dose="16 mg"),
    ),
    Told(
        "OPI-02",
        "loperamide 16.5 mg, 9 days",
        ["stop"],
        took("loperamide", "2026-12-25", daily_dose="16.5 mg"),
    ),
    Told(
        "OPI-02",
        "loperamide 16.5 mg, 10 days",
        [],
        took("loperamide", "2026-12-24", daily_dose="16.5 mg"),
    ),
    Told("OPI-03", "kratom, 6 days", [], took("kratom", "2026-12-28")),
    Told("OPI-03", "kratom, 7 days", ["hold"], took("kratom", "2026-12-27")),
    Told("OPI-03", "kratom, 9 days", ["hold"], took("kratom", "2026-12-25")),
    Told("OPI-03", "kratom, 10 days", [], took("kratom", "2026-12-24")),
    Told("OPI-03", "methadone, 13 days", ["hold"], took("methadone", "2026-12-21")),
    Told("OPI-03", "methadone, 14 days", [], took("methadone", "2026-12-20")),
    Told("OPI-03", "fentanyl patch, 13 days", ["hold"], took("fentanyl patch", "2026-12-21")),
    Told(
        "OPI-03",
        "loperamide 16.5 mg, 13 days",
        ["hold"],
        took("loperamide", "2026-12-21", daily_dose="16.5 mg"),
    ),
    Told(
        "OPI-03",
        "loperamide 16.5 mg, 14 days",
        [],
        took("loperamide", "2026-12-20", daily_dose="16.5 mg"),
    ),
    Told("OPI-04", "365 days", ["hold"], took("Sublocade", "2026-01-04")),
    Told("OPI-04", "366 days", [], took("Sublocade", "2026-01-03")),
    Told("OPI-04", "Brixadi, 1 day", ["hold"], took("Brixadi", "2027-01-03")),
    Told(
        "OPI-04",
        "extended buprenorphine",
        ["hold"],
        took("buprenorphine", "2026-01-04", release="extended"),
    ),
    Told(
        "OPI-04",
        "buprenorphine patch",
        [],
        took("buprenorphine", "2026-12-01", release="transdermal"),
    ),
    Told("OPI-05", "no date", ["insufficient"], took("methadone")),
    Told("OPI-05", "a month", [], took("methadone", "2026-11")),
    Told("OPI-05", "no form", ["insufficient"], took("tramadol", "2020-01-01")),
    Told("OPI-05", "a form", [], took("tramadol", "2020-01-01", release="extended")),
    Told("OPI-05", "nobody knows what", ["insufficient"], took("zzyzx", "2020-01-01")),
    Told("OPI-05", "no such code", ["insufficient"], took({"rxcui": "1"}, "2020-01-01")),
    Told("OPI-06", "dependence", ["stop"], {"opioid_dependence": "yes"}),
    Told("OPI-06", "withdrawal", ["stop"], {"acute_withdrawal": "yes"}),
    Told("OPI-06", "neither", [], {"opioid_dependence": "no", "acute_withdrawal": "no"}),
    *(
        Told("OPI-06", f"{test}: {result}", says, {test: {"result": result, **CHALLENGED}})
        for test in ("urine_opioid_screen", "naloxone_challenge")
        for result, says in (
            ("positive", ["stop"]),
            ("pending", ["insufficient"]),
            ("negative", []),
        )
    ),
    *(
        Told("TST-01", f"{test}: {result}", says, {test: {"result": result, **CHALLENGED}})
        for test in ("urine_opioid_screen", "naloxone_challenge")
        for result, says in (("positive", []), ("pending", []), ("negative", ["info"]))
    ),
    *(
        Told("OPI-07", f"{name}, {answered}", [severity], takes(name, opioid_in_use=answered))
        for name in (
            "naloxone",
            "Narcan",
            "methylnaltrexone",
            "naloxegol",
            "naldemedine",
            "alvimopan",
            "lofexidine",
        )
        for answered, severity in (
            ("unknown", "insufficient"),
            ("yes", "insufficient"),
            ("no", "caution"),
        )
    ),
    *(
        Told("OPI-07", name, [], takes(name))
        for name in ("clonidine", "oxycodone/naloxone", "senna")
    ),
    *(
        Told("OPI-08", name, ["caution"], takes(name))
        for name in ("loperamide", "Imodium", "eluxadoline", "difelikefalin", "nalfurafine")
    ),
    *(
        Told("OPI-08", name, [], takes(name))
        for name in ("mesalamine", "diphenoxylate", "cholestyramine")
    ),
    Told("OPI-08", "9 days", ["caution"], took("loperamide", "2026-12-25")),
    Told("OPI-08", "10 days", [], took("loperamide", "2026-12-24")),
    Told("OPI-08", "eluxadoline, 9 days", ["caution"], took("eluxadoline", "2026-12-25")),
    Told("OPI-08", "eluxadoline, 10 days", [], took("eluxadoline", "2026-12-24")),
    Told("OPI-08", "16 mg", ["caution"], took("loperamide", "2026-12-25", daily_dose="16 mg")),
    Told("OPI-08", "16.5 mg", [], took("loperamide", "2026-12-25", daily_dose="16.5 mg")),
]

# --- the patient's own state ---

STATE = [
    Told("HYP-01", "yes", ["stop"], {"naltrexone_hypersensitivity": "yes"}),
    Told("HYP-01", "no", [], {"naltrexone_hypersensitivity": "no"}),
    Told("DUP-01", "said", ["stop"], {"other_naltrexone": "yes"}),
    Told("DUP-01", "denied", [], {"other_naltrexone": "no"}),
    *(
        Told("DUP-01", name, ["stop"], takes(name))
        for name in (
            "naltrexone",
            "Vivitrol",
            "Contrave",
            "nalmefene",
            "samidorphan",
            "Lybalvi",
        )
    ),
    *(
        Told("DUP-01", name, [], takes(name))
        for name in ("naloxone", "methylnaltrexone", "bupropion", "olanzapine")
    ),
    Told("OPI-01", "morphine with naltrexone", ["stop"], takes("Embeda")),
    Told("DUP-01", "ongoing", ["stop"], took("Vivitrol", "2020-01-01", ongoing=True)),
    Told("DUP-01", "29 days", ["insufficient"], took("naltrexone", "2026-12-05")),
    Told("DUP-01", "30 days", ["info"], took("naltrexone", "2026-12-04")),
    Told("DUP-01", "no day", ["insufficient"], took("naltrexone")),
    Told("DUP-01", "depot the day before", ["stop"], earlier("2027-01-03", form="depot")),
    Told("DUP-01", "depot 29 days before", ["stop"], earlier("2026-12-05", form="depot")),
    Told("DUP-01", "depot 30 days before", [], earlier("2026-12-04", form="depot")),
    Told("HEP-01", "yes", ["hold"], {"liver_disease": "yes"}),
    Told("HEP-01", "acute", ["hold"], {"liver_disease": "acute_or_decompensated"}),
    Told("HEP-01", "compensated", [], {"liver_disease": "compensated"}),
    Told("HEP-01", "4.9 times", [], {"liver_enzymes": "4.9"}),
    Told("HEP-01", "4.999 times", [], {"liver_enzymes": "4.999"}),
    Told("HEP-01", "5 times", ["hold"], {"liver_enzymes": "5"}),
    Told("HEP-01", "5.0 times", ["hold"], {"liver_enzymes": "5.0"}),
    Told("HEP-01", "both", ["hold", "hold"], {"liver_enzymes": 50, "liver_disease": "yes"}),
    Told("HEP-02", "compensated", ["caution"], {"liver_disease": "compensated"}),
    Told("HEP-02", "none", [], {"liver_disease": "no"}),
    Told("HEP-02", "2.9 times", [], {"liver_enzymes": "2.9"}),
    Told("HEP-02", "3 times", ["caution"], {"liver_enzymes": "3"}),
    Told("HEP-02", "4.9 times", ["caution"], {"liver_enzymes": "4.9"}),
    Told("HEP-02", "5 times: HEP-01", [], {"liver_enzymes": "5"}),
    Told("HEP-02", "fatty liver", ["caution"], has("fatty liver")),
    Told("HEP-02", "near it", [], has("fatty acid oxidation disorder")),
    Told("REN-01", "mild", [], {"kidney_impairment": "mild"}),
    Told("REN-01", "moderate", ["caution"], {"kidney_impairment": "moderate"}),
    Told("REN-01", "severe", ["caution"], {"kidney_impairment": "severe"}),
    Told("REN-01", "yes", ["caution"], {"kidney_impairment": "yes"}),
    Told("PRG-01", "yes", ["hold"], {"pregnant": "yes"}),
    Told("PRG-01", "no", [], {"pregnant": "no"}),
    Told("LAC-01", "yes", ["caution"], {"breastfeeding": "yes"}),
    Told("LAC-01", "no", [], {"breastfeeding": "no"}),
    Told("PED-01", "0", ["hold"], {"age_years": 0}),
    Told("PED-01", "17", ["hold"], {"age_years": 17}),
    Told("PED-01", "18", [], {"age_years": 18}),
    Told("PSY-01", "yes", ["caution"], {"suicidal_ideation": "yes"}),
    Told("PSY-01", "no", [], {"suicidal_ideation": "no"}),
    Told("PSY-01", "history", ["caution"], has("history of depression")),
    Told("PSY-01", "near it", [], has("ST segment depression")),
]

# --- medicines, conditions, excipients ---

TOGETHER = [
    *(
        Told("INT-01", name, ["caution"], takes(name))
        for name in (
            "thioridazine",
            "yohimbine",
            "disulfiram",
            "bremelanotide",
            "venlafaxine",
            "azathioprine",
            "ciclosporin",
            "tacrolimus",
            "mycophenolate mofetil",
            "sirolimus",
        )
    ),
    *(
        Told("INT-01", f"near: {name}", [], takes(name))
        for name in (
            "chlorpromazine",
            "sildenafil",
            "acamprosate",
            "desvenlafaxine",
            "prednisolone",
            "pimecrolimus",
            "ketoconazole",
            "doxycycline",
        )
    ),
    Told("INT-01", "alcohol", ["caution"], {"alcohol": "yes"}),
    Told("INT-01", "no alcohol", [], {"alcohol": "no"}),
    Told("INT-01", "alcohol dependence", ["caution"], has("alcohol dependence")),
    Told("INT-01", "a transplant", ["caution"], has("kidney transplant")),
    Told("INT-01", "near it", [], has("hair transplant")),
    Told("INT-02", "lofexidine", ["caution"], takes("lofexidine")),
    Told("INT-02", "clonidine", [], takes("clonidine")),
    *(
        Told("INT-03", name, ["info"], takes(name))
        for name in (
            "acamprosate",
            "diazepam",
            "zopiclone",
            "sertraline",
            "amitriptyline",
            "diphenhydramine",
        )
    ),
    *(
        Told("INT-03", name, [], takes(name))
        for name in ("cetirizine", "loratadine", "acetaminophen", "lisinopril")
    ),
    *(Told("THY-01", name, ["caution"], takes(name)) for name in ("levothyroxine", "liothyronine")),
    Told("THY-01", "underactive", ["caution"], has("Hashimoto's disease")),
    Told("THY-01", "carbimazole", [], takes("carbimazole")),
    Told("THY-01", "a nodule", [], has("thyroid nodule")),
    Told(
        "THY-01",
        "0.5 mg, 14 days",
        ["caution"],
        takes("levothyroxine"),
        steps("0.5 mg x 14", "1 mg"),
    ),
    Told(
        "THY-01", "0.75 mg", ["caution"] * 2, takes("levothyroxine"), steps("0.75 mg x 14", "1 mg")
    ),
    Told(
        "THY-01", "13 days", ["caution"] * 2, takes("levothyroxine"), steps("0.5 mg x 13", "1 mg")
    ),
    Told("THY-01", "both", ["caution"] * 3, has("hypothyroidism"), steps("0.75 mg x 13", "1 mg")),
    Told(
        "THY-01",
        "13 days on the second step",
        ["caution"] * 2,
        takes("levothyroxine"),
        steps("0.5 mg x 14", "0.75 mg x 13", "1 mg"),
    ),
    Told(
        "THY-01",
        "a last step of 13 days",
        ["caution"],
        takes("levothyroxine"),
        steps("0.5 mg x 14", "1 mg x 13"),
    ),
    Told("THY-01", "no thyroid", [], {}, steps("4.5 mg x 1", "6 mg")),
    *(
        Told("THY-02", name, ["caution"], takes(name))
        for name in ("methimazole", "carbimazole", "propylthiouracil")
    ),
    Told("THY-02", "overactive", ["caution"], has("Graves' disease")),
    Told("THY-02", "levothyroxine", [], takes("levothyroxine")),
    Told("THY-02", "metronidazole", [], takes("metronidazole")),
    *(
        Told("DM-01", name, ["info"], takes(name))
        for name in ("metformin", "insulin glargine", "gliclazide")
    ),
    Told("DM-01", "diabetes", ["info"], has("type 2 diabetes")),
    Told("DM-01", "glucose", [], takes("glucose")),
    Told("DM-01", "diabetes insipidus", [], has("diabetes insipidus")),
    Told("EXC-01", "no preparation yet", ["caution"], INTOLERANT),
    Told("EXC-01", "filler unknown", ["caution"], INTOLERANT, None, CAPSULES),
    Told(
        "EXC-01",
        "lactose",
        ["caution"],
        INTOLERANT,
        None,
        {**CAPSULES, "filler": "Lactose monohydrate"},
    ),
    Told(
        "EXC-01",
        "cellulose",
        [],
        INTOLERANT,
        None,
        {**CAPSULES, "filler": "microcrystalline cellulose"},
    ),
    Told("EXC-01", "tablets", ["caution"], INTOLERANT, None, TABLETS),
    Told("EXC-01", "drops of a tablet", ["caution"], INTOLERANT, None, {**DROPS, **FROM_TABLETS}),
    Told(
        "EXC-01", "drops of a pharmacy", [], INTOLERANT, None, {**DROPS, "concentration": "5 mg/mL"}
    ),
    Told(
        "EXC-01",
        "solution of a tablet",
        ["caution"],
        INTOLERANT,
        None,
        {**SOLUTION, **FROM_TABLETS},
    ),
    Told(
        "EXC-01",
        "solution of a pharmacy",
        [],
        INTOLERANT,
        None,
        {**SOLUTION, "concentration": "1 mg/mL"},
    ),
    Told(
        "EXC-01",
        "tolerant",
        [],
        {"lactose_intolerance": "no"},
        None,
        {**CAPSULES, "filler": "lactose"},
    ),
    Told("EXC-01", "listed", ["caution"], has("lactose intolerance"), None, CAPSULES),
    Told("EXC-01", "another allergy", [], has("cow's milk allergy"), None, CAPSULES),
    Told(
        "EXC-01",
        "calcium carbonate",
        ["caution"],
        {},
        None,
        {**CAPSULES, "filler": "Calcium Carbonate"},
    ),
    Told("EXC-01", "calcium phosphate", [], {}, None, {**CAPSULES, "filler": "calcium phosphate"}),
    Told("EXC-01", "slow", ["caution"], {}, None, {**CAPSULES, "release": "slow"}),
    Told("EXC-01", "immediate", [], {}, None, {**CAPSULES, "release": "immediate"}),
    Told(
        "EXC-01",
        "all three",
        ["caution"] * 3,
        INTOLERANT,
        None,
        {**CAPSULES, "release": "slow", "filler": "lactose and calcium carbonate"},
    ),
]

# --- planned opioids and restarts ---

AROUND = [
    Told("SUR-01", "on the start", ["hold"], planned("2027-01-04")),
    Told("SUR-01", "3 days after it", ["hold"], planned("2027-01-07")),
    Told("SUR-01", "4 days after it", ["caution"], planned("2027-01-08")),
    Told("SUR-01", "none", [], {"planned_opioid": []}),
    Told("SUR-01", "13 days ago", ["insufficient"], planned("2026-12-21")),
    Told("SUR-01", "14 days ago", [], planned("2026-12-20")),
    Told("SUR-01", "until 13 days ago", ["insufficient"], planned("2026-12-01", "2026-12-21")),
    Told(
        "SUR-01",
        "a depot, 29 days",
        ["caution", "hold"],
        planned("2027-02-01") | earlier("2027-01-03", form="depot"),
    ),
    Told(
        "SUR-01",
        "a depot, 30 whole days",
        ["caution"],
        planned("2027-02-03") | earlier("2027-01-03", form="depot"),
    ),
    Told(
        "SUR-01",
        "a depot the day before",
        ["hold", "hold"],
        planned("2027-01-04") | earlier("2027-01-03", form="depot"),
    ),
    Told(
        "SUR-01",
        "oral, 29 days",
        ["caution"],
        planned("2027-02-01") | earlier("2027-01-03", form="oral"),
    ),
    Told("RST-01", "never before", [], {}),
    Told("RST-01", "yesterday", ["info"], earlier("2027-01-03")),
    Told("RST-01", "14 days missed", ["info"], earlier("2026-12-20")),
    Told("RST-01", "15 days missed", ["caution"], earlier("2026-12-19")),
    Told("RST-01", "on the start", ["insufficient"], earlier("2027-01-04")),
    Told("RST-01", "the same dose", ["info"], earlier("2026-12-20", dose="3 mg"), steps("3 mg")),
    Told("RST-01", "above it", ["caution"], earlier("2026-12-20", dose="3 mg"), steps("3.1 mg")),
    Told(
        "RST-01", "kratom, 6 days", ["stop"], took("kratom", "2026-12-28") | earlier("2026-12-20")
    ),
    Told(
        "RST-01", "kratom, 7 days", ["hold"], took("kratom", "2026-12-27") | earlier("2026-12-20")
    ),
    Told(
        "RST-01", "kratom, 10 days", ["info"], took("kratom", "2026-12-24") | earlier("2026-12-20")
    ),
    Told(
        "RST-01",
        "kratom, 15 missed",
        ["caution"],
        took("kratom", "2026-12-24") | earlier("2026-12-19"),
    ),
    Told("RST-01", "no date", ["insufficient"], took("methadone") | earlier("2026-12-20")),
    Told("RST-01", "on the list", ["stop"], takes("codeine") | earlier("2026-12-20")),
]

# --- doses ---

DOSES = [
    Told("DOS-01", "4.5 mg", [], {}, steps("4.5 mg")),
    Told("DOS-01", "4.75 mg", ["caution"], {}, steps("4.75 mg")),
    Told("DOS-01", "6 mg", ["caution"], {}, steps("6 mg")),
    Told("DOS-01", "6.25 mg", ["stop"], {}, steps("6.25 mg")),
    Told("DOS-01", "45 mg", ["stop"], {}, steps("45 mg")),
    Told("DOS-01", "1 mcg", [], {}, steps("1 mcg")),
    Told("DOS-01", "999 ng", ["stop"], {}, steps("999 ng")),
    Told("DOS-01", "both ends", ["stop", "stop"], {}, steps("999 ng x 7", "6.25 mg")),
    Told("DOS-01", "50 mg, licensed", ["caution"], {}, steps("50 mg", band="standard")),
    Told("DOS-01", "100 mg, licensed", ["caution"], {}, steps("100 mg", band="standard")),
    Told("DOS-01", "101 mg, licensed", ["stop"], {}, steps("101 mg", band="standard")),
    Told("DOS-02", "3 mg first", [], {}, steps("3 mg")),
    Told("DOS-02", "3.25 mg first", ["info"], {}, steps("3.25 mg")),
    Told("DOS-02", "1.5 mg more", [], {}, steps("1.5 mg x 7", "3 mg")),
    Told("DOS-02", "1.75 mg more", ["info"], {}, steps("1.5 mg x 7", "3.25 mg")),
    Told("DOS-02", "1.75 mg less", [], {}, steps("3 mg x 7", "1.25 mg")),
    Told("DOS-02", "7 days", [], {}, steps("1 mg x 7", "2 mg")),
    Told("DOS-02", "6 days", ["info"], {}, steps("1 mg x 6", "2 mg")),
    Told("DOS-02", "6 days at last", [], {}, steps("1 mg x 7", "2 mg x 6")),
    Told("DOS-02", "all three", ["info"] * 3, {}, steps("3.25 mg x 6", "5 mg")),
    Told("DOS-02", "licensed", [], {}, steps("25 mg x 1", "50 mg", band="standard")),
    Told(
        "PRO-01",
        "a protocol",
        ["info"],
        {},
        {**steps("1.5 mg x 14", "3 mg"), "protocol": "brief_004_standard"},
    ),
    Told("PRO-01", "the same steps", [], {}, steps("1.5 mg x 14", "3 mg")),
]

# --- what is not known ---

UNKNOWN = [
    Told("FACT-01", "one", ["insufficient"], {"pregnant": "unknown"}),
    Told(
        "FACT-01",
        "three",
        ["insufficient"] * 3,
        {"age_years": None, "assessed_by": None, "conditions": None},
    ),
    Told("FACT-01", "none", [], {}),
    Told("FACT-02", "90 days", [], {"assessed_on": "2026-10-06"}),
    Told("FACT-02", "91 days", ["info"], {"assessed_on": "2026-10-05"}),
    Told("FACT-02", "on the start", [], {"assessed_on": "2027-01-04"}),
    Told("FACT-02", "after the start", ["info"], {"assessed_on": "2027-01-05"}),
    Told("MED-01", "an invented one", ["insufficient"], takes("zzyzx")),
    Told("MED-01", "checked", ["caution"], takes("zzyzx", unrecognised_medicines_checked="yes")),
    Told("MED-01", "a code", ["insufficient"], {"medications": [{"rxcui": "1"}]}),
    Told("MED-01", "aspirin", [], takes("aspirin")),
    Told("MED-02", "hidden", ["insufficient"], takes("zzyzx with codeine")),
    Told(
        "MED-02",
        "checked",
        ["insufficient"],
        takes("zzyzx with codeine", unrecognised_medicines_checked="yes"),
    ),
    Told("MED-02", "codeine alone", [], takes("codeine 30 mg")),
    Told("MED-02", "near codeine", [], takes("zzyzx with codein")),
    Told("CON-01", "asthma", ["caution"], has("asthma")),
    Told("CON-01", "read by a rule", [], has("type 2 diabetes", "depression")),
    *(
        Told("CON-02", f"{name}, {said}", says, has(name, **{fact: said}))
        for name, fact in (
            ("opioid use disorder", "opioid_dependence"),
            ("opioid withdrawal", "acute_withdrawal"),
            ("pregnancy", "pregnant"),
            ("liver failure", "liver_disease"),
            ("decompensated cirrhosis", "liver_disease"),
            ("compensated cirrhosis", "liver_disease"),
            ("dialysis", "kidney_impairment"),
            ("lactose intolerance", "lactose_intolerance"),
        )
        for said, says in (("no", ["insufficient"]), ("yes", []), ("unknown", []))
    ),
    Told("CON-02", "not denied", [], has("type 2 diabetes", "depression", "asthma")),
]

CASES: list[Told] = [*OPIOIDS, *STATE, *TOGETHER, *AROUND, *DOSES, *UNKNOWN]


def findings_of(code: str, screening: Screening) -> list[str]:
    order = ["info", "caution", "insufficient", "hold", "stop"]
    found = [str(f.severity) for f in screening.findings if f.code == code]
    return sorted(found, key=order.index)


@pytest.mark.parametrize("place", range(len(CASES)), ids=lambda n: f"{CASES[n][0]} {CASES[n][1]}")
def test_a_rule_says_what_its_limit_asks_for_on_both_sides_of_it(place: int) -> None:
    """facts.md 11: the code, and how severe; W11: no rule is silent, none cries wolf."""
    told, screening = CASES[place], answer(place)
    assert findings_of(told.code, screening) == told.says
    worst = max((Verdict(s) for s in told.says if s != "info"), default=Verdict.CLEAR)
    assert screening.verdict >= worst


# --- dated notes ---


class Dated(NamedTuple):
    """A patient and a plan, and the days that one rule dates, as "from" or "from until"."""

    code: str
    what: str
    on: list[str]
    facts: Mapping[str, Any] = NOTHING
    regimen: dict[str, Any] | None = None
    preparation: dict[str, Any] | None = None
    days: int | None = None
    start: str = "2027-01-04"


TITRATED = steps("1.5 mg x 14", "3 mg x 13", "4.5 mg")
KEEPS = {**DROPS, "concentration": "5 mg/mL", "beyond_use_days": 14}
DATED = [
    # Three months after the first day of the last step; the last of a month that is shorter.
    Dated("MON-01", "one step", ["2027-04-04"], {}, steps("1.5 mg")),
    Dated("MON-01", "31 January and 3 months", ["2027-04-30"], {}, TITRATED),
    Dated(
        "MON-01", "30 November and 3 months", ["2027-02-28"], {}, steps("1 mg"), start="2026-11-30"
    ),
    Dated("MON-01", "into a leap day", ["2028-02-29"], {}, steps("1 mg"), start="2027-11-30"),
    Dated("MON-01", "from a leap day", ["2028-05-29"], {}, steps("1 mg"), start="2028-02-29"),
    Dated("MON-01", "a last step that ends", ["2027-04-18"], {}, steps("1 mg x 14", "2 mg x 400")),
    Dated("MON-01", "no regimen", []),
    Dated("MON-01", "ends before the last step", [], {}, steps("1 mg x 14", "2 mg"), days=14),
    Dated(
        "MON-01", "ends on its first day", ["2027-04-18"], {}, steps("1 mg x 14", "2 mg"), days=15
    ),
    # Before the start, and three months after it.
    Dated("MON-02", "anybody", ["2027-01-04", "2027-04-04"]),
    Dated("MON-02", "31 January", ["2027-01-31", "2027-04-30"], start="2027-01-31"),
    Dated("MON-02", "30 November", ["2027-11-30", "2028-02-29"], start="2027-11-30"),
    Dated("MON-02", "4,026 days to the end", ["9988-12-22", "9989-03-22"], start="9988-12-22"),
    Dated("MON-02", "4,025 days to the end", ["9988-12-23"], start="9988-12-23"),
    Dated("MON-02", "a leap day", ["2028-02-29", "2028-05-29"], start="2028-02-29"),
    # Before the start, and 4 to 8 weeks after it.
    Dated(
        "MON-03", "levothyroxine", ["2027-01-04", "2027-02-01 2027-03-01"], takes("levothyroxine")
    ),
    Dated("MON-03", "carbimazole", ["2027-01-04", "2027-02-01 2027-03-01"], takes("carbimazole")),
    Dated(
        "MON-03",
        "a disease",
        ["2028-02-01", "2028-02-29 2028-03-28"],
        has("hypothyroidism"),
        start="2028-02-01",
    ),
    Dated("MON-03", "near it", [], takes("potassium iodide")),
    Dated("MON-04", "metformin", ["2027-01-04"], takes("metformin")),
    Dated("MON-04", "diabetes", ["2027-01-04"], has("type 1 diabetes")),
    Dated("MON-04", "near it", [], has("diabetes insipidus")),
    # Three whole days without naltrexone before it; after it 10 or 14 days without opioids.
    Dated("MON-05", "unknown opioid", ["2027-02-06", "2027-02-25"], planned("2027-02-10")),
    Dated(
        "MON-05",
        "a short one",
        ["2027-02-06", "2027-02-21"],
        planned("2027-02-10", None, "remifentanil"),
    ),
    Dated(
        "MON-05",
        "a long one",
        ["2027-02-06", "2027-02-25"],
        planned("2027-02-10", None, "methadone"),
    ),
    Dated(
        "MON-05", "no form", ["2027-02-06", "2027-02-25"], planned("2027-02-10", None, "oxycodone")
    ),
    Dated(
        "MON-05",
        "until",
        ["2027-02-06", "2027-02-23"],
        planned("2027-02-10", "2027-02-12", "remifentanil"),
    ),
    Dated("MON-05", "a depot", ["2027-02-06"], planned("2027-02-10", None, "Sublocade")),
    Dated(
        "MON-05",
        "a name that nobody knows",
        ["2027-02-06", "2027-02-25"],
        planned("2027-02-10", None, "zzyzx"),
    ),
    Dated(
        "MON-05",
        "over a leap day",
        ["2028-02-26", "2028-03-12"],
        planned("2028-03-01", None, "remifentanil"),
    ),
    Dated("MON-05", "just in time", ["2027-01-04", "2027-01-23"], planned("2027-01-08")),
    Dated("MON-05", "too close", [], planned("2027-01-07")),
    Dated("MON-05", "in the past", [], planned("2026-12-01")),
    Dated("MON-05", "none", []),
    # The first bottle is discarded where the plan is longer than it keeps.
    Dated("BUD-01", "16 days of 14", ["2027-01-18"], {}, steps("1.5 mg"), KEEPS, 16),
    Dated("BUD-01", "15 days of 14", ["2027-01-18"], {}, steps("1.5 mg"), KEEPS, 15),
    Dated("BUD-01", "14 days of 14", [], {}, steps("1.5 mg"), KEEPS, 14),
    Dated("BUD-01", "28 days of 14", ["2027-01-18"], {}, steps("1.5 mg"), KEEPS),
    Dated("BUD-01", "28 days of 28", [], {}, steps("1.5 mg"), {**KEEPS, "beyond_use_days": 28}),
    Dated(
        "BUD-01",
        "28 days of 26",
        ["2027-01-30"],
        {},
        steps("1.5 mg"),
        {**KEEPS, "beyond_use_days": 26},
    ),
    Dated("BUD-01", "nobody said", [], {}, steps("1.5 mg"), {**DROPS, "concentration": "5 mg/mL"}),
]


def dated_of(told: Dated) -> list[Milestone]:
    return [
        due
        for due in screened(Told(told.code, told.what, [], *told[3:])).milestones
        if due.code == told.code and not due.every_day
    ]


@pytest.mark.parametrize("told", DATED, ids=lambda told: f"{told.code} {told.what}")
def test_a_dated_note_is_on_its_day(told: Dated) -> None:
    """facts.md 3.4, 4, 6.5, 7: days worked out by hand on a calendar."""
    spans = [" ".join(str(day) for day in (due.on, due.until) if day) for due in dated_of(told)]
    assert spans == told.on


def test_a_protocol_has_its_review_where_its_source_puts_it() -> None:
    """facts.md 0 and 11: 4.5 mg from day 29, reviewed 84 days after."""
    chosen = Regimen.from_protocol("brief_004_standard")
    (due,) = (d for d in screen(known_facts(), START, chosen).milestones if d.code == "MON-01")
    assert due.on == date(2027, 4, 26)
    assert "2027-02-01" in due.what
    assert "brief-004" in due.sources


@pytest.mark.parametrize(
    ("until", "substance", "step"),
    [
        # The last dose on 6 February; 10 days after the opioid are 14 days without naltrexone.
        (
            None,
            "remifentanil",
            "2027-02-21 if the last opioid is on 2027-02-10, then from the same step",
        ),
        (
            "2027-02-11",
            "remifentanil",
            "2027-02-22 if the last opioid is on 2027-02-11, then from the first step",
        ),
        (
            None,
            "methadone",
            "2027-02-25 if the last opioid is on 2027-02-10, then from the first step",
        ),
        (None, None, "2027-02-25 if the last opioid is on 2027-02-10, then from the first step"),
    ],
)
def test_a_restart_says_from_which_step(
    until: str | None, substance: str | None, step: str
) -> None:
    """W09, C22: after at most 14 days the same step, after more the first."""
    told = Told("SUR-01", "", [], planned("2027-02-10", until, substance))
    (finding,) = screened(told).findings
    assert f"Restart not before {step}." in finding.action


def test_a_restart_after_a_depot_opioid_has_no_day() -> None:
    """W04, W09: no interval is known for a depot."""
    (finding,) = screened(Told("SUR-01", "", [], planned("2027-02-10", None, "Sublocade"))).findings
    assert finding.action == (
        "3 whole days without naltrexone before it: last dose on 2027-02-06. "
        "Restart only after the opioid-free interval from the last opioid."
    )


@pytest.mark.parametrize("name", ["Sublocade 300 mg injection", "Brixadi 128 mg"])
def test_a_restart_after_a_depot_opioid_has_no_day_however_it_is_written(name: str) -> None:
    """W04, W09: a strength behind the name does not turn a depot into something else."""
    screening = screened(Told("SUR-01", "", [], planned("2027-02-10", None, name)))
    dates = [(str(d.on), str(d.until)) for d in screening.milestones if d.code == "MON-05"]
    assert dates == [("2027-02-06", "None"), ("2027-02-07", "2027-02-10")]


# --- all rules ---

TABLE = {
    row["code"]: row
    for row in csv.DictReader(
        (files("ldn_titration.knowledge") / "rules.csv").read_text("utf-8").splitlines()
    )
}
SCREENED = {code for code, row in TABLE.items() if row["where"] == "screening"}

# facts.md, section 11, the column "Finding".
FINDING = {
    "OPI-01": {"stop"}, "OPI-02": {"stop"}, "OPI-03": {"hold"}, "OPI-04": {"hold"},
    "OPI-05": {"insufficient"}, "OPI-06": {"stop"}, "OPI-07": {"insufficient"},
    "OPI-08": {"caution"}, "HYP-01": {"stop"}, "DUP-01": {"stop"}, "HEP-01": {"hold"},
    "HEP-02": {"caution"}, "REN-01": {"caution"}, "PRG-01": {"hold"}, "LAC-01": {"caution"},
    "PED-01": {"hold"}, "PSY-01": {"caution"}, "INT-01": {"caution"}, "INT-02": {"caution"},
    "THY-01": {"caution"}, "THY-02": {"caution"}, "DM-01": {"info"}, "EXC-01": {"caution"},
    "SUR-01": {"caution"}, "RST-01": {"stop", "hold"}, "DOS-01": {"stop", "caution"},
}  # fmt: skip


def yielded() -> dict[str, set[str]]:
    """How severe each rule was, over all cases; a dated note is for information."""
    found: dict[str, set[str]] = defaultdict(set)
    for place in range(len(CASES)):
        for finding in answer(place).findings:
            found[finding.code].add(str(finding.severity))
    for told in DATED:
        if dated_of(told):
            found[told.code].add("info")
    return found


def test_the_severities_that_a_rule_yields_are_those_of_its_row() -> None:
    """K01: what the table says of a rule is what it does; facts.md 11 says the same."""
    stated = {code: set(TABLE[code]["severities"].split(";")) for code in SCREENED}
    assert yielded() == stated
    for code, severities in FINDING.items():
        assert severities <= stated[code], code


def test_every_rule_is_tried_on_both_sides() -> None:
    """W11: each rule of the table speaks in one case here and is silent in another."""
    speaks = {c.code for c in CASES if c.says} | {d.code for d in DATED if d.on}
    silent = {c.code for c in CASES if not c.says} | {d.code for d in DATED if not d.on}
    assert speaks == SCREENED
    assert silent | {"MON-02"} == SCREENED, "MON-02 is for everybody"


def test_every_finding_and_note_cites_the_sources_of_its_rule() -> None:
    """K04: each carries what its rule rests on, and keys that exist."""
    text = (files("ldn_titration.knowledge") / "sources.csv").read_text("utf-8")
    known = {row["key"] for row in csv.DictReader(text.splitlines())}
    told: list[Any] = [f for place in range(len(CASES)) for f in answer(place).findings]
    told += [due for each in DATED for due in dated_of(each)]
    for each in told:
        assert each.sources, each
        assert set(each.sources) <= known, each


LATER = (1, 3, 4, 7, 8, 10, 11, 14, 15, 30, 31, 361, 366)


@pytest.mark.parametrize("code", sorted(SCREENED - {"SUR-01", "RST-01"}))
def test_a_later_start_is_never_worse(code: str) -> None:
    """P34: for all but what is still to come and the time since naltrexone."""
    for place, told in enumerate(CASES):
        if told.code == code and not told.facts.keys() & {"planned_opioid", "earlier_naltrexone"}:
            verdicts = [answer(place).verdict, *(screened(told, days).verdict for days in LATER)]
            assert verdicts == sorted(verdicts, reverse=True), told


# --- a condition that no fact may hide ---


@pytest.mark.parametrize(
    ("name", "facts", "least"),
    [
        ("decompensated cirrhosis", {"liver_disease": "compensated"}, Verdict.INSUFFICIENT),
        ("acute liver failure", {"liver_disease": "compensated"}, Verdict.INSUFFICIENT),
        ("dialysis", {"kidney_impairment": "mild"}, Verdict.CAUTION),
        ("ckd stage 4", {"kidney_impairment": "mild"}, Verdict.CAUTION),
    ],
)
def test_a_condition_that_is_worse_than_the_fact_beside_it_is_told(
    name: str, facts: dict[str, Any], least: Verdict
) -> None:
    """facts.md 3.1, 3.2: held in decompensated disease, cautioned in severe impairment."""
    screening = screen(known_facts(conditions=[name], **facts), START)
    assert screening.verdict >= least
    assert any(name in finding.message for finding in screening.findings)


@pytest.mark.hazard("W18")
@pytest.mark.parametrize(
    "name",
    [
        "chronic pain on oxycodone",
        "chronic pain, not better on oxycodone",
        "past oxycodone use",
        "suicidal, on dialysis, pregnant",
        "on Suboxone",
        "long-term opioid therapy",
        "heroin use",
        "pregnant 12 weeks",
        "lactating mother",
        "decompensated cirrhosis (Child-Pugh C)",
        "allergy to naltrexone",
        "dialysis three times a week",
    ],
)
def test_a_condition_in_other_words_is_asked_about(name: str) -> None:
    """CON-02: an opioid, or a word that stands against a stated fact, is never passed over."""
    found = screen(known_facts(conditions=[name]), START).findings
    assert [(f.code, str(f.severity)) for f in found] == [("CON-02", "insufficient")]
    assert name in found[0].message


@pytest.mark.hazard("W09", "W20")
def test_a_planned_opioid_blanks_the_days_around_it_and_two_near_ones_are_one() -> None:
    """W09: 1 and 10 February: last dose on 28 January, restart 15 days after the second."""
    both = [{"on": "2027-02-10", "reason": "b"}, {"on": "2027-02-01", "reason": "a"}]
    dues = screen(known_facts(planned_opioid=both), START).milestones
    dates = [(str(d.on), str(d.until), d.every_day) for d in dues if d.code == "MON-05"]
    assert dates == [
        ("2027-01-28", "None", False),
        ("2027-01-29", "2027-02-24", True),
        ("2027-02-25", "None", False),
    ]


def test_a_planned_opioid_of_the_past_hides_none_that_is_to_come() -> None:
    """W09: one asks whether it was taken, the other holds a start too close to it."""
    both = [{"on": "2026-12-27", "reason": "a"}, {"on": "2027-01-06", "reason": "b"}]
    found = screen(known_facts(planned_opioid=both), START).findings
    said = [(f.code, str(f.severity)) for f in found]
    assert said == [("SUR-01", "hold"), ("SUR-01", "insufficient")]
    far = [{"on": "9999-12-20", "reason": "a"}, {"on": "9999-12-30", "reason": "b"}]
    (last,) = screen(known_facts(planned_opioid=far), START).findings
    assert last.severity is Severity.CAUTION


@pytest.mark.hazard("W16")
@pytest.mark.parametrize(
    ("name", "release", "verdict"),
    [
        ("buprenorphine injection", "unknown", "insufficient"),
        ("morphine sulfate SR 30 mg", "immediate", "insufficient"),
        ("tramadol XL", "immediate", "insufficient"),
        ("morphine 12 hour", "immediate", "insufficient"),
        ("buprenorphine 300 mg injection", "immediate", "insufficient"),
        ("fentanyl 50 mcg/h patches", "immediate", "insufficient"),
        ("morphine sulfate 30 mg tablets", "immediate", "clear"),
        ("OxyContin 20 mg", "unknown", "hold"),
        ("nalbuphine", "unknown", "insufficient"),
        ("nalbuphine 10 mg", "unknown", "insufficient"),
    ],
)
def test_a_form_in_the_words_is_not_passed_over(name: str, release: str, verdict: str) -> None:
    """W04: 10 opioid-free days are enough for a short-acting form alone."""
    told = {"substance": name, "release": release, "last_taken": "2026-12-24"}
    facts = known_facts(opioids={"status": "known", "exposures": [told]})
    assert str(screen(facts, START).verdict) == verdict


@pytest.mark.parametrize(
    ("line", "severity"),
    [
        ("loperamide 2 mg", "caution"),
        ("loperamide 2 mg / simethicone 125 mg", "caution"),
        ("Imodium 16 mg a day", "caution"),
        ("Imodium 64 mg a day", "stop"),
    ],
)
def test_loperamide_on_the_list_is_judged_by_its_own_strength(line: str, severity: str) -> None:
    """facts.md 1.4: 16 mg a day is the label's most; simethicone's strength is not loperamide's."""
    (finding,) = screen(known_facts(medications=[line]), START).findings
    assert str(finding.severity) == severity


@pytest.mark.parametrize("name", ["past opioid use", "thyroid nodule", "hair transplant"])
def test_a_condition_that_no_rule_reads_is_for_the_prescriber(name: str) -> None:
    """CON-01: near what a rule reads, and not it."""
    (finding,) = screen(known_facts(conditions=[name]), START).findings
    assert finding.code == "CON-01"
    assert name in finding.message


@pytest.mark.parametrize("history", [{}, took("kratom", "2020-01-01")], ids=["none", "long ago"])
def test_an_opioid_that_is_said_to_be_in_use_is_never_clear(history: dict[str, Any]) -> None:
    """W01, facts.md 3.1: an opioid in use is a contraindication, named or not."""
    screening = screen(known_facts(opioid_in_use="yes", **history), START)
    assert screening.verdict >= Verdict.INSUFFICIENT


def test_a_plan_judges_its_doses_with_the_knowledge_base_of_its_screening() -> None:
    """W10: what an overlay raises stays raised."""
    site = 'schema = "ldn-titration/overlay/1"\nsite = "Example Hospital"\n'
    base = overlaid(site + '[[severity]]\ncode = "DOS-01"\nat_least = "stop"\n')
    regimen = Regimen.model_validate(steps("5 mg"))
    tablets = PREPARATION.validate_python({**TABLETS, "strengths": ["5 mg"]})
    screening = screen(known_facts(), START, regimen, tablets, base=base)
    assert schedule(regimen, tablets, START, screening=screening).status == "draft"
    with pytest.raises(InvalidInputError, match="a site's rules"):
        schedule(regimen, tablets, START, screening=screen(known_facts(), START, base=base))


def test_an_oral_start_on_top_of_a_depot_is_not_waved_through() -> None:
    """facts.md 3.3: naltrexone from elsewhere is duplicate therapy; a depot lasts 30 days."""
    told = known_facts(**earlier("2026-12-30", form="depot"))
    assert not screen(told, START).verdict.clears


@pytest.mark.parametrize(
    ("facts", "says"),
    [
        ({"other_naltrexone": "yes"}, "An opioid antagonist is taken already. Do not"),
        (takes("Vivitrol"), "An opioid antagonist is taken already: Vivitrol. Do not"),
        (
            took("naltrexone", "2026-12-04"),
            "An opioid antagonist was taken: naltrexone. More than 30 days have passed since.",
        ),
        (
            took("naltrexone", "2026-12-05"),
            "An opioid antagonist was taken: naltrexone. Ask whether it is stopped",
        ),
    ],
)
def test_another_antagonist_is_named_with_what_to_do(facts: dict[str, Any], says: str) -> None:
    """Taken now or 30 days ago, by its name where it has one."""
    found = [f for f in screen(known_facts(**facts), START).findings if f.code == "DUP-01"]
    assert [f"{each.message} {each.action}".startswith(says) for each in found] == [True]


def test_what_is_not_understood_is_named_and_nothing_else() -> None:
    """MED-01: of four lines the one that is no medicine; and the regimen, where none is given."""
    facts = known_facts(medications=["senna", "codeine 30 mg", "xyzzy", "levothyroxine"])
    screening = screen(facts, START)
    (named,) = (f.message for f in screening.findings if f.code == "MED-01")
    assert named == "Not recognised: xyzzy."
    lacking = {entry.code: entry.wanting for entry in screening.basis if entry.wanting}
    assert lacking["DOS-01"] == ("regimen",)
    assert lacking["INT-03"] == ("what xyzzy is",)


def test_a_depot_of_naltrexone_is_told_with_the_first_day_after_it() -> None:
    """Given on 20 December: 30 whole days after it end on 19 January."""
    (found,) = (
        each
        for each in screen(known_facts(**earlier("2026-12-20", form="depot")), START).findings
        if each.code == "DUP-01"
    )
    assert found.message == "The depot naltrexone of 2026-12-20 still acts."
    assert str(found.clears_on) == "2027-01-20"


@pytest.mark.parametrize(
    ("told", "longest"),
    [
        (took("xyzzy", "2026-09-01", release="immediate"), "14 opioid-free days."),
        (
            took("xyzzy", "2026-09-01", release="depot"),
            "14 opioid-free days, and for a depot none is known.",
        ),
        (took("oxycodone xyzzy", "2026-12-20"), "14 opioid-free days."),
    ],
)
def test_what_nobody_knows_is_given_the_longest_interval(
    told: dict[str, Any], longest: str
) -> None:
    """Of an opioid that is not known, or hidden among other words, any may have been taken."""
    (found,) = (f for f in screen(known_facts(**told), START).findings if f.code == "OPI-05")
    assert found.message.endswith(f"The longest interval that could apply: {longest}")


def dated_around(*told: dict[str, Any]) -> list[tuple[str, str]]:
    """The last doses and the restarts around planned opioids."""
    dues = screen(known_facts(planned_opioid=list(told)), START).milestones
    kept = {"Last dose before opioid": "last", "Earliest restart": "restart"}
    return [(kept[d.title], str(d.on)) for d in dues if d.title in kept]


@pytest.mark.hazard("W09")
def test_two_planned_opioids_are_one_where_no_dose_fits_between() -> None:
    """After 1 February the restart is on the 16th; three whole days before the 20th it stops."""
    first = {"on": "2027-02-01", "reason": "a"}
    both = dated_around(first, {"on": "2027-02-19", "reason": "b"})
    assert both == [("last", "2027-01-28"), ("restart", "2027-03-06")]
    apart = dated_around(first, {"on": "2027-02-20", "reason": "b"})
    assert apart == [
        ("last", "2027-01-28"),
        ("restart", "2027-02-16"),
        ("last", "2027-02-16"),
        ("restart", "2027-03-07"),
    ]


@pytest.mark.hazard("W09")
@pytest.mark.parametrize(
    ("substances", "restart"),
    [
        (("remifentanil", "remifentanil"), "2027-02-16"),
        (("remifentanil", "methadone"), "2027-02-20"),
        (("remifentanil", None), "2027-02-20"),
        ((None, "naloxone"), "2027-02-20"),
    ],
)
def test_the_longest_interval_counts_after_two_substances(
    substances: tuple[str | None, str | None], restart: str
) -> None:
    """From 5 February 10 days of remifentanil, 14 where it is not sure which was the last."""
    days = ("2027-02-01", "2027-02-05")
    told = [
        {"on": on, "reason": "r" * 150} | ({"substance": substance} if substance else {})
        for on, substance in zip(days, substances, strict=True)
    ]
    assert dated_around(*told) == [("last", "2027-01-28"), ("restart", restart)]


def test_an_opioid_planned_for_the_start_takes_the_next_one_with_it() -> None:
    """W09: one of 4 and one of 10 January, told in one finding."""
    both = [{"on": "2027-01-04", "reason": "a"}, {"on": "2027-01-10", "reason": "b"}]
    (found,) = screen(known_facts(planned_opioid=both), START).findings
    assert found.message == "An opioid is planned for 2027-01-04 (a, then b)."
    assert "Restart not before 2027-01-25 if the last opioid is on 2027-01-10." in found.action


def test_a_planned_antagonist_is_no_opioid_of_a_shorter_interval() -> None:
    """Naloxone has no interval, so the longest is waited for."""
    told = {"on": "2027-02-10", "reason": "a", "substance": "naloxone"}
    assert dated_around(told) == [("last", "2027-02-06"), ("restart", "2027-02-25")]


@pytest.mark.parametrize(
    ("others", "clears"),
    [([], "2027-01-12"), ([{"substance": "xyzzy", "last_taken": "2027-01-01"}], "None")],
)
def test_a_restart_clears_where_every_interval_does(
    others: list[dict[str, str]], clears: str
) -> None:
    """Oxycodone of 1 January and 10 days; beside an opioid that nobody knows no day is known."""
    oxycodone = {"substance": "oxycodone", "release": "immediate", "last_taken": "2027-01-01"}
    opioids = {"status": "known", "exposures": [oxycodone, *others]}
    facts = known_facts(opioids=opioids, **earlier("2026-12-01"))
    (found,) = (f for f in screen(facts, START).findings if f.code == "RST-01")
    assert str(found.clears_on) == clears


def messages(code: str, start: date | str = START, **facts: Any) -> list[str]:
    found = screen(known_facts(**facts), start).findings
    return [f.message for f in found if f.code == code]


@pytest.mark.parametrize(
    ("told", "says"),
    [
        (
            took("remifentanil", "2027-01-01"),
            "remifentanil: 2 opioid-free days before the start; 7 to 10 are asked for.",
        ),
        (
            took("levacetylmethadol", "2026-12-30"),
            "levacetylmethadol: 4 opioid-free days before the start; 14 are asked for.",
        ),
        (
            took("oxycodone", "2027-01-01"),
            "oxycodone: 2 opioid-free days before the start; 7 to 14 are asked for.",
        ),
    ],
)
def test_an_interval_is_told_from_its_shortest_to_its_longest(
    told: dict[str, Any], says: str
) -> None:
    """One figure where both are alike; of a form that is not known the widest."""
    assert messages("OPI-02", **told) == [says]


def test_an_opioid_that_only_warns_is_told_by_no_other_rule() -> None:
    """Loperamide 4 days before: its window begins at no day, so nothing is held for it."""
    found = screen(known_facts(**took("loperamide", "2026-12-30")), START).findings
    assert [f.code for f in found] == ["OPI-08"]


def test_an_interval_may_end_on_the_last_day_there_is() -> None:
    """Remifentanil on 20 December 9999: it clears on the 31st; a day later there is no such day."""
    start = date(9999, 12, 25)
    for last, clears in (("9999-12-20", "9999-12-31"), ("9999-12-21", "None")):
        found = screen(known_facts(**took("remifentanil", last)), start).findings
        assert {str(f.clears_on) for f in found if f.code == "OPI-02"} == {clears}


@pytest.mark.parametrize(
    ("on", "told", "worth"),
    [
        ("2027-01-05", {}, "it is dated after the start"),
        ("2027-01-04", {}, "it supports a start"),
        ("2026-12-01", took("remifentanil", "2026-12-01"), "it was done before the last opioid"),
        ("2026-12-02", took("remifentanil", "2026-12-01"), "it supports a start"),
        ("2026-12-01", took("naloxone", "2026-12-20"), "it supports a start"),
        ("2026-12-01", took("remifentanil"), "it may have been done before the last opioid"),
    ],
)
def test_what_a_negative_test_is_worth(on: str, told: dict[str, Any], worth: str) -> None:
    """TST-01: nothing after the start or before the last opioid, naloxone being none."""
    (message,) = messages("TST-01", urine_opioid_screen={"result": "negative", "on": on}, **told)
    assert message == (f"The urine opioid screen of {on} is negative: {worth} and clears nothing.")
