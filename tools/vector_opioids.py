"""The table of windows at the head of diaries and intervals, as the command line tells them."""

from __future__ import annotations

import io
import json
from contextlib import redirect_stderr, redirect_stdout
from functools import cache
from typing import Any

from ldn_titration.cli import main

NAMED = (
    ("oxycodone", "immediate"),
    ("oxycodone", "extended"),
    ("oxycodone", "unknown"),
    ("morphine", "immediate"),
    ("morphine", "extended"),
    ("tramadol", "immediate"),
    ("tramadol", "unknown"),
    ("fentanyl", "immediate"),
    ("fentanyl", "transdermal"),
    ("fentanyl", "unknown"),
    ("methadone", "immediate"),
    ("methadone", "unknown"),
    ("heroin", "unknown"),
    ("kratom", "unknown"),
    ("levomethadone", "unknown"),
    ("LAAM", "unknown"),
    ("buprenorphine", "depot"),
    ("buprenorphine", "transdermal"),
    ("buprenorphine", "unknown"),
    ("loperamide", "unknown"),
    ("eluxadoline", "unknown"),
    ("difelikefalin", "unknown"),
    ("frobnicodone", "unknown"),
)
"""Substances and releases of the vectors, each by a name that stands for the substance alone."""


@cache
def _known(name: str) -> list[dict[str, Any]]:
    told = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    with redirect_stdout(told), redirect_stderr(io.StringIO()):
        main(["opioid", name, "--format", "json"])
    told.flush()
    listed: list[dict[str, Any]] = json.loads(told.buffer.getvalue())  # type: ignore[attr-defined]
    return listed


def row(substance: str, release: str) -> dict[str, Any]:
    """One row of the table."""
    known = _known(substance)
    fitting = [r for r in known if release in {"unknown", r["release"]} or r["release"] == "any"]
    windows = [_window(r) for r in fitting]
    unique = [window for n, window in enumerate(windows) if window not in windows[:n]]
    settled = len(unique) == 1 and (
        release != "unknown" or all(r["release"] == "any" for r in fitting)
    )
    sources = dict.fromkeys(source["key"] for r in fitting for source in r["sources"])
    told = {"substance": substance, "release": release, "windows": unique, "settled": settled}
    return told | {"sources": list(sources)}


def _window(known: dict[str, Any]) -> dict[str, Any]:
    if known["window"] is None:
        return {"depot": True}
    return {"min": known["window"][0], "max": known["window"][1]}


@cache
def table() -> list[dict[str, Any]]:
    """Every row."""
    return [row(*named) for named in NAMED]


def fields(substance: str, release: str) -> dict[str, Any]:
    """The substance and release of an exposure; a release that is not known is left out."""
    told = {"substance": substance}
    return told if release == "unknown" else told | {"release": release}
