"""The request: the contract's JSON as one value, every problem told with its path."""

from __future__ import annotations

from abc import abstractmethod
from functools import lru_cache
from typing import Annotated, Any, Literal, Self

from pydantic import Field, Tag, TypeAdapter, model_validator

from ldn_titration.diary import Diary, Switched
from ldn_titration.errors import InvalidInputError, Problem
from ldn_titration.findings import Screening
from ldn_titration.knowledge import Knowledge
from ldn_titration.order import Order
from ldn_titration.patient import PatientFacts
from ldn_titration.plan import Plan
from ldn_titration.preparation import AnyPreparation, Dose, Drops, OralSolution
from ldn_titration.regimen import MAX_DAYS, MAX_STEPS, Band, Regimen, TimeOfDay, TitrationStep
from ldn_titration.schedule import schedule
from ldn_titration.screening import screen
from ldn_titration.strict_json import duplicates, read_json
from ldn_titration.supply import require_beyond_use
from ldn_titration.values import Moment, Value, at_most, faults, printable, told_apart

__all__ = ["PlanRequest", "ProtocolRegimen", "RampRegimen", "StepsRegimen", "read_request"]

REQUEST_SCHEMA = "ldn-titration/request/1"


class _RegimenRequest(Value):
    """One way to ask for a regimen; whether it makes one is checked when it is read."""

    band: Band | None = Field(default=None, examples=["low"])

    @model_validator(mode="after")
    def _makes_a_regimen(self) -> Self:
        try:
            _made(self)
        except InvalidInputError as error:
            below = self._below
            faults((below + problem.path, problem.message) for problem in error.problems)
        return self

    @property
    def _below(self) -> str:
        """Where what a regimen complains of stands in the request."""
        return ""

    @abstractmethod
    def regimen(self) -> Regimen:
        """The regimen asked for."""


@lru_cache(maxsize=64)
def _made(asked: _RegimenRequest) -> Regimen:
    """The regimen asked for; checking a request and planning it make it once."""
    return asked.regimen()


class ProtocolRegimen(_RegimenRequest):
    """A published protocol by its id; one of kind open also needs ``by`` and ``every_days``."""

    protocol: str = Field(examples=["brief_004_standard"])
    by: Dose | None = Field(default=None, examples=["0.5 mg"])
    every_days: Annotated[int, Field(ge=1, le=MAX_DAYS)] | None = Field(default=None, examples=[7])

    def regimen(self) -> Regimen:
        """The protocol's regimen, in its own band unless another is asked for."""
        found = Regimen.from_protocol(self.protocol, by=self.by, every_days=self.every_days)
        return found if self.band is None else found.changed(band=self.band)


class StepsRegimen(_RegimenRequest):
    """Steps one by one; only the last may lack ``days``."""

    steps: Annotated[tuple[TitrationStep, ...], at_most(MAX_STEPS)] = Field(
        strict=False, min_length=1, max_length=MAX_STEPS, examples=[[{"dose": "1.5 mg", "days": 7}]]
    )

    def regimen(self) -> Regimen:
        """The regimen of these steps."""
        return Regimen(steps=self.steps, band=self.band or "low")


class Ramp(Value):
    """From a dose by equal increments, up or down, to a dose; the last is open-ended."""

    from_: Dose = Field(alias="from", examples=["0.25 mg"])
    by: Dose = Field(examples=["0.25 mg"])
    every_days: Annotated[int, Field(ge=1, le=MAX_DAYS)] = Field(examples=[7])
    to: Dose = Field(examples=["4.5 mg"])
    fewest_days: Annotated[int, Field(ge=1, le=MAX_DAYS)] | None = Field(default=None, examples=[5])

    @model_validator(mode="after")
    def _fewest_is_not_more(self) -> Self:
        if self.fewest_days is not None and self.fewest_days > self.every_days:
            faults([("fewest_days", f"must be {self.every_days} or less, as every_days is")])
        return self


class RampRegimen(_RegimenRequest):
    """A ramp."""

    ramp: Ramp

    @property
    def _below(self) -> str:
        return "ramp."

    def regimen(self) -> Regimen:
        """The regimen of this ramp."""
        asked = self.ramp
        return Regimen.ramp(
            asked.from_,
            asked.by,
            asked.every_days,
            asked.to,
            band=self.band or "low",
            fewest_days=asked.fewest_days,
        )


_REGIMENS = ("protocol", "steps", "ramp")


def _regimen_kind(value: Any) -> str | None:
    has = value.__contains__ if isinstance(value, dict) else lambda name: hasattr(value, name)
    given = [name for name in _REGIMENS if has(name)]
    return f"<{given[0]}>" if len(given) == 1 else None


RequestRegimen = Annotated[
    Annotated[ProtocolRegimen, Tag("<protocol>")]
    | Annotated[StepsRegimen, Tag("<steps>")]
    | Annotated[RampRegimen, Tag("<ramp>")],
    told_apart(_regimen_kind, "must be an object with exactly one of protocol, steps and ramp"),
]


class PlanRequest(Value):
    """Everything a plan is made from, as JSON holds it.

    ``length_days`` is the whole length of the plan; ``patient`` may be absent, and then
    nothing is known. ``order`` is what an order says that is to be checked against the plan.
    """

    schema_: Literal["ldn-titration/request/1"] = Field(alias="schema", examples=[REQUEST_SCHEMA])
    start: Moment = Field(examples=["2027-01-04"])
    length_days: Annotated[int, Field(ge=1, le=MAX_DAYS)] | None = Field(
        default=None, examples=[126]
    )
    time_of_day: TimeOfDay | None = Field(default=None, examples=["bedtime"])
    regimen: RequestRegimen = Field(examples=[{"protocol": "brief_004_standard"}])
    preparation: AnyPreparation = Field(
        examples=[{"form": "capsules", "strengths": ["1.5 mg", "3 mg", "4.5 mg"]}]
    )
    patient: PatientFacts = Field(default=PatientFacts())
    diary: Diary = ()
    order: Order | None = None

    @model_validator(mode="after")
    def _order_is_of_its_kind(self) -> Self:
        if self.order is not None:
            try:
                self.order.require_kind(self.preparation)
            except InvalidInputError as error:
                faults(error.problems)
        return self

    def titration(self) -> Regimen:
        """The regimen asked for, at the time of day asked for."""
        regimen = _made(self.regimen)
        return regimen.changed(time_of_day=self.time_of_day) if self.time_of_day else regimen

    def require_beyond_use(self) -> None:
        """Raise InvalidInputError where a liquid lacks what its supply is worked out by."""
        switched = [
            (event.preparation, f"diary[{place}].preparation")
            for place, event in enumerate(self.diary)
            if isinstance(event, Switched)
        ]
        for preparation, path in ((self.preparation, "preparation"), *switched):
            if isinstance(preparation, Drops | OralSolution):
                require_beyond_use(preparation, path)

    def screening(self, base: Knowledge | None = None) -> Screening:
        """The screening of the patient for all that is planned here."""
        return screen(
            self.patient,
            self.start,
            self.titration(),
            self.preparation,
            days=self.length_days,
            base=base,
        )

    def plan(self, base: Knowledge | None = None) -> Plan:
        """The plan; raises NotMeasurableError where the preparation cannot measure a dose."""
        return schedule(
            self.titration(),
            self.preparation,
            self.start,
            days=self.length_days,
            screening=self.screening(base),
            diary=self.diary,
            base=base,
        )


# --- reading --------------------------------------------------------------------------


def read_request(data: bytes | str) -> PlanRequest:
    """The request in a JSON text; raises InvalidInputError with every problem found."""
    tree = read_json(data)
    problems = [Problem(printable(path), message) for path, message in duplicates(tree)]
    more = 0
    try:
        request = PlanRequest.model_validate(tree)
    except InvalidInputError as error:
        problems += error.problems
        more = error.more
    if problems:
        raise InvalidInputError((Problem(p.path or "request", p.message) for p in problems), more)
    return request


def request_schema() -> dict[str, Any]:
    """The JSON Schema of a request."""
    return TypeAdapter(PlanRequest).json_schema(by_alias=True)
