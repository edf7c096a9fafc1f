"""The commands for many patients: screen, expand, supply; files in, a folder out."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from datetime import date
from typing import Any

from ldn_titration.cli.exits import DONE
from ldn_titration.cli.files import base_of, data_in
from ldn_titration.errors import InvalidInputError, Problem
from ldn_titration.values import read_start, whole_day

__all__ = ["run_cohort_expand", "run_cohort_screen", "run_cohort_supply"]


def run_cohort_screen(options: argparse.Namespace) -> int:
    """Screen everybody of a file, and say how many may start."""
    from ldn_titration.cohort.files import screen_files, screen_omop

    told: dict[str, Any] = {
        "start": _start(options),
        "base": base_of(options),
        "progress": _progress(),
    }
    if options.omop is None:
        _require(options, "patients", "exposures")
        run = screen_files(options.patients, options.exposures, options.out, **told)
    else:
        if options.patients or options.exposures:
            raise InvalidInputError([Problem("--omop", "stands in place of the two files")])
        run = screen_omop(options.omop, options.out, **told)
    return _told(run.people, run.summary, options.out)


def run_cohort_expand(options: argparse.Namespace) -> int:
    """Lay out the plan of everybody of a file."""
    return _expand(options, ["days" if options.each == "day" else "steps"])


def run_cohort_supply(options: argparse.Namespace) -> int:
    """Say what to dispense for everybody of a file, and when to make it."""
    return _expand(options, ["supply", "orders"])


def _expand(options: argparse.Namespace, kinds: list[str]) -> int:
    from ldn_titration.cohort.book import read_book
    from ldn_titration.cohort.files import expand_files

    _require(options, "patients", "book")
    run = expand_files(
        options.patients,
        read_book(data_in(options.book)),
        options.out,
        kinds=kinds,
        start=_start(options),
        base=base_of(options),
        progress=_progress(),
    )
    return _told(run.people, run.summary, options.out)


def _require(options: argparse.Namespace, *names: str) -> None:
    lacking = [name for name in names if getattr(options, name) is None]
    if lacking:
        raise InvalidInputError(Problem(f"--{name}", "is needed") for name in lacking)


def _start(options: argparse.Namespace) -> date | None:
    if options.start is None:
        return None
    try:
        return whole_day(read_start(options.start))
    except InvalidInputError as error:
        raise InvalidInputError(
            Problem("--start", each.message) for each in error.problems
        ) from None


def _progress() -> Callable[[int, float], None] | None:
    """A line that tells how far it is, on a terminal."""
    if not sys.stderr.isatty():
        return None

    def told(people: int, share: float) -> None:
        done = round(share * _WIDTH)
        bar = "#" * done + "." * (_WIDTH - done)
        print(f"\r[{bar}] {people:,} people", end="", file=sys.stderr, flush=True)

    return told


_WIDTH = 30


def _told(people: int, summary: dict[str, Any], out: str) -> int:
    """What a run came to, in a few lines; no count below 5 is among them."""
    if sys.stderr.isatty():
        print(file=sys.stderr)
    print(f"{people:,} people; written to {out}")
    for name, counts in summary.items():
        if isinstance(counts, dict):
            told = ", ".join(f"{key} {_count(count)}" for key, count in counts.items())
            print(f"{name}: {told or 'none'}")
        else:
            print(f"{name.replace('_', ' ')}: {_count(counts)}")
    return DONE


def _count(count: int | str) -> str:
    return f"{count:,}" if isinstance(count, int) else count
