"""Calendar files after events that were told late: what was announced for them is cancelled."""

from __future__ import annotations

import re

import pytest

from ldn_titration import Capsules, Regimen, schedule
from ldn_titration.export.ics import CalendarFile, plan_ics

EVENT = re.compile(r"BEGIN:VEVENT\r\nUID:(\S+)\r\n.*?END:VEVENT", re.DOTALL)
HELD = {"event": "held", "on": "2027-01-15", "days": 10}
MISSED = {"event": "missed", "on": "2027-01-06"}
BACK = {"event": "stepped_back", "on": "2027-01-13"}


def file(diary: list[object], each: str) -> str:
    regimen = Regimen(steps=[{"dose": f"{n} mg", "days": 7} for n in ("1.5", "3", "4.5")])
    plan = schedule(regimen, Capsules(strengths=["1.5 mg"]), "2027-01-04", diary=diary)
    return plan_ics(plan, CalendarFile(each=each))


def announced(text: str) -> set[str]:
    return {e[1] for e in EVENT.finditer(text) if "STATUS:CANCELLED" not in e[0]}


def cancelled(text: str) -> set[str]:
    return {e[1] for e in EVENT.finditer(text) if "STATUS:CANCELLED" in e[0]}


@pytest.mark.parametrize("each", ["day", "step"])
@pytest.mark.parametrize(
    ("before", "after"),
    [
        ([HELD], [HELD, MISSED]),
        ([HELD], [MISSED, HELD]),
        ([HELD, BACK], [MISSED, BACK, HELD]),
        ([MISSED, HELD], [MISSED, HELD, BACK]),
        ([MISSED, HELD], [MISSED, BACK, HELD]),
        ([HELD], [HELD, MISSED, BACK]),
    ],
)
def test_what_the_last_file_announced_and_this_one_has_not_is_cancelled(before, after, each):
    old, new = file(before, each), file(after, each)
    assert announced(old) - announced(new) <= cancelled(new)
    assert announced(new).isdisjoint(cancelled(new))
