"""The HTML page in Chromium: what it asks for, how it is laid out, read, reached and printed."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pypdf
import pytest

from ldn_titration.cli import main as ldn_titration

ROOT = Path(__file__).parents[2]
CASES = ROOT / "tests" / "cases"
OUT = ROOT / "build" / "browser"

FRENCH = "Marie-Antoinette Élodie de La Rochefoucauld-Montmorency-Châteaubriand d'Estrées"
REASON = (
    "negative naloxone challenge on 2027-01-03, patient observed for two hours afterwards, "
    "urine screen negative for fentanyl and its analogues, discussed with pain service"
)


class Sample(NamedTuple):
    """A page to look at: the request of a golden case, changed, and arguments of `plan`."""

    case: str
    changes: dict[str, Any] = {}  # noqa: RUF012 - never written to
    arguments: tuple[str, ...] = ()


SAMPLES = {
    "drops": Sample("drops-18-weeks", {"patient.name": "Jo Example"}),
    "living": Sample("diary-opioid-methadone-in-a-pause", {}, ("--draft",)),
    "switched": Sample("diary-switched", {}, ("--lead-days", "7")),
    "cycle": Sample("cycle-three-on-three-off"),
    "several": Sample("three-times-daily"),
    "named": Sample("times-of-day-mixed"),
    "medicines": Sample("ten-medicines"),
    "dateless": Sample("drops-18-weeks", {}, ("--dateless",)),
    "draft": Sample("draft-of-a-hold", {}, ("--draft",)),
    "long": Sample(
        "overridden-hold",
        {
            "patient.name": FRENCH,
            "patient.assessed_by": f"Dr {FRENCH}",
            "patient.overrides.0.by": f"Dr {FRENCH}",
            "patient.overrides.0.reason": REASON,
        },
    ),
}


def changed(request: Any, changes: dict[str, Any]) -> Any:
    """The request with what stands at each path, such as `patient.name`, replaced."""
    for path, value in changes.items():
        *way, last = path.split(".")
        place = request
        for key in way:
            place = place[int(key) if key.isdigit() else key]
        place[last] = value
    return request


def written(name: str, folder: Path) -> Path:
    """The page of a sample, written by the command line."""
    sample = SAMPLES[name]
    request = json.loads((CASES / sample.case / "request.json").read_text(encoding="utf-8"))
    asked, page = folder / f"{name}.json", folder / f"{name}.html"
    asked.write_text(json.dumps(changed(request, sample.changes)), encoding="utf-8")
    assert ldn_titration(["plan", str(asked), "--out", str(page), *sample.arguments]) == 0
    return page


def days_of(name: str, folder: Path) -> list[dict[str, Any]]:
    """The days of a sample's plan, from its JSON."""
    sample, out = SAMPLES[name], folder / f"{name}.plan.json"
    arguments = [each for each in sample.arguments if each == "--draft"]
    arguments += ["--format", "json", "--out", str(out), "--overwrite"]
    assert ldn_titration(["plan", str(folder / f"{name}.json"), *arguments]) == 0
    found: list[dict[str, Any]] = json.loads(out.read_text(encoding="utf-8"))["days"]
    return found


FAULTY = (
    "<!doctype html><html><head><title>t</title>"
    '<meta http-equiv="Content-Security-Policy" '
    "content=\"default-src 'none'; style-src 'unsafe-inline'\"></head>"
    '<body><img src="https://example.invalid/a.png"><p style="color:#eee">pale</p>'
    '<table style="width:900px"><tbody><tr><td style="height:1800px">'
    '<span class="on">2</span></td></tr></tbody></table>'
    '<span class="on" style="position:absolute;top:0">1</span>'
    '<p style="width:30px"><b>unbreakablewords</b></p></body></html>'
)


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("pages")


@pytest.fixture(scope="session")
def seen(folder: Path, node: Callable[..., Any], chromium: str) -> dict[str, Any]:
    """What was seen of every sample, and of a page with faults."""
    OUT.mkdir(parents=True, exist_ok=True)
    pages = {name: str(written(name, folder)) for name in SAMPLES}
    faulty = folder / "faulty.html"
    faulty.write_text(FAULTY, encoding="utf-8")
    job = folder / "job.json"
    told = {"chromium": chromium, "out": str(OUT), "pages": {"faulty": str(faulty), **pages}}
    job.write_text(json.dumps(told), encoding="utf-8")
    found: dict[str, Any] = node("browser.mjs", str(job))
    return found


every = pytest.mark.parametrize("name", SAMPLES)
papers = pytest.mark.parametrize("paper", ["A4", "Letter"])


def serious(violations: list[Any]) -> list[Any]:
    return [each for each in violations if each[1] in {"serious", "critical"}]


def test_the_program_sees_faults(seen: dict[str, Any]) -> None:
    """A page that asks for a picture, is pale, too wide, cut and out of order is found out."""
    faulty = seen["faulty"]
    assert faulty["requests"] == [] or faulty["requests"] == ["https://example.invalid/a.png"]
    assert any("Content Security Policy" in each for each in faulty["complaints"])
    assert {each[0] for each in serious(faulty["axe"]["light"])} >= {"image-alt", "html-has-lang"}
    narrow = faulty["layout"]["narrow"]
    assert narrow["needed"] > narrow["width"]
    assert "unbreakablewords" in narrow["cut"]
    assert narrow["backwards"] == [1]


@every
def test_nothing_leaves_the_page(seen: dict[str, Any], name: str) -> None:
    assert seen[name]["requests"] == seen[name]["complaints"] == []


@every
def test_axe_finds_nothing(seen: dict[str, Any], name: str) -> None:
    """Light, dark and at 320 px: nothing of any impact."""
    assert seen[name]["axe"] == {"light": [], "dark": [], "narrow": []}


@every
@pytest.mark.parametrize("size", ["wide", "tablet", "zoomed", "narrow", "paper"])
def test_the_page_fits_and_nothing_is_cut(seen: dict[str, Any], name: str, size: str) -> None:
    """1280 px, 768 px, 200 %, 320 px and A4: no scrolling sideways, every word within its box."""
    layout = seen[name]["layout"][size]
    assert layout["needed"] <= layout["width"]
    assert layout["cut"] == []
    assert layout["smallest"] >= (13 if size == "paper" else 14)


@every
def test_days_are_read_in_the_order_of_their_dates(seen: dict[str, Any], name: str) -> None:
    """Left to right and down, in the document and on the screen, with the same doses."""
    for layout in seen[name]["layout"].values():
        assert layout["backwards"] == []
    wide, narrow = seen[name]["layout"]["wide"], seen[name]["layout"]["narrow"]
    assert wide["doses"] == narrow["doses"]


@every
def test_the_keyboard_is_never_trapped_and_sees_where_it_is(
    seen: dict[str, Any], name: str
) -> None:
    found = seen[name]["stops"]
    assert not found["trapped"]
    assert all(stop["name"] and not stop["outline"].startswith("none") for stop in found["stops"])


# --- on paper -------------------------------------------------------------------------


def squeezed(text: str) -> str:
    """Without white space, and with every ligature taken apart."""
    return re.sub(r"\s", "", unicodedata.normalize("NFKC", text))


@cache
def pages_of(name: str, paper: str) -> list[str]:
    """The text of each printed page, without white space."""
    reader = pypdf.PdfReader(OUT / f"{name}-{paper}.pdf")
    return [squeezed(page.extract_text()) for page in reader.pages]


@every
@papers
def test_no_row_is_cut_by_the_edge_of_a_page(seen: dict[str, Any], name: str, paper: str) -> None:
    """Every row of every table stands whole on one page, in order."""
    pages = pages_of(name, paper)
    at, since = 0, 0
    for row in seen[name]["rows"]:
        words = squeezed("".join(row))
        while at < len(pages) and pages[at].find(words, since) < 0:
            at, since = at + 1, 0
        assert at < len(pages), row
        since = pages[at].find(words, since) + len(words)


@every
@papers
def test_every_day_is_printed_once_with_its_doses(
    seen: dict[str, Any], folder: Path, name: str, paper: str
) -> None:
    """The cells of the grids, found on paper one after the other, are the days of the JSON."""
    days, cells = days_of(name, folder), seen[name]["days"]
    text, at = "".join(pages_of(name, paper)), 0
    for cell, day in zip(cells, days, strict=True):
        number = f"Day {day['day']}" if name == "dateless" else str(int(day["date"][-2:]))
        assert cell.split("\n")[0] == number
        for dose in day.get("doses", [day]):
            assert squeezed(dose["take"] if day["dose"] else "No dose") in squeezed(cell)
        at = text.index(squeezed(cell), at) + len(squeezed(cell))


@every
@papers
def test_a_month_is_printed_on_one_page(seen: dict[str, Any], name: str, paper: str) -> None:
    """A grid that goes on repeats its heading; here each stands once."""
    text = "".join(pages_of(name, paper))
    for heading in seen[name]["headings"]:
        assert text.count(squeezed(heading)) == 1, heading


@every
def test_paper_is_light_whatever_the_screen_is(seen: dict[str, Any], name: str) -> None:
    assert seen[name]["ink"] == "rgb(0, 0, 0)"
