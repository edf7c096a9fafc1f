"""Calendar files in foreign calendar programs: ical.js, and icalendar with recurring-ical-events.

Both programs import files one after another, as a patient does, and are asked after each what
they show. That is compared with the days of the plan itself.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from ldn_titration import sig
from ldn_titration.cli import main as ldn_titration
from ldn_titration.errors import InvalidInputError
from ldn_titration.export.ics import CalendarFile, plan_ics
from ldn_titration.plan import Plan
from ldn_titration.request import PlanRequest
from ldn_titration.testing import living_plans, plans
from peers.samples import EXAMPLES, as_it_grew, generated, with_diary

HERE = Path(__file__).parent
OWN_PYTHON = HERE.parents[1] / "build" / "calendar-env" / "bin" / "python"
"""The environment of the calendar program: icalendar and what it needs, nothing of ours."""

CLOCK = {"": "20:00", "morning": "08:00", "bedtime": "22:00"}
FILES = {
    "day": CalendarFile(),
    "step": CalendarFile(each="step"),
    "clock": CalendarFile(clock=CLOCK, remind=True),
    "step by clock": CalendarFile(each="step", clock=CLOCK),
}
ALLOWED = {
    "VCALENDAR": {"VERSION", "PRODID", "CALSCALE", "UID", "NAME", "X-WR-CALNAME"} | {"DESCRIPTION"},
    "VEVENT": {"UID", "DTSTART", "DTSTAMP", "SEQUENCE", "SUMMARY", "DESCRIPTION", "STATUS"}
    | {"TRANSP", "CLASS", "RRULE", "DURATION"},
    "VALARM": {"ACTION", "DESCRIPTION", "TRIGGER"},
}
VALUES = {
    "DTSTART": r"DTSTART(;VALUE=DATE:\d{8}|:\d{8}T\d{6})",
    "DTSTAMP": r"DTSTAMP:\d{8}T000000Z",
    "RRULE": r"RRULE:FREQ=DAILY;(INTERVAL=\d+;)?COUNT=\d+",
    "UID": r"UID:[0-9a-f]{32}(-(dose\d+|due)-\d{8})?",
    "SEQUENCE": r"SEQUENCE:\d+",
    "STATUS": r"STATUS:(TENTATIVE|CONFIRMED|CANCELLED)",
    "DURATION": r"DURATION:(P1D|PT15M)",
    "TRIGGER": r"TRIGGER:PT0S",
}
"""What may stand where, and nothing else: no place, no person, no zone, no attachment."""

DOSE = re.compile(
    r"(?:DRAFT: |HOLD OVERRIDDEN: )?Naltrexone "
    r"(?:(?:dose \d+|morning|noon|afternoon|evening|bedtime|\d\d:\d\d): )?(?P<take>.+)"
)


class Chain(NamedTuple):
    """Files imported one after another, and the plan that each was made from."""

    name: str
    plans: Sequence[Plan]
    files: Sequence[str]
    asked: CalendarFile


def of_examples() -> Iterator[Chain]:
    """Each example through the command line, every way."""
    for path in EXAMPLES:
        plan = PlanRequest.model_validate_json(path.read_text()).plan()
        for each in ("day", "step"):
            out = HERE.parents[1] / "build" / f"{path.stem}-{each}.ics"
            out.parent.mkdir(exist_ok=True)
            done = ldn_titration(
                ["plan", str(path), "--draft", "--each", each, "--out", str(out), "--overwrite"],
            )
            assert done == 0, path
            text = out.read_bytes().decode()
            yield Chain(f"{path.stem} {each}", [plan], [text], FILES[each])


def of_generated() -> Iterator[Chain]:
    """Generated plans, each in one file; an event a day, one a step, with and without times."""
    for number, plan in enumerate(generated(plans(), 90)):
        for way in ("day", "step", "clock" if number % 2 else "step by clock"):
            asked = FILES[way]
            yield Chain(f"plan {number} {way}", [plan], [plan_ics(plan, asked)], asked)


def of_grown(*, in_order: bool) -> Iterator[Chain]:
    """Plans whose diary grew, a file after each event."""
    for number, plan in enumerate(generated(living_plans(), 90)):
        grown = list(as_it_grew(plan, in_order=in_order))
        for way in ("day", "step"):
            files = [plan_ics(each, FILES[way]) for each in grown]
            yield Chain(f"grown {number} {way}", grown, files, FILES[way])


def of_edited() -> Iterator[Chain]:
    """Plans that took the place of others: another regimen, preparation and start."""
    old = generated(living_plans(), 40)
    for number, (first, second, third) in enumerate(
        zip(old[::3], old[1::3], old[2::3], strict=False)
    ):
        for way in ("day", "step"):
            asked = FILES[way]
            files = [
                plan_ics(first, asked),
                plan_ics(second, asked, replaces=[first]),
                plan_ics(third, asked, replaces=[first, second]),
            ]
            yield Chain(f"edited {number} {way}", [first, second, third], files, asked)


def of_corrected() -> Iterator[Chain]:
    """Plans of which the last event of the diary was taken out again, and then put back."""
    told = [plan for plan in generated(living_plans(), 60) if plan.diary]
    for number, plan in enumerate(told[:20]):
        asked = FILES["step" if number % 2 else "day"]
        without = list(as_it_grew(plan, in_order=False))[-2]
        files = [
            plan_ics(plan, asked),
            plan_ics(without, asked, replaces=[plan]),
            plan_ics(plan, asked, replaces=[plan, without]),
        ]
        yield Chain(f"corrected {number}", [plan, without, plan], files, asked)


@pytest.fixture(scope="module")
def chains() -> dict[str, Chain]:
    made = (
        *of_examples(),
        *of_generated(),
        *of_grown(in_order=True),
        *of_grown(in_order=False),
        *of_edited(),
        *of_corrected(),
    )
    return {f"{place} {chain.name}": chain for place, chain in enumerate(made)}


@pytest.fixture(scope="module", params=["ical.js", "recurring-ical-events"])
def shown(
    request: Any,
    node: Callable[..., Any],
    chains: dict[str, Chain],
    tmp_path_factory: pytest.TempPathFactory,
) -> Any:
    """What the program showed after each import, and what it found wrong."""
    few = 1 if request.param == "ical.js" else 5  # the other is some ten times slower
    listed = [{"name": name, "files": chain.files} for name, chain in chains.items()]
    examples = 2 * len(EXAMPLES)
    path = tmp_path_factory.mktemp("calendars") / "chains.json"
    path.write_text(json.dumps({"chains": [*listed[:examples], *listed[examples::few]]}))
    if request.param == "ical.js":
        return node("calendar.mjs", str(path))
    command = [str(OWN_PYTHON), str(HERE / "calendar_program.py"), str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def doses_of(plan: Plan, asked: CalendarFile) -> Counter[tuple[str, str]]:
    """When what is taken, told by the days of the plan."""
    found: Counter[tuple[str, str]] = Counter()
    for day in plan:
        for dose in day.doses:
            named = dose.time_of_day or ""
            time = named if ":" in named else asked.clock.get(named)
            when = f"{day.date}T{time}" if time else str(day.date)
            found[when, sig.take(dose.reading, sig.about)] += 1
    return found


def doses_shown(rows: list[list[str]]) -> Counter[tuple[str, str]]:
    """When what is taken, as the program shows it."""
    doses = [(when, DOSE.fullmatch(summary)) for when, summary, uid in rows if "-due-" not in uid]
    return Counter((when, found["take"] if found else "") for when, found in doses)


def test_each_program_finds_nothing_wrong(shown: Any) -> None:
    wrong = {chain["name"]: chain["problems"] for chain in shown["chains"] if chain["problems"]}
    assert not wrong


def test_after_each_import_every_day_has_its_doses_once(
    shown: Any, chains: dict[str, Chain]
) -> None:
    wrong = []
    for chain in shown["chains"]:
        made = chains[chain["name"]]
        assert len(chain["after"]) == len(made.plans)
        for place, (plan, rows) in enumerate(zip(made.plans, chain["after"], strict=True)):
            expected, found = doses_of(plan, made.asked), doses_shown(rows)
            if expected != found:
                wrong.append((chain["name"], place, expected - found, found - expected))
    assert not wrong, f"{len(wrong)} imports, such as {wrong[0]}"


def test_what_is_due_is_what_the_last_file_tells(shown: Any, chains: dict[str, Chain]) -> None:
    for chain in shown["chains"]:
        last = chains[chain["name"]].files[-1].split("BEGIN:VEVENT")[1:]
        told = [e for e in last if "-due-" in e and "STATUS:CANCELLED" not in e]
        dates = sorted(re.findall(r"DTSTART;VALUE=DATE:(\d{8})", "".join(told)))
        rows = [row for row in chain["after"][-1] if "-due-" in row[2]]
        assert [row[0].replace("-", "") for row in rows] == dates, chain["name"]


def test_reminders_are_one_for_each_dose(shown: Any, chains: dict[str, Chain]) -> None:
    reminded = [chain for chain in shown["chains"] if chains[chain["name"]].asked.remind]
    assert reminded
    for chain in reminded:
        made = chains[chain["name"]]
        assert chain["alarms"] == doses_of(made.plans[0], made.asked).total(), chain["name"]


def test_the_program_is_named(shown: Any) -> None:
    print(shown["version"], len(shown["chains"]), "chains")
    assert re.search(r"\d+\.\d+", shown["version"])


# --- the lines themselves -------------------------------------------------------------


def unfolded(text: str) -> list[str]:
    """The content lines; folded again by the rule of RFC 5545 they are the text."""
    assert text.endswith("\r\n")
    assert "\n" not in text.replace("\r\n", "")
    lines = text[:-2].split("\r\n")
    for line in lines:
        assert 0 < len(line.encode()) <= 75, line
    found: list[str] = []
    for line in lines:
        if line.startswith(" "):
            found[-1] += line[1:]
        else:
            found.append(line)
    return found


def test_lines_are_folded_and_hold_only_what_is_allowed(chains: dict[str, Chain]) -> None:
    for text in {text for chain in chains.values() for text in chain.files}:
        inside: list[str] = []
        for line in unfolded(text):
            name = re.split("[;:]", line, maxsplit=1)[0]
            if name == "BEGIN":
                inside.append(line.removeprefix("BEGIN:"))
            elif name == "END":
                assert inside.pop() == line.removeprefix("END:")
            else:
                assert name in ALLOWED[inside[-1]], line
                assert re.fullmatch(VALUES.get(name, ".+"), line), line
        assert inside == []


@pytest.mark.parametrize("name", ["é" * 90, "鎮痛" * 60, "a" * 74 + "🙂" * 30, "x; y, z\\n \\"])
def test_a_name_is_split_within_no_character_and_read_back_whole(
    name: str, node: Callable[..., Any], tmp_path: Path
) -> None:
    plan = generated(plans(), 1)[0]
    text = plan_ics(plan, CalendarFile(name=name))
    assert not any(name[:5] in line for line in unfolded(plan_ics(plan)))
    path = tmp_path / "named.json"
    path.write_text(json.dumps({"chains": [{"name": "named", "files": [text]}]}))
    unfolded(text)
    assert node("calendar.mjs", str(path))["chains"][0]["title"].endswith(f" - for {name}")


@pytest.mark.parametrize("name", ["a\nATTACH:http://x", "a\r\nb", "a\0b", "a\x1bb", "a\x85b"])
def test_control_characters_are_refused(name: str) -> None:
    with pytest.raises(InvalidInputError):
        CalendarFile(name=name)


def test_the_same_plan_gives_the_same_bytes(chains: dict[str, Chain]) -> None:
    for chain in list(chains.values())[:: len(chains) // 40]:
        if len(chain.plans) == 1:
            plan = with_diary(chain.plans[0], chain.plans[0].diary)
            if plan.screening == chain.plans[0].screening:
                assert plan_ics(plan, chain.asked) == chain.files[0], chain.name
