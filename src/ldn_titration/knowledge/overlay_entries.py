"""What a site's overlay may hold, entry by entry."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from ldn_titration.values import LineOfText, SiteCode, Value, at_most

__all__ = [
    "HigherSeverity",
    "LongerInterval",
    "MoreMedicine",
    "MoreNames",
    "MoreOpioid",
    "Overlay",
]

SCHEMA = "ldn-titration/overlay/1"

Name = Annotated[LineOfText, Field(pattern=r"^[^;]*$", examples=["Painaway"])]
Days = Annotated[int, Field(ge=0, le=3660)]
_Names = Annotated[
    tuple[Name, ...],
    Field(strict=False, max_length=1000, examples=[["Painaway Retard"]]),
    at_most(1000),
]
_Codes = Annotated[
    tuple[SiteCode, ...],
    Field(strict=False, max_length=1000, examples=[["local:4711"]]),
    at_most(1000),
]


class MoreOpioid(Value):
    """One more opioid, counted like a row of the knowledge base, or for longer."""

    name: Name
    like: str = Field(examples=["oxycodone_er"])
    synonyms: _Names = ()
    codes: _Codes = ()
    min_days: Days | None = None
    max_days: Days | None = None


class MoreNames(Value):
    """More names and codes of a row of the knowledge base."""

    of: str = Field(examples=["methadone"])
    synonyms: _Names = ()
    codes: _Codes = ()


class MoreMedicine(Value):
    """One more ordinary medicine, with the known medicines that it holds, if any."""

    name: Name
    holds: _Names = ()
    synonyms: _Names = ()
    codes: _Codes = ()


class LongerInterval(Value):
    """A longer window of an opioid row, or more days of a number of the policy."""

    of: str = Field(examples=["tramadol_er"])
    min_days: Days | None = None
    max_days: Days | None = None
    days: Days | None = None


class HigherSeverity(Value):
    """The least severity of a rule's findings."""

    code: str = Field(examples=["INT-01"])
    at_least: Literal["caution", "insufficient", "hold", "stop"]


class Overlay(Value):
    """A site's additions, as the TOML file holds them."""

    schema_: Literal["ldn-titration/overlay/1"] = Field(alias="schema", examples=[SCHEMA])
    site: LineOfText = Field(examples=["Example Hospital"])
    opioid: tuple[MoreOpioid, ...] = Field(default=(), strict=False)
    names: tuple[MoreNames, ...] = Field(default=(), strict=False)
    medicine: tuple[MoreMedicine, ...] = Field(default=(), strict=False)
    interval: tuple[LongerInterval, ...] = Field(default=(), strict=False)
    severity: tuple[HigherSeverity, ...] = Field(default=(), strict=False)
