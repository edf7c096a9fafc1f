"""What every noun is made of: a frozen, strict pydantic model, and a few field types.

A value is checked when it is made, cannot be changed, and refuses keys that it does not
know. What is wrong with an input is told all at once, each problem with its path.
"""

from __future__ import annotations

import difflib
import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Annotated, Any, ClassVar, NamedTuple, Self, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    PlainSerializer,
    ValidationError,
    WithJsonSchema,
)
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails, PydanticCustomError

from ldn_titration.errors import MOST_TOLD, InvalidInputError, Problem

__all__ = [
    "LineOfText",
    "Moment",
    "Month",
    "PartialMoment",
    "PlainDate",
    "SiteCode",
    "Value",
    "at_most",
    "faults",
    "printable",
    "read_date",
    "read_moment",
    "read_start",
    "told_apart",
    "whole_day",
]


class Value(BaseModel):
    """A frozen value. Raises InvalidInputError with every problem when made from bad data."""

    model_config: ClassVar[ConfigDict] = ConfigDict(
        strict=True,
        frozen=True,
        extra="forbid",
        hide_input_in_errors=True,
        allow_inf_nan=False,
        serialize_by_alias=True,
    )

    def __init__(self, /, **data: Any) -> None:
        try:
            super().__init__(**data)
        except ValidationError as error:
            raise told_of(error, type(self)) from None

    # pydantic's own mark of an __init__ that only validates: nested models skip it.
    __init__.__pydantic_base_init__ = True  # type: ignore[attr-defined]

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """A copy; with changes it is checked like any other value."""
        if not update:
            return super().model_copy(deep=deep)
        fields = type(self).model_fields
        changed = {**{name: getattr(self, name) for name in fields}, **update}
        return type(self)(**{_key(fields, name): value for name, value in changed.items()})

    @classmethod
    def model_validate(cls, obj: Any, **options: Any) -> Self:
        """The value read from a dict of plain data; raises InvalidInputError."""
        try:
            return super().model_validate(obj, **options)
        except ValidationError as error:
            raise told_of(error, cls) from None

    @classmethod
    def model_validate_json(cls, json_data: str | bytes | bytearray, **options: Any) -> Self:
        """The value read from JSON; raises InvalidInputError."""
        try:
            return super().model_validate_json(json_data, **options)
        except ValidationError as error:
            raise told_of(error, cls) from None


def told_apart(by: Any, message: str) -> Discriminator:
    """Which model of a union is meant: ``by`` gives its tag from the data, or None."""
    return Discriminator(by, custom_error_type="one_of", custom_error_message=message)


def _key(fields: Mapping[str, FieldInfo], name: str) -> str:
    field = fields.get(name)
    return name if field is None else field.alias or name


def at_most(count: int) -> BeforeValidator:
    """Refuse a list with more entries by its length, before any of them is looked at."""

    def counted(value: Any) -> Any:
        if isinstance(value, list | tuple) and (length := len(value)) > count:
            context = {"max_length": count, "actual_length": length}
            raise PydanticCustomError("too_long", "is too long", context)
        return value

    return BeforeValidator(counted)


# --- problems, with their paths -------------------------------------------------------


def faults(found: Iterable[tuple[str, str]]) -> None:
    """Raise what a model's validator found, if anything: (path below the model, message)."""
    listed = list(found)
    if listed:
        raise PydanticCustomError("faults", "not valid", {"faults": listed})


def told_of(error: ValidationError, kind: Any, below: str = "") -> InvalidInputError:
    """Every problem of that type's data, in our words; of very many, the first and how many."""
    details = error.errors(include_url=False)
    blamed = {detail["loc"][:depth] for detail in details for depth in range(len(detail["loc"]))}
    counted = [d for d in details if d["type"] != "too_short" or d["loc"] not in blamed]
    keys = _examples(kind)
    problems = tuple(
        Problem(printable(below + problem.path), printable(problem.message))
        for detail in counted[:MOST_TOLD]
        for problem in _problems(detail, keys)
    )
    return InvalidInputError(problems, max(0, len(counted) - MOST_TOLD))


def printable(text: str) -> str:
    """The text on one line, with nothing that a terminal would act on."""
    shown = text
    if not text.isprintable():
        shown = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
    return shown if len(shown) <= _MAX_SHOWN else shown[:_MAX_SHOWN] + "..."


def _problems(detail: ErrorDetails, keys: Mapping[str, Any]) -> Iterator[Problem]:
    path = path_text(detail["loc"])
    if detail["type"] == "faults":
        for below, message in detail["ctx"]["faults"]:
            yield Problem(_joined(path, below), message)
    else:
        yield Problem(path, _message(detail, keys))


def _joined(path: str, below: str) -> str:
    return f"{path}.{below}" if path and below and not below.startswith("[") else path + below


def path_text(loc: Sequence[str | int]) -> str:
    """``("steps", 1, "dose")`` as ``steps[1].dose``; parts in <> are marks, left out."""
    text = ""
    for part in loc:
        if isinstance(part, int):
            text += f"[{part}]"
        elif not part.startswith("<"):
            text = _joined(text, part)
    return text


_MAX_SHOWN = 1000
_MESSAGES = {
    "missing": "is required",
    "int_type": "must be a whole number, without quotes",
    "int_from_float": "must be a whole number",
    "int_parsing_size": "is too large a number",
    "bool_type": "must be true or false",
    "string_type": "must be text, in quotes",
    "string_unicode": "must be valid text",
    "tuple_type": "must be a list [...]",
    "list_type": "must be a list [...]",
    "dict_type": "must be an object {...}",
    "model_type": "must be an object {...}",
    "model_attributes_type": "must be an object {...}",
    "too_short": "must not be empty",
    "string_pattern_mismatch": "is not written as it should be",
}


def _message(detail: ErrorDetails, keys: Mapping[str, Any]) -> str:
    kind, context = detail["type"], detail.get("ctx", {})
    if kind == "value_error":
        return str(context["error"])
    if kind == "extra_forbidden":
        return _unknown_key(str(detail["loc"][-1]), keys)
    if kind in {"literal_error", "enum"}:
        return f"must be {context['expected'].replace(chr(39), chr(34))}"
    if kind == "greater_than_equal":
        return f"must be {context['ge']} or more, not {detail['input']}"
    if kind == "less_than_equal":
        return f"must be {context['le']} or less, not {detail['input']}"
    if kind == "too_long":
        return f"has {context['actual_length']} entries; at most {context['max_length']} are read"
    message = _MESSAGES.get(kind, detail["msg"])
    return message + _such_as(detail, keys) if kind in _MESSAGES else message


def _unknown_key(name: str, keys: Mapping[str, Any]) -> str:
    if name in keys:
        return "is no key of this object"
    near = difflib.get_close_matches(name, keys, n=1)
    return "is no known key" + (f'; did you mean "{near[0]}"?' if near else "")


def _such_as(detail: ErrorDetails, keys: Mapping[str, Any]) -> str:
    names = [part for part in detail["loc"] if isinstance(part, str)]
    example = keys.get(names[-1]) if names else None
    return "" if example is None else f", such as {json.dumps(example)}"


def _examples(kind: Any) -> dict[str, Any]:
    """Every key of the models in that type, and in those, with an example of what it takes."""
    found, known = dict[str, Any](), list(_models_in(kind))
    for model in known:
        for name, field in model.model_fields.items():
            if found.get(field.alias or name) is None:
                found[field.alias or name] = (field.examples or [None])[0]
            known += [inner for inner in _models_in(field.annotation) if inner not in known]
    return found


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _models_in(part)


# --- field types ----------------------------------------------------------------------

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_MONTH = re.compile(r"([0-9]{4})-([0-9]{2})", re.ASCII)
_MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(?::[0-9]{2})?(?:Z|[+-][0-9]{2}:[0-9]{2})",
    re.ASCII,
)
_NOT_A_DATE = 'must be a date written YYYY-MM-DD, such as "2027-01-04"'


class Month(NamedTuple):
    """A month of which the day is not known; it counts as its last day."""

    year: int
    month: int

    def __str__(self) -> str:
        return f"{self.year:04}-{self.month:02}"

    @property
    def last_day(self) -> date:
        """The last day of the month."""
        following = self.year * 12 + self.month
        return date.fromordinal(date(following // 12, following % 12 + 1, 1).toordinal() - 1)


def read_date(value: object) -> date:
    """A plain date, from a date or from text written YYYY-MM-DD; ValueError for all else."""
    if type(value) is date:
        return value
    if isinstance(value, str) and _DATE.fullmatch(value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            raise ValueError(f"there is no such day as {value}") from None
    raise ValueError(_NOT_A_DATE)


def read_moment(value: object) -> date:
    """A date or an aware date-time, from itself or its text; ValueError for all else."""
    if isinstance(value, str) and _MOMENT.fullmatch(value):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            raise ValueError(f"there is no such time as {value}") from None
    if not isinstance(value, datetime):
        return read_date(value)
    offset = value.utcoffset()
    if offset is None:
        raise ValueError("a time needs its offset, as in 2027-01-04T22:00+01:00")
    if value.microsecond or offset % timedelta(minutes=1):
        raise ValueError("a time is read to the second, its offset to the minute")
    return value


def read_start(value: object) -> date:
    """A start, from a date or aware date-time or their text; raises InvalidInputError."""
    try:
        return read_moment(value)
    except ValueError as error:
        raise InvalidInputError([Problem("start", str(error))]) from None


def _read_partial_moment(value: object) -> date | datetime | Month | str:
    if value == "unknown":
        return "unknown"
    value = str(value) if isinstance(value, Month) else value
    month = _MONTH.fullmatch(value) if isinstance(value, str) else None
    if (
        month is not None
        and month[1] != "0000"
        and 1 <= int(month[2]) <= 12
        and month[0] != "9999-12"
    ):
        return Month(int(month[1]), int(month[2]))
    try:
        return read_moment(value)
    except ValueError as error:
        if str(error) != _NOT_A_DATE:
            raise
        raise ValueError(f'{_NOT_A_DATE}, a month ("2026-12") or "unknown"') from None


def whole_day(moment: date) -> date:
    """The date of a date or of a date-time, as written."""
    return moment.date() if isinstance(moment, datetime) else moment


def _written(value: object) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)


_AS_TEXT = PlainSerializer(_written, return_type=str, when_used="json")

PlainDate = Annotated[
    date,
    BeforeValidator(read_date),
    WithJsonSchema({"type": "string", "format": "date", "examples": ["2027-01-04"]}),
]
"""A date; as text YYYY-MM-DD and nothing else."""

Moment = Annotated[
    date | datetime,
    BeforeValidator(read_moment),
    _AS_TEXT,
    WithJsonSchema({"type": "string", "examples": ["2027-01-04", "2027-01-04T22:00+01:00"]}),
]
"""A date, or a date-time with its offset."""

PartialMoment = Annotated[
    date | datetime | Month | str,
    BeforeValidator(_read_partial_moment),
    _AS_TEXT,
    WithJsonSchema({"type": "string", "examples": ["2026-12-20", "2026-12", "unknown"]}),
]
"""A date, a date-time with its offset, a month, or "unknown"."""

_MAX_LINE = 200


def _read_line(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("must be text, in quotes")
    if not value.strip() or len(value) > _MAX_LINE:
        raise ValueError(f"must be text of 1 to {_MAX_LINE} characters")
    for character in value:
        if unicodedata.category(character) in {"Cc", "Cf", "Cs", "Zl", "Zp"}:
            raise ValueError(f"holds the control character U+{ord(character):04X}; remove it")
    return value.strip()


LineOfText = Annotated[
    str,
    BeforeValidator(_read_line),
    Field(json_schema_extra={"minLength": 1, "maxLength": _MAX_LINE}),
]
"""One line of text, 1 to 200 characters, without control or direction characters."""

_SITE_CODE = r"^[a-z][a-z0-9_-]{0,19}:[A-Za-z0-9._-]{1,40}$"


def _site_code(value: str) -> str:
    if not re.fullmatch(_SITE_CODE, value, re.ASCII):
        raise ValueError('must be a code behind the name of its system, such as "local:4711"')
    return value


SiteCode = Annotated[
    str,
    AfterValidator(_site_code),
    Field(examples=["local:4711"], json_schema_extra={"pattern": _SITE_CODE}),
]
"""A code of a site's overlay, behind the name of its system."""
