"""P62: what was planned with an old version and its knowledge base is still what comes out."""

from __future__ import annotations

import json
import tarfile
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conftest import ROOT
from ldn_titration import Plan, Screening, Verdict
from ldn_titration.intake.plan import read_plan
from ldn_titration.knowledge import Knowledge, digest_of, knowledge
from ldn_titration.request import PlanRequest, read_request
from people import OVERLAYS, Person, base_of, people, verdict_owed

RELEASED = sorted((ROOT / "tests" / "data" / "released").glob("*.tar.xz"))


class Kept:
    """The archive of one version: its plans, and the knowledge bases they were made with."""

    def __init__(self, version: str) -> None:
        path = ROOT / "tests" / "data" / "released" / f"{version}.tar.xz"
        with tarfile.open(path) as archive:
            files = {told: archive.extractfile(told) for told in archive.getmembers()}
            self.files = {told.name: file.read() for told, file in files.items() if file}
        versions = json.loads(self.files["versions.json"])
        self.bases = {where: self._base(where, versions[where]) for where in versions}

    def _base(self, where: str, version: str) -> Knowledge:
        tables = {
            name.removeprefix(f"{where}/").removesuffix(".csv"): data
            for name, data in self.files.items()
            if name.startswith(f"{where}/") and name.endswith(".csv")
        }
        return Knowledge(tables, version=version)


kept = cache(Kept)
VERSIONS = [path.name.removesuffix(".tar.xz") for path in RELEASED]
PLANS = [
    (version, name.removesuffix(".plan"))
    for version in VERSIONS
    for name in kept(version).files
    if name.endswith(".plan")
]


def test_a_released_version_is_kept() -> None:
    """P62: with a plan of each verdict, some with FHIR."""
    assert len(VERSIONS) > 0
    told = [json.loads(kept(version).files[f"{name}.plan"]) for version, name in PLANS]
    assert {plan["screening"]["verdict"] for plan in told} == {str(verdict) for verdict in Verdict}
    assert any(plan["overrides"] and plan["status"] == "cleared" for plan in told)
    assert sum(f"{name}.fhir" in kept(version).files for version, name in PLANS) > 10


def said(screening: dict[str, Any]) -> dict[str, Any]:
    """What must stay of a screening, its words apart."""
    names = ("verdict", "not_before", "missing", "start", "knowledge")
    found = [(f["code"], f["severity"], f["clears_on"]) for f in screening["findings"]]
    overrides = [(each["code"], each["by"], each["on"]) for each in screening["overrides"]]
    told = {name: screening[name] for name in names}
    return {**told, "found": found, "overrides": overrides}


def rows_of(days: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    return [(day["date"], day["step"], day["dose"], day["units"]) for day in days]


def rows(plan: Plan) -> list[tuple[Any, ...]]:
    return [
        (
            str(day.date),
            day.step,
            None if day.dose is None else str(day.dose),
            {} if day.reading is None else day.reading.units,
        )
        for day in plan
    ]


@pytest.mark.parametrize(("version", "name"), PLANS, ids=lambda part: str(part).replace("/", "-"))
@pytest.mark.hazard("K02")
def test_p62_an_old_plan_replays_with_its_knowledge_base(version: str, name: str) -> None:
    """P62 old plan + old knowledge base replays to the same verdict: and to the same rows."""
    old = kept(version)
    then, base = json.loads(old.files[f"{name}.plan"]), old.bases[name.partition("/")[0]]
    assert base.sha256 == digest_of(base.tables) == then["screening"]["knowledge"]["sha256"]
    plan = read_request(old.files[f"{name}.request"]).plan(base)
    assert said(json.loads(plan.screening.model_dump_json())) == said(then["screening"])
    outcomes = {each.code: each.outcome.value for each in plan.screening.basis}
    assert {each["code"]: each["outcome"] for each in then["screening"]["basis"]}.items() <= (
        outcomes.items()
    )
    assert (plan.status, rows(plan)) == (then["status"], rows_of(then["days"]))
    back = read_plan(old.files[f"{name}.fhir"], base=base)
    assert rows(back) == rows_of(then["days"])


@cache
def read_again(name: str) -> Knowledge:
    """A knowledge base read again from the bytes of its tables, as an archive keeps them."""
    base = base_of(name)
    return Knowledge(base.tables, version=base.version)


@given(people(), st.sampled_from(["shipped", *OVERLAYS]), st.sampled_from(["shipped", *OVERLAYS]))
def test_p62_a_screening_replays_with_the_tables_it_names(
    person: Person, name: str, other: str
) -> None:
    """P62 old plan + old knowledge base replays to the same verdict: whatever base is today's."""
    then = person.screened(base_of(name))
    stored = then.model_dump_json()
    today = person.screened(base_of(other))
    told = Screening.model_validate_json(stored)
    found = next(n for n in ("shipped", *OVERLAYS) if base_of(n).sha256 == told.knowledge.sha256)
    assert found == name
    again = person.screened(read_again(found))
    assert again == then == told
    assert (today.digest == then.digest) is (name == other)
    if name == "shipped":
        assert str(told.verdict) == verdict_owed(person)


@given(people(), st.sampled_from(VERSIONS))
def test_p62_an_old_knowledge_base_judges_anybody_by_its_own_figures(
    person: Person, version: str
) -> None:
    """P62 old plan + old knowledge base replays to the same verdict: as the oracle says it."""
    base = kept(version).bases["shipped"]
    screening = person.screened(base)
    assert screening.knowledge.sha256 == base.sha256
    assert screening == person.screened() or base.sha256 != knowledge().sha256
    request = {**REQUEST, "patient": json.loads(person.facts.model_dump_json(exclude_none=True))}
    asked: PlanRequest = read_request(json.dumps({**request, "start": str(person.start)}))
    assert asked.screening(base) == asked.screening(base)


REQUEST = json.loads((ROOT / "examples" / "drops-18-weeks.json").read_text())
