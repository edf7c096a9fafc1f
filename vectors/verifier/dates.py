"""Dates as numbers of days, and instants in seconds."""

import re
from calendar import monthrange
from datetime import date
from fractions import Fraction

LAST = date.max.toordinal()
MOMENT = re.compile(
    r"(\d{4}-\d\d-\d\d)T([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d(?:\.\d+)?))?"
    r"(?:Z|([+-])([01]\d|2[0-3]):([0-5]\d))",
    re.ASCII,
)


def read_date(text):
    """The day of a text YYYY-MM-DD; None where it is none."""
    try:
        day = date.fromisoformat(text)
        return day.toordinal() if day.isoformat() == text else None
    except (TypeError, ValueError):
        return None


def read_moment(text):
    """The written day of a date or a date-time with an offset (or None), and its instant."""
    found = MOMENT.fullmatch(text) if isinstance(text, str) else None
    day = read_date(found[1] if found else text)
    if not found or day is None:
        return day, None
    ahead = int(found[6] or 0) * 60 + int(found[7] or 0)
    minutes = (day * 24 + int(found[2])) * 60 + int(found[3])
    minutes -= -ahead if found[5] == "-" else ahead
    return day, minutes * 60 + Fraction(found[4] or 0)


def read_last_dose(text):
    """The same of a last dose: a month is its last day; (None, None) where it is unknown."""
    if re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", text, re.ASCII):
        text = f"{text}-{monthrange(int(text[:4]), int(text[5:]))[1]}"
    day, instant = read_moment(text)
    if day is None and text != "unknown":
        raise ValueError(f"no date: {text}")
    return day, instant


def written(day):
    """A day as YYYY-MM-DD."""
    return date.fromordinal(day).isoformat()
