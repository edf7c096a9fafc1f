"""The plan as FHIR R4: a medication request with one dosage a step, and what was found.

It is a proposal, never an order: ``status`` is always ``draft`` and ``intent`` ``proposal``.
What the plan is made from goes with it, so that it can be read back as the same plan. Of a
plan with a switch, each preparation has a request of its own.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from typing import Annotated, Literal

from pydantic import Field

from ldn_titration.days import PlanStep, phases
from ldn_titration.diary import Diary
from ldn_titration.errors import InvalidInputError, Problem
from ldn_titration.export.dosages import amount, counted, dosages, is_decimal
from ldn_titration.fhir.datatypes import (
    Annotation,
    CodeableConcept,
    Coding,
    Extension,
    Period,
    Quantity,
    Reference,
)
from ldn_titration.fhir.json import fhir_json
from ldn_titration.fhir.resources import (
    Bundle,
    DetectedIssue,
    DispenseRequest,
    Entry,
    Evidence,
    MedicationRequest,
    Mitigation,
    Resource,
)
from ldn_titration.fills import Counts
from ldn_titration.findings import Finding, Severity
from ldn_titration.knowledge import knowledge
from ldn_titration.plan import DRUG, Plan
from ldn_titration.preparation import AnyPreparation, Drops, Preparation
from ldn_titration.quantities import Mass, Volume
from ldn_titration.regimen import MAX_DAYS, Regimen
from ldn_titration.supply import PreparationSupply, supply
from ldn_titration.values import PlainDate, Value
from ldn_titration.words import NOT_REVIEWED, override_words, preparation_words, verdict_line

__all__ = ["PLAN_SOURCE", "PlanSource", "plan_bundle", "plan_fhir", "plan_requests"]

PLAN_SOURCE = "urn:ldn-titration:plan-source"
"""The extension that holds what a plan is made from, as JSON."""

_STRENGTH, _FINDING = "urn:ldn-titration:strength", "urn:ldn-titration:finding"
_RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
_PATIENT = Reference(display="The patient of this plan, not named here")


class PlanSource(Value):
    """What a plan is made from: with it the same plan is made again, a draft until screened."""

    start: PlainDate
    length_days: Annotated[int, Field(ge=1, le=MAX_DAYS)] | None = None
    regimen: Regimen
    preparation: AnyPreparation
    diary: Diary = ()


def plan_fhir(plan: Plan, *, patient: str | None = None) -> str:
    """The plan as the JSON text of a FHIR R4 Bundle.

    ``patient`` is a reference such as ``urn:uuid:...`` or ``Patient/123``; without it nobody
    is named. Raises InvalidInputError for a dose that no decimal number holds exactly, and
    for a plan without a dose.

    >>> from ldn_titration import Capsules, Regimen, schedule
    >>> plan = schedule(Regimen(steps=[{"dose": "1.5 mg", "days": 7}]),
    ...                 Capsules(strengths=["1.5 mg"]), "2027-01-04")
    >>> bundle = plan_bundle(plan)
    >>> bundle.entry[0].resource.dosage_instruction[0].text
    'Take 1 capsule of 1.5 mg (1.5 mg) once a day, from 2027-01-04 to 2027-01-10'
    """
    return fhir_json(plan_bundle(plan, patient=patient))


def plan_bundle(plan: Plan, *, patient: str | None = None) -> Bundle:
    """The plan as a Bundle: its medication requests, then an issue for each finding."""
    subject = Reference(reference=patient) if patient else _PATIENT
    requests = plan_requests(plan, subject)
    names = tuple(Reference(reference=f"urn:uuid:{request.id}") for request in requests)
    places = range(len(plan.screening.findings))
    made_from = _made_from(plan, subject)
    issues = tuple(_issue(plan, place, subject, names, made_from) for place in places)
    known = tuple(Reference(reference=f"urn:uuid:{issue.id}") for issue in issues)
    proposed = (each.model_copy(update={"detected_issue": known}) for each in requests)
    resources: Iterable[Resource] = (*proposed, *issues)
    entries = (Entry(full_url=f"urn:uuid:{each.id}", resource=each) for each in resources)
    return Bundle(id=_id(made_from, "bundle"), entry=tuple(entries))


def plan_requests(plan: Plan, subject: Reference = _PATIENT) -> tuple[MedicationRequest, ...]:
    """A medication request for each preparation of a plan, in the order of their days."""
    source = PlanSource(
        start=plan.start,
        length_days=plan.length_days,
        regimen=plan.regimen,
        preparation=plan.preparation,
        diary=plan.diary,
    ).model_dump_json(by_alias=True, exclude_none=True)
    parts = (steps for steps in phases(plan.steps) if any(s.dose_days for s in steps))
    needed = {part.first: part for part in _supplied(plan)}
    if not any(step.dose_days for step in plan.steps):
        raise InvalidInputError([Problem("plan", "has no day with a dose: nothing to propose")])
    made_from = _made_from(plan, subject)
    return tuple(
        MedicationRequest(
            id=_id(made_from, f"request {number}"),
            extension=(Extension(url=PLAN_SOURCE, value_string=source),),
            medication_codeable_concept=_medication(steps),
            subject=subject,
            note=tuple(Annotation(text=words) for words in _notes(plan)),
            dosage_instruction=tuple(dosages(steps)),
            dispense_request=_dispense(needed[steps[0].first], steps) if needed else None,
        )
        for number, steps in enumerate(parts, 1)
    )


def _made_from(plan: Plan, subject: Reference) -> str:
    """What a plan is made from and for: its identifiers come from that, and so stay the same."""
    made_from = plan.regimen.model_dump_json(), plan.preparation.model_dump_json(), str(plan.start)
    return "\n".join((*made_from, subject.reference) if subject.reference else made_from)


def _id(made_from: str, what: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_OID, f"{made_from}\n{what}"))


def _medication(steps: Sequence[PlanStep]) -> CodeableConcept:
    row = knowledge().named("naltrexone")[0]
    coding = Coding(system=_RXNORM, code=row.rxcui, display=row.name)
    return CodeableConcept(
        coding=(coding,), text=f"{DRUG}: {preparation_words(steps[0].preparation)}"
    )


def _notes(plan: Plan) -> Iterator[str]:
    known = plan.screening.knowledge
    yield f"Plan: {plan.status}. Screening: {verdict_line(plan.screening)}."
    yield from override_words(plan.screening)
    yield f"Doses are of {DRUG}."
    yield f"Knowledge base {known.version}, sha256 {known.sha256}. {NOT_REVIEWED}"


# --- supply ---------------------------------------------------------------------------


def _supplied(plan: Plan) -> tuple[PreparationSupply, ...]:
    """The supply of each preparation; nothing where it cannot be worked out."""
    try:
        return supply(plan).parts
    except InvalidInputError:
        return ()


def _dispense(part: PreparationSupply, steps: Sequence[PlanStep]) -> DispenseRequest | None:
    """What to supply of a preparation: a bottle and how many more, or all pieces at once.

    It is for the days of the steps with a dose. Nothing where it is a volume that is no
    decimal number and no whole drops either.
    """
    taken = [step for step in steps if step.dose_days]
    days = Period(start=taken[0].first, end=taken[-1].last)
    lasts = counted(sum(step.days for step in taken), "day")
    dispense, quantity = part.dispense, part.dispense.quantity
    if isinstance(quantity, tuple):
        return _pieces(part.preparation.form.removesuffix("s"), quantity, days, lasts)
    size = getattr(part.preparation, "bottle_volume", None)
    if size is None or not dispense.refills:
        whole = _liquid(part.preparation, quantity)
        return _at_once(whole, days, lasts) if whole else None
    bottle = _liquid(part.preparation, size)
    if bottle is None:
        return None
    return DispenseRequest(
        validity_period=days, number_of_repeats_allowed=dispense.refills, quantity=bottle
    )


def _liquid(preparation: Preparation, volume: Volume) -> Quantity | None:
    """A volume; of drops as their number, where it is no decimal number."""
    if is_decimal(volume):
        return amount(volume)
    drops = volume * preparation.drops_per_mL if isinstance(preparation, Drops) else None
    return counted(drops, "drop") if drops and drops.denominator == 1 else None


def _pieces(noun: str, counts: Counts, days: Period, lasts: Quantity) -> DispenseRequest:
    """All capsules or tablets of a plan; each strength on its own beside them."""
    each = (
        Extension(url=_STRENGTH, value_quantity=_of_strength(strength, noun, count))
        for strength, count in counts
    )
    whole = counted(sum(count for _, count in counts), noun)
    return _at_once(whole, days, lasts).model_copy(update={"extension": tuple(each)})


def _of_strength(strength: Mass, noun: str, count: Fraction) -> Quantity:
    plain = counted(count, noun)
    return Quantity(value=plain.value, unit=f"{plain.unit} of {strength}", code=plain.code)


def _at_once(quantity: Quantity, days: Period, lasts: Quantity) -> DispenseRequest:
    return DispenseRequest(
        validity_period=days,
        number_of_repeats_allowed=0,
        quantity=quantity,
        expected_supply_duration=lasts,
    )


# --- findings -------------------------------------------------------------------------

_SEVERITY: dict[Severity, Literal["high", "moderate", "low"]] = {
    Severity.STOP: "high",
    Severity.HOLD: "high",
    Severity.INSUFFICIENT: "high",
    Severity.CAUTION: "moderate",
    Severity.INFO: "low",
}


def _issue(
    plan: Plan, place: int, subject: Reference, requests: tuple[Reference, ...], made_from: str
) -> DetectedIssue:
    """A finding, with what it rests on: the inputs of its rule, and its sources."""
    found = plan.screening.findings[place]
    return DetectedIssue(
        id=_id(made_from, f"finding {place + 1} {found.code}"),
        code=CodeableConcept(coding=(Coding(system=_FINDING, code=found.code),), text=found.code),
        severity=_SEVERITY[found.severity],
        patient=subject,
        implicated=requests,
        evidence=tuple(
            Evidence(code=(CodeableConcept(text=words),)) for words in _rests_on(plan, found)
        ),
        detail=f"{str(found.severity).upper()}: {found.message}",
        mitigation=(Mitigation(action=CodeableConcept(text=found.action)),),
    )


_LONGEST = 10_000
"""So many characters of an input stand with each finding; each finding has a copy of its own."""


def _rests_on(plan: Plan, found: Finding) -> Iterator[str]:
    """The inputs that its rule read, and the sources of the rule."""
    for rule in plan.screening.basis:
        if rule.code == found.code:
            for name, value in rule.inputs:
                long = f"{len(value):,} characters, in the basis of the plan"
                yield f"{name}: {value if len(value) <= _LONGEST else long}"
    for key in found.sources:
        source = knowledge().sources.get(key)  # a site's own are known by their key
        yield f"{source.title}. {source.publisher}. {source.url}".strip() if source else key
