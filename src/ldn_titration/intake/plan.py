"""A plan from its own FHIR request: made again from its source, and compared with its dosages.

What an order says in words and structure is what counts; its source only tells how it was
made. Where the two disagree, as after an edit, it is refused, and both are told.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from ldn_titration.errors import InvalidInputError, Problem
from ldn_titration.export.fhir import PLAN_SOURCE, PlanSource, plan_requests
from ldn_titration.fhir.json import fhir_json
from ldn_titration.knowledge import Knowledge
from ldn_titration.plan import Plan
from ldn_titration.schedule import schedule
from ldn_titration.strict_json import duplicates, read_json
from ldn_titration.values import printable

__all__ = ["read_plan"]


def read_plan(data: bytes | str, *, base: Knowledge | None = None) -> Plan:
    """The plan of a medication request, or of a Bundle, that was written from one.

    It is a draft: a screening is made anew, not read. ``base`` is the knowledge base that it
    was planned with, where a site has its own. Raises InvalidInputError for what was not
    written here, and for dosages, medication or statuses that are no longer those of the plan.

    >>> from ldn_titration import Capsules, Regimen, schedule
    >>> from ldn_titration.export.fhir import plan_fhir
    >>> regimen = Regimen(steps=[{"dose": "1.5 mg", "days": 7}, {"dose": "3 mg", "days": 7}])
    >>> plan = schedule(regimen, Capsules(strengths=["1.5 mg"]), "2027-01-04")
    >>> read_plan(plan_fhir(plan)) == plan
    True
    """
    tree = read_json(data, "FHIR", Decimal)
    _refuse(list(duplicates(tree)))
    given = [each for each in _requests(tree) if _sources(each)]
    if not given:
        message = f"holds no medication request with {PLAN_SOURCE}: it was not written from a plan"
        raise InvalidInputError([Problem("FHIR", message)])
    told = {source for each in given for source in _sources(each)}
    if len(told) > 1:
        raise InvalidInputError([Problem("FHIR", f"holds requests of {len(told)} plans; give one")])
    plan = _made(told.pop(), base)
    _refuse(list(_differences(given, plan)))
    return plan


def _refuse(problems: Sequence[Problem]) -> None:
    if problems:
        raise InvalidInputError(Problem(printable(p.path), printable(p.message)) for p in problems)


def _requests(tree: Any) -> Iterator[Mapping[str, Any]]:
    """The medication requests of a resource or a Bundle."""
    listed = [entry.get("resource") for entry in _list(tree, "entry")] or [tree]
    for resource in listed:
        if isinstance(resource, dict) and resource.get("resourceType") == "MedicationRequest":
            yield resource


def _list(tree: Any, name: str) -> list[dict[str, Any]]:
    """The objects under a name; nothing where there is no list of objects."""
    found = tree.get(name) if isinstance(tree, dict) else None
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def _sources(request: Mapping[str, Any]) -> list[str]:
    extensions = _list(request, "extension")
    return [str(each.get("valueString")) for each in extensions if each.get("url") == PLAN_SOURCE]


def _made(source: str, base: Knowledge | None) -> Plan:
    tree = read_json(source, PLAN_SOURCE)
    _refuse(list(duplicates(tree)))
    told = PlanSource.model_validate(tree)
    return schedule(
        told.regimen,
        told.preparation,
        told.start,
        days=told.length_days,
        diary=told.diary,
        base=base,
    )


# --- compared with what it says ---------------------------------------------------------

_ENDED = ("entered-in-error", "cancelled", "stopped")


def _differences(given: Sequence[Mapping[str, Any]], plan: Plan) -> Iterator[Problem]:
    """Every place where the requests say something else than the plan."""
    wanted = [json.loads(fhir_json(each), parse_float=Decimal) for each in plan_requests(plan)]
    if len(given) != len(wanted):
        yield Problem("FHIR", f"holds {len(given)} of the {len(wanted)} requests of its plan")
        return
    for place, (request, own) in enumerate(zip(sorted(given, key=_begins), wanted, strict=True)):
        at = f"request[{place}]." if len(wanted) > 1 else ""
        yield from _turned(request, at)
        for name in ("medicationCodeableConcept", "dosageInstruction", "dispenseRequest"):
            yield from _unlike(_sorted(request.get(name)), _sorted(own.get(name)), f"{at}{name}")


def _turned(request: Mapping[str, Any], at: str) -> Iterator[Problem]:
    """What turns the meaning of a request around, or ends it."""
    if request.get("doNotPerform"):
        yield Problem(f"{at}doNotPerform", "is told: it forbids what it names")
    for name in ("modifierExtension", "implicitRules"):
        if request.get(name):
            yield Problem(f"{at}{name}", "is not known here, and could change the meaning")
    status = request.get("status")
    if not isinstance(status, str | None):
        yield Problem(f"{at}status", "must be text, in quotes")
    elif status in _ENDED:
        yield Problem(f"{at}status", f"is {status}: it is no plan any more")


def _sorted(part: Any) -> Any:
    """Dosages by their sequence, then by their words; anything else as it is."""
    listed = isinstance(part, list) and all(isinstance(each, dict) for each in part)
    return sorted(part, key=_sequence) if listed else part


def _sequence(dosage: Mapping[str, Any]) -> tuple[int, str]:
    number = dosage.get("sequence")
    return (number if type(number) is int else 0), str(dosage.get("text"))


def _begins(request: Mapping[str, Any]) -> str:
    """The first day of a request, as text; empty where none is told."""
    found = []
    for dosage in _list(request, "dosageInstruction"):
        part: Any = dosage
        for name in ("timing", "repeat", "boundsPeriod", "start"):
            part = part.get(name) if isinstance(part, dict) else None
        found.append(str(part))
    return min(found, default="")


def _unlike(given: Any, own: Any, path: str) -> Iterator[Problem]:
    """Each leaf where two trees differ, with both figures."""
    if isinstance(given, dict) and isinstance(own, dict):
        for name in dict.fromkeys((*own, *given)):
            yield from _unlike(given.get(name), own.get(name), f"{path}.{name}")
    elif isinstance(given, list) and isinstance(own, list) and len(given) == len(own):
        for place, pair in enumerate(zip(given, own, strict=True)):
            yield from _unlike(*pair, f"{path}[{place}]")
    elif given != own or isinstance(given, bool) != isinstance(own, bool):
        yield Problem(path, f"is {_shown(given)}, but its plan has {_shown(own)}")


def _shown(part: Any) -> str:
    if isinstance(part, list):
        return f"a list of {len(part)}"
    if part is None or isinstance(part, dict):
        return "nothing" if part is None else "an object"
    text = str(part)
    return f'"{text[:117]}..."' if len(text) > 120 else f'"{text}"'
