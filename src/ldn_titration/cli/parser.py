"""The commands and their options."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

from ldn_titration import __version__
from ldn_titration.cli.cohort import run_cohort_expand, run_cohort_screen, run_cohort_supply
from ldn_titration.cli.commands import (
    run_lint,
    run_opioid,
    run_plan,
    run_protocols,
    run_schema,
    run_screen,
    run_self_check,
    run_supply,
)
from ldn_titration.cli.exits import MEANINGS, NOT_INSTALLED
from ldn_titration.cli.faces import FACES
from ldn_titration.cli.facts import run_facts
from ldn_titration.regimen import MAX_DAYS

__all__ = ["parser"]


def parser() -> argparse.ArgumentParser:
    """The reader of the command line: each command with its options."""
    exits = "; ".join(
        f"{code} {words}" for code, words in MEANINGS.items() if code <= NOT_INSTALLED
    )
    parser = argparse.ArgumentParser(
        prog="ldn-titration",
        description="Plan low-dose naltrexone titrations. For clinicians; not a medical device, "
        "and its rules are not yet clinically reviewed.",
        epilog=f"Exit codes: {exits}.",
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_plan(commands)
    _add_supply(commands)
    screen = _command(commands, "screen", run_screen, "say whether naltrexone may be started")
    _add_request(screen)
    _add_format(screen)
    _add_overlay(screen)
    _add_facts(commands)
    _add_cohort(commands)
    _add_format(_command(commands, "protocols", run_protocols, "list the published regimens"))
    lint = _command(commands, "lint", run_lint, "say whether somebody's order agrees with itself")
    lint.add_argument("order", metavar="ORDER.json", help='a FHIR MedicationRequest, or "-"')
    _add_format(lint)
    opioid = _command(commands, "opioid", run_opioid, "say what is known of an opioid")
    opioid.add_argument("name", metavar="NAME-OR-RXCUI")
    _add_format(opioid)
    _add_overlay(opioid)
    self_check = _command(commands, "self-check", run_self_check, "show every rule its canaries")
    _add_format(self_check)
    _add_overlay(self_check)
    schema = _command(commands, "schema", run_schema, "print a JSON Schema")
    schema.add_argument("of", choices=("request", "plan"))
    return parser


def _add_supply(commands: Any) -> None:
    supply = _command(commands, "supply", run_supply, "say what to dispense, and when to make it")
    _add_request(supply)
    _add_format(supply)
    _add_lead_days(supply)
    supply.add_argument(
        "--fill-days", type=_days(1), metavar="N", help="the most days of one fill of capsules"
    )
    supply.add_argument("--draft", action="store_true", help="also where screening does not clear")
    _add_overlay(supply)


def _command(
    commands: Any, name: str, run: Callable[[argparse.Namespace], int], words: str
) -> argparse.ArgumentParser:
    made: argparse.ArgumentParser = commands.add_parser(name, help=words, description=words)
    made.set_defaults(run=run)
    return made


def _add_plan(commands: Any) -> None:
    plan = _command(commands, "plan", run_plan, "make a plan and print it, or write it to a file")
    _add_request(plan)
    plan.add_argument("--format", choices=FACES)
    plan.add_argument("--out", metavar="FILE", help="its ending tells the format")
    plan.add_argument("--overwrite", action="store_true", help="also where FILE is there already")
    plan.add_argument("--draft", action="store_true", help="also where screening does not clear")
    plan.add_argument("--paper", choices=("a4", "letter"), default="a4", help="of a PDF")
    plan.add_argument("--dateless", action="store_true", help="Day 1, Day 2, ... (html, pdf)")
    _add_lead_days(plan)
    _add_overlay(plan)
    _add_calendar_file(plan)


def _add_calendar_file(plan: argparse.ArgumentParser) -> None:
    file = plan.add_argument_group("calendar file (ics)")
    file.add_argument(
        "--each", choices=("day", "step"), default="day", help="an event a day, or one a step"
    )
    file.add_argument(
        "--at",
        type=_wall_time,
        action="append",
        default=[],
        metavar="[NAME=]HH:MM",
        help="the wall time of doses, or of those at a time of day, such as bedtime=22:00",
    )
    file.add_argument("--remind", action="store_true", help="a reminder at the time of each dose")
    file.add_argument("--with-name", action="store_true", help="the patient's name in its title")
    file.add_argument("--key", metavar="TEXT", help="tells apart patients with the same plan")
    file.add_argument(
        "--replaces",
        action="append",
        default=[],
        metavar="OLD.json",
        help="the request of an earlier file whose events end; oldest first",
    )


def _wall_time(text: str) -> tuple[str, str]:
    """A named time of day (empty: any without one) and its wall time."""
    name, _, clock = text.rpartition("=")
    return name, clock


def _add_facts(commands: Any) -> None:
    words = "read a medication list, a CSV of one, or a FHIR Bundle into facts of a patient"
    facts = _command(commands, "facts", run_facts, words)
    facts.add_argument("file", metavar="FILE", help='a list, a CSV or a Bundle, or "-"')
    facts.add_argument("--assessed-on", metavar="DATE", help="for which day the record is read")
    facts.add_argument("--assessed-by", metavar="NAME", help="who vouches for it")
    _add_format(facts)
    _add_overlay(facts)


def _add_cohort(commands: Any) -> None:
    words = "screen, plan or supply many patients at once, from Parquet or CSV"
    cohort = commands.add_parser("cohort", help=words, description=words)
    kinds = cohort.add_subparsers(required=True, metavar="COMMAND")
    screen = _command(kinds, "screen", run_cohort_screen, "the verdict of everybody of a file")
    _add_patients(screen)
    screen.add_argument("--exposures", metavar="FILE", help="what they took: .parquet or .csv")
    screen.add_argument("--omop", metavar="FILE.duckdb", help="an OMOP Common Data Model instead")
    expand = _command(kinds, "expand", run_cohort_expand, "the plan of everybody, a draft each")
    _add_patients(expand)
    expand.add_argument("--book", metavar="BOOK.json", help="the regimens and preparations")
    expand.add_argument(
        "--each", choices=("day", "step"), default="day", help="a row a day or step"
    )
    supply = _command(kinds, "supply", run_cohort_supply, "what to dispense, and when to make it")
    _add_patients(supply)
    supply.add_argument("--book", metavar="BOOK.json", help="the regimens and preparations")


def _add_patients(command: argparse.ArgumentParser) -> None:
    command.add_argument("--patients", metavar="FILE", help="a row a patient: .parquet or .csv")
    command.add_argument("--start", metavar="DATE", help="of all, where the file has no start")
    command.add_argument(
        "--out", required=True, metavar="DIR", help="a new folder, or one that was broken off"
    )
    _add_overlay(command)


def _days(least: int) -> Callable[[str], int]:
    """The reader of an argument in whole days."""

    def read(text: str) -> int:
        if not (text.isascii() and text.isdigit()) or not least <= int(text[:9]) <= MAX_DAYS:
            words = f"must be a whole number of days from {least} to {MAX_DAYS}"
            raise argparse.ArgumentTypeError(words)
        return int(text)

    return read


def _add_lead_days(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--lead-days", type=_days(0), default=0, metavar="N", help="how long before need to order"
    )


def _add_request(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("request", metavar="REQUEST.json", help='a request file, or "-"')


def _add_format(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--format", choices=("text", "json"))


def _add_overlay(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--overlay", metavar="FILE.toml", help="this site's additions to the rules")
