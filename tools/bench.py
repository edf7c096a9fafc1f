"""Measure the goals as ratios in one run, and write docs/benchmarks.md and build/bench.json.

Every figure is the median of rounds in which candidate and yardstick take turns. Machines
are shared and noisy: quote the ratios, never the times.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

from figure import Figure
from ldn_titration import (
    Capsules,
    Drops,
    Mass,
    Missed,
    OralSolution,
    Plan,
    Regimen,
    Screening,
    __version__,
    basis,
    best_strengths,
    schedule,
    screen,
    supply,
)
from ldn_titration.export.document import plan_json
from ldn_titration.export.ics import plan_ics
from ldn_titration.knowledge import knowledge
from ldn_titration.render.html import month_grids, plan_html
from ldn_titration.render.pdf import plan_pdf
from ldn_titration.request import read_request
from ldn_titration.testing import known_facts

ROOT = Path(__file__).parents[1]
EXAMPLE = ROOT / "examples" / "drops-18-weeks.json"
RAW = EXAMPLE.read_bytes()
START = date(2027, 1, 4)
FIRST = START.toordinal()
DAYS = 126
ROUNDS = 21

RAMP = Regimen.ramp("0.25 mg", "0.25 mg", 7, "4.5 mg")
DROPS = Drops(dilution={"drug": "50 mg", "final_volume": "10 mL"}, drops_per_mL=20)
PLAN = schedule(RAMP, DROPS, START, days=DAYS)


def y1() -> list[date]:
    """The least that a list of 126 dates costs."""
    return [date.fromordinal(ordinal) for ordinal in range(FIRST, FIRST + DAYS)]


def naive() -> list[Any]:
    """The naive way: a pint quantity, a pydantic model and an rrule date for each day (Y5)."""
    from dateutil.rrule import DAILY, rrule
    from pydantic import BaseModel, ConfigDict

    class Day(BaseModel):
        model_config = ConfigDict(arbitrary_types_allowed=True)
        day: int
        on: Any
        step: int
        drops: int
        dose: Any
        volume: Any
        mass_per_drop: Any
        take: str
        time_of_day: str

    unit = _pint()
    per_drop = unit.Quantity("50 mg") / unit.Quantity("10 mL") / (20 / unit.Quantity("1 mL"))
    days = []
    for number, moment in enumerate(rrule(DAILY, dtstart=_midnight(), count=DAYS)):
        drops = number // 7 + 1
        dose = (drops * per_drop).to("mg")
        volume = (drops / (20 / unit.Quantity("1 mL"))).to("mL")
        take = f"{drops} drops ({volume:~}, {dose:~})"
        days.append(
            Day(
                day=number + 1,
                on=moment.date(),
                step=drops,
                drops=drops,
                dose=dose,
                volume=volume,
                mass_per_drop=per_drop,
                take=take,
                time_of_day="bedtime",
            )
        )
    return days


_registry: list[Any] = []


def _pint() -> Any:
    if not _registry:
        import pint

        _registry.append(pint.UnitRegistry())
    return _registry[0]


def _midnight() -> Any:
    from datetime import datetime

    return datetime(2027, 1, 4)  # noqa: DTZ001 - what the naive way does


def once(action: Callable[[], Any], times: int) -> float:
    """Seconds for one call, over some calls."""
    began = time.perf_counter()
    for _ in range(times):
        action()
    return (time.perf_counter() - began) / times


def ratio(
    action: Callable[[], Any], yardstick: Callable[[], Any], times: int = 20, rounds: int = ROUNDS
) -> float:
    """The median over rounds of candidate / yardstick, taken in turn."""
    action(), yardstick()
    return statistics.median(
        once(action, times) / once(yardstick, max(times, 1)) for _ in range(rounds)
    )


def process(*command: str) -> Callable[[], Any]:
    """A whole process as an action."""
    return lambda: subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def memory(make: Callable[[], Any]) -> int:
    """Bytes that what it makes keeps alive."""
    make()
    tracemalloc.start()
    kept = make()
    size = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    del kept
    return size


def kept_plan() -> Plan:
    """A plan as it is kept: steps only, its ingredients shared."""
    return schedule(RAMP, DROPS, START, days=DAYS)


def whole_path() -> str:
    """Request JSON to plan JSON."""
    return plan_json(read_request(RAW).plan())


TEN = (
    "lisinopril 10 mg",
    "levothyroxine 75 mcg",
    "sertraline HCl 50 mg tab",
    "metformin ER 500 mg twice daily",
    "vitamin D3 2000 IU",
    "albuterol inhaler 2 puffs prn",
    "atorvastatin 20 mg",
    "aspirin EC 81 mg",
    "omeprazole 20 mg capsule",
    "gabapentin 300 mg at bedtime",
)
PATIENT = known_facts(medications=TEN)


def ten_medicines() -> Screening:
    """A screening with every rule and the whole basis."""
    return screen(PATIENT, START, RAMP, DROPS, days=DAYS)


def ten_new() -> Screening:
    """The same, with nothing remembered of the lines or of the rules that did not fire."""
    vars(knowledge()).pop("_read_once", None)
    basis._silent.cache_clear()
    return ten_medicines()


def weasyprint_pages() -> Callable[[], Any] | None:
    """WeasyPrint on our own page; None where it is not installed."""
    try:
        import weasyprint
    except (ImportError, OSError):
        return None
    page = plan_html(PLAN)
    return lambda: weasyprint.HTML(string=page).write_pdf()


EXAMPLE_PLAN = read_request(RAW).plan()
NEEDED = supply(EXAMPLE_PLAN)


def html_calendar() -> str:
    """The month grids of the plan that all goals are about: dates, doses, ticks and notes."""
    return month_grids(PLAN)


def html_calendar_with_bottles() -> str:
    """The same of the example, with what its ten bottles ask for."""
    return month_grids(EXAMPLE_PLAN, NEEDED)


def html_page() -> str:
    """The page of the example: the supply worked out, the grids, sheets and tables."""
    return plan_html(EXAMPLE_PLAN)


FINE = OralSolution(concentration="1 mg/mL", graduation="0.01 mL")
HALF_STEPS = Regimen.ramp("0.5 mg", "0.5 mg", 14, "4.5 mg")
TEN_MISSED = [Missed(on=date.fromordinal(FIRST + 5 + 11 * n)) for n in range(10)]
STOCK = Capsules(strengths=["0.25 mg", "0.5 mg", "1.5 mg", "3 mg", "4.5 mg"])
OF_CAPSULES = schedule(RAMP, STOCK, START, days=DAYS)


def ten_events(days: int) -> Callable[[], Plan]:
    """A plan of that length over which ten events are replayed."""
    return lambda: schedule(HALF_STEPS, FINE, START, days=days, diary=TEN_MISSED)


KEPT = DROPS.model_copy(update={"beyond_use_days": 14})
OF_BOTTLES = schedule(RAMP, KEPT, START, days=DAYS)
DUE = [line for line in plan_ics(OF_BOTTLES).split("BEGIN:VEVENT") if "-due-" in line]
DUE_WORDS = [(each.split("-due-")[1][:8], each.split("SUMMARY:")[1].split("\r")[0]) for each in DUE]


def lines_by_hand() -> str:
    """The lines of a plan's calendar file, written one by one with nothing checked."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//by hand//EN"]
    for day in OF_BOTTLES:
        on = f"{day.date:%Y%m%d}"
        lines += ["BEGIN:VEVENT", f"UID:43221c23b25e58c2990d631f38a3efd9-dose1-{on}"]
        lines += [f"DTSTART;VALUE=DATE:{on}", "DURATION:P1D"]
        lines += ["DTSTAMP:20270104T000000Z", "SEQUENCE:0"]
        lines.append(f"SUMMARY:DRAFT: Naltrexone {day.take}".replace(",", "\\,"))
        lines.append(f"DESCRIPTION:Take {day.take}. Step {day.step} of 18.".replace(",", "\\,"))
        lines.append(" Screening: INSUFFICIENT. The knowledge base is not yet clinically reviewed")
        lines += ["STATUS:TENTATIVE", "TRANSP:TRANSPARENT", "CLASS:PRIVATE", "END:VEVENT"]
    for on, words in DUE_WORDS:
        lines += ["BEGIN:VEVENT", f"UID:43221c23b25e58c2990d631f38a3efd9-due-{on}"]
        lines += [f"DTSTART;VALUE=DATE:{on}", "DURATION:P1D"]
        lines += ["DTSTAMP:20270104T000000Z", "SEQUENCE:0"]
        lines += [f"SUMMARY:{words}", "TRANSP:TRANSPARENT", "CLASS:PRIVATE", "END:VEVENT"]
    lines.append("END:VCALENDAR")
    return "\r\n".join(lines)


FIRST_PLAN = (
    "from ldn_titration import Drops, Regimen, schedule\n"
    "ramp = Regimen.ramp('0.25 mg', '0.25 mg', 7, '4.5 mg')\n"
    "schedule(ramp, Drops(concentration='5 mg/mL', drops_per_mL=20), '2027-01-04', days=126)\n"
)


def figures() -> list[Figure]:
    """Every goal of this version, measured now."""
    python = sys.executable
    y3b = process(python, "-c", "import pydantic; pydantic.BaseModel")
    command = process(python, "-m", "ldn_titration", "plan", str(EXAMPLE), "--format", "text")
    found = [
        Figure("G1", "126 plan days / Y1", 2.5, ratio(lambda: list(PLAN), y1)),
        Figure("G2", "a run-length plan from validated models / Y1", 1, ratio(kept_plan, y1)),
        Figure("G2", "plan[i] / Y1", 0.1, ratio(lambda: PLAN[77], y1, 200)),
        Figure(
            "G3",
            "ten events over 3,660 days / the same over 126",
            1.5,
            ratio(ten_events(3660), ten_events(126)),
        ),
        Figure(
            "G9", "best set of strengths / Y1", 10, ratio(lambda: best_strengths(OF_CAPSULES), y1)
        ),
        Figure("G4", "Y5 / 126 plan days", 500, 1 / ratio(lambda: list(PLAN), naive, 2, 15), False),
        Figure(
            "G4", "bytes of Y5 / bytes of a plan", 100, memory(naive) / memory(kept_plan), False
        ),
        Figure("G5", "request JSON to plan JSON / Y1", 10, ratio(whole_path, y1)),
        Figure(
            "G6",
            "import and a first plan / Y3b",
            1.5,
            ratio(process(python, "-c", FIRST_PLAN), y3b, 1, 15),
        ),
        Figure("G7", "`plan` to text, whole process / Y3b", 1.8, ratio(command, y3b, 1, 15)),
        Figure("-", "screening, ten medicines never met before / Y1", 60, ratio(ten_new, y1)),
        Figure("-", "screening, ten medicines met before / Y1", 60, ratio(ten_medicines, y1)),
        Figure(
            "G8",
            ".ics / its lines written by hand",
            2.5,
            ratio(lambda: plan_ics(OF_BOTTLES), lines_by_hand),
        ),
        Figure("G8", "HTML calendar (month grids) / Y1", 20, ratio(html_calendar, y1)),
        Figure(
            "-",
            "HTML calendar with the notes of ten bottles / Y1",
            20,
            ratio(html_calendar_with_bottles, y1),
        ),
        Figure("-", "HTML page, whole, with supply / Y1", 20, ratio(html_page, y1)),
    ]
    peer = weasyprint_pages()
    if peer is not None:
        found.append(
            Figure("G8", "PDF / WeasyPrint", 0.15, ratio(lambda: plan_pdf(PLAN), peer, 1, 15))
        )
    return found


def yardsticks() -> list[tuple[str, str]]:
    """The yardsticks themselves, in time: they tell how noisy the machine was."""
    python = sys.executable
    actions = {
        "Y1, a list of 126 dates": (y1, 50),
        "Y3, python -c pass": (process(python, "-c", "pass"), 1),
        "Y3b, python -c 'import pydantic'": (
            process(python, "-c", "import pydantic; pydantic.BaseModel"),
            1,
        ),
        "Y5, the naive way": (naive, 1),
    }
    rows = []
    for name, (action, times) in actions.items():
        action()
        spread = sorted(once(action, times) * 1e6 for _ in range(15))
        rows.append((name, f"{spread[0]:,.0f} / {spread[7]:,.0f} / {spread[-1]:,.0f}"))
    return rows


def page(found: list[Figure], sticks: list[tuple[str, str]], cold: float) -> str:
    """The page of results."""
    lines = [
        "# Benchmarks",
        "",
        f"Measured by `make bench` on {time.strftime('%Y-%m-%d')}, version {__version__}, "
        f"Python {sys.version.split()[0]}, {os.cpu_count()} cores.",
        "Each figure is a ratio: the median of 15 or 21 rounds in which candidate and yardstick",
        "take turns. The plan is 18 steps of 7 days of drops; its rows have ten fields.",
        "",
        "| goal | what | wanted | reached | |",
        "| --- | --- | --- | --- | --- |",
    ]
    for each in found:
        sign = "at most" if each.at_most else "at least"
        met = "met" if each.met else "**not met**"
        lines.append(
            f"| {each.goal} | {each.what} | {sign} {each.limit:g} | {each.reached:.3g} | {met} |"
        )
    if len(found) < EXPECTED:
        lines.append("| G8 | PDF / WeasyPrint | at most 0.15 | not measured | not installed |")
    lines += [
        "",
        f"A plan from models made anew, nothing remembered: {cold:.1f} x Y1 (no goal).",
        "",
    ]
    lines += ["| yardstick | microseconds: least / median / most |", "| --- | --- |"]
    lines += [f"| {name} | {spread} |" for name, spread in sticks]
    return "\n".join(lines) + "\n"


EXPECTED = 17


def cold_plan() -> Plan:
    """A plan of which nothing was made before: its ramp and its preparation are new."""
    drops = Drops(concentration="5 mg/mL", drops_per_mL=20)
    return schedule(Regimen.ramp("0.25 mg", "0.25 mg", 7, "4.5 mg"), drops, START, days=DAYS)


def main() -> None:
    """Measure, print, write."""
    if PLAN.totals.dose != Mass("299.25 mg"):
        raise SystemExit("the plan measured is not the plan meant")
    found, sticks = figures(), yardsticks()
    text = page(found, sticks, ratio(cold_plan, y1))
    print(text)
    build = ROOT / "build"
    build.mkdir(exist_ok=True)
    entries = [{**each._asdict(), "met": each.met} for each in found]
    (build / "bench.json").write_text(json.dumps(entries, indent=1) + "\n", encoding="utf-8")
    (ROOT / "docs" / "benchmarks.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
