"""Generated plans asked for: as the scalar engine reads them, and as rows of a table."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any, NamedTuple

BOOK: dict[str, Any] = {
    "schema": "ldn-titration/book/1",
    "regimens": {
        "drops": {"ramp": {"from": "0.25 mg", "by": "0.25 mg", "every_days": 7, "to": "4.5 mg"}},
        "quick": {"steps": [{"dose": "1.5 mg", "days": 3}, {"dose": "3 mg"}]},
        "thirds": {"steps": [{"dose": "1 mg", "days": 9}, {"dose": "1.5 mg", "days": 5}]},
        "ranges": {
            "steps": [
                {"dose": "1.5 mg", "days": 14, "fewest_days": 7},
                {"dose": "3 mg", "doses_per_day": 2},
            ]
        },
    },
    "preparations": {
        "dropper": {
            "form": "drops",
            "dilution": {"drug": "50 mg", "final_volume": "10 mL"},
            "drops_per_mL": 20,
            "beyond_use_days": 14,
        },
        "syringe": {
            "form": "oral_solution",
            "concentration": "1 mg/mL",
            "graduation": "0.1 mL",
            "bottle": "30 mL",
            "beyond_use_days": 30,
        },
        "undated": {"form": "drops", "concentration": "5 mg/mL", "drops_per_mL": 20},
        "capsules": {"form": "capsules", "strengths": ["1.5 mg", "3 mg", "4.5 mg"]},
        "tablets": {"form": "tablets", "strengths": ["1 mg"], "parts": 2},
    },
}
REGIMENS = (*BOOK["regimens"], "brief_004_standard", "no such protocol")
PREPARATIONS = (*BOOK["preparations"], "no such preparation")


class Asked(NamedTuple):
    """A plan asked for: identifiers, start, length and the events of its diary."""

    regimen: str
    preparation: str
    start: date
    days: int | None
    diary: Sequence[dict[str, Any]]


def asked(dice: random.Random) -> Asked:
    """A generated plan; one in five with a diary, one in ten of what cannot be planned."""
    start = date(2026, 6, 1) + timedelta(dice.randrange(300))
    odd = dice.random() < 0.1
    return Asked(
        dice.choice(REGIMENS if odd else ("drops", "quick", "ranges", "brief_004_standard")),
        dice.choice(PREPARATIONS if odd else ("dropper", "syringe")),
        start,
        dice.choice((None, 28, 126, 126)),
        _diary(dice, start) if dice.random() < 0.2 else [],
    )


def _diary(dice: random.Random, start: date) -> list[dict[str, Any]]:
    """One or two events in the first four weeks; some cannot be, as two on one day."""
    return [_event(dice, start + timedelta(dice.randrange(28))) for _ in range(dice.choice((1, 2)))]


def _event(dice: random.Random, on: date) -> dict[str, Any]:
    told: dict[str, Any] = {"on": str(on)}
    return told | dice.choice(
        (
            {"event": "held", "days": dice.choice((2, 7))},
            {"event": "missed"},
            {"event": "stepped_back"},
            {"event": "halved"},
            {"event": "paused", "until": str(on + timedelta(dice.choice((2, 20))))},
            {"event": "opioid", "exposure": {"substance": "Vicodin"}},
            {"event": "opioid", "exposure": {"substance": "Vicodin", "last_taken": f"{on:%Y-%m}"}},
            {"event": "switched", "preparation": BOOK["preparations"]["undated"]},
            {"event": "stopped"},
        )
    )


def row(number: int, each: Asked) -> dict[str, Any]:
    """The same as a row of a table."""
    return {
        "patient": number,
        "start": each.start,
        "regimen": each.regimen,
        "preparation": each.preparation,
        "length_days": each.days,
        "diary": json.dumps(each.diary) if each.diary else None,
    }
